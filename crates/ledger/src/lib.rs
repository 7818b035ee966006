//! The one record: a journal entry in the same transaction as every change, sequenced into a Merkle tree.
//!
//! Main types: [`Context`] (who, when, ids), [`Permit`] (which policies allowed it), [`Entry`], [`append`].
//! It must never hold personal data in a leaf: only a salted commitment to an erasable body.

mod entry;

pub use entry::{Actor, Appended, Context, Entry, Error, Permit, append, leaf_hash};
