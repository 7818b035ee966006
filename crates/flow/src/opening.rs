//! A matter opened by hand: its form checked, its title rendered, its first consequences in the same transaction.

use crate::definition::{After, Side};
use crate::effect::{Authority, DocumentSource, MatterDraft};
use crate::live::{Bounds, Live, Step, permit};
use crate::step::{Opened, note_of, take_steps};
use crate::{Engine, Error, words};
use access::Resource;
use base::{Id, RegionCode, Text};
use ledger::{Context, Permit};
use serde_json::{Map, Value as Json, json};
use store::Tx;

/// What is asked when a person opens a matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Region code; the procedure's region field has the last word.
    pub region: String,
    /// The operator concerned; the procedure's operator field has the last word.
    pub operator: Option<Id>,
    /// What it is about, `kind:id`; the operator when absent.
    pub subject: Option<String>,
    /// The matter it follows from.
    pub parent: Option<Id>,
    /// Idempotency key, of the caller's own choosing; a second request with it gives the first one's matter.
    pub key: Option<String>,
    /// The form of the opening.
    pub form: Json,
}

/// Opens a matter as its procedure's `[opening]` says. Needs `create` on matters of the region and department; where the
/// procedure lets citizens open one, no account.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Form`] with every fault; [`Error::Refused`] when the procedure has no opening, not for this side, or its
/// guard refuses; [`Error::Procedure`] for an unknown procedure.
pub async fn open_by_form(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    authority: Authority<'_>,
    procedure: &str,
    request: Request,
) -> Result<Opened, Error> {
    let nation = engine.procedure(procedure)?;
    let field = nation.definition.opening.as_ref().and_then(|o| o.region.clone());
    let given = field.and_then(|f| request.form.get(&f)?.as_str().map(|s| s.trim().to_owned()));
    let region = given.filter(|r| !r.is_empty()).unwrap_or_else(|| request.region.clone());
    let procedure = engine.procedure_in(procedure, &region)?.clone();
    let d = &procedure.definition;
    let Some(opening) = &d.opening else {
        return Err(Error::refused(
            "本程序由系统立项，不能手工开立",
            "matters of this procedure are opened by their cause, not by hand",
        ));
    };
    if region.parse::<RegionCode>().is_err() {
        return Err(Error::refused("请选择行政区划", "choose the region"));
    }
    let side = match authority.who() {
        None => Side::System,
        Some(who) if who.is_anonymous() => Side::Citizen,
        Some(who) if who.operator.is_some() => Side::Operator,
        Some(_) => Side::Agency,
    };
    if side != Side::System && !opening.allows(side) {
        return Err(Error::refused("本程序不由您这一方提出", "this procedure is not opened from your side"));
    }
    let operator = match side {
        Side::Operator => authority.who().and_then(|w| w.operator),
        _ => {
            let typed = opening.operator.as_ref().and_then(|f| request.form.get(f)?.as_str()).map(str::trim);
            let named = typed.and_then(|t| t.parse().ok());
            if let (Some(typed), None, Some(_)) = (typed.filter(|t| !t.is_empty()), named, &opening.party) {
                return Err(Error::Refused(Text::new(
                    format!("登记库中没有“{typed}”，请从登记库中选择；未登记的只填名称"),
                    format!(
                        "the register has no `{typed}`: choose from it, or give only the name of who is not on it"
                    ),
                )));
            }
            named.or(request.operator)
        }
    };
    let resource = Resource::new("matter", region.as_str())
        .of_agency(d.agency.as_str())
        .of_operator(operator)
        .classified(d.classification);
    let permit = match side {
        Side::Citizen => Permit::system("opening:citizen"),
        _ => permit(authority, "create", &resource, cx.now)?,
    };
    let key = request.key.as_ref().map(|k| match authority.who() {
        Some(who) => format!("{}:{k}", who.account),
        None => k.clone(),
    });
    if let Some(key) = &key {
        let row = tx.first("select id from matter where idempotency = $1", &[key.into()]).await?;
        if let Some(row) = row {
            return Ok(Opened { matter: row.id("id")?, created: false });
        }
    }
    let Some(initial) = d.initial() else {
        return Err(Error::Procedure(format!("procedure `{}` has no initial state", d.id)));
    };
    let subject = request.subject.clone().or_else(|| operator.map(|o| format!("operator:{o}")));
    let id = cx.id();
    let draft = MatterDraft {
        id,
        procedure: d.id.clone(),
        state: initial.id.clone(),
        region,
        agency: d.agency.clone(),
        subject: subject.unwrap_or_else(|| format!("{}:{id}", d.subject)),
        operator,
        parent: request.parent,
        classification: d.classification,
        title: d.title.clone(),
        facts: Map::new(),
    };
    let mut live = Live::new(procedure.clone(), draft, cx.now);
    let mut scope = live.scope(tx, cx.now).await?;
    let entry =
        live.check_form(tx, (&authority, cx.now), opening.form.as_deref(), &request.form, &scope).await?;
    scope["form"] = Json::Object(entry.body.clone());
    if procedure.guards.holds("opening", &scope)? == Some(false) {
        let refusal = opening.refusal.clone();
        return Err(Error::Refused(
            refusal.unwrap_or_else(|| Text::of("条件未满足", "the condition does not hold")),
        ));
    }
    live.set_facts(&opening.sets, &entry.body);
    live.name_party(tx, engine).await?;
    live.compute("opening", &opening.computes, None, &scope)?;
    live.decide(&d.decides)?;
    live.compute("opening", &opening.computes, Some(After::Decides), &scope)?;
    live.entitle(cx, engine)?;
    live.insert(tx, cx, key.as_deref()).await?;
    live.start_clocks(tx, cx, engine, &format!("enter:{}", initial.id), None).await?;
    let form = match &opening.form {
        Some(name) => Some(live.keep_form(tx, cx, engine, name, &entry.body, None).await?),
        None => None,
    };
    let note = note_of(&entry.body).map(ToOwned::to_owned);
    let bounds = Bounds {
        step: "opening",
        tasks: &opening.tasks,
        opens: &opening.opens,
        form: &entry.body,
        reason: note.as_deref().unwrap_or_default(),
    };
    let (steps, drafted) = live.run_effects(tx, cx, engine, authority, &opening.effects, &bounds).await?;
    for name in opening.documents.iter().filter(|n| !drafted.contains(n)) {
        live.draft_template(tx, cx, engine, name).await?;
    }
    live.save(tx, engine).await?;
    live.done.insert("subject".to_owned(), json!(live.draft.subject));
    if let Some(parent) = live.draft.parent {
        live.done.insert("parent".to_owned(), json!(parent));
    }
    if !entry.open.is_empty() {
        live.done.insert("form".to_owned(), Json::Object(entry.open.clone()));
    }
    let step = Step {
        kind: "open",
        name: &d.id,
        from: None,
        to: None,
        form,
        target: None,
        note: note.as_deref(),
        version: 1,
    };
    live.record(tx, cx, &permit, "matter.opened", step, Some(entry.private)).await?;
    take_steps(tx, cx, engine, "opening", steps, 0).await?;
    Ok(Opened { matter: live.draft.id, created: true })
}

impl Live {
    /// Sets the facts in which the operator concerned stands, as the register has it.
    pub(crate) async fn name_party(&mut self, tx: &mut Tx, engine: &Engine) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let facts = procedure.definition.opening.as_ref().and_then(|o| o.party.as_ref());
        let (Some(facts), Some(register), Some(operator)) = (facts, &engine.register, self.draft.operator)
        else {
            return Ok(());
        };
        let known = register.party(tx, operator).await;
        let known = known.map_err(|source| Error::Effect { name: "register".to_owned(), source })?;
        let Some(party) = known else { return Ok(()) };
        self.draft.set(&facts.name, party.name);
        for (fact, value) in [(&facts.code, party.code), (&facts.address, party.address)] {
            if let (Some(fact), Some(value)) = (fact, value) {
                self.draft.set(fact, value);
            }
        }
        Ok(())
    }

    /// The operator concerned is another one now: facts, title and the words it is found by follow.
    pub(crate) async fn rename_party(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
    ) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        let party = procedure.definition.opening.as_ref().and_then(|o| o.party.as_ref());
        let (Some(facts), true) = (party, engine.register.is_some()) else { return Ok(()) };
        let known = self.draft.title.clone();
        for fact in [&facts.code, &facts.address].into_iter().flatten() {
            self.draft.facts.remove(fact);
        }
        self.name_party(tx, engine).await?;
        self.entitle(cx, engine)?;
        if self.draft.title != known {
            words::renew(tx, self.draft.id, &self.draft.title).await?;
        }
        Ok(())
    }

    /// Gives the matter the title its opening declares.
    fn entitle(&mut self, cx: &Context, engine: &Engine) -> Result<(), Error> {
        let procedure = self.procedure.clone();
        if let Some(title) = procedure.definition.opening.as_ref().and_then(|o| o.title.as_ref()) {
            self.draft.title = self.render_title(cx, engine, title)?;
        }
        Ok(())
    }

    /// A template text over the facts, as a title.
    fn render_title(&self, cx: &Context, engine: &Engine, title: &Text) -> Result<Text, Error> {
        let source = DocumentSource { title, zh: "", en: "" };
        let (title, _) = engine
            .render
            .render(&source, &self.document_context(cx))
            .map_err(|source| Error::Effect { name: "opening title".to_owned(), source })?;
        let short = |s: &str| s.chars().take(200).collect::<String>();
        Ok(Text::new(short(&title.zh), short(&title.en)))
    }
}
