//! Matters by hand: opened by page, program and spreadsheet, found in the inbox, given away, taken together, and replayed.

use crate::province::{Answer, As, Province};
use axum::http::Method;
use flow::Definition;
use serde_json::json;
use std::collections::BTreeMap;

const VISIT: &str = r#"
id = "visit"
title = { zh = "走访", en = "Visit" }
valid_from = "2020-01-01"
subject = "visit"
agency = "market"
classification = 1
party_sees = ["name"]
basis = [{ document = "虚构办法", clause = "一条", status = "unverified" }]
[opening]
form = "visit"
sets = ["name"]
title = { zh = "走访", en = "Visit" }
[[fact]]
id = "name"
title = { zh = "对象", en = "Whom" }
[[state]]
id = "open"
title = { zh = "在办", en = "Open" }
initial = true
[[state]]
id = "done"
title = { zh = "办结", en = "Done" }
final = true
[[transition]]
id = "note_down"
title = { zh = "记录", en = "Note" }
from = ["open"]
action = "act"
form = "note"
[[transition]]
id = "look"
title = { zh = "查看", en = "Look" }
from = ["open"]
action = "act"
form = "look"
guard = "form.weight == null || dec(form.weight) <= dec(\"100\")"
refusal = { zh = "重量超过一百，请核对", en = "more than a hundred; check it" }
[[transition]]
id = "finish"
title = { zh = "办结", en = "Finish" }
from = ["open"]
to = "done"
action = "act"
[[clock]]
id = "visit"
title = { zh = "完成走访", en = "Finish the visit" }
basis = { document = "虚构办法", clause = "二条", status = "unverified" }
start = "enter:open"
stop = ["enter:done"]
amount = 5
unit = "working_day"
pauses = [{ cause = "away", title = { zh = "对象外出", en = "nobody there" } }]
"#;

const FORMS: &str = r#"
[[form]]
id = "visit"
title = { zh = "走访表", en = "Visit" }
[[form.field]]
id = "name"
title = { zh = "对象", en = "Whom" }
type = "text"
required = true
[[form.field]]
id = "shop"
title = { zh = "商店", en = "Shop" }
type = "operator"
[[form.field]]
id = "cost"
title = { zh = "费用", en = "Cost" }
type = "money"
[[form.field]]
id = "host"
title = { zh = "陪同人", en = "Host" }
type = "person"
[[form]]
id = "note"
title = { zh = "记录", en = "Note" }
[[form.field]]
id = "note"
title = { zh = "内容", en = "What" }
type = "long_text"
required = true
"#;

const LOOK: &str = r#"
[[form]]
id = "look"
title = { zh = "查看表", en = "Look" }
[[form.field]]
id = "found"
title = { zh = "结果", en = "Outcome" }
type = "select"
required = true
options = [{ id = "some", title = { zh = "尚有存货", en = "some left" } }, { id = "none", title = { zh = "没有", en = "none" } }]
[[form.field]]
id = "weight"
title = { zh = "重量", en = "Weight" }
type = "number"
unit = "千克"
[[form.field]]
id = "rows"
title = { zh = "存放处", en = "Where" }
type = "group"
fields = [{ id = "shelf", title = { zh = "货架", en = "Shelf" }, type = "text" }]
[[form.field]]
id = "shop"
title = { zh = "供货者", en = "Supplier" }
type = "operator"
[[form.field]]
id = "witness"
title = { zh = "在场人", en = "Witness" }
type = "person"
[[form.field]]
id = "proof"
title = { zh = "证明", en = "Proof" }
type = "file"
"#;

/// A procedure that people open.
pub(crate) fn visit() -> Definition {
    let files = [("procedure.toml", VISIT.to_owned()), ("forms.toml", format!("{FORMS}{LOOK}"))];
    let files: BTreeMap<String, String> = files.map(|(n, t)| (n.to_owned(), t)).into();
    flow::load("visit", &files).unwrap()
}

async fn submit(p: &Province, session: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = access::csrf_token(session);
    let encode = |s: &str| s.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let mut body = format!("csrf={csrf}");
    for (name, value) in fields {
        body.push_str(&format!("&{name}={}", encode(value)));
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    p.send(Method::POST, path, &As::Session(session, true), &form, body).await
}

#[tokio::test]
async fn a_program_reads_the_form_and_opens_a_matter_once() {
    let p = Province::new().await;
    let token = p.token("officer").await;
    let officer = As::Token(&token);
    let list = p.get("/api/v1/procedures", &As::Nobody).await.json();
    assert!(
        list["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["id"] == "visit" && r["opened_by"] == json!(["agency"]))
    );
    let said = p.get("/api/v1/procedures/visit", &officer).await.json();
    assert_eq!(said["forms"]["visit"]["required"], json!(["name"]));
    assert_eq!(said["clocks"][0]["basis"]["clause"], "二条");
    let path = "/api/v1/procedures/visit/matters";
    let bad = p.post(path, &officer, &json!({"form": {"cost": "1.234"}})).await;
    assert_eq!(bad.status, 422);
    assert_eq!(bad.json()["errors"].as_array().unwrap().len(), 2, "name and cost: {}", bad.text());
    let (headers, body) =
        ([("content-type", "application/json"), ("idempotency-key", "v1")], r#"{"form":{"name":"甲"}}"#);
    let first = p.send(Method::POST, path, &officer, &headers, body).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let again = p.send(Method::POST, path, &officer, &headers, body).await;
    assert_eq!(
        (again.json()["matter"].clone(), again.header("idempotency-replayed")),
        (first.json()["matter"].clone(), "true")
    );
    let elsewhere = p.token("elsewhere").await;
    let other =
        p.post(path, &As::Token(&elsewhere), &json!({"region": "620102", "form": {"name": "乙"}})).await;
    assert_eq!(other.status, 403, "{}", other.text());
}

#[tokio::test]
async fn an_officer_opens_finds_gives_away_and_closes_many_at_once() {
    let p = Province::new().await;
    let session = p.session("officer").await;
    let me = As::Session(&session, true);
    for path in [
        "/desk/inbox",
        "/desk/matters/new",
        "/desk/matters/new?procedure=visit",
        "/desk/absences",
        "/desk/rulebook/whatif",
    ] {
        for lang in ["zh", "en"] {
            let join = if path.contains('?') { '&' } else { '?' };
            let a = p.get(&format!("{path}{join}lang={lang}"), &me).await;
            assert_eq!(a.status, 200, "{path} {lang}: {}", a.text());
        }
    }
    let template = p.get("/desk/matters/new?procedure=visit&format=csv", &me).await.text();
    assert!(template.contains("name,shop,cost,host,host.phone,host.id_number"), "{template}");
    let new = "/desk/matters/new?procedure=visit";
    let bad = submit(&p, &session, new, &[("_region", "620102"), ("cost", "贵")]).await;
    assert_eq!(bad.status, 422);
    assert!(bad.text().contains("贵"), "what was typed stays");
    let mut opened = Vec::new();
    for name in ["甲", "乙"] {
        let a =
            submit(&p, &session, new, &[("_region", "620102"), ("name", name), ("host", "虚构陪同")]).await;
        assert_eq!(a.status, 303, "{}", a.text());
        opened.push(a.header("location").rsplit('/').next().unwrap().to_owned());
    }
    let inbox = p.get("/desk/inbox?lang=zh", &me).await.text();
    assert!(opened.iter().all(|id| inbox.contains(id)), "{inbox}");
    let found = p.get(&format!("/desk/inbox?q={}", opened[0]), &me).await.text();
    assert!(
        found.contains(&opened[0]) && !found.contains(&format!("/desk/matters/{}\"", opened[1])),
        "by its number"
    );
    let words = p.get("/desk/inbox?q=%E8%B5%B0%E8%AE%BF", &me).await.text();
    assert!(opened.iter().all(|id| words.contains(id)), "by a word of the title");
    assert!(p.get("/desk/inbox?format=csv", &me).await.text().contains(&opened[1]));

    // given to a person: it is theirs, and leaves the others' inbox
    let me_id = p.account("officer").to_string();
    let a = submit(
        &p,
        &session,
        &format!("/desk/assign/{}", opened[0]),
        &[("version", "1"), ("account", &me_id)],
    )
    .await;
    assert_eq!(a.status, 303, "{}", a.text());
    let desk = p.session("desk").await;
    let theirs = p.get("/desk/inbox", &As::Session(&desk, true)).await.text();
    assert!(!theirs.contains(&opened[0]) && theirs.contains(&opened[1]));

    // two people at one matter: the second is told what changed and keeps what was typed
    let step = format!("/desk/matters/{}/note_down", opened[1]);
    assert_eq!(submit(&p, &desk, &step, &[("version", "1"), ("note", "先到")]).await.status, 303);
    let late = submit(&p, &session, &step, &[("version", "1"), ("note", "后到的记录")]).await;
    assert_eq!(late.status, 409);
    let said = late.text();
    assert!(said.contains("后到的记录") && said.contains("desk") && said.contains("记录"), "{said}");

    // a clock stands still for a cause of its rule, by a desk
    let m = p.get(&format!("/api/v1/matters/{}", opened[1]), &As::Token(&p.token("desk").await)).await.json();
    let clock = m["clocks"][0]["id"].as_str().unwrap();
    let fields = [("version", "1"), ("cause", "away"), ("reason", "外出务工")];
    let path = format!("/desk/clocks/{clock}/suspend");
    assert_eq!(submit(&p, &session, &path, &fields).await.status, 403, "an officer does not decide");
    assert_eq!(submit(&p, &desk, &path, &fields).await.status, 303);
    let page = p.get(&format!("/desk/matters/{}?lang=zh", opened[1]), &me).await.text();
    assert!(page.contains("对象外出：外出务工"), "{page}");

    let bulk = format!("/desk/bulk?m={}&m={}", opened[0], opened[1]);
    assert!(p.get(&format!("{bulk}&lang=zh"), &me).await.text().contains("办结"));
    let fields = [("step", "finish"), ("m", &*opened[0]), ("v", "2"), ("m", &*opened[1]), ("v", "1")];
    let done = submit(&p, &session, "/desk/bulk", &fields).await.text();
    assert!(done.contains("已办理") && done.contains("未办理"), "the second had moved on: {done}");
}

#[tokio::test]
async fn who_is_away_has_a_deputy_and_a_desk_replays_last_year() {
    let p = Province::new().await;
    let (officer, desk) = (p.session("officer").await, p.session("desk").await);
    let deputy = p.account("desk").to_string();
    let fields =
        [("deputy", deputy.as_str()), ("from", "2026-11-01"), ("to", "2030-01-01"), ("reason", "培训")];
    assert_eq!(submit(&p, &officer, "/desk/absences", &fields).await.status, 303);
    assert!(p.get("/desk/absences", &As::Session(&desk, true)).await.text().contains("培训"));
    let new = "/desk/matters/new?procedure=visit";
    let a = submit(&p, &officer, new, &[("_region", "620102"), ("name", "甲")]).await;
    let id = a.header("location").rsplit('/').next().unwrap().to_owned();
    let own = p.account("officer").to_string();
    submit(&p, &officer, &format!("/desk/assign/{id}"), &[("version", "1"), ("account", &own)]).await;
    let theirs = p.get("/desk/inbox?whose=mine&lang=zh", &As::Session(&desk, true)).await.text();
    assert!(theirs.contains(&id) && theirs.contains("代 "), "the deputy sees it, and for whom");
    let fields = [("version", "2"), ("note", "代为记录")];
    let step = format!("/desk/matters/{id}/note_down");
    assert_eq!(submit(&p, &desk, &step, &fields).await.status, 303);
    let page = p.get(&format!("/desk/matters/{id}?lang=zh"), &As::Session(&desk, true)).await.text();
    assert!(page.contains("desk 代 "), "{page}");
    let firm = p.account("firm1").to_string();
    let stranger = [("deputy", firm.as_str()), ("from", "2031-01-01"), ("to", "2031-01-02")];
    assert_eq!(submit(&p, &officer, "/desk/absences", &stranger).await.status, 422, "no colleague");

    let ask = |text: &'static str| {
        let (p, desk) = (&p, &desk);
        async move {
            submit(
                p,
                desk,
                "/desk/rulebook/whatif?lang=zh",
                &[("procedure", "visit"), ("region", "620102"), ("text", text)],
            )
            .await
        }
    };
    let a = ask("[[clock]]\nid = \"visit\"\namount = 3\n").await;
    assert_eq!(a.status, 200, "{}", a.text());
    let bad = ask("[[clock]]\nid = \"visit\"\namount = 0\n").await;
    assert_eq!(bad.status, 422);
    assert!(bad.text().contains("at least 1"), "{}", bad.text());
}

/// A shop on the register.
async fn shop(p: &Province, code: &str, name: &str) -> base::Id {
    let desk = access::testing::principal(7, access::Role::Desk, "620102", "market", None);
    let new = registry::NewOperator {
        code: registry::Code::read(code).unwrap(),
        name: name.to_owned(),
        name_en: String::new(),
        kinds: vec![registry::OperatorKind::Retailer],
        region: "620102".to_owned(),
    };
    let mut tx = p.app.store.begin().await.unwrap();
    let id = registry::create_operator(&mut tx, &p.cx("desk"), &p.app.access, &desk, new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn an_operator_is_named_in_words_and_chosen_where_the_words_mean_several() {
    let p = Province::new().await;
    let (first, second) = (
        shop(&p, "91440300708461136T", "虚构牧星超市").await,
        shop(&p, "91110000802100433B", "虚构牧星酒店").await,
    );
    let session = p.session("officer").await;
    let me = As::Session(&session, true);
    // 牧星
    let offered = p.get("/lookup/operator?q=%E7%89%A7%E6%98%9F", &me).await.text();
    assert!(offered.contains(&first.to_string()) && offered.contains(&second.to_string()), "{offered}");
    assert_eq!(p.get("/lookup/operator?q=%E7%89%A7", &me).await.text(), "", "two signs at least");
    assert_eq!(p.get("/lookup/strange?q=xx", &me).await.status, 404);

    let new = "/desk/matters/new?procedure=visit&lang=zh";
    let send = |fields: Vec<(&'static str, String)>| {
        let (p, session) = (&p, &session);
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
            submit(p, session, new, &fields).await
        }
    };
    let plain = |shop: &str| {
        vec![("_region", "620102".to_owned()), ("name", "甲".to_owned()), ("shop", shop.to_owned())]
    };
    for (typed, said) in [("牧星", "请选择一项"), ("查无此店", "没有找到")] {
        let a = send(plain(typed)).await;
        assert_eq!(a.status, 422, "{typed}");
        assert!(a.text().contains(said) && a.text().contains(typed), "{typed}: {}", a.text());
    }
    assert!(send(plain("牧星")).await.text().contains("name=\"shop.pick\""));
    let stored = async |a: &Answer| {
        let id: base::Id = a.header("location").rsplit('/').next().unwrap().parse().unwrap();
        let sql = "select body from form_entry where matter = $1";
        p.app.store.one(sql, &[id.into()]).await.unwrap().text("body").unwrap()
    };
    let mut chosen = plain("牧星");
    chosen.extend([("shop.pick", second.to_string()), ("shop.for", "牧星".to_owned())]);
    for (fields, id) in [
        (chosen.clone(), second),
        (plain("牧星超"), first),
        (plain("mxcs"), first),
        (plain("91440300708461136T"), first),
    ] {
        let a = send(fields).await;
        assert_eq!(a.status, 303, "{}", a.text());
        assert!(stored(&a).await.contains(&id.to_string()));
    }
    // a choice made for another text does not count
    chosen[2].1 = "牧星超".to_owned();
    let a = send(chosen).await;
    assert!(stored(&a).await.contains(&first.to_string()));
}

/// A form with a file, as a browser sends it.
async fn attach(p: &Province, session: &str, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    let mut body = Vec::new();
    let csrf = access::csrf_token(session);
    for (name, value) in fields.iter().chain([&("csrf", csrf.as_str())]) {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(head.into_bytes());
    }
    body.extend(b"--b\r\nContent-Disposition: form-data; name=\"proof\"; filename=\"proof\"\r\n\r\n");
    body.extend([file, b"\r\n--b--\r\n"].concat());
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    p.send(Method::POST, path, &As::Session(session, true), &kind, body).await
}

/// A visit opened by the officer.
async fn visited(p: &Province, session: &str) -> String {
    let new = "/desk/matters/new?procedure=visit";
    let a = submit(p, session, new, &[("_region", "620102"), ("name", "甲")]).await;
    assert_eq!(a.status, 303, "{}", a.text());
    a.header("location").rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_entered_in_a_step_unfolds_under_its_line_with_its_files_for_those_who_may_see_it() {
    let p = Province::new().await;
    let shop = shop(&p, "91440300708461136T", "虚构供货店").await;
    let session = p.session("officer").await;
    let id = visited(&p, &session).await;
    let supplier = shop.to_string();
    let fields = [
        ("version", "1"),
        ("found", "some"),
        ("weight", "12.5"),
        ("rows.1.shelf", "东三架"),
        ("shop", supplier.as_str()),
        ("witness", "虚构见证人"),
    ];
    let done = attach(&p, &session, &format!("/desk/matters/{id}/look"), &fields, b"%PDF-1.7\n%%EOF\n").await;
    assert_eq!(done.status, 303, "{}", done.text());
    let path = format!("/desk/matters/{id}?lang=zh");
    let page = p.get(&path, &As::Session(&session, true)).await.text();
    for said in ["查看表", "尚有存货", "12.5 千克", "东三架", "虚构供货店", "虚构见证人", "附件 1（PDF"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let from = page.find("href=\"/files/").unwrap() + 6;
    let file = page[from..].split('"').next().unwrap().to_owned();
    assert_eq!(p.get(&file, &As::Session(&session, true)).await.status, 200);
    // who sees the matter and does not work on it reads the form and the file; a name stays sealed
    let leader = p.session("leader").await;
    let page = p.get(&path, &As::Session(&leader, true)).await.text();
    assert!(page.contains("东三架") && page.contains("已封存") && !page.contains("虚构见证人"), "{page}");
    assert_eq!(p.get(&file, &As::Session(&leader, true)).await.status, 200);
    for stranger in ["elsewhere", "firm1", "lab1"] {
        let other = p.session(stranger).await;
        assert_eq!(p.get(&file, &As::Session(&other, true)).await.status, 404, "{stranger}");
    }
}

#[tokio::test]
async fn a_step_refused_by_its_guard_for_its_file_or_because_it_came_late_keeps_all_that_was_typed() {
    let p = Province::new().await;
    let session = p.session("officer").await;
    let id = visited(&p, &session).await;
    let step = format!("/desk/matters/{id}/look");
    let typed = |version: &'static str, weight: &'static str| {
        [("version", version), ("found", "some"), ("weight", weight), ("rows.1.shelf", "西一架")]
    };
    let pdf = b"%PDF-1.7\n%%EOF\n".as_slice();
    for (weight, file, said) in
        [("101", pdf, "重量超过一百，请核对"), ("12", b"MZ\x90\0program".as_slice(), "证明：")]
    {
        let a = attach(&p, &session, &step, &typed("1", weight), file).await;
        let page = a.text();
        assert_eq!(a.status, 422, "{page}");
        let kept = format!("value=\"{weight}\"");
        for part in [said, "尚未保存", "西一架", kept.as_str()] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
    // a file sent with the refused form is there when the form comes again without it
    let again = attach(&p, &session, &step, &typed("1", "101"), pdf).await.text();
    let from = again.find("name=\"proof\" value=\"").unwrap() + 20;
    let hash = again[from..].split('"').next().unwrap();
    let mut fields = typed("1", "99").to_vec();
    fields.push(("proof", hash));
    assert_eq!(submit(&p, &session, &step, &fields).await.status, 303);
    let late = submit(&p, &session, &step, &typed("1", "55")).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("西一架") && late.text().contains("他人已作更改"), "{}", late.text());
    // where the step is not offered any more, what was typed is still read
    assert_eq!(
        submit(&p, &session, &format!("/desk/matters/{id}/finish"), &[("version", "2")]).await.status,
        303
    );
    let over = submit(&p, &session, &step, &typed("3", "55")).await;
    assert_eq!(over.status, 422);
    assert!(over.text().contains("您填写的内容") && over.text().contains("西一架"), "{}", over.text());
    // its address opened by itself leads to the matter
    let opened = p.get(&step, &As::Session(&session, true)).await;
    assert_eq!(
        (opened.status.as_u16(), opened.header("location")),
        (303, &*format!("/desk/matters/{id}#step-look"))
    );
}

#[tokio::test]
async fn what_must_be_on_file_first_is_named_on_the_page_with_the_way_to_it() {
    let p = Province::new().await;
    let (session, desk) = (p.session("officer").await, p.session("desk").await);
    let fields = [("_region", "620102"), ("object", "虚构超市"), ("kind", "firm"), ("reason", "隐患未消除")];
    let a = submit(&p, &session, "/desk/matters/new?procedure=interview", &fields).await;
    assert_eq!(a.status, 303, "{}", a.text());
    let id = a.header("location").rsplit('/').next().unwrap().to_owned();
    let step = |name: &str| format!("/desk/matters/{id}/{name}");
    let call = [("version", "1"), ("meeting_on", "2026-12-01"), ("place", "虚构会议室"), ("chair", "虚构丙")];
    assert_eq!(submit(&p, &session, &step("call"), &call).await.status, 303);
    // the call is drafted: the minutes wait for its service, and the page leads to the draft
    let minutes = [("version", "2"), ("demand", "立即整改"), ("due_on", "2026-12-20")];
    let early = submit(&p, &session, &step("hold"), &minutes).await;
    assert_eq!(early.status, 422);
    assert!(early.text().contains("已起草，尚未送达"), "{}", early.text());
    let path = format!("/desk/matters/{id}?lang=zh");
    let page = p.get(&path, &As::Session(&session, true)).await.text();
    assert!(page.contains(&format!("/desk/matters/{id}#document-")), "{page}");
    assert!(
        page.contains("id=\"document-") && !page.contains("name=\"demand\""),
        "no form before its papers"
    );
    let m = p.get(&format!("/api/v1/matters/{id}"), &As::Token(&p.token("officer").await)).await.json();
    let hold = m["actions"].as_array().unwrap().iter().find(|a| a["id"] == "hold").unwrap();
    assert_eq!((&hold["papers"][0]["met"], &hold["papers"][0]["served"]), (&json!(false), &json!(true)));
    let document = m["documents"][0]["id"].as_str().unwrap();
    let publish = format!("/desk/documents/{document}/publish");
    let served = submit(&p, &desk, &publish, &[("version", "1")]).await;
    assert_eq!(served.status, 303, "{}", served.text());
    let page = p.get(&path, &As::Session(&session, true)).await.text();
    assert!(page.contains("name=\"demand\"") && page.contains("已在卷"), "{page}");
}

#[tokio::test]
async fn a_count_of_supervision_opens_to_its_matters_and_goes_into_a_file() {
    let p = Province::new().await;
    let (session, desk, above) =
        (p.session("officer").await, p.session("desk").await, p.session("above").await);
    let order = [
        ("task", "核查处置"),
        ("county", "620102"),
        ("degree", "important"),
        ("reason", "滞后"),
        ("demand", "办结"),
    ];
    let a = submit(&p, &desk, "/desk/matters/new?procedure=supervision", &order).await;
    assert_eq!(a.status, 303, "{}", a.text());
    let id = a.header("location").rsplit('/').next().unwrap().to_owned();
    for (who, name, version, fields) in [
        (&session, "receive", "1", vec![]),
        (&session, "answer", "2", vec![("answer", "已办结")]),
        (&above, "clear", "3", vec![("result", "late")]),
    ] {
        let fields = [vec![("version", version)], fields].concat();
        let path = format!("/desk/matters/{id}/{name}");
        if name == "clear" {
            let own = submit(&p, &desk, &path, &fields).await;
            assert_eq!(own.status, 403, "who is supervised does not clear it: {}", own.text());
        }
        let a = submit(&p, who, &path, &fields).await;
        assert_eq!(a.status, 303, "{name}: {}", a.text());
    }
    let me = As::Session(&desk, true);
    let page = p.get("/desk/supervised?lang=zh&sort=3&dir=desc", &me).await.text();
    assert!(page.contains("督办：逾期办结") && page.contains("outcome=late"), "{page}");
    let list = "/desk/supervised?region=620102&agency=market&procedure=supervision&outcome=late";
    assert!(p.get(list, &me).await.text().contains(&id));
    let none = list.replace("late", "in_time");
    assert!(!p.get(&none, &me).await.text().contains(&id));
    for path in ["/desk/supervised?format=csv", "/desk/supervised?procedure=supervision&format=csv"] {
        assert!(p.get(path, &me).await.text().contains("620102"), "{path}");
    }
    assert!(!p.get("/desk/supervised?to=2020-01-01&format=csv", &me).await.text().contains("620102"));
}

#[tokio::test]
async fn who_complains_at_the_counter_is_kept_apart_and_handed_number_and_code() {
    let p = Province::new().await;
    let session = p.session("officer").await;
    let new = "/desk/matters/new?procedure=complaint";
    let page = p.get(new, &As::Session(&session, true)).await.text();
    assert!(page.contains("name=\"who_phone\""), "{page}");
    let said = |phone: &str| {
        let fields = [
            ("respondent", "虚构店"),
            ("respondent_address", "虚构路 1 号"),
            ("county", "620102"),
            ("what", "买到过期面粉"),
            ("claim", "refund"),
            ("living", "true"),
            ("elsewhere", "false"),
            ("who_name", "虚构来电人"),
        ];
        let all = fields.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
        all.chain([("who_phone".to_owned(), phone.to_owned())]).collect::<Vec<_>>()
    };
    let wrong = said("abc");
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let a = submit(&p, &session, new, &wrong).await;
    assert_eq!(a.status, 422, "{}", a.text());
    assert!(a.text().contains("7 至 15 位") && a.text().contains("买到过期面粉"), "{}", a.text());
    let right = said("0931-8888888");
    let right: Vec<(&str, &str)> = right.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let a = submit(&p, &session, new, &right).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let html = a.text();
    assert!(html.contains("id=\"number\"") && html.contains("id=\"code\""), "{html}");
    assert!(!html.contains("虚构来电人"), "the name is nowhere on it");
    let n =
        p.app.store.one("select count(*) as n from journal where kind = 'reporter.kept'", &[]).await.unwrap();
    assert_eq!(n.int("n").unwrap(), 1);
    let open = p.app.store.query("select canonical from journal", &[]).await.unwrap();
    assert!(open.iter().all(|r| !r.text("canonical").unwrap().contains("虚构来电人")));
}
