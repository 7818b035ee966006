//! Runs the effects of a step and does what they ask for.

use super::Live;
use crate::definition::EffectUse;
use crate::effect::{Authority, EffectCx, EffectOut};
use crate::step::open_child;
use crate::{Engine, Error};
use base::Id;
use ledger::Context;
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
            let ecx = EffectCx { context: cx, authority, engine, step: bounds.step, form: bounds.form };
            let out = effect
                .run(tx, &ecx, &mut self.draft, &used.with)
                .await
                .map_err(|source| Error::Effect { name: used.run.clone(), source })?;
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
            let opened = open_child(tx, cx, engine, by, &procedure, new).await?;
            self.link(tx, cx, "child", &format!("matter:{}", opened.matter), &label).await?;
            if opened.created {
                let list = self.done.entry("opened").or_insert_with(|| json!([]));
                if let Json::Array(list) = list {
                    list.push(json!({"procedure": procedure, "matter": opened.matter}));
                }
            }
        }
        for document in out.documents {
            self.insert_document(tx, cx, document).await?;
        }
        for link in out.links {
            self.link(tx, cx, &link.kind, &link.target, &link.label).await?;
        }
        for change in &out.clocks {
            self.change_clock(tx, cx, engine, change, bounds.reason).await?;
        }
        Ok(out.steps)
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
