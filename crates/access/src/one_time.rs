//! One-time codes (RFC 6238) and the recovery codes for the day the phone is lost.

use crate::account::{self, own, subject};
use crate::recent::append;
use crate::{Access, Error, Principal};
use base::Id;
use ledger::{Context, Entry};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Row, Tx, Value};
use totp_rs::{Builder, Secret, Totp};

/// Recovery codes given out at a time.
const RECOVERY_CODES: usize = 10;
/// Crockford's base 32 without the letters that look like digits.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What the owner enters into the authenticator, once.
#[derive(Clone)]
pub struct Enrolment {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// The `otpauth://` address, for a QR code.
    pub uri: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment")
    }
}

fn context(account: Id) -> String {
    format!("account.totp:{account}")
}

/// Six digits every 30 seconds by HMAC-SHA-1, one step of tolerance: what every authenticator does.
fn generator(secret: Vec<u8>) -> Result<Totp, Error> {
    Builder::new().with_secret(secret).build().map_err(|e| Error::Setup(format!("one-time codes: {e}")))
}

fn seconds(cx: &Context) -> u64 {
    u64::try_from(cx.now.0 / 1_000_000).unwrap_or(0)
}

/// Starts enrolment of the own account: codes are asked for only after [`confirm_totp`].
///
/// # Errors
/// [`Error::Invalid`] when codes are on already.
pub async fn enrol_totp(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
) -> Result<Enrolment, Error> {
    let (region, login) = account::find(tx, who.account).await?;
    let mut bytes = vec![0u8; 20];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    let sealed = access.vault().seal_bytes(&context(who.account), &bytes)?;
    let changed = tx
        .exec(
            "update account set totp = $2, totp_state = 'pending', version = version + 1 \
             where id = $1 and totp_state <> 'on'",
            &[who.account.into(), sealed.into()],
        )
        .await?;
    if changed == 0 {
        return Err(Error::invalid(
            "totp",
            "动态验证码已启用",
            "one-time codes are on already; switch them off first",
        ));
    }
    let entry = Entry {
        kind: "totp.enrolled",
        region,
        subject: subject(who.account),
        body: json!({}),
        private: None,
    };
    append(tx, cx, &own("act"), entry).await?;
    let secret = Secret::from(bytes).to_base32();
    // login characters need no escaping but the @
    let uri = format!("otpauth://totp/Shian:{}?secret={secret}&issuer=Shian", login.replace('@', "%40"));
    Ok(Enrolment { secret, uri })
}

/// Switches codes on after a first right one; gives the recovery codes, shown this once.
///
/// # Errors
/// [`Error::Invalid`] when the code is wrong or nothing was enrolled.
pub async fn confirm_totp(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    code: &str,
) -> Result<Vec<String>, Error> {
    let row = tx.first("select * from account where id = $1", &[who.account.into()]).await?;
    let row = row.ok_or_else(account::no_account)?;
    if row.text("totp_state")? != "pending" {
        return Err(Error::invalid("totp", "请先绑定验证器", "enrol an authenticator first"));
    }
    let Some(step) = step_of(access, cx, &row, code)? else {
        return Err(Error::invalid(
            "code",
            "验证码不正确，请核对手机时间后重试",
            "the code is not right; check the clock of your phone and try again",
        ));
    };
    tx.exec_one(
        "update account set totp_state = 'on', totp_step = $2, version = version + 1 where id = $1",
        &[who.account.into(), step.into()],
    )
    .await?;
    tx.exec("delete from recovery_code where account = $1", &[who.account.into()]).await?;
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    let mut values: Vec<Value> = Vec::with_capacity(2 * RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = recovery_code()?;
        values.push(who.account.into());
        values.push(recovery_digest(who.account, &code).into());
        codes.push(code);
    }
    tx.insert_many("insert into recovery_code (account, code)", 2, values, "").await?;
    let entry = Entry {
        kind: "totp.on",
        region: row.text("region")?,
        subject: subject(who.account),
        body: json!({ "recovery_codes": RECOVERY_CODES }),
        private: None,
    };
    append(tx, cx, &own("act"), entry).await?;
    Ok(codes)
}

/// Switches codes off: the own ones, or those of an account that the principal administers (a lost phone).
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when there is no such account.
pub async fn remove_totp(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    account: Id,
) -> Result<(), Error> {
    let (region, permit) = if who.account == account {
        (account::find(tx, account).await?.0, own("act"))
    } else {
        account::entrusted(tx, access, who, account, cx.now).await?
    };
    tx.exec_one(
        "update account set totp = null, totp_state = 'off', version = version + 1 where id = $1",
        &[account.into()],
    )
    .await?;
    tx.exec("delete from recovery_code where account = $1", &[account.into()]).await?;
    let entry = Entry { kind: "totp.off", region, subject: subject(account), body: json!({}), private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// Takes a code at login: six digits never used before, or a recovery code, which is then spent.
pub(crate) async fn accept(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    row: &Row,
    code: &str,
) -> Result<bool, Error> {
    let account = row.id("id")?;
    if let Some(step) = step_of(access, cx, row, code)? {
        let fresh = tx
            .exec(
                "update account set totp_step = $2 where id = $1 and totp_step < $2",
                &[account.into(), step.into()],
            )
            .await?;
        return Ok(fresh == 1);
    }
    let spent = tx
        .exec(
            "delete from recovery_code where account = $1 and code = $2",
            &[account.into(), recovery_digest(account, code).into()],
        )
        .await?;
    if spent == 1 {
        let left =
            tx.one("select count(*) as n from recovery_code where account = $1", &[account.into()]).await?;
        let entry = Entry {
            kind: "totp.recovery_used",
            region: row.text("region")?,
            subject: subject(account),
            body: json!({ "left": left.int("n")? }),
            private: None,
        };
        append(tx, cx, &own("act"), entry).await?;
    }
    Ok(spent == 1)
}

/// The time step a code belongs to.
fn step_of(access: &Access, cx: &Context, row: &Row, code: &str) -> Result<Option<i64>, Error> {
    let account = row.id("id")?;
    let Some(sealed) = row.opt_bytes("totp")? else { return Ok(None) };
    let totp = generator(access.vault().open_bytes(&context(account), &sealed)?)?;
    Ok(totp.check(code.trim(), seconds(cx)).and_then(|step| i64::try_from(step).ok()))
}

/// Sixteen characters, 80 random bits, in groups of four.
fn recovery_code() -> Result<String, Error> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    let letters: Vec<char> = bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    Ok(letters.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

fn recovery_digest(account: Id, code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(format!("{account}:{}", plain.to_ascii_uppercase())).into()
}
