//! The list of operators.

use crate::fault::Answer;
use crate::layout;
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Lang;
use maud::{Markup, html};
use registry::{Kinds, Operator, OperatorKind, Query, Sort, Status};
use std::sync::Arc;

/// Whether it is in business.
pub(super) fn status_badge(lang: Lang, status: Status) -> Markup {
    let tone = match status {
        Status::Active => Tone::Ok,
        Status::Suspended => Tone::Warn,
        Status::Closed => Tone::Idle,
    };
    ui::badge(tone, status.label().get(lang))
}

/// What it does, in words.
pub(crate) fn kinds_text(lang: Lang, kinds: Kinds) -> String {
    let names: Vec<String> = kinds.list().into_iter().map(|k| k.label().get(lang).to_owned()).collect();
    names.join(lang.pick("、", ", "))
}

fn query(links: &ListLinks) -> Query {
    Query {
        region: links.get("region").unwrap_or_default().to_owned(),
        kind: links.get("kind").and_then(|k| OperatorKind::read(k).ok()),
        status: links.get("status").and_then(|s| Status::read(s).ok()),
        text: links.get("q").unwrap_or_default().to_owned(),
        sort: if links.sort == "name" { Sort::Name } else { Sort::Newest },
        after: links.get("after").and_then(|a| a.parse().ok()),
        limit: if links.get("format").is_some() { registry::list::MAX_PAGE } else { 50 },
    }
}

/// `GET /desk/operators`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/operators", raw.as_deref(), "newest");
    let mut query = query(&links);
    let mut page = registry::list_operators(&app.store, &app.access, &viewer.who, app.now(), &query).await?;
    if let Some(format) = links.get("format") {
        while let Some(next) = page.next {
            query.after = Some(next);
            let more =
                registry::list_operators(&app.store, &app.access, &viewer.who, app.now(), &query).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        return crate::export::download(format, &sheet(lang, &page.rows));
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|o| {
            vec![
                html! { a href={ "/desk/operators/" (o.id) } { (o.title().get(lang)) } },
                html! { code { (o.code) } },
                html! { (kinds_text(lang, o.kinds)) },
                html! { (region_name(lang, &o.region)) },
                status_badge(lang, o.status),
            ]
        })
        .collect();
    let title = lang.pick("生产经营主体", "Operators");
    let field = |name: &'static str, zh: &'static str, en: &'static str| Field {
        name,
        label: lang.pick(zh, en),
        value: links.get(name).unwrap_or_default(),
        ..Field::default()
    };
    let next = page.next.map(|n| n.to_string());
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {
            a.button href="/desk/operators/new" { (lang.pick("登记主体", "Enter an operator")) }
            a.button.plain href="/desk/operators/import" { (lang.pick("批量导入", "Import")) }
            a.button.plain href="/desk/credit/publication" { (lang.pick("双公示报送", "National credit platform")) }
        }))
        form.filters method="get" {
            (ui::input(&Field { kind: "search", ..field("q", "名称、拼音首字母或代码", "Name, pinyin initials or code") }))
            (ui::select(&field("region", "县区", "Region"), &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&field("kind", "类别", "Kind"), &choices::any(lang, &choices::ALL, OperatorKind::ALL.iter().map(|k| (k.code(), k.label())))))
            (ui::select(&field("status", "状态", "State"), &choices::any(lang, &choices::ALL, Status::ALL.iter().map(|s| (s.code(), s.label())))))
            button { (lang.pick("查找", "Search")) }
        }
        @if rows.is_empty() {
            (ui::empty(lang.pick("没有找到主体", "No operator found"), lang.pick("试试名称中的一段、拼音首字母（如 lzmx）或统一社会信用代码。", "Try a part of the name, its pinyin initials (lzmx) or the social credit code.")))
        } @else {
            (ui::table(lang, title, &[Column::text("名称", "Name").by("name"), Column::text("代码", "Code"), Column::text("类别", "Kind"),
                Column::text("县区", "County"), Column::text("状态", "State")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), Some(page.total), next.as_deref(), true))
        }
    }).into_response())
}

fn sheet(lang: Lang, rows: &[Operator]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "operators",
        &["id", "code", "name", "name_en", "kinds", "region", "county", "status"],
    );
    for o in rows {
        sheet.rows.push(crate::export::texts([
            o.id.to_string(),
            o.code.clone(),
            o.name.clone(),
            o.name_en.clone(),
            kinds_text(lang, o.kinds),
            o.region.clone(),
            region_name(lang, &o.region),
            o.status.label().get(lang).to_owned(),
        ]));
    }
    sheet
}
