//! When a scheduled subscription runs (EPCIS 2.0 §8.2.5.3).

use crate::node::Node;
use crate::problem::{Problem, ProblemType, Problems};
use crate::time::civil;
use base::{Instant, Text};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days searched for the next run: 29 February on one weekday comes within 40 years.
const HORIZON: i64 = 366 * 41;

/// A field of the schedule.
struct Field {
    name: &'static str,
    least: u8,
    most: u8,
}

const FIELDS: [Field; 6] = [
    Field { name: "second", least: 0, most: 59 },
    Field { name: "minute", least: 0, most: 59 },
    Field { name: "hour", least: 0, most: 23 },
    Field { name: "dayOfMonth", least: 1, most: 31 },
    Field { name: "month", least: 1, most: 12 },
    Field { name: "dayOfWeek", least: 1, most: 7 },
];

/// The times at which a subscription is due. Each field is a set of values; a time is due when every field has it.
///
/// A field that is left out takes every value; but seconds, minutes and hours finer than the finest field given take
/// their first, so that `hour=1, minute=5` is due once a day at 01:05:00. Days of the week count from 1, Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// For each field a bit for each value.
    sets: [u64; 6],
}

impl Schedule {
    /// The names of the fields, as members of `schedule` and as parameters of an address.
    pub const FIELDS: [&'static str; 6] = ["second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek"];

    /// Reads the `schedule` object of a subscription.
    ///
    /// # Errors
    /// [`ProblemType::SubscriptionControls`] for every unusable field.
    pub fn from_json(schedule: &Node) -> Result<Self, Problems> {
        let Node::Object(members) = schedule else {
            return Err(problem(
                "schedule",
                Text::of("schedule 应为对象 {…}。", "schedule is not an object {…}."),
                Text::of(
                    "请写成 {\"hour\": \"1\", \"minute\": \"5\"}。",
                    "Write {\"hour\": \"1\", \"minute\": \"5\"}.",
                ),
            )
            .into());
        };
        let texts: Vec<(&str, String)> = members
            .iter()
            .map(|(name, value)| (&**name, value.as_str().map_or_else(|| value.to_json(), str::to_owned)))
            .collect();
        Self::from_pairs(texts.iter().map(|(name, text)| (*name, text.as_str())))
    }

    /// Reads fields by name: numbers, lists `1,5`, ranges `[9-17]`, and steps `0/30`.
    ///
    /// # Errors
    /// [`ProblemType::SubscriptionControls`] for every unusable field, and when no date is ever due.
    pub fn from_pairs<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Problems> {
        let mut given: [Option<u64>; 6] = [None; 6];
        let mut problems = Vec::new();
        for (name, text) in fields {
            let Some(at) = FIELDS.iter().position(|field| field.name == name) else {
                problems.push(problem(
                    name,
                    Text::new(
                        format!("订阅计划没有字段 {name}。"),
                        format!("A schedule has no field {name}."),
                    ),
                    Text::of(
                        "可用：second、minute、hour、dayOfMonth、month、dayOfWeek。",
                        "There are second, minute, hour, dayOfMonth, month and dayOfWeek.",
                    ),
                ));
                continue;
            };
            match FIELDS[at].read(text) {
                Some(set) => given[at] = Some(set),
                None => problems.push(FIELDS[at].wrong(text)),
            }
        }
        if problems.is_empty() && given.iter().all(Option::is_none) {
            problems.push(problem(
                "schedule",
                Text::of("订阅计划没有任何字段。", "The schedule has no field."),
                Text::of(
                    "请至少填写一项，如 \"minute\": \"0\"。",
                    "Give at least one, such as \"minute\": \"0\".",
                ),
            ));
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let finest = given.iter().position(Option::is_some).unwrap_or(0);
        let mut sets = [0; 6];
        for (at, field) in FIELDS.iter().enumerate() {
            let left_out = if at < finest && at < 3 { 1 << field.least } else { field.all() };
            sets[at] = given[at].unwrap_or(left_out);
        }
        let schedule = Self { sets };
        if schedule.next_after(Instant(0), 0).is_none() {
            return Err(problem(
                "dayOfMonth",
                Text::of("没有这样的日期。", "No such date ever comes."),
                Text::of("请核对 dayOfMonth 与 month。", "Check dayOfMonth against month."),
            )
            .into());
        }
        Ok(schedule)
    }

    /// The first due time after `now`, on the wall clock `offset` minutes east of UTC; whole seconds.
    #[must_use]
    pub fn next_after(&self, now: Instant, offset: i16) -> Option<Instant> {
        let shift = i64::from(offset) * 60;
        // the first whole second after now
        let first = now.0.div_euclid(1_000_000) + 1 + shift;
        let (day, second) = (first.div_euclid(DAY), first.rem_euclid(DAY));
        (day..day + HORIZON).find_map(|d| {
            let from = if d == day { second } else { 0 };
            let at = self.due_on(d).then(|| self.time_from(from)).flatten()?;
            Some(Instant((d * DAY + at - shift) * 1_000_000))
        })
    }

    fn has(&self, field: usize, value: i64) -> bool {
        (0..64).contains(&value) && self.sets[field] & (1 << value) != 0
    }

    fn due_on(&self, day: i64) -> bool {
        let (_, month, day_of_month) = civil(day);
        // 1970-01-01 was a Thursday
        let weekday = (day + 3).rem_euclid(7) + 1;
        self.has(4, month) && self.has(3, day_of_month) && self.has(5, weekday)
    }

    /// The first due second of a day, `from` or later.
    fn time_from(&self, from: i64) -> Option<i64> {
        for hour in (from / 3600..24).filter(|h| self.has(2, *h)) {
            let least = (from - hour * 3600).max(0);
            for minute in (least / 60..60).filter(|m| self.has(1, *m)) {
                let least = (least - minute * 60).max(0);
                if let Some(second) = (least..60).find(|s| self.has(0, *s)) {
                    return Some(hour * 3600 + minute * 60 + second);
                }
            }
        }
        None
    }
}

impl Field {
    /// The bits of all values.
    const fn all(&self) -> u64 {
        (u64::MAX >> (63 - self.most)) & (u64::MAX << self.least)
    }

    fn number(&self, text: &str) -> Option<u8> {
        let fits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| fits && (self.least..=self.most).contains(n))
    }

    /// The values an expression stands for.
    fn read(&self, text: &str) -> Option<u64> {
        let mut set = 0;
        for part in text.split(',').map(str::trim) {
            if let Some(range) = part.strip_prefix('[').and_then(|p| p.strip_suffix(']')) {
                let (low, high) = range.split_once('-')?;
                let (low, high) = (self.number(low.trim())?, self.number(high.trim())?);
                if low > high {
                    return None;
                }
                (low..=high).for_each(|value| set |= 1 << value);
            } else if let Some((start, step)) = part.split_once('/') {
                let (start, step): (u8, u8) = (self.number(start)?, step.parse().ok().filter(|s| *s > 0)?);
                (start..=self.most).step_by(usize::from(step)).for_each(|value| set |= 1 << value);
            } else {
                set |= 1 << self.number(part)?;
            }
        }
        Some(set)
    }

    fn wrong(&self, text: &str) -> Problem {
        let Self { name, least, most } = self;
        let text: String = text.chars().take(100).collect();
        problem(
            name,
            Text::new(format!("{name} 的值“{text}”不可用。"), format!("{name} cannot be '{text}'.")),
            Text::new(
                format!(
                    "请使用 {least} 到 {most} 的整数、列表（{least},{most}）或区间（[{least}-{most}]）。"
                ),
                format!(
                    "Use whole numbers from {least} to {most}, a list ({least},{most}) or a range ([{least}-{most}])."
                ),
            ),
        )
    }
}

fn problem(pointer: &str, detail: Text, remedy: Text) -> Problem {
    Problem::new(ProblemType::SubscriptionControls, pointer, detail, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(fields: &[(&str, &str)]) -> Result<Schedule, Problems> {
        Schedule::from_pairs(fields.iter().copied())
    }

    #[test]
    fn the_next_run_follows_the_wall_clock() {
        for (fields, now, offset, next) in [
            // every morning at 01:05, the example of the standard
            (&[("hour", "1"), ("minute", "5")][..], "2026-11-21T01:05:00Z", 0, "2026-11-22T01:05:00Z"),
            (&[("hour", "1"), ("minute", "5")], "2026-11-21T01:04:59.999Z", 0, "2026-11-21T01:05:00Z"),
            (&[("hour", "1"), ("minute", "5")], "2026-11-21T12:00:00Z", 480, "2026-11-21T17:05:00Z"),
            (&[("second", "0/30")], "2026-11-21T08:00:00Z", 0, "2026-11-21T08:00:30Z"),
            (&[("minute", "0,15,30,45")], "2026-11-21T08:46:10Z", 0, "2026-11-21T09:00:00Z"),
            (&[("hour", "[9-17]")], "2026-11-21T17:30:00Z", 0, "2026-11-22T09:00:00Z"),
            // 2026-11-23 is a Monday
            (&[("dayOfWeek", "1")], "2026-11-22T10:00:00Z", 0, "2026-11-23T00:00:00Z"),
            (&[("dayOfWeek", "7"), ("hour", "23")], "2026-11-22T10:00:00Z", 0, "2026-11-22T23:00:00Z"),
            (&[("dayOfMonth", "31"), ("hour", "8")], "2026-11-22T10:00:00Z", 0, "2026-12-31T08:00:00Z"),
            (&[("dayOfMonth", "29"), ("month", "2")], "2026-03-01T00:00:00Z", 0, "2028-02-29T00:00:00Z"),
            (&[("second", "59"), ("month", "1")], "2026-02-01T00:00:00Z", 0, "2027-01-01T00:00:59Z"),
        ] {
            let now = Instant::parse(now).unwrap();
            let found = schedule(fields).unwrap().next_after(now, offset);
            assert_eq!(found, Some(Instant::parse(next).unwrap()), "{fields:?}");
        }
    }

    #[test]
    fn what_no_clock_can_show_is_refused() {
        for fields in [
            &[("hour", "24")][..],
            &[("hour", "-1")],
            &[("minute", "[30-10]")],
            &[("minute", "5,")],
            &[("second", "60")],
            &[("dayOfMonth", "0")],
            &[("dayOfWeek", "8")],
            &[("month", "13")],
            &[("second", "0/0")],
            &[("week", "1")],
            &[("dayOfMonth", "31"), ("month", "2,4")],
            &[],
        ] {
            let problems = schedule(fields).unwrap_err();
            assert_eq!(problems.0[0].kind, ProblemType::SubscriptionControls, "{fields:?}");
        }
        let node = crate::parse(br#"{"second":0,"minute":"[1-2]"}"#, &crate::Limits::default()).unwrap();
        assert!(Schedule::from_json(&node).is_ok());
        assert!(Schedule::from_json(&Node::Null).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_next_run_is_later_and_due(
            us in 0i64..4_000_000_000_000_000, hour in 0u8..24, minute in 0u8..60, offset in -840i16..841,
        ) {
            let (h, m) = (hour.to_string(), minute.to_string());
            let schedule = schedule(&[("hour", &h), ("minute", &m)]).unwrap();
            let next = schedule.next_after(Instant(us), offset).unwrap();
            prop_assert!(next.0 > us && next.0 - us <= DAY * 1_000_000);
            let wall = next.plus_seconds(i64::from(offset) * 60).rfc3339();
            prop_assert_eq!(&wall[11..19], format!("{hour:02}:{minute:02}:00"));
        }
    }
}
