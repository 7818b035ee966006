//! A day's work: what an officer takes along, what came of it, and the step it becomes in the procedure.

use crate::device::device_in;
use crate::log::{Entry, Visit};
use crate::sync::REFUSED;
use crate::{Error, Field, resource};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::Context;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use store::{Store, Tx};

/// How long a phone keeps what it took along.
const KEEP_SECONDS: i64 = 72 * 3600;

/// An inspection on a phone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Taken {
    /// The inspection.
    pub matter: Id,
    /// The phone wipes it then.
    pub until: Instant,
    /// Operator, last findings, checklist.
    pub sheet: Json,
}

/// An entry as the log page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Whose phone.
    pub account: Id,
    /// The entry.
    pub entry: Entry,
    /// When it came.
    pub received: Instant,
    /// It waits for entries missing before it.
    pub waits: bool,
    /// It does not count: entries before it are missing, and the phone that has them is revoked.
    pub lost: bool,
}

/// What came of a visit.
#[derive(Debug, Clone, PartialEq)]
pub struct LogOf {
    /// The entries, by phone and number.
    pub lines: Vec<Line>,
    /// What those with nothing missing before them amount to.
    pub visit: Visit,
    /// Photos named and not come yet.
    pub photos: i64,
    /// Why it could not be recorded yet.
    pub obstacle: Option<Text>,
}

/// What became of finished work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Recorded: the step of the procedure was taken.
    Recorded,
    /// Another phone, or a photo, is awaited.
    Waits,
    /// The procedure does not take it; says why.
    Obstacle(Text),
    /// It was recorded before.
    Over,
}

impl Field {
    /// Takes along the inspections `who` is sent to: only those, with what is needed to do them. Journalled.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another's phone; [`Error::State`] when it was revoked; [`Error::Denied`].
    pub async fn take(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        device: Id,
    ) -> Result<Vec<Taken>, Error> {
        let d = device_in(tx, device).await?;
        if d.account != who.account {
            return Err(Error::NotFound(crate::device::DEVICE));
        }
        if d.revoked.is_some() {
            return Err(Error::state("该设备已停用", "the phone is revoked"));
        }
        let rows = tx
            .query(
                "select matter, region, agency from inspection_officer where account = $1 and ended is null order by matter desc limit 200",
                &[who.account.into()],
            )
            .await?;
        let until = cx.now.plus_seconds(KEEP_SECONDS);
        let (mut out, mut permit) = (Vec::new(), None);
        for row in rows {
            let matter = row.id("matter")?;
            let Some(i) = self.office.inspection(tx, matter).await.map_err(Error::of_hook)? else { continue };
            if !i.waiting {
                continue;
            }
            let found = self.access.check(who, "act", &resource(&i.region, &i.agency), cx.now)?;
            permit.get_or_insert(found);
            tx.exec(
                "insert into field_take (device, matter, account, at, until) values ($1, $2, $3, $4, $5) \
                 on conflict (device, matter) do update set until = excluded.until, returned = null",
                &[device.into(), matter.into(), who.account.into(), cx.now.into(), until.into()],
            )
            .await?;
            let sheet = self.office.sheet(tx, matter).await.map_err(Error::of_hook)?;
            out.push(Taken { matter, until, sheet });
        }
        if let Some(permit) = permit {
            let matters: Vec<Id> = out.iter().map(|t| t.matter).collect();
            let body = json!({ "account": who.account, "matters": matters, "until": until.rfc3339() });
            let subject = format!("device:{device}");
            let entry = ledger::Entry { kind: "field.taken", region: d.region, subject, body, private: None };
            ledger::append(tx, cx, &permit, entry).await?;
        }
        Ok(out)
    }

    /// Gives back an inspection that was taken along and not begun, so that nobody waits for this phone. Journalled.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another's phone or what it did not take; [`Error::State`] once it has entries.
    pub async fn give_back(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        device: Id,
        matter: Id,
    ) -> Result<(), Error> {
        let d = device_in(tx, device).await?;
        if d.account != who.account {
            return Err(Error::NotFound(crate::device::DEVICE));
        }
        let permit = self.access.check(who, "act", &resource(&d.region, &d.agency), cx.now)?;
        let begun = tx
            .first(
                "select seq from field_event where device = $1 and matter = $2 limit 1",
                &[device.into(), matter.into()],
            )
            .await?;
        if begun.is_some() {
            return Err(Error::state(
                "已有现场记录，不能退回，请完成检查",
                "it has entries already; finish it",
            ));
        }
        let n = tx
            .exec(
                "update field_take set returned = $3 where device = $1 and matter = $2 and returned is null",
                &[device.into(), matter.into(), cx.now.into()],
            )
            .await?;
        if n == 0 {
            return Err(Error::NotFound(crate::officers::INSPECTION));
        }
        let body = json!({ "matter": matter });
        let subject = format!("device:{device}");
        let entry = ledger::Entry { kind: "field.returned", region: d.region, subject, body, private: None };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// The log of an inspection: every entry, and what those without a gap before them amount to. The caller has shown that
    /// the reader may see the matter.
    ///
    /// # Errors
    /// Storage.
    pub async fn visit(&self, store: &Store, matter: Id) -> Result<LogOf, Error> {
        let mut tx = store.snapshot().await?;
        let found = read(&mut tx, matter).await;
        tx.rollback().await?;
        found
    }

    /// Turns finished work into the step of the procedure, in the right of `who`: when every phone that took the inspection
    /// along has finished or given it back, and every photo has come. Two transactions: what the procedure refuses is noted
    /// for the desk and tried again with the next batch.
    ///
    /// # Errors
    /// [`Error::Denied`]; storage.
    pub async fn settle(
        &self,
        store: &Store,
        cx: &Context,
        who: &Principal,
        matter: Id,
    ) -> Result<Settled, Error> {
        let mut tx = store.begin().await?;
        let done = self.settle_in(&mut tx, cx, who, matter).await;
        match done {
            Ok(settled) => {
                tx.commit().await?;
                Ok(settled)
            }
            Err(Error::State(why)) => {
                tx.rollback().await?;
                let mut tx = store.begin().await?;
                tx.exec(
                    "insert into field_obstacle (matter, at, reason_zh, reason_en) values ($1, $2, $3, $4) \
                     on conflict (matter) do update set at = excluded.at, reason_zh = excluded.reason_zh, \
                     reason_en = excluded.reason_en",
                    &[matter.into(), cx.now.into(), why.zh.as_ref().into(), why.en.as_ref().into()],
                )
                .await?;
                tx.commit().await?;
                Ok(Settled::Obstacle(why))
            }
            Err(e) => {
                tx.rollback().await?;
                Err(e)
            }
        }
    }

    async fn settle_in(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
    ) -> Result<Settled, Error> {
        let i = self.inspection_in(tx, matter).await?;
        if !i.waiting {
            return Ok(Settled::Over);
        }
        let log = read(tx, matter).await?;
        let takes = tx
            .query(
                "select t.device, t.until from field_take t join field_device d on d.id = t.device \
                 where t.matter = $1 and t.returned is null and d.revoked is null",
                &[matter.into()],
            )
            .await?;
        let mut waits = log.visit.finished.is_empty() || log.photos > 0 || log.lines.iter().any(|l| l.waits);
        for row in takes {
            let begun = log.lines.iter().any(|l| row.id("device").is_ok_and(|d| d == l.entry.device));
            let expired = row.instant("until")? < cx.now && !begun;
            waits |= !expired && !log.visit.finished.contains_key(&row.id("device")?);
        }
        if waits {
            return Ok(Settled::Waits);
        }
        let form = log.visit.form(&i.business);
        self.office.record(tx, cx, who, matter, &form).await.map_err(Error::of_hook)?;
        tx.exec("delete from field_obstacle where matter = $1", &[matter.into()]).await?;
        Ok(Settled::Recorded)
    }
}

/// Up to which number a device's entries have come without a gap.
async fn whole(tx: &mut Tx, device: Id) -> Result<i64, Error> {
    let row = tx
        .one(
            "select coalesce(min(e.seq), 0) as last, (select coalesce(min(f.seq), 0) from field_event f where f.device = $1) as first \
             from field_event e where e.device = $1 and not exists (select 1 from field_event n where n.device = e.device \
             and n.seq = e.seq + 1)",
            &[device.into()],
        )
        .await?;
    Ok(if row.int("first")? == 1 { row.int("last")? } else { 0 })
}

async fn read(tx: &mut Tx, matter: Id) -> Result<LogOf, Error> {
    let rows = tx
        .query(
            "select e.device, e.seq, e.text, e.received, d.account, d.revoked from field_event e join field_device d on d.id = e.device \
             where e.matter = $1 and e.kind <> $2 order by e.device, e.seq",
            &[matter.into(), REFUSED.into()],
        )
        .await?;
    let mut heads: BTreeMap<Id, i64> = BTreeMap::new();
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let device = row.id("device")?;
        let head = match heads.get(&device) {
            Some(head) => *head,
            None => {
                let head = whole(tx, device).await?;
                heads.insert(device, head);
                head
            }
        };
        // what was stored was read before
        let Ok(entry) = Entry::read(&row.text("text")?) else { continue };
        let revoked = row.opt_instant("revoked")?.is_some();
        lines.push(Line {
            account: row.id("account")?,
            waits: i64::from(entry.seq) > head && !revoked,
            lost: i64::from(entry.seq) > head && revoked,
            entry,
            received: row.instant("received")?,
        });
    }
    let whole: Vec<Entry> = lines.iter().filter(|l| !l.waits && !l.lost).map(|l| l.entry.clone()).collect();
    let photos = tx
        .one(
            "select count(*) as n from field_photo p join field_device d on d.id = p.device where p.matter = $1 \
             and p.done is null and d.revoked is null",
            &[matter.into()],
        )
        .await?
        .int("n")?;
    let obstacle = tx
        .first("select reason_zh, reason_en from field_obstacle where matter = $1", &[matter.into()])
        .await?;
    let obstacle = obstacle
        .map(|r| Ok::<_, store::Error>(Text::new(r.text("reason_zh")?, r.text("reason_en")?)))
        .transpose()?;
    Ok(LogOf { visit: Visit::of(&whole), lines, photos, obstacle })
}
