//! The one record: a journal entry in the same transaction as every change, sequenced into a Merkle tree.
//!
//! Main types: [`Context`] (who, when, ids), [`Permit`] (which policies allowed it), [`Entry`], [`append`];
//! [`Sequencer`] and [`Signer`]; [`Receipt`] and [`verify_receipt`]; [`verify_journal`]; [`Projection`].
//!
//! **Why nothing is lost or half-done when the process dies.** (1) An entry is a row of the transaction of the change
//! it records: both exist or neither. (2) The sequencer's pass is one transaction too: positions, tiles and signed
//! checkpoint appear together; before its commit the entries simply wait, after it they are in the tree. (3) A pass
//! begins from the stored right edge and refuses to go on unless its root is the root last signed, so a damaged tree
//! is never built upon. (4) Heads, tiles, proofs and entries of the log leave only when what was read is on the disk
//! (`Store::settled`; PostgreSQL must keep `fsync` and `synchronous_commit` on), so nobody outside ever sees a head
//! that a power cut could take back. (5) A projection's rows and its position commit together.
//!
//! It must never hold personal data in a leaf: only a salted commitment to an erasable body.

pub mod draw;
mod entry;
mod error;
mod log;
pub mod merkle;
pub mod note;
mod paper;
mod private;
pub mod projection;
mod receipt;
mod sequencer;
mod signer;
mod tiles;
mod verify;

pub use entry::{Actor, Appended, Context, Entry, Permit, SIGNAL, append, append_many};
pub use error::Error;
pub use log::{
    FirstHead, JournalRow, LOG_SIGNAL, Standing, TilePath, Whose, checkpoint, consistency, entry_bundle,
    feed, feed_seen, first_head_over, history, keys, standing, tile, whose,
};
pub use merkle::leaf_hash;
pub use paper::IssuedPaper;
pub use private::{ERASED, erase_private, private_body};
pub use projection::Projection;
pub use receipt::{
    InnerProof, Receipt, ReceiptError, Verified, event_leaf, event_proof, events_root, receipt,
    verify_receipt,
};
pub use receipt::{Proved, Stretch, stretch};
pub use sequencer::{Progress, Sequencer};
pub use signer::{FileSigner, Signer};
pub use verify::{Finding, Report, verify_journal};
