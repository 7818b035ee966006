//! Phones: enrolled while there is signal, in their officer's session, and revoked when lost.

use crate::{Error, Field, resource};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::{Context, Entry};
use serde::Serialize;
use serde_json::json;
use store::{Row, Sql, Store, Tx};

pub(crate) const DEVICE: Text = Text::of("设备", "device");
/// Bytes of an uncompressed point on P-256.
const POINT: usize = 65;
/// Phones in use by one officer at a time.
const MOST: i64 = 5;

/// A phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Record.
    pub id: Id,
    /// Whose.
    pub account: Id,
    /// Region of the officer.
    pub region: String,
    /// Department of the officer.
    pub agency: String,
    /// What the officer calls it.
    pub name: String,
    /// Its public key, an uncompressed point on P-256.
    #[serde(skip)]
    pub key: Vec<u8>,
    /// Since when.
    pub enrolled: Instant,
    /// Since when it is worth nothing.
    pub revoked: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
    /// How many entries it said it has made.
    pub head: i64,
}

/// What is missing of a device's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The device.
    pub device: Device,
    /// First and last missing number of each run.
    pub missing: Vec<(i64, i64)>,
    /// Inspections it took along and has not finished: matter and until when.
    pub out: Vec<(Id, Instant)>,
    /// Photos named and not come yet.
    pub photos: i64,
    /// When it last sent something.
    pub last: Option<Instant>,
}

impl Field {
    /// Enrols a phone of `who` by its public key. Gives its record and the share of the storage key the server adds to the
    /// officer's number code. Needs `act` on matters of the officer's own region and department.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key that is no point of P-256; [`Error::State`] for too many phones; [`Error::Denied`].
    pub async fn enrol(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        name: &str,
        key: &[u8],
    ) -> Result<(Id, [u8; 32]), Error> {
        let grant = who
            .grants
            .iter()
            .find(|g| self.access.allows(who, "act", &resource(&g.region, &g.agency), cx.now));
        let (region, agency) = grant.map(|g| (g.region.clone(), g.agency.clone())).unwrap_or_default();
        let permit = self.access.check(who, "act", &resource(&region, &agency), cx.now)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 60 {
            return Err(Error::invalid(
                "name",
                "请给设备起名（60 字以内）",
                "give the phone a name of at most 60 characters",
            ));
        }
        if key.len() != POINT || key.first() != Some(&4) {
            return Err(Error::invalid(
                "key",
                "设备公钥无法识别，请换用新版浏览器",
                "the key of the phone cannot be read; use a current browser",
            ));
        }
        let row = tx
            .one(
                "select count(*) as n from field_device where account = $1 and revoked is null",
                &[who.account.into()],
            )
            .await?;
        if row.int("n")? >= MOST {
            return Err(Error::state(
                "已登记 5 台设备，请先停用不再使用的",
                "five phones are enrolled; revoke one that is no longer used",
            ));
        }
        let id = cx.id();
        tx.exec(
            "insert into field_device (id, account, region, agency, name, public_key, enrolled, head) values ($1, $2, $3, $4, $5, $6, $7, 0)",
            &[
                id.into(),
                who.account.into(),
                region.as_str().into(),
                agency.as_str().into(),
                name.into(),
                key.to_vec().into(),
                cx.now.into(),
            ],
        )
        .await?;
        let body = json!({ "account": who.account, "key": hex::encode(key) });
        let entry =
            Entry { kind: "field.enrolled", region, subject: format!("device:{id}"), body, private: None };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok((id, self.access.vault().fingerprint("field.device", &id.to_string())))
    }

    /// Revokes a phone: nothing it sends from now on is taken, and it wipes itself at its next contact. One's own, or, with
    /// `decide`, one of the region.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] without a reason; [`Error::State`] when it was revoked before; [`Error::Denied`].
    pub async fn revoke(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        device: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let d = device_in(tx, device).await?;
        let action = if d.account == who.account { "act" } else { "decide" };
        let permit = self.access.check(who, action, &resource(&d.region, &d.agency), cx.now)?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 200 {
            return Err(Error::invalid(
                "reason",
                "请填写停用理由（200 字以内）",
                "say why, in at most 200 characters",
            ));
        }
        let n = tx
            .exec(
                "update field_device set revoked = $2, revoked_by = $3, reason = $4 where id = $1 and revoked is null",
                &[device.into(), cx.now.into(), who.account.into(), reason.into()],
            )
            .await?;
        if n == 0 {
            return Err(Error::state("该设备已经停用", "the phone is revoked already"));
        }
        let entry = Entry {
            kind: "field.revoked",
            region: d.region,
            subject: format!("device:{device}"),
            body: json!({ "reason": reason }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// The phones of a person.
    ///
    /// # Errors
    /// Storage.
    pub async fn devices_of(&self, store: &Store, account: Id) -> Result<Vec<Device>, Error> {
        let rows = store
            .query(
                "select * from field_device where account = $1 order by id desc limit 100",
                &[account.into()],
            )
            .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The phones of the regions a supervisor decides for, newest first, 500 at most, with what is missing of each.
    ///
    /// # Errors
    /// Storage.
    pub async fn gaps(&self, store: &Store, who: &Principal, now: Instant) -> Result<Vec<Gap>, Error> {
        let scope = self.access.scope(who, "decide", "matter", now).with_agency("d.agency");
        let mut sql = Sql::new("select d.* from field_device d where (");
        sql.append(&scope.sql("d.region", None, None)).push(") order by d.id desc limit 500");
        let mut out = Vec::new();
        for row in &store.select(&sql).await? {
            out.push(gap(store, read(row)?).await?);
        }
        Ok(out)
    }
}

async fn gap(store: &Store, device: Device) -> Result<Gap, Error> {
    let id = device.id;
    // the last of each run of entries, and the first after it
    let rows = store
        .query(
            "select e.seq, (select min(n.seq) from field_event n where n.device = e.device and n.seq > e.seq) as next \
             from field_event e where e.device = $1 and not exists (select 1 from field_event n where n.device = e.device \
             and n.seq = e.seq + 1) order by e.seq",
            &[id.into()],
        )
        .await?;
    let first =
        store.one("select min(seq) as first from field_event where device = $1", &[id.into()]).await?;
    let mut missing = Vec::new();
    let first = first.opt_int("first")?.unwrap_or(device.head + 1);
    if first > 1 {
        missing.push((1, first - 1));
    }
    for row in &rows {
        let (seq, next) = (row.int("seq")?, row.opt_int("next")?.unwrap_or(device.head + 1));
        if next > seq + 1 {
            missing.push((seq + 1, next - 1));
        }
    }
    let out = store
        .query(
            "select t.matter, t.until from field_take t join matter m on m.id = t.matter where t.device = $1 and t.returned is null \
             and m.state = 'assigned' and not exists (select 1 from field_event e where e.device = t.device \
             and e.matter = t.matter and e.kind = 'finish') order by t.until",
            &[id.into()],
        )
        .await?;
    let out = out
        .iter()
        .map(|r| Ok((r.id("matter")?, r.instant("until")?)))
        .collect::<Result<_, store::Error>>()?;
    let photos = store
        .one("select count(*) as n from field_photo where device = $1 and done is null", &[id.into()])
        .await?;
    let last = store.one("select max(at) as last from field_batch where device = $1", &[id.into()]).await?;
    Ok(Gap { device, missing, out, photos: photos.int("n")?, last: last.opt_instant("last")? })
}

pub(crate) async fn device_in(tx: &mut Tx, id: Id) -> Result<Device, Error> {
    let row = tx.first("select * from field_device where id = $1", &[id.into()]).await?;
    Ok(read(&row.ok_or(Error::NotFound(DEVICE))?)?)
}

fn read(row: &Row) -> Result<Device, store::Error> {
    Ok(Device {
        id: row.id("id")?,
        account: row.id("account")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        name: row.text("name")?,
        key: row.bytes("public_key")?,
        enrolled: row.instant("enrolled")?,
        revoked: row.opt_instant("revoked")?,
        reason: row.opt_text("reason")?,
        head: row.int("head")?,
    })
}
