//! A question of exposure and its answer: people × what they eat × what the province's laboratories found.
//!
//! The answer holds the model file that repeats every figure of it; the assumptions tried stand in the file like any others. Nothing is
//! stored: the figures follow the results there are when the question is asked ([`crate::live`] keeps ready what need not be made anew).

use crate::Error;
use crate::foods::Foods;
use crate::reading::{Gathered, Samples};
use crate::substances::Substance;
use crate::survey::Survey;
use base::Text;
use risk::exposure::concentration::Bound;
use risk::exposure::model::{
    Assessment, Change, Chronic, Concentrations, FORMAT, Factor, Figure, Group, Limit, LimitMode, Model,
    ModelError, Protect, Report, Settings, Tables, UnitSpread, UnitWeight,
};
use risk::table::Table;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Percentiles of the page.
pub const PERCENTILES: [f64; 6] = [50.0, 75.0, 90.0, 95.0, 97.5, 99.0];
/// Most replicates of the bootstrap.
pub const MOST_REPLICATES: usize = 500;
/// Most person-days drawn.
pub const MOST_DRAWS: usize = 200_000;
/// Person-days drawn where something is asked that only drawn days can show, and no number is given.
pub const SOME_DRAWS: usize = 10_000;
/// Most substances beside the index substance.
pub const MOST_OTHERS: usize = 4;
/// What figures of all substances together are of.
pub const TOGETHER: &str = "cumulative";
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
    /// The substance; of several together the index substance, whose guidance value counts.
    pub substance: &'static Substance,
    /// Others that count with it, each with its potency relative to the index substance.
    pub others: Vec<(&'static Substance, f64)>,
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
    /// Percentile of the drawn days from which on their foods are told.
    pub tail: Option<f64>,
    /// Seed.
    pub seed: u64,
}

/// What is told of an answer: it can be kept, and read when the results have changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Told {
    /// Figures without the assumptions tried.
    pub before: Report,
    /// Figures with them; `None` when none was tried.
    pub after: Option<Report>,
    /// Ids of the substances with their potencies, the one asked for first.
    pub substances: Vec<(String, f64)>,
    /// Replicates asked for and made; none were made where only the figures were asked for.
    pub replicates: (usize, usize),
    /// Guidance value in force, µg per kg body weight and day.
    pub reference: Option<f64>,
    /// Percentile of the drawn days from which on their foods are told.
    pub tail: Option<f64>,
    /// Results used.
    pub results: usize,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The figures.
    pub told: Told,
    /// What was found in the foods, by substance in the order of the question.
    pub gathered: Vec<(&'static Substance, Gathered)>,
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

    /// The substances with their potencies, the index substance first.
    pub fn substances(&self) -> impl Iterator<Item = (&'static Substance, f64)> + '_ {
        std::iter::once((self.substance, 1.0)).chain(self.others.iter().copied())
    }

    /// Guidance value in force, µg per kg body weight and day.
    #[must_use]
    pub fn reference_per_day(&self) -> Option<f64> {
        let own = self.substance.in_model(1.0).reference;
        self.reference.or(own.as_ref().map(risk::exposure::model::Reference::per_day))
    }

    /// The model without assumptions tried, over what was gathered.
    pub(crate) fn model(&self, gathered: &[(&'static Substance, Gathered)]) -> Model {
        let (_, from, to, name) =
            GROUPS.iter().find(|(w, ..)| *w == self.group).unwrap_or(&GROUPS[0]).clone();
        let mut substances: Vec<_> = self.substances().map(|(s, potency)| s.in_model(potency)).collect();
        if let Some(value) = self.reference {
            substances[0].reference = Some(risk::exposure::model::Reference {
                value,
                period: risk::exposure::model::Period::Day,
                kind: "user".into(),
                authority: String::new(),
                year: None,
            });
        }
        let columns = ["substance", "food", "sample", "value_mg_per_kg", "lod_mg_per_kg"];
        let mut concentrations = Table::with_header("concentrations", &columns);
        gathered.iter().for_each(|(s, found)| found.tell(&s.id, &mut concentrations));
        let names: Vec<&str> = self.substances().map(|(s, _)| s.title.en.as_ref()).collect();
        Model {
            format: FORMAT.into(),
            title: format!("{} / {}", names.join(" + "), self.survey.title.en),
            seed: self.seed,
            files: None,
            tables: Some(Tables {
                persons: self.survey.people.clone(),
                consumption: self.survey.consumption.clone(),
                concentrations: concentrations.to_csv(),
            }),
            substances,
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
                tail: self.tail,
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
    let (field, zh) = match name.split(['.', ' ']).next().unwrap_or_default() {
        "processing" if name.starts_with("processing.upper") => {
            ("processing_upper", "加工因子的第 95 百分位数须大于因子（中位数），且因子大于 0")
        }
        "units" => (
            "unit_value",
            "单位差异：单位重量至少 1 g；变异因子、混合样单位数至少 1，变异系数大于 0；食品须是调查里有人食用的食品",
        ),
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

/// A figure of a report by what it is of (a substance or [`TOGETHER`]), bound, model and quantity.
#[must_use]
pub fn figure<'a>(
    report: &'a Report,
    of: &str,
    bound: Bound,
    model: &str,
    quantity: &str,
) -> Option<&'a Figure> {
    let fits =
        |f: &&Figure| f.substance == of && f.bound == bound && f.model == model && f.quantity == quantity;
    report.figures.iter().find(fits)
}

impl Told {
    /// What the figures on top are of: the substance, or all of them together.
    #[must_use]
    pub fn of(&self) -> &str {
        match &self.substances[..] {
            [(one, _)] => one,
            _ => TOGETHER,
        }
    }

    /// The substance asked for, which is the index substance of several.
    #[must_use]
    pub fn index(&self) -> &str {
        self.substances.first().map_or("", |(id, _)| id)
    }

    /// The report with the assumptions tried, or without where none was.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.after.as_ref().unwrap_or(&self.before)
    }

    fn foods(&self, report: &Report, bound: Bound, model: &str, prefix: &str) -> Vec<(String, f64)> {
        let of = |f: &Figure| {
            let food = f.quantity.strip_prefix(prefix)?;
            let fits = f.substance == self.of() && f.bound == bound && f.model == model;
            fits.then(|| (food.to_owned(), f.value))
        };
        report.figures.iter().filter_map(of).collect()
    }

    /// Contributions of foods in a report, largest first: food and per cent of the mean.
    #[must_use]
    pub fn contributions(&self, report: &Report, bound: Bound) -> Vec<(String, f64)> {
        self.foods(report, bound, "OIM", "contribution_pct_weighted_")
    }

    /// Foods of the upper tail of the drawn days, largest first: food and per cent of what those days bring.
    #[must_use]
    pub fn tail_foods(&self, bound: Bound) -> Vec<(String, f64)> {
        let Some(tail) = self.tail else { return Vec::new() };
        self.foods(self.report(), bound, "acute", &format!("contribution_pct_from_p{tail}_"))
    }

    /// What each of several substances brings to the mean of all together: id, potency, its own mean, per cent of the sum.
    #[must_use]
    pub fn shares(&self, bound: Bound) -> Vec<(String, f64, f64, f64)> {
        let mean =
            |of: &str| figure(self.report(), of, bound, "OIM", "mean_weighted").map_or(0.0, |f| f.value);
        let sum = mean(TOGETHER);
        let of = |(id, potency): &(String, f64)| {
            let own = mean(id);
            let share = if sum > 0.0 { own * potency / sum * 100.0 } else { 0.0 };
            (id.clone(), *potency, own, share)
        };
        if self.substances.len() > 1 { self.substances.iter().map(of).collect() } else { Vec::new() }
    }
}

impl Answer {
    /// The file that gives the figures elsewhere (those with the assumptions where there are any).
    #[must_use]
    pub fn model(&self) -> Model {
        self.assessment.export()
    }

    /// The highest limit (mg/kg) of the index substance at which a percentile (of all substances together where there are several) stays
    /// at or below the guidance value, for each bound: of one food, or of all. `None`: other foods alone exceed it; infinite: no limit is needed.
    ///
    /// # Errors
    /// [`Error::Field`] without a guidance value, or for a food nobody eats.
    pub fn protecting(
        &self,
        food: Option<&str>,
        percentile: f64,
        mode: LimitMode,
    ) -> Result<Vec<(Bound, Option<f64>)>, Error> {
        if self.told.reference.is_none() {
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
                    substance: self.told.index().to_owned(),
                    food: food.map(ToOwned::to_owned),
                    group: self.group.to_owned(),
                    percentile,
                    bound,
                    mode,
                    together: self.told.substances.len() > 1,
                };
                let found = self.assessment.protecting_limit(&asked);
                found.map(|limit| (bound, limit)).map_err(|e| refused(&e))
            })
            .collect()
    }
}

/// A limit of the substance to try.
#[must_use]
pub fn limit(substance: &Substance, food: Option<&str>, limit: f64, mode: LimitMode) -> Change {
    let substance = Some(substance.id.clone());
    Change::Limit(Limit { food: food.map(ToOwned::to_owned), substance, limit, mode })
}

/// A factor to try; of a processing factor that differs from portion to portion also its 95th percentile.
#[must_use]
pub fn factor(food: &str, factor: f64, upper: Option<f64>) -> Factor {
    Factor { food: food.to_owned(), substance: None, factor, upper }
}

/// Units that differ, to try: of one food, or of every food that is eaten in units and that the survey knows. Without grams a unit
/// weighs what the rulebook says.
///
/// # Errors
/// [`Error::Field`] for a food whose unit weight nobody knows.
pub fn units(
    survey: &Survey,
    food: Option<&str>,
    grams: Option<f64>,
    spread: UnitSpread,
) -> Result<Vec<Change>, Error> {
    let known = |id: &str| Foods::builtin().named(id).map(|f| f.unit).filter(|unit| *unit >= 1.0);
    let change = |food: &str, grams: f64| Change::Units(UnitWeight { food: food.to_owned(), grams, spread });
    if let Some(food) = food {
        let grams = grams.or_else(|| known(food)).ok_or_else(|| {
            Error::field(
                "unit_grams",
                "该食品没有登记的单位重量，请填写（g）",
                "the weight of a unit of this food is not on record: give it (g)",
            )
        })?;
        return Ok(vec![change(food, grams)]);
    }
    let eaten = |id: &str| survey.consumption.lines().any(|line| line.split(',').nth(2) == Some(id));
    let foods = Foods::builtin().all.iter().filter(|f| !f.bulked && eaten(&f.id));
    Ok(foods.filter_map(|f| Some(change(&f.id, grams.or_else(|| known(&f.id))?))).collect())
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
                substance: "cadmium",
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

    fn cadmium() -> &'static Substance {
        crate::substances::find("cadmium").unwrap()
    }

    fn question(changes: Vec<Change>) -> Question {
        Question {
            substance: cadmium(),
            others: vec![],
            survey: Survey::generated(),
            group: "18-59",
            samples: Samples::All,
            concentrations: Concentrations::Samples,
            usual: None,
            reference: None,
            changes,
            replicates: 10,
            draws: 500,
            tail: None,
            seed: 7,
        }
    }

    #[test]
    fn the_exported_file_gives_the_same_figures_and_the_same_recipe() {
        let tried = vec![
            limit(cadmium(), Some("rice"), 0.04, LimitMode::Enforced),
            Change::Consumption(factor("wheat", 1.5, None)),
        ];
        for changes in [vec![], tried] {
            let answer = answer(&question(changes), &rows()).unwrap();
            let read = Model::read(&answer.model().to_json()).unwrap();
            assert_eq!(read.recipe(), answer.told.report().recipe);
            let again = Assessment::new(read).unwrap().report(2, &mut |_| {});
            assert_eq!(again.figures, answer.told.report().figures);
            assert_eq!(again.recipe, answer.told.report().recipe);
        }
    }

    #[test]
    fn assumptions_move_the_percentiles_and_gaps_are_told() {
        let strict =
            answer(&question(vec![limit(cadmium(), None, 0.03, LimitMode::Enforced)]), &rows()).unwrap();
        let of =
            |r: &Report| figure(r, "cadmium", Bound::Upper, "OIM", "p97.5_weighted_invcdf").unwrap().value;
        assert!(of(strict.told.after.as_ref().unwrap()) < of(&strict.told.before));
        assert!(strict.told.before.gaps[0].foods.contains(&"milk".to_owned()));
        let shares: f64 = strict
            .told
            .contributions(&strict.told.before, Bound::Middle)
            .iter()
            .map(|(_, share)| share)
            .sum();
        assert!((shares - 100.0).abs() < 1e-6, "four foods have results: {shares}");
        let protecting = strict.protecting(None, 97.5, LimitMode::AtLimit).unwrap();
        assert!(protecting.iter().all(|(_, limit)| limit.is_some()));
    }

    /// Lead at twice the reported cadmium in the same samples.
    fn with_lead() -> Vec<Row> {
        let lead = rows().into_iter().map(|r| Row { substance: "lead", ..r });
        rows().into_iter().chain(lead).collect()
    }

    #[test]
    fn several_substances_count_by_their_potency_and_their_file_gives_the_same_figures() {
        let lead = crate::substances::find("lead").unwrap();
        let asked = Question { others: vec![(lead, 0.5)], tail: Some(95.0), ..question(vec![]) };
        let together = answer(&asked, &with_lead()).unwrap();
        let alone = answer(&question(vec![]), &rows()).unwrap();
        let mean = |told: &Told, of: &str| {
            figure(told.report(), of, Bound::Middle, "OIM", "mean_weighted").unwrap().value
        };
        let (sum, one) = (mean(&together.told, TOGETHER), mean(&alone.told, "cadmium"));
        assert!((sum - 1.5 * one).abs() < 1e-12 * sum, "{sum} {one}");
        let shares = together.told.shares(Bound::Middle);
        assert!(
            (shares[0].3 - 200.0 / 3.0).abs() < 1e-9 && (shares[1].3 - 100.0 / 3.0).abs() < 1e-9,
            "{shares:?}"
        );
        let tail: f64 = together.told.tail_foods(Bound::Middle).iter().map(|(_, share)| share).sum();
        assert!((tail - 100.0).abs() < 1e-6, "{tail}");
        // less is left for the index substance than when it is alone
        let left = together.protecting(None, 97.5, LimitMode::AtLimit).unwrap();
        let room = alone.protecting(None, 97.5, LimitMode::AtLimit).unwrap();
        assert!(
            left.iter().zip(&room).all(|((_, a), (_, b))| a.unwrap_or(0.0) < b.unwrap()),
            "{left:?} {room:?}"
        );
        let again = Assessment::new(Model::read(&together.model().to_json()).unwrap()).unwrap();
        assert_eq!(again.report(2, &mut |_| {}).figures, together.told.report().figures);
        assert_eq!(
            Told::read(&together.told.keep()),
            Some(together.told),
            "what is kept reads as it was, to the bit"
        );
    }

    #[test]
    fn units_and_a_processing_factor_that_differs_widen_the_drawn_days_and_leave_the_long_term_mean() {
        let survey = Survey::generated();
        let mut changes = units(&survey, None, None, UnitSpread::Variability(3.0)).unwrap();
        assert!(changes.len() > 1 && changes.len() < Foods::builtin().all.len(), "{changes:?}");
        let asked = |changes| Question { draws: 20_000, ..question(changes) };
        let tried = answer(&asked(changes.clone()), &rows()).unwrap();
        let of = |r: &Report, model: &str, quantity: &str| {
            figure(r, "cadmium", Bound::Upper, model, quantity).unwrap().value
        };
        let (before, after) = (&tried.told.before, tried.told.after.as_ref().unwrap());
        assert!(of(after, "acute", "p99") > of(before, "acute", "p99"));
        assert!((of(after, "OIM", "mean") - of(before, "OIM", "mean")).abs() < 1e-12);
        changes.push(Change::Processing(factor("rice", 0.5, Some(0.9))));
        assert!(answer(&asked(changes), &rows()).is_ok());
        let wrong = answer(&asked(vec![Change::Processing(factor("rice", 0.5, Some(0.4)))]), &rows());
        assert!(matches!(wrong, Err(Error::Field { field: "processing_upper", .. })), "{wrong:?}");
        let wrong = units(&survey, Some("oil"), None, UnitSpread::Cv(1.0));
        assert!(matches!(wrong, Err(Error::Field { field: "unit_grams", .. })), "{wrong:?}");
        let wrong = units(&survey, Some("fruit"), None, UnitSpread::Variability(0.5)).unwrap();
        let wrong = answer(&asked(wrong), &rows());
        assert!(matches!(wrong, Err(Error::Field { field: "unit_value", .. })), "{wrong:?}");
    }

    #[test]
    fn what_cannot_be_is_named_with_its_field() {
        let lead = Question { substance: crate::substances::find("lead").unwrap(), ..question(vec![]) };
        let no_value = answer(&lead, &rows()).unwrap().protecting(None, 97.5, LimitMode::AtLimit);
        assert!(matches!(no_value, Err(Error::Field { field: "reference", .. })));
        let unknown = answer(&question(vec![Change::Processing(factor("tea leaf", 0.5, None))]), &rows());
        assert!(matches!(unknown, Err(Error::Field { field: "processing", .. })), "{unknown:?}");
    }
}
