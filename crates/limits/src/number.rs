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

/// An exact number, powers of ten included: `0.20`, `1.4×10²`, `1.9×10^-1`, `3e4`, `10⁵`, `1,200`. A power whose sign or height
/// was lost on the way (`1.9×10-1`) is not guessed.
#[must_use]
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    // a decimal keeps 28 digits: more would be rounded, and a rounded value may sink to the limit
    if text.is_empty() || text.bytes().filter(u8::is_ascii_digit).count() > 28 {
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

/// `10⁵`, `10^5`, `10⁻¹`, `10^-1`
fn power_of_ten(text: &str) -> Option<Decimal> {
    let raised = text.strip_prefix("10")?;
    let exponent = raised.strip_prefix('^').unwrap_or(raised);
    // `10-1` may be a power or a slip: only a mark of height makes it one
    let marked =
        raised.starts_with('^') || exponent.chars().any(|c| matches!(c, '⁰' | '¹' | '²' | '³' | '⁴'..='⁹'));
    let (sign, exponent) = match exponent.strip_prefix('-').filter(|_| marked) {
        Some(rest) => ("-", rest),
        None => ("", exponent),
    };
    let exponent: String = exponent
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
    Decimal::from_scientific(&format!("1e{sign}{}", exponent.parse::<u32>().ok().filter(|e| *e <= 20)?)).ok()
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
    /// A number or less (`≤0.5`).
    AtMost(Decimal),
    /// Less than the limit of quantification, which stands elsewhere (`<LOQ`).
    Unquantified,
    /// More than a number (`>1000`).
    Above(Decimal),
    /// A number or more (`≥0.2`).
    AtLeast(Decimal),
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
        // 「未检出,检出限0.002」
        let lod =
            lower.split_once("检出限").or_else(|| lower.split_once('<')).and_then(|(_, t)| number_in(t));
        return Reading::NotDetected(lod);
    }
    if ["检出", "阳性", "detected", "positive", "+"].contains(&lower.as_str()) {
        return Reading::Detected;
    }
    if ["<loq", "未定量", "<定量限", "小于定量限", "not quantified"].contains(&lower.as_str()) {
        return Reading::Unquantified;
    }
    type Sign = fn(Decimal) -> Reading;
    let signs: [(&str, Sign); 10] = [
        ("<=", Reading::AtMost),
        ("≤", Reading::AtMost),
        ("≦", Reading::AtMost),
        ("<", Reading::Below),
        ("小于", Reading::Below),
        (">=", Reading::AtLeast),
        ("≥", Reading::AtLeast),
        ("≧", Reading::AtLeast),
        (">", Reading::Above),
        ("大于", Reading::Above),
    ];
    if let Some((rest, sign)) = signs.into_iter().find_map(|(s, sign)| Some((head.strip_prefix(s)?, sign))) {
        return decimal(rest).map_or(Reading::Unreadable, sign);
    }
    // The uncertainty a laboratory states is on record and never moves the value: limits are compared with the value alone.
    let head = match head.split_once(['±', '∓']) {
        Some((value, uncertainty))
            if decimal(uncertainty.trim_end_matches(|c: char| c.is_alphabetic() || c == '/')).is_some() =>
        {
            value.trim()
        }
        Some(_) => return Reading::Unreadable,
        None => head.trim(),
    };
    decimal(head).map_or(Reading::Unreadable, Reading::Exact)
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
            ("1.9×10^-1", "0.19"),
            ("1.9×10-¹", "0.19"),
            ("1,200", "1200"),
        ] {
            assert_eq!(decimal(text), d(want), "{text}");
        }
        for text in ["", "abc", "1,2", "--1", "10⁵⁵", "1.9×10-1", "0.20000000000000000000000000001"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn readings_keep_the_difference_between_absent_small_and_unreadable() {
        assert_eq!(reading("ND"), Reading::NotDetected(None));
        assert_eq!(reading("未检出(检出限0.01)"), Reading::NotDetected(Some(Decimal::new(1, 2))));
        assert_eq!(reading("<0.01"), Reading::Below(Decimal::new(1, 2)));
        assert_eq!(reading("≤0.5"), Reading::AtMost(Decimal::new(5, 1)));
        assert_eq!(reading(">=0.2"), Reading::AtLeast(Decimal::new(2, 1)));
        assert_eq!(reading("<LOQ"), Reading::Unquantified);
        assert_eq!(reading("1.9×10⁻¹"), Reading::Exact(Decimal::new(19, 2)));
        assert_eq!(reading("21 (sum)"), Reading::Exact(Decimal::from(21)));
        assert_eq!(reading("0..2"), Reading::Unreadable);
        assert!(matches!(reading("50|<10|检出"), Reading::Several(v) if v.len() == 3));
    }
}
