//! Dose–response data from a table, and the report as the table that comparisons use.

use super::{Data, Ends, Error, Point, Report};
use crate::table::{Row, Table};
use serde::{Deserialize, Serialize};

/// Which columns hold what; absent ones are recognised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Columns {
    /// Quantal data.
    pub quantal: bool,
    /// Dose; else the column the `Substance` column names, or one whose name begins with `dose`.
    pub dose: Option<String>,
    /// Response; else the column after the dose.
    pub response: Option<String>,
    /// Animals of a row; else `N`, `n` or `sample.size`.
    pub number: Option<String>,
    /// Standard deviation of a row; else `SD`, `sd`.
    pub deviation: Option<String>,
    /// Covariate; else `sex`, `Gender`.
    pub covariate: Option<String>,
}

fn known(table: &Table, given: Option<&String>, names: &[&str]) -> Result<Option<String>, Error> {
    if let Some(name) = given {
        table.column(name)?;
        return Ok(Some(name.clone()));
    }
    let found = |n: &&str| table.header().iter().find(|h| h.eq_ignore_ascii_case(n)).cloned();
    Ok(names.iter().find_map(found))
}

/// Names of the column of numbers of animals or people.
const NUMBER: &str = "N|sample.size|number.of.animals";

/// Names of a column that can hold nothing but the number of animals affected: a wrong number there is an error, not a mean.
const AFFECTED: [&str; 5] = ["affected", "incidence", "positives", "responders", "cases"];

/// Whether a table that does not say so is of affected among so many: it has the numbers and no standard deviations, and no row has
/// more affected than there are, nor a part of one. `columns.quantal` is not looked at.
///
/// # Errors
/// As [`data`].
pub fn is_quantal(table: &Table, columns: &Columns) -> Result<bool, Error> {
    let has = |names: &[&str]| known(table, None, names).map(|found| found.is_some());
    if columns.deviation.is_some() || has(&["SD"])? {
        return Ok(false);
    }
    if columns.number.is_none() && !has(&["N", "sample.size", "number.of.animals"])? {
        return Ok(false);
    }
    let counted = table.header().iter().find(|h| AFFECTED.iter().any(|a| h.eq_ignore_ascii_case(a)));
    if columns.response.as_ref().or(counted).is_some_and(|h| counted == Some(h)) {
        return Ok(true);
    }
    let read = data(table, &Columns { quantal: true, ..columns.clone() });
    Ok(read.is_ok_and(|d| d.points.iter().all(|p| p.y.fract() == 0.0)))
}

/// Reads dose–response data.
///
/// # Errors
/// A column that is missing, a cell that is no number, more affected than there are.
pub fn data(table: &Table, columns: &Columns) -> Result<Data, Error> {
    let substance = table.rows().next().and_then(|row| row.text("Substance").ok().map(str::to_owned));
    let named = substance.filter(|s| table.has(s));
    let by_name = || table.header().iter().find(|h| h.to_ascii_lowercase().starts_with("dose")).cloned();
    let expected = if columns.quantal { &["dose", "response", NUMBER][..] } else { &["dose", "response"] };
    let lacks = |missing: &str| table.lacks(&[missing], expected);
    let dose =
        known(table, columns.dose.as_ref(), &[])?.or(named).or_else(by_name).ok_or_else(|| lacks("dose"))?;
    let next = table.column(&dose)? + 1;
    let response = known(table, columns.response.as_ref(), &[])?
        .or_else(|| table.header().get(next).cloned())
        .ok_or_else(|| lacks("response"))?;
    let number = known(table, columns.number.as_ref(), &["N", "sample.size", "number.of.animals"])?;
    let deviation = known(table, columns.deviation.as_ref(), &["SD", "sd"])?;
    let covariate = known(table, columns.covariate.as_ref(), &["sex", "gender"])?;
    if columns.quantal && number.is_none() {
        return Err(lacks(NUMBER).into());
    }
    table.require(&[])?;
    let mut groups: Vec<String> = match &covariate {
        Some(c) => table.rows().map(|row| row.text(c).map(str::to_owned)).collect::<Result<_, _>>()?,
        None => vec![String::from("all")],
    };
    groups.sort();
    groups.dedup();
    let need = |row: &Row<'_>, column: &str| -> Result<f64, Error> {
        let value = row.optional(column)?.ok_or_else(|| row.fault(column, "a number is needed"))?;
        if value < 0.0 { Err(row.fault(column, "must not be negative").into()) } else { Ok(value) }
    };
    // a value of zero has no logarithm: it lies below the smallest positive one
    let mut least = f64::INFINITY;
    for row in table.rows() {
        let y = need(&row, &response)?;
        if y > 0.0 {
            least = least.min(y);
        }
    }
    let mut points = Vec::new();
    for row in table.rows() {
        let (x, y) = (need(&row, &dose)?, need(&row, &response)?);
        let n = number.as_deref().map_or(Ok(1.0), |c| need(&row, c))?;
        let group = match &covariate {
            Some(c) => groups.binary_search(&row.text(c)?.to_owned()).unwrap_or(0),
            None => 0,
        };
        let plain = Point { dose: x, y, n, spread: 0.0, below: false, group };
        points.push(if columns.quantal {
            if y > n {
                return Err(row.fault(&response, "more affected than there are").into());
            }
            if y.fract() != 0.0 {
                return Err(row.fault(&response, "must be a whole number of animals affected").into());
            }
            plain
        } else if y <= 0.0 {
            Point { y: least.ln(), below: true, ..plain }
        } else if let Some(sd) = &deviation {
            // mean and standard deviation of a lognormal, on the scale of logs
            let cv2 = (need(&row, sd)? / y).powi(2).ln_1p();
            Point { y: y.ln() - cv2 / 2.0, spread: cv2 * (n - 1.0) / n, ..plain }
        } else {
            Point { y: y.ln(), n: 1.0, ..plain }
        });
    }
    Ok(Data { quantal: columns.quantal, points, groups })
}

/// The report as a table: family, model, param_names, param_values, npar, loglik, aic, ced_bmd, bmdl, bmdu.
#[must_use]
pub fn report(found: &Report) -> Table {
    let columns = [
        "family",
        "model",
        "param_names",
        "param_values",
        "npar",
        "loglik",
        "aic",
        "ced_bmd",
        "bmdl",
        "bmdu",
    ];
    let mut out = Table::with_header("bmd", &columns);
    let join = |list: &[f64]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut line = |name: &str, (ll, n): (f64, usize)| {
        let cells = [
            "summary",
            name,
            "",
            "",
            &n.to_string(),
            &ll.to_string(),
            &(2.0 * n as f64 - 2.0 * ll).to_string(),
        ];
        out.push(cells.map(str::to_owned).to_vec());
    };
    line("null", found.null);
    // with a mean for every single row there is no spread left to speak of
    if found.full.0.is_finite() && found.full.1 <= found.rows {
        line("full", found.full);
    }
    let open = |end: Option<f64>| end.map_or_else(|| "open".to_owned(), |v| v.to_string());
    for f in &found.fits {
        let fit = &f.fit;
        let names: Vec<&str> = fit.parameters.iter().map(|p| p.0.as_str()).collect();
        let values: Vec<f64> = fit.parameters.iter().map(|p| p.1).collect();
        let ends = |side: &dyn Fn(&Ends) -> Option<f64>| {
            f.interval.iter().map(|e| open(side(e))).collect::<Vec<_>>().join(" ")
        };
        out.push(vec![
            fit.spec.family.label().to_owned(),
            fit.spec.label(),
            names.join(" "),
            join(&values),
            values.len().to_string(),
            fit.log_likelihood.to_string(),
            fit.aic.to_string(),
            join(&fit.dose),
            ends(&|e| e.0),
            ends(&|e| e.1),
        ]);
    }
    let mut last = vec!["summary".to_owned(), "BMD_CI_overall".to_owned()];
    last.resize(8, String::new());
    if let Some((low, high)) = found.overall {
        last.extend([open(low), open(high)]);
    }
    out.push(last);
    out
}
