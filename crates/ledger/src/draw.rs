//! A draw that can be verified: a pure function of a frozen list and a seed, which anybody can repeat.
//!
//! Every target has a ticket, the smallest of `weight` hashes `SHA-256("shian-draw-1|target|" seed "|" id "|" j)`; in each
//! stratum the smallest tickets win. The smallest of w equal chances comes first w times as often as one, so the weights
//! need no fractions. Samplers are paired target by target in order of ticket: the two with the smallest
//! `SHA-256("shian-draw-1|pair|" seed "|" target "|" sampler)` among those not recused and below the load; when fewer than
//! two are left the load rises by one for all. Who must stand aside after the draw is replaced by the next in that order
//! ([`replacement`]), a target that cannot be visited by the next ticket of its stratum ([`substitute`]). The order of the lists
//! never matters.

mod stand_in;

use stand_in::{replaced_by_rule, substituted_by_rule};
pub use stand_in::{replacement, substitute};

use crate::merkle::{leaf_hash, root_of};
use base::{Id, Instant};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Display;

/// The algorithm.
pub const FORMAT: &str = "shian-draw-1";

/// A target as it stands in the frozen list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Record of the operator.
    pub id: Id,
    /// What separates strata: a region code, or region, business and grade; one draw in each.
    pub stratum: String,
    /// Chances, 1 or more.
    pub weight: u32,
    /// Why it cannot be drawn: `per_unit`, `recent`; absent when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

/// Somebody who can be sent, in the frozen list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspector {
    /// Account.
    pub id: Id,
    /// Targets this person must keep away from.
    #[serde(default)]
    pub recused: Vec<Id>,
}

/// One drawn target with its two samplers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// The target.
    pub target: Id,
    /// Its ticket, hex.
    pub ticket: String,
    /// The two who are sent.
    pub samplers: [Id; 2],
}

/// What was drawn, from which seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The value the named source gave.
    pub public: String,
    /// The server's share, hex: its hash was published with the frozen list.
    pub secret: String,
    /// SHA-256 over root, public value and secret, hex.
    pub seed: String,
    /// The targets in order of ticket within stratum, with the samplers as first drawn.
    pub picks: Vec<Pick>,
    /// Samplers who stood aside after the draw, in the order in which it happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// Targets that could not be visited, in the order in which that was found, each with the next in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substituted: Vec<Substituted>,
}

/// A drawn target that could not be visited, and the one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Substituted {
    /// The target given up.
    pub out: Id,
    /// The next ticket of its stratum, with the two who are sent there.
    pub by: Pick,
    /// Why, as a word.
    pub why: String,
    /// When.
    pub at: Instant,
}

/// A sampler who stood aside after the draw (回避), and who went instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The target.
    pub target: Id,
    /// Who stood aside.
    pub out: Id,
    /// Who goes instead.
    pub by: Id,
    /// When.
    pub at: Instant,
    /// Why, as a word; absent where standing aside (回避) is the only ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Everything about a draw: what was frozen, and, once drawn, the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// Record id of the draw.
    pub draw: Id,
    /// Region code.
    pub region: String,
    /// Time of freezing.
    pub frozen: Instant,
    /// What separates the strata, in the word of whoever froze the list; absent: the region alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How many are drawn in each stratum.
    pub take: BTreeMap<String, u32>,
    /// The public source of randomness named beforehand.
    pub source: String,
    /// When its value becomes known: after freezing.
    pub source_due: Instant,
    /// SHA-256 of the server's secret, hex.
    pub commitment: String,
    /// The targets, in order of id.
    pub targets: Vec<Entry>,
    /// The samplers, in order of id.
    pub samplers: Vec<Inspector>,
    /// Merkle root over all of this, hex.
    pub root: String,
    /// The outcome.
    #[serde(default)]
    pub drawn: Option<Drawn>,
}

/// What does not hold in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Another algorithm.
    Format(String),
    /// The root is not that of the lists.
    Root,
    /// The secret does not hash to the commitment.
    Commitment,
    /// The seed is not the hash of its parts.
    Seed,
    /// Other targets or samplers come out.
    Picks,
    /// Somebody went instead of a sampler who was not the next.
    Replaced,
    /// Another target took the place of one given up than the next of its stratum.
    Substituted,
    /// The source was known before the list was frozen.
    Late,
}

impl Record {
    /// Puts the lists in order and works out the root.
    #[must_use]
    pub fn freeze(mut self) -> Self {
        self.targets.sort_by_key(|t| t.id);
        self.samplers.sort_by_key(|s| s.id);
        for s in &mut self.samplers {
            s.recused.sort_unstable();
        }
        self.root = self.root_now();
        self
    }

    fn root_now(&self) -> String {
        let take: Vec<String> = self.take.iter().map(|(k, n)| format!("{k}={n}")).collect();
        let head = format!(
            "{}|{}|{}|{}|{}|{}|{}|{}",
            self.format,
            self.draw.0,
            self.region,
            self.frozen.0,
            self.source_due.0,
            self.source,
            self.commitment,
            take.join(",")
        );
        let head = self.by.as_ref().map_or(head.clone(), |by| format!("{head}|{by}"));
        let mut leaves = vec![leaf_hash(head.as_bytes())];
        for t in &self.targets {
            let why = t.excluded.as_deref().unwrap_or_default();
            leaves.push(leaf_hash(format!("t|{}|{}|{}|{why}", t.id.0, t.stratum, t.weight).as_bytes()));
        }
        for s in &self.samplers {
            let recused: Vec<String> = s.recused.iter().map(|r| r.0.to_string()).collect();
            leaves.push(leaf_hash(format!("s|{}|{}", s.id.0, recused.join(",")).as_bytes()));
        }
        hex::encode(root_of(&leaves))
    }

    /// The seed from the public value and the secret.
    #[must_use]
    pub fn seed(&self, public: &str, secret: &[u8]) -> String {
        let text = format!("{FORMAT}|seed|{}|{}|{}", self.root, public.trim(), hex::encode(secret));
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}

/// One target chosen by its ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<K> {
    /// Stratum it was chosen in.
    pub stratum: String,
    /// Its ticket.
    pub ticket: [u8; 32],
    /// Name of the target, as hashed.
    pub key: K,
}

fn ticket(seed: &str, key: &impl Display, weight: u32) -> [u8; 32] {
    let one = |j: u32| -> [u8; 32] {
        Sha256::digest(format!("{FORMAT}|target|{seed}|{key}|{j}").as_bytes()).into()
    };
    (0..weight.max(1)).map(one).min().unwrap_or([0xff; 32])
}

/// Chooses among `(stratum, key, weight)` the `take(stratum)` smallest tickets of each stratum: the whole of the algorithm but
/// for the pairing, usable for any list.
pub fn choose<'a, K: Ord + Display>(
    seed: &str,
    targets: impl IntoIterator<Item = (&'a str, K, u32)>,
    take: impl Fn(&str) -> usize,
) -> Vec<Chosen<K>> {
    let mut by: BTreeMap<&str, Vec<([u8; 32], K)>> = BTreeMap::new();
    for (stratum, key, weight) in targets {
        by.entry(stratum).or_default().push((ticket(seed, &key, weight), key));
    }
    let mut chosen = Vec::new();
    for (stratum, mut list) in by {
        list.sort_unstable();
        let picks = list.into_iter().take(take(stratum));
        chosen.extend(picks.map(|(ticket, key)| Chosen { stratum: stratum.to_owned(), ticket, key }));
    }
    chosen
}

/// The samplers who may go to a target, in the order in which the seed sends them.
fn in_order(record: &Record, seed: &str, target: Id) -> Vec<Id> {
    let mut able: Vec<([u8; 32], Id)> = record
        .samplers
        .iter()
        .filter(|s| !s.recused.contains(&target))
        .map(|s| {
            let text = format!("{FORMAT}|pair|{seed}|{}|{}", target.0, s.id.0);
            (Sha256::digest(text.as_bytes()).into(), s.id)
        })
        .collect();
    able.sort_unstable();
    able.into_iter().map(|(_, id)| id).collect()
}

/// Draws: a pure function of the record's lists and the seed.
#[must_use]
pub fn draw(record: &Record, seed: &str) -> Vec<Pick> {
    let able = record.targets.iter().filter(|t| t.excluded.is_none());
    let chosen = choose(seed, able.map(|t| (t.stratum.as_str(), t.id.0, t.weight)), |stratum| {
        record.take.get(stratum).copied().unwrap_or(0) as usize
    });
    let mut load: BTreeMap<Id, usize> = record.samplers.iter().map(|s| (s.id, 0)).collect();
    let mut most = (chosen.len() * 2).div_ceil(record.samplers.len().max(1));
    let mut picks = Vec::with_capacity(chosen.len());
    for Chosen { ticket, key, .. } in chosen {
        let target = Id(key);
        let able = in_order(record, seed, target);
        if able.len() < 2 {
            continue;
        }
        let pair = loop {
            let free: Vec<Id> =
                able.iter().copied().filter(|id| load.get(id).is_some_and(|n| *n < most)).take(2).collect();
            if let [a, b] = free[..] {
                break [a, b];
            }
            most += 1;
        };
        for id in pair {
            *load.entry(id).or_default() += 1;
        }
        picks.push(Pick { target, ticket: hex::encode(ticket), samplers: pair });
    }
    picks
}

/// Picks one of the products found at a place, given in the order found: number in the list. The secret of the draw and
/// the target enter, so the list could not be written to suit.
#[must_use]
pub fn pick_product(seed: &str, target: Id, products: &[String]) -> usize {
    let hash = |name: &String| -> [u8; 32] {
        Sha256::digest(format!("{FORMAT}|product|{seed}|{}|{}", target.0, name.trim()).as_bytes()).into()
    };
    let best = products.iter().enumerate().min_by_key(|(i, name)| (hash(name), *i));
    best.map_or(0, |(i, _)| i)
}

/// Repeats a record without asking anybody: empty when everything holds. What is not yet drawn has only its root to show.
#[must_use]
pub fn verify(record: &Record) -> Vec<Finding> {
    let mut out = Vec::new();
    if record.format != FORMAT {
        return vec![Finding::Format(record.format.clone())];
    }
    let sorted = record.targets.is_sorted_by_key(|t| t.id) && record.samplers.is_sorted_by_key(|s| s.id);
    if !sorted || record.root_now() != record.root {
        out.push(Finding::Root);
    }
    if record.source_due <= record.frozen {
        out.push(Finding::Late);
    }
    if let Some(drawn) = &record.drawn {
        let secret = hex::decode(&drawn.secret).unwrap_or_default();
        if hex::encode(Sha256::digest(&secret)) != record.commitment {
            out.push(Finding::Commitment);
        }
        if record.seed(&drawn.public, &secret) != drawn.seed {
            out.push(Finding::Seed);
        }
        if draw(record, &drawn.seed) != drawn.picks {
            out.push(Finding::Picks);
        }
        if !replaced_by_rule(record) {
            out.push(Finding::Replaced);
        }
        if !substituted_by_rule(record) {
            out.push(Finding::Substituted);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(weights: &[u32], n: u32, samplers: i64) -> Record {
        let targets = weights
            .iter()
            .zip(1..)
            .map(|(w, i)| Entry { id: Id(i), stratum: "620102".to_owned(), weight: *w, excluded: None })
            .collect();
        let samplers = (1..=samplers).map(|i| Inspector { id: Id(1000 + i), recused: Vec::new() }).collect();
        Record {
            format: FORMAT.to_owned(),
            draw: Id(7),
            region: "620102".to_owned(),
            by: None,
            frozen: Instant(1_000_000),
            take: BTreeMap::from([("620102".to_owned(), n)]),
            source: "test".to_owned(),
            source_due: Instant(2_000_000),
            commitment: hex::encode(Sha256::digest(b"secret")),
            targets,
            samplers,
            root: String::new(),
            drawn: None,
        }
        .freeze()
    }

    fn drawn(mut r: Record) -> Record {
        let seed = r.seed("31 07 12", b"secret");
        let picks = draw(&r, &seed);
        let (public, secret) = ("31 07 12".into(), hex::encode(b"secret"));
        r.drawn = Some(Drawn { public, secret, seed, picks, replaced: Vec::new(), substituted: Vec::new() });
        r
    }

    #[test]
    fn a_target_that_cannot_be_visited_gives_its_place_to_the_next_ticket_and_nobody_else() {
        let mut r = drawn(record(&[1; 6], 3, 5));
        let order: Vec<Id> = {
            let all = record(&[1; 6], 6, 5);
            draw(&all, &r.drawn.as_ref().unwrap().seed).iter().map(|p| p.target).collect()
        };
        let first: Vec<Id> = r.drawn.as_ref().unwrap().picks.iter().map(|p| p.target).collect();
        assert_eq!(first, order[..3]);
        assert_eq!(substitute(&r, order[4]), None, "who is not to be visited is not replaced");
        // the second, then its substitute, then the first: three are left, a fourth is not
        for (out, next) in [
            (order[1], Some(order[3])),
            (order[3], Some(order[4])),
            (order[0], Some(order[5])),
            (order[2], None),
        ] {
            let by = substitute(&r, out);
            assert_eq!(by.as_ref().map(|p| p.target), next);
            let Some(by) = by else { continue };
            assert_ne!(by.samplers[0], by.samplers[1]);
            let d = r.drawn.as_mut().unwrap();
            d.substituted.push(Substituted { out, by, why: "closed".to_owned(), at: Instant(3_000_000) });
            assert!(!d.holds(out));
            assert_eq!(verify(&r), []);
        }
        // officers of a substitute are replaced by the same rule
        let target = order[5];
        let out = r.drawn.as_ref().unwrap().samplers_of(target).unwrap()[0];
        let by = replacement(&r, target).unwrap();
        let replaced = Replaced { target, out, by, at: Instant(4_000_000), why: Some("ill".to_owned()) };
        r.drawn.as_mut().unwrap().replaced.push(replaced);
        assert_eq!(verify(&r), []);
        let mut forged = r.clone();
        forged.drawn.as_mut().unwrap().substituted.swap(0, 1);
        assert_eq!(verify(&forged), [Finding::Substituted]);
        let mut forged = r.clone();
        forged.drawn.as_mut().unwrap().substituted[0].by.samplers.swap(0, 1);
        assert_eq!(verify(&forged), [Finding::Substituted]);
    }

    #[test]
    fn a_draw_can_be_repeated_and_a_changed_one_is_found() {
        let good = drawn(record(&[1; 20], 6, 5));
        assert_eq!(verify(&good), []);
        let picks = &good.drawn.as_ref().unwrap().picks;
        assert_eq!(picks.len(), 6);
        assert!(picks.iter().all(|p| p.samplers[0] != p.samplers[1]));
        let spoil = |f: &dyn Fn(&mut Record)| {
            let mut bad = good.clone();
            f(&mut bad);
            verify(&bad)
        };
        assert!(spoil(&|r| r.targets[0].weight = 9).contains(&Finding::Root));
        assert!(spoil(&|r| drop(r.targets.pop())).contains(&Finding::Root));
        assert!(spoil(&|r| r.drawn.as_mut().unwrap().public.push('1')).contains(&Finding::Seed));
        assert!(spoil(&|r| r.drawn.as_mut().unwrap().secret = "00".into()).contains(&Finding::Commitment));
        assert_eq!(spoil(&|r| r.drawn.as_mut().unwrap().picks.reverse()), [Finding::Picks]);
        assert_eq!(spoil(&|r| r.format = "x".into()), [Finding::Format("x".into())]);
    }

    #[test]
    fn the_order_of_the_lists_changes_nothing_and_a_larger_sample_keeps_the_smaller() {
        let a = record(&[1, 2, 1, 1, 3, 1, 1, 1], 3, 4);
        let mut b = a.clone();
        b.targets.reverse();
        b.samplers.reverse();
        let b = b.freeze();
        assert_eq!(a.root, b.root);
        let ids = |r: &Record, seed: &str| draw(r, seed).iter().map(|p| p.target).collect::<Vec<_>>();
        assert_eq!(draw(&a, "s"), draw(&b, "s"));
        let mut more = a.clone();
        more.take.insert("620102".to_owned(), 5);
        assert_eq!(ids(&a, "s"), ids(&more, "s")[..3]);
    }

    #[test]
    fn every_target_has_the_same_chance_and_a_weight_multiplies_the_chance_of_coming_first() {
        let plain = record(&[1; 5], 2, 2);
        let weighted = record(&[1, 1, 2], 1, 2);
        let (mut hits, mut first) = ([0_u32; 5], [0_u32; 3]);
        let rounds = 4000_u32;
        for i in 0..rounds {
            let seed = format!("seed {i}");
            for p in draw(&plain, &seed) {
                hits[usize::try_from(p.target.0 - 1).unwrap()] += 1;
            }
            first[usize::try_from(draw(&weighted, &seed)[0].target.0 - 1).unwrap()] += 1;
        }
        // chi-square against 2/5 each; 4 degrees of freedom, 0.1 % at 18.47
        let expected = f64::from(rounds) * 0.4;
        let chi: f64 = hits.iter().map(|h| (f64::from(*h) - expected).powi(2) / (expected * 0.6)).sum();
        assert!(chi < 18.47, "{hits:?} {chi}");
        let share = f64::from(first[2]) / f64::from(rounds);
        assert!((share - 0.5).abs() < 0.03, "{first:?}");
    }

    #[test]
    fn the_old_every_kth_method_left_some_that_could_never_be_drawn_and_this_one_does_not() {
        // N = 29, n = 10: k = 2, a start of 0 or 1, then every second: positions 20 … 28 never come
        let reached: std::collections::BTreeSet<usize> =
            (0..2).flat_map(|s| (0..10).map(move |i| s + i * 2)).collect();
        assert_eq!((0..29).filter(|p| !reached.contains(p)).count(), 9);
        let r = record(&[1; 29], 10, 2);
        let all: std::collections::BTreeSet<Id> =
            (0..60).flat_map(|i| draw(&r, &format!("{i}"))).map(|p| p.target).collect();
        assert_eq!(all.len(), 29);
    }

    #[test]
    fn a_recused_sampler_is_never_sent_and_the_work_is_spread() {
        let mut r = record(&[1; 30], 30, 6);
        r.samplers[0].recused = (1..=30).map(Id).collect();
        r.samplers[1].recused = vec![Id(3)];
        let r = r.freeze();
        let picks = draw(&r, "s");
        assert_eq!(picks.len(), 30);
        let load = |id: i64| picks.iter().filter(|p| p.samplers.contains(&Id(id))).count();
        assert_eq!(load(1001), 0);
        assert!(picks.iter().all(|p| p.target != Id(3) || !p.samplers.contains(&Id(1002))));
        assert!((1002..=1006).all(|id| load(id) <= 14), "{:?}", (1002..=1006).map(load).collect::<Vec<_>>());
        assert_eq!(draw(&record(&[1; 3], 2, 1), "s"), [], "one sampler alone takes no sample");
    }

    #[test]
    fn who_stands_aside_after_the_draw_is_replaced_by_the_next_in_order_and_by_nobody_else() {
        let mut r = drawn(record(&[1; 6], 3, 5));
        let (target, first) = {
            let pick = &r.drawn.as_ref().unwrap().picks[0];
            (pick.target, pick.samplers)
        };
        let order = in_order(&r, &r.drawn.as_ref().unwrap().seed.clone(), target);
        let mut gone = vec![first[0]];
        while let Some(by) = replacement(&r, target) {
            let pair = r.drawn.as_ref().unwrap().samplers_of(target).unwrap();
            let next = order.iter().find(|id| !pair.contains(id) && !gone[..gone.len() - 1].contains(id));
            assert_eq!(Some(&by), next);
            let out = *gone.last().unwrap();
            r.drawn.as_mut().unwrap().replaced.push(Replaced {
                target,
                out,
                by,
                at: Instant(3_000_000),
                why: None,
            });
            assert_eq!(verify(&r), []);
            gone.push(by);
        }
        assert_eq!(gone.len(), 4, "three of five were left to go instead");
        let mut forged = r.clone();
        let first_by = forged.drawn.as_ref().unwrap().replaced[0].by;
        forged.drawn.as_mut().unwrap().replaced[0].by = *order.iter().find(|id| **id != first_by).unwrap();
        assert_eq!(verify(&forged), [Finding::Replaced]);
    }

    #[test]
    fn the_product_is_picked_by_the_seed_whatever_the_order() {
        let all = ["大米", "挂面", "小米"].map(ToOwned::to_owned);
        let mut back = all.clone();
        back.reverse();
        assert_eq!(all[pick_product("s", Id(1), &all)], back[pick_product("s", Id(1), &back)]);
        let seen: std::collections::BTreeSet<usize> =
            (0..40).map(|i| pick_product(&i.to_string(), Id(1), &all)).collect();
        assert_eq!(seen.len(), 3);
    }
}
