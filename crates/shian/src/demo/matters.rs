//! Procedures of the demo under way, each at another step: complaint, report, licence, inspection, case, penalty on the spot, transfer,
//! grade, supervision, interview, banquet and drill.

use super::load::Loader;
use super::people;
use crate::out;
use access::Principal;
use anyhow::{Context as _, Result};
use base::{Id, Instant};
use flow::{Authority, Request};
use ledger::{Context, Permit};
use registry::{Identity, NewReporter};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// The county whose officer the guide names.
const COUNTY: &str = "620102";
const DAY: i64 = 86_400;
/// The list of papers an applicant of the demo sends in.
const PAPERS: &str = "材料,份数\n营业执照,1\n设备布局图,1\n食品安全管理制度（演示）,1\n";

/// In place of a step: the draft of a document is served by another person than the one who made it.
const SERVE: &str = "serve document";

/// A story: who begins it how many days ago, and the steps taken since: login, days ago, step, form.
struct Story {
    procedure: &'static str,
    by: &'static str,
    days_ago: i64,
    form: Json,
    steps: Vec<(&'static str, i64, &'static str, Json)>,
}

fn officers() -> Json {
    json!([{ "name": "演示甲", "certificate": "甘A001" }, { "name": "演示乙", "certificate": "甘A002" }])
}

/// In a form: the day of its step.
const THAT_DAY: &str = "{that day}";

/// A form with the day of its step.
fn dated(form: &Json, day: &str) -> Json {
    match form {
        Json::String(text) if text == THAT_DAY => day.into(),
        Json::Array(all) => all.iter().map(|v| dated(v, day)).collect(),
        Json::Object(all) => all.iter().map(|(k, v)| (k.clone(), dated(v, day))).collect(),
        other => other.clone(),
    }
}

/// The stories, about one shop of the county.
fn stories(shop: Id, name: &str, soon: &str) -> Vec<Story> {
    let complaint = |what: &str| {
        json!({
            "respondent": name, "respondent_address": "城关区示例路", "county": COUNTY, "what": what, "amount": "38.00",
            "claim": "refund", "living": true, "elsewhere": false,
        })
    };
    let inspection = json!({
        "operator": shop, "kind": "daily", "business": "sales", "scope_all": true, "officers": officers(),
    });
    let points: Vec<Json> =
        ["qualification", "conditions", "label", "safety", "staff", "process", "purchase"]
            .into_iter()
            .chain(["storage", "failures", "accident"])
            .map(|item| match item {
                "storage" => json!({ "item": item, "result": "fail", "note": "离墙离地不足" }),
                "label" => json!({ "item": item, "result": "minor", "note": "价签字迹不清" }),
                _ => json!({ "item": item, "result": "pass" }),
            })
            .collect();
    let case = json!({ "operator": shop, "respondent": name, "source": "inspection", "what": "销售超过保质期的食品" });
    vec![
        Story {
            procedure: "complaint",
            by: "chengguan",
            days_ago: 2,
            form: complaint("购买的饼干已过保质期"),
            steps: vec![],
        },
        Story {
            procedure: "complaint",
            by: "chengguan",
            days_ago: 20,
            form: complaint("熟食有异味，要求退款"),
            steps: vec![
                ("chengguan", 18, "accept", json!({})),
                (
                    "chengguan",
                    15,
                    "call",
                    json!({ "meeting_on": soon, "meeting_place": "示例市场监管所", "mediator": "演示甲" }),
                ),
            ],
        },
        Story {
            procedure: "report",
            by: "chengguan",
            days_ago: 9,
            form: json!({
                "respondent": name, "county": COUNTY, "what": "夜间更改产品生产日期", "named": true, "evidence": "related",
            }),
            steps: vec![(
                "chengguan",
                6,
                "check",
                json!({ "checked_on": THAT_DAY, "officers": officers(), "found": "现场未见更改工具，已调取监控" }),
            )],
        },
        Story {
            procedure: "licence_operation",
            by: "shop",
            days_ago: 5,
            form: json!({
                "request": "new", "site_name": format!("{name}二店"), "address": "城关区示例路8号", "class_code": "1",
                "items": "散装和预包装食品销售", "track": "ordinary", "papers": PAPERS,
            }),
            steps: vec![
                ("chengguan", 4, "accept", json!({})),
                (
                    "chengguan",
                    3,
                    "send_check",
                    json!({ "examiners": [{ "name": "演示甲" }, { "name": "演示乙" }] }),
                ),
            ],
        },
        Story {
            procedure: "licence_operation",
            by: "shop",
            days_ago: 40,
            form: json!({
                "request": "new", "site_name": name, "address": "城关区示例路6号", "class_code": "1", "items": "预包装食品销售",
                "track": "ordinary", "papers": PAPERS,
            }),
            steps: vec![
                ("chengguan", 38, "accept", json!({})),
                (
                    "chengguan",
                    37,
                    "send_check",
                    json!({ "examiners": [{ "name": "演示甲" }, { "name": "演示乙" }] }),
                ),
                ("chengguan", 35, "check", json!({ "check_on": THAT_DAY, "check_result": "pass" })),
                ("desk", 34, "grant", json!({})),
                ("chengguan", 33, "issue", json!({})),
            ],
        },
        Story {
            procedure: "inspection",
            by: "chengguan",
            days_ago: 8,
            form: inspection.clone(),
            steps: vec![
                (
                    "chengguan",
                    7,
                    "check",
                    json!({ "checked_on": THAT_DAY, "business": "sales", "sales": points }),
                ),
                ("chengguan", 7, "serve", json!({ "handling": "written", "correct_by": THAT_DAY })),
                ("chengguan", 7, "order", json!({ "correct_by": THAT_DAY, "reason": "改正食品贮存" })),
            ],
        },
        Story { procedure: "inspection", by: "chengguan", days_ago: 1, form: inspection, steps: vec![] },
        Story {
            procedure: "penalty_case",
            by: "chengguan",
            days_ago: 30,
            form: case,
            steps: vec![
                ("desk", 28, "file", json!({ "reason": "涉嫌经营超过保质期的食品", "officers": officers() })),
                (
                    "chengguan",
                    20,
                    "assess",
                    json!({
                        "article": "a124_1_5", "goods_value": "1200", "illegal_gain": "300", "serious": "none", "crime_signs": false,
                        "small_producer": false,
                    }),
                ),
                (
                    "chengguan",
                    18,
                    "evidence",
                    json!({ "items": [{ "name": "现场检查笔录和过期食品照片（演示）", "kind": "scene", "proves": "经营超过保质期的食品" }] }),
                ),
                (
                    "chengguan",
                    12,
                    "report",
                    json!({
                        "reason_text": "现场查获过期食品，当事人陈述一致", "discretion": "light", "discretion_why": "首次违法，主动改正",
                        "fine": "55000", "confiscated": "300", "measure": "none",
                    }),
                ),
                ("desk", 6, "notice", json!({})),
                ("desk2", 5, SERVE, json!("notice")),
            ],
        },
        Story {
            procedure: "criminal_transfer",
            by: "chengguan",
            days_ago: 4,
            form: json!({
                "respondent": name, "what": "销售超过保质期的食品，货值较大（演示）", "crime": "c140", "officers": officers(),
                "files": PAPERS,
            }),
            steps: vec![
                ("desk", 3, "approve", json!({})),
                ("chengguan", 3, "deliver", json!({ "delivered_on": THAT_DAY, "copied": true })),
            ],
        },
        Story {
            procedure: "risk_grade",
            by: "chengguan",
            days_ago: 15,
            form: json!({ "operator": shop, "business": "sales", "occasion": "yearly", "year": "2026" }),
            steps: vec![
                (
                    "chengguan",
                    14,
                    "score",
                    json!({
                        "business": "sales", "area": "260", "packed": "1800", "chilled": "120", "bulk_chilled": "30", "suppliers": "70",
                        "livestock": true, "made": "4", "key_failed": "0", "general_failed": "1", "minor": "1",
                    }),
                ),
                ("chengguan", 13, "grade", json!({})),
                ("desk", 12, "decide", json!({})),
            ],
        },
        Story {
            procedure: "summary_penalty",
            by: "chengguan",
            days_ago: 7,
            form: json!({
                "operator": shop, "respondent": name, "party": "unit", "officers": officers(), "what": "未按规定公示检查结果（演示）",
                "article": "演示条款", "warning": true, "fine": "500", "decided_on": THAT_DAY,
            }),
            steps: vec![("chengguan", 6, "pay", json!({ "paid_on": THAT_DAY, "how": "bank" }))],
        },
        supervision("不合格食品核查处置进度", 40, Some("in_time")),
        supervision("投诉举报按期办结", 25, Some("late")),
        supervision("校园食堂全覆盖检查", 6, None),
        Story {
            procedure: "interview",
            by: "desk",
            days_ago: 5,
            form: json!({
                "object": "示例县区局负责人（演示）", "kind": "department", "of_region": COUNTY, "reason": "多件投诉举报逾期（演示）",
            }),
            steps: vec![(
                "desk",
                4,
                "call",
                json!({ "meeting_on": soon, "place": "示例会议室", "chair": "演示丙" }),
            )],
        },
        Story {
            procedure: "rural_banquet",
            by: "chengguan",
            days_ago: 2,
            form: json!({
                "county": COUNTY, "place": "示例村文化广场", "host": { "name": "演示主家" }, "cook": { "name": "演示厨师" },
                "held_on": soon, "diners": "130", "meals": "2", "menu": "八碗四盘", "water": "mains", "cook_certified": true,
                "retention": true,
            }),
            steps: vec![("chengguan", 1, "accept", json!({}))],
        },
        Story {
            procedure: "incident",
            by: "chengguan",
            days_ago: 3,
            form: json!({
                "drill": true, "county": COUNTY, "place": "示例小学", "happened_on": THAT_DAY, "ill": "36", "dead": "0",
                "symptoms": "腹痛腹泻（演练设定）", "reporter": "演示校医",
            }),
            steps: vec![(
                "chengguan",
                3,
                "verify",
                json!({ "verified": "演练设定", "ill": "36", "dead": "0", "counties": "1", "cities": "1" }),
            )],
        },
    ]
}

/// An order of the provincial desk to the county, cleared with that result or still at work.
fn supervision(task: &str, days_ago: i64, result: Option<&'static str>) -> Story {
    let mut steps = vec![("chengguan", days_ago - 1, "receive", json!({}))];
    if let Some(result) = result {
        steps.push(("chengguan", days_ago - 8, "answer", json!({ "answer": "已办结（演示）" })));
        steps.push(("desk", days_ago - 10, "clear", json!({ "result": result })));
    }
    Story {
        procedure: "supervision",
        by: "desk",
        days_ago,
        form: json!({
            "task": task, "county": COUNTY, "degree": "important", "reason": "进度滞后（演示）", "demand": "限期办结并反馈",
        }),
        steps,
    }
}

/// Runs every story.
pub(crate) async fn run(loader: &Loader<'_>, shop: Id, now: Instant) -> Result<()> {
    out::progress("办件示例 matters under way");
    let name = registry::operator(&loader.app.store, shop).await?.context("the shop of the demo")?.name;
    let mut seats: HashMap<&str, Principal> = HashMap::new();
    for login in ["chengguan", "desk", "desk2", "shop"] {
        let cx = loader.context(&loader.exchange, now);
        seats.insert(login, people::principal(&loader.app.store, &loader.access, login, &cx).await?);
    }
    let seat = |login: &str| seats.get(login).with_context(|| format!("the demo has no account {login}"));
    let soon = now.plus_seconds(3 * DAY).china_date().to_string();
    for story in stories(shop, &name, &soon) {
        let who = seat(story.by)?;
        let cx = loader.context(who, now.plus_seconds(-story.days_ago * DAY));
        let matter = begin(loader, &cx, who, &story).await.with_context(|| story.procedure)?;
        for (login, days_ago, step, form) in &story.steps {
            let who = seat(login)?;
            let cx = loader.context(who, now.plus_seconds(-days_ago * DAY));
            let mut tx = loader.app.store.begin().await?;
            if *step == SERVE {
                let named = [matter.into(), form.as_str().unwrap_or_default().into()];
                let sql =
                    "select id, version from document where matter = $1 and name = $2 and status = 'draft'";
                let draft = tx.one(sql, &named).await?;
                let (id, version) = (draft.id("id")?, draft.int("version")?);
                flow::publish_document(&mut tx, &cx, &loader.app.engine, &loader.access, who, id, version)
                    .await
                    .with_context(|| format!("{}: {form}", story.procedure))?;
                tx.commit().await?;
                continue;
            }
            let row = tx.first("select version from matter where id = $1", &[matter.into()]).await?;
            let version = row.map(|r| r.int("version")).transpose()?.unwrap_or(1);
            let (engine, access) = (&loader.app.engine, &loader.access);
            let form = dated(form, &cx.now.china_date().to_string());
            flow::transition(&mut tx, &cx, engine, access, who, matter, version, step, &form)
                .await
                .with_context(|| format!("{}: {step}", story.procedure))?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Opens the matter and, where somebody complained or reported, keeps who.
async fn begin(loader: &Loader<'_>, cx: &Context, who: &Principal, story: &Story) -> Result<Id> {
    let attachments = &loader.app.attachments;
    let mut form = dated(&story.form, &cx.now.china_date().to_string());
    let field = ["papers", "files"].into_iter().find(|f| form[*f].is_string()).unwrap_or_default();
    let papers = match form.get(field).and_then(Json::as_str) {
        Some(list) => Some(attachments.keep(list.as_bytes().to_vec()).await?),
        None => None,
    };
    let mut tx = loader.app.store.begin().await?;
    if let Some(kept) = &papers {
        flow::record_file(&mut tx, cx, attachments, kept).await?;
        form[field] = json!([kept.attachment().sha256]);
    }
    let authority = Authority::Person { access: &loader.access, who };
    // heads of departments are called by the level above
    let region = if story.procedure == "interview" { &COUNTY[..4] } else { COUNTY };
    let request = Request { region: region.to_owned(), form, ..Request::default() };
    let opened =
        flow::open_by_form(&mut tx, cx, &loader.app.engine, authority, story.procedure, request).await?;
    if matches!(story.procedure, "complaint" | "report") {
        let reporter = NewReporter {
            matter: opened.matter,
            region: COUNTY.to_owned(),
            agency: "market".to_owned(),
            guarded: story.procedure == "report",
            code: format!("{:010}", opened.matter.0 % 10_000_000_000),
            identity: Identity {
                name: "演示群众".to_owned(),
                phone: "13900000000".to_owned(),
                ..Identity::default()
            },
        };
        let permit = Permit::system("demo");
        registry::keep_reporter(&mut tx, cx, &loader.access, &permit, reporter).await?;
    }
    tx.commit().await?;
    Ok(opened.matter)
}
