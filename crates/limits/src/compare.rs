//! Comparing a reported value with a limit: units, bases, detection limits, plans, dried goods.

use crate::analytes::Analyte;
use crate::case::Case;
use crate::facts::{Fact, Facts};
use crate::finding::Finding;
use crate::judge::{Question, bounds, step};
use crate::number::{self, Dimension, Reading};
use crate::plan;
use crate::rule::{Basis, Kind, Rule};
use crate::verdict::{Limit, Outcome, Step};
use base::{Date, Decimal, Text};

/// Results within this percentage of the limit are flagged as near it; the verdict never depends on it.
const GUARD_PERCENT: i64 = 10;
/// NO2⁻ in NaNO2 and NO3⁻ in NaNO3 by molar mass (46.0055/68.9953, 62.0049/84.9947).
const ION: [(&str, &str, &str); 2] = [("亚硝酸盐", "NaNO2", "0.66679"), ("硝酸盐", "NaNO3", "0.72951")];
/// The wettest dried fungus product standards allow, in percent: a dried product's dry-weight value is at most this much higher.
const MAX_DRIED_MOISTURE: i64 = 15;

/// A result ready to compare.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) reading: Reading,
    pub(crate) unit: String,
    pub(crate) lod: Option<Decimal>,
    pub(crate) loq: Option<Decimal>,
}

/// Reads the value of a case; a row that contradicts itself is an error of data.
pub(crate) fn measured(case: &Case, analyte: &Analyte, why: &mut Vec<Step>) -> Result<Measured, Outcome> {
    let error = |zh: String, en: String| Outcome::DataError { reason: Text::new(zh, en) };
    let (lod, loq) = bounds(case);
    let mut reading = number::reading(&case.value);
    if !analyte.parts.is_empty() {
        let sum: Decimal = analyte.parts.iter().map(|(_, v)| *v).sum();
        let list = analyte.parts.iter().map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(" + ");
        if let Reading::Exact(stated) = reading
            && stated != sum
        {
            return Err(error(
                format!("组分之和{sum}与所报数值{stated}不一致,请核对 value 与 analyte"),
                format!(
                    "the components add up to {sum} but the value says {stated}: check value and analyte"
                ),
            ));
        }
        why.push(step("sum", Text::new(format!("{list} = {sum}"), format!("{list} = {sum}"))));
        reading = Reading::Exact(sum);
    }
    if analyte.ratio && reading == Reading::Unreadable {
        let parts: Option<Vec<Decimal>> = case.value.split('+').map(number::decimal).collect();
        if let Some(parts) = parts {
            reading = Reading::Exact(parts.iter().sum());
        }
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
        Reading::Exact(v) if !v.is_zero() && lod.is_some_and(|l| *v < l) => Err(error(
            format!("所报数值{v}低于检出限,应报ND或更正检出限(value、lod)"),
            format!("the value {v} is below its detection limit: report ND or correct lod"),
        )),
        _ => Ok(Measured { reading, unit: number::plain(&case.unit), lod, loq }),
    }
}

fn limit_of(rule: &Rule, value: Option<Decimal>, qualifier: Option<Text>) -> Limit {
    Limit { printed: rule.printed.clone(), value, unit: rule.unit.clone(), qualifier }
}

fn qualifier(rule: &Rule) -> Option<Text> {
    match (rule.flag.as_str(), rule.basis) {
        ("temporary", _) => Some(Text::of("临时限量", "temporary")),
        ("extraneous", _) => Some(Text::of("再残留限量", "extraneous")),
        ("observed", _) => Some(Text::of("通报印示", "as printed in a bulletin")),
        (_, Basis::Dry) => Some(Text::of("干重计", "dry weight")),
        (_, Basis::Fat) => Some(Text::of("以脂肪计", "in fat")),
        (_, Basis::Solid(_)) => Some(Text::of("以固态产品计", "solid product")),
        _ => None,
    }
}

/// Compares with the winning row; `fresh` is the fresh food's row for a dried product.
pub(crate) fn compare<'a>(
    q: &Question<'_>,
    rule: &'a Rule,
    fresh: Option<&'a Rule>,
    facts: &Facts,
) -> Finding<'a> {
    let mut steps = vec![step(
        "row",
        Text::new(
            format!(
                "适用{} {}“{}”:{} {}",
                q.edition.standard, rule.clause, rule.food, rule.printed, rule.unit
            ),
            format!("row {} “{}”: {} {}", rule.clause, rule.food, rule.printed, rule.unit),
        ),
    )];
    let limit = match &rule.kind {
        Kind::Plan(plan) => {
            let mut found = plan::judge(*plan, &q.measured.reading);
            steps.append(&mut found.steps);
            return Finding { rule: Some(rule), limit: Some(limit_of(rule, None, None)), steps, ..found };
        }
        Kind::Maximum(limit) => *limit,
    };
    if let Some(definition) = q.definition() {
        let text = Text::new(format!("残留物定义:{definition}"), format!("residue definition: {definition}"));
        steps.push(step("definition", text));
    }
    let shown = limit_of(rule, Some(limit), qualifier(rule));
    let ready = Finding { rule: Some(rule), limit: Some(shown), ..Finding::of(Outcome::NotLoaded) };
    let factor = match factor(q, rule, &mut steps) {
        Ok(factor) => factor,
        Err(outcome) => return Finding { outcome, steps, ..ready },
    };
    let mut found = Levels { q, limit, factor, steps, ready }.on_basis(rule, fresh, facts);
    if found.outcome == Outcome::Conform
        && let Some(question) = q.missing_components()
    {
        found.outcome = Outcome::NeedsConfirmation { fact: Fact::Components, question };
    }
    found
}

/// From the reported unit to the unit of the limit.
fn factor(q: &Question<'_>, rule: &Rule, steps: &mut Vec<Step>) -> Result<Decimal, Outcome> {
    let reported = &q.measured.unit;
    let mut factor = Decimal::ONE;
    if reported.is_empty() {
        steps.push(step(
            "unit",
            Text::new(
                format!("未报单位,按限量单位{}", rule.unit),
                format!("no unit reported: taken as {}", rule.unit),
            ),
        ));
    } else {
        let unknown = |text: &str| Outcome::DataError {
            reason: Text::new(
                format!("单位“{text}”无法识别(unit)"),
                format!("unit “{text}” is not known (field unit)"),
            ),
        };
        let (from, a) = number::unit(reported).ok_or_else(|| unknown(reported))?;
        let (to, b) = number::unit(&rule.unit).ok_or_else(|| unknown(&rule.unit))?;
        if from != to || from == Dimension::Colonies {
            return Err(Outcome::NotComparable {
                reason: Text::new(
                    format!("结果单位{reported}与限量单位{}量纲不同", rule.unit),
                    format!("the result is in {reported}, the limit in {}", rule.unit),
                ),
            });
        }
        factor = a / b;
        if factor != Decimal::ONE {
            steps.push(step(
                "convert",
                Text::new(
                    format!("单位换算:{reported}×{}={}", factor.normalize(), rule.unit),
                    format!("unit: {reported} × {} = {}", factor.normalize(), rule.unit),
                ),
            ));
        }
    }
    let stated = &q.analyte.expressed_as;
    let salt = stated.contains("Na") || stated.contains("钠");
    let ion = stated.contains("NO2-") || stated.contains("NO3-") || stated.ends_with('根');
    if let Some((_, name, ratio)) = ION.iter().find(|(a, ..)| *a == q.analyte.name)
        && let Ok(ratio) = ratio.parse::<Decimal>()
    {
        if rule.basis == Basis::Ion && salt {
            factor *= ratio;
            let text =
                Text::new(format!("{name}折算为离子,×{ratio}"), format!("{name} to its ion, × {ratio}"));
            steps.push(step("convert", text));
        } else if rule.basis != Basis::Ion && ion {
            factor /= ratio;
            let text = Text::new(format!("离子折算为{name},÷{ratio}"), format!("ion to {name}, ÷ {ratio}"));
            steps.push(step("convert", text));
        }
    }
    Ok(factor)
}

struct Levels<'q, 'a> {
    q: &'q Question<'q>,
    limit: Decimal,
    factor: Decimal,
    steps: Vec<Step>,
    ready: Finding<'a>,
}

impl<'a> Levels<'_, 'a> {
    fn on_basis(mut self, rule: &'a Rule, fresh: Option<&'a Rule>, facts: &Facts) -> Finding<'a> {
        match rule.basis {
            Basis::Dry => self.dry(facts),
            Basis::Solid(ratio) if facts.get(Fact::Form) != Some("solid") => self.liquid(ratio, facts),
            Basis::VisceraRemoved if facts.get(Fact::Viscera) == Some("included") => {
                let reason = Text::of(
                    "限量针对去除内脏的样品,结果含内脏",
                    "the limit is for viscera removed; the result includes them",
                );
                self.end(Outcome::NotComparable { reason })
            }
            _ => match fresh {
                Some(fresh) if fresh.basis != Basis::Dry => self.dried(fresh, facts),
                _ => self.plain(),
            },
        }
    }

    fn plain(self) -> Finding<'a> {
        let limit = self.limit;
        let (outcome, compared) = self.against(limit, Decimal::ONE);
        self.finish(outcome, compared, limit)
    }

    /// Limits on dry weight: a value on another basis decides only when it decides on every basis.
    fn dry(mut self, facts: &Facts) -> Finding<'a> {
        let limit = self.limit;
        if facts.get(Fact::Basis) == Some("dry") {
            let (outcome, compared) = self.against(limit, Decimal::ONE);
            return self.finish(outcome, compared, limit);
        }
        let moisture = facts.get(Fact::Moisture).and_then(|m| m.parse::<Decimal>().ok());
        if let Some(moisture) = moisture.filter(|m| *m < Decimal::ONE_HUNDRED) {
            let up = Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED - moisture);
            let text = Text::new(
                format!("按水分{moisture}%折算为干重"),
                format!("converted to dry weight with {moisture} % water"),
            );
            self.steps.push(step("dry_weight", text));
            let (outcome, compared) = self.against(limit, up);
            return self.finish(outcome, compared, limit);
        }
        let (as_is, compared) = self.against(limit, Decimal::ONE);
        if as_is != Outcome::Conform {
            return self.finish(as_is, compared, limit);
        }
        let worst = Decimal::ONE_HUNDRED / Decimal::from(100 - MAX_DRIED_MOISTURE);
        if facts.get(Fact::State) == Some("dried") && self.against(limit, worst).0 == Outcome::Conform {
            return self.finish(as_is, compared, limit);
        }
        let question = Text::of(
            "限量以干重计:请说明结果是否以干重计,或提供水分含量",
            "the limit is on dry weight: state whether the result is, or give the water content",
        );
        let fact = if facts.get(Fact::Basis) == Some("wet") { Fact::Moisture } else { Fact::Basis };
        self.finish(Outcome::NeedsConfirmation { fact, question }, compared, limit)
    }

    /// Limits on the solid product: liquids at a printed fraction.
    fn liquid(mut self, ratio: Option<Decimal>, facts: &Facts) -> Finding<'a> {
        let (limit, form) = (self.limit, facts.get(Fact::Form));
        let ask = |fact: Fact| {
            let label = fact.label();
            let question = Text::new(format!("请补充:{}", label.zh), format!("Please state: {}", label.en));
            Outcome::NeedsConfirmation { fact, question }
        };
        let (as_solid, compared) = self.against(limit, Decimal::ONE);
        let Some(ratio) = ratio else {
            let outcome = match (form, as_solid == Outcome::Conform) {
                // A liquid would be held to less: what fails as a solid fails either way.
                (_, false) => as_solid,
                (None, true) => ask(Fact::Form),
                (Some(_), true) => ask(Fact::DryingRatio),
            };
            return self.finish(outcome, compared, limit);
        };
        let (as_liquid, of_liquid) = self.against(limit, ratio);
        if form == Some("liquid") {
            let text = Text::new(
                format!("液态产品按{ratio}∶1折算,限量为{}", (limit / ratio).normalize()),
                format!("liquid product at {ratio}:1, limit {}", (limit / ratio).normalize()),
            );
            self.steps.push(step("liquid", text));
            return self.finish(as_liquid, of_liquid, limit);
        }
        if as_solid == as_liquid {
            return self.finish(as_solid, compared, limit);
        }
        self.finish(ask(Fact::Form), compared, limit)
    }

    /// Clause on dried goods: below the fresh limit passes; else the dehydration rate decides.
    fn dried(mut self, fresh: &'a Rule, facts: &Facts) -> Finding<'a> {
        let Kind::Maximum(limit) = fresh.kind else { return self.plain() };
        let clause = self.q.edition.dried.as_ref().map(|d| d.0.clone()).unwrap_or_default();
        self.ready.rule = Some(fresh);
        self.limit = limit;
        self.steps.push(step(
            "dried",
            Text::new(
                format!("第{clause}条:干制品以新鲜食品限量{limit}结合脱水率折算({})", fresh.id),
                format!(
                    "clause {clause}: dried goods use the fresh limit {limit} and the dehydration rate ({})",
                    fresh.id
                ),
            ),
        ));
        let show = |ratio: Option<Decimal>| {
            let q = match ratio {
                None => Text::of("以鲜品计", "fresh basis"),
                Some(r) => {
                    let dried = (limit * r).normalize();
                    Text::new(format!("以鲜品计,相当于干品{dried}"), format!("fresh basis = {dried} dried"))
                }
            };
            Some(limit_of(fresh, Some(limit), Some(q)))
        };
        self.ready.limit = show(None);
        let (as_is, compared) = self.against(limit, Decimal::ONE);
        if as_is == Outcome::Conform {
            self.steps.push(step(
                "dried_below",
                Text::of(
                    "干制品含量不高于新鲜原料限量,无需折算即合格",
                    "the dried value is not above the fresh limit: conforms without conversion",
                ),
            ));
            return self.finish(as_is, compared, limit);
        }
        let ratio = facts.get(Fact::DryingRatio).and_then(|r| r.parse::<Decimal>().ok());
        let Some(ratio) = ratio.filter(|r| *r >= Decimal::ONE) else {
            let question = Text::of(
                "含量高于新鲜食品限量且脱水率未知:请提供脱水率或鲜干比",
                "above the fresh limit and the dehydration rate is unknown: give the rate or the fresh-to-dried ratio",
            );
            let outcome = match as_is {
                Outcome::Nonconform => Outcome::NeedsConfirmation { fact: Fact::DryingRatio, question },
                other => other,
            };
            return self.finish(outcome, compared, limit);
        };
        let (outcome, compared) = self.against(limit, Decimal::ONE / ratio);
        self.steps.push(step(
            "dehydration",
            Text::new(format!("按鲜干比{ratio}∶1折算为鲜品"), format!("converted to fresh at {ratio}:1")),
        ));
        self.ready.limit = show(Some(ratio));
        self.finish(outcome, compared, limit)
    }

    /// The reading times `scale` against `limit`: outcome and the value compared.
    fn against(&self, limit: Decimal, scale: Decimal) -> (Outcome, Option<Decimal>) {
        let m = self.q.measured;
        let scaled = |v: Decimal| {
            v.checked_mul(self.factor).and_then(|v| v.checked_mul(scale)).unwrap_or(Decimal::MAX)
        };
        let ask = |fact: Fact| {
            let label = fact.label();
            let question = Text::new(format!("请提供:{}", label.zh), format!("Please provide: {}", label.en));
            Outcome::NeedsConfirmation { fact, question }
        };
        match &m.reading {
            Reading::Exact(v) if v.is_zero() && m.lod.is_some() => self.undetected(m.lod, limit, &scaled),
            Reading::Exact(v) => {
                let value = scaled(*v);
                let unquantified = m.loq.is_some_and(|q| *v < q);
                let outcome = if value > limit && !unquantified {
                    Outcome::Nonconform
                } else if unquantified && m.loq.is_some_and(|q| scaled(q) > limit) {
                    ask(Fact::DetectionLimit)
                } else if value > limit {
                    ask(Fact::ExactValue)
                } else {
                    Outcome::Conform
                };
                (outcome, Some(value))
            }
            Reading::NotDetected(own) => self.undetected(own.or(m.lod), limit, &scaled),
            Reading::Below(v) if scaled(*v) <= limit => (Outcome::Conform, Some(scaled(*v))),
            Reading::Below(v) => (ask(Fact::DetectionLimit), Some(scaled(*v))),
            Reading::Above(v) if scaled(*v) >= limit => (Outcome::Nonconform, Some(scaled(*v))),
            _ => (ask(Fact::ExactValue), None),
        }
    }

    fn undetected(
        &self,
        lod: Option<Decimal>,
        limit: Decimal,
        scaled: &dyn Fn(Decimal) -> Decimal,
    ) -> (Outcome, Option<Decimal>) {
        let label = Fact::DetectionLimit.label();
        let ask = |zh: String, en: String| Outcome::NeedsConfirmation {
            fact: Fact::DetectionLimit,
            question: Text::new(zh, en),
        };
        match lod {
            None => (
                ask(
                    format!("未检出但未报检出限,请提供:{}", label.zh),
                    format!("not detected but no detection limit given: provide {}", label.en),
                ),
                None,
            ),
            Some(lod) if scaled(lod) > limit => (
                ask(
                    format!("检出限{lod}高于限量,不能判定,请提供:{}", label.zh),
                    format!("the detection limit {lod} is above the limit: provide {}", label.en),
                ),
                Some(scaled(lod)),
            ),
            Some(lod) => (Outcome::Conform, Some(scaled(lod))),
        }
    }

    fn finish(mut self, outcome: Outcome, compared: Option<Decimal>, limit: Decimal) -> Finding<'a> {
        let rule = &self.q.edition.comparison;
        if let Some(value) = compared {
            let sign = match value.cmp(&limit) {
                std::cmp::Ordering::Less => "<",
                std::cmp::Ordering::Equal => "=",
                std::cmp::Ordering::Greater => ">",
            };
            let (value, limit) = (value.normalize(), limit.normalize());
            self.steps.push(step(
                "compare",
                Text::new(
                    format!("{value} {sign} {limit}:{}", rule.zh),
                    format!("{value} {sign} {limit}: {}", rule.en),
                ),
            ));
        }
        let band = limit * Decimal::new(GUARD_PERCENT, 2);
        let exact = matches!(self.q.measured.reading, Reading::Exact(_));
        let near = exact && compared.is_some_and(|v| (v - limit).abs() <= band);
        Finding { compared, near, ..self.end(outcome) }
    }

    fn end(&mut self, outcome: Outcome) -> Finding<'a> {
        Finding { outcome, steps: std::mem::take(&mut self.steps), ..self.ready.clone() }
    }
}

/// The edition of GB 2760 on a date.
pub(crate) fn additive_edition(date: Date) -> &'static str {
    if date >= Date::constant(2025, 2, 8) { "2024" } else { "2014" }
}

/// Sum of ratios ≤ 1.
pub(crate) fn ratio<'a>(measured: &Measured) -> Finding<'a> {
    let limit = Limit {
        printed: "1".to_owned(),
        value: Some(Decimal::ONE),
        unit: String::new(),
        qualifier: Some(Text::of("比例之和", "sum of ratios")),
    };
    let rule = Text::of(
        "同一功能的食品添加剂混合使用时,各自用量占其最大使用量的比例之和不应超过1",
        "additives of one function used together: the ratios to their maximum levels add up to at most 1",
    );
    let (outcome, compared) = match measured.reading {
        Reading::Exact(v) if v > Decimal::ONE => (Outcome::Nonconform, Some(v)),
        Reading::Exact(v) => (Outcome::Conform, Some(v)),
        _ => {
            let question = Text::of("请提供比例之和的数值", "give the sum of ratios as a number");
            (Outcome::NeedsConfirmation { fact: Fact::ExactValue, question }, None)
        }
    };
    Finding { limit: Some(limit), compared, ..Finding::with(outcome, "ratio", rule) }
}
