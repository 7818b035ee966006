//! Rows against the database: rights, duplicates, and the writing of what was accepted.

use super::{CHUNK, Imported, MAX_ERRORS, say};
use crate::Error;
use access::{Access, Principal, Resource};
use base::{Id, Text};
use ledger::{Context, Entry, Permit, append};
use paper::sheet::RowError;
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};
use store::{Tx, Value};

/// Collects what is wrong while rows are judged against the database.
pub(super) struct Judge<'a> {
    access: &'a Access,
    who: &'a Principal,
    now: base::Instant,
    kind: &'static str,
    known: HashMap<(String, Option<Id>), Result<Permit, Text>>,
    policies: BTreeSet<String>,
    regions: BTreeSet<String>,
    errors: Vec<RowError>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        access: &'a Access,
        who: &'a Principal,
        now: base::Instant,
        kind: &'static str,
    ) -> Self {
        Self {
            access,
            who,
            now,
            kind,
            known: HashMap::new(),
            policies: BTreeSet::new(),
            regions: BTreeSet::new(),
            errors: Vec::new(),
        }
    }

    pub(super) fn wrong(&mut self, line: usize, column: &str, value: &str, message: Text) {
        if self.errors.len() < MAX_ERRORS {
            let (column, value) = (column.to_owned(), value.to_owned());
            self.errors.push(RowError { line, column, value, message });
        }
    }

    /// Keeps a value or notes what is wrong with its row.
    pub(super) fn keep<T>(&mut self, line: usize, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(e) => {
                let column = if let Error::Invalid { field, .. } = &e { *field } else { "" };
                self.wrong(line, column, "", say(e));
                None
            }
        }
    }

    /// Whether the row may be imported: first for the region, then for the operator.
    pub(super) fn may(&mut self, line: usize, region: &str, operator: Option<Id>) -> bool {
        let mut answer = self.ask(region, None);
        if answer.is_err() && operator.is_some() {
            answer = self.ask(region, operator);
        }
        match answer {
            Ok(permit) => {
                self.policies.extend(permit.policies);
                self.regions.insert(region.to_owned());
                true
            }
            Err(text) => {
                self.wrong(line, "行政区划", region, text);
                false
            }
        }
    }

    fn ask(&mut self, region: &str, operator: Option<Id>) -> Result<Permit, Text> {
        let key = (region.to_owned(), operator);
        let (access, who, now, kind) = (self.access, self.who, self.now, self.kind);
        let answer = self.known.entry(key).or_insert_with(|| {
            let resource = Resource::new(kind, region).of_operator(operator);
            access.check(who, "import", &resource, now).map_err(|denied| denied.text)
        });
        answer.clone()
    }

    /// The region of the journal entry: what all rows have in common.
    fn region(&self) -> String {
        let (first, last) = (self.regions.first(), self.regions.last());
        let Some((first, last)) = first.zip(last) else { return String::new() };
        let common = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
        let level = [12, 9, 6, 4, 2, 0].into_iter().find(|n| *n <= common).unwrap_or(0);
        first[..level].to_owned()
    }
}

/// Accepted rows of an import.
pub(super) struct Accepted {
    records: Vec<Id>,
    values: Vec<Value>,
    facts: Vec<String>,
    pub(super) flagged: usize,
}

impl Accepted {
    pub(super) fn with_capacity(rows: usize, width: usize) -> Self {
        Self {
            records: Vec::with_capacity(rows),
            values: Vec::with_capacity(rows * width),
            facts: Vec::with_capacity(rows),
            flagged: 0,
        }
    }

    pub(super) fn push(&mut self, id: Id, values: impl IntoIterator<Item = Value>, facts: &Json) {
        self.records.push(id);
        self.values.extend(values);
        self.facts.push(facts.to_string());
    }
}

/// Writes the rows and the one journal entry.
pub(super) async fn finish(
    tx: &mut Tx,
    cx: &Context,
    judge: Judge<'_>,
    accepted: Accepted,
    source: String,
    (journal_kind, insert, width): (&'static str, &'static str, usize),
) -> Result<Imported, Error> {
    if !judge.errors.is_empty() {
        return Err(Error::Rows(judge.errors));
    }
    let Accepted { records, values, facts, flagged } = accepted;
    let mut values = values.into_iter();
    loop {
        let part: Vec<Value> = values.by_ref().take(CHUNK * width).collect();
        if part.is_empty() {
            break;
        }
        tx.insert_many(insert, width, part, "").await?;
    }
    let id = cx.id();
    let root = ledger::events_root(&facts);
    let body = json!({
        "import": id, "rows": records.len(), "flagged": flagged,
        "file": (!source.is_empty()).then(|| format!("sha-256:{source}")), "rows_root": root,
    });
    let region = judge.region();
    let permit = Permit::new("import", judge.policies.into_iter().collect());
    let entry = Entry { kind: journal_kind, region, subject: format!("import:{id}"), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(Imported { id, records, flagged, file: source, root })
}
