//! One matter whole: where it stands, what happened, what runs, what can be done now.

use super::actions::actions;
use super::lists::{Of, clocks_of, task_line};
use super::party::contests;
use super::{Due, TaskLine, state_title};
use crate::definition::Side;
use crate::form::Form;
use crate::live::{ClockRow, Live, clock_columns, step_title};
use crate::{Basis, Engine, Error, FileView, PaperView, Procedure};
use access::{Access, Principal, Resource};
use base::clock::{Extension, Suspension};
use base::{Date, Id, Instant, Text};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use store::{Row, Sql, Store, Tx};

/// A fact with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactView {
    /// Name.
    pub id: String,
    /// On screen.
    pub title: Text,
    /// Value.
    pub value: Json,
    /// The value in words, where the procedure has words for its codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Text>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepView {
    /// When.
    pub at: Instant,
    /// `open`, `transition`, `item`, `task`, `clock`, `document`.
    pub kind: String,
    /// What, in words.
    pub title: Text,
    /// Login of the person.
    pub login: String,
    /// The absent person a deputy did it for.
    pub acting_for: Option<Id>,
    /// Reason or note as written.
    pub note: Option<String>,
    /// The form entered: its definition's name and the values.
    pub form: Option<(String, Map<String, Json>)>,
    /// Unit of the task item reported in it; empty elsewhere.
    #[serde(skip)]
    pub unit: String,
    /// Journal entry, for its proof.
    pub journal: Id,
    /// The task item, clock or document concerned.
    pub target: Option<Id>,
    /// Whether the matter began with it or came to another state by it.
    pub moved: bool,
    /// Whether it is the step of the operator concerned, whoever took it for that operator.
    pub by_party: bool,
    /// Whether it sent back what the operator concerned had submitted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub returned: bool,
}

/// A clock of a matter or task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClockView {
    /// Clock.
    pub id: Id,
    /// Its task, if it is a task's.
    pub task: Option<Id>,
    /// Rule.
    pub rule: String,
    /// Where the number comes from, and whether it was checked.
    pub basis: Basis,
    /// As it stands.
    pub due: Due,
    /// When its event happened.
    pub started_at: Instant,
    /// Pauses with their reasons.
    pub suspensions: Vec<Suspension>,
    /// Extensions with their approvers.
    pub extensions: Vec<Extension>,
    /// When it was met.
    pub met_at: Option<Instant>,
    /// When it became void.
    pub void_at: Option<Instant>,
    /// Why it took another clock's place, or lost its own.
    pub reason: Option<Text>,
    /// The day a person set that it ends on, by the name of its fact; `None`: the law alone gives the length.
    pub until: Option<Text>,
    /// Causes it may pause for: code and words.
    pub pauses: Vec<(String, Text)>,
    /// Whether its rule allows an extension.
    pub extensible: bool,
    /// For changes.
    pub version: i64,
}

/// A document of a matter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DocumentView {
    /// Document.
    pub id: Id,
    /// Its matter.
    pub matter: Id,
    /// Name in the procedure.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Region code.
    pub region: String,
    /// Heading.
    pub title: Text,
    /// Body, HTML.
    pub html: Text,
    /// `draft`, `published`, `withdrawn`.
    pub status: String,
    /// `public`, `party`, `internal`.
    pub audience: String,
    /// Who drafted it.
    pub submitter: Option<Id>,
    /// Address part.
    pub slug: String,
    /// The number it bears since it was issued (文号).
    pub number: Option<String>,
    /// When it was published.
    pub published_at: Option<Instant>,
    /// Until when it is public; `None`: without end.
    pub public_until: Option<Instant>,
    /// The day it was served, where that was put right; `None`: the day it was published.
    pub served_on: Option<Date>,
    /// The day the party says it was served, and why, while that is not answered.
    pub contested: Option<Contested>,
    /// Journal entry of the publication.
    pub journal: Option<Id>,
    /// Whether the person may publish it now.
    pub may_publish: bool,
    /// Whether the person may change it now: a draft of their own.
    pub may_revise: bool,
    /// For changes.
    pub version: i64,
}

/// A day of service the party contests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contested {
    /// The day it names.
    pub claimed_on: String,
    /// Its words.
    pub reason: String,
}

/// A link to another record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// Relation.
    pub kind: String,
    /// `kind:id`.
    pub target: String,
    /// Shown.
    pub label: String,
}

/// A step the person may take now, or why it is not possible yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    /// Transition.
    pub id: String,
    /// Words on the button.
    pub title: Text,
    /// Form to fill.
    pub form: Option<Form>,
    /// What it opens with: what was entered last where the step corrects it, else what the matter knows.
    #[serde(skip)]
    pub entered: Map<String, Json>,
    /// Why it cannot be taken yet.
    pub refusal: Option<Text>,
    /// The papers it asks for, those on file and those missing.
    pub papers: Vec<PaperView>,
    /// Nobody waits for it.
    pub quiet: bool,
}

/// A matter whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatterView {
    /// Matter.
    pub id: Id,
    /// Procedure.
    pub procedure: String,
    /// Procedure on screen.
    pub procedure_title: Text,
    /// Version of the procedure it runs under (hash).
    pub procedure_version: String,
    /// Whether new matters of the region begin under another version; see [`crate::migrate`].
    pub outdated: bool,
    /// The account it is given to.
    pub assigned: Option<Id>,
    /// Clauses the procedure rests on.
    pub basis: Vec<Basis>,
    /// On screen.
    pub title: Text,
    /// State.
    pub state: String,
    /// State on screen.
    pub state_title: Text,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Subject, `kind:id`.
    pub subject: String,
    /// Operator concerned.
    pub operator: Option<Id>,
    /// The matter it follows from.
    pub parent: Option<Id>,
    /// 0 public, 1 internal, 2 confidential.
    pub classification: u8,
    /// When it began.
    pub opened_at: Instant,
    /// When it ended.
    pub closed_at: Option<Instant>,
    /// An exercise, not a real case.
    pub drill: bool,
    /// Facts to show, in the order declared.
    pub facts: Vec<FactView>,
    /// All facts.
    pub all_facts: Map<String, Json>,
    /// History, oldest first.
    pub steps: Vec<StepView>,
    /// The forms its procedure has, by which what was entered in a step is read.
    #[serde(skip)]
    pub forms: Vec<Form>,
    /// The files its forms name, by hash.
    #[serde(skip)]
    pub files: BTreeMap<String, FileView>,
    /// Clocks, running ones first.
    pub clocks: Vec<ClockView>,
    /// Tasks, without their items; see [`task`].
    pub tasks: Vec<TaskLine>,
    /// Documents, newest first.
    pub documents: Vec<DocumentView>,
    /// Links.
    pub links: Vec<LinkView>,
    /// Matters opened by it: id, procedure, title, state.
    pub children: Vec<(Id, String, Text, Text)>,
    /// What the person may do now.
    pub actions: Vec<Action>,
    /// For changes.
    pub version: i64,
}

/// A matter whole, as the person may see it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`] (needs `view`), storage.
pub async fn matter(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    id: Id,
) -> Result<MatterView, Error> {
    let mut tx = store.snapshot().await?;
    let live = Live::read(&mut tx, engine, id).await?;
    let agency = live.seen_as(&mut tx, access, who, now).await?;
    let open = access.allows(who, "act", &live.resource("matter").of_agency(agency.as_str()), now);
    let procedure = live.procedure.clone();
    let d = &procedure.definition;
    let draft = &live.draft;
    let facts = d.facts.iter().filter(|f| f.shown).filter_map(|f| {
        let value = draft.facts.get(&f.id).filter(|v| !v.is_null())?.clone();
        let words = d.words(f, &value);
        Some(FactView { id: f.id.clone(), title: f.title.clone(), value, words })
    });
    let facts = facts.collect();
    let actions = actions(&mut tx, &live, engine, access, who, (now, open)).await?;
    let steps = steps(&mut tx, engine, &procedure, who, id, open).await?;
    let mut documents = documents(&mut tx, access, who, now, &live, &agency).await?;
    contests(&mut documents, &steps);
    let view = MatterView {
        id,
        procedure: d.id.clone(),
        procedure_title: d.title.clone(),
        procedure_version: procedure.hash.clone(),
        outdated: live.closed_at.is_none()
            && engine.procedure_in(&d.id, &draft.region).is_ok_and(|p| p.hash != procedure.hash),
        assigned: live.assigned,
        basis: d.basis.clone(),
        title: draft.title.clone(),
        state: draft.state.clone(),
        state_title: state_title(&procedure, &draft.state),
        region: draft.region.clone(),
        agency: draft.agency.clone(),
        subject: draft.subject.clone(),
        operator: draft.operator,
        parent: draft.parent,
        classification: draft.classification,
        opened_at: live.opened_at,
        closed_at: live.closed_at,
        drill: live.drill,
        facts,
        all_facts: draft.facts.clone(),
        forms: d.forms.clone(),
        files: crate::files::named(&mut tx, id).await?,
        steps,
        clocks: clocks(&mut tx, engine, &procedure, id, now).await?,
        tasks: tasks(&mut tx, engine, id, now).await?,
        documents,
        links: links(&mut tx, id).await?,
        children: children(&mut tx, engine, who, id).await?,
        actions,
        version: live.version,
    };
    Ok(match who.operator {
        Some(party) => view.for_party(party, d),
        None => view,
    })
}

/// A kept form; private values are opened for those who work on the matter, and named as sealed for everybody else.
pub(super) fn body(engine: &Engine, row: &Row, open: bool) -> Result<Option<Map<String, Json>>, Error> {
    if row.opt_text("body")?.is_none() {
        return Ok(None);
    }
    let mut body: Map<String, Json> = row.json("body")?;
    let entry = row.id("entry")?;
    for value in body.values_mut().filter(|v| v.get("sealed").is_some()) {
        *value = if open { engine.unseal(entry, value)? } else { serde_json::json!({"sealed": true}) };
    }
    Ok(Some(body))
}

async fn steps(
    tx: &mut Tx,
    engine: &Engine,
    procedure: &Procedure,
    who: &Principal,
    id: Id,
    open: bool,
) -> Result<Vec<StepView>, Error> {
    let rows = tx
        .query(
            "select s.at, s.kind, s.name, s.from_state, s.to_state, s.login, s.acting_for, s.note, s.journal, s.target, f.id as entry, f.form, f.body, \
             a.operator, i.unit from matter_step s left join form_entry f on f.id = s.form left join account a on a.id = s.account \
             left join task_item i on i.id = s.target where s.matter = $1 order by s.id",
            &[id.into()],
        )
        .await?;
    let mut steps = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = row.text("kind")?;
        let form = row.opt_text("form")?;
        let to = row.opt_text("to_state")?;
        let name = row.text("name")?;
        let taken = procedure.definition.transition(&name).filter(|_| kind == "transition");
        // an opening and a report belong to the side of whoever made them
        let own = who.operator.is_some() && row.opt_id("operator")? == who.operator;
        steps.push(StepView {
            at: row.instant("at")?,
            title: step_title(procedure, &kind, &name, to.as_deref()),
            moved: to.is_some() && to != row.opt_text("from_state")?,
            by_party: own || taken.is_some_and(|t| t.by == Side::Operator),
            returned: taken.is_some_and(|t| t.returns),
            kind,
            login: row.text("login")?,
            acting_for: row.opt_id("acting_for")?,
            note: row.opt_text("note")?,
            form: form.zip(body(engine, &row, open)?),
            unit: row.opt_text("unit")?.unwrap_or_default(),
            journal: row.id("journal")?,
            target: row.opt_id("target")?,
        });
    }
    Ok(steps)
}

async fn clocks(
    tx: &mut Tx,
    engine: &Engine,
    procedure: &Procedure,
    id: Id,
    now: Instant,
) -> Result<Vec<ClockView>, Error> {
    let rows = tx
        .query(
            concat!("select ", clock_columns!(), ", reason from clock \
             where matter = $1 order by case when met_at is null and void_at is null then 0 else 1 end, due, id"),
            &[id.into()],
        )
        .await?;
    let mut clocks = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(rule) = procedure.definition.clock(&row.text("rule")?) else { continue };
        let clock = ClockRow::read(&row, rule)?;
        clocks.push(ClockView {
            id: clock.id,
            task: clock.task,
            rule: rule.id.clone(),
            basis: rule.basis.clone(),
            due: Due::of(&rule.title, &clock.clock, engine.calendar(), now),
            started_at: clock.clock.start,
            suspensions: clock.clock.suspensions,
            extensions: clock.clock.extensions,
            met_at: clock.clock.met_at,
            void_at: clock.void_at,
            reason: if row.opt_text("reason")?.is_some() { Some(row.json("reason")?) } else { None },
            until: rule.until.as_deref().and_then(|f| procedure.definition.fact(f)).map(|f| f.title.clone()),
            pauses: rule.pauses.iter().map(|p| (p.cause.clone(), p.title.clone())).collect(),
            extensible: rule.extension.is_some(),
            version: clock.version,
        });
    }
    Ok(clocks)
}

async fn tasks(tx: &mut Tx, engine: &Engine, id: Id, now: Instant) -> Result<Vec<TaskLine>, Error> {
    let rows = tx
        .query(
            "select t.id, t.matter, t.kind, t.region, t.agency, t.operator, t.state, t.assigned, t.due, t.title_zh, t.title_en, \
             t.items_total, t.items_done, t.version, m.procedure, m.hash, m.drill from task t join matter m on m.id = t.matter \
             where t.matter = $1 order by t.region, t.kind, t.id",
            &[id.into()],
        )
        .await?;
    let clocks = clocks_of(tx, engine, &rows, Of::Task, |_| true).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        lines.push(task_line(tx, engine, row, &clocks, now).await?);
    }
    Ok(lines)
}

pub(super) fn document_view(
    row: &Row,
    access: &Access,
    who: &Principal,
    now: Instant,
    agency: Option<&str>,
    drill: bool,
) -> Result<Option<DocumentView>, Error> {
    // a department that takes steps in the matter reads what it is asked to act upon, and publishes none of it
    let own = row.text("agency")?;
    let guest = agency.is_some_and(|a| a != own);
    let mut resource = Resource::new("document", row.text("region")?)
        .of_agency(agency.unwrap_or(&own))
        .of_operator(row.opt_id("operator")?)
        .classified(u8::try_from(row.int("classification")?).unwrap_or(2));
    resource.submitter = row.opt_id("submitter")?;
    let (status, audience) = (row.text("status")?, row.text("audience")?);
    // the operator concerned sees what was served on it or made public, not drafts
    let party = who.operator.is_some() && (status != "published" || audience == "internal");
    if party || access.check(who, "view", &resource, now).is_err() {
        return Ok(None);
    }
    Ok(Some(DocumentView {
        id: row.id("id")?,
        matter: row.id("matter")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        region: row.text("region")?,
        title: Text::new(row.text("title_zh")?, row.text("title_en")?),
        html: Text::new(row.text("html_zh")?, row.text("html_en")?),
        may_publish: status == "draft" && !guest && !drill && access.allows(who, "publish", &resource, now),
        may_revise: status == "draft"
            && !guest
            && resource.submitter.is_none_or(|s| s == who.account)
            && access.allows(who, "act", &resource, now),
        status,
        audience,
        submitter: row.opt_id("submitter")?,
        slug: row.text("slug")?,
        number: row.opt_text("number")?,
        published_at: row.opt_instant("published_at")?,
        public_until: row.opt_instant("public_until")?,
        served_on: row.opt_date("served_on")?,
        contested: None,
        journal: row.opt_id("journal")?,
        version: row.int("version")?,
    }))
}

async fn documents(
    tx: &mut Tx,
    access: &Access,
    who: &Principal,
    now: Instant,
    live: &Live,
    agency: &str,
) -> Result<Vec<DocumentView>, Error> {
    let rows = tx
        .query(
            "select id, matter, name, kind, region, agency, operator, classification, title_zh, title_en, html_zh, html_en, status, \
             audience, submitter, slug, number, published_at, public_until, journal, version, served_on from document where matter = $1 order by id desc",
            &[live.draft.id.into()],
        )
        .await?;
    let mut views = Vec::new();
    for row in rows {
        views.extend(document_view(&row, access, who, now, Some(agency), live.drill)?);
    }
    Ok(views)
}

async fn links(tx: &mut Tx, id: Id) -> Result<Vec<LinkView>, Error> {
    let rows = tx
        .query(
            "select kind, target, label from matter_link where matter = $1 and kind <> 'recused' order by kind, at, target",
            &[id.into()],
        )
        .await?;
    let link = |row: Row| -> Result<LinkView, Error> {
        Ok(LinkView { kind: row.text("kind")?, target: row.text("target")?, label: row.text("label")? })
    };
    rows.into_iter().map(link).collect()
}

/// Matters that follow from it; to an operator only those it sees.
async fn children(
    tx: &mut Tx,
    engine: &Engine,
    who: &Principal,
    id: Id,
) -> Result<Vec<(Id, String, Text, Text)>, Error> {
    let mut sql =
        Sql::new("select id, procedure, hash, title_zh, title_en, state from matter where parent = ");
    sql.bind(id);
    if let Some(operator) = who.operator {
        sql.push(" and party = ").bind(operator);
    }
    let rows = tx.select(sql.push(" order by id")).await?;
    let mut children = Vec::new();
    for row in rows {
        let procedure = engine.version(tx, &row.text("hash")?).await?;
        let title = Text::new(row.text("title_zh")?, row.text("title_en")?);
        children.push((
            row.id("id")?,
            row.text("procedure")?,
            title,
            state_title(&procedure, &row.text("state")?),
        ));
    }
    Ok(children)
}
