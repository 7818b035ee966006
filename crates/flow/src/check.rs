//! Proof of a procedure before it runs: what a lawyer would stumble over is found here, not in an office.

use crate::definition::{ClockUse, Definition, Transition};
use crate::form::{Field, FieldType, Lift};
use base::clock::{Rules, Unit};
use base::department::Department;
use rule::{Guard, Table};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A fault of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where: `transition.launch`, `form.item.found`, ….
    pub place: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// What a procedure may name besides itself.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Registered effects.
    pub effects: BTreeSet<String>,
    /// Procedures there are.
    pub procedures: BTreeSet<String>,
}

struct Report<'a> {
    d: &'a Definition,
    found: Vec<Finding>,
}

/// Everything wrong with a definition; empty when it may run.
#[must_use]
pub fn check(definition: &Definition, words: &Vocabulary) -> Vec<Finding> {
    let mut report = Report { d: definition, found: Vec::new() };
    report.languages();
    report.names();
    report.graph();
    report.transitions(words);
    report.clocks();
    report.tasks(words);
    report.forms();
    report.documents();
    report.expressions();
    report.found.sort();
    report.found
}

impl Report<'_> {
    fn say(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.found.push(Finding { place: place.into(), problem: problem.into() });
    }

    fn languages(&mut self) {
        if self.d.basis.is_empty() {
            self.say("basis", "cite at least one clause");
        }
        if let Ok(json) = serde_json::to_value(self.d) {
            let mut found = Vec::new();
            texts(&json, "", &mut found);
            self.found.extend(found);
        }
    }

    fn names(&mut self) {
        let d = self.d;
        let groups: [(&str, Vec<&str>); 8] = [
            ("fact", d.facts.iter().map(|x| x.id.as_str()).collect()),
            ("state", d.states.iter().map(|x| x.id.as_str()).collect()),
            ("transition", d.transitions.iter().map(|x| x.id.as_str()).collect()),
            ("clock", d.clocks.iter().map(|x| x.id.as_str()).collect()),
            ("task", d.tasks.iter().map(|x| x.id.as_str()).collect()),
            ("document", d.documents.iter().map(|x| x.id.as_str()).collect()),
            ("table", d.tables.iter().map(|x| x.id.as_str()).collect()),
            ("form", d.forms.iter().map(|x| x.id.as_str()).collect()),
        ];
        for (group, names) in groups {
            self.unique(group, &names);
        }
        if d.classification > 2 {
            self.say("classification", "must be 0, 1 or 2");
        }
        self.agency("agency", &d.agency);
        for name in d.balance.iter().flat_map(|b| [&b.total, &b.unit]).filter(|n| d.fact(n).is_none()) {
            self.say("balance", format!("there is no fact `{name}`"));
        }
    }

    fn unique(&mut self, group: &str, names: &[&str]) {
        let mut seen = BTreeSet::new();
        for name in names {
            let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !plain {
                self.say(format!("{group}.{name}"), "ids are lower-case letters, digits and _");
            }
            if !seen.insert(name) {
                self.say(format!("{group}.{name}"), "the id stands twice; rename one");
            }
        }
    }

    fn agency(&mut self, place: &str, code: &str) {
        if !Department::ALL.iter().any(|d| d.code() == code) {
            self.say(place, format!("`{code}` is not a department code"));
        }
    }

    fn graph(&mut self) {
        let d = self.d;
        let initial: Vec<&str> = d.states.iter().filter(|s| s.initial).map(|s| s.id.as_str()).collect();
        if initial.len() != 1 {
            self.say("state", format!("exactly one state is initial, found {}", initial.len()));
        }
        if !d.states.iter().any(|s| s.r#final) {
            self.say("state", "no state is final; a matter must be able to end");
        }
        let reached = closure(initial.into_iter().collect(), |s| {
            d.leaving(s).map(|t| t.to.as_deref().unwrap_or(s)).collect()
        });
        let finals: BTreeSet<&str> = d.states.iter().filter(|s| s.r#final).map(|s| s.id.as_str()).collect();
        let ending = closure(finals, |s| {
            let into = d.transitions.iter().filter(|t| t.to.as_deref() == Some(s));
            into.flat_map(|t| t.from.iter().map(String::as_str)).collect()
        });
        let covered = covered(d);
        for state in &d.states {
            let place = format!("state.{}", state.id);
            if !reached.contains(state.id.as_str()) {
                self.say(&place, "no transition leads here");
            }
            if !ending.contains(state.id.as_str()) {
                self.say(&place, "no way leads from here to a final state");
            }
            if state.r#final {
                if d.leaving(&state.id).next().is_some() {
                    self.say(&place, "is final, yet a transition leaves it");
                }
            } else if state.open_ended.is_none() && !covered.contains(state.id.as_str()) {
                self.say(&place, "no clock runs here; add one or say why with open_ended");
            }
        }
    }

    fn event(&mut self, place: &str, event: &str, allowed: &[&str]) {
        let d = self.d;
        let (kind, name) = event.split_once(':').unwrap_or((event, ""));
        let known = match kind {
            "enter" => d.state(name).is_some(),
            "transition" => d.transition(name).is_some(),
            "document" => d.document(name).is_some(),
            "task" => matches!(name, "created" | "done"),
            _ => false,
        };
        if !known || !allowed.iter().any(|a| event.starts_with(a)) {
            self.say(place, format!("`{event}` is not an event here; use {}", allowed.join("…, ")));
        }
    }

    fn clocks(&mut self) {
        for clock in &self.d.clocks {
            let place = format!("clock.{}", clock.id);
            if clock.basis.document.trim().is_empty() || clock.basis.clause.trim().is_empty() {
                self.say(&place, "its number cites no clause");
            }
            if clock.amount == 0 {
                self.say(&place, "amount must be at least 1");
            }
            if let Some(law) = &clock.law {
                self.law(&place, clock, law);
            }
            match &clock.task {
                Some(kind) => {
                    if self.d.task(kind).is_none() {
                        self.say(&place, format!("there is no task `{kind}`"));
                    }
                    self.event(&place, &clock.start, &["task:created"]);
                }
                None => self.event(&place, &clock.start, &["enter:", "transition:"]),
            }
            if clock.stop.is_empty() {
                self.say(&place, "nothing meets it; name a stop event");
            }
            for stop in &clock.stop {
                let allowed: &[&str] = match clock.task {
                    Some(_) => &["task:done"],
                    None => &["enter:", "transition:", "document:"],
                };
                self.event(&place, stop, allowed);
            }
        }
    }

    /// The clock must restate the row of the table of clocks it names.
    fn law(&mut self, place: &str, clock: &ClockUse, law: &str) {
        let Some(row) = Rules::builtin().get(law) else {
            self.say(place, format!("rulebook/cn/clocks has no row `{law}`"));
            return;
        };
        let (mine, theirs) = (clock.law(), &row.rule);
        if (mine.amount, mine.unit, mine.status, mine.roll_over || mine.unit == Unit::WorkingDay)
            != (
                theirs.amount,
                theirs.unit,
                theirs.status,
                theirs.roll_over || theirs.unit == Unit::WorkingDay,
            )
        {
            self.say(
                place,
                format!(
                    "differs from row `{law}` of rulebook/cn/clocks in amount, unit, status or roll_over"
                ),
            );
        }
    }

    fn effects(&mut self, place: &str, uses: &[crate::definition::EffectUse], words: &Vocabulary) {
        for e in uses {
            if !words.effects.contains(&e.run) {
                let known = words.effects.iter().cloned().collect::<Vec<_>>().join(", ");
                self.say(place, format!("there is no effect `{}` (there are: {known})", e.run));
            }
            if let Some(clock) = e.with.get("clock").and_then(Json::as_str) {
                let named: Vec<_> = self.d.clocks_named(clock).collect();
                if named.is_empty() {
                    self.say(place, format!("there is no clock or group of clocks `{clock}`"));
                }
                if e.run == "flow.extend_clock" && named.iter().any(|c| c.extension.is_none()) {
                    self.say(place, format!("the clock `{clock}` has no extension rule"));
                }
            }
            if e.run == "flow.tell_children" {
                let names = e.with.get("facts").and_then(Json::as_array).into_iter().flatten();
                for name in names.filter(|n| n.as_str().is_none_or(|n| self.d.fact(n).is_none())) {
                    self.say(place, format!("there is no fact {name}"));
                }
            }
            if e.run == "flow.set_facts" {
                for name in e.with.keys().filter(|n| self.d.fact(n).is_none()) {
                    self.say(place, format!("there is no fact `{name}`"));
                }
            }
        }
    }

    fn transitions(&mut self, words: &Vocabulary) {
        let d = self.d;
        for t in &d.transitions {
            let place = format!("transition.{}", t.id);
            for state in t.from.iter().chain(&t.to).filter(|s| d.state(s).is_none()) {
                self.say(&place, format!("there is no state `{state}`"));
            }
            if t.from.is_empty() {
                self.say(&place, "leaves no state; fill `from`");
            }
            if !matches!(t.action.as_str(), "act" | "decide" | "publish") {
                self.say(&place, format!("action `{}` is not act, decide or publish", t.action));
            }
            if t.guard.is_some() != t.refusal.is_some() {
                self.say(&place, "a guard needs a refusal that says what is missing, and only a guard does");
            }
            if let Some(other) = t.not_by.as_ref().filter(|o| d.transition(o).is_none()) {
                self.say(&place, format!("not_by names no transition: `{other}`"));
            }
            let form = t.form.as_deref().and_then(|f| d.form(f));
            if let (Some(name), None) = (&t.form, form) {
                self.say(&place, format!("there is no form `{name}`"));
            }
            for name in &t.sets {
                if form.and_then(|f| f.field(name)).is_none() || d.fact(name).is_none() {
                    self.say(&place, format!("sets `{name}`, which must be a field of its form and a fact"));
                }
            }
            for name in t.documents.iter().filter(|n| d.document(n).is_none()) {
                self.say(&place, format!("there is no document `{name}`"));
            }
            for name in t.tasks.iter().filter(|n| d.task(n).is_none()) {
                self.say(&place, format!("there is no task `{name}`"));
            }
            for name in t.opens.iter().filter(|n| !words.procedures.contains(*n)) {
                self.say(&place, format!("there is no procedure `{name}`"));
            }
            self.decisions(&place, &t.decides);
            self.effects(&place, &t.effects, words);
        }
        self.decisions("decides", &d.decides);
    }

    fn decisions(&mut self, place: &str, names: &[String]) {
        for name in names.iter().filter(|n| !self.d.tables.iter().any(|t| t.id == **n)) {
            self.say(place, format!("there is no decision table `{name}`"));
        }
    }

    fn tasks(&mut self, words: &Vocabulary) {
        for task in &self.d.tasks {
            let place = format!("task.{}", task.id);
            self.agency(&place, &task.agency);
            if self.d.form(&task.form).is_none() {
                self.say(&place, format!("there is no form `{}`", task.form));
            }
            if task.open_ended.is_none() && !self.d.clocks.iter().any(|c| c.task.as_ref() == Some(&task.id)) {
                self.say(&place, "no clock runs for it; add one or say why with open_ended");
            }
            if !self.d.transitions.iter().any(|t| t.tasks.contains(&task.id)) {
                self.say(&place, "no transition creates it; list it in `tasks` of one");
            }
            self.effects(&place, &task.on_done, words);
        }
    }

    fn documents(&mut self) {
        for document in &self.d.documents {
            let place = format!("document.{}", document.id);
            for lang in ["zh", "en"] {
                let file = format!("{}.{lang}.html", document.template);
                if !self.d.templates.contains_key(&file) {
                    self.say(&place, format!("the template templates/{file} is missing"));
                }
            }
            if let Some(t) = document.on_published.as_ref().filter(|t| self.d.transition(t).is_none()) {
                self.say(&place, format!("on_published names no transition: `{t}`"));
            }
        }
        for file in self.d.templates.keys() {
            let stem = file.split('.').next().unwrap_or_default();
            if !self.d.documents.iter().any(|d| d.template == stem) {
                self.say(format!("templates/{file}"), "no document uses it; remove it");
            }
        }
    }

    fn forms(&mut self) {
        for form in &self.d.forms {
            let used = self.d.transitions.iter().any(|t| t.form.as_ref() == Some(&form.id))
                || self.d.tasks.iter().any(|t| t.form == form.id);
            if !used {
                self.say(format!("form.{}", form.id), "nothing uses it; remove it");
            }
            let names: Vec<&str> = form.fields.iter().map(|f| f.id.as_str()).collect();
            self.unique(&format!("form.{}", form.id), &names);
            for field in &form.fields {
                self.field(&format!("form.{}.{}", form.id, field.id), field, false);
            }
            for check in form.checks.iter().filter(|c| form.field(&c.field).is_none()) {
                self.say(format!("form.{}", form.id), format!("a check names no field: `{}`", check.field));
            }
        }
    }

    fn field(&mut self, place: &str, field: &Field, inner: bool) {
        let numeric =
            field.unit.is_some() || field.min.is_some() || field.max.is_some() || field.decimals.is_some();
        if numeric && field.kind != FieldType::Number {
            self.say(place, "unit, min, max and decimals belong to a number");
        }
        if (field.kind == FieldType::Select) == field.options.is_empty() {
            self.say(place, "a select has options, and only a select does");
        }
        if (field.kind == FieldType::Group) == field.fields.is_empty() {
            self.say(place, "a group has fields, and only a group does");
        }
        let lifted = match field.lift {
            None => true,
            Some(Lift::Answer) => field.kind == FieldType::Select,
            Some(_) => field.kind == FieldType::Number,
        };
        if !lifted {
            self.say(place, "lift needs a number (answer: a select)");
        }
        if inner && (field.kind == FieldType::Group || field.when.is_some() || field.lift.is_some()) {
            self.say(place, "a row of a group holds plain fields only");
        }
        for row in &field.fields {
            self.field(&format!("{place}.{}", row.id), row, true);
        }
    }

    fn expressions(&mut self) {
        for e in self.d.expressions() {
            if let Err(fault) = Guard::compile(e.text, e.declared.iter().map(String::as_str)) {
                self.say(e.place, fault.to_string());
            }
        }
        for data in &self.d.tables {
            let place = format!("table.{}", data.id);
            if let Err(fault) = Table::compile(data.clone()) {
                self.say(&place, fault.to_string());
            }
            let names = data.inputs.iter().map(|i| &i.path).chain(&data.outputs);
            for name in names {
                if name.strip_prefix("facts.").and_then(|n| self.d.fact(n)).is_none() {
                    self.say(&place, format!("`{name}` is not a declared fact"));
                }
            }
        }
    }
}

/// States in which some clock may run.
fn covered(d: &Definition) -> BTreeSet<&str> {
    let mut covered = BTreeSet::new();
    for clock in &d.clocks {
        let stops_in = |s: &str| clock.stop.iter().any(|e| e.strip_prefix("enter:") == Some(s));
        let stops_by =
            |t: &Transition| clock.stop.iter().any(|e| e.strip_prefix("transition:") == Some(&t.id));
        let target =
            |t: &'_ Transition| -> Vec<String> { t.to.clone().map_or_else(|| t.from.clone(), |to| vec![to]) };
        let mut begin: BTreeSet<String> = BTreeSet::new();
        if let Some(state) = clock.start.strip_prefix("enter:") {
            begin.insert(state.to_owned());
        } else {
            for t in &d.transitions {
                let by_task = clock.task.as_ref().is_some_and(|k| t.tasks.contains(k));
                if by_task || clock.start.strip_prefix("transition:") == Some(&t.id) {
                    begin.extend(target(t));
                }
            }
        }
        let begin: BTreeSet<&str> =
            d.states.iter().map(|s| s.id.as_str()).filter(|s| begin.contains(*s) && !stops_in(s)).collect();
        if clock.task.is_some() {
            // tasks may be done at once: their clocks cover the state that creates them, no further
            covered.extend(begin);
            continue;
        }
        covered.extend(closure(begin, |s| {
            let on = d.leaving(s).filter(|t| !stops_by(t)).map(|t| t.to.as_deref().unwrap_or(s));
            on.filter(|s| !stops_in(s)).collect()
        }));
    }
    covered
}

/// All names reached from `begin` by `next`.
fn closure<'a>(begin: BTreeSet<&'a str>, next: impl Fn(&'a str) -> Vec<&'a str>) -> BTreeSet<&'a str> {
    let mut waiting: Vec<&str> = begin.iter().copied().collect();
    let mut seen: BTreeMap<&str, ()> = begin.into_iter().map(|s| (s, ())).collect();
    while let Some(at) = waiting.pop() {
        for n in next(at) {
            if seen.insert(n, ()).is_none() {
                waiting.push(n);
            }
        }
    }
    seen.into_keys().collect()
}

/// Every `{zh, en}` pair must be filled, Chinese with Chinese and English without.
fn texts(value: &Json, place: &str, found: &mut Vec<Finding>) {
    match value {
        Json::Object(map) => {
            if let (Some(Json::String(zh)), Some(Json::String(en)), 2) =
                (map.get("zh"), map.get("en"), map.len())
            {
                let han = |s: &str| s.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
                let problem = match (zh.trim(), en.trim()) {
                    ("", _) | (_, "") => "a language is empty",
                    (zh, _) if !han(zh) => "zh holds no Chinese",
                    (_, en) if han(en) => "en holds Chinese",
                    _ => return,
                };
                found.push(Finding { place: place.to_owned(), problem: problem.to_owned() });
                return;
            }
            for (key, v) in map.iter().filter(|(k, _)| *k != "templates") {
                texts(v, &format!("{place}{}{key}", if place.is_empty() { "" } else { "." }), found);
            }
        }
        Json::Array(items) => {
            for (n, v) in items.iter().enumerate() {
                let name =
                    v.get("id").and_then(Json::as_str).map_or_else(|| (n + 1).to_string(), ToOwned::to_owned);
                texts(v, &format!("{place}.{name}"), found);
            }
        }
        _ => {}
    }
}
