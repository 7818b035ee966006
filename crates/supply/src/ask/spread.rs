//! Where lots spread: summed by county from the kernel, and place by place with every quantity.

use super::table::{Cell, Table, number, text};
use super::{Answer, Ask, County, Question};
use crate::scope::{ScopeOptions, ScopeReport};
use crate::view::place_key;
use crate::{Error, Supply, amount_text};
use access::Principal;
use base::Text;
use chain::{Index, ItemId, Role};
use ledger::Context;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant as Clock};

/// Places asked of the register at once.
const PART: usize = 500;
/// How long what the register said of a place is believed before it is asked again in the background.
const BELIEVED: Duration = Duration::from_secs(300);

/// The county of every place of the index, by its number: read from the register once, and for new places as they come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Regions(Arc<RwLock<Arc<Known>>>);

#[derive(Debug, Default)]
struct Known {
    /// County of each place by its number; `u32::MAX` where no register knows it.
    groups: Vec<u32>,
    /// Codes of the counties.
    codes: Vec<String>,
    /// Some places by number and key: an index built anew may number them otherwise.
    probes: Vec<(usize, String)>,
    read: Option<Clock>,
}

impl Known {
    /// Whether the numbers still mean the same places.
    fn fits(&self, index: &Index) -> bool {
        let place = |n: usize| chain::PlaceId(u32::try_from(n).unwrap_or(u32::MAX));
        self.probes.iter().all(|(n, key)| index.names().place_key(place(*n)) == key)
    }
}

impl Supply {
    /// The counties of all places, as fresh as the index.
    async fn counties(&self) -> Result<Arc<Known>, Error> {
        let known = self.regions.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (fits, count) = self.index.read(|index| (known.fits(index), index.names().places.len()));
        let current = fits && known.read.is_some();
        if current && known.groups.len() >= count {
            if known.read.is_some_and(|read| read.elapsed() > BELIEVED) {
                let supply = self.clone();
                // believed a moment longer, so that one reader alone asks again
                let kept = Known { read: Some(Clock::now()), ..known.copy() };
                *self.regions.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(kept);
                tokio::spawn(async move {
                    if let Err(error) = supply.read_counties(Known::default()).await {
                        tracing::warn!(?error, "the counties of places are as old as they were");
                    }
                });
            }
            return Ok(known);
        }
        self.read_counties(if current { known.copy() } else { Known::default() }).await
    }

    /// Asks the register about every place `known` does not have yet.
    async fn read_counties(&self, mut known: Known) -> Result<Arc<Known>, Error> {
        let from = known.groups.len();
        let keys: Vec<String> =
            self.index.read(|index| index.names().places.iter().skip(from).map(ToOwned::to_owned).collect());
        let mut numbers: HashMap<String, u32> = known.codes.iter().cloned().zip(0u32..).collect();
        for part in keys.chunks(PART) {
            let owners = self.directory.owners(part).await.map_err(Error::Directory)?;
            for key in part {
                let group = owners.get(key).map_or(u32::MAX, |place| {
                    let code = place.region.get(..6).unwrap_or(&place.region);
                    *numbers.entry(code.to_owned()).or_insert_with(|| {
                        known.codes.push(code.to_owned());
                        u32::try_from(known.codes.len() - 1).unwrap_or(u32::MAX)
                    })
                });
                known.groups.push(group);
            }
        }
        let last = known.groups.len();
        for n in [from, from + (last - from) / 2, last.saturating_sub(1)] {
            if let Some(key) = n.checked_sub(from).and_then(|n| keys.get(n)) {
                known.probes.push((n, key.clone()));
            }
        }
        known.read = Some(Clock::now());
        let known = Arc::new(known);
        *self.regions.0.write().unwrap_or_else(PoisonError::into_inner) = known.clone();
        Ok(known)
    }

    /// Counties of the places with a record of an item; the empty code for places in no register.
    pub(crate) async fn counties_of(&self, item: &str) -> Result<BTreeSet<String>, Error> {
        let known = self.counties().await?;
        let here = chain::Bounds { max_nodes: usize::MAX, max_depth: 0 };
        Ok(self.index.read(|index| {
            let Some(number) = index.names().find_item(item) else { return BTreeSet::new() };
            let groups: BTreeSet<u32> = index
                .trace_back(number, None, None, here)
                .nodes
                .iter()
                .filter_map(|node| match node.kind {
                    chain::NodeKind::Lot(key) => Some(key.place.0),
                    chain::NodeKind::Process { .. } => None,
                })
                .map(|place| known.groups.get(place as usize).copied().unwrap_or(u32::MAX))
                .collect();
            let code = |group| known.codes.get(group as usize).cloned().unwrap_or_default();
            groups.into_iter().map(code).collect()
        }))
    }

    /// Site keys of a region, at most `most`, and whether there are more.
    pub(super) async fn places_in(&self, region: &str, most: usize) -> Result<(Vec<String>, bool), Error> {
        let known = self.counties().await?;
        let six = region.get(..6).unwrap_or(region);
        let inside: Vec<bool> = known.codes.iter().map(|code| code.starts_with(six)).collect();
        let mut keys: Vec<String> = self.index.read(|index| {
            let wanted = |group: &u32| inside.get(*group as usize).copied().unwrap_or(false);
            let all = known.groups.iter().zip(0u32..).filter(|(group, _)| wanted(group));
            all.take(most + 1).map(|(_, n)| place_key(index, chain::PlaceId(n))).collect()
        });
        let more = keys.len() > most;
        keys.truncate(most);
        Ok((keys, more))
    }

    /// The suspect lots of a question: what was asked, and by option what came out of the same transformations.
    fn suspects(&self, ask: &Ask) -> Vec<ItemId> {
        self.index.read(|index| {
            let mut items: Vec<ItemId> =
                ask.lots.iter().filter_map(|lot| index.names().find_item(lot)).collect();
            if ask.siblings {
                let near = chain::Bounds { max_depth: 1, ..ask.bounds };
                for item in items.clone() {
                    let options =
                        chain::ScopeOptions { from_item: None, include_sibling_outputs: true, bounds: near };
                    items.extend(index.scope(item, chain::PlaceId::UNKNOWN, None, &options).culprits);
                }
            }
            let mut seen = BTreeSet::new();
            items.retain(|item| seen.insert(*item));
            items
        })
    }

    /// Sums by county of where the lots of a question went, with the time the engine took.
    async fn spread_by_county(&self, ask: &Ask, answer: &mut Answer) -> Result<Vec<(County, usize)>, Error> {
        let known = self.counties().await?;
        let items = self.suspects(ask);
        let clock = Clock::now();
        let spread = self.index.read(|index| index.spread(&items, &known.groups, ask.bounds));
        answer.engine += clock.elapsed().as_micros();
        answer.truncated |= spread.truncated;
        let mut rows: Vec<(County, usize)> = spread
            .groups
            .into_iter()
            .map(|g| {
                let region = known.codes.get(g.group as usize).cloned().unwrap_or_default();
                let (came, expected, on_hand) = (g.came, g.expected, g.on_hand);
                (County { region, places: g.places, came, expected, on_hand }, g.stocks)
            })
            .collect();
        rows.sort_by(|a, b| a.0.region.cmp(&b.0.region));
        Ok(rows)
    }

    /// Rights to every lot of a question.
    pub(super) async fn may_ask(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<(), Error> {
        for lot in &ask.lots {
            self.may_trace(cx, who, lot, ask.place.as_deref()).await?;
        }
        Ok(())
    }

    pub(super) async fn ask_spread(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        self.may_ask(cx, who, ask).await?;
        let mut answer = self.blank(Question::Spread, ask);
        let rows = self.spread_by_county(ask, &mut answer).await?;
        answer.table = Table::new([
            text("county", "县区", "County"),
            number("places", "场所", "Places"),
            number("stocks", "批次·场所", "Lots at places"),
            number("came", "到货或产出", "Came or made"),
            number("expected", "在途", "On the way"),
            number("on_hand", "应在库", "Should be on hand"),
        ]);
        for (county, stocks) in &rows {
            answer.table.rows.push(vec![
                Cell::Region(county.region.clone()),
                Cell::count(county.places),
                Cell::count(*stocks),
                Cell::Amount(county.came.clone()),
                Cell::Amount(county.expected.clone()),
                Cell::Amount(county.on_hand.clone()),
            ]);
        }
        let places: usize = rows.iter().map(|r| r.0.places).sum();
        let counties = rows.iter().filter(|r| !r.0.region.is_empty()).count();
        let mut held = chain::Amount::default();
        rows.iter().for_each(|r| held.add_all(&r.0.on_hand));
        let held = amount_text(&held);
        answer.summary = Text::new(
            format!("这些批次及其制成品到过 {counties} 个县区的 {places} 处场所，按记录应尚有 {held}。"),
            format!(
                "These lots and what was made of them reached {places} places in {counties} counties; by the records {held} should be left."
            ),
        );
        answer.counties = rows.into_iter().map(|r| r.0).collect();
        Ok(answer)
    }

    pub(super) async fn ask_scope(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Scope, ask);
        answer.table = Table::new([
            text("place", "场所", "Place"),
            text("county", "县区", "County"),
            text("lot", "批次", "Lot"),
            text("suspect", "性质", "What it is"),
            text("role", "角色", "Part"),
            text("arrived", "首次到货", "First arrival"),
            number("produced", "产出", "Made here"),
            number("received", "收货", "Received"),
            number("expected", "在途", "On the way"),
            number("passed_on", "转出", "Passed on"),
            number("made_into", "投料", "Made into"),
            number("sold", "已售", "Sold"),
            number("on_hand", "应在库", "On hand"),
            number("events", "证据", "Events"),
        ]);
        self.may_ask(cx, who, ask).await?;
        let mut places: BTreeSet<String> = BTreeSet::new();
        let mut holders: BTreeSet<String> = BTreeSet::new();
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        let mut totals = chain::Totals::default();
        for lot in &ask.lots {
            let options = ScopeOptions {
                from_item: None,
                include_sibling_outputs: ask.siblings,
                bounds: Some(ask.bounds),
            };
            let clock = Clock::now();
            let report = self.draw_scope(lot, ask.place.as_deref(), ask.at, options).await?;
            answer.engine += clock.elapsed().as_micros();
            let ScopeReport { rows, upstream, downstream, legend, truncated, .. } = report;
            answer.truncated |= truncated;
            totals.produced.add_all(&report.totals.produced);
            totals.held.add_all(&report.totals.held);
            totals.sold.add_all(&report.totals.sold);
            answer.legend.places.extend(legend.places);
            answer.legend.lots.extend(legend.lots);
            answer.traces.extend([upstream, downstream]);
            for row in rows {
                let meets = row.arrived.is_none_or(|(first, last)| ask.meets(first, last));
                if !meets || !seen.insert((row.item.clone(), row.place.clone())) {
                    continue;
                }
                places.insert(row.place.clone());
                if row.may_hold {
                    holders.insert(row.place.clone());
                }
                answer.table.rows.push(vec![
                    Cell::Place(row.place),
                    Cell::Region(row.region.get(..6).unwrap_or(&row.region).to_owned()),
                    Cell::Lot(row.item),
                    Cell::Words(if row.culprit {
                        Text::of("问题批次", "suspect lot")
                    } else {
                        Text::of("制成品", "made of it")
                    }),
                    Cell::Words(role(row.role)),
                    Cell::time(row.arrived.map(|(first, _)| first)),
                    Cell::Amount(row.produced),
                    Cell::Amount(row.received),
                    Cell::Amount(row.expected),
                    Cell::Amount(row.passed_on),
                    Cell::Amount(row.made_into),
                    Cell::Amount(row.sold),
                    Cell::Amount(row.on_hand),
                    Cell::Events(row.evidence),
                ]);
            }
        }
        answer.counties = counties(&answer.table, 0, 1);
        let by_county = self.spread_by_county(ask, &mut answer).await?;
        let sums: BTreeMap<String, County> =
            by_county.into_iter().map(|(c, _)| (c.region.clone(), c)).collect();
        if ask.window.is_none() {
            // the sums come from the kernel: every record of the county's stocks, not only the rows shown
            for county in &mut answer.counties {
                if let Some(sum) = sums.get(&county.region) {
                    *county = sum.clone();
                }
            }
        }
        let n = answer.counties.iter().filter(|c| !c.region.is_empty()).count();
        let [made, held, sold] = [&totals.produced, &totals.held, &totals.sold].map(amount_text);
        answer.summary = Text::new(
            format!(
                "涉及 {n} 个县区 {} 处场所，其中 {} 处可能仍有存货；问题批次共 {made}，应在库 {held}，已售 {sold}。",
                places.len(),
                holders.len()
            ),
            format!(
                "{} places in {n} counties are concerned, {} of them may still hold some; of the suspect lots {made} were made, {held} should be on hand, {sold} were sold.",
                places.len(),
                holders.len()
            ),
        );
        Ok(answer)
    }
}

impl Known {
    fn copy(&self) -> Self {
        Self {
            groups: self.groups.clone(),
            codes: self.codes.clone(),
            probes: self.probes.clone(),
            read: self.read,
        }
    }
}

/// Places by county, counted from the rows of a table with a place and a region column.
pub(super) fn counties(table: &Table, place: usize, region: usize) -> Vec<County> {
    let mut by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &table.rows {
        if let (Some(Cell::Place(place)), Some(Cell::Region(code))) = (row.get(place), row.get(region)) {
            by.entry(code).or_default().insert(place);
        }
    }
    let county = |(code, places): (&str, BTreeSet<&str>)| County {
        region: code.to_owned(),
        places: places.len(),
        ..County::default()
    };
    by.into_iter().map(county).collect()
}

fn role(role: Role) -> Text {
    match role {
        Role::Origin => Text::of("源头", "origin"),
        Role::Holder => Text::of("可能仍有", "may hold"),
        Role::Intermediate => Text::of("已转出", "passed on"),
        Role::SoldOut => Text::of("已售出", "sold out"),
        Role::Expected => Text::of("在途", "on its way"),
    }
}
