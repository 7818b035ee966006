//! The waiting incident: which lot, sampled where and when.

use super::flows::History;
use super::world::World;
use base::{Date, Instant};
use jiff::ToSpan;
use std::collections::{HashMap, HashSet};

/// The lot whose sample waits in the laboratory.
#[derive(Debug, Clone)]
pub(crate) struct Incident {
    pub(crate) lot: usize,
    pub(crate) shop: usize,
    pub(crate) sampled: Date,
}

/// The line of the incident: dried noodles.
const LINE: usize = 0;
/// The county whose officer the guide names.
const COUNTY: &str = "620102";

/// Days since the lot of the incident was made, at most: long enough for the goods to have spread.
const AGE_DAYS: i64 = 78;

/// Picks the widest recently made lot of the first line, sampled if possible in the county the guide names.
pub(crate) fn choose(world: &World, history: &History, now: Instant) -> Option<Incident> {
    let since = now.plus_seconds(-AGE_DAYS * 86_400).china_date();
    let until = now.plus_seconds(-7 * 86_400);
    let mut shops: HashMap<usize, Vec<(usize, Instant)>> = HashMap::new();
    for (line, lot, shop, at) in &history.on_sale {
        if *line == LINE && *at < until {
            shops.entry(*lot).or_default().push((*shop, *at));
        }
    }
    let recent = |lot: usize| history.lots[lot].made >= since;
    let here = |all: &[(usize, Instant)]| all.iter().any(|(s, _)| world.firms[*s].region == COUNTY);
    let wide = |all: &[(usize, Instant)]| all.iter().map(|(s, _)| *s).collect::<HashSet<_>>().len();
    let (lot, all) = shops
        .iter()
        .max_by_key(|(lot, all)| (recent(**lot) && here(all), recent(**lot), wide(all), **lot))?;
    let (shop, at) = all.iter().find(|(s, _)| world.firms[*s].region == COUNTY).or(all.first())?;
    let sampled =
        at.china_date().checked_add(2.days()).ok()?.min(now.china_date().checked_sub(5.days()).ok()?);
    Some(Incident { lot: *lot, shop: *shop, sampled })
}

#[cfg(test)]
mod tests {
    use super::super::{flows, world};
    use super::*;

    #[test]
    fn the_incident_is_a_lot_several_shops_received() {
        let w = world::build(62, 2000, &HashMap::new());
        let today = jiff::civil::date(2026, 11, 20);
        let h = flows::run(&w, 62, today, 730);
        let i = choose(&w, &h, Instant::china(today, 9, 0)).unwrap();
        let shops: HashSet<usize> = h.on_sale.iter().filter(|s| s.1 == i.lot).map(|s| s.2).collect();
        assert!(shops.len() >= 5, "{} shops", shops.len());
        assert!(i.sampled > h.lots[i.lot].made);
    }
}
