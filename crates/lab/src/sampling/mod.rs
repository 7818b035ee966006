//! The sampling system: plan, draw, form, chain of custody, published results, statistics.

mod book;
mod bulletin;
mod clocks;
mod custody;
mod form;
mod freeze;
mod list_draw;
mod numbers;
mod plan;
mod plan_sheet;
mod progress;
mod proposal;
mod public;
mod recusal;
mod roster;
mod season;
mod statistics;
mod strata;
mod targets;

pub use book::{AcceptCheck, Book, BookError, Bounds, Budget, Class, SeriousRule, Stage, Target};
pub use bulletin::{Bulletin, BulletinState, RowState};
pub(crate) use bulletin::{correct_published, retract_overturned};
pub(crate) use clocks::clock_of;
pub use clocks::{
    ClockFilter, Clocked, Milestones, SAMPLE_LAWS, SampleClock, milestones, next_clock, sample_clocks,
};
pub use custody::{CustodyEntry, Handover, Leg};
pub use form::{FormDetail, FormFields, NewForm};
pub(crate) use freeze::json;
pub use freeze::{Draw, DrawFilter, DrawState, NewDraw, public_draw, public_draws};
pub use ledger::draw::{
    Chosen, Drawn, Entry as DrawEntry, Finding as DrawFinding, Inspector, Pick, Record as DrawRecord,
    Replaced, choose, draw, replacement, verify,
};
pub use list_draw::{ListDraw, ListError, ListPick, Listing};
pub use plan::{NewPlan, NewTask, Plan, PlanState, Task, TaskFilter};
pub(crate) use plan::{plan_in, tasks_in};
pub use plan_sheet::{plan_columns, plan_sheet};
pub use progress::{Dimension, Overlap, PerThousand, Progress, ProgressRow};
pub use proposal::{Expected, ExpectedRow, Method, Wish};
pub use public::{
    Listed, PublicBulletin, PublicFilter, PublicRow, public_bulletin, public_bulletins, published_rows,
};
pub use recusal::{
    NewRecusal, Recusal, RecusalGround, cleared_namesakes, recusal_ground, recused, recused_from,
};
pub use season::{Covered, read_months, show_months};
pub use statistics::{By, Hazard, LabFigures, Rate, StatisticsFilter, wilson};
pub use strata::{Chance, Strata, chances, stratum_name};
pub use targets::{REASONS, Target as DrawTarget, TargetState};

use base::Id;
use serde::{Deserialize, Serialize};

/// Where a sample belongs in the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placing {
    /// The task it fulfils.
    #[serde(default)]
    pub task: Option<Id>,
    /// Food class of the rulebook, two digits.
    #[serde(default)]
    pub class: Option<String>,
    /// Where in the chain.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// Which level pays.
    #[serde(default)]
    pub budget: Option<Budget>,
}
