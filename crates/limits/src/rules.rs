//! The loaded rule book: every edition with its rules, ready to judge.

use crate::case::Case;
use crate::verdict::{Outcome, Status, Step, Verdict};
use base::Text;
use std::sync::OnceLock;

/// Version of the engine, part of every verdict.
pub const ENGINE: &str = concat!("limits ", env!("CARGO_PKG_VERSION"));

/// The rules in force and in history, with the trees and names they use.
#[derive(Debug, Default)]
pub struct Rules {
    hash: String,
}

impl Rules {
    /// The rules embedded in this program (`rulebook/cn/limits`, `rulebook/cn/foods`).
    #[must_use]
    pub fn builtin() -> &'static Self {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(Self::default)
    }

    /// SHA-256 over the rule files, first 16 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Judges one result.
    #[must_use]
    pub fn judge(&self, case: &Case) -> Verdict {
        Verdict {
            case_id: case.id.clone(),
            outcome: Outcome::NotLoaded,
            limit: None,
            standard: String::new(),
            edition: String::new(),
            clause: String::new(),
            row_food: String::new(),
            rule: String::new(),
            status: Status::Unverified,
            analyte: case.analyte.clone(),
            position: String::new(),
            footnotes: Vec::new(),
            compared: None,
            why: vec![Step {
                code: "analyte".to_owned(),
                text: Text::of("没有载入限定该项目的标准", "no loaded standard deals with this analyte"),
            }],
            losers: Vec::new(),
            near_limit: false,
            engine: ENGINE.to_owned(),
            rules: self.hash.clone(),
        }
    }
}
