//! From accounts and flows to bounds in whole grams, and from there to sets of accounts that contradict themselves.

use super::flow::{FREE, Network};
use super::{Balance, BalanceError, Finding, FlowKind, Report, explain};
use crate::mixing::{Interval, Mass, Share};
use base::{Decimal, Text};
use std::collections::{BTreeMap, HashMap};

/// Most findings told; beyond them the records should be mended first.
const MOST: usize = 100;

/// What an arc stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Opening(usize),
    Closing(usize),
    Waste(usize),
    Harvest(usize),
    /// A flow by number, between accounts or to and from outside.
    Moved(usize),
    /// What a process took.
    Used(usize),
    /// What a process made.
    Made(usize),
    /// What a process may lose.
    Lost(usize),
}

/// Bounds in grams of the common measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) lo: i64,
    pub(super) hi: i64,
    pub(super) origin: Origin,
    /// Kilograms as declared: least, most.
    pub(super) declared: (Decimal, Option<Decimal>),
    /// Product the declared kilograms are of (an account of it).
    pub(super) of: usize,
}

/// A balance in numbers. Node 0 is the outside, then the accounts, then the processes.
pub(super) struct Problem<'a> {
    pub(super) balance: &'a Balance,
    pub(super) arcs: Vec<Arc>,
    nodes: usize,
    /// Common measure: grams of one kilogram of the product of each account.
    pub(super) grams: Vec<Decimal>,
    notes: Vec<Text>,
}

struct Checks(Vec<(String, Text)>);

impl Checks {
    fn add(&mut self, at: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push((at.into(), Text::new(zh, en)));
    }

    fn mass(&mut self, at: String, mass: &Mass, density: Option<Decimal>) -> (Decimal, Option<Decimal>) {
        mass.bounds(density).unwrap_or_else(|e| {
            self.0.push((at, e.0));
            (Decimal::ZERO, None)
        })
    }
}

const fn share(share: Share) -> Interval {
    match share {
        Share::Exactly(x) => Interval { lo: x, hi: x },
        Share::Between { lo, hi } => Interval { lo, hi },
    }
}

fn decimal(x: f64) -> Decimal {
    x.to_string().parse().unwrap_or(Decimal::ONE)
}

/// What one kilogram of each product weighs in the common measure, so that no process makes more of it than it takes: the most
/// plausible yield keeps it, a smaller one loses some.
fn measures(balance: &Balance, checks: &mut Checks) -> HashMap<String, Decimal> {
    let mut measure: BTreeMap<String, Option<Decimal>> = BTreeMap::new();
    for account in &balance.accounts {
        measure.insert(account.product.clone(), Some(Decimal::ONE));
    }
    for y in balance.yields.iter().filter(|y| y.from != y.to) {
        measure.entry(y.from.clone()).or_insert(Some(Decimal::ONE));
        measure.insert(y.to.clone(), None);
    }
    let mut rounds = 0;
    loop {
        let mut changed = false;
        for (n, y) in balance.yields.iter().enumerate().filter(|(_, y)| y.from != y.to) {
            let bounds = share(y.share);
            if !(bounds.hi > 0.0 && bounds.lo >= 0.0 && bounds.lo <= bounds.hi && bounds.hi.is_finite()) {
                checks.add(
                    format!("/yields/{n}/yield"),
                    "得率应大于零，且 lo ≤ hi",
                    "a yield is more than zero, lo ≤ hi",
                );
                return HashMap::new();
            }
            let Some(Some(from)) = measure.get(&y.from).copied() else { continue };
            let Some(here) = from.checked_div(decimal(bounds.hi)) else { continue };
            let slot = measure.entry(y.to.clone()).or_insert(None);
            if slot.is_none_or(|old| here < old) {
                *slot = Some(here);
                changed = true;
            }
        }
        rounds += 1;
        if !changed {
            // products that are only made of each other: one of them is the measure
            let Some(open) = measure.values_mut().find(|m| m.is_none()) else { break };
            *open = Some(Decimal::ONE);
            rounds = 0;
            continue;
        }
        if rounds > balance.yields.len() + 1 {
            checks.add(
                "/yields",
                "得率构成循环且越转越多，请检查",
                "the yields form a circle that makes more of itself; correct them",
            );
            break;
        }
    }
    measure.into_iter().map(|(product, m)| (product, m.unwrap_or(Decimal::ONE))).collect()
}

/// Whole grams, down or up.
fn whole(kilograms: Decimal, grams: Decimal, up: bool) -> i64 {
    let Some(exact) = kilograms.checked_mul(grams) else { return FREE };
    let whole = if up { exact.ceil() } else { exact.floor() };
    i64::try_from(whole).unwrap_or(FREE).min(FREE)
}

impl<'a> Problem<'a> {
    pub(super) fn new(balance: &'a Balance) -> Result<Self, BalanceError> {
        let mut checks = Checks(Vec::new());
        if balance.tolerance < Decimal::ZERO || balance.tolerance >= Decimal::ONE {
            checks.add(
                "/tolerance",
                "允差应为 0 到 1 之间的比例，如 0.02",
                "the tolerance is a share between 0 and 1, such as 0.02",
            );
        }
        let mut number: HashMap<&str, usize> = HashMap::new();
        for (n, account) in balance.accounts.iter().enumerate() {
            if number.insert(&account.id, n).is_some() {
                checks.add(
                    format!("/accounts/{n}/id"),
                    format!("账户 {} 重复", account.id),
                    format!("account {} is given twice; join the two", account.id),
                );
            }
        }
        let measures = measures(balance, &mut checks);
        let thousand = Decimal::ONE_THOUSAND;
        let grams: Vec<Decimal> = balance
            .accounts
            .iter()
            .map(|a| measures.get(&a.product).copied().unwrap_or(Decimal::ONE) * thousand)
            .collect();
        let mut problem =
            Self { balance, arcs: Vec::new(), nodes: balance.accounts.len() + 1, grams, notes: Vec::new() };
        for n in 0..balance.accounts.len() {
            problem.account(n, &mut checks);
        }
        for n in 0..balance.flows.len() {
            problem.flow(n, &number, &mut checks);
        }
        if checks.0.is_empty() { Ok(problem) } else { Err(BalanceError(checks.0)) }
    }

    /// Adds an arc between nodes whose declared kilograms are of account `of`.
    fn arc(
        &mut self,
        (from, to): (usize, usize),
        of: usize,
        declared: (Decimal, Option<Decimal>),
        origin: Origin,
    ) -> i64 {
        let tolerance = self.balance.tolerance;
        let lo = whole(declared.0 * (Decimal::ONE - tolerance), self.grams[of], false);
        let hi =
            declared.1.map_or(FREE, |most| whole(most * (Decimal::ONE + tolerance), self.grams[of], true));
        self.arcs.push(Arc { from, to, lo, hi, origin, declared, of });
        hi
    }

    fn account(&mut self, n: usize, checks: &mut Checks) {
        let account = &self.balance.accounts[n];
        let node = n + 1;
        let nothing = (Decimal::ZERO, None);
        if !account.opening.is_missing() {
            let opening = checks.mass(format!("/accounts/{n}/opening"), &account.opening, account.density);
            self.arc((0, node), n, opening, Origin::Opening(n));
        } else if account.stock_unknown {
            self.arc((0, node), n, nothing, Origin::Opening(n));
        }
        let closing = checks.mass(format!("/accounts/{n}/closing"), &account.closing, account.density);
        self.arc((node, 0), n, closing, Origin::Closing(n));
        let waste = checks.mass(format!("/accounts/{n}/waste"), &account.waste, account.density);
        self.arc((node, 0), n, waste, Origin::Waste(n));
        if let Some(harvest) = &account.harvest {
            let at = format!("/accounts/{n}/harvest/yieldPerMu");
            let (_, most) = checks.mass(at.clone(), &harvest.yield_per_mu, account.density);
            match most.and_then(|m| m.checked_mul(harvest.area_mu)) {
                Some(most) => {
                    self.arc((0, node), n, (Decimal::ZERO, Some(most)), Origin::Harvest(n));
                }
                None => checks.add(at, "请给出最高亩产", "give the most plausible harvest a mu"),
            }
        }
    }

    fn flow(&mut self, n: usize, number: &HashMap<&str, usize>, checks: &mut Checks) {
        let flow = &self.balance.flows[n];
        let mut end = |name: &str, id: &Option<String>| -> Option<Option<usize>> {
            let Some(id) = id else { return Some(None) };
            let found = number.get(id.as_str()).copied();
            if found.is_none() {
                checks.add(
                    format!("/flows/{n}/{name}"),
                    format!("账户 {id} 不存在，请补充或更正"),
                    format!("there is no account {id}; add it or correct the flow"),
                );
            }
            found.map(Some)
        };
        let (Some(from), Some(to)) = (end("from", &flow.from), end("to", &flow.to)) else { return };
        let density = |a: Option<usize>| a.and_then(|a| self.balance.accounts[a].density);
        if flow.kind == FlowKind::Process {
            let (Some(from), Some(to)) = (from, to) else {
                checks.add(format!("/flows/{n}"), "加工需要 from 与 to", "a process needs from and to");
                return;
            };
            return self.process(n, from, to, checks);
        }
        let Some(of) = from.or(to) else {
            checks.add(format!("/flows/{n}"), "流转至少要有 from 或 to", "a flow needs from or to, or both");
            return;
        };
        if let (Some(a), Some(b)) = (from, to)
            && self.balance.accounts[a].product != self.balance.accounts[b].product
        {
            checks.add(
                format!("/flows/{n}"),
                format!("流转 {} 两端产品不同；改变产品请用 kind \"process\" 并给出得率", flow.id),
                format!("flow {} joins two products; use kind \"process\" with a yield", flow.id),
            );
            return;
        }
        let declared = checks.mass(format!("/flows/{n}/quantity"), &flow.quantity, density(Some(of)));
        let node = |a: Option<usize>| a.map_or(0, |a| a + 1);
        self.arc((node(from), node(to)), of, declared, Origin::Moved(n));
    }

    fn process(&mut self, n: usize, from: usize, to: usize, checks: &mut Checks) {
        let flow = &self.balance.flows[n];
        let (a, b) = (&self.balance.accounts[from], &self.balance.accounts[to]);
        let bounds = if a.product == b.product {
            Interval { lo: 0.0, hi: 1.0 }
        } else {
            let found = self.balance.yields.iter().find(|y| y.from == a.product && y.to == b.product);
            let Some(found) = found else {
                checks.add(
                    format!("/flows/{n}"),
                    format!("缺少“{}”到“{}”的得率，请在 yields 中给出", a.product, b.product),
                    format!("the yield from {} to {} is missing; give it under yields", a.product, b.product),
                );
                return;
            };
            share(found.share)
        };
        let used = checks.mass(format!("/flows/{n}/quantity"), &flow.quantity, a.density);
        let made = checks.mass(format!("/flows/{n}/made"), &flow.made, b.density);
        let node = self.nodes;
        self.nodes += 1;
        let most = self.arc((from + 1, node), from, used, Origin::Used(n));
        self.arc((node, to + 1), to, made, Origin::Made(n));
        // of each gram taken this much at least becomes the product
        let kept = decimal(bounds.lo) * self.grams[to] / self.grams[from];
        let lost = if most >= FREE {
            FREE
        } else {
            whole(Decimal::from(most), (Decimal::ONE - kept).max(Decimal::ZERO), true)
        };
        let declared = (Decimal::ZERO, None);
        self.arcs.push(Arc {
            from: node,
            to: 0,
            lo: 0,
            hi: lost,
            origin: Origin::Lost(n),
            declared,
            of: from,
        });
        if decimal(bounds.hi) * self.grams[to] / self.grams[from] < Decimal::new(999_999, 6) {
            let text = Text::new(
                format!("产品“{}”有多种来源，按最宽的得率判断，可能漏报", b.product),
                format!(
                    "{} is made in several ways; the widest yield was allowed, so that something may be missed",
                    b.product
                ),
            );
            if !self.notes.contains(&text) {
                self.notes.push(text);
            }
        }
    }

    /// How much more must leave a set than can enter it; the other way round with `inward`.
    fn deficit(&self, set: &[bool], inward: bool) -> i64 {
        let mut sum = 0i64;
        for arc in self.arcs.iter() {
            let (from, to) = if inward { (arc.to, arc.from) } else { (arc.from, arc.to) };
            match (set[from], set[to]) {
                (true, false) => sum = sum.saturating_add(arc.lo),
                (false, true) => sum = sum.saturating_sub(arc.hi),
                _ => {}
            }
        }
        sum
    }

    /// Sets small enough to try by themselves, so that a finding names one firm where one firm explains it: each process,
    /// each account, each account with the processes that feed it.
    fn simple_sets(&self) -> Vec<Vec<usize>> {
        let accounts = self.balance.accounts.len();
        let mut feeding: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for arc in self.arcs.iter().filter(|a| matches!(a.origin, Origin::Made(_))) {
            sets.push(vec![arc.from]);
            feeding.entry(arc.to).or_default().push(arc.from);
        }
        sets.extend((1..=accounts).map(|a| vec![a]));
        sets.extend(feeding.into_iter().map(|(account, mut all)| {
            all.push(account);
            all
        }));
        sets
    }

    pub(super) fn findings(mut self) -> Report {
        let mut findings: Vec<Finding> = Vec::new();
        let mut mended = vec![false; self.nodes];
        for members in self.simple_sets() {
            if members.iter().any(|&m| mended[m]) {
                continue;
            }
            let mut set = vec![false; self.nodes];
            members.iter().for_each(|&m| set[m] = true);
            for inward in [false, true] {
                let deficit = self.deficit(&set, inward);
                if deficit > 0 && findings.len() < MOST && !members.iter().any(|&m| mended[m]) {
                    findings.push(explain::finding(&self, &set, deficit, inward));
                    members.iter().for_each(|&m| mended[m] = true);
                }
            }
        }
        while findings.len() < MOST {
            let Some((set, inward)) = self.cut(&mended) else { break };
            let before = findings.len();
            for part in self.components(&set) {
                let deficit = self.deficit(&part, inward);
                if deficit > 0 {
                    findings.push(explain::finding(&self, &part, deficit, inward));
                    part.iter().enumerate().filter(|(_, p)| **p).for_each(|(n, _)| mended[n] = true);
                }
            }
            if findings.len() == before {
                break;
            }
        }
        findings.sort_by_key(|f| std::cmp::Reverse(f.excess));
        self.notes.dedup();
        Report { feasible: findings.is_empty(), findings, notes: self.notes }
    }

    /// The smallest set that gives away more than it can have (or, `true`, takes more than it can pass on). Mended nodes
    /// have been told already and may take from and give to the outside what they like.
    fn cut(&self, mended: &[bool]) -> Option<(Vec<bool>, bool)> {
        let (source, sink) = (self.nodes, self.nodes + 1);
        let mut network = Network::new(self.nodes + 2);
        let mut back = Network::new(self.nodes + 2);
        let mut excess = vec![0i64; self.nodes];
        let free = mended.iter().enumerate().filter(|(_, m)| **m).flat_map(|(n, _)| [(0, n), (n, 0)]);
        let arcs = self.arcs.iter().map(|a| (a.from, a.to, a.lo, a.hi));
        let all: Vec<(usize, usize, i64, i64)> = arcs.chain(free.map(|(a, b)| (a, b, 0, FREE))).collect();
        for &(from, to, lo, hi) in &all {
            excess[to] = excess[to].saturating_add(lo);
            excess[from] = excess[from].saturating_sub(lo);
            let room = hi.saturating_sub(lo).max(0);
            network.edge(from, to, room);
            back.edge(to, from, room);
        }
        let mut wanted = 0i64;
        for (n, &e) in excess.iter().enumerate() {
            if e > 0 {
                network.edge(source, n, e);
                back.edge(n, source, e);
                wanted = wanted.saturating_add(e);
            } else if e < 0 {
                network.edge(n, sink, -e);
                back.edge(sink, n, -e);
            }
        }
        if network.maximum(source, sink) >= wanted {
            return None;
        }
        // the smallest sink side is the smallest source side of the network turned round
        back.maximum(sink, source);
        let gives = back.reachable(sink);
        let takes = network.reachable(source);
        if gives[0] {
            Some((takes[..self.nodes].to_vec(), true))
        } else {
            Some((gives[..self.nodes].to_vec(), false))
        }
    }

    /// Parts of a set that are joined by arcs within it.
    fn components(&self, set: &[bool]) -> Vec<Vec<bool>> {
        let mut part: Vec<usize> = (0..set.len()).collect();
        fn root(part: &mut [usize], mut n: usize) -> usize {
            while part[n] != n {
                part[n] = part[part[n]];
                n = part[n];
            }
            n
        }
        for arc in self.arcs.iter().filter(|a| set[a.from] && set[a.to]) {
            let (a, b) = (root(&mut part, arc.from), root(&mut part, arc.to));
            part[a] = b;
        }
        let mut parts: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
        for n in (0..set.len()).filter(|&n| set[n]) {
            let home = root(&mut part, n);
            parts.entry(home).or_insert_with(|| vec![false; set.len()])[n] = true;
        }
        parts.into_values().collect()
    }
}
