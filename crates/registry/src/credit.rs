//! The credit class of an operator: reckoned from its credit file by a dated table of the rulebook, with the entries that made it.

use crate::standing::{CreditEntry, entries, latest_grade, set_grade};
use crate::{Error, operator};
use base::{Date, Decimal, Id, Text};
use ledger::{Context, Permit};
use serde::Deserialize;
use std::sync::LazyLock;
use store::Tx;

/// The kind of grade the class is kept under.
pub const CREDIT: &str = "credit";

static EDITIONS: LazyLock<Vec<Edition>> = LazyLock::new(|| {
    let table = include_str!("../../../rulebook/cn/credit/classes.toml");
    parse(table).unwrap_or_default()
});

/// A table of classes and the time it applies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Name of the edition.
    pub id: String,
    /// First day.
    pub valid_from: Date,
    /// Last day; none while it is in force.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// What it rests on.
    pub document: String,
    /// Whether the text was seen.
    pub status: base::clock::Status,
    /// What counts.
    #[serde(rename = "line")]
    pub lines: Vec<Line>,
    /// The classes, best first.
    #[serde(rename = "class")]
    pub classes: Vec<Class>,
}

/// What counts against an operator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Kind of entry in the credit file.
    pub kind: String,
    /// Only entries whose text is one of these; all when empty.
    #[serde(default)]
    pub words: Vec<String>,
    /// On screen.
    pub title: Text,
    /// Points of an entry.
    pub points: u32,
    /// Points of all entries of the line together at most.
    pub most: u32,
    /// Months an entry counts from the day it happened.
    pub months: i32,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// `A` to `D`.
    pub grade: String,
    /// On screen.
    pub title: Text,
    /// From how many points.
    pub from: u32,
    /// How often the common frequency of inspection.
    pub times: Decimal,
    /// Whether licences on undertaking are open to it.
    pub promise: bool,
}

/// An entry that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The entry.
    pub entry: Id,
    /// What it is.
    pub title: Text,
    /// When it happened.
    pub happened: Date,
    /// Points it adds; less than its line says where the line's most was reached.
    pub points: u32,
    /// Last day it counts.
    pub until: Date,
}

/// The class of an operator on a day and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The table.
    pub edition: &'static Edition,
    /// The class.
    pub class: &'static Class,
    /// Points.
    pub points: u32,
    /// The entries that count, newest first.
    pub reasons: Vec<Reason>,
}

#[derive(Deserialize)]
struct Table {
    edition: Vec<Edition>,
}

/// Reads a table. The classes of an edition begin at nothing and rise.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(table: &str) -> Result<Vec<Edition>, String> {
    let table: Table = toml::from_str(table).map_err(|e| e.to_string())?;
    for e in &table.edition {
        let rising = e.classes.windows(2).all(|w| w[0].from < w[1].from);
        if e.classes.first().is_none_or(|c| c.from != 0) || !rising {
            return Err(format!("{}: the classes must begin at 0 and rise", e.id));
        }
    }
    Ok(table.edition)
}

/// The editions shipped.
#[must_use]
pub fn editions() -> &'static [Edition] {
    &EDITIONS
}

/// The class a file gives on a day; `None` on a day without a table. An entry that was repaired or whose time is over does not
/// count. `entries` are newest first.
#[must_use]
pub fn classify(entries: &[CreditEntry], day: Date) -> Option<Standing> {
    let edition = editions()
        .iter()
        .filter(|e| e.valid_from <= day && e.valid_to.is_none_or(|to| day <= to))
        .max_by_key(|e| e.valid_from)?;
    let mut reasons = Vec::new();
    let mut points = 0;
    for line in &edition.lines {
        let mut left = line.most;
        let of_line =
            |e: &&CreditEntry| e.kind == line.kind && (line.words.is_empty() || line.words.contains(&e.text));
        for e in entries.iter().filter(|e| e.counts(day)).filter(of_line) {
            let Ok(until) = e.happened.checked_add(jiff::Span::new().months(line.months)) else { continue };
            let adds = line.points.min(left);
            if e.happened > day || until < day || adds == 0 {
                continue;
            }
            left -= adds;
            points += adds;
            let title = line.title.clone();
            reasons.push(Reason { entry: e.id, title, happened: e.happened, points: adds, until });
        }
    }
    reasons.sort_by(|a, b| b.happened.cmp(&a.happened).then(b.entry.cmp(&a.entry)));
    let class = edition.classes.iter().rfind(|c| c.from <= points)?;
    Some(Standing { edition, class, points, reasons })
}

/// The class of an operator today, inside a step.
///
/// # Errors
/// Storage.
pub async fn credit_class(tx: &mut Tx, operator: Id, day: Date) -> Result<Option<Standing>, Error> {
    Ok(classify(&entries(tx, operator).await?, day))
}

/// Brings the kept class of an operator up to date after its file changed; a class that stays is not written again. Who never
/// left the best class has no kept one.
pub(crate) async fn regrade(tx: &mut Tx, cx: &Context, permit: &Permit, operator: Id) -> Result<(), Error> {
    let Some(now) = credit_class(tx, operator, cx.now.china_date()).await? else { return Ok(()) };
    let kept = latest_grade(tx, operator, CREDIT).await?;
    let best = now.edition.classes.first().map(|c| c.grade.as_str());
    let as_before = kept.as_deref().or(best) == Some(now.class.grade.as_str());
    if !as_before {
        set_grade(tx, cx, permit, operator, CREDIT, &now.class.grade, None).await?;
    }
    Ok(())
}

/// Classes that changed because time passed: at most `most` operators whose kept class is older than a day of the table allows. Gives
/// how many were written.
///
/// # Errors
/// Storage.
pub async fn lapse_credit(tx: &mut Tx, cx: &Context, most: i64) -> Result<usize, Error> {
    // only those above the best class can fall; they are few
    let best = editions().last().and_then(|e| e.classes.first()).map_or("A", |c| c.grade.as_str());
    let sql = "select g.operator from grade g where g.kind = $1 and g.grade <> $2 and g.id = \
               (select max(h.id) from grade h where h.operator = g.operator and h.kind = g.kind) and not exists \
               (select 1 from credit_check c where c.operator = g.operator and c.day >= $3) order by g.operator limit $4";
    let day = cx.now.china_date();
    let rows = tx.query(sql, &[CREDIT.into(), best.into(), day.into(), most.into()]).await?;
    let permit = Permit::system("credit.lapse");
    for row in &rows {
        let id = row.id("operator")?;
        operator::locked(tx, id).await?;
        regrade(tx, cx, &permit, id).await?;
        tx.exec(
            "insert into credit_check (operator, day) values ($1, $2) on conflict (operator) do update set day = excluded.day",
            &[id.into(), day.into()],
        )
        .await?;
    }
    Ok(rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: i64, kind: &str, happened: &str, text: &str) -> CreditEntry {
        CreditEntry {
            id: Id(n),
            kind: kind.to_owned(),
            happened: happened.parse().unwrap(),
            text: text.to_owned(),
            until: None,
            closed: None,
            matter: None,
        }
    }

    #[test]
    fn the_class_follows_the_table_its_caps_and_its_months() {
        let today: Date = "2026-11-20".parse().unwrap();
        let severe = entry(1, "severe", "2025-01-10", "");
        let cases: Vec<(&str, Vec<CreditEntry>, &str, u32)> = vec![
            ("nothing", vec![], "A", 0),
            ("a clean inspection", vec![entry(1, "inspection", "2026-10-01", "pass")], "A", 0),
            ("one penalty", vec![entry(1, "penalty", "2026-10-01", "罚款")], "B", 20),
            ("a penalty of a year and a day ago", vec![entry(1, "penalty", "2025-11-19", "")], "A", 0),
            ("a penalty of a year ago to the day", vec![entry(1, "penalty", "2025-11-20", "")], "B", 20),
            (
                "five complaints count as five, six as five",
                (1..=6).map(|n| entry(n, "complaint", "2026-09-01", "")).collect(),
                "B",
                15,
            ),
            (
                "penalty and failed sample",
                vec![entry(1, "penalty", "2026-10-01", ""), entry(2, "failed_sample", "2026-10-02", "")],
                "C",
                35,
            ),
            ("the severe list", vec![severe.clone()], "D", 100),
            (
                "removed from the severe list",
                vec![CreditEntry { closed: Some(today), ..severe.clone() }],
                "A",
                0,
            ),
            (
                "over by its own date",
                vec![CreditEntry { until: Some("2026-11-19".parse().unwrap()), ..severe }],
                "A",
                0,
            ),
            ("not yet", vec![entry(1, "penalty", "2026-11-21", "")], "A", 0),
        ];
        for (why, entries, grade, points) in cases {
            let found = classify(&entries, today).unwrap();
            assert_eq!((found.class.grade.as_str(), found.points), (grade, points), "{why}");
            assert_eq!(found.reasons.iter().map(|r| r.points).sum::<u32>(), points, "{why}");
        }
        assert!(classify(&[], "2025-12-31".parse().unwrap()).is_none(), "no table then");
    }

    #[test]
    fn a_table_whose_classes_do_not_rise_is_refused() {
        let table = include_str!("../../../rulebook/cn/credit/classes.toml");
        assert_eq!(parse(table).unwrap().len(), 1);
        assert!(parse(&table.replace("from = 30", "from = 5")).is_err());
        assert!(parse(&table.replace("from = 0", "from = 1")).is_err());
        assert!(parse(&table.replace("months", "mouths")).is_err());
    }
}
