//! A draw as the office keeps it: the list frozen and journalled, the seed from a source named beforehand, no second throw.

use super::plan::{PlanState, Task, resource, task_in};
use super::recusal::recused;
use super::roster::{entries, examine, store_targets};
use super::strata::{Strata, takes};
use crate::query::{Page, limit, page, prefix};
use crate::sample::words;
use crate::{Error, Lab, Problem};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::draw::{Drawn, FORMAT, Inspector, Record, draw};
use ledger::{Context, Entry};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use store::{Row, Sql, Store, Tx};

words! {
    /// Where a draw stands.
    DrawState {
        /// The list is fixed, the seed not yet known.
        Frozen = "frozen", "名录已固定，待开奖", "List frozen";
        /// Drawn.
        Drawn = "drawn", "已抽取", "Drawn";
        /// Given up before the seed was known; says why.
        Cancelled = "cancelled", "已撤销", "Cancelled";
    }
}

/// A draw to be frozen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewDraw {
    /// The task it serves.
    pub task: Id,
    /// How many places.
    pub count: u32,
    /// The public source of randomness: `双色球第2026135期红球`, `drand quicknet round 15000000`.
    pub source: String,
    /// When its value becomes known.
    pub source_due: Instant,
    /// Accounts of the samplers; empty: everybody who can be sent.
    #[serde(default)]
    pub samplers: Vec<Id>,
    /// What separates strata; none: one stratum.
    #[serde(default)]
    pub by: Option<Strata>,
    /// How many in each stratum; empty: `count` is shared by the chances in each.
    #[serde(default)]
    pub take: BTreeMap<String, u32>,
}

/// A stored draw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draw {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// The task.
    pub task: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Where it stands.
    pub state: DrawState,
    /// How many places.
    pub count: i64,
    /// Merkle root of the frozen list, hex.
    pub root: String,
    /// The source of the seed.
    pub source: String,
    /// When it is known.
    pub source_due: Instant,
    /// Time of freezing.
    pub frozen: Instant,
    /// Time of the draw.
    pub drawn: Option<Instant>,
    /// The whole record is public.
    pub open: bool,
    /// Why it was cancelled.
    pub reason: Option<String>,
}

/// Which draws to list.
#[derive(Debug, Clone, Default)]
pub struct DrawFilter {
    /// Region code prefix.
    pub region: Option<String>,
    /// Of this task.
    pub task: Option<Id>,
    /// State.
    pub state: Option<DrawState>,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

fn sealed(draw: Id) -> String {
    format!("sampling.draw:{draw}")
}

impl Lab {
    /// Freezes the list of a draw: everybody the register has at the stage in the region, who is excluded and why, who can
    /// be sent. The root goes into the journal before the source of the seed is known.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::State`] while another draw of the task waits or the plan is not
    /// issued; [`Error::Denied`].
    pub async fn freeze_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewDraw,
    ) -> Result<Id, Error> {
        let task = task_in(tx, new.task).await?;
        let permit =
            self.access.check(who, "create", &resource(&task.task.region, &task.agency, None), cx.now)?;
        self.ready(tx, &task).await?;
        let roster =
            self.surroundings.roster(tx, &task.task.region, task.task.stage).await.map_err(Error::Hook)?;
        let mut able = self
            .surroundings
            .samplers(tx, &task.task.region, &task.agency, cx.now.china_date())
            .await
            .map_err(Error::Hook)?;
        if !new.samplers.is_empty() {
            able.retain(|(id, _)| new.samplers.contains(id));
        }
        let problems = examine(&new, &task, roster.len(), able.len(), cx.now);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)
            .map_err(|_| Error::Store(store::Error::Setup("the system gives no randomness".to_owned())))?;
        let id = cx.id();
        let targets = entries(tx, &task, &roster, new.by, cx.now).await?;
        let take = match new.by {
            None => BTreeMap::from([(task.task.region.clone(), new.count)]),
            Some(_) => takes(&targets, new.count, &new.take).map_err(|p| Error::Invalid(vec![*p]))?,
        };
        let aside = recused(tx, &able.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
        let listed = |id: &Id| targets.iter().any(|t| t.id == *id);
        let inspector = |id: Id| Inspector {
            id,
            recused: aside.get(&id).into_iter().flatten().copied().filter(listed).collect(),
        };
        let samplers = able.into_iter().map(|(id, _)| inspector(id)).collect();
        let record = Record {
            format: FORMAT.to_owned(),
            draw: id,
            region: task.task.region.clone(),
            frozen: cx.now,
            by: new.by.map(|by| by.word().to_owned()),
            take,
            source: new.source.trim().to_owned(),
            source_due: new.source_due,
            commitment: hex::encode(Sha256::digest(secret)),
            targets,
            samplers,
            root: String::new(),
            drawn: None,
        }
        .freeze();
        let sealed = self.access.vault().seal_bytes(&sealed(id), &secret).map_err(vault)?;
        tx.exec(
            "insert into sampling_draw (id, version, task, region, agency, state, count, root, record, secret, source, \
             source_due, frozen_by, frozen, open) values ($1, 1, $2, $3, $4, 'frozen', $5, $6, $7, $8, $9, $10, $11, $12, 0)",
            &[
                id.into(),
                task.id.into(),
                record.region.as_str().into(),
                task.agency.as_str().into(),
                i64::from(new.count).into(),
                record.root.as_str().into(),
                json(&record)?.into(),
                sealed.into(),
                record.source.as_str().into(),
                record.source_due.into(),
                who.account.into(),
                cx.now.into(),
            ],
        )
        .await
        // somebody froze one since it was asked
        .map_err(|e| if matches!(e, store::Error::Conflict { .. }) { waits_already() } else { e.into() })?;
        let body = serde_json::json!({
            "root": record.root,
            "commitment": record.commitment,
            "source": record.source,
            "source_due": record.source_due.rfc3339(),
            "by": record.by,
            "take": record.take,
            "recused": record.samplers.iter().map(|s| s.recused.len()).sum::<usize>(),
            "targets": record.targets.len(),
            "excluded": record.targets.iter().filter(|t| t.excluded.is_some()).count(),
            "samplers": record.samplers.len(),
        });
        write(tx, cx, &permit, &record.region, id, "sampling.draw_frozen", body).await?;
        Ok(id)
    }

    /// Draws with the value the source gave. Once only.
    ///
    /// # Errors
    /// [`Error::Invalid`] before the source is due or without a value; [`Error::State`] when drawn before; [`Error::Denied`].
    pub async fn perform_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        draw_id: Id,
        public: &str,
    ) -> Result<Record, Error> {
        let (row, mut record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "act", &resource(&row.region, &row.agency, None), cx.now)?;
        waiting(&row)?;
        let mut problems = Vec::new();
        if public.trim().is_empty() {
            let text = Text::of("请填写公开来源公布的值", "give the value the public source announced");
            problems.push(Problem::new("public", PUBLIC, "", text));
        }
        if cx.now < row.source_due {
            let due = row.source_due.china_minute();
            let text = Text::new(
                format!("该来源 {due} 才公布，届时再抽取"),
                format!("the source speaks at {due}; draw then"),
            );
            problems.push(Problem::new("public", PUBLIC, public, text));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let task = task_in(tx, row.task).await?;
        let sealed_bytes = tx
            .one("select secret from sampling_draw where id = $1", &[draw_id.into()])
            .await?
            .bytes("secret")?;
        let secret = self.access.vault().open_bytes(&sealed(draw_id), &sealed_bytes).map_err(vault)?;
        let seed = record.seed(public, &secret);
        let picks = draw(&record, &seed);
        let (public, secret) = (public.trim().to_owned(), hex::encode(secret));
        record.drawn =
            Some(Drawn { public, secret, seed, picks, replaced: Vec::new(), substituted: Vec::new() });
        let roster = self.surroundings.roster(tx, &row.region, task.task.stage).await.map_err(Error::Hook)?;
        store_targets(tx, cx, &row, &record, &roster).await?;
        tx.exec_one(
            "update sampling_draw set state = 'drawn', record = $1, secret = null, drawn = $2, version = version + 1 \
             where id = $3 and version = $4",
            &[json(&record)?.into(), cx.now.into(), draw_id.into(), row.version.into()],
        )
        .await?;
        let drawn = record.drawn.as_ref();
        let body = serde_json::json!({
            "root": record.root,
            "public": drawn.map(|d| d.public.as_str()),
            "seed": drawn.map(|d| d.seed.as_str()),
            "picks": drawn.map_or(0, |d| d.picks.len()),
            "sha256": hex::encode(Sha256::digest(serde_json::json!(drawn.map(|d| &d.picks)).to_string().as_bytes())),
        });
        write(tx, cx, &permit, &row.region, draw_id, "sampling.draw_done", body).await?;
        Ok(record)
    }

    /// Gives a draw up before its seed is known, with the reason; it stays on record and is counted.
    ///
    /// # Errors
    /// [`Error::State`] once the source is due: then it must be drawn; [`Error::Denied`].
    pub async fn cancel_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        draw_id: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let (row, record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "act", &resource(&row.region, &row.agency, None), cx.now)?;
        waiting(&row)?;
        if reason.trim().is_empty() {
            let text = Text::of("请填写撤销理由", "say why it is cancelled");
            return Err(Error::Invalid(vec![Problem::new("reason", Text::of("理由", "reason"), "", text)]));
        }
        if cx.now >= row.source_due {
            return Err(Error::State(Text::of(
                "公开随机数已经公布，名录不能再撤销，请按公布的值抽取",
                "the public value is known already: the draw can no longer be cancelled, draw with it",
            )));
        }
        tx.exec_one(
            "update sampling_draw set state = 'cancelled', secret = null, reason = $1, version = version + 1 \
             where id = $2 and version = $3",
            &[reason.trim().into(), draw_id.into(), row.version.into()],
        )
        .await?;
        let body = serde_json::json!({ "root": record.root, "reason": reason.trim() });
        write(tx, cx, &permit, &row.region, draw_id, "sampling.draw_cancelled", body).await
    }

    /// Makes the whole record of a draw public, once its places have been visited.
    ///
    /// # Errors
    /// [`Error::State`] while places wait; [`Error::Denied`].
    pub async fn open_draw(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        draw_id: Id,
    ) -> Result<(), Error> {
        let (row, record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "act", &resource(&row.region, &row.agency, None), cx.now)?;
        let left = tx
            .one(
                "select count(*) as n from sampling_target where draw = $1 and state = 'waiting'",
                &[draw_id.into()],
            )
            .await?
            .int("n")?;
        if row.state != DrawState::Drawn || left > 0 {
            return Err(Error::State(Text::new(
                format!("还有 {left} 处未完成抽样；抽样完成前名单保密"),
                format!("{left} place(s) are still to be visited; until then the list is confidential"),
            )));
        }
        tx.exec("update sampling_draw set open = 1, version = version + 1 where id = $1", &[draw_id.into()])
            .await?;
        write(
            tx,
            cx,
            &permit,
            &row.region,
            draw_id,
            "sampling.draw_opened",
            serde_json::json!({ "root": record.root }),
        )
        .await
    }

    /// Draws the reader may see, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn draws(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &DrawFilter,
    ) -> Result<Page<Draw>, Error> {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new("select d.* from sampling_draw d where ");
        sql.append(&scope.sql("d.region", None, None));
        list(store, sql, f).await
    }

    /// One draw with its record.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn draw(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<(Draw, Record), Error> {
        let scope = self.access.scope(who, "view", "sample", now);
        let mut sql = Sql::new("select d.* from sampling_draw d where d.id = ");
        sql.bind(id).push(" and ").append(&scope.sql("d.region", None, None));
        one(store.select(&sql).await?.first(), id)
    }

    /// Samplers of a task: account and name, for the form that freezes its draw.
    ///
    /// # Errors
    /// The register fails.
    pub async fn samplers_of(
        &self,
        tx: &mut Tx,
        task: &Task,
        now: Instant,
    ) -> Result<Vec<(Id, String)>, Error> {
        self.surroundings
            .samplers(tx, &task.task.region, &task.agency, now.china_date())
            .await
            .map_err(Error::Hook)
    }

    async fn ready(&self, tx: &mut Tx, task: &Task) -> Result<(), Error> {
        if task.plan_state != PlanState::Issued {
            return Err(Error::State(Text::of(
                "计划尚未下达或已结束",
                "the plan is not issued, or it is closed",
            )));
        }
        let waits = tx
            .first("select id from sampling_draw where task = $1 and state = 'frozen'", &[task.id.into()])
            .await?;
        if waits.is_some() {
            return Err(waits_already());
        }
        Ok(())
    }
}

fn waits_already() -> Error {
    Error::State(Text::of(
        "该任务已有一次名录待抽取；每次固定名录都必须抽取或说明理由撤销",
        "a frozen list of this task waits already: every list is drawn, or cancelled with a reason",
    ))
}

/// Draws as everybody may count them, newest first.
///
/// # Errors
/// Storage.
pub async fn public_draws(store: &Store, f: &DrawFilter) -> Result<Page<Draw>, Error> {
    list(store, Sql::new("select d.* from sampling_draw d where 1 = 1"), f).await
}

/// One draw for everybody; the record only once it is open.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn public_draw(store: &Store, id: Id) -> Result<(Draw, Option<Record>), Error> {
    let rows = store.query("select * from sampling_draw where id = $1", &[id.into()]).await?;
    let (draw, record) = one(rows.first(), id)?;
    let open = draw.open;
    Ok((draw, open.then_some(record)))
}

const PUBLIC: Text = Text::of("公开随机数", "public value");

fn vault(e: access::Error) -> Error {
    Error::Store(store::Error::Setup(format!("a sealed value: {e}")))
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|e| Error::Store(store::Error::Setup(format!("a record does not serialise: {e}"))))
}

fn waiting(row: &Draw) -> Result<(), Error> {
    if row.state == DrawState::Frozen {
        return Ok(());
    }
    let label = row.state.label();
    Err(Error::State(Text::new(
        format!("本次抽取{}，不能重复操作", label.zh),
        format!("this draw is finished ({}); there is no second throw", label.en),
    )))
}

pub(super) async fn write(
    tx: &mut Tx,
    cx: &Context,
    permit: &ledger::Permit,
    region: &str,
    draw: Id,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let entry =
        Entry { kind, region: region.to_owned(), subject: format!("draw:{draw}"), body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

pub(crate) async fn draw_in(tx: &mut Tx, id: Id) -> Result<(Draw, Record), Error> {
    one(tx.query("select * from sampling_draw where id = $1", &[id.into()]).await?.first(), id)
}

fn one(row: Option<&Row>, id: Id) -> Result<(Draw, Record), Error> {
    let row = row.ok_or_else(|| Error::NotFound(format!("draw {id}")))?;
    Ok((read(row)?, row.json("record")?))
}

async fn list(store: &Store, mut sql: Sql, f: &DrawFilter) -> Result<Page<Draw>, Error> {
    if let Some(region) = f.region.as_deref() {
        prefix(&mut sql, " and d.region", region);
    }
    if let Some(task) = f.task {
        sql.push(" and d.task = ").bind(task);
    }
    if let Some(state) = f.state {
        sql.push(" and d.state = ").bind(state.word());
    }
    if let Some(after) = f.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
        sql.push(" and d.id < ").bind(after);
    }
    let limit = limit(f.limit);
    sql.push(" order by d.id desc limit ").bind(i64::from(limit) + 1);
    let rows: Vec<Draw> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(page(rows, limit, |d| d.id.to_string()))
}

fn read(row: &Row) -> Result<Draw, store::Error> {
    Ok(Draw {
        id: row.id("id")?,
        version: row.int("version")?,
        task: row.id("task")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        state: row.parsed("state")?,
        count: row.int("count")?,
        root: row.text("root")?,
        source: row.text("source")?,
        source_due: row.instant("source_due")?,
        frozen: row.instant("frozen")?,
        drawn: row.opt_instant("drawn")?,
        open: row.flag("open")?,
        reason: row.opt_text("reason")?,
    })
}
