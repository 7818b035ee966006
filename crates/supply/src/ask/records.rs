//! The sortable sheet an authority asks for: one row a lot and event, with the key data elements of each critical
//! tracking event (21 CFR 1.1325 to 1.1350; the fields of 食品安全法 art. 50, 51, 53 are among them).

use super::spread::counties;
use super::table::{Cell, Table, number, text};
use super::ways::county_of;
use super::{Answer, Ask, Question};
use crate::{Error, EventDetail, EventFilter, Legend, Role, Supply, site_key};
use access::Principal;
use base::{Id, Text};
use chain::{Amount, Qty, Unit};
use ledger::Context;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant as Clock;

/// Lots of the chain whose events are read.
const LOTS: usize = 400;
/// Events of one sheet.
const EVENTS: usize = 20_000;

/// A critical tracking event in words, by what the event says and the kind of place it happened at.
fn tracking(event: &crate::EventRow, farm: bool) -> Text {
    let step = event.biz_step.as_deref().unwrap_or_default();
    let word = step.rsplit([':', '/', '#', '-']).next().unwrap_or(step);
    let begins = matches!(word, "commissioning" | "creating_class_instance");
    match (event.kind.as_str(), word) {
        (_, "shipping" | "departing" | "transporting") => Text::of("发货", "shipping"),
        (_, "receiving" | "arriving" | "accepting") => Text::of("收货", "receiving"),
        (_, "cooling" | "precooling") => Text::of("冷却", "cooling"),
        (_, "harvesting" | "slaughtering" | "landing") => Text::of("采收", "harvesting"),
        ("TransformationEvent", "packing") | (_, "packing") => Text::of("包装", "packing"),
        ("TransformationEvent", _) => Text::of("加工转化", "transformation"),
        _ if begins && farm => Text::of("采收", "harvesting"),
        _ if begins => Text::of("赋批次（初包装）", "initial packing (lot assigned)"),
        (_, "retail_selling") => Text::of("销售", "sale"),
        _ if word.is_empty() => Text::of("其他", "other"),
        (_, other) => Text::new(other.to_owned(), other.to_owned()),
    }
}

/// The first value in the lot's master data whose key ends with one of these names.
fn stated(body: &Json, names: &[&str]) -> Cell {
    let Some(ilmd) = body.get("ilmd").and_then(Json::as_object) else { return Cell::Empty };
    let local = |key: &str| key.rsplit([':', '/', '#']).next().unwrap_or(key).to_owned();
    let found = ilmd.iter().find(|(key, _)| names.contains(&local(key).as_str())).map(|(_, value)| value);
    match found {
        Some(Json::String(text)) => Cell::Text(text.clone()),
        Some(Json::Null) | None => Cell::Empty,
        Some(other) => Cell::Text(other.to_string()),
    }
}

/// Kinds and numbers of the documents an event refers to.
fn references(body: &Json) -> (String, String) {
    let list = body.get("bizTransactionList").and_then(Json::as_array);
    let (mut kinds, mut numbers) = (Vec::new(), Vec::new());
    for one in list.into_iter().flatten() {
        let text = |key: &str| one.get(key).and_then(Json::as_str).unwrap_or_default();
        let kind = text("type");
        kinds.push(kind.rsplit([':', '/', '-']).next().unwrap_or(kind).to_owned());
        let number = text("bizTransaction");
        let short = number.strip_prefix("urn:epcglobal:cbv:bt:").and_then(|n| n.split_once(':'));
        numbers.push(short.map_or(number, |(_, n)| n).to_owned());
    }
    (kinds.join(" "), numbers.join(" "))
}

impl Supply {
    pub(super) async fn ask_records(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
    ) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Records, ask);
        let clock = Clock::now();
        let details = self.wanted_events(cx, who, ask, &mut answer).await?;
        let mut places = BTreeSet::new();
        let mut lots = BTreeSet::new();
        for d in &details {
            let e = &d.event;
            places.extend(
                [&e.read_point, &e.biz_location, &e.source, &e.destination]
                    .into_iter()
                    .flatten()
                    .map(|p| site_key(p).to_owned()),
            );
            lots.extend(e.items.iter().map(|i| i.item.clone()));
        }
        let made_at = self.made_at(&lots);
        places.extend(made_at.values().cloned());
        answer.legend = self.legend(places, lots).await?;
        let mut table = Table::new([
            text("cte", "关键追溯事件", "Critical tracking event"),
            text("date", "日期时间", "Date and time"),
            text("lot", "追溯批次", "Traceability lot"),
            text("part", "在事件中", "In the event"),
            number("quantity", "数量", "Quantity"),
            text("location", "发生地", "Location"),
            text("county", "县区", "County"),
            text("from", "来自（上家）", "From"),
            text("to", "去往（下家）", "To"),
            text("lot_source", "批次赋码地", "Lot code source"),
            text("reference_type", "单据种类", "Reference type"),
            text("reference", "单据编号", "Reference no."),
            text("produced", "采收/生产日期", "Harvested or produced"),
            text("field", "地块/批圈", "Field or unit"),
            text("expires", "保质期至", "Expires"),
            text("spec", "规格", "Specification"),
            text("recorded", "记录时间", "Recorded"),
            text("event_id", "事件编号", "Event id"),
            number("events", "存证", "Record"),
        ]);
        for d in &details {
            rows(d, &answer.legend, &made_at, &mut table);
        }
        table.sort(cx.lang, &answer.legend, "date", false);
        answer.engine += clock.elapsed().as_micros();
        answer.counties = counties(&table, 5, 6);
        let of: BTreeSet<&Id> = details.iter().map(|d| &d.event.id).collect();
        answer.summary = Text::new(
            format!(
                "{} 个事件，{} 行；可按任一列排序，导出 XLSX、CSV 或 Parquet 提交。",
                of.len(),
                table.rows.len()
            ),
            format!(
                "{} events, {} rows; sort by any column, export as XLSX, CSV or Parquet.",
                of.len(),
                table.rows.len()
            ),
        );
        answer.notes.push(Text::of(
            "只含您有权查看的事件；已被更正声明撤回的事件不列。",
            "Only events you may see; withdrawn ones are left out.",
        ));
        answer.table = table;
        Ok(answer)
    }

    /// The events of the lots and what they were made of, or of the firm, in the window.
    async fn wanted_events(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
        answer: &mut Answer,
    ) -> Result<Vec<EventDetail>, Error> {
        let (from, until) = match ask.window {
            None => (None, None),
            Some(w) => (Some(w.from).filter(|f| f.0 > i64::MIN), Some(w.until).filter(|u| u.0 < i64::MAX)),
        };
        let base = EventFilter { from, until, limit: 1000, ..EventFilter::default() };
        let mut filters = Vec::new();
        if let Some(operator) = ask.operator {
            self.places_of(cx, who, operator).await?;
            filters.push(EventFilter { operator: Some(operator), ..base.clone() });
        }
        if !ask.lots.is_empty() {
            self.may_ask(cx, who, ask).await?;
            let (items, more) = self.made_of(ask);
            answer.truncated |= more;
            filters.extend(items.into_iter().map(|item| EventFilter { item: Some(item), ..base.clone() }));
        }
        let mut all: BTreeMap<Id, EventDetail> = BTreeMap::new();
        for mut filter in filters {
            loop {
                let (details, next) = self.event_bodies(who, cx.now, &filter).await?;
                let proper = |d: &EventDetail| !d.event.withdrawn && !d.event.declaration;
                all.extend(details.into_iter().filter(proper).map(|d| (d.event.id, d)));
                if all.len() > EVENTS {
                    answer.truncated = true;
                    return Ok(all.into_values().take(EVENTS).collect());
                }
                filter.after = next;
                if filter.after.is_none() {
                    break;
                }
            }
        }
        Ok(all.into_values().collect())
    }

    /// The lots asked about, the logistic units and the lots they were made of, nearest first.
    fn made_of(&self, ask: &Ask) -> (Vec<String>, bool) {
        self.index.read(|index| {
            let mut items = Vec::new();
            let mut seen = BTreeSet::new();
            let mut more = false;
            for lot in &ask.lots {
                let Some(number) = index.names().find_item(lot) else { continue };
                let back = index.trace_back(number, None, ask.at.map(|a| a.0), ask.bounds);
                more |= back.truncated;
                for node in &back.nodes {
                    if let chain::NodeKind::Lot(key) = node.kind
                        && seen.insert(key.item)
                    {
                        items.push(index.names().item_key(key.item).to_owned());
                    }
                }
            }
            more |= items.len() > LOTS;
            items.truncate(LOTS);
            (items, more)
        })
    }

    /// Where each lot was first recorded: where its code was assigned, as far as the records go.
    fn made_at(&self, lots: &BTreeSet<String>) -> BTreeMap<String, String> {
        let here = chain::Bounds { max_nodes: usize::MAX, max_depth: 0 };
        self.index.read(|index| {
            let first = |lot: &String| {
                let number = index.names().find_item(lot)?;
                let nodes = index.trace_back(number, None, None, here).nodes;
                let keys = nodes.iter().filter_map(|n| match n.kind {
                    chain::NodeKind::Lot(key) => Some(key),
                    chain::NodeKind::Process { .. } => None,
                });
                let key = keys.min_by_key(|k| k.since)?;
                Some((lot.clone(), crate::view::place_key(index, key.place)))
            };
            lots.iter().filter_map(first).collect()
        })
    }
}

fn rows(d: &EventDetail, legend: &Legend, made_at: &BTreeMap<String, String>, table: &mut Table) {
    let e = &d.event;
    let site = |p: &Option<String>| p.as_deref().map(|p| site_key(p).to_owned());
    let at = site(&e.biz_location).or_else(|| site(&e.read_point)).unwrap_or_default();
    let farm = legend.places.get(&at).is_some_and(|p| p.form == "farm");
    let cell = |p: Option<String>| p.map_or(Cell::Empty, Cell::Place);
    let (kinds, numbers) = references(&d.body);
    let text = |t: &str| if t.is_empty() { Cell::Empty } else { Cell::Text(t.to_owned()) };
    for item in &e.items {
        let mut quantity = Amount::default();
        let unit = item.uom.as_deref().and_then(Unit::new);
        match (item.qty, unit) {
            (Some(value), Some(unit)) => quantity.add(Some(Qty::new(value, unit))),
            (Some(value), None) => quantity.add(Some(Qty::new(value, Qty::pieces(0).unit))),
            (None, _) => quantity.add(None),
        }
        let lot = legend.lots.get(&item.item);
        let of_lot = |field: fn(&crate::LotInfo) -> Option<&String>| {
            lot.and_then(field).map_or(Cell::Empty, |t| Cell::Text(t.clone()))
        };
        let or = |first: Cell, second: Cell| if first == Cell::Empty { second } else { first };
        table.rows.push(vec![
            Cell::Words(tracking(e, farm)),
            Cell::Time(e.time),
            Cell::Lot(item.item.clone()),
            Cell::Words(match item.role {
                Role::Input => Text::of("投入", "input"),
                Role::Output => Text::of("产出", "output"),
                Role::Parent => Text::of("外包装", "parent"),
                Role::Child => Text::of("内装", "child"),
                Role::Epc => Text::of("对象", "object"),
            }),
            Cell::Amount(quantity),
            cell(Some(at.clone()).filter(|p| !p.is_empty())),
            Cell::Region(county_of(legend, &at)),
            cell(site(&e.source)),
            cell(site(&e.destination)),
            cell(made_at.get(&item.item).cloned().filter(|p| !p.is_empty())),
            text(&kinds),
            text(&numbers),
            or(
                stated(
                    &d.body,
                    &["harvestStartDate", "harvestDate", "harvestEndDate", "productionDate", "slaughterDate"],
                ),
                of_lot(|l| l.produced.as_ref()),
            ),
            stated(
                &d.body,
                &["growingArea", "fieldName", "farmField", "productionUnit", "catchArea", "catchZone"],
            ),
            or(
                stated(&d.body, &["itemExpirationDate", "bestBeforeDate", "expirationDate", "sellByDate"]),
                of_lot(|l| l.expires.as_ref()),
            ),
            of_lot(|l| l.spec.as_ref()),
            Cell::Time(e.recorded),
            Cell::Text(e.event_id.clone()),
            Cell::Events(vec![e.id]),
        ]);
    }
}
