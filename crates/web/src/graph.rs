//! The trace graph as SVG: boxes are *this lot at this place*, arrows shipments (solid) and making (dashed).

use crate::map::escape;
use crate::pages::scope::{lot_name, place_name};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base::Lang;
use chain::{LayoutOptions, ShapeNode, layout_shape};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use supply::{Legend, TraceView};

const BOX_W: usize = 190;
const BOX_H: usize = 46;
const GAP_X: usize = 60;
const GAP_Y: usize = 14;

/// Colours for the picture where it stands alone, as an image; light and dark.
const STYLE: &str = "text{font-family:system-ui,'Noto Sans CJK SC','PingFang SC',sans-serif;fill:#16211f}\
rect{fill:#fff;stroke:#8fa09b}.origin rect{fill:#e5eff9;stroke:#1f5a94}.hit rect{fill:#fce8e6;stroke:#a8231b;stroke-width:2}\
.group rect{stroke-dasharray:4 3}.edge{fill:none;stroke:#8fa09b;color:#8fa09b}.made{stroke:#1f5a94;stroke-dasharray:5 3}\
@media(prefers-color-scheme:dark){text{fill:#e6edeb}rect{fill:#18201e}.origin rect{fill:#16293d}.hit rect{fill:#3b1a17}}";

#[derive(Debug, Clone)]
struct Node {
    item: String,
    place: String,
    shape: ShapeNode,
    origin: bool,
}

/// Several traces as one graph of (lot, place); processes are contracted into dashed arrows.
#[derive(Debug, Default)]
struct Graph {
    nodes: Vec<Node>,
    at: HashMap<(String, String), usize>,
    /// (from, to) → made.
    edges: BTreeMap<(usize, usize), bool>,
}

impl Graph {
    fn add(&mut self, trace: &TraceView) {
        let mut home: Vec<Option<usize>> = Vec::with_capacity(trace.nodes.len());
        for n in &trace.nodes {
            let Some(item) = &n.item else {
                home.push(None);
                continue;
            };
            let key = (item.clone(), n.place.clone());
            let number = *self.at.entry(key).or_insert_with(|| {
                let shape = ShapeNode { depth: n.depth, since: n.since.0 };
                self.nodes.push(Node { item: item.clone(), place: n.place.clone(), shape, origin: n.origin });
                self.nodes.len() - 1
            });
            let node = &mut self.nodes[number];
            node.shape.depth = node.shape.depth.min(n.depth);
            node.origin |= n.origin;
            home.push(Some(number));
        }
        let mut ins: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut outs: HashMap<usize, Vec<usize>> = HashMap::new();
        for l in &trace.links {
            match (home[l.from], home[l.to]) {
                (Some(a), Some(b)) if a != b => {
                    self.edges.entry((a, b)).or_insert(false);
                }
                (Some(a), None) => ins.entry(l.to).or_default().push(a),
                (None, Some(b)) => outs.entry(l.from).or_default().push(b),
                _ => {}
            }
        }
        for (process, from) in ins {
            for a in from {
                for b in outs.get(&process).into_iter().flatten().filter(|b| **b != a) {
                    self.edges.insert((a, *b), true);
                }
            }
        }
    }
}

/// Draws traces that share nodes (upstream and downstream of one lot) as one picture. `hit` are the lots asked about and, of a sampled one, the place.
pub(crate) fn svg(
    lang: Lang,
    traces: &[&TraceView],
    legend: &Legend,
    hit: (&[&str], Option<&str>),
    per_layer: usize,
) -> String {
    let mut graph = Graph::default();
    for t in traces {
        graph.add(t);
    }
    let shapes: Vec<ShapeNode> = graph.nodes.iter().map(|n| n.shape).collect();
    let links: Vec<(usize, usize)> = graph.edges.keys().copied().collect();
    let made: Vec<bool> = graph.edges.values().copied().collect();
    let laid = layout_shape(&shapes, &links, LayoutOptions { max_per_layer: per_layer });
    let (w, h) = (laid.layers * (BOX_W + GAP_X) + 20, laid.rows * (BOX_H + GAP_Y) + 20);
    let title = lang
        .pick("追溯图：从左到右为从源头到终点", "Trace graph, from source on the left to end on the right");
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{}\">\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>",
        escape(title)
    );
    let mut per = vec![0usize; laid.layers];
    for n in &laid.nodes {
        per[n.layer] += 1;
    }
    // short layers stand in the middle
    let at = |n: &chain::PlacedNode| {
        let x = 10 + n.layer * (BOX_W + GAP_X);
        let slack = (laid.rows - per[n.layer]) * (BOX_H + GAP_Y) / 2;
        (x, 10 + slack + n.row * (BOX_H + GAP_Y))
    };
    for e in &laid.edges {
        let ((x1, y1), (x2, y2)) = (at(&laid.nodes[e.from]), at(&laid.nodes[e.to]));
        let class = if e.links.iter().all(|l| made[*l]) { "edge made" } else { "edge" };
        let (x1, y1, y2) = (x1 + BOX_W, y1 + BOX_H / 2, y2 + BOX_H / 2);
        let mid = usize::midpoint(x1, x2);
        let _ = write!(
            out,
            "<path class=\"{class}\" d=\"M{x1} {y1}C{mid} {y1} {mid} {y2} {x2} {y2}\" marker-end=\"url(#tip)\"/>"
        );
    }
    for n in &laid.nodes {
        let (x, y) = at(n);
        let (class, first, second, more) = if n.is_group() {
            let more = format!("+{}", n.members.len());
            ("node group", more.clone(), lang.pick("处（见下表）", "more (see the table)").to_owned(), more)
        } else {
            let node = &graph.nodes[n.members[0]];
            let is_hit = hit.0.contains(&node.item.as_str()) && hit.1.is_none_or(|p| p == node.place);
            let class = if is_hit {
                "node hit"
            } else if node.origin {
                "node origin"
            } else {
                "node"
            };
            let (place, lot) =
                (place_name(legend, &node.place), lot_name(legend.lots.get(&node.item), &node.item));
            let full = format!("{place}\n{lot}");
            (class, place, lot, full)
        };
        let _ = write!(
            out,
            "<g class=\"{class}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_W}\" height=\"{BOX_H}\" rx=\"6\"/>\
             <text x=\"{}\" y=\"{}\" font-size=\"12\" font-weight=\"600\">{}</text><text x=\"{}\" y=\"{}\" font-size=\"11\">{}</text></g>",
            escape(&more),
            x + 8,
            y + 19,
            escape(&cut(&first, 14)),
            x + 8,
            y + 36,
            escape(&cut(&second, 16)),
        );
    }
    out.push_str("</svg>");
    out
}

/// The picture as an answer of its own: an image cannot read the page's style sheet.
pub(crate) fn image(picture: &str) -> Response {
    let styled = picture.replacen('>', &format!("><style>{STYLE}</style>"), 1);
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, styled).into_response()
}

/// Cuts a text to a width in Chinese characters; a Latin letter counts half.
fn cut(text: &str, wide: usize) -> String {
    let mut left = wide * 2;
    let mut out = String::new();
    for c in text.chars() {
        let cost = if c.is_ascii() { 1 } else { 2 };
        if left < cost {
            out.push('…');
            return out;
        }
        left -= cost;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Instant;
    use chain::LinkKind;
    use supply::{TraceLink, TraceNode};

    fn node(item: Option<&str>, place: &str, depth: u32) -> TraceNode {
        TraceNode {
            item: item.map(ToOwned::to_owned),
            place: place.to_owned(),
            since: Instant(0),
            until: Instant(0),
            depth,
            origin: depth == 2,
            end: false,
            event: None,
        }
    }

    fn link(from: usize, to: usize) -> TraceLink {
        TraceLink {
            from,
            to,
            kind: LinkKind::Moved,
            depart: None,
            arrive: None,
            sent: None,
            received: None,
            events: vec![],
            document: None,
        }
    }

    #[test]
    fn a_process_becomes_a_dashed_arrow_and_names_are_escaped() {
        let trace = TraceView {
            nodes: vec![
                node(Some("wheat"), "mill <1>", 2),
                node(None, "mill <1>", 1),
                node(Some("flour"), "mill <1>", 0),
            ],
            links: vec![link(0, 1), link(1, 2)],
            truncated: false,
        };
        let svg = svg(Lang::En, &[&trace], &Legend::default(), (&["flour"], None), 10);
        assert_eq!(svg.matches("<rect").count(), 2);
        assert_eq!(svg.matches("edge made").count(), 1);
        assert!(svg.contains("node hit") && svg.contains("mill &lt;1&gt;") && !svg.contains("mill <1>"));
    }

    #[test]
    fn long_names_are_cut_by_their_width() {
        assert_eq!(cut("便民超市示例", 3), "便民超…");
        assert_eq!(cut("abcdef", 3), "abcdef");
    }
}
