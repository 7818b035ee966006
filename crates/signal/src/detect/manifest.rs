//! Methods by name: text settings in, a table out; and whole manifests of runs.
//!
//! A manifest is a CSV with `file,dataset,series,method,settings,rows`; entries of method `input` tell the file, the periods
//! a year and the dates of a data set, every other entry is a run whose result has the name and the columns of its
//! file. The settings are `name=value; name=value` with the names of the R package.

use super::frame::{Frame, expand};
use super::{Error, Mode, Range, Series, Settings, Table};
use std::collections::BTreeMap;

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Path of the result, relative to the manifest.
    pub file: String,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the series, or several (`a|b`, `s1..s50`).
    pub series: String,
    /// Name of the method; `input` for a data set.
    pub method: String,
    /// Its settings.
    pub settings: Settings,
    /// The settings as written.
    pub written: String,
    /// Rows of the result, if told.
    pub rows: Option<usize>,
}

/// Data sets and runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manifest {
    inputs: BTreeMap<String, Entry>,
    /// The runs, in order.
    pub runs: Vec<Entry>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// A column is missing or the text is no CSV.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let frame = Frame::parse("manifest", text)?;
        frame.require(&["file", "dataset", "series", "method", "settings"])?;
        let column = |name: &str| frame.texts(name);
        let (file, dataset, series) = (column("file")?, column("dataset")?, column("series")?);
        let (method, settings) = (column("method")?, column("settings")?);
        let rows = column("rows").unwrap_or_default();
        let mut out = Self::default();
        for i in 0..frame.len() {
            let entry = Entry {
                file: file[i].to_owned(),
                dataset: dataset[i].to_owned(),
                series: series[i].to_owned(),
                method: method[i].to_owned(),
                settings: Settings::parse(settings[i]),
                written: settings[i].to_owned(),
                rows: rows.get(i).and_then(|r| r.parse().ok()),
            };
            if entry.method == "input" {
                // the first file of a data set holds the counts
                out.inputs.entry(stem(&entry.file).to_owned()).or_insert(entry);
            } else {
                out.runs.push(entry);
            }
        }
        Ok(out)
    }

    /// Sets `METHOD.SETTING=VALUE` for every run of a method (by either of its names): what a manifest leaves unsaid.
    ///
    /// # Errors
    /// The text has another form, or there is no such method or setting.
    pub fn set(&mut self, text: &str) -> Result<(), Error> {
        let wrong = || Error::setting("set", text, "METHOD.SETTING=VALUE such as nowcast.from=2010-01-04");
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let (method, setting) = name.split_once('.').ok_or_else(wrong)?;
        let method = find(method)?;
        let mut given = Settings::default();
        given.set(setting, value);
        method.refuse_unknown(&given)?;
        for run in self.runs.iter_mut().filter(|r| r.method == method.name || r.method == method.reference) {
            run.settings.set(setting, value);
        }
        Ok(())
    }

    /// Computes a run. `read` gives the text of a file by its path relative to the manifest.
    ///
    /// # Errors
    /// The input cannot be read, or the method cannot be run on it.
    pub fn compute(
        &self,
        entry: &Entry,
        mode: Mode,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Table, String> {
        let input = self.inputs.get(&entry.dataset);
        // some runs carry their input in columns of their own result
        let path = input.map_or(entry.file.as_str(), |i| i.file.as_str());
        let frame = |path: &str| -> Result<Frame, String> {
            Frame::parse(path, &read(path)?).map_err(|e| format!("{path}: {e}"))
        };
        let frequency = input.map_or(Ok(None), |i| i.settings.count("freq")).map_err(|e| e.to_string())?;
        let data = frame(path)?;
        let reports = format!("{}_reporting_triangle", entry.dataset);
        let triangle = self.inputs.get(&reports).map(|i| frame(&i.file)).transpose()?;
        let run = Run {
            frame: &data,
            triangle: triangle.as_ref(),
            names: expand(&entry.series),
            frequency,
            rows: entry.rows,
            mode,
        };
        let mut settings = entry.settings.clone();
        // the tables of run lengths of such manifests rest on a slip (`run_length`), which compatible mode repeats
        let lengths = find(&entry.method).is_ok_and(|m| m.name == "run-length");
        if lengths && mode == Mode::Compatible && settings.text("outcomes").is_none() {
            settings.set("outcomes", "pairs");
        }
        compute(&entry.method, &run, &settings).map_err(|e| format!("{path}: {e}"))
    }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".csv").unwrap_or(name)
}

/// What a method is run on.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The data.
    pub frame: &'a Frame,
    /// Reports by delay, when they stand in a file of their own.
    pub triangle: Option<&'a Frame>,
    /// Series asked for.
    pub names: Vec<String>,
    /// Periods a year, if told.
    pub frequency: Option<usize>,
    /// The last so many periods are judged when the settings tell no range.
    pub rows: Option<usize>,
    /// Whether defects of the reference are kept.
    pub mode: Mode,
}

impl Run<'_> {
    /// The range of the settings, else the last `rows` periods, else all with enough history.
    pub(crate) fn range(&self, series: &Series, settings: &Settings, history: usize) -> Result<Range, Error> {
        if let Some(range) = settings.range()? {
            series.check(range)?;
            return Ok(range);
        }
        let to = series.len();
        let from = match self.rows.map(|r| r / self.names.len().max(1)) {
            Some(rows) if rows > 0 && rows <= to => to + 1 - rows,
            _ => history + 1,
        };
        if from > to {
            return Err(Error::History {
                method: "this method",
                period: to,
                needed: history,
                there: to.max(1) - 1,
            });
        }
        Ok(Range { from, to })
    }

    /// Runs a method on each series and puts the tables below each other, with a column `series` when there are several.
    pub(crate) fn each(
        &self,
        columns: &[&str],
        several: &[&str],
        one: impl Fn(&Series) -> Result<Vec<Vec<super::Cell>>, Error>,
    ) -> Result<Table, Error> {
        if self.names.len() == 1 {
            let mut table = Table::new(columns);
            table.rows = one(&self.frame.series(&self.names[0], self.frequency)?)?;
            return Ok(table);
        }
        let kept: Vec<usize> = (0..columns.len()).filter(|i| several.contains(&columns[*i])).collect();
        let mut table = Table::new(&["series"]);
        table.columns.extend(kept.iter().map(|i| columns[*i].to_owned()));
        for name in &self.names {
            for row in one(&self.frame.series(name, self.frequency)?)? {
                let mut out = vec![super::Cell::Text(name.clone())];
                out.extend(kept.iter().map(|i| row[*i].clone()));
                table.rows.push(out);
            }
        }
        Ok(table)
    }
}

/// A method as the command line knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Our name.
    pub name: &'static str,
    /// The name in the reference.
    pub reference: &'static str,
    /// Its settings, besides `range` and `freq`, which all know.
    pub settings: &'static [&'static str],
}

const fn method(name: &'static str, reference: &'static str, settings: &'static [&'static str]) -> Method {
    Method { name, reference, settings }
}

const RATIO: &[&str] = &["c.ARL", "mu0", "alpha", "Mtilde", "M", "change", "theta", "dir", "ret", "xMax"];

/// All methods.
pub const METHODS: [Method; 15] = [
    method(
        "farrington-flexible",
        "farringtonFlexible",
        &[
            "b",
            "w",
            "reweight",
            "weightsThreshold",
            "alpha",
            "trend",
            "pThresholdTrend",
            "limit54",
            "powertrans",
            "populationOffset",
            "noPeriods",
            "pastWeeksNotIncluded",
            "thresholdMethod",
        ],
    ),
    method(
        "farrington",
        "algo.farrington",
        &["b", "w", "reweight", "alpha", "trend", "limit54", "powertrans"],
    ),
    method("ears", "earsC", &["method", "baseline", "minSigma", "alpha"]),
    method("rki", "algo.rki", &["b", "w", "actY"]),
    method("bayes", "algo.bayes", &["b", "w", "actY", "alpha"]),
    method("cusum", "algo.cusum", &["k", "h", "m", "trans", "alpha", "reset"]),
    method("glr-poisson", "algo.glrpois", RATIO),
    method("glr-negative-binomial", "algo.glrnb", RATIO),
    method("outbreak-p", "algo.outbreakP", &["k", "ret", "maxUpperboundCases"]),
    method(
        "categorical-cusum",
        "categoricalCUSUM",
        &["h", "logOR", "pmf", "ret", "betabinomial_sigma", "phase1", "harmonics"],
    ),
    method("paired-cusum", "pairedbinCUSUM", &["theta0", "theta1", "h1", "h2", "h11", "h22"]),
    method("run-length", "LRCUSUM.runlength", &["outcomes"]),
    method("endemic", "hhh4", &["ar", "trend", "S", "family"]),
    method("endemic-fitted", "hhh4 fitted", &["ar", "trend", "S", "family"]),
    method(
        "nowcast",
        "nowcast",
        &["method", "now", "from", "D", "m", "m.interpretation", "alpha", "N.tInf.max", "gd.prior.kappa"],
    ),
];

/// A method by either of its names.
///
/// # Errors
/// There is none of that name; the error lists those there are.
pub fn find(name: &str) -> Result<&'static Method, Error> {
    METHODS.iter().find(|m| m.name == name || m.reference == name).ok_or_else(|| {
        let names: Vec<&str> = METHODS.iter().map(|m| m.name).collect();
        Error::setting("method", name, &format!("one of {}", names.join(", ")))
    })
}

/// Arguments of the reference that would change its result and that no method here has, with the values that change nothing.
const LACKING: [(&str, &[&str]); 1] = [(
    "fitFun",
    &["algo.farrington.fitGLM.flexible", "algo.farrington.fitGLM.fast", "algo.farrington.fitGLM"],
)];

impl Method {
    /// Refuses what the reference has and this method has not, rather than compute as if it had not been asked for.
    fn refuse_lacking(&self, settings: &Settings) -> Result<(), Error> {
        for (name, neutral) in LACKING.iter().filter(|(name, _)| !self.settings.contains(name)) {
            if let Some(value) = settings.text(name).filter(|v| !neutral.contains(v)) {
                let wanted = format!("{} (nothing else is supported by {})", neutral.join(" or "), self.name);
                return Err(Error::setting(name, value, &wanted));
            }
        }
        Ok(())
    }

    /// Refuses settings the method does not know: a misspelt name must not pass for its default.
    ///
    /// # Errors
    /// The first such name.
    pub fn refuse_unknown(&self, settings: &Settings) -> Result<(), Error> {
        let label = |name: &str| self.name.starts_with("endemic") && name.contains('_');
        let known =
            |name: &&str| ["range", "freq"].contains(name) || self.settings.contains(name) || label(name);
        settings.names().find(|name| !known(name)).map_or(Ok(()), |name| {
            let wanted = format!("a setting of {}: {}, range, freq", self.name, self.settings.join(", "));
            Err(Error::setting(name, settings.text(name).unwrap_or("NULL"), &wanted))
        })
    }
}

/// Runs a method by either of its names.
///
/// # Errors
/// No such method, a setting or a value of the input that cannot be used.
pub fn compute(method: &str, run: &Run<'_>, settings: &Settings) -> Result<Table, Error> {
    let known = find(method)?;
    known.refuse_lacking(settings)?;
    match super::methods::by_name(known.name) {
        Some(run_it) => run_it(run, settings),
        None => Err(Error::setting("method", method, "a method with code")),
    }
}
