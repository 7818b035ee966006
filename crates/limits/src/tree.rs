//! A food tree of one standard: classes with one or more parents, and fast ancestor tests.

use crate::error::LoadError;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// Index of a node in its tree.
pub type NodeIx = usize;

/// One class of a food tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// Code in the standard, or `parent~name` for a food a row names below the printed classes.
    pub code: String,
    /// Name as printed.
    pub name: String,
    /// Name with its explanatory bracket, where the standard prints one.
    pub full: String,
    /// Where the node comes from: `annex`, `printed` (in a row), `tables`, `project judgement`.
    pub origin: String,
    parents: Vec<NodeIx>,
}

/// The classes of one standard.
#[derive(Debug, Default)]
pub struct Tree {
    /// Name of the tree, e.g. `gb2762`.
    pub name: String,
    nodes: Vec<Node>,
    by_code: HashMap<String, NodeIx>,
    by_name: HashMap<String, NodeIx>,
    above: Vec<BTreeSet<NodeIx>>,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    parents: String,
    name: String,
    full: String,
    origin: String,
}

impl Tree {
    /// Reads a tree file (columns code, parents, name, full, origin; parents by code, space-separated).
    ///
    /// # Errors
    /// When the file is not CSV or a parent is unknown.
    pub fn read(name: &str, file: &str, text: &str) -> Result<Self, LoadError> {
        let rows: Vec<Row> = crate::load::csv_rows(file, text)?;
        let mut tree = Self { name: name.to_owned(), ..Self::default() };
        for (i, row) in rows.iter().enumerate() {
            tree.by_code.insert(row.code.clone(), i);
            tree.by_name.entry(row.name.clone()).or_insert(i);
        }
        for row in &rows {
            let parents = row
                .parents
                .split(' ')
                .filter(|p| !p.is_empty())
                .map(|p| {
                    tree.by_code.get(p).copied().ok_or_else(|| LoadError::Field {
                        file: file.to_owned(),
                        row: row.code.clone(),
                        field: "parents",
                        value: p.to_owned(),
                    })
                })
                .collect::<Result<_, _>>()?;
            tree.nodes.push(Node {
                code: row.code.clone(),
                name: row.name.clone(),
                full: row.full.clone(),
                origin: row.origin.clone(),
                parents,
            });
        }
        tree.above = (0..tree.nodes.len()).map(|n| tree.climb(n)).collect();
        Ok(tree)
    }

    fn climb(&self, from: NodeIx) -> BTreeSet<NodeIx> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(n) = open.pop() {
            if seen.insert(n) {
                open.extend(&self.nodes[n].parents);
            }
        }
        seen
    }

    /// All nodes, in file order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node with this code.
    #[must_use]
    pub fn code(&self, code: &str) -> Option<NodeIx> {
        self.by_code.get(code).copied()
    }

    /// The first node with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<NodeIx> {
        self.by_name.get(name).copied()
    }

    /// The node itself and everything it is part of.
    #[must_use]
    pub fn above(&self, node: NodeIx) -> &BTreeSet<NodeIx> {
        &self.above[node]
    }

    /// Whether `lower` lies strictly below `upper`.
    #[must_use]
    pub fn is_below(&self, lower: NodeIx, upper: NodeIx) -> bool {
        lower != upper && self.above[lower].contains(&upper)
    }

    /// `04.02.02 大米(粉)`.
    #[must_use]
    pub fn label(&self, node: NodeIx) -> String {
        let n = &self.nodes[node];
        if n.code == n.name { n.name.clone() } else { format!("{} {}", n.code, n.name) }
    }
}
