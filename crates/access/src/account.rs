//! Accounts and their grants: opened, changed and closed by an administrator of the region, or by their owner.

pub use crate::grant::{
    Seat, add_grant, confirm_at_machine, confirm_grant, end_grant, grants_of, waiting_at_machine,
    waiting_grants,
};
use crate::password::Hashed;
use crate::recent::append;
use crate::{Access, Error, Grant, Principal, Resource, Role, api_token, grant};
use base::{Id, Instant, Text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{Context, Entry, Permit};
use serde_json::json;
use store::{Row, Sql, Store, Tx, Value};

/// What an account is opened with.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Login: 3–64 of `a–z 0–9 . _ - @`, stored in lower case.
    pub login: String,
    /// From [`Access::hash_password`].
    pub password: Hashed,
    /// Display name: personal data, stored sealed.
    pub name: String,
    /// Phone: personal data, stored sealed.
    pub phone: Option<String>,
    /// Region whose administrators look after it.
    pub region: String,
    /// The firm or laboratory it acts for.
    pub operator: Option<Id>,
    /// Whether the owner must choose a password at the first login.
    pub must_change: bool,
}

/// An account as administrators see it; without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Login.
    pub login: String,
    /// Display name.
    pub name: String,
    /// Phone.
    pub phone: Option<String>,
    /// Administering region.
    pub region: String,
    /// Operator acted for.
    pub operator: Option<Id>,
    /// Whether it may log in.
    pub active: bool,
    /// Locked until, after wrong passwords.
    pub locked_until: Option<Instant>,
    /// Whether one-time codes are on.
    pub totp: bool,
    /// Opened at.
    pub created_at: Instant,
}

/// The permit for what the owner does with the own account.
pub(crate) fn own(action: &str) -> Permit {
    Permit::new(action, vec!["own-account".to_owned()])
}

pub(crate) fn subject(account: Id) -> String {
    format!("account:{account}")
}

pub(crate) fn name_context(account: Id) -> String {
    format!("account.name:{account}")
}

fn phone_context(account: Id) -> String {
    format!("account.phone:{account}")
}

/// The account as a resource. Nobody administers the own account: its owner stands aside.
pub(crate) fn resource(region: &str, account: Id) -> Resource {
    let mut res = Resource::new("account", region);
    res.recused.push(account);
    res
}

/// Who opens an account that acts for an operator, or gives it a grant, looks after accounts where the operator is registered, not only
/// where the account is: in the policies of firms and laboratories the region of a grant says nothing. An operator the register does not
/// know is of no region, and a matter for the nation.
pub(crate) async fn check_operator(
    tx: &mut Tx,
    access: &Access,
    who: &Principal,
    action: &str,
    operator: Option<Id>,
    now: Instant,
) -> Result<(), Error> {
    let Some(operator) = operator else { return Ok(()) };
    let row = tx.first("select region from operator where id = $1", &[operator.into()]).await?;
    let region = row.map(|r| r.text("region")).transpose()?.unwrap_or_default();
    access.check(who, action, &Resource::new("account", region), now)?;
    Ok(())
}

/// The permit to give an account something (a password, an opened lock, a grant), with the account's region: who asks looks after
/// accounts of its region and of where the operator it acts for is registered, and it is not the own one. To take away needs the account's
/// region alone, so that a lost account is closed by whoever is nearest.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such account.
pub(crate) async fn entrusted(
    tx: &mut Tx,
    access: &Access,
    who: &Principal,
    account: Id,
    now: Instant,
) -> Result<(String, Permit), Error> {
    let row = tx.first("select region, operator from account where id = $1", &[account.into()]).await?;
    let row = row.ok_or_else(no_account)?;
    let region = row.text("region")?;
    let permit = access.check(who, "administer", &resource(&region, account), now)?;
    check_operator(tx, access, who, "administer", row.opt_id("operator")?, now).await?;
    Ok((region, permit))
}

/// Opens an account; who asks must administer its region, and that of the operator it acts for.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a bad or taken login.
pub async fn create_account(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewAccount,
) -> Result<Id, Error> {
    let permit = access.check(who, "create", &Resource::new("account", &*new.region), cx.now)?;
    check_operator(tx, access, who, "create", new.operator, cx.now).await?;
    insert(tx, cx, access, &permit, new).await
}

/// Opens the very first account, the national administrator, of an empty installation.
///
/// # Errors
/// [`Error::Invalid`] when an account exists already.
pub async fn create_first_account(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    new: NewAccount,
) -> Result<Id, Error> {
    if tx.first("select id from account limit 1", &[]).await?.is_some() {
        return Err(Error::invalid(
            "login",
            "系统已有账号，请由管理员新建",
            "accounts exist already; ask an administrator to open one",
        ));
    }
    let permit = Permit::system("first account");
    let region = new.region.clone();
    let id = insert(tx, cx, access, &permit, new).await?;
    let grant = Grant {
        role: Role::Admin,
        region,
        agency: String::new(),
        ceiling: crate::INTERNAL,
        from: cx.now.china_date(),
        to: None,
    };
    grant::insert(tx, cx, &permit, id, &grant, None).await?;
    Ok(id)
}

async fn insert(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    permit: &Permit,
    new: NewAccount,
) -> Result<Id, Error> {
    let login = new.login.trim().to_lowercase();
    check_login(&login)?;
    check_region(&new.region)?;
    if new.name.trim().is_empty() {
        return Err(Error::invalid("name", "请填写姓名", "a name is required"));
    }
    let taken = tx.first("select id from account where login = $1", &[login.as_str().into()]).await?;
    if taken.is_some() {
        return Err(Error::invalid("login", "该账号名已被使用", "this login is taken; choose another"));
    }
    let id = cx.id();
    let name = access.vault().seal(&name_context(id), new.name.trim())?;
    let phone = new.phone.as_deref().map(|p| access.vault().seal(&phone_context(id), p)).transpose()?;
    let private = json!({
        "name": STANDARD.encode(&name),
        "phone": phone.as_ref().map(|p| STANDARD.encode(p)),
    });
    tx.exec(
        "insert into account (id, version, login, region, operator, name, phone, password, must_change, status, \
         failures, locked_until, totp, totp_state, totp_step, created_at) \
         values ($1, 1, $2, $3, $4, $5, $6, $7, $8, 'active', 0, null, null, 'off', 0, $9)",
        &[
            id.into(),
            login.as_str().into(),
            new.region.as_str().into(),
            new.operator.into(),
            name.into(),
            phone.into(),
            new.password.0.into(),
            new.must_change.into(),
            cx.now.into(),
        ],
    )
    .await?;
    let entry = Entry {
        kind: "account.created",
        region: new.region,
        subject: subject(id),
        body: json!({ "account": id, "login": login, "operator": new.operator }),
        private: Some(private),
    };
    append(tx, cx, permit, entry).await?;
    Ok(id)
}

/// Suspends an account, which ends its sessions and revokes its tokens, or reactivates it (which also lifts a lock). To reactivate it,
/// who asks must look after accounts where its operator is registered, too.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such account.
pub async fn set_active(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    account: Id,
    active: bool,
) -> Result<(), Error> {
    let (region, permit) = if active {
        entrusted(tx, access, who, account, cx.now).await?
    } else {
        let (region, _) = find(tx, account).await?;
        let permit = access.check(who, "administer", &resource(&region, account), cx.now)?;
        (region, permit)
    };
    let status = if active { "active" } else { "suspended" };
    tx.exec_one(
        "update account set status = $2, failures = 0, locked_until = null, version = version + 1 where id = $1",
        &[account.into(), status.into()],
    )
    .await?;
    let (kind, body) = match active {
        true => ("account.activated", json!({})),
        false => ("account.suspended", close_doors(tx, account, cx.now).await?),
    };
    append(tx, cx, &permit, Entry { kind, region, subject: subject(account), body, private: None }).await?;
    Ok(())
}

/// Ends everything by which somebody is in as this account; gives what the journal says of it.
async fn close_doors(tx: &mut Tx, account: Id, now: Instant) -> Result<serde_json::Value, Error> {
    let sessions = tx.exec("delete from session where account = $1", &[account.into()]).await?;
    let tokens = api_token::revoke_all(tx, account, now).await?;
    Ok(json!({ "sessions": sessions, "tokens": tokens }))
}

/// Changes the own password; every other session of the account ends. The old password is verified by
/// [`crate::session::confirm`] before (it costs time that no transaction should wait for).
///
/// # Errors
/// [`Error::Invalid`] when there is no such account.
pub async fn change_password(
    tx: &mut Tx,
    cx: &Context,
    who: &Principal,
    keep_session: Option<Id>,
    new: Hashed,
) -> Result<(), Error> {
    let (region, _) = find(tx, who.account).await?;
    store_password(tx, who.account, new, false).await?;
    tx.exec(
        "delete from session where account = $1 and id <> $2",
        &[who.account.into(), keep_session.unwrap_or(Principal::NOBODY).into()],
    )
    .await?;
    let entry = Entry {
        kind: "password.changed",
        region,
        subject: subject(who.account),
        body: json!({}),
        private: None,
    };
    append(tx, cx, &own("act"), entry).await?;
    Ok(())
}

/// Sets a password for somebody who forgot theirs or whose account was taken over; they must change it at the next login, their
/// sessions end and their tokens are revoked. Who knows the password can act for the firm: who sets it must look after accounts where the
/// firm is registered, not only where the account is.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such account.
pub async fn reset_password(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    account: Id,
    new: Hashed,
) -> Result<(), Error> {
    let (region, permit) = entrusted(tx, access, who, account, cx.now).await?;
    store_password(tx, account, new, true).await?;
    let body = close_doors(tx, account, cx.now).await?;
    let entry = Entry { kind: "password.reset", region, subject: subject(account), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

async fn store_password(tx: &mut Tx, account: Id, new: Hashed, must_change: bool) -> Result<(), Error> {
    tx.exec_one(
        "update account set password = $2, must_change = $3, failures = 0, locked_until = null, \
         version = version + 1 where id = $1",
        &[account.into(), new.0.into(), must_change.into()],
    )
    .await?;
    Ok(())
}

/// The accounts a principal may see, by login; `after` is the last login of the page before.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn list_accounts(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    after: &str,
    limit: u32,
) -> Result<Vec<Account>, Error> {
    let scope = access.scope(who, "view", "account", now);
    let mut sql = Sql::new("select * from account where login > ");
    sql.bind(after).push(" and ").append(&scope.sql("region", None, Some("operator")));
    sql.push(" order by login limit ").bind(limit);
    store.select(&sql).await?.iter().map(|row| read(access, row)).collect()
}

/// An account acting now, by login: for the demo and for jobs that act in a person's name. `None` when there is none active.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn principal_by_login(
    store: &Store,
    access: &Access,
    login: &str,
    now: Instant,
) -> Result<Option<Principal>, Error> {
    let row = store
        .first("select * from account where login = $1 and status = 'active'", &[login.to_lowercase().into()])
        .await?;
    match row {
        None => Ok(None),
        Some(row) => principal(store, access, &row, row.id("id")?, now).await.map(Some),
    }
}

/// As [`principal_by_login`], by the account's id: for what goes on in a person's name after the request has ended.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn principal_by_id(
    store: &Store,
    access: &Access,
    account: Id,
    now: Instant,
) -> Result<Option<Principal>, Error> {
    let row =
        store.first("select * from account where id = $1 and status = 'active'", &[account.into()]).await?;
    match row {
        None => Ok(None),
        Some(row) => principal(store, access, &row, account, now).await.map(Some),
    }
}

/// What an active account may do, as seen inside a transaction: its grants in force, without its name, which stays sealed. `None` when
/// there is none active.
///
/// # Errors
/// Storage.
pub async fn rights_of(tx: &mut Tx, account: Id, now: Instant) -> Result<Option<Principal>, Error> {
    let sql = "select login, operator from account where id = $1 and status = 'active'";
    let Some(row) = tx.first(sql, &[account.into()]).await? else { return Ok(None) };
    let grants = tx.query(IN_FORCE, &[account.into(), now.china_date().into()]).await?;
    Ok(Some(Principal {
        account,
        login: row.text("login")?,
        name: String::new(),
        operator: row.opt_id("operator")?,
        grants: grants.iter().map(grant::read).collect::<Result<_, _>>()?,
    }))
}

/// The grants of an account on a day.
const IN_FORCE: &str = "select * from account_grant where account = $1 and waits = 0 and valid_from <= $2 \
                        and (valid_to is null or valid_to >= $2) order by id";

/// Builds the principal of an account row with its grants in force.
pub(crate) async fn principal(
    store: &Store,
    access: &Access,
    row: &Row,
    account: Id,
    now: Instant,
) -> Result<Principal, Error> {
    let today = Value::from(now.china_date());
    let rows = store.query(IN_FORCE, &[account.into(), today]).await?;
    Ok(Principal {
        account,
        login: row.text("login")?,
        name: access.vault().open_text(&name_context(account), &row.bytes("name")?)?,
        operator: row.opt_id("operator")?,
        grants: rows.iter().map(grant::read).collect::<Result<_, _>>()?,
    })
}

fn read(access: &Access, row: &Row) -> Result<Account, Error> {
    let id = row.id("id")?;
    let phone = row.opt_bytes("phone")?;
    Ok(Account {
        id,
        version: row.int("version")?,
        login: row.text("login")?,
        name: access.vault().open_text(&name_context(id), &row.bytes("name")?)?,
        phone: phone.map(|p| access.vault().open_text(&phone_context(id), &p)).transpose()?,
        region: row.text("region")?,
        operator: row.opt_id("operator")?,
        active: row.text("status")? == "active",
        locked_until: row.opt_instant("locked_until")?,
        totp: row.text("totp_state")? == "on",
        created_at: row.instant("created_at")?,
    })
}

/// Region and login of an account.
pub(crate) async fn find(tx: &mut Tx, account: Id) -> Result<(String, String), Error> {
    let row = tx.first("select region, login from account where id = $1", &[account.into()]).await?;
    let row = row.ok_or_else(no_account)?;
    Ok((row.text("region")?, row.text("login")?))
}

pub(crate) fn no_account() -> Error {
    Error::invalid("account", "没有这个账号", "there is no such account")
}

fn check_login(login: &str) -> Result<(), Error> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_@".contains(c);
    if (3..=64).contains(&login.len()) && login.chars().all(fine) {
        return Ok(());
    }
    Err(Error::invalid(
        "login",
        "账号名为 3–64 个字符，只能用字母、数字和 . - _ @",
        "a login has 3–64 characters: letters, digits and . - _ @",
    ))
}

pub(crate) fn check_region(code: &str) -> Result<(), Error> {
    match code.parse::<base::RegionCode>() {
        // grants are prefixes: 6201, not 620100
        Ok(region) if region.as_str() == code => Ok(()),
        Ok(region) => Err(Error::Invalid {
            field: "region",
            text: Text::new(format!("行政区划请写作“{region}”"), format!("write the region as '{region}'")),
        }),
        Err(e) => Err(Error::Invalid { field: "region", text: e.text() }),
    }
}
