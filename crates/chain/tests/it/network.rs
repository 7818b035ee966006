//! The synthetic network: larger than one shelf of the build, and its national brand told over again from the steps.

use chain::synthetic::network;
use chain::{Bounds, Index, ItemId, Kind, Names, Phase, PlaceId, Step};
use std::collections::{BTreeMap, BTreeSet};

type Places = BTreeSet<PlaceId>;
type Stocks = BTreeSet<(ItemId, PlaceId)>;

const ALL: Bounds = Bounds { max_nodes: 1 << 30, max_depth: 1 << 30 };

/// What some questions are answered: places reached and origins, of every item in a stride.
fn answers(index: &Index, items: u32) -> Vec<(Places, Stocks)> {
    let of = |item: ItemId| {
        let places = index.places_reached(&[item], ALL).places.into_iter().collect();
        let origins = index.origins(item, None, None, ALL).lots;
        (places, origins.into_iter().map(|key| (key.item, key.place)).collect())
    };
    (0..items).step_by(97).map(|item| of(ItemId(item))).collect()
}

#[test]
fn an_index_of_many_shelves_answers_like_one_built_in_another_order_or_merged_on_top_of_itself() {
    let steps: Vec<Step> = network(40_000, 3).collect();
    let items = steps.iter().flat_map(items_of).max().map_or(0, |item| item.0 + 1);
    let mut whole = Index::build(Names::default(), &steps);
    let wanted = answers(&whole, items);
    assert!(wanted.iter().any(|(places, _)| places.len() > 100));
    // every second step first, then the others backwards: record ids fall
    let others = steps.iter().skip(1).step_by(2).rev();
    let shuffled = Index::build(Names::default(), steps.iter().step_by(2).chain(others));
    assert!(answers(&shuffled, items) == wanted, "another order");
    assert_eq!(shuffled.stats().nodes, whole.stats().nodes);
    // the file does not tell what was repeated
    let mut twice = Index::build(Names::default(), steps.iter().flat_map(|step| [step, step]));
    assert_eq!(body(&mut twice), body(&mut whole));
    let (first, rest) = steps.split_at(steps.len() - 2_000);
    let mut merged = Index::build(Names::default(), first);
    merged.apply_all(rest);
    assert!(answers(&merged, items) == wanted, "with a delta");
    merged.merge();
    assert!(answers(&merged, items) == wanted, "merged");
    assert_eq!(merged.stats().nodes, whole.stats().nodes);
}

/// The bytes of the file without its header, which holds the key of the names.
fn body(index: &mut Index) -> Vec<u8> {
    index.to_bytes().split_off(64)
}

fn items_of(step: &Step) -> Vec<ItemId> {
    let lists = match &step.kind {
        Kind::Appear { items, .. } | Kind::Move { items, .. } | Kind::Leave { items, .. } => {
            [&items[..], &[]]
        }
        Kind::Transform { inputs, outputs, .. } => [&inputs[..], &outputs[..]],
        _ => [&[][..], &[]],
    };
    lists.concat().into_iter().map(|(item, _)| item).collect()
}

#[test]
fn the_brand_reaches_every_shop_of_its_own_and_the_sums_are_those_of_the_steps() {
    let made = || network(2_000, 5).with_brand(200);
    let brand = made().brand();
    assert_eq!((brand.start, brand.len()), (0, 201));
    let regions = made().regions();
    let maker = u32::try_from(network(2_000, 5).regions().len()).unwrap();
    // the brand is not counted among the links asked for
    let own = |step: &Step| items_of(step).iter().all(|item| brand.contains(&item.0));
    assert_eq!(made().filter(own).count(), 1 + 20 + 2 * 200 * 16);
    assert!(made().filter(|step| !own(step)).count() > 2_000);
    let mut received: BTreeMap<u32, (Places, Stocks)> = BTreeMap::new();
    for step in made().filter(own) {
        if let Kind::Move { to: Some(to), items, phase: Phase::Received, .. } = &step.kind {
            let (places, stocks) = received.entry(regions[to.0 as usize]).or_default();
            places.insert(*to);
            stocks.insert((items[0].0, *to));
        }
    }
    let shops: usize = received.values().map(|(places, _)| places.len()).sum();
    assert_eq!(shops, 1_200);
    // what is made is at the maker, with the raw lot
    let (places, stocks) = received.entry(regions[maker as usize]).or_default();
    places.insert(PlaceId(maker));
    stocks.extend(brand.clone().map(|item| (ItemId(item), PlaceId(maker))));
    let steps: Vec<Step> = made().collect();
    let live = steps.len() / 2;
    for sealed in [steps.len(), live] {
        let mut index = Index::build(Names::default(), &steps[..sealed]);
        index.apply_all(&steps[sealed..]);
        let spread = index.spread(&[ItemId(0)], &regions, ALL);
        let found: Vec<_> = spread.groups.iter().map(|g| (g.group, g.places, g.stocks)).collect();
        let wanted: Vec<_> = received.iter().map(|(&g, (p, s))| (g, p.len(), s.len())).collect();
        assert_eq!(found, wanted);
        assert_eq!(index.places_reached(&[ItemId(0)], ALL).places.len(), shops + 1);
    }
}
