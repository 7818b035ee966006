//! Counts read from a table: `place,hazard,date,count[,population]`, and what really happened: `place,hazard,first,last`.

use super::{Step, Stream};
use crate::table::{Problem, Table};
use base::Date;
use std::collections::BTreeMap;

/// Names of the column of places.
const PLACE: &[&str] = &["place", "county", "region", "地区"];
/// Names of the column of hazards.
const HAZARD: &[&str] = &["hazard", "syndrome", "pathogen", "危害"];

/// An outbreak known to have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Place code.
    pub place: String,
    /// Hazard.
    pub hazard: String,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

fn wrong(name: &str, row: usize, value: &str, zh: &str, en: &str) -> Problem {
    let line = row + 2;
    Problem::new(
        format!("文件 {name} 第 {line} 行：“{value}”{zh}"),
        format!("file {name}, line {line}: “{value}” {en}"),
    )
}

fn date(name: &str, row: usize, value: &str) -> Result<Date, Problem> {
    value
        .parse()
        .map_err(|_| wrong(name, row, value, "不是日期（如 2026-01-31）", "is not a date like 2026-01-31"))
}

/// Series from a table. Rows may come in any order; a day or week without a row counts zero. All series span the same
/// days, from the first to the last date of the table. When all dates lie whole weeks apart the periods are weeks that begin
/// on the date.
///
/// # Errors
/// A column is missing, a date or count cannot be read, or a row comes twice; file and line are named.
pub fn read(name: &str, table: &Table) -> Result<Vec<Stream>, Problem> {
    let [place, hazard, day, count] =
        table.need(name, [PLACE, HAZARD, &["date", "日期"], &["count", "observed", "例数"]])?;
    let population = table.column(&["population", "人口"]);
    // count and population by day
    type Days = BTreeMap<Date, (f64, Option<f64>)>;
    let mut cells: BTreeMap<(&str, &str), Days> = BTreeMap::new();
    for (i, row) in table.rows.iter().enumerate() {
        let number = |value: &str, whole: bool| {
            value
                .parse::<f64>()
                .ok()
                .filter(|v| v.is_finite() && *v >= 0.0 && (!whole || v.fract() == 0.0))
                .ok_or_else(|| wrong(name, i, value, "不是非负整数", "is not a whole number of cases"))
        };
        let people = match population.map(|c| row[c].as_str()).filter(|v| !v.is_empty()) {
            Some(value) => Some(number(value, false)?),
            None => None,
        };
        let at = date(name, i, &row[day])?;
        let series = cells.entry((&row[place], &row[hazard])).or_default();
        if series.insert(at, (number(&row[count], true)?, people)).is_some() {
            return Err(wrong(
                name,
                i,
                &row[day],
                "：同一地区、危害、日期有两行",
                "comes twice for this place and hazard",
            ));
        }
    }
    let dates = || cells.values().flat_map(BTreeMap::keys);
    let (Some(first), Some(last)) = (dates().min().copied(), dates().max().copied()) else {
        return Ok(Vec::new());
    };
    let since = |d: Date| d.since(first).ok().and_then(|s| usize::try_from(s.get_days()).ok()).unwrap_or(0);
    let weekly = last > first && dates().all(|d| since(*d).is_multiple_of(7));
    let step = if weekly { Step::Week } else { Step::Day };
    let periods = since(last) / step.days() + 1;
    Ok(cells
        .iter()
        .map(|((place, hazard), days)| {
            let mut counts = vec![0.0; periods];
            let mut people: Vec<Option<f64>> = vec![None; periods];
            for (d, (c, p)) in days {
                let at = since(*d) / step.days();
                counts[at] = *c;
                people[at] = *p;
            }
            Stream {
                place: (*place).to_owned(),
                hazard: (*hazard).to_owned(),
                first,
                step,
                counts,
                population: carried(&people),
            }
        })
        .collect())
}

/// The population of every period: the last one known, before the first the first; `None` when none is.
fn carried(people: &[Option<f64>]) -> Option<Vec<f64>> {
    let mut last = people.iter().flatten().next().copied()?;
    Some(
        people
            .iter()
            .map(|p| {
                last = p.unwrap_or(last);
                last
            })
            .collect(),
    )
}

/// Known outbreaks from a table with the columns place, hazard, first, last.
///
/// # Errors
/// A column is missing or a date cannot be read; file and line are named.
pub fn truth(name: &str, table: &Table) -> Result<Vec<Truth>, Problem> {
    let [place, hazard, first, last] =
        table.need(name, [PLACE, HAZARD, &["first", "from", "开始"], &["last", "to", "结束"]])?;
    table
        .rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            Ok(Truth {
                place: row[place].clone(),
                hazard: row[hazard].clone(),
                first: date(name, i, &row[first])?,
                last: date(name, i, &row[last])?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Stream>, Problem> {
        read("f.csv", &Table::parse("f.csv", text).unwrap())
    }

    #[test]
    fn rows_in_any_order_make_series_with_zeros_between() {
        let list = parsed("place,hazard,date,count,population\nb,x,2026-01-03,2,10\na,x,2026-01-01,1,\nb,x,2026-01-01,4,9\n").unwrap();
        let short: Vec<(&str, &[f64])> =
            list.iter().map(|s| (s.place.as_str(), s.counts.as_slice())).collect();
        assert_eq!(short, [("a", [1.0, 0.0, 0.0].as_slice()), ("b", [4.0, 0.0, 2.0].as_slice())]);
        assert_eq!(list[1].population.as_deref(), Some([9.0, 9.0, 10.0].as_slice()));
        assert_eq!(list[0].step, Step::Day);
        let weekly = parsed("place,hazard,date,count\na,x,2026-01-05,1\na,x,2026-01-19,2\n").unwrap();
        assert_eq!((weekly[0].step, weekly[0].counts.len()), (Step::Week, 3));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, line) in [
            ("place,hazard,date,count\na,x,2026-13-01,1\n", "line 2"),
            ("place,hazard,date,count\na,x,2026-01-01,1\na,x,2026-01-02,-1\n", "line 3"),
            ("place,hazard,date,count\na,x,2026-01-01,1\na,x,2026-01-01,1\n", "line 3"),
            ("place,hazard,date,count\na,x,2026-01-01,1.5\n", "line 2"),
        ] {
            let problem = parsed(text).unwrap_err();
            assert!(problem.to_string().contains(line), "{problem}");
        }
    }
}
