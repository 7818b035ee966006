//! Proposals for reading: lists, one whole with its lines, and what came of it.

use crate::audit::AuditRecord;
use crate::score::{Page, skip};
use crate::{Achieved, Aim, Error, Reason, State, Target, Why, achieved};
use access::Principal;
use base::{Id, Instant, Text};
use serde::Serialize;
use std::collections::HashMap;
use store::{Row, Sql, Store, Tx};

/// A proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// What is proposed.
    pub aim: Aim,
    /// The model whose scores it follows.
    pub model: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Only of this kind; empty: all.
    pub kind: String,
    /// Where it stands.
    pub state: State,
    /// Lines.
    pub take: i64,
    /// Of these at random.
    pub audit: i64,
    /// Samples of each line.
    pub quota: i64,
    /// When the source of the draw speaks.
    pub source_due: Instant,
    /// Visits expected to find something.
    pub expected: f64,
    /// The same if all lines were drawn at random.
    pub by_chance: f64,
    /// Who proposed it.
    pub proposed_by: Option<Id>,
    /// When.
    pub proposed: Instant,
    /// When it was decided.
    pub decided: Option<Instant>,
    /// Why, as written.
    pub reason: String,
    /// The plan it fed.
    pub plan: Option<Id>,
    /// Draw of inspections, or sampling plan, it became.
    pub delivery: Option<Id>,
}

/// A line of a proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Subject.
    pub subject: String,
    /// The operator, where it is one.
    pub operator: Option<Id>,
    /// Name.
    pub name: String,
    /// County.
    pub region: String,
    /// Business or food class.
    pub kind: String,
    /// Stage; empty for operators.
    pub stage: String,
    /// Chance stated when it was proposed.
    pub chance: f64,
    /// Why it stands here.
    pub why: Why,
    /// Chance it had to be proposed: 1 by score; one over it weighs it in estimates.
    pub inclusion: f64,
    /// What moved its score.
    pub reasons: Vec<Reason>,
    /// Accepted; `None` before a decision.
    pub accepted: Option<bool>,
    /// Results so far, and those that found something.
    pub results: (u32, u32),
}

/// Which proposals; empty fields do not restrict.
#[derive(Debug, Clone, Default)]
pub struct ProposalFilter {
    /// Aim.
    pub aim: Option<Aim>,
    /// State.
    pub state: Option<State>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Highest expected yield over chance first, instead of the newest first.
    pub by_gain: bool,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: usize,
}

const NONE: Text = Text::of("提案", "proposal");

fn read(row: &Row) -> Result<Proposal, store::Error> {
    Ok(Proposal {
        id: row.id("id")?,
        version: row.int("version")?,
        aim: row.parsed("aim")?,
        model: row.id("model")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        kind: row.text("kind")?,
        state: row.parsed("state")?,
        take: row.int("take")?,
        audit: row.int("audit")?,
        quota: row.int("quota")?,
        source_due: row.instant("source_due")?,
        expected: row.real("expected")?,
        by_chance: row.real("by_chance")?,
        proposed_by: row.opt_id("proposed_by")?,
        proposed: row.instant("proposed")?,
        decided: row.opt_instant("decided")?,
        reason: row.opt_text("reason")?.unwrap_or_default(),
        plan: row.opt_id("into_plan")?,
        delivery: row.opt_id("delivery")?,
    })
}

fn item(row: &Row) -> Result<Item, store::Error> {
    Ok(Item {
        subject: row.text("subject")?,
        operator: row.opt_id("operator")?,
        name: row.text("name")?,
        region: row.text("region")?,
        kind: row.text("kind")?,
        stage: row.text("stage")?,
        chance: row.real("chance")?,
        why: row.parsed("why")?,
        inclusion: row.real("inclusion")?,
        reasons: row.json("reasons")?,
        accepted: row.opt_int("accepted")?.map(|n| n != 0),
        results: (0, 0),
    })
}

const ITEMS: &str = "select * from target_item where proposal = $1 order by why desc, chance desc, subject";

pub(crate) async fn proposal_in(tx: &mut Tx, id: Id) -> Result<(Proposal, AuditRecord), Error> {
    let row = tx.first("select * from target_proposal where id = $1", &[id.into()]).await?;
    let row = row.ok_or(Error::NotFound(NONE))?;
    Ok((read(&row)?, row.json("record")?))
}

pub(crate) async fn items_in(tx: &mut Tx, id: Id) -> Result<Vec<Item>, Error> {
    let rows = tx.query(ITEMS, &[id.into()]).await?;
    Ok(rows.iter().map(item).collect::<Result<_, _>>()?)
}

impl Target {
    fn proposed(&self, who: &Principal, now: Instant) -> Sql {
        let mut sql = Sql::new("");
        sql.append(&self.access.scope(who, "view", "figure", now).sql("p.region", None, None));
        sql
    }

    /// Proposals the reader may see.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Invalid`] for a cursor that is none.
    pub async fn proposals(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &ProposalFilter,
    ) -> Result<Page<Proposal>, Error> {
        self.may_view(who, now)?;
        let mut condition = self.proposed(who, now);
        if let Some(aim) = f.aim {
            condition.push(" and p.aim = ").bind(aim.word());
        }
        if let Some(state) = f.state {
            condition.push(" and p.state = ").bind(state.word());
        }
        if let Some(code) = f.region.as_deref().and_then(|r| r.parse::<base::region::RegionCode>().ok()) {
            let (low, high) = code.range();
            condition.push(" and p.region >= ").bind(low).push(" and p.region < ").bind(high);
        }
        let mut count = Sql::new("select count(*) as n from target_proposal p where ");
        count.append(&condition);
        let total = store.select(&count).await?.first().map_or(Ok(0), |r| r.int("n"))?;
        let mut sql = Sql::new("select p.* from target_proposal p where ");
        sql.append(&condition);
        sql.push(if f.by_gain {
            " order by p.expected - p.by_chance desc, p.id desc"
        } else {
            " order by p.id desc"
        });
        let before = skip(f.after.as_deref())?;
        let limit = if f.limit == 0 { 50 } else { f.limit.min(500) };
        let page = i64::try_from(limit).unwrap_or(500);
        sql.push(" limit ").bind(page + 1).push(" offset ").bind(before);
        let mut rows: Vec<Proposal> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
        let next = (rows.len() > limit).then(|| (before + page).to_string());
        rows.truncate(limit);
        Ok(Page { rows, total, next })
    }

    /// One proposal with the record of its draw, its lines with what came of each, and what was achieved once it is accepted.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn proposal(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<(Proposal, AuditRecord, Vec<Item>, Option<Achieved>), Error> {
        let mut sql = Sql::new("select p.* from target_proposal p where p.id = ");
        sql.bind(id).push(" and ").append(&self.proposed(who, now));
        let rows = store.select(&sql).await?;
        let row = rows.first().ok_or(Error::NotFound(NONE))?;
        let (p, record): (Proposal, AuditRecord) = (read(row)?, row.json("record")?);
        let mut items: Vec<Item> =
            store.query(ITEMS, &[id.into()]).await?.iter().map(item).collect::<Result<_, _>>()?;
        let Some(delivery) = p.delivery else { return Ok((p, record, items, None)) };
        let done = self.ground.done(p.aim, delivery).await.map_err(Error::of_hook)?;
        let done: HashMap<&str, (u32, u32)> =
            done.iter().map(|d| (d.subject.as_str(), (d.done, d.found))).collect();
        for i in items.iter_mut().filter(|i| i.accepted == Some(true)) {
            i.results = done.get(i.subject.as_str()).copied().unwrap_or_default();
        }
        let lines: Vec<(Why, u32, u32)> = items
            .iter()
            .filter(|i| i.accepted == Some(true))
            .map(|i| (i.why, i.results.0, i.results.1))
            .collect();
        let found = achieved(&lines, record.chosen.len(), record.rest.len());
        Ok((p, record, items, Some(found)))
    }

    /// Where a subject was proposed, newest first: the reader's own region only.
    ///
    /// # Errors
    /// Storage.
    pub async fn proposed_before(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        subject: &str,
    ) -> Result<Vec<Proposal>, Error> {
        let mut sql = Sql::new(
            "select p.* from target_proposal p join target_item i on i.proposal = p.id where i.subject = ",
        );
        sql.bind(subject).push(" and ").append(&self.proposed(who, now)).push(" order by p.id desc limit 20");
        Ok(store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?)
    }
}
