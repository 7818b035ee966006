//! Limits side by side: what each jurisdiction says of a food and an analyte, and which of two limits is the stricter.
//! A help for reading; no verdict ever depends on it.

use crate::facts::Fact;
use crate::foods::Position;
use crate::path::{Path, Silence};
use crate::question::{Question, speaks_of};
use crate::rule::{Absence, Basis, Edition, Kind, Plan, Rule};
use crate::rules::Rules;
use crate::scale::{self, Scale};
use crate::tree::NodeIx;
use crate::verdict::Status;
use base::{Date, Decimal, Text};
use serde::Serialize;

/// Where the judging is done.
pub const HOME: &str = "cn";

/// What one edition says of a food and an analyte, whatever the value.
#[derive(Debug)]
pub struct Says<'r> {
    /// The edition.
    pub edition: &'r Edition,
    /// Its answer.
    pub answer: Answer<'r>,
}

/// The answer of an edition.
#[derive(Debug)]
pub enum Answer<'r> {
    /// Rows that apply; more than one when a fact that was not stated decides between them, or when rows of equal rank disagree.
    Rows {
        /// The rows, each once, by id.
        rows: Vec<&'r Rule>,
        /// Facts that decide which of them applies.
        facts: Vec<Fact>,
    },
    /// Loaded whole, and no row names the food: no limit.
    NotLimited,
    /// The standard exempts the substance from limits.
    Exempt,
    /// The part that would answer is not loaded.
    NotLoaded,
    /// The food stands in no class of this edition's tree.
    Unplaced,
}

/// How one limit stands to another of the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "relation", rename_all = "snake_case")]
pub enum Relation {
    /// They allow the same.
    Same,
    /// The first allows less.
    Stricter,
    /// The first allows more.
    Looser,
    /// They cannot be compared.
    NotComparable {
        /// What differs: substance, residue definition, basis, unit, kind of limit.
        reason: Text,
    },
}

impl Relation {
    /// `same`, `stricter`, `looser`, `not_comparable`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Stricter => "stricter",
            Self::Looser => "looser",
            Self::NotComparable { .. } => "not_comparable",
        }
    }

    /// The word shown to people.
    #[must_use]
    pub const fn label(&self) -> Text {
        match self {
            Self::Same => Text::of("相同", "the same"),
            Self::Stricter => Text::of("更严", "stricter"),
            Self::Looser => Text::of("更宽", "looser"),
            Self::NotComparable { .. } => Text::of("不可比", "not comparable"),
        }
    }
}

/// How the food of one row stands to that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Both name the same class.
    Same,
    /// The first names a wider class.
    Wider,
    /// The first names a narrower class.
    Narrower,
    /// The classes stand in different trees or branches: read both foods as printed.
    Other,
}

impl Scope {
    /// The word shown to people.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::Same => Text::of("食品类别相同", "the same class of food"),
            Self::Wider => Text::of("食品类别更宽", "a wider class of food"),
            Self::Narrower => Text::of("食品类别更窄", "a narrower class of food"),
            Self::Other => {
                Text::of("食品类别划分不同，请对照原文", "classes are drawn differently: read both texts")
            }
        }
    }
}

/// A limit taken out of its table.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    /// Canonical analyte.
    pub analyte: &'a str,
    /// Residue definition; empty when none is stated.
    pub definition: &'a str,
    /// The limit.
    pub kind: &'a Kind,
    /// Its unit.
    pub unit: &'a str,
    /// Its basis.
    pub basis: Basis,
}

impl<'a> Level<'a> {
    /// The limit of a row.
    #[must_use]
    pub fn of(edition: &'a Edition, rule: &'a Rule) -> Self {
        let definition = edition.analytes.get(&rule.analyte).map_or("", |c| c.definition.as_str());
        Self { analyte: &rule.analyte, definition, kind: &rule.kind, unit: &rule.unit, basis: rule.basis }
    }

    /// How this limit stands to another.
    #[must_use]
    pub fn relation(&self, other: &Level<'_>) -> Relation {
        let apart = |zh: String, en: String| Relation::NotComparable { reason: Text::new(zh, en) };
        if self.analyte != other.analyte {
            return apart(
                format!("针对的物质不同：{}与{}", self.analyte, other.analyte),
                format!("set on different substances: {} and {}", self.analyte, other.analyte),
            );
        }
        if !self.definition.is_empty() && !other.definition.is_empty() && self.definition != other.definition
        {
            return apart(
                format!("残留物定义不同：{}；{}", self.definition, other.definition),
                format!("the residue definitions differ: {}; {}", self.definition, other.definition),
            );
        }
        if self.basis != other.basis {
            let (a, b) = (self.basis.label(), other.basis.label());
            return apart(
                format!("计量基准不同：{}与{}", a.zh, b.zh),
                format!("measured on another basis: {} and {}", a.en, b.en),
            );
        }
        let factor = match scale::between(self.unit, other.unit) {
            Scale::Times(factor) => factor,
            _ if self.unit == other.unit || !has_number(self.kind) || !has_number(other.kind) => Decimal::ONE,
            _ => {
                return apart(
                    format!("单位不同：{}与{}", self.unit, other.unit),
                    format!("in different units: {} and {}", self.unit, other.unit),
                );
            }
        };
        match (Allows::of(self.kind, factor), Allows::of(other.kind, Decimal::ONE)) {
            (Some(a), Some(b)) => match (a.within(&b), b.within(&a)) {
                (true, true) => Relation::Same,
                (true, false) => Relation::Stricter,
                (false, true) => Relation::Looser,
                (false, false) => apart(
                    "一端更严、另一端更宽".to_owned(),
                    "stricter at one end, looser at the other".to_owned(),
                ),
            },
            _ => apart("限量的种类不同".to_owned(), "limits of different kinds".to_owned()),
        }
    }
}

const fn has_number(kind: &Kind) -> bool {
    matches!(kind, Kind::Maximum(_) | Kind::Minimum(_) | Kind::Range(..) | Kind::Plan(_))
}

/// What a limit lets through.
#[derive(Debug, Clone, Copy)]
enum Allows {
    /// Everything.
    All,
    /// Nothing.
    Nothing,
    /// Values between two bounds, either of which may be absent.
    Band(Option<Decimal>, Option<Decimal>),
    /// What passes a sampling plan.
    Plan(Plan),
}

impl Allows {
    fn of(kind: &Kind, factor: Decimal) -> Option<Self> {
        let scaled = |d: &Decimal| d.checked_mul(factor);
        Some(match kind {
            Kind::Maximum(high) => Self::Band(None, Some(scaled(high)?)),
            Kind::Minimum(low) => Self::Band(Some(scaled(low)?), None),
            Kind::Range(low, high) => Self::Band(Some(scaled(low)?), Some(scaled(high)?)),
            Kind::AsNeeded | Kind::Exempt => Self::All,
            Kind::Prohibited => Self::Nothing,
            Kind::Plan(p) => Self::Plan(Plan {
                m: scaled(&p.m)?,
                upper: match &p.upper {
                    Some(upper) => Some(scaled(upper)?),
                    // With no sub-sample allowed above m, m is the level none may exceed.
                    None if p.c == 0 => Some(scaled(&p.m)?),
                    None => None,
                },
                ..*p
            }),
        })
    }

    /// Whether everything this lets through passes the other.
    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::All) => true,
            (Self::Band(low, high), Self::Band(l, h)) => {
                l.is_none_or(|l| low.is_some_and(|low| low >= l))
                    && h.is_none_or(|h| high.is_some_and(|high| high <= h))
            }
            (Self::Plan(a), Self::Plan(b)) => {
                a.n >= b.n
                    && a.c <= b.c
                    && a.m <= b.m
                    && b.upper.is_none_or(|u| a.upper.is_some_and(|upper| upper <= u))
            }
            _ => false,
        }
    }
}

/// A row of another jurisdiction beside a row at home.
#[derive(Debug)]
pub struct Beside<'r> {
    /// The edition at home.
    pub edition: &'r Edition,
    /// The row at home.
    pub rule: &'r Rule,
    /// How the other row stands to it.
    pub relation: Relation,
    /// How the food of the other row stands to its food.
    pub scope: Scope,
}

impl Rules {
    /// What every loaded edition in force on a date says of a food and an analyte. Editions that do not deal with the analyte are left
    /// out; of one jurisdiction, those that say something stand alone when there are any.
    #[must_use]
    pub fn says(&self, food: &str, analyte: &str, date: Date) -> Vec<Says<'_>> {
        let analyte = self.analytes.resolve(analyte);
        let resolution = self.foods.resolve(food, &self.trees);
        let mut facts = analyte.facts.clone();
        for (fact, value) in &resolution.facts.0 {
            facts.learn(*fact, value.clone());
        }
        let mut all: Vec<Says<'_>> = self
            .editions
            .iter()
            .filter(|e| e.in_force(date) && speaks_of(e, &analyte.name))
            .map(|edition| {
                let exempt = edition.analytes.get(&analyte.name).is_some_and(|c| c.exempt);
                let answer = match resolution.positions[edition.tree].as_ref() {
                    _ if exempt => Answer::Exempt,
                    None if matches!(edition.absence, Absence::NotLoaded) => Answer::NotLoaded,
                    None => Answer::Unplaced,
                    Some(position) => {
                        let tree = &self.trees[edition.tree];
                        let question = Question {
                            rules: self,
                            edition,
                            tree,
                            analyte: &analyte,
                            position,
                            unit: "",
                            date,
                        };
                        let mut found = Gathered::default();
                        found.gather(&question.path(&facts));
                        found.answer()
                    }
                };
                Says { edition, answer }
            })
            .collect();
        let telling: Vec<String> = all
            .iter()
            .filter(|s| matches!(s.answer, Answer::Rows { .. }))
            .map(|s| s.edition.jurisdiction.clone())
            .collect();
        all.retain(|s| matches!(s.answer, Answer::Rows { .. }) || !telling.contains(&s.edition.jurisdiction));
        all.sort_by(|a, b| {
            let key = |s: &Says<'_>| {
                (s.edition.jurisdiction != HOME, s.edition.jurisdiction.clone(), s.edition.id.clone())
            };
            key(a).cmp(&key(b))
        });
        all
    }

    /// How a row stands to every row at home that applies to the same food.
    #[must_use]
    pub fn beside<'r>(
        &'r self,
        food: &str,
        (edition, rule): (&'r Edition, &'r Rule),
        says: &[Says<'r>],
    ) -> Vec<Beside<'r>> {
        let resolution = self.foods.resolve(food, &self.trees);
        let theirs = Level::of(edition, rule);
        let mut out = Vec::new();
        for home in says.iter().filter(|s| s.edition.jurisdiction == HOME) {
            let Answer::Rows { rows, .. } = &home.answer else { continue };
            for ours in rows {
                let scope = match resolution.positions[home.edition.tree].as_ref() {
                    Some(position) if home.edition.tree == edition.tree => {
                        self.scope(edition.tree, position, rule, ours)
                    }
                    _ => Scope::Other,
                };
                let relation = theirs.relation(&Level::of(home.edition, ours));
                out.push(Beside { edition: home.edition, rule: ours, relation, scope });
            }
        }
        out
    }

    fn scope(&self, tree: usize, position: &Position, first: &Rule, second: &Rule) -> Scope {
        let tree = &self.trees[tree];
        let matched = |rule: &Rule| -> Vec<NodeIx> {
            rule.include.iter().copied().filter(|n| position.closure.contains(n)).collect()
        };
        let (a, b) = (matched(first), matched(second));
        let below = |a: &[NodeIx], b: &[NodeIx]| {
            !a.is_empty() && a.iter().all(|x| b.iter().any(|y| x == y || tree.is_below(*x, *y)))
        };
        match (below(&a, &b), below(&b, &a)) {
            (true, true) => Scope::Same,
            (true, false) => Scope::Narrower,
            (false, true) => Scope::Wider,
            (false, false) => Scope::Other,
        }
    }
}

/// One line of limits side by side: a row and how it stands to one at home, or the silence of an edition.
#[derive(Debug, Clone, Serialize)]
pub struct Line<'r> {
    /// Whose law: `cn`, `codex`, `eu`, `jp`.
    pub jurisdiction: &'r str,
    /// Its name.
    pub jurisdiction_name: Text,
    /// Standard number.
    pub standard: &'r str,
    /// Edition.
    pub edition: &'r str,
    /// Title.
    pub title: &'r Text,
    /// How far the edition may be relied on.
    pub status: Status,
    /// Where its rows were read.
    pub origin: &'r str,
    /// `row`, `not_limited`, `exempt`, `not_loaded` or `unplaced`.
    pub answer: &'static str,
    /// Row id; empty when the edition is silent, as are all fields on the row.
    pub row: &'r str,
    /// Clause.
    pub clause: &'r str,
    /// Analyte.
    pub analyte: &'r str,
    /// Residue definition.
    pub definition: &'r str,
    /// The food as printed.
    pub food: &'r str,
    /// The limit as printed.
    pub limit: &'r str,
    /// Its unit.
    pub unit: &'r str,
    /// What it is measured on; nothing when the edition is silent.
    pub measured_on: Option<Text>,
    /// Notes of the row.
    pub notes: &'r str,
    /// Facts that decide whether this row applies or another of the same edition.
    pub depends_on: Vec<Fact>,
    /// The row at home it is compared with.
    pub beside: Option<&'r str>,
    /// How it stands to that row.
    #[serde(flatten)]
    pub relation: Option<Relation>,
    /// How its food stands to that of the row at home.
    pub scope: Option<Scope>,
}

/// What a jurisdiction is called.
#[must_use]
pub fn jurisdiction_name(code: &str) -> Text {
    match code {
        HOME => Text::of("中国", "China"),
        "codex" => Text::of("国际食品法典", "Codex Alimentarius"),
        "eu" => Text::of("欧盟", "European Union"),
        "jp" => Text::of("日本", "Japan"),
        "us" => Text::of("美国", "United States"),
        other => Text::new(other.to_owned(), other.to_owned()),
    }
}

impl Rules {
    /// The limits of a food and an analyte on a date side by side, those at home first. Rows of other jurisdictions stand once for every row
    /// at home they are compared with. For reading; no verdict depends on it.
    #[must_use]
    pub fn side_by_side(&self, food: &str, analyte: &str, date: Date) -> Vec<Line<'_>> {
        let says = self.says(food, analyte, date);
        let mut lines = Vec::new();
        for said in &says {
            let edition = said.edition;
            let (answer, rows, facts): (_, &[&Rule], &[Fact]) = match &said.answer {
                Answer::Rows { rows, facts } => ("row", rows, facts),
                Answer::NotLimited => ("not_limited", &[], &[]),
                Answer::Exempt => ("exempt", &[], &[]),
                Answer::NotLoaded => ("not_loaded", &[], &[]),
                Answer::Unplaced => ("unplaced", &[], &[]),
            };
            let silent = Line {
                jurisdiction: &edition.jurisdiction,
                jurisdiction_name: jurisdiction_name(&edition.jurisdiction),
                standard: &edition.standard,
                edition: &edition.edition,
                title: &edition.title,
                status: edition.status,
                origin: &edition.basis,
                answer,
                row: "",
                clause: "",
                analyte: "",
                definition: "",
                food: "",
                limit: "",
                unit: "",
                measured_on: None,
                notes: "",
                depends_on: facts.to_vec(),
                beside: None,
                relation: None,
                scope: None,
            };
            if rows.is_empty() {
                lines.push(silent);
                continue;
            }
            for rule in rows {
                let level = Level::of(edition, rule);
                let line = Line {
                    row: &rule.id,
                    clause: &rule.clause,
                    analyte: &rule.analyte,
                    definition: level.definition,
                    food: &rule.food,
                    limit: &rule.printed,
                    unit: &rule.unit,
                    measured_on: Some(rule.basis.label()),
                    notes: &rule.notes,
                    ..silent.clone()
                };
                let beside = if edition.jurisdiction == HOME {
                    Vec::new()
                } else {
                    self.beside(food, (edition, rule), &says)
                };
                if beside.is_empty() {
                    lines.push(line);
                    continue;
                }
                lines.extend(beside.into_iter().map(|b| Line {
                    beside: Some(&b.rule.id),
                    relation: Some(b.relation),
                    scope: Some(b.scope),
                    ..line.clone()
                }));
            }
        }
        lines
    }
}

/// What stands along a path.
#[derive(Default)]
struct Gathered<'r> {
    rows: Vec<&'r Rule>,
    facts: Vec<Fact>,
    silence: Option<Silence<'r>>,
}

impl<'r> Gathered<'r> {
    fn row(&mut self, rule: &'r Rule) {
        if !self.rows.iter().any(|r| std::ptr::eq(*r, rule)) {
            self.rows.push(rule);
        }
    }

    fn fact(&mut self, fact: Fact) {
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
    }

    fn gather(&mut self, path: &Path<'r>) {
        match path {
            Path::Row(row) => self.row(row.rule),
            Path::Rivals { winner, losers } => {
                self.row(winner);
                for lost in losers.iter().filter(|l| l.rivals()) {
                    self.row(lost.rule);
                }
            }
            Path::Fork { fact, ways } => {
                self.fact(*fact);
                for way in ways {
                    self.gather(way);
                }
            }
            Path::Ask { fact, rule } => {
                self.fact(*fact);
                self.row(rule);
            }
            Path::Classes { base, finer } => {
                self.fact(Fact::FoodClass);
                self.gather(base);
                for (_, way) in finer {
                    self.gather(way);
                }
            }
            Path::Ladder { way, .. } => self.gather(way),
            Path::Silent(silence) => self.silence = Some(*silence),
        }
    }

    fn answer(mut self) -> Answer<'r> {
        if self.rows.is_empty() {
            return match self.silence {
                Some(Silence::NotLimited) => Answer::NotLimited,
                Some(Silence::Exempt) => Answer::Exempt,
                _ => Answer::NotLoaded,
            };
        }
        self.rows.sort_by(|a, b| a.id.cmp(&b.id));
        Answer::Rows { rows: self.rows, facts: self.facts }
    }
}
