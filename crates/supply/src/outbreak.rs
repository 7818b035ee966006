//! From trace events to the science of an outbreak: the case network (stations, deliveries, relations), the mixing problem and
//! the mass balance, each as the plain input `chain` takes. Rights are those of [`Supply::trace_back`] and the operator's own records.

use crate::scope::TraceReport;
use crate::step::{event_number, steps};
use crate::{Error, Legend, Supply, TraceNode, TraceView, fact};
use access::Principal;
use base::{Decimal, Id, Instant};
use chain::balance::{Account, Balance, Flow, FlowKind, Yield};
use chain::mixing::{Lot, Mass, Mixing, Part, Process, Share};
use chain::score::{Delivery, Network, Station};
use chain::{Bounds, Kind, LinkKind, Names, Phase, Qty};
use ledger::Context;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most lots whose ingredients are looked up for a mixing problem.
const MIXED_LOTS: usize = 2_000;
/// Most events of one operator a balance reads.
const BALANCE_EVENTS: i64 = 200_000;

/// A case: a lot eaten or sampled somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct OutbreakCase {
    /// Name of the case; its station in the network is called so.
    pub name: String,
    /// Item key of the lot.
    pub item: String,
    /// Site key of the place; `None`: wherever.
    pub place: Option<String>,
    /// When; `None`: whenever.
    pub at: Option<Instant>,
    /// Evidence: 1 a case, more when surer, negative against.
    pub weight: f64,
}

/// What is scored, with the names behind its keys.
#[derive(Debug, Clone, Default)]
pub struct OutbreakNetwork {
    /// For [`chain::score::score`], [`chain::outbreak::Locator`], [`chain::outbreak::Fcl::of`]. Stations are site keys and the cases'
    /// names; a delivery is named after the event that proves it; lots are item keys.
    pub network: Network,
    /// The events that prove each delivery.
    pub evidence: BTreeMap<String, Vec<Id>>,
    /// The names.
    pub legend: Legend,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
}

/// A mixing problem of live data.
#[derive(Debug, Clone, Default)]
pub struct MixingProblem {
    /// For [`chain::mixing::mix`]. Lots are called `item @ place # n`, processes after their first event.
    pub mixing: Mixing,
    /// Item and place of each lot of the problem.
    pub lots: BTreeMap<String, (String, String)>,
    /// The bounds stopped the search: shares of lots that were not looked up are upper bounds only.
    pub truncated: bool,
}

/// A period: from the first instant on, before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First instant of it.
    pub from: Instant,
    /// First instant after it.
    pub until: Instant,
}

/// Traces of several starts joined: nodes that are the same lot at the same place from the same time are one.
#[derive(Default)]
struct Joined {
    nodes: Vec<TraceNode>,
    number: HashMap<(Option<String>, String, i64, Option<Id>), usize>,
    links: BTreeMap<(usize, usize, LinkKind, Vec<Id>), crate::TraceLink>,
    legend: Legend,
    truncated: bool,
}

impl Joined {
    /// Adds a trace and returns the numbers of its nodes.
    fn add(&mut self, report: TraceReport) -> Vec<usize> {
        let TraceView { nodes, links, truncated } = report.trace;
        self.truncated |= truncated;
        self.legend.places.extend(report.legend.places);
        self.legend.lots.extend(report.legend.lots);
        let at: Vec<usize> = nodes
            .into_iter()
            .map(|node| {
                let key = (node.item.clone(), node.place.clone(), node.since.0, node.event);
                *self.number.entry(key).or_insert_with(|| {
                    self.nodes.push(node);
                    self.nodes.len() - 1
                })
            })
            .collect();
        for link in links {
            let (from, to) = (at[link.from], at[link.to]);
            self.links
                .insert((from, to, link.kind, link.events.clone()), crate::TraceLink { from, to, ..link });
        }
        at
    }
}

const fn travels(kind: LinkKind) -> bool {
    matches!(kind, LinkKind::Moved | LinkKind::Shipped | LinkKind::Received)
}

/// Kilograms of a reported quantity; `None` when it is no mass.
fn kilograms(quantity: Option<Qty>) -> Option<Decimal> {
    let quantity = quantity?;
    let (unit, factor) = quantity.unit.common();
    (unit == chain::Unit::KGM).then(|| quantity.value.checked_mul(factor)).flatten()
}

fn mass(quantity: Option<Qty>) -> Mass {
    kilograms(quantity).map_or_else(Mass::default, Mass::kilograms)
}

fn number(decimal: Decimal) -> Option<f64> {
    decimal.to_string().parse().ok()
}

impl Supply {
    /// The network around some cases: everything their lots came from. Each case becomes a station of its own that ate from the
    /// lot; what came in with a lot's ingredients is related to what went out of it.
    ///
    /// # Errors
    /// As [`Supply::trace_back`]: the viewer must be allowed to see every case's lot.
    pub async fn outbreak_network(
        &self,
        cx: &Context,
        who: &Principal,
        cases: &[OutbreakCase],
        bounds: Bounds,
    ) -> Result<OutbreakNetwork, Error> {
        let mut joined = Joined::default();
        let mut eaten: Vec<(usize, Vec<usize>)> = Vec::new();
        for (n, case) in cases.iter().enumerate() {
            let report = self.trace_back(cx, who, &case.item, case.place.as_deref(), case.at, bounds).await?;
            let starts: Vec<usize> =
                report.trace.nodes.iter().enumerate().filter(|(_, n)| n.depth == 0).map(|(k, _)| k).collect();
            let at = joined.add(report);
            eaten.push((n, starts.into_iter().map(|k| at[k]).collect()));
        }
        Ok(network(joined, cases, &eaten))
    }

    /// The mixing problem downstream of a contaminated lot: each lot and batch made with it, with everything else that went in.
    /// The lot itself has share 1.
    ///
    /// # Errors
    /// As [`Supply::trace_forward`].
    pub async fn mixing_of(
        &self,
        cx: &Context,
        who: &Principal,
        item: &str,
        place: Option<&str>,
        at: Option<Instant>,
        bounds: Bounds,
    ) -> Result<MixingProblem, Error> {
        let mut joined = Joined::default();
        let forward = self.trace_forward(cx, who, item, place, at, bounds).await?;
        let begins: Vec<usize> =
            forward.trace.nodes.iter().enumerate().filter(|(_, n)| n.depth == 0).map(|(k, _)| k).collect();
        let places: BTreeSet<(String, String)> = (forward.trace.nodes.iter())
            .filter(|n| n.depth > 0)
            .filter_map(|n| Some((n.item.clone()?, n.place.clone())))
            .collect();
        let numbers = joined.add(forward);
        let given: BTreeSet<usize> = begins.into_iter().map(|k| numbers[k]).collect();
        joined.truncated |= places.len() > MIXED_LOTS;
        // two links back: what was mixed into it, and what went into the batch it came out of
        let near = Bounds { max_depth: 2, ..bounds };
        for (item, place) in places.into_iter().take(MIXED_LOTS) {
            let place = Some(place.as_str()).filter(|p| !p.is_empty());
            let mut back = self.trace(&item, place, None, near, true).await?;
            back.trace.truncated = false;
            joined.add(back);
        }
        Ok(mixing(&joined, &given))
    }

    /// The balance of an operator's own records over a period: one account a product, opening stock from the earlier records,
    /// batches as processes where a yield is given. Quantities that are no mass are left open.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an operator not in the register; [`Error::Denied`]; storage.
    pub async fn balance_of(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Id,
        period: Period,
        yields: &[Yield],
        tolerance: Decimal,
    ) -> Result<Balance, Error> {
        self.places_of(cx, who, operator).await?;
        let facts = fact_rows(self, operator, period.until).await?;
        let found = self.directory.operator(operator).await.map_err(Error::Directory)?;
        let firm = found.map_or_else(|| operator.to_string(), |o| o.name);
        let mut books = Books { firm, tolerance, ..Books::default() };
        let mut names = Names::default();
        for fact in &facts {
            for step in steps(fact, &mut names) {
                books.enter(&step, fact, &names, period, yields);
            }
        }
        Ok(books.close(yields))
    }
}

/// Turns joined traces into stations, deliveries and relations.
fn network(joined: Joined, cases: &[OutbreakCase], eaten: &[(usize, Vec<usize>)]) -> OutbreakNetwork {
    let Joined { nodes, links, legend, truncated, .. } = joined;
    let mut out = OutbreakNetwork { legend, truncated, ..OutbreakNetwork::default() };
    let named = |place: &str| if place.is_empty() { "?".to_owned() } else { place.to_owned() };
    let product = |item: &Option<String>| -> Option<String> {
        item.as_ref().and_then(|i| out.legend.lots.get(i)).and_then(|l| l.name.clone())
    };
    let date = |at: Option<Instant>| at.map(|t| t.china_date().to_string());
    // internal links by the node they lead to; deliveries by the node they arrive at
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut arrives: Vec<Vec<String>> = vec![Vec::new(); nodes.len()];
    let mut leaves: Vec<(String, usize)> = Vec::new();
    let mut deliveries = Vec::new();
    let mut evidence = BTreeMap::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for link in links.values() {
        let (from, to) = (&nodes[link.from], &nodes[link.to]);
        if !travels(link.kind) || from.place == to.place {
            inside[link.to].push(link.from);
            continue;
        }
        let event = link.events.first().map_or_else(|| "?".to_owned(), |e| e.0.to_string());
        let mut id = event.clone();
        let mut again = 1;
        while !seen.insert(id.clone()) {
            again += 1;
            id = format!("{event}.{again}");
        }
        arrives[link.to].push(id.clone());
        leaves.push((id.clone(), link.from));
        evidence.insert(id.clone(), link.events.clone());
        deliveries.push(Delivery {
            id,
            from: named(&from.place),
            to: named(&to.place),
            lot: from.item.clone(),
            date_out: date(link.depart.or(link.arrive)),
            date_in: date(link.arrive.or(link.depart)),
            product: product(&from.item),
            amount_kg: kilograms(link.received.or(link.sent)).and_then(number),
        });
    }
    for (case, starts) in eaten {
        let case = &cases[*case];
        // a case whose lot is not known ate from several
        if out.network.stations.iter().all(|s| s.id != case.name) {
            out.network.stations.push(Station { id: case.name.clone(), name: Some(case.name.clone()) });
        }
        *out.network.settings.station_weights.entry(case.name.clone()).or_insert(0.0) += case.weight;
        for &start in starts {
            let node = &nodes[start];
            let mut id = format!("{} ← {}", case.name, node.item.as_deref().unwrap_or("?"));
            while !seen.insert(id.clone()) {
                id.push('\'');
            }
            leaves.push((id.clone(), start));
            let day = date(case.at);
            deliveries.push(Delivery {
                id,
                from: named(&node.place),
                to: case.name.clone(),
                lot: node.item.clone(),
                date_out: day.clone(),
                date_in: day,
                product: product(&node.item),
                amount_kg: None,
            });
        }
    }
    // what arrived at a lot, or at anything that became it at the same place, went into what left it
    for (id, node) in &leaves {
        let mut reached = BTreeSet::from([*node]);
        let mut open = vec![*node];
        while let Some(at) = open.pop() {
            out.network
                .relations
                .extend(arrives[at].iter().filter(|a| *a != id).map(|a| (a.clone(), id.clone())));
            open.extend(inside[at].iter().copied().filter(|n| reached.insert(*n)));
        }
    }
    let places: BTreeSet<&str> = nodes.iter().map(|n| n.place.as_str()).collect();
    for place in places {
        let name = out.legend.places.get(place).map(|p| p.name.clone());
        out.network.stations.push(Station { id: named(place), name });
    }
    out.network.settings.enforce_temporal_order = true;
    out.network.deliveries = deliveries;
    out.evidence = evidence;
    out
}

/// Every node is a lot; what leads into it is a process that mixes by quantity.
fn mixing(joined: &Joined, given: &BTreeSet<usize>) -> MixingProblem {
    let mut out = MixingProblem { truncated: joined.truncated, ..MixingProblem::default() };
    let name = |n: usize| {
        let node = &joined.nodes[n];
        match (&node.item, node.event) {
            (Some(item), _) => format!("{item} @ {} # {n}", node.place),
            (None, event) => format!("batch {}", event.map_or(0, |e| e.0)),
        }
    };
    let mut into: BTreeMap<usize, Vec<&crate::TraceLink>> = BTreeMap::new();
    for link in joined.links.values() {
        into.entry(link.to).or_default().push(link);
    }
    for (n, node) in joined.nodes.iter().enumerate() {
        if let Some(item) = &node.item {
            out.lots.insert(name(n), (item.clone(), node.place.clone()));
        }
        let share = given.contains(&n).then_some(Share::Exactly(1.0));
        out.mixing.lots.push(Lot { id: name(n), share, ..Lot::default() });
    }
    for (to, links) in into {
        if given.contains(&to) {
            continue;
        }
        let inputs =
            links.iter().map(|l| Part { lot: name(l.from), quantity: mass(l.received.or(l.sent)) }).collect();
        out.mixing.processes.push(Process {
            id: format!("→ {}", name(to)),
            inputs,
            outputs: vec![Part { lot: name(to), quantity: Mass::default() }],
            ..Process::default()
        });
    }
    out
}

/// An operator's books while they are read.
#[derive(Default)]
struct Books {
    firm: String,
    tolerance: Decimal,
    /// Stock before the period by product, and whether all of it was a known mass.
    before: BTreeMap<String, (Decimal, bool)>,
    products: BTreeSet<String>,
    flows: Vec<Flow>,
}

impl Books {
    fn enter(
        &mut self,
        step: &chain::Step,
        fact: &fact::EventFact,
        names: &Names,
        period: Period,
        yields: &[Yield],
    ) {
        debug_assert_eq!(step.event, event_number(fact.id));
        let class = |item: chain::ItemId| {
            let key = names.item_key(item);
            let of = fact.items.iter().find(|i| i.item == key).and_then(|i| i.class.clone());
            of.unwrap_or_else(|| key.to_owned())
        };
        let by_product = |items: &chain::Items| {
            let mut sums: BTreeMap<String, (Decimal, bool)> = BTreeMap::new();
            for (item, quantity) in items {
                let slot = sums.entry(class(*item)).or_insert((Decimal::ZERO, true));
                match kilograms(*quantity) {
                    Some(kg) => slot.0 += kg,
                    None => slot.1 = false,
                }
            }
            sums
        };
        match &step.kind {
            Kind::Appear { items, .. } => self.single(step, &by_product(items), true, period),
            Kind::Move { items, phase, .. } => {
                self.single(step, &by_product(items), *phase == Phase::Received, period);
            }
            Kind::Leave { items, .. } => self.single(step, &by_product(items), false, period),
            Kind::Transform { inputs, outputs, .. } => {
                let (taken, made) = (by_product(inputs), by_product(outputs));
                let known = |a: &str, b: &str| a == b || yields.iter().any(|y| y.from == a && y.to == b);
                let pair = taken.iter().zip(&made).next().filter(|_| taken.len() == 1 && made.len() == 1);
                match pair.filter(|(t, m)| known(t.0, m.0) && step.time >= period.from.0) {
                    Some(((from, used), (to, result))) => {
                        self.products.extend([from.clone(), to.clone()]);
                        self.flows.push(Flow {
                            id: step.event.to_string(),
                            from: Some(from.clone()),
                            to: Some(to.clone()),
                            kind: FlowKind::Process,
                            quantity: weighed(*used),
                            made: weighed(*result),
                        });
                    }
                    None => {
                        self.single(step, &taken, false, period);
                        self.single(step, &made, true, period);
                    }
                }
            }
            _ => {}
        }
    }

    fn single(
        &mut self,
        step: &chain::Step,
        sums: &BTreeMap<String, (Decimal, bool)>,
        inward: bool,
        period: Period,
    ) {
        for (product, (kilograms, whole)) in sums {
            self.products.insert(product.clone());
            if step.time < period.from.0 {
                let slot = self.before.entry(product.clone()).or_insert((Decimal::ZERO, true));
                slot.0 += if inward { *kilograms } else { -*kilograms };
                slot.1 &= *whole;
                continue;
            }
            let end = Some(product.clone());
            self.flows.push(Flow {
                id: step.event.to_string(),
                from: end.clone().filter(|_| !inward),
                to: end.filter(|_| inward),
                quantity: weighed((*kilograms, *whole)),
                ..Flow::default()
            });
        }
    }

    fn close(self, yields: &[Yield]) -> Balance {
        let accounts = self.products.iter().map(|product| {
            let (stock, whole) = self.before.get(product).copied().unwrap_or((Decimal::ZERO, true));
            let known = whole && stock >= Decimal::ZERO;
            Account {
                id: product.clone(),
                firm: self.firm.clone(),
                product: product.clone(),
                opening: if known { Mass::kilograms(stock) } else { Mass::default() },
                stock_unknown: !known,
                ..Account::default()
            }
        });
        Balance {
            accounts: accounts.collect(),
            flows: self.flows,
            yields: yields.to_vec(),
            tolerance: self.tolerance,
        }
    }
}

fn weighed((kilograms, whole): (Decimal, bool)) -> Mass {
    if whole { Mass::kilograms(kilograms) } else { Mass::default() }
}

/// The facts of an operator's events before an instant, in order of time.
async fn fact_rows(supply: &Supply, operator: Id, until: Instant) -> Result<Vec<fact::EventFact>, Error> {
    let events = supply
        .store
        .query(
            "select e.id, e.declared, e.type, e.action, e.biz_step, e.disposition, e.event_time, e.record_time, \
             e.read_point, e.biz_location, e.source, e.destination, e.document, e.join_id, e.withdrawn, e.withdraws, \
             e.items from event e where e.operator = $1 and e.event_time < $2 order by e.id limit $3",
            &[operator.into(), until.into(), BALANCE_EVENTS.into()],
        )
        .await?;
    Ok(events.iter().map(crate::index::event_fact).collect::<Result<_, _>>()?)
}
