//! What a phone hands in: entries checked one by one, stored once, their digest journalled.

use crate::device::device_in;
use crate::log::{self, Entry, What, Wrong};
use crate::{Error, Field, resource};
use access::Principal;
use base::{Id, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::Context;
use ledger::merkle::{leaf_hash, root_of};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use store::Tx;

/// Most entries of one batch.
pub const BATCH: usize = 500;
/// How far a phone's clock may be ahead, and how much earlier than it was taken along an entry may lie.
const AHEAD_SECONDS: i64 = 15 * 60;
/// Largest photo, bytes.
const PHOTO_BYTES: u32 = 2 * 1024 * 1024;
/// Most photos of one inspection and phone.
const PHOTOS: i64 = 200;
/// An entry whose content was refused: number and hash stay, so that the chain goes on.
pub(crate) const REFUSED: &str = "refused";

/// An entry as the phone sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The text, exactly as signed.
    pub text: String,
    /// r and s, base64.
    pub signature: String,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Its number; 0 when it cannot be read.
    pub seq: u32,
    /// `stored`, `known`, `refused`, or `later`: nothing of it was kept, the phone keeps it and sends it again.
    pub state: &'static str,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<Wrong>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Received {
    /// Of each entry.
    pub answers: Vec<Answer>,
    /// The inspections new entries are about.
    pub matters: BTreeSet<Id>,
    /// How many new ones were stored.
    pub stored: usize,
}

/// A judged entry.
enum Judged {
    /// To be stored, without its content when that is refused.
    New(Box<Entry>, Vec<u8>, Option<Wrong>),
    Known,
    Refused(Wrong),
    /// Its time is yet to come: a phone whose clock is fast. It will be taken as it is once that time has passed.
    Later,
}

impl Field {
    /// Takes a batch of a phone of `who`. Each entry is checked by itself: signature, chain, whether the officer was sent there
    /// and had the right then; what is wrong is refused and said, the rest stored. Entries known already are known again and
    /// change nothing. `head` is how many entries the phone says it has made.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another's phone; [`Error::State`] when it was revoked; [`Error::Invalid`] for too many entries.
    pub async fn receive(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        device: Id,
        head: u32,
        entries: &[Signed],
    ) -> Result<Received, Error> {
        if entries.len() > BATCH {
            return Err(Error::invalid(
                "entries",
                "一次最多提交 500 条记录，请分批",
                "at most 500 entries at a time",
            ));
        }
        // one batch of a phone at a time
        tx.exec(
            "update field_device set head = case when head < $2 then $2 else head end where id = $1 and account = $3",
            &[device.into(), i64::from(head).into(), who.account.into()],
        )
        .await?;
        let d = device_in(tx, device).await?;
        if d.account != who.account {
            return Err(Error::NotFound(crate::device::DEVICE));
        }
        let permit = self.access.check(who, "act", &resource(&d.region, &d.agency), cx.now)?;
        if d.revoked.is_some() {
            return Err(Error::state(
                "该设备已停用，提交的记录不予接收",
                "the phone is revoked; nothing it sends is taken",
            ));
        }
        let (batch, mut out, mut leaves) = (cx.id(), Received::default(), Vec::new());
        for sent in entries {
            let (seq, judged) = self.judge(tx, cx, who, &d, sent).await?;
            let (state, wrong) = match judged {
                Judged::Known => ("known", None),
                Judged::Refused(wrong) => ("refused", Some(wrong)),
                Judged::Later => ("later", Some(Wrong::Time)),
                Judged::New(entry, signature, wrong) => {
                    leaves.push(leaf_hash(format!("{}|{}", entry.hash, hex::encode(&signature)).as_bytes()));
                    store(tx, cx, &entry, &sent.text, signature, batch, wrong).await?;
                    if wrong.is_none() {
                        note_photo(tx, who, &entry).await?;
                        out.matters.insert(entry.matter);
                    }
                    (if wrong.is_some() { "refused" } else { "stored" }, wrong)
                }
            };
            out.answers.push(Answer { seq, state, wrong, text: wrong.map(Wrong::text) });
        }
        out.stored = leaves.len();
        if !leaves.is_empty() {
            let digest = hex::encode(root_of(&leaves));
            let count = i64::try_from(leaves.len()).unwrap_or(i64::MAX);
            let refused: Vec<(u32, Wrong)> =
                out.answers.iter().filter_map(|a| Some((a.seq, a.wrong?))).collect();
            let body = json!({
                "batch": batch,
                "account": who.account,
                "entries": count,
                "root": digest,
                "matters": out.matters,
                "refused": refused,
            });
            let subject = format!("device:{device}");
            let entry = ledger::Entry { kind: "field.batch", region: d.region, subject, body, private: None };
            let journal = ledger::append(tx, cx, &permit, entry).await?;
            tx.exec(
                "insert into field_batch (id, device, at, entries, digest, journal) values ($1, $2, $3, $4, $5, $6)",
                &[batch.into(), device.into(), cx.now.into(), count.into(), digest.into(), journal.id.into()],
            )
            .await?;
        }
        Ok(out)
    }

    async fn judge(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        device: &crate::Device,
        sent: &Signed,
    ) -> Result<(u32, Judged), Error> {
        let entry = match Entry::read(&sent.text) {
            Ok(entry) => entry,
            Err(wrong) => return Ok((0, Judged::Refused(wrong))),
        };
        let seq = entry.seq;
        let refused = |wrong| Ok((seq, Judged::Refused(wrong)));
        if entry.device != device.id {
            return refused(Wrong::Device);
        }
        let signature = STANDARD.decode(sent.signature.as_bytes()).unwrap_or_default();
        if !log::signed(&device.key, &sent.text, &signature) {
            return refused(Wrong::Signature);
        }
        let near = tx
            .query(
                "select seq, kind, hash, previous from field_event where device = $1 and seq >= $2 and seq <= $3",
                &[device.id.into(), (i64::from(seq) - 1).into(), (i64::from(seq) + 1).into()],
            )
            .await?;
        let mut before = (seq == 1).then(|| log::genesis(device.id));
        for row in near {
            match row.int("seq")? - i64::from(seq) {
                0 if row.text("hash")? == entry.hash && row.text("kind")? == REFUSED => {
                    // said again: a phone that did not hear it must not take it for kept
                    let wrong = self.allowed(tx, who, &entry).await?;
                    return refused(wrong.unwrap_or(Wrong::Time));
                }
                0 if row.text("hash")? == entry.hash => return Ok((seq, Judged::Known)),
                0 => return refused(Wrong::Fork),
                -1 => before = Some(row.text("hash")?),
                _ if row.text("previous")? != entry.hash => return refused(Wrong::Chain),
                _ => {}
            }
        }
        if before.is_some_and(|hash| hash != entry.prev) {
            return refused(Wrong::Chain);
        }
        if entry.at > cx.now.plus_seconds(AHEAD_SECONDS) {
            return Ok((seq, Judged::Later));
        }
        let wrong = self.allowed(tx, who, &entry).await?;
        Ok((seq, Judged::New(Box::new(entry), signature, wrong)))
    }

    /// Whether the officer was sent there at that time, had taken the inspection along and had the right.
    async fn allowed(&self, tx: &mut Tx, who: &Principal, e: &Entry) -> Result<Option<Wrong>, Error> {
        let row = tx
            .first(
                "select o.region, o.agency, o.ended, t.at from inspection_officer o \
                 join field_take t on t.matter = o.matter and t.account = o.account \
                 where o.matter = $1 and o.account = $2 and t.device = $3",
                &[e.matter.into(), who.account.into(), e.device.into()],
            )
            .await?;
        let Some(row) = row else { return Ok(Some(Wrong::Unassigned)) };
        if row.opt_instant("ended")?.is_some_and(|ended| e.at > ended) {
            return Ok(Some(Wrong::Unassigned));
        }
        let taken = row.instant("at")?;
        if e.at < taken.plus_seconds(-AHEAD_SECONDS) {
            return Ok(Some(Wrong::Time));
        }
        let resource = resource(&row.text("region")?, &row.text("agency")?);
        if !self.access.allows(who, "act", &resource, e.at) {
            return Ok(Some(Wrong::Denied));
        }
        if let What::Photo(p) = &e.what {
            let n = tx
                .one(
                    "select count(*) as n from field_photo where device = $1 and matter = $2",
                    &[e.device.into(), e.matter.into()],
                )
                .await?;
            if p.size > PHOTO_BYTES || n.int("n")? >= PHOTOS {
                return Ok(Some(Wrong::Format));
            }
        }
        Ok(None)
    }
}

async fn store(
    tx: &mut Tx,
    cx: &Context,
    e: &Entry,
    text: &str,
    signature: Vec<u8>,
    batch: Id,
    wrong: Option<Wrong>,
) -> Result<(), Error> {
    // what a slow clock dates before the inspection was taken along is no part of the record, but it is evidence: it is kept
    let (kind, text) = match wrong {
        None => (e.kind.as_str(), text),
        Some(Wrong::Time) => (REFUSED, text),
        Some(_) => (REFUSED, ""),
    };
    tx.exec(
        "insert into field_event (device, seq, matter, kind, at, hash, previous, text, signature, received, batch) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            e.device.into(),
            i64::from(e.seq).into(),
            e.matter.into(),
            kind.into(),
            e.at.into(),
            e.hash.as_str().into(),
            e.prev.as_str().into(),
            text.into(),
            signature.into(),
            cx.now.into(),
            batch.into(),
        ],
    )
    .await?;
    Ok(())
}

async fn note_photo(tx: &mut Tx, who: &Principal, e: &Entry) -> Result<(), Error> {
    let What::Photo(p) = &e.what else { return Ok(()) };
    tx.exec(
        "insert into field_photo (device, sha256, matter, account, size) values ($1, $2, $3, $4, $5) \
         on conflict (device, sha256) do nothing",
        &[
            e.device.into(),
            p.sha256.as_str().into(),
            e.matter.into(),
            who.account.into(),
            i64::from(p.size).into(),
        ],
    )
    .await?;
    Ok(())
}
