//! Values, units and brackets as laboratories write them.

use base::Decimal;

/// Full-width and typographic variants to plain characters; text otherwise as written.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|c| !matches!(c, '\u{feff}' | '\u{200b}' | '™' | '®'))
        .map(|c| match c {
            '（' | '〔' => '(',
            '）' | '〕' => ')',
            '【' | '［' => '[',
            '】' | '］' => ']',
            '，' => ',',
            '；' => ';',
            '：' | '∶' => ':',
            '＋' => '+',
            '＝' => '=',
            '％' => '%',
            '．' => '.',
            '／' => '/',
            '－' | '−' | '–' | '⁻' => '-',
            '＜' => '<',
            '＞' => '>',
            '～' => '~',
            'µ' => 'μ',
            '\u{3000}' => ' ',
            '₀'..='₉' => char::from_digit(c as u32 - '₀' as u32, 10).unwrap_or(c),
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
            other => other,
        })
        .collect()
}

/// Takes bracketed parts out of a plain text: the rest, and the contents in order.
#[must_use]
pub(crate) fn brackets(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut inner, mut out, mut depth) = (String::new(), String::new(), Vec::new(), 0u32);
    for c in text.chars() {
        match c {
            '(' => {
                if depth > 0 {
                    inner.push(c);
                }
                depth += 1;
            }
            ')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    out.push(std::mem::take(&mut inner));
                } else {
                    inner.push(c);
                }
            }
            other if depth > 0 => inner.push(other),
            other => rest.push(other),
        }
    }
    if depth > 0 {
        out.push(inner);
    }
    (rest.trim().to_owned(), out)
}

/// An exact number, powers of ten included: `0.20`, `1.4×10²`, `3e4`, `10⁵`, `1,200`.
#[must_use]
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.is_empty() || text.len() > 40 {
        return None;
    }
    if let Ok(value) = text.parse::<Decimal>() {
        return Some(value);
    }
    if let Ok(value) = Decimal::from_scientific(&text) {
        return Some(value);
    }
    if let Some((mantissa, power)) = text.split_once(['×', '*', 'x', 'X']) {
        return mantissa.parse::<Decimal>().ok()?.checked_mul(power_of_ten(power)?);
    }
    if let Some(value) = power_of_ten(&text) {
        return Some(value);
    }
    let groups: Vec<&str> = text.split(',').collect();
    let thousands =
        groups.len() > 1 && (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
    if thousands { groups.concat().parse().ok() } else { None }
}

/// `10⁵`, `10^5`
fn power_of_ten(text: &str) -> Option<Decimal> {
    let exponent: String = text
        .strip_prefix("10")?
        .trim_start_matches('^')
        .chars()
        .map(|c| match c {
            '⁰' => '0',
            '¹' => '1',
            '²' => '2',
            '³' => '3',
            '⁴'..='⁹' => char::from_digit(c as u32 - '⁴' as u32 + 4, 10).unwrap_or(c),
            other => other,
        })
        .collect();
    Decimal::from_scientific(&format!("1e{}", exponent.parse::<u32>().ok().filter(|e| *e <= 20)?)).ok()
}

/// A reported result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A number.
    Exact(Decimal),
    /// Not detected; the detection limit where the text carries it.
    NotDetected(Option<Decimal>),
    /// Less than a number (`<0.01`).
    Below(Decimal),
    /// More than a number (`>1000`).
    Above(Decimal),
    /// Detected without a number.
    Detected,
    /// Several sub-samples.
    Several(Vec<Reading>),
    /// Unreadable.
    Unreadable,
}

/// Reads a value field.
pub(crate) fn reading(text: &str) -> Reading {
    // The usual case first: plain digits.
    if text.len() <= 24
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && let Ok(value) = text.parse()
    {
        return Reading::Exact(value);
    }
    let text = plain(text);
    if text.contains('|') {
        return Reading::Several(text.split('|').map(reading).collect());
    }
    let (head, notes) = brackets(&text);
    let lower = head.to_lowercase();
    if ["nd", "n.d.", "n.d", "未检出", "not detected", "<lod", "阴性", "不得检出", "未检测出"]
        .contains(&lower.as_str())
    {
        let lod = notes.iter().find_map(|n| number_in(n));
        return Reading::NotDetected(lod);
    }
    if lower.starts_with("nd(") || lower.starts_with("未检出") {
        return Reading::NotDetected(None);
    }
    if ["检出", "阳性", "detected", "positive", "+"].contains(&lower.as_str()) {
        return Reading::Detected;
    }
    if let Some(rest) = head.strip_prefix('<').or_else(|| head.strip_prefix('≤')) {
        return decimal(rest).map_or(Reading::Unreadable, Reading::Below);
    }
    if let Some(rest) = head.strip_prefix('>').or_else(|| head.strip_prefix('≥')) {
        return decimal(rest).map_or(Reading::Unreadable, Reading::Above);
    }
    decimal(head.trim()).map_or(Reading::Unreadable, Reading::Exact)
}

/// The first number in a text.
#[must_use]
pub(crate) fn number_in(text: &str) -> Option<Decimal> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_however_they_are_written() {
        let d = |t: &str| t.parse::<Decimal>().ok();
        for (text, want) in [
            ("0.20", "0.2"),
            ("1.4×10²", "140"),
            ("3e4", "30000"),
            ("10⁵", "100000"),
            ("10^5", "100000"),
            ("1,200", "1200"),
        ] {
            assert_eq!(decimal(text), d(want), "{text}");
        }
        for text in ["", "abc", "1,2", "--1", "10⁵⁵"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn readings_keep_the_difference_between_absent_small_and_unreadable() {
        assert_eq!(reading("ND"), Reading::NotDetected(None));
        assert_eq!(reading("未检出(检出限0.01)"), Reading::NotDetected(Some(Decimal::new(1, 2))));
        assert_eq!(reading("<0.01"), Reading::Below(Decimal::new(1, 2)));
        assert_eq!(reading("21 (sum)"), Reading::Exact(Decimal::from(21)));
        assert_eq!(reading("0..2"), Reading::Unreadable);
        assert!(matches!(reading("50|<10|检出"), Reading::Several(v) if v.len() == 3));
    }
}
