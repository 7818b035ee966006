//! Dates as people write them in spreadsheets.

use base::text::halfwidth;
use base::{Date, Text};
use std::time::Duration;

/// Reads `2026-09-02`, `2026/9/2`, `2026.9.2`, `2026年9月2日`, `20260902`, any of them followed by a time of day (which is
/// dropped), and the day number of a spreadsheet program (`46267`, days since 1899-12-30).
///
/// # Errors
/// With a message that shows the expected form: not a date, an impossible date, a year outside 1900–2199, or a form
/// that leaves day and month open (`9/2/2026`).
pub fn parse_date(text: &str) -> Result<Date, Text> {
    let given = halfwidth(text);
    let wrong = || {
        Text::new(
            format!("“{given}”不是有效日期，请按 2026-09-02 的形式填写"),
            format!("'{given}' is not a date; write it like 2026-09-02"),
        )
    };
    let day = given.split(['T', ' ']).next().unwrap_or_default();
    let digits = !day.is_empty() && day.bytes().all(|b| b.is_ascii_digit());
    let date = if digits && day.len() == 8 {
        Date::strptime("%Y%m%d", day).ok()
    } else if digits && day.len() == 5 {
        // after February 1900 the numbering is regular
        let number: u64 = day.parse().map_err(|_| wrong())?;
        let known = (20_000..80_000).contains(&number); // 1954 to 2119: no postcode or quantity
        Date::constant(1899, 12, 30).checked_add(Duration::from_secs(number * 86_400)).ok().filter(|_| known)
    } else {
        let plain: String = given.split('日').next().unwrap_or_default().replace(['年', '月', '/', '.'], "-");
        let plain = plain.split(['T', ' ']).next().unwrap_or_default();
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
            "20260902",
            "46267",
            "2026-09-02T08:00:00",
            "2026/9/2 8:00",
            "２０２６／９／２",
        ] {
            assert_eq!(parse_date(text).unwrap_or_else(|e| panic!("{text}: {e}")).to_string(), "2026-09-02");
        }
        for text in
            ["", "9/2/2026", "2026-13-01", "2026-02-30", "20261301", "昨天", "2026-9", "0002-01-01", "99999"]
        {
            assert!(parse_date(text).is_err(), "{text}");
        }
    }
}
