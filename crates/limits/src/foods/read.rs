//! The names, forms and bridges of the rulebook, read into what texts are looked up in.

use super::{Bridge, Entry, Foods, Form, MAIN, Named, RAW, english};
use crate::error::LoadError;
use crate::facts::Facts;
use crate::load::{Files, csv_rows, fact_named, file};
use crate::number;
use crate::tree::{NodeIx, Tree};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct NameRow {
    nodes: String,
    kind: String,
    facts: String,
    authority: String,
    names: String,
}
#[derive(Deserialize)]
struct AliasRow {
    node: String,
    #[serde(default)]
    facts: String,
    names: String,
}
#[derive(Deserialize)]
struct EnglishRow {
    food: String,
    names: String,
}
#[derive(Deserialize)]
struct FormRow {
    under: String,
    form: String,
    nodes: String,
}
#[derive(Deserialize)]
struct BridgeRow {
    from: String,
    to_tree: String,
    to: String,
    facts: String,
}

impl Foods {
    /// Reads `names.csv`, the names of each tree, `english.csv`, `forms.csv` and `bridges.csv`.
    ///
    /// # Errors
    /// When a file is missing or names an unknown node.
    pub(crate) fn read(trees: &[Tree], files: &Files<'_>) -> Result<Self, LoadError> {
        let (main, mut out) = (&trees[MAIN], Self::default());
        let code = |source: &str, code: &str| {
            main.code(code).ok_or_else(|| LoadError::Term {
                file: source.to_owned(),
                row: code.to_owned(),
                term: code.to_owned(),
            })
        };
        let codes = |source: &str, list: &str| {
            list.split(' ').filter(|c| !c.is_empty()).map(|c| code(source, c)).collect::<Result<Vec<_>, _>>()
        };
        for row in csv_rows::<NameRow>("names.csv", file(files, "names.csv")?)? {
            let nodes = codes("names.csv", &row.nodes)?;
            let (mut facts, mut fresh) = (Facts::default(), Vec::new());
            for item in row.facts.split(';').filter(|f| !f.is_empty()) {
                match item.split_once('=') {
                    Some(("fresh", value)) => fresh = vec![code("names.csv", value)?],
                    _ => learn_fact("names.csv", &row.nodes, item, &mut facts)?,
                }
            }
            for entry in row.names.split(' ') {
                let synonyms: Vec<String> = entry.split('/').map(number::plain).collect();
                for name in &synonyms {
                    out.names.insert(
                        name.clone(),
                        Entry {
                            nodes: nodes.clone(),
                            definite: row.kind == "food",
                            facts: facts.clone(),
                            fresh: fresh.clone(),
                            synonyms: out.groups.len(),
                            authority: row.authority.clone(),
                        },
                    );
                }
                out.groups.push(synonyms);
            }
        }
        out.learn_tree(main);
        for (ix, tree) in trees.iter().enumerate() {
            let mut names: HashMap<String, Named> = HashMap::new();
            if ix != MAIN {
                for (node, n) in tree
                    .nodes()
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| n.name.chars().count() > 1 || n.code == n.name)
                {
                    names.entry(number::plain(&n.name)).or_insert(Named {
                        node,
                        rivals: Vec::new(),
                        facts: Facts::default(),
                    });
                }
                let source = format!("{}.names.csv", tree.name);
                if let Some(text) = files.get(source.as_str()) {
                    names_of(tree, &source, text, &mut names)?;
                }
            }
            out.others.push(names);
        }
        out.one_commodity_each(trees)?;
        for row in csv_rows::<EnglishRow>("english.csv", file(files, "english.csv")?)? {
            let known =
                out.find(&number::plain(&row.food), &number::brackets(&number::plain(&row.food)).0).is_some();
            if !known {
                let (file, term) = ("english.csv".to_owned(), row.food.clone());
                return Err(LoadError::Term { file, row: row.food, term });
            }
            for name in row.names.split('|') {
                out.english.insert(english(name), row.food.clone());
            }
        }
        for row in csv_rows::<FormRow>("forms.csv", file(files, "forms.csv")?)? {
            let (under, nodes) = (code("forms.csv", &row.under)?, codes("forms.csv", &row.nodes)?);
            out.forms.push(Form { under, raw: row.form != "concentrated", form: row.form, nodes });
        }
        for row in csv_rows::<BridgeRow>("bridges.csv", file(files, "bridges.csv")?)? {
            let unknown = || LoadError::Term {
                file: "bridges.csv".to_owned(),
                row: row.to_tree.clone(),
                term: row.to.clone(),
            };
            let tree = trees.iter().position(|t| t.name == row.to_tree).ok_or_else(unknown)?;
            let mut facts = Facts::default();
            for item in row.facts.split(';').filter(|f| !f.is_empty()) {
                learn_fact("bridges.csv", &row.to, item, &mut facts)?;
            }
            let to =
                Named { node: trees[tree].code(&row.to).ok_or_else(unknown)?, rivals: Vec::new(), facts };
            let from = code("bridges.csv", &row.from)?;
            out.bridges.push(Bridge { from, depth: main.above(from).len(), tree, to });
        }
        Ok(out)
    }

    /// Synonyms hand the commodity of one to all of them, so a group may name one only: 莲子 beside 核桃 would be walnuts.
    fn one_commodity_each(&self, trees: &[Tree]) -> Result<(), LoadError> {
        for (tree, known) in trees.iter().zip(&self.others).filter(|(t, _)| RAW.contains(&t.name.as_str())) {
            for group in &self.groups {
                let mut named = group.iter().filter_map(|name| known.get(name)).map(|n| n.node);
                let Some(first) = named.next() else { continue };
                let apart = |n: NodeIx| n != first && !tree.is_below(n, first) && !tree.is_below(first, n);
                if named.any(apart) {
                    return Err(LoadError::Field {
                        file: "names.csv".to_owned(),
                        row: group[0].clone(),
                        field: "names",
                        value: group.join("/"),
                    });
                }
            }
        }
        Ok(())
    }

    /// The tree's own names are classes; the foods its brackets print as examples are foods.
    fn learn_tree(&mut self, tree: &Tree) {
        for (i, node) in tree.nodes().iter().enumerate() {
            let entry = |definite: bool, group: usize| Entry {
                nodes: vec![i],
                definite,
                facts: Facts::default(),
                fresh: Vec::new(),
                synonyms: group,
                authority: "tree".to_owned(),
            };
            let mut add = |name: &str, definite: bool| {
                if name.chars().count() > 1 && !self.names.contains_key(name) {
                    self.names.insert(name.to_owned(), entry(definite, self.groups.len()));
                    self.groups.push(vec![name.to_owned()]);
                }
            };
            add(&number::plain(&node.name), false);
            let full = number::plain(&node.full);
            if let Some((_, rest)) = full.split_once("例如") {
                let rest = rest.trim_start_matches(':').trim_end_matches([')', ']']);
                for example in rest.trim_end_matches('等').split('、') {
                    add(example.trim(), true);
                }
            }
        }
    }
}

/// Reads the names of one tree's foods; a node is told by name or code.
fn names_of(
    tree: &Tree,
    source: &str,
    text: &str,
    names: &mut HashMap<String, Named>,
) -> Result<(), LoadError> {
    for row in csv_rows::<AliasRow>(source, text)? {
        let found = |name: &str| {
            tree.code(name).or_else(|| tree.named(name)).ok_or_else(|| LoadError::Term {
                file: source.to_owned(),
                row: row.node.clone(),
                term: name.to_owned(),
            })
        };
        // `枸杞(干)|枸杞(鲜)`: the name is of either, the first the usual one
        let mut nodes = row.node.split('|').map(found).collect::<Result<Vec<_>, _>>()?;
        let node = nodes.remove(0);
        let mut facts = Facts::default();
        for item in row.facts.split(';').filter(|f| !f.is_empty()) {
            learn_fact(source, &row.node, item, &mut facts)?;
        }
        for name in row.names.split(' ').filter(|n| !n.is_empty()) {
            let known = names.entry(number::plain(name)).or_insert_with(|| Named {
                node,
                rivals: Vec::new(),
                facts: Facts::default(),
            });
            if known.node == node {
                known.rivals.clone_from(&nodes);
                known.facts = facts.clone();
            }
        }
    }
    Ok(())
}

/// `fact=value` of a names file.
fn learn_fact(source: &str, row: &str, item: &str, facts: &mut Facts) -> Result<(), LoadError> {
    let known = item.split_once('=').and_then(|(name, value)| Some((fact_named(name)?, value)));
    let (fact, value) = known.ok_or_else(|| LoadError::Field {
        file: source.to_owned(),
        row: row.to_owned(),
        field: "facts",
        value: item.to_owned(),
    })?;
    facts.learn(fact, value);
    Ok(())
}
