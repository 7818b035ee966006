//! Partial dates as two bounds: the earliest and the latest day they can mean.
//!
//! FoodChain-Lab compares year, then month, then day, and answers "possible" as soon as one side lacks the part under
//! comparison. That is the same as *earliest day of the arrival ≤ latest day of the departure*, which is an order
//! and can be sorted.

/// The earliest and the latest day a date can mean, as `year * 10000 + month * 100 + day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Earliest.
    pub(crate) earliest: i64,
    /// Latest.
    pub(crate) latest: i64,
}

impl Span {
    /// Nothing is known: any day.
    pub(crate) const ANY: Self = Self { earliest: i64::MIN, latest: i64::MAX };

    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD` (leading zeros may lack, a time behind the day is ignored), and the
    /// forms FoodChain-Lab Web, its templates and people write: `DD.MM.YYYY`, `D/M/YYYY`, `M/YYYY`, `YYYYMMDD`,
    /// `YYYY年M月D日`. `None` when it is none of them.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // nearly every date is complete: no list of parts for those
        if let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() {
            let digits = [y1, y2, y3, y4, m1, m2, d1, d2];
            if digits.iter().all(|d| d.is_ascii_digit()) {
                let key = digits.iter().fold(0, |sum, d| sum * 10 + i64::from(**d - b'0'));
                let (month, day) = (key / 100 % 100, key % 100);
                let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
                return fits.then_some(Self { earliest: key, latest: key });
            }
        }
        let date = text.split(['T', ' ']).next().unwrap_or(text);
        if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) {
            return Self::parse(&format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]));
        }
        let date = date.trim_end_matches(['年', '月', '日', '号']);
        let parts: Vec<&str> = date.split(['-', '.', '/', '年', '月']).map(str::trim).collect();
        if parts.is_empty() || parts.len() > 3 {
            return None;
        }
        let numbers: Vec<i64> = parts
            .iter()
            .map(|p| (p.len() <= 4 && !p.is_empty()).then(|| p.parse::<u16>().ok().map(i64::from)).flatten())
            .collect::<Option<_>>()?;
        let year_last = parts.len() > 1 && parts.last().is_some_and(|p| p.len() == 4) && parts[0].len() <= 2;
        let numbers: Vec<i64> = if year_last { numbers.into_iter().rev().collect() } else { numbers };
        let year = numbers[0];
        let month = numbers.get(1).copied();
        let day = numbers.get(2).copied();
        if month.is_some_and(|m| !(1..=12).contains(&m)) || day.is_some_and(|d| !(1..=31).contains(&d)) {
            return None;
        }
        let key = |month: i64, day: i64| year * 10_000 + month * 100 + day;
        Some(Self {
            earliest: key(month.unwrap_or(1), day.unwrap_or(1)),
            latest: key(month.unwrap_or(12), day.unwrap_or(31)),
        })
    }

    /// The span of a text that may be missing; an unreadable one says nothing.
    #[must_use]
    pub(crate) fn of(text: Option<&str>) -> Self {
        text.and_then(Self::parse).unwrap_or(Self::ANY)
    }

    /// Whether goods that arrived on this date can have left on `departure`.
    #[must_use]
    pub(crate) const fn not_after(self, departure: Self) -> bool {
        self.earliest <= departure.latest
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn a_missing_part_leaves_it_possible_and_a_present_one_decides() {
        for (arrival, departure, possible) in [
            ("2025", "2025-03-01", true),
            ("2026", "2025-03-01", false),
            ("2025-03", "2025-03-01", true),
            ("2025-4", "2025-03-31", false),
            ("2025-03-31", "2025-03", true),
            ("2025-03-31", "2025", true),
            ("2025-03-02", "2025-03-01", false),
            ("2025-3-2", "2025-03-02", true),
            ("10.06.2020", "09.06.2020", false),
            ("9/2018", "3/12/2018", true),
            ("2025-03-02T10:00:00Z", "2025-03-02", true),
            ("2025年3月2日", "20250301", false),
            ("2025年3月", "2025/3/1", true),
            ("2026年", "2025-12-31", false),
            ("End 2023", "2001", true),
        ] {
            let got = Span::of(Some(arrival)).not_after(Span::of(Some(departure)));
            assert_eq!(got, possible, "{arrival} before {departure}");
        }
        assert!(Span::of(None).not_after(Span::of(Some("1999"))));
        for no_date in ["2025-13-01", "20251301", "2025年13月", "月"] {
            assert_eq!(Span::parse(no_date), None, "{no_date}");
        }
    }
}
