//! Which receipt answers which shipment of one item: by document, by places, first shipped first received.

use crate::Qty;
use crate::facts::NONE;

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

#[derive(Debug, Clone, Copy)]
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

fn agree(a: u32, b: u32) -> bool {
    a == b || a == NONE || b == NONE
}

/// Nothing both sides recorded contradicts their being one movement.
fn halves_agree(ship: &Half, receipt: &Half) -> bool {
    agree(ship.from, receipt.from) && agree(ship.to, receipt.to) && agree(ship.document, receipt.document)
}

/// The bits of a queue's number that are a position.
const POSITION: u128 = u64::MAX as u128;

/// A key as the upper half of a queue's number.
fn place_in((a, b): (u32, u32)) -> u128 {
    u128::from(a) << 96 | u128::from(b) << 64
}

/// The position in a queue's number.
fn position(number: u128) -> usize {
    usize::try_from(number & POSITION).unwrap_or(usize::MAX)
}

/// Working space, reused from item to item.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    ships: Vec<State>,
    receipts: Vec<State>,
    /// Open shipments: two numbers that are their key, and their position.
    queue: Vec<u128>,
    /// At the first shipment of a key, how many of them were looked at for good.
    heads: Vec<usize>,
    out: Vec<Pair>,
}

impl Pairing {
    /// Pairs the halves. Both lists must be sorted by time, ties in a fixed order: the result depends on nothing
    /// else. Halves that find no partner come out alone.
    pub(crate) fn pair(&mut self, shipped: &[Half], received: &[Half]) -> &[Pair] {
        self.out.clear();
        self.ships.clear();
        self.ships.extend(shipped.iter().map(State::new));
        self.receipts.clear();
        self.receipts.extend(received.iter().map(State::new));
        if let ([ship], [receipt]) = (shipped, received) {
            // the common case, and what the passes below would find
            let on_paper = ship.document != NONE && ship.document == receipt.document;
            if halves_agree(ship, receipt) && (on_paper || ship.time <= receipt.time) {
                take((0, &mut self.ships[0]), (0, &mut self.receipts[0]), &mut self.out);
            }
        } else if !shipped.is_empty() && !received.is_empty() {
            for pass in Pass::ALL {
                self.run(pass, shipped, received);
                if !self.ships.iter().any(|s| s.open) || !self.receipts.iter().any(|r| r.open) {
                    break;
                }
            }
        }
        for (at, state) in self.ships.iter().enumerate().filter(|(_, s)| s.open) {
            let part = if state.whole { None } else { state.left };
            self.out.push(Pair { shipped: Some(at), received: None, part });
        }
        for (at, state) in self.receipts.iter().enumerate().filter(|(_, r)| r.open) {
            let part = if state.whole { None } else { state.left };
            self.out.push(Pair { shipped: None, received: Some(at), part });
        }
        &self.out
    }

    fn run(&mut self, pass: Pass, shipped: &[Half], received: &[Half]) {
        let Self { ships, receipts, queue, heads, out } = self;
        let open = shipped.iter().enumerate().filter(|&(at, _)| ships[at].open);
        queue.clear();
        queue.extend(open.filter_map(|(at, half)| Some(place_in(pass.key(half)?) | at as u128)));
        if queue.is_empty() {
            return;
        }
        if !queue.is_sorted() {
            queue.sort_unstable();
        }
        heads.clear();
        heads.resize(queue.len(), 0);
        for (r, receipt) in received.iter().enumerate() {
            let Some(key) = pass.key(receipt).filter(|_| receipts[r].open) else { continue };
            let key = place_in(key);
            let first = queue.partition_point(|&other| other < key);
            let of_key = &queue[first..];
            let of_key = &of_key[..of_key.partition_point(|&other| other | POSITION == key | POSITION)];
            let Some(head) = heads.get_mut(first).filter(|_| !of_key.is_empty()) else { continue };
            while receipts[r].open {
                while of_key.get(*head).is_some_and(|&s| !ships[position(s)].open) {
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
                let candidates = || of_key[*head..].iter().map(|&s| position(s)).filter(|s| fits(s));
                let mut first = None;
                let found = candidates().take(LOOK_AHEAD).find(|s| {
                    first = first.or(Some(*s));
                    equal(s)
                });
                let Some(s) = found.or(first) else { break };
                take((s, &mut ships[s]), (r, &mut receipts[r]), out);
            }
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
