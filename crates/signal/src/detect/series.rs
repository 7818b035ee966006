//! A series of counts.

use super::{Error, Range};
use base::Date;

/// Counts of equal periods in time order, with what belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    counts: Vec<f64>,
    population: Option<Vec<f64>>,
    dates: Option<Vec<Date>>,
    outbreak: Option<Vec<bool>>,
    frequency: usize,
}

impl Series {
    /// A series of counts with so many periods a year (52 weeks, 12 months, 365 days).
    ///
    /// # Errors
    /// A count is negative or not whole, or the frequency is zero.
    pub fn new(counts: Vec<f64>, frequency: usize) -> Result<Self, Error> {
        for (i, c) in counts.iter().enumerate() {
            if !(*c >= 0.0 && c.fract().abs() < f64::EPSILON && c.is_finite()) {
                return Err(Error::Value {
                    row: i + 1,
                    column: "observed".to_owned(),
                    value: c.to_string(),
                    wanted: "a whole number of cases",
                });
            }
        }
        if frequency == 0 {
            return Err(Error::setting("freq", 0, "periods a year, such as 52"));
        }
        Ok(Self { counts, population: None, dates: None, outbreak: None, frequency })
    }

    /// With the population (or the number examined) of each period.
    ///
    /// # Errors
    /// Another number of periods or a value that is negative or missing.
    pub fn with_population(mut self, population: Vec<f64>) -> Result<Self, Error> {
        self.same_length("population", population.len())?;
        for (i, p) in population.iter().enumerate() {
            if !(*p >= 0.0 && p.is_finite()) {
                return Err(Error::Value {
                    row: i + 1,
                    column: "population".to_owned(),
                    value: p.to_string(),
                    wanted: "a number of people",
                });
            }
        }
        self.population = Some(population);
        Ok(self)
    }

    /// With the first day of each period.
    ///
    /// # Errors
    /// Another number of periods, or dates that do not ascend.
    pub fn with_dates(mut self, dates: Vec<Date>) -> Result<Self, Error> {
        self.same_length("date", dates.len())?;
        if let Some(i) = dates.windows(2).position(|w| w[0] >= w[1]) {
            return Err(Error::Value {
                row: i + 2,
                column: "date".to_owned(),
                value: dates[i + 1].to_string(),
                wanted: "after the date before it",
            });
        }
        self.dates = Some(dates);
        Ok(self)
    }

    /// With marks of the periods that were outbreaks.
    ///
    /// # Errors
    /// Another number of periods.
    pub fn with_outbreaks(mut self, outbreak: Vec<bool>) -> Result<Self, Error> {
        self.same_length("outbreak_flag", outbreak.len())?;
        self.outbreak = Some(outbreak);
        Ok(self)
    }

    fn same_length(&self, column: &str, length: usize) -> Result<(), Error> {
        if length == self.counts.len() {
            return Ok(());
        }
        Err(Error::Value {
            row: length.min(self.counts.len()) + 1,
            column: column.to_owned(),
            value: format!("{length} values"),
            wanted: "as long as the counts",
        })
    }

    /// Cases of each period.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// Population of each period.
    #[must_use]
    pub fn population(&self) -> Option<&[f64]> {
        self.population.as_deref()
    }

    /// First day of each period.
    #[must_use]
    pub fn dates(&self) -> Option<&[Date]> {
        self.dates.as_deref()
    }

    /// Periods marked as outbreaks.
    #[must_use]
    pub fn outbreak(&self) -> Option<&[bool]> {
        self.outbreak.as_deref()
    }

    /// Periods a year.
    #[must_use]
    pub fn frequency(&self) -> usize {
        self.frequency
    }

    /// Number of periods.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// No period at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Checks that a range lies inside.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, range: Range) -> Result<(), Error> {
        if range.from == 0 || range.is_empty() || range.to > self.len() {
            return Err(Error::Range { from: range.from, to: range.to, length: self.len() });
        }
        Ok(())
    }
}
