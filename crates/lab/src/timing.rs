//! Whether a laboratory reported in time: from the arrival of a sample to the approval of its report, against the clock of the rulebook
//! (`SAM-03`). Computed, never stored.

use crate::Error;
use crate::sample::words;
use base::clock::{Clock, Rules};
use base::{Calendar, Date, Id, Instant};
use store::{Sql, Tx};

words! {
    /// What is known of the time a report took.
    Timing {
        /// Arrival and approval are known, so that it counts in the median.
        Timed = "timed", "可计检验时长", "Arrival and approval known";
        /// Approved after its last day.
        Late = "late", "报告超期", "Report late";
    }
}

/// Conditions of one `or` chain: engines limit how deep an expression may nest.
const CHAIN: usize = 200;

/// When a sample counts as arrived, of which only the day is known.
fn arrival(received: Date) -> Instant {
    Instant::china(received, 12, 0)
}

/// The last moment to approve the report of a sample that arrived on a day; `None` when the rulebook sets no time.
#[must_use]
pub fn report_due(received: Date) -> Option<Instant> {
    let rule = Rules::builtin().get("SAM-03")?;
    Some(Clock::start(rule.rule.clone(), arrival(received)).due(Calendar::builtin())?.at)
}

/// Days from the arrival of a sample to the approval of its report.
#[must_use]
pub fn days_taken(received: Date, approved: Instant) -> f64 {
    (approved.0 - arrival(received).0).max(0) as f64 / 86_400e6
}

/// The days of arrival that have a late report, each with the last moment it could be approved.
///
/// # Errors
/// Storage.
pub(crate) async fn late_days(tx: &mut Tx, laboratory: Option<Id>) -> Result<Vec<(Date, Instant)>, Error> {
    let mut sql = Sql::new(
        "select received, max(approved_at) as latest from sample where received is not null and approved_at is not null",
    );
    if let Some(laboratory) = laboratory {
        sql.push(" and laboratory = ").bind(laboratory);
    }
    sql.push(" group by received order by received");
    let mut out = Vec::new();
    for row in tx.select(&sql).await? {
        let received = row.date("received")?;
        if let Some(due) =
            report_due(received).filter(|due| row.instant("latest").is_ok_and(|last| last > *due))
        {
            out.push((received, due));
        }
    }
    Ok(out)
}

/// Appends `and` `s` is of this timing; `late` are the [`late_days`].
pub(crate) fn restrict(sql: &mut Sql, timing: Timing, late: &[(Date, Instant)]) {
    sql.push(" and s.received is not null and s.approved_at is not null");
    if timing == Timing::Late {
        sql.push(" and (1 = 0");
        for part in late.chunks(CHAIN) {
            sql.push(" or (1 = 0");
            for (received, due) in part {
                sql.push(" or (s.received = ")
                    .bind(*received)
                    .push(" and s.approved_at > ")
                    .bind(*due)
                    .push(")");
            }
            sql.push(")");
        }
        sql.push(")");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_due_twenty_working_days_after_the_sample_arrived() {
        // 抽检办法 24: from Monday 1 June 2026, with the holiday of 19 June
        let due = report_due(Date::constant(2026, 6, 1)).unwrap();
        assert_eq!(due.china_date(), Date::constant(2026, 6, 30));
        let noon = Instant::china(Date::constant(2026, 6, 4), 12, 0);
        assert!((days_taken(Date::constant(2026, 6, 1), noon) - 3.0).abs() < 1e-9);
        // approved on the morning of the arrival, of which only the day is known
        assert!(days_taken(Date::constant(2026, 6, 5), noon).abs() < 1e-9);
    }
}
