//! Bearer tokens for the software of firms and laboratories.

use crate::account::{self, own, subject};
use crate::recent::append;
use crate::{Access, Error, Principal, secret};
use base::{Id, Instant};
use ledger::{Context, Entry};
use serde_json::json;
use store::{Store, Tx};

/// How a token begins, so that scanners for leaked secrets find it.
pub const PREFIX: &str = "shian_";

/// A token as its owner sees it; the secret itself was shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token's id.
    pub id: Id,
    /// The owner's name for it.
    pub name: String,
    /// Made at.
    pub created_at: Instant,
    /// Good until, if limited.
    pub expires_at: Option<Instant>,
    /// Revoked at.
    pub revoked_at: Option<Instant>,
}

/// Makes a token for the own account; the secret is given back this once. It acts with the account's grants. The password is asked
/// again before, by [`crate::session::confirm`]: a stolen session must not outlive itself.
///
/// # Errors
/// [`Error::Invalid`] for an empty or long name.
pub async fn create_api_token(
    tx: &mut Tx,
    cx: &Context,
    who: &Principal,
    name: &str,
    expires_at: Option<Instant>,
) -> Result<(Id, String), Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 {
        return Err(Error::invalid(
            "name",
            "请为令牌填写 1–60 个字符的名称",
            "give the token a name of 1–60 characters",
        ));
    }
    let (region, _) = account::find(tx, who.account).await?;
    let (id, token) = (cx.id(), secret::token(PREFIX)?);
    tx.exec(
        "insert into api_token (id, token, account, name, created_at, expires_at, revoked_at) \
         values ($1, $2, $3, $4, $5, $6, null)",
        &[
            id.into(),
            secret::digest(&token).into(),
            who.account.into(),
            name.into(),
            cx.now.into(),
            expires_at.into(),
        ],
    )
    .await?;
    let entry = Entry {
        kind: "token.created",
        region,
        subject: subject(who.account),
        body: json!({ "token": id, "name": name, "expires": expires_at.map(Instant::rfc3339) }),
        private: None,
    };
    append(tx, cx, &own("act"), entry).await?;
    Ok((id, token))
}

/// Revokes a token at once: the own one, or one of an account that the principal administers.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such token.
pub async fn revoke_api_token(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    token: Id,
) -> Result<(), Error> {
    let row = tx.first("select account from api_token where id = $1", &[token.into()]).await?;
    let row = row.ok_or_else(|| Error::invalid("token", "没有这个令牌", "there is no such token"))?;
    let account = row.id("account")?;
    let (region, _) = account::find(tx, account).await?;
    let permit = if who.account == account {
        own("act")
    } else {
        access.check(who, "administer", &account::resource(&region, account), cx.now)?
    };
    tx.exec(
        "update api_token set revoked_at = $2 where id = $1 and revoked_at is null",
        &[token.into(), cx.now.into()],
    )
    .await?;
    let body = json!({ "token": token });
    let entry = Entry { kind: "token.revoked", region, subject: subject(account), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// Revokes every token of an account; gives their number. The caller checks the right and keeps the record.
pub(crate) async fn revoke_all(tx: &mut Tx, account: Id, now: Instant) -> Result<u64, Error> {
    let sql = "update api_token set revoked_at = $2 where account = $1 and revoked_at is null";
    Ok(tx.exec(sql, &[account.into(), now.into()]).await?)
}

/// The own tokens, newest first.
///
/// # Errors
/// Storage.
pub async fn list_api_tokens(store: &Store, who: &Principal) -> Result<Vec<ApiToken>, Error> {
    of_account(store, who.account).await
}

/// The tokens of an account that the principal administers, newest first.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such account; storage.
pub async fn list_tokens_of(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    account: Id,
) -> Result<Vec<ApiToken>, Error> {
    let row = store.first("select region from account where id = $1", &[account.into()]).await?;
    let region = row.ok_or_else(account::no_account)?.text("region")?;
    access.check(who, "administer", &account::resource(&region, account), now)?;
    of_account(store, account).await
}

async fn of_account(store: &Store, account: Id) -> Result<Vec<ApiToken>, Error> {
    let sql = "select * from api_token where account = $1 order by id desc";
    let rows = store.query(sql, &[account.into()]).await?;
    rows.iter()
        .map(|r| {
            Ok(ApiToken {
                id: r.id("id")?,
                name: r.text("name")?,
                created_at: r.instant("created_at")?,
                expires_at: r.opt_instant("expires_at")?,
                revoked_at: r.opt_instant("revoked_at")?,
            })
        })
        .collect()
}

/// Who a bearer token stands for, and when it ends; `None` when it is unknown, revoked or past its date. Asked through
/// [`crate::Recent`].
pub(crate) async fn found(
    store: &Store,
    access: &Access,
    token: &str,
    now: Instant,
) -> Result<Option<(Principal, Option<Instant>)>, Error> {
    if !token.starts_with(PREFIX) {
        return Ok(None);
    }
    let row = store
        .first(
            "select a.*, t.expires_at from api_token t join account a on a.id = t.account \
             where t.token = $1 and t.revoked_at is null and a.status = 'active'",
            &[secret::digest(token).into()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let end = row.opt_instant("expires_at")?;
    if end.is_some_and(|end| now >= end) {
        return Ok(None);
    }
    Ok(Some((account::principal(store, access, &row, row.id("id")?, now).await?, end)))
}
