//! Progress of plans by any dimension, and where plans of several levels overlap or leave gaps.

use super::book::Book;
use super::plan::TaskFilter;
use crate::query::prefix;
use crate::sample::words;
use crate::sample_filter::failed_sample;
use crate::{Error, Lab};
use access::Principal;
use base::{Decimal, Id, Instant, RegionCode, Regions};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Sql, Store};

words! {
    /// What progress is cut by.
    Dimension {
        /// The region of the task.
        Region = "region", "县区", "County";
        /// Its prefecture.
        Prefecture = "prefecture", "市州", "Prefecture";
        /// Food class.
        Class = "class", "食品大类", "Food class";
        /// Stage.
        Stage = "stage", "抽样环节", "Stage";
        /// Level that pays.
        Budget = "budget", "经费来源", "Budget";
        /// Laboratory.
        Laboratory = "laboratory", "承检机构", "Laboratory";
        /// Why samples are taken.
        Kind = "kind", "抽检类别", "Kind";
    }
}

impl Dimension {
    const fn column(self) -> &'static str {
        match self {
            Self::Region => "t.region",
            Self::Prefecture => "substr(t.region, 1, 4)",
            Self::Class => "t.class",
            Self::Stage => "t.stage",
            Self::Budget => "t.budget",
            Self::Laboratory => "cast(coalesce(t.laboratory, 0) as text)",
            Self::Kind => "p.kind",
        }
    }
}

/// One line of a progress table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProgressRow {
    /// Code of the region, class, stage, …; the decimal record number for a laboratory.
    pub key: String,
    /// Batches planned.
    pub planned: i64,
    /// Samples taken.
    pub taken: i64,
    /// Places drawn where nothing could be taken.
    pub missed: i64,
    /// Samples with an approved report.
    pub tested: i64,
    /// Samples in a published list.
    pub published: i64,
    /// Samples that failed.
    pub failed: i64,
}

/// Progress of one or several plans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// By key, in order of key.
    pub rows: Vec<ProgressRow>,
    /// The sums.
    pub total: ProgressRow,
}

/// A region, class and stage that plans of more than one level sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Region code.
    pub region: String,
    /// Food class.
    pub class: String,
    /// Stage.
    pub stage: String,
    /// The plans, by title.
    pub plans: Vec<String>,
    /// Batches over all of them.
    pub quota: i64,
}

/// How a region stands against the target of batches per thousand people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerThousand {
    /// Region code.
    pub region: String,
    /// Residents, census 2020.
    pub people: u64,
    /// Batches planned for the year over all levels.
    pub planned: i64,
    /// Reports of supervision and evaluation samples of the year.
    pub reported: i64,
    /// Planned batches per thousand, two decimals.
    pub rate_planned: Decimal,
    /// Reported batches per thousand, two decimals.
    pub rate: Decimal,
}

impl Lab {
    /// Progress of the tasks the reader may see.
    ///
    /// # Errors
    /// Storage.
    pub async fn progress(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        by: Dimension,
        year: i16,
        f: &TaskFilter,
    ) -> Result<Progress, Error> {
        let mut rows: BTreeMap<String, ProgressRow> = BTreeMap::new();
        let from = " from sampling_task t join sampling_plan p on p.id = t.plan";
        let head = |what: &'static str, join: &'static str| {
            let mut sql = Sql::new("select ");
            sql.push(by.column()).push(" as k, ").push(what).push(from).push(join).push(" where ");
            sql.append(&self.task_visible(who, now))
                .push(" and p.state in ('issued', 'closed') and p.year = ");
            sql.bind(i64::from(year));
            restrict(&mut sql, f);
            sql.push(" group by 1 order by 1");
            sql
        };
        let planned = head("cast(sum(t.quota) as bigint) as n", "");
        for row in store.select(&planned).await? {
            let key = row.text("k")?;
            rows.entry(key.clone())
                .or_insert_with(|| ProgressRow { key, ..ProgressRow::default() })
                .planned = row.int("n")?;
        }
        let taken = head(
            concat!(
                "count(*) as n, \
             cast(sum(case when s.state in ('approved', 'submitted') then 1 else 0 end) as bigint) as tested, \
             cast(sum(case when ",
                failed_sample!(),
                " then 1 else 0 end) as bigint) as failed, \
             cast(sum(case when exists (select 1 from bulletin_row b join bulletin u on u.id = b.bulletin \
              where b.sample = s.id and u.state = 'published' and b.state <> 'retracted') then 1 else 0 end) as bigint) as shown"
            ),
            " join sample s on s.task = t.id and s.state <> 'refused'",
        );
        for row in store.select(&taken).await? {
            if let Some(line) = rows.get_mut(&row.text("k")?) {
                line.taken = row.int("n")?;
                line.tested = row.int("tested")?;
                line.failed = row.int("failed")?;
                line.published = row.int("shown")?;
            }
        }
        let missed =
            head("count(*) as n", " join sampling_target g on g.task = t.id and g.state = 'not_sampled'");
        for row in store.select(&missed).await? {
            if let Some(line) = rows.get_mut(&row.text("k")?) {
                line.missed = row.int("n")?;
            }
        }
        let mut out = Progress { rows: rows.into_values().collect(), total: ProgressRow::default() };
        for r in &out.rows {
            out.total.planned += r.planned;
            out.total.taken += r.taken;
            out.total.missed += r.missed;
            out.total.tested += r.tested;
            out.total.published += r.published;
            out.total.failed += r.failed;
        }
        Ok(out)
    }

    /// Where plans of several levels of one year and kind sample the same class at the same stage of the same region.
    ///
    /// # Errors
    /// Storage.
    pub async fn overlaps(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        plan: Id,
    ) -> Result<Vec<Overlap>, Error> {
        let mut sql = Sql::new(
            "select t.region, t.class, t.stage, o.title, x.quota, t.quota as own from sampling_task t \
             join sampling_plan p on p.id = t.plan \
             join sampling_plan o on o.year = p.year and o.kind = p.kind and o.id <> p.id \
             join sampling_task x on x.plan = o.id and x.region = t.region and x.class = t.class and x.stage = t.stage \
             where p.id = ",
        );
        sql.bind(plan).push(" and ").append(&self.task_visible(who, now));
        sql.push(" order by t.region, t.class, t.stage, o.id limit 1000");
        let mut out: Vec<Overlap> = Vec::new();
        for row in store.select(&sql).await? {
            let (region, class, stage) = (row.text("region")?, row.text("class")?, row.text("stage")?);
            let (title, quota) = (row.text("title")?, row.int("quota")?);
            match out.last_mut().filter(|o| o.region == region && o.class == class && o.stage == stage) {
                Some(last) => {
                    last.plans.push(title);
                    last.quota += quota;
                }
                None => {
                    let quota = quota + row.int("own")?;
                    out.push(Overlap { region, class, stage, plans: vec![title], quota });
                }
            }
        }
        Ok(out)
    }

    /// Counties of a region with the batches planned and reported in a year against their population. Everybody may know the
    /// figures; they name no firm.
    ///
    /// # Errors
    /// Storage; the region does not exist.
    pub async fn per_thousand(
        &self,
        store: &Store,
        region: &str,
        year: i16,
    ) -> Result<Vec<PerThousand>, Error> {
        let code: RegionCode = region.parse().map_err(|_| Error::NotFound(region.to_owned()))?;
        let planned = counts(
            store,
            "select substr(t.region, 1, 6) as k, cast(sum(t.quota) as bigint) as n from sampling_task t \
             join sampling_plan p on p.id = t.plan where p.kind <> 'monitoring' and p.state in ('issued', 'closed') and p.year = ",
            year,
            None,
        )
        .await?;
        let reported = counts(
            store,
            "select substr(s.region, 1, 6) as k, count(*) as n from sample s \
             where s.kind <> 'monitoring' and s.state = 'submitted' and s.submitted_at >= ",
            year,
            Some(" and s.submitted_at < "),
        )
        .await?;
        let within = |table: &BTreeMap<String, i64>, leaf: &str| -> i64 {
            table.iter().filter(|(k, _)| k.starts_with(leaf)).map(|(_, n)| n).sum()
        };
        let mut out = Vec::new();
        for leaf in Regions::builtin().leaf_units(&code) {
            let people = leaf.pop2020.unwrap_or(0);
            let rate = |n: i64| {
                if people == 0 {
                    Decimal::ZERO
                } else {
                    (Decimal::from(n) * Decimal::from(1000) / Decimal::from(people)).round_dp(2)
                }
            };
            let (planned, reported) =
                (within(&planned, leaf.code.as_str()), within(&reported, leaf.code.as_str()));
            out.push(PerThousand {
                region: leaf.code.as_str().to_owned(),
                people,
                planned,
                reported,
                rate_planned: rate(planned),
                rate: rate(reported),
            });
        }
        Ok(out)
    }

    /// Classes of the rulebook that no task of a plan samples at all.
    ///
    /// # Errors
    /// Storage.
    pub async fn classes_left_out(
        &self,
        store: &Store,
        plan: Id,
    ) -> Result<Vec<&'static super::Class>, Error> {
        let rows =
            store.query("select distinct class from sampling_task where plan = $1", &[plan.into()]).await?;
        let known: Vec<String> = rows.iter().map(|r| r.text("class")).collect::<Result<_, _>>()?;
        Ok(Book::builtin().classes().iter().filter(|c| !known.contains(&c.code)).collect())
    }
}

async fn counts(
    store: &Store,
    sql: &'static str,
    year: i16,
    between: Option<&'static str>,
) -> Result<BTreeMap<String, i64>, Error> {
    let mut built = Sql::new(sql);
    match between {
        None => {
            built.bind(i64::from(year));
        }
        Some(and) => {
            let Some((from, to)) = crate::query::year(year) else { return Ok(BTreeMap::new()) };
            built.bind(from).push(and).bind(to);
        }
    }
    built.push(" group by 1");
    let mut out = BTreeMap::new();
    for row in store.select(&built).await? {
        out.insert(row.text("k")?, row.int("n")?);
    }
    Ok(out)
}

/// Appends what a filter asks of the tasks `t`.
pub(super) fn restrict(sql: &mut Sql, f: &TaskFilter) {
    if let Some(plan) = f.plan {
        sql.push(" and t.plan = ").bind(plan);
    }
    if let Some(region) = f.region.as_deref() {
        prefix(sql, " and t.region", region);
    }
    if let Some(class) = f.class.as_deref() {
        sql.push(" and t.class = ").bind(class);
    }
    if let Some(stage) = f.stage {
        sql.push(" and t.stage = ").bind(stage.word());
    }
    if let Some(budget) = f.budget {
        sql.push(" and t.budget = ").bind(budget.word());
    }
    if let Some(laboratory) = f.laboratory {
        sql.push(" and t.laboratory = ").bind(laboratory);
    }
}
