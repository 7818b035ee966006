//! Proof of a procedure before it runs: what a lawyer would stumble over is found here, not in an office.

mod dates;
mod forms;
mod overlay;
mod steps;
mod words;

pub use overlay::check_overlay;

use crate::definition::{Definition, Publication, Rung, Side, Transition};
use crate::form::{FieldType, Form};
use base::clock::{ClockRule, Rules, Unit};
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

/// How a clock that is not as the table of clocks says it is told.
const DEPARTS: &str = "differs from row";

impl Finding {
    /// Whether a clock departs from the row of the law it names: a fault of a rulebook in force, and the very question of who asks what
    /// another number would have meant.
    #[must_use]
    pub fn departs_from_law(&self) -> bool {
        self.problem.starts_with(DEPARTS)
    }
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
    /// Procedures there are, each with the widest jurisdiction that has it (empty: the nation).
    pub procedures: BTreeMap<String, String>,
    /// The facts each of them declares.
    pub facts: BTreeMap<String, BTreeSet<String>>,
    /// The table of clocks the rules are held against; `None`: the one built in.
    pub clocks: Option<Rules>,
}

impl Vocabulary {
    /// The words of effects and of the procedures there are.
    #[must_use]
    pub fn new(effects: impl IntoIterator<Item = String>, procedures: &[Definition]) -> Self {
        let facts = |d: &Definition| d.facts.iter().map(|f| f.id.clone()).collect();
        let mut widest: BTreeMap<String, String> = BTreeMap::new();
        for d in procedures {
            let place = widest.entry(d.id.clone()).or_insert_with(|| d.jurisdiction.clone());
            if d.jurisdiction.len() < place.len() {
                place.clone_from(&d.jurisdiction);
            }
        }
        Self {
            effects: effects.into_iter().collect(),
            procedures: widest,
            facts: procedures.iter().map(|d| (d.id.clone(), facts(d))).collect(),
            clocks: None,
        }
    }
}

impl Vocabulary {
    /// Whether matters of a jurisdiction may open those of a procedure.
    fn reaches(&self, jurisdiction: &str, procedure: &str) -> bool {
        self.procedures.get(procedure).is_some_and(|place| jurisdiction.starts_with(place.as_str()))
    }
}

struct Report<'a> {
    d: &'a Definition,
    law: &'a Rules,
    found: Vec<Finding>,
}

/// Everything wrong with a definition; empty when it may run.
#[must_use]
pub fn check(definition: &Definition, words: &Vocabulary) -> Vec<Finding> {
    let law = words.clocks.as_ref().unwrap_or_else(|| Rules::builtin());
    let mut report = Report { d: definition, law, found: Vec::new() };
    report.languages();
    report.names();
    report.graph();
    report.transitions(words);
    report.opening(words);
    report.drill();
    report.assessed();
    report.clocks(words);
    report.earliest();
    report.rungs("rung", &definition.rungs, words);
    report.tasks(words);
    report.forms();
    report.documents();
    report.words();
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
        let groups: [(&str, Vec<&str>); 9] = [
            ("fact", d.facts.iter().map(|x| x.id.as_str()).collect()),
            ("state", d.states.iter().map(|x| x.id.as_str()).collect()),
            ("transition", d.transitions.iter().map(|x| x.id.as_str()).collect()),
            ("clock", d.clocks.iter().map(|x| x.id.as_str()).collect()),
            ("earliest", d.earliest.iter().map(|x| x.id.as_str()).collect()),
            ("task", d.tasks.iter().map(|x| x.id.as_str()).collect()),
            ("document", d.documents.iter().map(|x| x.id.as_str()).collect()),
            ("table", d.tables.iter().map(|x| x.id.as_str()).collect()),
            ("form", d.forms.iter().map(|x| x.id.as_str()).collect()),
        ];
        for (group, names) in groups {
            self.unique(group, &names);
        }
        if !d.jurisdiction.is_empty() && d.jurisdiction.parse::<base::RegionCode>().is_err() {
            self.say("jurisdiction", format!("`{}` is not a region code", d.jurisdiction));
        }
        if d.valid_to.is_some_and(|to| to < d.valid_from) {
            self.say("valid_to", "it ends before it begins");
        }
        if d.classification > 2 {
            self.say("classification", "must be 0, 1 or 2");
        }
        self.agency("agency", &d.agency);
        for name in d.remedies.iter().flat_map(|r| &r.states).filter(|n| d.state(n).is_none()) {
            self.say("remedy", format!("there is no state `{name}`"));
        }
        if d.remedies.iter().any(|r| r.states.is_empty() || r.basis.is_empty()) {
            self.say("remedy", "name the states in which it is told and the clauses that give it");
        }
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
        match &d.party_sees {
            None if !d.unseen => self.say(
                "party_sees",
                "say which facts the operator concerned sees ([] for none), or keep the matter from it with unseen = true",
            ),
            Some(_) if d.unseen => self.say("party_sees", "the operator concerned never sees the matter; remove one of both"),
            _ => {}
        }
        for name in d.party_sees.iter().flatten().filter(|n| d.fact(n).is_none()) {
            self.say("party_sees", format!("there is no fact `{name}`"));
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
            let acts = d.leaving(&state.id).any(|t| t.by == Side::Operator);
            if acts && (d.unseen || state.unseen) {
                self.say(&place, "the operator takes a step here, so it must see the matter: not unseen");
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

    fn clocks(&mut self, words: &Vocabulary) {
        for clock in &self.d.clocks {
            let place = format!("clock.{}", clock.id);
            self.cited(&place, &clock.basis);
            if let Some(extension) = &clock.extension {
                self.cited(&format!("{place}.extension"), &extension.basis);
            }
            if let Some(fact) = &clock.since {
                if self.d.fact(fact).is_none() {
                    self.say(&place, format!("since names no fact: `{fact}`"));
                }
                if clock.unit == Unit::Hour {
                    self.say(&place, "hours count from the moment, not from a date; remove since");
                }
            }
            if let Some(fact) = &clock.planned {
                let dated = |f: &Form| f.field(fact).is_some_and(|f| f.kind == FieldType::Date);
                let set = |t: &&Transition| t.sets.contains(fact);
                let asked =
                    |t: &Transition| t.form.as_deref().and_then(|f| self.d.form(f)).is_some_and(dated);
                let mut steps = self.d.transitions.iter().filter(set).peekable();
                if clock.task.is_some() || steps.peek().is_none() || !steps.all(asked) {
                    self.say(
                        &place,
                        format!("planned names a day steps of the matter ask for and set; `{fact}` is none"),
                    );
                }
            }
            let causes: Vec<&str> = clock.pauses.iter().map(|p| p.cause.as_str()).collect();
            self.unique(&format!("{place}.pause"), &causes);
            self.rungs(&format!("{place}.rung"), &clock.rungs, words);
            match &clock.until {
                None if clock.amount == 0 => self.say(&place, "amount must be at least 1"),
                None => {}
                Some(fact) => self.until(&place, clock, fact),
            }
            if let Some(law) = &clock.law {
                self.law(&place, &clock.law(), law);
            }
            match &clock.task {
                Some(kind) => {
                    if self.d.task(kind).is_none() {
                        self.say(&place, format!("there is no task `{kind}`"));
                    }
                    self.event(&place, &clock.start, &["task:created"]);
                }
                None => self.event(&place, &clock.start, &["enter:", "transition:", "document:"]),
            }
            if matches!(clock.by, Side::Citizen | Side::System) {
                self.say(&place, "a time is the agency's or the operator's; correct by");
            }
            if let Some(step) = &clock.lapse {
                let taken = self.d.transition(step).filter(|t| t.by == Side::System && t.form.is_none());
                if taken.is_none() || clock.task.is_some() {
                    self.say(&place, format!("lapse names no step of the system without form: `{step}`"));
                }
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

    fn cited(&mut self, place: &str, basis: &rule::Basis) {
        if !basis.is_named() {
            self.say(place, "its number cites no clause; name document and clause");
        }
    }

    fn rungs(&mut self, place: &str, rungs: &[Rung], words: &Vocabulary) {
        for (n, rung) in rungs.iter().enumerate() {
            let place = format!("{place}.{}", n + 1);
            self.cited(&place, &rung.basis);
            if !matches!(rung.unit, Unit::Hour | Unit::WorkingDay | Unit::CalendarDay) {
                self.say(&place, "rungs count in hour, working_day or calendar_day");
            }
            let here = &self.d.jurisdiction;
            if let Some(name) = rung.opens.as_ref().filter(|n| !words.reaches(here, n)) {
                self.say(&place, format!("there is no procedure `{name}` here"));
            }
        }
    }

    /// A rule must restate the row of the table of clocks it names.
    fn law(&mut self, place: &str, mine: &ClockRule, law: &str) {
        let Some(row) = self.law.get(law) else {
            self.say(place, format!("rulebook/cn/clocks has no row `{law}`"));
            return;
        };
        let compared = |r: &ClockRule| {
            (r.amount, r.unit, r.status, r.roll_over || r.unit == Unit::WorkingDay, r.direction)
        };
        if compared(mine) != compared(&row.rule) {
            self.say(
                place,
                format!(
                    "{DEPARTS} `{law}` of rulebook/cn/clocks in amount, unit, status, roll_over or direction"
                ),
            );
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
            let opening = self.d.opening.as_ref().is_some_and(|o| o.tasks.contains(&task.id));
            if !opening && !self.d.transitions.iter().any(|t| t.tasks.contains(&task.id)) {
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
            if let Some(fault) = document.number.as_deref().and_then(crate::number::fault) {
                self.say(&place, fault);
            }
            if let Some(until) = &document.until {
                self.cited(&format!("{place}.until"), &until.basis);
                if document.publication != Publication::Public {
                    self.say(&place, "until belongs to a document that is public");
                }
            }
            if let Some(fact) = document.served.as_ref().filter(|f| self.d.fact(f).is_none()) {
                self.say(&place, format!("served names no fact: `{fact}`"));
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

    fn expressions(&mut self) {
        for e in self.d.expressions() {
            match Guard::compile(e.text, e.declared.iter().map(String::as_str)) {
                Err(fault) => self.say(e.place, fault.to_string()),
                Ok(guard) => {
                    let numbers = guard.numbers();
                    if !numbers.is_empty() && !e.basis.iter().any(rule::Basis::is_named) {
                        self.say(
                            e.place,
                            format!("the number {} cites no clause; add basis", numbers.join(", ")),
                        );
                    }
                }
            }
        }
        for data in &self.d.tables {
            let place = format!("table.{}", data.id);
            match Table::compile(data.clone()) {
                Err(fault) => self.say(&place, fault.to_string()),
                Ok(table) => {
                    if table.has_numbers() && !data.basis.iter().any(rule::Basis::is_named) {
                        self.say(&place, "its numbers cite no clause; add basis");
                    }
                }
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
            let opening =
                d.opening.as_ref().zip(clock.task.as_ref()).is_some_and(|(o, k)| o.tasks.contains(k));
            if opening {
                begin.extend(d.initial().map(|s| s.id.clone()));
            }
            // a paper that waits to be served holds the matter up no less than the time that runs from its service
            let paper = clock.start.strip_prefix("document:");
            for t in &d.transitions {
                let by_task = clock.task.as_ref().is_some_and(|k| t.tasks.contains(k));
                let drafts = paper.is_some_and(|p| t.documents.iter().any(|n| n == p));
                if by_task || drafts || clock.start.strip_prefix("transition:") == Some(&t.id) {
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
