//! What the rules propose for a plan, and what is wrong with tasks in themselves.

use super::book::{Book, Stage};
use super::plan::{NewPlan, NewTask, REGION, plan_in};
use crate::query::prefix;
use crate::sample::words;
use crate::sample_filter::failed_sample;
use crate::{Error, Lab, Problem};
use ::sampling::allocate::{Stratum, deviation, exact, shares, variance};
use base::{Date, Decimal, Id, RegionCode, Regions, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Sql, Tx};

words! {
    /// How a proposal shares the batches among food classes.
    Method {
        /// By the weights of the rulebook.
        Proportional = "proportional", "按规则权重", "By the weights of the rulebook";
        /// After Neyman, by how much results varied so far.
        Neyman = "neyman", "奈曼分配（按以往不合格的波动）", "Neyman: by how results varied";
        /// By weight times the rate of failures so far: aims at problems, not at the sharpest estimate.
        Risk = "risk", "按风险（权重×以往不合格率）", "By risk: weight times past failures";
    }
}

/// What a proposal is to keep to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Wish {
    /// How batches are shared among classes.
    pub method: Method,
    /// Part of the target of batches per thousand this plan carries, above 0 up to 1.
    pub share: Decimal,
    /// Batches at least of every class and stage in every county.
    #[serde(default)]
    pub least: u32,
    /// Laboratories, county by county in turn.
    #[serde(default)]
    pub laboratories: Vec<Id>,
}

/// How sharp the pass rate of the whole becomes under a plan, beside the same number of batches shared in proportion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expected {
    /// Batches.
    pub total: u32,
    /// Standard error of the pass rate when they are shared in proportion; absent when a class has none.
    pub proportional: Option<f64>,
    /// Standard error under the plan; absent when the plan leaves a class without any.
    pub planned: Option<f64>,
    /// Variance in proportion ÷ variance under the plan: above 1 the plan is sharper.
    pub gain: Option<f64>,
    /// Class by class and stage.
    pub rows: Vec<ExpectedRow>,
}

/// One stratum of [`Expected`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpectedRow {
    /// Food class.
    pub class: String,
    /// Stage.
    pub stage: Stage,
    /// Its part of the whole.
    pub part: f64,
    /// Failures on record.
    pub failed: i64,
    /// Concluded samples on record.
    pub judged: i64,
    /// Standard deviation of pass or fail, from them.
    pub deviation: f64,
    /// Batches in proportion.
    pub proportional: u32,
    /// Batches of the plan.
    pub planned: u32,
}

/// Failed and concluded samples on record, by class and stage.
type History = BTreeMap<(String, Option<Stage>), (i64, i64)>;

/// Batches of one task at most: more is a slip of the hand.
const MOST: u32 = 100_000;

/// Concluded samples from which on a stage of a class is judged by its own record.
const OWN_RECORD: i64 = 30;

/// What is on record of a class at a stage; of the class as a whole while the stage has few samples of its own.
fn on_record(history: &History, class: &str, stage: Stage) -> (i64, i64) {
    let own = history.get(&(class.to_owned(), Some(stage))).copied().unwrap_or_default();
    if own.1 >= OWN_RECORD {
        return own;
    }
    let of_class = history.iter().filter(|((code, _), _)| code == class);
    of_class.fold((0, 0), |sum, (_, n)| (sum.0 + n.0, sum.1 + n.1))
}

/// Classes by stage with their part of the whole and what is known of them: how results varied differs between a factory, a market and
/// a kitchen, so that each stage is a stratum of its own.
fn slots(history: &History) -> Vec<(&'static super::Class, Stage, Stratum, (i64, i64))> {
    let all = Book::builtin().classes().iter().flat_map(|c| c.stages.iter().map(move |s| (c, *s)));
    all.map(|(c, stage)| {
        let size = f64::from(c.weight) / c.stages.len() as f64;
        let (failed, judged) = on_record(history, &c.code, stage);
        (c, stage, Stratum::new(size, deviation(failed, judged)), (failed, judged))
    })
    .collect()
}

impl Lab {
    /// What the rules propose for a plan: the target of batches per thousand people over the counties by population, within
    /// each over classes and their stages. Nothing is stored.
    ///
    /// # Errors
    /// Storage; the plan does not exist.
    pub async fn propose(&self, tx: &mut Tx, plan: Id, wish: &Wish) -> Result<Vec<NewTask>, Error> {
        if wish.share <= Decimal::ZERO || wish.share > Decimal::ONE {
            let text = Text::of("承担比例应大于 0、不超过 1", "the share is above 0 and at most 1");
            let share = Text::of("承担比例", "share of the target");
            return Err(Error::Invalid(vec![Problem::new("share", share, wish.share.to_string(), text)]));
        }
        let plan = plan_in(tx, plan).await?;
        let history = history(tx, plan.plan.region.as_str()).await?;
        let code: RegionCode =
            plan.plan.region.parse().map_err(|_| Error::NotFound(plan.plan.region.clone()))?;
        let counties = Regions::builtin().leaf_units(&code);
        let people: Vec<f64> = counties.iter().map(|r| r.pop2020.unwrap_or(0) as f64).collect();
        let target = Book::builtin().number("batches_per_1000") * wish.share;
        let whole: u64 = counties.iter().filter_map(|r| r.pop2020).sum();
        let total = (Decimal::from(whole) * target / Decimal::from(1000)).ceil();
        let total: u32 = total.try_into().unwrap_or(u32::MAX);
        let slots = slots(&history);
        let parts: Vec<Stratum> = slots
            .iter()
            .map(|(_, _, stratum, (failed, judged))| {
                // what the method minds: size alone, size and spread, size and failures
                let deviation = match wish.method {
                    Method::Proportional => 1.0,
                    Method::Neyman => stratum.deviation,
                    Method::Risk => (*failed as f64 + 0.5) / (*judged as f64 + 25.0),
                };
                Stratum { least: wish.least, deviation, ..*stratum }
            })
            .collect();
        let sizes: Vec<f64> = parts.iter().map(|p| p.size * p.deviation).collect();
        let mut out = Vec::new();
        for (n, (county, batches)) in counties.iter().zip(shares(total, &people)).enumerate() {
            let by_slot = if wish.least == 0 && wish.method != Method::Neyman {
                shares(batches, &sizes)
            } else if wish.least > 0 && u64::from(batches) < parts.iter().map(|p| u64::from(p.least)).sum() {
                return Err(Error::Invalid(vec![few(
                    county.code.as_str(),
                    batches,
                    wish.least,
                    parts.len(),
                )]));
            } else {
                exact(batches, &parts).map_or_else(|_| shares(batches, &sizes), |a| a.n)
            };
            for ((class, stage, ..), quota) in slots.iter().zip(by_slot).filter(|(_, q)| *q > 0) {
                out.push(NewTask {
                    region: county.code.as_str().to_owned(),
                    class: class.code.clone(),
                    stage: *stage,
                    budget: plan.plan.level,
                    analytes: Vec::new(),
                    quota,
                    laboratory: wish.laboratories.get(n % wish.laboratories.len().max(1)).copied(),
                    until: Some(Date::constant(plan.plan.year, 11, 30)),
                    months: Vec::new(),
                });
            }
        }
        Ok(out)
    }

    /// How sharp the pass rate becomes under the tasks of a plan, beside a proportional sharing of as many batches. The strata
    /// are classes by stage with the weights of the rulebook; how results vary comes from those on record in the region.
    ///
    /// # Errors
    /// Storage; the plan does not exist.
    pub async fn expected(&self, tx: &mut Tx, plan: Id) -> Result<Expected, Error> {
        let region = plan_in(tx, plan).await?.plan.region;
        let history = history(tx, &region).await?;
        let mut quotas: BTreeMap<(String, Stage), u32> = BTreeMap::new();
        let rows = tx
            .query(
                "select class, stage, cast(sum(quota) as bigint) as n from sampling_task where plan = $1 group by 1, 2",
                &[plan.into()],
            )
            .await?;
        for row in rows {
            let n = u32::try_from(row.int("n")?).unwrap_or(u32::MAX);
            quotas.insert((row.text("class")?, row.parsed("stage")?), n);
        }
        Ok(expected(&slots(&history), &quotas))
    }
}

fn expected(
    slots: &[(&'static super::Class, Stage, Stratum, (i64, i64))],
    quotas: &BTreeMap<(String, Stage), u32>,
) -> Expected {
    let strata: Vec<Stratum> = slots.iter().map(|s| s.2).collect();
    let all: f64 = strata.iter().map(|s| s.size).sum();
    let planned: Vec<u32> = slots
        .iter()
        .map(|(c, stage, ..)| quotas.get(&(c.code.clone(), *stage)).copied().unwrap_or(0))
        .collect();
    let total = planned.iter().fold(0, |sum: u32, n| sum.saturating_add(*n));
    let sizes: Vec<f64> = strata.iter().map(|s| s.size).collect();
    let proportional = shares(total, &sizes);
    let spread = |n: &[u32]| {
        let n: Vec<f64> = n.iter().map(|v| f64::from(*v)).collect();
        Some(variance(&strata, &n, false)).filter(|v| v.is_finite())
    };
    let (flat, own) = (spread(&proportional), spread(&planned));
    let rows = slots
        .iter()
        .zip(proportional.iter().zip(&planned))
        .map(|((class, stage, stratum, (failed, judged)), (flat, own))| ExpectedRow {
            class: class.code.clone(),
            stage: *stage,
            part: stratum.size / all,
            failed: *failed,
            judged: *judged,
            deviation: stratum.deviation,
            proportional: *flat,
            planned: *own,
        })
        .collect();
    Expected {
        total,
        proportional: flat.map(f64::sqrt),
        planned: own.map(f64::sqrt),
        gain: flat.zip(own).map(|(flat, own)| flat / own),
        rows,
    }
}

fn few(county: &str, batches: u32, least: u32, slots: usize) -> Problem {
    let text = Text::new(
        format!("{county} 共 {batches} 批次，不足以让 {slots} 个大类环节各 {least} 批次；请调低下限"),
        format!(
            "{county} has {batches} batches, too few for {least} of each of {slots} classes by stage; lower the minimum"
        ),
    );
    Problem::new("least", Text::of("每类至少批次", "least of each class"), least.to_string(), text)
}

/// What is wrong with tasks in themselves; each problem names its row.
pub(super) fn check(plan: &NewPlan, tasks: &[NewTask]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeMap::new();
    for (i, t) in tasks.iter().enumerate() {
        let mut add = |field: &str, label: Text, value: &str, zh: String, en: String| {
            problems.push(Problem::new(&format!("{field}.{i}"), label, value, Text::new(zh, en)));
        };
        if !t.region.starts_with(plan.region.as_str()) || Regions::builtin().find(&t.region).is_err() {
            let (zh, en) = (
                format!("第 {} 行：行政区划不在计划范围内", i + 1),
                format!("row {}: the region lies outside the plan", i + 1),
            );
            add("region", REGION, &t.region, zh, en);
        }
        match Book::builtin().class(&t.class) {
            None => {
                let (zh, en) = (
                    format!("第 {} 行：没有这个食品大类", i + 1),
                    format!("row {}: there is no such food class", i + 1),
                );
                add("class", Text::of("食品大类", "food class"), &t.class, zh, en);
            }
            Some(class) if !class.stages.contains(&t.stage) => {
                let (zh, en) = (
                    format!("第 {} 行：{}不在{}环节抽样", i + 1, class.name.zh, t.stage.label().zh),
                    format!(
                        "row {}: {} is not sampled at the stage {}",
                        i + 1,
                        class.name.en,
                        t.stage.label().en
                    ),
                );
                add("stage", Text::of("抽样环节", "stage"), t.stage.word(), zh, en);
            }
            Some(_) => {}
        }
        if !(1..=MOST).contains(&t.quota) {
            let (zh, en) = (
                format!("第 {} 行：批次应为 1 至 {MOST}", i + 1),
                format!("row {}: state 1 to {MOST} batches", i + 1),
            );
            add("quota", Text::of("批次", "batches"), &t.quota.to_string(), zh, en);
        }
        if t.months.iter().any(|m| !(1..=12).contains(m)) || !t.months.is_sorted_by(|a, b| a < b) {
            let (zh, en) = (
                format!("第 {} 行：抽样月份应为 1 至 12，从小到大、不重复", i + 1),
                format!("row {}: months run from 1 to 12, in order, each once", i + 1),
            );
            add("months", Text::of("抽样月份", "months"), &super::show_months(&t.months), zh, en);
        }
        if let Some(first) = seen.insert((t.region.as_str(), t.class.as_str(), t.stage, t.budget), i) {
            let (zh, en) = (
                format!("第 {} 行与第 {} 行重复（同地区、大类、环节、经费），请合并", i + 1, first + 1),
                format!("row {} repeats row {} (region, class, stage, budget); merge them", i + 1, first + 1),
            );
            add("class", Text::of("食品大类", "food class"), &t.class, zh, en);
        }
    }
    problems.truncate(200);
    problems
}

/// Failures and judged samples by class and stage in a region, of all years on record.
async fn history(tx: &mut Tx, region: &str) -> Result<History, Error> {
    let mut sql = Sql::new(concat!(
        "select s.class, s.stage, count(*) as judged, cast(sum(case when ",
        failed_sample!(),
        " then 1 else 0 end) as bigint) as failed from sample s where s.class is not null and s.conclusion is not null"
    ));
    prefix(&mut sql, " and s.region", region);
    sql.push(" group by s.class, s.stage");
    let mut out = History::new();
    for row in tx.select(&sql).await? {
        let stage = row.opt_text("stage")?.as_deref().and_then(Stage::read);
        out.insert((row.text("class")?, stage), (row.int("failed")?, row.int("judged")?));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_gain_is_that_of_the_closed_form() {
        // meat and vegetables fail in a tenth of the samples, everything else hardly ever
        let history: History = Book::builtin()
            .classes()
            .iter()
            .map(|c| {
                let failed = if matches!(c.code.as_str(), "32" | "33") { 300 } else { 3 };
                ((c.code.clone(), None), (failed, 3000))
            })
            .collect();
        let slots = slots(&history);
        let strata: Vec<Stratum> = slots.iter().map(|s| s.2).collect();
        let key = |i: usize| (slots[i].0.code.clone(), slots[i].1);
        let plan = |n: Vec<u32>| (0..slots.len()).map(|i| (key(i), n[i])).collect();
        let sizes: Vec<f64> = strata.iter().map(|s| s.size).collect();
        let total = 100_000;
        let flat = expected(&slots, &plan(shares(total, &sizes)));
        assert!((flat.gain.unwrap() - 1.0).abs() < 1e-12 && flat.total == total);
        let sharp = expected(&slots, &plan(exact(total, &strata).unwrap().n));
        let gain = ::sampling::allocate::gain(&strata);
        assert!((sharp.gain.unwrap() / gain - 1.0).abs() < 1e-3, "{:?} {gain}", sharp.gain);
        assert!(gain > 1.5 && sharp.planned.unwrap() < sharp.proportional.unwrap());
        let mut gap = exact(total, &strata).unwrap().n;
        gap[0] = 0;
        assert_eq!(expected(&slots, &plan(gap)).planned, None, "a class left out has no pass rate");
    }

    #[test]
    fn a_stage_is_a_stratum_by_its_own_record_once_it_has_one() {
        let class = Book::builtin().classes().iter().find(|c| c.stages.len() > 1).unwrap();
        let (one, other) = (class.stages[0], class.stages[1]);
        let key = |stage| (class.code.clone(), Some(stage));
        // the one stage fails often; of the other little is known, so that the class speaks for it
        let history: History =
            [(key(one), (30, 60)), (key(other), (0, OWN_RECORD - 1)), ((class.code.clone(), None), (0, 11))]
                .into();
        assert_eq!(on_record(&history, &class.code, one), (30, 60));
        assert_eq!(on_record(&history, &class.code, other), (30, 100));
        let known: History = [(key(one), (30, 60)), (key(other), (0, 60))].into();
        let slots = slots(&known);
        let spread =
            |stage| slots.iter().find(|s| s.0.code == class.code && s.1 == stage).unwrap().2.deviation;
        assert!(spread(one) > 2.0 * spread(other), "Neyman sends more batches where results vary");
    }
}
