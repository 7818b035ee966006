//! Enterprise standards as firms declared them, for everybody: search, one standard with its checks and proof, open data.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::journal::{receipt_of, receipt_response};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use lab::{Declared, DeclaredFilter, DeclaredLine, DeclaredState};
use limits::Standing;
use maud::{Markup, html};
use std::sync::Arc;

const STANDARD: Text = Text::of("企业标准", "enterprise standard");
/// Standards fetched at a time for a file.
const AT_ONCE: u32 = 200;

fn filter(links: &ListLinks) -> DeclaredFilter {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    DeclaredFilter {
        text: text("q"),
        region: text("region"),
        state: links.get("state").and_then(DeclaredState::read).filter(|s| *s != DeclaredState::Draft),
        oldest: links.sort == "published" && !links.desc,
        after: text("after"),
        ..DeclaredFilter::default()
    }
}

/// How a standard stands.
pub(crate) fn state_badge(lang: Lang, state: DeclaredState) -> Markup {
    let tone = match state {
        DeclaredState::Draft => Tone::Info,
        DeclaredState::Published => Tone::Ok,
        DeclaredState::Withdrawn => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

/// `GET /declared`: declared standards, newest first; as a file a line a row. Public.
pub(super) async fn search(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(raw): RawQuery) -> Answer {
    let lang = viewer.lang();
    let mut links = ListLinks::read("/declared", raw.as_deref(), "published");
    if links.get("sort").is_none() {
        links.desc = true;
    }
    let mut f = filter(&links);
    if let Some(format) = links.get("format") {
        f.limit = AT_ONCE;
        let mut all = Vec::new();
        loop {
            let page = lab::declared_standards(&app.store, &f).await?;
            all.extend(page.rows);
            f.after = page.next;
            if f.after.is_none() {
                break;
            }
        }
        return if format == "json" {
            Ok(Json(all).into_response())
        } else {
            crate::export::download(format, &sheet(&all))
        };
    }
    let page = lab::declared_standards(&app.store, &f).await?;
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|d| {
            let stricter = d.rows.iter().filter(|l| l.checked.standing == Standing::Stricter).count();
            vec![
                html! { a href={ "/declared/" (d.id) } { code { (d.number) } } div { (d.title) } },
                html! { (d.operator_name) div.small.soft { (region_name(lang, &d.region)) } },
                html! { (d.rows.len()) },
                html! { (stricter) },
                html! { @if let Some(at) = d.published { (at.china_date()) } },
                state_badge(lang, d.state),
            ]
        })
        .collect();
    let value = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let (q, region, state) = (value("q"), value("region"), value("state"));
    let everywhere = access::Principal::anonymous();
    let title = lang.pick("企业标准公开承诺", "Enterprise standards, declared");
    let columns = [
        Column::text("编号和名称", "Number and title"),
        Column::text("企业", "Firm"),
        Column::num("指标", "Rows"),
        Column::num("严于国家标准", "Stricter than the law"),
        Column::text("公开日期", "Public since").by("published"),
        Column::text("状态", "State"),
    ];
    Ok(layout::page(&viewer, title, &html! {
        h1 { (title) }
        p.soft { (lang.pick("企业公开声明自己执行的标准，并由机器逐条与国家标准比对（标准化法第二十一条、第二十七条）。", "Firms declare the standards they keep to; a machine compares each row with the national standard (Standardization Law, articles 21 and 27).")) }
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("编号、名称、企业、食品或项目", "Number, title, firm, food or analyte"), value: &q, kind: "search", ..Field::default() }))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: &region, ..Field::default() }, &choices::regions(lang, &everywhere, &Text::of("全省", "whole province"))))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: &state, ..Field::default() },
                &choices::any(lang, &choices::ALL, [DeclaredState::Published, DeclaredState::Withdrawn].map(|s| (s.word(), s.label())))))
            button { (lang.pick("查询", "Search")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的标准", "Nothing fits"), lang.pick("企业公开的标准会列在这里。", "Standards firms declare are listed here."))) }
        @else { (ui::table(lang, title, &columns, &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true)) }
    }).into_response())
}

/// A line a row of every standard.
fn sheet(all: &[Declared]) -> paper::sheet::Sheet {
    let columns = [
        "编号",
        "名称",
        "企业",
        "地区",
        "状态",
        "公开日期",
        "废止日期",
        "废止理由",
        "食品",
        "项目",
        "限量",
        "单位",
        "检验方法",
        "与国家标准相比",
        "国家标准",
        "国家限量",
        "规则版本",
        "id",
    ];
    let mut sheet = crate::export::sheet("declared", &columns);
    let day = |at: Option<base::Instant>| at.map(|a| a.china_date().to_string()).unwrap_or_default();
    for d in all {
        for l in &d.rows {
            let list = |of: fn(&limits::declared::Against) -> String| {
                l.checked.against.iter().map(of).collect::<Vec<_>>().join("；")
            };
            sheet.rows.push(crate::export::texts([
                d.number.clone(),
                d.title.clone(),
                d.operator_name.clone(),
                d.region.clone(),
                d.state.word().to_owned(),
                day(d.published),
                day(d.withdrawn),
                d.reason.clone().unwrap_or_default(),
                l.declared.food.clone(),
                l.declared.analyte.clone(),
                l.declared.limit.clone(),
                l.declared.unit.clone(),
                l.declared.method.clone(),
                l.checked.standing.word().to_owned(),
                list(|a| format!("{} {}", a.standard, a.clause)),
                list(|a| format!("{} {}", a.limit, a.unit)),
                l.checked.rules.clone(),
                d.id.to_string(),
            ]));
        }
    }
    sheet
}

/// The rows of a standard with their checks.
pub(crate) fn lines(lang: Lang, rows: &[DeclaredLine]) -> Markup {
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|l| {
            let (d, c) = (&l.declared, &l.checked);
            vec![
                html! { (d.food) },
                html! { (d.analyte) },
                html! { strong { (d.limit) " " (d.unit) } },
                html! { (d.method) },
                html! {
                    (ui::badge(tone(&c.standing), c.standing.label().get(lang)))
                    @if let Standing::NotComparable { reason } = &c.standing { div.small { (reason.get(lang)) } }
                    @for a in &c.against { div.small { (a.standard) " " (a.clause) " " b { (a.limit) " " (a.unit) } " " span.soft { (a.food) } } }
                    @if !c.depends_on.is_empty() { div.small.soft { (lang.pick("适用哪一条取决于：", "Which applies depends on: "))
                        (c.depends_on.iter().map(|f| f.label().get(lang).to_owned()).collect::<Vec<_>>().join(lang.pick("、", ", "))) } }
                },
            ]
        })
        .collect();
    let columns = [
        Column::text("食品", "Food"),
        Column::text("项目", "Analyte"),
        Column::num("声明的限量", "Declared limit"),
        Column::text("检验方法", "Method"),
        Column::text("与国家标准相比", "Beside the national standard"),
    ];
    ui::table(lang, lang.pick("声明的指标", "Declared rows"), &columns, &cells, None)
}

const fn tone(standing: &Standing) -> Tone {
    match standing {
        Standing::Stricter => Tone::Ok,
        Standing::Same => Tone::Info,
        Standing::Looser => Tone::Bad,
        Standing::NoRule => Tone::Idle,
        Standing::NotLoaded | Standing::Unplaced | Standing::NotComparable { .. } => Tone::Warn,
    }
}

/// What stands above the rows.
pub(crate) fn facts(lang: Lang, d: &Declared) -> Markup {
    let mut rows = vec![
        (
            Text::of("企业", "Firm"),
            html! { a href={ "/shops/" (d.operator) } { (d.operator_name) } " · " (region_name(lang, &d.region)) },
        ),
        (Text::of("生效日期", "In force from"), html! { (d.effective) }),
    ];
    if let Some(at) = d.published {
        rows.push((Text::of("公开时间", "Public since"), html! { (at.china_minute()) }));
    }
    if let Some(at) = d.withdrawn {
        rows.push((
            Text::of("废止时间", "Withdrawn"),
            html! { (at.china_minute()) " — " (d.reason.as_deref().unwrap_or_default()) },
        ));
    }
    ui::facts(lang, &rows)
}

/// `GET /declared/{id}`: one standard with its rows, checks and proof, and the others of this number. Public.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let d = find(&app, &id).await?;
    let same = DeclaredFilter { text: Some(d.number.clone()), limit: 20, ..DeclaredFilter::default() };
    let history = lab::declared_standards(&app.store, &same).await?.rows;
    let history: Vec<&Declared> =
        history.iter().filter(|o| o.number == d.number && o.operator == d.operator && o.id != d.id).collect();
    let path = format!("/declared/{}", d.id);
    Ok(layout::page(
        &viewer,
        &d.title,
        &html! {
            (layout::crumbs(&[("/declared", lang.pick("企业标准", "Enterprise standards")), ("", &d.number)]))
            (layout::head(&format!("{} {}", d.number, d.title), &state_badge(lang, d.state)))
            @if d.state == DeclaredState::Withdrawn { (ui::message(Tone::Warn, &html! { p { (lang.pick("该标准已由企业废止，仅供查阅。", "The firm has withdrawn this standard; it stays readable.")) } })) }
            section.card { (facts(lang, &d)) }
            (lines(lang, &d.rows))
            @if !history.is_empty() { section.card { h2 { (lang.pick("同一编号的其他版本", "Others of this number")) }
                ul { @for o in &history { li { a href={ "/declared/" (o.id) } { (o.title) } " " (state_badge(lang, o.state)) " " @if let Some(at) = o.published { (at.china_date()) } } } } } }
            section.card { h2 { (lang.pick("存证", "Proof")) }
                @if let Some(sha) = &d.sha256 { p.small { "SHA-256 " code.break { (sha) } } }
                div.actions {
                    a.button href={ (path) "/rows.json" } download { (lang.pick("下载数据", "Download the data")) }
                    a.button.plain href={ (path) "/receipt.json" } download { (lang.pick("下载回执", "Download the receipt")) }
                    a.button.plain href="/verify" { (lang.pick("怎样验证", "How to verify")) }
                }
            }
        },
    ))
}

async fn find(app: &App, id: &str) -> Answer<Declared> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&STANDARD))?;
    Ok(lab::public_declared(&app.store, id).await?)
}

/// `GET /declared/{id}/rows.json`: byte for byte what the journal holds the SHA-256 of. Public.
pub(super) async fn data(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let d = find(&app, &id).await?;
    let name = format!("attachment; filename=\"declared-{}.json\"", d.id);
    let rows = lab::declared_bytes(&app.store, d.id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)], rows)
        .into_response())
}

/// `GET /declared/{id}/receipt.json`. Public.
pub(super) async fn receipt(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let d = find(&app, &id).await?;
    let journal = d.journal.ok_or_else(|| Fault::not_found(&STANDARD))?;
    Ok(receipt_response(&receipt_of(&app, journal).await?))
}
