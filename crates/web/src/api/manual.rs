//! `/api`: the interface for people: every operation in a line, and a chapter at a time with an example each.

use super::catalogue::{Endpoint, Right, chapter};
use super::endpoints::endpoints;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::state::App;
use crate::ui::{self, ListLinks};
use axum::extract::{RawQuery, State};
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /api`: the operations; `GET /api?chapter=`: those of a chapter with their examples. Public.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/api", raw.as_deref(), "");
    let title = lang.pick("程序接口", "API for programs");
    let mut tags: Vec<&str> = Vec::new();
    for e in endpoints() {
        if !tags.contains(&e.tag) {
            tags.push(e.tag);
        }
    }
    if let Some(wanted) = links.get("chapter").filter(|c| !c.is_empty()) {
        if !tags.contains(&wanted) {
            return Err(Fault::not_found(&Text::of("章节", "chapter")));
        }
        let heading = chapter(wanted);
        let heading = heading.get(lang);
        return Ok(layout::page(
            &viewer,
            heading,
            &html! {
                (layout::crumbs(&[("/api", title), ("", heading)]))
                (layout::head(heading, &html! { a.button.plain href="/api/openapi.json" { "OpenAPI 3.1" } }))
                @for e in endpoints().filter(|e| e.tag == wanted) { (endpoint(lang, &app.origin, e)) }
            },
        ));
    }
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (layout::head(title, &html! { a.button.plain href="/api/openapi.json" { "OpenAPI 3.1" } }))
            p { (lang.pick(
                "与网页相同的功能与权限。企业、检验机构和监管部门的系统用访问令牌调用：",
                "The same functions and rights as the pages. Systems of firms, laboratories and authorities call with an access token:")) }
            pre { "Authorization: Bearer shian_…" }
            ul {
                li { a href="/firm/tokens" { (lang.pick("创建或撤销访问令牌", "Make or revoke access tokens")) } }
                li { (lang.pick("错误一律为 application/problem+json，写明字段与办法；语言由 ?lang=zh|en 或 Accept-Language 决定。",
                    "Every error is application/problem+json and names the field and the remedy; ?lang=zh|en or Accept-Language chooses the language.")) }
                li { (lang.pick("写请求可带 Idempotency-Key：网络中断后原样重发，不会重复办理。",
                    "A change may carry an Idempotency-Key: repeat it after a broken connection and nothing happens twice.")) }
            }
            @for tag in &tags {
                section {
                    h2 { a href={ "/api?chapter=" (tag) } { (chapter(tag).get(lang)) } }
                    ul { @for e in endpoints().filter(|e| e.tag == *tag) {
                        li { code { (e.method) " " (e.path) } " " (lang.pick(e.text.0, e.text.1)) }
                    } }
                }
            }
            p.soft { (lang.pick("点开章节看参数、权限和示例。", "Open a chapter for parameters, rights and examples.")) }
        },
    ))
}

fn endpoint(lang: Lang, origin: &str, e: &Endpoint) -> Markup {
    let mut rows = vec![(Text::of("权限", "Right"), html! { (e.right.text().get(lang)) })];
    if !e.query.is_empty() {
        rows.push((
            Text::of("参数", "Parameters"),
            html! { @for p in e.query {
                div { code { (p.name) } @if p.required { "*" } " " (lang.pick(p.text.0, p.text.1)) }
            } },
        ));
    }
    rows.push((Text::of("示例", "Example"), html! { pre.break { (call(origin, e)) } }));
    if !e.answer.1.is_empty() {
        rows.push((Text::of("回答", "Answer"), html! { pre.break { (e.answer.0) " " (e.answer.1) } }));
    }
    html! { details.card {
        summary { code { (e.method) " " (e.path) } " " (lang.pick(e.text.0, e.text.1)) }
        (ui::facts(lang, &rows))
    } }
}

/// The call as a command line.
fn call(origin: &str, e: &Endpoint) -> String {
    let mut query: Vec<String> = Vec::new();
    for p in e.query.iter().filter(|p| p.required) {
        let value = match p.name {
            "item" => "https://id.gs1.org/01/06900000000014/10/LOT1",
            "food" => "大米",
            "analyte" => "镉",
            _ => "0.25",
        };
        query.push(format!("{}={}", p.name, ui::encode(value)));
    }
    let path = e.path.replace("{id}", "01J8ZK3M0P5Q7R").replace("{step}", "launch");
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut out = String::from("curl");
    if !matches!(e.method, "GET") {
        out += &format!(" -X {}", e.method);
    }
    if e.right != Right::Public {
        out += " -H 'Authorization: Bearer shian_…'";
    }
    if !e.body.0.is_empty() {
        out += &format!(" -H 'Content-Type: {}'", e.body.0);
        out += &if e.body.1.is_empty() {
            " --data-binary @photo.jpg".to_owned()
        } else {
            format!(" -d '{}'", e.body.1)
        };
    }
    format!("{out} '{origin}{path}{query}'")
}
