//! A layered picture of a trace as pure numbers: layers from source to end, rows that cross little, and groups
//! where a layer holds more than a page can show.

use crate::{NodeKind, Trace};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Sweeps of the crossing reduction; more changes little.
const SWEEPS: usize = 6;

/// How a trace is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutOptions {
    /// Most nodes in one layer; the rest are collapsed into one group node.
    pub max_per_layer: usize,
}

impl Default for LayoutOptions {
    fn default() -> Self {
        Self { max_per_layer: 24 }
    }
}

/// A node with its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedNode {
    /// Indices into [`Trace::nodes`]: one, or those collapsed into this group ("+k more").
    pub members: Vec<usize>,
    /// Layer from the source side, from 0.
    pub layer: usize,
    /// Row in the layer from the top, from 0.
    pub row: usize,
}

impl PlacedNode {
    /// Whether this stands for nodes collapsed together.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.members.len() > 1
    }
}

/// An edge between placed nodes; parallel links are one edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedEdge {
    /// Index into [`Layout::nodes`].
    pub from: usize,
    /// Index into [`Layout::nodes`].
    pub to: usize,
    /// Indices into [`Trace::links`].
    pub links: Vec<usize>,
    /// Leads against the direction of the layers: part of a loop (rework, returns).
    pub backward: bool,
}

/// A laid out trace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// Nodes, layer by layer, row by row.
    pub nodes: Vec<PlacedNode>,
    /// Edges between them.
    pub edges: Vec<PlacedEdge>,
    /// Number of layers.
    pub layers: usize,
    /// Rows of the fullest layer.
    pub rows: usize,
}

/// What the layout needs to know of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShapeNode {
    /// Links from the start; nodes near it are shown first. The start itself has 0 and is never collapsed.
    pub depth: u32,
    /// Orders the rows where nothing else does, microseconds.
    pub since: i64,
}

/// Lays a trace out from left (sources) to right. Depends on the trace only.
#[must_use]
pub fn layout(trace: &Trace, options: LayoutOptions) -> Layout {
    let since = |kind: &NodeKind| match kind {
        NodeKind::Lot(key) => key.since,
        NodeKind::Process { since, .. } => *since,
    };
    let nodes: Vec<ShapeNode> =
        trace.nodes.iter().map(|n| ShapeNode { depth: n.depth, since: since(&n.kind) }).collect();
    let links: Vec<(usize, usize)> = trace.links.iter().map(|l| (l.from, l.to)).collect();
    layout_shape(&nodes, &links, options)
}

/// Lays out any directed graph the same way; `links` are pairs of indices into `nodes`, and the numbers in
/// [`PlacedNode::members`] and [`PlacedEdge::links`] are indices into these two.
#[must_use]
pub fn layout_shape(nodes: &[ShapeNode], links: &[(usize, usize)], options: LayoutOptions) -> Layout {
    let count = nodes.len();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in links.iter().filter(|(from, to)| from != to) {
        next[*from].push(*to);
    }
    let order = topological(&next);
    let mut rank = vec![0; count];
    for (at, &node) in order.iter().enumerate() {
        rank[node] = at;
    }
    let mut layer = vec![0usize; count];
    for &node in &order {
        for &to in next[node].iter().filter(|&&to| rank[to] > rank[node]) {
            layer[to] = layer[to].max(layer[node] + 1);
        }
    }
    let mut placed = group(nodes, links, &layer, options.max_per_layer.max(2));
    let mut home = vec![0; count];
    for (at, node) in placed.iter().enumerate() {
        node.members.iter().for_each(|&m| home[m] = at);
    }
    let mut pairs: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (at, link) in links.iter().enumerate() {
        let (from, to) = (home[link.0], home[link.1]);
        if from != to {
            pairs.entry((from, to)).or_default().push(at);
        }
    }
    let (layers, rows) = arrange(&mut placed, &pairs);
    finish(placed, pairs, layers, rows)
}

/// An order in which links lead forward, except those that close a loop: reverse postorder of a depth-first
/// walk from the nodes nothing leads to.
fn topological(next: &[Vec<usize>]) -> Vec<usize> {
    let mut led_to = vec![false; next.len()];
    next.iter().flatten().for_each(|&to| led_to[to] = true);
    let (sources, rest): (Vec<usize>, Vec<usize>) = (0..next.len()).partition(|&n| !led_to[n]);
    let mut seen = vec![false; next.len()];
    let mut post = Vec::with_capacity(next.len());
    for root in sources.into_iter().chain(rest) {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut stack = vec![(root, 0)];
        while let Some((node, child)) = stack.last_mut() {
            if let Some(&to) = next[*node].get(*child) {
                *child += 1;
                if !std::mem::replace(&mut seen[to], true) {
                    stack.push((to, 0));
                }
            } else {
                post.push(*node);
                stack.pop();
            }
        }
    }
    post.reverse();
    post
}

/// Cuts each layer to size: the start, branching points and the nearest nodes stay, the others become one.
fn group(shape: &[ShapeNode], links: &[(usize, usize)], layer: &[usize], max: usize) -> Vec<PlacedNode> {
    let layers = layer.iter().max().map_or(0, |&l| l + 1);
    let mut by_layer: Vec<Vec<usize>> = vec![Vec::new(); layers];
    for (node, &l) in layer.iter().enumerate() {
        by_layer[l].push(node);
    }
    let mut degree = vec![0usize; layer.len()];
    for (from, to) in links {
        degree[*from] += 1;
        degree[*to] += 1;
    }
    let mut placed = Vec::new();
    for (l, mut nodes) in by_layer.into_iter().enumerate() {
        let key = |n: &usize| (shape[*n].depth > 0, std::cmp::Reverse(degree[*n]), shape[*n].depth, *n);
        nodes.sort_by_key(key);
        let rest = if nodes.len() > max { nodes.split_off(max - 1) } else { Vec::new() };
        nodes.sort_by_key(|n| (shape[*n].since, *n));
        placed.extend(nodes.into_iter().map(|n| PlacedNode { members: vec![n], layer: l, row: 0 }));
        if !rest.is_empty() {
            placed.push(PlacedNode { members: rest, layer: l, row: 0 });
        }
    }
    placed
}

/// Orders the rows of each layer by the barycentre of their neighbours, sweeping right and left.
fn arrange(placed: &mut [PlacedNode], pairs: &BTreeMap<(usize, usize), Vec<usize>>) -> (usize, usize) {
    let layers = placed.iter().map(|n| n.layer + 1).max().unwrap_or(0);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); layers];
    for (at, node) in placed.iter_mut().enumerate() {
        node.row = order[node.layer].len();
        order[node.layer].push(at);
    }
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); placed.len()];
    for &(from, to) in pairs.keys() {
        near[from].push(to);
        near[to].push(from);
    }
    let position = |placed: &[PlacedNode], order: &[Vec<usize>], at: usize| {
        // rows are compared between layers of different size: as a share of the layer, in millionths
        let node = &placed[at];
        (2 * node.row + 1) * 500_000 / order[node.layer].len()
    };
    for sweep in 0..SWEEPS {
        let rightward = sweep % 2 == 0;
        let sequence: Vec<usize> =
            if rightward { (0..layers).collect() } else { (0..layers).rev().collect() };
        for l in sequence {
            let centre = |at: usize| {
                let side = |n: &&usize| if rightward { placed[**n].layer < l } else { placed[**n].layer > l };
                let (sum, count) = near[at]
                    .iter()
                    .filter(side)
                    .fold((0, 0), |(s, c), &n| (s + position(placed, &order, n), c + 1));
                usize::checked_div(sum, count).unwrap_or_else(|| position(placed, &order, at))
            };
            let mut keyed: Vec<(usize, usize, usize)> =
                order[l].iter().map(|&at| (centre(at), placed[at].row, at)).collect();
            keyed.sort_unstable();
            order[l] = keyed.into_iter().map(|(.., at)| at).collect();
            for (row, &at) in order[l].iter().enumerate() {
                placed[at].row = row;
            }
        }
    }
    (layers, order.iter().map(Vec::len).max().unwrap_or(0))
}

fn finish(
    placed: Vec<PlacedNode>,
    pairs: BTreeMap<(usize, usize), Vec<usize>>,
    layers: usize,
    rows: usize,
) -> Layout {
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by_key(|&at| (placed[at].layer, placed[at].row));
    let number: HashMap<usize, usize> = order.iter().enumerate().map(|(n, &at)| (at, n)).collect();
    let edges = pairs
        .into_iter()
        .map(|((from, to), links)| PlacedEdge {
            from: number[&from],
            to: number[&to],
            links,
            backward: placed[from].layer >= placed[to].layer,
        })
        .collect();
    let mut by_number: Vec<(usize, PlacedNode)> =
        placed.into_iter().enumerate().map(|(at, node)| (number[&at], node)).collect();
    by_number.sort_by_key(|(n, _)| *n);
    Layout { nodes: by_number.into_iter().map(|(_, node)| node).collect(), edges, layers, rows }
}
