//! Visits as read from the tables: who was visited when by whom, what was found, and what was known.

use super::Error;
use super::roles::{self, Named, Roles, column};
use crate::table::{Row, Table};
use base::Date;
use std::collections::BTreeMap;

/// A visit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Visit {
    pub(super) id: String,
    /// Days since 1970.
    pub(super) day: i32,
    pub(super) place: u32,
    /// Whether something was found; `None` when not known.
    pub(super) found: Option<bool>,
    pub(super) inspector: Option<u32>,
    /// The columns of [`Roles::results`]; NaN unknown.
    pub(super) results: Vec<f64>,
    pub(super) codes: Vec<u32>,
    /// The texts of [`Roles::texts`] as numbers of their own.
    pub(super) texts: Vec<Option<u32>>,
    pub(super) at: Option<(f64, f64)>,
    /// The columns of [`Roles::numbers`]; for visits known from the history alone those of the place's last visit in the table, empty
    /// when there was none.
    pub(super) numbers: Vec<f64>,
    /// Whether it stands in the table itself and not in the history alone.
    pub(super) tabled: bool,
}

/// Everything read.
#[derive(Debug, Clone, Default)]
pub(super) struct Visits {
    /// Visits whose outcome is known, in order of day and id.
    pub(super) past: Vec<Visit>,
    /// How many of `past` came from the history alone.
    pub(super) history_only: usize,
    /// Visits to score, as in their table.
    pub(super) score: Vec<Visit>,
    pub(super) inspectors: Vec<String>,
    pub(super) codes: Vec<String>,
    /// Spellings of each text column.
    pub(super) spellings: Vec<Vec<String>>,
}

#[derive(Default)]
struct Names(BTreeMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    fn list(self) -> Vec<String> {
        let mut list: Vec<(u32, String)> = self.0.into_iter().map(|(name, i)| (i, name)).collect();
        list.sort_unstable();
        list.into_iter().map(|(_, name)| name).collect()
    }
}

/// A text as compared: capital letters, single blanks.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

fn number(row: &Row<'_>, place: Option<usize>) -> f64 {
    place.and_then(|p| row.cell(p).parse().ok()).filter(|v: &f64| v.is_finite()).unwrap_or(f64::NAN)
}

#[derive(Default)]
struct Reader {
    places: Names,
    inspectors: Names,
    codes: Names,
    texts: Vec<Names>,
}

/// The columns of one table.
struct Columns<'a> {
    id: &'a str,
    date: &'a str,
    place: Option<&'a str>,
    inspector: Option<usize>,
    codes: Option<usize>,
    position: Option<(usize, usize)>,
    results: Vec<Option<usize>>,
    numbers: Vec<Option<usize>>,
    texts: Vec<Option<usize>>,
    tabled: bool,
}

/// Positions of columns that may be missing.
fn places(table: &Table, columns: &[String]) -> Vec<Option<usize>> {
    columns.iter().map(|c| table.column(c).ok()).collect()
}

impl<'a> Columns<'a> {
    fn of(
        table: &Table,
        roles: &'a Roles,
        named: [&'a str; 2],
        optional: [Option<&'a str>; 3],
        known: bool,
    ) -> Self {
        let find = |c: &str| table.column(c).ok();
        Self {
            id: named[0],
            date: named[1],
            place: optional[0],
            inspector: optional[1].and_then(find),
            codes: optional[2].and_then(find),
            position: roles.position.as_ref().and_then(|(a, b)| find(a).zip(find(b))),
            results: places(table, &roles.results),
            numbers: if known { places(table, &roles.numbers) } else { Vec::new() },
            texts: places(table, &roles.texts),
            tabled: known,
        }
    }
}

impl Reader {
    fn visit(&mut self, row: &Row<'_>, c: &Columns<'_>) -> Result<Visit, Error> {
        let id = row.word(c.id)?.to_owned();
        let date: Date = row
            .word(c.date)?
            .get(..10)
            .and_then(|d| d.parse().ok())
            .ok_or_else(|| row.fault(c.date, "must be a day such as 2014-09-02"))?;
        // without a place every visit stands for itself
        let place = c.place.map_or(Ok(id.as_str()), |p| row.word(p))?;
        let inspector = c.inspector.map(|i| row.cell(i)).filter(|t| !t.is_empty());
        let codes = c.codes.map(|i| row.cell(i)).unwrap_or_default();
        let at = c.position.map(|(a, b)| (number(row, Some(a)), number(row, Some(b))));
        let texts = c.texts.iter().zip(&mut self.texts).map(|(t, names)| {
            t.map(|t| plain(row.cell(t))).filter(|t| !t.is_empty()).map(|t| names.number(&t))
        });
        let texts = texts.collect();
        let read = |list: &[Option<usize>]| -> Vec<f64> { list.iter().map(|r| number(row, *r)).collect() };
        Ok(Visit {
            day: i32::try_from(date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24).unwrap_or(0),
            place: self.places.number(place),
            found: None,
            inspector: inspector.map(|i| self.inspectors.number(i)),
            results: read(&c.results),
            codes: codes
                .split(';')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(|t| self.codes.number(t))
                .collect(),
            texts,
            at: at.filter(|p| p.0.is_finite() && p.1.is_finite()),
            numbers: read(&c.numbers),
            tabled: c.tabled,
            id,
        })
    }
}

fn outcome(row: &Row<'_>, column: &str) -> Result<Option<bool>, Error> {
    match row.text(column)? {
        "" => Ok(None),
        "0" | "0.0" | "false" | "False" => Ok(Some(false)),
        "1" | "1.0" | "true" | "True" => Ok(Some(true)),
        _ => Err(row.fault(column, "must be 0 or 1").into()),
    }
}

/// Which column of the history tells the outcome: the outcome's own name, or the count that is above zero where the outcome of the
/// same visit is 1 and nowhere else (but for one visit in two hundred: records get corrected).
fn history_outcome(
    history: &Table,
    id: &str,
    roles: &Roles,
    known: &BTreeMap<&str, bool>,
) -> Result<usize, Error> {
    if let Ok(place) = history.column(&roles.outcome) {
        return Ok(place);
    }
    let id = history.column(id)?;
    let agrees = |place: &usize| {
        let (mut seen, mut wrong) = (0, 0);
        for row in history.rows() {
            let Some(found) = known.get(row.cell(id)) else { continue };
            let value = number(&row, Some(*place));
            seen += 1;
            wrong += u32::from(value.is_nan() || (value > 0.0) != *found);
        }
        seen > 0 && wrong * 200 <= seen
    };
    let mut candidates = roles.results.iter().filter_map(|r| history.column(r).ok());
    candidates.find(agrees).ok_or_else(|| Error::History { outcome: roles.outcome.clone() })
}

impl Visits {
    pub(super) fn read(
        train: &Table,
        history: Option<&Table>,
        score: &Table,
        named: &Named,
        roles: &Roles,
    ) -> Result<Self, Error> {
        let mut reader =
            Reader { texts: roles.texts.iter().map(|_| Names::default()).collect(), ..Reader::default() };
        let usual = column(train, None, roles::CODES)?;
        let codes = named.codes.as_deref().filter(|c| train.has(c)).or(usual.as_deref());
        let optional = [roles.place.as_deref(), roles.inspector.as_deref(), codes];
        let own = Columns::of(train, roles, [&roles.id, &roles.date], optional, true);
        let open = Columns::of(score, roles, [&roles.id, &roles.date], optional, true);
        let mut out = Self::default();
        let mut place_of: BTreeMap<String, usize> = BTreeMap::new();
        for row in train.rows() {
            let Some(found) = outcome(&row, &roles.outcome)? else { continue };
            let visit = reader.visit(&row, &own)?;
            if place_of.insert(visit.id.clone(), out.past.len()).is_some() {
                return Err(row.fault(&roles.id, "stands twice; every visit needs an id of its own").into());
            }
            out.past.push(Visit { found: Some(found), ..visit });
        }
        let mut ids = BTreeMap::new();
        for row in score.rows() {
            // the whole table may be given twice: only what is open is scored
            if score.has(&roles.outcome) && outcome(&row, &roles.outcome)?.is_some() {
                continue;
            }
            let visit = reader.visit(&row, &open)?;
            if ids.insert(visit.id.clone(), row.at()).is_some() {
                return Err(row.fault(&roles.id, "stands twice; every visit needs an id of its own").into());
            }
            out.score.push(visit);
        }
        if out.score.is_empty() {
            return Err(Error::NothingToScore { outcome: roles.outcome.clone() });
        }
        if let Some(history) = history {
            out.add_history(history, named, roles, &mut reader, &place_of)?;
        }
        out.past.sort_by(|a, b| (a.day, &a.id).cmp(&(b.day, &b.id)));
        out.carry_facts_forward();
        out.inspectors = reader.inspectors.list();
        out.codes = reader.codes.list();
        out.spellings = reader.texts.into_iter().map(Names::list).collect();
        let hits = out.past.iter().filter(|v| v.found == Some(true)).count();
        if hits < 20 || out.past.len() - hits < 20 {
            return Err(Error::TooFew { found: hits, clean: out.past.len() - hits });
        }
        Ok(out)
    }

    /// What the table last said of a place holds for its visits that only the history tells of.
    fn carry_facts_forward(&mut self) {
        let mut last: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for visit in &mut self.past {
            if visit.tabled {
                last.insert(visit.place, visit.numbers.clone());
            } else {
                visit.numbers = last.get(&visit.place).cloned().unwrap_or_default();
            }
        }
    }

    fn table_ends(&self) -> Option<i32> {
        self.past.iter().filter(|v| v.tabled).map(|v| v.day).max()
    }

    /// Days between the last visit of the table and the first day to score, at most a year.
    pub(super) fn lag(&self) -> i32 {
        let to_score = self.score.iter().map(|v| v.day).min();
        self.table_ends().zip(to_score).map_or(0, |(end, first)| (first - end - 1).clamp(0, 366))
    }

    /// The record as it would have stood at the first day of a window of the past if it had then lacked what it lacks now: between the
    /// last visit of the table and the first day to score nothing may be known, or only what a history tells without inspector and facts.
    pub(super) fn as_known_before(&self, start: i32) -> Self {
        let mut out = self.clone();
        let (table_ends, lag) = (self.table_ends(), self.lag());
        let late: Vec<&Visit> = self.past.iter().filter(|v| Some(v.day) > table_ends).collect();
        let lacking = |day: i32| (start - lag..start).contains(&day);
        if late.is_empty() {
            out.past.retain(|v| !lacking(v.day));
            return out;
        }
        let inspectors = late.iter().filter(|v| v.inspector.is_some()).count() * 2 > late.len();
        let codes = late.iter().any(|v| !v.codes.is_empty());
        let results = late[0].results.len();
        let told: Vec<bool> = (0..results).map(|k| late.iter().any(|v| v.results[k].is_finite())).collect();
        for visit in out.past.iter_mut().filter(|v| lacking(v.day)) {
            visit.tabled = false;
            if !inspectors {
                visit.inspector = None;
            }
            if !codes {
                visit.codes.clear();
            }
            for (value, told) in visit.results.iter_mut().zip(&told) {
                if !told {
                    *value = f64::NAN;
                }
            }
        }
        out.carry_facts_forward();
        out
    }

    fn add_history(
        &mut self,
        history: &Table,
        named: &Named,
        roles: &Roles,
        reader: &mut Reader,
        place_of: &BTreeMap<String, usize>,
    ) -> Result<(), Error> {
        let pick = |given: Option<&String>, own: &str, usual: &[&str]| -> Result<Option<String>, Error> {
            if history.has(own) {
                return Ok(Some(own.to_owned()));
            }
            column(history, given.filter(|g| history.has(g)), usual)
        };
        let id = pick(named.id.as_ref(), &roles.id, roles::ID)?;
        let date = pick(named.date.as_ref(), &roles.date, roles::DATE)?;
        let [id, date] = roles::needed(history, [(id.as_ref(), roles::ID), (date.as_ref(), roles::DATE)])?;
        let place = pick(named.place.as_ref(), roles.place.as_deref().unwrap_or_default(), roles::PLACE)?;
        let inspector =
            pick(named.inspector.as_ref(), roles.inspector.as_deref().unwrap_or_default(), roles::INSPECTOR)?;
        let codes = pick(named.codes.as_ref(), "", roles::CODES)?;
        let optional = [place.as_deref(), inspector.as_deref(), codes.as_deref()];
        let columns = Columns::of(history, roles, [&id, &date], optional, false);
        let known: BTreeMap<&str, bool> =
            self.past.iter().filter_map(|v| Some((v.id.as_str(), v.found?))).collect();
        let told = history_outcome(history, &id, roles, &known)?;
        let open: std::collections::BTreeSet<String> = self.score.iter().map(|v| v.id.clone()).collect();
        for row in history.rows() {
            let visit = reader.visit(&row, &columns)?;
            if open.contains(&visit.id) {
                return Err(row
                    .fault(&id, "is to be scored: its outcome must not stand in the history")
                    .into());
            }
            if let Some(&at) = place_of.get(&visit.id) {
                self.past[at].codes = visit.codes;
                continue;
            }
            let value = number(&row, Some(told));
            if !value.is_nan() {
                self.history_only += 1;
                self.past.push(Visit { found: Some(value > 0.0), ..visit });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(history: Option<&str>) -> Visits {
        let mut train = "id,date,place,inspector,outcome,minor,area\n".to_owned();
        for i in 0..120 {
            let (month, day) = (1 + i / 20, 1 + i % 20);
            train.push_str(&format!(
                "t{i},2024-{month:02}-{day:02},p{},i{},{},1,{i}\n",
                i % 30,
                i % 3,
                i % 2
            ));
        }
        let table = |text: &str| Table::read("made up", text.as_bytes()).unwrap();
        let (train, score) =
            (table(&train), table("id,date,place,inspector,outcome,minor,area\ns1,2024-08-01,p1,i1,,,7\n"));
        let named = Named::default();
        let roles = Roles::find(&train, &score, &named).unwrap();
        let history = history.map(table);
        Visits::read(&train, history.as_ref(), &score, &named, &roles).unwrap()
    }

    /// Days since 1970 of a day of 2024.
    fn day(month: i8, day: i8) -> i32 {
        let since = Date::constant(2024, month, day).duration_since(Date::constant(1970, 1, 1));
        i32::try_from(since.as_hours() / 24).unwrap()
    }

    #[test]
    fn a_window_of_the_past_is_proven_with_no_more_than_is_known_before_the_one_to_score() {
        // the table ends on 20 June, the first visit to score is on 1 August: 41 days of which nothing is known
        let visits = read(None);
        let then = visits.as_known_before(day(6, 1));
        assert!(visits.past.iter().any(|v| (day(4, 21)..day(6, 1)).contains(&v.day)));
        assert!(then.past.iter().all(|v| !(day(4, 21)..day(6, 1)).contains(&v.day)));
        assert!(
            then.past.iter().any(|v| v.day == day(4, 20)) && then.past.iter().any(|v| v.day == day(6, 1))
        );

        // a history tells of those days what was found, but not by whom, nor the facts
        let visits = read(Some("id,date,place,outcome\nh1,2024-07-03,p2,1\nh2,2024-07-04,p99,0\n"));
        let then = visits.as_known_before(day(6, 1));
        assert_eq!(then.past.len(), visits.past.len());
        for (was, is) in visits.past.iter().zip(&then.past) {
            let lacks = (day(4, 21)..day(6, 1)).contains(&was.day);
            assert_eq!(is.inspector.is_none(), lacks || !was.tabled, "{was:?}");
            assert_eq!((is.found, &is.id), (was.found, &was.id));
            assert_eq!(is.results[0].is_nan(), lacks || !was.tabled);
        }
        // facts are those of the place's last visit in the table, never of a later one
        let late = then.past.iter().find(|v| v.day == day(5, 3)).unwrap();
        let before = visits.past.iter().rfind(|v| v.place == late.place && v.day < day(4, 21)).unwrap();
        assert_eq!(late.numbers, before.numbers);
        assert_eq!(visits.past.iter().find(|v| v.id == "h1").unwrap().numbers, [92.0]);
        assert!(visits.past.iter().find(|v| v.id == "h2").unwrap().numbers.is_empty());
    }
}
