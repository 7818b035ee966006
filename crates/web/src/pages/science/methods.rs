//! One help page a method, for the desk and for everybody.

use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::SignedIn;
use crate::ui::{self, Column};
use assess::methods::{self, Method};
use axum::extract::Path;
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, html};

const METHOD: Text = Text::of("方法", "method");

/// `GET /desk/methods`. Right: an account.
pub(super) async fn desk_list(SignedIn(viewer): SignedIn) -> Answer {
    Ok(all(&viewer, "/desk/methods", &tabs(viewer.lang(), "/desk/methods")).into_response())
}

/// `GET /methods`. Public.
pub(super) async fn list(viewer: Viewer) -> Answer {
    Ok(all(&viewer, "/methods", &html! {}).into_response())
}

/// `GET /desk/methods/{name}`. Right: an account.
pub(super) async fn desk_one(SignedIn(viewer): SignedIn, Path(name): Path<String>) -> Answer {
    one_of(&viewer, "/desk/methods", &name)
}

/// `GET /methods/{name}`. Public.
pub(super) async fn one(viewer: Viewer, Path(name): Path<String>) -> Answer {
    one_of(&viewer, "/methods", &name)
}

fn all(viewer: &Viewer, base: &str, tabs: &Markup) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("方法说明", "Methods");
    let rows: Vec<Vec<Markup>> = methods::builtin()
        .iter()
        .map(|m| {
            vec![
                html! { a href={ (base) "/" (m.id) } { (m.title.get(lang)) } },
                html! { (m.purpose.get(lang)) },
                html! { @for c in &m.commands { code { "shian " (c) } " " } },
            ]
        })
        .collect();
    layout::page(
        viewer,
        title,
        &html! {
            (tabs)
            h1 { (title) }
            p { (lang.pick("平台用到的每种方法：假设什么、什么时候会错、出处、与参照实现相差多少。", "Every method the platform uses: what it assumes, when it fails, where it is from and how far it is from its reference.")) }
            (ui::table(lang, title, &[Column::text("方法", "Method"), Column::text("用途", "What for"), Column::text("命令", "Commands")], &rows, None))
        },
    )
}

fn one_of(viewer: &Viewer, base: &str, name: &str) -> Answer {
    let m = methods::find(name).ok_or_else(|| Fault::not_found(&METHOD))?;
    let lang = viewer.lang();
    let title = m.title.get(lang);
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[(base, lang.pick("方法说明", "Methods")), ("", title)]))
            h1 { (title) }
            p { (m.purpose.get(lang)) }
            (body(lang, m))
        },
    )
    .into_response())
}

fn body(lang: Lang, m: &Method) -> Markup {
    let list = |zh: &'static str, en: &'static str, all: &[Text]| {
        html! { @if !all.is_empty() { h2 { (lang.pick(zh, en)) } ul { @for t in all { li { (t.get(lang)) } } } } }
    };
    html! {
        h2 { (lang.pick("怎么算", "How it computes")) } p { (m.how.get(lang)) }
        (list("假设", "What it assumes", &m.assumes))
        (list("什么时候会错", "When it fails", &m.fails))
        (list("设置", "Settings", &m.settings))
        h2 { (lang.pick("与参照的差距", "How far from its reference")) } p { (m.tolerance.get(lang)) }
        h2 { (lang.pick("出处", "Sources")) } ul { @for s in &m.sources { li { (s) } } }
        h2 { (lang.pick("在哪里用", "Where to use it")) }
        ul { @if !m.page.is_empty() { li { a href=(m.page) { (m.page) } } } @for c in &m.commands { li { code { "shian " (c) } } } }
    }
}
