//! Targeting of the office: whom to inspect and what to sample next, learnt from the province's own record.
//!
//! * [`Facts`]: what is known of every place that can be visited, each fact with its day, and every visit so far; [`tables`] turns
//!   them into the tables the science learns from, in time order.
//! * [`Target::learn`]: a model as it was learnt, kept with both tables, its recipe, its proof on past windows, its reliability and
//!   how groups fare; the scores of the newest with their reasons.
//! * [`Target::propose`] … [`Target::decide`]: a proposal with expected yield and a random share of at least 5 % that is
//!   drawn by a draw anybody can repeat ([`AuditRecord`]); accepted by a second person, it feeds a plan.
//! * [`Achieved`]: what the targeted and the random part found, and the rate of the whole without bias.
//!
//! Main type: [`Target`]. Invariants: a model and its tables never change; nothing a visit is judged by is later than the day
//! before it; a proposal's random part is fixed only by a value nobody knew when the list was frozen, and cannot be
//! dropped from what is accepted. It must never know registers, procedures or samples: it asks them through [`Ground`].
//! It decides nothing: a score is a priority, never ground for a penalty.

mod achieved;
mod aim;
mod audit;
mod error;
mod facts;
mod feature;
mod history;
mod hook;
mod learn;
mod model;
mod proposal;
mod proposals;
mod score;
pub mod testing;

pub use achieved::{Achieved, Part, achieved};
pub use aim::{Aim, State, Why};
pub use audit::{AuditDrawn, AuditFinding, AuditRecord};
pub use error::Error;
pub use facts::{Facts, Seen, Subject, tables};
pub use feature::{meaning, value};
pub use history::{Imported, history_columns};
pub use hook::{Delivery, Done, Ground, HookError, Refused};
pub use learn::{HORIZON, Learnt};
pub use model::{Body, ModelDetail, ModelRow, Night, Settings};
pub use proposal::{LEAST_SHARE, NewProposal};
pub use proposals::{Item, Proposal, ProposalFilter};
pub use score::{Page, Reason, Score, ScoreFilter, ScoreSort};

use access::{Access, Principal, Resource};
use std::sync::Arc;

/// Targeting with what it is connected to.
#[derive(Clone)]
pub struct Target {
    /// Rights.
    pub access: Access,
    /// Registers, procedures and samples.
    pub ground: Arc<dyn Ground>,
    /// Region the models are learnt for: the province.
    pub region: String,
}

impl Target {
    /// Over rights and the records behind it, for a province.
    #[must_use]
    pub fn new(access: Access, ground: Arc<dyn Ground>, region: &str) -> Self {
        Self { access, ground, region: region.to_owned() }
    }

    /// A proposal as authorisation sees it: inspections are matters, samples are samples.
    fn resource(aim: Aim, region: &str, agency: &str) -> Resource {
        let kind = match aim {
            Aim::Inspect => "matter",
            Aim::Sample => "sample",
        };
        Resource::new(kind, region).of_agency(agency).classified(access::INTERNAL)
    }
}

/// The department in whose name somebody works in a region.
fn agency_of(who: &Principal, region: &str) -> String {
    let own = who.grants.iter().find(|g| region.starts_with(&g.region) && !g.agency.is_empty());
    own.map_or_else(|| "market".to_owned(), |g| g.agency.clone())
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("region", &self.region).finish_non_exhaustive()
    }
}
