//! The kernel's answers against the described ones: the same nodes, places and sums, sealed, live and mixed.

use crate::oracle::history;
use crate::replay::steps;
use chain::{
    Amount, Bounds, Case, Index, ItemId, Names, NodeKey, NodeKind, PlaceId, ScopeOptions, SpreadGroup, Step,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ITEMS: u32 = 6;
const PLACES: u32 = 4;

/// Half of the steps sealed, the rest applied one by one, in the given order.
fn half_live(steps: &[Step], cut: usize) -> Index {
    let (first, rest) = steps.split_at(cut.min(steps.len()));
    let mut index = Index::build(Names::default(), first);
    rest.iter().for_each(|step| index.apply(step));
    index
}

fn sums(groups: &[SpreadGroup]) -> BTreeMap<u32, (usize, usize, [Amount; 3])> {
    let plain = |amount: &Amount| Amount {
        sums: amount.sums.iter().map(|q| q.common()).filter(|q| !q.value.is_zero()).collect(),
        ..amount.clone()
    };
    let of = |g: &SpreadGroup| (g.places, g.stocks, [plain(&g.came), plain(&g.expected), plain(&g.on_hand)]);
    groups.iter().map(|g| (g.group, of(g))).collect()
}

/// What [`Index::spread`] must say, from the rows of the scope.
fn from_rows(index: &Index, item: ItemId, groups: &[u32]) -> Vec<SpreadGroup> {
    let scope = index.scope(item, PlaceId(0), None, &ScopeOptions::default());
    let mut out: BTreeMap<u32, (BTreeSet<PlaceId>, SpreadGroup)> = BTreeMap::new();
    for row in &scope.rows {
        let group = groups.get(row.place.0 as usize).map_or(u32::MAX, |&g| g);
        let (places, sum) = out.entry(group).or_default();
        if row.place != PlaceId::UNKNOWN {
            places.insert(row.place);
        }
        sum.stocks += 1;
        sum.came.add_all(&row.produced);
        sum.came.add_all(&row.received);
        sum.expected.add_all(&row.expected);
        sum.on_hand.add_all(&row.on_hand);
    }
    out.into_iter().map(|(group, (places, sum))| SpreadGroup { group, places: places.len(), ..sum }).collect()
}

fn check(index: &Index) -> Result<(), TestCaseError> {
    let groups = [1, 0, 1];
    let bounds = Bounds::default();
    for item in (0..ITEMS).map(ItemId) {
        let spread = index.spread(&[item], &groups, bounds);
        let scope = index.scope(item, PlaceId(0), None, &ScopeOptions::default());
        if scope.culprits.len() == 1 {
            prop_assert_eq!(
                sums(&spread.groups),
                sums(&from_rows(index, item, &groups)),
                "spread of {:?}",
                item
            );
            let places: BTreeSet<_> = spread.places.iter().copied().collect();
            let rows = scope.rows.iter().map(|r| r.place).filter(|&p| p != PlaceId::UNKNOWN);
            prop_assert_eq!((places.len(), &places), (spread.places.len(), &rows.collect()));
            prop_assert_eq!(spread.reached, scope.downstream.nodes.len());
        }
        for place in (0..PLACES).map(PlaceId).map(Some).chain([None]) {
            for at in [None, Some(6)] {
                let trace = index.trace_back(item, place, at, bounds);
                let origin = |n: &chain::TraceNode| match n.kind {
                    NodeKind::Lot(key) if n.origin => Some(key),
                    _ => None,
                };
                let wanted: BTreeSet<NodeKey> = trace.nodes.iter().filter_map(origin).collect();
                let found = index.origins(item, place, at, bounds);
                let lots: BTreeSet<_> = found.lots.iter().copied().collect();
                prop_assert_eq!((lots, found.reached), (wanted, trace.nodes.len()));
            }
        }
    }
    let cases: Vec<Case> = (0..ITEMS)
        .map(|item| Case { item: ItemId(item), place: None, at: (item == 3).then_some(6) })
        .collect();
    let mut wanted: BTreeMap<PlaceId, BTreeSet<usize>> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        for node in index.trace_back(case.item, None, case.at, bounds).nodes {
            if let NodeKind::Lot(key) = node.kind
                && key.place != PlaceId::UNKNOWN
            {
                wanted.entry(key.place).or_default().insert(number);
            }
        }
    }
    let found = index.stations(&cases, 50, bounds);
    let ranked: BTreeMap<_, BTreeSet<usize>> =
        found.ranked.iter().map(|s| (s.place, s.cases.iter().copied().collect())).collect();
    prop_assert_eq!(ranked, wanted);
    prop_assert!(found.ranked.is_sorted_by_key(|s| (std::cmp::Reverse(s.cases.len()), s.place)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_places_origins_and_stations_agree_with_the_described_answers(
        steps in steps(), cut in 0usize..24,
    ) {
        check(&Index::build(Names::default(), &steps))?;
        let live = half_live(&steps, cut);
        check(&live)?;
        let mut merged = live;
        check(&Index::from_bytes(&merged.to_bytes()).unwrap())?;
    }

    #[test]
    fn histories_of_movements_agree_too(history in history(), cut in 0usize..24) {
        check(&half_live(&history.steps(), cut))?;
    }
}

#[test]
fn a_spread_that_stops_at_its_bounds_says_so_and_the_next_one_is_whole() {
    let mut w = crate::world::World::default();
    for shop in 0..20 {
        w.carry(2, "gum", ("plant", &format!("shop{shop}")), crate::world::kg(5));
    }
    let index = w.index();
    let gum = index.names().find_item("gum").unwrap();
    let ask = |max_nodes, max_depth| index.spread(&[gum], &[], Bounds { max_nodes, max_depth });
    for (bounds, places, truncated) in
        [((5, 9), 5, true), ((100, 1), 21, false), ((21, 0), 21, false), ((100, 9), 21, false)]
    {
        let spread = ask(bounds.0, bounds.1);
        assert_eq!((spread.places.len(), spread.truncated), (places, truncated), "{bounds:?}");
    }
    let origins =
        index.origins(gum, index.names().find_place("shop3"), None, Bounds { max_nodes: 9, max_depth: 0 });
    assert!(origins.truncated && origins.lots.is_empty());
}
