//! One SQL facade for SQLite (default) and PostgreSQL (by configuration): the same SQL text, the same tests.
//!
//! Main types: [`Store`] (reads, opens transactions), [`Tx`] (the only way to write), [`Value`], [`Row`], [`Sql`]
//! (text built with parameters). Rules every caller keeps: instants are microseconds in an integer, statutory dates
//! `YYYY-MM-DD` text, booleans 0/1, money fen, JSON text; `$1`-style parameters; `cast(sum(x) as bigint)`; no
//! `now()`, arrays, `ilike`, `skip locked` outside this crate; inside a write transaction await nothing but the store.
//!
//! Schema: `migrations/NNNN_name.sql`, applied by [`Store::migrate`]; tokens `{int}` (64 bits), `{real}`, `{bytes}`,
//! `{clustered}` after a table (rows in the order of the key where the engine can), `{postgres}` before a line for that engine alone; text columns `text`. No triggers, views, functions, serial columns or defaults by function; a string in a step
//! holds neither `;` nor `--`.
//! It must never know what a table means.

pub mod attachments;
pub mod backup;
mod catalogue;
mod copy;
mod driver;
mod error;
mod facade;
mod files;
mod flush;
pub mod jobs;
pub mod lease;
pub mod map;
mod media;
mod migrate;
pub mod reading;
#[cfg(test)]
mod schema;
mod signal;
pub mod testing;
mod tx;
mod value;
pub mod words;

pub use error::Error;
pub use facade::{Config, Engine, Store};
pub use tx::{Flush, Tx};
pub use value::{Row, Sql, Value};
