//! A definition made ready to run: its hash, its compiled expressions and tables.

use crate::definition::Definition;
use crate::guards::Guards;
use rule::{Guard, Table};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A definition with everything compiled. A running matter keeps the procedure it began under, by hash.
#[derive(Debug)]
pub struct Procedure {
    /// The data.
    pub definition: Definition,
    /// SHA-256 of the definition's JSON, hex: the version.
    pub hash: String,
    pub(crate) json: String,
    pub(crate) guards: Guards,
    pub(crate) tables: BTreeMap<String, Table>,
}

/// A place in a definition with an expression, and what the expression may name.
pub(crate) struct Expression<'a> {
    pub(crate) place: String,
    pub(crate) text: &'a str,
    pub(crate) declared: Vec<String>,
}

impl Definition {
    /// What expressions outside a form may name.
    pub(crate) fn declared(&self, form: Option<&str>) -> Vec<String> {
        let mut names: Vec<String> = self.facts.iter().map(|f| format!("facts.{}", f.id)).collect();
        for name in ["state", "region", "agency", "operator"] {
            names.push(format!("matter.{name}"));
        }
        for count in ["total", "open", "done"] {
            names.push(format!("tasks.{count}"));
            names.extend(self.tasks.iter().map(|t| format!("tasks_of.{}.{count}", t.id)));
        }
        for procedure in self.transitions.iter().flat_map(|t| &t.opens) {
            names.push(format!("children.{procedure}.total"));
            names.push(format!("children.{procedure}.open"));
        }
        for document in &self.documents {
            names.push(format!("documents.{}.draft", document.id));
            names.push(format!("documents.{}.published", document.id));
        }
        if let Some(form) = form.and_then(|f| self.form(f)) {
            names.extend(form.fields.iter().map(|f| format!("form.{}", f.id)));
        }
        names
    }

    /// Every expression of the definition.
    pub(crate) fn expressions(&self) -> Vec<Expression<'_>> {
        let mut all = Vec::new();
        for t in &self.transitions {
            if let Some(text) = &t.guard {
                let declared = self.declared(t.form.as_deref());
                all.push(Expression { place: format!("transition.{}", t.id), text, declared });
            }
        }
        for c in &self.clocks {
            if let Some(text) = &c.when {
                all.push(Expression {
                    place: format!("clock.{}", c.id),
                    text,
                    declared: self.declared(None),
                });
            }
        }
        for form in &self.forms {
            let facts = || {
                let facts = self.facts.iter().map(|f| format!("facts.{}", f.id));
                facts.chain(["item.expected", "item.unit", "item.kind"].map(str::to_owned))
            };
            for (n, field) in form.fields.iter().enumerate() {
                if let Some(text) = &field.when {
                    // a condition sees the fields above its own
                    let above = form.fields[..n].iter().map(|f| format!("form.{}", f.id));
                    let place = format!("form.{}.{}.when", form.id, field.id);
                    all.push(Expression { place, text, declared: facts().chain(above).collect() });
                }
            }
            for (n, check) in form.checks.iter().enumerate() {
                let fields = form.fields.iter().map(|f| format!("form.{}", f.id));
                let place = format!("form.{}.check.{n}", form.id);
                all.push(Expression { place, text: &check.holds, declared: facts().chain(fields).collect() });
            }
        }
        all
    }
}

impl Procedure {
    /// Compiles a definition.
    ///
    /// # Errors
    /// The first expression or table that does not compile.
    pub fn compile(definition: Definition) -> Result<Self, rule::Error> {
        let mut guards = Guards::default();
        for e in definition.expressions() {
            guards.insert(e.place, Guard::compile(e.text, e.declared.iter().map(String::as_str))?);
        }
        let mut tables = BTreeMap::new();
        for data in &definition.tables {
            tables.insert(data.id.clone(), Table::compile(data.clone())?);
        }
        let json = serde_json::to_string(&definition)
            .map_err(|e| rule::Error::Syntax { text: definition.id.clone(), problem: e.to_string() })?;
        let hash = hex::encode(Sha256::digest(json.as_bytes()));
        Ok(Self { definition, hash, json, guards, tables })
    }
}
