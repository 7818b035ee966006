//! What came of an inspection outside: the log of its phones.

use super::{names, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Tone};
use axum::extract::{Path, State};
use base::{Id, Lang, Text};
use field::{Line, LogOf, Place, What};
use flow::view::MatterView;
use maud::{Markup, html};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

const INSPECTION: Text = Text::of("检查", "inspection");

/// The inspection as the officers see it. These are their working pages: who is inspected has the papers that were served, on
/// the matter's page.
pub(super) async fn matter(app: &App, who: &access::Principal, id: &str) -> Answer<MatterView> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&INSPECTION))?;
    if who.operator.is_some() {
        return Err(Fault::not_found(&INSPECTION));
    }
    let m = flow::view::matter(&app.store, &app.engine, &app.access, who, app.now(), id).await?;
    if m.procedure == "inspection" { Ok(m) } else { Err(Fault::not_found(&INSPECTION)) }
}

fn result_words(lang: Lang, code: &str) -> &'static str {
    flow::RESULTS.iter().find(|(c, _)| *c == code).map_or("—", |(_, words)| match lang {
        Lang::Zh => words.zh.as_ref(),
        Lang::En => words.en.as_ref(),
    })
}

/// What an entry says, in words.
fn said(lang: Lang, matter: Id, titles: &BTreeMap<String, String>, line: &Line) -> Markup {
    let photo = |sha: &str| {
        html! { a href={ "/desk/inspections/log/" (matter) "/photos/" (sha) } { (lang.pick("照片", "photo")) } " " }
    };
    match &line.entry.what {
        What::Arrival => html! { (lang.pick("到达", "Arrived")) },
        What::Departure => html! { (lang.pick("离开", "Left")) },
        What::Finish => html! { (lang.pick("完成检查", "Finished")) },
        What::Finding(f) => html! {
            (titles.get(&f.item).unwrap_or(&f.item)) "：" strong { (result_words(lang, &f.result)) }
            @if !f.note.is_empty() { " — " (f.note) }
            @if let Some(c) = &f.corrects { " " span.small.soft { (lang.pick("更正第 ", "corrects entry ")) (c.seq) } }
            " " @for p in &f.photos { (photo(p)) }
        },
        What::Photo(p) => html! { (photo(&p.sha256)) code.small.break { (&p.sha256[..16]) "…" } },
        What::Reply(r) => html! { (lang.pick("单位意见：", "The firm: ")) (r.text) },
        What::Note(n) => html! { (n.text) },
        What::Signature(s) => html! {
            @if s.side == "firm" { (lang.pick("单位签名：", "The firm signed: ")) } @else { (lang.pick("检查人员签名：", "An officer signed: ")) }
            @if s.refused.is_empty() { (s.name) } @else { (lang.pick("拒签，", "refused, ")) (s.refused) }
            " " @if let Some(i) = &s.image { (photo(i)) }
        },
    }
}

pub(super) fn place(lang: Lang, p: &Place) -> String {
    match p {
        Place::At { lat, lon, accuracy } => format!("{lat}, {lon} ±{accuracy} m"),
        Place::None(field::NoPlace::Refused) => lang.pick("未允许定位", "not allowed").to_owned(),
        Place::None(field::NoPlace::Unavailable) => lang.pick("无法定位", "not known").to_owned(),
    }
}

/// The points of the business, in order, with their titles.
fn titles(app: &App, lang: Lang, business: &str) -> Vec<(String, String)> {
    let form = app.engine.procedure("inspection").ok().and_then(|p| p.definition.form("record").cloned());
    let items = form.as_ref().and_then(|f| f.field(business)).map(|f| f.items.clone());
    items.unwrap_or_default().into_iter().map(|i| (i.id, i.title.get(lang).to_owned())).collect()
}

/// `GET /desk/inspections/log/{id}`: the log of the phones. Right: view matter.
pub(super) async fn log(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let m = matter(&app, &viewer.who, &id).await?;
    let LogOf { lines, visit, photos, obstacle } = app.field.visit(&app.store, m.id).await?;
    let people = names(&app, &viewer.who, &m.region, &m.agency).await?;
    let business = m.all_facts.get("business").and_then(Json::as_str).unwrap_or_default();
    let titles: BTreeMap<String, String> = titles(&app, lang, business).into_iter().collect();
    let rows: Vec<Vec<Markup>> = lines
        .iter()
        .map(|l| {
            vec![
                html! { (people.get(&l.account).cloned().unwrap_or_else(|| l.account.to_string())) },
                html! { (l.entry.seq) @if l.waits { " " (ui::badge(Tone::Warn, lang.pick("前有缺号", "a number before is missing"))) } @if l.lost { " " (ui::badge(Tone::Warn, lang.pick("前有缺号且设备已停用，不计入", "not counted: a number before is missing and the phone is revoked"))) } },
                html! { (l.entry.at.china_minute()) div.small.soft { (lang.pick("收到 ", "received ")) (l.received.china_minute()) } },
                html! { (said(lang, m.id, &titles, l)) },
                html! { span.small { (place(lang, &l.entry.place)) } },
                html! { code.small { (&l.entry.hash[..12]) "…" } },
            ]
        })
        .collect();
    let differing: Vec<&str> = visit
        .findings
        .iter()
        .filter(|(_, all)| {
            let standing: std::collections::BTreeSet<&str> =
                all.iter().filter(|s| !s.corrected).map(|s| s.finding.result.as_str()).collect();
            standing.len() > 1
        })
        .map(|(item, _)| titles.get(item).map_or(item.as_str(), String::as_str))
        .collect();
    let title = lang.pick("现场记录日志", "Log of the phones");
    let columns = [
        Column::text("检查人员", "Officer"),
        Column::num("序号", "No."),
        Column::text("时间", "Time"),
        Column::text("内容", "Entry"),
        Column::text("位置", "Position"),
        Column::text("散列", "Hash"),
    ];
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[(&format!("/desk/matters/{}", m.id), m.title.get(lang)), ("", title)]))
            h1 { (title) }
            @if let Some(why) = &obstacle { (ui::message(Tone::Bad, &html! { p { (lang.pick("尚不能记入办件：", "It could not be recorded yet: ")) (why.get(lang)) } })) }
            @if photos > 0 { (ui::message(Tone::Warn, &html! { p { (photos) (lang.pick(" 张照片尚未上传。", " photo(s) are still to come.")) } })) }
            @if !differing.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("两名检查人员的记录不一致，均予保留：", "The officers differ, and both findings are kept: ")) (differing.join(lang.pick("；", "; "))) } })) }
            p { a href={ "/desk/inspections/sheet/" (m.id) "/record" } { (lang.pick("打印现场检查笔录", "Print the record")) } }
            @if rows.is_empty() { (ui::empty(lang.pick("没有现场记录", "No entry"), lang.pick("手机同步后会出现在这里；在线办理的检查没有日志。", "Entries appear when a phone was synchronised; an inspection entered on line has none."))) }
            @else { (ui::table(lang, title, &columns, &rows, None)) }
        },
    ))
}
