//! Exact quantities with their units, and sums that never add what cannot be added.

use base::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A unit code of UN/ECE Recommendation 20 (`KGM`, `LTR`, …); [`Unit::PIECE`] counts items.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Unit([u8; 3]);

impl Unit {
    /// No unit of measure: a count of pieces (EPCIS `quantity` without `uom`).
    pub const PIECE: Self = Self([0; 3]);
    /// Kilogram.
    pub const KGM: Self = Self(*b"KGM");

    /// A code of two or three capital letters or digits; the empty text is [`Unit::PIECE`].
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes = code.as_bytes();
        let known = matches!(bytes.len(), 0 | 2 | 3)
            && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let mut out = [0; 3];
        known.then(|| {
            out[..bytes.len()].copy_from_slice(bytes);
            Self(out)
        })
    }

    /// The code; empty for pieces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&b| b == 0).unwrap_or(3);
        std::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }

    pub(crate) const fn bytes(self) -> [u8; 3] {
        self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; 3]) -> Self {
        Self(bytes)
    }

    /// The unit this one is compared in and its exact factor: masses in kilograms, volumes in litres, others
    /// in themselves. Factors are those of UN/ECE Recommendation 20.
    #[must_use]
    pub fn common(self) -> (Self, Decimal) {
        let factor = |mantissa: i64, scale: u32| Decimal::new(mantissa, scale);
        match &self.0 {
            b"KGM" => (Self::KGM, Decimal::ONE),
            b"GRM" => (Self::KGM, factor(1, 3)),
            b"MGM" => (Self::KGM, factor(1, 6)),
            b"DTN" => (Self::KGM, factor(100, 0)),
            b"TNE" => (Self::KGM, factor(1000, 0)),
            b"LBR" => (Self::KGM, factor(45_359_237, 8)),
            b"ONZ" => (Self::KGM, factor(28_349_523_125, 12)),
            b"LTR" => (Self(*b"LTR"), Decimal::ONE),
            b"MLT" => (Self(*b"LTR"), factor(1, 3)),
            b"CLT" => (Self(*b"LTR"), factor(1, 2)),
            b"HLT" => (Self(*b"LTR"), factor(100, 0)),
            b"MTQ" => (Self(*b"LTR"), factor(1000, 0)),
            b"EA\0" | b"C62" | b"H87" => (Self::PIECE, Decimal::ONE),
            _ => (self, Decimal::ONE),
        }
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::PIECE { "PIECE" } else { self.as_str() })
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.as_str().to_owned()
    }
}

impl TryFrom<String> for Unit {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        Self::new(&code).ok_or_else(|| {
            format!("unit {code:?} is not a UN/ECE Recommendation 20 code: two or three capitals or digits")
        })
    }
}

/// An exact quantity in the unit it was reported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Qty {
    /// The value, exact.
    pub value: Decimal,
    /// Its unit.
    pub unit: Unit,
}

impl Qty {
    /// A quantity in a unit.
    #[must_use]
    pub const fn new(value: Decimal, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// Whole kilograms.
    #[must_use]
    pub fn kg(value: i64) -> Self {
        Self::new(Decimal::from(value), Unit::KGM)
    }

    /// Whole pieces.
    #[must_use]
    pub fn pieces(value: i64) -> Self {
        Self::new(Decimal::from(value), Unit::PIECE)
    }

    /// The same quantity in the unit it is compared in (kilograms, litres, pieces, or its own).
    #[must_use]
    pub fn common(self) -> Self {
        let (unit, factor) = self.unit.common();
        Self::new((self.value * factor).normalize(), unit)
    }

    /// The smaller of two when they can be compared.
    #[must_use]
    pub(crate) fn min(self, other: Self) -> Option<Self> {
        let (a, b) = (self.common(), other.common());
        (a.unit == b.unit).then(|| if a.value <= b.value { self } else { other })
    }

    /// `self − other` when both are of one dimension; in the common unit unless the units agree.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        if self.unit == other.unit {
            return Some(Self::new(self.value - other.value, self.unit));
        }
        let (a, b) = (self.common(), other.common());
        (a.unit == b.unit).then(|| Self::new(a.value - b.value, a.unit))
    }
}

/// A sum of quantities. Masses add up in kilograms (in their own unit when all agree), volumes in litres;
/// quantities of different dimension stand side by side; a missing one makes the sum a lower bound and says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// One entry for each dimension, sorted by unit; none when nothing with a quantity was added.
    pub sums: Vec<Qty>,
    /// Some quantity was not reported: the sums are what is known, not what is.
    pub quantity_unknown: bool,
}

impl Amount {
    /// Adds one reported quantity, or notes that it is missing.
    pub fn add(&mut self, quantity: Option<Qty>) {
        match quantity {
            Some(q) => self.accumulate(q),
            None => self.quantity_unknown = true,
        }
    }

    /// Adds another sum.
    pub fn add_all(&mut self, other: &Self) {
        other.sums.iter().for_each(|&q| self.accumulate(q));
        self.quantity_unknown |= other.quantity_unknown;
    }

    /// Takes another sum away, dimension by dimension; an unknown part on either side leaves it unknown.
    pub fn subtract_all(&mut self, other: &Self) {
        for q in &other.sums {
            self.accumulate(Qty::new(-q.value, q.unit));
        }
        self.quantity_unknown |= other.quantity_unknown;
    }

    fn accumulate(&mut self, q: Qty) {
        let common = q.unit.common().0;
        if let Some(sum) = self.sums.iter_mut().find(|s| s.unit.common().0 == common) {
            if sum.unit == q.unit {
                sum.value += q.value;
            } else {
                *sum = sum.common();
                sum.value += q.common().value;
            }
        } else {
            self.sums.push(q);
            self.sums.sort_by_key(|s| s.unit);
        }
    }

    /// The one sum, when every quantity is known and of one dimension; zero pieces when nothing was added.
    #[must_use]
    pub fn exact(&self) -> Option<Qty> {
        match self.sums.as_slice() {
            _ if self.quantity_unknown => None,
            [] => Some(Qty::pieces(0)),
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Quantities of different dimension were met: they are reported side by side, never summed.
    #[must_use]
    pub fn mixed_units(&self) -> bool {
        self.sums.len() > 1
    }

    /// Nothing was added, or all of it is known and zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        !self.quantity_unknown && self.sums.iter().all(|q| q.value.is_zero())
    }

    /// Something may be there: a positive known part, or an unknown one.
    #[must_use]
    pub fn may_be_positive(&self) -> bool {
        self.quantity_unknown || self.sums.iter().any(|q| q.value > Decimal::ZERO)
    }

    /// A known part is below zero: more went out than came in.
    #[must_use]
    pub fn any_negative(&self) -> bool {
        self.sums.iter().any(|q| q.value < Decimal::ZERO)
    }
}
