//! A matter while a step is taken: loaded and locked, changed, saved once with its history and journal entry.

mod changes;
mod clocks;
mod consequences;
mod dates;
mod documents;
mod service;
mod tasks;

pub(crate) use clocks::{ClockRow, clock_columns, lock_clock};
pub(crate) use consequences::Bounds;
pub(crate) use documents::{DocumentText, html_hashes, keep_version};

use crate::definition::{After, Compute, Computed};
use crate::effect::{Authority, MatterDraft};
use crate::form::{Entry, FieldError};
use crate::people::acting_for;
use crate::{Engine, Error, Procedure, assessed, files};
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text};
use ledger::{Appended, Context, Permit};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Row, Tx};

/// The stored form of "no clock runs".
pub(crate) const NEVER: i64 = i64::MAX;

const MATTER: &str = "matter";

/// The matter of a running step.
pub(crate) struct Live {
    pub(crate) procedure: Arc<Procedure>,
    pub(crate) draft: MatterDraft,
    pub(crate) version: i64,
    pub(crate) opened_at: Instant,
    pub(crate) closed_at: Option<Instant>,
    /// The account it is given to.
    pub(crate) assigned: Option<Id>,
    /// An exercise, not a real case.
    pub(crate) drill: bool,
    /// Facts as loaded, to tell what changed.
    before: Map<String, Json>,
    /// What the step did, for the journal.
    pub(crate) done: Map<String, Json>,
}

/// A step to be written into the history.
pub(crate) struct Step<'a> {
    pub(crate) kind: &'static str,
    pub(crate) name: &'a str,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) form: Option<Id>,
    pub(crate) target: Option<Id>,
    pub(crate) note: Option<&'a str>,
    /// Version of the target (or the matter) after the step.
    pub(crate) version: i64,
}

impl Live {
    /// A matter that is about to be inserted.
    pub(crate) fn new(procedure: Arc<Procedure>, draft: MatterDraft, now: Instant) -> Self {
        Self {
            procedure,
            draft,
            version: 1,
            opened_at: now,
            closed_at: None,
            assigned: None,
            drill: false,
            before: Map::new(),
            done: Map::new(),
        }
    }

    /// Locks the matter's row until the transaction ends and reads it.
    pub(crate) async fn lock(tx: &mut Tx, engine: &Engine, id: Id) -> Result<Self, Error> {
        // the same text locks the row on PostgreSQL; on SQLite the writer is alone anyway
        let found = tx.exec("update matter set version = version where id = $1", &[id.into()]).await?;
        if found == 0 {
            return Err(Error::missing(&Text::of("办件", "matter"), id));
        }
        Self::read(tx, engine, id).await
    }

    /// Reads the matter without locking it, for a view.
    pub(crate) async fn read(tx: &mut Tx, engine: &Engine, id: Id) -> Result<Self, Error> {
        let row = tx
            .first(
                "select id, procedure, hash, region, agency, subject, operator, parent, title_zh, title_en, state, facts, \
                 classification, opened_at, closed_at, assigned, version, drill from matter where id = $1",
                &[id.into()],
            )
            .await?
            .ok_or_else(|| Error::missing(&Text::of("办件", "matter"), id))?;
        let procedure = engine.version(tx, &row.text("hash")?).await?;
        let draft = draft_of(&row)?;
        Ok(Self {
            before: draft.facts.clone(),
            draft,
            procedure,
            version: row.int("version")?,
            opened_at: row.instant("opened_at")?,
            closed_at: row.opt_instant("closed_at")?,
            assigned: row.opt_id("assigned")?,
            drill: row.flag("drill")?,
            done: Map::new(),
        })
    }

    /// The matter as authorisation sees it.
    pub(crate) fn resource(&self, kind: &'static str) -> Resource {
        Resource::new(kind, self.draft.region.as_str())
            .of_agency(self.draft.agency.as_str())
            .of_operator(self.party())
            .classified(self.draft.classification)
    }

    /// The operator concerned, where it sees the matter in the state it is in.
    pub(crate) fn party(&self) -> Option<Id> {
        let d = &self.procedure.definition;
        let hidden = d.unseen || d.state(&self.draft.state).is_some_and(|s| s.unseen);
        self.draft.operator.filter(|_| !hidden)
    }

    /// The journal subject.
    pub(crate) fn subject(&self) -> String {
        format!("{MATTER}:{}", self.draft.id)
    }

    /// What expressions see, without a form.
    pub(crate) async fn scope(&self, tx: &mut Tx, now: Instant) -> Result<Json, Error> {
        let d = &self.draft;
        let mut tasks = json!({"total": 0, "open": 0, "done": 0});
        let mut tasks_of = Map::new();
        let rows = tx
            .query(
                "select kind, state, count(*) as n from task where matter = $1 and state <> 'void' group by kind, state",
                &[d.id.into()],
            )
            .await?;
        for kind in &self.procedure.definition.tasks {
            tasks_of.insert(kind.id.clone(), json!({"total": 0, "open": 0, "done": 0}));
        }
        for row in rows {
            let (kind, state, n) = (row.text("kind")?, row.text("state")?, row.int("n")?);
            let of = tasks_of.entry(kind).or_insert_with(|| json!({"total": 0, "open": 0, "done": 0}));
            for counts in [&mut tasks, of] {
                counts["total"] = json!(counts["total"].as_i64().unwrap_or(0) + n);
                counts[state.as_str()] = json!(counts[state.as_str()].as_i64().unwrap_or(0) + n);
            }
        }
        let mut children = Map::new();
        for name in self.procedure.definition.opened() {
            children.insert(name.clone(), json!({"total": 0, "open": 0}));
        }
        let rows = tx
            .query(
                "select procedure, count(*) as n, cast(sum(case when closed_at is null then 1 else 0 end) as bigint) as running \
                 from matter where parent = $1 group by procedure",
                &[d.id.into()],
            )
            .await?;
        for row in rows {
            children
                .insert(row.text("procedure")?, json!({"total": row.int("n")?, "open": row.int("running")?}));
        }
        let mut documents = Map::new();
        for rule in &self.procedure.definition.documents {
            documents.insert(rule.id.clone(), json!({"draft": 0, "published": 0}));
        }
        let rows = tx
            .query(
                "select name, status, count(*) as n from document where matter = $1 group by name, status",
                &[d.id.into()],
            )
            .await?;
        for row in rows {
            if let Some(Json::Object(of)) = documents.get_mut(&row.text("name")?) {
                of.insert(row.text("status")?, json!(row.int("n")?));
            }
        }
        let matter = json!({
            "state": d.state, "region": d.region, "agency": d.agency, "operator": d.operator,
            "opened": self.opened_at.china_date().to_string(),
        });
        let balance = if self.procedure.guards.read("balance.") {
            let b = crate::view::balance_of(tx, self, now).await?;
            json!({"places": b.places, "reached": b.reached, "unaccounted": b.unaccounted.to_string()})
        } else {
            Json::Null
        };
        Ok(json!({
            "facts": d.facts,
            "matter": matter,
            "balance": balance,
            "tasks": tasks,
            "tasks_of": tasks_of,
            "children": children,
            "documents": documents,
            "today": now.china_date().to_string(),
        }))
    }

    /// Whether facts differ from those loaded.
    pub(crate) fn changed(&self) -> bool {
        self.before != self.draft.facts
    }

    /// Refuses facts the procedure does not declare.
    pub(crate) fn declared_only(&self, facts: &Map<String, Json>, by: &str) -> Result<(), Error> {
        let definition = &self.procedure.definition;
        match facts.keys().find(|name| definition.fact(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(Error::Procedure(format!(
                "{by} sets the fact `{name}`, which procedure `{}` does not declare; add a [[fact]]",
                definition.id
            ))),
        }
    }

    /// Applies decision tables to the facts.
    pub(crate) fn decide(&mut self, tables: &[String]) -> Result<(), Error> {
        for name in tables {
            let Some(table) = self.procedure.tables.get(name) else { continue };
            let facts = json!({"facts": self.draft.facts});
            let decided: Vec<(String, Json)> = table
                .decide(&facts)?
                .into_iter()
                .flat_map(|row| table.data().outputs.iter().cloned().zip(row.iter().cloned()))
                .collect();
            for (path, value) in decided {
                self.draft.set(path.trim_start_matches("facts."), value);
            }
        }
        Ok(())
    }

    /// Computes facts; `scope` is what the step's guard saw, its form included.
    pub(crate) fn compute(
        &mut self,
        place: &str,
        computes: &[Compute],
        after: Option<After>,
        scope: &Json,
    ) -> Result<(), Error> {
        let mut scope = scope.clone();
        for (n, c) in computes.iter().enumerate().filter(|(_, c)| c.after == after) {
            scope["facts"] = Json::Object(self.draft.facts.clone());
            let value = self.procedure.guards.value(&format!("{place}.compute.{n}"), &scope)?;
            let value = match (c.kind, &value) {
                (_, Json::Null) => continue,
                (Computed::Decimal, Json::Number(n)) => {
                    n.as_i64().map(|micro| json!(rule::from_micro(micro).to_string()))
                }
                (Computed::Whole, Json::Number(_))
                | (Computed::Flag, Json::Bool(_))
                | (Computed::Text, Json::String(_)) => Some(value),
                _ => None,
            };
            let Some(value) = value else {
                return Err(Error::Procedure(format!(
                    "{place} computes `{}`, and it is not {:?}",
                    c.fact, c.kind
                )));
            };
            self.draft.set(&c.fact, value);
        }
        Ok(())
    }

    /// Writes the matter's row; `version` has been raised by the caller.
    pub(crate) async fn save(&mut self, tx: &mut Tx, engine: &Engine) -> Result<(), Error> {
        self.hold_drill();
        let (d, party) = (&self.draft, self.party());
        tx.exec_one(
            "update matter set title_zh = $2, title_en = $3, state = $4, facts = $5, closed_at = $6, version = $7, operator = $8, \
             party = $9, next_due = coalesce((select min(c.due) from clock c where c.matter = matter.id and c.task is null \
               and c.met_at is null and c.void_at is null), 9223372036854775807) \
             where id = $1",
            &[
                d.id.into(),
                d.title.zh.as_ref().into(),
                d.title.en.as_ref().into(),
                d.state.as_str().into(),
                Json::Object(d.facts.clone()).to_string().into(),
                self.closed_at.into(),
                self.version.into(),
                d.operator.into(),
                party.into(),
            ],
        )
        .await?;
        assessed::keep(tx, engine, self).await
    }

    /// Appends the journal entry of a step and its history row. `private` names facts that came from personal data.
    pub(crate) async fn record(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        kind: &'static str,
        step: Step<'_>,
        private: Option<Map<String, Json>>,
    ) -> Result<Appended, Error> {
        let hidden = |name: &String| private.as_ref().is_some_and(|p| p.contains_key(name));
        let changed: Map<String, Json> = self
            .draft
            .facts
            .iter()
            .filter(|(name, value)| self.before.get(*name) != Some(value) && !hidden(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut body = json!({
            "procedure": self.procedure.definition.id,
            "version": self.procedure.hash,
            "name": step.name,
            "state": self.draft.state,
        });
        if self.drill {
            body["drill"] = json!(true);
        }
        if let (Some(from), Some(to)) = (step.from, step.to) {
            body["from"] = json!(from);
            body["to"] = json!(to);
        }
        if !changed.is_empty() {
            body["facts"] = Json::Object(changed);
        }
        // who gives the work away does not do it for somebody
        let stands_in = if kind.ends_with(".assigned") {
            None
        } else {
            acting_for(tx, cx, self.draft.id, self.done.get("task").and_then(Json::as_str)).await?
        };
        if let Some(absent) = stands_in {
            body["for"] = json!(absent);
        }
        for (name, value) in std::mem::take(&mut self.done) {
            body[name] = value;
        }
        self.before.clone_from(&self.draft.facts);
        let entry = ledger::Entry {
            kind,
            region: self.draft.region.clone(),
            subject: self.subject(),
            body,
            private: private.filter(|p| !p.is_empty()).map(Json::Object),
        };
        // also of what the system does: who reads it is who reads the matter
        let permit = permit.clone().about(self.draft.agency.as_str(), self.draft.classification);
        let appended = ledger::append(tx, cx, &permit, entry).await?;
        tx.exec(
            "insert into matter_step (id, matter, at, kind, name, from_state, to_state, account, login, form, target, note, \
             journal, version, acting_for, matter_version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            &[
                cx.id().into(),
                self.draft.id.into(),
                cx.now.into(),
                step.kind.into(),
                step.name.into(),
                step.from.into(),
                step.to.into(),
                cx.actor.account.into(),
                cx.actor.login.as_str().into(),
                step.form.into(),
                step.target.into(),
                step.note.into(),
                appended.id.into(),
                step.version.into(),
                stands_in.into(),
                self.version.into(),
            ],
        )
        .await?;
        Ok(appended)
    }

    /// Checks the right to act in the matter: no person does who keeps away from the operator concerned.
    pub(crate) async fn permit(
        &self,
        tx: &mut Tx,
        engine: &Engine,
        authority: Authority<'_>,
        (action, resource): (&str, &Resource),
        now: Instant,
    ) -> Result<Permit, Error> {
        let permit = permit(authority, action, resource, now)?;
        if let Some(who) = authority.who().filter(|w| w.operator.is_none())
            && let Some(said) = self.kept_away(tx, engine, who.account).await?
        {
            return Err(Error::Refused(said));
        }
        Ok(permit)
    }

    /// As what department somebody may see the matter: its own, or one it was brought before.
    pub(crate) async fn seen_as(
        &self,
        tx: &mut Tx,
        access: &Access,
        who: &Principal,
        now: Instant,
    ) -> Result<String, Error> {
        let own = access.check(who, "view", &self.resource(MATTER), now);
        let Err(denied) = own else { return Ok(self.draft.agency.clone()) };
        let sql = "select agency from matter_agency where matter = $1 order by agency";
        for row in tx.query(sql, &[self.draft.id.into()]).await? {
            let guest = row.text("agency")?;
            if access.allows(who, "view", &self.resource(MATTER).of_agency(guest.as_str()), now) {
                return Ok(guest);
            }
        }
        Err(denied.into())
    }

    /// A department that may take a step from the state the matter is in sees it from now on.
    pub(crate) async fn invite(&self, tx: &mut Tx) -> Result<(), Error> {
        let leaving = self.procedure.definition.leaving(&self.draft.state);
        let guests = leaving.filter_map(|t| t.agency.as_deref()).filter(|a| *a != self.draft.agency);
        for guest in guests.collect::<BTreeSet<_>>() {
            tx.exec(
                "insert into matter_agency (matter, agency) values ($1, $2) on conflict (matter, agency) do nothing",
                &[self.draft.id.into(), guest.into()],
            )
            .await?;
        }
        Ok(())
    }

    /// Checks an entry against a form of the procedure, and that its files were sent by whoever names them.
    pub(crate) async fn check_form(
        &self,
        tx: &mut Tx,
        (authority, now): (&Authority<'_>, Instant),
        name: Option<&str>,
        input: &Json,
        context: &Json,
    ) -> Result<Entry, Error> {
        let empty = input.is_null() || input.as_object().is_some_and(Map::is_empty);
        let Some(name) = name else {
            return if empty {
                Ok(Entry::default())
            } else {
                Err(Error::refused(
                    "此步没有表单，请勿附带内容",
                    "this step has no form; send nothing with it",
                ))
            };
        };
        let Some(form) = self.procedure.definition.form(name) else {
            return Err(Error::Procedure(format!("there is no form `{name}`")));
        };
        let mut context = context.clone();
        context["since"] = self.not_before(tx, form, now).await?;
        let entry =
            form.check(&self.procedure.guards, input, &context).map_err(|faults| Error::Form { faults })?;
        let mut faults = Vec::new();
        for (field, hash) in form.files(&entry.body) {
            if !files::may_name(tx, authority, now, hash).await? {
                let text =
                    Text::of("附件未上传成功，请重新选择文件", "the file was not uploaded; choose it again");
                faults.push(FieldError { field: field.id.clone(), title: field.title.clone(), text });
            }
        }
        if faults.is_empty() { Ok(entry) } else { Err(Error::Form { faults }) }
    }

    /// Keeps a checked form; `task` when it reports an item of that task.
    pub(crate) async fn keep_form(
        &self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        form: &str,
        body: &Map<String, Json>,
        task: Option<Id>,
    ) -> Result<Id, Error> {
        let id = cx.id();
        let mut kept = body.clone();
        let definition = self.procedure.definition.form(form);
        for field in definition.iter().flat_map(|f| f.leaves()).filter(|f| f.is_private()) {
            if let Some(value) = kept.get_mut(&field.id) {
                *value = engine.seal(id, value)?;
            }
        }
        tx.exec(
            "insert into form_entry (id, matter, form, body, account, at) values ($1, $2, $3, $4, $5, $6)",
            &[
                id.into(),
                self.draft.id.into(),
                form.into(),
                Json::Object(kept).to_string().into(),
                cx.actor.account.into(),
                cx.now.into(),
            ],
        )
        .await?;
        if let Some(form) = definition {
            files::name_files(tx, form, body, (id, self.draft.id, task)).await?;
        }
        Ok(id)
    }
}

/// A step in words.
pub(crate) fn step_title(procedure: &Procedure, kind: &str, name: &str, to: Option<&str>) -> Text {
    let d = &procedure.definition;
    let own = match kind {
        "transition" => d.transition(name).map(|t| t.title.clone()),
        "item" | "task" => d.task(name).map(|t| t.title.clone()),
        "clock" => d.clock(name).map(|c| c.title.clone()),
        "facts" => None,
        "document" => d.document(name).map(|x| Text::new(unfilled(&x.title.zh), unfilled(&x.title.en))),
        _ => None,
    };
    let own = own.unwrap_or_else(|| Text::new(name, name));
    // a step that leaves the matter where it is leads nowhere
    let leads = d.transition(name).is_none_or(|t| t.to.is_some());
    let state = to.filter(|_| leads).and_then(|s| d.state(s)).map(|s| &s.title);
    match (kind, state) {
        ("open", _) => Text::of("立项", "opened"),
        ("recuse", _) => Text::of("决定回避", "an officer keeps away"),
        ("assign", _) => Text::of("转交承办人", "given to another person"),
        ("migrate", _) => Text::of("改用新版程序", "moved to the new procedure"),
        ("facts", _) => Text::of("上级办件更新了有关事实", "facts brought up to date by the matter above"),
        ("transition", Some(state)) => {
            Text::new(format!("{} → {}", own.zh, state.zh), format!("{} → {}", own.en, state.en))
        }
        ("item", _) => Text::new(format!("填报：{}", own.zh), format!("reported: {}", own.en)),
        ("task", _) => Text::new(format!("任务：{}", own.zh), format!("task: {}", own.en)),
        ("clock", _) => Text::new(format!("时限：{}", own.zh), format!("clock: {}", own.en)),
        ("document", _) => Text::new(format!("文书：{}", own.zh), format!("document: {}", own.en)),
        _ => own,
    }
}

/// A heading without its placeholders, for places that name the kind of document and not one document.
fn unfilled(title: &str) -> String {
    let mut out = String::new();
    let mut rest = title;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before.trim_end());
        rest = after.split_once("}}").map_or("", |(_, r)| r);
    }
    out.push_str(rest);
    out.trim_matches([' ', ':', '：']).to_owned()
}

/// The draft of a matter's row.
fn draft_of(row: &Row) -> Result<MatterDraft, Error> {
    Ok(MatterDraft {
        id: row.id("id")?,
        procedure: row.text("procedure")?,
        state: row.text("state")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        subject: row.text("subject")?,
        operator: row.opt_id("operator")?,
        parent: row.opt_id("parent")?,
        classification: u8::try_from(row.int("classification")?).unwrap_or(2),
        title: Text::new(row.text("title_zh")?, row.text("title_en")?),
        facts: row.json("facts")?,
    })
}

/// Checks the right to act, or records the system's reason.
pub(crate) fn permit(
    authority: Authority<'_>,
    action: &str,
    resource: &Resource,
    now: Instant,
) -> Result<Permit, Error> {
    match authority {
        Authority::System(reason) => Ok(Permit::system(reason)),
        Authority::Person { access, who } => Ok(access.check(who, action, resource, now)?),
    }
}
