//! A procedure as a picture: states one below the other in the order written, in each the clocks that begin with it and their clauses,
//! each step a line of its own with its name.

use crate::definition::{ClockUse, Definition, Side, State, Transition};
use base::Lang;
use std::fmt::Write as _;

const LEFT: usize = 24;
const WIDTH: usize = 330;
const GAP: usize = 54;
/// Height of a line that leaves or enters a box, with its name above it.
const SLOT: usize = 20;
/// From the boxes to the first vertical line: room for the names.
const NAMES: usize = 260;
const LANE: usize = 16;
/// Height of a line in a box.
const LINE: usize = 16;

/// A line beside the boxes.
struct Line<'a> {
    name: &'a str,
    from: usize,
    to: usize,
}

/// A line of text in a box.
struct Words {
    size: usize,
    text: String,
}

/// The state diagram of a procedure as a complete SVG document: names in `zh` with `en` in the boxes. Steps to the next
/// state run straight down; steps that stay and the clocks that begin with the state, each with length, whose it is and clause, are
/// listed in the box's tail; the others run on the right.
#[must_use]
pub fn draw(definition: &Definition) -> String {
    let states: Vec<&State> = definition.states.iter().collect();
    let place = |id: &str| states.iter().position(|s| s.id == id);
    let (mut lines, mut down) = (Vec::new(), vec![Vec::new(); states.len()]);
    let mut tails: Vec<Vec<Words>> = states.iter().map(|_| Vec::new()).collect();
    for t in definition.transitions.iter().filter(|t| !t.quiet) {
        for (from, to) in ends(t).filter_map(|(f, t)| Some((place(f)?, place(t)?))) {
            let name = t.title.get(Lang::Zh);
            match to {
                _ if to == from => tails[from].push(Words { size: 12, text: format!("↻ {name}") }),
                _ if to == from + 1 => down[from].push(name),
                _ => lines.push(Line { name, from, to }),
            }
        }
    }
    for (state, tail) in states.iter().zip(&mut tails) {
        for c in definition.clocks.iter().filter(|c| begins(definition, c).any(|s| s == state.id)) {
            tail.extend(clock(definition, c));
        }
    }
    // short lines inside, long ones outside
    lines.sort_by_key(|l| l.from.abs_diff(l.to));
    let slots = |n: usize| lines.iter().filter(|l| l.from == n || l.to == n).count();
    let mut tops = Vec::with_capacity(states.len());
    let mut heights = Vec::with_capacity(states.len());
    let mut y = 24;
    for n in 0..states.len() {
        let height = (50 + tails[n].len() * LINE).max(12 + slots(n) * SLOT);
        tops.push(y);
        heights.push(height);
        y += height + GAP.max(18 + down[n].len() * 16);
    }
    let right = LEFT + WIDTH;
    let width = right + NAMES + lines.len() * LANE + 20;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"13\"><title>{}</title><defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>\n",
        escape(&definition.title.to_string())
    );
    for (n, state) in states.iter().enumerate() {
        boxed(&mut svg, state, tops[n], heights[n], &tails[n]);
        if let (false, Some(next)) = (down[n].is_empty(), tops.get(n + 1)) {
            let (x, bottom) = (LEFT + 40, tops[n] + heights[n]);
            arrow(&mut svg, &format!("M{x} {bottom}V{next}"));
            for (i, name) in down[n].iter().enumerate() {
                text(&mut svg, x + 10, bottom + 22 + i * 16, 12, name);
            }
        }
    }
    let mut used = vec![0; states.len()];
    for (n, line) in lines.iter().enumerate() {
        let mut slot = |state: usize| {
            used[state] += 1;
            tops[state] + used[state] * SLOT
        };
        let (begin, end) = (slot(line.from), slot(line.to));
        let lane = right + NAMES + n * LANE;
        arrow(&mut svg, &format!("M{right} {begin}H{lane}V{end}H{right}"));
        text(&mut svg, right + 10, begin - 4, 12, line.name);
    }
    svg.push_str("</svg>\n");
    svg
}

fn ends(t: &Transition) -> impl Iterator<Item = (&str, &str)> {
    t.from.iter().map(|from| (from.as_str(), t.to.as_deref().unwrap_or(from)))
}

/// The states a clock begins in: those entered, those the step leads to, those in which the paper is drafted or the task made.
fn begins<'a>(d: &'a Definition, c: &'a ClockUse) -> impl Iterator<Item = &'a str> {
    let entered = c.start.strip_prefix("enter:");
    let (step, paper) = (c.start.strip_prefix("transition:"), c.start.strip_prefix("document:"));
    let begun = move |t: &&Transition| {
        step == Some(t.id.as_str())
            || paper.is_some_and(|p| t.documents.iter().any(|n| n == p))
            || c.task.as_ref().is_some_and(|k| t.tasks.contains(k))
    };
    entered.into_iter().chain(d.transitions.iter().filter(begun).flat_map(ends).map(|(_, to)| to))
}

/// A clock in words: what is to be done, in what time, by whom, and by what clause.
fn clock(d: &Definition, c: &ClockUse) -> Vec<Words> {
    let length = c.unit.length(u64::from(c.amount)).zh;
    let time = match c.until.as_deref().map(|f| d.fact(f).map_or(f, |f| f.title.get(Lang::Zh))) {
        Some(day) if c.amount > 0 => format!("至“{day}”，最长 {length}"),
        Some(day) => format!("至“{day}”"),
        None => length.into_owned(),
    };
    let whose = if c.by == Side::Operator { "（当事人）" } else { "" };
    let verified = if c.basis.status == base::clock::Status::Verified { "" } else { "（待核）" };
    let said = wrapped(&format!("⏱ {}{whose}：{time}", c.title.zh), 12);
    let clause = wrapped(&format!("{} {}{verified}", c.basis.document, c.basis.clause), 10);
    said.into_iter().chain(clause).collect()
}

/// A text in lines that fit a box: a Chinese sign is as wide as the letter is high, another about half of it.
fn wrapped(text: &str, size: usize) -> Vec<Words> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for sign in text.chars() {
        let wide = if sign.is_ascii() { size * 6 / 10 } else { size };
        if used + wide > WIDTH - 32 {
            lines.push(Words { size, text: std::mem::take(&mut line) });
            used = 0;
        }
        line.push(sign);
        used += wide;
    }
    lines.push(Words { size, text: line });
    lines
}

fn boxed(svg: &mut String, state: &State, top: usize, height: usize, tail: &[Words]) {
    let corner = if state.r#final { 24 } else { 5 };
    let stroke = if state.initial || state.r#final { 3 } else { 1 };
    let _ = write!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{height}\" rx=\"{corner}\" fill=\"none\" \
         stroke=\"currentColor\" stroke-width=\"{stroke}\"/>"
    );
    text(svg, LEFT + 16, top + 22, 14, state.title.get(Lang::Zh));
    text(svg, LEFT + 16, top + 39, 11, state.title.get(Lang::En));
    for (i, words) in tail.iter().enumerate() {
        text(svg, LEFT + 16, top + 58 + i * LINE, words.size, &words.text);
    }
    svg.push('\n');
}

fn arrow(svg: &mut String, path: &str) {
    let _ = writeln!(
        svg,
        "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".6\" marker-end=\"url(#arrow)\"/>"
    );
}

fn text(svg: &mut String, x: usize, y: usize, size: usize, words: &str) {
    let _ = write!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"currentColor\">{}</text>",
        escape(words)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
