//! Series read from CSV: `t`, `date`, `observed` (or `obs_NAME`, or a column NAME), `population`, `n` or `pop_NAME`,
//! `outbreak_flag` or `flag_NAME`.

use super::nowcast::Triangle;
use super::{Error, Series};
use base::{Date, HeadingError, heading};

/// A CSV file in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Frame {
    /// Reads CSV with a header; `name` is what errors call the file.
    ///
    /// # Errors
    /// The text is empty or no CSV, or a row has another number of fields than the header.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let broken = |e: &csv::Error| Error::Value {
            row: e.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0).saturating_sub(1)),
            column: "(all)".to_owned(),
            value: e.to_string(),
            wanted: "a row of CSV like the header",
        };
        let columns: Vec<String> =
            reader.headers().map_err(|e| broken(&e))?.iter().map(str::to_owned).collect();
        heading::require(name, &columns, &[], str::eq)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(|e| broken(&e))?.iter().map(str::to_owned).collect());
        }
        Ok(Self { name: name.to_owned(), columns, rows })
    }

    /// Names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn position(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|n| self.columns.iter().position(|c| c == n))
    }

    fn missing(&self, column: &str) -> Error {
        HeadingError::missing(&self.name, &[column], &self.columns, &[column]).into()
    }

    /// Whether these columns are there; `a|b` stands for one of the two.
    ///
    /// # Errors
    /// [`Error::Heading`] with every column that is missing.
    pub fn require(&self, columns: &[&str]) -> Result<(), Error> {
        Ok(heading::require(&self.name, &self.columns, columns, str::eq)?)
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// There is no such column.
    pub fn texts(&self, column: &str) -> Result<Vec<&str>, Error> {
        let at = self.position(&[column]).ok_or_else(|| self.missing(column))?;
        Ok(self.rows.iter().map(|r| r[at].as_str()).collect())
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// There is no such column, or a field is no number.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, Error> {
        let wrong = |row: usize, value: &str| Error::Value {
            row: row + 1,
            column: column.to_owned(),
            value: if value.is_empty() { "nothing".to_owned() } else { value.to_owned() },
            wanted: "a number",
        };
        self.texts(column)?
            .iter()
            .enumerate()
            .map(|(i, v)| v.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| wrong(i, v)))
            .collect()
    }

    /// The dates of a column.
    ///
    /// # Errors
    /// There is no such column, or a field is no date.
    pub fn dates(&self, column: &str) -> Result<Vec<Date>, Error> {
        let wrong = |row: usize, value: &str| Error::Value {
            row: row + 1,
            column: column.to_owned(),
            value: value.to_owned(),
            wanted: "a date like 2026-01-31",
        };
        self.texts(column)?.iter().enumerate().map(|(i, v)| v.parse().map_err(|_| wrong(i, v))).collect()
    }

    /// The names of the series: `observed` alone, or each `obs_NAME`, or every column that is nothing else.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        if self.position(&["observed"]).is_some() {
            return vec!["observed".to_owned()];
        }
        let named: Vec<String> =
            self.columns.iter().filter_map(|c| c.strip_prefix("obs_")).map(str::to_owned).collect();
        if !named.is_empty() {
            return named;
        }
        let known = ["t", "date", "population", "n", "outbreak_flag"];
        let other =
            |c: &&String| !known.contains(&c.as_str()) && !c.starts_with("pop_") && !c.starts_with("flag_");
        self.columns.iter().filter(other).cloned().collect()
    }

    /// The reporting triangle of the columns `X0`, `X1`, … (or `delay_0`, …): cases by delay, an empty field where no report can
    /// have come yet. Dates are taken from this file, or from `dated` when it is as long.
    ///
    /// # Errors
    /// There are no such columns, or a field is no number.
    pub fn triangle(&self, dated: Option<&Self>) -> Result<Triangle, Error> {
        let at = |d: usize| self.position(&[&format!("X{d}"), &format!("delay_{d}")]);
        let columns: Vec<usize> = (0..).map_while(at).collect();
        if columns.is_empty() {
            return Err(
                self.missing("X0 (cases reported within their own period; X1, X2, … those reported later)")
            );
        }
        let cell = |i: usize, c: usize, text: &str| match text {
            "" => Ok(None),
            text => text.parse::<f64>().map(Some).map_err(|_| Error::Value {
                row: i + 1,
                column: self.columns[c].clone(),
                value: text.to_owned(),
                wanted: "a whole number, or nothing",
            }),
        };
        let cells = self
            .rows
            .iter()
            .enumerate()
            .map(|(i, r)| columns.iter().map(|c| cell(i, *c, &r[*c])).collect())
            .collect::<Result<_, _>>()?;
        let has_dates = |frame: &&Self| frame.position(&["date"]).is_some() && frame.len() == self.len();
        let dates = [Some(self), dated].into_iter().flatten().find(has_dates);
        Ok(Triangle { dates: dates.map(|f| f.dates("date")).transpose()?, cells })
    }

    /// A series by its name, of so many periods a year; the frequency is told by the dates when it is not given.
    ///
    /// # Errors
    /// A column is missing or a field cannot be read; the error names both.
    pub fn series(&self, name: &str, frequency: Option<usize>) -> Result<Series, Error> {
        let column = self
            .position(&[&format!("obs_{name}"), name, "observed"])
            .ok_or_else(|| self.missing(&format!("obs_{name}")))?;
        let counts = self.numbers(&self.columns[column])?;
        let dates = self.position(&["date"]).map(|_| self.dates("date")).transpose()?;
        let frequency = frequency.unwrap_or_else(|| match dates.as_deref() {
            Some([a, b, ..]) => match a.duration_until(*b).as_hours() / 24 {
                0..=6 => 365,
                7..=27 => 52,
                _ => 12,
            },
            _ => 52,
        });
        let mut series = Series::new(counts, frequency)?;
        if let Some(dates) = dates {
            even(&dates)?;
            series = series.with_dates(dates)?;
        }
        if let Some(at) = self.position(&[&format!("pop_{name}"), "population", "n"]) {
            series = series.with_population(self.numbers(&self.columns[at])?)?;
        }
        if let Some(at) = self.position(&[&format!("flag_{name}"), "outbreak_flag"]) {
            let flags = self.numbers(&self.columns[at])?;
            series = series.with_outbreaks(flags.iter().map(|f| *f > 0.0).collect())?;
        }
        Ok(series)
    }
}

/// Days and weeks follow each other without a hole: a period without a row would move every earlier one in the baseline.
fn even(dates: &[Date]) -> Result<(), Error> {
    let days = |w: &[Date]| w[0].duration_until(w[1]).as_hours() / 24;
    let Some(first) = dates.windows(2).map(days).next().filter(|d| [1, 7].contains(d)) else { return Ok(()) };
    match dates.windows(2).position(|w| days(w) != first) {
        None => Ok(()),
        Some(i) => Err(Error::Value {
            row: i + 2,
            column: "date".to_owned(),
            value: dates[i + 1].to_string(),
            wanted: "a day or a week after the row before, like the first two rows (a period without cases is a row of 0)",
        }),
    }
}

/// `a|b|c` or `s1..s50` as names.
#[must_use]
pub fn expand(names: &str) -> Vec<String> {
    let digits = |s: &str| s.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<usize>().ok();
    if let Some((first, last)) = names.split_once("..")
        && let (Some(a), Some(b)) = (digits(first), digits(last))
    {
        let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
        return (a..=b).map(|i| format!("{stem}{i}")).collect();
    }
    names.split('|').map(|n| n.trim().to_owned()).collect()
}
