//! What the rules propose for a plan, and what is wrong with tasks in themselves.

use super::book::{Book, Stage};
use super::plan::{NewPlan, NewTask, REGION, plan_in};
use crate::query::prefix;
use crate::{Error, Lab, Problem};
use ::sampling::allocate::{Stratum, deviation, exact, shares};
use base::{Date, Decimal, Id, RegionCode, Regions, Text};
use std::collections::BTreeMap;
use store::{Sql, Tx};

/// How a proposal shares the batches among food classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By the weights of the rulebook.
    Proportional,
    /// After Neyman, by how much results varied so far.
    Neyman,
}

impl Lab {
    /// What the rules propose for a plan: the target of batches per thousand people over the counties by population, within
    /// each over classes and their stages. Nothing is stored.
    ///
    /// # Errors
    /// Storage; the plan does not exist.
    pub async fn propose(
        &self,
        tx: &mut Tx,
        plan: Id,
        method: Method,
        share: Decimal,
        laboratories: &[Id],
    ) -> Result<Vec<NewTask>, Error> {
        let plan = plan_in(tx, plan).await?;
        let history = history(tx, plan.plan.region.as_str()).await?;
        let code: RegionCode =
            plan.plan.region.parse().map_err(|_| Error::NotFound(plan.plan.region.clone()))?;
        let book = Book::builtin();
        let counties = Regions::builtin().leaf_units(&code);
        let people: Vec<f64> = counties.iter().map(|r| r.pop2020.unwrap_or(0) as f64).collect();
        let target = book.number("batches_per_1000") * share;
        let whole: u64 = counties.iter().filter_map(|r| r.pop2020).sum();
        let total = (Decimal::from(whole) * target / Decimal::from(1000)).ceil();
        let total: u32 = total.try_into().unwrap_or(u32::MAX);
        let slots: Vec<(&super::Class, Stage)> =
            book.classes().iter().flat_map(|c| c.stages.iter().map(move |s| (c, *s))).collect();
        let parts: Vec<Stratum> = slots
            .iter()
            .map(|(c, _)| {
                let size = f64::from(c.weight) / c.stages.len() as f64;
                let (failed, judged) = history.get(c.code.as_str()).copied().unwrap_or_default();
                Stratum::new(size, deviation(failed, judged))
            })
            .collect();
        let sizes: Vec<f64> = parts.iter().map(|p| p.size).collect();
        let mut out = Vec::new();
        for (n, (county, batches)) in counties.iter().zip(shares(total, &people)).enumerate() {
            let by_slot = match method {
                Method::Proportional => shares(batches, &sizes),
                Method::Neyman => exact(batches, &parts).map_or_else(|_| shares(batches, &sizes), |a| a.n),
            };
            for ((class, stage), quota) in slots.iter().zip(by_slot).filter(|(_, q)| *q > 0) {
                out.push(NewTask {
                    region: county.code.as_str().to_owned(),
                    class: class.code.clone(),
                    stage: *stage,
                    budget: plan.plan.level,
                    analytes: Vec::new(),
                    quota,
                    laboratory: (!laboratories.is_empty()).then(|| laboratories[n % laboratories.len()]),
                    until: Some(Date::constant(plan.plan.year, 11, 30)),
                });
            }
        }
        Ok(out)
    }
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
        if t.quota == 0 {
            let (zh, en) = (
                format!("第 {} 行：批次须大于 0", i + 1),
                format!("row {}: state at least one batch", i + 1),
            );
            add("quota", Text::of("批次", "batches"), "0", zh, en);
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

/// Failures and judged samples by class in a region, of all years on record.
async fn history(tx: &mut Tx, region: &str) -> Result<BTreeMap<String, (i64, i64)>, Error> {
    let mut sql = Sql::new(
        "select s.class, count(*) as judged, \
         cast(sum(case when s.conclusion in ('unqualified', 'problem') then 1 else 0 end) as bigint) as failed \
         from sample s where s.class is not null and s.conclusion is not null",
    );
    prefix(&mut sql, " and s.region", region);
    sql.push(" group by s.class");
    let mut out = BTreeMap::new();
    for row in tx.select(&sql).await? {
        out.insert(row.text("class")?, (row.int("failed")?, row.int("judged")?));
    }
    Ok(out)
}
