//! Reading rule files: headers in TOML, rows in CSV, every printed term resolved to a node.

use crate::analytes::Analytes;
use crate::error::LoadError;
use crate::facts::Fact;
use crate::rule::{
    Absence, Amendment, Basis, Combined, Condition, Coverage, Edition, Gap, Kind, Reading, Rule,
};
use crate::scale;
use crate::tree::{NodeIx, Tree};
use crate::verdict::Status;
use base::{Date, Decimal, Text};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The files of a rule book by name.
pub(crate) type Files<'a> = HashMap<&'a str, &'a str>;

pub(crate) fn csv_rows<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, LoadError> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|e| LoadError::Syntax { file: file.to_owned(), problem: e.to_string() })
}

pub(crate) fn file<'a>(files: &Files<'a>, name: &str) -> Result<&'a str, LoadError> {
    files.get(name).copied().ok_or_else(|| LoadError::Missing(name.to_owned()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    id: String,
    standard: String,
    edition: String,
    title: Text,
    basis: String,
    valid_from: String,
    valid_to: Option<String>,
    status: Status,
    tree: String,
    rows: String,
    terms: Option<String>,
    analytes: Option<String>,
    no_row: String,
    #[serde(default)]
    no_row_clause: String,
    comparison: Text,
    #[serde(default)]
    rounded: bool,
    #[serde(default = "nation")]
    jurisdiction: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    readings: Vec<Reading>,
    #[serde(default)]
    amendment: Vec<AmendmentHeader>,
    combined: Option<Combined>,
    dried: Option<Dried>,
    #[serde(default)]
    elsewhere: Vec<GapHeader>,
    #[serde(default)]
    not_read: Vec<GapHeader>,
}

fn nation() -> String {
    crate::abroad::HOME.to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmendmentHeader {
    title: Text,
    basis: String,
    valid_from: String,
    rows: Option<String>,
    #[serde(default)]
    withdraws: Vec<String>,
}

#[derive(Deserialize)]
struct Dried {
    clause: String,
    under: Vec<String>,
}

#[derive(Deserialize)]
struct GapHeader {
    analyte: String,
    under: Vec<String>,
    #[serde(default)]
    standard: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    clause: String,
    analyte: String,
    food: String,
    include: String,
    exclude: String,
    limit: String,
    unit: String,
    basis: String,
    conditions: String,
    notes: String,
    #[serde(default)]
    flag: String,
}

#[derive(Deserialize)]
struct TermRow {
    term: String,
    nodes: String,
}

#[derive(Deserialize)]
struct AnalyteRow {
    analyte: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    cas: String,
    definition: String,
    completeness: String,
}

/// Resolves the terms of one edition.
struct Terms<'a> {
    tree: &'a Tree,
    listed: HashMap<String, Vec<NodeIx>>,
    file: &'a str,
}

impl Terms<'_> {
    fn nodes(&self, row: &str, term: &str) -> Result<Vec<NodeIx>, LoadError> {
        if let Some(nodes) = self.listed.get(term) {
            return Ok(nodes.clone());
        }
        if let Some(node) = self.tree.named(term).or_else(|| self.tree.code(term)) {
            return Ok(vec![node]);
        }
        // 「香菇及其制品」 names the fresh food and its product.
        if let Some(stem) = term.strip_suffix("及其制品")
            && let (Some(fresh), Some(product)) =
                (self.tree.named(stem), self.tree.named(&format!("{stem}制品")))
        {
            return Ok(vec![fresh, product]);
        }
        Err(LoadError::Term { file: self.file.to_owned(), row: row.to_owned(), term: term.to_owned() })
    }

    fn list(&self, row: &str, terms: &str) -> Result<Vec<NodeIx>, LoadError> {
        let mut out = Vec::new();
        for term in terms.split('|').filter(|t| !t.is_empty()) {
            out.extend(self.nodes(row, term)?);
        }
        Ok(out)
    }
}

/// Reads one edition from its header.
pub(crate) fn edition(
    header: &str,
    trees: &[Tree],
    names: &mut Analytes,
    files: &Files<'_>,
) -> Result<Edition, LoadError> {
    let head: Header = toml::from_str(file(files, header)?)
        .map_err(|e| LoadError::Syntax { file: header.to_owned(), problem: e.to_string() })?;
    let bad = |field: &'static str, value: &str| LoadError::Field {
        file: header.to_owned(),
        row: head.id.clone(),
        field,
        value: value.to_owned(),
    };
    let date = |field, text: &str| text.parse::<Date>().map_err(|_| bad(field, text));
    let tree_ix = trees.iter().position(|t| t.name == head.tree).ok_or_else(|| bad("tree", &head.tree))?;
    let tree = &trees[tree_ix];
    let codes = |field, list: &[String]| {
        list.iter().map(|c| tree.code(c).ok_or_else(|| bad(field, c))).collect::<Result<Vec<_>, _>>()
    };

    let mut terms = Terms { tree, listed: HashMap::new(), file: &head.rows };
    if let Some(name) = &head.terms {
        for row in csv_rows::<TermRow>(name, file(files, name)?)? {
            let nodes: Vec<String> = row.nodes.split(' ').map(str::to_owned).collect();
            terms.listed.insert(row.term, codes("terms", &nodes)?);
        }
    }

    let mut analytes: HashMap<String, Coverage> = HashMap::new();
    if let Some(name) = &head.analytes {
        for row in csv_rows::<AnalyteRow>(name, file(files, name)?)? {
            let analyte = names.learn(&row.analyte, &[&row.en, &row.cas]);
            let partial = row.completeness != "whole";
            let exempt = row.completeness == "exempt";
            analytes
                .insert(analyte, Coverage { rules: Vec::new(), definition: row.definition, partial, exempt });
        }
    }
    let mut rules = Vec::new();
    for row in csv_rows::<Row>(&head.rows, file(files, &head.rows)?)? {
        let row = Row { analyte: names.learn(&row.analyte, &[]), ..row };
        analytes.entry(row.analyte.clone()).or_default().rules.push(rules.len());
        rules.push(rule(row, &terms)?);
    }
    let mut amendments = Vec::new();
    for patch in &head.amendment {
        let from = date("amendment.valid_from", &patch.valid_from)?;
        for id in &patch.withdraws {
            let old =
                rules.iter_mut().find(|r: &&mut Rule| r.id == *id).ok_or_else(|| bad("withdraws", id))?;
            old.to = from.yesterday().ok();
        }
        let before = rules.len();
        if let Some(name) = &patch.rows {
            for row in csv_rows::<Row>(name, file(files, name)?)? {
                let row = Row { analyte: names.learn(&row.analyte, &[]), ..row };
                analytes.entry(row.analyte.clone()).or_default().rules.push(rules.len());
                rules.push(Rule { from: Some(from), ..rule(row, &terms)? });
            }
        }
        amendments.push(Amendment {
            title: patch.title.clone(),
            basis: patch.basis.clone(),
            from,
            brings: rules.len() - before,
            withdraws: patch.withdraws.clone(),
        });
    }
    let mut units: Vec<(&str, &str)> = rules.iter().map(|r| (r.unit.as_str(), r.id.as_str())).collect();
    units.sort_unstable();
    units.dedup_by_key(|(unit, _)| *unit);
    if let Some((unit, row)) = units.into_iter().find(|(unit, _)| !scale::known(unit)) {
        let (file, row, value) = (head.rows.clone(), row.to_owned(), unit.to_owned());
        return Err(LoadError::Field { file, row, field: "unit", value });
    }
    let mut gaps = Vec::new();
    for gap in head.elsewhere.iter().chain(&head.not_read) {
        analytes.entry(gap.analyte.clone()).or_default();
        gaps.push(Gap {
            analyte: gap.analyte.clone(),
            under: codes("under", &gap.under)?,
            standard: gap.standard.clone(),
        });
    }
    Ok(Edition {
        from: date("valid_from", &head.valid_from)?,
        to: head.valid_to.as_deref().map(|t| date("valid_to", t)).transpose()?,
        status: head.status,
        tree: tree_ix,
        absence: match head.no_row.as_str() {
            "not_limited" => Absence::NotLimited,
            "not_loaded" => Absence::NotLoaded,
            other => Absence::Row(Box::new(default_row(&head, other).ok_or_else(|| bad("no_row", other))?)),
        },
        rounded: head.rounded,
        jurisdiction: head.jurisdiction.clone(),
        draft: head.draft,
        readings: head.readings.clone(),
        amendments,
        combined: head.combined.clone(),
        dried: head
            .dried
            .as_ref()
            .map(|d| Ok::<_, LoadError>((d.clause.clone(), codes("dried.under", &d.under)?)))
            .transpose()?,
        gaps,
        rules,
        analytes,
        id: head.id.clone(),
        table: head.rows.clone(),
        standard: head.standard.clone(),
        edition: head.edition.clone(),
        title: head.title.clone(),
        basis: head.basis.clone(),
        comparison: head.comparison.clone(),
    })
}

/// The row that stands for silence: `不得使用`, or a default limit such as `0.01 mg/kg`.
fn default_row(head: &Header, text: &str) -> Option<Rule> {
    let (limit, unit) = text.split_once(' ').unwrap_or((text, ""));
    Some(Rule {
        id: format!("{}-no-row", head.id),
        clause: head.no_row_clause.clone(),
        analyte: String::new(),
        food: "未列入的食品".to_owned(),
        include: Vec::new(),
        exclude: Vec::new(),
        conditions: Vec::new(),
        basis: Basis::AsIs,
        kind: Kind::read(limit).filter(|_| scale::known(unit))?,
        printed: limit.to_owned(),
        unit: unit.to_owned(),
        flag: String::new(),
        notes: String::new(),
        from: None,
        to: None,
    })
}

fn rule(row: Row, terms: &Terms<'_>) -> Result<Rule, LoadError> {
    let bad = |field: &'static str, value: &str| LoadError::Field {
        file: terms.file.to_owned(),
        row: row.id.clone(),
        field,
        value: value.to_owned(),
    };
    let include = terms.list(&row.id, &row.include)?;
    if include.is_empty() {
        return Err(bad("include", &row.include));
    }
    let conditions = row
        .conditions
        .split(';')
        .filter(|c| !c.is_empty())
        .map(|c| condition(c).ok_or_else(|| bad("conditions", c)))
        .collect::<Result<_, _>>()?;
    Ok(Rule {
        exclude: terms.list(&row.id, &row.exclude)?,
        basis: match row.basis.as_str() {
            "" => Basis::AsIs,
            "dry" => Basis::Dry,
            "fat" => Basis::Fat,
            "viscera_removed" => Basis::VisceraRemoved,
            "solid" => Basis::Solid(None),
            "solid:8" => Basis::Solid(Some(Decimal::from(8))),
            "NO2" | "NO3" => Basis::Ion,
            "as_consumed" => Basis::AsConsumed,
            other => return Err(bad("basis", other)),
        },
        kind: Kind::read(&row.limit).ok_or_else(|| bad("limit", &row.limit))?,
        include,
        conditions,
        id: row.id,
        clause: row.clause,
        analyte: row.analyte,
        food: row.food,
        printed: row.limit,
        unit: row.unit,
        flag: row.flag,
        notes: row.notes,
        from: None,
        to: None,
    })
}

fn condition(text: &str) -> Option<Condition> {
    if let Some(percent) = text.strip_prefix("fat>=") {
        return Some(Condition::Fat { below: false, percent: percent.parse().ok()? });
    }
    if let Some(percent) = text.strip_prefix("fat<") {
        return Some(Condition::Fat { below: true, percent: percent.parse().ok()? });
    }
    let (fact, values) = text.split_once('=')?;
    Some(Condition::Is(fact_named(fact)?, values.split('|').map(str::to_owned).collect()))
}

pub(crate) fn fact_named(name: &str) -> Option<Fact> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}
