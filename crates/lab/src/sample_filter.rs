//! Which samples a list shows.

use crate::names;
use crate::query::prefix;
use crate::sample::{Conclusion, SampleKind, SampleState, words};
use crate::timing::{self, Timing};
use crate::{Book, Budget, Stage};
use base::{Date, Id, Instant};
use serde::{Deserialize, Serialize};
use store::Sql;
use store::words::Found;

/// Order of a sample list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSort {
    /// Order of registration.
    #[default]
    Registered,
    /// Sampling date.
    Sampled,
}

/// Which samples to list; empty fields do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleFilter {
    /// Words of the food, product name, place, producer or lot number, each in one of them; the form number, its beginning, its end or
    /// another part; or the blind number.
    pub text: Option<String>,
    /// State.
    pub state: Option<SampleState>,
    /// Why it was taken.
    pub kind: Option<SampleKind>,
    /// Conclusion of the report.
    pub conclusion: Option<Conclusion>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Operator sampled.
    pub operator: Option<Id>,
    /// Laboratory.
    pub laboratory: Option<Id>,
    /// Trace key of the lot.
    pub item: Option<String>,
    /// Of this plan.
    pub plan: Option<Id>,
    /// Of this task.
    pub task: Option<Id>,
    /// Food class of the rulebook.
    pub class: Option<String>,
    /// Stage.
    pub stage: Option<Stage>,
    /// Level that pays.
    pub budget: Option<Budget>,
    /// How far it has come.
    pub reached: Option<Reached>,
    /// With a result of this analyte, as reported.
    pub analyte: Option<String>,
    /// With a result, of the analyte when one is named, of which this was found.
    pub finding: Option<Finding>,
    /// By the time its report took.
    pub timing: Option<Timing>,
    /// Of tasks of this year's issued plans, as progress counts them: region, class, stage, level, kind and laboratory are then the task's.
    pub planned: Option<i16>,
    /// Reported in this year, as the batches per thousand people count: submitted, and no risk monitoring.
    pub reported: Option<i16>,
    /// Only those the statistics count: reported with a conclusion, and risk monitoring only when its kind is asked for.
    pub counted: bool,
    /// Only farm produce, or only other food.
    pub produce: Option<bool>,
    /// Only those with a duty still to be done: no submitted report, or not yet published where it is to be.
    pub clocked: bool,
    /// First sampling date.
    pub from: Option<Date>,
    /// Last sampling date.
    pub to: Option<Date>,
    /// Order.
    pub sort: SampleSort,
    /// Cursor of the page before ([`Page::next`]).
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

impl SampleFilter {
    /// The text looked for, when there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref().map(str::trim).filter(|t| !t.is_empty())
    }
}

words! {
    /// How far a sample has come, as progress counts it.
    Reached {
        /// Not refused.
        Taken = "taken", "已抽样", "Taken";
        /// The report is approved.
        Tested = "tested", "已检验", "Tested";
        /// It concluded: qualified or not.
        Concluded = "concluded", "有结论", "Concluded";
        /// It concluded and did not fail, or its failure was overturned.
        Passed = "passed", "合格", "Qualified";
        /// It failed.
        Failed = "failed", "不合格或问题", "Failed";
        /// It stands in a published list.
        Published = "published", "已公示", "Published";
        /// It failed, and a retest or an objection overturned that.
        Overturned = "overturned", "不合格被推翻", "Failure overturned";
    }
}

words! {
    /// What was found of a result.
    Finding {
        /// The law, or the standard its firm declares, decides it.
        Judged = "judged", "可判定", "Judged";
        /// It fails the one or the other.
        Failed = "failed", "不合格", "Failed";
        /// It fails the law.
        Law = "law", "不符合国家标准和规定", "Fails the law";
        /// It fails only the standard its firm declares.
        Declared = "declared", "仅不符合明示标准", "Fails only the declared standard";
        /// Not detected.
        NotDetected = "not_detected", "未检出", "Not detected";
        /// It conforms, but is near the limit.
        Near = "near", "接近限量的合格值", "Conforms, near the limit";
    }
}

/// `s` failed and no retest or objection overturned it.
macro_rules! failed_sample {
    () => {
        "(s.conclusion in ('unqualified', 'problem') and not exists (select 1 from nonconformity q \
          where q.sample = s.id and q.state = 'overturned'))"
    };
}
/// The result `r` was reported as not detected.
macro_rules! not_detected {
    () => {
        "(r.reported like '<%' or lower(r.reported) like 'nd%' or r.reported like '未检出%')"
    };
}
pub(crate) use {failed_sample, not_detected};

impl Finding {
    /// A condition on the result `r`.
    const fn condition(self) -> &'static str {
        const LAW: &str = "exists (select 1 from verdict v where v.result = r.id and v.superseded_by is null \
            and v.outcome in ('nonconform', 'prohibited'))";
        match self {
            Self::Judged => {
                "(exists (select 1 from verdict v where v.result = r.id and v.superseded_by is null \
                 and v.outcome in ('conform', 'nonconform', 'prohibited')) or exists (select 1 from declared_verdict d \
                 where d.sample = s.id and d.result = r.id and d.outcome in ('conform', 'nonconform', 'prohibited')))"
            }
            Self::Failed => {
                "(exists (select 1 from verdict v where v.result = r.id and v.superseded_by is null \
                 and v.outcome in ('nonconform', 'prohibited')) or exists (select 1 from declared_verdict d \
                 where d.sample = s.id and d.result = r.id and d.outcome in ('nonconform', 'prohibited')))"
            }
            Self::Law => LAW,
            Self::Declared => {
                "(exists (select 1 from declared_verdict d where d.sample = s.id and d.result = r.id \
                 and d.outcome in ('nonconform', 'prohibited')) and not exists (select 1 from verdict v \
                 where v.result = r.id and v.superseded_by is null and v.outcome in ('nonconform', 'prohibited')))"
            }
            Self::NotDetected => not_detected!(),
            Self::Near => {
                "exists (select 1 from verdict v where v.result = r.id and v.superseded_by is null \
                 and v.outcome = 'conform' and v.near_limit = 1)"
            }
        }
    }
}

/// `revealed`: what names a firm is searched only where the reader may see it, so that no question gives it away.
/// `found`: what the text may stand for ([`crate::names::find`]). `late`: [`timing::late_days`], when late reports are asked for.
pub(crate) fn restrict(
    sql: &mut Sql,
    f: &SampleFilter,
    revealed: &Sql,
    found: &Found,
    late: &[(Date, Instant)],
) {
    if let Some(text) = f.text() {
        if let Found::Few(ids) = found {
            sql.push(" and s.id in ").bind_list(ids.iter().copied());
        }
        names::push_text(sql, text, revealed);
    }
    if let Some(state) = f.state {
        sql.push(" and s.state = ").bind(state.word());
    }
    let own = f.planned.is_none();
    if let Some(year) = f.planned {
        planned(sql, f, year);
    }
    if let Some(kind) = f.kind.filter(|_| own) {
        sql.push(" and s.kind = ").bind(kind.word());
    }
    if let Some(conclusion) = f.conclusion {
        sql.push(" and s.conclusion = ").bind(conclusion.word());
    }
    let named = f.region.as_deref().is_some_and(|r| !r.is_empty())
        || f.operator.is_some()
        || f.item.is_some()
        || f.task.is_some()
        || f.plan.is_some();
    if named {
        sql.push(" and ").append(revealed);
    }
    if let Some(region) = f.region.as_deref().filter(|_| own) {
        prefix(sql, " and s.region", region);
    }
    if let Some(operator) = f.operator {
        sql.push(" and s.operator = ").bind(operator);
    }
    if let Some(laboratory) = f.laboratory.filter(|_| own) {
        sql.push(" and s.laboratory = ").bind(laboratory);
    }
    if let Some(item) = f.item.as_deref() {
        sql.push(" and s.item = ").bind(item);
    }
    if let Some(plan) = f.plan {
        sql.push(" and s.task in (select t.id from sampling_task t where t.plan = ").bind(plan).push(")");
    }
    if let Some(task) = f.task {
        sql.push(" and s.task = ").bind(task);
    }
    if let Some(class) = f.class.as_deref().filter(|_| own) {
        sql.push(" and s.class = ").bind(class);
    }
    if let Some(stage) = f.stage.filter(|_| own) {
        sql.push(" and s.stage = ").bind(stage.word());
    }
    if let Some(budget) = f.budget.filter(|_| own) {
        sql.push(" and s.budget = ").bind(budget.word());
    }
    if let Some(year) = f.reported {
        // no sample is of a year that is none
        let (from, to) = crate::query::year(year).unwrap_or((Instant(i64::MAX), Instant(i64::MAX)));
        sql.push(" and s.state = 'submitted' and s.kind <> 'monitoring' and s.submitted_at >= ").bind(from);
        sql.push(" and s.submitted_at < ").bind(to);
    }
    if f.analyte.is_some() || f.finding.is_some() {
        sql.push(" and exists (select 1 from result r where r.sample = s.id and r.withdrawn = 0");
        if let Some(analyte) = f.analyte.as_deref() {
            sql.push(" and r.analyte = ").bind(analyte);
        }
        if let Some(finding) = f.finding {
            sql.push(" and ").push(finding.condition());
        }
        sql.push(")");
    }
    if let Some(timing) = f.timing {
        timing::restrict(sql, timing, late);
    }
    if f.counted {
        counted(sql, f.kind);
    }
    if let Some(produce) = f.produce {
        of_produce(sql, produce);
    }
    if f.clocked {
        sql.push(
            " and (s.state not in ('submitted', 'refused') or (s.state = 'submitted' and s.kind <> 'monitoring' and not exists \
             (select 1 from bulletin_row b join bulletin u on u.id = b.bulletin \
             where b.sample = s.id and u.state = 'published' and b.state <> 'retracted')))",
        );
    }
    if let Some(reached) = f.reached {
        sql.push(match reached {
            Reached::Taken => " and s.state <> 'refused'",
            Reached::Tested => " and s.state in ('approved', 'submitted')",
            Reached::Concluded => " and s.state = 'submitted' and s.conclusion <> 'undecided'",
            Reached::Passed => {
                concat!(
                    " and s.state = 'submitted' and s.conclusion <> 'undecided' and not ",
                    failed_sample!()
                )
            }
            Reached::Failed => concat!(" and ", failed_sample!()),
            Reached::Published => {
                " and exists (select 1 from bulletin_row b join bulletin u on u.id = b.bulletin \
                 where b.sample = s.id and u.state = 'published' and b.state <> 'retracted')"
            }
            Reached::Overturned => {
                " and exists (select 1 from nonconformity q where q.sample = s.id and q.state = 'overturned')"
            }
        });
    }
    if let Some(from) = f.from {
        sql.push(" and s.sampled >= ").bind(from);
    }
    if let Some(to) = f.to {
        sql.push(" and s.sampled <= ").bind(to);
    }
}

/// Appends `and` `s` was taken for a task of an issued plan of the year that is of the filter's region, class, stage, level, kind and
/// laboratory; the record 0 is that of tasks without laboratory.
fn planned(sql: &mut Sql, f: &SampleFilter, year: i16) {
    sql.push(
        " and s.task in (select t.id from sampling_task t join sampling_plan p on p.id = t.plan \
         where p.state in ('issued', 'closed') and p.year = ",
    );
    sql.bind(i64::from(year));
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
    if let Some(kind) = f.kind {
        sql.push(" and p.kind = ").bind(kind.word());
    }
    if let Some(laboratory) = f.laboratory {
        sql.push(" and coalesce(t.laboratory, 0) = ").bind(laboratory);
    }
    sql.push(")");
}

/// Appends `and` the statistics count `s`.
pub(crate) fn counted(sql: &mut Sql, kind: Option<SampleKind>) {
    sql.push(" and s.state = 'submitted' and s.conclusion is not null and s.conclusion <> 'undecided'");
    if kind.is_none() {
        sql.push(" and s.kind <> 'monitoring'");
    }
}

/// Appends `and` `s` is farm produce, or is not.
pub(crate) fn of_produce(sql: &mut Sql, produce: bool) {
    let codes = Book::builtin().classes().iter().filter(|c| c.produce).map(|c| c.code.as_str());
    sql.push(if produce { " and s.class in " } else { " and coalesce(s.class, '') not in " });
    sql.bind_list(codes);
}
