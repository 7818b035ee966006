//! One series at a time: is the count of this period more than its own past explains?
//!
//! [`Series`] holds counts with population, dates and marks of known outbreaks. Every method is a function of a series, a
//! control (its settings, with the defaults of the published method) and the periods to judge; it returns a row a period
//! with what was expected, the bound and the alarm. [`manifest`] runs methods by name from text settings, as the command
//! line and the reference files do.
//!
//! | module | method | source |
//! |---|---|---|
//! | [`farrington`] | Farrington 1996 and flexible | Farrington et al. 1996; Noufaily et al. 2013 |
//! | [`ears`] | EARS C1, C2, C3 | Hutwagner et al. 2003; Fricker et al. 2008 |
//! | [`recent`] | RKI 1–3, Bayes 1–3 | Höhle 2007; Riebler 2004 |
//! | [`cusum`] | CUSUM of transformed counts | Rossi et al. 1999; Pierce and Schafer 1986 |
//! | [`glr`] | likelihood-ratio CUSUM, Poisson and negative binomial | Höhle and Paul 2008 |
//! | [`outbreak`] | outbreakP, semiparametric | Frisén et al. 2009 |
//! | [`nowcast`] | final counts from a reporting triangle | Lawless 1994; Höhle and an der Heiden 2014 |
//!
//! **Two modes.** [`Mode::Compatible`] gives the numbers of the R package *surveillance* 1.20.3, quirks included;
//! [`Mode::Corrected`] mends them. Each method says what differs.

pub mod baseline;
pub mod categorical;
pub mod cusum;
pub mod ears;
pub mod endemic;
pub mod farrington;
pub mod frame;
pub mod glr;
pub mod manifest;
mod methods;
pub mod nowcast;
pub mod outbreak;
pub mod paired;
pub mod recent;
pub mod run_length;
pub mod series;
pub mod settings;
pub mod table;

pub use series::Series;
pub use settings::Settings;
pub use table::{Cell, Table};

/// Whether the known defects of the reference are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The numbers of the reference, its defects included.
    #[default]
    Compatible,
    /// The defects mended, each as its method's page says.
    Corrected,
}

/// Periods to judge: 1-based positions in the series, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: usize,
    /// The last.
    pub to: usize,
}

impl Range {
    /// Number of periods.
    #[must_use]
    pub fn len(self) -> usize {
        (self.to + 1).saturating_sub(self.from)
    }

    /// No period at all.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.to < self.from
    }

    /// Every period.
    pub fn periods(self) -> impl Iterator<Item = usize> {
        self.from..=self.to
    }
}

/// Why a series cannot be judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The past is too short.
    #[error("period {period}: {method} needs the {needed} periods before it, the series has {there}")]
    History {
        /// The method.
        method: &'static str,
        /// The 1-based period to judge.
        period: usize,
        /// Periods needed before it.
        needed: usize,
        /// Periods there are before it.
        there: usize,
    },
    /// A range outside the series.
    #[error("range {from}:{to} lies outside the series of {length} periods")]
    Range {
        /// First period asked for.
        from: usize,
        /// Last period asked for.
        to: usize,
        /// Periods of the series.
        length: usize,
    },
    /// A setting that cannot be used.
    #[error("setting {name} = {value}: {wanted} is needed")]
    Setting {
        /// Its name.
        name: String,
        /// What was given.
        value: String,
        /// What is needed.
        wanted: String,
    },
    /// A value of the input that cannot be used.
    #[error("row {row}, column {column}: {value} is not {wanted}")]
    Value {
        /// 1-based row of data.
        row: usize,
        /// Column by name.
        column: String,
        /// What was read.
        value: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// The file is empty or lacks columns.
    #[error(transparent)]
    Heading(#[from] base::HeadingError),
    /// A model that cannot be fitted.
    #[error("{method}: {reason}")]
    Fit {
        /// The method.
        method: &'static str,
        /// Why, and what would help.
        reason: String,
    },
}

impl Error {
    pub(crate) fn setting(name: &str, value: impl ToString, wanted: &str) -> Self {
        Self::Setting { name: name.to_owned(), value: value.to_string(), wanted: wanted.to_owned() }
    }
}

/// What a simple detector says of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// 1-based period.
    pub period: usize,
    /// Cases counted.
    pub observed: f64,
    /// The bound; NaN when the method cannot decide.
    pub bound: f64,
    /// Whether it was crossed; `None` when the method cannot decide.
    pub alarm: Option<bool>,
}
