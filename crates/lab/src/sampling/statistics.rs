//! Rates with their intervals, by any dimension, and how laboratories compare.

use super::progress::Dimension;
use crate::query::prefix;
use crate::sample_filter::{self, failed_sample, not_detected};
use crate::timing::{days_taken, report_due};
use crate::{Error, Lab, SampleKind};
use access::Principal;
use base::{Date, Id, Instant};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Sql, Store};

/// Which samples are counted: those with a submitted report and a conclusion.
#[derive(Debug, Clone, Default)]
pub struct StatisticsFilter {
    /// Kind; none: supervision and evaluation together, never monitoring.
    pub kind: Option<SampleKind>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Food class.
    pub class: Option<String>,
    /// Only farm produce, or only other food.
    pub produce: Option<bool>,
    /// First sampling date.
    pub from: Option<Date>,
    /// Last sampling date.
    pub to: Option<Date>,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// What it is of.
    pub key: String,
    /// Concluded.
    pub judged: i64,
    /// Of these, failed; a failure that a retest or an objection overturned is none.
    pub failed: i64,
    /// Share that passed; 0 without any.
    pub pass: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Rate {
    /// From counts.
    #[must_use]
    pub fn of(key: String, judged: i64, failed: i64) -> Self {
        let (low, high) = wilson(judged - failed, judged);
        let pass = if judged > 0 { (judged - failed) as f64 / judged as f64 } else { 0.0 };
        Self { key, judged, failed, pass, low, high }
    }
}

/// How a laboratory works beside its peers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabFigures {
    /// The laboratory (an operator).
    pub laboratory: Id,
    /// Samples reported.
    pub samples: i64,
    /// Of these, failed and not overturned.
    pub failed: i64,
    /// Failures it found that a retest or an objection overturned.
    pub overturned: i64,
    /// Median days from arrival to approval.
    pub days: Option<f64>,
    /// Reports approved after the 20 working days.
    pub late: i64,
    /// Results in force.
    pub results: i64,
    /// Of these, not detected.
    pub not_detected: i64,
    /// Of these, conforming but near the limit.
    pub near: i64,
    /// What stands out: `non_detects`, `near_limit`, `failures`, with how many standard errors from the peers.
    pub flags: Vec<(String, f64)>,
}

/// The 95 % interval of a share after Wilson (1927); 0 to 1 without observations.
#[must_use]
pub fn wilson(hits: i64, of: i64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    if of <= 0 {
        return (0.0, 1.0);
    }
    let n = of as f64;
    let p = hits.clamp(0, of) as f64 / n;
    let z2 = Z * Z / n;
    let centre = (p + z2 / 2.0) / (1.0 + z2);
    let half = Z / (1.0 + z2) * (p * (1.0 - p) / n + z2 / (4.0 * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// Results of one analyte in one food class: a cell of the matrix of problem foods and hazards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hazard {
    /// Food class; empty when not recorded.
    pub class: String,
    /// Analyte as reported.
    pub analyte: String,
    /// Results that could be judged, by the law or by the standard their firm declares.
    pub judged: i64,
    /// Of these, failing the law.
    pub failed: i64,
    /// Of these, failing only the standard their firm declares.
    pub declared: i64,
}

impl Hazard {
    /// Results that fail, by the law or by what is declared.
    #[must_use]
    pub const fn failing(&self) -> i64 {
        self.failed + self.declared
    }
}

/// Standard errors by which a share differs from that of all others; 0 when either is empty.
fn apart(hits: i64, of: i64, all_hits: i64, all: i64) -> f64 {
    let (rest_hits, rest) = ((all_hits - hits) as f64, (all - of) as f64);
    if of == 0 || rest <= 0.0 {
        return 0.0;
    }
    let n = of as f64;
    let pooled = all_hits as f64 / all as f64;
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / rest)).sqrt();
    if error > 0.0 { (hits as f64 / n - rest_hits / rest) / error } else { 0.0 }
}

/// What is counted beside a [`Dimension`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Samples by a dimension.
    Dimension(Dimension),
    /// Results by analyte.
    Analyte,
    /// Samples by month of sampling.
    Month,
    /// All samples in one line.
    All,
}

impl Lab {
    /// Pass rates of what the reader may see.
    ///
    /// # Errors
    /// Storage.
    pub async fn rates(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        by: By,
        f: &StatisticsFilter,
    ) -> Result<Vec<Rate>, Error> {
        let key = match by {
            By::Dimension(Dimension::Region) => "substr(s.region, 1, 6)",
            By::Dimension(Dimension::Prefecture) => "substr(s.region, 1, 4)",
            By::Dimension(Dimension::Class) => "coalesce(s.class, '')",
            By::Dimension(Dimension::Stage) => "coalesce(s.stage, '')",
            By::Dimension(Dimension::Budget) => "coalesce(s.budget, '')",
            By::Dimension(Dimension::Laboratory) => "cast(coalesce(s.laboratory, 0) as text)",
            By::Dimension(Dimension::Kind) => "s.kind",
            By::Month => "substr(s.sampled, 1, 7)",
            By::All => "'all'",
            By::Analyte => {
                let mut of: BTreeMap<String, (i64, i64)> = BTreeMap::new();
                for c in self.cells(store, who, now, f).await? {
                    let failing = c.failing();
                    let sum = of.entry(c.analyte).or_default();
                    *sum = (sum.0 + c.judged, sum.1 + failing);
                }
                return Ok(of.into_iter().map(|(key, (n, failed))| Rate::of(key, n, failed)).collect());
            }
        };
        let mut sql = Sql::new("select ");
        sql.push(key).push(" as k, count(*) as n, ").push(concat!(
            "cast(sum(case when ",
            failed_sample!(),
            " then 1 else 0 end) as bigint) as failed from sample s"
        ));
        sql.push(" where ");
        self.counted(&mut sql, who, now, f);
        sql.push(" group by 1 order by 1 limit 2000");
        let mut out = Vec::new();
        for row in store.select(&sql).await? {
            out.push(Rate::of(row.text("k")?, row.int("n")?, row.int("failed")?));
        }
        Ok(out)
    }

    /// Which hazards failed in which foods, the most failures first: only cells with a failure. A result that keeps the law and fails the
    /// standard its firm declares counts apart.
    ///
    /// # Errors
    /// Storage.
    pub async fn hazards(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &StatisticsFilter,
    ) -> Result<Vec<Hazard>, Error> {
        let mut out = self.cells(store, who, now, f).await?;
        out.retain(|c| c.failing() > 0);
        out.sort_by(|a, b| {
            b.failing().cmp(&a.failing()).then_with(|| (&a.class, &a.analyte).cmp(&(&b.class, &b.analyte)))
        });
        out.truncate(500);
        Ok(out)
    }

    /// Results by food class and analyte: those the law decides, and those that only a declared standard decides or fails.
    async fn cells(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &StatisticsFilter,
    ) -> Result<Vec<Hazard>, Error> {
        let mut law = Sql::new(
            "select coalesce(s.class, '') as class, r.analyte, count(*) as n, \
             cast(sum(case when v.outcome in ('nonconform', 'prohibited') then 1 else 0 end) as bigint) as failed \
             from sample s join result r on r.sample = s.id and r.withdrawn = 0 \
             join verdict v on v.result = r.id and v.superseded_by is null \
             and v.outcome in ('conform', 'nonconform', 'prohibited') where ",
        );
        self.counted(&mut law, who, now, f);
        law.push(" group by 1, 2");
        let mut cells: BTreeMap<(String, String), Hazard> = BTreeMap::new();
        let blank = |(class, analyte): &(String, String)| Hazard {
            class: class.clone(),
            analyte: analyte.clone(),
            judged: 0,
            failed: 0,
            declared: 0,
        };
        for row in store.select(&law).await? {
            let key = (row.text("class")?, row.text("analyte")?);
            let cell = blank(&key);
            cells.insert(key, Hazard { judged: row.int("n")?, failed: row.int("failed")?, ..cell });
        }
        let mut declared = Sql::new(
            "select coalesce(s.class, '') as class, r.analyte, \
             cast(sum(case when v.id is null then 1 else 0 end) as bigint) as more, \
             cast(sum(case when d.outcome in ('nonconform', 'prohibited') and coalesce(v.outcome, 'conform') = 'conform' then 1 else 0 end) \
             as bigint) as failed from declared_verdict d join sample s on s.id = d.sample \
             join result r on r.id = d.result and r.withdrawn = 0 \
             left join verdict v on v.result = r.id and v.superseded_by is null \
             and v.outcome in ('conform', 'nonconform', 'prohibited') \
             where d.outcome in ('conform', 'nonconform', 'prohibited') and ",
        );
        self.counted(&mut declared, who, now, f);
        declared.push(" group by 1, 2");
        for row in store.select(&declared).await? {
            let key = (row.text("class")?, row.text("analyte")?);
            let cell = cells.entry(key.clone()).or_insert_with(|| blank(&key));
            cell.judged += row.int("more")?;
            cell.declared = row.int("failed")?;
        }
        Ok(cells.into_values().collect())
    }

    /// How laboratories compare: turn-around, lateness, and shares that stand out from the peers by three standard errors.
    ///
    /// # Errors
    /// Storage.
    pub async fn laboratories(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &StatisticsFilter,
    ) -> Result<Vec<LabFigures>, Error> {
        let mut sql = Sql::new(concat!(
            "select s.laboratory, s.received, s.approved_at, count(*) as n, cast(sum(case when ",
            failed_sample!(),
            " then 1 else 0 end) as bigint) as failed, cast(sum(case when exists (select 1 from nonconformity q \
                 where q.sample = s.id and q.state = 'overturned') then 1 else 0 end) as bigint) as overturned \
                 from sample s where s.laboratory is not null and "
        ));
        self.counted(&mut sql, who, now, f);
        sql.push(" group by s.laboratory, s.received, s.approved_at");
        let mut all: BTreeMap<Id, (LabFigures, Vec<(f64, i64)>)> = BTreeMap::new();
        let blank = |laboratory| LabFigures {
            laboratory,
            samples: 0,
            failed: 0,
            overturned: 0,
            days: None,
            late: 0,
            results: 0,
            not_detected: 0,
            near: 0,
            flags: Vec::new(),
        };
        for row in store.select(&sql).await? {
            let id = row.id("laboratory")?;
            let (figures, days) = all.entry(id).or_insert_with(|| (blank(id), Vec::new()));
            let n = row.int("n")?;
            figures.samples += n;
            figures.failed += row.int("failed")?;
            figures.overturned += row.int("overturned")?;
            if let (Some(received), Some(approved)) =
                (row.opt_date("received")?, row.opt_instant("approved_at")?)
            {
                days.push((days_taken(received, approved), n));
                if report_due(received).is_some_and(|due| approved > due) {
                    figures.late += n;
                }
            }
        }
        let mut sql = Sql::new(concat!(
            "select s.laboratory, count(*) as n, cast(sum(case when ",
            not_detected!(),
            " then 1 else 0 end) as bigint) as nd, \
             cast(sum(case when v.near_limit = 1 and v.outcome = 'conform' then 1 else 0 end) as bigint) as near \
             from sample s join result r on r.sample = s.id and r.withdrawn = 0 \
             join verdict v on v.result = r.id and v.superseded_by is null where s.laboratory is not null and "
        ));
        self.counted(&mut sql, who, now, f);
        sql.push(" group by s.laboratory");
        for row in store.select(&sql).await? {
            if let Some((figures, _)) = all.get_mut(&row.id("laboratory")?) {
                figures.results = row.int("n")?;
                figures.not_detected = row.int("nd")?;
                figures.near = row.int("near")?;
            }
        }
        let mut out: Vec<LabFigures> = all
            .into_values()
            .map(|(mut figures, days)| {
                figures.days = median(days);
                figures
            })
            .collect();
        let sum = |pick: fn(&LabFigures) -> i64| out.iter().map(pick).sum::<i64>();
        let (samples, failed, results) = (sum(|l| l.samples), sum(|l| l.failed), sum(|l| l.results));
        let (not_detected, near) = (sum(|l| l.not_detected), sum(|l| l.near));
        for l in &mut out {
            let figures = [
                ("failures", apart(l.failed, l.samples, failed, samples)),
                ("non_detects", apart(l.not_detected, l.results, not_detected, results)),
                ("near_limit", apart(l.near, l.results, near, results)),
            ];
            l.flags =
                figures.into_iter().filter(|(_, z)| z.abs() >= 3.0).map(|(k, z)| (k.to_owned(), z)).collect();
        }
        Ok(out)
    }

    fn counted(&self, sql: &mut Sql, who: &Principal, now: Instant, f: &StatisticsFilter) {
        let scope = self.access.scope(who, "view", "sample", now);
        sql.append(&scope.sql("s.region", None, Some("s.laboratory")));
        sample_filter::counted(sql, f.kind);
        if let Some(kind) = f.kind {
            sql.push(" and s.kind = ").bind(kind.word());
        }
        if let Some(region) = f.region.as_deref() {
            prefix(sql, " and s.region", region);
        }
        if let Some(class) = f.class.as_deref() {
            sql.push(" and s.class = ").bind(class);
        }
        if let Some(produce) = f.produce {
            sample_filter::of_produce(sql, produce);
        }
        if let Some(from) = f.from {
            sql.push(" and s.sampled >= ").bind(from);
        }
        if let Some(to) = f.to {
            sql.push(" and s.sampled <= ").bind(to);
        }
    }
}

/// The median of values with how often each occurs.
fn median(mut values: Vec<(f64, i64)>) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: i64 = values.iter().map(|v| v.1).sum();
    let mut seen = 0;
    values
        .into_iter()
        .find(|(_, n)| {
            seen += n;
            seen * 2 >= total
        })
        .map(|(v, _)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_is_its_published_value_and_stays_between_nought_and_one() {
        // 95 % interval of 81 of 263 (Newcombe 1998, table I, method 3): 0.2553 to 0.3662
        let (low, high) = wilson(81, 263);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        for (hits, of) in [(0, 20), (20, 20), (1, 1)] {
            let (low, high) = wilson(hits, of);
            assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high) && low < high);
        }
    }

    #[test]
    fn a_median_counts_how_often_a_value_occurs() {
        assert_eq!(median(vec![(9.0, 1), (3.0, 5), (20.0, 1)]), Some(3.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn only_a_laboratory_unlike_its_peers_stands_out() {
        assert!(apart(90, 100, 140, 600).abs() > 3.0);
        assert!(apart(20, 100, 120, 600).abs() < 1.0);
        assert!(apart(1, 1, 1, 1).abs() < f64::EPSILON);
    }
}
