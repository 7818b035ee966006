//! Dates as people write them in spreadsheets.

use base::text::halfwidth;
use base::{Date, Text};
use std::time::Duration;

/// Reads `2026-09-02`, `2026/9/2`, `2026.9.2`, `2026年9月2日`, `20260902`, any of them followed by a time of day (which is
/// dropped). Anything else behind the day is refused: a period's first day is not its last.
///
/// # Errors
/// With a message that shows the expected form: not a date, an impossible date, a year outside 1900–2199, more than
/// one date, or a form that leaves day and month open (`9/2/2026`).
pub fn parse_date(text: &str) -> Result<Date, Text> {
    let given = halfwidth(text);
    let wrong = || {
        Text::new(
            format!("“{given}”不是有效日期，请按 2026-09-02 的形式填写一个日期"),
            format!("'{given}' is not a date; write one date like 2026-09-02"),
        )
    };
    let (day, rest) = match given.split_once(['日', '号']) {
        Some((day, rest)) => (day.replace(' ', ""), rest),
        None => match given.split_once(['T', ' ']) {
            Some((day, rest)) => (day.to_owned(), rest),
            None => (given.clone(), ""),
        },
    };
    if !is_time_of_day(rest) {
        return Err(wrong());
    }
    let date = if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        Date::strptime("%Y%m%d", &day).ok()
    } else {
        let plain = day.replace(['年', '月', '/', '.'], "-");
        let mut parts = plain.split('-');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(year), Some(month), Some(day), None)
                if year.len() == 4 && month.len() <= 2 && day.len() <= 2 =>
            {
                match (year.parse(), month.parse(), day.parse()) {
                    (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
                    _ => None,
                }
            }
            _ => None,
        }
    };
    date.filter(|d| (1900..2200).contains(&d.year())).ok_or_else(wrong)
}

/// Whether what follows a day is nothing, or a time of day: `8:00`, `T08:00:00.5+08:00`, `8时30分`, `8:00 PM`.
fn is_time_of_day(rest: &str) -> bool {
    let plain = rest.trim_start_matches(['T', ' ']).replace(['时', '点', '分'], ":");
    let plain = ["上午", "下午"].iter().fold(plain, |p, half| p.replace(half, "")).to_ascii_uppercase();
    let local = plain.split(['+', '-', 'Z']).next().unwrap_or_default();
    let clock = local.trim_end_matches(['A', 'P', 'M']).trim().trim_end_matches(['秒', ':']);
    let within = |text: &str, most: f64| {
        text.len() <= 12
            && text.starts_with(|c: char| c.is_ascii_digit())
            && text.parse::<f64>().is_ok_and(|n| n <= most)
    };
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let nothing = hour.is_empty() && minute.is_none() && plain.trim().is_empty();
    let time = within(hour, 24.0)
        && (minute.is_some() || plain.contains(':'))
        && minute.is_none_or(|m| within(m, 59.0))
        && second.is_none_or(|s| within(s, 60.99))
        && parts.next().is_none();
    nothing || time
}

/// The date of a spreadsheet program's day number (`46267`: days since 1899-12-30), from 1954 to 2119.
pub(crate) fn day_number(text: &str) -> Option<Date> {
    // after February 1900 the numbering is regular
    let number: u64 = text.parse().ok().filter(|n| (20_000..80_000).contains(n))?;
    Date::constant(1899, 12, 30).checked_add(Duration::from_secs(number * 86_400)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        for text in [
            "2026-09-02",
            "2026/9/2",
            "2026.9.2",
            "2026年9月2日",
            "2026年09月02日 08:30",
            "2026年 9月 2日",
            "2026年9月2号",
            "2026年9月2日上午8时30分",
            "2026-09-02T08:00:00.000+08:00",
            "2026-09-02T00:00:00Z",
            "2026/9/2 8:00:00 AM",
            "20260902",
            "2026-09-02T08:00:00",
            "2026/9/2 8:00",
            "２０２６／９／２",
        ] {
            assert_eq!(parse_date(text).unwrap_or_else(|e| panic!("{text}: {e}")).to_string(), "2026-09-02");
        }
        for text in [
            "",
            "9/2/2026",
            "2026-13-01",
            "2026-02-30",
            "20261301",
            "昨天",
            "2026-9",
            "0002-01-01",
            "99999",
            "46267",
        ] {
            assert!(parse_date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_period_is_not_its_first_day() {
        for text in [
            "2024年3月1日至2029年2月28日",
            "2024-03-01 至 2029-02-28",
            "2024-03-01 ~ 2029-02-28",
            "2024-03-01 2029-02-28",
            "2026-11-01前",
            "2026年11月1日以后",
            "2026-11-01 25:00",
            "2026-11-01 8",
            "2026-11-01 8:61",
        ] {
            assert!(parse_date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_number_is_that_of_the_spreadsheet_program() {
        assert_eq!(day_number("46267").unwrap().to_string(), "2026-09-02");
        for other in ["7", "99999", "46267.5", "四"] {
            assert_eq!(day_number(other), None, "{other}");
        }
    }
}
