//! Facts with their days, and the tables of them: nothing a visit is judged by is later than the day before it.

use crate::Aim;
use base::region::{RegionCode, Regions};
use base::{Date, Id};
use risk::table::Table;
use std::collections::HashMap;

/// Something that can be visited: an operator, or a class of food at a stage in a county.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subject {
    /// `operator:ID`, or `county~class~stage`.
    pub key: String,
    /// The operator.
    pub operator: Option<Id>,
    /// Name on screen.
    pub name: String,
    /// County code, six digits or longer.
    pub region: String,
    /// Business (`catering`), or food class.
    pub kind: String,
    /// Stage of the chain; empty for operators.
    pub stage: String,
    /// Degrees north and east.
    pub at: Option<(f64, f64)>,
    /// Can be visited now; others only teach.
    pub active: bool,
    /// First day of its first licence.
    pub licensed: Option<Date>,
    /// Days of complaints and reports about it (of a class of food: in its county).
    pub complaints: Vec<Date>,
    /// Days of failed samples taken or made there.
    pub failures: Vec<Date>,
    /// Days of penalties and severe violations.
    pub penalties: Vec<Date>,
    /// Risk grades by the day they began, 1 (A) to 4 (D).
    pub risk: Vec<(Date, f64)>,
    /// Credit classes by the day they began, 1 the best.
    pub credit: Vec<(Date, f64)>,
    /// First day of trade with each partner on record.
    pub partners: Vec<Date>,
}

/// A visit with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Identifies it.
    pub id: String,
    /// [`Subject::key`].
    pub subject: String,
    /// Day.
    pub on: Date,
    /// Something was found.
    pub found: bool,
    /// Key points failed; `None` not told.
    pub key_points: Option<u32>,
    /// General points failed.
    pub general_points: Option<u32>,
    /// Who came, or which laboratory tested; empty: not told.
    pub who: String,
}

/// What is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// What can be visited.
    pub subjects: Vec<Subject>,
    /// Visits so far.
    pub visits: Vec<Seen>,
}

/// Columns of both aims, then those of inspections alone, then those of samples alone.
const COMMON: [&str; 11] = [
    "id",
    "date",
    "place",
    "inspector",
    "outcome",
    "latitude",
    "longitude",
    "kind",
    "county",
    "prefecture",
    "complaints_1y",
];
const OF_INSPECTIONS: [&str; 9] = [
    "key_points",
    "general_points",
    "size",
    "licence_years",
    "failures_2y",
    "penalties_2y",
    "risk_grade",
    "credit_class",
    "partners",
];
const OF_SAMPLES: [&str; 1] = ["stage"];

fn days_before(day: Date, days: i64) -> Date {
    day.checked_sub(jiff::Span::new().days(days)).unwrap_or(Date::MIN)
}

/// How many days of a list lie before `day` and, with `back`, not longer ago than that.
fn count(list: &[Date], day: Date, back: Option<i64>) -> usize {
    let from = back.map_or(Date::MIN, |n| days_before(day, n));
    list.iter().filter(|d| **d < day && **d >= from).count()
}

/// The value in force on the day before.
fn standing(list: &[(Date, f64)], day: Date) -> Option<f64> {
    list.iter().filter(|(since, _)| *since < day).max_by_key(|(since, _)| *since).map(|(_, v)| *v)
}

/// A region as a text no reader takes for a number.
fn place_name(code: &str, digits: usize) -> String {
    let Some(code) = code.get(..digits).and_then(|c| c.parse::<RegionCode>().ok()) else {
        return String::new();
    };
    let name = Regions::builtin().get(&code).map_or("", |r| r.name.zh.as_ref());
    format!("{} {name}", code.six()).trim().to_owned()
}

/// How large a business is, by its partners in trade so far.
fn size(partners: usize) -> &'static str {
    match partners {
        0 => "no trade on record",
        1..=4 => "1-4 partners",
        5..=19 => "5-19 partners",
        _ => "20 partners and more",
    }
}

/// A row: a subject as it was known before `day`, with the result where there is one.
fn row(aim: Aim, subject: &Subject, day: Date, id: String, seen: Option<&Seen>) -> Vec<String> {
    let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v}"));
    let points = |v: Option<u32>| v.map_or(String::new(), |v| v.to_string());
    let mut cells = vec![
        id,
        day.to_string(),
        subject.key.clone(),
        seen.map_or(String::new(), |s| s.who.clone()),
        seen.map_or(String::new(), |s| u8::from(s.found).to_string()),
        number(subject.at.map(|p| p.0)),
        number(subject.at.map(|p| p.1)),
        if aim == Aim::Inspect { subject.kind.clone() } else { format!("class {}", subject.kind) },
        place_name(&subject.region, 6),
        place_name(&subject.region, 4),
        count(&subject.complaints, day, Some(365)).to_string(),
    ];
    if aim == Aim::Sample {
        cells.push(subject.stage.clone());
        return cells;
    }
    let partners = count(&subject.partners, day, None);
    let years = subject.licensed.filter(|d| *d < day).map(|d| {
        let days = (day.duration_since(d).as_hours() / 24) as f64;
        (days / 365.25 * 10.0).round() / 10.0
    });
    cells.extend([
        seen.map_or(String::new(), |s| points(s.key_points)),
        seen.map_or(String::new(), |s| points(s.general_points)),
        size(partners).to_owned(),
        number(years),
        count(&subject.failures, day, Some(730)).to_string(),
        count(&subject.penalties, day, Some(730)).to_string(),
        number(standing(&subject.risk, day)),
        number(standing(&subject.credit, day)),
        partners.to_string(),
    ]);
    cells
}

/// The table to learn from (visits before `today` at known subjects) and the table to score (active subjects as of `today`).
#[must_use]
pub fn tables(aim: Aim, facts: &Facts, today: Date) -> (Table, Table) {
    let mut head = COMMON.to_vec();
    head.extend(if aim == Aim::Inspect { &OF_INSPECTIONS[..] } else { &OF_SAMPLES[..] });
    let by_key: HashMap<&str, &Subject> = facts.subjects.iter().map(|s| (s.key.as_str(), s)).collect();
    let (mut train, mut score) = (Table::with_header("train", &head), Table::with_header("score", &head));
    let mut visits: Vec<&Seen> = facts.visits.iter().filter(|v| v.on < today).collect();
    visits.sort_by(|a, b| (a.on, &a.id).cmp(&(b.on, &b.id)));
    for seen in visits {
        if let Some(subject) = by_key.get(seen.subject.as_str()) {
            train.push(row(aim, subject, seen.on, seen.id.clone(), Some(seen)));
        }
    }
    let mut subjects: Vec<&Subject> = facts.subjects.iter().filter(|s| s.active).collect();
    subjects.sort_by(|a, b| a.key.cmp(&b.key));
    for subject in subjects {
        score.push(row(aim, subject, today, subject.key.clone(), None));
    }
    (train, score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_knows_only_what_was_known_the_day_before_it() {
        let day = |m, d| Date::constant(2026, m, d);
        let subject = Subject {
            key: "operator:1".into(),
            region: "620102".into(),
            kind: "catering".into(),
            active: true,
            licensed: Some(Date::constant(2021, 5, 10)),
            complaints: vec![day(3, 1), day(5, 10), day(6, 1)],
            failures: vec![day(5, 9)],
            risk: vec![(day(1, 1), 1.0), (day(5, 10), 4.0)],
            partners: vec![day(2, 1), day(5, 11)],
            ..Subject::default()
        };
        let seen = Seen {
            id: "v1".into(),
            subject: "operator:1".into(),
            on: day(5, 10),
            found: true,
            key_points: Some(2),
            general_points: None,
            who: "team 1".into(),
        };
        let late = Seen { id: "v2".into(), on: day(11, 22), ..seen.clone() };
        let facts = Facts { subjects: vec![subject], visits: vec![late, seen] };
        let (train, score) = tables(Aim::Inspect, &facts, day(11, 22));
        assert_eq!((train.len(), score.len()), (1, 1), "a visit of today is not past");
        let then = train.rows().next().unwrap();
        let now = score.rows().next().unwrap();
        let of = |row: &risk::table::Row<'_>, c: &str| row.text(c).unwrap().to_owned();
        for (column, before, after) in [
            ("complaints_1y", "1", "3"),
            ("failures_2y", "1", "1"),
            ("risk_grade", "1", "4"),
            ("partners", "1", "2"),
            ("licence_years", "5", "5.5"),
            ("outcome", "1", ""),
            ("key_points", "2", ""),
            ("county", "620102 城关区", "620102 城关区"),
        ] {
            assert_eq!(
                (of(&then, column), of(&now, column)),
                (before.to_owned(), after.to_owned()),
                "{column}"
            );
        }
    }
}
