//! What the operator concerned sees of a file, for every procedure and state: what its file declares, and nothing else.

use crate::generated::{engine, facts, whole};
use crate::support::{FIRM, PAPER, PHOTO, World, firm};
use access::{Principal, Role};
use base::{Id, Text};
use flow::{Definition, Error, NewMatter, Publication, Side, State};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use store::Tx;

/// Stands wherever something is that no party may read.
const HIDDEN: &str = "机密";
/// Stands in what the party said and did itself.
const OWN: &str = "本方所述";

fn id(w: &World) -> Id {
    w.ids.next(w.now)
}

/// The accounts whose steps stand in the file: an officer's, and one of the firm's.
async fn staff(w: &World, officer: Id, shop: Id) {
    w.enrol(&crate::support::officer(officer.0, "620102")).await;
    w.enrol(&access::testing::principal(shop.0, Role::Firm, "", "", Some(FIRM))).await;
}

async fn entry(w: &World, tx: &mut Tx, m: Id, (by, said): (Id, &str)) -> Id {
    let (form, body) = (id(w), json!({ "note": said }).to_string());
    let sql =
        "insert into form_entry (id, matter, form, body, account, at) values ($1, $2, 'any', $3, $4, $5)";
    tx.exec(sql, &[form.into(), m.into(), body.into(), by.into(), w.now.into()]).await.unwrap();
    form
}

/// A line of the history with a form: kind and name, from and to, who and what was written.
async fn line(w: &World, tx: &mut Tx, m: Id, what: (&str, &str), states: [Option<&str>; 2], by: (Id, &str)) {
    let form = entry(w, tx, m, by).await;
    tx.exec(
        "insert into matter_step (id, matter, at, kind, name, from_state, to_state, account, login, form, note, journal, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, 1, 1)",
        &[
            id(w).into(),
            m.into(),
            w.now.into(),
            what.0.into(),
            what.1.into(),
            states[0].into(),
            states[1].into(),
            by.0.into(),
            by.1.into(),
            form.into(),
        ],
    )
    .await
    .unwrap();
}

/// Opens a matter over the firm and fills its file with everything a file can hold.
async fn filled(w: &World, tx: &mut Tx, d: &Definition, (officer, shop): (Id, Id)) -> Id {
    let cx = w.cx(&Principal::anonymous());
    let by = flow::Authority::System("test");
    let open = async |tx: &mut Tx, title: &'static str, operator: Option<Id>, parent: Option<Id>| {
        let mut new =
            NewMatter::new("620102", format!("{}:1", d.subject), Text::of(title, "x")).of_operator(operator);
        (new.parent, new.facts) = (parent, facts(d, 0));
        flow::open_as(tx, &cx, &w.engine, by, &d.id, new).await.unwrap().matter
    };
    let above = open(tx, HIDDEN, None, None).await;
    let m = open(tx, "虚构办件", Some(FIRM), Some(above)).await;
    open(tx, HIDDEN, None, Some(m)).await;
    tx.exec("update matter set assigned = $2 where id = $1", &[m.into(), officer.into()]).await.unwrap();
    for t in &d.transitions {
        let from = t.from[0].as_str();
        // why something is sent back is said to the party
        let by = match t.by {
            Side::Operator => (shop, OWN),
            _ => (officer, if t.returns { OWN } else { HIDDEN }),
        };
        line(w, tx, m, ("transition", &t.id), [Some(from), Some(t.to.as_deref().unwrap_or(from))], by).await;
    }
    for kind in ["clock", "document", "assign", "facts", "task", "item", "migrate"] {
        line(w, tx, m, (kind, "any"), [None, None], (officer, HIDDEN)).await;
    }
    line(w, tx, m, ("item", "any"), [None, None], (shop, OWN)).await;
    for (n, rule) in d.documents.iter().enumerate() {
        let audience = match rule.publication {
            Publication::Public => "public",
            Publication::Party => "party",
            Publication::Internal => "internal",
        };
        for status in ["draft", "published"] {
            let served = status == "published" && audience != "internal";
            let text = if served { OWN } else { HIDDEN };
            tx.exec(
                "insert into document (id, matter, name, kind, region, agency, operator, classification, title_zh, title_en, html_zh, html_en, \
                 sha256, status, audience, slug, created_at, version) \
                 values ($1, $2, $3, 'paper', '620102', 'market', $4, 1, $5, $5, $5, $5, '', $6, $7, $8, $9, 1)",
                &[
                    id(w).into(),
                    m.into(),
                    rule.id.as_str().into(),
                    FIRM.into(),
                    text.into(),
                    status.into(),
                    audience.into(),
                    format!("{m}-{n}-{status}").into(),
                    w.now.into(),
                ],
            )
            .await
            .unwrap();
        }
    }
    for kind in &d.tasks {
        for (operator, title) in [(Some(FIRM), OWN), (Some(Id(7_000_099)), HIDDEN), (None, HIDDEN)] {
            let task = id(w);
            tx.exec(
                "insert into task (id, matter, kind, region, agency, operator, classification, title_zh, title_en, state, due, items_total, \
                 items_done, created_at, version) values ($1, $2, $3, '620102', 'market', $4, 1, $5, $5, 'open', 0, 1, 0, $6, 1)",
                &[task.into(), m.into(), kind.id.as_str().into(), operator.into(), title.into(), w.now.into()],
            )
            .await
            .unwrap();
            for c in d.clocks.iter().filter(|c| c.task.as_ref() == Some(&kind.id)) {
                clock(w, tx, m, Some(task), (&c.id, HIDDEN)).await;
            }
        }
    }
    for c in d.clocks.iter().filter(|c| c.task.is_none()) {
        clock(w, tx, m, None, (&c.id, if c.by == Side::Operator { OWN } else { HIDDEN })).await;
    }
    let sql =
        "insert into matter_link (matter, kind, target, label, at) values ($1, 'source', 'lot:1', $2, $3)";
    tx.exec(sql, &[m.into(), HIDDEN.into(), w.now.into()]).await.unwrap();
    m
}

/// A clock that stood still and was lengthened, with who approved it and why.
async fn clock(w: &World, tx: &mut Tx, m: Id, task: Option<Id>, (rule, why): (&str, &str)) {
    let pause =
        json!([{ "from": w.now, "to": null, "reason": format!("test: {HIDDEN}"), "approved_by": HIDDEN }]);
    let more = json!([{ "amount": 1, "unit": "working_day", "reason": HIDDEN, "approved_by": HIDDEN }]);
    tx.exec(
        "insert into clock (id, matter, task, rule, started_at, suspensions, extensions, due, provisional, version, reason, last_day) \
         values ($1, $2, $3, $4, $5, $6, $7, $5, 0, 1, $8, '2026-10-30')",
        &[
            id(w).into(),
            m.into(),
            task.into(),
            rule.into(),
            w.now.into(),
            pause.to_string().into(),
            more.to_string().into(),
            json!({ "zh": why, "en": "x" }).to_string().into(),
        ],
    )
    .await
    .unwrap();
}

/// Brings the matter to a state, every fact known.
async fn stands(w: &World, tx: &mut Tx, d: &Definition, m: Id, state: &State) {
    let seen = |f: &str| d.party_sees.as_ref().is_some_and(|all| all.iter().any(|n| n == f));
    let facts: Map<String, Json> =
        d.facts.iter().map(|f| (f.id.clone(), json!(if seen(&f.id) { OWN } else { HIDDEN }))).collect();
    tx.exec(
        "update matter set state = $2, facts = $3, closed_at = $4 where id = $1",
        &[
            m.into(),
            state.id.as_str().into(),
            Json::Object(facts).to_string().into(),
            state.r#final.then_some(w.now).into(),
        ],
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn the_operator_concerned_sees_what_each_file_declares_and_nothing_else_in_every_state() {
    let all = flow::shipped().unwrap();
    let (name, store) = store::testing::stores().await.remove(0);
    let w = World::new(store, engine(&all));
    let (officer, shop) = (Id(63), Id(64));
    // another account of the same firm reads what the first one did
    let second = access::testing::principal(65, Role::Firm, "", "", Some(FIRM));
    staff(&w, officer, shop).await;
    let mut states = 0;
    for d in whole(&all) {
        let d = &w.engine.procedure_in(&d.id, "620102").unwrap().definition.clone();
        let mut tx = w.store.begin().await.unwrap();
        let m = filled(&w, &mut tx, d, (officer, shop)).await;
        tx.commit().await.unwrap();
        for state in &d.states {
            let at = format!("{name}: {} at {}", d.id, state.id);
            let mut tx = w.store.begin().await.unwrap();
            stands(&w, &mut tx, d, m, state).await;
            tx.commit().await.unwrap();
            let view = flow::view::matter(&w.store, &w.engine, &w.access, &second, w.now, m).await;
            if d.unseen || state.unseen {
                assert!(matches!(view, Err(Error::Denied(_))), "{at}: is kept from it");
                continue;
            }
            states += 1;
            let view = view.unwrap();
            let text = serde_json::to_string(&view).unwrap();
            if let Some(found) = text.find(HIDDEN) {
                let from = text[..found].char_indices().rev().nth(120).map_or(0, |(n, _)| n);
                panic!("{at}: {}", &text[from..found]);
            }
            let facts: BTreeSet<&str> = view.all_facts.keys().map(String::as_str).collect();
            let declared = d.party_sees.iter().flatten().map(String::as_str).collect();
            assert_eq!(facts, declared, "{at}");
            for t in d.transitions.iter().filter(|t| t.by == Side::Operator) {
                let own = |s: &&flow::view::StepView| s.by_party && s.note.as_deref() == Some(OWN);
                let step = view.steps.iter().filter(own).find(|s| s.title.zh.starts_with(&*t.title.zh));
                let form = step.and_then(|s| s.form.as_ref());
                assert_eq!(form.map(|(_, body)| &body["note"]), Some(&json!(OWN)), "{at}: its own {}", t.id);
            }
            assert!(view.steps.iter().any(|s| s.kind == "item" && s.by_party), "{at}: what it reported");
            for rule in d.documents.iter().filter(|r| r.publication != Publication::Internal) {
                assert!(view.documents.iter().any(|v| v.name == rule.id), "{at}: {} was served", rule.id);
            }
            assert_eq!(view.tasks.len(), d.tasks.len(), "{at}: its own tasks");
        }
    }
    assert!(states > 80, "{states}");
    // to whom the file is open it is whole
    let whole =
        w.store.one("select max(id) as id from matter where operator = $1", &[FIRM.into()]).await.unwrap();
    let desk = crate::support::desk(66, "620102");
    let view = w.view(&desk, whole.id("id").unwrap()).await;
    assert!(serde_json::to_string(&view).unwrap().contains(HIDDEN), "{name}");
}

#[tokio::test]
async fn a_file_handed_to_the_authority_is_not_read_by_the_party_and_its_own_is_by_all_its_accounts() {
    let all = flow::shipped().unwrap();
    for (name, store) in store::testing::stores().await {
        let w = World::new(store, engine(&all));
        let (officer, shop) = (Id(63), Id(64));
        staff(&w, officer, shop).await;
        let mut tx = w.store.begin().await.unwrap();
        let d = all.iter().find(|d| d.id == "inspection").unwrap();
        let m = filled(&w, &mut tx, d, (officer, shop)).await;
        stands(&w, &mut tx, d, m, d.state("published").unwrap()).await;
        tx.exec("update matter set party = operator where id = $1", &[m.into()]).await.unwrap();
        w.send_papers(&mut tx, &crate::support::desk(66, "620102")).await;
        for (hash, by) in [(PAPER.1, officer), (PHOTO.1, shop)] {
            let form = entry(&w, &mut tx, m, (by, "附件")).await;
            let sql = "insert into form_file (sha256, entry, matter) values ($1, $2, $3)";
            tx.exec(sql, &[hash.into(), form.into(), m.into()]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let second = access::testing::principal(65, Role::Firm, "", "", Some(FIRM));
        let reads = async |who: &Principal, hash: &str| {
            flow::may_read_file(&w.store, &w.access, who, w.now, hash).await.unwrap()
        };
        for who in [&firm(), &second] {
            assert!(reads(who, PHOTO.1).await && !reads(who, PAPER.1).await, "{name}: {}", who.login);
        }
        let desk = crate::support::desk(66, "620102");
        assert!(reads(&desk, PHOTO.1).await && reads(&desk, PAPER.1).await, "{name}");
    }
}
