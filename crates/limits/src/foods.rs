//! From people's words to positions in the food trees: market names, product forms, facts in brackets.

mod read;

use crate::facts::{Fact, Facts};
use crate::judge::LONGEST_FOOD;
use crate::number;
use crate::tree::{NodeIx, Tree};
use crate::wording;
use base::Text;
use std::collections::{BTreeSet, HashMap};

/// How sure a placement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// By the head noun of a longer name.
    Likely,
    /// By a name in the tables.
    Named,
    /// Fixed by a person.
    Stated,
}

/// A position in one food tree.
#[derive(Debug, Clone)]
pub struct Position {
    /// The most specific classes (a product may sit in several: dried, and of a species).
    pub nodes: Vec<NodeIx>,
    /// The nodes and everything above them.
    pub closure: BTreeSet<NodeIx>,
    /// A definite food: in no finer class than those given. A class name is not definite.
    pub definite: bool,
    /// For dried goods, the classes of the fresh food.
    pub fresh: Vec<NodeIx>,
    /// Classes the text states beside those of its name, though no food is in both.
    pub rivals: Vec<NodeIx>,
    /// How sure.
    pub confidence: Confidence,
    /// The name that matched and on whose authority.
    pub evidence: Text,
}

/// What a food text says.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// One position per tree, in the order of the trees; absent when the food cannot be placed there.
    pub positions: Vec<Option<Position>>,
    /// Facts stated in the text.
    pub facts: Facts,
}

#[derive(Debug, Clone)]
struct Entry {
    nodes: Vec<NodeIx>,
    definite: bool,
    facts: Facts,
    fresh: Vec<NodeIx>,
    synonyms: usize,
    authority: String,
}

/// What a class in brackets says of a food whose name is placed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bearing {
    /// Nothing that moves it.
    Agrees,
    /// The food is a product of what the name says.
    Product,
    /// No food is in both classes.
    Contradicts,
}

#[derive(Debug)]
struct Form {
    under: NodeIx,
    /// `under` is a class of raw food.
    raw: bool,
    form: String,
    nodes: Vec<NodeIx>,
}

/// The names of foods.
#[derive(Debug, Default)]
pub struct Foods {
    names: HashMap<String, Entry>,
    groups: Vec<Vec<String>>,
    /// Names in the other trees, by tree.
    others: Vec<HashMap<String, Named>>,
    forms: Vec<Form>,
    bridges: Vec<Bridge>,
    /// English names, lower case without spaces, and the Chinese name each stands for.
    english: HashMap<String, String>,
}

/// A name in another tree than the main one.
#[derive(Debug, Clone)]
struct Named {
    node: NodeIx,
    /// Other commodities of the same name, fresh beside dried.
    rivals: Vec<NodeIx>,
    facts: Facts,
}

/// A class of the main tree that corresponds to a class of another.
#[derive(Debug)]
struct Bridge {
    from: NodeIx,
    depth: usize,
    tree: usize,
    to: Named,
}

/// Index of the contaminants tree, the one names are curated for; the others follow by name, then by bridge.
const MAIN: usize = 0;
/// Trees of raw commodities: a limit on grapes is none on grape jam.
const RAW: [&str; 2] = ["gb2763", "gb31650"];
/// For whom a food is made, where that makes it a class of its own in every standard.
const INFANTS: [&str; 4] = ["婴幼儿", "婴儿", "幼儿", "宝宝"];
/// Raw classes of the main tree that `forms.csv` has no form for.
const RAW_GRAIN: [&str; 2] = ["谷物", "谷物碾磨加工品"];

impl Foods {
    /// How many names are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no name is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Places a food text in every tree and reads the facts it states. A text longer than 200 characters names no food.
    #[must_use]
    pub fn resolve(&self, text: &str, trees: &[Tree]) -> Resolution {
        let text = if text.chars().nth(LONGEST_FOOD).is_some() { "" } else { text };
        let mut text = number::plain(text).replace(' ', "");
        if let Some(name) = self.english.get(&text.to_ascii_lowercase()) {
            text.clone_from(name);
        } else if !self.names.contains_key(&text) {
            text = wording::simplified(&text).replace('[', "(").replace(']', ")");
        }
        let (head, brackets) = number::brackets(&text);
        let head = wording::ungraded(&head).to_owned();
        let mut facts = Facts::default();
        for inner in &brackets {
            wording::learn(inner, &mut facts);
        }
        wording::learn_head(&head, &mut facts);
        // one bracket may hold several facts: `干制,脱水率90%`
        let brackets: Vec<String> = brackets
            .iter()
            .flat_map(|b| std::iter::once(b.as_str()).chain(wording::stated(b)))
            .map(str::to_owned)
            .collect();
        let (main, made) = self.place(&trees[MAIN], &text, &head, &brackets, &mut facts);
        let mut positions: Vec<Option<Position>> = Vec::with_capacity(trees.len());
        for (ix, tree) in trees.iter().enumerate() {
            let words = Words { text: &text, head: &head, brackets: &brackets, made };
            let found =
                if ix == MAIN { None } else { self.elsewhere(ix, tree, &words, main.as_ref(), &mut facts) };
            positions.push(found);
        }
        positions[MAIN] = main;
        Resolution { positions, facts }
    }

    /// The position in the main tree, and whether the brackets make another food of what the name says.
    fn place(
        &self,
        tree: &Tree,
        text: &str,
        head: &str,
        brackets: &[String],
        facts: &mut Facts,
    ) -> (Option<Position>, bool) {
        let hints: Vec<(&str, &Entry)> =
            brackets.iter().filter_map(|b| Some((b.as_str(), self.names.get(b.as_str())?))).collect();
        if let Some((entry, name, how)) = self.find(text, head) {
            // The bracket outweighs a guess by head noun, and refines a class.
            let refined = hints.iter().find(|(_, h)| {
                h.nodes.iter().any(|n| entry.nodes.iter().any(|e| tree.is_below(*n, *e)))
                    || (how == Confidence::Likely && !h.nodes.is_empty() && h.definite)
            });
            let position = self.position(tree, entry, name, how);
            let made = if self.names.contains_key(text) {
                None
            } else {
                brackets
                    .iter()
                    .filter_map(|b| wording::process(b))
                    .chain(wording::is_dried(facts).then_some("dried"))
                    .find_map(|form| Some((form, self.formed(tree, &position, form, text)?)))
            };
            if let Some((form, made)) = made {
                if form == "dried" {
                    facts.learn(Fact::State, "dried");
                }
                return (Some(made), true);
            }
            let bearing = |b: Bearing| {
                let own = |(name, h): &&(&str, &Entry)| self.bearing(tree, head, entry, name, h) == b;
                hints.iter().find(own).filter(|_| refined.is_none() && !self.names.contains_key(text))
            };
            if let Some((name, product)) = bearing(Bearing::Product) {
                learn_all(facts, &product.facts);
                return (Some(self.position(tree, product, name, Confidence::Named)), true);
            }
            let chosen = refined.map_or(entry, |(_, h)| *h);
            let mut position =
                self.position(tree, chosen, name, if refined.is_some() { Confidence::Named } else { how });
            if let Some((said, rival)) = bearing(Bearing::Contradicts) {
                position.rivals.clone_from(&rival.nodes);
                position.evidence = Text::new(
                    format!("{};括号内称“{said}”,与名称矛盾", position.evidence.zh),
                    format!(
                        "{}; the bracket says “{said}”, which contradicts the name",
                        position.evidence.en
                    ),
                );
            }
            learn_all(facts, &chosen.facts);
            if !(how == Confidence::Likely && refined.is_none()) {
                return (Some(position), false);
            }
            let formed = wording::form(head).and_then(|(form, base)| self.form_of(tree, form, base, facts));
            return (Some(formed.unwrap_or(position)), false);
        }
        if let Some((form, base)) = wording::form(head)
            && let Some(formed) = self.form_of(tree, form, base, facts)
        {
            return (Some(formed), false);
        }
        let Some((_, entry)) = hints.first() else { return (None, false) };
        learn_all(facts, &entry.facts);
        (Some(self.position(tree, entry, head, Confidence::Likely)), false)
    }

    /// What a class in brackets says of a food its name has placed.
    fn bearing(&self, tree: &Tree, head: &str, entry: &Entry, said: &str, hint: &Entry) -> Bearing {
        let related = |a: &NodeIx, b: &NodeIx| a == b || tree.is_below(*a, *b) || tree.is_below(*b, *a);
        if hint.nodes.iter().any(|h| entry.nodes.iter().any(|e| related(h, e))) || hint.nodes.is_empty() {
            return Bearing::Agrees;
        }
        let raw = |e: &Entry| {
            let above = closure(tree, &e.nodes);
            self.forms.iter().any(|f| f.raw && above.contains(&f.under))
                || RAW_GRAIN.iter().any(|n| tree.named(n).is_some_and(|n| above.contains(&n)))
        };
        let top =
            |e: &Entry| e.nodes.first().map(|n| tree.nodes()[*n].code.chars().take(2).collect::<String>());
        let class = |name: &str| tree.named(name).is_some();
        let same_group = top(entry) == top(hint);
        match (raw(entry), raw(hint)) {
            (true, true) if class(said) => Bearing::Contradicts,
            (_, true) => Bearing::Agrees, // what it is made of
            _ if same_group && class(head) && class(said) => Bearing::Contradicts,
            _ if same_group => Bearing::Product,
            // products of other raw foods are no products of this one
            _ if class(said) && !self.made_of_raw(tree, hint) => Bearing::Product,
            _ => Bearing::Agrees,
        }
    }

    /// Whether a class lies beside a raw class: vegetable products beside fresh vegetables.
    fn made_of_raw(&self, tree: &Tree, entry: &Entry) -> bool {
        let above = closure(tree, &entry.nodes);
        self.forms.iter().filter(|f| f.raw).any(|f| {
            tree.above(f.under).iter().any(|n| tree.nodes()[*n].code.len() == 2 && above.contains(n))
        })
    }

    fn form_of(&self, tree: &Tree, form: &str, base: &str, facts: &mut Facts) -> Option<Position> {
        let (entry, name, how) = self.find(base, base)?;
        let formed = self.formed(tree, &self.position(tree, entry, name, how), form, base)?;
        if form == "dried" {
            facts.learn(Fact::State, "dried");
        }
        Some(formed)
    }

    /// By the whole text, the head, the head without a word of freshness, else the longest known ending.
    fn find<'a>(&'a self, text: &str, head: &'a str) -> Option<(&'a Entry, &'a str, Confidence)> {
        if let Some((name, entry)) = self.names.get_key_value(text) {
            return Some((entry, name, Confidence::Named));
        }
        if let Some(entry) = self.names.get(head) {
            return Some((entry, head, Confidence::Named));
        }
        for word in wording::FRESH {
            if let Some(rest) = head.strip_prefix(word)
                && let Some(entry) = self.names.get(rest)
            {
                return Some((entry, rest, Confidence::Named));
            }
        }
        if let Some((form, _)) = wording::form(head)
            && matches!(form, "dried" | "canned")
        {
            return None; // 「干牛肝菌」 must not be read as fresh 「牛肝菌」
        }
        endings(head)
            .filter(|rest| rest.chars().count() > 1)
            .find_map(|rest| self.names.get_key_value(&rest))
            .map(|(name, entry)| (entry, name.as_str(), Confidence::Likely))
    }

    fn position(&self, tree: &Tree, entry: &Entry, name: &str, confidence: Confidence) -> Position {
        let zh = match confidence {
            Confidence::Likely => format!("按中心词“{name}”归类({})", entry.authority),
            _ => format!("按名称“{name}”归类({})", entry.authority),
        };
        let en = match confidence {
            Confidence::Likely => format!("placed by the head noun “{name}” ({})", entry.authority),
            _ => format!("placed by the name “{name}” ({})", entry.authority),
        };
        Position {
            closure: closure(tree, &entry.nodes),
            nodes: entry.nodes.clone(),
            definite: entry.definite,
            fresh: entry.fresh.clone(),
            rivals: Vec::new(),
            confidence,
            evidence: Text::new(zh, en),
        }
    }

    /// The product class of a fresh food in a form, the species' own product class included.
    fn formed(&self, tree: &Tree, base: &Position, form: &str, text: &str) -> Option<Position> {
        let row = self
            .forms
            .iter()
            .filter(|f| f.form == form && base.closure.contains(&f.under))
            .max_by_key(|f| tree.above(f.under).len())?;
        let mut nodes = row.nodes.clone();
        nodes.extend(
            base.closure.iter().filter_map(|n| tree.named(&format!("{}制品", tree.nodes()[*n].name))),
        );
        if form == "canned" && base.closure.iter().any(|n| tree.nodes()[*n].name == "鱼类") {
            nodes.extend(tree.named("鱼类罐头"));
        }
        let lower: Vec<NodeIx> =
            nodes.iter().copied().filter(|n| !nodes.iter().any(|o| tree.is_below(*o, *n))).collect();
        Some(Position {
            closure: closure(tree, &lower),
            nodes: lower,
            definite: base.definite,
            fresh: if form == "dried" { base.nodes.clone() } else { Vec::new() },
            rivals: Vec::new(),
            confidence: base.confidence,
            evidence: Text::new(
                format!("“{text}”为{}的制品", base.evidence.zh),
                format!("“{text}” is a product of a food {}", base.evidence.en),
            ),
        })
    }

    /// The position in another tree: by name, by the ending of the name, else by bridge from the main tree.
    fn elsewhere(
        &self,
        ix: usize,
        tree: &Tree,
        words: &Words<'_>,
        main: Option<&Position>,
        facts: &mut Facts,
    ) -> Option<Position> {
        let Words { text, head, brackets, made } = *words;
        let known = &self.others[ix];
        let raw = RAW.contains(&tree.name.as_str());
        // Synonyms are names of one species; of prepared foods they are only alike.
        let by_group = |name: &str| {
            let entry = self.names.get(name).filter(|_| raw)?;
            self.groups[entry.synonyms].iter().find_map(|s| known.get(s))
        };
        // a raw commodity's name says nothing of what is made of it; its dried form may be a commodity too
        if raw && made {
            let dried = (facts.get(Fact::State) == Some("dried"))
                .then(|| known.get(&format!("{head}(干)")))
                .flatten();
            return match dried {
                Some(named) => Some(named_position(tree, named, Confidence::Named, facts)),
                None => self.bridged(ix, tree, main?, facts),
            };
        }
        let bare = wording::FRESH.iter().find_map(|w| head.strip_prefix(w));
        // fresh and dried are commodities of their own: 枸杞(干,特级) is 枸杞(干)
        let state = brackets.iter().find_map(|b| wording::state(b)).filter(|_| raw);
        let exact = known
            .get(text)
            .or_else(|| known.get(&format!("{head}({})", state?)))
            .or_else(|| brackets.iter().find_map(|b| known.get(b.as_str())))
            .or_else(|| known.get(head))
            .or_else(|| by_group(head))
            .or_else(|| brackets.iter().find_map(|b| by_group(b)))
            .or_else(|| bare.and_then(|b| known.get(b).or_else(|| by_group(b))));
        let by_ending = || {
            // Only raw commodities are raw: a limit on grapes is none on grape jam.
            if head.is_ascii()
                || (raw && (main.is_some_and(|m| !m.fresh.is_empty()) || wording::form(head).is_some()))
            {
                return None;
            }
            std::iter::once(head)
                .chain(brackets.iter().map(String::as_str))
                .flat_map(endings)
                .filter(|rest| raw || rest.chars().count() > 1)
                .find_map(|rest| known.get(&rest).or_else(|| by_group(&rest)))
        };
        let (named, confidence) = match exact {
            Some(named) => (named, Confidence::Named),
            None => match by_ending() {
                Some(named) => (named, Confidence::Likely),
                None => return self.bridged(ix, tree, main?, facts),
            },
        };
        Some(named_position(tree, named, confidence, facts))
    }

    /// By the most specific class of the main tree that corresponds to one of this tree.
    fn bridged(&self, ix: usize, tree: &Tree, main: &Position, facts: &mut Facts) -> Option<Position> {
        let bridge = self
            .bridges
            .iter()
            .filter(|b| b.tree == ix && main.closure.contains(&b.from))
            .max_by_key(|b| (b.depth, b.to.node))?;
        for (fact, value) in &bridge.to.facts.0 {
            facts.learn(*fact, value.clone());
        }
        Some(Position {
            nodes: vec![bridge.to.node],
            closure: tree.above(bridge.to.node).clone(),
            // The other tree may divide the class further.
            definite: false,
            fresh: Vec::new(),
            rivals: Vec::new(),
            ..main.clone()
        })
    }
}

/// The endings of a compound, longest first; none of an English word, whose end is no word: there is no rice in liquorice. What is
/// made for infants stays so: of 婴幼儿小米米粉 the ending 婴幼儿米粉 counts, not 米粉.
fn endings(text: &str) -> impl Iterator<Item = String> + use<'_> {
    let kept = INFANTS.into_iter().find(|w| text.starts_with(w)).unwrap_or_default();
    let rest = if text.is_ascii() { "" } else { &text[kept.len()..] };
    rest.char_indices().skip(usize::from(kept.is_empty())).map(move |(i, _)| format!("{kept}{}", &rest[i..]))
}

/// An English name as it is looked up.
fn english(name: &str) -> String {
    number::plain(name).replace(' ', "").to_ascii_lowercase()
}

/// The position of a name of another tree.
fn named_position(tree: &Tree, named: &Named, confidence: Confidence, facts: &mut Facts) -> Position {
    learn_all(facts, &named.facts);
    let node = named.node;
    let (label, origin) = (tree.label(node), &tree.nodes()[node].origin);
    Position {
        nodes: vec![node],
        closure: tree.above(node).clone(),
        definite: false,
        fresh: Vec::new(),
        rivals: named.rivals.clone(),
        confidence,
        evidence: Text::new(
            format!("按名称对应“{label}”({origin})"),
            format!("“{label}” by name ({origin})"),
        ),
    }
}

/// A food text taken apart.
struct Words<'t> {
    text: &'t str,
    head: &'t str,
    brackets: &'t [String],
    /// The brackets make another food of what the head says.
    made: bool,
}

/// Adds facts to those known.
fn learn_all(facts: &mut Facts, more: &Facts) {
    for (fact, value) in &more.0 {
        facts.learn(*fact, value.clone());
    }
}

pub(crate) fn closure(tree: &Tree, nodes: &[NodeIx]) -> BTreeSet<NodeIx> {
    nodes.iter().flat_map(|n| tree.above(*n).iter().copied()).collect()
}
