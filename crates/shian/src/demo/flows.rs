//! Two years of goods flowing through the demo province: harvests, mixing, making, shipping, selling.
//! A pure function of the world and the seed; it yields happenings in time order for each line and cycle.

use super::lines::{LINES, Make, Tier};
use super::world::{World, serves, weighted};
use base::{Date, Instant};
use jiff::ToSpan;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashMap;

/// A quantity of one lot.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) lot: usize,
    /// Whole kilograms.
    pub(crate) kg: i64,
}

/// One thing that happens to goods; becomes one EPCIS event.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A field gives a lot.
    Harvest { at: Instant, firm: usize, part: Part },
    /// Lots become one new lot.
    Make { at: Instant, firm: usize, inputs: Vec<Part>, output: Part },
    /// Goods leave for another firm.
    Ship { at: Instant, from: usize, to: usize, parts: Vec<Part>, document: u64 },
    /// Goods arrive from another firm.
    Receive { at: Instant, from: usize, to: usize, parts: Vec<Part>, document: u64 },
    /// Goods are sold to consumers or served.
    Sell { at: Instant, firm: usize, parts: Vec<Part> },
}

impl Happening {
    /// When it happened.
    pub(crate) fn at(&self) -> Instant {
        match self {
            Self::Harvest { at, .. }
            | Self::Make { at, .. }
            | Self::Ship { at, .. }
            | Self::Receive { at, .. }
            | Self::Sell { at, .. } => *at,
        }
    }
}

/// A lot that exists in the demo.
#[derive(Debug, Clone)]
pub(crate) struct Lot {
    pub(crate) product: usize,
    pub(crate) number: String,
    pub(crate) made: Date,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) lots: Vec<Lot>,
    pub(crate) happenings: Vec<Happening>,
    /// For each line, final lots and a shop that received them, newest last: where samples are taken.
    pub(crate) on_sale: Vec<(usize, usize, usize, Instant)>,
}

/// Days between two runs of a line.
const CYCLE: i32 = 21;

struct Sim<'w> {
    world: &'w World,
    rng: Pcg64Mcg,
    history: History,
    /// What a firm holds of a line's goods.
    stock: HashMap<(usize, usize), Vec<Part>>,
    document: u64,
    /// Firms by (line, tier) and their cumulative weights.
    crews: HashMap<(usize, Tier), (Vec<usize>, Vec<f64>)>,
}

/// Lets the province live from `first` day for `days` days.
pub(crate) fn run(world: &World, seed: u64, last: Date, days: i32) -> History {
    let mut crews = HashMap::new();
    for (l, line) in LINES.iter().enumerate() {
        for stage in line.stages {
            let firms: Vec<usize> =
                (0..world.firms.len()).filter(|i| serves(&world.firms[*i], l, stage.tier)).collect();
            let mut sum = 0.0;
            let weights = firms
                .iter()
                .map(|i| {
                    sum += world.firms[*i].weight;
                    sum
                })
                .collect();
            crews.insert((l, stage.tier), (firms, weights));
        }
    }
    let mut sim = Sim {
        world,
        rng: Pcg64Mcg::seed_from_u64(seed ^ 0x5eed),
        history: History::default(),
        stock: HashMap::new(),
        document: 0,
        crews,
    };
    let lead = 24; // days a cycle needs to reach the shops
    let mut start = -days;
    while start + lead < 0 {
        for line in 0..LINES.len() {
            // lines do not run on the same day
            let shift = i32::try_from(line).unwrap_or(0) % CYCLE;
            if let Ok(day) = last.checked_add((start + shift).days()) {
                sim.cycle(line, day);
            }
        }
        start += CYCLE;
    }
    sim.history.happenings.sort_by_key(Happening::at);
    sim.history.on_sale.sort_by_key(|s| s.3);
    sim.history
}

impl Sim<'_> {
    fn crew(&self, line: usize, tier: Tier) -> usize {
        self.crews.get(&(line, tier)).map_or(0, |c| c.0.len())
    }

    /// Draws `n` firms of a tier, hubs more often; sorted and without repeats.
    fn draw(&mut self, line: usize, tier: Tier, n: usize) -> Vec<usize> {
        let Some((firms, weights)) = self.crews.get(&(line, tier)) else { return Vec::new() };
        if firms.is_empty() {
            return Vec::new();
        }
        let mut got: Vec<usize> = (0..n).map(|_| firms[weighted(&mut self.rng, weights)]).collect();
        got.sort_unstable();
        got.dedup();
        got
    }

    fn at(&mut self, day: Date, after: i32) -> Instant {
        let hour = self.rng.random_range(5..20);
        let minute = self.rng.random_range(0..60);
        let date = day.checked_add(after.days()).unwrap_or(day);
        Instant::china(date, hour, minute).plus_seconds(self.rng.random_range(0..60))
    }

    /// One run of a line from the fields to the shops.
    fn cycle(&mut self, line: usize, day: Date) {
        let stages = LINES[line].stages;
        let mut holders: Vec<usize> = Vec::new();
        for (s, stage) in stages.iter().enumerate() {
            let offset = i32::try_from(s).unwrap_or(0) * 3;
            match stage.make {
                Make::Grow(typical) => {
                    let n = (self.crew(line, stage.tier) / 13).max(2);
                    holders = self.draw(line, stage.tier, n);
                    for firm in holders.clone() {
                        let at = self.at(day, offset);
                        let spread: f64 = self.rng.random_range(0.3..2.0);
                        let part = Part { lot: self.new_lot(line, s, firm, at), kg: whole(typical * spread) };
                        self.stock.entry((firm, line)).or_default().push(part.clone());
                        self.history.happenings.push(Happening::Harvest { at, firm, part });
                    }
                }
                Make::Mix(kept) => {
                    for firm in holders.clone() {
                        self.mix(line, s, firm, kept, day, offset);
                    }
                }
                Make::Pass => {}
            }
            match stages.get(s + 1) {
                Some(next) => holders = self.deliver(line, next.tier, &holders, day, offset + 1),
                None => self.sell(line, &holders, day, offset + 1),
            }
        }
    }

    fn new_lot(&mut self, line: usize, stage: usize, firm: usize, at: Instant) -> usize {
        let made = at.china_date();
        let product = self.world.product_of.get(&(firm, stage)).copied().unwrap_or(0);
        let number =
            format!("{}{}{:03}", LINES[line].code, made.strftime("%y%m%d"), self.history.lots.len() % 1000);
        self.history.lots.push(Lot { product, number, made });
        self.history.lots.len() - 1
    }

    fn mix(&mut self, line: usize, stage: usize, firm: usize, kept: f64, day: Date, offset: i32) {
        let inputs = self.stock.remove(&(firm, line)).unwrap_or_default();
        let total: i64 = inputs.iter().map(|p| p.kg).sum();
        if total == 0 {
            return;
        }
        let at = self.at(day, offset);
        #[expect(clippy::cast_precision_loss, reason = "kilograms of one firm, far below 2^52")]
        let kg = whole(total as f64 * kept);
        let output = Part { lot: self.new_lot(line, stage, firm, at), kg };
        // a tenth stays in the silo or store and meets the next cycle
        let rest = if self.rng.random_range(0..3) == 0 { output.kg / 10 } else { 0 };
        let stock = self.stock.entry((firm, line)).or_default();
        stock.push(Part { lot: output.lot, kg: output.kg - rest });
        if rest > 0 {
            stock.push(Part { lot: output.lot, kg: rest });
        }
        self.history.happenings.push(Happening::Make { at, firm, inputs, output });
    }

    /// Every holder ships what it has to one or several firms of the next tier; gives back who received.
    fn deliver(&mut self, line: usize, tier: Tier, holders: &[usize], day: Date, offset: i32) -> Vec<usize> {
        let crew = self.crew(line, tier);
        if crew == 0 {
            return holders.to_vec();
        }
        let fan = match tier {
            Tier::Retail => 9,
            Tier::Distributor => 4,
            Tier::Wholesaler => 3,
            _ => 1,
        };
        // few active buyers at the narrow tiers, so that lots meet there
        let active = match tier {
            Tier::Collector | Tier::Primary | Tier::Secondary | Tier::Packer => (crew / 3).max(1),
            Tier::Wholesaler | Tier::Distributor => (crew / 4).max(2),
            _ => crew,
        };
        let buyers = self.draw(line, tier, active.min(400));
        let mut received = Vec::new();
        for from in holders {
            let mut stock = self.stock.remove(&(*from, line)).unwrap_or_default();
            if stock.is_empty() || buyers.is_empty() {
                continue;
            }
            // keep the silo's rest
            let keep = if stock.len() > 1 { stock.pop() } else { None };
            let targets: Vec<usize> = if tier == Tier::Retail {
                self.draw(line, tier, fan)
            } else {
                let mut t: Vec<usize> =
                    (0..fan).map(|_| buyers[self.rng.random_range(0..buyers.len())]).collect();
                t.sort_unstable();
                t.dedup();
                t
            };
            let n = i64::try_from(targets.len()).unwrap_or(1);
            for (i, to) in targets.iter().enumerate() {
                let parts: Vec<Part> = stock
                    .iter()
                    .map(|p| Part {
                        lot: p.lot,
                        kg: if i + 1 == targets.len() { p.kg - p.kg / n * (n - 1) } else { p.kg / n },
                    })
                    .filter(|p| p.kg > 0)
                    .take(6)
                    .collect();
                if parts.is_empty() || to == from {
                    continue;
                }
                self.document += 1;
                let at = self.at(day, offset);
                let arrives = at.plus_seconds(self.rng.random_range(3600..20 * 3600));
                let document = self.document;
                self.history.happenings.push(Happening::Ship {
                    at,
                    from: *from,
                    to: *to,
                    parts: parts.clone(),
                    document,
                });
                self.history.happenings.push(Happening::Receive {
                    at: arrives,
                    from: *from,
                    to: *to,
                    parts: parts.clone(),
                    document,
                });
                if tier == Tier::Retail
                    && let Some(p) = parts.first()
                {
                    self.history.on_sale.push((line, p.lot, *to, arrives));
                }
                self.stock.entry((*to, line)).or_default().extend(parts);
                received.push(*to);
            }
            if let Some(keep) = keep {
                self.stock.entry((*from, line)).or_default().push(keep);
            }
        }
        received.sort_unstable();
        received.dedup();
        received
    }

    /// Shops sell most of what they have; what is left is still on the shelf.
    fn sell(&mut self, line: usize, holders: &[usize], day: Date, offset: i32) {
        for firm in holders {
            let stock = self.stock.remove(&(*firm, line)).unwrap_or_default();
            let share = self.rng.random_range(40..95);
            let parts: Vec<Part> = stock
                .iter()
                .map(|p| Part { lot: p.lot, kg: p.kg * share / 100 })
                .filter(|p| p.kg > 0)
                .collect();
            if !parts.is_empty() {
                let at = self.at(day, offset + 2);
                self.history.happenings.push(Happening::Sell { at, firm: *firm, parts });
            }
        }
    }
}

/// Kilograms as a positive whole number.
#[expect(clippy::cast_possible_truncation, reason = "demo quantities are below a million kilograms")]
fn whole(kg: f64) -> i64 {
    (kg as i64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::collections::HashSet;

    #[test]
    fn nothing_is_shipped_before_it_exists_and_runs_repeat() {
        let world = super::super::world::build(5, 800, &HashMap::new());
        let run_it = || run(&world, 5, date(2026, 11, 20), 200);
        let (a, b) = (run_it(), run_it());
        assert_eq!(format!("{:?}", a.happenings), format!("{:?}", b.happenings));
        let mut here: HashSet<(usize, usize)> = HashSet::new();
        for h in &a.happenings {
            match h {
                Happening::Harvest { firm, part, .. } => {
                    here.insert((*firm, part.lot));
                }
                Happening::Make { firm, inputs, output, .. } => {
                    for p in inputs {
                        assert!(here.contains(&(*firm, p.lot)), "{h:?}");
                    }
                    here.insert((*firm, output.lot));
                }
                Happening::Ship { from, parts, .. } => {
                    for p in parts {
                        assert!(here.contains(&(*from, p.lot)), "{h:?}");
                    }
                }
                Happening::Receive { to, parts, .. } => {
                    here.extend(parts.iter().map(|p| (*to, p.lot)));
                }
                Happening::Sell { firm, parts, .. } => {
                    for p in parts {
                        assert!(here.contains(&(*firm, p.lot)), "{h:?}");
                    }
                }
            }
        }
        assert!(a.on_sale.len() > 50);
    }
}
