//! Replay-equivalence: any order of arrival, with repeats, gives the same answers; so does a snapshot.

use crate::world::{Ask, World, kg};
use chain::{
    Bounds, Gap, How, Index, ItemId, Kind, LinkKind, Names, NodeKind, Phase, PlaceId, Qty, Scope,
    ScopeOptions, SegmentError, Step, Trace,
};
use proptest::prelude::*;

const ITEMS: u32 = 6;
const PLACES: u32 = 4;

fn kind() -> impl Strategy<Value = Kind> {
    let item = || (0..ITEMS).prop_map(ItemId);
    let place = || (0..PLACES).prop_map(PlaceId);
    let quantity = || proptest::option::weighted(0.7, (1i64..6).prop_map(|n| Qty::kg(n * 10)));
    let items = || proptest::collection::vec((item(), quantity()), 1..3);
    let end = || proptest::option::weighted(0.7, place());
    prop_oneof![
        2 => (place(), items()).prop_map(|(place, items)| Kind::Appear { place, items }),
        1 => (place(), items()).prop_map(|(place, items)| Kind::Observe { place, items }),
        8 => (end(), end(), items(), any::<bool>()).prop_map(|(from, to, items, out)| Kind::Move {
            from, to, items, phase: if out { Phase::Shipped } else { Phase::Received }, document: None
        }),
        3 => (place(), items(), items(), proptest::option::of(0u32..2)).prop_map(
            |(place, inputs, outputs, id)| Kind::Transform { place, inputs, outputs, id: id.map(chain::JoinId) }
        ),
        2 => (place(), item(), items())
            .prop_map(|(place, parent, children)| Kind::Pack { place, parent, children }),
        1 => (place(), item(), prop_oneof![Just(Vec::new()), items()])
            .prop_map(|(place, parent, children)| Kind::Unpack { place, parent, children }),
        2 => (place(), items(), any::<bool>()).prop_map(|(place, items, sold)| Kind::Leave {
            place, items, how: if sold { How::Sold } else { How::Destroyed }
        }),
        1 => (0u64..20).prop_map(|event| Kind::Withdraw { event }),
    ]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec((0i64..12, kind()), 1..24).prop_map(|kinds| {
        let numbered = (0u64..).zip(kinds);
        numbered.map(|(event, (time, kind))| Step { event, time, record: 0, kind }).collect()
    })
}

type Plain = (Vec<NodeKind>, Vec<(NodeKind, NodeKind, LinkKind, Vec<u64>, Option<Qty>)>);

/// A trace without the numbering and the order of its parts.
fn plain(trace: &Trace) -> Plain {
    let mut nodes: Vec<_> = trace.nodes.iter().map(|node| node.kind).collect();
    let kind = |at: usize| trace.nodes[at].kind;
    let link = |l: &chain::TraceLink| (kind(l.from), kind(l.to), l.kind, l.events.clone(), l.received);
    let mut links: Vec<_> = trace.links.iter().map(link).collect();
    nodes.sort();
    links.sort();
    (nodes, links)
}

fn answers(index: &Index) -> Vec<(Plain, Plain, Scope)> {
    let ask = |item: u32, place: u32, at: Option<i64>| {
        let (item, place) = (ItemId(item), PlaceId(place));
        let mut scope = index.scope(item, place, at, &ScopeOptions::default());
        let routes = (plain(&scope.upstream), plain(&scope.downstream));
        (scope.upstream, scope.downstream) = (Trace::default(), Trace::default());
        (routes.0, routes.1, scope)
    };
    (0..ITEMS).flat_map(|i| (0..PLACES).map(move |p| (i, p))).map(|(i, p)| ask(i, p, Some(6))).collect()
}

fn gaps(index: &Index) -> Vec<Vec<Gap>> {
    (0..PLACES)
        .map(|p| {
            let mut gaps = index.gaps(PlaceId(p));
            gaps.sort();
            gaps
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_arrival_and_repeats_give_the_same_answers(
        (steps, shuffled) in steps().prop_flat_map(|s| (Just(s.clone()), Just(s).prop_shuffle())),
        batch in 1usize..5,
        merge_at in 0usize..24,
    ) {
        let bulk = Index::build(Names::default(), &steps);
        let mut live = Index::new();
        for (n, some) in shuffled.chunks(batch).enumerate() {
            live.apply_all(some);
            live.apply(&some[0]);
            if n == merge_at {
                live.merge();
            }
        }
        prop_assert_eq!(answers(&bulk), answers(&live));
        prop_assert_eq!(gaps(&bulk), gaps(&live));
        live.merge();
        prop_assert_eq!(answers(&bulk), answers(&live));
        let opened = Index::from_bytes(&live.to_bytes()).unwrap();
        prop_assert_eq!(answers(&bulk), answers(&opened));
        let mut repeated = steps.clone();
        repeated.extend(shuffled);
        prop_assert_eq!(answers(&bulk), answers(&Index::build(Names::default(), &repeated)));
    }
}

fn small_world() -> Index {
    let mut w = World::default();
    w.appear(1, "苹果", "果园", kg(5));
    w.carry(2, "苹果", ("果园", "店"), kg(5));
    w.make(4, "店", &["苹果"], &["果汁"], Some("批 1"));
    let mut index = w.index();
    index.set_position(77);
    index
}

#[test]
fn a_snapshot_keeps_names_position_and_goes_on_taking_steps() {
    let mut index = small_world();
    let bytes = index.to_bytes();
    let mut opened = Index::from_bytes(&bytes).unwrap();
    assert_eq!((opened.position(), opened.to_bytes() == bytes), (77, true));
    assert_eq!(opened.forward("苹果", "果园", None), index.forward("苹果", "果园", None));
    let (item, place) = (opened.names_mut().item("沙拉"), opened.place_id("店"));
    let inputs = vec![(opened.item_id("苹果"), None)];
    let kind = Kind::Transform { place, inputs, outputs: vec![(item, None)], id: None };
    opened.apply(&Step { event: 99, time: 6, record: 0, kind });
    assert!(opened.forward("苹果", "果园", None).contains("沙拉@店"));
}

#[test]
fn any_change_to_a_snapshot_is_noticed() {
    let bytes = small_world().to_bytes();
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(Index::from_bytes(&changed).is_err(), "byte {at}");
    }
    for length in [0, 7, 20, bytes.len() - 1] {
        assert!(Index::from_bytes(&bytes[..length]).is_err());
    }
    let mut newer = bytes;
    newer[8] = 9;
    let error = Index::from_bytes(&newer).unwrap_err();
    assert_eq!(error, SegmentError::Version { found: 9 });
    assert!(error.text().zh.contains("重建") && error.to_string().contains("rebuild"));
}

#[test]
fn a_late_event_changes_only_what_it_touches_and_is_seen_at_once() {
    let mut w = World::default();
    w.appear(1, "fish", "boat", None);
    w.carry(6, "fish", ("market", "shop"), None);
    let mut index = w.index();
    assert!(!index.forward("fish", "boat", None).contains("fish@shop"));
    let first = w.steps.len();
    w.carry(2, "fish", ("boat", "market"), None);
    *index.names_mut() = w.names.clone();
    index.apply_all(&w.steps[first..]);
    assert!(index.forward("fish", "boat", None).contains("fish@shop"));
    let bounds = Bounds::default();
    assert_eq!(index.trace_back(index.item_id("fish"), None, None, bounds).nodes.len(), 3);
    assert!(index.stats().fresh_links > 0);
}
