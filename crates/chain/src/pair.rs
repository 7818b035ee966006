//! Which receipt answers which shipment of one item: by document, by places, first shipped first received.

use crate::Qty;
use crate::facts::NONE;
use crate::trace::Spread;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

/// Candidates of one sender and recipient looked at for one of exactly the same quantity.
const LOOK_AHEAD: usize = 256;

/// One recorded half of a movement, in order of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Half {
    /// Number of the line it comes from.
    pub(crate) line: u32,
    pub(crate) time: i64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) document: u32,
    pub(crate) quantity: Option<Qty>,
}

/// A movement, or a part of one: at least one half is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) shipped: Option<usize>,
    pub(crate) received: Option<usize>,
    /// The part of a shipment or receipt this is, when it is not the whole.
    pub(crate) part: Option<Qty>,
}

struct State {
    open: bool,
    left: Option<Qty>,
    whole: bool,
}

impl State {
    fn new(half: &Half) -> Self {
        Self { open: true, left: half.quantity, whole: true }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Document,
    BothPlaces,
    Recipient,
    Sender,
    Time,
}

impl Pass {
    const ALL: [Self; 5] = [Self::Document, Self::BothPlaces, Self::Recipient, Self::Sender, Self::Time];

    fn key(self, half: &Half) -> Option<(u32, u32)> {
        let known = |n: u32| (n != NONE).then_some(n);
        match self {
            Self::Document => known(half.document).map(|d| (d, 0)),
            Self::BothPlaces => Some((known(half.from)?, known(half.to)?)),
            Self::Recipient => known(half.to).map(|p| (p, 0)),
            Self::Sender => known(half.from).map(|p| (p, 0)),
            Self::Time => Some((0, 0)),
        }
    }
}

/// Shipments of one key, and how many of them were looked at for good.
type Queues = HashMap<(u32, u32), (usize, Vec<usize>), BuildHasherDefault<Spread>>;

fn agree(a: u32, b: u32) -> bool {
    a == b || a == NONE || b == NONE
}

/// Nothing both sides recorded contradicts their being one movement.
fn halves_agree(ship: &Half, receipt: &Half) -> bool {
    agree(ship.from, receipt.from) && agree(ship.to, receipt.to) && agree(ship.document, receipt.document)
}

/// Pairs the halves. Both lists must be sorted by time, ties in a fixed order: the result depends on nothing
/// else. Halves that find no partner come out alone.
pub(crate) fn pair(shipped: &[Half], received: &[Half]) -> Vec<Pair> {
    let mut out = Vec::with_capacity(shipped.len().max(received.len()));
    let mut ships: Vec<State> = shipped.iter().map(State::new).collect();
    let mut receipts: Vec<State> = received.iter().map(State::new).collect();
    if let ([ship], [receipt]) = (shipped, received) {
        // the common case, and what the passes below would find
        let on_paper = ship.document != NONE && ship.document == receipt.document;
        if halves_agree(ship, receipt) && (on_paper || ship.time <= receipt.time) {
            take((0, &mut ships[0]), (0, &mut receipts[0]), &mut out);
        }
    } else if !shipped.is_empty() && !received.is_empty() {
        for pass in Pass::ALL {
            run(pass, (shipped, &mut ships), (received, &mut receipts), &mut out);
            if !ships.iter().any(|s| s.open) || !receipts.iter().any(|r| r.open) {
                break;
            }
        }
    }
    for (at, state) in ships.iter().enumerate().filter(|(_, s)| s.open) {
        let part = if state.whole { None } else { state.left };
        out.push(Pair { shipped: Some(at), received: None, part });
    }
    for (at, state) in receipts.iter().enumerate().filter(|(_, r)| r.open) {
        let part = if state.whole { None } else { state.left };
        out.push(Pair { shipped: None, received: Some(at), part });
    }
    out
}

fn run(
    pass: Pass,
    (shipped, ships): (&[Half], &mut [State]),
    (received, receipts): (&[Half], &mut [State]),
    out: &mut Vec<Pair>,
) {
    let mut queues: Queues = HashMap::default();
    for (at, half) in shipped.iter().enumerate().filter(|&(at, _)| ships[at].open) {
        if let Some(key) = pass.key(half) {
            queues.entry(key).or_default().1.push(at);
        }
    }
    for (r, receipt) in received.iter().enumerate() {
        let Some((head, queue)) = pass.key(receipt).and_then(|key| queues.get_mut(&key)) else { continue };
        while receipts[r].open {
            while queue.get(*head).is_some_and(|&s| !ships[s].open) {
                *head += 1;
            }
            let fits = |s: &usize| {
                let ship = &shipped[*s];
                ships[*s].open
                    && (pass == Pass::Document || ship.time <= receipt.time)
                    && halves_agree(ship, receipt)
            };
            let equal = |s: &usize| {
                let (a, b) = (ships[*s].left, receipts[r].left);
                matches!((a, b), (Some(a), Some(b)) if a == b || a.common() == b.common())
            };
            let candidates = || queue[*head..].iter().copied().filter(|s| fits(s));
            let Some(s) = candidates().take(LOOK_AHEAD).find(|s| equal(s)).or_else(|| candidates().next())
            else {
                break;
            };
            take((s, &mut ships[s]), (r, &mut receipts[r]), out);
        }
    }
}

/// Settles as much of a receipt with a shipment as both have left.
fn take((s, ship): (usize, &mut State), (r, receipt): (usize, &mut State), out: &mut Vec<Pair>) {
    let both = ship.left.zip(receipt.left);
    if ship.whole && receipt.whole && both.is_some_and(|(a, b)| a == b) {
        (ship.open, receipt.open) = (false, false);
        out.push(Pair { shipped: Some(s), received: Some(r), part: None });
        return;
    }
    let rest = both.and_then(|(a, b)| Some((a.minus(b)?, b.minus(a)?, a.min(b)?)));
    let Some((ship_rest, receipt_rest, part)) = rest else {
        // a quantity is missing or of another dimension: one receipt answers one shipment
        ship.open = false;
        receipt.open = false;
        let part = if ship.whole && receipt.whole { None } else { ship.left.or(receipt.left) };
        out.push(Pair { shipped: Some(s), received: Some(r), part });
        return;
    };
    let zero = base::Decimal::ZERO;
    let whole = ship.whole && receipt.whole && ship_rest.value == zero;
    out.push(Pair { shipped: Some(s), received: Some(r), part: (!whole).then_some(part) });
    ship.open = ship_rest.value > zero;
    receipt.open = receipt_rest.value > zero;
    if ship.open {
        (ship.left, ship.whole) = (Some(ship_rest), false);
    }
    if receipt.open {
        (receipt.left, receipt.whole) = (Some(receipt_rest), false);
    }
}
