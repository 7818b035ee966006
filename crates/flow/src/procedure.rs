//! A definition made ready to run: its hash, its compiled expressions and tables.

use crate::definition::{Compute, Definition};
use crate::form::{Field, FieldType, Form};
use crate::guards::Guards;
use rule::{Basis, Guard, Table};
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
    /// Where the numbers in it come from.
    pub(crate) basis: &'a [Basis],
}

impl Definition {
    /// Procedures its steps may open.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &String> {
        let opening = self.opening.iter().flat_map(|o| &o.opens);
        self.transitions.iter().flat_map(|t| &t.opens).chain(opening)
    }

    /// What expressions outside a form may name.
    pub(crate) fn declared(&self, form: Option<&str>) -> Vec<String> {
        let mut names: Vec<String> = self.facts.iter().map(|f| format!("facts.{}", f.id)).collect();
        for name in ["state", "region", "agency", "operator", "opened"] {
            names.push(format!("matter.{name}"));
        }
        names.extend(self.balance_names());
        for count in ["total", "open", "done"] {
            names.push(format!("tasks.{count}"));
            names.extend(self.tasks.iter().map(|t| format!("tasks_of.{}.{count}", t.id)));
        }
        for procedure in self.opened() {
            names.push(format!("children.{procedure}.total"));
            names.push(format!("children.{procedure}.open"));
        }
        for document in &self.documents {
            names.push(format!("documents.{}.draft", document.id));
            names.push(format!("documents.{}.published", document.id));
        }
        if let Some(form) = form.and_then(|f| self.form(f)) {
            names.extend(form.leaves().iter().map(|f| format!("form.{}", f.id)));
        }
        names.push("today".to_owned());
        names
    }

    /// What expressions may name of the mass balance.
    fn balance_names(&self) -> impl Iterator<Item = String> {
        let names = ["places", "reached", "unaccounted"].map(|n| format!("balance.{n}"));
        names.into_iter().filter(|_| self.balance.is_some())
    }

    /// Every expression of the definition.
    pub(crate) fn expressions(&self) -> Vec<Expression<'_>> {
        let mut all = Vec::new();
        for t in &self.transitions {
            let place = format!("transition.{}", t.id);
            self.step_expressions(
                &place,
                t.guard.as_deref(),
                &t.basis,
                &t.computes,
                t.form.as_deref(),
                &mut all,
            );
            for (n, p) in t.papers.iter().enumerate() {
                let Some(text) = &p.when else { continue };
                let (place, declared) = (format!("{place}.paper.{n}"), self.declared(None));
                all.push(Expression { place, text, declared, basis: std::slice::from_ref(&p.basis) });
            }
        }
        if let Some(o) = &self.opening {
            self.step_expressions(
                "opening",
                o.guard.as_deref(),
                &o.basis,
                &o.computes,
                o.form.as_deref(),
                &mut all,
            );
        }
        for c in &self.clocks {
            if let Some(text) = &c.when {
                all.push(Expression {
                    place: format!("clock.{}", c.id),
                    text,
                    declared: self.declared(None),
                    basis: std::slice::from_ref(&c.basis),
                });
            }
        }
        for form in &self.forms {
            let facts = || {
                let facts = self.facts.iter().map(|f| format!("facts.{}", f.id));
                let more = ["item.expected", "item.unit", "item.kind", "matter.opened", "today"];
                facts.chain(more.map(str::to_owned)).chain(self.balance_names())
            };
            let mut above = Vec::new();
            conditions(form, &form.fields, &facts, &mut above, &mut all);
            for (n, check) in form.checks.iter().enumerate() {
                let fields = form.leaves();
                let fields = fields.iter().map(|f| format!("form.{}", f.id));
                let place = format!("form.{}.check.{n}", form.id);
                let declared = facts().chain(fields).collect();
                all.push(Expression { place, text: &check.holds, declared, basis: &check.basis });
            }
        }
        all
    }

    /// The guard and the computations of a step.
    fn step_expressions<'a>(
        &self,
        place: &str,
        guard: Option<&'a str>,
        basis: &'a [Basis],
        computes: &'a [Compute],
        form: Option<&str>,
        all: &mut Vec<Expression<'a>>,
    ) {
        if let Some(text) = guard {
            all.push(Expression { place: place.to_owned(), text, declared: self.declared(form), basis });
        }
        for (n, c) in computes.iter().enumerate() {
            let (place, declared) = (format!("{place}.compute.{n}"), self.declared(form));
            all.push(Expression { place, text: &c.value, declared, basis: &c.basis });
        }
    }
}

/// The conditions of fields: each sees the fields above its own, those of parts included.
fn conditions<'a, I: Iterator<Item = String>>(
    form: &'a Form,
    fields: &'a [Field],
    facts: &impl Fn() -> I,
    above: &mut Vec<String>,
    all: &mut Vec<Expression<'a>>,
) {
    for field in fields {
        if let Some(text) = &field.when {
            let place = format!("form.{}.{}.when", form.id, field.id);
            let declared = facts().chain(above.iter().cloned()).collect();
            all.push(Expression { place, text, declared, basis: &field.basis });
        }
        if field.kind == FieldType::Part {
            conditions(form, &field.fields, facts, above, all);
        } else {
            above.push(format!("form.{}", field.id));
        }
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
