//! The index against a naive simulation of random small histories, written without any of its ideas: no
//! splitting of stocks, no pairing, only times carried from event to event.

use chain::{Bounds, DocId, Index, ItemId, Kind, Names, NodeKind, Phase, PlaceId, Step, Trace};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

const ITEMS: u32 = 5;
const PLACES: u32 = 4;

#[derive(Debug, Clone)]
struct Movement {
    item: u32,
    from: u32,
    to: u32,
    depart: i64,
    arrive: i64,
    /// Which halves were recorded.
    halves: (bool, bool),
}

#[derive(Debug, Clone)]
struct Making {
    place: u32,
    time: i64,
    inputs: Vec<u32>,
    outputs: Vec<u32>,
}

#[derive(Debug, Clone)]
pub(crate) struct History {
    movements: Vec<Movement>,
    makings: Vec<Making>,
    appearances: Vec<(u32, u32, i64)>,
}

pub(crate) fn history() -> impl Strategy<Value = History> {
    let movement = (0..ITEMS, 0..PLACES, 0..PLACES, 0i64..12, 0i64..4, 0u8..3).prop_map(
        |(item, from, to, depart, lag, halves)| {
            let arrive = depart + lag;
            let halves = [(true, true), (true, false), (false, true)][usize::from(halves)];
            // a half that is missing is assumed at the time of the other
            let (depart, arrive) = match halves {
                (true, false) => (depart, depart),
                (false, true) => (arrive, arrive),
                _ => (depart, arrive),
            };
            Movement { item, from, to, depart, arrive, halves }
        },
    );
    let some = || proptest::collection::vec(0..ITEMS, 1..3);
    let making = (0..PLACES, 0i64..14, some(), some()).prop_map(|(place, time, inputs, outputs)| Making {
        place,
        time,
        inputs,
        outputs,
    });
    let appearance = (0..ITEMS, 0..PLACES, 0i64..10);
    (
        proptest::collection::vec(movement, 0..14),
        proptest::collection::vec(making, 0..6),
        proptest::collection::vec(appearance, 0..4),
    )
        .prop_map(|(movements, makings, appearances)| History { movements, makings, appearances })
}

impl History {
    /// Movement n has events 10n and 10n + 1 and document n; making n has event 1000 + n.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut say = |event: u64, time: i64, kind: Kind| steps.push(Step { event, time, record: 0, kind });
        for (n, m) in (0u32..).zip(&self.movements) {
            let half = |phase| Kind::Move {
                from: Some(PlaceId(m.from)),
                to: Some(PlaceId(m.to)),
                items: vec![(ItemId(m.item), None)],
                phase,
                document: Some(DocId(n)),
            };
            if m.halves.0 {
                say(u64::from(n) * 10, m.depart, half(Phase::Shipped));
            }
            if m.halves.1 {
                say(u64::from(n) * 10 + 1, m.arrive, half(Phase::Received));
            }
        }
        let bare = |items: &[u32]| items.iter().map(|&i| (ItemId(i), None)).collect();
        for (n, m) in (0u64..).zip(&self.makings) {
            let (inputs, outputs) = (bare(&m.inputs), bare(&m.outputs));
            say(1000 + n, m.time, Kind::Transform { place: PlaceId(m.place), inputs, outputs, id: None });
        }
        for (n, &(item, place, time)) in (0u64..).zip(&self.appearances) {
            say(2000 + n, time, Kind::Appear { place: PlaceId(place), items: bare(&[item]) });
        }
        steps
    }

    /// All stocks and transformations something in the given stock leads to (or comes from), and the events
    /// on the way; by relaxing times until nothing changes.
    fn naive(&self, start: (u32, u32), time: i64, forward: bool) -> (BTreeSet<(u32, u32)>, BTreeSet<u64>) {
        let sign = if forward { 1 } else { -1 };
        let mut best: HashMap<(u32, u32), i64> = HashMap::from([(start, time * sign)]);
        let mut events = BTreeSet::new();
        loop {
            let before = (best.clone(), events.len());
            let reach = |best: &mut HashMap<(u32, u32), i64>, stock: (u32, u32), time: i64| {
                let known = best.entry(stock).or_insert(time * sign);
                *known = (*known).min(time * sign);
            };
            let holds = |best: &HashMap<(u32, u32), i64>, stock: (u32, u32), time: i64| {
                best.get(&stock).is_some_and(|&t| t <= time * sign)
            };
            for (n, m) in (0u64..).zip(&self.movements) {
                let (near, far) = ((m.item, m.from, m.depart), (m.item, m.to, m.arrive));
                let (near, far) = if forward { (near, far) } else { (far, near) };
                if holds(&best, (near.0, near.1), near.2) {
                    reach(&mut best, (far.0, far.1), far.2);
                    events.extend(m.halves.0.then_some(n * 10));
                    events.extend(m.halves.1.then_some(n * 10 + 1));
                }
            }
            for (n, m) in (0u64..).zip(&self.makings) {
                let (near, far) = if forward { (&m.inputs, &m.outputs) } else { (&m.outputs, &m.inputs) };
                if near.iter().any(|&i| holds(&best, (i, m.place), m.time)) {
                    far.iter().for_each(|&o| reach(&mut best, (o, m.place), m.time));
                    events.insert(1000 + n);
                }
            }
            if before == (best.clone(), events.len()) {
                return (best.into_keys().collect(), events);
            }
        }
    }
}

fn stocks_and_events(trace: &Trace) -> (BTreeSet<(u32, u32)>, BTreeSet<u64>) {
    let stock = |kind: &NodeKind| match kind {
        NodeKind::Lot(key) => Some((key.item.0, key.place.0)),
        NodeKind::Process { .. } => None,
    };
    let stocks = trace.nodes.iter().filter_map(|node| stock(&node.kind)).collect();
    (stocks, trace.links.iter().flat_map(|link| link.events.iter().copied()).collect())
}

fn known_stocks(index: &Index) -> Vec<(u32, u32)> {
    (0..ITEMS)
        .flat_map(|i| index.places_of(ItemId(i)))
        .map(|holding| (holding.node.item.0, holding.node.place.0))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn traces_agree_with_a_naive_simulation(history in history(), time in 0i64..16) {
        let index = Index::build(Names::default(), history.steps());
        for (item, place) in known_stocks(&index) {
            let at = Some(PlaceId(place));
            for (when, number) in [(None, -100), (Some(time), time)] {
                let trace = index.trace_forward(ItemId(item), at, when, Bounds::default());
                let naive = history.naive((item, place), number, true);
                prop_assert_eq!(stocks_and_events(&trace), naive, "forward {}@{} {:?}", item, place, when);
            }
            let trace = index.trace_back(ItemId(item), at, None, Bounds::default());
            prop_assert_eq!(stocks_and_events(&trace), history.naive((item, place), 100, false));
            let trace = index.trace_back(ItemId(item), at, Some(time), Bounds::default());
            let naive = history.naive((item, place), time, false);
            if trace.nodes.is_empty() {
                prop_assert!(naive.1.is_empty());
            } else {
                prop_assert_eq!(stocks_and_events(&trace), naive, "back {}@{} {}", item, place, time);
            }
        }
    }

    #[test]
    fn forward_and_backward_are_transposes(history in history()) {
        let index = Index::build(Names::default(), history.steps());
        let stocks = known_stocks(&index);
        let reached = |(item, place): (u32, u32), forward: bool| {
            let (item, place) = (ItemId(item), Some(PlaceId(place)));
            let bounds = Bounds::default();
            let trace = if forward {
                index.trace_forward(item, place, None, bounds)
            } else {
                index.trace_back(item, place, None, bounds)
            };
            stocks_and_events(&trace).0
        };
        let back: HashMap<_, _> = stocks.iter().map(|&s| (s, reached(s, false))).collect();
        for &from in &stocks {
            let forward = reached(from, true);
            for &to in &stocks {
                prop_assert_eq!(forward.contains(&to), back[&to].contains(&from));
            }
        }
    }
}
