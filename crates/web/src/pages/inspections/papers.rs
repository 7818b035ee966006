//! An inspection on paper: the notice handed over (检查通知书) and the record signed on the spot (现场检查笔录), as page and PDF.

use super::names;
use super::record::{matter, place};
use crate::fault::{Answer, Fault};
use crate::map::region_name;
use crate::pages::papers::{PAPER, Sheet, sheet};
use crate::pages::show::organ_name;
use crate::session::SignedIn;
use crate::state::App;
use axum::extract::{Path, State};
use base::{Id, Lang, Text};
use field::Sent;
use flow::view::MatterView;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The form that recorded the inspection.
fn recorded(m: &MatterView) -> Option<&Map<String, Json>> {
    m.steps
        .iter()
        .rev()
        .find_map(|s| s.form.as_ref().filter(|(name, _)| name == "record").map(|(_, body)| body))
}

/// What a word of a field of the procedure's forms means.
fn word(app: &App, form: &str, field: &str, code: &str) -> Text {
    let form = app.engine.procedure("inspection").ok().and_then(|p| p.definition.form(form).cloned());
    let options = form.as_ref().and_then(|f| f.field(field)).map(|f| f.options.clone()).unwrap_or_default();
    let found = options.into_iter().find(|o| o.id == code);
    found.map_or_else(|| Text::new(code.to_owned(), code.to_owned()), |o| o.title)
}

/// What both papers say of the inspection.
async fn common(
    app: &App,
    m: &MatterView,
    sent: &[Sent],
    people: &BTreeMap<Id, String>,
) -> Answer<Map<String, Json>> {
    let fact = |name: &str| m.all_facts.get(name).and_then(Json::as_str).unwrap_or_default();
    let mut tx = app.store.begin().await?;
    let known = app.field.office.sheet(&mut tx, m.id).await.map_err(Fault::internal)?;
    tx.rollback().await?;
    let (address, licences) = (&known["facts"]["address"], &known["facts"]["licences"]);
    let licences: Vec<&str> = licences.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let named: Vec<String> = sent
        .iter()
        .map(|s| people.get(&s.account).cloned().unwrap_or_else(|| s.account.to_string()))
        .collect();
    // who is sent counts; where nobody is yet, whom the assignment names
    let assigned: Vec<&str> = m
        .steps
        .iter()
        .filter_map(|s| s.form.as_ref().filter(|(name, _)| name == "assignment"))
        .flat_map(|(_, body)| body.get("officers").and_then(Json::as_array).into_iter().flatten())
        .filter_map(|o| o["name"].as_str())
        .collect();
    let officers = if named.is_empty() { assigned.join("、") } else { named.join("、") };
    let kind = word(app, "assignment", "kind", fact("kind"));
    let business = word(app, "record", "business", fact("business"));
    let draw = sent.iter().find_map(|s| s.draw).map(|d| d.to_string()).unwrap_or_default();
    let office = organ_name(&m.agency, &m.region);
    let facts = json!({
        "number": m.id, "name": fact("name"), "address": address.as_str().unwrap_or_default(),
        "licences": licences.join("；"), "plan_no": fact("plan_no"), "plan_on": fact("plan_on"), "draw": draw,
        "kind_zh": kind.zh, "kind_en": kind.en, "business_zh": business.zh, "business_en": business.en,
        "officers": officers, "dated": app.now().china_date().to_string(),
        "region_zh": region_name(Lang::Zh, &m.region), "region_en": region_name(Lang::En, &m.region),
        "office_zh": office.zh, "office_en": office.en,
    });
    Ok(facts.as_object().cloned().unwrap_or_default())
}

/// What was found, for the record: what was recorded counts; before that, what the phones have brought so far.
async fn findings(app: &App, lang: Lang, m: &MatterView, facts: &mut Map<String, Json>) -> Answer<()> {
    let log = app.field.visit(&app.store, m.id).await?;
    let fact = |name: &str| m.all_facts.get(name).and_then(Json::as_str).unwrap_or_default();
    let made = log.visit.form(fact("business"));
    let empty = Map::new();
    let form = recorded(m).or_else(|| made.as_object()).unwrap_or(&empty);
    let answers: BTreeMap<&str, &Json> = form
        .get(fact("business"))
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|r| Some((r["item"].as_str()?, r)))
        .collect();
    let record = app.engine.procedure("inspection").ok().and_then(|p| p.definition.form("record").cloned());
    let items = record.as_ref().and_then(|f| f.field(fact("business"))).map(|f| f.items.clone());
    let point = |(n, item): (usize, flow::CheckItem)| {
        let row = answers.get(item.id.as_str());
        let part = |name: &str| row.and_then(|r| r[name].as_str()).unwrap_or_default();
        let result = flow::RESULTS.iter().find(|(c, _)| *c == part("result"));
        let result = result.map_or_else(|| Text::of("—", "—"), |(_, words)| words.clone());
        json!({
            "n": n + 1, "title_zh": item.title.zh, "title_en": item.title.en, "key": item.key,
            "result_zh": result.zh, "result_en": result.en, "note": part("note"),
        })
    };
    let points: Vec<Json> = items.unwrap_or_default().into_iter().enumerate().map(point).collect();
    let text = |name: &str| form.get(name).and_then(Json::as_str).unwrap_or_default();
    let signed = |name: &str| form.get(name).and_then(|s| s["name"].as_str()).unwrap_or_default();
    let time = |at: Option<base::Instant>| at.map(|t| t.china_minute()).unwrap_or_default();
    let result = match fact("result") {
        "pass" => Text::of("未发现问题", "nothing found"),
        "nearly" => Text::of("基本符合", "nearly conforms"),
        "correct" => Text::of("一般项目不符合，责令整改", "general points failed: correction is ordered"),
        "investigate" => Text::of("重点项目不符合，依法调查处理", "key points failed: to be investigated"),
        _ => Text::of("未填写", "not entered"),
    };
    let position = log.visit.place.as_ref().map(|p| place(lang, p)).unwrap_or_default();
    let found = json!({
        "checked_on": text("checked_on"), "points": points, "problems": text("problems"), "reply": text("reply"),
        "officer_signature": signed("officer_signature"), "firm_signature": signed("firm_signature"),
        "arrived": time(log.visit.arrived), "departed": time(log.visit.departed), "position": position,
        "entries": log.lines.len(), "photos": log.visit.photos.len(), "result_zh": result.zh, "result_en": result.en,
    });
    facts.extend(found.as_object().cloned().unwrap_or_default());
    Ok(())
}

/// `GET /desk/inspections/sheet/{id}/{paper}`: `notice`, `record`, and each with `.pdf`. Right: view matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((id, paper)): Path<(String, String)>,
) -> Answer {
    let lang = viewer.lang();
    let (paper, is_pdf) = paper.strip_suffix(".pdf").map_or((paper.as_str(), false), |p| (p, true));
    let name = match paper {
        "notice" => "inspection_notice",
        "record" => "inspection_record",
        _ => return Err(Fault::not_found(&PAPER)),
    };
    let m = matter(&app, &viewer.who, &id).await?;
    let people = names(&app, &viewer.who, &m.region, &m.agency).await?;
    let sent = field::officers_of(&app.store, m.id).await?;
    let mut facts = common(&app, &m, &sent, &people).await?;
    if paper == "record" {
        findings(&app, lang, &m, &mut facts).await?;
    }
    let of = Sheet {
        subject: format!("matter:{}", m.id),
        region: m.region.clone(),
        name,
        file: format!("{paper}-{}", m.id),
        path: format!("/desk/inspections/sheet/{}/{paper}", m.id),
        above: (format!("/desk/matters/{}", m.id), m.title.get(lang).to_owned()),
        facts: facts.into(),
        // what was recorded does not change any more; a notice names who is sent now
        is_final: paper == "record" && recorded(&m).is_some(),
    };
    sheet(&app, &viewer, of, is_pdf).await
}
