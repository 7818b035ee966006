//! Who does the work: matters given to a person, everything of one person handed to another, and who stands in while one is away.

use crate::effect::Authority;
use crate::live::{Live, Step, permit};
use crate::report::assign_task;
use crate::{Engine, Error};
use access::{Access, Principal, Resource};
use base::{Date, Id, Text};
use ledger::{Appended, Context, Entry, Permit, append};
use serde_json::{Map, json};
use store::{Store, Tx};

/// Most matters and tasks one hand-over moves.
const MOST: i64 = 500;

/// Gives a running matter to a person, or back to the agency (`account` none). Needs `act` on the matter.
///
/// # Errors
/// [`Error::Conflict`] when the matter is no longer at `expected`; [`Error::Denied`]; [`Error::Refused`] when it has ended, and for who
/// cannot hold it: an account that is not there or not active, has no right to act in it, or keeps away.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus matter, version and account
pub async fn assign_matter(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    matter: Id,
    expected: i64,
    account: Option<Id>,
) -> Result<Appended, Error> {
    let mut live = Live::lock(tx, engine, matter).await?;
    let resource = live.resource("matter");
    let permit = permit(Authority::Person { access, who }, "act", &resource, cx.now)?;
    if live.version != expected {
        return Err(live.conflict(tx, who, None, expected).await?);
    }
    if live.closed_at.is_some() {
        return Err(Error::refused("办件已办结，无需转交", "the matter has ended; nothing to hand over"));
    }
    fit_to_hold(tx, cx, (engine, access), &live, &resource, live.assigned, account).await?;
    tx.exec_one("update matter set assigned = $2 where id = $1", &[matter.into(), account.into()]).await?;
    live.touch(tx).await?;
    live.done = Map::from_iter([("assigned".to_owned(), json!(account))]);
    let version = live.version;
    let name = live.draft.procedure.clone();
    let step = Step {
        kind: "assign",
        name: &name,
        from: None,
        to: None,
        form: None,
        target: None,
        note: None,
        version,
    };
    live.record(tx, cx, &permit, "matter.assigned", step, None).await
}

/// Refuses to give work to who holds it already, to who may not do it, and to who keeps away from the operator concerned.
pub(crate) async fn fit_to_hold(
    tx: &mut Tx,
    cx: &Context,
    (engine, access): (&Engine, &Access),
    live: &Live,
    work: &Resource,
    holder: Option<Id>,
    account: Option<Id>,
) -> Result<(), Error> {
    if holder == account {
        return Err(match account {
            Some(_) => Error::refused("已由该人员承办，无需转交", "this person holds it already"),
            None => Error::refused("没有指定承办人，无需退回", "nobody holds it; nothing to take back"),
        });
    }
    let Some(account) = account else { return Ok(()) };
    let Some(who) = access::rights_of(tx, account, cx.now).await.map_err(Error::Vault)? else {
        return Err(Error::refused(
            "没有这个在用账号，请重新选择",
            "there is no such active account; choose again",
        ));
    };
    // a matter is the authority's to do; a task may be a firm's
    let side = who.operator.is_none() || work.kind == "task";
    if !side || !access.allows(&who, "act", work, cx.now) {
        return Err(Error::refused(
            "该人员无权办理此事项，请选择本辖区、本部门的人员",
            "this person has no right to act here; choose one of the region and department",
        ));
    }
    match live.kept_away(tx, engine, account).await? {
        None => Ok(()),
        Some(said) => Err(Error::Refused(said)),
    }
}

/// What a hand-over moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HandedOver {
    /// Matters handed over.
    pub matters: usize,
    /// Tasks handed over.
    pub tasks: usize,
    /// What stayed where it was: the receiver may not act there, or keeps away.
    pub kept: usize,
}

/// Hands every open task and running matter of one person to another, as far as who asks may act on them and who receives them can
/// hold them. Each is journalled. At most 500 of each at a time.
///
/// # Errors
/// [`Error::Refused`] when both are the same person; storage.
pub async fn hand_over(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    from: Id,
    to: Id,
) -> Result<HandedOver, Error> {
    if from == to {
        return Err(Error::refused("请选择另一位人员", "choose another person"));
    }
    let mut moved = HandedOver::default();
    let rows = tx
        .query(
            "select id, version from matter where assigned = $1 and closed_at is null order by id limit $2",
            &[from.into(), MOST.into()],
        )
        .await?;
    for row in rows {
        let (id, version) = (row.id("id")?, row.int("version")?);
        match assign_matter(tx, cx, engine, access, who, id, version, Some(to)).await {
            Ok(_) => moved.matters += 1,
            Err(Error::Denied(_)) => {}
            Err(Error::Refused(_)) => moved.kept += 1,
            Err(e) => return Err(e),
        }
    }
    let rows = tx
        .query(
            "select id, version from task where assigned = $1 and state = 'open' order by id limit $2",
            &[from.into(), MOST.into()],
        )
        .await?;
    for row in rows {
        let (id, version) = (row.id("id")?, row.int("version")?);
        match assign_task(tx, cx, engine, access, who, id, version, Some(to)).await {
            Ok(_) => moved.tasks += 1,
            Err(Error::Denied(_)) => {}
            Err(Error::Refused(_)) => moved.kept += 1,
            Err(e) => return Err(e),
        }
    }
    Ok(moved)
}

/// Time somebody is away, and who stands in. The deputy sees the work given to the absent person among the own; rights are not
/// lent: the deputy acts by the own grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Record.
    pub id: Id,
    /// Who is away.
    pub account: Id,
    /// Who stands in.
    pub deputy: Id,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Why.
    pub reason: String,
}

/// Records an absence of one's own; for another person it needs `administer` on accounts of the region. It ends by itself
/// after its last day.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Refused`] for dates or persons that mean nothing, for a deputy who is away in that time, and for
/// days that are covered already.
pub async fn begin_absence(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    region: &str,
    absence: &Absence,
) -> Result<Id, Error> {
    let permit = if absence.account == who.account && !who.is_anonymous() {
        Permit::system("account:own")
    } else {
        access.check(who, "administer", &Resource::new("account", region), cx.now)?
    };
    if absence.to < absence.from || absence.to < cx.now.china_date() {
        return Err(Error::refused(
            "结束日期不能早于开始日期或今天",
            "the last day lies before the first, or before today",
        ));
    }
    if absence.deputy == absence.account {
        return Err(Error::refused("请选择另一位人员代理", "choose another person as deputy"));
    }
    for (away, text) in [
        (
            absence.deputy,
            Text::of(
                "代理人在此期间也不在岗，请另选一位",
                "the deputy is away in that time too; choose another",
            ),
        ),
        (
            absence.account,
            Text::of(
                "这段时间已登记过代理；请先结束原来的",
                "these days have a deputy already; end that first",
            ),
        ),
    ] {
        let row = tx
            .first(
                "select id from absence where account = $1 and valid_from <= $3 and valid_to >= $2 and ended_at is null",
                &[away.into(), absence.from.into(), absence.to.into()],
            )
            .await?;
        if row.is_some() {
            return Err(Error::Refused(text));
        }
    }
    let id = cx.id();
    tx.exec(
        "insert into absence (id, account, deputy, region, valid_from, valid_to, reason, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            id.into(),
            absence.account.into(),
            absence.deputy.into(),
            region.into(),
            absence.from.into(),
            absence.to.into(),
            absence.reason.trim().into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({"absence": id, "deputy": absence.deputy, "from": absence.from.to_string(), "to": absence.to.to_string()});
    let entry = Entry {
        kind: "absence.begun",
        region: region.to_owned(),
        subject: format!("account:{}", absence.account),
        body,
        private: None,
    };
    append(tx, cx, &permit, entry).await?;
    Ok(id)
}

/// Ends an absence now: one's own, or with `administer` another's.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn end_absence(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
) -> Result<(), Error> {
    let row = tx
        .first("select account, region from absence where id = $1 and ended_at is null", &[id.into()])
        .await?
        .ok_or_else(|| Error::missing(&Text::of("代理", "absence"), id))?;
    let (account, region) = (row.id("account")?, row.text("region")?);
    let permit = if account == who.account {
        Permit::system("account:own")
    } else {
        access.check(who, "administer", &Resource::new("account", region.as_str()), cx.now)?
    };
    tx.exec_one("update absence set ended_at = $2 where id = $1", &[id.into(), cx.now.into()]).await?;
    let entry = Entry {
        kind: "absence.ended",
        region,
        subject: format!("account:{account}"),
        body: json!({"absence": id}),
        private: None,
    };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// Absences that are not over, of one person and those for whom that person stands in, the nearest first.
///
/// # Errors
/// Storage.
pub async fn absences(store: &Store, account: Id, today: Date) -> Result<Vec<Absence>, Error> {
    let rows = store
        .query(
            "select id, account, deputy, valid_from, valid_to, reason from absence \
             where (account = $1 or deputy = $1) and valid_to >= $2 and ended_at is null order by valid_from, id",
            &[account.into(), today.into()],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push(Absence {
            id: row.id("id")?,
            account: row.id("account")?,
            deputy: row.id("deputy")?,
            from: row.date("valid_from")?,
            to: row.date("valid_to")?,
            reason: row.text("reason")?,
        });
    }
    Ok(found)
}

/// The absent person for whom the actor does this: the one the matter, or its task, is given to.
pub(crate) async fn acting_for(
    tx: &mut Tx,
    cx: &Context,
    matter: Id,
    task: Option<&str>,
) -> Result<Option<Id>, Error> {
    let Some(actor) = cx.actor.account else { return Ok(None) };
    let task: Option<Id> = task.and_then(|t| t.parse().ok());
    let row = tx
        .first(
            "select account from absence where deputy = $1 and valid_from <= $2 and valid_to >= $2 and ended_at is null \
             and account = coalesce((select assigned from task where id = $4), (select assigned from matter where id = $3)) limit 1",
            &[actor.into(), cx.now.china_date().into(), matter.into(), task.into()],
        )
        .await?;
    Ok(row.map(|r| r.id("account")).transpose()?)
}

/// The accounts whose work somebody sees as the own today: the own and those one stands in for.
pub(crate) async fn stands_for(tx: &mut Tx, account: Id, today: Date) -> Result<Vec<Id>, Error> {
    let rows = tx
        .query(
            "select account from absence where deputy = $1 and valid_from <= $2 and valid_to >= $2 and ended_at is null",
            &[account.into(), today.into()],
        )
        .await?;
    let mut all = vec![account];
    for row in rows {
        all.push(row.id("account")?);
    }
    Ok(all)
}
