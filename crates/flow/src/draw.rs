//! A procedure as a picture: states in layers by distance from the first, transitions as arrows.

use crate::definition::Definition;
use base::Lang;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: usize = 200;
const HEIGHT: usize = 56;
const GAP_X: usize = 60;
const GAP_Y: usize = 84;
const MARGIN: usize = 30;

/// The state diagram of a procedure as a complete SVG document, Chinese with English below.
#[must_use]
pub fn draw(definition: &Definition) -> String {
    let layers = layers(definition);
    let widest = layers.iter().map(Vec::len).max().unwrap_or(1);
    let loops = 150; // room for arrows that go back
    let width = MARGIN * 2 + widest * (WIDTH + GAP_X) + loops;
    let height = MARGIN * 2 + layers.len() * (HEIGHT + GAP_Y);
    let mut at: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (row, layer) in layers.iter().enumerate() {
        let indent = (widest - layer.len()) * (WIDTH + GAP_X) / 2;
        for (column, state) in layer.iter().enumerate() {
            at.insert(state, (MARGIN + indent + column * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y)));
        }
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"14\"><title>{}</title><defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>\n",
        escape(&definition.title.to_string())
    );
    arrows(definition, &at, &mut svg);
    for state in &definition.states {
        let Some((x, y)) = at.get(state.id.as_str()) else { continue };
        let corner = if state.r#final { HEIGHT / 2 } else { 6 };
        let stroke = if state.initial || state.r#final { 3 } else { 1 };
        let _ = writeln!(
            svg,
            "<g><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{corner}\" fill=\"none\" \
             stroke=\"currentColor\" stroke-width=\"{stroke}\"/><text x=\"{cx}\" y=\"{y1}\" text-anchor=\"middle\">{zh}</text>\
             <text x=\"{cx}\" y=\"{y2}\" text-anchor=\"middle\" font-size=\"11\">{en}</text></g>",
            cx = x + WIDTH / 2,
            y1 = y + 24,
            y2 = y + 42,
            zh = escape(state.title.get(Lang::Zh)),
            en = escape(state.title.get(Lang::En)),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// States by their shortest distance from the initial one; unreachable ones last.
fn layers(d: &Definition) -> Vec<Vec<&str>> {
    let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
    let mut waiting: Vec<&str> = d.initial().map(|s| s.id.as_str()).into_iter().collect();
    let mut level = 0;
    while !waiting.is_empty() {
        let mut next = Vec::new();
        for state in waiting {
            if depth.contains_key(state) {
                continue;
            }
            depth.insert(state, level);
            next.extend(d.leaving(state).filter_map(|t| t.to.as_deref()));
        }
        waiting = next;
        level += 1;
    }
    let last = depth.values().max().map_or(0, |m| m + 1);
    let mut layers: Vec<Vec<&str>> = vec![Vec::new(); last + 1];
    for state in &d.states {
        let row = depth.get(state.id.as_str()).copied().unwrap_or(last);
        layers[row].push(&state.id);
    }
    layers.retain(|l| !l.is_empty());
    layers
}

fn arrows(d: &Definition, at: &BTreeMap<&str, (usize, usize)>, svg: &mut String) {
    // transitions between the same two states share an arrow
    let mut edges: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for t in &d.transitions {
        for from in &t.from {
            let to = t.to.as_ref().unwrap_or(from);
            edges.entry((from, to)).or_default().push(t.title.get(Lang::Zh));
        }
    }
    for ((from, to), names) in edges {
        let (Some(&(x1, y1)), Some(&(x2, y2))) = (at.get(from), at.get(to)) else { continue };
        let (cx1, cx2) = (x1 + WIDTH / 2, x2 + WIDTH / 2);
        let (path, lx, ly) = if y2 > y1 {
            let (top, bottom) = (y1 + HEIGHT, y2);
            let middle = top.midpoint(bottom);
            (
                format!("M{cx1} {top}C{cx1} {middle} {cx2} {middle} {cx2} {bottom}"),
                cx1.midpoint(cx2) + 6,
                middle,
            )
        } else {
            // staying or going back: round the right side
            let (right, back) = (x1 + WIDTH, x2 + WIDTH);
            let bend = right.max(back) + 50 + (y1 - y2) / 8;
            let (ya, yb) = (y1 + HEIGHT / 2 + 10, y2 + HEIGHT / 2 - 10);
            (
                format!("M{right} {ya}C{bend} {ya} {bend} {yb} {back} {yb}"),
                right.max(back) + 44,
                ya.midpoint(yb) + 4,
            )
        };
        let _ = write!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" marker-end=\"url(#arrow)\"/>\
             <text font-size=\"11\" x=\"{lx}\" y=\"{ly}\">"
        );
        for (n, name) in names.iter().enumerate() {
            let dy = if n == 0 { 0 } else { 13 };
            let _ = write!(svg, "<tspan x=\"{lx}\" dy=\"{dy}\">{}</tspan>", escape(name));
        }
        svg.push_str("</text>\n");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
