//! The time rule said plainly, for checking: every movement and transformation in order of telling, gone over again and
//! again until nothing new is reached. It knows nothing of split stocks, of pairing, of ranks or of the index.

use crate::packed::{Packed, Packing, down};
use crate::trace::Spread;
use crate::{Kind, Phase, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

/// A stock: an item at a place.
type Stock = (u32, u32);

/// Movements and transformations between stocks.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// Item and place it left, item and place it came to, when it left, when it came. A lot that appears comes from
    /// itself, with no time.
    edges: Packed<6>,
}

/// One way goods went.
#[derive(Debug, Clone, Copy)]
struct Edge {
    from: Stock,
    to: Stock,
    left: u64,
    came: u64,
}

/// A question.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// Everything behind a stock.
    Behind(Stock),
    /// Everything an item and what was made of it reached.
    Reached(u32),
}

/// For each stock, which questions reached it and with what time. The times of a walk back are negated.
#[derive(Debug, Default)]
struct Found(HashMap<Stock, Vec<(u32, i64)>, BuildHasherDefault<Spread>>);

impl Found {
    fn at(&self, stock: Stock) -> &[(u32, i64)] {
        self.0.get(&stock).map_or(&[], Vec::as_slice)
    }

    /// Whether this is news.
    fn note(&mut self, stock: Stock, question: u32, time: i64) -> bool {
        let known = self.0.entry(stock).or_default();
        match known.iter_mut().find(|(q, _)| *q == question) {
            Some((_, best)) if *best <= time => return false,
            Some((_, best)) => *best = time,
            None => known.push((question, time)),
        }
        true
    }
}

impl Plain {
    /// From steps as the synthetic network tells them: both halves of a movement one after the other.
    pub(crate) fn of(steps: impl Iterator<Item = Step>) -> Self {
        let mut edges = Packing::default();
        let mut put = |from: Stock, to: Stock, left: i64, came: i64| {
            let row = [from.0, from.1, to.0, to.1].map(u64::from);
            edges.push([row[0], row[1], row[2], row[3], left.cast_unsigned(), came.cast_unsigned()]);
        };
        let mut shipped: Option<(Stock, i64)> = None;
        for step in steps {
            match &step.kind {
                Kind::Move { from, to, items, phase, .. } => {
                    let (Some(from), Some(to), Some((item, _))) = (from, to, items.first()) else { continue };
                    match phase {
                        Phase::Shipped => shipped = Some(((item.0, from.0), step.time)),
                        Phase::Received => {
                            if let Some((from, left)) = shipped.take() {
                                put(from, (item.0, to.0), left, step.time);
                            }
                        }
                    }
                }
                Kind::Transform { place, inputs, outputs, .. } => {
                    for (input, _) in inputs {
                        for (output, _) in outputs {
                            put((input.0, place.0), (output.0, place.0), step.time, step.time);
                        }
                    }
                }
                Kind::Appear { place, items } => items.iter().for_each(|(item, _)| {
                    put((item.0, place.0), (item.0, place.0), 0, 0);
                }),
                _ => {}
            }
        }
        Self { edges: edges.close() }
    }

    fn each(&self, back: bool, mut visit: impl FnMut(Edge)) {
        let edge = |row: [u64; 6]| {
            let [a, b, c, d] = [row[0], row[1], row[2], row[3]].map(down);
            Edge { from: (a, b), to: (c, d), left: row[4], came: row[5] }
        };
        if back {
            self.edges.rows_back().for_each(|row| visit(edge(row)));
        } else {
            self.edges.rows().for_each(|row| visit(edge(row)));
        }
    }

    /// All stocks each question reaches, and of those behind a stock the ones nothing leads to.
    fn reach(&self, questions: &[Asked]) -> Vec<BTreeMap<Stock, bool>> {
        let mut found = Found::default();
        let mut items: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut back = false;
        for (number, asked) in (0u32..).zip(questions) {
            match asked {
                Asked::Behind(stock) => {
                    back = true;
                    found.note(*stock, number, i64::MIN);
                }
                Asked::Reached(item) => items.entry(*item).or_default().push(number),
            }
        }
        let forward = !items.is_empty();
        loop {
            let mut news = false;
            if forward {
                self.each(false, |edge| {
                    for stock in [edge.from, edge.to] {
                        for &question in items.get(&stock.0).map_or(&[][..], Vec::as_slice) {
                            news |= found.note(stock, question, i64::MIN);
                        }
                    }
                    if edge.from != edge.to {
                        let (left, came) = (edge.left.cast_signed(), edge.came.cast_signed());
                        for (question, time) in found.at(edge.from).to_vec() {
                            let asked = matches!(questions[question as usize], Asked::Reached(_));
                            news |= asked && left >= time && found.note(edge.to, question, came);
                        }
                    }
                });
            }
            if back {
                self.each(true, |edge| {
                    if edge.from != edge.to {
                        let (left, came) = (edge.left.cast_signed(), edge.came.cast_signed());
                        for (question, time) in found.at(edge.to).to_vec() {
                            let asked = matches!(questions[question as usize], Asked::Behind(_));
                            news |= asked && -came >= time && found.note(edge.from, question, -left);
                        }
                    }
                });
            }
            if !news {
                break;
            }
        }
        let mut led_to: BTreeSet<Stock> = BTreeSet::new();
        if back {
            self.each(false, |edge| {
                if edge.from != edge.to && found.0.contains_key(&edge.to) {
                    led_to.insert(edge.to);
                }
            });
        }
        let mut out = vec![BTreeMap::new(); questions.len()];
        for (stock, questions) in found.0 {
            questions.iter().for_each(|&(question, _)| {
                out[question as usize].insert(stock, !led_to.contains(&stock));
            });
        }
        out
    }

    /// For each question the rows of its answer: origins as item and place, or places.
    pub(crate) fn answer(&self, questions: &[Asked]) -> Vec<BTreeSet<(u32, u32)>> {
        let rows = |(asked, stocks): (&Asked, BTreeMap<Stock, bool>)| match asked {
            Asked::Behind(_) => stocks.into_iter().filter(|(_, origin)| *origin).map(|(s, _)| s).collect(),
            Asked::Reached(_) => stocks.into_keys().map(|(_, place)| (0, place)).collect(),
        };
        questions.iter().zip(self.reach(questions)).map(rows).collect()
    }

    /// For each outbreak the places behind most of its cases, with how many.
    pub(crate) fn stations(&self, outbreaks: &[Vec<Stock>], take: usize) -> Vec<Vec<(u32, u32)>> {
        let asked: Vec<Asked> = outbreaks.iter().flatten().copied().map(Asked::Behind).collect();
        let mut reached = self.reach(&asked).into_iter();
        let rank = |cases: &Vec<Stock>| {
            let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
            for stocks in reached.by_ref().take(cases.len()) {
                let places: BTreeSet<u32> = stocks.into_keys().map(|(_, place)| place).collect();
                places.into_iter().for_each(|place| *counts.entry(place).or_default() += 1);
            }
            let mut ranked: Vec<(u32, u32)> = counts.into_iter().collect();
            ranked.sort_by_key(|&(place, count)| (std::cmp::Reverse(count), place));
            ranked.truncate(take);
            ranked
        };
        outbreaks.iter().map(rank).collect()
    }
}
