//! The list of a draw: who can be drawn with which chances, who is left out and why, and which officers keep away from whom.

use crate::{Candidate, Error, Plan};
use base::{Id, Instant};
use ledger::draw::{Entry as Target, Inspector};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::Tx;

/// A higher level's inspection within three months bars a repetition (Order 49 of 2021, art. 42); the same days keep an
/// operator from being drawn again.
const REPEAT_DAYS: i64 = 92;
/// How far back an officer's earlier inspection of the same operator counts.
const YEAR_SECONDS: i64 = 365 * 86_400;

/// What separates the strata of a draw of inspections.
pub const STRATA: &str = "county.business.grade.credit";

/// The stratum of an operator: county, business, grade and credit class.
pub(crate) fn stratum(c: &Candidate) -> String {
    let county = c.region.get(..6).unwrap_or(&c.region);
    let letter = |s: &str| if s.is_empty() { "-".to_owned() } else { s.to_owned() };
    format!("{county}.{}.{}.{}", c.business, letter(&c.grade), letter(&c.credit))
}

/// The candidates as targets: a mark doubles the chance, an open or recent inspection excludes.
pub(crate) fn targets(candidates: &[Candidate], now: Instant) -> Vec<Target> {
    let recent = now.plus_seconds(-REPEAT_DAYS * 86_400).china_date();
    candidates
        .iter()
        .map(|c| {
            let excluded = if c.busy {
                Some("open")
            } else if c.inspected.is_some_and(|on| on >= recent) {
                Some("recent")
            } else {
                None
            };
            Target {
                id: c.operator,
                stratum: stratum(c),
                weight: if c.marked { 2 } else { 1 },
                excluded: excluded.map(ToOwned::to_owned),
            }
        })
        .collect()
}

/// Shares `count` among the strata: in proportion to operators that can be drawn times their visits a year by grade and class,
/// never more than a stratum has.
pub(crate) fn take(count: u32, targets: &[Target], plan: &Plan) -> BTreeMap<String, u32> {
    let mut sizes: BTreeMap<&str, u32> = BTreeMap::new();
    for t in targets.iter().filter(|t| t.excluded.is_none()) {
        *sizes.entry(t.stratum.as_str()).or_default() += 1;
    }
    let visits = |stratum: &str| {
        let mut last = stratum.rsplit('.');
        let (credit, grade) = (last.next().unwrap_or_default(), last.next().unwrap_or_default());
        plan.visits_of(grade, credit)
    };
    let mut out: BTreeMap<String, u32> = BTreeMap::new();
    let mut left = count.min(sizes.values().sum());
    // what a full stratum cannot take goes to the others
    while left > 0 {
        let open: Vec<(&str, u32)> = sizes
            .iter()
            .map(|(s, n)| (*s, n - out.get(*s).copied().unwrap_or(0)))
            .filter(|(_, room)| *room > 0)
            .collect();
        let weights: Vec<f64> =
            open.iter().map(|(s, _)| f64::from(sizes[s]) * visits(s).max(f64::EPSILON)).collect();
        let shares = sampling::allocate::shares(left, &weights);
        let mut given = 0;
        for ((s, room), share) in open.iter().zip(shares) {
            let n = share.min(*room);
            *out.entry((*s).to_owned()).or_default() += n;
            given += n;
        }
        if given == 0 {
            break;
        }
        left -= given;
    }
    out.retain(|_, n| *n > 0);
    out
}

/// Everybody who can be drawn, stratum by stratum.
pub(crate) fn everybody(targets: &[Target]) -> BTreeMap<String, u32> {
    let mut out: BTreeMap<String, u32> = BTreeMap::new();
    for t in targets.iter().filter(|t| t.excluded.is_none()) {
        *out.entry(t.stratum.clone()).or_default() += 1;
    }
    out
}

/// The officers with whom each keeps away from: what was declared, and whom the same officer inspected within a year.
pub(crate) async fn officers(
    tx: &mut Tx,
    accounts: &[Id],
    declared: &HashMap<Id, Vec<Id>>,
    candidates: &[Candidate],
    now: Instant,
) -> Result<Vec<Inspector>, Error> {
    let listed: BTreeSet<Id> = candidates.iter().map(|c| c.operator).collect();
    let mut out = Vec::with_capacity(accounts.len());
    for account in accounts {
        let mut recused: BTreeSet<Id> = declared.get(account).into_iter().flatten().copied().collect();
        let before = tx
            .query(
                "select distinct operator from inspection_officer where account = $1 and operator is not null and at >= $2",
                &[(*account).into(), now.plus_seconds(-YEAR_SECONDS).into()],
            )
            .await?;
        for row in before {
            recused.insert(row.id("operator")?);
        }
        recused.retain(|operator| listed.contains(operator));
        out.push(Inspector { id: *account, recused: recused.into_iter().collect() });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Date;

    fn candidate(id: i64, grade: &str) -> Candidate {
        Candidate {
            operator: Id(id),
            name: format!("虚构{id}"),
            region: "620102".to_owned(),
            business: "catering".to_owned(),
            grade: grade.to_owned(),
            credit: String::new(),
            marked: false,
            inspected: None,
            busy: false,
        }
    }

    fn plan() -> Plan {
        Plan {
            matter: Id(1),
            region: "620102".to_owned(),
            agency: "market".to_owned(),
            year: "2026".to_owned(),
            running: true,
            visits: [("A", 0.5), ("B", 1.0), ("C", 2.0), ("D", 3.0)].map(|(g, n)| (g.to_owned(), n)).into(),
            times: [("A", 0.5), ("C", 2.0)].map(|(c, n)| (c.to_owned(), n)).into(),
        }
    }

    #[test]
    fn an_open_or_recent_inspection_excludes_and_a_mark_doubles_the_chance() {
        let now = Instant::china(Date::constant(2026, 11, 21), 12, 0);
        let mut all = vec![candidate(1, "A"), candidate(2, "A"), candidate(3, "A"), candidate(4, "")];
        all[0].busy = true;
        all[1].inspected = Some(Date::constant(2026, 9, 1));
        all[2].inspected = Some(Date::constant(2026, 7, 1));
        all[2].marked = true;
        let out = targets(&all, now);
        let seen: Vec<_> =
            out.iter().map(|t| (t.excluded.as_deref(), t.weight, t.stratum.as_str())).collect();
        assert_eq!(
            seen,
            [
                (Some("open"), 1, "620102.catering.A.-"),
                (Some("recent"), 1, "620102.catering.A.-"),
                (None, 2, "620102.catering.A.-"),
                (None, 1, "620102.catering.-.-"),
            ]
        );
    }

    #[test]
    fn the_worse_the_grade_the_larger_the_share_and_no_stratum_gives_more_than_it_has() {
        let now = Instant::china(Date::constant(2026, 11, 21), 12, 0);
        let mut all: Vec<Candidate> = (1..=40).map(|i| candidate(i, "A")).collect();
        all.extend((41..=44).map(|i| candidate(i, "D")));
        let targets = targets(&all, now);
        let share = |n: u32| {
            let out = take(n, &targets, &plan());
            let of = |g: &str| out.get(&format!("620102.catering.{g}.-")).copied().unwrap_or(0);
            (of("A"), of("D"))
        };
        // 40 × 0.5 against 4 × 3
        assert_eq!(share(8), (5, 3));
        assert_eq!(share(20), (16, 4), "D has four and gives four");
        assert_eq!(share(100), (40, 4), "everybody, and no more");
        assert_eq!(share(0), (0, 0));
    }

    #[test]
    fn the_credit_class_multiplies_the_visits_of_the_grade_and_nobody_falls_out_of_two_years() {
        for (grade, credit, visits) in [
            ("B", "", 1.0),
            ("B", "B", 1.0),
            ("B", "C", 2.0),
            ("D", "A", 1.5),
            ("A", "A", 0.5),
            ("", "C", 2.0),
        ] {
            assert!((plan().visits_of(grade, credit) - visits).abs() < 1e-9, "{grade} {credit}");
        }
        let now = Instant::china(Date::constant(2026, 11, 21), 12, 0);
        let mut all: Vec<Candidate> = (1..=40).map(|i| candidate(i, "B")).collect();
        all.iter_mut().skip(20).for_each(|c| c.credit = "C".to_owned());
        let out = take(12, &targets(&all, now), &plan());
        assert_eq!(out.values().copied().collect::<Vec<_>>(), [4, 8], "{out:?}");
    }
}
