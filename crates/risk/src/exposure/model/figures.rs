//! The figures of an assessment.

use super::{Assessment, Chronic, ENGINE};
use crate::exposure::acute::{Draws, Layout, Simulated, Source, summary};
use crate::exposure::chronic::{Contents, contributions, daily, distribution, individual_means};
use crate::exposure::concentration::Bound;
use crate::exposure::usual::{Days, Usual, UsualError, bbn, isuf, lnn};
use crate::table::{Table, digits};
use serde::{Deserialize, Deserializer, Serialize};
use stats::random::Purpose;
use std::sync::Arc;

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// The substance, or `cumulative`.
    pub substance: String,
    /// What stands for not detected.
    pub bound: Bound,
    /// The group of people.
    pub group: String,
    /// `OIM`, `BBN`, `BBN_power`, `LNN0`, `LNN`, `ISUF` or `acute`.
    pub model: String,
    /// `mean`, `p97.5_type7`, `p97.5_weighted_invcdf`, `share_above_reference`, `moe_p95`, `contribution_pct_FOOD` …
    pub quantity: String,
    /// µg per kg body weight and day; shares 0 to 1, contributions in per cent. A margin over no exposure is infinite, in JSON null.
    #[serde(deserialize_with = "or_infinite")]
    pub value: f64,
    /// Lower end of the 95 % interval: of the bootstrap where there is one, else of the draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

fn or_infinite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::INFINITY))
}

/// All figures of a model with what they rest on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `shian-exposure-result-1`.
    pub format: String,
    /// Hash of model, data and engine.
    pub recipe: String,
    /// The engine.
    pub engine: String,
    /// Title of the model.
    pub title: String,
    /// Seed.
    pub seed: u64,
    /// People of the survey.
    pub persons: usize,
    /// Days of each.
    pub days: usize,
    /// Results used.
    pub results: usize,
    /// Results without value and limit, which say nothing.
    pub results_without_limit: usize,
    /// Foods eaten for which a substance has no result: gaps, not zeros.
    pub gaps: Vec<Gap>,
    /// Foods with results that nobody of the survey ate.
    pub foods_not_eaten: Vec<String>,
    /// Remarks: models that gave no answer, and why, in Chinese and English.
    pub notes: Vec<String>,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// Foods eaten without results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The substance.
    pub substance: String,
    /// The foods.
    pub foods: Vec<String>,
}

impl Report {
    /// The figures as a table.
    #[must_use]
    pub fn table(&self) -> Table {
        let columns = ["substance", "bound", "group", "model", "quantity", "value", "low", "high", "recipe"];
        let mut out = Table::with_header("figures", &columns);
        for figure in &self.figures {
            out.push(vec![
                figure.substance.clone(),
                figure.bound.name().into(),
                figure.group.clone(),
                figure.model.clone(),
                figure.quantity.clone(),
                digits(Some(figure.value)),
                digits(figure.low),
                digits(figure.high),
                self.recipe.clone(),
            ]);
        }
        out
    }
}

/// What figures are of: one substance, or all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    One(usize),
    All,
}

/// Person-days drawn for one bound, by group; `None` where nobody counts.
pub(super) type Drawn = Vec<Option<DrawnDays>>;

/// Person-days drawn.
pub(super) struct DrawnDays {
    /// Exposures.
    exposures: Vec<f64>,
    /// Shares of the foods in the upper tail, when asked.
    tail: Vec<f64>,
}

/// Layouts kept: those of a large survey have some ten megabytes each.
const MOST_LAYOUTS: usize = 8;

/// The days of each group as laid out before; they serve until a food gets its first result.
#[derive(Debug, Clone, Default)]
pub(super) struct Layouts(Vec<(usize, Arc<Layout>)>);

impl Layouts {
    fn of(&mut self, assessment: &Assessment, group: usize, sources: &[Vec<Source>]) -> Option<Arc<Layout>> {
        if let Some((_, layout)) = self.0.iter().find(|(of, layout)| *of == group && layout.fits(sources)) {
            return Some(layout.clone());
        }
        let members: Vec<(usize, f64)> = assessment.groups[group].1.iter().map(|&at| (at, 1.0)).collect();
        let layout = Arc::new(Layout::new(&assessment.survey, &members, sources)?);
        if self.0.len() == MOST_LAYOUTS {
            self.0.remove(0);
        }
        self.0.push((group, layout.clone()));
        Some(layout)
    }
}

/// Percentiles are spelt `p97.5`.
pub(super) fn spelt(percentile: f64) -> String {
    format!("p{percentile}")
}

/// Stream of the draws of a target: substances in order, then all together.
pub(super) fn purpose(of: Of) -> (Purpose, u64) {
    match of {
        Of::One(at) => (Purpose::of("exposure: person-days"), (at as u64) << 40),
        Of::All => (Purpose::of("exposure: person-days of all substances"), 0),
    }
}

impl Assessment {
    /// Computes everything the settings ask for. `progress` hears the share done; `threads` changes only the time.
    #[must_use]
    pub fn report(&self, threads: usize, progress: &mut dyn FnMut(f64)) -> Report {
        self.run(threads, &mut |share| {
            progress(share);
            true
        })
        .0
    }

    /// The same; `go_on` hears the share done and may stop it by `false`: then there is no report.
    #[must_use]
    pub fn report_unless_stopped(
        &self,
        threads: usize,
        go_on: &mut dyn FnMut(f64) -> bool,
    ) -> Option<Report> {
        let (report, finished) = self.run(threads, go_on);
        finished.then_some(report)
    }

    fn run(&self, threads: usize, go_on: &mut dyn FnMut(f64) -> bool) -> (Report, bool) {
        let mut notes = vec![];
        let mut figures = vec![];
        let targets = self.targets();
        let bounds = &self.model.settings.bounds;
        #[expect(clippy::cast_precision_loss, reason = "a number of steps")]
        let all = (targets.len() * bounds.len() * (1 + self.portions())) as f64;
        let (mut done, mut finished) = (0.0, true);
        let mut layouts = Layouts::default();
        let mut step = || {
            done += 1.0;
            go_on(done / all)
        };
        'all: for &of in &targets {
            let drawn = self.drawn_days(of, threads, &mut layouts);
            for (&bound, drawn) in bounds.iter().zip(&drawn) {
                let mut these = self.figures(of, bound, drawn, &mut notes);
                finished = step() && self.add_intervals(of, bound, threads, &mut these, &mut step);
                figures.append(&mut these);
                if !finished {
                    break 'all;
                }
            }
        }
        notes.dedup();
        (self.report_of(self.recipe.clone(), figures, notes), finished)
    }

    /// Figures with what they rest on.
    pub(super) fn report_of(&self, recipe: String, figures: Vec<Figure>, notes: Vec<String>) -> Report {
        Report {
            format: "shian-exposure-result-1".into(),
            recipe,
            engine: ENGINE.into(),
            title: self.model.title.clone(),
            seed: self.model.seed,
            persons: self.survey.persons().len(),
            days: self.survey.days(),
            results: self.cells.iter().flatten().map(Vec::len).sum(),
            results_without_limit: self.dropped,
            gaps: self.gaps(),
            foods_not_eaten: self.uneaten.clone(),
            notes,
            figures,
        }
    }

    pub(super) fn targets(&self) -> Vec<Of> {
        let mut out: Vec<Of> = (0..self.substances.len()).map(Of::One).collect();
        if out.len() > 1 {
            out.push(Of::All);
        }
        out
    }

    fn gaps(&self) -> Vec<Gap> {
        let foods = |at: usize| {
            let missing = (0..self.survey.foods().len()).filter(move |&food| self.cells[at][food].is_empty());
            missing.map(|food| self.survey.foods()[food].clone()).collect()
        };
        let all = self
            .substances
            .iter()
            .enumerate()
            .map(|(at, one)| Gap { substance: one.id.clone(), foods: foods(at) });
        all.filter(|gap| !gap.foods.is_empty()).collect()
    }

    pub(super) fn contents_of(&self, of: Of, bound: Bound) -> Contents {
        match of {
            Of::One(at) => self.contents(at, bound),
            Of::All => self.cumulated(
                &(0..self.substances.len()).map(|at| self.contents(at, bound)).collect::<Vec<_>>(),
            ),
        }
    }

    fn sources_of(&self, of: Of, bound: Bound) -> Vec<Vec<Source>> {
        match of {
            Of::One(at) => self.sources(at, bound),
            Of::All => self.joint_sources(bound),
        }
    }

    pub(super) fn draws(&self, of: Of, bound: Bound, members: &[(usize, f64)]) -> Option<Draws> {
        Draws::new(&self.survey, members, &self.sources_of(of, bound))
    }

    /// Person-days drawn of one target: for every bound, those of every group. The bounds share days, samples and random numbers, in
    /// one pass where a limit does not take different results out of each.
    pub(super) fn drawn_days(&self, of: Of, threads: usize, layouts: &mut Layouts) -> Vec<Drawn> {
        let settings = &self.model.settings;
        let mut out: Vec<Drawn> = settings.bounds.iter().map(|_| vec![]).collect();
        if settings.acute == 0 || out.is_empty() {
            return out;
        }
        let (purpose, first) = purpose(of);
        let run = |draws: &Draws| -> Vec<DrawnDays> {
            let exposures = draws.run(self.model.seed, purpose, first, settings.acute, threads);
            let mut tails = vec![vec![]; exposures.len()];
            if let Some(p) = settings.tail {
                let at = |list: &Vec<f64>| summary(list, &[p / 100.0]).percentiles[0].value;
                let thresholds: Vec<f64> = exposures.iter().map(at).collect();
                tails = draws.tail((self.model.seed, purpose, first), &exposures, &thresholds);
            }
            exposures.into_iter().zip(tails).map(|(exposures, tail)| DrawnDays { exposures, tail }).collect()
        };
        let sources: Vec<Vec<Vec<Source>>> =
            settings.bounds.iter().map(|&bound| self.sources_of(of, bound)).collect();
        let sets: Vec<&[Vec<Source>]> = sources.iter().map(Vec::as_slice).collect();
        for group in 0..self.groups.len() {
            let together = layouts.of(self, group, sets[0]).and_then(|layout| Draws::over(&layout, &sets));
            let found: Vec<Option<DrawnDays>> = match together {
                Some(draws) => run(&draws).into_iter().map(Some).collect(),
                None => sets
                    .iter()
                    .map(|&set| {
                        let draws = Draws::over(&layouts.of(self, group, set)?, &[set])?;
                        run(&draws).pop()
                    })
                    .collect(),
            };
            out.iter_mut().zip(found).for_each(|(bound, found)| bound.push(found));
        }
        out
    }

    /// Reference values for long and for short exposure and the reference point; of all substances together those of the first
    /// with potency 1.
    pub(super) fn references(&self, of: Of) -> [Option<f64>; 3] {
        let substance = match of {
            Of::One(at) => self.substances.get(at),
            Of::All => self.substances.iter().find(|substance| (substance.potency - 1.0).abs() < 1e-12),
        };
        substance.map_or([None; 3], |substance| {
            [
                substance.reference.as_ref().map(super::Reference::per_day),
                substance.acute_reference.as_ref().map(super::Reference::per_day),
                substance.reference_point,
            ]
        })
    }

    /// The figures of one target and bound for all groups.
    pub(super) fn figures(
        &self,
        of: Of,
        bound: Bound,
        drawn: &Drawn,
        notes: &mut Vec<String>,
    ) -> Vec<Figure> {
        let name = match of {
            Of::One(at) => self.substances[at].id.clone(),
            Of::All => "cumulative".into(),
        };
        let contents = self.contents_of(of, bound);
        let means = individual_means(&self.survey, &contents);
        let mut out = vec![];
        for (at, (group, members)) in self.groups.iter().enumerate() {
            let mut put = |model: &str, quantity: String, value: f64, interval: Option<[f64; 2]>| {
                out.push(Figure {
                    substance: name.clone(),
                    bound,
                    group: group.clone(),
                    model: model.into(),
                    quantity,
                    value,
                    low: interval.map(|ends| ends[0]),
                    high: interval.map(|ends| ends[1]),
                });
            };
            for &model in &self.model.settings.chronic {
                match model {
                    Chronic::Oim => self.observed(of, &contents, &means, members, &mut put),
                    other => {
                        if let Err(error) = self.modelled(other, &contents, members, &mut put) {
                            notes.push(format!(
                                "{name} {} {group} {}: {} / {error}",
                                bound.name(),
                                spelt_model(other),
                                error.zh()
                            ));
                        }
                    }
                }
            }
            if let Some(Some(days)) = drawn.get(at) {
                self.drawn(of, &days.exposures, &mut put);
                self.tail(&days.tail, &mut put);
            }
        }
        out
    }

    fn observed(&self, of: Of, contents: &Contents, means: &[f64], members: &[usize], put: &mut Put<'_>) {
        let settings = &self.model.settings;
        let weights: Vec<f64> = members.iter().map(|&at| self.survey.persons()[at].weight).collect();
        let values: Vec<f64> = members.iter().map(|&at| means[at]).collect();
        let probabilities: Vec<f64> = settings.percentiles.iter().map(|p| p / 100.0).collect();
        let Some(found) = distribution(&values, &weights, &probabilities) else { return };
        put("OIM", "mean".into(), found.mean, None);
        put("OIM", "mean_weighted".into(), found.mean_weighted, None);
        for (at, &p) in settings.percentiles.iter().enumerate() {
            put("OIM", format!("{}_type7", spelt(p)), found.percentiles[at], None);
            put("OIM", format!("{}_weighted_invcdf", spelt(p)), found.percentiles_weighted[at], None);
        }
        let [reference, _, point] = self.references(of);
        if let Some(reference) = reference {
            let above = values
                .iter()
                .zip(&weights)
                .filter(|(value, _)| **value > reference)
                .map(|(_, weight)| weight);
            put(
                "OIM",
                "share_above_reference".into(),
                // the sum of nothing is the negative zero, which nobody should read
                above.fold(0.0, |sum, weight| sum + weight) / weights.iter().sum::<f64>(),
                None,
            );
            for (&p, value) in settings.percentiles.iter().zip(&found.percentiles_weighted) {
                put("OIM", format!("{}_pct_reference", spelt(p)), value / reference * 100.0, None);
            }
        }
        if let Some(point) = point {
            put("OIM", "moe_mean".into(), point / found.mean_weighted, None);
            for (&p, value) in settings.percentiles.iter().zip(&found.percentiles_weighted) {
                put("OIM", format!("moe_{}", spelt(p)), point / value, None);
            }
        }
        for (shares, suffix) in
            contributions(&self.survey, contents, members).into_iter().zip(["", "_weighted"])
        {
            let mut order: Vec<usize> = (0..shares.len()).filter(|&food| shares[food] > 0.0).collect();
            order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
            for food in order.into_iter().take(settings.contributions) {
                put(
                    "OIM",
                    format!("contribution_pct{suffix}_{}", self.survey.foods()[food]),
                    shares[food] * 100.0,
                    None,
                );
            }
        }
    }

    fn modelled(
        &self,
        model: Chronic,
        contents: &Contents,
        members: &[usize],
        put: &mut Put<'_>,
    ) -> Result<(), UsualError> {
        let all = daily(&self.survey, contents);
        let days = Days::new(members.iter().map(|&at| all[at].clone()).collect())?;
        let fit: Box<dyn Usual> = match model {
            Chronic::Bbn => Box::new(bbn(&days, false)?),
            Chronic::BbnPower => Box::new(bbn(&days, true)?),
            Chronic::Lnn => Box::new(lnn(&days, true)?),
            Chronic::Isuf => Box::new(isuf(&days)?),
            Chronic::Lnn0 | Chronic::Oim => Box::new(lnn(&days, false)?),
        };
        put(spelt_model(model), "mean".into(), fit.mean(), None);
        for &p in &self.model.settings.percentiles {
            put(spelt_model(model), spelt(p), fit.quantile(p / 100.0), None);
        }
        Ok(())
    }

    /// The foods that the highest of the drawn days come from.
    fn tail(&self, shares: &[f64], put: &mut Put<'_>) {
        let settings = &self.model.settings;
        let Some(p) = settings.tail else { return };
        let mut order: Vec<usize> = (0..shares.len()).filter(|&food| shares[food] > 0.0).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        for food in order.into_iter().take(settings.contributions) {
            let name = format!("contribution_pct_from_{}_{}", spelt(p), self.survey.foods()[food]);
            put("acute", name, shares[food] * 100.0, None);
        }
    }

    fn drawn(&self, of: Of, exposures: &[f64], put: &mut Put<'_>) {
        let settings = &self.model.settings;
        let probabilities: Vec<f64> = settings.percentiles.iter().map(|p| p / 100.0).collect();
        let Simulated { mean, standard_error, percentiles } = summary(exposures, &probabilities);
        let slack = 1.959_963_985 * standard_error;
        put("acute", "mean".into(), mean, Some([mean - slack, mean + slack]));
        for (&p, found) in settings.percentiles.iter().zip(&percentiles) {
            put("acute", spelt(p), found.value, Some(found.interval));
        }
        let [_, reference, point] = self.references(of);
        if let Some(reference) = reference {
            #[expect(clippy::cast_precision_loss, reason = "a number of draws")]
            let share =
                exposures.iter().filter(|&&value| value > reference).count() as f64 / exposures.len() as f64;
            put("acute", "share_above_reference".into(), share, None);
        }
        if let Some(point) = point {
            for (&p, found) in settings.percentiles.iter().zip(&percentiles) {
                put("acute", format!("moe_{}", spelt(p)), point / found.value, None);
            }
        }
    }
}

type Put<'a> = dyn FnMut(&str, String, f64, Option<[f64; 2]>) + 'a;

fn spelt_model(model: Chronic) -> &'static str {
    match model {
        Chronic::Oim => "OIM",
        Chronic::Bbn => "BBN",
        Chronic::BbnPower => "BBN_power",
        Chronic::Lnn0 => "LNN0",
        Chronic::Lnn => "LNN",
        Chronic::Isuf => "ISUF",
    }
}
