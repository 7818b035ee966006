//! The journal entry: what is recorded of a change, and the bytes its leaf commits to.

use base::{Id, IdGen, Instant, Lang};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::Tx;

/// A journal failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Storage.
    #[error("journal storage")]
    Store(#[from] store::Error),
    /// No randomness for the salt of a commitment.
    #[error("no randomness from the system")]
    Random,
}

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
}

impl Permit {
    /// Internal work that no person asked for; `reason` is recorded.
    #[must_use]
    pub fn system(reason: &str) -> Self {
        Self { action: reason.to_owned(), policies: vec!["system".to_owned()] }
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
/// When the row cannot be written or the system gives no randomness.
pub async fn append(tx: &mut Tx, cx: &Context, permit: &Permit, entry: Entry) -> Result<Appended, Error> {
    let id = cx.id();
    let commitment = match &entry.private {
        None => None,
        Some(private) => {
            let mut salt = [0u8; 32];
            getrandom::fill(&mut salt).map_err(|_| Error::Random)?;
            let body = private.to_string();
            let commitment = commit(&salt, &body);
            tx.exec(
                "insert into journal_private (id, salt, body) values ($1, $2, $3)",
                &[id.into(), salt.to_vec().into(), body.into()],
            )
            .await?;
            Some(commitment)
        }
    };
    let canonical = serde_json::json!({
        "v": 1,
        "id": id,
        "at": cx.now.rfc3339(),
        "kind": entry.kind,
        "region": entry.region,
        "subject": entry.subject,
        "actor": cx.actor.login,
        "action": permit.action,
        "policies": permit.policies,
        "private": commitment,
        "body": entry.body,
    })
    .to_string();
    let leaf = leaf_hash(canonical.as_bytes());
    tx.exec(
        "insert into journal (id, at, kind, region, subject, actor, canonical, leaf) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            id.into(),
            cx.now.into(),
            entry.kind.into(),
            entry.region.into(),
            entry.subject.into(),
            cx.actor.login.as_str().into(),
            canonical.into(),
            leaf.into(),
        ],
    )
    .await?;
    Ok(Appended { id, leaf })
}

/// RFC 6962 section 2.1: SHA-256 of 0x00 and the leaf's bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> [u8; 32] {
    let mut h = Sha256::new();
    h.update([0]);
    h.update(bytes);
    h.finalize().into()
}

/// The salted commitment to a private body: `sha-256:` and the hex SHA-256 of salt and body.
fn commit(salt: &[u8; 32], body: &str) -> String {
    let mut h = Sha256::new();
    h.update(salt);
    h.update(body.as_bytes());
    format!("sha-256:{}", hex::encode(h.finalize()))
}
