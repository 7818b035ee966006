//! A model made ready: the survey, the results by substance and food, the assumptions.

use super::{
    Concentrations, Factor, Group, Limit, LimitMode, Model, ModelError, Substance, Tables, UnitSpread,
    UnitWeight, digest, field,
};
use crate::exposure::acute::{Processing, Source, Spread, Units, Variation};
use crate::exposure::chronic::Contents;
use crate::exposure::concentration::{
    Bound, Lognormal, Observation, SpikedLognormal, censored_lognormal, spiked_lognormal,
};
use crate::exposure::survey::Survey;
use crate::table::{Table, digits};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One result with the sample it is of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sampled {
    pub(super) sample: String,
    pub(super) result: Observation,
}

/// A result that arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct NewResult {
    /// The substance.
    pub substance: String,
    /// The food.
    pub food: String,
    /// The sample; results of one sample belong together.
    pub sample: String,
    /// The value or the limits, mg/kg.
    pub result: Observation,
}

/// An assumption to try.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A limit holds.
    Limit(Limit),
    /// Another processing factor.
    Processing(Factor),
    /// Another consumption of a food.
    Consumption(Factor),
    /// A food is eaten in units that differ.
    Units(UnitWeight),
}

/// The tables as read, with their digests: shared by whatever is tried on the same people.
#[derive(Debug)]
struct Read {
    tables: Tables,
    digests: [[u8; 32]; 3],
}

/// A model made ready to compute. Clones share people and tables.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Without its tables.
    pub(super) model: Model,
    read: Arc<Read>,
    pub(super) survey: Arc<Survey>,
    pub(super) substances: Vec<Substance>,
    pub(super) groups: Arc<Vec<(String, Vec<usize>)>>,
    /// Results of each substance and food, in an order that does not depend on that of their arrival.
    pub(super) cells: Vec<Vec<Vec<Sampled>>>,
    pub(super) recipe: String,
    pub(super) dropped: usize,
    /// Foods with results that nobody ate.
    pub(super) uneaten: Vec<String>,
}

impl Assessment {
    /// Reads the tables of a model and checks everything it says.
    ///
    /// # Errors
    /// The table, column and row, or the field, that is not as it must be.
    pub fn new(model: Model) -> Result<Self, ModelError> {
        let missing = || field("tables", "must hold persons, consumption and concentrations");
        let mut model = model;
        let tables = model.tables.take().ok_or_else(missing)?;
        let read = |name: &str, text: &str| Table::read(name, text.as_bytes());
        let survey =
            Survey::read(&read("persons", &tables.persons)?, &read("consumption", &tables.consumption)?)?;
        let concentrations = read("concentrations", &tables.concentrations)?;
        let digests =
            [&tables.persons, &tables.consumption, &tables.concentrations].map(|table| digest(table));
        let recipe = model.recipe_over(Some(digests));
        let mut out = Self {
            substances: model.substances.clone(),
            groups: Arc::default(),
            cells: vec![],
            recipe,
            dropped: 0,
            uneaten: vec![],
            survey: Arc::new(survey),
            read: Arc::new(Read { tables, digests }),
            model,
        };
        out.read_results(&concentrations)?;
        let groups = if out.model.groups.is_empty() {
            vec![("all".into(), (0..out.survey.persons().len()).collect())]
        } else {
            let of = |group: &Group| {
                (group.id.clone(), out.survey.members(group.age_from, group.age_to, &group.sex))
            };
            out.model.groups.iter().map(of).collect()
        };
        out.groups = Arc::new(groups);
        out.check()?;
        Ok(out)
    }

    fn read_results(&mut self, table: &Table) -> Result<(), ModelError> {
        // no result at all is a gap the report tells, not a fault
        table.require_heading(&["food", "value_mg_per_kg|lod_mg_per_kg|loq_mg_per_kg"])?;
        let listed = !self.substances.is_empty();
        for row in table.rows() {
            let id = match (table.has("substance"), self.substances.as_slice()) {
                (true, _) => row.text("substance")?,
                // a table without the column is of the one substance the model is about
                (false, [only]) => only.id.as_str(),
                (false, []) => "",
                (false, _) => {
                    table.require_heading(&["substance"])?;
                    ""
                }
            };
            let at = match self.substances.iter().position(|substance| substance.id == id) {
                Some(at) => at,
                None if listed => {
                    return Err(row.fault("substance", "is not among the model's substances").into());
                }
                None => {
                    let substance = Substance {
                        id: id.into(),
                        name: None,
                        potency: 1.0,
                        reference: None,
                        acute_reference: None,
                        reference_point: None,
                    };
                    self.substances.push(substance);
                    self.substances.len() - 1
                }
            };
            self.cells.resize(self.substances.len(), vec![vec![]; self.survey.foods().len()]);
            let food = row.word("food")?;
            let detected = if table.has("detected") { row.text("detected")? } else { "" };
            let value = match detected {
                "0" | "false" => None,
                "1" | "true" => Some(row.amount("value_mg_per_kg")?),
                "" => row.optional("value_mg_per_kg")?.map(|_| row.amount("value_mg_per_kg")).transpose()?,
                _ => return Err(row.fault("detected", "must be 0 or 1").into()),
            };
            let (lod, loq) = (row.optional("lod_mg_per_kg")?, row.optional("loq_mg_per_kg")?);
            let sample = if table.has("sample") { row.text("sample")? } else { "" };
            let Some(result) = Observation::reported(value, lod, loq) else {
                self.dropped += 1;
                continue;
            };
            match self.survey.food(food) {
                Some(food) => self.cells[at][food].push(Sampled { sample: sample.into(), result }),
                None if self.uneaten.iter().any(|known| known == food) => {}
                None => self.uneaten.push(food.into()),
            }
        }
        self.cells.resize(self.substances.len(), vec![vec![]; self.survey.foods().len()]);
        self.uneaten.sort();
        self.cells.iter_mut().flatten().for_each(|list| list.sort_by(order));
        Ok(())
    }

    fn check(&self) -> Result<(), ModelError> {
        let model = &self.model;
        let settings = &model.settings;
        if settings.percentiles.iter().any(|p| !(0.0..=100.0).contains(p)) {
            return Err(field("settings.percentiles", "must lie between 0 and 100"));
        }
        if self.survey.persons().is_empty() || self.survey.days() == 0 {
            return Err(field("tables.consumption", "holds no person-day: nothing can be computed"));
        }
        for (name, list) in [("processing", &model.processing), ("consumption", &model.consumption)] {
            for factor in list {
                self.known(name, Some(&factor.food), factor.substance.as_deref())?;
                if !(factor.factor >= 0.0 && factor.factor.is_finite()) {
                    return Err(field(format!("{name}.factor of {}", factor.food), "must be 0 or more"));
                }
                if factor.upper.is_some() && (name != "processing" || distribution(factor).is_none()) {
                    let reason =
                        "is the 95th percentile of a processing factor and must exceed a factor above 0";
                    return Err(field(format!("{name}.upper of {}", factor.food), reason));
                }
            }
        }
        for unit in &model.units {
            self.known("units", Some(&unit.food), None)?;
            let spread = match unit.spread {
                UnitSpread::Variability(v) => v >= 1.0 && v.is_finite(),
                UnitSpread::Cv(cv) => cv > 0.0 && cv.is_finite(),
                UnitSpread::Composite(n) => n >= 1.0 && n.is_finite(),
            };
            if !(spread && unit.grams >= 1.0 && unit.grams.is_finite()) {
                let reason = "must have grams of 1 or more and a spread: variability of 1 or more, cv above 0, or composite of 1 or more";
                return Err(field(format!("units of {}", unit.food), reason));
            }
        }
        if settings.tail.is_some_and(|p| !(0.0..=100.0).contains(&p)) {
            return Err(field("settings.tail", "must lie between 0 and 100"));
        }
        for limit in &model.limits {
            self.known("limits", limit.food.as_deref(), limit.substance.as_deref())?;
            if !(limit.limit >= 0.0 && limit.limit.is_finite()) {
                return Err(field("limits.limit", "must be 0 or more, in mg/kg"));
            }
        }
        for substance in &self.substances {
            let references =
                [&substance.reference, &substance.acute_reference].into_iter().flatten().map(|r| r.value);
            if references.chain(substance.reference_point).any(|value| value.is_nan() || value <= 0.0) {
                return Err(field(format!("substances.{}.reference", substance.id), "must be above 0"));
            }
            if !(substance.potency >= 0.0 && substance.potency.is_finite()) {
                return Err(field(format!("substances.{}.potency", substance.id), "must be 0 or more"));
            }
        }
        for (id, members) in self.groups.iter() {
            if members.iter().all(|&at| self.survey.persons()[at].weight <= 0.0) {
                return Err(field(format!("groups.{id}"), "has nobody in the survey: change ages or sex"));
            }
        }
        Ok(())
    }

    fn known(&self, name: &str, food: Option<&str>, substance: Option<&str>) -> Result<(), ModelError> {
        if let Some(food) = food.filter(|food| self.survey.food(food).is_none()) {
            return Err(field(
                format!("{name}.food"),
                format!("{food:?} is not eaten by anybody in the survey"),
            ));
        }
        match substance.filter(|id| !self.substances.iter().any(|substance| substance.id == *id)) {
            Some(id) => {
                Err(field(format!("{name}.substance"), format!("{id:?} is not a substance of the model")))
            }
            None => Ok(()),
        }
    }

    /// The survey.
    #[must_use]
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// Names of the groups of people.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(name, _)| name.as_str())
    }

    /// The bounds that figures are made for.
    #[must_use]
    pub fn bounds(&self) -> &[Bound] {
        &self.model.settings.bounds
    }

    /// The substances in order.
    #[must_use]
    pub fn substances(&self) -> &[Substance] {
        &self.substances
    }

    /// The results as they are now as a table.
    fn results(&self) -> String {
        let columns = ["substance", "food", "sample", "value_mg_per_kg", "lod_mg_per_kg"];
        let mut table = Table::with_header("concentrations", &columns);
        for (substance, cells) in self.substances.iter().zip(&self.cells) {
            for (food, list) in self.survey.foods().iter().zip(cells) {
                for one in list {
                    let (value, limit) = match one.result {
                        Observation::Value(value) => (Some(value), None),
                        Observation::Below(limit) | Observation::Between(_, limit) => (None, Some(limit)),
                    };
                    let mut row = vec![substance.id.clone(), food.clone(), one.sample.clone()];
                    row.extend([digits(value), digits(limit)]);
                    table.push(row);
                }
            }
        }
        table.to_csv()
    }

    /// The model without tables as it is exported.
    fn exported(&self) -> Model {
        let mut model = self.model.clone();
        model.files = None;
        model.substances.clone_from(&self.substances);
        model
    }

    /// The model with the results as they are now: the one file that gives these figures elsewhere.
    #[must_use]
    pub fn export(&self) -> Model {
        let Tables { persons, consumption, .. } = self.read.tables.clone();
        let tables = Tables { persons, consumption, concentrations: self.results() };
        Model { tables: Some(tables), ..self.exported() }
    }

    /// The recipe of [`Assessment::export`], without writing the file.
    #[must_use]
    pub fn exported_recipe(&self) -> String {
        let [persons, consumption, _] = self.read.digests;
        self.exported().recipe_over(Some([persons, consumption, digest(&self.results())]))
    }

    /// The same with one more assumption, which comes before those already made about the same food.
    ///
    /// # Errors
    /// [`ModelError::Field`].
    pub fn with(&self, change: Change) -> Result<Self, ModelError> {
        let mut other = self.clone();
        match change {
            Change::Limit(limit) => other.model.limits.insert(0, limit),
            Change::Processing(factor) => other.model.processing.insert(0, factor),
            Change::Consumption(factor) => other.model.consumption.insert(0, factor),
            Change::Units(units) => other.model.units.insert(0, units),
        }
        other.check()?;
        other.recipe = other.model.recipe_over(Some(self.read.digests));
        Ok(other)
    }

    /// The first factor of a list that fits a cell counts.
    fn first<'a>(&self, list: &'a [Factor], substance: usize, food: usize) -> Option<&'a Factor> {
        let (name, id) = (&self.survey.foods()[food], &self.substances[substance].id);
        let fits = |factor: &&Factor| {
            factor.food == *name && factor.substance.as_ref().is_none_or(|other| other == id)
        };
        list.iter().find(fits)
    }

    /// Processing and consumption factors of a cell together; of a processing factor with a distribution its mean.
    pub(super) fn factor(&self, substance: usize, food: usize) -> f64 {
        let processing = self.first(&self.model.processing, substance, food);
        let mean = |factor: &Factor| distribution(factor).map_or(factor.factor, |law| law.mean());
        let consumption = self.first(&self.model.consumption, substance, food);
        processing.map_or(1.0, mean) * consumption.map_or(1.0, |factor| factor.factor)
    }

    /// What differs from portion to portion of a cell.
    fn variation(&self, substance: usize, food: usize) -> Variation {
        let processing = self.first(&self.model.processing, substance, food).and_then(distribution);
        Variation { processing, units: self.units(food) }
    }

    fn units(&self, food: usize) -> Option<Units> {
        let unit = self.model.units.iter().find(|unit| unit.food == self.survey.foods()[food])?;
        let spread = match unit.spread {
            UnitSpread::Variability(v) => Spread::of_factor(v),
            UnitSpread::Cv(cv) => Spread::of_variation(cv),
            UnitSpread::Composite(units) => Spread::Bernoulli(units),
        };
        Some(Units { grams: unit.grams, spread })
    }

    fn limit(&self, substance: usize, food: usize) -> Option<&Limit> {
        let (name, id) = (&self.survey.foods()[food], &self.substances[substance].id);
        self.model.limits.iter().find(|limit| {
            limit.food.as_ref().is_none_or(|other| other == name)
                && limit.substance.as_ref().is_none_or(|other| other == id)
        })
    }

    /// Concentrations of a cell under the limits, without factors: of which sample, mg/kg.
    pub(super) fn values(&self, substance: usize, food: usize, bound: Bound) -> Vec<(&str, f64)> {
        let limit = self.limit(substance, food);
        self.cells[substance][food]
            .iter()
            .filter_map(|one| {
                let value = one.result.substituted(bound);
                match limit {
                    Some(limit) if limit.mode == LimitMode::AtLimit => {
                        Some((one.sample.as_str(), limit.limit))
                    }
                    Some(limit) if value > limit.limit => None,
                    _ => Some((one.sample.as_str(), value)),
                }
            })
            .collect()
    }

    /// What a gram of a food carries: mean of its values times its factors; `None` without values.
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub(super) fn content(&self, substance: usize, food: usize, bound: Bound) -> Option<f64> {
        let values = self.values(substance, food, bound);
        let sum = values.iter().fold(0.0, |sum, (_, value)| sum + value);
        (!values.is_empty()).then(|| sum / values.len() as f64 * self.factor(substance, food))
    }

    /// Contents of every food for one substance.
    #[must_use]
    pub fn contents(&self, substance: usize, bound: Bound) -> Contents {
        (0..self.survey.foods().len()).map(|food| self.content(substance, food, bound)).collect()
    }

    /// Contents in units of the index substance: Σ potency × content.
    pub(super) fn cumulated(&self, each: &[Contents]) -> Contents {
        let add = |food: usize| {
            let parts = each.iter().zip(&self.substances).filter_map(|(contents, substance)| {
                contents[food].map(|content| content * substance.potency)
            });
            parts.reduce(|a, b| a + b)
        };
        (0..self.survey.foods().len()).map(add).collect()
    }

    /// What each food can carry on one day, for one substance.
    pub(super) fn sources(&self, substance: usize, bound: Bound) -> Vec<Vec<Source>> {
        (0..self.survey.foods().len())
            .map(|food| {
                let variation = self.variation(substance, food);
                // a processing factor that is drawn is not counted as its mean too
                let mean = variation.processing.map_or(1.0, |law| law.mean());
                let factor = self.factor(substance, food) / mean;
                let list: Vec<f64> =
                    self.values(substance, food, bound).iter().map(|(_, value)| value * factor).collect();
                let source = match self.fitted(substance, food) {
                    Some(model) => Source::Model(model, factor),
                    None if list.is_empty() => return vec![],
                    None => Source::Samples(list),
                };
                vec![varied(source, variation)]
            })
            .collect()
    }

    /// The model of a cell, when one is asked for, no limit is assumed and it can be fitted.
    fn fitted(&self, substance: usize, food: usize) -> Option<SpikedLognormal> {
        let results = || self.cells[substance][food].iter().map(|one| one.result).collect::<Vec<_>>();
        if self.limit(substance, food).is_some() {
            return None;
        }
        let plain = |rest: Lognormal| SpikedLognormal { zero: 0.0, rest };
        match self.model.settings.concentrations {
            Concentrations::Samples => None,
            Concentrations::CensoredLognormal => censored_lognormal(&results()).ok().map(plain),
            Concentrations::SpikedLognormal => spiked_lognormal(&results()).ok(),
            Concentrations::NondetectSpike => SpikedLognormal::of_values(&results()).ok(),
        }
    }

    /// Whether the substances found in a food were measured in the same samples, which then are drawn whole.
    fn measured_together(&self, food: usize) -> bool {
        let names = |cells: &Vec<Vec<Sampled>>| -> BTreeSet<String> {
            cells[food].iter().map(|one| one.sample.clone()).collect()
        };
        let mut sets = self.cells.iter().filter(|cells| !cells[food].is_empty()).map(names);
        sets.next().is_none_or(|first| !first.contains("") && sets.all(|other| other == first))
    }

    /// What each food can carry on one day for all substances together, in units of the index substance. Where the substances of a food
    /// were measured in the same samples, which carry names, these are drawn whole, and one that a limit takes from the market goes with
    /// everything in it; other foods, and fitted models, draw each substance for itself.
    pub(super) fn joint_sources(&self, bound: Bound) -> Vec<Vec<Source>> {
        let alone: Vec<Vec<Vec<Source>>> =
            (0..self.substances.len()).map(|at| self.sources(at, bound)).collect();
        let whole = self.model.settings.concentrations == Concentrations::Samples;
        (0..self.survey.foods().len())
            .map(|food| {
                if whole && self.measured_together(food) {
                    return self.whole_samples(food, bound);
                }
                let each = alone.iter().zip(&self.substances);
                each.flat_map(|(foods, substance)| {
                    foods[food].iter().map(|source| times(source.clone(), substance.potency))
                })
                .collect()
            })
            .collect()
    }

    /// The samples of a food with all that was found in them.
    fn whole_samples(&self, food: usize, bound: Bound) -> Vec<Source> {
        // sum, substances that count in it, the last of them
        let mut samples: BTreeMap<&str, (f64, usize, usize)> = BTreeMap::new();
        let measured = self.cells.iter().filter(|cells| !cells[food].is_empty()).count();
        for (at, substance) in self.substances.iter().enumerate() {
            let factor = self.factor(at, food) * substance.potency;
            for (sample, value) in self.values(at, food, bound) {
                let (sum, count, last) = samples.entry(sample).or_insert((0.0, 0, usize::MAX));
                *sum += value * factor;
                *count += usize::from(*last != at);
                *last = at;
            }
        }
        let list: Vec<f64> =
            samples.into_values().filter(|(_, count, _)| *count == measured).map(|(sum, ..)| sum).collect();
        if list.is_empty() {
            return vec![];
        }
        // substances of a sample share its units; a processing factor of all of them counts with its mean
        let variation = Variation { processing: None, units: self.units(food) };
        vec![varied(Source::Samples(list), variation)]
    }
}

/// The distribution of a processing factor that has one.
fn distribution(factor: &Factor) -> Option<Processing> {
    factor.upper.and_then(|upper| Processing::new(factor.factor, upper))
}

fn varied(source: Source, variation: Variation) -> Source {
    if variation.is_none() { source } else { Source::Varied(Box::new(source), variation) }
}

/// A source in units of the index substance.
fn times(source: Source, potency: f64) -> Source {
    match source {
        Source::Samples(values) => Source::Samples(values.into_iter().map(|v| v * potency).collect()),
        Source::Model(model, factor) => Source::Model(model, factor * potency),
        Source::Varied(inner, variation) => Source::Varied(Box::new(times(*inner, potency)), variation),
    }
}

/// By sample, then by value: the same whatever the order of the rows.
pub(super) fn order(a: &Sampled, b: &Sampled) -> std::cmp::Ordering {
    let key = |one: &Sampled| (one.result.substituted(Bound::Lower), one.result.substituted(Bound::Upper));
    let ((a_low, a_high), (b_low, b_high)) = (key(a), key(b));
    a.sample.cmp(&b.sample).then(a_low.total_cmp(&b_low)).then(a_high.total_cmp(&b_high))
}
