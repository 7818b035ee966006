//! Decimals as whole millionths, the exact number form of guards and of summed columns.

use base::Decimal;

/// Millionths in one.
pub const MICRO: i64 = 1_000_000;

/// A decimal as whole millionths; `None` when it has more than six decimals or does not fit 64 bits.
#[must_use]
pub fn micro(value: Decimal) -> Option<i64> {
    let scaled = value.checked_mul(Decimal::from(MICRO))?;
    if scaled.fract().is_zero() { i64::try_from(scaled.trunc().mantissa()).ok() } else { None }
}

/// The decimal of whole millionths, without trailing zeros.
#[must_use]
pub fn from_micro(value: i64) -> Decimal {
    Decimal::new(value, 6).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_decimals_are_exact_and_a_seventh_is_refused() {
        for (text, want) in [
            ("0", Some(0)),
            ("12.5", Some(12_500_000)),
            ("-0.000001", Some(-1)),
            ("1.500000", Some(1_500_000)),
            ("0.0000001", None),
            ("9300000000000", None),
        ] {
            let got = micro(text.parse().unwrap());
            assert_eq!(got, want, "{text}");
            if let Some(m) = got {
                assert_eq!(from_micro(m), text.parse::<Decimal>().unwrap());
            }
        }
    }
}
