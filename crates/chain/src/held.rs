//! What came into each node and what went out of it, as whole numbers: sums over many nodes read these columns
//! instead of the records.

use crate::column::Column;
use crate::derive::{DERIVED, Link, PROCESS, Part, index};
use crate::facts::{Facts, NONE};
use crate::line::{Line, NO_QUANTITY, Said, WIDE_QUANTITY};
use crate::{Qty, Unit};
use base::Decimal;

/// The records must be looked at: units differ, a number is too large, goods are on their way, or a lot was both
/// declared to appear and made.
pub(crate) const LOOK: u8 = 255;
/// Some quantity that came in was not reported.
pub(crate) const CAME_UNKNOWN: u8 = 1;
/// Some quantity that went out was not reported.
pub(crate) const GONE_UNKNOWN: u8 = 2;
/// An earlier stretch of the same stock comes before this one.
pub(crate) const LATER: u8 = 4;

/// Columns over the sealed nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// Made, declared and received, in thousandths or whatever the code says.
    pub(crate) came: Column<u32>,
    /// Passed on, made into other items, sold, used, destroyed, lost.
    pub(crate) gone: Column<u32>,
    /// Code of unit and scale, and flags.
    pub(crate) codes: Column<[u8; 2]>,
    /// What the codes mean: three letters of the unit, and the scale.
    pub(crate) units: Column<[u8; 4]>,
}

/// One sum while it grows.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    value: u64,
    unit: Option<(Unit, u32)>,
    unknown: bool,
    look: bool,
}

impl Sum {
    /// Adds what a line says.
    fn add(&mut self, line: Option<&Line>, facts: &Facts) {
        let Some(line) = line.filter(|line| line.scale != NO_QUANTITY) else {
            self.unknown = true;
            return;
        };
        let (true, Ok(mut mantissa)) = (line.scale != WIDE_QUANTITY, u64::try_from(line.mantissa)) else {
            self.look = true;
            return;
        };
        let Some(&unit) = facts.units.get(usize::from(line.unit)) else {
            self.look = true;
            return;
        };
        if mantissa == 0 {
            return;
        }
        let mut scale = u32::from(line.scale);
        while scale > 0 && mantissa % 10 == 0 {
            (mantissa, scale) = (mantissa / 10, scale - 1);
        }
        let (own, own_scale) = self.unit.unwrap_or((unit, scale));
        let both = scale.max(own_scale);
        let lift = |n: u64, by: u32| 10u64.checked_pow(by).and_then(|f| n.checked_mul(f));
        let sum = lift(self.value, both - own_scale).zip(lift(mantissa, both - scale));
        match sum.and_then(|(a, b)| a.checked_add(b)) {
            Some(sum) if own == unit => (self.value, self.unit) = (sum, Some((unit, both))),
            _ => self.look = true,
        }
    }

    fn at(&self, scale: u32) -> Option<u32> {
        let own = self.unit.map_or(0, |(_, own)| own);
        let lifted = 10u64.checked_pow(scale - own)?.checked_mul(self.value)?;
        u32::try_from(lifted).ok()
    }
}

/// What one node adds up to.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    came: Sum,
    gone: Sum,
    look: bool,
    appeared: bool,
    made: bool,
}

impl Node {
    fn count_in(&mut self, link: &Link, left: Option<&Line>, came: Option<&Line>, facts: &Facts) {
        match came.map(|line| line.said()) {
            None => self.look |= left.is_some(),
            Some(Said::Received) => self.came.add(came, facts),
            Some(Said::Output) => {
                self.came.add(came, facts);
                self.made = true;
            }
            Some(Said::Appear) => {
                self.came.add(came, facts);
                self.appeared = true;
            }
            Some(_) => self.look |= link.from != NONE,
        }
    }

    fn count_out(&mut self, link: &Link, left: Option<&Line>, came: Option<&Line>, facts: &Facts) {
        if left.is_none() && came.is_none() {
            return;
        }
        let line = if link.to != NONE && link.to & PROCESS != 0 { left } else { left.or(came) };
        self.gone.add(line, facts);
    }
}

/// The columns while they grow, item by item.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    came: Vec<u32>,
    gone: Vec<u32>,
    codes: Vec<[u8; 2]>,
    units: Vec<[u8; 4]>,
    sums: Vec<Node>,
}

impl Growing {
    /// The nodes of one item, which begin at `first`, its lines at `at`; all links that touch them are in the part.
    pub(crate) fn add(
        &mut self,
        part: &Part,
        first: u32,
        facts: &Facts,
        (own, at): (&[Line], u32),
        derived: &[Line],
    ) {
        let line = |number: u32| match number {
            NONE => None,
            number if number & DERIVED == 0 => own.get((number - at) as usize),
            number => derived.get((number & !DERIVED) as usize),
        };
        self.sums.clear();
        self.sums.resize(part.nodes.len(), Node::default());
        for link in &part.links {
            let (left, came) = (line(link.left), line(link.came));
            if link.to != NONE && link.to & PROCESS == 0 {
                self.sums[(link.to - first) as usize].count_in(link, left, came, facts);
            }
            if link.from != NONE && link.from & PROCESS == 0 {
                self.sums[(link.from - first) as usize].count_out(link, left, came, facts);
            }
        }
        let base = self.codes.len();
        let (mut begin, mut appeared, mut made) = (0, false, false);
        for at in 0..part.nodes.len() {
            if part.nodes[at].place != part.nodes[begin].place {
                (begin, appeared, made) = (at, false, false);
            }
            let node = &self.sums[at];
            appeared |= node.appeared;
            made |= node.made;
            let flag = |set: bool, bit: u8| if set { bit } else { 0 };
            let flags = flag(at > begin, LATER)
                | flag(node.came.unknown, CAME_UNKNOWN)
                | flag(node.gone.unknown, GONE_UNKNOWN);
            let (mut code, numbers) = code(node, &mut self.units);
            if appeared && made {
                self.codes[base + begin..].iter_mut().for_each(|earlier| earlier[0] = LOOK);
                code = LOOK;
            }
            self.codes.push([code, flags]);
            self.came.push(numbers.0);
            self.gone.push(numbers.1);
        }
    }

    pub(crate) fn close(self) -> Held {
        let Self { came, gone, codes, units, .. } = self;
        Held { came: came.into(), gone: gone.into(), codes: codes.into(), units: units.into() }
    }
}

impl Held {
    /// The unit and scale of a code.
    pub(crate) fn meaning(&self, code: u8) -> Option<(Unit, u32)> {
        let &[a, b, c, scale] = self.units.get(usize::from(code))?;
        Some((Unit::from_bytes([a, b, c]), u32::from(scale)))
    }

    /// A sum of numbers of one code.
    pub(crate) fn quantity(&self, code: u8, sum: i128) -> Option<Qty> {
        let (unit, scale) = self.meaning(code)?;
        Some(Qty::new(Decimal::try_from_i128_with_scale(sum, scale).ok()?, unit))
    }

    /// Bytes of the columns, owned or mapped.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.came) + size_of_val(&*self.gone) + size_of_val(&*self.codes)
    }

    pub(crate) fn owned_bytes(&self) -> usize {
        self.came.owned_bytes() + self.gone.owned_bytes() + self.codes.owned_bytes()
    }
}

fn code(node: &Node, units: &mut Vec<[u8; 4]>) -> (u8, (u32, u32)) {
    let look = (LOOK, (0, 0));
    if node.look || node.came.look || node.gone.look {
        return look;
    }
    let (unit, scale) = match (node.came.unit, node.gone.unit) {
        (None, None) => (Unit::PIECE, 0),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(a), Some(b)) if a.0 == b.0 => (a.0, a.1.max(b.1)),
        _ => return look,
    };
    let (Some(came), Some(gone)) = (node.came.at(scale), node.gone.at(scale)) else { return look };
    let [a, b, c] = unit.bytes();
    let wanted = [a, b, c, u8::try_from(scale).unwrap_or(u8::MAX)];
    let at = units.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        units.push(wanted);
        units.len() - 1
    });
    match u8::try_from(index(at)) {
        Ok(code) if code < LOOK => (code, (came, gone)),
        _ => look,
    }
}
