//! Lists and details of samples and nonconformities, cut to what the reader may see.

use crate::blind::blind_results;
use crate::corrected::{CorrectionState, ReportCorrection};
use crate::correction::corrections_of;
use crate::report::failure;
use crate::result::{JudgedResult, RESULTS, VERDICTS, assemble, results_in};
use crate::sample::Sample;
use crate::sample_filter::{SampleFilter, SampleSort, restrict};
use crate::timing::{Timing, late_days};
use crate::{Error, Lab, Nonconformity, NonconformityState, names, register};
use access::{Principal, Resource, Role};
use base::{Date, Id, Instant};
use serde::{Deserialize, Serialize};
use store::words::Found;
use store::{Row, Sql, Store, Tx};

/// The first moments of a year and of the next; `None` for a year no sample can be of.
pub(crate) fn year(year: i16) -> Option<(Instant, Instant)> {
    let begins = |y: i16| Some(Instant::china(Date::new(y, 1, 1).ok()?, 0, 0));
    (1949..2949).contains(&year).then(|| Some((begins(year)?, begins(year + 1)?)))?
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Cursor of the next page; `None` on the last.
    pub next: Option<String>,
}

/// One line of a sample list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleRow {
    /// The sample.
    pub sample: Sample,
    /// Results in force.
    pub results: i64,
    /// Of these, failing.
    pub failing: i64,
}

/// Everything about a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleDetail {
    /// The sample.
    pub sample: Sample,
    /// Its results with all verdicts; corrected ones are marked.
    pub results: Vec<JudgedResult>,
    /// The nonconformity it led to.
    pub nonconformity: Option<Nonconformity>,
    /// Corrections of its report, oldest first.
    pub corrections: Vec<ReportCorrection>,
}

/// Which nonconformities to list; empty fields do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NonconformityFilter {
    /// State.
    pub state: Option<NonconformityState>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Trace key of the lot.
    pub item: Option<String>,
    /// Operator sampled or producer.
    pub operator: Option<Id>,
    /// Part of the name of the food, product, place or producer, or of the number of the form or the lot.
    pub text: Option<String>,
    /// Found on this day or later.
    pub from: Option<Date>,
    /// Found on this day or earlier.
    pub to: Option<Date>,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

impl Lab {
    /// Samples the reader may see.
    ///
    /// # Errors
    /// Storage.
    pub async fn samples(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &SampleFilter,
    ) -> Result<Page<SampleRow>, Error> {
        let mut sql = Sql::new(
            "select s.*, \
             (select count(*) from result r where r.sample = s.id and r.withdrawn = 0) as results, \
             (select count(*) from result r where r.sample = s.id and r.withdrawn = 0 and (exists (select 1 from verdict v \
              where v.result = r.id and v.superseded_by is null and v.outcome in ('nonconform', 'prohibited')) \
              or exists (select 1 from declared_verdict d where d.sample = s.id and d.result = r.id \
              and d.outcome in ('nonconform', 'prohibited')))) as failing, case when ",
        );
        let revealed = self.revealed(who, now);
        sql.append(&revealed).push(" then 1 else 0 end as revealed from sample s where ");
        sql.append(&self.visible(who, now));
        let mut tx = store.snapshot().await?;
        let found = match filter.text() {
            Some(text) => names::find(&mut tx, text).await?,
            None => Found::Many,
        };
        let late = match filter.timing {
            Some(Timing::Late) => late_days(&mut tx, filter.laboratory).await?,
            _ => Vec::new(),
        };
        restrict(&mut sql, filter, &revealed, &found, &late);
        let limit = limit(filter.limit);
        match filter.sort {
            SampleSort::Registered => {
                if let Some(after) = filter.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
                    sql.push(" and s.id < ").bind(after);
                }
                sql.push(" order by s.id desc");
            }
            SampleSort::Sampled => {
                if let Some((day, id)) = filter.after.as_deref().and_then(day_cursor) {
                    sql.push(" and (s.sampled < ").bind(day).push(" or (s.sampled = ").bind(day);
                    sql.push(" and s.id < ").bind(id).push("))");
                }
                sql.push(" order by s.sampled desc, s.id desc");
            }
        }
        sql.push(" limit ").bind(i64::from(limit) + 1);
        let found = tx.select(&sql).await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            let sample = register::read(row)?;
            rows.push(SampleRow {
                sample: if row.flag("revealed")? { sample } else { sample.blinded() },
                results: row.int("results")?,
                failing: row.int("failing")?,
            });
        }
        Ok(page(rows, limit, |r| match filter.sort {
            SampleSort::Registered => r.sample.id.to_string(),
            SampleSort::Sampled => format!("{}.{}", r.sample.sampled, r.sample.id),
        }))
    }

    /// One sample with its results, verdicts and nonconformity.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn sample(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<SampleDetail, Error> {
        let mut sql = Sql::new("select s.* from sample s where s.id = ");
        sql.bind(id).push(" and ").append(&self.visible(who, now));
        let row = store.select(&sql).await?.into_iter().next();
        let row = row.ok_or_else(|| Error::NotFound(format!("sample {id}")))?;
        let sample = self.shown(who, now, register::read(&row)?);
        let results = store.query(RESULTS, &[id.into()]).await?;
        let verdicts = store.query(VERDICTS, &[id.into()]).await?;
        let mut results = assemble(&results, &verdicts)?;
        if sample.blind {
            blind_results(&sample.form_no, &mut results);
            return Ok(SampleDetail { sample, results, nonconformity: None, corrections: Vec::new() });
        }
        let mut of = Sql::new(NONCONFORMITY);
        of.push(" where n.sample = ").bind(id);
        let nonconformity = match store.select(&of).await?.first() {
            Some(row) => Some(nonconformity(row, &results)?),
            None => None,
        };
        let corrections = corrections_of(store, id).await?;
        Ok(SampleDetail { sample, results, nonconformity, corrections })
    }

    /// The id of the sample with this form number, or blind number, if the reader may see it.
    ///
    /// # Errors
    /// Storage.
    pub async fn sample_by_form(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        form_no: &str,
    ) -> Result<Option<Id>, Error> {
        let mut sql = Sql::new("select s.id from sample s where (s.form_no = ");
        sql.bind(form_no.trim()).push(" and ").append(&self.revealed(who, now));
        if let Ok(id) = form_no.trim().parse::<Id>() {
            sql.push(" or s.id = ").bind(id);
        }
        sql.push(") and ").append(&self.visible(who, now));
        Ok(store.select(&sql).await?.first().map(|r| r.id("id")).transpose()?)
    }

    /// Nonconformities the reader may see, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn nonconformities(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &NonconformityFilter,
    ) -> Result<Page<Nonconformity>, Error> {
        let mut sql = Sql::new(NONCONFORMITY);
        sql.push(" where ").append(&self.visible_nonconformity(who, now));
        if let Some(state) = filter.state {
            sql.push(" and n.state = ").bind(state.word());
        }
        if let Some(region) = filter.region.as_deref() {
            prefix(&mut sql, " and n.region", region);
        }
        if let Some(item) = filter.item.as_deref() {
            sql.push(" and n.item = ").bind(item);
        }
        if let Some(operator) = filter.operator {
            sql.push(" and (n.operator = ").bind(operator).push(" or n.producer = ").bind(operator).push(")");
        }
        if let Some(text) = filter.text.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
            let columns =
                ["s.form_no", "s.food", "s.product_name", "s.lot_no", "s.place_name", "s.producer_name"];
            contains(sql.push(" and ("), &columns, text);
            sql.push(")");
        }
        if let Some(day) = filter.from {
            sql.push(" and n.created >= ").bind(Instant::china(day, 0, 0));
        }
        if let Some(day) = filter.to {
            sql.push(" and n.created < ").bind(Instant::china(day.tomorrow().unwrap_or(day), 0, 0));
        }
        let (beyond, order) =
            if filter.oldest_first { (" and n.id > ", "asc") } else { (" and n.id < ", "desc") };
        if let Some(after) = filter.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
            sql.push(beyond).bind(after);
        }
        let limit = limit(filter.limit);
        sql.push(" order by n.id ").push(order).push(" limit ").bind(i64::from(limit) + 1);
        let mut rows = Vec::new();
        for row in store.select(&sql).await? {
            let results = self.results_of(store, row.id("sample")?).await?;
            rows.push(nonconformity(&row, &results)?);
        }
        Ok(page(rows, limit, |n| n.id.to_string()))
    }

    /// One nonconformity.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn nonconformity(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<Nonconformity, Error> {
        let mut tx = store.snapshot().await?;
        one_nonconformity(&mut tx, &self.visible_nonconformity(who, now), id).await
    }

    /// The corrections of the report a nonconformity came from that were issued, oldest first, for who may see it.
    ///
    /// # Errors
    /// Storage.
    pub async fn corrected_reports(
        &self,
        store: &Store,
        n: &Nonconformity,
    ) -> Result<Vec<ReportCorrection>, Error> {
        let mut all = corrections_of(store, n.sample).await?;
        all.retain(|c| c.state == CorrectionState::Issued);
        Ok(all)
    }

    async fn results_of(&self, store: &Store, sample: Id) -> Result<Vec<JudgedResult>, Error> {
        let results = store.query(RESULTS, &[sample.into()]).await?;
        let verdicts = store.query(VERDICTS, &[sample.into()]).await?;
        assemble(&results, &verdicts)
    }

    /// A sample is seen by the authorities of its region, by its laboratory, and, once the report of a sample that is
    /// not risk monitoring is submitted, by the operator sampled.
    fn visible(&self, who: &Principal, now: Instant) -> Sql {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new("(");
        sql.append(&scope.sql("s.region", None, Some("s.laboratory")));
        sql.push(" or (").append(&scope.sql("s.region", None, Some("s.operator")));
        if who.has(Role::Firm) {
            sql.push(" and s.state = 'submitted' and s.kind <> 'monitoring'");
        }
        sql.push("))");
        sql
    }

    pub(crate) fn visible_nonconformity(&self, who: &Principal, now: Instant) -> Sql {
        let scope = self.access.scope(who, "view", "nonconformity", now);
        let mut sql = Sql::new("(");
        sql.append(&scope.sql("n.region", None, Some("n.operator")));
        sql.push(" or ").append(&scope.sql("n.region", None, Some("n.producer"))).push(")");
        sql
    }

    /// The record a right is asked for when acting on a nonconformity.
    #[must_use]
    pub fn nonconformity_resource(n: &Nonconformity) -> Resource {
        Resource::new("nonconformity", n.region.clone()).of_agency(n.agency.clone()).of_operator(n.operator)
    }
}

/// One nonconformity within a scope.
pub(crate) async fn one_nonconformity(tx: &mut Tx, scope: &Sql, id: Id) -> Result<Nonconformity, Error> {
    let mut sql = Sql::new(NONCONFORMITY);
    sql.push(" where n.id = ").bind(id).push(" and ").append(scope);
    let row = tx.select(&sql).await?.into_iter().next();
    let row = row.ok_or_else(|| Error::NotFound(format!("nonconformity {id}")))?;
    let results = results_in(tx, row.id("sample")?).await?;
    Ok(nonconformity(&row, &results)?)
}

const NONCONFORMITY: &str = "select n.*, s.form_no, s.food, s.product_name, s.lot_no, s.place_name, \
    s.producer_name from nonconformity n join sample s on s.id = n.sample";

/// Whether one of the columns contains the text, as written: its signs for any text stand for themselves.
fn contains(sql: &mut Sql, columns: &[&'static str], text: &str) {
    let like = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    for (i, column) in columns.iter().enumerate() {
        sql.push(if i == 0 { "" } else { " or " }).push(column);
        sql.push(" like ").bind(like.as_str()).push(" escape '\\'");
    }
}

/// `column >= code and column < code~`: every region below a prefix ('~' sorts after every digit).
pub(crate) fn prefix(sql: &mut Sql, column: &'static str, code: &str) {
    if !code.is_empty() {
        sql.push(column).push(" >= ").bind(code).push(column).push(" < ").bind(format!("{code}~"));
    }
}

pub(crate) fn limit(asked: u32) -> u32 {
    if asked == 0 { 50 } else { asked.min(500) }
}

pub(crate) fn page<T>(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Page<T> {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(cursor) } else { None };
    Page { rows, next }
}

fn day_cursor(text: &str) -> Option<(Date, Id)> {
    let (day, id) = text.split_once('.')?;
    Some((day.parse().ok()?, id.parse().ok()?))
}

fn nonconformity(row: &Row, results: &[JudgedResult]) -> Result<Nonconformity, store::Error> {
    let failing = |r: &&JudgedResult| !r.withdrawn && r.failing().is_some();
    Ok(Nonconformity {
        id: row.id("id")?,
        version: row.int("version")?,
        sample: row.id("sample")?,
        form_no: row.text("form_no")?,
        food: row.text("food")?,
        product_name: row.text("product_name")?,
        result: row.id("result")?,
        verdict: row.id("verdict")?,
        failures: results.iter().filter(failing).map(failure).collect(),
        state: row.parsed("state")?,
        item: row.opt_text("item")?,
        lot_no: row.opt_text("lot_no")?,
        place: row.opt_text("place")?,
        place_name: row.text("place_name")?,
        operator: row.opt_id("operator")?,
        producer: row.opt_id("producer")?,
        producer_name: row.text("producer_name")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        created: row.instant("created")?,
        matter: row.opt_id("matter")?,
    })
}
