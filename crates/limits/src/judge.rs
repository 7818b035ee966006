//! From a case to a verdict: a session that reads each name once and walks ready paths.

mod ratio;

use self::ratio::{ratio_limit, says_ratio};
use crate::abroad::HOME;
use crate::analytes::{Analyte, share};
use crate::case::Case;
use crate::compare;
use crate::facts::Fact;
use crate::finding::{Finding, Look, Measured, step};
use crate::foods::{Confidence, Position, Resolution, closure};
use crate::number::{self, Reading};
use crate::path::{Path, Silence};
use crate::question::{Question, speaks_of};
use crate::rule::{Absence, Edition, Rule};
use crate::rules::{ENGINE, Rules};
use crate::scale;
use crate::tree::NodeIx;
use crate::verdict::{Outcome, Status, Step, Verdict};
use base::{Date, Decimal, Text};
use std::collections::HashMap;
use std::sync::Arc;

/// Entries a session keeps before it forgets them all.
const KEPT: usize = 100_000;
/// Results within this percentage of the limit are flagged as near it, unless the session says otherwise.
const GUARD_PERCENT: i64 = 10;

/// A decision without its derivation: what a mass judgement needs of each result.
#[derive(Debug, Clone)]
pub struct Decision<'r> {
    /// The decision.
    pub outcome: Outcome,
    /// The edition that decided.
    pub edition: Option<&'r Edition>,
    /// The row that decided, or that would once the missing fact is known.
    pub rule: Option<&'r Rule>,
    /// The limit applied, where it is a number.
    pub limit: Option<Decimal>,
    /// The value that was compared, in the unit of the limit.
    pub compared: Option<Decimal>,
    /// Within the guard band of the limit. Never changes the outcome.
    pub near_limit: bool,
}

/// One edition's way to an answer.
#[derive(Debug)]
struct Way<'r> {
    edition: &'r Edition,
    position: Option<Arc<Position>>,
    path: Option<Path<'r>>,
}

/// All that is known of a food, an analyte and a unit in one period of law.
#[derive(Debug)]
struct Ready<'r> {
    ways: Vec<Way<'r>>,
    /// Editions that deal with the analyte, in force or not.
    concerned: Vec<&'r Edition>,
}

/// Names given numbers.
#[derive(Debug, Default)]
struct Interned(HashMap<String, u32>);

impl Interned {
    fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.0.get(text) {
            return *id;
        }
        let id = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(text.to_owned(), id);
        id
    }
}

/// A session of judging: reads each food, analyte and unit once, and keeps the way from them to the deciding row. Two sessions
/// give the same verdicts; a session is as good as [`Rules::judge`], only faster over many results.
#[derive(Debug)]
pub struct Judge<'r> {
    rules: &'r Rules,
    guard: Decimal,
    forced: Option<&'r Edition>,
    names: Interned,
    foods: HashMap<u32, Arc<Resolution>>,
    labels: HashMap<u32, Arc<Analyte>>,
    ready: HashMap<(u32, u32, u32, u32, u32), Arc<Ready<'r>>>,
}

impl Rules {
    /// Judges one result, with its derivation.
    #[must_use]
    pub fn judge(&self, case: &Case) -> Verdict {
        Judge::new(self).verdict(case)
    }
}

impl<'r> Judge<'r> {
    /// A session over a rule book.
    #[must_use]
    pub fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            guard: Decimal::from(GUARD_PERCENT),
            forced: None,
            names: Interned::default(),
            foods: HashMap::new(),
            labels: HashMap::new(),
            ready: HashMap::new(),
        }
    }

    /// Flags results within `percent` of the limit as near it, on either side. The verdict never depends on it.
    #[must_use]
    pub const fn guard(mut self, percent: Decimal) -> Self {
        self.guard = percent;
        self
    }

    /// Judges by one edition of its standard, whatever the date of the case: what would be if it were in force.
    #[must_use]
    pub const fn under(mut self, edition: &'r Edition) -> Self {
        self.forced = Some(edition);
        self
    }

    /// Decides one result without writing the derivation down.
    pub fn decide(&mut self, case: &Case) -> Decision<'r> {
        let (_, found) = self.find(case, false);
        let (edition, finding, _) = found;
        Decision {
            outcome: finding.outcome,
            edition,
            rule: finding.rule,
            limit: finding.limit,
            compared: finding.compared,
            near_limit: finding.near,
        }
    }

    /// Judges one result, with its derivation.
    pub fn verdict(&mut self, case: &Case) -> Verdict {
        let (analyte, (edition, finding, position)) = self.find(case, true);
        let rule = finding.rule;
        let words = |text: Option<&String>| text.cloned().unwrap_or_default();
        Verdict {
            case_id: case.id.clone(),
            limit: rule
                .filter(|_| !matches!(finding.outcome, Outcome::Ambiguous | Outcome::NotLimited))
                .map(|r| compare::shown(r, finding.limit, finding.qualifier.clone()))
                .or_else(|| analyte.ratio.then(|| ratio_limit(edition)).flatten()),
            outcome: finding.outcome,
            standard: words(edition.map(|e| &e.standard)),
            edition: words(edition.map(|e| &e.edition)),
            clause: rule.map_or_else(
                || match edition.and_then(|e| e.combined.as_ref()) {
                    Some(combined) if analyte.ratio => combined.clause.clone(),
                    _ => String::new(),
                },
                |r| r.clause.clone(),
            ),
            row_food: words(rule.map(|r| &r.food)),
            rule: words(rule.map(|r| &r.id)),
            status: edition.map_or(Status::Unverified, |e| e.status),
            analyte: analyte.name.clone(),
            position: position.unwrap_or_default(),
            footnotes: rule.map(|r| r.notes.clone()).filter(|n| !n.is_empty()).into_iter().collect(),
            compared: finding.compared,
            why: finding.steps,
            losers: finding.losers,
            near_limit: finding.near,
            engine: ENGINE.to_owned(),
            rules: self.rules.hash().to_owned(),
        }
    }

    fn find(&mut self, case: &Case, explain: bool) -> (Arc<Analyte>, Found<'r>) {
        if let Some(outcome) = overlong(case) {
            return (Arc::new(self.rules.analytes.resolve("")), (None, Finding::of(outcome), None));
        }
        if self.ready.len() + self.names.0.len() > KEPT {
            (self.names, self.foods, self.labels, self.ready) = Default::default();
        }
        let label = self.names.id(&case.analyte);
        let analyte = match self.labels.get(&label) {
            Some(analyte) => Arc::clone(analyte),
            None => {
                let analyte = Arc::new(self.rules.analytes.resolve(&case.analyte));
                self.labels.insert(label, Arc::clone(&analyte));
                analyte
            }
        };
        let parted = !analyte.ratio && !analyte.parts.is_empty();
        let analyte = if parted && (says_ratio(&case.value) || self.one_function(&analyte)) {
            Arc::new(Analyte { name: case.analyte.clone(), ratio: true, ..(*analyte).clone() })
        } else {
            analyte
        };
        let mut why = Vec::new();
        if explain && analyte.known && analyte.name != case.analyte {
            let (label, name) = (&case.analyte, &analyte.name);
            why.push(step(
                "analyte",
                if analyte.lone.is_some() {
                    Text::new(
                        format!("“{label}”是{name}限量所计各组分之一"),
                        format!("“{label}” is one component of what is limited as {name}"),
                    )
                } else {
                    Text::new(format!("检验项目“{label}”即{name}"), format!("“{label}” is {name}"))
                },
            ));
        }
        let measured = match measured(case, &analyte, self.rules, explain.then_some(&mut why)) {
            Ok(measured) => measured,
            Err(outcome) => {
                return (analyte, (None, Finding { steps: why, ..Finding::of(outcome) }, None));
            }
        };
        let look = Look { measured: &measured, guard: self.guard, explain };
        if analyte.ratio {
            let found = self.ratio(case, &analyte, &look, why);
            return (analyte, found);
        }
        let ready = self.ready(case, label, &analyte);
        let found = self.best(case, &ready, &look, &analyte, why);
        (analyte, found)
    }

    /// The paths of a case, worked out or remembered.
    fn ready(&mut self, case: &Case, label: u32, analyte: &Analyte) -> Arc<Ready<'r>> {
        let food = self.names.id(&case.food);
        let unit = self.names.id(&case.unit);
        let context = if case.placed.is_empty() && case.facts.0.is_empty() {
            0
        } else {
            self.names.id(&format!("\u{1}{:?}{:?}", case.placed, case.facts.0))
        };
        let key = (food, label, unit, self.rules.period(case.date), context);
        if let Some(ready) = self.ready.get(&key) {
            return Arc::clone(ready);
        }
        let resolution = match self.foods.get(&food) {
            Some(resolution) => Arc::clone(resolution),
            None => {
                let resolution = Arc::new(self.rules.foods.resolve(&case.food, &self.rules.trees));
                self.foods.insert(food, Arc::clone(&resolution));
                resolution
            }
        };
        let ready = Arc::new(self.work_out(case, analyte, &resolution));
        self.ready.insert(key, Arc::clone(&ready));
        ready
    }

    fn work_out(&self, case: &Case, analyte: &Analyte, resolution: &Resolution) -> Ready<'r> {
        let rules = self.rules;
        let ours = |e: &&Edition| self.forced.map_or(HOME, |f| f.jurisdiction.as_str()) == e.jurisdiction;
        let concerned: Vec<&Edition> =
            rules.editions.iter().filter(ours).filter(|e| speaks_of(e, &analyte.name)).collect();
        let applies = |e: &&&Edition| match self.forced {
            Some(forced) if forced.standard == e.standard => std::ptr::eq(forced, **e),
            _ => e.in_force(case.date),
        };
        let mut facts = case.facts.clone();
        for (fact, value) in analyte.facts.0.iter().chain(&resolution.facts.0) {
            facts.learn(*fact, value.clone());
        }
        let ways = concerned
            .iter()
            .filter(applies)
            .map(|edition| {
                let tree = &rules.trees[edition.tree];
                let position = self.position(case, edition, resolution);
                let exempt = edition.analytes.get(&analyte.name).is_some_and(|c| c.exempt);
                let whatever = exempt.then_some(Path::Silent(Silence::Exempt));
                let path = position.as_deref().filter(|_| !exempt).map(|position| {
                    let forced = self.forced.is_some_and(|f| std::ptr::eq(f, *edition));
                    let date = if forced { edition.day_within(case.date) } else { case.date };
                    Question { rules, edition, tree, analyte, position, unit: &case.unit, date }.path(&facts)
                });
                Way { edition, position, path: path.or(whatever) }
            })
            .collect();
        Ready { ways, concerned }
    }

    fn position(&self, case: &Case, edition: &Edition, resolution: &Resolution) -> Option<Arc<Position>> {
        let tree = &self.rules.trees[edition.tree];
        let own = resolution.positions[edition.tree].as_ref();
        let stated: Vec<NodeIx> =
            case.placed.iter().filter(|p| p.tree == tree.name).filter_map(|p| tree.code(&p.node)).collect();
        if stated.is_empty() {
            return own.cloned().map(Arc::new);
        }
        Some(Arc::new(Position {
            closure: closure(tree, &stated),
            nodes: stated,
            definite: true,
            fresh: own.map_or(Vec::new(), |p| p.fresh.clone()),
            rivals: Vec::new(),
            confidence: Confidence::Stated,
            evidence: Text::of("由人员指定", "placed by a person"),
        }))
    }

    /// Walks every edition's path; the answer that says most counts.
    fn best(
        &self,
        case: &Case,
        ready: &Ready<'r>,
        look: &Look<'_>,
        analyte: &Analyte,
        mut why: Vec<Step>,
    ) -> Found<'r> {
        let quiet = Look { explain: false, ..*look };
        let mut best: Option<(usize, u8, Finding<'r>)> = None;
        for (i, way) in ready.ways.iter().enumerate() {
            let finding = self.walk(case, way, &quiet);
            let rank = match finding.outcome {
                // A part of a standard that does not know the food says nothing.
                Outcome::NotLoaded if way.position.is_none() => 0,
                Outcome::NotLimited => 1,
                // Exempt as one thing, it may be limited as another.
                Outcome::Exempt => 2,
                Outcome::NotLoaded => 3,
                Outcome::Conform => 4,
                Outcome::Nonconform | Outcome::Prohibited => 6,
                _ => 5,
            };
            if best.as_ref().is_none_or(|(_, known, _)| *known < rank) {
                best = Some((i, rank, finding));
            }
        }
        let Some((i, _, finding)) = best else {
            if look.explain {
                why.push(step("not_loaded", self.absent(case, ready, analyte)));
            }
            return (None, Finding { steps: why, ..Finding::of(Outcome::NotLoaded) }, None);
        };
        let way = &ready.ways[i];
        if !look.explain {
            return (Some(way.edition), finding, None);
        }
        let mut finding = self.walk(case, way, look);
        let label = self.introduce(case, way, &mut why);
        why.append(&mut finding.steps);
        (Some(way.edition), Finding { steps: why, ..finding }, label)
    }

    fn walk(&self, case: &Case, way: &Way<'r>, look: &Look<'_>) -> Finding<'r> {
        let edition = way.edition;
        match &way.path {
            Some(path) => path.walk(edition, &self.rules.trees[edition.tree], look),
            // Where only a part is loaded, the class would not help.
            None if matches!(edition.absence, Absence::NotLoaded) => Finding::of(Outcome::NotLoaded),
            None => {
                let question = Text::new(
                    format!("“{}”在{}食品分类中的类别?", case.food, edition.standard),
                    format!("To which food class of {} does “{}” belong?", edition.standard, case.food),
                );
                Finding::of(Outcome::NeedsConfirmation { fact: Fact::FoodClass, question })
            }
        }
    }

    /// Why no loaded edition was asked.
    fn absent(&self, case: &Case, ready: &Ready<'r>, analyte: &Analyte) -> Text {
        match ready.concerned.first() {
            None => Text::new(
                format!("已载入的标准均未涉及“{}”", analyte.name),
                format!("no loaded standard deals with “{}”", analyte.name),
            ),
            Some(e) => Text::new(
                format!("{}在{}有效的版本未载入", e.standard, case.date),
                format!("the edition of {} in force on {} is not loaded", e.standard, case.date),
            ),
        }
    }

    /// The steps before the row: edition and position.
    fn introduce(&self, case: &Case, way: &Way<'r>, why: &mut Vec<Step>) -> Option<String> {
        let edition = way.edition;
        let to = edition.to.map_or_else(|| "…".to_owned(), |d| d.to_string());
        let (standard, number, from) = (&edition.standard, &edition.edition, edition.from);
        why.push(step(
            "edition",
            if edition.in_force(case.date) {
                Text::new(
                    format!("依日期{}适用{standard}-{number}(施行{from}至{to})", case.date),
                    format!("{} selects {standard}-{number} (in force {from} to {to})", case.date),
                )
            } else {
                Text::new(
                    format!("按指定版本{standard}-{number}试判(施行{from}至{to})"),
                    format!("judged by {standard}-{number} as asked (in force {from} to {to})"),
                )
            },
        ));
        let position = way.position.as_deref()?;
        let tree = &self.rules.trees[edition.tree];
        let label = position.nodes.iter().map(|n| tree.label(*n)).collect::<Vec<_>>().join(" + ");
        why.push(step(
            "food",
            Text::new(
                format!("“{}”归入{label}:{}", case.food, position.evidence.zh),
                format!("“{}” is {label}: {}", case.food, position.evidence.en),
            ),
        ));
        Some(label)
    }
}

/// Longest name of a food, in characters: finding its position takes time with the square of its length, and judging is public.
pub(crate) const LONGEST_FOOD: usize = 200;
/// Longest text of another field, in characters.
const LONGEST_FIELD: usize = 1_000;

/// What no laboratory reports is not read.
fn overlong(case: &Case) -> Option<Outcome> {
    let fields = [
        ("food", &case.food, LONGEST_FOOD),
        ("analyte", &case.analyte, LONGEST_FIELD),
        ("value", &case.value, LONGEST_FIELD),
        ("unit", &case.unit, LONGEST_FIELD),
    ];
    let (field, _, most) = fields.into_iter().find(|(_, text, most)| text.chars().nth(*most).is_some())?;
    let reason = Text::new(
        format!("{field}超过{most}字,请缩短"),
        format!("{field} is longer than {most} characters; shorten it"),
    );
    Some(Outcome::DataError { reason })
}

/// Edition, finding and the label of the position.
type Found<'r> = (Option<&'r Edition>, Finding<'r>, Option<String>);

/// Reads the value of a case; a row that contradicts itself is an error of data.
pub(crate) fn measured(
    case: &Case,
    analyte: &Analyte,
    rules: &Rules,
    why: Option<&mut Vec<Step>>,
) -> Result<Measured, Outcome> {
    let error = |zh: String, en: String| Outcome::DataError { reason: Text::new(zh, en) };
    let bound = |field: &'static str, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        scale::bound(text, &case.unit).map_err(|()| {
            error(
                format!("“{text}”不能作为检出限,请填写以{}表示的数字({field})", case.unit),
                format!("“{text}” is no detection limit: give a number in {} ({field})", case.unit),
            )
        })
    };
    let (lod, loq) = (bound("lod", &case.lod)?, bound("loq", &case.loq)?);
    // a component reported by itself counts with its factor
    let lone = analyte
        .lone
        .as_ref()
        .map(|component| Analyte { parts: vec![(component.clone(), case.value.clone())], ..analyte.clone() });
    let analyte = lone.as_ref().unwrap_or(analyte);
    let mut reading = number::reading(&case.value);
    if reading == Reading::Unreadable && !case.unit.is_empty() {
        // the unit may stand with the value as well as in its own field
        let (value, unit) = (number::plain(&case.value), number::plain(&case.unit));
        reading = value.strip_suffix(&unit).map_or(reading, number::reading);
        if let (Reading::Unreadable, Some((value, own))) = (&reading, scale::with_unit(&case.value)) {
            if !scale::same_unit(own, &case.unit) {
                let given = &case.unit;
                return Err(error(
                    format!(
                        "数值自带单位{own},与单位栏的{given}不一致,请只写数字,或把单位栏改为{own}(value、unit)"
                    ),
                    format!(
                        "the value carries the unit {own}, the unit field says {given}: write the number alone, or {own} in the unit field (value, unit)"
                    ),
                ));
            }
            reading = number::reading(value);
        }
    }
    let foreign = |u: &&String| !case.unit.is_empty() && **u != number::plain(&case.unit);
    if let Some(other) = analyte.units.iter().find(foreign) {
        let unit = &case.unit;
        return Err(error(
            format!("组分以{other}报告,结果以{unit}报告,请统一(analyte、unit)"),
            format!("a part is in {other}, the result in {unit}: give both in one unit (analyte, unit)"),
        ));
    }
    let mut hidden = Decimal::ZERO;
    if let Some(sum) = rules.sums.add(analyte, &rules.analytes, lod).filter(|_| !analyte.ratio) {
        if let Reading::Exact(stated) = reading
            && stated != sum.value
            && stated != sum.plain
        {
            return Err(error(
                format!("组分之和{}与所报数值{stated}不一致,请核对 value 与 analyte", sum.value),
                format!(
                    "the components add up to {} but the value says {stated}: check value and analyte",
                    sum.value
                ),
            ));
        }
        if let Some(why) = why {
            let counted = analyte.parts.iter().filter(|(n, _)| !sum.outside.contains(n));
            let list = counted.map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(" + ");
            let total = sum.value.normalize();
            why.push(step("sum", Text::new(format!("{list} = {total}"), format!("{list} = {total}"))));
            if !sum.outside.is_empty() {
                let others = sum.outside.join("、");
                why.push(step(
                    "sum",
                    Text::new(
                        format!("{others}不属于该限量规定的组分,未计入"),
                        format!("{others}: no component the limit names, left out"),
                    ),
                ));
            }
        }
        hidden = sum.hidden;
        reading = if sum.any || hidden.is_zero() {
            Reading::Exact(sum.value)
        } else {
            Reading::NotDetected(Some(hidden))
        };
    }
    if analyte.ratio && reading == Reading::Unreadable {
        let parts: Option<Decimal> = case.value.split('+').try_fold(Decimal::ZERO, |sum, part| {
            let share = match part.split_once('/') {
                Some((level, most)) => number::decimal(level)?.checked_div(number::decimal(most)?)?,
                None => number::decimal(part)?,
            };
            sum.checked_add(share)
        });
        let told = || number::number_in(&case.value).filter(|_| says_ratio(&case.value));
        if let Some(sum) = parts.or_else(told) {
            reading = Reading::Exact(sum);
        }
    }
    if analyte.ratio && case.value.trim().is_empty() {
        // `苯甲酸 0.6/1.0 + 山梨酸 0.5/1.0` says it all
        let shares = analyte.parts.iter().map(|(_, v)| share(v)).collect::<Option<Vec<_>>>();
        reading = shares.filter(|s| !s.is_empty()).map_or(reading, |s| Reading::Exact(s.into_iter().sum()));
    }
    match &reading {
        Reading::Unreadable => Err(error(
            format!("数值“{}”无法识别,请填写数字、ND或以|分隔的样本结果(value)", case.value),
            format!(
                "value “{}” cannot be read: give a number, ND, or sub-samples separated by |",
                case.value
            ),
        )),
        Reading::Exact(v) if v.is_sign_negative() && !v.is_zero() => Err(error(
            format!("数值{v}为负,请核对(value)"),
            format!("the value {v} is negative: check the field value"),
        )),
        Reading::Exact(v)
            if analyte.parts.is_empty() && !analyte.ratio && !v.is_zero() && lod.is_some_and(|l| *v < l) =>
        {
            Err(error(
                format!("所报数值{v}低于检出限,应报ND或更正检出限(value、lod)"),
                format!("the value {v} is below its detection limit: report ND or correct lod"),
            ))
        }
        _ => Ok(Measured { reading, lod, loq, hidden }),
    }
}

impl Edition {
    /// The date itself when it lies in the edition's time, else the nearest day that does.
    fn day_within(&self, date: Date) -> Date {
        let date = date.max(self.from);
        self.to.map_or(date, |to| date.min(to))
    }
}
