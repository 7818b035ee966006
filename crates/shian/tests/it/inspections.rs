//! Double-random inspections through the real procedures: plan, draw, checklist from the phones' entries, publication.

use crate::world::{SHOP_COUNTY, World, person};
use access::{Grant, NewAccount, Principal, Role};
use base::{Date, Id};
use field::{DrawState, Entry, NewDraw, Visit};
use flow::{Authority, Request};
use lab::{Book, Budget, NewPlan, SampleKind, Stage, TaskFilter};
use serde_json::{Value as Json, json};
use target::{Aim, Delivery, Done, Learnt};

/// Two officers of the county as accounts, whom a draw can send.
async fn officers(w: &World) -> Vec<Principal> {
    let access = &w.app.access;
    let account = |login: &str| NewAccount {
        login: login.to_owned(),
        password: access.hash_password(login, "fictitious-password-1").unwrap(),
        name: format!("虚构{login}"),
        phone: None,
        region: if login == "admin" { String::new() } else { SHOP_COUNTY.to_owned() },
        operator: None,
        must_change: false,
    };
    let cx = w.cx(&person(1, Role::Admin, "", None));
    let mut tx = w.app.store.begin().await.unwrap();
    let id = access::account::create_first_account(&mut tx, &cx, access, account("admin")).await.unwrap();
    let mut admin = person(1, Role::Admin, "", None);
    admin.account = id;
    let mut out = Vec::new();
    for login in ["officer-jia", "officer-yi"] {
        let id = access::account::create_account(&mut tx, &cx, access, &admin, account(login)).await.unwrap();
        let grant = Grant {
            role: Role::Officer,
            region: SHOP_COUNTY.to_owned(),
            agency: "market".to_owned(),
            ceiling: 2,
            from: Date::constant(2020, 1, 1),
            to: None,
        };
        access::testing::give(&mut tx, &cx, access, &admin, id, &grant).await;
        let mut who = person(50, Role::Officer, SHOP_COUNTY, None);
        who.account = id;
        out.push(who);
    }
    tx.commit().await.unwrap();
    out
}

/// A plan of the county, running.
pub(crate) async fn plan(w: &World, officer: &Principal, desk: &Principal, second: &Principal) -> Id {
    let form = json!({
        "year": "2026", "a": "3", "b": "2", "c": "1", "d": "1", "per_a": "1", "per_b": "1.5", "per_c": "2", "per_d": "3",
    });
    let mut tx = w.app.store.begin().await.unwrap();
    let authority = Authority::Person { access: &w.app.access, who: officer };
    let request = Request { region: SHOP_COUNTY.to_owned(), form, ..Request::default() };
    let cx = w.cx(officer);
    let plan = flow::open_by_form(&mut tx, &cx, &w.app.engine, authority, "inspection_plan", request).await;
    let plan = plan.unwrap().matter;
    tx.commit().await.unwrap();
    w.step(desk, plan, "approve", json!({})).await.unwrap();
    w.publish(second, plan, "plan").await.unwrap();
    plan
}

/// An entry of a phone, not signed: what the signature guards is shown elsewhere.
fn entry(matter: Id, device: i64, seq: u32, kind: &str, body: &Json) -> Entry {
    let text = json!({
        "v": 1, "device": Id(device), "seq": seq, "prev": "0".repeat(64), "matter": matter, "kind": kind,
        "at": 1_795_140_000_000_i64 + i64::from(seq), "place": {"lat": "36.061", "lon": "103.834", "accuracy": 9}, "body": body,
    });
    Entry::read(&text.to_string()).unwrap()
}

#[tokio::test]
async fn a_drawn_inspection_is_recorded_from_the_phones_and_published_with_an_end() {
    for (name, mut w) in World::all().await {
        let sent = officers(&w).await;
        let desk = person(21, Role::Desk, SHOP_COUNTY, None);
        let second = person(22, Role::Desk, SHOP_COUNTY, None);
        let new = |plan, due| NewDraw {
            plan,
            region: String::new(),
            business: Vec::new(),
            count: 5,
            source: "虚构第 1 期".to_owned(),
            source_due: due,
            officers: Vec::new(),
            only: Vec::new(),
        };
        let plan = plan(&w, &sent[0], &desk, &second).await;
        let field = w.app.field.clone();
        let mut tx = w.app.store.begin().await.unwrap();
        let due = w.now.plus_seconds(60);
        let draw = field.freeze_draw(&mut tx, &w.cx(&desk), &desk, new(plan, due)).await.unwrap();
        w.now = due;
        let record = field.perform_draw(&mut tx, &w.cx(&desk), &desk, draw, "07").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ledger::draw::verify(&record), [], "{name}");
        let (row, _, picks) = field.draw(&w.app.store, &desk, w.now, draw).await.unwrap();
        assert_eq!((row.state, picks.len()), (DrawState::Drawn, 1), "{name}: the one shop of the county");
        let matter = picks[0].matter.unwrap();
        let view = w.matter(&sent[0], matter).await;
        assert_eq!(
            (view.state.as_str(), view.all_facts["kind"].as_str()),
            ("assigned", Some("random")),
            "{name}"
        );
        assert!(sent.iter().any(|s| view.assigned == Some(s.account)), "{name}");

        // what the phone takes along, and what comes back from two of them
        let mut tx = w.app.store.begin().await.unwrap();
        let sheet = field.office.sheet(&mut tx, matter).await.unwrap();
        assert_eq!(sheet["business"], "sales");
        assert_eq!(sheet["facts"]["address"], "虚构路1号", "{name}");
        let items: Vec<String> =
            sheet["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect();
        assert!(sheet["items"][0]["basis"][0]["clause"].is_string(), "{name}: each point cites its clause");
        let found = |item: &str, result: &str| json!({"item": item, "result": result, "note": "虚构发现"});
        let mut entries = vec![entry(matter, 1, 1, "arrival", &json!({}))];
        for (n, item) in items.iter().enumerate() {
            entries.push(entry(matter, 1, u32::try_from(n).unwrap() + 2, "finding", &found(item, "pass")));
        }
        entries.push(entry(matter, 2, 1, "finding", &found("storage", "fail")));
        entries.push(entry(matter, 1, 40, "reply", &json!({"text": "照改"})));
        entries.push(entry(matter, 1, 41, "signature", &json!({"side": "officer", "name": "甲"})));
        entries.push(entry(matter, 2, 2, "signature", &json!({"side": "officer", "name": "乙"})));
        entries.push(entry(matter, 1, 42, "signature", &json!({"side": "firm", "refused": "负责人不在"})));
        let form = Visit::of(&entries).form("sales");
        let stranger = person(60, Role::Officer, "620802", None);
        let denied = field.office.record(&mut tx, &w.cx(&stranger), &stranger, matter, &form).await;
        assert!(denied.unwrap_err().downcast_ref::<access::Denied>().is_some(), "{name}");
        tx.rollback().await.unwrap();
        let mut tx = w.app.store.begin().await.unwrap();
        field.office.record(&mut tx, &w.cx(&sent[1]), &sent[1], matter, &form).await.unwrap();
        tx.commit().await.unwrap();
        let view = w.matter(&sent[0], matter).await;
        assert_eq!(view.state, "recorded", "{name}");
        assert_eq!(view.all_facts["general_failed"], json!(1), "{name}: the worse of two findings");
        assert_eq!(view.all_facts["result"], json!("correct"));
        assert_eq!(view.all_facts["reply"], json!("照改"));

        // told, published, and the publication has an end
        w.step(&sent[0], matter, "serve", json!({"handling": "on_spot"})).await.unwrap();
        w.step(&desk, matter, "publish", json!({})).await.unwrap();
        w.publish(&second, matter, "result").await.unwrap();
        let view = w.matter(&desk, matter).await;
        let result = view.documents.iter().find(|d| d.name == "result").unwrap();
        assert!(result.public_until.is_some(), "{name}");
        let earlier = registry::credit_file(&w.app.store, w.shop.operator).await.unwrap();
        assert!(earlier.iter().any(|e| e.kind == "inspection"), "{name}");
        // targeting knows the shop and what was found there, and which inspection came of which draw
        let ground = w.app.target.ground.clone();
        let tomorrow = w.now.plus_seconds(86_400).china_date();
        let facts = ground.facts(Aim::Inspect, "62", tomorrow).await.unwrap();
        let shop = facts.subjects.iter().find(|s| s.operator == Some(w.shop.operator)).unwrap();
        assert!(shop.active && shop.kind == "sales", "{name}: {shop:?}");
        let [seen] = &facts.visits[..] else { panic!("{name}: {:?}", facts.visits) };
        assert!(
            seen.found && seen.subject == shop.key && seen.who.starts_with("officer:"),
            "{name}: {seen:?}"
        );
        assert_eq!((seen.key_points, seen.general_points), (Some(0), Some(1)), "{name}");
        let done = ground.done(Aim::Inspect, draw).await.unwrap();
        assert_eq!(done, [Done { subject: shop.key.clone(), done: 1, found: 1 }], "{name}");
        let too_few = w.app.target.learn(&w.app.store, &w.cx(&desk), Aim::Inspect).await.unwrap();
        assert!(matches!(too_few, Learnt::Refused(_)), "{name}: {too_few:?}");
        // inspected: the next draw leaves the shop out and says why
        let mut tx = w.app.store.begin().await.unwrap();
        let due = w.now.plus_seconds(60);
        let draw = field.freeze_draw(&mut tx, &w.cx(&desk), &desk, new(plan, due)).await.unwrap();
        tx.commit().await.unwrap();
        let (_, record, _) = field.draw(&w.app.store, &desk, w.now, draw).await.unwrap();
        assert_eq!(record.targets[0].excluded.as_deref(), Some("recent"), "{name}");
    }
}

#[tokio::test]
async fn what_is_to_be_sampled_goes_into_a_draft_of_the_plan_and_nowhere_else() {
    for (name, w) in World::all().await {
        let desk = person(21, Role::Desk, SHOP_COUNTY, None);
        let second = person(22, Role::Desk, SHOP_COUNTY, None);
        let new = NewPlan {
            year: 2026,
            title: "虚构计划".to_owned(),
            kind: SampleKind::Supervision,
            level: Budget::County,
            region: SHOP_COUNTY.to_owned(),
            agency: "market".to_owned(),
        };
        let mut tx = w.app.store.begin().await.unwrap();
        let plan = w.app.lab.draft_plan(&mut tx, &w.cx(&desk), &desk, new).await.unwrap();
        let class =
            Book::builtin().classes().iter().find(|c| c.stages.contains(&Stage::Circulation)).unwrap();
        let delivery = Delivery {
            aim: Aim::Sample,
            proposal: Id(1),
            region: SHOP_COUNTY.to_owned(),
            plan,
            chosen: vec![(format!("{SHOP_COUNTY}~{}~{}", class.code, Stage::Circulation.word()), None)],
            quota: 3,
            source: String::new(),
            source_due: w.now,
        };
        let ground = w.app.target.ground.clone();
        for _ in 0..2 {
            let fed = ground.deliver(&mut tx, &w.cx(&desk), &desk, &delivery).await.unwrap();
            assert_eq!(fed, plan, "{name}");
        }
        tx.commit().await.unwrap();
        let filter = TaskFilter { plan: Some(plan), ..TaskFilter::default() };
        let tasks = w.app.lab.tasks(&w.app.store, &desk, w.now, &filter).await.unwrap().rows;
        assert_eq!((tasks.len(), tasks[0].task.quota), (1, 6), "{name}: added to the task there is");
        let mut tx = w.app.store.begin().await.unwrap();
        w.app.lab.move_plan(&mut tx, &w.cx(&desk), &desk, plan, lab::PlanState::Submitted).await.unwrap();
        w.app.lab.move_plan(&mut tx, &w.cx(&second), &second, plan, lab::PlanState::Issued).await.unwrap();
        let late = ground.deliver(&mut tx, &w.cx(&desk), &desk, &delivery).await.unwrap_err();
        assert!(late.downcast_ref::<target::Refused>().is_some(), "{name}: {late}");
        tx.rollback().await.unwrap();
        let facts = ground.facts(Aim::Sample, "62", w.now.china_date()).await.unwrap();
        assert!(facts.subjects.iter().any(|s| s.key == delivery.chosen[0].0), "{name}");
    }
}
