//! Boosted trees for a yes-or-no outcome with an offset: histogram gradient boosting, second order, with monotone constraints.
//!
//! After Friedman (Annals of Statistics 29, 2001, 1189) and Chen and Guestrin (KDD 2016): a tree fits gradient and curvature of the
//! logistic loss; a split's gain is G²/(H + λ) of the parts less that of the whole. Missing values go to the side that gains
//! more. A constraint keeps every leaf on the right side of its sibling and all their offspring apart by their mean.

use stats::random::{Purpose, Stream};

const ROWS: Purpose = Purpose::of("risk target rows");
const COLUMNS: Purpose = Purpose::of("risk target columns");

/// How trees are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Trees in a row.
    pub trees: u32,
    /// Splits below one another at most.
    pub depth: u32,
    /// Part of each tree's answer that is taken.
    pub rate: f64,
    /// Smallest curvature in a leaf: about four times as many rows.
    pub least: f64,
    /// Penalty on the leaves.
    pub ridge: f64,
    /// Share of the rows each tree sees.
    pub rows: f64,
    /// Share of the columns each tree sees.
    pub columns: f64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { trees: 200, depth: 4, rate: 0.04, least: 12.0, ridge: 20.0, rows: 0.6, columns: 0.3 }
    }
}

/// Columns of numbers, cut into bins once; NaN is missing.
#[derive(Debug, Clone)]
pub struct Bins {
    /// Upper edges of each column's bins, ascending; a value belongs to the first edge not below it.
    edges: Vec<Vec<f64>>,
    /// Bin of each value by column; 0 is missing, bins start at 1.
    cells: Vec<Vec<u8>>,
    rows: usize,
}

impl Bins {
    /// Cuts columns at their quantiles into at most `most` (up to 254) bins.
    #[must_use]
    pub fn cut(columns: &[Vec<f64>], most: usize) -> Self {
        let edges: Vec<Vec<f64>> = columns.iter().map(|c| quantile_edges(c, most.clamp(2, 254))).collect();
        let cells = columns.iter().zip(&edges).map(|(c, e)| c.iter().map(|v| bin(e, *v)).collect()).collect();
        Self { edges, cells, rows: columns.first().map_or(0, Vec::len) }
    }
}

fn quantile_edges(column: &[f64], most: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = column.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut values = sorted.clone();
    values.dedup();
    if values.len() <= most {
        // between neighbours, so that new values fall to the nearer one
        return values.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect();
    }
    let mut edges: Vec<f64> = (1..most).map(|i| sorted[i * sorted.len() / most]).collect();
    edges.dedup();
    edges
}

#[expect(clippy::cast_possible_truncation, reason = "at most 254 edges")]
fn bin(edges: &[f64], value: f64) -> u8 {
    if value.is_finite() { 1 + edges.partition_point(|e| *e < value) as u8 } else { 0 }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    feature: u32,
    /// Bins up to this go left.
    cut: u8,
    missing_left: bool,
    /// Index of the left child, the right one follows; 0 in a leaf.
    child: u32,
    value: f64,
}

/// A sum of trees on the log-odds scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    edges: Vec<Vec<f64>>,
    trees: Vec<Vec<Node>>,
}

struct Part {
    node: usize,
    rows: Vec<u32>,
    depth: u32,
    low: f64,
    high: f64,
}

struct Split {
    gain: f64,
    feature: usize,
    cut: u8,
    missing_left: bool,
    left: f64,
    right: f64,
}

/// Logistic of a log-odds.
#[must_use]
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

impl Forest {
    /// Grows a forest. `offset` is the log-odds known beforehand (inspector, season); `weights` count the rows; `monotone` holds
    /// +1 (may only rise), −1 (may only fall) or 0 for each column.
    #[must_use]
    pub fn grow(
        bins: &Bins,
        outcome: &[f64],
        offset: &[f64],
        weights: &[f64],
        monotone: &[i8],
        growth: Growth,
        seed: u64,
    ) -> Self {
        let count = bins.rows;
        let mut log_odds = offset.to_vec();
        let (mut slope, mut curve) = (vec![0.0; count], vec![0.0; count]);
        let mut trees = Vec::with_capacity(growth.trees as usize);
        for t in 0..growth.trees {
            for i in 0..count {
                let p = logistic(log_odds[i]);
                slope[i] = weights[i] * (outcome[i] - p);
                curve[i] = weights[i] * (p * (1.0 - p)).max(1e-9);
            }
            let mut pick = Stream::new(seed, ROWS, u64::from(t));
            #[expect(clippy::cast_possible_truncation, reason = "row numbers of a table in memory")]
            let rows: Vec<u32> = (0..count as u32).filter(|_| pick.uniform() < growth.rows).collect();
            let mut columns: Vec<usize> = (0..bins.cells.len()).collect();
            Stream::new(seed, COLUMNS, u64::from(t)).shuffle(&mut columns);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of the columns"
            )]
            columns.truncate(((columns.len() as f64 * growth.columns).ceil() as usize).max(1));
            columns.sort_unstable();
            let tree = plant(bins, &slope, &curve, rows, &columns, monotone, growth);
            for (i, value) in log_odds.iter_mut().enumerate() {
                *value += walk(&tree, |f| bins.cells[f][i]);
            }
            trees.push(tree);
        }
        Self { edges: bins.edges.clone(), trees }
    }

    /// The log-odds the trees add for a row.
    #[must_use]
    pub fn score(&self, row: &[f64]) -> f64 {
        self.trees.iter().map(|t| walk(t, |f| bin(&self.edges[f], row[f]))).sum()
    }

    /// How much each column moved the log-odds of a row: along every path the change of the node's value is given to the column
    /// that was asked. With the returned base they add up to the score.
    #[must_use]
    pub fn reasons(&self, row: &[f64]) -> (f64, Vec<f64>) {
        let (mut base, mut out) = (0.0, vec![0.0; self.edges.len()]);
        for tree in &self.trees {
            let mut at = 0;
            base += tree[0].value;
            while tree[at].child > 0 {
                let node = tree[at];
                let next = step(&node, bin(&self.edges[node.feature as usize], row[node.feature as usize]));
                out[node.feature as usize] += tree[next].value - node.value;
                at = next;
            }
        }
        (base, out)
    }
}

fn step(node: &Node, bin: u8) -> usize {
    let left = if bin == 0 { node.missing_left } else { bin <= node.cut };
    node.child as usize + usize::from(!left)
}

fn walk(tree: &[Node], bin_of: impl Fn(usize) -> u8) -> f64 {
    let mut at = 0;
    while tree[at].child > 0 {
        at = step(&tree[at], bin_of(tree[at].feature as usize));
    }
    tree[at].value
}

fn plant(
    bins: &Bins,
    slope: &[f64],
    curve: &[f64],
    rows: Vec<u32>,
    columns: &[usize],
    monotone: &[i8],
    growth: Growth,
) -> Vec<Node> {
    let total = |rows: &[u32]| {
        rows.iter().fold((0.0, 0.0), |s, r| (s.0 + slope[*r as usize], s.1 + curve[*r as usize]))
    };
    let (g, h) = total(&rows);
    let leaf = |value: f64| Node { feature: 0, cut: 0, missing_left: true, child: 0, value };
    let mut tree = vec![leaf(growth.rate * g / (h + growth.ridge))];
    let mut open = vec![Part { node: 0, rows, depth: 0, low: f64::NEG_INFINITY, high: f64::INFINITY }];
    while let Some(part) = open.pop() {
        if part.depth >= growth.depth {
            continue;
        }
        let Some(split) = best_split(bins, slope, curve, &part, columns, monotone, growth) else { continue };
        let cells = &bins.cells[split.feature];
        let node = Node {
            #[expect(clippy::cast_possible_truncation, reason = "column numbers")]
            feature: split.feature as u32,
            cut: split.cut,
            missing_left: split.missing_left,
            #[expect(clippy::cast_possible_truncation, reason = "a tree of a few nodes")]
            child: tree.len() as u32,
            value: tree[part.node].value,
        };
        let (left, right): (Vec<u32>, Vec<u32>) = part.rows.iter().partition(|r| {
            let b = cells[**r as usize];
            if b == 0 { split.missing_left } else { b <= split.cut }
        });
        tree[part.node] = node;
        let first = tree.len();
        tree.push(leaf(growth.rate * split.left));
        tree.push(leaf(growth.rate * split.right));
        let mid = 0.5 * (split.left + split.right);
        let (mut bounds_left, mut bounds_right) = ((part.low, part.high), (part.low, part.high));
        match monotone.get(split.feature).copied().unwrap_or(0) {
            1 => (bounds_left.1, bounds_right.0) = (mid, mid),
            -1 => (bounds_left.0, bounds_right.1) = (mid, mid),
            _ => {}
        }
        for (k, rows, bounds) in [(0, left, bounds_left), (1, right, bounds_right)] {
            open.push(Part { node: first + k, rows, depth: part.depth + 1, low: bounds.0, high: bounds.1 });
        }
    }
    tree
}

fn best_split(
    bins: &Bins,
    slope: &[f64],
    curve: &[f64],
    part: &Part,
    columns: &[usize],
    monotone: &[i8],
    growth: Growth,
) -> Option<Split> {
    let value = |g: f64, h: f64| (g / (h + growth.ridge)).clamp(part.low, part.high);
    // the loss saved by giving a part the value v: gv − (h + λ)v²/2
    let saved = |g: f64, h: f64, v: f64| g * v - 0.5 * (h + growth.ridge) * v * v;
    let mut best: Option<Split> = None;
    for &feature in columns {
        let cells = &bins.cells[feature];
        let many = bins.edges[feature].len() + 2;
        let mut sums = [(0.0_f64, 0.0_f64); 256];
        for r in &part.rows {
            let cell = &mut sums[cells[*r as usize] as usize];
            cell.0 += slope[*r as usize];
            cell.1 += curve[*r as usize];
        }
        let all = sums[..many].iter().fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1));
        let whole = saved(all.0, all.1, value(all.0, all.1));
        let missing = sums[0];
        let mut left = (0.0, 0.0);
        for (cut, cell) in sums.iter().enumerate().take(many - 1).skip(1) {
            left = (left.0 + cell.0, left.1 + cell.1);
            for missing_left in [true, false] {
                if !missing_left && missing.1 <= 0.0 {
                    continue;
                }
                let a = if missing_left { (left.0 + missing.0, left.1 + missing.1) } else { left };
                let b = (all.0 - a.0, all.1 - a.1);
                if a.1 < growth.least || b.1 < growth.least {
                    continue;
                }
                let (va, vb) = (value(a.0, a.1), value(b.0, b.1));
                let wrong = match monotone.get(feature).copied().unwrap_or(0) {
                    1 => va > vb,
                    -1 => va < vb,
                    _ => false,
                };
                let gain = saved(a.0, a.1, va) + saved(b.0, b.1, vb) - whole;
                if !wrong && gain > best.as_ref().map_or(1e-9, |s| s.gain) {
                    #[expect(clippy::cast_possible_truncation, reason = "at most 254 bins")]
                    let cut = cut as u8;
                    best = Some(Split { gain, feature, cut, missing_left, left: va, right: vb });
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut s = Stream::new(5, Purpose::of("test"), 0);
        let columns: Vec<Vec<f64>> =
            (0..3).map(|_| (0..n).map(|_| s.uniform() * 2.0 - 1.0).collect()).collect();
        let outcome = (0..n)
            .map(|i| {
                f64::from(u8::from(
                    s.uniform() < logistic(2.0 * columns[0][i] * columns[1][i].signum() - 1.0),
                ))
            })
            .collect();
        (columns, outcome)
    }

    fn row(columns: &[Vec<f64>], i: usize) -> Vec<f64> {
        columns.iter().map(|c| c[i]).collect()
    }

    #[test]
    fn an_interaction_is_learnt_and_the_reasons_add_up() {
        let (columns, outcome) = sample(4000);
        let growth = Growth { trees: 150, rate: 0.1, columns: 1.0, ..Growth::default() };
        let zero = vec![-1.0; outcome.len()];
        let ones = vec![1.0; outcome.len()];
        let forest = Forest::grow(&Bins::cut(&columns, 32), &outcome, &zero, &ones, &[0; 3], growth, 1);
        let high = forest.score(&[0.9, 0.9, 0.0]) - forest.score(&[0.9, -0.9, 0.0]);
        assert!(high > 1.5, "{high}");
        for i in 0..50 {
            let r = row(&columns, i);
            let (base, parts) = forest.reasons(&r);
            assert!((base + parts.iter().sum::<f64>() - forest.score(&r)).abs() < 1e-9);
        }
        // the same seed gives the same bits
        assert_eq!(
            forest,
            Forest::grow(&Bins::cut(&columns, 32), &outcome, &zero, &ones, &[0; 3], growth, 1)
        );
    }

    #[test]
    fn a_constraint_is_kept_everywhere() {
        let (columns, outcome) = sample(3000);
        let growth = Growth { trees: 80, rate: 0.1, columns: 1.0, depth: 4, ..Growth::default() };
        let ones = vec![1.0; outcome.len()];
        for sign in [1_i8, -1] {
            let forest = Forest::grow(
                &Bins::cut(&columns, 32),
                &outcome,
                &vec![-1.0; outcome.len()],
                &ones,
                &[sign, 0, 0],
                growth,
                2,
            );
            for i in 0..100 {
                let (mut a, mut before) = (row(&columns, i), f64::NAN);
                for k in 0..20 {
                    a[0] = f64::from(k) / 10.0 - 1.0;
                    let now = forest.score(&a);
                    assert!(
                        before.is_nan() || f64::from(sign) * (now - before) >= -1e-12,
                        "{i} {k} {before} {now}"
                    );
                    before = now;
                }
            }
        }
    }

    #[test]
    fn missing_values_find_their_side() {
        let n = 2000;
        let column: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { f64::NAN } else { f64::from(i % 7) }).collect();
        let outcome: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 2 == 0))).collect();
        let ones = vec![1.0; outcome.len()];
        let growth = Growth { columns: 1.0, ..Growth::default() };
        let forest = Forest::grow(
            &Bins::cut(&[column], 32),
            &outcome,
            &vec![0.0; outcome.len()],
            &ones,
            &[],
            growth,
            3,
        );
        assert!(forest.score(&[f64::NAN]) > 1.0 && forest.score(&[3.0]) < -1.0);
    }
}
