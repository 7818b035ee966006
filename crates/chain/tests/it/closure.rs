//! The FoodChain-Lab rules written as plainly as they are told, with a reachable set for each delivery: what the fast
//! engine is compared with on random networks with cycles, kills, merged stations and every other setting.

use chain::score::{Delivery, Engine, Evidence, Network, Scores, Settings, Station, score};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Set = BTreeSet<usize>;

fn possible(a: Option<&String>, b: Option<&String>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return true };
    for (x, y) in a.split('-').zip(b.split('-')) {
        let (x, y): (u32, u32) = (x.parse().expect("a number"), y.parse().expect("a number"));
        if x != y {
            return x < y;
        }
    }
    true
}

struct Plain {
    from: Vec<String>,
    to: Vec<String>,
    next: Vec<Set>,
    reach: Vec<Set>,
    killed: Set,
    killed_stations: BTreeSet<String>,
}

fn plain(network: &Network) -> Plain {
    let s = &network.settings;
    let d = &network.deliveries;
    let n = d.len();
    let merged = |id: &String| s.merged_stations.get(id).unwrap_or(id).clone();
    let from: Vec<String> = d.iter().map(|d| merged(&d.from)).collect();
    let to: Vec<String> = d.iter().map(|d| merged(&d.to)).collect();
    let number = |id: &String| d.iter().position(|d| d.id == *id);
    let timely = |a: usize, b: usize| {
        let (a, b) = (&d[a], &d[b]);
        !s.enforce_temporal_order
            || possible(
                a.date_in.as_ref().or(a.date_out.as_ref()),
                b.date_out.as_ref().or(b.date_in.as_ref()),
            )
    };
    let mut next = vec![Set::new(); n];
    for (a, b) in &network.relations {
        if let (Some(a), Some(b)) = (number(a), number(b)) {
            next[a].insert(b);
        }
    }
    for station in &s.cross_contamination_stations {
        for a in (0..n).filter(|&a| to[a] == *station) {
            next[a].extend((0..n).filter(|&b| from[b] == *station && a != b && timely(a, b)));
        }
    }
    let marked: Vec<usize> = s.cross_contamination_deliveries.iter().filter_map(number).collect();
    for &a in &marked {
        for &b in &marked {
            if a != b && to[a] == to[b] {
                let of_a: Vec<usize> = next[a].iter().copied().filter(|&x| timely(b, x)).collect();
                next[b].extend(of_a);
                let of_b: Vec<usize> = next[b].iter().copied().filter(|&x| timely(a, x)).collect();
                next[a].extend(of_b);
            }
        }
    }
    for station in &s.kill_contamination_stations {
        for a in 0..n {
            if to[a] == *station {
                next[a].clear();
            }
            next[a].retain(|&b| from[b] != *station);
        }
    }
    let killed: Set = s.kill_contamination_deliveries.iter().filter_map(number).collect();
    killed.iter().for_each(|&a| next[a].clear());
    let reach = (0..n)
        .map(|d| {
            let mut seen = Set::new();
            let mut open: Vec<usize> = next[d].iter().copied().collect();
            while let Some(x) = open.pop() {
                if seen.insert(x) {
                    open.extend(&next[x]);
                }
            }
            seen.remove(&d);
            seen
        })
        .collect();
    let killed_stations = s.kill_contamination_stations.iter().cloned().collect();
    Plain { from, to, next, reach, killed, killed_stations }
}

impl Plain {
    fn stations(&self, d: usize) -> BTreeSet<&String> {
        let own = (!self.killed.contains(&d)).then_some(&self.to[d]);
        own.into_iter().chain(self.reach[d].iter().map(|&x| &self.to[x])).collect()
    }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

fn compare(network: &Network, got: &Scores) {
    let s = &network.settings;
    let p = plain(network);
    let weights = || s.station_weights.values().chain(s.delivery_weights.values());
    let positive: f64 = weights().filter(|w| **w > 0.0).sum();
    let negative: f64 = -weights().filter(|w| **w < 0.0).sum::<f64>();
    let whole = positive.max(negative);
    let of_station = |id: &String| s.station_weights.get(id).copied().unwrap_or(0.0);
    let of_delivery = |d: usize| s.delivery_weights.get(&network.deliveries[d].id).copied().unwrap_or(0.0);
    let share = |sum: f64| if whole > 0.0 { sum / whole } else { 0.0 };
    for (d, got) in got.deliveries.iter().enumerate() {
        let sum: f64 = of_delivery(d)
            + p.stations(d).into_iter().map(of_station).sum::<f64>()
            + p.reach[d].iter().map(|&x| of_delivery(x)).sum::<f64>();
        assert!(
            same(got.score.score, share(sum)),
            "delivery {}: {} not {}",
            got.id,
            got.score.score,
            share(sum)
        );
        let lot = &network.deliveries[d].lot;
        let members = network.deliveries.iter().enumerate().filter(|(n, x)| {
            *n == d || (lot.is_some() && x.lot == *lot && x.from == network.deliveries[d].from)
        });
        let (mut stations, mut onward) = (BTreeSet::new(), Set::new());
        for (m, _) in members {
            stations.extend(p.stations(m));
            for &n in p.next[m].iter().filter(|&&n| n != m) {
                onward.insert(n);
                onward.extend(&p.reach[n]);
            }
        }
        let sum = stations.into_iter().map(of_station).sum::<f64>()
            + onward.into_iter().map(of_delivery).sum::<f64>();
        assert!(same(got.lot_score, share(sum)), "lot of {}: {} not {}", got.id, got.lot_score, share(sum));
    }
    let (mut forward, mut backward) = (Set::new(), Set::new());
    let (mut forward_at, mut backward_at) = (BTreeSet::new(), BTreeSet::new());
    let back = |d: usize| (0..p.from.len()).filter(move |&x| x != d);
    let behind = |d: usize| -> Set { back(d).filter(|&x| p.reach[x].contains(&d)).collect() };
    let suppliers = |d: usize| -> BTreeSet<&String> {
        let own = (!p.killed_stations.contains(&p.from[d])).then_some(&p.from[d]);
        own.into_iter().chain(behind(d).into_iter().map(|x| &p.from[x])).collect()
    };
    for station in &s.observed_stations {
        let sent =
            (0..p.from.len()).filter(|&d| p.from[d] == *station && !p.killed_stations.contains(station));
        for d in sent {
            forward.insert(d);
            forward.extend(&p.reach[d]);
            forward_at.extend(p.stations(d));
        }
        for d in (0..p.to.len()).filter(|&d| p.to[d] == *station && !p.killed.contains(&d)) {
            backward.insert(d);
            backward.extend(behind(d));
            backward_at.extend(suppliers(d));
        }
    }
    for id in &s.observed_deliveries {
        let Some(d) = network.deliveries.iter().position(|d| d.id == *id) else { continue };
        forward.extend(&p.reach[d]);
        forward_at.extend(p.stations(d));
        backward.extend(behind(d));
        backward_at.extend(suppliers(d));
    }
    for (d, got) in got.deliveries.iter().enumerate() {
        assert_eq!(
            (got.forward, got.backward),
            (forward.contains(&d), backward.contains(&d)),
            "marks of {}",
            got.id
        );
    }
    for got in &got.stations {
        let sent = (0..p.from.len()).filter(|&d| p.from[d] == got.id && !p.killed_stations.contains(&got.id));
        let (mut stations, mut deliveries) = (BTreeSet::new(), Set::new());
        for d in sent {
            stations.extend(p.stations(d));
            deliveries.insert(d);
            deliveries.extend(&p.reach[d]);
        }
        stations.insert(&got.id);
        let sum = stations.into_iter().map(of_station).sum::<f64>()
            + deliveries.into_iter().map(of_delivery).sum::<f64>();
        assert!(
            same(got.score.score, share(sum)),
            "station {}: {} not {}",
            got.id,
            got.score.score,
            share(sum)
        );
        let marks = (forward_at.contains(&got.id), backward_at.contains(&got.id));
        assert_eq!((got.forward, got.backward), marks, "marks of station {}", got.id);
    }
}

fn networks() -> impl Strategy<Value = Network> {
    let date = prop_oneof![
        2 => Just(None),
        3 => (1u32..6).prop_map(|d| Some(format!("2025-03-{d:02}"))),
        1 => (2u32..5).prop_map(|m| Some(format!("2025-{m:02}"))),
        1 => Just(Some("2025".to_owned())),
    ];
    let delivery = (0usize..5, 0usize..5, date.clone(), date, prop::option::of(0u8..2));
    let weights = prop::collection::btree_map(0usize..7, prop_oneof![Just(1.0), Just(0.5), Just(-1.0)], 0..5);
    let flags = || prop::collection::vec(0usize..14, 0..5);
    (
        prop::collection::vec(delivery, 1..14),
        prop::collection::vec((0usize..14, 0usize..14), 0..16),
        (weights.clone(), weights),
        (flags(), flags(), prop::collection::vec(0usize..9, 0..2), prop::collection::vec(0usize..40, 0..2)),
        (prop::collection::vec(0usize..9, 0..2), prop::collection::vec(0usize..20, 0..3)),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(|(deliveries, pairs, (sw, dw), (cs, cd, ks, kd), (os, od), (enforce, merge))| {
            let station = |n: usize| format!("s{n}");
            let id = |n: usize| format!("d{n}");
            let deliveries: Vec<Delivery> = deliveries
                .into_iter()
                .enumerate()
                .map(|(n, (from, to, date_out, date_in, lot))| Delivery {
                    id: id(n),
                    from: station(from),
                    to: station(to),
                    lot: lot.map(|l| format!("l{l}")),
                    date_out,
                    date_in,
                    ..Delivery::default()
                })
                .collect();
            // only relations whose deliveries meet at a station: the reference is not defined for others
            let meets = |a: usize, b: usize| {
                a < deliveries.len() && b < deliveries.len() && deliveries[a].to == deliveries[b].from
            };
            let relations =
                pairs.into_iter().filter(|&(a, b)| meets(a, b)).map(|(a, b)| (id(a), id(b))).collect();
            let names = |list: Vec<usize>, name: &dyn Fn(usize) -> String| -> Vec<String> {
                list.into_iter().map(name).collect::<BTreeSet<_>>().into_iter().collect()
            };
            Network {
                settings: Settings {
                    enforce_temporal_order: enforce,
                    station_weights: sw.into_iter().map(|(n, w)| (station(n), w)).collect(),
                    delivery_weights: dw.into_iter().map(|(n, w)| (id(n), w)).collect(),
                    cross_contamination_stations: names(cs, &station),
                    cross_contamination_deliveries: names(cd, &id),
                    kill_contamination_stations: names(ks, &station),
                    kill_contamination_deliveries: names(kd, &id),
                    observed_stations: names(os, &station),
                    observed_deliveries: names(od, &id),
                    merged_stations: if merge {
                        BTreeMap::from([(station(3), station(1)), (station(4), "group".to_owned())])
                    } else {
                        BTreeMap::new()
                    },
                },
                stations: (0..5).map(|n| Station { id: station(n), name: None }).collect(),
                deliveries,
                relations,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_fast_engine_equals_the_plain_rules(network in networks()) {
        compare(&network, &score(&network));
    }

    #[test]
    fn evidence_as_it_arrives_scores_as_if_it_had_been_there(network in networks()) {
        let mut later = network.clone();
        let stations = std::mem::take(&mut later.settings.station_weights);
        let deliveries = std::mem::take(&mut later.settings.delivery_weights);
        let mut engine = Engine::new(&later);
        for (id, w) in stations {
            engine.observe(&[Evidence::Station(id, w)]);
        }
        for (id, w) in deliveries {
            engine.observe(&[Evidence::Delivery(id, w)]);
        }
        compare(&network, &engine.scores());
    }

    #[test]
    fn the_order_of_deliveries_and_relations_does_not_matter(network in networks()) {
        let mut turned = network.clone();
        turned.deliveries.reverse();
        turned.relations.reverse();
        turned.stations.reverse();
        compare(&turned, &score(&turned));
        let by_id = |s: &Scores| s.stations.iter().map(|x| (x.id.clone(), (x.score.score * 1e9).round())).collect::<BTreeMap<_, _>>();
        let both = (score(&network), score(&turned));
        for (id, a) in by_id(&both.0) {
            prop_assert!(same(a, by_id(&both.1)[&id]));
        }
    }
}
