//! Guards and decision tables: the small expressions of the rulebook, compiled once and evaluated over facts.
//!
//! Main types: [`Guard`] (a CEL expression over declared facts), [`Basis`] (the clause it rests on), [`Table`] (a decision table with proof of
//! completeness). Invariants: no I/O; an expression can name nothing that was not declared; evaluation ends, has
//! no side effect and never panics; no binary float decides anything — decimals go through `dec(…)`, which gives
//! whole millionths.

mod basis;
mod decimal;
mod error;
mod functions;
mod guard;
mod table;

pub use basis::Basis;
pub use decimal::{MICRO, from_micro, micro};
pub use error::Error;
pub use guard::Guard;
pub use table::{Hit, Input, Kind, Row, Table, TableData};
