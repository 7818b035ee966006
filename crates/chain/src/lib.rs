//! Trace index: this lot at this place from this time.
//!
//! Fed with [`Step`]s (facts of trace events, in any order, with repeats), it answers where goods came from,
//! where they went, what a failed sample puts under suspicion, and what the records do not explain.
//!
//! Main types: [`Index`], [`Names`] (interned identifiers), [`Step`], and the plain answers [`Trace`], [`Scope`], [`Gap`],
//! [`Source`].
//!
//! Beside the index: [`layout`] places a trace on a page, [`score`](mod@score) ranks the stations of an outbreak as
//! FoodChain-Lab does, [`outbreak`] reads and writes the files of outbreak cases, [`synthetic`] and [`mod@bench`] make and measure networks of any size.
//!
//! Invariants: the answer depends on the set of steps, never on their order of arrival; a link out of a stock
//! counts only if it is not earlier than the link in; being packed beside something is not being mixed with it;
//! quantities of different dimension are never added; a query that stops at its bounds says so. No I/O and no
//! clock; the caller passes bytes and times.

#![forbid(unsafe_code)]

mod amount;
mod answer;
pub mod balance;
pub mod bench;
mod column;
mod derive;
mod facts;
mod gaps;
mod graph;
mod held;
mod index;
mod kernel;
mod layout;
mod line;
pub mod mixing;
mod names;
mod order;
pub mod outbreak;
mod pack;
mod packed;
mod pair;
mod plain;
mod reach;
mod scope;
pub mod score;
mod seal;
mod segment;
mod sources;
mod spread;
mod step;
mod stock;
mod stream;
pub mod synthetic;
mod trace;

pub use amount::{Amount, Qty, Unit};
pub use answer::{
    Bounds, Gap, GapKind, Holding, Hop, LinkKind, NodeKey, NodeKind, Role, Scope, ScopeOptions, ScopeRow,
    Source, Totals, Trace, TraceLink, TraceNode,
};
pub use column::Bytes;
pub use index::{Index, Stats};
pub use layout::{Layout, LayoutOptions, PlacedEdge, PlacedNode, ShapeNode, layout, layout_shape};
pub use names::{DocId, Interner, ItemId, JoinId, Names, PlaceId};
pub use segment::{SegmentError, verify_segment};
pub use sources::{Case, Sources};
pub use spread::{Origins, Spread, SpreadGroup, Station, Stations};
pub use step::{How, Items, Kind, Phase, Step};
