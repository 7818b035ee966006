//! Which methods watch which hazards, as the rulebook says.

use super::{Alarm, Control, Detector, Step, detector};
use base::Text;
use serde::Deserialize;

/// The rulebook's plan.
const BUILTIN: &str = include_str!("../../../../rulebook/cn/surveillance/watch.toml");

/// A watch: methods, hazards and how false alarms are controlled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its id in the rulebook.
    pub id: String,
    /// In force from.
    pub valid_from: toml::value::Datetime,
    /// Legal basis.
    pub basis: String,
    /// `verified` or `unverified`.
    pub status: String,
    /// False-discovery rate, each method for itself.
    pub rate: f64,
    /// Over what.
    pub control: Control,
    /// Fewest cases of an alarm, thresholds apart.
    pub minimum: f64,
    /// Days within which alarms of neighbouring places belong together.
    pub gap: i32,
    /// The methods.
    #[serde(rename = "method")]
    pub methods: Vec<MethodPlan>,
    /// The hazards of the province's own series.
    #[serde(rename = "hazard", default)]
    pub hazards: Vec<Hazard>,
}

/// A method with its settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MethodPlan {
    /// The method.
    #[serde(flatten)]
    pub method: Method,
    /// Length of the periods it judges.
    pub step: Step,
    /// Only these hazards; all when empty.
    #[serde(default)]
    pub hazards: Vec<String>,
    /// Its name on screen.
    pub title: Text,
    /// Where it comes from.
    pub basis: String,
}

/// A published method and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Method {
    /// Farrington flexible, negative binomial plug-in.
    FarringtonFlexible {
        /// Years back at most.
        years: usize,
        /// Half width of the seasonal window in periods.
        window: usize,
        /// Seasonal levels.
        levels: usize,
        /// Periods before the judged one that are no baseline.
        left_out: usize,
        /// One-sided probability of the bound.
        alpha: f64,
    },
    /// EARS C3.
    EarsC3 {
        /// Periods of the baseline.
        baseline: usize,
        /// One-sided probability of the bound.
        alpha: f64,
        /// Periods that tell what is usual.
        past: usize,
    },
    /// Negative binomial likelihood-ratio CUSUM.
    GlrNegativeBinomial {
        /// Alarm limit of the statistic.
        limit: f64,
        /// The change began at most so many periods ago.
        reach: usize,
        /// Periods that tell what is usual.
        past: usize,
    },
    /// So many cases are enough.
    Threshold {
        /// Cases.
        cases: f64,
    },
}

impl Method {
    /// Its name in plans, series and signals.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::FarringtonFlexible { .. } => "farrington-flexible",
            Self::EarsC3 { .. } => "ears-c3",
            Self::GlrNegativeBinomial { .. } => "glr-negative-binomial",
            Self::Threshold { .. } => "threshold",
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hazard {
    /// Stable name.
    pub id: String,
    /// What kind of record counts: `illness`, `complaint`, `failure`, `cold-chain`, `rumour`.
    pub kind: String,
    /// Its name on screen.
    pub title: Text,
    /// Words one of which a text of the kind must hold; any text when empty.
    #[serde(default)]
    pub words: Vec<String>,
}

/// Why a plan cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// It is not TOML of this shape.
    #[error("the watch's settings cannot be read: {0}")]
    Toml(String),
    /// A setting is out of range.
    #[error("{field} = {value}: {wanted} is needed")]
    Setting {
        /// Which.
        field: String,
        /// What was given.
        value: String,
        /// What is needed.
        wanted: &'static str,
    },
}

impl Plan {
    /// The rulebook's plan.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "compiled in and read by a test")]
    pub fn builtin() -> Self {
        Self::parse(BUILTIN).expect("the rulebook's watch")
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// The text has another shape, or a setting is out of range; the field is named.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text).map_err(|e| PlanError::Toml(e.to_string()))?;
        let wrong = |field: String, value: String, wanted| Err(PlanError::Setting { field, value, wanted });
        if !(plan.rate > 0.0 && plan.rate < 1.0) {
            return wrong("rate".to_owned(), plan.rate.to_string(), "a share between 0 and 1");
        }
        if plan.methods.is_empty() {
            return wrong("method".to_owned(), "none".to_owned(), "one [[method]] at least");
        }
        for (i, m) in plan.methods.iter().enumerate() {
            let at = |name: &str| format!("method[{i}].{name}");
            match m.method {
                Method::FarringtonFlexible { years: 0, .. } => {
                    return wrong(at("years"), "0".to_owned(), "one year at least");
                }
                Method::FarringtonFlexible { levels: 0, .. } => {
                    return wrong(at("levels"), "0".to_owned(), "one level at least");
                }
                Method::FarringtonFlexible { alpha, .. } | Method::EarsC3 { alpha, .. }
                    if !(alpha > 0.0 && alpha < 1.0) =>
                {
                    return wrong(at("alpha"), alpha.to_string(), "a probability");
                }
                Method::EarsC3 { baseline: 0 | 1, .. } => {
                    return wrong(at("baseline"), "below 2".to_owned(), "two periods at least");
                }
                Method::EarsC3 { past: 0, .. } | Method::GlrNegativeBinomial { past: 0, .. } => {
                    return wrong(at("past"), "0".to_owned(), "periods that tell what is usual");
                }
                Method::FarringtonFlexible { .. } if m.step == Step::Day => {
                    return wrong(at("step"), "day".to_owned(), "week (the season is counted in weeks)");
                }
                _ => {}
            }
            if plan.methods[..i].iter().any(|o| o.method.id() == m.method.id()) {
                return wrong(at("method"), m.method.id().to_owned(), "each method once");
            }
        }
        Ok(plan)
    }

    /// The detectors of all methods.
    #[must_use]
    pub fn detectors(&self) -> Vec<Box<dyn Detector>> {
        self.methods.iter().map(detector).collect()
    }

    /// Fewest cases of an alarm of a method.
    #[must_use]
    pub fn least(&self, method: &str) -> f64 {
        match self.methods.iter().find(|m| m.method.id() == method).map(|m| m.method) {
            Some(Method::Threshold { cases }) => cases,
            _ => self.minimum,
        }
    }

    /// A hazard by its id.
    #[must_use]
    pub fn hazard(&self, id: &str) -> Option<&Hazard> {
        self.hazards.iter().find(|h| h.id == id)
    }

    /// A method's name on screen, or its id.
    #[must_use]
    pub fn method_title(&self, id: &str) -> Text {
        self.methods
            .iter()
            .find(|m| m.method.id() == id)
            .map_or_else(|| Text::new(id, id), |m| m.title.clone())
    }

    /// Whether a method rings at a number of cases, whatever the past.
    #[must_use]
    pub fn rings_by_count(&self, id: &str) -> bool {
        self.methods.iter().any(|m| m.method.id() == id && matches!(m.method, Method::Threshold { .. }))
    }

    /// Alarms as they are to be read: those of a number that always rings claim no probability, whatever was once written.
    pub fn without_claims(&self, alarms: &mut [Alarm]) {
        for alarm in alarms.iter_mut().filter(|a| self.rings_by_count(&a.verdict.method)) {
            alarm.verdict.p_value = None;
            alarm.q_value = None;
        }
    }

    /// A hazard's name on screen, or its id.
    #[must_use]
    pub fn hazard_title(&self, id: &str) -> Text {
        self.hazard(id).map_or_else(|| Text::new(id, id), |h| h.title.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rulebook_watches_with_three_methods_and_wrong_settings_are_named() {
        let plan = Plan::builtin();
        assert!(plan.methods.len() >= 3 && plan.hazard("salmonella").is_some());
        assert!((plan.least("threshold") - 1.0).abs() < 1e-12);
        for (from, to, field) in [
            ("rate = 0.05", "rate = 5", "rate"),
            ("alpha = 0.01", "alpha = 2", "method[0].alpha"),
            ("years = 5", "years = 0", "method[0].years"),
            ("method = \"ears-c3\"", "method = \"threshold\"\ncases = 1", "method[3].method"),
        ] {
            let error = Plan::parse(&BUILTIN.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }
}
