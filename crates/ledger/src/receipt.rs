//! Receipts: a record, its place in the tree and the signed head, in one file that proves itself offline.

use crate::merkle::{Hash, inclusion_ranges, leaf_hash, root_of, verify_inclusion};
use crate::note::{self, NoteError};
use crate::tiles::prove;
use crate::{Error, log};
use base::{Id, Instant, Text};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::Store;

/// The proof of one journal entry. Its JSON form is what a citizen downloads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Form of this file: 1.
    pub v: u8,
    /// The canonical entry; its UTF-8 bytes are what the leaf commits to.
    pub entry: String,
    /// Place in the tree, from 0.
    pub index: u64,
    /// RFC 6962 inclusion proof, base64 hashes from the leaf upwards.
    pub proof: Vec<String>,
    /// Signed checkpoint (C2SP signed note).
    pub checkpoint: String,
    /// Verifier key of the checkpoint. Compare it with one obtained elsewhere, such as a printed notice.
    pub key: String,
    /// A single trace event within a capture, if the receipt is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inner: Option<InnerProof>,
}

/// The proof that an event belongs to a capture whose entry carries `body.events_root`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InnerProof {
    /// The event's hash id (`ni:///sha-256;…`), which anyone can compute from the event.
    pub event: String,
    /// Place in the capture, from 0.
    pub index: u64,
    /// Events in the capture.
    pub size: u64,
    /// RFC 6962 inclusion proof, base64 hashes from the leaf upwards.
    pub proof: Vec<String>,
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The entry, parsed.
    pub entry: Json,
    /// Its id.
    pub id: Id,
    /// Its place in the tree.
    pub index: u64,
    /// Entries in the signed tree.
    pub size: u64,
    /// Which log signed.
    pub origin: String,
    /// When it signed.
    pub signed_at: Instant,
    /// Whether the key was the reader's own; `false`: only the receipt's word for the key.
    pub trusted: bool,
    /// The event proved inside the capture, if any.
    pub event: Option<String>,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a receipt of this form.
    #[error("the receipt is malformed: {0}")]
    Form(&'static str),
    /// The checkpoint is not signed by the key.
    #[error("the signature does not hold")]
    Note(#[from] NoteError),
    /// The entry is not in the signed tree.
    #[error("the record is not the one that was signed: its proof does not lead to the signed root")]
    NotIncluded,
    /// The event is not in the capture.
    #[error("the event is not part of the recorded capture")]
    EventNotIncluded,
}

impl ReceiptError {
    /// The message for the person who checks.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Form(_) => Text::of(
                "凭证文件不完整或格式不符，请重新下载。",
                "The receipt is incomplete or not in the known form; download it again.",
            ),
            Self::Note(_) => Text::of(
                "签名无效：该凭证不是由所信任的日志签发的，或已被改动。",
                "The signature does not hold: the receipt was not issued by the trusted log, or it was changed.",
            ),
            Self::NotIncluded => Text::of(
                "记录与签名不符：内容已被改动，或不属于该日志。",
                "The record does not match the signature: it was changed or is not part of the log.",
            ),
            Self::EventNotIncluded => {
                Text::of("该事件不在所记录的上报批次中。", "The event is not part of the recorded capture.")
            }
        }
    }
}

/// The receipt of a sequenced entry, under the latest checkpoint.
///
/// # Errors
/// [`Error::Unknown`]; [`Error::NotSequenced`] until the sequencer's next pass; [`Error::Damaged`].
pub async fn receipt(store: &Store, id: Id) -> Result<Receipt, Error> {
    let mut tx = store.snapshot().await?;
    let row = tx.first("select canonical, position from journal where id = $1", &[id.into()]).await?;
    let row = row.ok_or(Error::Unknown(id))?;
    let position = row.opt_int("position")?.ok_or(Error::NotSequenced(id))?;
    let index = u64::try_from(position).map_err(|_| Error::Damaged(format!("position {position}")))?;
    let (checkpoint, head, key) = log::latest(&mut tx).await?.ok_or(Error::NotSequenced(id))?;
    if index >= head.size {
        return Err(Error::Damaged(format!("position {index} lies outside the tree of {}", head.size)));
    }
    let proof = prove(&mut tx, head.size, inclusion_ranges(index, head.size)).await?;
    let proof = proof.iter().map(|h| BASE64_STANDARD.encode(h)).collect();
    store.settled().await?;
    Ok(Receipt { v: 1, entry: row.text("canonical")?, index, proof, checkpoint, key, inner: None })
}

/// A stretch of the log with the proof of every entry under one checkpoint: what another system's mirror takes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The signed checkpoint all proofs lead to.
    pub checkpoint: String,
    /// The verifier key that signed it.
    pub key: String,
    /// Entries of the tree it signs.
    pub size: u64,
    /// The entries in order.
    pub entries: Vec<Proved>,
    /// That the tree of the size the reader held is a prefix of this one; empty when no size was given.
    pub consistency: Vec<Hash>,
}

/// An entry with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Position in the log.
    pub position: i64,
    /// Region code, for those who cut the stretch to a reader's regions.
    pub region: String,
    /// The canonical entry, JSON.
    pub canonical: String,
    /// Its leaf.
    pub leaf: Hash,
    /// Inclusion proof.
    pub proof: Vec<Hash>,
}

/// The entries after a position, at most `limit`, with their proofs under the latest checkpoint, and the proof that the
/// tree of `held` entries is a prefix of it. `None` before the first checkpoint. No right is checked here.
///
/// # Errors
/// [`Error::Damaged`]; storage. When `held` is larger than the tree there is no proof of consistency.
pub async fn stretch(
    store: &Store,
    after: i64,
    limit: u32,
    held: Option<u64>,
) -> Result<Option<Stretch>, Error> {
    let mut tx = store.snapshot().await?;
    let Some((checkpoint, head, key)) = log::latest(&mut tx).await? else { return Ok(None) };
    let last = i64::try_from(head.size).unwrap_or(i64::MAX);
    let rows = tx
        .query(
            "select position, region, canonical from journal where position > $1 and position < $2 \
             order by position limit $3",
            &[after.into(), last.into(), i64::from(limit).into()],
        )
        .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let (position, canonical) = (row.int("position")?, row.text("canonical")?);
        let index = u64::try_from(position).map_err(|_| Error::Damaged(format!("position {position}")))?;
        let proof = prove(&mut tx, head.size, inclusion_ranges(index, head.size)).await?;
        let leaf = crate::leaf_hash(canonical.as_bytes());
        entries.push(Proved { position, region: row.text("region")?, canonical, leaf, proof });
    }
    let consistency = match held.filter(|h| *h > 0 && *h < head.size) {
        Some(held) => prove(&mut tx, head.size, crate::merkle::consistency_ranges(held, head.size)).await?,
        None => Vec::new(),
    };
    tx.rollback().await?;
    store.settled().await?;
    Ok(Some(Stretch { checkpoint, key, size: head.size, entries, consistency }))
}

/// The leaf of an event within its capture: RFC 6962 over the text of its hash id.
#[must_use]
pub fn event_leaf(event: &str) -> Hash {
    leaf_hash(event.as_bytes())
}

/// The value of `body.events_root` for a capture: `sha-256:` and the hex root over its events' hash ids, in order.
#[must_use]
pub fn events_root<S: AsRef<str>>(events: &[S]) -> String {
    let leaves: Vec<Hash> = events.iter().map(|e| event_leaf(e.as_ref())).collect();
    format!("sha-256:{}", hex::encode(root_of(&leaves)))
}

/// The proof that event `index` belongs to a capture, from the hash ids of all its events; `None` when there is no
/// such event.
#[must_use]
pub fn event_proof<S: AsRef<str>>(events: &[S], index: usize) -> Option<InnerProof> {
    let event = events.get(index)?.as_ref().to_owned();
    let leaves: Vec<Hash> = events.iter().map(|e| event_leaf(e.as_ref())).collect();
    let part = |range: std::ops::Range<u64>| {
        let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        Some(BASE64_STANDARD.encode(root_of(leaves.get(start..end)?)))
    };
    let (at, size) = (index as u64, events.len() as u64);
    let proof = inclusion_ranges(at, size).into_iter().map(part).collect::<Option<_>>()?;
    Some(InnerProof { event, index: at, size, proof })
}

/// Checks a receipt, offline. With `trusted`, the checkpoint must be signed by that verifier key; without, by the key
/// the receipt itself names, and the result says so.
///
/// # Errors
/// Each [`ReceiptError`].
pub fn verify_receipt(receipt: &Receipt, trusted: Option<&str>) -> Result<Verified, ReceiptError> {
    if receipt.v != 1 {
        return Err(ReceiptError::Form("unknown version"));
    }
    let head = note::open(&receipt.checkpoint, trusted.unwrap_or(&receipt.key))?;
    let leaf = leaf_hash(receipt.entry.as_bytes());
    if !verify_inclusion(&leaf, receipt.index, head.size, &hashes(&receipt.proof)?, &head.root) {
        return Err(ReceiptError::NotIncluded);
    }
    let entry: Json =
        serde_json::from_str(&receipt.entry).map_err(|_| ReceiptError::Form("the entry is no JSON"))?;
    let id = entry["id"].as_str().and_then(|id| id.parse().ok());
    let id = id.ok_or(ReceiptError::Form("the entry has no id"))?;
    let event = match &receipt.inner {
        None => None,
        Some(inner) => {
            let root = entry["body"]["events_root"].as_str().and_then(|r| r.strip_prefix("sha-256:"));
            let root: Option<Hash> = root.and_then(|r| hex::decode(r).ok()?.try_into().ok());
            let root = root.ok_or(ReceiptError::Form("the entry has no events_root"))?;
            let leaf = event_leaf(&inner.event);
            if !verify_inclusion(&leaf, inner.index, inner.size, &hashes(&inner.proof)?, &root) {
                return Err(ReceiptError::EventNotIncluded);
            }
            Some(inner.event.clone())
        }
    };
    Ok(Verified {
        entry,
        id,
        index: receipt.index,
        size: head.size,
        origin: head.origin,
        signed_at: head.at,
        trusted: trusted.is_some(),
        event,
    })
}

fn hashes(proof: &[String]) -> Result<Vec<Hash>, ReceiptError> {
    let hash = |text: &String| BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    proof.iter().map(|t| hash(t).ok_or(ReceiptError::Form("a hash of the proof is malformed"))).collect()
}
