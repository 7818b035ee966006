//! What a procedure may say in data alone: opened by a form, computed, numbered, handed to another department, reminded, published for
//! a time, overlaid by a province and moved to a new version.

use crate::support::{FIRM, World, desk, engine_with, firm, officer};
use access::{Principal, Role};
use base::Instant;
use flow::view::{self, MatterFilter, NoticeFilter};
use flow::{Definition, Error, Request};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const BANQUET: &str = r#"
id = "banquet"
title = { zh = "聚餐备案", en = "Banquet filing" }
valid_from = "2020-01-01"
subject = "banquet"
agency = "market"
classification = 1
party_sees = ["name", "place", "guests", "held_on"]
basis = [{ document = "虚构办法", clause = "一条", status = "unverified" }]

[opening]
by = ["operator", "agency", "citizen"]
form = "filing"
sets = ["name", "place", "guests", "held_on"]
title = { zh = "{{ facts.name }}聚餐", en = "Banquet of {{ facts.name }}" }
region = "place"
guard = "form.guests != null"
refusal = { zh = "请填人数", en = "give the number of guests" }
computes = [{ fact = "tables", value = "max(dec(form.guests) / 10000000, 1)", as = "whole", basis = [{ document = "虚构办法", clause = "二条", status = "unverified" }] },
  { fact = "fee", value = "round(mul(dec(form.guests), dec(form.price)), 2)" }]
effects = [{ run = "flow.number", with = { fact = "number", pattern = "虚构备〔{year}〕{n:3}号" } }]

[[fact]]
id = "name"
title = { zh = "举办者", en = "Host" }
[[fact]]
id = "place"
title = { zh = "地点", en = "Place" }
[[fact]]
id = "guests"
title = { zh = "人数", en = "Guests" }
[[fact]]
id = "held_on"
title = { zh = "举办日期", en = "Held on" }
[[fact]]
id = "tables"
title = { zh = "桌数", en = "Tables" }
[[fact]]
id = "fee"
title = { zh = "费用", en = "Fee" }
[[fact]]
id = "number"
title = { zh = "备案号", en = "Number" }

[[state]]
id = "filed"
title = { zh = "已备案", en = "Filed" }
initial = true
[[state]]
id = "sent"
title = { zh = "已移送", en = "Sent" }
open_ended = { zh = "公安受理", en = "with the police" }
[[state]]
id = "done"
title = { zh = "办结", en = "Done" }
final = true

[[transition]]
id = "guide"
title = { zh = "现场指导", en = "Guide" }
from = ["filed"]
to = "done"
action = "act"
documents = ["sheet"]
[[transition]]
id = "send"
title = { zh = "移送公安", en = "Send to the police" }
from = ["filed"]
to = "sent"
action = "act"
documents = ["sheet"]
[[transition]]
id = "accept"
title = { zh = "公安受理", en = "Police accept" }
from = ["sent"]
to = "done"
action = "decide"
agency = "police"

[[clock]]
id = "guide"
title = { zh = "现场指导", en = "Guide on the spot" }
basis = { document = "虚构办法", clause = "三条", status = "unverified" }
start = "enter:filed"
since = "held_on"
stop = ["enter:done", "enter:sent"]
amount = 5
unit = "working_day"
[[clock.rung]]
at = -1
unit = "working_day"
does = "remind"
basis = { document = "虚构办法", clause = "四条", status = "unverified" }
[[clock.rung]]
at = 1
unit = "working_day"
does = "escalate"
up = 1
basis = { document = "虚构办法", clause = "四条", status = "unverified" }

[[document]]
id = "sheet"
title = { zh = "备案公示", en = "Filing" }
kind = "banquet"
template = "sheet"
publication = "public"
number = "{organ}备告〔{year}〕{n}号"
until = { amount = 1, unit = "month", basis = { document = "虚构办法", clause = "五条", status = "unverified" } }
"#;

const FORMS: &str = r#"
[[form]]
id = "filing"
title = { zh = "备案表", en = "Filing" }
[[form.field]]
id = "name"
title = { zh = "举办者", en = "Host" }
type = "text"
required = true
[[form.field]]
id = "place"
title = { zh = "地点", en = "Place" }
type = "region"
required = true
[[form.field]]
id = "guests"
title = { zh = "人数", en = "Guests" }
type = "number"
decimals = 0
[[form.field]]
id = "held_on"
title = { zh = "举办日期", en = "Held on" }
type = "date"
[[form.field]]
id = "price"
title = { zh = "单价", en = "Price" }
type = "money"
[[form.field]]
id = "cook"
title = { zh = "厨师", en = "Cook" }
type = "person"
[[form.field]]
id = "kinds"
title = { zh = "食品", en = "Foods" }
type = "multi"
options = [{ id = "meat", title = { zh = "肉", en = "meat" } }, { id = "raw", title = { zh = "生食", en = "raw" } }]
[[form.field]]
id = "large"
title = { zh = "大型聚餐", en = "Large" }
type = "part"
when = "dec(form.guests) > dec(\"100\")"
[[form.field.fields]]
id = "plan"
title = { zh = "应急方案", en = "Plan" }
type = "long_text"
required = true
[[form.field]]
id = "list"
title = { zh = "自查表", en = "Self check" }
type = "checklist"
[[form.field.items]]
id = "1.1"
title = { zh = "健康证", en = "Health certificates" }
key = true
[[form.field.items]]
id = "1.2"
title = { zh = "留样", en = "Retained samples" }
[[form.field]]
id = "signed"
title = { zh = "签名", en = "Signed" }
type = "signature"
"#;

pub(crate) fn files() -> BTreeMap<String, String> {
    [
        ("procedure.toml", BANQUET),
        ("forms.toml", FORMS),
        ("templates/sheet.zh.html", "<p>公示</p>"),
        ("templates/sheet.en.html", "<p>Filing</p>"),
    ]
    .map(|(n, t)| (n.to_owned(), t.to_owned()))
    .into()
}

fn banquet() -> Definition {
    let d = flow::load("banquet", &files()).unwrap();
    let effects = flow::Effects::builtin();
    let words = flow::Vocabulary::new(effects.names().map(ToOwned::to_owned), std::slice::from_ref(&d));
    assert_eq!(flow::check(&d, &words), []);
    d
}

pub(crate) async fn worlds() -> Vec<(&'static str, World)> {
    let stores = store::testing::stores().await;
    stores.into_iter().map(|(name, store)| (name, World::new(store, engine_with(vec![banquet()])))).collect()
}

pub(crate) fn filled() -> Json {
    json!({"name": "虚构村张家", "place": "620102", "guests": "120", "price": "15.50", "held_on": "2026-09-25",
        "plan": "有", "kinds": ["meat"], "cook": {"name": "虚构厨师", "phone": "138-0000-0000"},
        "list": [{"item": "1.2", "result": "fail", "note": "未留样"}, {"item": "1.1", "result": "pass"}], "signed": "张三"})
}

pub(crate) async fn file(
    w: &World,
    who: &Principal,
    form: Json,
    key: Option<&str>,
) -> Result<flow::Opened, Error> {
    let mut tx = w.store.begin().await?;
    let authority = flow::Authority::Person { access: &w.access, who };
    let request = Request { region: "620102".into(), key: key.map(Into::into), form, ..Request::default() };
    let opened = flow::open_by_form(&mut tx, &w.cx(who), &w.engine, authority, "banquet", request).await?;
    tx.commit().await?;
    Ok(opened)
}

#[tokio::test]
async fn a_matter_is_opened_by_its_form_and_what_is_personal_is_sealed() {
    for (name, w) in worlds().await {
        let one = officer(1, "620102");
        let opened = file(&w, &one, filled(), Some("a")).await.unwrap();
        let again = file(&w, &one, filled(), Some("a")).await.unwrap();
        assert_eq!((again.matter, again.created), (opened.matter, false), "{name}");
        let m = w.view(&one, opened.matter).await;
        assert_eq!(
            m.title.zh, "{{ facts.name }}聚餐",
            "{name}: the test renderer gives the heading as it stands"
        );
        for (fact, want) in [
            ("tables", json!(12)),
            ("fee", json!("1860")),
            ("number", json!("虚构备〔2026〕001号")),
            ("place", json!("620102")),
        ] {
            assert_eq!(m.all_facts.get(fact), Some(&want), "{name}: {fact}");
        }
        let form = m.steps[0].form.as_ref().unwrap().1.clone();
        assert_eq!(form["cook"], json!({"name": "虚构厨师", "phone": "13800000000"}), "{name}");
        assert_eq!(form["list"][0]["item"], "1.1", "{name}: in the order of the list");
        assert_eq!(form["signed"], json!({"name": "张三"}));
        let kept =
            w.store.one("select body from form_entry where matter = $1", &[m.id.into()]).await.unwrap();
        assert!(!kept.text("body").unwrap().contains("虚构厨师"), "{name}: sealed at rest");
        let leader = access::testing::principal(8, Role::Leader, "62", "", None);
        let seen = w.view(&leader, m.id).await.steps[0].form.as_ref().unwrap().1["cook"].clone();
        assert_eq!(seen, json!({"sealed": true}), "{name}: who does not work on it does not read it");
        // a citizen without an account may file; another county's officer may not
        file(&w, &Principal::anonymous(), filled(), None).await.unwrap();
        assert!(
            matches!(file(&w, &officer(3, "620802"), filled(), None).await, Err(Error::Denied(_))),
            "{name}"
        );
        let own = file(&w, &firm(), filled(), None).await.unwrap();
        let row = w
            .store
            .one("select operator, subject from matter where id = $1", &[own.matter.into()])
            .await
            .unwrap();
        assert_eq!(
            (row.id("operator").unwrap(), row.text("subject").unwrap()),
            (FIRM, format!("operator:{FIRM}")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_faults_of_every_kind_of_field_are_named() {
    let (name, w) = worlds().await.remove(0);
    let one = officer(1, "620102");
    let with = |key: &str, value: Json| {
        let mut form = filled();
        form[key] = value;
        form
    };
    for (form, field, en) in [
        (with("plan", json!("")), "plan", "required"),
        (with("price", json!("1.234")), "price", "2 decimals"),
        (with("price", json!("-1")), "price", "below 0"),
        (with("kinds", json!(["fish"])), "kinds", "choose one of"),
        (with("cook", json!({"name": ""})), "cook", "give the name"),
        (with("cook", json!({"name": "甲", "id_number": "620102199001011230"})), "cook", "check character"),
        (with("cook", json!({"name": "甲", "phone": "call me"})), "cook", "5 to 15 digits"),
        (with("list", json!([{"item": "1.1", "result": "fail"}])), "list.1.1", "what was found"),
        (with("list", json!([{"item": "9", "result": "pass"}])), "list.9", "not in the list"),
        (with("list", json!([{"item": "1.1", "result": "good"}])), "list.1.1", "pass, minor, fail or na"),
        (with("signed", json!({"name": "甲", "image": "x"})), "signed", "not uploaded"),
        (with("held_on", json!("2026-13-01")), "held_on", "date like"),
    ] {
        let said = file(&w, &one, form, None).await.unwrap_err();
        let Error::Form { faults } = &said else { panic!("{name} {field}: {said}") };
        assert_eq!(faults[0].field, field, "{said}");
        assert!(faults[0].text.en.contains(en), "{field}: {said}");
    }
    // a part that does not apply asks nothing and keeps nothing
    let small = json!({"name": "乙", "place": "620102", "guests": "20", "plan": "x"});
    let opened = file(&w, &one, small, None).await.unwrap();
    let form = w.view(&one, opened.matter).await.steps[0].form.clone().unwrap().1;
    assert!(!form.contains_key("plan"), "{form:?}");
    let late = file(&w, &one, with("held_on", json!("2026-12-01")), None).await.unwrap_err();
    assert!(late.user_text().unwrap().en.contains("may not lie in the future"), "{late}");
}

#[tokio::test]
async fn a_clock_counts_from_its_date_reminds_before_it_ends_and_escalates_after() {
    for (name, mut w) in worlds().await {
        let one = officer(1, "620102");
        let matter = file(&w, &one, filled(), None).await.unwrap().matter;
        let due = w.view(&one, matter).await.clocks[0].due.clone();
        // five working days from Friday 25 September: 28, 29, 30, then 8 and 9 October
        assert_eq!(due.date.as_deref(), Some("2026-10-09"), "{name}");
        let sweep =
            async |w: &World| flow::sweep(&w.store, &w.engine, &w.ids, w.now).await.unwrap().reminders;
        assert_eq!(sweep(&w).await, 0, "{name}");
        w.now = Instant::china(base::Date::constant(2026, 10, 8), 9, 0);
        assert_eq!(sweep(&w).await, 1, "{name}: one working day before");
        assert_eq!(sweep(&w).await, 0, "{name}: once");
        w.now = Instant::china(base::Date::constant(2026, 10, 12), 9, 0);
        assert_eq!(
            sweep(&w).await,
            2,
            "{name}: 10 October is worked; the county and its prefecture are told"
        );
        let rows = w.store.query("select act, region from reminder order by id", &[]).await.unwrap();
        let told: Vec<_> = rows.iter().map(|r| (r.text("act").unwrap(), r.text("region").unwrap())).collect();
        let want = [("remind", "620102"), ("escalate", "620102"), ("escalate", "6201")];
        assert_eq!(told, want.map(|(a, r)| (a.to_owned(), r.to_owned())), "{name}");
        let entries = "select count(*) as n from journal where kind = 'clock.rung'";
        assert_eq!(w.store.one(entries, &[]).await.unwrap().int("n").unwrap(), 2, "{name}");
        w.step(&one, matter, "guide", Json::Null).await.unwrap();
        let open = "select count(*) as n from reminder where matter = $1 and settled_at is null";
        assert_eq!(w.count(open, matter).await, 0, "{name}: settled with the duty");
    }
}

#[tokio::test]
async fn another_department_takes_its_step_and_sees_what_it_is_asked() {
    for (name, w) in worlds().await {
        let one = officer(1, "620102");
        let police = access::testing::principal(5, Role::Desk, "620102", "police", None);
        let constable = access::testing::principal(6, Role::Officer, "620102", "police", None);
        let stranger = access::testing::principal(7, Role::Officer, "620102", "agri", None);
        let matter = file(&w, &one, filled(), None).await.unwrap().matter;
        w.step(&one, matter, "send", Json::Null).await.unwrap();
        for (who, sees) in [(&constable, true), (&police, true), (&stranger, false)] {
            let view = view::matter(&w.store, &w.engine, &w.access, who, w.now, matter).await;
            assert_eq!(view.is_ok(), sees, "{name}: {}", who.login);
            let all = MatterFilter::default();
            let list =
                view::matters(&w.store, &w.engine, &w.access, who, w.now, &all, None, 9).await.unwrap();
            assert_eq!(list.rows.len(), usize::from(sees), "{name}: {}", who.login);
        }
        assert!(w.view(&constable, matter).await.actions.is_empty(), "{name}: a desk decides");
        assert!(matches!(
            w.step(&desk(2, "620102"), matter, "accept", Json::Null).await,
            Err(Error::Denied(_))
        ));
        w.step(&police, matter, "accept", Json::Null).await.unwrap();
    }
}

#[tokio::test]
async fn a_publication_ends_by_itself_and_the_entry_stays() {
    for (name, mut w) in worlds().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let matter = file(&w, &one, filled(), None).await.unwrap().matter;
        w.step(&one, matter, "guide", Json::Null).await.unwrap();
        let draft = w.view(&two, matter).await.documents[0].clone();
        let mut tx = w.store.begin().await.unwrap();
        let cx = w.cx(&two);
        let out =
            flow::publish_document(&mut tx, &cx, &w.engine, &w.access, &two, draft.id, 1).await.unwrap();
        tx.commit().await.unwrap();
        let list = async |w: &World| {
            view::notices(&w.store, &NoticeFilter::default(), None, 9).await.unwrap().rows.len()
        };
        assert_eq!(list(&w).await, 1, "{name}");
        assert!(w.view(&two, matter).await.documents[0].public_until.is_some());
        w.now = Instant::china(base::Date::constant(2026, 10, 29), 9, 0);
        assert_eq!(flow::sweep(&w.store, &w.engine, &w.ids, w.now).await.unwrap().ended, 1, "{name}");
        assert_eq!(list(&w).await, 0, "{name}");
        assert!(matches!(view::notice(&w.store, &out.slug).await, Err(Error::NotFound(_))), "{name}");
        assert_eq!(w.view(&two, matter).await.documents[0].status, "ended", "{name}: the file keeps it");
    }
}

#[tokio::test]
async fn a_province_overlays_a_procedure_and_a_running_matter_moves_only_by_a_step() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (name, text) in files() {
        write(&format!("cn/procedures/banquet/{name}"), &text);
    }
    let over = "basis = [{ document = \"甘肃虚构办法\", clause = \"一条\", status = \"unverified\" }]\n\
                [[clock]]\nid = \"guide\"\namount = 3\n";
    write("cn-62/procedures/banquet/overlay.toml", over);
    let all = flow::load_all(root.path()).unwrap();
    let [nation, gansu] = all.as_slice() else { panic!("{}", all.len()) };
    assert_eq!(
        (gansu.jurisdiction.as_str(), gansu.clock("guide").unwrap().amount, gansu.basis.len()),
        ("62", 3, 2)
    );
    assert_eq!(flow::check_overlay(nation, gansu), []);
    let mut loose = gansu.clone();
    loose.clocks[0].amount = 6;
    assert!(flow::check_overlay(nation, &loose)[0].problem.contains("more time"));

    for (name, store) in store::testing::stores().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let mut w = World::new(store, engine_with(vec![nation.clone()]));
        let matter = file(&w, &one, filled(), None).await.unwrap().matter;
        w.engine = engine_with(all.clone());
        assert_eq!(w.engine.procedure_in("banquet", "620102").unwrap().definition.jurisdiction, "62");
        assert_eq!(w.engine.procedure_in("banquet", "630102").unwrap().definition.jurisdiction, "");
        let seen = w.view(&two, matter).await;
        assert_eq!((seen.outdated, seen.clocks[0].due.date.as_deref()), (true, Some("2026-10-09")), "{name}");
        let migrate = async |who: &Principal, version: i64, why: &str| {
            let mut tx = w.store.begin().await?;
            let cx = w.cx(who);
            let done = flow::migrate(&mut tx, &cx, &w.engine, &w.access, who, matter, version, why).await?;
            tx.commit().await?;
            Ok::<_, Error>(done)
        };
        assert!(
            matches!(migrate(&one, 1, "省里新规").await, Err(Error::Denied(_))),
            "{name}: a desk decides"
        );
        assert!(matches!(migrate(&two, 2, "省里新规").await, Err(Error::Conflict { .. })), "{name}");
        migrate(&two, 1, "省里新规").await.unwrap();
        let seen = w.view(&two, matter).await;
        assert_eq!(
            (seen.outdated, seen.clocks[0].due.date.as_deref()),
            (false, Some("2026-09-30")),
            "{name}"
        );
        assert!(matches!(migrate(&two, 2, "再来").await, Err(Error::Refused(_))), "{name}: once");
    }
}

#[test]
fn one_definition_gives_schema_and_spreadsheet() {
    let d = banquet();
    let form = d.form("filing").unwrap();
    let schema = form.json_schema();
    assert_eq!(
        schema["required"],
        json!(["name", "place"]),
        "a conditional field is not required by the schema"
    );
    for (field, pointer, want) in [
        ("kinds", "/items/enum", json!(["meat", "raw"])),
        ("list", "/items/properties/item/enum", json!(["1.1", "1.2"])),
        ("cook", "/required", json!(["name"])),
        ("plan", "/maxLength", json!(4000)),
    ] {
        assert_eq!(schema["properties"][field].pointer(pointer), Some(&want), "{field}");
    }
    let columns: Vec<String> = form.sheet_columns().into_iter().map(|c| c.key).collect();
    for key in ["name", "cook.id_number", "list.1.2.note", "signed", "plan"] {
        assert!(columns.contains(&key.to_owned()), "{key} is missing in {columns:?}");
    }
    let cells = [
        ("name", "甲"),
        ("place", "620102"),
        ("kinds", "肉；raw"),
        ("cook", "丙"),
        ("list.1.1", "符合"),
        ("list.1.2", "不符合"),
        ("list.1.2.note", "无"),
        ("signed", "丁"),
        ("guests", " "),
    ];
    let cells = cells.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let want = json!({"name": "甲", "place": "620102", "kinds": ["meat", "raw"], "cook": {"name": "丙"},
        "list": [{"item": "1.1", "result": "pass"}, {"item": "1.2", "result": "fail", "note": "无"}], "signed": "丁"});
    assert_eq!(form.sheet_entry(&cells), want);
}
