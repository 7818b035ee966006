//! Who complained or reported: sealed apart from what was said. The identity of a reporter is opened for one person after
//! another has granted it, and each asking, granting and reading is journalled; a complainant's is open to the office that
//! mediates, and each reading is journalled too.

use crate::Error;
use access::{Access, Principal, Resource};
use base::{Id, Instant};
use ledger::{Context, Entry, Permit, append};
use serde_json::json;
use store::{Row, Store, Tx};

/// Hours a granted identity may be read.
const OPEN_HOURS: i64 = 24;

/// What somebody says of themselves; all personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Name; empty for an anonymous report.
    pub name: String,
    /// Telephone.
    pub phone: String,
    /// Number of an identity document.
    pub number: String,
    /// Address.
    pub address: String,
}

/// Keeps who is behind a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReporter {
    /// The complaint or report.
    pub matter: Id,
    /// Region of the matter.
    pub region: String,
    /// Department of the matter.
    pub agency: String,
    /// Opened by two persons only.
    pub guarded: bool,
    /// The code given to the reporter.
    pub code: String,
    /// Who.
    pub identity: Identity,
}

/// An identity's record without the identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    /// The record.
    pub id: Id,
    /// The complaint or report.
    pub matter: Id,
    /// Opened by two persons only.
    pub guarded: bool,
    /// Whether a name was given.
    pub named: bool,
    region: String,
    agency: String,
}

/// One asking for an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The record.
    pub id: Id,
    /// Account that asked.
    pub asked_by: Id,
    /// When.
    pub asked_at: Instant,
    /// Why.
    pub reason: String,
    /// Account that granted it.
    pub granted_by: Option<Id>,
    /// When it was granted.
    pub granted_at: Option<Instant>,
    /// When it was first read.
    pub read_at: Option<Instant>,
}

fn context(field: &str, id: Id) -> String {
    format!("reporter.{field}:{id}")
}

fn code_key(access: &Access, matter: Id, code: &str) -> String {
    hex::encode(access.vault().fingerprint("reporter.code", &format!("{matter}:{}", code.trim())))
}

impl Reporter {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            matter: row.id("matter")?,
            guarded: row.int("guarded")? != 0,
            named: row.opt_bytes("name")?.is_some(),
            region: row.text("region")?,
            agency: row.text("agency")?,
        })
    }

    fn resource(&self) -> Resource {
        let resource = Resource::new("reporter", self.region.as_str()).of_agency(self.agency.as_str());
        if self.guarded { resource.classified(access::CONFIDENTIAL) } else { resource }
    }
}

/// Keeps an identity, sealed; the journal learns that there is one, never whose.
///
/// # Errors
/// Storage.
pub async fn keep_reporter(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    permit: &Permit,
    new: NewReporter,
) -> Result<Id, Error> {
    let id = cx.id();
    let seal = |field: &str, text: &str| {
        let text = text.trim();
        (!text.is_empty()).then(|| access.vault().seal(&context(field, id), text)).transpose()
    };
    let who = &new.identity;
    tx.exec(
        "insert into reporter (id, matter, region, agency, guarded, code_key, name, phone, number, address, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            id.into(),
            new.matter.into(),
            new.region.as_str().into(),
            new.agency.as_str().into(),
            i64::from(new.guarded).into(),
            code_key(access, new.matter, &new.code).into(),
            seal("name", &who.name)?.into(),
            seal("phone", &who.phone)?.into(),
            seal("number", &who.number)?.into(),
            seal("address", &who.address)?.into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({ "reporter": id, "matter": new.matter, "guarded": new.guarded });
    let subject = format!("reporter:{id}");
    append(tx, cx, permit, Entry { kind: "reporter.kept", region: new.region, subject, body, private: None })
        .await?;
    Ok(id)
}

/// Whether a receipt's code opens a matter to its reporter.
///
/// # Errors
/// Storage.
pub async fn is_reporter(store: &Store, access: &Access, matter: Id, code: &str) -> Result<bool, Error> {
    let row = store.first("select code_key from reporter where matter = $1", &[matter.into()]).await?;
    let Some(row) = row else { return Ok(false) };
    Ok(row.text("code_key")? == code_key(access, matter, code))
}

/// What is known of who is behind a matter, without opening it, and who asked for it: for those who may see identities
/// of that kind.
///
/// # Errors
/// [`Error::Denied`].
pub async fn reporter_of(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    matter: Id,
) -> Result<Option<(Reporter, Vec<Asking>)>, Error> {
    let row = store.first("select * from reporter where matter = $1", &[matter.into()]).await?;
    let Some(reporter) = row.as_ref().map(Reporter::read).transpose()? else { return Ok(None) };
    access.check(who, "view", &reporter.resource(), now)?;
    let sql = "select * from reporter_access where reporter = $1 order by id desc limit 50";
    let rows = store.query(sql, &[reporter.id.into()]).await?;
    let asking = |r: &Row| {
        Ok::<_, store::Error>(Asking {
            id: r.id("id")?,
            asked_by: r.id("asked_by")?,
            asked_at: r.instant("asked_at")?,
            reason: r.text("reason")?,
            granted_by: r.opt_id("granted_by")?,
            granted_at: r.opt_instant("granted_at")?,
            read_at: r.opt_instant("read_at")?,
        })
    };
    Ok(Some((reporter, rows.iter().map(asking).collect::<Result<_, _>>()?)))
}

/// Who reported, whom nobody else asks for or answers about until this transaction ends.
async fn locked(tx: &mut Tx, matter: Id) -> Result<Reporter, Error> {
    if let Some(row) = tx.first("select id from reporter where matter = $1", &[matter.into()]).await? {
        tx.lock("reporter", &[row.id("id")?]).await?;
    }
    let row = tx.first("select * from reporter where matter = $1", &[matter.into()]).await?;
    let row =
        row.ok_or_else(|| Error::not_found("此件没有留存身份信息", "no identity is kept with this matter"))?;
    Ok(Reporter::read(&row)?)
}

/// Asks to see an identity, with the reason.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] without a reason.
pub async fn ask_identity(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    matter: Id,
    reason: &str,
) -> Result<Id, Error> {
    let reporter = locked(tx, matter).await?;
    let permit = access.check(who, "view", &reporter.resource(), cx.now)?;
    if reason.trim().is_empty() {
        return Err(Error::invalid("reason", "请写明查看理由", "say why you must see it"));
    }
    let id = cx.id();
    tx.exec(
        "insert into reporter_access (id, reporter, asked_by, asked_at, reason, granted_by, granted_at, read_at) \
         values ($1, $2, $3, $4, $5, null, null, null)",
        &[id.into(), reporter.id.into(), who.account.into(), cx.now.into(), reason.trim().into()],
    )
    .await?;
    record(tx, cx, &permit, &reporter, "reporter.asked", json!({ "asking": id, "reason": reason.trim() }))
        .await?;
    Ok(id)
}

/// Grants another person's asking.
///
/// # Errors
/// [`Error::Denied`] without the right to decide, or on one's own asking; [`Error::NotFound`].
pub async fn grant_identity(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    matter: Id,
    asking: Id,
) -> Result<(), Error> {
    let reporter = locked(tx, matter).await?;
    let sql = "select asked_by from reporter_access where id = $1 and reporter = $2 and granted_at is null";
    let row = tx.first(sql, &[asking.into(), reporter.id.into()]).await?;
    let row = row.ok_or_else(|| Error::not_found("没有待批准的查看申请", "nothing waits to be granted"))?;
    let mut resource = reporter.resource();
    resource.submitter = Some(row.id("asked_by")?);
    let permit = access.check(who, "decide", &resource, cx.now)?;
    tx.exec_one(
        "update reporter_access set granted_by = $2, granted_at = $3 where id = $1 and granted_at is null",
        &[asking.into(), who.account.into(), cx.now.into()],
    )
    .await?;
    record(tx, cx, &permit, &reporter, "reporter.granted", json!({ "asking": asking })).await
}

/// Opens an identity: of a guarded one only for who asked and was granted it within the last day. The reading is
/// journalled before it is shown.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when no grant is open.
pub async fn read_identity(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    matter: Id,
) -> Result<Identity, Error> {
    let reporter = locked(tx, matter).await?;
    let permit = access.check(who, "view", &reporter.resource(), cx.now)?;
    if reporter.guarded {
        let since = cx.now.plus_seconds(-OPEN_HOURS * 3600);
        let sql = "select id from reporter_access where reporter = $1 and asked_by = $2 and granted_at >= $3 \
                   order by id desc limit 1";
        let row = tx.first(sql, &[reporter.id.into(), who.account.into(), since.into()]).await?;
        let row = row.ok_or_else(|| {
            Error::invalid(
                "asking",
                "举报人身份须经另一人批准后二十四小时内查看，请先申请",
                "a reporter's identity is opened for a day after another person granted it; ask first",
            )
        })?;
        let id = row.id("id")?;
        tx.exec(
            "update reporter_access set read_at = coalesce(read_at, $2) where id = $1",
            &[id.into(), cx.now.into()],
        )
        .await?;
    }
    let row = tx
        .first("select name, phone, number, address from reporter where id = $1", &[reporter.id.into()])
        .await?
        .ok_or_else(|| Error::not_found("此件没有留存身份信息", "no identity is kept with this matter"))?;
    let open = |field: &str| -> Result<String, Error> {
        let sealed = row.opt_bytes(field)?;
        let text = sealed.map(|b| access.vault().open_text(&context(field, reporter.id), &b)).transpose()?;
        Ok(text.unwrap_or_default())
    };
    let identity = Identity {
        name: open("name")?,
        phone: open("phone")?,
        number: open("number")?,
        address: open("address")?,
    };
    record(tx, cx, &permit, &reporter, "reporter.read", json!({})).await?;
    Ok(identity)
}

async fn record(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    reporter: &Reporter,
    kind: &'static str,
    mut body: serde_json::Value,
) -> Result<(), Error> {
    body["reporter"] = json!(reporter.id);
    body["matter"] = json!(reporter.matter);
    let subject = format!("reporter:{}", reporter.id);
    let entry = Entry { kind, region: reporter.region.clone(), subject, body, private: None };
    append(tx, cx, permit, entry).await?;
    Ok(())
}
