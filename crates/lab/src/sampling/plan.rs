//! The yearly plan and its tasks: drafted, proposed by rule, submitted, issued by a second person, closed.

use super::book::{Budget, Stage};
use super::proposal::check;
use crate::query::{Page, limit, page};
use crate::sample::words;
use crate::{Error, Lab, Problem, SampleKind};
use access::{Principal, Resource};
use base::{Date, Id, Instant, Regions, Text};
use ledger::{Context, Entry};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Row, Sql, Store, Tx};

words! {
    /// Where a plan stands.
    PlanState {
        /// Being written.
        Draft = "draft", "草拟中", "Draft";
        /// Waiting for a second person.
        Submitted = "submitted", "待审批", "Submitted";
        /// In force: samples are taken under it.
        Issued = "issued", "已下达", "Issued";
        /// The year is over.
        Closed = "closed", "已结束", "Closed";
    }
}

/// A plan to be drafted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlan {
    /// Calendar year.
    pub year: i16,
    /// On screen.
    pub title: String,
    /// Supervision, monitoring and evaluation are separate plans.
    pub kind: SampleKind,
    /// Whose plan it is.
    pub level: Budget,
    /// Region code it covers.
    pub region: String,
    /// Department.
    pub agency: String,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// What was drafted.
    #[serde(flatten)]
    pub plan: NewPlan,
    /// Where it stands.
    pub state: PlanState,
    /// Account that submitted it.
    pub submitted_by: Option<Id>,
    /// Time it was issued.
    pub issued_at: Option<Instant>,
    /// Time of the draft.
    pub created: Instant,
    /// Number of tasks.
    pub tasks: i64,
    /// Batches over all tasks.
    pub quota: i64,
}

/// A task of a plan: so many batches of a class at a stage in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// Region code, as a rule a county.
    pub region: String,
    /// Food class, two digits.
    pub class: String,
    /// Where in the chain.
    pub stage: Stage,
    /// Which level pays.
    pub budget: Budget,
    /// What to test for; empty: all the detailed rules name for the class.
    #[serde(default)]
    pub analytes: Vec<String>,
    /// Batches.
    pub quota: u32,
    /// The laboratory (an operator).
    #[serde(default)]
    pub laboratory: Option<Id>,
    /// Last day to take the samples.
    #[serde(default)]
    pub until: Option<Date>,
    /// Months in which the samples are taken, in order; empty: all the year.
    #[serde(default)]
    pub months: Vec<u8>,
}

/// A stored task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Record id.
    pub id: Id,
    /// Its plan.
    pub plan: Id,
    /// Why samples are taken under it.
    pub kind: SampleKind,
    /// Department of the plan.
    pub agency: String,
    /// State of the plan.
    pub plan_state: PlanState,
    /// Year of the plan.
    pub year: i16,
    /// What is to be done.
    #[serde(flatten)]
    pub task: NewTask,
    /// Samples taken.
    pub taken: i64,
}

/// Which tasks to list; empty fields do not restrict.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Of this plan.
    pub plan: Option<Id>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Food class.
    pub class: Option<String>,
    /// Stage.
    pub stage: Option<Stage>,
    /// Level that pays.
    pub budget: Option<Budget>,
    /// Laboratory.
    pub laboratory: Option<Id>,
    /// Only those not yet fulfilled.
    pub open: bool,
    /// Only of issued plans.
    pub issued: bool,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

const YEAR: Text = Text::of("年度", "year");

impl Lab {
    /// Drafts a plan without tasks.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::Denied`].
    pub async fn draft_plan(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewPlan,
    ) -> Result<Id, Error> {
        let mut problems = Vec::new();
        let this = cx.now.china_date().year();
        if !(this - 10..=this + 2).contains(&new.year) {
            let text = Text::of(
                "请填写近十年或今后两年之内的年度",
                "state a year within the last ten or the next two",
            );
            problems.push(Problem::new("year", YEAR, new.year.to_string(), text));
        }
        if new.title.trim().is_empty() {
            let text = Text::of("请填写计划名称", "give the plan a name");
            problems.push(Problem::new("title", Text::of("计划名称", "name"), "", text));
        }
        if Regions::builtin().find(&new.region).is_err() {
            let text = Text::of("没有这个行政区划", "there is no such region; choose one from the list");
            problems.push(Problem::new("region", REGION, new.region.as_str(), text));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let permit = self.access.check(who, "decide", &resource(&new.region, &new.agency, None), cx.now)?;
        let id = cx.id();
        tx.exec(
            "insert into sampling_plan (id, version, year, title, kind, level, region, agency, state, drafted_by, created) \
             values ($1, 1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9)",
            &[
                id.into(),
                i64::from(new.year).into(),
                new.title.trim().into(),
                new.kind.word().into(),
                new.level.word().into(),
                new.region.as_str().into(),
                new.agency.as_str().into(),
                who.account.into(),
                cx.now.into(),
            ],
        )
        .await?;
        let entry = Entry {
            kind: "sampling.plan_drafted",
            region: new.region.clone(),
            subject: format!("plan:{id}"),
            body: serde_json::json!({ "year": new.year, "title": new.title, "kind": new.kind.word(), "level": new.level.word() }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(id)
    }

    /// Replaces all tasks of a draft.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming each wrong task; [`Error::State`] unless it is a draft; [`Error::Denied`].
    pub async fn set_tasks(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        plan: Id,
        tasks: Vec<NewTask>,
    ) -> Result<u32, Error> {
        let plan = plan_in(tx, plan).await?;
        let permit = self.access.check(
            who,
            "decide",
            &resource(&plan.plan.region, &plan.plan.agency, None),
            cx.now,
        )?;
        expect(&plan, PlanState::Draft)?;
        let problems = check(&plan.plan, &tasks);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        tx.exec("delete from sampling_task where plan = $1", &[plan.id.into()]).await?;
        let mut values = Vec::with_capacity(tasks.len() * 11);
        let mut hash = Sha256::new();
        let mut total = 0_u32;
        for t in &tasks {
            total = total.saturating_add(t.quota);
            hash.update(serde_json::json!(t).to_string().as_bytes());
            hash.update(b"\n");
            values.extend([
                cx.id().into(),
                plan.id.into(),
                t.region.as_str().into(),
                t.class.as_str().into(),
                t.stage.word().into(),
                t.budget.word().into(),
                serde_json::json!(t.analytes).to_string().into(),
                i64::from(t.quota).into(),
                t.laboratory.into(),
                t.until.into(),
                (!t.months.is_empty()).then(|| serde_json::json!(t.months).to_string()).into(),
            ]);
        }
        tx.insert_many(
            "insert into sampling_task (id, plan, region, class, stage, budget, analytes, quota, laboratory, until, \
             months)",
            11,
            values,
            "",
        )
        .await?;
        tx.exec_one(
            "update sampling_plan set version = version + 1 where id = $1 and version = $2",
            &[plan.id.into(), plan.version.into()],
        )
        .await?;
        let body = serde_json::json!({ "tasks": tasks.len(), "batches": total, "sha256": hex::encode(hash.finalize()) });
        record(tx, cx, &permit, &plan, "sampling.plan_tasks", body).await?;
        Ok(total)
    }

    /// Moves a plan on: draft → submitted → issued → closed, or back to draft. Who submitted does not issue.
    ///
    /// # Errors
    /// [`Error::State`] out of order or without tasks; [`Error::Denied`], also for the submitter.
    pub async fn move_plan(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        plan: Id,
        to: PlanState,
    ) -> Result<(), Error> {
        let plan = plan_in(tx, plan).await?;
        let (region, agency) = (&plan.plan.region, &plan.plan.agency);
        let (needed, submitter) = match to {
            PlanState::Draft => (PlanState::Submitted, None),
            PlanState::Submitted => (PlanState::Draft, None),
            PlanState::Issued => (PlanState::Submitted, plan.submitted_by),
            PlanState::Closed => (PlanState::Issued, None),
        };
        let permit = self.access.check(who, "decide", &resource(region, agency, submitter), cx.now)?;
        expect(&plan, needed)?;
        if plan.tasks == 0 && to == PlanState::Submitted {
            return Err(Error::State(Text::of(
                "计划还没有任务，请先生成或导入任务",
                "the plan has no tasks yet; propose or import them first",
            )));
        }
        let submitted_by = if to == PlanState::Submitted { Some(who.account) } else { plan.submitted_by };
        let issued = (to == PlanState::Issued).then_some(cx.now).or(plan.issued_at);
        let issuer = (to == PlanState::Issued).then_some(who.account);
        tx.exec_one(
            "update sampling_plan set state = $1, submitted_by = $2, issued_at = $3, \
             issued_by = coalesce($4, issued_by), version = version + 1 where id = $5 and version = $6",
            &[
                to.word().into(),
                submitted_by.into(),
                issued.into(),
                issuer.into(),
                plan.id.into(),
                plan.version.into(),
            ],
        )
        .await?;
        let body = serde_json::json!({ "state": to.word(), "tasks": plan.tasks, "batches": plan.quota });
        record(tx, cx, &permit, &plan, "sampling.plan_moved", body).await
    }

    /// Plans the reader may see: the region's own, and issued ones with tasks in the region, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn plans(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        year: Option<i16>,
    ) -> Result<Vec<Plan>, Error> {
        let mut sql = Sql::new(PLAN);
        sql.push(" where ").append(&self.plan_visible(who, now));
        if let Some(year) = year {
            sql.push(" and p.year = ").bind(i64::from(year));
        }
        sql.push(" order by p.year desc, p.id desc limit 500");
        Ok(store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One plan.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn plan(&self, store: &Store, who: &Principal, now: Instant, id: Id) -> Result<Plan, Error> {
        let mut sql = Sql::new(PLAN);
        sql.push(" where p.id = ").bind(id).push(" and ").append(&self.plan_visible(who, now));
        let row = store.select(&sql).await?.into_iter().next();
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("plan {id}")))
    }

    /// Tasks the reader may see, by region and class.
    ///
    /// # Errors
    /// Storage.
    pub async fn tasks(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &TaskFilter,
    ) -> Result<Page<Task>, Error> {
        let mut sql = Sql::new(TASK);
        sql.push(" where ").append(&self.task_visible(who, now));
        super::progress::restrict(&mut sql, f);
        if f.issued {
            sql.push(" and p.state = 'issued'");
        }
        if f.open {
            sql.push(" and t.quota > (select count(*) from sample s where s.task = t.id)");
        }
        if let Some(after) = f.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
            sql.push(" and t.id > ").bind(after);
        }
        let limit = limit(f.limit);
        sql.push(" order by t.id limit ").bind(i64::from(limit) + 1);
        let rows: Vec<Task> = store.select(&sql).await?.iter().map(read_task).collect::<Result<_, _>>()?;
        Ok(page(rows, limit, |t| t.id.to_string()))
    }

    /// One task.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn task(&self, store: &Store, who: &Principal, now: Instant, id: Id) -> Result<Task, Error> {
        let mut sql = Sql::new(TASK);
        sql.push(" where t.id = ").bind(id).push(" and ").append(&self.task_visible(who, now));
        let row = store.select(&sql).await?.into_iter().next();
        row.as_ref().map(read_task).transpose()?.ok_or_else(|| Error::NotFound(format!("task {id}")))
    }

    fn plan_visible(&self, who: &Principal, now: Instant) -> Sql {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new("(");
        sql.append(&scope.sql("p.region", None, None));
        sql.push(" or (p.state in ('issued', 'closed') and exists (select 1 from sampling_task t where t.plan = p.id and ");
        sql.append(&scope.sql("t.region", None, Some("t.laboratory"))).push(")))");
        sql
    }

    /// A task is seen with its plan, or, once the plan is issued, by its region and its laboratory.
    pub(crate) fn task_visible(&self, who: &Principal, now: Instant) -> Sql {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new("(");
        sql.append(&scope.sql("p.region", None, None));
        sql.push(" or (p.state in ('issued', 'closed') and ");
        sql.append(&scope.sql("t.region", None, Some("t.laboratory"))).push("))");
        sql
    }
}

pub(super) const REGION: Text = Text::of("行政区划", "region");

pub(crate) fn resource(region: &str, agency: &str, submitter: Option<Id>) -> Resource {
    let mut resource = Resource::new("sample", region).of_agency(agency);
    resource.submitter = submitter;
    resource
}

fn expect(plan: &Plan, needed: PlanState) -> Result<(), Error> {
    if plan.state == needed {
        return Ok(());
    }
    let (now, needed) = (plan.state.label(), needed.label());
    Err(Error::State(Text::new(
        format!("计划当前为“{}”，该操作要求“{}”", now.zh, needed.zh),
        format!("the plan is \"{}\"; this needs \"{}\"", now.en, needed.en),
    )))
}

async fn record(
    tx: &mut Tx,
    cx: &Context,
    permit: &ledger::Permit,
    plan: &Plan,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let subject = format!("plan:{}", plan.id);
    let entry = Entry { kind, region: plan.plan.region.clone(), subject, body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

const PLAN: &str = "select p.*, (select count(*) from sampling_task t where t.plan = p.id) as tasks, \
    (select cast(coalesce(sum(t.quota), 0) as bigint) from sampling_task t where t.plan = p.id) as quota \
    from sampling_plan p";

const TASK: &str = "select t.*, p.year, p.kind, p.agency, p.state as plan_state, \
    (select count(*) from sample s where s.task = t.id) as taken \
    from sampling_task t join sampling_plan p on p.id = t.plan";

pub(crate) async fn plan_in(tx: &mut Tx, id: Id) -> Result<Plan, Error> {
    let mut sql = Sql::new(PLAN);
    sql.push(" where p.id = ").bind(id);
    let row = tx.select(&sql).await?.into_iter().next();
    row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("plan {id}")))
}

/// The tasks of a plan.
pub(crate) async fn tasks_in(tx: &mut Tx, plan: Id) -> Result<Vec<NewTask>, Error> {
    let mut sql = Sql::new(TASK);
    sql.push(" where t.plan = ").bind(plan).push(" order by t.id");
    let rows = tx.select(&sql).await?;
    Ok(rows.iter().map(|r| Ok(read_task(r)?.task)).collect::<Result<_, store::Error>>()?)
}

pub(crate) async fn task_in(tx: &mut Tx, id: Id) -> Result<Task, Error> {
    let mut sql = Sql::new(TASK);
    sql.push(" where t.id = ").bind(id);
    let row = tx.select(&sql).await?.into_iter().next();
    row.as_ref().map(read_task).transpose()?.ok_or_else(|| Error::NotFound(format!("task {id}")))
}

fn read(row: &Row) -> Result<Plan, store::Error> {
    Ok(Plan {
        id: row.id("id")?,
        version: row.int("version")?,
        plan: NewPlan {
            year: i16::try_from(row.int("year")?).unwrap_or_default(),
            title: row.text("title")?,
            kind: row.parsed("kind")?,
            level: row.parsed("level")?,
            region: row.text("region")?,
            agency: row.text("agency")?,
        },
        state: row.parsed("state")?,
        submitted_by: row.opt_id("submitted_by")?,
        issued_at: row.opt_instant("issued_at")?,
        created: row.instant("created")?,
        tasks: row.int("tasks")?,
        quota: row.int("quota")?,
    })
}

fn read_task(row: &Row) -> Result<Task, store::Error> {
    Ok(Task {
        id: row.id("id")?,
        plan: row.id("plan")?,
        kind: row.parsed("kind")?,
        agency: row.text("agency")?,
        plan_state: row.parsed("plan_state")?,
        year: i16::try_from(row.int("year")?).unwrap_or_default(),
        task: NewTask {
            region: row.text("region")?,
            class: row.text("class")?,
            stage: row.parsed("stage")?,
            budget: row.parsed("budget")?,
            analytes: row.json("analytes")?,
            quota: u32::try_from(row.int("quota")?).unwrap_or_default(),
            laboratory: row.opt_id("laboratory")?,
            until: row.opt_date("until")?,
            months: if row.opt_text("months")?.is_some() { row.json("months")? } else { Vec::new() },
        },
        taken: row.int("taken")?,
    })
}
