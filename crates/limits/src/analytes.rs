//! Names of analytes: Chinese, English, CAS numbers, the wording of bulletins, sums with their parts.

use crate::error::LoadError;
use crate::facts::{Fact, Facts};
use crate::load::csv_rows;
use crate::number::{self, Reading};
use crate::wording;
use serde::Deserialize;
use std::collections::HashMap;

/// An analyte as the engine understands a label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analyte {
    /// Canonical name, or the cleaned label when it is unknown.
    pub name: String,
    /// Whether the name is in the synonym list.
    pub known: bool,
    /// Parts of a sum: name and value as written.
    pub parts: Vec<(String, String)>,
    /// The label says the value is a sum or expressed as one substance (以…计, 之和, 总量).
    pub summed: bool,
    /// A sum of ratios to the maximum use levels (比例之和).
    pub ratio: bool,
    /// The basis named in the label (以NO2-计, 以亚硝酸钠计), normalised.
    pub expressed_as: String,
    /// Facts the label states (干重计).
    pub facts: Facts,
}

#[derive(Deserialize)]
struct Row {
    analyte: String,
    cas: String,
    names: String,
}

/// The synonym list.
#[derive(Debug, Default)]
pub struct Analytes {
    names: HashMap<String, String>,
    english: HashMap<String, String>,
}

impl Analytes {
    /// Reads the synonym file (columns analyte, cas, names separated by `|`).
    ///
    /// # Errors
    /// When the file is not CSV.
    pub fn read(file: &str, text: &str) -> Result<Self, LoadError> {
        let mut out = Self::default();
        for row in csv_rows::<Row>(file, text)? {
            for name in std::iter::once(row.analyte.as_str())
                .chain((!row.cas.is_empty()).then_some(row.cas.as_str()))
                .chain(row.names.split('|').filter(|n| !n.is_empty()))
            {
                out.names.entry(key(name)).or_insert_with(|| row.analyte.clone());
            }
            // the first name that is a word, not a symbol
            let word = |n: &&str| n.len() > 3 && n.is_ascii() && n.chars().any(|c| c.is_ascii_lowercase());
            if let Some(word) = row.names.split('|').find(word) {
                out.english.insert(row.analyte.clone(), word.to_owned());
            }
        }
        Ok(out)
    }

    /// The English name of an analyte as a laboratory writes it, where the list has one.
    #[must_use]
    pub fn english(&self, label: &str) -> Option<&str> {
        self.english.get(&self.resolve(label).name).map(String::as_str)
    }

    /// The canonical name of an analyte an edition prints, learnt with its other names when it is new.
    pub(crate) fn learn(&mut self, printed: &str, others: &[&str]) -> String {
        let name = self.canonical(printed).unwrap_or(printed).to_owned();
        for term in others.iter().filter(|t| !t.is_empty()).chain(std::iter::once(&printed)) {
            self.names.entry(key(term)).or_insert_with(|| name.clone());
        }
        if let Some(english) = others.first().filter(|e| !e.is_empty()) {
            self.english.entry(name.clone()).or_insert_with(|| (*english).to_owned());
        }
        name
    }

    /// The canonical name of one term.
    #[must_use]
    pub fn canonical(&self, term: &str) -> Option<&str> {
        let key = key(term);
        self.names.get(&key).or_else(|| self.names.get(&wording::simplified(&key))).map(String::as_str)
    }

    /// Reads a label as laboratories write it.
    #[must_use]
    pub fn resolve(&self, label: &str) -> Analyte {
        let text = number::plain(label);
        // A unit printed into the label, a colon left over from a form.
        let bare = text.trim_start_matches(':');
        let bare = ["μg/kg", "mg/kg", "g/kg"].iter().find_map(|u| bare.strip_suffix(u)).unwrap_or(bare);
        let text = bare.trim().to_owned();
        if text.contains("比例之和") {
            return Analyte { name: text, known: true, ratio: true, summed: true, ..Analyte::default() };
        }
        if let Some(name) = self.canonical(&text) {
            return Analyte { name: name.to_owned(), known: true, ..Analyte::default() };
        }
        if let Some(sum) = self.congeners(&text).or_else(|| self.components(&text)) {
            return sum;
        }
        let (head, brackets) = number::brackets(&text);
        let mut out =
            Analyte { summed: text.contains("之和") || text.contains("总量"), ..Analyte::default() };
        for inner in &brackets {
            let inner = inner.trim();
            if inner.contains("干重") || inner.contains("干样") || inner.contains("干基") {
                out.facts.learn(Fact::Basis, "dry");
            } else if inner.contains("湿重") || inner.contains("鲜重") {
                out.facts.learn(Fact::Basis, "wet");
            } else if let Some(basis) = inner.strip_prefix('以').and_then(|t| t.strip_suffix('计')) {
                out.expressed_as = basis.to_owned();
            }
        }
        let head = strip_plan(&head);
        let name = self
            .canonical(&head)
            .or_else(|| head.split(['(', '/']).find_map(|t| self.canonical(t)))
            .or_else(|| head.strip_suffix("残留量").and_then(|t| self.canonical(t.trim_end_matches('的'))))
            .or_else(|| head.strip_suffix("含量").and_then(|t| self.canonical(t)))
            .or_else(|| brackets.iter().find_map(|b| self.canonical(b)));
        out.known = name.is_some();
        out.name = name.map_or(head.clone(), str::to_owned);
        out
    }

    /// `PCB28=3;PCB52=2;…`
    fn congeners(&self, text: &str) -> Option<Analyte> {
        let mut parts = Vec::new();
        for item in text.split([';', ',', '|']).filter(|t| !t.trim().is_empty()) {
            let (name, value) = item.split_once(['=', ':'])?;
            parts.push((name.trim().to_uppercase(), part(value)?));
        }
        if parts.len() < 2 {
            return None;
        }
        let pcb = parts.iter().all(|(n, _)| n.starts_with("PCB"));
        let name = if pcb { "多氯联苯".to_owned() } else { self.canonical(&parts[0].0)?.to_owned() };
        Some(Analyte { name, known: true, parts, summed: true, ..Analyte::default() })
    }

    /// `吡虫啉 0.06 + 含6-氯-吡啶基代谢物 0.05(以吡虫啉计)`
    fn components(&self, text: &str) -> Option<Analyte> {
        let (body, brackets) = number::brackets(text);
        let items: Vec<&str> = body.split('+').map(str::trim).collect();
        if items.len() < 2 {
            return None;
        }
        let mut parts = Vec::new();
        for item in items {
            let cut = item.rfind([' ', '=', ':'])?;
            parts.push((item[..cut].trim().to_owned(), part(&item[cut + 1..])?));
        }
        let stated = brackets.iter().find_map(|b| {
            b.strip_prefix('以')?.strip_suffix('计').or_else(|| b.strip_prefix('以')?.strip_suffix("表示"))
        });
        let name = stated
            .and_then(|n| self.canonical(n))
            .or_else(|| parts.iter().find_map(|(n, _)| self.canonical(n)))?
            .to_owned();
        let expressed_as = stated.unwrap_or_default().to_owned();
        Some(Analyte { name, known: true, parts, summed: true, expressed_as, ..Analyte::default() })
    }
}

/// The value of a part: a number, `ND` or `<` a number.
fn part(text: &str) -> Option<String> {
    let text = text.trim();
    let usable = matches!(
        number::reading(text),
        Reading::Exact(_) | Reading::NotDetected(_) | Reading::Below(_) | Reading::AtMost(_)
    );
    usable.then(|| text.to_owned())
}

/// `金黄色葡萄球菌 n=5` → `金黄色葡萄球菌`
fn strip_plan(text: &str) -> String {
    text.split(' ').filter(|w| !w.starts_with("n=") && !w.starts_with("c=")).collect::<Vec<_>>().join(" ")
}

fn key(text: &str) -> String {
    number::plain(text).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
