//! The journal entry: what is recorded of a change, and the bytes its leaf commits to.

use crate::Error;
use crate::merkle::leaf_hash;
use base::{Id, IdGen, Instant, Lang};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{Tx, Value};

/// The signal raised when entries wait for the sequencer ([`store::Store::listen`]).
pub const SIGNAL: &str = "journal";

/// Largest canonical form, in bytes (C2SP tlog-tiles prefixes an entry with 16 bits of length).
const MAX_BYTES: usize = 65_535;

/// Who acts: an account, or the system itself under a name.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account; `None` for the system.
    pub account: Option<Id>,
    /// Login name, or `system:<part>`. Never a person's name.
    pub login: String,
}

impl Actor {
    /// The system acting by itself (`sequencer`, `demo`, a scheduled job).
    #[must_use]
    pub fn system(part: &str) -> Self {
        Self { account: None, login: format!("system:{part}") }
    }
}

/// What every writing function needs besides its input: the time, ids, the actor and their language.
#[derive(Debug, Clone)]
pub struct Context {
    /// The time of the action; the same for everything in it.
    pub now: Instant,
    /// Source of record ids.
    pub ids: Arc<IdGen>,
    /// Who acts.
    pub actor: Actor,
    /// Language for messages.
    pub lang: Lang,
}

impl Context {
    /// A new record id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.ids.next(self.now)
    }
}

/// The decision that allowed a write: action and the ids of the policies that permitted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The action checked (`act`, `decide`, …).
    pub action: String,
    /// Policy ids; `system` for internal work.
    pub policies: Vec<String>,
    /// Department that owns the record the right was asked for; `""` where none does. Chooses the readers of the entry, and is no part of
    /// its leaf.
    pub agency: String,
    /// Classification of that record, likewise: 1 internal, 2 confidential.
    pub classification: u8,
}

/// The classification of an entry of which nothing else is known: internal.
const INTERNAL: u8 = 1;

impl Permit {
    /// Internal work that no person asked for; `reason` is recorded.
    #[must_use]
    pub fn system(reason: &str) -> Self {
        Self::new(reason, vec!["system".to_owned()])
    }

    /// A decision on a record that no department owns.
    #[must_use]
    pub fn new(action: impl Into<String>, policies: Vec<String>) -> Self {
        Self { action: action.into(), policies, agency: String::new(), classification: INTERNAL }
    }

    /// Names whose the record is. What is public is internal in the journal: an entry says who did what.
    #[must_use]
    pub fn about(mut self, agency: impl Into<String>, classification: u8) -> Self {
        self.agency = agency.into();
        self.classification = classification.max(INTERNAL);
        self
    }
}

/// One change to be recorded.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened, as `noun.verb` (`matter.transition`, `capture.accepted`).
    pub kind: &'static str,
    /// Region code the record belongs to (feeds filter by it).
    pub region: String,
    /// The record concerned, as `kind:id`.
    pub subject: String,
    /// The facts; no personal data.
    pub body: Json,
    /// Personal data of the change, if any: stored apart, erasable, bound to the leaf by a salted commitment.
    pub private: Option<Json>,
}

/// What `append` gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The entry's id.
    pub id: Id,
    /// RFC 6962 leaf hash: SHA-256(0x00 ‖ canonical bytes).
    pub leaf: [u8; 32],
}

/// Records a change inside its transaction. Nothing is recorded if the transaction does not commit.
///
/// # Errors
/// [`Error::TooLarge`]; when the row cannot be written or the system gives no randomness.
pub async fn append(tx: &mut Tx, cx: &Context, permit: &Permit, entry: Entry) -> Result<Appended, Error> {
    let mut done = append_many(tx, vec![(cx, permit, entry)]).await?;
    done.pop().ok_or(Error::Random)
}

/// Records many changes of one transaction with few statements: for imports and bulk work. Each has its own context, as
/// several people's changes may share a transaction.
///
/// # Errors
/// As [`append`].
pub async fn append_many(
    tx: &mut Tx,
    entries: Vec<(&Context, &Permit, Entry)>,
) -> Result<Vec<Appended>, Error> {
    let mut done = Vec::with_capacity(entries.len());
    let mut rows: Vec<Value> = Vec::with_capacity(entries.len() * 10);
    let mut private: Vec<Value> = Vec::new();
    for (cx, permit, entry) in entries {
        let id = cx.id();
        let commitment = match &entry.private {
            None => None,
            Some(body) => {
                let mut salt = [0u8; 32];
                getrandom::fill(&mut salt).map_err(|_| Error::Random)?;
                let body = body.to_string();
                let commitment = commit(&salt, &body);
                private.extend([id.into(), salt.to_vec().into(), body.into()]);
                Some(commitment)
            }
        };
        let canonical = canonical(id, cx, permit, &entry, commitment);
        if canonical.len() > MAX_BYTES {
            let (kind, bytes) = (entry.kind.to_owned(), canonical.len());
            return Err(Error::TooLarge { kind, subject: entry.subject, bytes });
        }
        let leaf = leaf_hash(canonical.as_bytes());
        rows.extend([
            id.into(),
            cx.now.into(),
            entry.kind.into(),
            entry.region.into(),
            entry.subject.into(),
            cx.actor.login.as_str().into(),
            canonical.into(),
            leaf.into(),
            permit.agency.as_str().into(),
            i64::from(permit.classification).into(),
        ]);
        done.push(Appended { id, leaf });
    }
    tx.insert_many("insert into journal_private (id, salt, body)", 3, private, "").await?;
    tx.insert_many(
        "insert into journal (id, at, kind, region, subject, actor, canonical, leaf, agency, classification)",
        10,
        rows,
        "",
    )
    .await?;
    tx.raise(SIGNAL);
    Ok(done)
}

/// The bytes a leaf commits to: one JSON object whose members come in this order.
fn canonical(id: Id, cx: &Context, permit: &Permit, entry: &Entry, private: Option<String>) -> String {
    serde_json::json!({
        "v": 1,
        "id": id,
        "at": at_text(cx.now),
        "kind": entry.kind,
        "region": entry.region,
        "subject": entry.subject,
        "actor": cx.actor.login,
        "action": permit.action,
        "policies": permit.policies,
        "private": private,
        "body": entry.body,
    })
    .to_string()
}

/// An instant in a canonical entry: RFC 3339 in UTC with as many digits as it needs, so that it loses nothing.
pub(crate) fn at_text(at: Instant) -> String {
    at.timestamp().to_string()
}

/// The salted commitment to a private body: `sha-256:` and the hex SHA-256 of salt and body.
pub(crate) fn commit(salt: &[u8], body: &str) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(body).finalize();
    format!("sha-256:{}", hex::encode(hash))
}
