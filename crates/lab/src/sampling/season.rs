//! The season of a task and the coverage of a year: in which months samples are taken, how many should be taken by a day, and which
//! class and stage no level or several levels sample.

use super::book::{Book, Budget, Stage};
use super::plan::Task;
use crate::query::prefix;
use crate::{Error, Lab};
use access::Principal;
use base::{Date, Id, Instant, Text};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Sql, Store};

/// Reads months as people write them: `3-5、9`, `3—5,9`, `全年` or nothing for the whole year. In order, each once.
///
/// # Errors
/// What is wrong and the remedy.
pub fn read_months(text: &str) -> Result<Vec<u8>, Text> {
    let wrong = || {
        Text::of(
            "请填月份，如 3-5、9；全年可不填",
            "write months, such as 3-5, 9; leave it empty for the whole year",
        )
    };
    let text = text.trim().replace('月', "");
    if text.is_empty() || text == "全年" {
        return Ok(Vec::new());
    }
    let month = |t: &str| t.trim().parse::<u8>().ok().filter(|m| (1..=12).contains(m)).ok_or_else(wrong);
    let mut months = Vec::new();
    for part in text.split(['、', ',', '，', ';', '；', ' ']).filter(|p| !p.trim().is_empty()) {
        match part.split_once(['-', '—', '–', '~', '至']) {
            Some((first, last)) => {
                let (first, last) = (month(first)?, month(last)?);
                if first > last {
                    return Err(wrong());
                }
                months.extend(first..=last);
            }
            None => months.push(month(part)?),
        }
    }
    months.sort_unstable();
    months.dedup();
    Ok(if months.len() == 12 { Vec::new() } else { months })
}

/// Months as [`read_months`] reads them; empty for the whole year.
#[must_use]
pub fn show_months(months: &[u8]) -> String {
    let mut parts: Vec<(u8, u8)> = Vec::new();
    for month in months {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *month => *last = *month,
            _ => parts.push((*month, *month)),
        }
    }
    let one = |(a, b): &(u8, u8)| if a == b { a.to_string() } else { format!("{a}-{b}") };
    parts.iter().map(one).collect::<Vec<_>>().join("、")
}

impl Task {
    /// How many batches should be taken by the end of a day, spread evenly over the days of the season; `None` for a task without a
    /// season.
    #[must_use]
    pub fn should_have(&self, today: Date) -> Option<u32> {
        let months = &self.task.months;
        if months.is_empty() {
            return None;
        }
        let (mut whole, mut gone) = (0_u64, 0_u64);
        for month in months {
            let first = Date::new(self.year, i8::try_from(*month).ok()?, 1).ok()?;
            let days = u64::try_from(first.days_in_month()).ok()?;
            whole += days;
            let last = first.last_of_month();
            if today > last {
                gone += days;
            } else if today >= first {
                gone += u64::try_from(today.day()).ok()?;
            }
        }
        u32::try_from(u64::from(self.task.quota) * gone / whole.max(1)).ok()
    }
}

/// A class at a stage, with the batches each level plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// Food class.
    pub class: String,
    /// Stage.
    pub stage: Stage,
    /// Batches by level, in the order national, provincial, city, county.
    pub levels: [i64; 4],
}

impl Covered {
    /// How many levels sample it.
    #[must_use]
    pub fn by(&self) -> usize {
        self.levels.iter().filter(|n| **n > 0).count()
    }
}

impl Lab {
    /// What the plans of all four levels of the plan's year and kind sample in its region, drafts too: every class of the rulebook at
    /// every stage, so that gaps and overlaps show before approval.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see; storage.
    pub async fn coverage(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        plan: Id,
    ) -> Result<Vec<Covered>, Error> {
        let own = self.plan(store, who, now, plan).await?.plan;
        let mut sql = Sql::new(
            "select t.class, t.stage, p.level, cast(sum(t.quota) as bigint) as n from sampling_task t \
             join sampling_plan p on p.id = t.plan where p.year = ",
        );
        sql.bind(i64::from(own.year)).push(" and p.kind = ").bind(own.kind.word());
        prefix(&mut sql, " and t.region", &own.region);
        sql.push(" group by 1, 2, 3");
        let mut sums: BTreeMap<(String, Stage), [i64; 4]> = BTreeMap::new();
        for row in store.select(&sql).await? {
            let level: Budget = row.parsed("level")?;
            let at = Budget::ALL.iter().position(|b| *b == level).unwrap_or_default();
            sums.entry((row.text("class")?, row.parsed("stage")?)).or_default()[at] += row.int("n")?;
        }
        let mut out = Vec::new();
        for class in Book::builtin().classes() {
            for stage in &class.stages {
                let levels = sums.remove(&(class.code.clone(), *stage)).unwrap_or_default();
                out.push(Covered { class: class.code.clone(), stage: *stage, levels });
            }
        }
        Ok(out)
    }

    /// As [`Lab::expected`], with the right to see the plan.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see; storage.
    pub async fn gain(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        plan: Id,
    ) -> Result<super::Expected, Error> {
        self.plan(store, who, now, plan).await?;
        let mut tx = store.snapshot().await?;
        self.expected(&mut tx, plan).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_as_people_write_them_and_shown_again() {
        for (text, want, shown) in [
            ("3-5、9", vec![3, 4, 5, 9], "3-5、9"),
            ("9月,3至5月", vec![3, 4, 5, 9], "3-5、9"),
            ("12", vec![12], "12"),
            ("1 2 3", vec![1, 2, 3], "1-3"),
            ("", vec![], ""),
            ("全年", vec![], ""),
            ("1-12", vec![], ""),
        ] {
            let months = read_months(text).unwrap();
            assert_eq!((months.clone(), show_months(&months).as_str()), (want, shown), "{text}");
        }
        for text in ["0", "13", "5-3", "春", "3-"] {
            assert!(read_months(text).is_err(), "{text}");
        }
    }
}
