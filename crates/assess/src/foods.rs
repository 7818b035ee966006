//! Foods as surveys count them, and the place of each in the food tree of GB 2762 (`rulebook/cn/consumption/foods.toml`).

use base::Text;
use limits::{Rules, Tree};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A food of a survey.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Food {
    /// Stable name in surveys and models.
    pub id: String,
    /// Name for people.
    pub title: Text,
    /// Nodes of the tree whose samples stand for it.
    pub nodes: Vec<String>,
    /// Mean of an adult over all days, g.
    pub grams: f64,
    /// Share of days on which it is eaten.
    pub share: f64,
    /// Standard deviation of the logarithm of a portion.
    pub spread: f64,
    /// Weight of a unit of the raw commodity, g; 0 below 25 g or without units.
    pub unit: f64,
    /// Blended before it is eaten.
    pub bulked: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    basis: String,
    status: base::clock::Status,
    food: Vec<Food>,
}

/// The foods with where their figures come from.
#[derive(Debug)]
pub struct Foods {
    /// In the order of the file.
    pub all: Vec<Food>,
    /// Source of the group means.
    pub basis: String,
    /// Whether it was seen.
    pub status: base::clock::Status,
}

impl Foods {
    /// Reads the file; every node must be one of the tree.
    ///
    /// # Errors
    /// What is wrong, with the food concerned.
    pub fn read(text: &str, tree: &Tree) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| format!("consumption/foods.toml: {e}"))?;
        for food in &file.food {
            if let Some(node) = food.nodes.iter().find(|node| tree.code(node).is_none()) {
                return Err(format!("consumption/foods.toml: {}: node {node:?} is not of the tree", food.id));
            }
            if !(food.grams > 0.0 && food.share > 0.0 && food.share <= 1.0 && food.spread > 0.0) {
                return Err(format!(
                    "consumption/foods.toml: {}: grams, share and spread must be above 0",
                    food.id
                ));
            }
        }
        Ok(Self { all: file.food, basis: file.basis, status: file.status })
    }

    /// Those of the rulebook.
    ///
    /// # Panics
    /// Never: a test reads the file.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static ALL: OnceLock<Foods> = OnceLock::new();
        ALL.get_or_init(|| {
            let text = include_str!("../../../rulebook/cn/consumption/foods.toml");
            Self::read(text, tree()).unwrap_or(Self {
                all: Vec::new(),
                basis: String::new(),
                status: base::clock::Status::Unverified,
            })
        })
    }

    /// A food by its id or one of its names.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Food> {
        self.all.iter().find(|f| f.id == name || f.title.zh == name || f.title.en == name)
    }

    /// The food that a food's name belongs to by its place in the tree: the one with the deepest node above it.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&Food> {
        if let Some(food) = self.named(name) {
            return Some(food);
        }
        let rules = Rules::builtin();
        let index = rules.trees().iter().position(|t| t.name == TREE)?;
        let found = rules.foods().resolve(name, rules.trees());
        let position = found.positions.get(index)?.as_ref()?;
        let tree = &rules.trees()[index];
        let deepest = |food: &Food| {
            let nodes = food.nodes.iter().filter_map(|code| tree.code(code));
            nodes.filter(|node| position.closure.contains(node)).map(|node| tree.above(node).len()).max()
        };
        let fits = self.all.iter().filter_map(|food| Some((deepest(food)?, food)));
        // the first of equal depth, so that the order of the file decides
        fits.fold(None, |best: Option<(usize, &Food)>, one| match best {
            Some(best) if best.0 >= one.0 => Some(best),
            _ => Some(one),
        })
        .map(|(_, food)| food)
    }
}

/// The tree that foods are placed in.
const TREE: &str = "gb2762";

fn tree() -> &'static Tree {
    let trees = Rules::builtin().trees();
    trees.iter().find(|t| t.name == TREE).unwrap_or(&trees[0])
}

/// Places of names that were asked for before.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<String, Option<&'static Food>>);

impl Places {
    pub(crate) fn of(&mut self, name: &str) -> Option<&'static Food> {
        if let Some(found) = self.0.get(name) {
            return *found;
        }
        let found = Foods::builtin().place(name);
        self.0.insert(name.to_owned(), found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_its_nodes_are_of_the_tree() {
        let text = include_str!("../../../rulebook/cn/consumption/foods.toml");
        assert!(Foods::read(text, tree()).unwrap().all.len() > 20);
        let wrong = text.replace("\"04.01.03\"", "\"99.99\"");
        assert!(Foods::read(&wrong, tree()).unwrap_err().contains("wheat"));
    }

    #[test]
    fn a_sample_belongs_to_the_deepest_food_above_it() {
        for (name, id) in [
            ("挂面", Some("wheat")),
            ("大米", Some("rice")),
            ("大白菜", Some("leafy")),
            ("苹果", Some("fruit")),
            ("羊肉", Some("meat")),
            ("菜籽油", Some("oil")),
            ("巴氏杀菌乳", Some("milk")),
            ("rice", Some("rice")),
            ("水泥", None),
        ] {
            assert_eq!(Foods::builtin().place(name).map(|f| f.id.as_str()), id, "{name}");
        }
    }
}
