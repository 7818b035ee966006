//! The sampling part of the rulebook: food classes, targets, form numbers, what a laboratory checks, risk texts.

use crate::sample::words;
use base::clock::Status;
use base::{Date, Decimal, RegionCode, Text};
use limits::Outcome;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::OnceLock;

words! {
    /// Where in the chain a sample is taken.
    Stage {
        /// At a producer.
        Production = "production", "生产", "Production";
        /// In shops, markets, on line.
        Circulation = "circulation", "流通", "Circulation";
        /// In restaurants and canteens.
        Catering = "catering", "餐饮", "Catering";
    }
}

words! {
    /// Which level of government plans and pays.
    Budget {
        /// National task carried over to the province (国抽).
        National = "national", "国家", "National";
        /// Province (省抽).
        Provincial = "provincial", "省级", "Provincial";
        /// Prefecture (市抽).
        City = "city", "市级", "City";
        /// County (县抽).
        County = "county", "县级", "County";
    }
}

/// A food class of the national detailed rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Class {
    /// Two digits.
    pub code: String,
    /// Name.
    pub name: Text,
    /// Farm produce, which has a pass rate of its own.
    pub produce: bool,
    /// Where it is sampled.
    pub stages: Vec<Stage>,
    /// Share of a proposed plan, relative to the other classes; 1 or more.
    pub weight: u32,
}

/// A number plans are measured by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `batches_per_1000`, `pass_rate_food`, `pass_rate_produce`, `completion`, `problem_rate`.
    pub id: String,
    /// The number; shares as fractions of 1.
    pub value: Decimal,
    /// Name.
    pub title: Text,
    /// Document and clause.
    pub basis: String,
    /// Whether the clause was seen.
    pub status: Status,
    /// What is counted.
    pub note: Text,
}

/// One thing a laboratory checks before it accepts a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptCheck {
    /// Stable name.
    pub id: String,
    /// The question.
    pub title: Text,
}

/// Bounds on drawing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Most samples from one sampled unit in a year.
    pub per_unit: i64,
    /// Persons who take a sample together.
    pub samplers: usize,
    /// Where they come from.
    pub basis: String,
    /// Whether it was seen.
    pub status: Status,
}

/// When a result may gravely harm health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriousRule {
    /// Stable name.
    pub id: String,
    /// Met by any substance that must not be present.
    #[serde(default)]
    pub prohibited: bool,
    /// Met by a failing result of one of these.
    pub analytes: Vec<String>,
    /// In words.
    pub title: Text,
    /// Document and clause.
    pub basis: String,
    /// Whether the clause was seen.
    pub status: Status,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbering {
    letters: BTreeMap<String, String>,
    region: usize,
    running: usize,
    #[serde(rename = "basis")]
    _basis: String,
    #[serde(rename = "status")]
    _status: Status,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retest {
    none_for: Vec<String>,
    #[serde(rename = "basis")]
    _basis: String,
    #[serde(rename = "status")]
    _status: Status,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredRule {
    basis: String,
    #[serde(rename = "status")]
    _status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Targets {
    declared: DeclaredRule,
    target: Vec<Target>,
    limits: Bounds,
    form: Numbering,
    check: Vec<AcceptCheck>,
    serious: Vec<SeriousRule>,
    retest: Retest,
}

/// The whole of it.
#[derive(Debug)]
pub struct Book {
    classes: Vec<Class>,
    targets: Targets,
    risks: BTreeMap<String, Text>,
}

/// Why the rulebook's sampling files cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// `targets.toml`.
    #[error("sampling/targets.toml: {0}")]
    Targets(#[from] toml::de::Error),
    /// `classes.csv` or `risks.csv`.
    #[error("sampling tables: {0}")]
    Table(#[from] csv::Error),
    /// A stage that does not exist.
    #[error("sampling/classes.csv: class {0} names an unknown stage")]
    Stage(String),
}

impl Book {
    /// The shipped one. The files are part of the program; a test proves that they load.
    ///
    /// # Panics
    /// Never with the files as shipped.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BOOK: OnceLock<Book> = OnceLock::new();
        BOOK.get_or_init(|| {
            Self::read(
                include_str!("../../../../rulebook/cn/sampling/classes.csv"),
                include_str!("../../../../rulebook/cn/sampling/targets.toml"),
                include_str!("../../../../rulebook/cn/sampling/risks.csv"),
            )
            .expect("the shipped sampling rulebook")
        })
    }

    /// Reads the three files.
    ///
    /// # Errors
    /// [`BookError`] naming the file.
    pub fn read(classes: &str, targets: &str, risks: &str) -> Result<Self, BookError> {
        #[derive(Deserialize)]
        struct Line {
            code: String,
            name: String,
            name_en: String,
            produce: u8,
            stages: String,
            weight: u32,
        }
        #[derive(Deserialize)]
        struct Risk {
            analyte: String,
            zh: String,
            en: String,
        }
        let mut all = Vec::new();
        for line in csv::Reader::from_reader(classes.as_bytes()).deserialize::<Line>() {
            let line = line?;
            let stages: Option<Vec<Stage>> = line.stages.split('|').map(Stage::read).collect();
            all.push(Class {
                stages: stages.ok_or_else(|| BookError::Stage(line.code.clone()))?,
                code: line.code,
                name: Text::new(line.name, line.name_en),
                produce: line.produce == 1,
                weight: line.weight.max(1),
            });
        }
        let mut texts = BTreeMap::new();
        for line in csv::Reader::from_reader(risks.as_bytes()).deserialize::<Risk>() {
            let line = line?;
            texts.insert(line.analyte, Text::new(line.zh, line.en));
        }
        Ok(Self { classes: all, targets: toml::from_str(targets)?, risks: texts })
    }

    /// The food classes in order of code.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// A class by code, or by either name.
    #[must_use]
    pub fn class(&self, text: &str) -> Option<&Class> {
        let text = text.trim();
        self.classes
            .iter()
            .find(|c| c.code == text || c.name.zh == text || c.name.en.eq_ignore_ascii_case(text))
    }

    /// All targets.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets.target
    }

    /// A target by id.
    #[must_use]
    pub fn target(&self, id: &str) -> Option<&Target> {
        self.targets.target.iter().find(|t| t.id == id)
    }

    /// A target's number; nought when the rulebook has none.
    #[must_use]
    pub fn number(&self, id: &str) -> Decimal {
        self.target(id).map_or(Decimal::ZERO, |t| t.value)
    }

    /// Bounds on drawing.
    #[must_use]
    pub const fn bounds(&self) -> &Bounds {
        &self.targets.limits
    }

    /// What a laboratory checks.
    #[must_use]
    pub fn checks(&self) -> &[AcceptCheck] {
        &self.targets.check
    }

    /// What people are told about an analyte; by its name, its canonical name, or the name without its basis.
    #[must_use]
    pub fn risk(&self, analyte: &str) -> Option<&Text> {
        let bare = analyte.split(['(', '（']).next().unwrap_or_default().trim();
        let canonical = limits::Rules::builtin().analytes().canonical(analyte).unwrap_or(bare);
        let by_stem = || {
            self.risks.iter().find(|(name, _)| {
                let stem = name.split(['(', '（']).next().unwrap_or_default();
                !bare.is_empty() && stem == bare
            })
        };
        self.risks
            .get(analyte)
            .or_else(|| self.risks.get(canonical))
            .or_else(|| by_stem().map(|(_, text)| text))
    }

    /// Whether a failure of this analyte has no retest: microbes.
    #[must_use]
    pub fn no_retest(&self, analyte: &str) -> bool {
        let bare = analyte.trim();
        self.targets.retest.none_for.iter().any(|n| bare == n || bare.starts_with(&format!("{n}/")))
    }

    /// Which version of the rulebook's numbers this is: the beginning of the SHA-256 of `targets.toml`.
    #[must_use]
    pub fn version(&self) -> String {
        let text = include_str!("../../../../rulebook/cn/sampling/targets.toml");
        hex::encode(Sha256::digest(text.as_bytes())).chars().take(12).collect()
    }

    /// The clause by which a food that fails the indicators of the enterprise standard it bears is nonconforming.
    #[must_use]
    pub fn declared_basis(&self) -> &str {
        &self.targets.declared.basis
    }

    /// When a result may gravely harm health.
    #[must_use]
    pub fn serious_rules(&self) -> &[SeriousRule] {
        &self.targets.serious
    }

    /// The rule a result of this analyte meets, if it may gravely harm health.
    #[must_use]
    pub fn serious(&self, analyte: &str, outcome: &Outcome) -> Option<&SeriousRule> {
        if !outcome.is_failure() {
            return None;
        }
        let bare = analyte.split(['(', '（']).next().unwrap_or_default().trim();
        let canonical = limits::Rules::builtin().analytes().canonical(analyte).unwrap_or(bare);
        self.targets.serious.iter().find(|r| {
            r.prohibited && matches!(outcome, Outcome::Prohibited)
                || r.analytes.iter().any(|a| a == analyte.trim() || a == canonical || a == bare)
        })
    }

    /// How the numbers of forms of a level, year and region begin.
    #[must_use]
    pub(crate) fn prefix(&self, budget: Budget, on: Date, region: &str) -> String {
        let form = &self.targets.form;
        let letters = form.letters.get(budget.word()).map_or("XC", String::as_str);
        let county = region.parse::<RegionCode>().map_or_else(|_| region.to_owned(), |r| r.six());
        format!("{letters}{:02}{:0<width$.width$}", on.year() % 100, county, width = form.region)
    }

    /// A form number: the prefix and a running number.
    #[must_use]
    pub(crate) fn number_of(&self, prefix: &str, running: i64) -> String {
        format!("{prefix}{running:0width$}", width = self.targets.form.running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_load_and_every_target_has_a_basis() {
        let book = Book::builtin();
        assert_eq!(book.classes().len(), 38);
        assert_eq!(book.classes().iter().filter(|c| c.produce).count(), 7);
        assert_eq!(book.number("batches_per_1000"), Decimal::from(4));
        assert!(book.targets().iter().all(|t| !t.basis.is_empty() && t.value > Decimal::ZERO));
        assert_eq!(book.bounds().samplers, 2);
        assert_eq!(book.class("Vegetables").map(|c| c.code.as_str()), Some("33"));
    }

    #[test]
    fn a_form_number_is_two_letters_and_seventeen_digits() {
        let book = Book::builtin();
        let prefix = book.prefix(Budget::County, Date::constant(2026, 3, 1), "620102001");
        let number = book.number_of(&prefix, 12);
        assert_eq!(number, "XC26620102000000012");
        assert_eq!(
            book.number_of(&book.prefix(Budget::City, Date::constant(2026, 3, 1), "6202"), 1).len(),
            19
        );
    }

    #[test]
    fn a_failing_pathogen_or_a_forbidden_substance_is_serious_and_a_high_lead_is_not() {
        let book = Book::builtin();
        for (analyte, outcome, rule) in [
            ("沙门氏菌", Outcome::Nonconform, Some("pathogen")),
            ("沙门氏菌", Outcome::Conform, None),
            ("氯霉素", Outcome::Prohibited, Some("prohibited")),
            ("黄曲霉毒素B1", Outcome::Nonconform, Some("acute")),
            ("铅(以Pb计)", Outcome::Nonconform, None),
        ] {
            assert_eq!(book.serious(analyte, &outcome).map(|r| r.id.as_str()), rule, "{analyte}");
        }
        assert!(book.serious_rules().iter().all(|r| !r.basis.is_empty()));
    }

    #[test]
    fn a_risk_is_found_by_the_reported_name_of_its_analyte() {
        let book = Book::builtin();
        for name in ["铅", "铅(以Pb计)", "镉（以Cd计）", "苯甲酸及其钠盐（以苯甲酸计）", "菌落总数"]
        {
            assert!(book.risk(name).is_some(), "{name}");
        }
        assert!(book.risk("净含量").is_none());
        assert!(book.no_retest("菌落总数") && !book.no_retest("铅(以Pb计)"));
    }
}
