//! A synthetic supply network from a seed: eight tiers, heavy-tailed hubs, mixing, interleaved tanks; for measurements
//! and tests, with plainly fictitious numbers instead of names.

use crate::{How, ItemId, Kind, Phase, PlaceId, Qty, Step, Unit};
use base::Decimal;
use std::collections::VecDeque;
use std::ops::Range;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Days from the first harvest to the last.
const DAYS: i64 = 640;
/// Provinces; seven movements in ten stay within one.
const REGIONS: u32 = 34;

/// Places of each tier among a thousand: farm, collector, primary and secondary processor, packer, wholesaler,
/// distributor, shop or canteen.
const SHARES: [u32; 8] = [250, 10, 8, 12, 15, 15, 40, 650];
const FARM: usize = 0;
const COLLECTOR: usize = 1;
const PRIMARY: usize = 2;
const SECONDARY: usize = 3;
const PACKER: usize = 4;
const WHOLESALER: usize = 5;
const DISTRIBUTOR: usize = 6;
const SHOP: usize = 7;

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

    /// From 0 to below `n`, low numbers far more often: the square of an even draw.
    fn hub(&mut self, n: u32) -> u32 {
        let even = self.below(n);
        u32::try_from(u64::from(even) * u64::from(self.below(n.max(1)).max(even) + 1) / u64::from(n.max(1)))
            .unwrap_or(0)
            .min(n.saturating_sub(1))
    }

    /// 1 and up, each doubling half as likely: a heavy tail up to `most`.
    fn tail(&mut self, typical: u32, most: u32) -> u32 {
        let doublings = self.next().leading_zeros().min(8);
        (1 + self.below(2 * typical)).saturating_mul(1 << (doublings / 2)).min(most)
    }
}

/// A lot in stock somewhere.
#[derive(Debug, Clone, Copy)]
struct Stock {
    item: ItemId,
    place: PlaceId,
    since: i64,
}

/// The newest lots of a tier, the supply of the next.
#[derive(Debug, Clone, Default)]
struct Shelf {
    lots: Vec<Stock>,
    next: usize,
}

impl Shelf {
    fn put(&mut self, stock: Stock, most: usize) {
        if self.lots.len() < most {
            self.lots.push(stock);
        } else {
            self.lots[self.next % most] = stock;
            self.next += 1;
        }
    }
}

/// A silo or tank that keeps its lot number while it is filled again and again.
#[derive(Debug, Clone, Copy)]
struct Tank {
    item: ItemId,
    fills: u32,
}

/// Shops one lot of the brand goes to.
const BRAND_DELIVERIES: u32 = 16;
/// Lots of the brand made at once.
const BRAND_BATCH: u32 = 10;

/// One raw lot, the packed lots made of it, and the shops all over the country that sell them.
#[derive(Debug, Clone, Copy)]
struct Brand {
    raw: ItemId,
    maker: PlaceId,
    shops: u32,
    batches: u32,
    batch: u32,
}

/// A network as steps in order of making; see [`network`].
#[derive(Debug, Clone)]
pub struct Network {
    random: Random,
    links: u64,
    made: u64,
    events: u64,
    items: u32,
    first: [u32; 9],
    shelves: [Shelf; 4],
    tanks: Vec<Option<Tank>>,
    brand: Option<Brand>,
    ready: VecDeque<Step>,
}

/// A network of about `links` links (a movement, or one item of a transformation, each counts one). Every
/// movement is told by both halves; times respect the order of the tiers.
#[must_use]
pub fn network(links: u64, seed: u64) -> Network {
    let places = u32::try_from((links / 90).clamp(400, 1_000_000)).unwrap_or(400);
    let mut first = [0; 9];
    for (tier, share) in SHARES.iter().enumerate() {
        // whole regions, so that the region of a place follows from its number
        first[tier + 1] = first[tier] + (places * share / 1000).max(REGIONS).next_multiple_of(REGIONS);
    }
    Network {
        random: Random::new(seed),
        links,
        made: 0,
        events: 0,
        items: 0,
        first,
        shelves: Default::default(),
        tanks: vec![None; first[SECONDARY + 1] as usize],
        brand: None,
        ready: VecDeque::new(),
    }
}

impl Network {
    /// The same with a national brand before everything else and on top of the links asked for: item 0, a raw lot, is
    /// packed into about `lots` lots at one place, and each goes to sixteen shops of its own six times as many: the
    /// hub of hubs. Of 20,000 lots, 120,000 shops hold 320,000 stocks.
    #[must_use]
    pub fn with_brand(mut self, lots: u32) -> Self {
        let batches = lots / BRAND_BATCH;
        if batches > 0 && self.events == 0 {
            let (raw, maker) = (self.lot(), PlaceId(self.first[8]));
            let quantity = self.quantity();
            self.say(HOUR, Kind::Appear { place: maker, items: vec![(raw, quantity)] });
            self.brand = Some(Brand { raw, maker, shops: lots * 6, batches, batch: 0 });
        }
        self
    }

    /// The numbers of the brand's lots, its raw lot first; none without a brand.
    #[must_use]
    pub fn brand(&self) -> Range<u32> {
        self.brand.map_or(0..0, |brand| brand.raw.0..brand.raw.0 + 1 + brand.batches * BRAND_BATCH)
    }

    /// The region of each place, by its number.
    #[must_use]
    pub fn regions(&self) -> Vec<u32> {
        // the maker of the brand has a row of regions to itself
        let shops = self.brand.map_or(0, |brand| REGIONS + brand.shops);
        (0..self.first[8] + shops).map(|place| place % REGIONS).collect()
    }

    /// Some lots of the brand are packed and sent out; whether there were any left.
    fn pack_brand(&mut self) -> bool {
        let Some(brand) = self.brand.filter(|brand| brand.batch < brand.batches) else { return false };
        self.brand = Some(Brand { batch: brand.batch + 1, ..brand });
        let made = self.made;
        let time = DAY + DAYS * DAY / i64::from(brand.batches) * i64::from(brand.batch);
        let outputs: Vec<_> = (0..BRAND_BATCH).map(|_| (self.lot(), self.quantity())).collect();
        let inputs = vec![(brand.raw, self.quantity())];
        let lots: Vec<ItemId> = outputs.iter().map(|(lot, _)| *lot).collect();
        self.say(time, Kind::Transform { place: brand.maker, inputs, outputs, id: None });
        let first = u64::from(brand.batch) * u64::from(BRAND_BATCH * BRAND_DELIVERIES);
        let deliveries = lots.into_iter().flat_map(|lot| (0..BRAND_DELIVERIES).map(move |_| lot));
        for (delivery, item) in (first..).zip(deliveries) {
            // a prime stride: neighbours in time are not neighbours in number, and every shop gets its turn
            let shop = u32::try_from(delivery * 7919 % u64::from(brand.shops)).unwrap_or(0);
            let to = PlaceId(brand.maker.0 + REGIONS + shop);
            self.carry(Stock { item, place: brand.maker, since: time }, to);
        }
        self.made = made;
        true
    }

    fn say(&mut self, time: i64, kind: Kind) {
        self.events += 1;
        // numbers as a server gives them: rising, with gaps
        let event = self.events << 8 | (self.events.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56);
        self.ready.push_back(Step { event, time, record: time, kind });
    }

    fn place(&mut self, tier: usize, region: u32) -> PlaceId {
        let (from, to) = (self.first[tier], self.first[tier + 1]);
        // the tiers begin at multiples of the number of regions
        PlaceId(from + self.random.hub((to - from) / REGIONS) * REGIONS + region)
    }

    fn region(&mut self) -> u32 {
        self.random.hub(REGIONS)
    }

    /// Seven in ten stay within the region.
    fn near(&mut self, tier: usize, from: PlaceId) -> PlaceId {
        let region = if self.random.below(10) < 7 { from.0 % REGIONS } else { self.region() };
        self.place(tier, region)
    }

    fn quantity(&mut self) -> Option<Qty> {
        let grams = 1000 + i64::from(self.random.below(500_000));
        Some(Qty::new(Decimal::new(grams, 3), Unit::KGM))
    }

    fn lot(&mut self) -> ItemId {
        self.items += 1;
        ItemId(self.items - 1)
    }

    /// Up to so many hours, in whole seconds.
    fn hours(&mut self, most: u32) -> i64 {
        i64::from(1 + self.random.below(most * 3600)) * SECOND
    }

    fn carry(&mut self, stock: Stock, to: PlaceId) -> Stock {
        let depart = stock.since + self.hours(72);
        let arrive = depart + self.hours(48);
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

    /// The lot a tank holds, a new one when it was filled often enough.
    fn tank(&mut self, place: PlaceId, most: u32) -> ItemId {
        let at = place.0 as usize;
        let tank = match self.tanks[at] {
            Some(tank) if tank.fills > 0 => tank,
            _ => Tank { item: self.lot(), fills: 1 + self.random.below(most) },
        };
        self.tanks[at] = Some(Tank { fills: tank.fills - 1, ..tank });
        tank.item
    }

    fn transform(&mut self, time: i64, place: PlaceId, inputs: &[Stock], item: ItemId) -> Stock {
        let inputs: Vec<_> = inputs.iter().map(|s| (s.item, self.quantity())).collect();
        let outputs = vec![(item, self.quantity())];
        self.made += inputs.len() as u64 + 1;
        self.say(time, Kind::Transform { place, inputs, outputs, id: None });
        Stock { item, place, since: time }
    }

    /// A farm's lot goes into the silo of a collector, which ships from it while it is being filled.
    fn harvest(&mut self) {
        let region = self.region();
        let (item, place) = (self.lot(), self.place(FARM, region));
        let day =
            i64::try_from(self.made * u64::try_from(DAYS).unwrap_or(1) / self.links.max(1)).unwrap_or(0);
        let time = day * DAY + self.hours(48);
        let quantity = self.quantity();
        self.say(time, Kind::Appear { place, items: vec![(item, quantity)] });
        let collector = self.near(COLLECTOR, place);
        let arrived = self.carry(Stock { item, place, since: time }, collector);
        let silo = self.tank(collector, 60);
        let stock = self.transform(arrived.since + HOUR, collector, &[arrived], silo);
        if self.random.below(4) == 0 {
            self.keep(0, stock);
        }
    }

    fn keep(&mut self, shelf: usize, stock: Stock) {
        let most = usize::try_from(self.links / 4000).unwrap_or(0).max(200) >> (2 * shelf).min(4);
        self.shelves[shelf].put(stock, most.max(60));
    }

    /// One transformation: up to `most` lots from the tier before, brought here.
    fn mix(&mut self, tier: usize, typical: u32, most: u32) -> Option<Stock> {
        let region = self.region();
        let place = self.place(tier, region);
        let shelf = tier - PRIMARY;
        let mut inputs: Vec<Stock> = Vec::new();
        for _ in 0..self.random.tail(typical, most) {
            let mut stock = None;
            for _ in 0..4 {
                let count = u32::try_from(self.shelves[shelf].lots.len()).unwrap_or(0);
                let found = *self.shelves[shelf].lots.get(self.random.below(count) as usize)?;
                stock = Some(found);
                if found.place.0 % REGIONS == region || self.random.below(10) >= 7 {
                    break;
                }
            }
            let stock = stock?;
            if !inputs.iter().any(|known| known.item == stock.item) {
                let here = self.carry(stock, place);
                inputs.push(here);
            }
        }
        let time = inputs.iter().map(|stock| stock.since).max()? + 2 * HOUR;
        let tank = tier < PACKER && self.random.below(16) == 0;
        let item = if tank { self.tank(place, 4) } else { self.lot() };
        Some(self.transform(time, place, &inputs, item))
    }

    /// A packed lot goes out to the shops, by wholesalers and distributors.
    fn distribute(&mut self, packed: Stock) {
        for _ in 0..self.random.tail(2, 24) {
            let to = self.near(WHOLESALER, packed.place);
            let at_wholesaler = self.carry(packed, to);
            for _ in 0..self.random.tail(2, 24) {
                let to = self.near(DISTRIBUTOR, at_wholesaler.place);
                let at_distributor = self.carry(at_wholesaler, to);
                for _ in 0..self.random.tail(3, 60) {
                    let to = self.near(SHOP, at_distributor.place);
                    let sold = self.carry(at_distributor, to);
                    if self.random.below(4) == 0 {
                        let (time, quantity) = (sold.since + DAY, self.quantity());
                        let items = vec![(sold.item, quantity)];
                        self.say(time, Kind::Leave { place: sold.place, items, how: How::Sold });
                    }
                }
            }
        }
    }
}

impl Iterator for Network {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.ready.is_empty() && !self.pack_brand() {
            if self.made >= self.links {
                return None;
            }
            match self.random.below(100) {
                0..80 => self.harvest(),
                80..86 => {
                    if let Some(stock) = self.mix(PRIMARY, 3, 40) {
                        self.keep(1, stock);
                    }
                }
                86..92 => {
                    if let Some(stock) = self.mix(SECONDARY, 2, 40) {
                        self.keep(2, stock);
                    }
                }
                _ => {
                    if let Some(stock) = self.mix(PACKER, 1, 4) {
                        self.distribute(stock);
                    }
                }
            }
        }
        self.ready.pop_front()
    }
}
