//! The records of trade the law asks for, as views of the events.

mod gaps;
mod kept;
mod rule;
mod view;

pub use gaps::{FirmGaps, GapOrder, GapQuery, Lack, RegionGaps};
pub(crate) use rule::record_rule;
pub use rule::{Course, Duty, Keep, RecordField, RecordRule, record_rules};
pub use view::{CertificateCheck, RecordQuery, RecordRow, Records};
pub(crate) use view::{period, written_name};

use base::Date;
use base::text::halfwidth;
use jiff::ToSpan;

/// The last day of shelf life: a date as written, or a length (`12个月`, `365天`, `18 months`) from the production date.
/// The day before the date a length reaches is not counted off: labels name the day itself.
#[must_use]
pub fn shelf_life_end(produced: Option<Date>, text: &str) -> Option<Date> {
    if let Ok(date) = paper::sheet::parse_date(text) {
        return Some(date);
    }
    let text = halfwidth(text).trim().to_lowercase();
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let count: i64 = digits.parse().ok().filter(|n| *n <= 20_000)?;
    let from = produced?;
    let unit = text.get(digits.len()..)?.trim().trim_start_matches('个');
    let span = match unit {
        "天" | "日" | "d" | "day" | "days" => count.days(),
        "周" | "星期" | "week" | "weeks" => count.weeks(),
        "月" | "m" | "month" | "months" => count.months(),
        "年" | "y" | "year" | "years" => count.years(),
        _ => return None,
    };
    from.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_shelf_life_is_told_from_a_date_or_a_length() {
        let made = "2026-09-01".parse().ok();
        for (text, end) in [
            ("12个月", Some("2027-09-01")),
            ("180天", Some("2027-02-28")),
            ("18 months", Some("2028-03-01")),
            ("2年", Some("2028-09-01")),
            ("2027-08-31", Some("2027-08-31")),
            ("2027年8月31日", Some("2027-08-31")),
            ("见包装", None),
            ("", None),
        ] {
            assert_eq!(shelf_life_end(made, text), end.and_then(|e| e.parse().ok()), "{text}");
        }
        assert_eq!(shelf_life_end(None, "12个月"), None);
    }
}
