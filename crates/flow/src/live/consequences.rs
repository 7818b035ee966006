//! Runs the effects of a step and does what they ask for.

use super::{Live, Step};
use crate::definition::EffectUse;
use crate::effect::{Authority, EffectCx, EffectOut};
use crate::step::open_child;
use crate::{Engine, Error, drill};
use base::{Id, Text};
use ledger::{Context, Permit};
use serde_json::{Map, Value as Json, json};
use store::Tx;

/// What the effects of a step may do.
pub(crate) struct Bounds<'a> {
    /// Transition or `task:KIND`.
    pub(crate) step: &'a str,
    /// Task kinds.
    pub(crate) tasks: &'a [String],
    /// Procedures.
    pub(crate) opens: &'a [String],
    /// The form, checked.
    pub(crate) form: &'a Map<String, Json>,
    /// Reason written in the form, for clock changes.
    pub(crate) reason: &'a str,
}

impl Live {
    /// Runs the effects in order; returns the steps they ask for in other matters and the documents they drafted.
    pub(crate) async fn run_effects(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        authority: Authority<'_>,
        effects: &[EffectUse],
        bounds: &Bounds<'_>,
    ) -> Result<(Vec<(Id, String)>, Vec<String>), Error> {
        let (mut steps, mut drafted) = (Vec::new(), Vec::new());
        for used in effects {
            let Some(effect) = engine.effects.get(&used.run) else {
                return Err(Error::Procedure(format!("there is no effect `{}`", used.run)));
            };
            // what reaches beyond the engine is real
            if self.drill && !used.run.starts_with("flow.") && !used.run.starts_with("case.") {
                return Err(drill::refused());
            }
            let concerned = self.draft.operator;
            let ecx = EffectCx { context: cx, authority, engine, step: bounds.step, form: bounds.form };
            let out = effect
                .run(tx, &ecx, &mut self.draft, &used.with)
                .await
                .map_err(|source| Error::Effect { name: used.run.clone(), source })?;
            if self.draft.operator != concerned {
                self.rename_party(tx, cx, engine).await?;
            }
            self.declared_only(&self.draft.facts, &used.run)?;
            drafted.extend(out.documents.iter().map(|d| d.name.clone()));
            steps.extend(self.apply(tx, cx, engine, &used.run, out, bounds).await?);
        }
        Ok((steps, drafted))
    }

    async fn apply(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        by: &str,
        out: EffectOut,
        bounds: &Bounds<'_>,
    ) -> Result<Vec<(Id, String)>, Error> {
        self.declared_only(&out.facts, by)?;
        self.draft.facts.extend(out.facts);
        self.add_tasks(tx, cx, engine, out.tasks, bounds.tasks).await?;
        for (procedure, mut new) in out.matters {
            if !bounds.opens.contains(&procedure) {
                return Err(Error::Procedure(format!(
                    "the effect {by} opens `{procedure}`, which this step does not list in `opens`"
                )));
            }
            new.parent = Some(self.draft.id);
            let label = new.title.zh.clone().into_owned();
            let facts = new.facts.clone();
            let opened = open_child(tx, cx, engine, by, &procedure, new).await?;
            self.link(tx, cx, "child", &format!("matter:{}", opened.matter), &label).await?;
            if opened.created {
                let list = self.done.entry("opened").or_insert_with(|| json!([]));
                if let Json::Array(list) = list {
                    list.push(json!({"procedure": procedure, "matter": opened.matter}));
                }
            } else {
                self.tell(tx, cx, engine, opened.matter, facts, bounds).await?;
            }
        }
        for (matter, facts) in out.told {
            self.tell(tx, cx, engine, matter, facts, bounds).await?;
        }
        for document in out.documents {
            self.insert_document(tx, cx, document).await?;
        }
        for link in out.links {
            self.link(tx, cx, &link.kind, &link.target, &link.label).await?;
        }
        for (name, day) in &out.served {
            let why = self.reason_of(bounds);
            self.correct_service(tx, cx, engine, name, *day, &why).await?;
        }
        for change in &out.clocks {
            self.change_clock(tx, cx, engine, change, bounds.reason).await?;
        }
        Ok(out.steps)
    }

    /// Brings facts of another running matter up to date with this one: its decision tables are asked again, its clocks follow,
    /// and its history says so. Facts its version of the procedure does not know are left out.
    async fn tell(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        matter: Id,
        facts: Map<String, Json>,
        bounds: &Bounds<'_>,
    ) -> Result<(), Error> {
        let mut other = Self::lock(tx, engine, matter).await?;
        if other.closed_at.is_some() {
            return Ok(());
        }
        let procedure = other.procedure.clone();
        let known = facts.into_iter().filter(|(name, _)| procedure.definition.fact(name).is_some());
        other.draft.facts.extend(known);
        if !other.changed() {
            return Ok(());
        }
        other.decide(&procedure.definition.decides)?;
        let why = self.reason_of(bounds);
        other.retime_clocks(tx, cx, engine, &why).await?;
        other.version += 1;
        other.save(tx, engine).await?;
        other.done.insert("told_by".to_owned(), json!(self.draft.id));
        let step = Step {
            kind: "facts",
            name: bounds.step,
            from: None,
            to: None,
            form: None,
            target: None,
            note: Some(&why.zh),
            version: other.version,
        };
        other.record(tx, cx, &Permit::system(bounds.step), "matter.updated", step, None).await?;
        let list = self.done.entry("told").or_insert_with(|| json!([]));
        if let Json::Array(list) = list {
            list.push(json!(matter));
        }
        Ok(())
    }

    /// A step and the reason written in its form, in words: why clocks changed.
    pub(crate) fn reason_of(&self, bounds: &Bounds<'_>) -> Text {
        let step = self.procedure.definition.transition(bounds.step);
        let title = step.map_or_else(|| Text::new(bounds.step, bounds.step), |t| t.title.clone());
        if bounds.reason.is_empty() {
            return title;
        }
        Text::new(format!("{}（{}）", title.zh, bounds.reason), format!("{} ({})", title.en, bounds.reason))
    }

    /// Links the matter to a record, once.
    pub(crate) async fn link(
        &self,
        tx: &mut Tx,
        cx: &Context,
        kind: &str,
        target: &str,
        label: &str,
    ) -> Result<(), Error> {
        tx.exec(
            "insert into matter_link (matter, kind, target, label, at) values ($1, $2, $3, $4, $5) \
             on conflict (matter, kind, target) do nothing",
            &[self.draft.id.into(), kind.into(), target.into(), label.into(), cx.now.into()],
        )
        .await?;
        Ok(())
    }
}
