//! The nouns every other crate shares: identifiers with check digits, regions, the working-day calendar,
//! statutory clocks, exact decimals, units, instants and bilingual text.
//!
//! Main types: [`Id`], [`Instant`], [`Text`], [`Lang`]. Invariants: no I/O, no clock (the caller passes the
//! time), no binary floats for anything the law measures.

pub mod id;
pub mod instant;
pub mod text;

pub use id::{Id, IdGen};
pub use instant::Instant;
pub use jiff::civil::Date;
pub use rust_decimal::Decimal;
pub use text::{Lang, Text};
