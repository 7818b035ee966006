//! Points in time: UTC microseconds in storage, China Standard Time (UTC+8, no daylight saving since 1992) on
//! statutory dates and on screen.

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z. The stored form of every instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

const CHINA: Offset = Offset::constant(8);

impl Instant {
    /// From a civil date and time of day in China.
    #[must_use]
    pub fn china(date: Date, hour: i8, minute: i8) -> Self {
        let at = date.at(hour, minute, 0, 0);
        CHINA.to_timestamp(at).map_or(Self(0), |t| Self(t.as_microsecond()))
    }

    /// Parses RFC 3339 with offset (`2026-09-02T08:00:00+08:00`).
    ///
    /// # Errors
    /// When the text is not an RFC 3339 date-time with an offset.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<Timestamp>().map(|t| Self(t.as_microsecond()))
    }

    /// The jiff timestamp; instants outside its range (years −9999…9999) clamp to its ends.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// The civil date in China at this instant: the date a statutory clock counts from.
    #[must_use]
    pub fn china_date(self) -> Date {
        CHINA.to_datetime(self.timestamp()).date()
    }

    /// `2026-09-02 08:00` in China, the form shown on pages.
    #[must_use]
    pub fn china_minute(self) -> String {
        CHINA.to_datetime(self.timestamp()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// RFC 3339 in UTC with milliseconds (`2026-09-02T00:00:00.000Z`), the form in JSON.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// This instant moved by whole seconds (negative: earlier).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_in_china_turns_at_16_utc() {
        assert_eq!(Instant::parse("2026-09-01T15:59:59Z").unwrap().china_date().to_string(), "2026-09-01");
        assert_eq!(Instant::parse("2026-09-01T16:00:00Z").unwrap().china_date().to_string(), "2026-09-02");
    }

    #[test]
    fn forms_for_people_and_machines() {
        let t = Instant::china(jiff::civil::date(2026, 9, 2), 8, 5);
        assert_eq!(t.china_minute(), "2026-09-02 08:05");
        assert_eq!(t.rfc3339(), "2026-09-02T00:05:00.000Z");
        assert_eq!(Instant::parse("2026-09-02T08:05:00+08:00").unwrap(), t);
    }
}
