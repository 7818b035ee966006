//! Logging in and out: password, one-time code, lock-out, sessions.

use crate::account::{self, own, subject};
use crate::recent::append;
use crate::throttle::{Limit, count_try, give_back, reached};
use crate::{Access, Error, Principal, one_time, password, secret};
use base::{Id, Instant, Text};
use ledger::{Actor, Context, Entry};
use serde_json::json;
use store::{Row, Store, Tx, Value};
use tokio::sync::Semaphore;

/// A session ends after this many seconds without a request.
pub const IDLE_SECONDS: i64 = 2 * 3600;
/// A session ends this many seconds after the login, whatever happens.
pub const LIFE_SECONDS: i64 = 12 * 3600;
/// From this many wrong attempts on the account is locked, each time twice as long.
pub const FREE_FAILURES: i64 = 5;
/// The first lock, in seconds.
pub const FIRST_LOCK_SECONDS: i64 = 60;
/// The longest lock, in seconds.
pub const LONGEST_LOCK_SECONDS: i64 = 3600;
/// A wrong attempt is forgiven for every so many seconds without another: whoever tries now and then locks nobody out.
pub const FORGIVE_SECONDS: i64 = 3600;
/// Wrong attempts from one address, whatever the logins: somebody tries one password on many.
const BY_PEER: Limit = Limit { what: "login.peer", most: 100, seconds: 900 };
/// Wrong attempts at one login from one address.
const BY_PAIR: Limit = Limit { what: "login.pair", most: 10, seconds: 900 };
/// Addresses from which the login succeeded lately: the lock others have brought about does not hold there.
const KNOWN: Limit = Limit { what: "login.known", most: 1, seconds: 30 * 86_400 };
/// Passwords verified at once: each takes 19 MiB and tens of milliseconds of a processor.
static VERIFYING: Semaphore = Semaphore::const_new(4);
/// The time of the last request is written at most this often, in seconds.
const TOUCH_SECONDS: i64 = 300;

/// A login just made. The token goes into the cookie and nowhere else.
#[derive(Clone)]
pub struct Session {
    /// The session's id, for lists and logging out.
    pub id: Id,
    /// The secret.
    pub token: String,
    /// Whose.
    pub account: Id,
    /// End at the latest.
    pub expires: Instant,
    /// Whether the owner must now choose a password.
    pub must_change: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// A request made under a session.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who.
    pub principal: Principal,
    /// The session.
    pub session: Id,
    /// Whether the owner must choose a password before anything else.
    pub must_change: bool,
}

/// Logs in. Manages its own transactions: a failure must be counted although the login is refused, and hashing must
/// not hold the writer. `peer` is the address the attempt comes from, where it is known: wrong attempts are counted for it as well, by
/// keyed fingerprints, and from an address where the login succeeded lately the account's lock does not hold.
///
/// # Errors
/// [`Error::Refused`] (wrong login or password, too many attempts, locked, suspended), [`Error::NeedsCode`] when the password is right and the
/// account asks for a one-time code; storage.
pub async fn login(
    store: &Store,
    cx: &Context,
    access: &Access,
    peer: Option<&str>,
    login: &str,
    password: &str,
    code: Option<&str>,
) -> Result<Session, Error> {
    let login = login.trim().to_lowercase();
    let from = Origin { access, login: &login, peer };
    let known = from.attempt(store, cx.now).await?;
    let row =
        store.first("select id, password from account where login = $1", &[login.as_str().into()]).await?;
    let stored = row.as_ref().map(|r| r.text("password")).transpose()?;
    let right = verify(access, stored, password).await?;
    let Some(row) = row else { return Err(wrong()) };
    let account = row.id("id")?;

    let mut tx = store.begin().await?;
    // takes the row's lock, so that parallel guesses count one after the other
    tx.exec_one("update account set failures = failures where id = $1", &[account.into()]).await?;
    let row = tx.one("select * from account where id = $1", &[account.into()]).await?;
    let mut cx = cx.clone();
    cx.actor = Actor { account: Some(account), login: login.clone() };

    if let Some(until) = row.opt_instant("locked_until")?.filter(|until| *until > cx.now && !known) {
        return Err(locked(until));
    }
    if !right {
        return refuse(tx, &cx, &row).await;
    }
    if row.text("status")? != "active" {
        return Err(Error::Refused(Text::of(
            "账号已停用，请联系管理员",
            "the account is suspended; contact your administrator",
        )));
    }
    if row.text("totp_state")? == "on" {
        let Some(code) = code.map(str::trim).filter(|c| !c.is_empty()) else {
            from.was_right(&mut tx).await?;
            tx.commit().await?;
            return Err(Error::NeedsCode(Text::of(
                "请输入动态验证码",
                "enter the one-time code of your authenticator",
            )));
        };
        if !one_time::accept(&mut tx, &cx, access, &row, code).await? {
            return refuse(tx, &cx, &row).await;
        }
    }
    let session = open(&mut tx, &cx, &row).await?;
    from.was_right(&mut tx).await?;
    from.remember(&mut tx, cx.now).await?;
    tx.commit().await?;
    Ok(session)
}

/// Where attempts at a login come from.
struct Origin<'a> {
    access: &'a Access,
    login: &'a str,
    peer: Option<&'a str>,
}

impl Origin<'_> {
    /// The address together with the login, and the address.
    fn keys(&self) -> Option<(String, &str)> {
        self.peer.map(|peer| (format!("{} {peer}", self.login), peer))
    }

    /// Counts this attempt before anything is computed for it, so that attempts sent together do not all pass; gives whether the login
    /// succeeded from here lately.
    async fn attempt(&self, store: &Store, now: Instant) -> Result<bool, Error> {
        let Some((pair, peer)) = self.keys() else { return Ok(false) };
        let mut tx = store.begin().await?;
        let free = count_try(&mut tx, self.access, &BY_PAIR, &pair, now).await?
            & count_try(&mut tx, self.access, &BY_PEER, peer, now).await?;
        if !free {
            // what is not tried is not counted either
            tx.rollback().await?;
            return Err(Error::Refused(Text::of(
                "错误次数过多，请 15 分钟后再试",
                "too many wrong attempts from here; try again in 15 minutes",
            )));
        }
        tx.commit().await?;
        reached(store, self.access, &KNOWN, &pair, now).await
    }

    /// Takes the attempt back from the count of wrong ones.
    async fn was_right(&self, tx: &mut Tx) -> Result<(), Error> {
        let Some((pair, peer)) = self.keys() else { return Ok(()) };
        give_back(tx, self.access, &BY_PAIR, &pair).await?;
        give_back(tx, self.access, &BY_PEER, peer).await
    }

    /// Notes that the login succeeded from here.
    async fn remember(&self, tx: &mut Tx, now: Instant) -> Result<(), Error> {
        let Some((pair, _)) = self.keys() else { return Ok(()) };
        count_try(tx, self.access, &KNOWN, &pair, now).await?;
        Ok(())
    }
}

/// Verifies the own password again (before changing it, before a grave act), without opening a session.
///
/// # Errors
/// [`Error::Refused`] when it is not the password; storage.
pub async fn confirm(
    store: &Store,
    cx: &Context,
    access: &Access,
    who: &Principal,
    password: &str,
) -> Result<(), Error> {
    let row = store.first("select * from account where id = $1", &[who.account.into()]).await?;
    let row = row.ok_or_else(account::no_account)?;
    if let Some(until) = row.opt_instant("locked_until")?.filter(|until| *until > cx.now) {
        return Err(locked(until));
    }
    if verify(access, Some(row.text("password")?), password).await? {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    tx.exec_one("update account set failures = failures where id = $1", &[who.account.into()]).await?;
    let row = tx.one("select * from account where id = $1", &[who.account.into()]).await?;
    refuse(tx, cx, &row).await
}

async fn verify(access: &Access, stored: Option<String>, password: &str) -> Result<bool, Error> {
    let (cost, password) = (access.hashing(), password.to_owned());
    let _turn = VERIFYING.acquire().await.map_err(|e| Error::Setup(format!("password task: {e}")))?;
    tokio::task::spawn_blocking(move || password::verify(cost, stored.as_deref(), &password))
        .await
        .map_err(|e| Error::Setup(format!("password task: {e}")))
}

/// Counts a failure, locks when there were too many, commits, and gives the refusal.
async fn refuse<T>(mut tx: Tx, cx: &Context, row: &Row) -> Result<T, Error> {
    let account = row.id("id")?;
    let failures = standing_failures(row.int("failures")?, row.opt_instant("failed_at")?, cx.now) + 1;
    let until = lock_until(failures, cx.now);
    tx.exec(
        "update account set failures = $2, locked_until = $3, failed_at = $4 where id = $1",
        &[account.into(), failures.into(), until.into(), cx.now.into()],
    )
    .await?;
    if let Some(until) = until {
        let entry = Entry {
            kind: "account.locked",
            region: row.text("region")?,
            subject: subject(account),
            body: json!({ "failures": failures, "until": until.rfc3339() }),
            private: None,
        };
        append(&mut tx, cx, &ledger::Permit::system("lock-out"), entry).await?;
    }
    tx.commit().await?;
    Err(until.map_or_else(wrong, locked))
}

/// What is left of the failures after the time without another.
fn standing_failures(failures: i64, last: Option<Instant>, now: Instant) -> i64 {
    let quiet = last.map_or(0, |last| (now.0 - last.0).max(0) / 1_000_000);
    (failures - quiet / FORGIVE_SECONDS).max(0)
}

/// The end of the lock after so many failures.
fn lock_until(failures: i64, now: Instant) -> Option<Instant> {
    let doublings = failures.checked_sub(FREE_FAILURES).filter(|n| *n >= 0)?.min(20);
    let seconds = FIRST_LOCK_SECONDS << doublings;
    Some(now.plus_seconds(seconds.min(LONGEST_LOCK_SECONDS)))
}

fn wrong() -> Error {
    Error::Refused(Text::of("账号、密码或验证码不正确", "the login, password or code is not right"))
}

fn locked(until: Instant) -> Error {
    let at = until.china_minute();
    Error::Refused(Text::new(
        format!("错误次数过多，账号已锁定，请在 {at} 之后再试"),
        format!("too many wrong attempts: the account is locked; try again after {at} (China time)"),
    ))
}

async fn open(tx: &mut Tx, cx: &Context, row: &Row) -> Result<Session, Error> {
    let account = row.id("id")?;
    let token = secret::token("")?;
    let session = Session {
        id: cx.id(),
        account,
        expires: cx.now.plus_seconds(LIFE_SECONDS),
        must_change: row.flag("must_change")?,
        token,
    };
    tx.exec(
        "update account set failures = 0, locked_until = null, failed_at = null where id = $1",
        &[account.into()],
    )
    .await?;
    tx.exec(
        "delete from session where account = $1 and (expires_at <= $2 or seen_at <= $3)",
        &[account.into(), cx.now.into(), cx.now.plus_seconds(-IDLE_SECONDS).into()],
    )
    .await?;
    tx.exec(
        "insert into session (token, id, account, created_at, seen_at, expires_at) values ($1, $2, $3, $4, $4, $5)",
        &[
            secret::digest(&session.token).into(),
            session.id.into(),
            account.into(),
            cx.now.into(),
            session.expires.into(),
        ],
    )
    .await?;
    let entry = Entry {
        kind: "session.opened",
        region: row.text("region")?,
        subject: subject(account),
        body: json!({ "session": session.id }),
        private: None,
    };
    append(tx, cx, &own("act"), entry).await?;
    Ok(session)
}

/// Who the token of a cookie stands for, with the grants in force now; `None` when the session has ended.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn principal_for(
    store: &Store,
    access: &Access,
    token: &str,
    now: Instant,
) -> Result<Option<Visit>, Error> {
    let Some((visit, seen)) = visit_of(store, access, token, now).await? else { return Ok(None) };
    if now >= seen.plus_seconds(TOUCH_SECONDS) {
        let mut tx = store.begin().await?;
        let digest = Value::from(secret::digest(token));
        tx.exec("update session set seen_at = $2 where token = $1", &[digest, now.into()]).await?;
        tx.commit().await?;
    }
    Ok(Some(visit))
}

/// As [`principal_for`], for what goes on after its request was answered: it is no sign of life of the session.
///
/// # Errors
/// Storage, or a name sealed with another key.
pub async fn still_signed_in(
    store: &Store,
    access: &Access,
    token: &str,
    now: Instant,
) -> Result<Option<Visit>, Error> {
    Ok(visit_of(store, access, token, now).await?.map(|(visit, _)| visit))
}

/// The visit under a session that has not ended, and when its last request was noted.
async fn visit_of(
    store: &Store,
    access: &Access,
    token: &str,
    now: Instant,
) -> Result<Option<(Visit, Instant)>, Error> {
    let digest = Value::from(secret::digest(token));
    let row = store
        .first(
            "select a.*, s.id as session_id, s.seen_at, s.expires_at from session s \
             join account a on a.id = s.account where s.token = $1 and a.status = 'active'",
            std::slice::from_ref(&digest),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let seen = row.instant("seen_at")?;
    if now >= row.instant("expires_at")? || now >= seen.plus_seconds(IDLE_SECONDS) {
        return Ok(None);
    }
    let principal = account::principal(store, access, &row, row.id("id")?, now).await?;
    let visit = Visit { principal, session: row.id("session_id")?, must_change: row.flag("must_change")? };
    Ok(Some((visit, seen)))
}

/// Ends one session of the own account; ending one that has ended is fine.
///
/// # Errors
/// Storage.
pub async fn logout(tx: &mut Tx, cx: &Context, who: &Principal, session: Id) -> Result<(), Error> {
    let gone = tx
        .exec("delete from session where id = $1 and account = $2", &[session.into(), who.account.into()])
        .await?;
    if gone > 0 {
        let (region, _) = account::find(tx, who.account).await?;
        let body = json!({ "session": session });
        let entry =
            Entry { kind: "session.closed", region, subject: subject(who.account), body, private: None };
        append(tx, cx, &own("act"), entry).await?;
    }
    Ok(())
}

/// Ends every session of an account: the own one, or one that the principal administers. Gives their number.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such account.
pub async fn end_sessions(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    account: Id,
) -> Result<u64, Error> {
    let (region, _) = account::find(tx, account).await?;
    let permit = if who.account == account {
        own("act")
    } else {
        access.check(who, "administer", &account::resource(&region, account), cx.now)?
    };
    let ended = tx.exec("delete from session where account = $1", &[account.into()]).await?;
    let body = json!({ "ended": ended });
    let entry = Entry { kind: "session.all_closed", region, subject: subject(account), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_after_the_free_ones_locks_twice_as_long() {
        let now = Instant(0);
        let seconds = |n| lock_until(n, now).map(|t| t.0 / 1_000_000);
        assert_eq!(seconds(4), None);
        assert_eq!(seconds(5), Some(60));
        assert_eq!(seconds(6), Some(120));
        assert_eq!(seconds(9), Some(960));
        assert_eq!(seconds(40), Some(LONGEST_LOCK_SECONDS));
        assert_eq!(seconds(i64::MAX), Some(LONGEST_LOCK_SECONDS));
    }
}
