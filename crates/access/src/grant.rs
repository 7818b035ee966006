//! Grants: given and ended by an administrator of both the account's region and the region granted.

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
    insert(tx, cx, &permit, account, grant).await
}

pub(crate) async fn insert(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    account: Id,
    grant: &Grant,
) -> Result<Id, Error> {
    let id = cx.id();
    tx.exec(
        "insert into account_grant (id, account, role, region, agency, ceiling, valid_from, valid_to, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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
        ],
    )
    .await?;
    let entry = Entry {
        kind: "grant.added",
        region: grant.region.clone(),
        subject: account::subject(account),
        body: json!({ "grant": id, "terms": grant }),
        private: None,
    };
    append(tx, cx, permit, entry).await?;
    Ok(id)
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
    tx.exec("update account_grant set valid_to = $2 where id = $1", &[grant.into(), last.into()]).await?;
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
) -> Result<Vec<(Id, Grant)>, Error> {
    if who.account != account {
        let row = store.first("select region from account where id = $1", &[account.into()]).await?;
        let region = row.ok_or_else(account::no_account)?.text("region")?;
        access.check(who, "view", &Resource::new("account", region), now)?;
    }
    let rows =
        store.query("select * from account_grant where account = $1 order by id", &[account.into()]).await?;
    rows.iter().map(|r| Ok((r.id("id")?, read(r)?))).collect()
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
