//! Contamination shares through mixing, by quantity: out share = Σ(in quantity × in share) / Σ in quantity.
//!
//! What is missing makes an interval, never a guess. Equipment carries a residue into the next batch, which fades with
//! time and cleaning. Rework loops are solved from both sides: the lower bounds rise from zero and the upper ones fall from one, so the
//! answer encloses the truth whenever it stops. Inside are binary floats rounded outward; quantities come in as exact decimals.

mod interval;
mod mass;
mod solve;

pub use interval::{Interval, mean};
pub use mass::{Mass, MassError};

use base::{Decimal, Instant, Text};
use serde::{Deserialize, Serialize};

/// Lots, the processes that mix them, and the equipment they share.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mixing {
    /// Lots. One that is only named in a process need not be listed.
    #[serde(default)]
    pub lots: Vec<Lot>,
    /// Processes in any order.
    pub processes: Vec<Process>,
    /// Equipment that keeps a residue.
    #[serde(default)]
    pub equipment: Vec<Equipment>,
    /// Cleaning of equipment.
    #[serde(default)]
    pub cleanings: Vec<Cleaning>,
}

/// A lot.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lot {
    /// Identifier.
    pub id: String,
    /// Contaminated share of its mass, 0 to 1: given for the lots the question begins with. A lot that no process makes and that has none
    /// is clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// How much there was of it.
    #[serde(default)]
    pub quantity: Mass,
    /// Kilograms a litre, for quantities given as volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<Decimal>,
}

/// A share: a number or `{"lo", "hi"}`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "a share is a number such as 0.3, or {\"lo\": 0.2, \"hi\": 0.4}")]
pub enum Share {
    /// Known.
    Exactly(f64),
    /// Between bounds.
    Between {
        /// At least.
        lo: f64,
        /// At most.
        hi: f64,
    },
}

impl Share {
    const fn interval(self) -> Interval {
        match self {
            Self::Exactly(x) => Interval::exactly(x),
            Self::Between { lo, hi } => Interval { lo, hi },
        }
    }
}

/// So much of a lot, taken or made.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// The lot.
    pub lot: String,
    /// How much; missing is allowed.
    #[serde(default)]
    pub quantity: Mass,
}

/// One batch: everything taken is well mixed, everything made has the same share.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Process {
    /// Identifier.
    pub id: String,
    /// When; needed where equipment is shared.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// Equipment whose residue is mixed in and renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<String>,
    /// What was taken.
    pub inputs: Vec<Part>,
    /// What was made.
    pub outputs: Vec<Part>,
    /// Share of the mass taken that is lost (water, peel, dust); missing: not known, so that nothing is concluded from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Share>,
}

/// Equipment that keeps something of each batch.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Equipment {
    /// Identifier.
    pub id: String,
    /// How much stays behind and goes into the next batch.
    pub residue: Mass,
    /// Hours in which half of the contamination of the residue is gone; missing: it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life_hours: Option<f64>,
    /// Share of the residue before the first batch; missing: clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
}

/// A cleaning between batches.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cleaning {
    /// What was cleaned.
    pub equipment: String,
    /// When; a cleaning without a time has no effect.
    #[serde(default, with = "moment")]
    pub at: Option<Instant>,
    /// Share of the contamination it removes, 0 to 1.
    pub removes: Share,
}

/// The share of a lot and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LotShare {
    /// Identifier.
    pub id: String,
    /// Contaminated share.
    pub share: Interval,
    /// Kilograms of the lot; an infinite upper bound is null.
    pub kilograms: Interval,
    /// Kilograms of contaminated matter in it.
    pub contaminated: Interval,
    /// Share by source lot, for at most [`MAX_SOURCES`] sources; zero ones left out.
    pub from: Vec<(String, Interval)>,
}

/// A batch with its share.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessShare {
    /// Identifier.
    pub id: String,
    /// Share of everything made.
    pub share: Interval,
    /// Kilograms mixed, residue included.
    pub mixed: Interval,
}

/// A rework loop and how closely it was solved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loop {
    /// The processes of the loop.
    pub processes: Vec<String>,
    /// Rounds until nothing moved any more.
    pub rounds: usize,
    /// Most that any bound could still move; the intervals enclose the truth all the same.
    pub bound: f64,
}

/// Shares of everything, worst first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mixed {
    /// Lots by share, the highest possible first: the order of a recall.
    pub lots: Vec<LotShare>,
    /// Processes in the order of the input.
    pub processes: Vec<ProcessShare>,
    /// Residue on each piece of equipment after its last batch: identifier and share.
    pub equipment: Vec<(String, Interval)>,
    /// Rework loops.
    pub loops: Vec<Loop>,
    /// Facts that were needed and missing.
    pub notes: Vec<Text>,
}

/// Sources whose part is told separately.
pub const MAX_SOURCES: usize = 32;

/// Why a mixing problem cannot be solved: each with its place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(|(at, t)| format!("{at}: {}", t.en)).collect::<Vec<_>>().join("; "))]
pub struct MixingError(
    /// The problems.
    pub Vec<(String, Text)>,
);

/// Computes the shares.
///
/// # Errors
/// A quantity that is no mass, a share outside 0 to 1, an identifier given twice, equipment that is not listed, or a batch on
/// equipment without its time.
pub fn mix(input: &Mixing) -> Result<Mixed, MixingError> {
    solve::Problem::new(input).map(|problem| problem.solve())
}

/// Times in files: RFC 3339 with offset.
mod moment {
    use base::Instant;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Option<Instant>, s: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => s.serialize_str(&at.rfc3339()),
            None => s.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Instant>, D::Error> {
        let text = Option::<String>::deserialize(d)?;
        let read = |text: String| {
            Instant::parse(&text).map_err(|_| {
                serde::de::Error::custom(format!("time '{text}': write it as 2026-09-02T08:00:00+08:00"))
            })
        };
        text.map(read).transpose()
    }
}
