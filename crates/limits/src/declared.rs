//! Enterprise standards (企业标准): whether a declared limit is at least as strict as the national one, and a result judged by
//! what a firm declared, beside and apart from the verdict by the law.

use crate::abroad::{Answer, HOME, Level, Relation};
use crate::case::Case;
use crate::compare::{self, RowPath};
use crate::facts::Fact;
use crate::finding::{Finding, Look};
use crate::foods::closure;
use crate::judge::measured;
use crate::rule::{Absence, Basis, Edition, Kind, Rule};
use crate::rules::{ENGINE, Rules};
use crate::scale;
use crate::verdict::{Outcome, Status, Verdict};
use base::{Date, Decimal, Text};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// One row of an enterprise standard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRow {
    /// The food, as the firm names it.
    pub food: String,
    /// The analyte.
    pub analyte: String,
    /// The limit: `0.1`, `≥0.5`, `20~30`, `不得检出`, `n=5,c=1,m=100,M=1000`.
    pub limit: String,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// The method of test.
    #[serde(default)]
    pub method: String,
}

/// How a declared row stands to the national standards in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Stricter than every national row that may apply.
    Stricter,
    /// As strict as the national row, or as one of those that may apply.
    Same,
    /// A national row that may apply allows less: such a row cannot be declared.
    Looser,
    /// The national standards are loaded whole for this and set no limit, or exempt the substance.
    NoRule,
    /// The part of the national standards that would answer is not loaded: nothing can be said.
    NotLoaded,
    /// The food stands in no class of the national standards' trees: nothing can be said.
    Unplaced,
    /// Cannot be compared.
    NotComparable {
        /// Why.
        reason: Text,
    },
}

impl Standing {
    /// The stored word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stricter => "stricter",
            Self::Same => "same",
            Self::Looser => "looser",
            Self::NoRule => "no_rule",
            Self::NotLoaded => "not_loaded",
            Self::Unplaced => "unplaced",
            Self::NotComparable { .. } => "not_comparable",
        }
    }

    /// The word shown to people.
    #[must_use]
    pub const fn label(&self) -> Text {
        match self {
            Self::Stricter => Text::of("严于国家标准", "stricter than the national standard"),
            Self::Same => Text::of("与国家标准相同", "the same as the national standard"),
            Self::Looser => Text::of("宽于国家标准", "looser than the national standard"),
            Self::NoRule => Text::of("国家标准未规定", "no national limit"),
            Self::NotLoaded => {
                Text::of("相应国家标准未载入，无法比较", "the national standard is not loaded")
            }
            Self::Unplaced => Text::of("食品未能归类，无法比较", "the food stands in no class"),
            Self::NotComparable { .. } => Text::of("不可比", "not comparable"),
        }
    }

    /// Whether such a row may not be declared: an enterprise standard is never looser than a mandatory one
    /// (《标准化法》第二十一条).
    #[must_use]
    pub const fn forbids(&self) -> bool {
        matches!(self, Self::Looser)
    }
}

/// A national row a declared one was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// Standard and edition.
    pub standard: String,
    /// Clause.
    pub clause: String,
    /// Row id.
    pub row: String,
    /// The food as printed.
    pub food: String,
    /// The limit as printed.
    pub limit: String,
    /// Its unit.
    pub unit: String,
    /// `same`, `stricter`, `looser`, `not_comparable`: the declared limit beside this one.
    pub relation: String,
}

/// The check of one declared row, repeatable from the hash of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// The national rows that may apply.
    pub against: Vec<Against>,
    /// Facts that decide which of them applies.
    pub depends_on: Vec<Fact>,
    /// Version of the rules.
    pub rules: String,
}

impl DeclaredRow {
    /// What is wrong with the row in itself: field and remedy.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, Text)> {
        if self.food.trim().is_empty() {
            return Some(("food", Text::of("请填写食品名称", "name the food")));
        }
        if self.analyte.trim().is_empty() {
            return Some(("analyte", Text::of("请填写项目", "name the analyte")));
        }
        let Some(kind) = Kind::read(self.limit.trim()) else {
            return Some((
                "limit",
                Text::of(
                    "限量无法识别；请填数字、≥数字、低~高、不得检出，或 n=5,c=1,m=100,M=1000",
                    "not a limit: write a number, ≥number, low~high, 不得检出, or n=5,c=1,m=100,M=1000",
                ),
            ));
        };
        if !scale::known(self.unit.trim()) {
            return Some(("unit", Text::of("单位无法识别，如 mg/kg", "not a unit: write for example mg/kg")));
        }
        let bare = matches!(kind, Kind::Prohibited | Kind::AsNeeded | Kind::Exempt);
        (!bare && scale::units(self.unit.trim()).is_empty())
            .then_some(("unit", Text::of("请填写单位，如 mg/kg", "state the unit, for example mg/kg")))
    }
}

impl Rules {
    /// How a declared row stands to every national row in force on a date that may apply to the food.
    #[must_use]
    pub fn check_declared(&self, row: &DeclaredRow, date: Date) -> Checked {
        let name = self.analytes.resolve(&row.analyte).name;
        let says: Vec<_> = self
            .says(&row.food, &row.analyte, date)
            .into_iter()
            .filter(|s| s.edition.jurisdiction == HOME)
            .collect();
        let (mut against, mut relations, mut depends_on) = (Vec::new(), Vec::new(), Vec::new());
        let kind = Kind::read(row.limit.trim());
        for said in &says {
            let Answer::Rows { rows, facts } = &said.answer else { continue };
            depends_on.extend(facts.iter().filter(|f| !depends_on.contains(*f)).copied().collect::<Vec<_>>());
            for rule in rows {
                let theirs = Level::of(said.edition, rule);
                let relation = match &kind {
                    Some(kind) => {
                        let unit = row.unit.trim();
                        // A firm declares on the basis of the law; its analyte may be the total of a limited species.
                        let ours = Level { analyte: &name, definition: "", kind, unit, basis: rule.basis };
                        ours.relation(&theirs)
                    }
                    None => Relation::NotComparable {
                        reason: Text::of("限量无法识别", "the limit cannot be read"),
                    },
                };
                against.push(Against {
                    standard: format!("{}-{}", said.edition.standard, said.edition.edition),
                    clause: rule.clause.clone(),
                    row: rule.id.clone(),
                    food: rule.food.clone(),
                    limit: rule.printed.clone(),
                    unit: rule.unit.clone(),
                    relation: relation.word().to_owned(),
                });
                relations.push(relation);
            }
        }
        let standing = if relations.is_empty() {
            let has = |wanted: fn(&Answer<'_>) -> bool| says.iter().any(|s| wanted(&s.answer));
            if has(|a| matches!(a, Answer::Unplaced)) {
                Standing::Unplaced
            } else if says.is_empty() || has(|a| matches!(a, Answer::NotLoaded)) {
                Standing::NotLoaded
            } else {
                Standing::NoRule
            }
        } else if relations.contains(&Relation::Looser) {
            Standing::Looser
        } else if let Some(Relation::NotComparable { reason }) =
            relations.iter().find(|r| matches!(r, Relation::NotComparable { .. }))
        {
            Standing::NotComparable { reason: reason.clone() }
        } else if relations.contains(&Relation::Same) {
            Standing::Same
        } else {
            Standing::Stricter
        };
        Checked { standing, against, depends_on, rules: self.hash().to_owned() }
    }

    /// Whether a declared row speaks of a sample: the same substance, and a food that is the sample's own name or a class that holds it.
    #[must_use]
    pub fn declares(&self, row: &DeclaredRow, food: &str, analyte: &str) -> bool {
        if self.analytes.resolve(&row.analyte).name != self.analytes.resolve(analyte).name {
            return false;
        }
        if row.food.trim() == food.trim() {
            return true;
        }
        let (declared, sample) =
            (self.foods.resolve(&row.food, &self.trees), self.foods.resolve(food, &self.trees));
        declared.positions.iter().zip(&sample.positions).zip(&self.trees).any(|((d, s), tree)| match (d, s) {
            (Some(d), Some(s)) => {
                let held = closure(tree, &s.nodes);
                !d.nodes.is_empty() && d.nodes.iter().all(|n| held.contains(n))
            }
            _ => false,
        })
    }

    /// Judges a result by a declared row as by a row of a standard: units, detection limits, sub-samples and plans alike. The verdict by the
    /// law is another and stays what it is.
    #[must_use]
    pub fn judge_declared(&self, case: &Case, number: &str, row: &DeclaredRow) -> Verdict {
        let analyte = self.analytes.resolve(&case.analyte);
        let edition = declared_edition(number);
        let mut why = Vec::new();
        let found = |outcome| Finding::of(outcome);
        let kind = Kind::read(row.limit.trim());
        let rule = kind.map(|kind| Rule {
            id: format!("{number}/{}", analyte.name),
            clause: String::new(),
            analyte: analyte.name.clone(),
            food: row.food.clone(),
            include: Vec::new(),
            exclude: Vec::new(),
            conditions: Vec::new(),
            basis: Basis::AsIs,
            kind,
            printed: row.limit.clone(),
            unit: row.unit.trim().to_owned(),
            flag: String::new(),
            notes: row.method.clone(),
            from: None,
            to: None,
        });
        let finding = match (&rule, measured(case, &analyte, self, Some(&mut why))) {
            (_, Err(outcome)) => found(outcome),
            (None, _) => found(Outcome::NotLoaded),
            (Some(rule), Ok(measured)) => {
                let look = Look { measured: &measured, guard: Decimal::TEN, explain: true };
                let mut facts = case.facts.clone();
                for (fact, value) in &analyte.facts.0 {
                    facts.learn(*fact, value.clone());
                }
                let path = RowPath {
                    rule,
                    fresh: None,
                    facts: Arc::new(facts),
                    reported: crate::number::plain(&case.unit),
                    scale: scale::between(&case.unit, &rule.unit),
                    ion: None,
                    missing: None,
                    counted: None,
                    definition: None,
                    losers: Vec::new(),
                };
                compare::compare(&path, &edition, &look)
            }
        };
        why.extend(finding.steps.iter().cloned());
        Verdict {
            case_id: case.id.clone(),
            limit: rule.as_ref().map(|r| compare::shown(r, finding.limit, finding.qualifier.clone())),
            outcome: finding.outcome,
            standard: number.to_owned(),
            edition: String::new(),
            clause: String::new(),
            row_food: row.food.clone(),
            rule: rule.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            status: Status::Verified,
            analyte: analyte.name.clone(),
            position: String::new(),
            footnotes: Vec::new(),
            compared: finding.compared,
            why,
            losers: Vec::new(),
            near_limit: finding.near,
            engine: ENGINE.to_owned(),
            rules: self.hash().to_owned(),
        }
    }
}

/// An edition of nothing but a number, for the comparison.
fn declared_edition(number: &str) -> Edition {
    Edition {
        id: number.to_owned(),
        table: String::new(),
        standard: number.to_owned(),
        edition: String::new(),
        title: Text::of("企业标准", "enterprise standard"),
        basis: String::new(),
        from: Date::constant(1949, 10, 1),
        to: None,
        status: Status::Verified,
        tree: 0,
        absence: Absence::NotLoaded,
        comparison: Text::of("全数值比较", "full-value comparison"),
        rounded: false,
        jurisdiction: HOME.to_owned(),
        draft: false,
        readings: Vec::new(),
        amendments: Vec::new(),
        combined: None,
        dried: None,
        gaps: Vec::new(),
        rules: Vec::new(),
        analytes: HashMap::new(),
    }
}
