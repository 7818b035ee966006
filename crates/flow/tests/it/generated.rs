//! Made from each procedure's own file: every step walked as every role, every clock started, met and counted day by day.

use crate::support::{FIRM, World, effects, fill, firm, officer};
use access::{Access, Principal, Resource, Role};
use async_trait::async_trait;
use base::clock::Suspension;
use base::{Id, Instant, Text};
use flow::{
    ClockUse, Definition, Effect, EffectCx, EffectError, EffectOut, Engine, Error, Fact, MatterDraft,
    NewMatter, Procedure, Side, Transition,
};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Tx;

/// An effect of another domain, left out.
struct Nothing;

#[async_trait]
impl Effect for Nothing {
    async fn run(
        &self,
        _: &mut Tx,
        _: &EffectCx<'_>,
        _: &mut MatterDraft,
        _: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        Ok(EffectOut::default())
    }
}

/// The shipped procedures over effects that do nothing outside the engine.
pub(crate) fn engine(all: &[Definition]) -> Engine {
    let mut known = effects();
    let named = all.iter().flat_map(|d| {
        let opening = d.opening.iter().flat_map(|o| &o.effects);
        let tasks = d.tasks.iter().flat_map(|t| &t.on_done);
        d.transitions.iter().flat_map(|t| &t.effects).chain(opening).chain(tasks)
    });
    for name in named.map(|e| e.run.as_str()).collect::<BTreeSet<_>>() {
        // a matter referred to is a record of another file, too
        if !name.starts_with("flow.") || name == "flow.refer" {
            known.register(name, Arc::new(Nothing));
        }
    }
    let procedures = all.iter().map(|d| Procedure::compile(d.clone()).unwrap()).collect();
    Engine::new(procedures, known, Arc::new(crate::support::Plain), access::Vault::from_key([7; 32]))
}

/// The procedures without their overlays: the nation's, and those only a province has.
pub(crate) fn whole(all: &[Definition]) -> impl Iterator<Item = &Definition> {
    let around = |d: &Definition, n: &Definition| n.id == d.id && n.jurisdiction.len() < d.jurisdiction.len();
    all.iter().filter(move |d| !all.iter().any(|n| around(d, n)))
}

/// One of every kind of person there is.
fn cast() -> Vec<Principal> {
    let person = |account, role, region: &str, agency: &str| {
        access::testing::principal(account, role, region, agency, None)
    };
    let mut all = vec![
        Principal::anonymous(),
        person(60, Role::Leader, "62", ""),
        person(61, Role::Admin, "62", ""),
        firm(),
        access::testing::principal(62, Role::Firm, "", "", Some(Id(7_000_099))),
        access::testing::laboratory(Id(7_000_098)),
        officer(63, "620802"),
    ];
    for (n, department) in base::Department::ALL.iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        all.push(person(70 + n, Role::Officer, "620102", department.code()));
        all.push(person(90 + n, Role::Desk, "620102", department.code()));
        all.push(person(110 + n, Role::Desk, "62", department.code()));
    }
    all
}

/// A value a fact may have, as the tables and forms of the procedure use it.
fn value(d: &Definition, fact: &Fact, turn: usize) -> Json {
    let path = format!("facts.{}", fact.id);
    for input in d.tables.iter().flat_map(|t| &t.inputs).filter(|i| i.path == path) {
        match input.kind {
            rule::Kind::Number => return json!("1"),
            rule::Kind::Flag => return json!(turn.is_multiple_of(2)),
            rule::Kind::Text if !input.values.is_empty() => {
                return json!(input.values[turn % input.values.len()]);
            }
            rule::Kind::Text => {}
        }
    }
    for form in &d.forms {
        if form.field(&fact.id).is_some() {
            return fill(form, turn)[&fact.id].clone();
        }
    }
    if fact.id.ends_with("_on") { json!("2026-09-25") } else { json!("1") }
}

pub(crate) fn facts(d: &Definition, turn: usize) -> Map<String, Json> {
    let all = d.facts.iter().map(|f| (f.id.clone(), value(d, f, turn)));
    all.filter(|(_, v)| !v.is_null()).collect()
}

/// What the file says: the side, and the policies asked for its action on the department that takes the step.
fn may(access: &Access, who: &Principal, d: &Definition, t: &Transition, now: Instant) -> bool {
    let side = match t.by {
        Side::Agency => who.operator.is_none(),
        Side::Operator => who.operator == Some(FIRM),
        Side::System | Side::Citizen => false,
    };
    let agency = t.agency.as_deref().unwrap_or(&d.agency);
    let resource = Resource::new("matter", if t.above { "6201" } else { "620102" })
        .of_agency(agency)
        .of_operator(Some(FIRM))
        .classified(d.classification);
    side && access.allows(who, &t.action, &resource, now)
}

/// The clocks a step's effects change run already: standing still where they are to run on; the one it waits for ran out.
async fn run_clocks(w: &World, tx: &mut Tx, d: &Definition, matter: Id, t: &Transition) -> Result<(), Error> {
    let changed =
        t.effects.iter().filter_map(|e| Some((e.with.get("clock")?.as_str()?, e.run.as_str(), w.now)));
    let long_ago = w.now.plus_seconds(-400 * 86_400);
    let waited = t.after_clock.iter().map(|name| (name.as_str(), "", long_ago));
    for (name, run, started) in changed.chain(waited).collect::<Vec<_>>() {
        let named = |c: &&ClockUse| c.id == name || c.group.as_deref() == Some(name);
        let Some(rule) = d.clocks.iter().find(named) else { continue };
        let open = Suspension { from: w.now, to: None, reason: "检验".into(), approved_by: "desk".into() };
        let suspensions = if run == "flow.resume_clock" { vec![open] } else { Vec::new() };
        tx.exec(
            "delete from clock where matter = $1 and rule = $2",
            &[matter.into(), rule.id.as_str().into()],
        )
        .await?;
        tx.exec(
            "insert into clock (id, matter, rule, started_at, suspensions, extensions, due, provisional, version) \
             values ($1, $2, $3, $4, $5, '[]', $4, 0, 1)",
            &[
                w.ids.next(w.now).into(),
                matter.into(),
                rule.id.as_str().into(),
                started.into(),
                json!(suspensions).to_string().into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// The papers the step asks for lie in the file, served where they have to be.
async fn put_on_file(
    w: &World,
    tx: &mut Tx,
    d: &Definition,
    matter: Id,
    t: &Transition,
) -> Result<(), Error> {
    for rule in d.documents.iter().filter(|_| t.quiet) {
        // the day of a paper is put right once the paper was served, before today
        tx.exec(
            "insert into document (id, matter, name, kind, region, agency, classification, title_zh, title_en, html_zh, html_en, \
             sha256, status, audience, slug, created_at, published_at, version) \
             values ($1, $2, $3, 'paper', '620102', 'market', 1, '', '', '', '', '', 'published', 'party', $4, $5, $5, 1)",
            &[
                w.ids.next(w.now).into(),
                matter.into(),
                rule.id.as_str().into(),
                format!("served-{}", w.ids.next(w.now)).into(),
                w.now.plus_seconds(-5 * 86_400).into(),
            ],
        )
        .await?;
    }
    for p in &t.papers {
        let id = w.ids.next(w.now);
        if let Some(rule) = p.document.as_deref().and_then(|name| d.document(name)) {
            let status = if p.served { "published" } else { "draft" };
            tx.exec(
                "insert into document (id, matter, name, kind, region, agency, classification, title_zh, title_en, html_zh, html_en, \
                 sha256, status, audience, slug, created_at, version) \
                 values ($1, $2, $3, 'paper', '620102', 'market', 1, '', '', '', '', '', $4, 'internal', $5, $6, 1)",
                &[
                    id.into(),
                    matter.into(),
                    rule.id.as_str().into(),
                    status.into(),
                    format!("on-file-{id}").into(),
                    w.now.into(),
                ],
            )
            .await?;
        }
        if let Some(form) = p.form.as_deref().and_then(|name| d.form(name)) {
            let body = fill(form, 0).to_string();
            tx.exec(
                "insert into form_entry (id, matter, form, body, at) values ($1, $2, $3, $4, $5)",
                &[id.into(), matter.into(), form.id.as_str().into(), body.into(), w.now.into()],
            )
            .await?;
        }
    }
    Ok(())
}

/// Clocks seen to run, and to be met or void, by procedure and id.
#[derive(Default)]
struct Seen {
    started: BTreeSet<(String, String)>,
    ended: BTreeSet<(String, String)>,
}

/// Takes a step in a transaction that is rolled back; on success what it did to the clocks is compared with the file.
async fn try_step(
    w: &World,
    (d, seen): (&Definition, &mut Seen),
    matter: Id,
    (t, from): (&Transition, &str),
    who: Option<&Principal>,
    turn: usize,
) -> Result<(), Error> {
    let mut tx = w.store.begin().await?;
    let facts = Json::Object(facts(d, turn)).to_string();
    tx.exec(
        "update matter set state = $2, facts = $3 where id = $1",
        &[matter.into(), from.into(), facts.into()],
    )
    .await?;
    run_clocks(w, &mut tx, d, matter, t).await?;
    put_on_file(w, &mut tx, d, matter, t).await?;
    w.send_papers(&mut tx, who.unwrap_or(&Principal::anonymous())).await;
    let mut form = t.form.as_deref().and_then(|f| d.form(f)).map_or(Json::Null, |f| fill(f, turn));
    for rule in d.earliest.iter().filter(|r| t.sets.contains(&r.fact)) {
        form[&rule.fact] = json!("2027-06-30");
    }
    let done = match who {
        Some(who) => {
            let cx = w.cx(who);
            flow::transition(&mut tx, &cx, &w.engine, &w.access, who, matter, 1, &t.id, &form).await
        }
        None => {
            let cx = w.cx(&Principal::anonymous());
            flow::transition_as_system(&mut tx, &cx, &w.engine, "test", matter, &t.id, &form).await
        }
    };
    if let Ok(out) = &done {
        assert_eq!(out.state, t.to.as_deref().unwrap_or(from), "{}: {}", d.id, t.id);
        clocks_follow(&mut tx, (d, seen), matter, t, from).await;
    }
    tx.rollback().await?;
    done.map(|_| ())
}

/// The clocks of the step and of the state entered run unless a condition holds them back; a finished matter has none.
async fn clocks_follow(
    tx: &mut Tx,
    (d, seen): (&Definition, &mut Seen),
    matter: Id,
    t: &Transition,
    from: &str,
) {
    let rows = tx
        .query(
            "select rule from clock where matter = $1 and met_at is null and void_at is null",
            &[matter.into()],
        )
        .await
        .unwrap();
    let running: BTreeSet<String> = rows.iter().map(|r| r.text("rule").unwrap()).collect();
    let to = t.to.as_deref().unwrap_or(from);
    seen.started.extend(running.iter().map(|c| (d.id.clone(), c.clone())));
    if d.state(to).unwrap().r#final {
        seen.ended.extend(d.clocks.iter().map(|c| (d.id.clone(), c.id.clone())));
        assert!(running.is_empty(), "{}: {} ends with clocks running: {running:?}", d.id, t.id);
        return;
    }
    let events = [format!("transition:{}", t.id), format!("enter:{to}")];
    let moved = to != from;
    for c in d.clocks.iter().filter(|c| c.task.is_none() && c.when.is_none()) {
        let started = c.start == events[0] || (moved && c.start == events[1]);
        let stopped = c.stop.contains(&events[0]) || (moved && c.stop.contains(&events[1]));
        if stopped {
            seen.ended.insert((d.id.clone(), c.id.clone()));
        }
        if started {
            assert!(running.contains(&c.id), "{}: {} starts the clock {}", d.id, t.id, c.id);
        } else if stopped {
            assert!(!running.contains(&c.id), "{}: {} stops the clock {}", d.id, t.id, c.id);
        }
    }
}

#[tokio::test]
async fn every_step_is_open_to_those_its_file_names_and_to_nobody_else() {
    let all = flow::shipped().unwrap();
    let store = store::testing::stores().await.remove(0).1;
    let w = World::new(store, engine(&all));
    let cast = cast();
    let mut told = Vec::new();
    let mut seen = Seen::default();
    for d in whole(&all) {
        let mut new =
            NewMatter::new("620102", format!("{}:1", d.subject), Text::of("虚构办件", "fictitious matter"))
                .of_operator(Some(FIRM));
        new.facts = facts(d, 0);
        let mut tx = w.store.begin().await.unwrap();
        let cx = w.cx(&Principal::anonymous());
        let authority = flow::Authority::System("test");
        let matter = flow::open_as(&mut tx, &cx, &w.engine, authority, &d.id, new).await.unwrap().matter;
        tx.commit().await.unwrap();
        // an overlay's matters are walked by what the overlay says
        let d = &w.engine.procedure_in(&d.id, "620102").unwrap().definition.clone();
        let opened =
            w.store.query("select rule from clock where matter = $1", &[matter.into()]).await.unwrap();
        seen.started.extend(opened.iter().map(|r| (d.id.clone(), r.text("rule").unwrap())));
        for t in &d.transitions {
            for (n, from) in t.from.iter().enumerate() {
                let mut walked = t.by == Side::System;
                // what to fill in so that the step goes through, once somebody has found it
                let mut turns = 0..4;
                for who in &cast {
                    // who may and who may not is shown in the first state
                    let allowed = may(&w.access, who, d, t, w.now);
                    if n > 0 && (!allowed || walked) {
                        continue;
                    }
                    let mut last = Ok(());
                    for turn in turns.clone() {
                        last = try_step(&w, (d, &mut seen), matter, (t, from), Some(who), turn).await;
                        if last.is_ok() {
                            turns = turn..turn + 1;
                        }
                        if last.is_ok() || !allowed {
                            break;
                        }
                    }
                    let at = format!("{}: {} from {from} as {}", d.id, t.id, who.login);
                    match (&last, allowed) {
                        (Ok(()), true) => walked = true,
                        (Err(Error::Denied(_) | Error::Refused(_)), false) => {}
                        (Err(Error::Refused(said)), true)
                            if t.guard.is_some() && Some(said) == t.refusal.as_ref() =>
                        {
                            told.push(at);
                            walked = true;
                        }
                        // an effect that looks for another record says so when there is none
                        (Err(e @ Error::Effect { .. }), true) if e.user_text().is_some() => {
                            told.push(at);
                            walked = true;
                        }
                        (Err(Error::Form { faults }), true) => {
                            let form = t.form.as_deref().and_then(|f| d.form(f)).unwrap();
                            let crossed =
                                faults.iter().all(|f| form.checks.iter().any(|c| c.field == f.field));
                            assert!(crossed, "{at}: {last:?}");
                            told.push(at);
                            walked = true;
                        }
                        _ => panic!("{at}: allowed is {allowed}, and {last:?}"),
                    }
                }
                assert!(walked, "{}: nobody may take {} from {from}", d.id, t.id);
                if t.by == Side::System {
                    match try_step(&w, (d, &mut seen), matter, (t, from), None, 0).await {
                        Ok(()) => {}
                        Err(Error::Refused(said)) if Some(&said) == t.refusal.as_ref() => {}
                        Err(e) => panic!("{}: the system takes {} from {from}: {e:?}", d.id, t.id),
                    }
                }
            }
        }
    }
    // guards and checks across fields wait for what other steps do; the stories walk those
    let steps: BTreeSet<&str> = told.iter().filter_map(|t| t.split(" as ").next()).collect();
    assert!(steps.len() < 50, "{steps:#?}");
    // every clock a step or state starts was seen to run, and every one of them to end
    for d in whole(&all) {
        let d = &w.engine.procedure_in(&d.id, "620102").unwrap().definition;
        for c in d.clocks.iter().filter(|c| c.task.is_none() && c.when.is_none()) {
            let at = (d.id.clone(), c.id.clone());
            // publication is four eyes: the stories publish
            let by_step = |event: &String| !event.starts_with("document:");
            assert!(seen.started.contains(&at) || !by_step(&c.start), "{}: nothing starts {}", d.id, c.id);
            let ends = seen.ended.contains(&at) || !c.stop.iter().any(by_step);
            assert!(ends, "{}: nothing ends {}", d.id, c.id);
        }
    }
}

const fn word(side: Side) -> &'static str {
    match side {
        Side::Agency => "agency",
        Side::Operator => "operator",
        Side::Citizen => "citizen",
        Side::System => "system",
    }
}

/// The side a person opens matters from.
fn side_of(who: &Principal) -> Side {
    if who.is_anonymous() {
        Side::Citizen
    } else if who.operator.is_some() {
        Side::Operator
    } else {
        Side::Agency
    }
}

#[tokio::test]
async fn every_opening_is_open_to_those_its_file_names_and_to_nobody_else() {
    let all = flow::shipped().unwrap();
    let store = store::testing::stores().await.remove(0).1;
    let w = World::new(store, engine(&all));
    let mut told = BTreeSet::new();
    for d in whole(&all) {
        let d = &w.engine.procedure_in(&d.id, "620102").unwrap().definition.clone();
        let Some(opening) = &d.opening else { continue };
        let mut opened = BTreeSet::new();
        for who in &cast() {
            let side = side_of(who);
            let operator = if side == Side::Operator { who.operator } else { None };
            let named = opening.operator.is_some() && side != Side::Operator;
            let resource = Resource::new("matter", "620102")
                .of_agency(d.agency.as_str())
                .of_operator(if named { Some(FIRM) } else { operator })
                .classified(d.classification);
            let by = opening.allows(side);
            let allowed = by && (side == Side::Citizen || w.access.allows(who, "create", &resource, w.now));
            let mut last = Ok(());
            for turn in 0..4 {
                let mut tx = w.store.begin().await.unwrap();
                w.send_papers(&mut tx, who).await;
                let form =
                    opening.form.as_deref().and_then(|f| d.form(f)).map_or(Json::Null, |f| fill(f, turn));
                let mut form = form;
                // what a citizen sends along hangs on the receipt, not on an account: the pages' tests send it
                if let (Side::Citizen, Json::Object(entry)) = (side, &mut form) {
                    let fields = opening.form.as_deref().and_then(|f| d.form(f)).unwrap().leaves();
                    let sent =
                        |f: &&&flow::Field| matches!(f.kind, flow::FieldType::File | flow::FieldType::Photo);
                    for field in fields.iter().filter(sent) {
                        entry.remove(&field.id);
                    }
                }
                let request = flow::Request { region: "620102".to_owned(), form, ..flow::Request::default() };
                let authority = flow::Authority::Person { access: &w.access, who };
                let cx = w.cx(who);
                last =
                    flow::open_by_form(&mut tx, &cx, &w.engine, authority, &d.id, request).await.map(|_| ());
                tx.rollback().await.unwrap();
                if last.is_ok() || !allowed {
                    break;
                }
            }
            let at = format!("{} as {}", d.id, who.login);
            match (&last, allowed) {
                (Ok(()), true) => drop(opened.insert(word(side))),
                (Err(Error::Denied(_) | Error::Refused(_)), false) => {}
                (Err(Error::Refused(said)), true) if Some(said) == opening.refusal.as_ref() => {
                    opened.insert(word(side));
                    told.insert(d.id.clone());
                }
                (Err(e @ Error::Effect { .. }), true) if e.user_text().is_some() => {
                    opened.insert(word(side));
                    told.insert(d.id.clone());
                }
                (Err(Error::Form { faults }), true) => {
                    let form = opening.form.as_deref().and_then(|f| d.form(f)).unwrap();
                    let crossed = faults.iter().all(|f| form.checks.iter().any(|c| c.field == f.field));
                    assert!(crossed, "{at}: {last:?}");
                    opened.insert(word(side));
                    told.insert(d.id.clone());
                }
                _ => panic!("{at}: allowed is {allowed}, and {last:?}"),
            }
        }
        for side in [Side::Agency, Side::Operator, Side::Citizen].into_iter().filter(|s| opening.allows(*s)) {
            assert!(opened.contains(word(side)), "{}: nobody may open it as {}", d.id, word(side));
        }
    }
    assert!(told.len() < 6, "{told:?}");
}
