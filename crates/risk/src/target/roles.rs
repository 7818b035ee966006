//! Which column of a table means what: named by the caller or recognised by usual names.

use super::Error;
use crate::table::{Row, Table};
use serde::{Deserialize, Serialize};

/// Columns named by the caller; what is absent is looked for under usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Named {
    /// Identifies a visit.
    pub id: Option<String>,
    /// Day of the visit, `2014-09-02`.
    pub date: Option<String>,
    /// Whether something was found: 0 or 1.
    pub outcome: Option<String>,
    /// Identifies the place visited.
    pub place: Option<String>,
    /// Inspector, or group of inspectors, who did or will do it.
    pub inspector: Option<String>,
    /// Degrees north.
    pub latitude: Option<String>,
    /// Degrees east.
    pub longitude: Option<String>,
    /// Codes cited at a visit, separated by `;`.
    pub codes: Option<String>,
    /// Columns not known when planning (the day's weather) or otherwise not to be used.
    pub ignore: Vec<String>,
}

/// The columns found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Roles {
    /// Identifies a visit.
    pub id: String,
    /// Day of the visit.
    pub date: String,
    /// Whether something was found.
    pub outcome: String,
    /// Identifies the place.
    pub place: Option<String>,
    /// Inspector or group of inspectors.
    pub inspector: Option<String>,
    /// Latitude and longitude.
    pub position: Option<(String, String)>,
    /// What else a visit tells, empty in the rows to score: counts by severity, pass or fail. Usable of past visits only.
    pub results: Vec<String>,
    /// Numbers known beforehand.
    pub numbers: Vec<String>,
    /// Texts: names, addresses, kinds.
    pub texts: Vec<String>,
    /// Columns left out, with the reason.
    pub left_out: Vec<(String, &'static str)>,
}

const WEATHER: &[&str] = &["precip", "temperature", "windspeed", "humidity", "weather"];

/// The first of usual names a table has, whatever the case.
fn usual(table: &Table, names: &[&str]) -> Option<String> {
    names.iter().find_map(|n| table.header().iter().find(|h| h.eq_ignore_ascii_case(n)).cloned())
}

/// The column a caller named, which must be there, or a usual one.
pub(super) fn column(table: &Table, given: Option<&String>, names: &[&str]) -> Result<Option<String>, Error> {
    match given {
        Some(name) => {
            table.column(name)?;
            Ok(Some(name.clone()))
        }
        None => Ok(usual(table, names)),
    }
}

/// [`column`] for columns without which nothing can be learnt.
pub(super) fn needed<const N: usize>(
    table: &Table,
    roles: [(Option<&String>, &[&str]); N],
) -> Result<[String; N], Error> {
    let names = roles.map(|(given, usual)| given.cloned().unwrap_or_else(|| usual.join("|")));
    table.require_by(&names.each_ref().map(String::as_str), str::eq_ignore_ascii_case)?;
    let mut found = [const { String::new() }; N];
    for (place, (given, usual)) in found.iter_mut().zip(roles) {
        // every one is there: `require_by` has looked
        *place = column(table, given, usual)?.unwrap_or_default();
    }
    Ok(found)
}

pub(super) const ID: &[&str] = &["Inspection_ID", "id"];
pub(super) const DATE: &[&str] = &["Inspection_Date", "date"];
pub(super) const OUTCOME: &[&str] = &["criticalFound", "outcome", "found"];
pub(super) const PLACE: &[&str] = &["License", "place", "operator"];
pub(super) const INSPECTOR: &[&str] = &["Inspector_Assigned", "inspector_cluster", "inspector"];
pub(super) const LATITUDE: &[&str] = &["Latitude", "lat"];
pub(super) const LONGITUDE: &[&str] = &["Longitude", "lon", "lng"];
pub(super) const CODES: &[&str] = &["violations", "codes"];

/// Whether a column says nothing in the rows whose outcome is still open.
fn blank(table: &Table, column: &str, outcome: &str) -> bool {
    let (Ok(place), told) = (table.column(column), table.column(outcome).ok()) else { return true };
    let open = |row: &Row<'_>| told.is_none_or(|o| row.cell(o).is_empty());
    table.rows().filter(open).all(|row| row.cell(place).is_empty())
}

fn numeric(table: &Table, column: &str) -> bool {
    let Ok(place) = table.column(column) else { return false };
    table.rows().all(|row| row.cell(place).is_empty() || row.cell(place).parse::<f64>().is_ok())
}

impl Roles {
    /// Finds the roles in the table to learn from and the table to score.
    ///
    /// # Errors
    /// A named column is missing; no column identifies visits, gives the day or the outcome.
    pub fn find(train: &Table, score: &Table, named: &Named) -> Result<Self, Error> {
        let [id, date, outcome] = needed(
            train,
            [(named.id.as_ref(), ID), (named.date.as_ref(), DATE), (named.outcome.as_ref(), OUTCOME)],
        )?;
        let place = column(train, named.place.as_ref(), PLACE)?;
        let inspector = column(train, named.inspector.as_ref(), INSPECTOR)?;
        let latitude = column(train, named.latitude.as_ref(), LATITUDE)?;
        let longitude = column(train, named.longitude.as_ref(), LONGITUDE)?;
        let mut roles = Self {
            results: Vec::new(),
            numbers: Vec::new(),
            texts: Vec::new(),
            left_out: Vec::new(),
            position: latitude.zip(longitude),
            id,
            date,
            outcome,
            place,
            inspector,
        };
        for name in train.header() {
            let has_role = [Some(&roles.id), Some(&roles.date), Some(&roles.outcome)]
                .into_iter()
                .chain([roles.place.as_ref(), roles.inspector.as_ref()])
                .flatten()
                .chain(roles.position.iter().flat_map(|p| [&p.0, &p.1]))
                .any(|r| r == name);
            let lower = name.to_ascii_lowercase();
            if has_role || lower == "split" {
                continue;
            }
            if named.ignore.contains(name) {
                roles.left_out.push((name.clone(), "named"));
            } else if WEATHER.iter().any(|w| lower.contains(w)) {
                roles.left_out.push((name.clone(), "not known when planning"));
            } else if lower.starts_with("past") || lower == "timesincelast" || lower == "firstrecord" {
                // of a place visited twice these tell the outcome of the first visit: worked out anew from what was known
                roles.left_out.push((name.clone(), "worked out anew from what was known at the start"));
            } else if !score.has(name) || blank(score, name, &roles.outcome) {
                if train.rows().all(|row| row.text(name).is_ok_and(str::is_empty)) {
                    roles.left_out.push((name.clone(), "empty"));
                } else if numeric(train, name) {
                    roles.results.push(name.clone());
                } else {
                    roles.left_out.push((name.clone(), "not in the rows to score"));
                }
            } else if numeric(train, name) && !lower.starts_with("zip") && !lower.starts_with("post") {
                roles.numbers.push(name.clone());
            } else {
                roles.texts.push(name.clone());
            }
        }
        Ok(roles)
    }
}
