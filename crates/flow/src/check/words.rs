//! Codes and their words: what a table, an effect or a choice writes into a fact is read by people as words, never as a code.

use super::Report;
use crate::definition::Fact;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Whether a value is a code of the file, which nobody outside would read: `none`, `in_time`. Grades and levels (`A`, `II`, `1`) stand
/// in the law as they are.
fn is_code(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The facts a text prints as they are stored: `{{ facts.level }}`, not `{% if facts.level %}`.
fn printed(text: &str) -> BTreeSet<&str> {
    let blocks = text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap_or_default());
    let names = blocks.flat_map(|block| block.split("facts.").skip(1));
    let end = |name: &&str| name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    names.map(|name| &name[..end(&name)]).collect()
}

impl Report<'_> {
    /// Every code a fact may hold has words, and no paper or title prints the code.
    pub(super) fn words(&mut self) {
        let d = self.d;
        for fact in d.facts.iter().filter(|f| f.shown) {
            for code in self.codes(fact) {
                if d.words(fact, &Json::from(code.as_str())).is_none() {
                    self.say(
                        format!("fact.{}", fact.id),
                        format!("the code `{code}` has no words; add it to `options` of the fact"),
                    );
                }
            }
        }
        let titles =
            d.opening.iter().filter_map(|o| o.title.as_ref()).map(|t| ("opening.title".to_owned(), t));
        let titles = titles.chain(d.documents.iter().map(|x| (format!("document.{}.title", x.id), &x.title)));
        let titles = titles.flat_map(|(place, t)| [(place.clone(), &*t.zh), (place, &*t.en)]);
        let bodies = d.templates.iter().map(|(file, text)| (format!("templates/{file}"), text.as_str()));
        for (place, text) in titles.chain(bodies).collect::<Vec<_>>() {
            for name in printed(text) {
                let chosen = |f: &crate::Form| f.field(name).is_some_and(|f| !f.options.is_empty());
                let coded = d.fact(name).is_some_and(|f| !f.options.is_empty()) || d.forms.iter().any(chosen);
                if coded {
                    self.say(
                        &place,
                        format!("prints the code of `facts.{name}`; write `words.{name}.zh` or `.en`"),
                    );
                }
            }
        }
    }

    /// The codes tables and effects may write into a fact, and those a table expects of it.
    fn codes(&self, fact: &Fact) -> BTreeSet<String> {
        let path = format!("facts.{}", fact.id);
        let mut codes = BTreeSet::new();
        for table in &self.d.tables {
            codes.extend(table.inputs.iter().filter(|i| i.path == path).flat_map(|i| i.values.clone()));
            for (n, _) in table.outputs.iter().enumerate().filter(|(_, o)| **o == path) {
                let written = table.rows.iter().filter_map(|r| r.then.get(n)?.as_str());
                codes.extend(written.map(ToOwned::to_owned));
            }
        }
        let steps = self.d.transitions.iter().flat_map(|t| &t.effects);
        let opening = self.d.opening.iter().flat_map(|o| &o.effects);
        let set = steps.chain(opening).filter(|e| e.run == "flow.set_facts");
        let set = set.filter_map(|e| e.with.get(&fact.id)?.as_str());
        codes.extend(set.map(ToOwned::to_owned));
        codes.retain(|c| is_code(c));
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_told_from_what_is_asked() {
        let text = "{% if facts.level %}{{ facts.level }}级{% endif %} {{ words.kind.zh }} {{ facts.held_on | date_zh }}";
        assert_eq!(printed(text).into_iter().collect::<Vec<_>>(), ["held_on", "level"]);
        assert!(is_code("none") && is_code("in_time") && !is_code("II") && !is_code("1") && !is_code("A"));
    }
}
