//! The one way a matter is opened and moved.

use crate::definition::{After, Side, Transition};
use crate::effect::{Authority, MatterDraft, NewMatter};
use crate::live::{Bounds, Live, Step, permit};
use crate::{Engine, Error, drill, paper, words};
use access::{Access, Principal, Resource};
use base::{Id, Lang, Text};
use ledger::{Appended, Context};
use serde_json::{Map, Value as Json, json};
use std::future::Future;
use std::pin::Pin;
use store::Tx;

/// A matter opened, or found again by its idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The matter.
    pub matter: Id,
    /// False when the key had been used before.
    pub created: bool,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The matter.
    pub matter: Id,
    /// Its version now.
    pub version: i64,
    /// Its state now.
    pub state: String,
    /// The journal entry.
    pub journal: Appended,
    /// What else happened, as in the journal: `tasks`, `documents`, `opened`, `clocks`, ….
    pub done: Map<String, Json>,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Steps a step brings about in other matters go no deeper than this.
const DEEPEST: u8 = 4;

/// Opens a matter under a procedure. Needs `create` on matters of its region and department. With an idempotency key, a
/// second opening gives the first one's matter.
///
/// # Errors
/// [`Error::Denied`], [`Error::Procedure`] for an unknown procedure or fact, [`Error::Rule`] when a decision table lacks
/// a fact, or storage.
pub async fn open(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    procedure: &str,
    new: NewMatter,
) -> Result<Opened, Error> {
    open_as(tx, cx, engine, Authority::Person { access, who }, procedure, new).await
}

/// As [`open`], in the right given: `Authority::System("lab.nonconformity")` for a consequence nobody pressed for.
///
/// # Errors
/// As [`open`].
pub async fn open_as(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    authority: Authority<'_>,
    procedure: &str,
    new: NewMatter,
) -> Result<Opened, Error> {
    let procedure = engine.procedure_in(procedure, &new.region)?.clone();
    let d = &procedure.definition;
    let agency = new.agency.clone().unwrap_or_else(|| d.agency.clone());
    let classification = new.classification.unwrap_or(d.classification);
    let resource = Resource::new("matter", new.region.as_str())
        .of_agency(agency.as_str())
        .of_operator(new.operator)
        .classified(classification);
    let permit = permit(authority, "create", &resource, cx.now)?;
    if let Some(key) = &new.key {
        let row = tx.first("select id from matter where idempotency = $1", &[key.into()]).await?;
        if let Some(row) = row {
            return Ok(Opened { matter: row.id("id")?, created: false });
        }
    }
    let Some(initial) = d.initial() else {
        return Err(Error::Procedure(format!("procedure `{}` has no initial state", d.id)));
    };
    let draft = MatterDraft {
        id: cx.id(),
        procedure: d.id.clone(),
        state: initial.id.clone(),
        region: new.region,
        agency,
        subject: new.subject,
        operator: new.operator,
        parent: new.parent,
        classification,
        title: new.title,
        facts: new.facts,
    };
    let mut live = Live::new(procedure.clone(), draft, cx.now);
    live.declared_only(&live.draft.facts, "the opening")?;
    live.name_party(tx, engine).await?;
    live.decide(&d.decides)?;
    live.insert(tx, cx, new.key.as_deref()).await?;
    let event = format!("enter:{}", initial.id);
    live.start_clocks(tx, cx, engine, &event, None).await?;
    live.save(tx, engine).await?;
    live.done.insert("subject".to_owned(), json!(live.draft.subject));
    if let Some(parent) = live.draft.parent {
        live.done.insert("parent".to_owned(), json!(parent));
    }
    let step = Step {
        kind: "open",
        name: &d.id,
        from: None,
        to: None,
        form: None,
        target: None,
        note: None,
        version: 1,
    };
    live.record(tx, cx, &permit, "matter.opened", step, None).await?;
    Ok(Opened { matter: live.draft.id, created: true })
}

/// A child matter, opened by an effect.
pub(crate) fn open_child<'a>(
    tx: &'a mut Tx,
    cx: &'a Context,
    engine: &'a Engine,
    by: &'a str,
    procedure: &'a str,
    new: NewMatter,
) -> Boxed<'a, Opened> {
    Box::pin(open_as(tx, cx, engine, Authority::System(by), procedure, new))
}

/// Takes a step in a matter: lock, authorise, check the form, guard, effects, state, tasks, clocks, journal.
///
/// # Errors
/// [`Error::Conflict`] when the matter is no longer at `expected`: for an approval (`decide`, `publish`) nothing of the file may have
/// changed since, papers and reports among it, for other steps nothing of the matter itself; [`Error::Denied`]; [`Error::Form`] with
/// every fault; [`Error::Refused`] for a step that is not possible now; [`Error::Effect`]. Nothing is written then.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus the step's own four
pub async fn transition(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    matter: Id,
    expected: i64,
    transition: &str,
    form: &Json,
) -> Result<Outcome, Error> {
    let authority = Authority::Person { access, who };
    perform(tx, cx, engine, authority, matter, Some(expected), transition, form, 0).await
}

/// As [`transition`], by the system as a consequence; no version is expected.
///
/// # Errors
/// As [`transition`].
pub async fn transition_as_system(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    reason: &str,
    matter: Id,
    transition: &str,
    form: &Json,
) -> Result<Outcome, Error> {
    perform(tx, cx, engine, Authority::System(reason), matter, None, transition, form, 0).await
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn perform<'a>(
    tx: &'a mut Tx,
    cx: &'a Context,
    engine: &'a Engine,
    authority: Authority<'a>,
    matter: Id,
    expected: Option<i64>,
    transition: &'a str,
    form: &'a Json,
    depth: u8,
) -> Boxed<'a, Outcome> {
    Box::pin(async move {
        if depth > DEEPEST {
            return Err(Error::Procedure(format!(
                "steps call each other more than {DEEPEST} deep at `{transition}`"
            )));
        }
        let mut live = Live::lock(tx, engine, matter).await?;
        let procedure = live.procedure.clone();
        let d = &procedure.definition;
        let Some(t) = d.transition(transition) else {
            // the refusal names what is possible, so only to those who may see the matter
            if let Authority::Person { access, who } = authority {
                live.seen_as(tx, access, who, cx.now).await?;
            }
            return Err(live.no_such_step(transition));
        };
        let submitter = live.taken_by(tx, t.not_by.as_deref()).await?;
        let mut resource = live.resource_of(t);
        resource.submitter = submitter;
        let permit = live.permit(tx, engine, authority, (&t.action, &resource), cx.now).await?;
        live.side(t, authority)?;
        if let Some((expected, who)) = expected.zip(authority.who())
            && live.outrun(tx, t, expected).await?
        {
            return Err(live.conflict(tx, who, None, expected).await?);
        }
        if !t.from.contains(&live.draft.state) {
            return Err(live.not_now(t));
        }
        if submitter.is_some() && submitter == cx.actor.account {
            return Err(Error::refused(
                "前一步由您本人办理，请由他人办理此步（双人制约）",
                "you took the earlier step yourself; another person must take this one (four eyes)",
            ));
        }
        let scope = live.scope(tx, cx.now).await?;
        if let Some(missing) = paper::refusal(&live.papers(tx, t, &scope).await?) {
            return Err(Error::Refused(missing));
        }
        if let Some(early) = live.too_early(tx, engine.calendar(), t, cx.now).await? {
            return Err(Error::Refused(early));
        }
        let entry = live.check_form(tx, (&authority, cx.now), t.form.as_deref(), form, &scope).await?;
        let mut guarded = scope;
        guarded["form"] = Json::Object(entry.body.clone());
        if procedure.guards.holds(&format!("transition.{}", t.id), &guarded)? == Some(false) {
            let refusal = t.refusal.clone();
            return Err(Error::Refused(
                refusal.unwrap_or_else(|| Text::of("条件未满足", "the condition does not hold")),
            ));
        }
        live.not_too_soon(engine.calendar(), t, &entry.body, cx.now)?;
        live.not_too_late(tx, engine.calendar(), t, &guarded, cx.now).await?;
        let form_id = match &t.form {
            Some(name) => Some(live.keep_form(tx, cx, engine, name, &entry.body, None).await?),
            None => None,
        };
        live.set_facts(&t.sets, &entry.body);
        let place = format!("transition.{}", t.id);
        live.compute(&place, &t.computes, None, &guarded)?;
        live.decide(&t.decides)?;
        live.compute(&place, &t.computes, Some(After::Decides), &guarded)?;
        let note = note_of(&entry.body).map(ToOwned::to_owned);
        let note = note.as_deref();
        let from = live.draft.state.clone();
        let to = t.to.clone().unwrap_or_else(|| from.clone());
        let bounds = Bounds {
            step: &t.id,
            tasks: &t.tasks,
            opens: &t.opens,
            form: &entry.body,
            reason: note.unwrap_or_default(),
        };
        let (steps, drafted) = live.run_effects(tx, cx, engine, authority, &t.effects, &bounds).await?;
        let why = live.reason_of(&bounds);
        live.retime_clocks(tx, cx, engine, &why).await?;
        for name in t.documents.iter().filter(|n| !drafted.contains(n)) {
            live.draft_template(tx, cx, engine, name).await?;
        }
        live.end_publications(tx, cx, &t.withdraws).await?;
        live.enter(tx, cx, engine, t, &to).await?;
        live.version += 1;
        live.save(tx, engine).await?;
        if !entry.open.is_empty() {
            live.done.insert("form".to_owned(), Json::Object(entry.open.clone()));
        }
        let done = live.done.clone();
        let step = Step {
            kind: "transition",
            name: &t.id,
            from: Some(&from),
            to: Some(&to),
            form: form_id,
            target: None,
            note,
            version: live.version,
        };
        let journal = live.record(tx, cx, &permit, "matter.transition", step, Some(entry.private)).await?;
        take_steps(tx, cx, engine, &t.id, steps, depth).await?;
        Ok(Outcome { matter, version: live.version, state: to, journal, done })
    })
}

/// What a form says in words of why.
pub(crate) fn note_of(form: &Map<String, Json>) -> Option<&str> {
    form.get("reason").or_else(|| form.get("note")).and_then(Json::as_str)
}

/// Takes the steps effects asked for in other matters.
pub(crate) async fn take_steps(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    by: &str,
    steps: Vec<(Id, String)>,
    depth: u8,
) -> Result<(), Error> {
    for (other, transition) in steps {
        perform(tx, cx, engine, Authority::System(by), other, None, &transition, &Json::Null, depth + 1)
            .await?;
    }
    Ok(())
}

impl Live {
    /// Copies fields of the form into facts; what was left empty stays as it was.
    pub(crate) fn set_facts(&mut self, names: &[String], form: &Map<String, Json>) {
        for name in names {
            if let Some(value) = form.get(name) {
                self.draft.set(name, value.clone());
            }
        }
    }

    fn no_such_step(&self, name: &str) -> Error {
        Error::Refused(Text::new(
            format!("本程序没有步骤“{name}”。{}", self.possible(Lang::Zh)),
            format!("this procedure has no step `{name}`. {}", self.possible(Lang::En)),
        ))
    }

    fn not_now(&self, t: &Transition) -> Error {
        let state = self.procedure.definition.state(&self.draft.state);
        let state =
            state.map_or_else(|| Text::new(&*self.draft.state, &*self.draft.state), |s| s.title.clone());
        Error::Refused(Text::new(
            format!("办件处于“{}”，不能办理“{}”。{}", state.zh, t.title.zh, self.possible(Lang::Zh)),
            format!(
                "the matter is at \"{}\"; \"{}\" is not possible now. {}",
                state.en,
                t.title.en,
                self.possible(Lang::En)
            ),
        ))
    }

    fn possible(&self, lang: Lang) -> String {
        let steps =
            self.procedure.definition.leaving(&self.draft.state).filter(|t| t.by != Side::System && !t.quiet);
        let names: Vec<&str> = steps.map(|t| t.title.get(lang)).collect();
        match (names.is_empty(), lang) {
            (true, Lang::Zh) => "办件已办结，没有可办理的步骤".to_owned(),
            (true, Lang::En) => "The matter has ended; no step is possible".to_owned(),
            (false, Lang::Zh) => format!("可办理：{}", names.join("、")),
            (false, Lang::En) => format!("Possible: {}", names.join(", ")),
        }
    }

    /// Whether the actor stands on the side the step belongs to.
    fn side(&self, t: &Transition, authority: Authority<'_>) -> Result<(), Error> {
        let Some(who) = authority.who() else { return Ok(()) };
        match t.by {
            Side::Agency if who.operator.is_none() => Ok(()),
            Side::Operator if who.operator.is_some() && who.operator == self.draft.operator => Ok(()),
            Side::Agency => Err(Error::refused("此步由监管部门办理", "this step is taken by the authority")),
            Side::Operator => {
                Err(Error::refused("此步由生产经营者办理", "this step is taken by the operator concerned"))
            }
            Side::Citizen | Side::System => Err(Error::refused(
                "此步由系统自动办理，无需操作",
                "the system takes this step by itself; nothing to do",
            )),
        }
    }

    /// Who last took a step of that name.
    pub(crate) async fn taken_by(&self, tx: &mut Tx, name: Option<&str>) -> Result<Option<Id>, Error> {
        let Some(name) = name else { return Ok(None) };
        let row = tx
            .first(
                "select account from matter_step where matter = $1 and kind = 'transition' and name = $2 \
                 order by id desc limit 1",
                &[self.draft.id.into(), name.into()],
            )
            .await?;
        Ok(row.map(|r| r.opt_id("account")).transpose()?.flatten())
    }

    /// Enters a state: clocks of the step are met and started; a final state ends everything that runs.
    async fn enter(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        t: &Transition,
        to: &str,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let moved = self.draft.state != to;
        to.clone_into(&mut self.draft.state);
        let mut events = vec![format!("transition:{}", t.id)];
        if moved {
            events.push(format!("enter:{to}"));
            self.invite(tx).await?;
        }
        self.meet_clocks(tx, cx, engine, &events, None).await?;
        let ended = procedure.definition.state(to).is_some_and(|s| s.r#final);
        if ended {
            self.closed_at = Some(cx.now);
        }
        if ended || t.voids_tasks {
            self.void_tasks(tx, cx).await?;
            self.void_clocks(tx, cx).await?;
        }
        if !ended {
            for event in &events {
                self.start_clocks(tx, cx, engine, event, None).await?;
            }
        }
        Ok(())
    }

    /// Keeps the version of the procedure, once.
    pub(crate) async fn keep_procedure(&self, tx: &mut Tx, cx: &Context) -> Result<(), Error> {
        let p = &self.procedure;
        tx.exec(
            "insert into procedure_version (hash, procedure, definition, at) values ($1, $2, $3, $4) \
             on conflict (hash) do nothing",
            &[p.hash.as_str().into(), p.definition.id.as_str().into(), p.json.as_str().into(), cx.now.into()],
        )
        .await?;
        Ok(())
    }

    /// Inserts the matter's row and keeps its procedure version.
    pub(crate) async fn insert(&mut self, tx: &mut Tx, cx: &Context, key: Option<&str>) -> Result<(), Error> {
        self.drill = drill::is_drill(tx, &self.procedure.definition, &self.draft).await?;
        self.hold_drill();
        let (d, p) = (&self.draft, &self.procedure);
        self.keep_procedure(tx, cx).await?;
        tx.exec(
            "insert into matter (id, procedure, hash, region, agency, subject, operator, parent, title_zh, title_en, state, facts, \
             classification, idempotency, opened_at, next_due, version, drill, party, root) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 9223372036854775807, 1, $16, $17, \
             coalesce((select p.root from matter p where p.id = $8), $1))",
            &[
                d.id.into(),
                d.procedure.as_str().into(),
                p.hash.as_str().into(),
                d.region.as_str().into(),
                d.agency.as_str().into(),
                d.subject.as_str().into(),
                d.operator.into(),
                d.parent.into(),
                d.title.zh.as_ref().into(),
                d.title.en.as_ref().into(),
                d.state.as_str().into(),
                Json::Object(d.facts.clone()).to_string().into(),
                i64::from(d.classification).into(),
                key.into(),
                cx.now.into(),
                self.drill.into(),
                self.party().into(),
            ],
        )
        .await?;
        words::keep(tx, d.id, &d.title).await?;
        self.invite(tx).await
    }
}
