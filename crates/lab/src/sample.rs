//! Samples: the sampling form, its states, and where it came from.

use crate::{Handover, Placing};
use base::{Date, Id, Instant, Text};
use limits::Facts;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stored word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The word shown to people.
            #[must_use]
            pub const fn label(self) -> base::Text {
                match self { $(Self::$variant => base::Text::of($zh, $en),)* }
            }

            /// Reads the stored word or either label.
            #[must_use]
            pub fn read(text: &str) -> Option<Self> {
                let text = text.trim();
                Self::ALL.iter().copied().find(|v| {
                    v.word() == text || v.label().zh == text || v.label().en.eq_ignore_ascii_case(text)
                })
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::read(text).ok_or_else(|| format!("{text} is no {}", stringify!($name)))
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Why a sample was taken; the three are separate plans (clause 32 of the policy paper).
    SampleKind {
        /// Supervision sampling: legal effect, disposal, publication.
        Supervision = "supervision", "监督抽检", "Supervision sampling";
        /// Risk monitoring: no verdict is published, a failure opens an enquiry only.
        Monitoring = "monitoring", "风险监测", "Risk monitoring";
        /// Evaluation sampling: representative for a region's pass rate.
        Evaluation = "evaluation", "评价性抽检", "Evaluation sampling";
    }
}

words! {
    /// Where a sample stands.
    SampleState {
        /// Taken and sealed, on its way.
        Sealed = "sealed", "已封样", "Sealed";
        /// On its way to the laboratory.
        Sent = "sent", "已寄送", "Sent";
        /// The laboratory refused it.
        Refused = "refused", "已拒收", "Refused";
        /// Arrived at the laboratory.
        Received = "received", "已收样", "Received";
        /// Results are being entered.
        Testing = "testing", "检验中", "Testing";
        /// The report is approved by a second person.
        Approved = "approved", "已批准", "Approved";
        /// The report is with the authority; nothing of it changes any more.
        Submitted = "submitted", "已报送", "Submitted";
    }
}

words! {
    /// What the report says of the whole sample.
    Conclusion {
        /// Every judged result conforms.
        Qualified = "qualified", "合格", "Qualified";
        /// At least one result does not conform.
        Unqualified = "unqualified", "不合格", "Unqualified";
        /// Risk monitoring without a finding.
        NoProblem = "no_problem", "未发现问题", "No problem found";
        /// Risk monitoring with a finding.
        ProblemFound = "problem", "发现问题", "Problem found";
        /// No result fails, but at least one could not be decided.
        Undecided = "undecided", "待确认", "Undecided";
    }
}

/// A sampling form to be registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSample {
    /// 抽样单编号: unique; letters and digits.
    pub form_no: String,
    /// Why it was taken.
    pub kind: SampleKind,
    /// What the food is judged as, product facts in brackets allowed: `干香菇(鲜干比10:1)`.
    pub food: String,
    /// Name on the label; empty: as `food`.
    #[serde(default)]
    pub product_name: String,
    /// GTIN, 8–14 digits.
    #[serde(default)]
    pub gtin: Option<String>,
    /// Lot number as printed.
    #[serde(default)]
    pub lot_no: Option<String>,
    /// Trace key of the lot when the caller knows it; else formed from GTIN and lot number.
    #[serde(default)]
    pub item: Option<String>,
    /// Trace key of the place sampled.
    #[serde(default)]
    pub place: Option<String>,
    /// Name of the place or operator sampled.
    pub place_name: String,
    /// Unified social credit code of the operator sampled.
    #[serde(default)]
    pub uscc: Option<String>,
    /// Producer as labelled; empty when made or grown on the spot.
    #[serde(default)]
    pub producer_name: String,
    /// Unified social credit code of the producer.
    #[serde(default)]
    pub producer_uscc: Option<String>,
    /// Production date; absent for farm produce and catering.
    #[serde(default)]
    pub produced: Option<Date>,
    /// Sampling date.
    pub sampled: Date,
    /// Date of arrival at the laboratory; given with `arrival` alone.
    #[serde(default)]
    pub received: Option<Date>,
    /// The laboratory's check on arrival, of a sample that is registered when it has arrived already.
    #[serde(default)]
    pub arrival: Option<Handover>,
    /// Prepackaged food: the production date selects the edition.
    #[serde(default)]
    pub prepackaged: bool,
    /// 抽样基数 with unit, as reported.
    #[serde(default)]
    pub base_qty: Option<String>,
    /// Region code; `None`: that of the place in the register.
    #[serde(default)]
    pub region: Option<String>,
    /// Department that ordered the sample (`market`, `agri`, …).
    pub agency: String,
    /// The laboratory the sample goes to (an operator).
    #[serde(default)]
    pub laboratory: Option<Id>,
    /// Facts a limit may ask for.
    #[serde(default)]
    pub facts: Facts,
    /// Where it belongs in the plan.
    #[serde(default, flatten)]
    pub placing: Placing,
}

/// A registered sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// 抽样单编号.
    pub form_no: String,
    /// 报告书编号, once approved.
    pub report_no: Option<String>,
    /// Why it was taken.
    pub kind: SampleKind,
    /// Where it stands.
    pub state: SampleState,
    /// What it is judged as.
    pub food: String,
    /// Name on the label.
    pub product_name: String,
    /// GTIN, 14 digits.
    pub gtin: Option<String>,
    /// Lot number as printed.
    pub lot_no: Option<String>,
    /// Trace key of the lot.
    pub item: Option<String>,
    /// No trace event named the lot when the sample was registered.
    pub lot_unknown: bool,
    /// Trace key of the place sampled.
    pub place: Option<String>,
    /// Name of the place sampled.
    pub place_name: String,
    /// Its site in the register.
    pub site: Option<Id>,
    /// The operator sampled.
    pub operator: Option<Id>,
    /// The producer.
    pub producer: Option<Id>,
    /// The producer as labelled.
    pub producer_name: String,
    /// Production date.
    pub produced: Option<Date>,
    /// Sampling date.
    pub sampled: Date,
    /// Date of arrival at the laboratory.
    pub received: Option<Date>,
    /// The date that selects the edition of a standard.
    pub governing_on: Date,
    /// Which rule chose it: `production` or `sampling`.
    pub governing_rule: String,
    /// Prepackaged food.
    pub prepackaged: bool,
    /// 抽样基数 as reported.
    pub base_qty: Option<String>,
    /// Region code.
    pub region: String,
    /// Department that ordered it.
    pub agency: String,
    /// The laboratory (an operator).
    pub laboratory: Option<Id>,
    /// Facts a limit may ask for.
    pub facts: Facts,
    /// Account that registered it.
    pub registered_by: Option<Id>,
    /// Account that approved the report.
    pub approved_by: Option<Id>,
    /// What the report says.
    pub conclusion: Option<Conclusion>,
    /// Time of registration.
    pub created: Instant,
    /// Time the report was approved: the conclusion stands from then.
    pub approved_at: Option<Instant>,
    /// Time the report went to the authority.
    pub submitted_at: Option<Instant>,
    /// Where it belongs in the plan.
    #[serde(flatten)]
    pub placing: Placing,
    /// The reader may not see whose it is: the number of the form is the blind number and what names a firm is empty.
    pub blind: bool,
}

impl Sample {
    /// Why this date governs, for people.
    #[must_use]
    pub fn governing_reason(&self) -> Text {
        if self.governing_rule == "production" {
            Text::of(
                "预包装食品按生产日期适用标准版本",
                "prepackaged food: the edition in force on the production date",
            )
        } else {
            Text::of(
                "食用农产品、餐饮食品及无生产日期的样品按抽样日期适用标准版本",
                "farm produce, catering or no production date: the edition in force on the sampling date",
            )
        }
    }
}
