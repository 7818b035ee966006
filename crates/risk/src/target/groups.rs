//! The record of others alike: of the same name, chain, address, street or kind, and of those who share a word of their name.

use super::features::{Builder, Effect, Finding};
use super::roles::Roles;
use super::visits::{Visit, Visits};
use std::collections::{BTreeMap, HashMap};

/// From how many spellings on a text column is one of names, whose words say something.
const NAMES: usize = 40;

/// A text column in one form: as it stands, or without digits (chains without shop numbers, streets without house numbers).
pub(super) struct Grouping {
    name: String,
    of: Vec<Option<u32>>,
    column: usize,
}

/// The words of a text: letters only.
fn words(text: &str) -> Vec<String> {
    let bare: String = text.chars().filter(|c| c.is_alphabetic() || *c == ' ').collect();
    bare.split_whitespace().map(ToOwned::to_owned).collect()
}

fn numbered(spellings: &[String], form: &dyn Fn(&str) -> Option<String>) -> Vec<Option<u32>> {
    let mut known = BTreeMap::new();
    let number = |text: &String| {
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        form(text).map(|t| *known.entry(t).or_insert(next))
    };
    spellings.iter().map(number).collect()
}

pub(super) fn groupings(visits: &Visits, roles: &Roles) -> Vec<Grouping> {
    let mut out = Vec::new();
    for (column, name) in roles.texts.iter().enumerate() {
        let spellings = &visits.spellings[column];
        // only groups that join several places say anything beyond the place itself
        let mut places: HashMap<u32, u32> = HashMap::new();
        let joins = visits
            .past
            .iter()
            .any(|v| v.texts[column].is_some_and(|t| *places.entry(t).or_insert(v.place) != v.place));
        if joins {
            let of = numbered(spellings, &|s| Some(s.to_owned()));
            out.push(Grouping { name: name.clone(), of, column });
        }
        if spellings.len() > NAMES {
            let bare = numbered(spellings, &|s| Some(words(s).join(" ")).filter(|t| t.len() > 2));
            out.push(Grouping { name: format!("{name} (words)"), of: bare, column });
        }
    }
    out
}

/// What is known of several places together: whether something was found, and every result.
#[derive(Debug, Clone, Default)]
struct Record {
    found: Effect,
    results: Vec<Effect>,
    visits: u32,
}

impl Record {
    fn add(&mut self, finding: &Finding) {
        self.found.add(finding.residual, finding.weight);
        self.results.resize(finding.results.len(), Effect::default());
        for (sum, value) in self.results.iter_mut().zip(&finding.results).filter(|(_, v)| v.is_finite()) {
            sum.add(*value, 1.0);
        }
        self.visits += 1;
    }

    /// Without what one place of them adds; `None` when nothing is left.
    fn without(&self, own: Option<&Self>) -> Option<Self> {
        let Some(own) = own else { return Some(self.clone()) };
        (self.visits > own.visits).then(|| Self {
            found: self.found.less(own.found),
            results: self.results.iter().zip(&own.results).map(|(a, b)| a.less(*b)).collect(),
            visits: self.visits - own.visits,
        })
    }
}

/// Records of groups, of all their places and of each.
#[derive(Default)]
struct Records {
    whole: HashMap<u32, Record>,
    own: HashMap<(u32, u32), Record>,
}

impl Records {
    fn add(&mut self, group: u32, place: u32, finding: &Finding) {
        self.whole.entry(group).or_default().add(finding);
        self.own.entry((group, place)).or_default().add(finding);
    }

    fn others(&self, group: u32, place: u32) -> Option<Record> {
        self.whole.get(&group)?.without(self.own.get(&(group, place)))
    }
}

/// Goes through the wanted visits by cut-off and gives each the records as they stood then.
fn in_order(
    past: &[Visit],
    wanted: &[(&Visit, i32)],
    findings: &[Finding],
    groups: &dyn Fn(&Visit) -> Vec<u32>,
    mut each: impl FnMut(usize, &[Record]),
) {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|i| wanted[*i].1);
    let mut records = Records::default();
    let mut next = 0;
    for i in order {
        let (visit, cut) = wanted[i];
        while next < past.len() && past[next].day < cut {
            for g in groups(&past[next]) {
                records.add(g, past[next].place, &findings[next]);
            }
            next += 1;
        }
        let known: Vec<Record> =
            groups(visit).into_iter().filter_map(|g| records.others(g, visit.place)).collect();
        each(i, &known);
    }
}

/// What was found at others of the same group.
pub(super) fn group_record(
    table: &mut Builder,
    past: &[Visit],
    wanted: &[(&Visit, i32)],
    findings: &[Finding],
    grouping: &Grouping,
    results: &[String],
) {
    let group = |v: &Visit| -> Vec<u32> {
        let of = v.texts[grouping.column].and_then(|t| grouping.of.get(t as usize).copied().flatten());
        of.into_iter().collect()
    };
    let (mut effects, mut counts) = (vec![0.0; wanted.len()], vec![0.0; wanted.len()]);
    let mut means = vec![vec![0.0; wanted.len()]; results.len()];
    in_order(past, wanted, findings, &group, |i, known| {
        let Some(others) = known.first() else { return };
        effects[i] = others.found.shrunk(1.5);
        counts[i] = f64::from(others.visits).ln_1p();
        for (mean, sum) in means.iter_mut().zip(&others.results) {
            mean[i] = sum.shrunk(4.0);
        }
    });
    let name = &grouping.name;
    table.add(&format!("others of the same {name}"), 0, effects.into_iter());
    table.add(&format!("how many others of the same {name}"), 0, counts.into_iter());
    for (mean, result) in means.into_iter().zip(results) {
        table.add(&format!("{result} of others of the same {name}"), 0, mean.into_iter());
    }
}

/// What was found at others that share a word of a name: added up over the words, and at the worst and the best of them. A new
/// place without a record of its own or of its chain is known by nothing else.
pub(super) fn word_record(
    table: &mut Builder,
    visits: &Visits,
    wanted: &[(&Visit, i32)],
    findings: &[Finding],
    column: usize,
    roles: &Roles,
) {
    let spellings = &visits.spellings[column];
    if spellings.len() <= NAMES {
        return;
    }
    let mut known = BTreeMap::new();
    let of: Vec<Vec<u32>> = spellings
        .iter()
        .map(|s| {
            let mut list: Vec<u32> = words(s)
                .into_iter()
                .filter(|w| w.len() > 2)
                .map(|w| {
                    let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                    *known.entry(w).or_insert(next)
                })
                .collect();
            list.sort_unstable();
            list.dedup();
            list
        })
        .collect();
    // names of one word are groups already
    if of.iter().all(|w| w.len() < 2) {
        return;
    }
    let groups = |v: &Visit| v.texts[column].map_or_else(Vec::new, |t| of[t as usize].clone());
    let mut found = vec![vec![0.0; wanted.len()]; 3];
    let mut means = vec![vec![0.0; wanted.len()]; roles.results.len()];
    in_order(&visits.past, wanted, findings, &groups, |i, known| {
        for record in known {
            let effect = record.found.shrunk(1.5);
            found[0][i] += effect;
            found[1][i] = f64::max(found[1][i], effect);
            found[2][i] = f64::min(found[2][i], effect);
            for (mean, sum) in means.iter_mut().zip(&record.results) {
                mean[i] += sum.shrunk(8.0);
            }
        }
    });
    let name = &roles.texts[column];
    for (values, phrase) in found.into_iter().zip(["", "worst ", "best "]) {
        table.add(&format!("others with a {phrase}word of the {name}"), 0, values.into_iter());
    }
    for (mean, result) in means.into_iter().zip(&roles.results) {
        table.add(&format!("{result} of others with a word of the {name}"), 0, mean.into_iter());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_its_only_place_tells_nothing_of_it() {
        let finding = |residual: f64| Finding {
            residual,
            weight: 0.09,
            chance: 0.1,
            results: vec![residual, f64::NAN],
        };
        let mut records = Records::default();
        for residual in [0.9, -0.1, -0.1, 0.9, -0.1] {
            records.add(7, 1, &finding(residual));
        }
        // not even the rounding that is left of equal sums, which would tell the label
        assert!(records.others(7, 1).is_none() && records.others(8, 1).is_none());
        records.add(7, 2, &finding(0.9));
        let others = records.others(7, 1).unwrap();
        assert_eq!(others.visits, 1);
        assert!((others.found.shrunk(1.5) - 0.9 / 1.59).abs() < 1e-12);
        assert!((others.results[0].shrunk(4.0) - 0.9 / 5.0).abs() < 1e-12);
        assert!(others.results[1].shrunk(4.0).abs() < 1e-12);
        assert_eq!(records.others(7, 3).unwrap().visits, 6);
    }

    #[test]
    fn words_are_letters_only_whatever_the_script() {
        assert_eq!(words("JOE'S FISH #2 & CO"), ["JOES", "FISH", "CO"]);
        assert_eq!(words("兰州 牛肉面 3号"), ["兰州", "牛肉面", "号"]);
    }
}
