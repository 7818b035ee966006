//! How a matter begins by hand, what is computed on the way, and who is reminded when a clock runs out.

use super::{EffectUse, Side};
use base::Text;
use base::clock::Unit;
use rule::Basis;
use serde::{Deserialize, Serialize};

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Computed {
    /// Whole millionths, as `dec()` gives; the fact holds the decimal as text.
    #[default]
    Decimal,
    /// A whole number.
    Whole,
    /// True or false.
    Flag,
    /// A text.
    Text,
}

/// When a computation runs late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// After the decision tables.
    Decides,
}

/// A fact computed by an expression over facts and the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compute {
    /// The fact set.
    pub fact: String,
    /// The expression; null leaves the fact as it is.
    pub value: String,
    /// What it gives.
    #[serde(default, rename = "as")]
    pub kind: Computed,
    /// `decides`: computed after the step's decision tables instead of before them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
    /// Where the numbers in it come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
}

/// The facts in which an operator of the register stands by name, so that title and papers name whom the effects concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyFacts {
    /// Its registered name.
    pub name: String,
    /// Its unified social credit code; a person has none on a paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The address of its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// How a person opens a matter: the form, who may, and what follows at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Who may: the agency, the operator for itself, a citizen without an account. Absent: the agency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Side>,
    /// Form to fill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Form fields copied into facts of the same name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// The matter's title, a template text over `facts`; the procedure's own title when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// Field of type `region` that says where; absent: the caller's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Field of type `operator` that says whom it concerns; absent: the operator who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Facts that take what the register says of the operator concerned; what a form says in words stands only where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyFacts>,
    /// Condition; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    /// Said when the guard refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Text>,
    /// Where the numbers in the guard come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<Basis>,
    /// Facts computed after the form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computes: Vec<Compute>,
    /// Effects, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<EffectUse>,
    /// Documents drafted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// Kinds of task its effects may create.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Procedures its effects may open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<String>,
}

impl Opening {
    /// Whether somebody on that side may open a matter.
    #[must_use]
    pub fn allows(&self, side: Side) -> bool {
        if self.by.is_empty() { side == Side::Agency } else { self.by.contains(&side) }
    }
}

/// What a rung of the ladder does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RungAct {
    /// Tells those who hold the work.
    Remind,
    /// Tells the level above as well.
    Escalate,
}

/// A step of the ladder a clock climbs as its due moment comes near and passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// When: so many units after the due moment; negative: before it. In working days, whole calendar days or hours.
    pub at: i32,
    /// Of what.
    pub unit: Unit,
    /// What happens.
    pub does: RungAct,
    /// Levels above the agency that holds the work that are told as well: 1 the prefecture of a county, 2 the province.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub up: u8,
    /// Procedure opened as a child, once (supervision of overdue work); it must declare an `[opening]` without form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Where the number comes from.
    pub basis: Basis,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape serde calls
const fn is_zero(n: &u8) -> bool {
    *n == 0
}

/// How long a published document stays public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFor {
    /// How many units from the publication.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Where the number comes from.
    pub basis: Basis,
}
