//! Feasible circulation with lower bounds: push–relabel's simpler cousin, Dinic, on whole grams.

/// No bound: far above any mass, far below overflow.
pub(super) const FREE: i64 = i64::MAX / 1024;

#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    left: i64,
}

/// A residual network; edges come in pairs, the second one against the first.
#[derive(Debug, Clone)]
pub(super) struct Network {
    edges: Vec<Edge>,
    at: Vec<Vec<usize>>,
}

impl Network {
    pub(super) fn new(nodes: usize) -> Self {
        Self { edges: Vec::new(), at: vec![Vec::new(); nodes] }
    }

    pub(super) fn edge(&mut self, from: usize, to: usize, capacity: i64) {
        self.at[from].push(self.edges.len());
        self.edges.push(Edge { to, left: capacity });
        self.at[to].push(self.edges.len());
        self.edges.push(Edge { to: from, left: 0 });
    }

    fn levels(&self, source: usize) -> Vec<usize> {
        let mut level = vec![usize::MAX; self.at.len()];
        level[source] = 0;
        let mut queue = std::collections::VecDeque::from([source]);
        while let Some(node) = queue.pop_front() {
            for &e in &self.at[node] {
                let edge = self.edges[e];
                if edge.left > 0 && level[edge.to] == usize::MAX {
                    level[edge.to] = level[node] + 1;
                    queue.push_back(edge.to);
                }
            }
        }
        level
    }

    /// Pushes as much as possible from source to sink and returns how much that was.
    pub(super) fn maximum(&mut self, source: usize, sink: usize) -> i64 {
        let mut total = 0;
        loop {
            let level = self.levels(source);
            if level[sink] == usize::MAX {
                return total;
            }
            let mut next = vec![0usize; self.at.len()];
            // depth first without recursion: the path is a list of edges
            let mut path: Vec<usize> = Vec::new();
            let mut node = source;
            loop {
                if node == sink {
                    let push = path.iter().map(|&e| self.edges[e].left).min().unwrap_or(0);
                    for &e in &path {
                        self.edges[e].left -= push;
                        self.edges[e ^ 1].left += push;
                    }
                    total += push;
                    path.clear();
                    node = source;
                    continue;
                }
                let mut found = None;
                while let Some(&e) = self.at[node].get(next[node]) {
                    let edge = self.edges[e];
                    if edge.left > 0 && level[edge.to] == level[node] + 1 {
                        found = Some(e);
                        break;
                    }
                    next[node] += 1;
                }
                if let Some(e) = found {
                    path.push(e);
                    node = self.edges[e].to;
                } else if let Some(e) = path.pop() {
                    node = self.edges[e ^ 1].to;
                    next[node] += 1;
                } else {
                    break;
                }
            }
        }
    }

    /// Nodes that can still be reached from `source`: the source side of the smallest minimal cut.
    pub(super) fn reachable(&self, source: usize) -> Vec<bool> {
        self.levels(source).into_iter().map(|l| l != usize::MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn the_flow_is_the_cut() {
        let mut n = Network::new(6);
        for (a, b, c) in [
            (0, 1, 10),
            (0, 2, 10),
            (1, 2, 2),
            (1, 3, 4),
            (1, 4, 8),
            (2, 4, 9),
            (4, 3, 6),
            (3, 5, 10),
            (4, 5, 10),
        ] {
            n.edge(a, b, c);
        }
        assert_eq!(n.maximum(0, 5), 19);
        assert_eq!(n.reachable(0), [true, false, true, false, false, false]);
    }
}
