//! Inspections outside the office: who is drawn, who is sent, and what their phones bring back.
//!
//! Main type: [`Field`], which holds the rights and the connection to procedures and register ([`Office`]); its writing
//! methods work inside the caller's transaction and append their own journal entries. Invariants: every frozen list ends in
//! a draw or in a reasoned cancellation; two officers at least are sent and nobody who has to keep away; an entry of a
//! phone's log never changes, none is lost unnoticed, and what two officers found is both kept. It must never know
//! procedures or the register: it asks them through [`Office`].

mod device;
mod drawn;
mod draws;
mod error;
mod hook;
mod log;
mod officers;
mod photo;
mod replace;
mod roster;
mod sync;
mod work;

pub use device::{Device, Gap};
pub use drawn::{Draw, DrawFilter, DrawState, Named, Pick, leads, opened_by, public_draw, public_draws};
pub use draws::{Frequency, NewDraw};
pub use error::Error;
pub use hook::{Candidate, HookError, Inspection, Office, Plan, Refused};
pub use ledger::draw::Record;
pub use log::{
    Cite, Entry, Finding, NoPlace, Note, Photo, Place, Reply, Signature, Standing, Visit, What, Wrong,
    genesis, hash_of, signed,
};
pub use officers::{Sent, officers_of};
pub use photo::{PIECE, Whole};
pub use replace::{GaveUp, StoodBack};
pub use roster::STRATA;
pub use sync::{Answer, BATCH, Received, Signed};
pub use work::{Line, LogOf, Settled, Taken};

use access::{Access, Resource};
use std::sync::Arc;

/// Inspections outside, with what they are connected to.
#[derive(Clone)]
pub struct Field {
    /// Rights.
    pub access: Access,
    /// Procedures and register.
    pub office: Arc<dyn Office>,
}

impl Field {
    /// Over rights and the office behind it.
    #[must_use]
    pub fn new(access: Access, office: Arc<dyn Office>) -> Self {
        Self { access, office }
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").finish_non_exhaustive()
    }
}

/// An inspection as authorisation sees it.
fn resource(region: &str, agency: &str) -> Resource {
    Resource::new("matter", region).of_agency(agency).classified(access::INTERNAL)
}
