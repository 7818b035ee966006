//! Grants: given and ended by an administrator of both the account's region and the region granted. What decides or
//! opens what is confidential is in force when a second administrator has confirmed it: else one person alone could make
//! both pairs of eyes of every step that asks for two.

use crate::recent::append;
use crate::{Access, Error, Grant, Principal, Resource, Role, account};
use base::{Id, Instant};
use ledger::{Context, Entry, Permit};
use serde_json::json;
use store::{Row, Store, Tx};

/// Adds a grant. Who asks must administer the account's region, the region granted and that
/// of the operator the account acts for, and never the own account.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a grant that means nothing.
pub async fn add_grant(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    account: Id,
    grant: &Grant,
) -> Result<Id, Error> {
    account::entrusted(tx, access, who, account, cx.now).await?;
    let permit = access.check(who, "administer", &account::resource(&grant.region, account), cx.now)?;
    account::check_region(&grant.region)?;
    if grant.role == Role::Citizen {
        return Err(Error::invalid("role", "公众无需授权", "a citizen needs no grant"));
    }
    if grant.ceiling > crate::CONFIDENTIAL {
        return Err(Error::invalid("ceiling", "密级为 0、1 或 2", "the ceiling is 0, 1 or 2"));
    }
    if grant.to.is_some_and(|to| to < grant.from) {
        return Err(Error::invalid("to", "终止日期早于起始日期", "the last day lies before the first"));
    }
    if matches!(grant.role, Role::Officer | Role::Desk) && grant.agency.is_empty() {
        return Err(Error::invalid("agency", "请选择部门", "choose the department"));
    }
    insert(tx, cx, &permit, account, grant, Some(who.account)).await
}

/// A grant as it stands on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its number.
    pub id: Id,
    /// The account that has it.
    pub account: Id,
    /// What is granted.
    pub grant: Grant,
    /// The administrator who gave it; `None` for the first account's.
    pub given_by: Option<Id>,
    /// Whether it still waits for a second administrator.
    pub waits: bool,
}

pub(crate) async fn insert(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    account: Id,
    grant: &Grant,
    given_by: Option<Id>,
) -> Result<Id, Error> {
    let id = cx.id();
    let waits = given_by.is_some() && grant.takes_two();
    tx.exec(
        "insert into account_grant (id, account, role, region, agency, ceiling, valid_from, valid_to, created_at, \
         given_by, waits) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            id.into(),
            account.into(),
            grant.role.code().into(),
            grant.region.as_str().into(),
            grant.agency.as_str().into(),
            i64::from(grant.ceiling).into(),
            grant.from.into(),
            grant.to.into(),
            cx.now.into(),
            given_by.into(),
            i64::from(waits).into(),
        ],
    )
    .await?;
    let entry = Entry {
        kind: "grant.added",
        region: grant.region.clone(),
        subject: account::subject(account),
        body: json!({ "grant": id, "terms": grant, "waits": waits }),
        private: None,
    };
    append(tx, cx, permit, entry).await?;
    Ok(id)
}

/// Confirms a grant that waits: an administrator of the account's region and of the region granted, other than who gave
/// it and who gets it.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when it does not wait, or for the two people it concerns.
pub async fn confirm_grant(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    grant: Id,
) -> Result<(), Error> {
    let seat = waiting(tx, grant).await?;
    account::entrusted(tx, access, who, seat.account, cx.now).await?;
    let permit =
        access.check(who, "administer", &account::resource(&seat.grant.region, seat.account), cx.now)?;
    if seat.given_by == Some(who.account) {
        return Err(Error::invalid(
            "grant",
            "这项授权是您给出的，须由另一名管理员确认",
            "you gave this grant; another administrator confirms it",
        ));
    }
    confirmed(tx, cx, &permit, &seat, Some(who.account)).await
}

/// Confirms a grant at the machine, where there is no second administrator yet: who runs the machine is the second person.
///
/// # Errors
/// [`Error::Invalid`] when it does not wait.
pub async fn confirm_at_machine(tx: &mut Tx, cx: &Context, grant: Id) -> Result<(), Error> {
    let seat = waiting(tx, grant).await?;
    confirmed(tx, cx, &Permit::system("confirmed at the machine"), &seat, None).await
}

async fn waiting(tx: &mut Tx, grant: Id) -> Result<Seat, Error> {
    let row = tx.first("select * from account_grant where id = $1 and waits = 1", &[grant.into()]).await?;
    let row = row.ok_or_else(|| {
        Error::invalid("grant", "没有这项待确认的授权", "there is no such grant waiting to be confirmed")
    })?;
    seat(&row)
}

async fn confirmed(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    seat: &Seat,
    by: Option<Id>,
) -> Result<(), Error> {
    tx.exec(
        "update account_grant set waits = 0, confirmed_by = $2 where id = $1",
        &[seat.id.into(), by.into()],
    )
    .await?;
    let entry = Entry {
        kind: "grant.confirmed",
        region: seat.grant.region.clone(),
        subject: account::subject(seat.account),
        body: json!({ "grant": seat.id, "terms": seat.grant }),
        private: None,
    };
    append(tx, cx, permit, entry).await?;
    Ok(())
}

/// The grants of a login that wait to be confirmed, for who runs the machine; oldest first.
///
/// # Errors
/// Storage.
pub async fn waiting_at_machine(store: &Store, login: &str) -> Result<Vec<Seat>, Error> {
    let rows = store
        .query(
            "select g.* from account_grant g join account a on a.id = g.account where g.waits = 1 and a.login = $1 \
             order by g.id",
            &[login.into()],
        )
        .await?;
    rows.iter().map(seat).collect()
}

/// The grants that wait for a second administrator, with the login of their account, as far as the principal administers
/// it; oldest first.
///
/// # Errors
/// Storage.
pub async fn waiting_grants(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
) -> Result<Vec<(String, Seat)>, Error> {
    let rows = store
        .query(
            "select g.*, a.login from account_grant g join account a on a.id = g.account where g.waits = 1 order by g.id",
            &[],
        )
        .await?;
    let all = rows.iter().map(|r| Ok((r.text("login")?, seat(r)?))).collect::<Result<Vec<_>, Error>>()?;
    let mine =
        |s: &Seat| access.allows(who, "administer", &account::resource(&s.grant.region, s.account), now);
    Ok(all.into_iter().filter(|(_, s)| mine(s)).collect())
}

/// Ends a grant with yesterday; one that never came into force is shortened to nothing.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such grant.
pub async fn end_grant(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    grant: Id,
) -> Result<(), Error> {
    let row = tx.first("select account, region from account_grant where id = $1", &[grant.into()]).await?;
    let row = row.ok_or_else(|| Error::invalid("grant", "没有这项授权", "there is no such grant"))?;
    let (account, region) = (row.id("account")?, row.text("region")?);
    let permit = access.check(who, "administer", &account::resource(&region, account), cx.now)?;
    let last = cx.now.plus_seconds(-86_400).china_date();
    tx.exec("update account_grant set valid_to = $2, waits = 0 where id = $1", &[grant.into(), last.into()])
        .await?;
    let body = json!({ "grant": grant, "last_day": last.to_string() });
    let entry =
        Entry { kind: "grant.ended", region, subject: account::subject(account), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// The grants of an account, past ones too, oldest first.
///
/// # Errors
/// [`Error::Denied`] unless it is the own account or one that the principal may see.
pub async fn grants_of(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    account: Id,
) -> Result<Vec<Seat>, Error> {
    if who.account != account {
        let row = store.first("select region from account where id = $1", &[account.into()]).await?;
        let region = row.ok_or_else(account::no_account)?.text("region")?;
        access.check(who, "view", &Resource::new("account", region), now)?;
    }
    let rows =
        store.query("select * from account_grant where account = $1 order by id", &[account.into()]).await?;
    rows.iter().map(seat).collect()
}

fn seat(row: &Row) -> Result<Seat, Error> {
    Ok(Seat {
        id: row.id("id")?,
        account: row.id("account")?,
        grant: read(row)?,
        given_by: row.opt_id("given_by")?,
        waits: row.int("waits")? != 0,
    })
}

/// A grant from its row.
pub(crate) fn read(row: &Row) -> Result<Grant, Error> {
    let ceiling = u8::try_from(row.int("ceiling")?).unwrap_or(crate::PUBLIC);
    Ok(Grant {
        role: row.text("role")?.parse()?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        ceiling,
        from: row.date("valid_from")?,
        to: row.opt_date("valid_to")?,
    })
}
