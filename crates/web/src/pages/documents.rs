//! A document of a matter: what it says, what it said before, and its form for whoever drafted it.

use super::matter_record::{People, path};
use super::papers;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use flow::view::{DocumentVersion, DocumentView};
use flow::{Error, FieldError, Revision};
use maud::{Markup, PreEscaped, html};
use std::sync::Arc;

const DOCUMENT: Text = Text::of("文书", "document");
static MARKS: Text = Text::of(
    "空一行另起一段；“# ”开头为小标题，“- ”开头为列表，“| 项目 | 内容 |”为表格的一行，“> ”开头为落款。",
    "An empty line begins a paragraph; a line that begins with \"# \" is a heading, with \"- \" a list, \"| name | value |\" a row of a table, \"> \" who signs.",
);

/// The state of a document as a badge.
pub(super) fn state_badge(lang: Lang, status: &str) -> Markup {
    let (tone, word) = match status {
        "published" => (Tone::Ok, lang.pick("已发布", "published")),
        "ended" => (Tone::Idle, lang.pick("公示期满", "publication ended")),
        "withdrawn" => (Tone::Idle, lang.pick("已撤回", "withdrawn")),
        _ => (Tone::Warn, lang.pick("草稿", "draft")),
    };
    ui::badge(tone, word)
}

/// The number of an issued paper, as it stands below the heading.
pub(super) fn numbered(number: Option<&str>) -> Markup {
    html! { @if let Some(number) = number { p.number { (number) } } }
}

/// The button that publishes a draft, or why there is none.
pub(super) fn publish_form(viewer: &Viewer, d: &DocumentView) -> Markup {
    let lang = viewer.lang();
    html! { @if d.status == "draft" {
        @if d.may_publish {
            form method="post" action={ "/desk/documents/" (d.id) "/publish" } {
                (layout::csrf(viewer))
                input type="hidden" name="version" value=(d.version);
                button { (lang.pick("发布", "Publish")) }
            }
        } @else { p.soft { (lang.pick("须由另一名有发布权限的人员发布。", "To be published by another person with the right to.")) } }
    } }
}

/// What was typed and what is wrong with it.
struct Refilled<'a> {
    posted: &'a Posted,
    faults: &'a [FieldError],
}

/// `GET /desk/documents/{id}`. Right: view document.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DOCUMENT))?;
    page(&app, &viewer, id, None).await
}

async fn page(app: &App, viewer: &Viewer, id: Id, again: Option<Refilled<'_>>) -> Answer<Markup> {
    let lang = viewer.lang();
    let (store, who, now) = (&app.store, &viewer.who, app.now());
    let d = flow::view::document(store, &app.access, who, now, id).await?;
    let versions = flow::view::document_versions(store, &app.access, who, now, id).await?;
    let people = People::of(app, viewer, versions.iter().map(|v| v.login.as_str()), &[]).await?;
    let title = d.title.get(lang);
    let matter = path(viewer, d.matter);
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/matters", lang.pick("办件", "Matters")), (&matter, lang.pick("本件", "The matter")), ("", title)]))
            (layout::head(title, &html! { (state_badge(lang, &d.status)) " " a.button.plain href={ "/desk/documents/" (d.id) "/document.pdf" } { "PDF" } }))
            article.doc { (numbered(d.number.as_deref())) (PreEscaped(d.html.get(lang))) }
            (publish_form(viewer, &d))
            @if d.may_revise { details open[again.is_some()] { summary { strong { (lang.pick("修改草稿", "Change the draft")) } } (form(viewer, &d, again.as_ref())) } }
            section { h2 { (lang.pick("历次版本", "Versions")) }
                @for v in &versions { (version(lang, v, &people)) }
            }
        },
    ))
}

fn version(lang: Lang, v: &DocumentVersion, people: &People) -> Markup {
    html! { details.card {
        summary { (lang.pick("第 ", "Version ")) (v.version) (lang.pick(" 版", "")) " · " (v.at.china_minute()) " · " (people.login(&v.login))
            @if let Some(note) = &v.note { " · " (note) } }
        p { strong { (v.title.get(lang)) } }
        (PreEscaped(v.html.get(lang)))
        p.small.soft { "SHA-256 " code.break { (v.sha256) } }
    } }
}

fn form(viewer: &Viewer, d: &DocumentView, again: Option<&Refilled<'_>>) -> Markup {
    let lang = viewer.lang();
    let as_text = |html: &str| paper::letter::text(html);
    let fields = [
        ("title_zh", lang.pick("标题（中文）", "Heading (Chinese)"), d.title.zh.clone().into_owned(), ""),
        ("body_zh", lang.pick("正文（中文）", "Text (Chinese)"), as_text(&d.html.zh), "textarea"),
        ("title_en", lang.pick("标题（英文）", "Heading (English)"), d.title.en.clone().into_owned(), ""),
        ("body_en", lang.pick("正文（英文）", "Text (English)"), as_text(&d.html.en), "textarea"),
        ("note", lang.pick("修改说明（可不填）", "Why (optional)"), String::new(), ""),
    ];
    html! { form.card.long method="post" action={ "/desk/documents/" (d.id) "/revise" } {
        (layout::csrf(viewer))
        input type="hidden" name="version" value=(again.map_or(d.version.to_string(), |a| a.posted.get("version").to_owned()));
        @if again.is_some() { (ui::message(Tone::Bad, &html! { p { (lang.pick("有内容需要更正，尚未保存。", "Something needs correction; nothing was saved yet.")) } })) }
        @for (name, label, value, kind) in &fields {
            @let typed = again.map(|a| a.posted.get(name));
            @let error = again.and_then(|a| a.faults.iter().find(|f| f.field == *name)).map(|f| f.text.get(lang));
            (ui::input(&Field { name, label, value: typed.unwrap_or(value), hint: if *kind == "textarea" { MARKS.get(lang) } else { "" }, error, required: *name != "note", kind, ..Field::default() }))
        }
        button { (lang.pick("保存修改", "Save the draft")) }
    } }
}

/// `POST /desk/documents/{id}/revise`. Right: act document, by who drafted it.
pub(crate) async fn revise(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DOCUMENT))?;
    let pair = |zh: &str, en: &str| Text::new(posted.get(zh), posted.get(en));
    let new = Revision {
        title: pair("title_zh", "title_en"),
        body: pair("body_zh", "body_en"),
        note: posted.get("note").to_owned(),
    };
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let version = posted.version()?;
    let (engine, access) = (&app.engine, &app.access);
    match flow::revise_document(&mut tx, &cx, engine, access, &viewer.who, id, version, &new).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("/desk/documents/{id}")).into_response())
        }
        Err(Error::Form { faults }) => {
            tx.rollback().await?;
            let again = Refilled { posted: &posted, faults: &faults };
            let page = page(&app, viewer, id, Some(again)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// `POST /desk/documents/{id}/publish`. Right: publish document, by another person than who drafted it.
pub(crate) async fn publish(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DOCUMENT))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let published =
        flow::publish_document(&mut tx, &cx, &app.engine, &app.access, &viewer.who, id, posted.version()?)
            .await?;
    tx.commit().await?;
    papers::issue_document(&app, viewer, id).await?;
    let to = match published.audience.as_str() {
        "public" => format!("/notices/{}", published.slug),
        _ => format!("/desk/documents/{id}"),
    };
    Ok(Redirect::to(&to).into_response())
}
