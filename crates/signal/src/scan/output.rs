//! The result as tables in SaTScan's layout, and the run in figures.

use super::Report;
use super::calendar;
use super::clusters::{Chosen, Cluster, Spread, extent};
use super::inference::{Inference, Subject, recurrence_days};
use super::input::Panel;
use super::settings::{Analysis, Model, Settings, Unit};
use super::values::Values;
use crate::table::Table;
use serde::Serialize;

/// The run in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// First day of the study.
    pub start: String,
    /// Last day of the study.
    pub end: String,
    /// Places.
    pub locations: usize,
    /// Intervals of time the scan distinguishes.
    pub intervals: usize,
    /// Cases, or observations.
    pub cases: u64,
    /// Population (average over the study), or cases and controls.
    pub population: Option<f64>,
    /// Cases per 100,000 and year of 365.25 days (Poisson).
    pub annual_rate: Option<f64>,
    /// Rows of the input outside the study period.
    pub outside_study: usize,
    /// Yearly change of the risk that was allowed for, percent: given or fitted.
    pub annual_trend: Option<f64>,
    /// Greatest ratio observed.
    pub maximum: f64,
    /// Replicates simulated.
    pub replicates: usize,
    /// Whether sequential stopping ended the simulation.
    pub stopped_early: bool,
}

/// Two significant digits behind the point, more when the number is below a tenth.
pub(crate) fn digits(value: f64, significant: usize) -> String {
    if !value.is_finite() {
        return if value > 0.0 { "infinity".to_owned() } else { String::new() };
    }
    if value.abs() < 1e-300 {
        return "0".to_owned();
    }
    if value.abs() >= 0.1 {
        return format!("{value:.significant$}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of places after the point"
    )]
    let zeros = (-value.abs().log10()).ceil() as usize - 1;
    let places = zeros + significant;
    format!("{value:.places$}")
}

/// A p-value with three significant digits; the floor as SaTScan writes it.
fn p_text(p: f64) -> String {
    if p <= 1.000_000_1e-17 { "1e-17".to_owned() } else { digits(p, 3) }
}

fn length(value: f64) -> String {
    if value < 1e-9 { "0".to_owned() } else { digits(value, 2) }
}

/// Writes the tables of a run.
pub(crate) fn report(
    subject: &Subject<'_>,
    panel: &Panel,
    settings: &Settings,
    chosen: Vec<Chosen>,
    result: Inference,
) -> Report {
    let writer = Writer { subject, panel, settings };
    let clusters: Vec<Cluster> = chosen.iter().map(|c| writer.cluster(c)).collect();
    let mut tables = vec![
        ("clusters.csv".to_owned(), writer.clusters(&chosen, &clusters)),
        ("cluster_locations.csv".to_owned(), writer.members(&chosen, &clusters)),
    ];
    if !settings.analysis.time_only() {
        tables.push(("location_risk.csv".to_owned(), writer.risk(&chosen)));
    }
    tables.push(("strata.csv".to_owned(), writer.strata(&chosen, &clusters)));
    if !result.simulated.is_empty() {
        let mut simulated = Table::with([if writer.statistic() == "llr" { "llr" } else { "tst_stat" }]);
        result.simulated.iter().for_each(|v| simulated.push([format!("{v:.6}")]));
        tables.push(("simulated_max_llr.csv".to_owned(), simulated));
    }
    Report { summary: writer.summary(&result), clusters, simulated: result.simulated, tables }
}

struct Writer<'a> {
    subject: &'a Subject<'a>,
    panel: &'a Panel,
    settings: &'a Settings,
}

impl Writer<'_> {
    fn summary(&self, result: &Inference) -> Summary {
        let panel = self.panel;
        let population = (!panel.population.is_empty()).then(|| panel.population.iter().sum::<f64>());
        let bounds = &panel.calendar.bounds;
        #[expect(clippy::cast_precision_loss, reason = "days and cases below 2⁵³")]
        let (years, cases) = ((bounds[bounds.len() - 1] - bounds[0]) as f64 / 365.25, panel.total() as f64);
        Summary {
            start: calendar::show(self.settings.start, Unit::Day),
            end: calendar::show(self.settings.end, Unit::Day),
            locations: panel.places.len(),
            intervals: panel.intervals,
            cases: panel.total(),
            population,
            annual_rate: population
                .filter(|_| self.settings.model == Model::Poisson)
                .map(|p| cases / p / years * 1e5),
            outside_study: panel.outside,
            annual_trend: panel.annual_trend,
            maximum: result.observed,
            replicates: result.simulated.len(),
            stopped_early: result.stopped,
        }
    }

    /// Observed and expected of a set of places in a span of columns.
    fn counts(&self, places: &[u32], from: usize, to: usize) -> (u32, f64) {
        let Subject::Counts(engine) = self.subject else { return (0, 0.0) };
        let (t, n, first) = (self.panel.intervals, engine.frame.columns + 1, engine.frame.first);
        let (mut c, mut m) = (0, 0.0);
        for &p in places {
            let p = p as usize;
            c += self.panel.cases[p * t + first + from..p * t + first + to].iter().sum::<u32>();
            m += engine.before[p * n + to] - engine.before[p * n + from];
        }
        if let ([stratum], [place]) = (&self.panel.strata[..], places) {
            // whole numbers in, one rounding out
            let at = first + from..first + to;
            let in_place = stratum.iter().filter(|s| s.0 == *place).count();
            let in_time = stratum.iter().filter(|s| at.contains(&(s.1 as usize))).count();
            #[expect(clippy::cast_precision_loss, reason = "cases below 2³²")]
            return (c, (in_place * in_time) as f64 / stratum.len() as f64);
        }
        (c, engine.law.expected(m))
    }

    /// Relative risk: observed over expected inside against outside.
    fn relative(&self, c: u32, e: f64) -> f64 {
        let Subject::Counts(engine) = self.subject else { return 0.0 };
        let all = f64::from(engine.law.cases());
        let (inside, outside) = (f64::from(c) / e, (all - f64::from(c)) / (all - e));
        if c == 0 {
            0.0
        } else if outside <= 0.0 {
            f64::INFINITY
        } else {
            inside / outside
        }
    }

    fn cluster(&self, chosen: &Chosen) -> Cluster {
        let (panel, settings) = (self.panel, self.settings);
        let (radius, span, ellipse) = extent(chosen, self.subject, panel, settings);
        let (from, to) = self.dates(chosen);
        let everywhere = chosen.centre >= panel.places.len();
        let found = &chosen.found;
        let (expected, relative_risk, spread) = match self.subject {
            Subject::Counts(engine) => {
                let e = engine.law.expected(found.measure);
                (Some(e), (settings.model != Model::Permutation).then(|| self.relative(found.cases, e)), None)
            }
            Subject::Values(values) if settings.model == Model::Normal => {
                (None, None, Some(spread(values, &values.sums(found))))
            }
            Subject::Values(_) => (None, None, None),
        };
        Cluster {
            centre: if everywhere { "All".to_owned() } else { panel.places[chosen.centre].id.clone() },
            places: if everywhere {
                Vec::new()
            } else {
                chosen.members.iter().map(|i| panel.places[*i as usize].id.clone()).collect()
            },
            radius,
            span,
            ellipse,
            from,
            to,
            ratio: found.value,
            p_value: chosen.p.map(|p| p.0),
            method: chosen.p.map(|p| p.1),
            recurrence_days: chosen
                .p
                .filter(|_| settings.analysis.alive())
                .map(|p| recurrence_days(p.0, settings, panel.analyses(settings))),
            observed: found.cases,
            expected,
            relative_risk,
            population: (!panel.population.is_empty())
                .then(|| chosen.members.iter().map(|i| panel.population[*i as usize]).sum()),
            spread,
        }
    }

    fn dates(&self, chosen: &Chosen) -> (base::Date, base::Date) {
        let (settings, calendar) = (self.settings, &self.panel.calendar);
        let first = match self.subject {
            Subject::Counts(e) => e.frame.first,
            Subject::Values(v) => v.frame.first,
        };
        if settings.analysis == Analysis::Spatial {
            (settings.start, settings.end)
        } else {
            (calendar.first(first + chosen.found.from), calendar.last(first + chosen.found.to - 1))
        }
    }

    /// `llr`, or `test_stat` where it is not a plain likelihood ratio.
    fn statistic(&self) -> &'static str {
        let penalised = !self.settings.ellipses.is_empty() && self.settings.penalty > 0.0;
        if self.settings.model == Model::Permutation || penalised { "test_stat" } else { "llr" }
    }

    fn coordinates(&self, prefix: &str) -> [String; 2] {
        let names = if self.settings.geographic {
            if prefix.is_empty() { ["latitude", "longitude"] } else { ["lat", "long"] }
        } else {
            ["x", "y"]
        };
        names.map(|n| format!("{prefix}{n}"))
    }

    fn coordinate(&self, place: usize) -> [String; 2] {
        let place = &self.panel.places[place];
        if self.settings.geographic {
            [format!("{:.6}", place.a), format!("{:.6}", place.b)]
        } else {
            place.text.clone()
        }
    }

    fn with_population(&self) -> bool {
        !self.panel.population.is_empty() && !self.settings.analysis.time_only()
    }

    fn with_risk(&self) -> bool {
        self.settings.model != Model::Permutation
    }

    /// The figures of a set of places and its column names.
    fn figures(&self, prefix: &str, c: u32, e: f64, population: Option<f64>) -> Vec<(String, String)> {
        let name = |long: &str, short: &str| {
            if prefix.is_empty() { long.to_owned() } else { format!("{prefix}{short}") }
        };
        let mut out = vec![
            (name("observed", "obs"), c.to_string()),
            (name("expected", "exp"), digits(e, 2)),
            (name("ode", "ode"), digits(if c == 0 { 0.0 } else { f64::from(c) / e }, 2)),
        ];
        if self.with_risk() {
            out.push((name("rel_risk", "rr"), digits(self.relative(c, e), 2)));
        }
        if let Some(p) = population {
            out.push((name("population", "pop"), format!("{p:.2}")));
        }
        out
    }

    fn inference(&self, cluster: &Cluster) -> Vec<(String, String)> {
        let mut out = Vec::new();
        if let Some(p) = cluster.p_value {
            out.push(("p_value".to_owned(), p_text(p)));
        }
        if let Some(days) = cluster.recurrence_days {
            out.push(("recurr_int".to_owned(), format!("{days:.0}")));
        }
        out
    }

    fn clusters(&self, chosen: &[Chosen], clusters: &[Cluster]) -> Table {
        let time_only = self.settings.analysis.time_only();
        let unit = if time_only { self.settings.unit } else { Unit::Day };
        let rows = chosen.iter().zip(clusters).enumerate().map(|(rank, (chosen, cluster))| {
            let mut row = vec![
                ("cluster".to_owned(), (rank + 1).to_string()),
                ("loc_id".to_owned(), cluster.centre.clone()),
            ];
            if !time_only {
                let everywhere = chosen.centre >= self.panel.places.len();
                let here =
                    if everywhere { [String::new(), String::new()] } else { self.coordinate(chosen.centre) };
                row.extend(self.coordinates("").into_iter().zip(here));
                if let Some(axes) = cluster.ellipse {
                    row.extend([
                        ("e_minor".to_owned(), length(axes.minor)),
                        ("e_major".to_owned(), length(axes.major)),
                        ("e_angle".to_owned(), length(axes.angle)),
                        ("e_shape".to_owned(), digits(axes.shape, 2)),
                    ]);
                } else {
                    row.push(("radius".to_owned(), length(cluster.radius)));
                }
                row.push(("span".to_owned(), length(cluster.span)));
            }
            row.push(("start_date".to_owned(), calendar::show(cluster.from, unit)));
            row.push(("end_date".to_owned(), calendar::show(cluster.to, unit)));
            row.push(("number_loc".to_owned(), chosen.members.len().to_string()));
            row.push((self.statistic().to_owned(), format!("{:.6}", cluster.ratio)));
            row.extend(self.inference(cluster));
            row.extend(self.cluster_figures(chosen, cluster, ""));
            row
        });
        self.table(rows)
    }

    /// Figures of a cluster: counts, or means and variance.
    fn cluster_figures(&self, chosen: &Chosen, cluster: &Cluster, prefix: &str) -> Vec<(String, String)> {
        match (self.subject, cluster.spread) {
            (Subject::Counts(_), _) => {
                let population = cluster.population.filter(|_| self.with_population());
                self.figures(prefix, chosen.found.cases, cluster.expected.unwrap_or(0.0), population)
            }
            (Subject::Values(_), Some(s)) if prefix.is_empty() => {
                let mut out = vec![("observed".to_owned(), chosen.found.cases.to_string())];
                let w = if self.panel.weighted { "w_" } else { "" };
                out.extend([
                    (format!("{w}mean_in"), digits(s.mean_in, 2)),
                    (format!("{w}mean_out"), digits(s.mean_out, 2)),
                    (format!("{w}variance"), digits(s.variance, 2)),
                    (format!("{w}std"), digits(s.variance.sqrt(), 2)),
                ]);
                out
            }
            (Subject::Values(_), Some(s)) => vec![
                (format!("{prefix}obs"), chosen.found.cases.to_string()),
                (format!("{prefix}mean_i"), digits(s.mean_in, 2)),
                (format!("{prefix}mean_o"), digits(s.mean_out, 2)),
            ],
            (Subject::Values(_), None) => Vec::new(),
        }
    }

    fn members(&self, chosen: &[Chosen], clusters: &[Cluster]) -> Table {
        let time_only = self.settings.analysis.time_only();
        let rows = chosen.iter().zip(clusters).enumerate().flat_map(|(rank, (chosen, cluster))| {
            chosen.members.iter().map(move |&place| {
                let p = place as usize;
                let mut row = vec![
                    ("loc_id".to_owned(), self.panel.places[p].id.clone()),
                    ("cluster".to_owned(), (rank + 1).to_string()),
                ];
                row.extend(self.inference(cluster));
                row.extend(self.cluster_figures(chosen, cluster, "clu_"));
                match self.subject {
                    Subject::Counts(_) => {
                        let (c, e) = self.counts(&[place], chosen.found.from, chosen.found.to);
                        let population = self.with_population().then(|| self.panel.population[p]);
                        row.extend(self.figures("loc_", c, e, population));
                    }
                    Subject::Values(values) if self.settings.model == Model::Normal => {
                        let alone: Vec<f64> = self.values_at(values, p, Some(chosen));
                        row.push(("loc_obs".to_owned(), alone.len().to_string()));
                        row.push(("loc_mean".to_owned(), digits(mean(&alone), 2)));
                    }
                    Subject::Values(_) => {}
                }
                if !time_only {
                    row.extend(self.coordinates("loc_").into_iter().zip(self.coordinate(p)));
                }
                row
            })
        });
        let table = self.table(rows);
        if time_only { Table { rows: Vec::new(), ..table } } else { table }
    }

    /// The values observed at a place, in the window of a cluster or always.
    fn values_at(&self, values: &Values<'_>, place: usize, chosen: Option<&Chosen>) -> Vec<f64> {
        let first = values.frame.first;
        self.panel
            .points
            .iter()
            .filter(|p| {
                p.place as usize == place
                    && chosen.is_none_or(|c| {
                        (c.found.from + first..c.found.to + first).contains(&(p.interval as usize))
                    })
            })
            .map(|p| p.value)
            .collect()
    }

    fn risk(&self, chosen: &[Chosen]) -> Table {
        let mut order: Vec<usize> = (0..self.panel.places.len()).collect();
        order.sort_by(|a, b| self.panel.places[*a].id.cmp(&self.panel.places[*b].id));
        let rows = order.into_iter().flat_map(|p| -> Vec<Vec<(String, String)>> {
            let head = ("loc_id".to_owned(), self.panel.places[p].id.clone());
            match self.subject {
                Subject::Counts(engine) => {
                    let (c, e) = if self.settings.model == Model::Permutation {
                        // the permutation model knows no risk of a place as such: the window of the most likely cluster
                        let Some(first) = chosen.first() else { return Vec::new() };
                        self.counts(&[super::places::index(p)], first.found.from, first.found.to)
                    } else {
                        let t = self.panel.intervals;
                        let all = p * t..(p + 1) * t;
                        let m: f64 = self.panel.measure[all.clone()].iter().sum();
                        (self.panel.cases[all].iter().sum(), engine.law.expected(m))
                    };
                    let mut row = vec![head];
                    row.extend(self.figures("", c, e, None));
                    vec![row]
                }
                Subject::Values(values) if self.settings.model == Model::Normal => {
                    let all = self.values_at(values, p, None);
                    let m = mean(&all);
                    #[expect(clippy::cast_precision_loss, reason = "a number of observations")]
                    let variance =
                        all.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (all.len() as f64 - 1.0);
                    vec![vec![
                        head,
                        ("mean".to_owned(), digits(m, 2)),
                        ("std".to_owned(), digits(variance.sqrt(), 2)),
                    ]]
                }
                Subject::Values(values) => {
                    let mut sums = vec![0.0; values.all().len()];
                    self.values_at(values, p, None).iter().for_each(|v| {
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "a category number"
                        )]
                        let k = *v as usize;
                        sums[k] += 1.0;
                    });
                    self.categories(values, &sums)
                        .into_iter()
                        .map(|mut row| {
                            row.insert(0, head.clone());
                            row
                        })
                        .collect()
                }
            }
        });
        self.table(rows)
    }

    /// Observed and expected by category of a set of observations.
    fn categories(&self, values: &Values<'_>, sums: &[f64]) -> Vec<Vec<(String, String)>> {
        let all = values.all();
        let (n, total): (f64, f64) = (sums.iter().sum(), all.iter().sum());
        (0..sums.len())
            .map(|k| {
                let e = n * all[k] / total;
                let (inside, outside) = (sums[k] / e, (all[k] - sums[k]) / (all[k] - e));
                let risk = if sums[k] < 0.5 {
                    0.0
                } else if outside <= 0.0 {
                    f64::INFINITY
                } else {
                    inside / outside
                };
                vec![
                    ("category".to_owned(), self.panel.categories[k].clone()),
                    ("observed".to_owned(), format!("{:.0}", sums[k])),
                    ("expected".to_owned(), digits(e, 2)),
                    ("ode".to_owned(), digits(inside, 2)),
                    ("rel_risk".to_owned(), digits(risk, 2)),
                    ("pct_cases".to_owned(), format!("{:.1}", 100.0 * sums[k] / n.max(1.0))),
                ]
            })
            .collect()
    }

    fn strata(&self, chosen: &[Chosen], clusters: &[Cluster]) -> Table {
        let rows = chosen.iter().zip(clusters).enumerate().flat_map(
            |(rank, (chosen, cluster))| -> Vec<Vec<(String, String)>> {
                let head =
                    [("cluster".to_owned(), (rank + 1).to_string()), ("dataset".to_owned(), "1".to_owned())];
                if let (Subject::Values(values), None) = (self.subject, cluster.spread) {
                    let rows = self.categories(values, &values.sums(&chosen.found));
                    return rows.into_iter().map(|row| head.iter().cloned().chain(row).collect()).collect();
                }
                let mut row: Vec<(String, String)> = head.to_vec();
                row.push(("category".to_owned(), "1".to_owned()));
                row.extend(self.cluster_figures(chosen, cluster, ""));
                if self.settings.model == Model::Bernoulli {
                    let share = 100.0 * f64::from(chosen.found.cases) / chosen.found.measure;
                    row.push(("pct_cases".to_owned(), format!("{share:.1}")));
                }
                vec![row]
            },
        );
        self.table(rows)
    }

    /// A table from rows of named fields; all rows have the same names.
    fn table(&self, rows: impl IntoIterator<Item = Vec<(String, String)>>) -> Table {
        let mut table = Table::default();
        for row in rows {
            let (names, fields): (Vec<String>, Vec<String>) = row.into_iter().unzip();
            if table.columns.is_empty() {
                table.columns = names;
            }
            table.rows.push(fields);
        }
        if table.columns.is_empty() {
            table.columns = vec!["cluster".to_owned()];
        }
        table
    }
}

fn spread(values: &Values<'_>, inside: &[f64]) -> Spread {
    let all = values.all();
    Spread {
        mean_in: inside[2] / inside[1],
        mean_out: (all[2] - inside[2]) / (all[1] - inside[1]),
        variance: values.variance(inside),
    }
}

fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of observations")]
    let n = values.len() as f64;
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / n }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_the_digits_that_mean_something() {
        for (value, significant, text) in [
            (0.0, 2, "0"),
            (0.0838, 2, "0.084"),
            (0.15, 2, "0.15"),
            (26.166, 2, "26.17"),
            (-2.8, 2, "-2.80"),
            (0.094_339, 3, "0.0943"),
            (0.001, 3, "0.00100"),
            (0.024, 3, "0.0240"),
            (5.58e-14, 3, "0.0000000000000558"),
            (f64::INFINITY, 2, "infinity"),
        ] {
            assert_eq!(digits(value, significant), text);
        }
    }
}
