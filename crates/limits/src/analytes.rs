//! Names of analytes: Chinese, English, CAS numbers, the wording of bulletins, sums with their parts.

use crate::error::LoadError;
use crate::facts::{Fact, Facts};
use crate::load::csv_rows;
use crate::number::{self, Reading};
use crate::wording;
use base::Decimal;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// An analyte as the engine understands a label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analyte {
    /// Canonical name, or the cleaned label when it is unknown.
    pub name: String,
    /// Whether the name is in the synonym list.
    pub known: bool,
    /// Parts of a sum: name and value as written.
    pub parts: Vec<(String, String)>,
    /// The units written behind the parts.
    pub units: Vec<String>,
    /// The label says the value is a sum or expressed as one substance (以…计, 之和, 总量).
    pub summed: bool,
    /// A sum of ratios to the maximum use levels (比例之和).
    pub ratio: bool,
    /// The one component of the sum of this name that the label reports by itself (3-羟基克百威 of 克百威).
    pub lone: Option<String>,
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
    /// The sum a component belongs to.
    sums: HashMap<String, String>,
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
        if let Some(sum) = self.parted(&text) {
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
            } else if let Some(basis) = inner.strip_prefix("as ") {
                out.expressed_as = basis.to_owned();
            } else if inner == "N" || inner.ends_with("-N") {
                out.expressed_as = "N".to_owned();
            }
        }
        let mut head = strip_plan(&head);
        // 硝酸盐氮, NO3-N: the substance, expressed as its nitrogen
        let nitrogen = ["-氮", "氮", "-N", "N"].iter().filter_map(|w| head.strip_suffix(w));
        if let Some(rest) =
            nitrogen.into_iter().find(|t| matches!(self.canonical(t), Some("硝酸盐" | "亚硝酸盐")))
        {
            (head, out.expressed_as) = (rest.to_owned(), "N".to_owned());
        }
        let name = self
            .canonical(&head)
            .or_else(|| head.split(['(', '/']).find_map(|t| self.canonical(t)))
            .or_else(|| head.strip_suffix("残留量").and_then(|t| self.canonical(t.trim_end_matches('的'))))
            .or_else(|| head.strip_suffix("含量").and_then(|t| self.canonical(t)))
            .or_else(|| brackets.iter().find_map(|b| self.canonical(b)));
        out.known = name.is_some();
        out.name = name.map_or(head.clone(), str::to_owned);
        if !out.known
            && let Some(sum) = self.sum_of(&head)
        {
            (out.known, out.name, out.lone) = (true, sum.to_owned(), Some(head));
        }
        out
    }

    /// A label that carries its parts: `PCB28=3;PCB52=2;…`, `吡虫啉 0.06 + 含6-氯-吡啶基代谢物 0.05(以吡虫啉计)`,
    /// `苯甲酸 0.6/1.0 + 山梨酸 0.5/1.0`; also one part alone, `呋虫胺 0.06`.
    fn parted(&self, text: &str) -> Option<Analyte> {
        let (body, stated) = match text.strip_suffix(')').and_then(|t| t.rsplit_once('(')) {
            Some((body, inner)) => {
                let basis = inner
                    .strip_prefix('以')
                    .and_then(|t| t.strip_suffix('计').or_else(|| t.strip_suffix("表示")));
                (if basis.is_some() { body } else { text }, basis)
            }
            None => (text, None),
        };
        // a comma may belong to a name (p,p'-滴滴涕): it is tried last
        let mut units = BTreeSet::new();
        let several = [';', '+', '|', '、', ','].into_iter().find_map(|joiner| {
            let items: Vec<&str> = body.split(joiner).map(str::trim).filter(|t| !t.is_empty()).collect();
            if items.len() < 2 {
                return None;
            }
            units = items.iter().map(|t| without_unit(t).1).filter(|u| !u.is_empty()).collect();
            items.into_iter().map(|t| one_part(without_unit(t).0)).collect::<Option<Vec<_>>>()
        });
        let units: Vec<String> = units.into_iter().map(str::to_owned).collect();
        let Some(parts) = several else {
            let (name, value) = one_part(body)?;
            // 「锌 65」 is no amount of zinc
            let amount = value.contains('.') || number::decimal(&value).is_none() || body.contains('=');
            let name = self.canonical(&name).filter(|_| amount && !value.contains('/'))?.to_owned();
            let expressed_as = stated.unwrap_or_default().to_owned();
            return Some(Analyte {
                parts: vec![(name.clone(), value)],
                name,
                known: true,
                expressed_as,
                ..Analyte::default()
            });
        };
        if parts.iter().any(|(_, value)| share(value).is_some()) {
            let all = parts.iter().all(|(_, value)| share(value).is_some());
            let name = text.to_owned();
            return all.then(|| Analyte {
                name,
                known: true,
                parts,
                summed: true,
                ratio: true,
                ..Analyte::default()
            });
        }
        let name = stated
            .and_then(|n| self.canonical(n))
            .or_else(|| parts.iter().find_map(|(n, _)| self.sum_of(n)))
            .or_else(|| parts.iter().find_map(|(n, _)| self.canonical(n)))
            .or_else(|| parts.iter().all(|(n, _)| n.to_uppercase().starts_with("PCB")).then_some("多氯联苯"))?
            .to_owned();
        let expressed_as = stated.unwrap_or_default().to_owned();
        Some(Analyte { name, known: true, parts, units, summed: true, expressed_as, ..Analyte::default() })
    }

    /// The analyte whose sum a component belongs to.
    fn sum_of(&self, component: &str) -> Option<&str> {
        let of = |name: &str| self.sums.get(&key(name)).map(String::as_str);
        of(component).or_else(|| of(self.canonical(component)?))
    }

    /// Learns which sum a component belongs to, so that a label made of components is understood.
    pub(crate) fn learn_component(&mut self, component: &str, sum: &str) {
        self.sums.insert(key(component), sum.to_owned());
    }
}

/// A text without the unit behind it, and that unit: `PCB28=3 μg/kg`.
fn without_unit(text: &str) -> (&str, &'static str) {
    ["μg/kg", "mg/kg", "g/kg", "μg/L", "mg/L"]
        .into_iter()
        .find_map(|unit| Some((text.strip_suffix(unit)?.trim_end(), unit)))
        .unwrap_or((text, ""))
}

/// The name and the value of one part: `克百威=ND`, `克百威 0.03`, `克百威ND`, `苯甲酸0.6`.
fn one_part(text: &str) -> Option<(String, String)> {
    let (name, value) = text
        .rsplit_once(['=', ':'])
        .or_else(|| text.rsplit_once(' '))
        .or_else(|| ["ND", "未检出"].iter().find_map(|nd| Some((text.strip_suffix(nd)?, *nd))))
        .or_else(|| {
            // digits may end a name in Latin letters, hardly one in Chinese
            let name = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            name.ends_with(|c: char| !c.is_ascii()).then(|| text.split_at(name.len()))
        })?;
    let (name, value) = (name.trim(), value.trim());
    let usable = share(value).is_some() || part(value).is_some();
    (usable && !name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// `0.6/1.0`: a level as a share of the highest permitted one.
pub(crate) fn share(text: &str) -> Option<Decimal> {
    let (level, most) = text.split_once('/')?;
    number::decimal(level)?.checked_div(number::decimal(most)?)
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
    let upright = |c: char| if matches!(c, '’' | '′' | '‘' | 'ʹ') { '\'' } else { c };
    number::plain(text)
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(upright)
        .flat_map(char::to_lowercase)
        .collect()
}
