//! One SQL facade for SQLite (default) and PostgreSQL (by configuration): the same SQL text, the same tests.
//!
//! Main types: [`Store`] (reads, opens transactions), [`Tx`] (the only way to write), [`Value`], [`Row`], [`Sql`]
//! (text built with parameters). Rules every caller keeps: instants are microseconds in an integer, statutory dates
//! `YYYY-MM-DD` text, booleans 0/1, money fen, JSON text; `$1`-style parameters; `cast(sum(x) as bigint)`; no
//! `now()`, arrays, `ilike`, `skip locked` outside this crate; inside a write transaction await nothing but the store.
//! It must never know what a table means.

mod error;
mod facade;
mod value;

pub use error::Error;
pub use facade::{Engine, Store, Tx};
pub use value::{Row, Sql, Value};
