//! Single answers about accounts that pages and commands ask for.

use crate::{Access, Account, Error, Principal, Role, account};
use base::{Date, Id, Instant};
use store::{Sql, Store};

/// Whether there is any account: an installation without one is new.
///
/// # Errors
/// Storage.
pub async fn any_account(store: &Store) -> Result<bool, Error> {
    Ok(store.first("select id from account limit 1", &[]).await?.is_some())
}

/// How the second factor of an account stands: `off`, `pending` or `on`.
///
/// # Errors
/// Storage; there is no such account.
pub async fn totp_state(store: &Store, account: Id) -> Result<String, Error> {
    let row = store.one("select totp_state from account where id = $1", &[account.into()]).await?;
    Ok(row.text("totp_state")?)
}

/// The account of a login, if the reader may see it.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn account_named(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    login: &str,
) -> Result<Option<Account>, Error> {
    // the list begins after a login: one sign less than this one
    let mut before: Vec<char> = login.chars().collect();
    let last = before.pop().and_then(|c| char::from_u32(u32::from(c).saturating_sub(1)));
    let before: String = before.into_iter().chain(last).chain(['~']).collect();
    let some = account::list_accounts(store, access, who, now, &before, 20).await?;
    Ok(some.into_iter().find(|a| a.login == login))
}

/// The login of an active account with a role, the widest region first: in whose name a command acts when nobody is named.
///
/// # Errors
/// Storage.
pub async fn login_with_role(store: &Store, role: Role, today: Date) -> Result<Option<String>, Error> {
    let row = store
        .first(
            "select a.login from account a join account_grant g on g.account = a.id \
             where a.status = 'active' and g.waits = 0 and g.role = $1 and g.valid_from <= $2 \
             and (g.valid_to is null or g.valid_to >= $2) order by length(g.region), a.id limit 1",
            &[role.code().into(), today.into()],
        )
        .await?;
    Ok(row.map(|r| r.text("login")).transpose()?)
}

/// Those who work in a department of a region, of its parts, and of what lies above it, the nation and the provinces left out
/// unless the region is one: officers, desks and leaders. Account and name, in order of account.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn colleagues_of(
    store: &Store,
    access: &Access,
    region: &str,
    agency: &str,
    today: Date,
) -> Result<Vec<(Id, String)>, Error> {
    people(
        store,
        access,
        region,
        agency,
        today,
        ([Role::Officer, Role::Desk, Role::Leader], region.len().min(4)),
    )
    .await
}

/// Officers who can be sent into a region for a department: those of the region, of its parts, and of what lies above it,
/// the nation and the provinces left out. Account and name, in order of account.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn officers_for(
    store: &Store,
    access: &Access,
    region: &str,
    agency: &str,
    today: Date,
) -> Result<Vec<(Id, String)>, Error> {
    people(store, access, region, agency, today, ([Role::Officer; 3], 4)).await
}

async fn people(
    store: &Store,
    access: &Access,
    region: &str,
    agency: &str,
    today: Date,
    ([a, b, c], shortest): ([Role; 3], usize),
) -> Result<Vec<(Id, String)>, Error> {
    let rows = store
        .query(
            "select distinct a.id, a.name from account a join account_grant g on g.account = a.id \
             where a.status = 'active' and g.waits = 0 and g.role in ($5, $6, $7) and g.agency = $1 and length(g.region) >= $8 \
             and (g.region like $2 or $3 like g.region || '%') and g.valid_from <= $4 \
             and (g.valid_to is null or g.valid_to >= $4) order by a.id",
            &[
                agency.into(),
                format!("{region}%").into(),
                region.into(),
                today.into(),
                a.code().into(),
                b.code().into(),
                c.code().into(),
                i64::try_from(shortest).unwrap_or(4).into(),
            ],
        )
        .await?;
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id("id")?;
        out.push((id, access.vault().open_text(&account::name_context(id), &row.bytes("name")?)?));
    }
    Ok(out)
}
/// Who stands behind a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account: Id,
    /// Its login.
    pub login: String,
    /// The name, opened.
    pub name: String,
    /// The firm or laboratory it acts for.
    pub operator: Option<Id>,
}

/// The people behind logins and accounts, for naming them beside what they did: no right is asked here, the record that
/// names them was the reader's to see. One that no account has is left out.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn people_behind(
    store: &Store,
    access: &Access,
    logins: &[&str],
    accounts: &[Id],
) -> Result<Vec<Person>, Error> {
    let mut sql = Sql::new("select id, login, name, operator from account where login in ");
    sql.bind_list(logins.iter().copied()).push(" or id in ").bind_list(accounts.iter().copied());
    let mut all = Vec::new();
    for row in store.select(&sql).await? {
        let account = row.id("id")?;
        let name = access.vault().open_text(&account::name_context(account), &row.bytes("name")?)?;
        all.push(Person { account, login: row.text("login")?, name, operator: row.opt_id("operator")? });
    }
    Ok(all)
}
