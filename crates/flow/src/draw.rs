//! A procedure as a picture: states one below the other in the order written, each step a line of its own with its name.

use crate::definition::{Definition, State, Transition};
use base::Lang;
use std::fmt::Write as _;

const LEFT: usize = 24;
const WIDTH: usize = 210;
const GAP: usize = 54;
/// Height of a line that leaves or enters a box, with its name above it.
const SLOT: usize = 20;
/// From the boxes to the first vertical line: room for the names.
const NAMES: usize = 260;
const LANE: usize = 16;

/// A line beside the boxes.
struct Line<'a> {
    name: &'a str,
    from: usize,
    to: usize,
}

/// The state diagram of a procedure as a complete SVG document: names in `zh` with `en` in the boxes. Steps to the next
/// state run straight down; steps that stay are listed in the box's tail; the others run on the right.
#[must_use]
pub fn draw(definition: &Definition) -> String {
    let states: Vec<&State> = definition.states.iter().collect();
    let place = |id: &str| states.iter().position(|s| s.id == id);
    let (mut lines, mut down, mut stay) =
        (Vec::new(), vec![Vec::new(); states.len()], vec![Vec::new(); states.len()]);
    for t in &definition.transitions {
        for (from, to) in ends(t).filter_map(|(f, t)| Some((place(f)?, place(t)?))) {
            let name = t.title.get(Lang::Zh);
            match to {
                _ if to == from => stay[from].push(name),
                _ if to == from + 1 => down[from].push(name),
                _ => lines.push(Line { name, from, to }),
            }
        }
    }
    // short lines inside, long ones outside
    lines.sort_by_key(|l| l.from.abs_diff(l.to));
    let slots = |n: usize| lines.iter().filter(|l| l.from == n || l.to == n).count();
    let mut tops = Vec::with_capacity(states.len());
    let mut heights = Vec::with_capacity(states.len());
    let mut y = 24;
    for n in 0..states.len() {
        let height = (50 + stay[n].len() * 16).max(12 + slots(n) * SLOT);
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
        boxed(&mut svg, state, tops[n], heights[n], &stay[n]);
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

fn boxed(svg: &mut String, state: &State, top: usize, height: usize, stay: &[&str]) {
    let corner = if state.r#final { 24 } else { 5 };
    let stroke = if state.initial || state.r#final { 3 } else { 1 };
    let _ = write!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{height}\" rx=\"{corner}\" fill=\"none\" \
         stroke=\"currentColor\" stroke-width=\"{stroke}\"/>"
    );
    text(svg, LEFT + 16, top + 22, 14, state.title.get(Lang::Zh));
    text(svg, LEFT + 16, top + 39, 11, state.title.get(Lang::En));
    for (i, name) in stay.iter().enumerate() {
        text(svg, LEFT + 16, top + 58 + i * 16, 12, &format!("↻ {name}"));
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
