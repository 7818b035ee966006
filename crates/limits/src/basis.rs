//! Bringing a value to the basis of the limit: dry weight, solid product, fresh food, ready to drink.

use crate::compare::{Band, RowPath};
use crate::facts::Fact;
use crate::finding::{Finding, Look};
use crate::number::Reading;
use crate::rule::{Basis, Edition, Rule};
use crate::verdict::{Outcome, Step};
use base::{Decimal, Text};

/// The wettest dried fungus product standards allow, in percent: a dried product's dry-weight value is at most this much higher.
const MAX_DRIED_MOISTURE: i64 = 15;

struct Levels<'r, 'a, 'l> {
    row: &'r RowPath<'a>,
    edition: &'a Edition,
    look: &'r Look<'l>,
    band: Band,
    factor: Decimal,
    steps: Vec<Step>,
    rule: &'a Rule,
    qualifier: Option<Text>,
}

/// Compares with a numerical row on the basis it states.
pub(crate) fn on_basis<'a>(
    row: &RowPath<'a>,
    edition: &'a Edition,
    look: &Look<'_>,
    factor: Decimal,
    steps: Vec<Step>,
) -> Finding<'a> {
    let rule = row.rule;
    let Some(band) = Band::of(&rule.kind) else { return Finding::under(rule, Outcome::NotLoaded) };
    let mut levels = Levels { row, edition, look, band, factor, steps, rule, qualifier: None };
    match rule.basis {
        Basis::Dry => levels.dry(),
        Basis::Solid(ratio) if row.facts.get(Fact::Form) != Some("solid") => levels.liquid(ratio),
        Basis::AsConsumed => levels.ready_to_drink(),
        Basis::VisceraRemoved if row.facts.get(Fact::Viscera) == Some("included") => {
            let reason = Text::of(
                "限量针对去除内脏的样品,结果含内脏",
                "the limit is for viscera removed; the result includes them",
            );
            levels.finish(Outcome::NotComparable { reason }, None, band)
        }
        _ => match row.fresh {
            Some(fresh) if fresh.basis != Basis::Dry => levels.dried(fresh),
            _ => levels.plain(),
        },
    }
}

fn ask(fact: Fact) -> Outcome {
    let label = fact.label();
    let question = Text::new(format!("请提供:{}", label.zh), format!("Please provide: {}", label.en));
    Outcome::NeedsConfirmation { fact, question }
}

impl<'a> Levels<'_, 'a, '_> {
    fn known(&self, fact: Fact) -> Option<Decimal> {
        self.row.facts.get(fact).and_then(|v| v.parse().ok())
    }

    fn plain(mut self) -> Finding<'a> {
        let band = self.band;
        let (outcome, compared) = self.against(band, Decimal::ONE);
        self.finish(outcome, compared, band)
    }

    /// Limits on dry weight: a value on another basis decides only when it decides on every basis.
    fn dry(mut self) -> Finding<'a> {
        let band = self.band;
        if self.row.facts.get(Fact::Basis) == Some("dry") {
            return self.plain();
        }
        if let Some(moisture) = self.known(Fact::Moisture).filter(|m| *m < Decimal::ONE_HUNDRED) {
            let up = Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED - moisture);
            self.look.note(&mut self.steps, "dry_weight", || {
                Text::new(
                    format!("按水分{moisture}%折算为干重"),
                    format!("converted to dry weight with {moisture} % water"),
                )
            });
            let (outcome, compared) = self.against(band, up);
            return self.finish(outcome, compared, band);
        }
        let (as_is, compared) = self.against(band, Decimal::ONE);
        if as_is != Outcome::Conform {
            return self.finish(as_is, compared, band);
        }
        let worst = Decimal::ONE_HUNDRED / Decimal::from(100 - MAX_DRIED_MOISTURE);
        if self.row.facts.get(Fact::State) == Some("dried") && self.against(band, worst).0 == Outcome::Conform
        {
            return self.finish(as_is, compared, band);
        }
        let question = Text::of(
            "限量以干重计:请说明结果是否以干重计,或提供水分含量",
            "the limit is on dry weight: state whether the result is, or give the water content",
        );
        let fact = if self.row.facts.get(Fact::Basis) == Some("wet") { Fact::Moisture } else { Fact::Basis };
        self.finish(Outcome::NeedsConfirmation { fact, question }, compared, band)
    }

    /// Limits on the solid product: liquids at a printed fraction.
    fn liquid(mut self, ratio: Option<Decimal>) -> Finding<'a> {
        let (band, form) = (self.band, self.row.facts.get(Fact::Form));
        let (as_solid, compared) = self.against(band, Decimal::ONE);
        let Some(ratio) = ratio else {
            let outcome = match (form, as_solid == Outcome::Conform) {
                // A liquid would be held to less: what fails as a solid fails either way.
                (_, false) => as_solid,
                (None, true) => ask(Fact::Form),
                (Some(_), true) => ask(Fact::DryingRatio),
            };
            return self.finish(outcome, compared, band);
        };
        let (as_liquid, of_liquid) = self.against(band, ratio);
        if form == Some("liquid") {
            let limit = band.shown().map_or(Decimal::ZERO, |l| (l / ratio).normalize());
            self.look.note(&mut self.steps, "liquid", || {
                Text::new(
                    format!("液态产品按{ratio}∶1折算,限量为{limit}"),
                    format!("liquid product at {ratio}:1, limit {limit}"),
                )
            });
            return self.finish(as_liquid, of_liquid, band);
        }
        if as_solid == as_liquid {
            return self.finish(as_solid, compared, band);
        }
        self.finish(ask(Fact::Form), compared, band)
    }

    /// Limits on the drink as consumed: a powder or concentrate may hold its dilution times as much.
    fn ready_to_drink(mut self) -> Finding<'a> {
        let band = self.band;
        if let Some(times) = self.known(Fact::Dilution).filter(|d| *d >= Decimal::ONE) {
            self.look.note(&mut self.steps, "dilution", || {
                Text::new(
                    format!("按稀释倍数{times}增加使用量"),
                    format!("the limit times the dilution, {times}"),
                )
            });
            let band = band.times(times);
            let (outcome, compared) = self.against(band, Decimal::ONE);
            return self.finish(outcome, compared, band);
        }
        let (as_is, compared) = self.against(band, Decimal::ONE);
        let outcome = match (self.row.facts.get(Fact::Form), as_is) {
            (Some("solid"), Outcome::Nonconform) => ask(Fact::Dilution),
            (_, as_is) => as_is,
        };
        self.finish(outcome, compared, band)
    }

    /// Clause on dried goods: below the fresh limit passes; else the dehydration rate decides.
    fn dried(mut self, fresh: &'a Rule) -> Finding<'a> {
        let Some(band) = Band::of(&fresh.kind) else { return self.plain() };
        let limit = band.shown().unwrap_or_default();
        let clause = self.edition.dried.as_ref().map_or("", |d| d.0.as_str());
        (self.rule, self.band) = (fresh, band);
        self.look.note(&mut self.steps, "dried", || {
            Text::new(
                format!("第{clause}条:干制品以新鲜食品限量{limit}结合脱水率折算({})", fresh.id),
                format!(
                    "clause {clause}: dried goods use the fresh limit {limit} and the dehydration rate ({})",
                    fresh.id
                ),
            )
        });
        self.qualifier = Some(Text::of("以鲜品计", "fresh basis"));
        let (as_is, compared) = self.against(band, Decimal::ONE);
        if as_is == Outcome::Conform {
            self.look.note(&mut self.steps, "dried_below", || {
                Text::of(
                    "干制品含量不高于新鲜原料限量,无需折算即合格",
                    "the dried value is not above the fresh limit: conforms without conversion",
                )
            });
            return self.finish(as_is, compared, band);
        }
        let Some(ratio) = self.known(Fact::DryingRatio).filter(|r| *r >= Decimal::ONE) else {
            let question = Text::of(
                "含量高于新鲜食品限量且脱水率未知:请提供脱水率或鲜干比",
                "above the fresh limit and the dehydration rate is unknown: give the rate or the fresh-to-dried ratio",
            );
            let outcome = match as_is {
                Outcome::Nonconform => Outcome::NeedsConfirmation { fact: Fact::DryingRatio, question },
                other => other,
            };
            return self.finish(outcome, compared, band);
        };
        let (outcome, compared) = self.against(band, Decimal::ONE / ratio);
        self.look.note(&mut self.steps, "dehydration", || {
            Text::new(format!("按鲜干比{ratio}∶1折算为鲜品"), format!("converted to fresh at {ratio}:1"))
        });
        let dried = limit.checked_mul(ratio).unwrap_or(Decimal::MAX).normalize();
        self.qualifier =
            Some(Text::new(format!("以鲜品计,相当于干品{dried}"), format!("fresh basis = {dried} dried")));
        self.finish(outcome, compared, band)
    }

    /// The reading times `scale` against the band: outcome and the value compared.
    fn against(&self, band: Band, scale: Decimal) -> (Outcome, Option<Decimal>) {
        let high = band.high.map(|limit| self.highest(limit, scale));
        let low = band.low.map(|limit| self.lowest(limit, scale));
        match (high, low) {
            (Some(one), None) | (None, Some(one)) => one,
            (Some(high), Some(low)) if high.0 == Outcome::Conform => low,
            (Some(high), Some(low)) if low.0 == Outcome::Nonconform => (low.0, high.1),
            (Some(high), _) => high,
            (None, None) => (Outcome::NotLoaded, None),
        }
    }

    fn scaled(&self, value: Decimal, scale: Decimal, limit: Decimal) -> Decimal {
        let full = if self.factor == Decimal::ONE && scale == Decimal::ONE {
            value
        } else {
            value.checked_mul(self.factor).and_then(|v| v.checked_mul(scale)).unwrap_or(Decimal::MAX)
        };
        // GB/T 8170 修约值比较法: half goes to the even digit, once, at the places of the limit.
        if self.edition.rounded { full.round_dp(limit.scale()) } else { full }
    }

    fn highest(&self, limit: Decimal, scale: Decimal) -> (Outcome, Option<Decimal>) {
        let m = self.look.measured;
        let scaled = |v: Decimal| self.scaled(v, scale, limit);
        let exact = |v: Decimal| {
            let value = scaled(v);
            let unquantified = m.loq.is_some_and(|q| v < q);
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
        };
        if let Some(counted) = self.row.counted {
            return exact(counted);
        }
        match &m.reading {
            Reading::Exact(v) if v.is_zero() && m.lod.is_some() => undetected(m.lod, limit, &scaled),
            Reading::Exact(v) => exact(*v),
            Reading::NotDetected(own) => undetected(own.or(m.lod), limit, &scaled),
            Reading::Below(v) | Reading::AtMost(v) if scaled(*v) <= limit => {
                (Outcome::Conform, Some(scaled(*v)))
            }
            Reading::Below(v) | Reading::AtMost(v) => (ask(Fact::DetectionLimit), Some(scaled(*v))),
            Reading::Unquantified => match m.loq {
                Some(loq) if scaled(loq) <= limit => (Outcome::Conform, Some(scaled(loq))),
                _ => (ask(Fact::DetectionLimit), m.loq.map(scaled)),
            },
            Reading::Above(v) if scaled(*v) >= limit => (Outcome::Nonconform, Some(scaled(*v))),
            // equal to the limit would pass: "at least" decides only when it is above
            Reading::AtLeast(v) if scaled(*v) > limit => (Outcome::Nonconform, Some(scaled(*v))),
            _ => (ask(Fact::ExactValue), None),
        }
    }

    fn lowest(&self, limit: Decimal, scale: Decimal) -> (Outcome, Option<Decimal>) {
        let m = self.look.measured;
        let scaled = |v: Decimal| self.scaled(v, scale, limit);
        let judged = |ok: bool| if ok { Outcome::Conform } else { Outcome::Nonconform };
        match &m.reading {
            Reading::Exact(v) => (judged(scaled(*v) >= limit), Some(scaled(*v))),
            Reading::NotDetected(own) => match own.or(m.lod) {
                Some(lod) if scaled(lod) <= limit => (Outcome::Nonconform, Some(scaled(lod))),
                _ => (ask(Fact::ExactValue), None),
            },
            Reading::Below(v) if scaled(*v) <= limit => (Outcome::Nonconform, Some(scaled(*v))),
            Reading::AtMost(v) if scaled(*v) < limit => (Outcome::Nonconform, Some(scaled(*v))),
            Reading::Above(v) | Reading::AtLeast(v) if scaled(*v) >= limit => {
                (Outcome::Conform, Some(scaled(*v)))
            }
            _ => (ask(Fact::ExactValue), None),
        }
    }

    fn finish(&mut self, outcome: Outcome, compared: Option<Decimal>, band: Band) -> Finding<'a> {
        let near = |value: Decimal| {
            [band.low, band.high].into_iter().flatten().any(|limit| {
                limit
                    .checked_mul(self.look.guard)
                    .is_some_and(|wide| ((value - limit) * Decimal::ONE_HUNDRED).abs() <= wide)
            })
        };
        let exact = matches!(self.look.measured.reading, Reading::Exact(_));
        let near = exact && compared.is_some_and(|v| v < Decimal::from(i64::MAX) && near(v));
        if let Some(value) = compared
            && let Some(limit) = band.high.filter(|h| value > *h).or(band.low).or(band.high)
        {
            let rule = &self.edition.comparison;
            self.look.note(&mut self.steps, "compare", || {
                let sign = match value.cmp(&limit) {
                    std::cmp::Ordering::Less => "<",
                    std::cmp::Ordering::Equal => "=",
                    std::cmp::Ordering::Greater => ">",
                };
                let (value, limit) = (value.normalize(), limit.normalize());
                Text::new(
                    format!("{value} {sign} {limit}:{}", rule.zh),
                    format!("{value} {sign} {limit}: {}", rule.en),
                )
            });
            let hidden = self.look.measured.hidden;
            if !hidden.is_zero() {
                self.look.note(&mut self.steps, "lower_bound", || {
                    Text::new(
                        format!("未检出组分按零计(下限法);按检出限计最多再加{hidden}"),
                        format!("components not detected count as zero (lower bound); at their detection limits they add at most {hidden}"),
                    )
                });
            }
        }
        Finding {
            limit: self.band.shown(),
            qualifier: self.qualifier.clone(),
            compared,
            steps: std::mem::take(&mut self.steps),
            near,
            ..Finding::under(self.rule, outcome)
        }
    }
}

fn undetected(
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
