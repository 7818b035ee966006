//! EPCIS 2.0 / CBV 2.0: the event model, validation, JSON-LD and XML both ways, identifiers and the event hash.
//!
//! Main types: [`Document`], [`Event`] (with [`Thing`], [`Link`]), [`query::Query`], [`Node`] (the tree that loses nothing),
//! [`Context`], [`Problem`]/[`Problems`], [`Limits`]; [`Stream`] for documents of any size, [`Head`] with
//! `json::write_document` and `xml::write_document` for making them, [`MasterData`]. Invariants: a value of type [`Event`] has passed validation;
//! everything the sender wrote stays in its [`Node`], numbers digit by digit; no input makes a reader panic, loop or
//! exceed its [`Limits`]. The crate must never touch storage, clock or network: context documents are not fetched.

pub mod build;
mod context;
mod document;
mod event;
pub mod hash;
pub mod ident;
mod job;
pub mod json;
mod limits;
mod master;
mod node;
mod parse;
mod pointer;
pub mod problem;
pub mod query;
mod report;
mod source;
mod stream;
pub mod time;
pub mod uri;
mod validate;
pub mod vocabulary;
mod write;
pub mod xml;

pub use context::{Context, Syntax};
pub use document::{Document, DocumentType};
pub use event::{
    Action, ErrorDeclaration, Event, EventType, Link, PersistentDisposition, Role, SensorElement, Thing,
};
pub use job::{CaptureJob, ErrorBehaviour};
pub use json::Reading;
pub use limits::Limits;
pub use master::{MasterData, MasterElement, MasterTable};
pub use node::Node;
pub use parse::parse;
pub use problem::{Position, Problem, ProblemType, Problems, Severity};
pub use report::{
    Target, ValidationReport, convert, hash_report, is_xml, prehash_report, read, validate_report,
    validate_stream,
};
pub use stream::{Checked, Stream};
pub use write::{CbvFormat, Head, WriteOptions};
