//! From the files of a run to the cells the engine counts in.

use super::adjust;
use super::calendar::{self, Calendar};
use super::places::Place;
use super::population;
use super::settings::{Analysis, Model, Settings};
use crate::table::{Problem, Table, number};
use std::collections::{BTreeMap, HashMap};

/// The files of a run. Columns by name: `location` (or `loc_id`); coordinates `lat`/`lon` or `x`/`y`; cases `cases`,
/// controls `controls`, population `population`; times `date`, `time`, `day`, `month`, `year` or `year2`; `category`
/// (ordinal, multinomial); `value`, `n` and `weight` (normal). Every other column is a covariate.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Places with coordinates; may be absent when only time is scanned.
    pub locations: Option<Table>,
    /// Cases.
    pub cases: Table,
    /// Controls (Bernoulli).
    pub controls: Option<Table>,
    /// Populations (Poisson).
    pub population: Option<Table>,
    /// Relative risks that are known (Poisson, `UseAdjustmentsByRRFile`): `location` (`All`: every place), `rr`, `from`, `to`.
    pub adjustments: Option<Table>,
    /// What the greatest circle is measured by (`UseMaxCirclePopulationFileOption`): `location`, `population`.
    pub max_circle: Option<Table>,
}

/// One observation with a value: continuous or a category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) place: u32,
    pub(crate) interval: u32,
    pub(crate) value: f64,
    pub(crate) weight: f64,
}

/// The data of a run in cells of place × interval (`place * intervals + interval`).
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    pub(crate) places: Vec<Place>,
    pub(crate) calendar: Calendar,
    /// Number of intervals the engine sees: 1 when time is ignored.
    pub(crate) intervals: usize,
    pub(crate) cases: Vec<u32>,
    /// Expected cases (Poisson) or cases and controls (Bernoulli); empty for the permutation model and for values.
    pub(crate) measure: Vec<f64>,
    /// Cases one by one for the permutation model, by stratum: (place, interval).
    pub(crate) strata: Vec<Vec<(u32, u32)>>,
    /// Observations with values, in the order of the file.
    pub(crate) points: Vec<Point>,
    /// Names of the categories, ascending.
    pub(crate) categories: Vec<String>,
    /// Whether weights were given.
    pub(crate) weighted: bool,
    /// Population by place: average over the study (Poisson), cases and controls (Bernoulli).
    pub(crate) population: Vec<f64>,
    /// What the greatest circle is measured by, by place, where expected cases were shared out anew: those before.
    pub(crate) at_risk: Vec<f64>,
    /// Yearly change of the risk that is allowed for, percent.
    pub(crate) annual_trend: Option<f64>,
    /// Rows left out because they lie outside the study period.
    pub(crate) outside: usize,
}

impl Panel {
    /// Analyses that the p-values allow for: those of every interval since surveillance began.
    pub(crate) fn analyses(&self, settings: &Settings) -> usize {
        let first = settings.earlier.and_then(|day| self.calendar.interval(calendar::ordinal(day)));
        first.map_or(1, |first| self.intervals - first)
    }

    pub(crate) fn total(&self) -> u64 {
        if self.points.is_empty() {
            self.cases.iter().map(|c| u64::from(*c)).sum()
        } else {
            self.points.len() as u64
        }
    }
}

const TIMES: [&str; 6] = ["date", "time", "day", "month", "year", "year2"];
pub(crate) const IDS: [&str; 3] = ["location", "loc_id", "id"];

/// One file read row by row: place, interval, count and covariates.
struct Rows<'a> {
    name: &'static str,
    table: &'a Table,
    place: Option<usize>,
    time: Option<usize>,
}

impl<'a> Rows<'a> {
    /// The rows and the column of the amount, which has one of these names.
    fn new(
        name: &'static str,
        table: &'a Table,
        time_only: bool,
        amount: &[&str],
    ) -> Result<(Self, usize), Problem> {
        let (place, amount) = if time_only {
            let [amount] = table.need(name, [amount])?;
            (table.column(&IDS), amount)
        } else {
            let [place, amount] = table.need(name, [&IDS, amount])?;
            (Some(place), amount)
        };
        Ok((Self { name, table, place, time: table.column(&TIMES) }, amount))
    }

    /// Columns that are covariates: all but these.
    fn covariates(&self, known: &[&str]) -> Vec<(String, usize)> {
        let mut list: Vec<(String, usize)> = self
            .table
            .columns
            .iter()
            .enumerate()
            .filter(|(i, c)| {
                Some(*i) != self.place
                    && Some(*i) != self.time
                    && !known.iter().any(|k| c.eq_ignore_ascii_case(k))
            })
            .map(|(i, c)| (c.to_lowercase(), i))
            .collect();
        list.sort();
        list
    }

    fn day(&self, row: usize, settings: &Settings) -> Result<Option<i64>, Problem> {
        let Some(column) = self.time else { return Ok(None) };
        let text = &self.table.rows[row][column];
        let date = if text.len() <= 2 { two_digits(text, settings) } else { calendar::date(text, false) };
        date.map(|d| Some(calendar::ordinal(d))).ok_or_else(|| {
            let (name, line, file) = (&self.table.columns[column], row + 2, self.name);
            Problem::new(
                format!("文件 {file} 第 {line} 行 {name} 列“{text}”不是日期"),
                format!("file {file}, line {line}, column {name}: “{text}” is not a date"),
            )
        })
    }
}

/// A year of two digits: the century that brings it nearest to the study.
fn two_digits(text: &str, settings: &Settings) -> Option<base::Date> {
    let year: i16 = text.parse().ok()?;
    let middle = i16::midpoint(settings.start.year(), settings.end.year());
    let year = [1800, 1900, 2000, 2100].into_iter().map(|c| c + year).min_by_key(|y| (y - middle).abs())?;
    base::Date::new(year, 1, 1).ok()
}

/// Reads the files of a run.
///
/// # Errors
/// A column, place, number or date that is missing or unreadable; cases where no population is.
pub(crate) fn read(files: &Files, settings: &Settings) -> Result<Panel, Problem> {
    let time_only = settings.analysis.time_only();
    let places = if time_only {
        vec![Place { id: "All".to_owned(), a: 0.0, b: 0.0, text: [String::new(), String::new()] }]
    } else {
        read_places(files)?
    };
    let names: HashMap<String, u32> =
        places.iter().enumerate().map(|(i, p)| (p.id.clone(), super::places::index(i))).collect();
    let find = |rows: &Rows<'_>, row: usize| -> Result<u32, Problem> {
        if time_only {
            return Ok(0);
        }
        let id = &rows.table.rows[row][rows.place.unwrap_or(0)];
        names.get(id).copied().ok_or_else(|| unknown_place(rows.name, row, id))
    };
    let calendar = Calendar::new(settings);
    let intervals = if settings.analysis == Analysis::Spatial { 1 } else { calendar.len() };
    let mut panel = Panel {
        intervals,
        cases: vec![0; places.len() * intervals],
        measure: Vec::new(),
        strata: Vec::new(),
        points: Vec::new(),
        categories: Vec::new(),
        weighted: false,
        population: Vec::new(),
        at_risk: Vec::new(),
        annual_trend: None,
        outside: 0,
        calendar,
        places,
    };
    // place and interval of a row; none outside the study
    let cell = |panel: &Panel, rows: &Rows<'_>, row: usize| -> Result<Option<(u32, usize)>, Problem> {
        let place = find(rows, row)?;
        let day = rows.day(row, settings)?;
        let interval = match day {
            Some(day) => panel.calendar.interval(day),
            None => Some(0),
        };
        if intervals > 1 && day.is_none() {
            let file = rows.name;
            return Err(Problem::new(
                format!("文件 {file} 缺少日期列（date、month 或 year）"),
                format!("file {file} lacks a column of dates (date, month or year)"),
            ));
        }
        Ok(interval.map(|t| (place, if intervals == 1 { 0 } else { t })))
    };
    let amounts: &[&str] = match settings.model {
        Model::Normal => &["value", "x", "attribute"],
        Model::Ordinal | Model::Multinomial => &["category", "attribute", "value"],
        Model::Poisson | Model::Bernoulli | Model::Permutation => &["cases", "n", "count"],
    };
    let (cases, amount) = Rows::new("cases", &files.cases, time_only, amounts)?;
    match settings.model {
        Model::Normal | Model::Ordinal | Model::Multinomial => {
            read_points(&mut panel, &cases, amount, settings.model, cell)?
        }
        Model::Poisson | Model::Bernoulli | Model::Permutation => {
            let covariates = cases.covariates(amounts);
            let mut by_stratum: BTreeMap<Vec<String>, Vec<(u32, u32, u32)>> = BTreeMap::new();
            for row in 0..files.cases.rows.len() {
                let n = whole(number("cases", &files.cases, row, amount)?, "cases", row)?;
                let Some((place, interval)) = cell(&panel, &cases, row)? else {
                    panel.outside += 1;
                    continue;
                };
                panel.cases[place as usize * intervals + interval] += n;
                let mut key: Vec<String> =
                    covariates.iter().map(|(_, c)| files.cases.rows[row][*c].clone()).collect();
                if settings.weekly && settings.model == Model::Permutation {
                    key.push(adjust::weekday(panel.calendar.bounds[interval]).to_string());
                }
                by_stratum.entry(key).or_default().push((place, super::places::index(interval), n));
            }
            match settings.model {
                Model::Poisson => {
                    let strata = by_stratum
                        .into_iter()
                        .map(|(k, v)| (k, v.iter().map(|c| u64::from(c.2)).sum::<u64>()))
                        .collect();
                    population::expectations(&mut panel, files, settings, &covariates, &strata)?;
                    panel.at_risk = panel.measure.chunks(intervals).map(|m| m.iter().sum()).collect();
                    adjust::adjust(&mut panel, files, settings)?;
                    population::all_have_some(&panel)?;
                }
                Model::Bernoulli => {
                    let controls = files.controls.as_ref().ok_or_else(|| {
                        Problem::new("缺少对照文件 controls", "the file of controls is missing")
                    })?;
                    let (rows, amount) =
                        Rows::new("controls", controls, time_only, &["controls", "n", "count"])?;
                    panel.measure = panel.cases.iter().map(|c| f64::from(*c)).collect();
                    for row in 0..controls.rows.len() {
                        let n = whole(number("controls", controls, row, amount)?, "controls", row)?;
                        if let Some((place, interval)) = cell(&panel, &rows, row)? {
                            panel.measure[place as usize * intervals + interval] += f64::from(n);
                        } else {
                            panel.outside += 1;
                        }
                    }
                    panel.population = panel.measure.chunks(intervals).map(|m| m.iter().sum()).collect();
                }
                _ => {
                    panel.strata = by_stratum
                        .into_values()
                        .map(|v| {
                            v.into_iter()
                                .flat_map(|(p, t, n)| std::iter::repeat_n((p, t), n as usize))
                                .collect()
                        })
                        .collect();
                }
            }
        }
    }
    if panel.total() < 2 {
        return Err(Problem::new("研究期内病例少于 2 例", "fewer than 2 cases lie in the study period"));
    }
    Ok(panel)
}

/// The number of a place by its identifier.
pub(crate) fn find_place(places: &[Place], file: &str, row: usize, id: &str) -> Result<usize, Problem> {
    places.iter().position(|p| p.id == id).ok_or_else(|| unknown_place(file, row, id))
}

fn unknown_place(file: &str, row: usize, id: &str) -> Problem {
    let line = row + 2;
    Problem::new(
        format!("文件 {file} 第 {line} 行：地点 {id} 不在坐标文件中"),
        format!("file {file}, line {line}: place {id} is not in the file of coordinates"),
    )
}

/// What the greatest circle is measured by, by place; a place without a row weighs nothing.
pub(crate) fn circle_weights(files: &Files, places: &[Place]) -> Result<Vec<f64>, Problem> {
    const NAME: &str = "max_circle";
    let table = files.max_circle.as_ref().ok_or_else(|| {
        Problem::new(
            "缺少最大圆人口文件 max_circle",
            "the file of populations for the greatest circle (max_circle) is missing",
        )
    })?;
    let [place, people] = table.need(NAME, [&IDS, &["population", "pop"]])?;
    let mut weights = vec![0.0; places.len()];
    for row in 0..table.rows.len() {
        let n = number(NAME, table, row, people)?;
        if n < 0.0 {
            let line = row + 2;
            return Err(Problem::new(
                format!("文件 {NAME} 第 {line} 行：人口为负"),
                format!("file {NAME}, line {line}: a negative population"),
            ));
        }
        weights[find_place(places, NAME, row, &table.rows[row][place])?] += n;
    }
    Ok(weights)
}

fn read_places(files: &Files) -> Result<Vec<Place>, Problem> {
    let table = files.locations.as_ref().ok_or_else(|| {
        Problem::new("缺少坐标文件 locations", "the file of coordinates (locations) is missing")
    })?;
    let [id, a, b] = table
        .need("locations", [&IDS, &["lat", "latitude", "x"], &["lon", "long", "longitude", "lng", "y"]])?;
    let mut places: Vec<Place> = Vec::with_capacity(table.rows.len());
    let mut seen = std::collections::HashSet::new();
    for row in 0..table.rows.len() {
        let name = &table.rows[row][id];
        if !seen.insert(name.clone()) {
            return Err(Problem::new(
                format!("坐标文件中地点 {name} 重复"),
                format!("the file of coordinates names place {name} twice"),
            ));
        }
        let (x, y) = (number("locations", table, row, a)?, number("locations", table, row, b)?);
        let sphere = !table.columns[a].eq_ignore_ascii_case("x");
        if sphere && !((-90.0..=90.0).contains(&x) && (-180.0..=360.0).contains(&y)) {
            return Err(Problem::new(
                format!("坐标文件第 {} 行：纬度 {x} 或经度 {y} 超出范围（纬度 ±90，经度 ±180）", row + 2),
                format!(
                    "file locations, line {}: latitude {x} or longitude {y} is out of range (±90, ±180)",
                    row + 2
                ),
            ));
        }
        places.push(Place {
            id: name.clone(),
            a: x,
            b: y,
            text: [table.rows[row][a].clone(), table.rows[row][b].clone()],
        });
    }
    if places.len() < 2 {
        return Err(Problem::new("至少需要两个地点", "at least two places are needed"));
    }
    Ok(places)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number below 2³¹"
)]
fn whole(value: f64, file: &str, row: usize) -> Result<u32, Problem> {
    if value >= 0.0 && value.fract().abs() < 1e-9 && value < 2_147_483_648.0 {
        Ok(value.round() as u32)
    } else {
        let line = row + 2;
        Err(Problem::new(
            format!("文件 {file} 第 {line} 行：{value} 不是非负整数"),
            format!("file {file}, line {line}: {value} is not a whole number of at least 0"),
        ))
    }
}

fn read_points(
    panel: &mut Panel,
    rows: &Rows<'_>,
    value: usize,
    model: Model,
    cell: impl Fn(&Panel, &Rows<'_>, usize) -> Result<Option<(u32, usize)>, Problem>,
) -> Result<(), Problem> {
    let table = rows.table;
    let amount = table.column(&["n", "cases", "count"]);
    let normal = model == Model::Normal;
    let weight = table.column(&["weight", "w"]).filter(|_| normal);
    panel.weighted = weight.is_some();
    if !normal {
        let mut names: Vec<String> = table.rows.iter().map(|r| r[value].clone()).collect();
        names.sort_by(|a, b| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(x), Ok(y)) => x.total_cmp(&y),
            _ => a.cmp(b),
        });
        names.dedup();
        if names.len() < 2 {
            return Err(Problem::new("类别少于两个", "fewer than two categories"));
        }
        panel.categories = names;
    }
    for row in 0..table.rows.len() {
        let n = match amount {
            Some(column) => whole(number("cases", table, row, column)?, "cases", row)?,
            None => 1,
        };
        let Some((place, interval)) = cell(panel, rows, row)? else {
            panel.outside += 1;
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "a handful of categories")]
        let x = if normal {
            number("cases", table, row, value)?
        } else {
            panel.categories.iter().position(|c| *c == table.rows[row][value]).unwrap_or(0) as f64
        };
        let w = match weight {
            Some(column) => number("cases", table, row, column)?,
            None => 1.0,
        };
        if w <= 0.0 {
            let line = row + 2;
            return Err(Problem::new(
                format!("文件 cases 第 {line} 行：权重应大于 0"),
                format!("file cases, line {line}: the weight must be above 0"),
            ));
        }
        panel.cases[place as usize * panel.intervals + interval] += n;
        let point = Point { place, interval: super::places::index(interval), value: x, weight: w };
        panel.points.extend(std::iter::repeat_n(point, n as usize));
    }
    Ok(())
}

/// A row of a population file.
pub(crate) struct Census {
    pub(crate) place: String,
    pub(crate) stratum: Vec<String>,
    pub(crate) date: Option<base::Date>,
    pub(crate) people: f64,
}

/// The rows of a population file, covariates in the order of those of the cases.
pub(crate) fn censuses(
    table: &Table,
    settings: &Settings,
    covariates: &[(String, usize)],
) -> Result<Vec<Census>, Problem> {
    let (rows, people) =
        Rows::new("population", table, settings.analysis.time_only(), &["population", "pop"])?;
    let columns: Vec<usize> = covariates
        .iter()
        .map(|(name, _)| table.need("population", [&[name]]).map(|[at]| at))
        .collect::<Result<_, _>>()?;
    let mut out = Vec::with_capacity(table.rows.len());
    for (row, cells) in table.rows.iter().enumerate() {
        let date =
            rows.day(row, settings)?.and_then(|_| rows.time.and_then(|c| census_day(&cells[c], settings)));
        let people = number("population", table, row, people)?;
        if people < 0.0 {
            let line = row + 2;
            return Err(Problem::new(
                format!("文件 population 第 {line} 行：人口为负"),
                format!("file population, line {line}: a negative population"),
            ));
        }
        let place = rows.place.map_or_else(String::new, |c| cells[c].clone());
        out.push(Census {
            place,
            stratum: columns.iter().map(|c| cells[*c].clone()).collect(),
            date,
            people,
        });
    }
    Ok(out)
}

/// The day a census stands for: 1 July of a year, the 15th of a month, the day itself.
fn census_day(text: &str, settings: &Settings) -> Option<base::Date> {
    let first = if text.len() <= 2 { two_digits(text, settings) } else { calendar::date(text, false) }?;
    match text.split(['/', '-']).count() {
        1 => base::Date::new(first.year(), 7, 1).ok(),
        2 => base::Date::new(first.year(), first.month(), 15).ok(),
        _ => Some(first),
    }
}
