//! Figures that follow the results: one more result recomputes what depends on it and nothing else, to the same bits as
//! computing everything again.

use super::assessment::{Sampled, order};
use super::figures::{Figure, Layouts, Of, Report};
use super::{Assessment, LimitMode, ModelError, NewResult, field};
use crate::exposure::chronic::{Contents, individual_means};
use crate::exposure::concentration::Bound;
use stats::quantile;

/// An assessment with its figures, kept up to date.
#[derive(Debug, Clone)]
pub struct Live {
    assessment: Assessment,
    /// Figures of every target and bound.
    figures: Vec<((Of, Bound), Vec<Figure>)>,
    /// Remarks on them.
    notes: Vec<(Of, String)>,
    layouts: Layouts,
    threads: usize,
}

impl Live {
    /// Computes everything once.
    #[must_use]
    pub fn new(assessment: Assessment, threads: usize) -> Self {
        let mut out =
            Self { assessment, figures: vec![], notes: vec![], layouts: Layouts::default(), threads };
        for of in out.assessment.targets() {
            out.compute(of);
        }
        out
    }

    /// The figures of a target anew, each bound in its place.
    fn compute(&mut self, of: Of) -> Vec<Figure> {
        let drawn = self.assessment.drawn_days(of, self.threads, &mut self.layouts);
        let mut before = vec![];
        self.notes.retain(|(target, _)| *target != of);
        for (&bound, drawn) in self.assessment.model.settings.bounds.iter().zip(&drawn) {
            let mut notes = vec![];
            let next = self.assessment.figures(of, bound, drawn, &mut notes);
            self.notes.extend(notes.into_iter().map(|note| (of, note)));
            match self.figures.iter_mut().find(|(key, _)| *key == (of, bound)) {
                Some((_, figures)) => before.append(&mut std::mem::replace(figures, next)),
                None => self.figures.push(((of, bound), next)),
            }
        }
        before
    }

    /// The assessment with all results that have arrived.
    #[must_use]
    pub fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    /// All figures.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().flat_map(|(_, figures)| figures)
    }

    /// The figures as a report, without intervals; its recipe is that of the file that repeats them.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut notes: Vec<String> = self.notes.iter().map(|(_, note)| note.clone()).collect();
        notes.dedup();
        self.assessment.report_of(self.assessment.exported_recipe(), self.figures().cloned().collect(), notes)
    }

    /// Takes a result in and gives back the figures it changed: those of its substance, and of all substances together. A food that
    /// nobody eats changes nothing.
    ///
    /// # Errors
    /// [`ModelError::Field`] when the substance is not of the model.
    pub fn add(&mut self, new: NewResult) -> Result<Vec<Figure>, ModelError> {
        self.add_all([new])
    }

    /// Takes results in at once and gives back the figures they changed.
    ///
    /// # Errors
    /// [`ModelError::Field`] when a substance is not of the model; those before it are taken in, their figures are not made anew.
    pub fn add_all(&mut self, all: impl IntoIterator<Item = NewResult>) -> Result<Vec<Figure>, ModelError> {
        let mut touched = vec![];
        for new in all {
            let known = self.assessment.substances.iter().position(|substance| substance.id == new.substance);
            let substance = known.ok_or_else(|| {
                field("substance", format!("{:?} is not a substance of the model", new.substance))
            })?;
            let Some(food) = self.assessment.survey.food(&new.food) else { continue };
            let one = Sampled { sample: new.sample, result: new.result };
            let list = &mut self.assessment.cells[substance][food];
            let at = list.partition_point(|other| order(other, &one).is_le());
            list.insert(at, one);
            touched.push(Of::One(substance));
        }
        if touched.is_empty() {
            return Ok(vec![]);
        }
        touched.push(Of::All);
        let mut changed = vec![];
        for target in self.assessment.targets().into_iter().filter(|target| touched.contains(target)) {
            let old = self.compute(target);
            let new =
                self.figures.iter().filter(|((of, _), _)| *of == target).flat_map(|(_, figures)| figures);
            changed.extend(new.filter(|figure| !old.contains(figure)).cloned());
        }
        Ok(changed)
    }
}

impl Assessment {
    /// The highest limit in mg/kg at which a percentile (0 to 100, by weights) of the observed individual means of a group still is at
    /// or below the reference value. `food`: one food, or all. With [`LimitMode::AtLimit`] everything is at the limit; with
    /// [`LimitMode::Enforced`] what is above it leaves the market, and the answer is the highest result that may stay. `None`: no limit
    /// protects, since other foods alone exceed the value, or nothing needs one (infinite).
    ///
    /// # Errors
    /// [`ModelError::Field`] when substance, food or group are not of the model or there is no reference value.
    pub fn protecting_limit(&self, asked: &Protect) -> Result<Option<f64>, ModelError> {
        let substance = self.substances.iter().position(|one| one.id == asked.substance);
        let substance = substance.ok_or_else(|| {
            field("substance", format!("{:?} is not a substance of the model", asked.substance))
        })?;
        let of = if asked.together { Of::All } else { Of::One(substance) };
        let [reference, ..] = self.references(of);
        let reference =
            reference.ok_or_else(|| field("substances.reference", "is needed to say what protects"))?;
        let group = self.groups.iter().find(|(id, _)| *id == asked.group);
        let (_, members) =
            group.ok_or_else(|| field("group", format!("{:?} is not a group of the model", asked.group)))?;
        let foods: Vec<usize> = match &asked.food {
            None => (0..self.survey.foods().len()).collect(),
            Some(name) => {
                let food = self.survey.food(name);
                vec![food.ok_or_else(|| {
                    field("food", format!("{name:?} is not eaten by anybody in the survey"))
                })?]
            }
        };
        let present: Vec<Contents> =
            (0..self.substances.len()).map(|at| self.contents(at, asked.bound)).collect();
        let percentile = |limit: f64| {
            let mut each = present.clone();
            for &food in &foods {
                each[substance][food] = self.limited(substance, food, asked.bound, asked.mode, limit);
            }
            let contents = if asked.together { self.cumulated(&each) } else { each.swap_remove(substance) };
            let means = individual_means(&self.survey, &contents);
            let pairs: Vec<(f64, f64)> =
                members.iter().map(|&at| (means[at], self.survey.persons()[at].weight)).collect();
            quantile::weighted(&pairs, &[asked.percentile / 100.0])[0]
        };
        if percentile(0.0) > reference {
            return Ok(None);
        }
        if asked.mode == LimitMode::Enforced {
            let mut places: Vec<f64> = foods
                .iter()
                .flat_map(|&food| self.values(substance, food, asked.bound))
                .map(|(_, value)| value)
                .collect();
            places.sort_by(f64::total_cmp);
            places.dedup_by(|a, b| a.to_bits() == b.to_bits());
            let allowed = places.partition_point(|&place| percentile(place) <= reference);
            return Ok(if allowed == places.len() {
                Some(f64::INFINITY)
            } else {
                Some(allowed.checked_sub(1).map_or(0.0, |at| places[at]))
            });
        }
        let mut high = 1.0;
        while percentile(high) <= reference && high < 1e12 {
            high *= 2.0;
        }
        if high >= 1e12 {
            return Ok(Some(f64::INFINITY));
        }
        let mut low = 0.0;
        while high - low > 1e-12 * high {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            if percentile(middle) <= reference { low = middle } else { high = middle }
        }
        Ok(Some(low))
    }

    /// What a gram of a food carries under one more limit.
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    fn limited(
        &self,
        substance: usize,
        food: usize,
        bound: Bound,
        mode: LimitMode,
        limit: f64,
    ) -> Option<f64> {
        let factor = self.factor(substance, food);
        if mode == LimitMode::AtLimit {
            return Some(limit * factor);
        }
        let kept: Vec<f64> = self
            .values(substance, food, bound)
            .into_iter()
            .map(|(_, value)| value)
            .filter(|value| *value <= limit)
            .collect();
        (!kept.is_empty()).then(|| kept.iter().sum::<f64>() / kept.len() as f64 * factor)
    }
}

/// The question which limit would protect.
#[derive(Debug, Clone, PartialEq)]
pub struct Protect {
    /// The substance.
    pub substance: String,
    /// The food; all when absent.
    pub food: Option<String>,
    /// The group.
    pub group: String,
    /// The percentile that is to be protected, 0 to 100.
    pub percentile: f64,
    /// What stands for not detected.
    pub bound: Bound,
    /// How the limit works.
    pub mode: LimitMode,
    /// The percentile is that of all substances together, against the reference value of the index substance; the limit is still that of
    /// this substance alone.
    pub together: bool,
}
