//! The questions of the bench, how the index is asked them, and how answers are compared.

use super::Question;
use crate::facts::NONE;
use crate::plain::{Asked, Plain};
use crate::reach::Slots;
use crate::synthetic::Random;
use crate::trace::Way;
use crate::{Bounds, Case, Index, ItemId, PlaceId};
use std::ops::Range;

/// Nodes and lots sampled to find small, median and hub answers.
const SAMPLE: u32 = 3000;
/// Questions of each class.
const QUESTIONS: usize = 40;
/// Times the one largest question of all is asked in a pass.
const BRAND_QUESTIONS: usize = 5;
const ALL: Bounds = Bounds { max_nodes: 1 << 30, max_depth: 1 << 30 };

fn mix(row: u64) -> u64 {
    let mut z = row.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn sum(rows: impl Iterator<Item = u64>) -> u64 {
    rows.fold(0, |sum, row| sum.wrapping_add(mix(row)))
}

fn both(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// What one answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) rows: usize,
    pub(super) reached: usize,
    pub(super) checksum: u64,
}

/// A question as the index is asked.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    Origins(ItemId, PlaceId),
    Places(ItemId),
    Grouped(ItemId),
    Stations(Vec<Case>),
    Hop(ItemId, PlaceId),
}

pub(super) struct Asker<'a> {
    pub(super) index: &'a Index,
    pub(super) regions: &'a [u32],
    pub(super) clock: &'a dyn Fn() -> f64,
}

impl Asker<'_> {
    pub(super) fn ask(&self, ask: &Ask) -> Answer {
        let index = self.index;
        match ask {
            Ask::Origins(item, place) => {
                let found = index.origins(*item, Some(*place), None, ALL);
                let rows = found.lots.iter().map(|key| both(key.item.0, key.place.0));
                Answer { rows: found.lots.len(), reached: found.reached, checksum: sum(rows) }
            }
            Ask::Places(item) => {
                let found = index.places_reached(&[*item], ALL);
                let rows = found.places.iter().map(|place| u64::from(place.0));
                Answer { rows: found.places.len(), reached: found.reached, checksum: sum(rows) }
            }
            Ask::Grouped(item) => {
                let found = index.spread(&[*item], self.regions, ALL);
                let json = serde_json::to_vec(&found).unwrap_or_default();
                let rows = found.places.iter().map(|place| u64::from(place.0));
                let sizes = found.groups.iter().map(|g| both(g.group, crate::derive::index(g.stocks)));
                let checksum = sum(rows.chain(sizes).chain(json.is_empty().then_some(0)));
                Answer { rows: found.places.len(), reached: found.reached, checksum }
            }
            Ask::Stations(cases) => {
                let found = index.stations(cases, 50, ALL);
                let rows = found.ranked.iter().map(|s| both(s.place.0, crate::derive::index(s.cases.len())));
                Answer { rows: found.ranked.len(), reached: 0, checksum: sum(rows) }
            }
            Ask::Hop(item, place) => {
                let slots = Slots::of(&index.graph);
                let (mut rows, mut checksum) = (0, 0u64);
                let mut met = Vec::new();
                for node in index.stock_nodes(*item, *place) {
                    for way in [Way::Back, Way::Forward] {
                        // what changed since sealing names a neighbour once for every link to it
                        slots.neighbours(slots.slot(node), way, |slot| met.push(slot));
                        met.sort_unstable();
                        met.dedup();
                        rows += met.len();
                        checksum =
                            met.drain(..).fold(checksum, |sum, slot| sum.wrapping_add(mix(u64::from(slot))));
                    }
                }
                Answer { rows, reached: rows, checksum }
            }
        }
    }
}

/// Questions of one kind and size of answer.
pub(super) struct Class {
    pub(super) query: &'static str,
    pub(super) stratum: &'static str,
    pub(super) asks: Vec<Ask>,
}

/// Samples ends and origins, and takes those with small, median and the largest answers.
pub(super) fn classes(index: &Index, seed: u64, brand: &Range<u32>) -> Vec<Class> {
    let mut random = Random::new(seed ^ 0x5151);
    let slots = Slots::of(&index.graph);
    let nodes = crate::derive::index(index.graph.sealed.nodes.len());
    let asker = Asker { index, regions: &[], clock: &|| 0.0 };
    let (mut ends, mut lots) = (Vec::new(), Vec::new());
    let sample = SAMPLE.min(nodes / 16);
    for _ in 0..sample * 40 {
        let node = random.below(nodes);
        let key = index.key(node);
        // the brand has a class of its own
        if brand.contains(&key.item.0) {
            continue;
        }
        if slots.is_end(node, Way::Forward) && ends.len() < sample as usize {
            let ask = Ask::Origins(key.item, key.place);
            ends.push((asker.ask(&ask).rows, ask));
        }
        if slots.is_end(node, Way::Back) && lots.len() < sample as usize {
            let ask = Ask::Places(key.item);
            lots.push((asker.ask(&ask).rows, ask));
        }
    }
    ends.sort_by_key(|(rows, _)| *rows);
    lots.sort_by_key(|(rows, _)| *rows);
    let mut classes = Vec::new();
    for (query, sample) in [("Q1", &ends), ("Q2", &lots)] {
        for (stratum, percent) in [("small", 10), ("median", 50), ("hub", 99), ("largest", 100)] {
            let middle = sample.len() * percent / 100;
            let from = middle.saturating_sub(QUESTIONS / 2).min(sample.len().saturating_sub(QUESTIONS));
            let asks = sample.iter().skip(from).take(QUESTIONS).map(|(_, ask)| ask.clone()).collect();
            classes.push(Class { query, stratum, asks });
        }
    }
    if !brand.is_empty() {
        let asks = vec![Ask::Places(ItemId(brand.start)); BRAND_QUESTIONS];
        classes.push(Class { query: "Q2", stratum: "brand", asks });
    }
    for at in 4..classes.len() {
        let item = |ask: &Ask| match ask {
            Ask::Places(item) => Some(Ask::Grouped(*item)),
            _ => None,
        };
        let asks = classes[at].asks.iter().filter_map(item).collect();
        classes.push(Class { query: "Q2 grouped", stratum: classes[at].stratum, asks });
    }
    classes.push(Class { query: "Q3", stratum: "any", asks: outbreaks(index, &ends, &mut random) });
    let mut any = || {
        let key = index.key(random.below(nodes));
        Ask::Hop(key.item, key.place)
    };
    let asks = (0..if nodes == 0 { 0 } else { QUESTIONS }).map(|_| any()).collect();
    classes.push(Class { query: "Q4", stratum: "any", asks });
    classes
}

/// Twenty cases each: sixteen ends that one processed lot led to, and four others.
fn outbreaks(index: &Index, ends: &[(usize, Ask)], random: &mut Random) -> Vec<Ask> {
    let slots = Slots::of(&index.graph);
    let mut out = Vec::new();
    let count = crate::derive::index(ends.len());
    let case = |item, place| Case { item, place: Some(place), at: None };
    for _ in 0..count {
        if count == 0 || out.len() == QUESTIONS / 2 {
            break;
        }
        let Ask::Origins(item, place) = ends[random.below(count) as usize].1 else { continue };
        // a lot made two transformations before this end
        let mut reached = Vec::new();
        index.pool.with(|scratch| {
            let starts = index.stock_nodes(item, place);
            slots.reach(0, starts, Way::Back, ALL, scratch);
            reached.extend_from_slice(&scratch.reached);
        });
        let nodes = crate::derive::index(index.graph.sealed.nodes.len());
        let made: Vec<u32> = reached.iter().copied().filter(|&slot| slot >= nodes).collect();
        let Some(&process) = made.get(made.len().min(3).saturating_sub(1)) else { continue };
        let mut led = Vec::new();
        index.pool.with(|scratch| {
            slots.reach(0, std::iter::once(slots.id(process)), Way::Forward, ALL, scratch);
            led.extend(
                scratch
                    .reached
                    .iter()
                    .copied()
                    .filter(|&slot| slot < nodes && slots.is_end(slot, Way::Forward)),
            );
        });
        let total = crate::derive::index(led.len());
        if total < 16 {
            continue;
        }
        let mut cases: Vec<Case> = (0..16)
            .map(|_| index.key(led[random.below(total) as usize]))
            .map(|key| case(key.item, key.place))
            .collect();
        for _ in 0..4 {
            if let Ask::Origins(item, place) = ends[random.below(count) as usize].1 {
                cases.push(case(item, place));
            }
        }
        out.push(Ask::Stations(cases));
    }
    out
}

/// A question with the slots it starts from.
pub(super) fn question(index: &Index, class: &Class, ask: &Ask, answer: Answer) -> Option<Question> {
    let slots = Slots::of(&index.graph);
    let stock = |item, place| index.stock_nodes(item, place).map(|id| slots.slot(id)).collect();
    let starts = match ask {
        Ask::Origins(item, place) | Ask::Hop(item, place) => vec![stock(*item, *place)],
        Ask::Places(item) => vec![index.graph.nodes_of(item.0).map(|id| slots.slot(id)).collect()],
        Ask::Grouped(_) => return None,
        Ask::Stations(cases) => {
            cases.iter().map(|c| stock(c.item, c.place.unwrap_or(PlaceId::UNKNOWN))).collect()
        }
    };
    let Answer { rows, checksum, .. } = answer;
    Some(Question { query: class.query, stratum: class.stratum, starts, rows, checksum })
}

/// How many of these answers the plain simulation gives otherwise, and how many were compared.
pub(super) fn compare(plain: &Plain, pairs: &[(Ask, Answer)]) -> (usize, usize) {
    let (mut asked, mut outbreaks) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for (ask, answer) in pairs {
        match ask {
            Ask::Origins(item, place) => {
                asked.0.push(Asked::Behind((item.0, place.0)));
                asked.1.push(*answer);
            }
            Ask::Places(item) => {
                asked.0.push(Asked::Reached(item.0));
                asked.1.push(*answer);
            }
            Ask::Stations(cases) => {
                outbreaks.0.push(cases.iter().map(|c| (c.item.0, c.place.map_or(NONE, |p| p.0))).collect());
                outbreaks.1.push(*answer);
            }
            Ask::Grouped(_) | Ask::Hop(..) => {}
        }
    }
    let same = |rows: Vec<(u32, u32)>, answer: &Answer| {
        (rows.len(), sum(rows.into_iter().map(|(a, b)| both(a, b)))) == (answer.rows, answer.checksum)
    };
    let rows = plain.answer(&asked.0).into_iter().map(|rows| rows.into_iter().collect());
    let ranked = if outbreaks.0.is_empty() { Vec::new() } else { plain.stations(&outbreaks.0, 50) };
    let answers = asked.1.iter().chain(&outbreaks.1);
    let wrong = rows.chain(ranked).zip(answers).filter(|(rows, answer)| !same(rows.clone(), answer)).count();
    (asked.1.len() + outbreaks.1.len(), wrong)
}
