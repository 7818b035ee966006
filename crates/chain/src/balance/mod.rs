//! Mass balance across firms, products and periods: can what was shipped have been there?
//!
//! Accounts (a firm's product in a period, or one lot) are joined by flows; processes turn one product into another within a
//! yield. Every declared number may be off by the tolerance. If no assignment within all bounds exists, the minimal cut is a set
//! of accounts that gave away more than they can have had, or took in more than they can have passed on: that set and its numbers
//! are the finding. What is not declared is free, so that a gap in the records is never an accusation.
//!
//! Reference: Hoffman's circulation theorem (1960); maximum flow after Dinic (1970).

mod explain;
mod flow;
mod solve;

use crate::mixing::{Mass, Share};
use base::{Decimal, Text};
use serde::{Deserialize, Serialize};

/// Accounts and what moved between them.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Balance {
    /// Accounts.
    pub accounts: Vec<Account>,
    /// What moved, was made, bought, sold.
    #[serde(default)]
    pub flows: Vec<Flow>,
    /// What one kilogram of a product gives of another.
    #[serde(default)]
    pub yields: Vec<Yield>,
    /// How far a declared number may be off, as a share: 0.02 is 2 %.
    #[serde(default)]
    pub tolerance: Decimal,
}

/// A firm's product in a period, or one lot.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// Identifier.
    pub id: String,
    /// Who.
    pub firm: String,
    /// What.
    pub product: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The lot, where the account is of one lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Kilograms a litre, for volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<Decimal>,
    /// Stock at the beginning; missing: none, unless `stock_unknown`.
    #[serde(default)]
    pub opening: Mass,
    /// The opening stock is not known, so that nothing can be concluded from too little coming in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stock_unknown: bool,
    /// Stock at the end; missing: whatever is left.
    #[serde(default)]
    pub closing: Mass,
    /// Destroyed, spoilt, sampled; missing: whatever it was. Declared zero only together with a closing stock closes the account.
    #[serde(default)]
    pub waste: Mass,
    /// What was harvested here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harvest: Option<Harvest>,
}

/// Area and plausible yield.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Harvest {
    /// Area in mu (1/15 hectare).
    pub area_mu: Decimal,
    /// Most plausible harvest a mu.
    pub yield_per_mu: Mass,
}

/// How something moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FlowKind {
    /// From one firm to another.
    #[default]
    Shipment,
    /// Turned into another product; needs a yield of the two products.
    Process,
    /// Stock carried into the next period.
    Carry,
    /// Covered by a certificate of conformity (承诺达标合格证).
    Certificate,
}

/// What moved from one account to another; without `from` it was bought outside, without `to` sold outside.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flow {
    /// Identifier: the document, the event.
    pub id: String,
    /// The account it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The account it reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How.
    #[serde(default)]
    pub kind: FlowKind,
    /// How much left `from`; missing: not known.
    #[serde(default)]
    pub quantity: Mass,
    /// How much of the product of `to` a process made; missing: not known.
    #[serde(default)]
    pub made: Mass,
}

/// One kilogram of `from` gives between `share.lo` and `share.hi` kilograms of `to`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Yield {
    /// Product used.
    pub from: String,
    /// Product made.
    pub to: String,
    /// Kilograms made of one kilogram used.
    #[serde(rename = "yield")]
    pub share: Share,
    /// Where the numbers come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// More left than can have been there.
    Oversold,
    /// One lot was sold more than once.
    LotTwice,
    /// A lot was sold that nothing brought in.
    FromNowhere,
    /// More certified or sold than the area can have borne.
    OverHarvest,
    /// More made than what went in can have given.
    OverYield,
    /// More came in than is accounted for.
    Vanished,
}

/// One number of a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Term {
    /// What it is: `opening`, `received`, `made`, `harvest`, `shipped`, `certified`, `closing`, `waste`, `used`.
    pub what: &'static str,
    /// The account or flow.
    pub id: String,
    /// Kilograms as declared (the bound that counts, without tolerance).
    pub kilograms: Decimal,
    /// Kilograms of the product of the finding it stands for, tolerance and yield counted.
    pub counted: Decimal,
}

/// A contradiction with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Who, by firm.
    pub firms: Vec<String>,
    /// What, by product.
    pub products: Vec<String>,
    /// When, by period.
    pub periods: Vec<String>,
    /// The accounts of the minimal cut.
    pub accounts: Vec<String>,
    /// What left (or came in) for certain.
    pub demanded: Vec<Term>,
    /// The most that can have been there (or been passed on).
    pub possible: Vec<Term>,
    /// Kilograms that cannot be explained, in the product that left.
    pub excess: Decimal,
    /// In words.
    pub text: Text,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether everything can be true at once.
    pub feasible: bool,
    /// Contradictions, the greatest first; each is independent of the others.
    pub findings: Vec<Finding>,
    /// What limits the conclusion.
    pub notes: Vec<Text>,
}

/// Why a balance cannot be computed: each with its place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(|(at, t)| format!("{at}: {}", t.en)).collect::<Vec<_>>().join("; "))]
pub struct BalanceError(
    /// The problems.
    pub Vec<(String, Text)>,
);

/// Looks for contradictions.
///
/// # Errors
/// A quantity that is no mass, an account given twice or unknown, a process without a yield, a tolerance outside 0 to 1.
pub fn check(balance: &Balance) -> Result<Report, BalanceError> {
    solve::Problem::new(balance).map(|problem| problem.findings())
}
