//! A question of exposure and its answer: people × what they eat × what the province's laboratories found.
//!
//! The answer holds the model file that repeats every figure of it; the assumptions tried stand in the file like any others. Nothing is
//! stored: the figures follow the results there are when the question is asked ([`crate::live`] keeps ready what need not be made anew).

use crate::Error;
use crate::reading::{Gathered, Samples};
use crate::substances::Substance;
use crate::survey::Survey;
use base::Text;
use risk::exposure::concentration::Bound;
use risk::exposure::model::{
    Assessment, Change, Chronic, Concentrations, FORMAT, Factor, Figure, Group, Limit, LimitMode, Model,
    ModelError, Protect, Report, Settings, Tables,
};
use std::sync::Arc;

/// Percentiles of the page.
pub const PERCENTILES: [f64; 6] = [50.0, 75.0, 90.0, 95.0, 97.5, 99.0];
/// Most replicates of the bootstrap.
pub const MOST_REPLICATES: usize = 500;
/// Most person-days drawn.
pub const MOST_DRAWS: usize = 200_000;
/// People × replicates of a run: larger surveys get fewer replicates, and the answer says so.
const MOST_WORK: usize = 2_000_000;
/// A mean on fewer results than this says little.
pub const FEW: usize = 10;
/// Share of non-detects above which no percentile of a concentration is told.
pub const MOSTLY_CENSORED: f64 = 0.8;

/// Groups of people: word, youngest and oldest age, name.
pub static GROUPS: [(&str, Option<f64>, Option<f64>, Text); 5] = [
    ("all", None, None, Text::of("全部人群", "everybody")),
    ("2-6", Some(2.0), Some(6.0), Text::of("2–6 岁", "2–6 years")),
    ("7-17", Some(7.0), Some(17.0), Text::of("7–17 岁", "7–17 years")),
    ("18-59", Some(18.0), Some(59.0), Text::of("18–59 岁", "18–59 years")),
    ("60+", Some(60.0), None, Text::of("60 岁及以上", "60 years and over")),
];

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The substance.
    pub substance: &'static Substance,
    /// Who ate what.
    pub survey: Arc<Survey>,
    /// Word of [`GROUPS`].
    pub group: &'static str,
    /// Which samples count.
    pub samples: Samples,
    /// For drawn days: what a food can carry.
    pub concentrations: Concentrations,
    /// A model of usual intake beside the observed means.
    pub usual: Option<Chronic>,
    /// Another guidance value, µg per kg body weight and day.
    pub reference: Option<f64>,
    /// Assumptions to try.
    pub changes: Vec<Change>,
    /// Bootstrap replicates; 0: no interval.
    pub replicates: usize,
    /// Person-days drawn; 0: none.
    pub draws: usize,
    /// Seed.
    pub seed: u64,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Figures without the assumptions tried.
    pub before: Report,
    /// Figures with them; `None` when none was tried.
    pub after: Option<Report>,
    /// What was found in the foods.
    pub gathered: Gathered,
    /// The substance asked for.
    pub substance: &'static Substance,
    /// Replicates asked for and made; none were made where only the figures were asked for.
    pub replicates: (usize, usize),
    /// Guidance value in force, µg per kg body weight and day.
    pub reference: Option<f64>,
    pub(crate) assessment: Assessment,
    pub(crate) group: &'static str,
}

/// The group of a word; everybody when it is none.
#[must_use]
pub fn group(word: &str) -> &'static str {
    GROUPS.iter().find(|(w, ..)| *w == word).map_or("all", |(w, ..)| *w)
}

impl Question {
    /// Replicates that are made: larger surveys get fewer.
    #[must_use]
    pub fn affordable_replicates(&self) -> usize {
        let people = self.survey.persons.max(1);
        let made = self.replicates.min(MOST_REPLICATES).min((MOST_WORK / people).max(10));
        if self.replicates == 0 { 0 } else { made }
    }

    /// Guidance value in force, µg per kg body weight and day.
    #[must_use]
    pub fn reference_per_day(&self) -> Option<f64> {
        let own = self.substance.in_model().reference;
        self.reference.or(own.as_ref().map(risk::exposure::model::Reference::per_day))
    }

    /// The model without assumptions tried, over what was gathered.
    pub(crate) fn model(&self, gathered: &Gathered) -> Model {
        let (_, from, to, name) =
            GROUPS.iter().find(|(w, ..)| *w == self.group).unwrap_or(&GROUPS[0]).clone();
        let mut substance = self.substance.in_model();
        if let Some(value) = self.reference {
            substance.reference = Some(risk::exposure::model::Reference {
                value,
                period: risk::exposure::model::Period::Day,
                kind: "user".into(),
                authority: String::new(),
                year: None,
            });
        }
        Model {
            format: FORMAT.into(),
            title: format!("{} / {}", self.substance.title.en, self.survey.title.en),
            seed: self.seed,
            files: None,
            tables: Some(Tables {
                persons: self.survey.people.clone(),
                consumption: self.survey.consumption.clone(),
                concentrations: gathered.table(&self.substance.id),
            }),
            substances: vec![substance],
            processing: vec![],
            units: vec![],
            consumption: vec![],
            limits: vec![],
            groups: vec![Group {
                id: self.group.into(),
                name: Some(name),
                age_from: from,
                age_to: to,
                sex: String::new(),
            }],
            settings: Settings {
                bounds: Bound::ALL.to_vec(),
                percentiles: PERCENTILES.to_vec(),
                concentrations: self.concentrations,
                chronic: std::iter::once(Chronic::Oim).chain(self.usual).collect(),
                acute: self.draws.min(MOST_DRAWS),
                contributions: 12,
                tail: None,
                replicates: self.affordable_replicates(),
                replicate_draws: 0,
            },
        }
    }
}

/// What the engine refuses, as the field of the form.
pub(crate) fn refused(e: &ModelError) -> Error {
    let (name, reason) = match e {
        ModelError::Field { field, reason } => (field.as_str(), reason.clone()),
        other => ("", other.to_string()),
    };
    let (field, zh) = match name.split('.').next().unwrap_or_default() {
        "limits" => ("limit", "限量须为 0 或以上（mg/kg），食品须是调查里有人食用的食品"),
        "processing" => ("processing", "加工因子须为 0 或以上，食品须是调查里有人食用的食品"),
        "consumption" => ("consumption", "消费倍数须为 0 或以上，食品须是调查里有人食用的食品"),
        "groups" => ("group", "调查里没有这个人群，请改选年龄"),
        "substances" => ("reference", "健康指导值须大于 0"),
        "tables" => ("survey", "调查里没有可用的人日"),
        _ => ("", "模型无法计算，请检查所填各项"),
    };
    Error::field(field, zh, reason)
}

/// A figure of a report by bound, model and quantity.
#[must_use]
pub fn figure<'a>(report: &'a Report, bound: Bound, model: &str, quantity: &str) -> Option<&'a Figure> {
    report.figures.iter().find(|f| f.bound == bound && f.model == model && f.quantity == quantity)
}

/// Contributions of foods in a report, largest first: food and per cent of the mean.
#[must_use]
pub fn contributions(report: &Report, bound: Bound) -> Vec<(String, f64)> {
    let of = |f: &Figure| {
        let food = f.quantity.strip_prefix("contribution_pct_weighted_")?;
        (f.bound == bound).then(|| (food.to_owned(), f.value))
    };
    report.figures.iter().filter_map(of).collect()
}

impl Answer {
    /// The file that gives the figures elsewhere (those with the assumptions where there are any).
    #[must_use]
    pub fn model(&self) -> Model {
        self.assessment.export()
    }

    /// The report with the assumptions tried, or without where none was.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// The highest limit (mg/kg) at which a percentile stays at or below the guidance value, for each bound: of one food, or of all.
    /// `None`: other foods alone exceed it; infinite: no limit is needed.
    ///
    /// # Errors
    /// [`Error::Field`] without a guidance value, or for a food nobody eats.
    pub fn protecting(
        &self,
        food: Option<&str>,
        percentile: f64,
        mode: LimitMode,
    ) -> Result<Vec<(Bound, Option<f64>)>, Error> {
        if self.reference.is_none() {
            return Err(Error::field(
                "reference",
                "该物质没有健康指导值：请填写一个，才能反推限量",
                "this substance has no guidance value: give one to ask which limit protects",
            ));
        }
        Bound::ALL
            .iter()
            .map(|&bound| {
                let asked = Protect {
                    substance: self.substance.id.clone(),
                    food: food.map(ToOwned::to_owned),
                    group: self.group.to_owned(),
                    percentile,
                    bound,
                    mode,
                };
                let found = self.assessment.protecting_limit(&asked);
                found.map(|limit| (bound, limit)).map_err(|e| refused(&e))
            })
            .collect()
    }
}

/// A limit to try.
#[must_use]
pub fn limit(food: Option<&str>, limit: f64, mode: LimitMode) -> Change {
    Change::Limit(Limit { food: food.map(ToOwned::to_owned), substance: None, limit, mode })
}

/// A factor to try.
#[must_use]
pub fn factor(food: &str, factor: f64) -> Factor {
    Factor { food: food.to_owned(), substance: None, factor, upper: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Depth;
    use crate::reading::Row;

    fn answer(question: &Question, rows: &[Row]) -> Result<Answer, Error> {
        let answered =
            crate::live::Workbench::default().answer(question, rows, Depth::Intervals, 1, &mut |_| true)?;
        Ok(answered.expect("nobody stops it"))
    }

    fn rows() -> Vec<Row> {
        let foods = ["挂面", "大米", "大白菜", "苹果"];
        (0..48)
            .map(|n| Row {
                sample: n.to_string(),
                representative: n % 3 == 0,
                food: foods[n % 4].into(),
                reported: if n % 5 == 0 { "未检出".into() } else { format!("0.0{}", 1 + n % 9) },
                unit: "mg/kg".into(),
                lod: Some("0.002".into()),
                loq: None,
            })
            .collect()
    }

    fn question(changes: Vec<Change>) -> Question {
        Question {
            substance: crate::substances::find("cadmium").unwrap(),
            survey: Survey::generated(),
            group: "18-59",
            samples: Samples::All,
            concentrations: Concentrations::Samples,
            usual: None,
            reference: None,
            changes,
            replicates: 10,
            draws: 500,
            seed: 7,
        }
    }

    #[test]
    fn the_exported_file_gives_the_same_figures_and_the_same_recipe() {
        let tried =
            vec![limit(Some("rice"), 0.04, LimitMode::Enforced), Change::Consumption(factor("wheat", 1.5))];
        for changes in [vec![], tried] {
            let answer = answer(&question(changes), &rows()).unwrap();
            let read = Model::read(&answer.model().to_json()).unwrap();
            assert_eq!(read.recipe(), answer.report().recipe);
            let again = Assessment::new(read).unwrap().report(2, &mut |_| {});
            assert_eq!(again.figures, answer.report().figures);
            assert_eq!(again.recipe, answer.report().recipe);
        }
    }

    #[test]
    fn assumptions_move_the_percentiles_and_gaps_are_told() {
        let strict = answer(&question(vec![limit(None, 0.03, LimitMode::Enforced)]), &rows()).unwrap();
        let of = |r: &Report| figure(r, Bound::Upper, "OIM", "p97.5_weighted_invcdf").unwrap().value;
        assert!(of(strict.after.as_ref().unwrap()) < of(&strict.before));
        assert!(strict.before.gaps[0].foods.contains(&"milk".to_owned()));
        let shares: f64 = contributions(&strict.before, Bound::Middle).iter().map(|(_, share)| share).sum();
        assert!((shares - 100.0).abs() < 1e-6, "four foods have results: {shares}");
        let protecting = strict.protecting(None, 97.5, LimitMode::AtLimit).unwrap();
        assert!(protecting.iter().all(|(_, limit)| limit.is_some()));
    }

    #[test]
    fn what_cannot_be_is_named_with_its_field() {
        let lead = Question { substance: crate::substances::find("lead").unwrap(), ..question(vec![]) };
        let no_value = answer(&lead, &rows()).unwrap().protecting(None, 97.5, LimitMode::AtLimit);
        assert!(matches!(no_value, Err(Error::Field { field: "reference", .. })));
        let unknown = answer(&question(vec![Change::Processing(factor("tea leaf", 0.5))]), &rows());
        assert!(matches!(unknown, Err(Error::Field { field: "processing", .. })), "{unknown:?}");
    }
}
