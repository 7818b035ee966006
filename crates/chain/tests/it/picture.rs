//! The layered picture of a trace, and the synthetic network measurements run on.

use crate::world::World;
use chain::bench::{BenchOptions, SegmentReport, measure};
use chain::{Bounds, Index, Kind, LayoutOptions, Names, Trace, layout, synthetic};
use std::collections::HashSet;

fn trace_of(w: &World, item: &str) -> Trace {
    let index = w.index();
    index.trace_forward(index.names().find_item(item).expect(item), None, None, Bounds::default())
}

#[test]
fn every_forward_link_leads_to_a_later_layer_and_nothing_is_lost() {
    let mut w = World::default();
    w.make(1, "mill", &["wheat"], &["flour"], None);
    w.carry(2, "flour", ("mill", "a"), None);
    w.carry(2, "flour", ("mill", "b"), None);
    w.make(5, "a", &["flour"], &["bread"], None);
    w.carry(6, "bread", ("a", "b"), None);
    let trace = trace_of(&w, "wheat");
    let picture = layout(&trace, LayoutOptions::default());
    assert_eq!(picture.layers, 7, "wheat, milling, flour, flour at a, baking, bread, bread at b");
    assert_eq!(picture.nodes.iter().map(|n| n.members.len()).sum::<usize>(), trace.nodes.len());
    assert_eq!(picture.edges.iter().map(|e| e.links.len()).sum::<usize>(), trace.links.len());
    for edge in &picture.edges {
        assert!(!edge.backward && picture.nodes[edge.from].layer < picture.nodes[edge.to].layer);
    }
    let spots: HashSet<_> = picture.nodes.iter().map(|n| (n.layer, n.row)).collect();
    assert_eq!(spots.len(), picture.nodes.len(), "no two nodes on one spot");
}

#[test]
fn a_full_layer_collapses_into_a_group_and_a_loop_leads_backward() {
    let mut w = World::default();
    for shop in 0..30 {
        w.carry(2, "gum", ("plant", &format!("shop{shop}")), None);
    }
    let picture = layout(&trace_of(&w, "gum"), LayoutOptions { max_per_layer: 10 });
    let group = picture.nodes.iter().find(|n| n.is_group()).expect("a group");
    assert_eq!((picture.rows, group.members.len(), picture.layers), (10, 21, 2));

    let mut w = World::default();
    w.make(2, "bakery", &["rework"], &["bread"], None);
    w.make(2, "bakery", &["bread"], &["rework"], None);
    let picture = layout(&trace_of(&w, "bread"), LayoutOptions::default());
    assert_eq!(picture.edges.iter().filter(|e| e.backward).count(), 1);
    assert_eq!(layout(&Trace::default(), LayoutOptions::default()).nodes.len(), 0);
}

#[test]
fn rows_are_ordered_so_that_parallel_chains_do_not_cross() {
    let mut w = World::default();
    w.make(1, "hub", &["root"], &["x", "y", "z"], None);
    for (item, place) in [("z", "p1"), ("x", "p2"), ("y", "p3")] {
        w.carry(3, item, ("hub", place), None);
    }
    let picture = layout(&trace_of(&w, "root"), LayoutOptions::default());
    let rows = |at: usize| (picture.nodes[at].layer, picture.nodes[at].row);
    let last: Vec<_> =
        picture.edges.iter().map(|e| (rows(e.from), rows(e.to))).filter(|(a, _)| a.0 == 2).collect();
    assert_eq!(last.len(), 3);
    assert!(last.iter().all(|(a, b)| a.1 == b.1), "{last:?}");
}

#[test]
fn the_synthetic_network_is_the_same_for_the_same_seed_and_respects_time() {
    let steps: Vec<_> = synthetic::network(3_000, 1).collect();
    assert!(steps.iter().eq(synthetic::network(3_000, 1).collect::<Vec<_>>().iter()));
    assert!(!steps.iter().eq(synthetic::network(3_000, 2).collect::<Vec<_>>().iter()));
    let made = steps.iter().filter(|s| matches!(s.kind, Kind::Transform { .. })).count();
    assert!(made > 20);
    let index = Index::build(Names::default(), &steps);
    let stats = index.stats();
    assert!(stats.links > 3_000 && stats.nodes > stats.items);
}

#[test]
fn every_answer_of_the_bench_agrees_with_the_plain_simulation_and_with_a_whole_build() {
    let seal = |mut index: Index| {
        let opened = Index::from_bytes(&index.to_bytes()).map_err(std::io::Error::other)?;
        Ok((opened, SegmentReport::default()))
    };
    let options = BenchOptions { links: 5_000, seed: 1 };
    let (report, questions, network) = measure(options, &|| 0.0, seal).unwrap();
    let checked = report.checked;
    assert!(checked.plain > 200 && checked.rebuilt > 100 && checked.wrong == 0, "{checked:?}");
    assert_eq!((network.links.len(), network.slots.len() >= report.nodes), (report.links, true));
    assert!(questions.iter().map(|q| q.rows).sum::<usize>() > 0);
}
