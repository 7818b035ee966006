//! Surveillance at work: counts by county, hazard and day as they became known, the nightly judgement of every series, signals that
//! are assigned and followed to an outcome, and what the outcomes say of the methods.
//!
//! Main type: [`Watch`], which holds the rights, the plan of the rulebook and which counties are neighbours; its writing methods work inside
//! the caller's transaction and append their own journal entries. Invariants: a count is never changed, a later one for the
//! same day stands beside it; a day nobody reported on is unknown, not zero; a signal's alarms stay as they were when they
//! rang. It must never know where counts come from (whoever has records counts them) nor decide that there is an outbreak.

mod count;
mod error;
mod evidence;
mod follow;
mod import;
mod judge;
mod query;
mod report;
mod series;

pub use count::{Cover, NewCount};
pub use error::Error;
pub use evidence::Evidence;
pub use follow::FollowUp;
pub use import::{Imported, SentCount, count_columns};
pub use judge::Judged;
pub use query::{Filter, MethodScore, Night, Note, Page, SignalDetail, SignalRow, Sort, Status};
pub use report::{NewReport, Report, ReportFilter};
pub use series::{Line, Mark, Wanted};

use access::{Access, Denied, Principal, Resource};
use base::Instant;
use ledger::Permit;
use signal::watch::{Neighbours, Plan};
use std::sync::Arc;

/// The watch with what it needs.
#[derive(Clone)]
pub struct Watch {
    /// Rights.
    pub access: Access,
    /// Methods, hazards and rate.
    pub plan: Arc<Plan>,
    neighbours: Arc<Neighbours>,
}

impl Watch {
    /// The watch of the rulebook's plan.
    #[must_use]
    pub fn new(access: Access) -> Self {
        Self { access, plan: Arc::new(Plan::builtin()), neighbours: Arc::new(Neighbours::gansu()) }
    }

    /// The right to act on what concerns several places: one's own among them is enough.
    fn permit(
        &self,
        who: &Principal,
        action: &str,
        places: &[String],
        now: Instant,
    ) -> Result<Permit, Denied> {
        let mut denied = None;
        for place in places {
            match self.access.check(who, action, &Resource::new("signal", place.clone()), now) {
                Ok(permit) => return Ok(permit),
                Err(e) => denied = denied.or(Some(e)),
            }
        }
        match denied {
            Some(e) => Err(e),
            None => self.access.check(who, action, &Resource::new("signal", ""), now),
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("plan", &self.plan.id).finish_non_exhaustive()
    }
}
