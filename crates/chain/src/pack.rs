//! What moves because the thing it is packed in moves: contents follow their parent while they are inside.

use crate::Qty;
use crate::facts::{Facts, NONE};
use crate::line::{Line, Said};
use crate::trace::Numbers;
use std::collections::HashSet;

/// Logistic units nest a few levels; deeper is a loop in the data.
const MAX_NESTING: usize = 12;

/// A stretch of time during which a quantity of a child was inside a parent.
#[derive(Debug, Clone, Copy)]
struct Stay {
    from: i64,
    until: i64,
    quantity: Option<Qty>,
}

/// The lines an item inherits from what it was packed in.
pub(crate) fn inherited(facts: &Facts, item: u32) -> Vec<(Line, Option<Qty>)> {
    let mut path = vec![item];
    lines_through(facts, item, &mut path)
}

fn lines_through(facts: &Facts, item: u32, path: &mut Vec<u32>) -> Vec<(Line, Option<Qty>)> {
    let mut parents: Vec<u32> = facts
        .lines_of(item)
        .filter(|(_, line)| line.said() == Said::Packed)
        .map(|(_, line)| line.other)
        .collect();
    if parents.is_empty() || path.len() > MAX_NESTING {
        return Vec::new();
    }
    parents.sort_unstable();
    parents.dedup();
    let own: HashSet<(u64, Said)> =
        facts.lines_of(item).map(|(_, line)| (facts.event_id(&line), line.said())).collect();
    let mut out = Vec::new();
    for parent in parents {
        if path.contains(&parent) {
            continue;
        }
        path.push(parent);
        let mut lines: Vec<Line> =
            facts.lines_of(parent).map(|(_, line)| line).filter(|line| moves(line.said())).collect();
        lines.extend(lines_through(facts, parent, path).into_iter().map(|(line, _)| line));
        path.pop();
        let stays = stays(facts, item, parent);
        for line in lines {
            if own.contains(&(facts.event_id(&line), line.said())) {
                continue;
            }
            if let Some(stay) = stay_at(&stays, &line) {
                out.push((line.of_item(item), stay.quantity));
            }
        }
    }
    out
}

/// What happens to contents when it happens to their parent.
fn moves(said: Said) -> bool {
    !matches!(said, Said::Appear | Said::Output | Said::Packed | Said::Unpacked | Said::Holds | Said::Emptied)
}

/// At the instant of packing or unpacking itself, what leads away belongs to the stay that begins and what
/// arrives to the stay that ends.
fn stay_at(stays: &[Stay], line: &Line) -> Option<Stay> {
    let t = line.time;
    let inside = |s: &&Stay| match line.said() {
        Said::Shipped => s.from <= t && t < s.until,
        _ => s.from < t && t <= s.until,
    };
    let at_edge = |s: &&Stay| s.from <= t && t <= s.until;
    stays.iter().find(inside).or_else(|| stays.iter().find(at_edge)).copied()
}

fn stays(facts: &Facts, child: u32, parent: u32) -> Vec<Stay> {
    let packing = |line: &Line| matches!(line.said(), Said::Packed | Said::Unpacked) && line.other == parent;
    let mut turns: Vec<Line> =
        facts.lines_of(child).map(|(_, line)| line).filter(|line| packing(line)).collect();
    let emptied = facts.lines_of(parent).filter(|(_, line)| line.said() == Said::Emptied);
    turns.extend(emptied.map(|(_, line)| line));
    turns.sort_by_key(|line| (line.time, line.said(), facts.event_id(line)));
    let mut out: Vec<Stay> = Vec::new();
    let mut current: Option<Stay> = None;
    for line in turns {
        let quantity = facts.quantity(&line);
        let next = match (line.said(), current) {
            (Said::Packed, None) => Some(quantity),
            (Said::Packed, Some(stay)) => Some(join(stay.quantity, quantity)),
            (_, None) => None,
            (Said::Unpacked, Some(stay)) => remainder(stay.quantity, quantity),
            (_, Some(_)) => None,
        };
        if let Some(stay) = current.take() {
            out.push(Stay { until: line.time, ..stay });
        }
        current = next.map(|quantity| Stay { from: line.time, until: i64::MAX, quantity });
    }
    out.extend(current);
    out
}

/// Both together, when both are known and comparable.
fn join(a: Option<Qty>, b: Option<Qty>) -> Option<Qty> {
    let (a, b) = (a?, b?);
    a.minus(Qty::new(-b.value, b.unit))
}

/// What stays inside after taking some out: `None` when nothing does.
fn remainder(inside: Option<Qty>, out: Option<Qty>) -> Option<Option<Qty>> {
    match (inside, out) {
        (_, None) => None,
        (None, Some(_)) => Some(None),
        (Some(inside), Some(out)) => match inside.minus(out) {
            Some(left) if left.value <= base::Decimal::ZERO => None,
            left => Some(left),
        },
    }
}

/// The items packed in `parent` at any time from `since` on, nested ones included.
pub(crate) fn contents(facts: &Facts, parent: u32, since: i64) -> Vec<u32> {
    let mut out: Vec<u32> = Vec::new();
    let mut open = vec![parent];
    while let Some(holder) = open.pop() {
        let mut children: Vec<u32> = facts
            .lines_of(holder)
            .filter(|(_, line)| line.said() == Said::Holds && line.other != NONE)
            .map(|(_, line)| line.other)
            .collect();
        children.sort_unstable();
        children.dedup();
        for child in children {
            let inside = stays(facts, child, holder).iter().any(|stay| stay.until >= since);
            if inside && child != parent && !out.contains(&child) {
                out.push(child);
                open.push(child);
            }
        }
    }
    out
}

/// The items whose lines change when those of `items` do: themselves and all that was ever packed in them.
pub(crate) fn dependants(facts: &Facts, items: impl IntoIterator<Item = u32>) -> Numbers {
    let mut open: Vec<u32> = items.into_iter().collect();
    let mut out = Numbers::default();
    while let Some(item) = open.pop() {
        if out.insert(item) {
            let held = facts.lines_of(item).filter(|(_, line)| line.said() == Said::Holds);
            open.extend(held.map(|(_, line)| line.other));
        }
    }
    out
}
