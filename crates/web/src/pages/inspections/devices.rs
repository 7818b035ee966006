//! Phones of the field: one's own, those of the region, and what is missing of their logs.

use super::{names, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use field::{Device, Gap};
use maud::{Markup, html};
use std::sync::Arc;

const DEVICE: Text = Text::of("设备", "device");

fn standing(lang: Lang, d: &Device) -> Markup {
    html! { @match d.revoked {
        Some(at) => { (ui::badge(Tone::Idle, lang.pick("已停用", "Revoked"))) " " (at.china_minute()) @if let Some(why) = &d.reason { div.small.soft { (why) } } },
        None => (ui::badge(Tone::Ok, lang.pick("在用", "In use"))),
    } }
}

fn revoke(viewer: &Viewer, d: &Device) -> Markup {
    let (lang, id) = (viewer.lang(), format!("reason-{}", d.id));
    html! { @if d.revoked.is_none() { details { summary { (lang.pick("停用", "Revoke")) }
    form method="post" action={ "/desk/inspections/devices/" (d.id) "/revoke" } { (layout::csrf(viewer))
        (ui::input(&Field { name: "reason", id: &id, label: lang.pick("理由", "Why"), required: true, ..Field::default() }))
        button.plain { (lang.pick("停用该设备", "Revoke it")) } } } } }
}

/// `GET /desk/inspections/devices`: one's own phones. Right: a session.
pub(super) async fn list(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let all = app.field.devices_of(&app.store, viewer.who.account).await?;
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|d| {
            vec![
                html! { (d.name) },
                html! { (d.enrolled.china_minute()) },
                html! { (d.head) },
                html! { (standing(lang, d)) (revoke(&viewer, d)) },
            ]
        })
        .collect();
    let title = lang.pick("我的外勤设备", "My phones");
    let columns = [
        Column::text("名称", "Name"),
        Column::text("登记", "Enrolled"),
        Column::num("记录数", "Entries"),
        Column::text("状态", "State"),
    ];
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/desk/inspections/devices"))
            h1 { (title) }
            p { (lang.pick("手机无信号时也能完成一天的检查：联网时打开外勤页面登记本机、领取检查，回来后同步。", "A phone works a whole day without signal: open the field pages while connected, enrol it, take the inspections along, and synchronise afterwards.")) }
            p { a.button href="/field/app" { (lang.pick("打开外勤页面", "Open the field pages")) } }
            @if rows.is_empty() { (ui::empty(lang.pick("没有登记的设备", "No phone"), lang.pick("在手机上打开外勤页面登记。", "Open the field pages on the phone."))) }
            @else { (ui::table(lang, title, &columns, &rows, None)) }
        },
    ))
}

/// `POST /desk/inspections/devices/{id}/revoke`. Right: act matter for one's own, decide matter for others'.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DEVICE))?;
    let mut tx = app.store.begin().await?;
    app.field.revoke(&mut tx, &context(&app, viewer), &viewer.who, id, posted.get("reason")).await?;
    tx.commit().await?;
    let mine = app.field.devices_of(&app.store, viewer.who.account).await?.iter().any(|d| d.id == id);
    let to = if mine { "/desk/inspections/devices" } else { "/desk/inspections/missing" };
    Ok(Redirect::to(to).into_response())
}

/// Numbers missing, as runs.
fn runs(missing: &[(i64, i64)]) -> String {
    let one = |(a, b): &(i64, i64)| if a == b { a.to_string() } else { format!("{a}–{b}") };
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `GET /desk/inspections/missing`: what has not come from the phones of the region. Right: decide matter.
pub(super) async fn missing(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ui::ListLinks::read("/desk/inspections/missing", raw.as_deref(), "");
    let mut gaps = app.field.gaps(&app.store, &viewer.who, app.now()).await?;
    let all = links.get("show") == Some("all");
    let lacks = |g: &Gap| !g.missing.is_empty() || !g.out.is_empty() || g.photos > 0;
    gaps.retain(|g| all || lacks(g));
    if let Some(format) = links.get("format") {
        let head = ["device", "account", "region", "entries", "missing", "out", "photos", "last"];
        let mut sheet = crate::export::sheet("missing", &head);
        for g in &gaps {
            sheet.rows.push(crate::export::texts([
                g.device.id.to_string(),
                g.device.account.to_string(),
                g.device.region.clone(),
                g.device.head.to_string(),
                runs(&g.missing),
                g.out.len().to_string(),
                g.photos.to_string(),
                g.last.map(|l| l.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let people = match viewer.who.grants.iter().find(|g| !g.agency.is_empty()) {
        Some(g) => names(&app, &viewer.who, &g.region, &g.agency).await?,
        None => std::collections::BTreeMap::new(),
    };
    let rows: Vec<Vec<Markup>> = gaps
        .iter()
        .map(|g| {
            let d = &g.device;
            vec![
                html! { (people.get(&d.account).cloned().unwrap_or_else(|| d.account.to_string())) },
                html! { (region_name(lang, &d.region)) },
                html! { (d.name) " " (standing(lang, d)) (revoke(&viewer, d)) },
                html! { (d.head) },
                html! { @if g.missing.is_empty() { "—" } @else { (ui::badge(Tone::Bad, &runs(&g.missing))) } },
                html! { @if g.out.is_empty() { "—" } @for (m, until) in &g.out { div { a href={ "/desk/matters/" (m) } { (m) } " " span.small.soft { (lang.pick("至 ", "until ")) (until.china_minute()) } } } },
                html! { (g.photos) },
                html! { @match g.last { Some(at) => (at.china_minute()), None => "—" } },
            ]
        })
        .collect();
    let title = lang.pick("未提交的外勤记录", "Missing submissions");
    let columns = [
        Column::text("检查人员", "Officer"),
        Column::text("地区", "Region"),
        Column::text("设备", "Phone"),
        Column::num("记录数", "Entries"),
        Column::text("缺少的序号", "Numbers missing"),
        Column::text("领取未交", "Taken and not finished"),
        Column::num("照片未到", "Photos awaited"),
        Column::text("最近同步", "Last heard of"),
    ];
    let (other, label) = if all {
        ("/desk/inspections/missing", lang.pick("只看缺少的", "Only what is missing"))
    } else {
        ("/desk/inspections/missing?show=all", lang.pick("全部设备", "All phones"))
    };
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/desk/inspections/missing"))
            h1 { (title) }
            p { (lang.pick("每台设备的记录连续编号、逐条签名相扣：序号不缺，就证明全部提交。", "The entries of a phone are numbered without a gap, signed and chained: where no number is missing, everything was handed in.")) " " a href=(other) { (label) } }
            @if rows.is_empty() { (ui::empty(lang.pick("没有缺少的记录", "Nothing is missing"), lang.pick("所有设备都已提交。", "Every phone has handed in what it has."))) }
            @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, &links, rows.len(), None, None, true)) }
        },
    )
    .into_response())
}
