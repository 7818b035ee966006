//! Steps and openings: everything they name exists, and what they compute and set is declared.

use super::{Report, Vocabulary};
use crate::definition::{Compute, EffectUse, Publication, Side, Transition};
use crate::form::{FieldType, Form};
use base::clock::Rules;
use serde_json::Value as Json;

impl Report<'_> {
    pub(super) fn transitions(&mut self, words: &Vocabulary) {
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
            if t.by == Side::Citizen {
                self.say(&place, "a citizen has no account to take a step with; citizens only open matters");
            }
            if t.by == Side::Operator && t.action != "act" {
                self.say(&place, "an operator only acts; correct action or by");
            }
            if let Some(agency) = &t.agency {
                self.agency(&place, agency);
                if t.by != Side::Agency {
                    self.say(&place, "another agency takes a step of the agency's side only");
                }
            }
            if t.guard.is_some() != t.refusal.is_some() {
                self.say(&place, "a guard needs a refusal that says what is missing, and only a guard does");
            }
            if let Some(other) = t.not_by.as_ref().filter(|o| d.transition(o).is_none()) {
                self.say(&place, format!("not_by names no transition: `{other}`"));
            }
            if t.above && t.by != Side::Agency {
                self.say(&place, "above is for steps of the agency's side");
            }
            if let Some(clock) = &t.after_clock
                && (t.by == Side::System || d.clock(clock).is_none_or(|c| c.task.is_some()))
            {
                self.say(
                    &place,
                    format!("after_clock names no clock of the matter, or the system waits: `{clock}`"),
                );
            }
            let form = t.form.as_deref().and_then(|f| d.form(f));
            if let (Some(name), None) = (&t.form, form) {
                self.say(&place, format!("there is no form `{name}`"));
            }
            if t.refills && form.is_none() {
                self.say(&place, "refills a form; name one");
            }
            let said = form.is_some_and(|f| !f.leaves().iter().any(|f| f.is_private()));
            if t.returns && (t.by != Side::Agency || !said) {
                self.say(&place, "the agency returns something, with a form that says why and names nobody: the operator concerned reads it");
            }
            self.sets(&place, &t.sets, form);
            self.computes(&place, &t.computes);
            self.names_of_step(&place, (&t.documents, &t.tasks, &t.opens), words);
            for name in t.withdraws.iter().filter(|n| d.document(n).is_none()) {
                self.say(&place, format!("withdraws names no document: `{name}`"));
            }
            self.papers(&place, t);
            self.decisions(&place, &t.decides);
            self.effects(&place, &t.effects, words);
        }
        self.decisions("decides", &d.decides);
    }

    pub(super) fn opening(&mut self, words: &Vocabulary) {
        let d = self.d;
        let Some(o) = &d.opening else { return };
        let place = "opening";
        if o.by.contains(&Side::System) {
            self.say(place, "the system opens matters without a form; name agency, operator or citizen");
        }
        if o.guard.is_some() != o.refusal.is_some() {
            self.say(place, "a guard needs a refusal that says what is missing, and only a guard does");
        }
        let form = o.form.as_deref().and_then(|f| d.form(f));
        if let (Some(name), None) = (&o.form, form) {
            self.say(place, format!("there is no form `{name}`"));
        }
        for (key, name, kind) in
            [("region", &o.region, FieldType::Region), ("operator", &o.operator, FieldType::Operator)]
        {
            let Some(name) = name else { continue };
            if form.and_then(|f| f.field(name)).is_none_or(|f| f.kind != kind) {
                self.say(
                    place,
                    format!("{key} must name a field of that type of its form; `{name}` is none"),
                );
            }
        }
        if let Some(party) = &o.party {
            let facts = [Some(&party.name), party.code.as_ref(), party.address.as_ref()];
            for fact in facts.into_iter().flatten().filter(|f| d.fact(f).is_none()) {
                self.say(place, format!("party sets facts; `{fact}` is none"));
            }
            let named = form.and_then(|f| f.field(&party.name));
            if o.operator.is_none() || named.is_some_and(|f| f.when.is_none()) {
                self.say(place, "party stands for the operator its form names: the free name is asked only `when` there is none");
            }
        }
        self.sets(place, &o.sets, form);
        self.computes(place, &o.computes);
        self.names_of_step(place, (&o.documents, &o.tasks, &o.opens), words);
        self.effects(place, &o.effects, words);
    }

    /// What a step asks to be on file exists, can be brought there, and rests on a clause.
    fn papers(&mut self, place: &str, t: &Transition) {
        let d = self.d;
        if t.by == Side::System && !t.papers.is_empty() {
            self.say(place, "the system brings nothing on file; ask for papers where a person acts");
        }
        for (n, p) in t.papers.iter().enumerate() {
            let place = format!("{place}.paper.{n}");
            let form = p.form.as_deref().and_then(|f| d.form(f));
            let document = p.document.as_deref().and_then(|n| d.document(n));
            match (&p.document, &p.form) {
                (Some(name), None) if document.is_none() => {
                    self.say(&place, format!("there is no document `{name}`"));
                }
                (None, Some(name)) if form.is_none() => {
                    self.say(&place, format!("there is no form `{name}`"));
                }
                (Some(_), None) | (None, Some(_)) => {}
                _ => self.say(&place, "names either a document or a form"),
            }
            if p.served && document.is_none_or(|d| d.publication == Publication::Internal) {
                self.say(&place, "only a document for the party or the public is served");
            }
            if let Some(name) = &p.field
                && form.and_then(|f| f.field(name)).is_none()
            {
                self.say(&place, format!("`{name}` is no field of its form"));
            }
            let opened = d.opening.as_ref().is_some_and(|o| {
                p.document.as_ref().is_some_and(|n| o.documents.contains(n))
                    || (p.form.is_some() && o.form == p.form)
            });
            if !opened && d.makers(p).all(|m| m.id == t.id) {
                self.say(&place, "no other step brings it on file; the step could never be taken");
            }
            if !p.basis.is_named() {
                self.say(&place, "it cites no clause; add basis");
            }
        }
    }

    /// Every end of a matter an assessment counts has an outcome, and what an outcome asks for is declared.
    pub(super) fn assessed(&mut self) {
        let d = self.d;
        let Some(rule) = &d.assessed else { return };
        let asked = rule.outcomes.iter().flat_map(|o| o.when.keys()).chain(&rule.region);
        for name in asked.filter(|n| d.fact(n).is_none()) {
            self.say("assessed", format!("there is no fact `{name}`"));
        }
        let names: Vec<&str> =
            rule.outcomes.iter().map(|o| o.id.as_str()).chain(["running", "overdue"]).collect();
        self.unique("assessed", &names);
        for state in d.states.iter().filter(|s| s.r#final) {
            if !rule.outcomes.iter().any(|o| o.state == state.id && o.when.is_empty()) {
                self.say(
                    "assessed",
                    format!("the final state `{}` has no outcome without condition", state.id),
                );
            }
        }
        for o in rule.outcomes.iter().filter(|o| d.state(&o.state).is_none_or(|s| !s.r#final)) {
            self.say(format!("assessed.{}", o.id), format!("`{}` is no final state", o.state));
        }
    }

    /// A drill is one from the opening on: its fact is a yes or no of the opening's form, and no later step touches it.
    pub(super) fn drill(&mut self) {
        let d = self.d;
        let Some(fact) = d.drill.as_deref() else { return };
        if d.fact(fact).is_none() {
            self.say("drill", format!("there is no fact `{fact}`"));
        }
        let set = d.opening.as_ref().filter(|o| o.sets.iter().any(|n| n == fact));
        let form = set.and_then(|o| d.form(o.form.as_deref()?));
        if form.and_then(|f| f.field(fact)).is_none_or(|f| f.kind != FieldType::YesNo) {
            self.say("drill", format!("the opening must set `{fact}` from a field of type yes_no"));
        }
        for t in &d.transitions {
            let told = |e: &EffectUse| e.run == "flow.set_facts" && e.with.contains_key(fact);
            let computed = t.computes.iter().any(|c| c.fact == fact);
            if t.sets.iter().any(|n| n == fact) || computed || t.effects.iter().any(told) {
                self.say(format!("transition.{}", t.id), format!("sets `{fact}`: a drill stays a drill"));
            }
        }
    }

    fn sets(&mut self, place: &str, names: &[String], form: Option<&Form>) {
        for name in names {
            match form.and_then(|f| f.field(name)).filter(|_| self.d.fact(name).is_some()) {
                None => {
                    self.say(place, format!("sets `{name}`, which must be a field of its form and a fact"))
                }
                Some(field) if field.kind == FieldType::Person => {
                    self.say(place, format!("sets `{name}`: personal data never becomes a fact"));
                }
                Some(_) => {}
            }
        }
    }

    fn computes(&mut self, place: &str, computes: &[Compute]) {
        for c in computes.iter().filter(|c| self.d.fact(&c.fact).is_none()).collect::<Vec<_>>() {
            self.say(place, format!("computes `{}`, which is no fact; add a [[fact]]", c.fact));
        }
    }

    fn names_of_step(
        &mut self,
        place: &str,
        (documents, tasks, opens): (&[String], &[String], &[String]),
        words: &Vocabulary,
    ) {
        let d = self.d;
        for name in documents.iter().filter(|n| d.document(n).is_none()) {
            self.say(place, format!("there is no document `{name}`"));
        }
        for name in tasks.iter().filter(|n| d.task(n).is_none()) {
            self.say(place, format!("there is no task `{name}`"));
        }
        for name in opens.iter().filter(|n| !words.reaches(&d.jurisdiction, n)) {
            self.say(place, format!("there is no procedure `{name}` here"));
        }
    }

    pub(super) fn decisions(&mut self, place: &str, names: &[String]) {
        for name in names.iter().filter(|n| !self.d.tables.iter().any(|t| t.id == **n)) {
            self.say(place, format!("there is no decision table `{name}`"));
        }
    }

    pub(super) fn effects(&mut self, place: &str, uses: &[EffectUse], words: &Vocabulary) {
        for e in uses {
            if !words.effects.contains(&e.run) {
                let known = words.effects.iter().cloned().collect::<Vec<_>>().join(", ");
                self.say(place, format!("there is no effect `{}` (there are: {known})", e.run));
            }
            self.effect(place, e, words);
        }
    }

    /// The parameters of the engine's own effects.
    fn effect(&mut self, place: &str, e: &EffectUse, words: &Vocabulary) {
        let d = self.d;
        let text = |name: &str| e.with.get(name).and_then(Json::as_str);
        if let Some(clock) = text("clock") {
            let named: Vec<_> = d.clocks_named(clock).collect();
            if named.is_empty() {
                self.say(place, format!("there is no clock or group of clocks `{clock}`"));
            }
            if e.run == "flow.extend_clock" && named.iter().any(|c| c.extension.is_none()) {
                self.say(place, format!("the clock `{clock}` has no extension rule"));
            }
            let cause = text("cause").filter(|_| e.run == "flow.suspend_clock");
            if let Some(cause) =
                cause.filter(|c| named.iter().any(|n| n.pauses.iter().all(|p| p.cause != *c)))
            {
                self.say(place, format!("the clock `{clock}` does not pause for `{cause}`"));
            }
        }
        let mut facts: Vec<&str> = Vec::new();
        match e.run.as_str() {
            "flow.tell_children" | "flow.open_matter" => {
                let names = e.with.get("facts").and_then(Json::as_array).into_iter().flatten();
                facts.extend(names.filter_map(Json::as_str));
                let renamed = e.with.get("as").and_then(Json::as_object).into_iter().flatten();
                facts.extend(renamed.filter_map(|(_, own)| own.as_str()));
                self.child_facts(place, e, words);
            }
            "flow.set_facts" => facts.extend(e.with.keys().map(String::as_str)),
            "flow.create_task" => {
                facts.extend(["region", "label"].iter().filter_map(|n| text(n)));
                if text("kind").is_none_or(|k| d.task(k).is_none()) {
                    self.say(place, "flow.create_task needs `kind`, a task of this procedure");
                }
            }
            "flow.number" => {
                facts.extend(text("fact"));
                if text("fact").is_none() || text("pattern").is_none_or(|p| crate::number::fault(p).is_some())
                {
                    self.say(place, "flow.number needs `fact` and a `pattern` with {n}");
                }
            }
            "flow.set_date" => {
                facts.extend(["fact", "from"].iter().filter_map(|n| text(n)));
                if text("law").is_none_or(|law| Rules::builtin().get(law).is_none()) {
                    self.say(place, "flow.set_date needs `law`, a row of rulebook/cn/clocks");
                }
            }
            "flow.set_operator" if text("field").is_none() => {
                self.say(place, "flow.set_operator needs `field`, a field of type operator");
            }
            "flow.refer" => {
                facts.extend(text("fact"));
                let states = e.with.get("states").and_then(Json::as_array).is_some_and(|s| !s.is_empty());
                if ["fact", "procedure", "by"].iter().any(|n| text(n).is_none()) || !states {
                    self.say(place, "flow.refer needs `fact`, `procedure`, `by` and `states`");
                }
            }
            "flow.step_same" => {
                if ["procedure", "state", "transition"].iter().any(|n| text(n).is_none()) {
                    self.say(place, "flow.step_same needs `procedure`, `state` and `transition`");
                }
                let when = e.with.get("when").and_then(Json::as_object).into_iter().flatten();
                facts.extend(when.map(|(fact, _)| fact.as_str()));
            }
            "flow.step_parent" if text("transition").is_none() => {
                self.say(place, "flow.step_parent needs `transition`");
            }
            _ => {}
        }
        for name in facts.into_iter().filter(|n| d.fact(n).is_none()) {
            self.say(place, format!("there is no fact `{name}`"));
        }
    }

    /// What a child is given it must declare.
    fn child_facts(&mut self, place: &str, e: &EffectUse, words: &Vocabulary) {
        let Some(procedure) = e.with.get("procedure").and_then(Json::as_str) else {
            self.say(place, format!("{} needs `procedure`", e.run));
            return;
        };
        let Some(known) = words.facts.get(procedure) else { return };
        if e.run != "flow.open_matter" {
            return;
        }
        let names =
            e.with.get("facts").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let keys = |name: &str| {
            e.with.get(name).and_then(Json::as_object).into_iter().flatten().map(|(k, _)| k.as_str())
        };
        for name in names.chain(keys("as")).chain(keys("set")).filter(|n| !known.contains(*n)) {
            self.say(place, format!("the procedure `{procedure}` declares no fact `{name}`"));
        }
    }
}
