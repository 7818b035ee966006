//! Back, forward, one step, the path between two, and what is new: questions that walk the chain.

use super::spread::counties;
use super::subject::FoundKind;
use super::table::{Cell, Column, Table, number, text};
use super::{Answer, Ask, Question, Since};
use crate::scope::TraceReport;
use crate::{Error, Legend, Supply, TraceLink, TraceNode, TraceView};
use access::Principal;
use base::{Id, Text};
use chain::LinkKind;
use ledger::Context;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Instant as Clock;

/// What a link is, in words.
pub(super) fn link_word(kind: LinkKind) -> Text {
    match kind {
        LinkKind::Moved => Text::of("发货并收货", "shipped and received"),
        LinkKind::Shipped => Text::of("仅有发货记录", "shipment only"),
        LinkKind::Received => Text::of("仅有收货记录", "receipt only"),
        LinkKind::Input => Text::of("投料", "put into"),
        LinkKind::Output => Text::of("产出", "made"),
        LinkKind::Carried => Text::of("库存延续", "stock carried on"),
    }
}

pub(super) fn county_of(legend: &Legend, place: &str) -> String {
    let region = legend.places.get(place).map(|p| p.region.as_str()).unwrap_or_default();
    region.get(..6).unwrap_or(region).to_owned()
}

const fn step_columns() -> [Column; 10] {
    [
        text("from_lot", "批次", "Lot"),
        text("from_place", "从", "From"),
        text("to_lot", "成为批次", "Became lot"),
        text("to_place", "到", "To"),
        text("to_county", "县区", "County"),
        text("how", "方式", "How"),
        text("departed", "发出", "Left"),
        text("arrived", "到达", "Arrived"),
        number("quantity", "数量", "Quantity"),
        number("events", "证据", "Events"),
    ]
}

/// A link with both its ends.
fn step_row(legend: &Legend, trace: &TraceView, link: &TraceLink) -> Vec<Cell> {
    let (from, to) = (&trace.nodes[link.from], &trace.nodes[link.to]);
    let lot = |node: &TraceNode| match &node.item {
        Some(item) => Cell::Lot(item.clone()),
        None => Cell::Words(Text::of("（加工）", "(batch)")),
    };
    vec![
        lot(from),
        Cell::Place(from.place.clone()),
        lot(to),
        Cell::Place(to.place.clone()),
        Cell::Region(county_of(legend, &to.place)),
        Cell::Words(link_word(link.kind)),
        Cell::time(link.depart),
        Cell::time(link.arrive),
        Cell::quantity(link.received.or(link.sent)),
        Cell::Events(link.events.clone()),
    ]
}

impl Supply {
    /// The traces of all lots of a question in one direction, with the time they took.
    async fn traces(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
        back: bool,
        answer: &mut Answer,
    ) -> Result<(), Error> {
        self.may_ask(cx, who, ask).await?;
        for lot in &ask.lots {
            let clock = Clock::now();
            let TraceReport { trace, legend } =
                self.trace(lot, ask.place.as_deref(), ask.at, ask.bounds, back).await?;
            answer.engine += clock.elapsed().as_micros();
            answer.truncated |= trace.truncated;
            answer.legend.places.extend(legend.places);
            answer.legend.lots.extend(legend.lots);
            answer.traces.push(trace);
        }
        Ok(())
    }

    /// A row for each lot at each place of the traces.
    fn stops(answer: &mut Answer, ask: &Ask, back: bool) {
        let mut seen: BTreeMap<(String, String, i64), usize> = BTreeMap::new();
        let mut table = Table::new([
            text("place", "场所", "Place"),
            text("county", "县区", "County"),
            text("lot", "批次", "Lot"),
            text("part", "角色", "Part"),
            number("steps", "步数", "Steps"),
            text("since", "最早", "First"),
            text("until", "最晚", "Last"),
            number("quantity", "往来数量", "Quantity moved"),
            number("events", "证据", "Events"),
        ]);
        for trace in &answer.traces {
            let mut of_node: Vec<Vec<&TraceLink>> = vec![Vec::new(); trace.nodes.len()];
            for link in &trace.links {
                of_node[if back { link.from } else { link.to }].push(link);
            }
            for (n, node) in trace.nodes.iter().enumerate() {
                let Some(item) = &node.item else { continue };
                if !ask.meets(node.since, node.until) {
                    continue;
                }
                let key = (item.clone(), node.place.clone(), node.since.0);
                if seen.insert(key, n).is_some() {
                    continue;
                }
                let mut quantity = chain::Amount::default();
                let mut events: BTreeSet<Id> = BTreeSet::new();
                for link in &of_node[n] {
                    quantity.add(link.received.or(link.sent));
                    events.extend(&link.events);
                }
                table.rows.push(vec![
                    Cell::Place(node.place.clone()),
                    Cell::Region(county_of(&answer.legend, &node.place)),
                    Cell::Lot(item.clone()),
                    Cell::Words(match (node.depth, node.origin, node.end) {
                        (0, ..) => Text::of("所查批次", "the lot asked about"),
                        (_, true, _) if back => Text::of("源头", "origin"),
                        (_, _, true) if !back => Text::of("终点", "end"),
                        _ => Text::of("途经", "on the way"),
                    }),
                    Cell::Whole(node.depth.into()),
                    Cell::Time(node.since),
                    Cell::Time(node.until),
                    if of_node[n].is_empty() { Cell::Empty } else { Cell::Amount(quantity) },
                    Cell::Events(events.into_iter().collect()),
                ]);
            }
        }
        answer.counties = counties(&table, 0, 1);
        answer.table = table;
    }

    pub(super) async fn ask_origins(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
    ) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Origins, ask);
        self.traces(cx, who, ask, true, &mut answer).await?;
        Self::stops(&mut answer, ask, true);
        let origin = |n: &&TraceNode| n.origin && n.item.is_some();
        let origins: BTreeSet<(&Option<String>, &String)> = answer
            .traces
            .iter()
            .flat_map(|t| t.nodes.iter().filter(origin).map(|n| (&n.item, &n.place)))
            .collect();
        let places: BTreeSet<&String> = origins.iter().map(|o| o.1).collect();
        let named: Vec<String> = places.iter().take(3).map(|p| answer.legend.place_name(p)).collect();
        let deepest = answer.traces.iter().flat_map(|t| &t.nodes).map(|n| n.depth).max().unwrap_or(0);
        answer.summary = Text::new(
            format!(
                "查到 {} 个源头批次，在 {} 处场所（{}{}），最远 {deepest} 步。",
                origins.len(),
                places.len(),
                named.join("、"),
                if places.len() > 3 { " 等" } else { "" }
            ),
            format!(
                "{} lots at {} places ({}{}) are where the records begin, {deepest} links away at most.",
                origins.len(),
                places.len(),
                named.join(", "),
                if places.len() > 3 { ", …" } else { "" }
            ),
        );
        Ok(answer)
    }

    pub(super) async fn ask_forward(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
    ) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Forward, ask);
        self.traces(cx, who, ask, false, &mut answer).await?;
        Self::stops(&mut answer, ask, false);
        let all = || answer.traces.iter().flat_map(|t| &t.nodes).filter(|n| n.item.is_some());
        let places: BTreeSet<&String> = all().map(|n| &n.place).collect();
        let made: BTreeSet<&String> =
            all().filter_map(|n| n.item.as_ref()).filter(|i| !ask.lots.contains(i)).collect();
        let ends: BTreeSet<&String> = all().filter(|n| n.end).map(|n| &n.place).collect();
        answer.summary = Text::new(
            format!(
                "到过 {} 处场所，做成其他批次 {} 个；记录止于 {} 处。",
                places.len(),
                made.len(),
                ends.len()
            ),
            format!(
                "They reached {} places and became {} other lots; the records end at {} places.",
                places.len(),
                made.len(),
                ends.len()
            ),
        );
        Ok(answer)
    }

    pub(super) async fn ask_hop(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        self.may_ask(cx, who, ask).await?;
        let mut answer = self.blank(Question::Hop, ask);
        let mut table = Table::new([
            text("direction", "方向", "Direction"),
            text("place", "对方场所", "Other place"),
            text("county", "县区", "County"),
            text("lot", "批次", "Lot"),
            text("how", "方式", "How"),
            text("time", "时间", "When"),
            number("quantity", "数量", "Quantity"),
            number("events", "证据", "Events"),
        ]);
        let (mut up, mut down) = (0usize, 0usize);
        for lot in &ask.lots {
            let clock = Clock::now();
            let view = self.lots(cx, who, lot).await?;
            answer.engine += clock.elapsed().as_micros();
            answer.legend.places.extend(view.legend.places);
            answer.legend.lots.extend(view.legend.lots);
            let both = view.suppliers.into_iter().map(|n| (true, n));
            for (supplier, n) in both.chain(view.customers.into_iter().map(|n| (false, n))) {
                if !n.at.is_none_or(|at| ask.meets(at, at)) {
                    continue;
                }
                *(if supplier { &mut up } else { &mut down }) += 1;
                table.rows.push(vec![
                    Cell::Words(if supplier {
                        Text::of("上一步（来自）", "one step up (from)")
                    } else {
                        Text::of("下一步（去往）", "one step down (to)")
                    }),
                    Cell::Place(n.place.clone()),
                    Cell::Region(county_of(&answer.legend, &n.place)),
                    n.item.map_or(Cell::Empty, Cell::Lot),
                    Cell::Words(link_word(n.kind)),
                    Cell::time(n.at),
                    Cell::quantity(n.quantity),
                    Cell::Events(n.events),
                ]);
            }
        }
        answer.counties = counties(&table, 1, 2);
        answer.table = table;
        answer.summary = Text::new(
            format!("上一步 {up} 笔，下一步 {down} 笔。"),
            format!("{up} movements one step up, {down} one step down."),
        );
        Ok(answer)
    }

    pub(super) async fn ask_path(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Path, ask);
        let Some(to) = &ask.to else { return Ok(answer) };
        if to.kind == FoundKind::Lot {
            self.may_trace(cx, who, &to.key, None).await?;
        }
        answer.table = Table::new(step_columns());
        let fits = |node: &TraceNode| match to.kind {
            FoundKind::Lot => node.item.as_deref() == Some(to.key.as_str()),
            _ => node.place == to.key,
        };
        let mut found = None;
        // forward first; a chain the other way round is told as such
        for back in [false, true] {
            let mut one = self.blank(Question::Path, ask);
            self.traces(cx, who, ask, back, &mut one).await?;
            answer.engine += one.engine;
            answer.truncated |= one.truncated;
            found = one.traces.iter().find_map(|t| shortest(t, back, fits));
            if found.is_some() {
                answer.legend = one.legend;
                answer.truncated = false;
                if back {
                    answer.notes.push(Text::of(
                        "链条方向相反：从“终点”到所查批次。",
                        "The chain runs the other way: from the end given to the lot asked about.",
                    ));
                }
                break;
            }
        }
        let Some(path) = found else {
            answer.summary = Text::new(
                format!("记录中没有从所查批次到“{}”的链条，反方向也没有。", to.name),
                format!("The records know no chain from the lots asked about to {}, nor back.", to.name),
            );
            return Ok(answer);
        };
        let events: BTreeSet<Id> = path.links.iter().flat_map(|l| l.events.iter().copied()).collect();
        let half =
            path.links.iter().filter(|l| matches!(l.kind, LinkKind::Shipped | LinkKind::Received)).count();
        for link in &path.links {
            answer.table.rows.push(step_row(&answer.legend, &path, link));
        }
        answer.counties = counties(&answer.table, 3, 4);
        answer.summary = Text::new(
            format!(
                "最短链条 {} 步，由 {} 个事件证明；其中 {half} 步只有一方的记录。",
                path.links.len(),
                events.len()
            ),
            format!(
                "The shortest chain has {} links, proved by {} events; {half} of them are recorded by one side only.",
                path.links.len(),
                events.len()
            ),
        );
        answer.traces = vec![path];
        Ok(answer)
    }

    pub(super) async fn ask_changes(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
    ) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Changes, ask);
        let since = ask.since.unwrap_or_else(|| {
            answer.notes.push(Text::of(
                "没有给出 since，按最近 24 小时计算。",
                "No `since` was given: the last 24 hours.",
            ));
            Since::Time(cx.now.plus_seconds(-86_400))
        });
        for back in [true, false] {
            self.traces(cx, who, ask, back, &mut answer).await?;
        }
        let events: BTreeSet<Id> =
            answer.traces.iter().flat_map(|t| &t.links).flat_map(|l| l.events.iter().copied()).collect();
        let fresh = self.recorded_since(&events, since).await?;
        let mut table = Table::new(step_columns());
        table.columns.push(text("new", "新增", "New"));
        let mut seen = BTreeSet::new();
        let mut places: BTreeSet<String> = BTreeSet::new();
        let mut drawn = Vec::new();
        for trace in &answer.traces {
            // a place is new when every link that touches it is
            let mut old: BTreeSet<&str> = BTreeSet::new();
            let is_new = |link: &TraceLink| link.events.iter().any(|e| fresh.contains(e));
            for link in trace.links.iter().filter(|l| !is_new(l)) {
                old.extend([trace.nodes[link.from].place.as_str(), trace.nodes[link.to].place.as_str()]);
            }
            let mut kept = TraceView { nodes: trace.nodes.clone(), ..TraceView::default() };
            for link in trace.links.iter().filter(|l| is_new(l)) {
                let (from, to) = (&trace.nodes[link.from], &trace.nodes[link.to]);
                let key = (
                    from.item.clone(),
                    from.place.clone(),
                    to.item.clone(),
                    to.place.clone(),
                    link.events.clone(),
                );
                if !seen.insert(key) {
                    continue;
                }
                let mut row = step_row(&answer.legend, trace, link);
                let new_place = [from, to].into_iter().find(|n| !old.contains(n.place.as_str()));
                row.push(match new_place {
                    Some(node) => {
                        places.insert(node.place.clone());
                        Cell::Words(Text::of("新场所", "new place"))
                    }
                    None => Cell::Words(Text::of("新往来", "new movement")),
                });
                table.rows.push(row);
                kept.links.push(link.clone());
            }
            drawn.push(only_linked(&kept));
        }
        answer.traces = drawn;
        answer.counties = counties(&table, 3, 4);
        answer.table = table;
        let (links, new) = (answer.table.rows.len(), places.len());
        let (zh, en) = match since {
            Since::Time(at) => (at.china_minute(), at.china_minute()),
            Since::Position(n) => (format!("位置 {n}"), format!("position {n}")),
        };
        answer.summary = Text::new(
            format!(
                "自 {zh} 起，链条上新增 {links} 笔往来、{new} 处新场所。记下位置 {}，下次从这里看起。",
                answer.position
            ),
            format!(
                "Since {en} the chain gained {links} movements and {new} new places. Keep position {} to look on from here.",
                answer.position
            ),
        );
        Ok(answer)
    }

    /// Those of some events that were recorded at a time or later, or captured after a position.
    async fn recorded_since(&self, events: &BTreeSet<Id>, since: Since) -> Result<BTreeSet<Id>, Error> {
        let ids: Vec<Id> = events.iter().copied().collect();
        let mut fresh = BTreeSet::new();
        for part in ids.chunks(500) {
            let mut sql =
                store::Sql::new("select e.id from event e join capture c on c.id = e.capture where ");
            match since {
                Since::Time(at) => sql.push("e.record_time >= ").bind(at),
                Since::Position(position) => sql.push("c.position > ").bind(position),
            };
            sql.push(" and e.id in ").bind_list(part.iter().copied());
            for row in self.store.select(&sql).await? {
                fresh.insert(row.id("id")?);
            }
        }
        Ok(fresh)
    }
}

/// A trace without the nodes no link touches.
fn only_linked(trace: &TraceView) -> TraceView {
    let mut out = TraceView { truncated: trace.truncated, ..TraceView::default() };
    let mut at: HashMap<usize, usize> = HashMap::new();
    for link in &trace.links {
        let mut number = |n: usize| {
            *at.entry(n).or_insert_with(|| {
                out.nodes.push(trace.nodes[n].clone());
                out.nodes.len() - 1
            })
        };
        let (from, to) = (number(link.from), number(link.to));
        out.links.push(TraceLink { from, to, ..link.clone() });
    }
    out
}

/// The shortest chain from the start of a trace to a node that fits, in the order goods moved.
fn shortest(trace: &TraceView, back: bool, fits: impl Fn(&TraceNode) -> bool) -> Option<TraceView> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); trace.nodes.len()];
    for (n, link) in trace.links.iter().enumerate() {
        out[if back { link.to } else { link.from }].push(n);
    }
    let far = |n: usize| if back { trace.links[n].from } else { trace.links[n].to };
    let mut came: Vec<Option<usize>> = vec![None; trace.nodes.len()];
    let begins = |n: usize| trace.nodes[n].depth == 0 && !fits(&trace.nodes[n]);
    let led: BTreeSet<usize> = trace.links.iter().map(|l| l.to).collect();
    // forward from where the lot began, not from wherever it lay on its way
    let first: VecDeque<usize> =
        (0..trace.nodes.len()).filter(|n| begins(*n) && (back || !led.contains(n))).collect();
    let mut open: VecDeque<usize> =
        if first.is_empty() { (0..trace.nodes.len()).filter(|n| begins(*n)).collect() } else { first };
    let starts: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(here) = open.pop_front() {
        if fits(&trace.nodes[here]) && !starts.contains(&here) {
            let mut links = Vec::new();
            let mut at = here;
            while let Some(n) = came[at] {
                links.push(trace.links[n].clone());
                at = if back { trace.links[n].to } else { trace.links[n].from };
            }
            if !back {
                links.reverse();
            }
            let whole = TraceView { nodes: trace.nodes.clone(), links, truncated: false };
            return Some(only_linked(&whole));
        }
        for &n in &out[here] {
            let next = far(n);
            if came[next].is_none() && !starts.contains(&next) {
                came[next] = Some(n);
                open.push_back(next);
            }
        }
    }
    None
}
