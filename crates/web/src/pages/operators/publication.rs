//! 双公示: the tables of licences and penalties for the national credit platform, as files.

use crate::fault::{Answer, Fault};
use crate::layout;
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Date, Decimal, Id, Instant, Lang, Text};
use maud::html;
use paper::sheet::Sheet;
use registry::publication::Table;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Rows read at a time.
const PORTION: i64 = 500;

fn agency(region: &str, department: &str) -> String {
    let name = department
        .parse()
        .map_or_else(|_| department.to_owned(), |d: base::Department| d.name().zh.into_owned());
    format!("{}{name}部门", region_name(Lang::Zh, region))
}

fn holder(name: &str, code: &str, natural: bool) -> Json {
    let category = if natural { "自然人" } else { "法人及非法人组织" };
    // a person's number never leaves the register
    json!({ "name": name, "uscc": if natural { "" } else { code }, "category": category })
}

/// `GET /desk/credit/publication`: the choice, or with `format` the file. Right: export licence, export matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/credit/publication", raw.as_deref(), "");
    let today = app.now().china_date();
    let to = choices::day("to", links.get("to"))?.unwrap_or(today);
    let from = choices::day("from", links.get("from"))?;
    let from = from.unwrap_or_else(|| to.checked_sub(jiff::Span::new().days(6)).unwrap_or(to));
    let wanted = links.get("table").unwrap_or("penalty");
    if let Some(format) = links.get("format") {
        let table = registry::publication::tables().iter().find(|t| t.id == wanted);
        let choose = Text::of("请选择 licence 或 penalty", "choose licence or penalty");
        let table = table.ok_or_else(|| Fault::bad("table", choose))?;
        let mut sheet = Sheet {
            name: format!("{}-{from}-{to}", table.id),
            header: table.columns.iter().map(|c| c.title.clone()).collect(),
            rows: Vec::new(),
        };
        match wanted {
            "licence" => licences(&app, &viewer.who, table, (from, to), &mut sheet).await?,
            _ => penalties(&app, &viewer.who, table, (from, to), &mut sheet).await?,
        }
        return crate::export::download(format, &sheet);
    }
    let title = lang.pick("双公示数据报送", "Publication for the national credit platform");
    Ok(layout::narrow(&viewer, title, &html! {
        (layout::crumbs(&[("/desk/operators", lang.pick("主体", "Operators")), ("", title)]))
        h1 { (title) }
        p { (lang.pick("行政许可、行政处罚作出决定后七个工作日内报送；按决定公示日期（处罚）或发证日期（许可）导出。", "Licences and penalties by the day they were issued or published.")) }
        @for t in registry::publication::tables() {
            section.card {
                h2 { (t.title.get(lang)) }
                p.small { (t.document) @if t.status == base::clock::Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("字段待核", "columns unverified"))) } }
                form method="get" {
                    input type="hidden" name="table" value=(t.id);
                    (ui::input(&Field { name: "from", id: &format!("from-{}", t.id), label: lang.pick("自", "From"), value: &from.to_string(), kind: "date", ..Field::default() }))
                    (ui::input(&Field { name: "to", id: &format!("to-{}", t.id), label: lang.pick("至", "To"), value: &to.to_string(), kind: "date", ..Field::default() }))
                    button name="format" value="csv" { "CSV" } " "
                    button.plain name="format" value="xlsx" { "XLSX" }
                }
                details { summary { (t.columns.len()) " " (lang.pick("个字段", "columns")) }
                    ol { @for c in &t.columns { li { (c.title) @if c.value.is_empty() { " " span.soft { (lang.pick("（无来源，留空）", "(no source, left empty)")) } } } } } }
            }
        }
    })
    .into_response())
}

async fn licences(
    app: &App,
    who: &access::Principal,
    table: &Table,
    (from, to): (Date, Date),
    sheet: &mut Sheet,
) -> Answer<()> {
    let mut after = None;
    loop {
        let (store, access, now) = (&app.store, &app.access, app.now());
        let lines =
            registry::publication::licences_issued(store, access, who, now, from, to, after, PORTION).await?;
        for l in &lines {
            let kind = match l.licence.number.get(..2) {
                Some("SC") => "食品生产许可证",
                Some("JY") => "食品经营许可证",
                Some("YB") => "仅销售预包装食品备案",
                _ => "登记证",
            };
            let known = json!({
                "operator": holder(&l.name, &l.code, l.natural),
                "licence": {
                    "category": "普通", "title": kind, "number": l.licence.number, "class": l.licence.class,
                    "issued": l.licence.issued.map(|d| d.to_string()), "expires": l.licence.expires.map(|d| d.to_string()),
                    "state": if l.licence.in_force(now.china_date()) { "有效" } else { "无效" },
                },
                "agency": { "name": agency(&l.region, "market") },
            });
            sheet.rows.push(crate::export::texts(table.row(&known)));
        }
        match lines.last() {
            Some(last) => after = Some(last.licence.id),
            None => return Ok(()),
        }
    }
}

async fn penalties(
    app: &App,
    who: &access::Principal,
    table: &Table,
    (from, to): (Date, Date),
    sheet: &mut Sheet,
) -> Answer<()> {
    let span = (Instant::china(from, 0, 0), Instant::china(to, 0, 0).plus_seconds(86_400));
    let mut after: Option<Id> = None;
    loop {
        let (store, access, now) = (&app.store, &app.access, app.now());
        let what = ("penalty_case", "decision");
        let found = flow::view::decided(store, access, who, now, what, span, after, PORTION).await?;
        for (_, m) in &found {
            let operator = match m.operator {
                Some(id) => registry::operator(store, id).await?,
                None => None,
            };
            let respondent = m.facts.get("respondent").and_then(Json::as_str).unwrap_or_default();
            let operator = match &operator {
                Some(o) => holder(&o.name, &o.code, o.natural),
                None => holder(respondent, "", false),
            };
            let wan = |name: &str| {
                let yuan = m.facts.get(name).and_then(Json::as_str)?.parse::<Decimal>().ok()?;
                Some((yuan / Decimal::from(10_000)).normalize().to_string())
            };
            let known = json!({
                "operator": operator, "facts": m.facts, "agency": { "name": agency(&m.region, &m.agency) },
                "wan": { "fine": wan("fine"), "confiscated": wan("confiscated") },
                "matter": { "public_until": m.public_until.map(|u| u.china_date().to_string()) },
            });
            sheet.rows.push(crate::export::texts(table.row(&known)));
        }
        match found.last() {
            Some((id, _)) => after = Some(*id),
            None => return Ok(()),
        }
    }
}
