//! Date-times with zone (RFC 3339, `xsd:dateTimeStamp`): exact to the nanosecond, with the offset they were written in.

use base::Instant;

/// One point in time as an EPCIS field states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds of the second; further digits are not needed by any rule and are left in the text.
    pub nanos: u32,
    /// Minutes east of UTC in which it was written.
    pub offset: i16,
}

impl Moment {
    /// Reads an RFC 3339 date-time with zone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 20 || b[4] != b'-' || b[7] != b'-' || b[13] != b':' || b[16] != b':' {
            return None;
        }
        if !matches!(b[10], b'T' | b't') {
            return None;
        }
        let (year, month, day) =
            (i64::from(two(b, 0)?) * 100 + i64::from(two(b, 2)?), two(b, 5)?, two(b, 8)?);
        let (hour, minute, second) = (two(b, 11)?, two(b, 14)?, two(b, 17)?);
        if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut at = 19;
        let mut nanos = 0u32;
        if b[at] == b'.' {
            at += 1;
            let start = at;
            let mut unit = 100_000_000;
            while let Some(d) = b.get(at).filter(|d| d.is_ascii_digit()) {
                nanos += u32::from(d - b'0') * unit;
                unit /= 10;
                at += 1;
            }
            if at == start {
                return None;
            }
        }
        let offset = offset(b.get(at..)?)?;
        let seconds = days_from_epoch(year, month, day) * 86_400
            + i64::from(hour) * 3600
            + i64::from(minute) * 60
            + i64::from(second)
            - i64::from(offset) * 60;
        // a leap second exists only at the end of a UTC day
        if second == 60 && seconds.rem_euclid(86_400) != 0 {
            return None;
        }
        Some(Self { seconds, nanos, offset })
    }

    /// The instant, cut to the microsecond.
    #[must_use]
    pub const fn instant(self) -> Instant {
        Instant(self.seconds * 1_000_000 + (self.nanos / 1000) as i64)
    }

    /// UTC with exactly three decimals, rounded half up at the fourth (event hash rule 9 of CBV 2.0 §8.9).
    #[must_use]
    pub fn utc_millis(self) -> String {
        let millis = self.seconds * 1000 + i64::from((self.nanos + 500_000) / 1_000_000);
        let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
        let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (y, m, d) = civil(day);
        let mut text = String::with_capacity(24);
        if !(0..10_000).contains(&y) {
            return format!(
                "{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}.{millis:03}Z",
                second / 3600,
                second / 60 % 60,
                second % 60
            );
        }
        for (value, width, mark) in [
            (y, 4, '-'),
            (m, 2, '-'),
            (d, 2, 'T'),
            (second / 3600, 2, ':'),
            (second / 60 % 60, 2, ':'),
            (second % 60, 2, '.'),
            (millis, 3, 'Z'),
        ] {
            for place in (0..width).rev() {
                let digit = u8::try_from(value / 10i64.pow(place) % 10).unwrap_or_default();
                text.push(char::from(b'0' + digit));
            }
            text.push(mark);
        }
        text
    }
}

/// Minutes east of UTC of `Z`, `+08:00`, `-06:00`.
fn offset(b: &[u8]) -> Option<i16> {
    match b {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (two(b, 1)?, two(b, 4)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = i16::from(hours) * 60 + i16::from(minutes);
            Some(if *sign == b'-' { -east } else { east })
        }
        _ => None,
    }
}

/// Minutes of an `eventTimeZoneOffset`: `^[+-](0[0-9]|1[0-3]):[0-5][0-9]$` or ±14:00 (EPCIS 2.0 §7.3).
#[must_use]
pub fn zone_offset(text: &str) -> Option<i16> {
    if !matches!(text.as_bytes().first(), Some(b'+' | b'-')) {
        return None;
    }
    offset(text.as_bytes()).filter(|minutes| minutes.abs() <= 14 * 60)
}

fn two(b: &[u8], at: usize) -> Option<u8> {
    let (high, low) = (*b.get(at)?, *b.get(at + 1)?);
    (high.is_ascii_digit() && low.is_ascii_digit()).then(|| (high - b'0') * 10 + (low - b'0'))
}

const fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
fn days_from_epoch(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = i64::from((month + 9) % 12);
    let in_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year - 719_468
}

/// The reverse of [`days_from_epoch`].
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_real_date_times_with_a_zone_are_read() {
        for good in [
            "2005-07-11T11:30:47.0Z",
            "2020-02-29T00:00:00+14:00",
            "2016-12-31T23:59:60Z",
            "2020-01-01t00:00:00z",
        ] {
            assert!(Moment::parse(good).is_some(), "{good}");
        }
        for bad in [
            "2019-02-29T00:00:00Z",
            "2020-01-01",
            "2020-01-01T00:00:00",
            "2020-01-01T24:00:00Z",
            "2020-13-01T00:00:00Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T12:00:60Z",
            "2020-01-01 00:00:00Z",
            "二〇二〇-01-01T00:00:00Z",
        ] {
            assert!(Moment::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn zone_offsets_go_to_fourteen_hours() {
        assert_eq!(zone_offset("+08:00"), Some(480));
        assert_eq!(zone_offset("-14:00"), Some(-840));
        for bad in ["+14:01", "+15:00", "Z", "08:00", "+8:00", "+08:60", "+0800"] {
            assert_eq!(zone_offset(bad), None, "{bad}");
        }
    }

    #[test]
    fn thousandths_are_rounded_half_up_and_carry() {
        for (given, want) in [
            ("2023-01-18T11:04:03.1415Z", "2023-01-18T11:04:03.142Z"),
            ("2023-01-18T11:04:03.1425Z", "2023-01-18T11:04:03.143Z"),
            ("2023-01-18T11:04:03.14249Z", "2023-01-18T11:04:03.142Z"),
            ("2023-12-31T23:59:59.9999+00:00", "2024-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59+01:00", "1969-12-31T22:59:59.000Z"),
        ] {
            assert_eq!(Moment::parse(given).unwrap().utc_millis(), want);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn agrees_with_the_calendar_library(us in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            let text = Instant(us).timestamp().to_string();
            prop_assert_eq!(Moment::parse(&text).map(Moment::instant), Some(Instant(us)));
        }
    }
}
