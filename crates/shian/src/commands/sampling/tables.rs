//! Tables of strata, areas and cases: read, answered, written with the answers as columns.

use crate::cli::{AllocateArgs, AllocateMethod, RatesArgs, RatesMethod};
use crate::commands::science::table;
use crate::commands::{Outcome, Usage};
use crate::out;
use anyhow::Context as _;
use risk::table::{Row, Table};
use sampling::allocate::{self, Stratum};
use sampling::{funnel, rates, size, stratified};
use serde_json::json;
use std::path::Path;

fn need(row: &Row<'_>, columns: &[&str]) -> anyhow::Result<f64> {
    for column in columns {
        if let Some(value) = row.optional(column)? {
            return Ok(value);
        }
    }
    Err(row.fault(columns[0], &format!("a number is needed here or in one of {columns:?}")).into())
}

fn list(row: &Row<'_>, column: &str) -> anyhow::Result<Vec<f64>> {
    let fault = || row.fault(column, "must be numbers separated by spaces");
    row.word(column)?.split_whitespace().map(|v| v.parse().map_err(|_| fault().into())).collect()
}

fn show(values: &[f64]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number in range"
)]
fn count(row: &Row<'_>, column: &str) -> anyhow::Result<Option<u64>> {
    match row.optional(column)? {
        None => Ok(None),
        Some(v) if v >= 0.0 && v.fract().abs() < 1e-9 && v < 9e15 => Ok(Some(v as u64)),
        Some(_) => Err(row.fault(column, "must be a whole number").into()),
    }
}

/// `shian sampling size FILE`
pub(super) fn sizes(path: &Path) -> Outcome {
    let mut found = table(path)?;
    if found.has("relative_risk") {
        found.require(&["population_share", "relative_risk", "sampling_share", "design_prevalence"])?;
    } else {
        found.require(&["population", "prevalence|diseased"])?;
    }
    let asked = found.clone();
    for row in asked.rows() {
        let at = row.at();
        if asked.has("relative_risk") {
            let (population, relative, share) = (
                list(&row, "population_share")?,
                list(&row, "relative_risk")?,
                list(&row, "sampling_share")?,
            );
            if population.len() != relative.len() || share.len() != relative.len() {
                return Err(row.fault("relative_risk", "the lists of a row must be equally long").into());
            }
            let groups: Vec<size::RiskGroup> = (0..relative.len())
                .map(|i| size::RiskGroup {
                    population: population[i],
                    relative: relative[i],
                    sampling: share[i],
                })
                .collect();
            let prevalence = need(&row, &["design_prevalence"])?;
            let sensitivity = row.optional("test_sensitivity")?.unwrap_or(1.0);
            let target = row.optional("target_sse")?.unwrap_or(0.95);
            let design = size::risk_based(&groups, prevalence, sensitivity, target)?;
            found.set(at, "adjusted_risk", show(&design.adjusted));
            found.set(at, "epi", show(&design.epi));
            found.set(at, "n_real", design.size.real.to_string());
            found.set(at, "n_ceil", design.size.n.to_string());
            found.set(at, "sse_at_nceil_real_split", design.reached.to_string());
            found.set(at, "n_representative", design.representative.to_string());
        } else {
            let population = count(&row, "population")?.context("column population is missing")?;
            let positive = match row.optional("prevalence")? {
                Some(p) => size::diseased(population, p),
                None => count(&row, "diseased")?.context("column prevalence or diseased is missing")?,
            };
            let confidence = row.optional("confidence")?.unwrap_or(0.95);
            let sensitivity = row.optional("sensitivity")?.unwrap_or(1.0);
            let design = size::detection_finite(population, positive, confidence, sensitivity)?;
            found.set(at, "diseased", positive.to_string());
            found.set(at, "n_cannon", design.cannon.map_or(String::new(), |n| n.to_string()));
            if let Some(why) = design.shortfall(population) {
                found.set(at, "reason", why.to_string());
            }
            found.set(at, "n_exact_hypergeometric", design.n.map_or(String::new(), |n| n.to_string()));
        }
    }
    out::line(found.to_csv().trim_end());
    Ok(true)
}

fn strata(found: &Table) -> anyhow::Result<Vec<Stratum>> {
    let whole = |row: &Row<'_>, column: &str, other: u32| -> anyhow::Result<u32> {
        Ok(count(row, column)?.map_or(other, |v| u32::try_from(v).unwrap_or(u32::MAX)))
    };
    let read = |row: Row<'_>| {
        let deviation = if let Some(s) = row.optional("S")? {
            s
        } else if let Some(p) = row.optional("p_violation")? {
            (p * (1.0 - p)).max(0.0).sqrt()
        } else if let (Some(x), Some(n)) = (row.optional("positives")?, row.optional("n")?) {
            // as `allocate::deviation`: one failure in fifty supposed before anything is known
            let p = (x + 0.5) / (n + 25.0);
            (p * (1.0 - p)).max(0.0).sqrt()
        } else {
            0.0
        };
        let size = row.optional("N")?;
        // of units counted in whole numbers no stratum gives more than it has
        let units = size.filter(|n| n.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(n));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be whole and in range"
        )]
        let there = units.map_or(u32::MAX, |n| n as u32);
        Ok(Stratum {
            size: size.unwrap_or(1.0),
            deviation,
            cost: row.optional("unit_cost")?.unwrap_or(1.0),
            least: whole(&row, "min", 0)?,
            most: whole(&row, "max", there)?,
        })
    };
    found.rows().map(read).collect()
}

/// `shian sampling allocate FILE`
pub(super) fn allocate(args: &AllocateArgs) -> Outcome {
    let mut found = table(&args.file)?;
    let mut needed = match args.method {
        AllocateMethod::Proportional => vec!["N"],
        AllocateMethod::Detection => vec!["weight", "p_detect_per_sample"],
        _ if found.has("positives") => vec!["N", "S|p_violation|positives", "S|p_violation|n"],
        _ => vec!["N", "S|p_violation|positives"],
    };
    if args.cover.is_some() {
        needed.push("group");
    }
    found.require(&needed)?;
    let mut parts = strata(&found)?;
    if let Some(least) = args.cover {
        let groups: Vec<&str> = found.rows().map(|row| row.word("group")).collect::<Result<_, _>>()?;
        parts = allocate::cover(&parts, &groups, least)?;
    }
    let total = || args.total.ok_or_else(|| Usage("this method needs --total".into()));
    let budget = || args.budget.ok_or_else(|| Usage("this method needs --budget".into()));
    let (real, whole) = match args.method {
        AllocateMethod::Proportional => (allocate::proportional(f64::from(total()?), &parts), None),
        AllocateMethod::Neyman => (allocate::neyman(f64::from(total()?), &parts), None),
        AllocateMethod::Cost => (allocate::cost_optimal(budget()?, &parts), None),
        AllocateMethod::Exact => (Vec::new(), Some(allocate::exact(total()?, &parts)?)),
        AllocateMethod::Budget => (Vec::new(), Some(allocate::within_budget(budget()?, &parts)?)),
        AllocateMethod::Detection => {
            let pair = |row: Row<'_>| Ok((need(&row, &["weight"])?, need(&row, &["p_detect_per_sample"])?));
            let detect = found.rows().map(pair).collect::<anyhow::Result<Vec<_>>>()?;
            (Vec::new(), Some(allocate::detection(total()?, &parts, &detect)?))
        }
    };
    if whole.is_none() && !real.iter().any(|n| *n > 0.0) {
        anyhow::bail!(
            "各层的数量或标准差都为 0，无从分配 / no stratum has both units and spread: there is nothing to share out by"
        );
    }
    let beyond: Vec<&str> = found
        .rows()
        .zip(&parts)
        .zip(&real)
        .filter(|((_, s), n)| **n > s.size)
        .filter_map(|((row, _), _)| row.text("stratum").ok())
        .collect();
    if !beyond.is_empty() {
        out::note(&format!(
            "这些层分得的样本多于其单位数：{0}；按上限分配请用 --method exact / these strata get more samples than they have units: {0}; \
             --method exact keeps to what there is",
            beyond.join(", ")
        ));
    }
    let summary = match &whole {
        Some(a) => json!({"aim": a.aim, "price": a.price, "cost": a.cost, "total": a.n.iter().sum::<u32>()}),
        None => json!({
            "variance": allocate::variance(&parts, &real, false),
            "varianceFinitePopulation": allocate::variance(&parts, &real, true),
            "total": real.iter().sum::<f64>(),
            "gainOfNeyman": allocate::gain(&parts),
        }),
    };
    match &whole {
        Some(a) => {
            for (i, (n, floor)) in a.n.iter().zip(&a.floors).enumerate() {
                found.set(i, "samples", n.to_string());
                found.set(i, "price_of_minimum", floor.to_string());
            }
        }
        None => {
            for (i, n) in real.iter().enumerate() {
                found.set(i, "samples", n.to_string());
            }
        }
    }
    out::line(found.to_csv().trim_end());
    out::note(&summary.to_string());
    Ok(true)
}

/// `shian sampling rates FILE`
pub(super) fn rates(args: &RatesArgs) -> Outcome {
    let mut found = table(&args.file)?;
    found.require(&["positives|cases", "n|expected"])?;
    let pair = |row: Row<'_>| Ok((need(&row, &["positives", "cases"])?, need(&row, &["n", "expected"])?));
    let data = found.rows().map(pair).collect::<anyhow::Result<Vec<(f64, f64)>>>()?;
    let (prior, all) = match args.method {
        RatesMethod::BetaBinomial => rates::beta_binomial(&data, args.limit)?,
        RatesMethod::GammaPoisson => rates::gamma_poisson(&data, args.limit)?,
        RatesMethod::Marshall => rates::marshall(&data)?,
    };
    let kind =
        if args.method == RatesMethod::BetaBinomial { funnel::Kind::Binomial } else { funnel::Kind::Poisson };
    let (x, n): (f64, f64) = data.iter().fold((0.0, 0.0), |a, d| (a.0 + d.0, a.1 + d.1));
    let spread = funnel::overdispersion(kind, &data, x / n, 0.1);
    for (i, rate) in all.iter().enumerate() {
        let cell = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
        found.set(i, "raw", if rate.raw.is_finite() { rate.raw.to_string() } else { String::new() });
        found.set(i, "posterior_mean", rate.mean.to_string());
        found.set(i, "p_above_limit", cell(rate.above));
        found.set(i, "ci_low", cell(rate.low));
        found.set(i, "ci_high", cell(rate.high));
        if data[i].1 > 0.0 {
            let limits = funnel::limits(kind, data[i].1, x / n, args.level, spread)?;
            found.set(i, "funnel_low", limits.low.to_string());
            found.set(i, "funnel_high", limits.high.to_string());
        }
    }
    out::line(found.to_csv().trim_end());
    out::note(&json!({"prior": prior, "overdispersion": spread, "limit": args.limit}).to_string());
    Ok(true)
}

/// `shian sampling estimate FILE`
pub(super) fn estimate(path: &Path, confidence: f64) -> Outcome {
    let found = table(path)?;
    found.require(&["N", "n", "positives"])?;
    let read = |row: Row<'_>| {
        Ok(stratified::Found {
            size: need(&row, &["N"])?,
            n: need(&row, &["n"])?,
            positives: need(&row, &["positives"])?,
        })
    };
    let strata = found.rows().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let said = stratified::estimate(&strata, confidence)?;
    out::json(&json!({"confidence": confidence, "strata": strata.len(), "estimate": said}));
    Ok(true)
}
