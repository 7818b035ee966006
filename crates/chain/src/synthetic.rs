//! A synthetic supply network from a seed: eight tiers, heavy-tailed hubs, mixing, interleaved flows; for
//! measurements and tests, with plainly fictitious numbers instead of names.

use crate::{How, ItemId, Kind, Phase, PlaceId, Qty, Step, Unit};
use base::Decimal;

const DAY: i64 = 86_400_000_000;
const DAYS: i64 = 730;
const REGIONS: u32 = 34;

/// Tiers from farm to shop: share of the places, and lots mixed into one where a tier mixes.
const TIERS: [Tier; 8] = [
    Tier { share: 400, mixes: 0 },
    Tier { share: 40, mixes: 60 },
    Tier { share: 20, mixes: 12 },
    Tier { share: 20, mixes: 8 },
    Tier { share: 15, mixes: 2 },
    Tier { share: 15, mixes: 0 },
    Tier { share: 40, mixes: 0 },
    Tier { share: 450, mixes: 0 },
];

#[derive(Clone, Copy)]
struct Tier {
    /// Places of this tier among a thousand.
    share: u32,
    /// Mean number of input lots of a transformation; none for tiers that only trade.
    mixes: u32,
}

/// A small deterministic generator (SplitMix64): the same seed gives the same network on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly from 0 to below `n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        u32::try_from(((self.next() >> 32) * u64::from(n)) >> 32).unwrap_or(0)
    }

    /// Low numbers far more often than high ones: the hubs of a heavy-tailed network.
    fn hub(&mut self, n: u32) -> u32 {
        let deep = self.below(3);
        (0..=deep)
            .fold(n, |bound, _| self.below(bound.max(1)).max(1))
            .saturating_sub(1)
            .min(n.saturating_sub(1))
    }
}

/// A lot in stock somewhere.
#[derive(Debug, Clone, Copy)]
struct Stock {
    item: ItemId,
    place: PlaceId,
    since: i64,
}

/// A network as steps in order of making; see [`network`].
#[derive(Debug)]
pub struct Network {
    random: Random,
    links: u64,
    made: u64,
    events: u64,
    items: u32,
    first: [u32; 9],
    /// Recent lots of each tier, the supply of the next.
    recent: [Vec<Stock>; 8],
    ready: std::collections::VecDeque<Step>,
}

/// A network of about `links` links (a movement, or one item of a transformation, each counts one). Every
/// movement is told by both halves; times respect the order of the tiers.
#[must_use]
pub fn network(links: u64, seed: u64) -> Network {
    let places = u32::try_from((links / 80).clamp(60, 1_000_000)).unwrap_or(60);
    let mut first = [0; 9];
    for (tier, shape) in TIERS.iter().enumerate() {
        first[tier + 1] = first[tier] + (places * shape.share / 1000).max(2);
    }
    Network {
        random: Random::new(seed),
        links,
        made: 0,
        events: 0,
        items: 0,
        first,
        recent: Default::default(),
        ready: std::collections::VecDeque::new(),
    }
}

impl Network {
    fn say(&mut self, time: i64, kind: Kind) {
        self.events += 1;
        self.ready.push_back(Step { event: self.events, time, record: time, kind });
    }

    fn place(&mut self, tier: usize) -> PlaceId {
        let (from, to) = (self.first[tier], self.first[tier + 1]);
        PlaceId(from + self.random.hub(to - from))
    }

    /// Seven in ten from the same region when one is found.
    fn near(&mut self, tier: usize, from: PlaceId) -> PlaceId {
        let wanted = self.random.below(10) < 7;
        let mut place = self.place(tier);
        for _ in 0..6 {
            if !wanted || place.0 % REGIONS == from.0 % REGIONS {
                break;
            }
            place = self.place(tier);
        }
        place
    }

    fn quantity(&mut self) -> Option<Qty> {
        let grams = 1000 + i64::from(self.random.below(500_000));
        Some(Qty::new(Decimal::new(grams, 3), Unit::KGM))
    }

    fn lot(&mut self) -> ItemId {
        self.items += 1;
        ItemId(self.items - 1)
    }

    fn keep(&mut self, tier: usize, stock: Stock) {
        let window = 3000.max(usize::try_from(self.links / 400).unwrap_or(3000));
        if self.recent[tier].len() < window {
            self.recent[tier].push(stock);
        } else {
            let at = self.random.below(u32::try_from(window).unwrap_or(u32::MAX)) as usize;
            self.recent[tier][at] = stock;
        }
    }

    fn carry(&mut self, stock: Stock, to: PlaceId) -> Stock {
        let depart = stock.since + i64::from(self.random.below(72)) * DAY / 24;
        let arrive = depart + i64::from(1 + self.random.below(48)) * DAY / 24;
        let quantity = self.quantity();
        let half = |phase| Kind::Move {
            from: Some(stock.place),
            to: Some(to),
            items: vec![(stock.item, quantity)],
            phase,
            document: None,
        };
        self.say(depart, half(Phase::Shipped));
        self.say(arrive, half(Phase::Received));
        self.made += 1;
        Stock { item: stock.item, place: to, since: arrive }
    }

    fn harvest(&mut self) {
        let (item, place) = (self.lot(), self.place(0));
        let time = i64::from(self.random.below(u32::try_from(DAYS - 120).unwrap_or(1) * 24)) * DAY / 24;
        let quantity = self.quantity();
        self.say(time, Kind::Appear { place, items: vec![(item, quantity)] });
        let stock = Stock { item, place, since: time };
        for _ in 0..=self.random.below(2) {
            let to = self.near(1, place);
            let arrived = self.carry(stock, to);
            self.keep(0, arrived);
        }
    }

    /// One transformation at a tier that mixes: inputs from the tier before, moved here if need be, of about
    /// one time; the output leaves for the next tier, at times more than once and between other inputs.
    fn mix(&mut self, tier: usize) {
        let place = self.place(tier);
        let mean = TIERS[tier].mixes;
        let want = 1 + self.random.below(2 * mean) as usize;
        let mut inputs: Vec<Stock> = Vec::with_capacity(want);
        for _ in 0..want.min(40 + 5 * usize::try_from(mean).unwrap_or(0)) {
            let pool = &self.recent[tier - 1];
            if pool.is_empty() {
                return;
            }
            let at = self.random.below(u32::try_from(pool.len()).unwrap_or(1)) as usize;
            let stock = self.recent[tier - 1][at];
            let close = inputs.first().is_none_or(|first| (first.since - stock.since).abs() < 30 * DAY);
            if close && !inputs.iter().any(|known| known.item == stock.item) {
                let here = if stock.place == place { stock } else { self.carry(stock, place) };
                inputs.push(here);
            }
        }
        let time = inputs.iter().map(|stock| stock.since).max().unwrap_or(0) + DAY / 12;
        // a silo or tank keeps its lot number while it is filled again and again
        let silo = self.random.below(12) == 0 && self.recent[tier].iter().any(|s| s.place == place);
        let item = match self.recent[tier].iter().find(|s| silo && s.place == place) {
            Some(tank) => tank.item,
            None => self.lot(),
        };
        let quantities: Vec<_> = inputs.iter().map(|s| (s.item, self.quantity())).collect();
        let made = self.quantity();
        self.made += quantities.len() as u64 + 1;
        self.say(time, Kind::Transform { place, inputs: quantities, outputs: vec![(item, made)], id: None });
        let stock = Stock { item, place, since: time };
        for _ in 0..=self.random.hub(2 + mean) {
            let to = self.near(tier + 1, place);
            let arrived = self.carry(stock, to);
            self.keep(tier, arrived);
        }
    }

    /// A lot goes from a trading tier to several places of the next.
    fn trade(&mut self, tier: usize) {
        let pool = u32::try_from(self.recent[tier - 1].len()).unwrap_or(0);
        if pool == 0 {
            return;
        }
        let stock = self.recent[tier - 1][self.random.below(pool) as usize];
        for _ in 0..1 + self.random.hub(12) {
            let to = self.near(tier, stock.place);
            let arrived = self.carry(stock, to);
            if tier == 7 {
                let (time, quantity) = (arrived.since + DAY, self.quantity());
                let items = vec![(arrived.item, quantity)];
                self.say(time, Kind::Leave { place: arrived.place, items, how: How::Sold });
            } else {
                self.keep(tier, arrived);
            }
        }
    }
}

impl Iterator for Network {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.ready.is_empty() {
            if self.made >= self.links {
                return None;
            }
            match self.random.below(100) {
                0..26 => self.harvest(),
                26..29 => self.mix(1),
                29..35 => self.mix(2),
                35..42 => self.mix(3),
                42..50 => self.mix(4),
                50..60 => self.trade(5),
                60..75 => self.trade(6),
                _ => self.trade(7),
            }
        }
        self.ready.pop_front()
    }
}
