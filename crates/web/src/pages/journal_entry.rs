//! One entry of the journal: what was written, its proof, and the erasing of its personal part.

use super::journal::{RECORD, entry_resource};
use super::journal_words::words;
use super::matter_record::record_link;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use access::Resource;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use maud::{Markup, html};
use serde_json::Value as Json;
use std::sync::Arc;

/// `GET /desk/journal/{id}`. Right: view journal, of whose the entry is; without what was recorded also administer journal, of its region.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    page(&app, &viewer, entry_id(&id)?, None).await
}

/// `POST /desk/journal/{id}/erase`. Right: administer journal, of the entry's region.
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let id = entry_id(&id)?;
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    let done =
        access::erasure::erase(&mut tx, &cx, &app.access, &posted.viewer.who, id, posted.get("reason"));
    match done.await {
        Ok(_) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("/desk/journal/{id}")).into_response())
        }
        Err(e @ access::Error::Invalid { .. }) => {
            let text = e.user_text().cloned();
            let status = Fault::from(e).status;
            Ok((status, page(&app, &posted.viewer, id, text.as_ref()).await?).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

fn entry_id(text: &str) -> Answer<Id> {
    text.parse().map_err(|_| Fault::not_found(&RECORD))
}

async fn page(app: &App, viewer: &Viewer, id: Id, wrong: Option<&Text>) -> Answer<Markup> {
    let lang = viewer.lang();
    let sql = "select j.at, j.kind, j.region, j.agency, j.classification, j.subject, j.actor, j.canonical, j.leaf, j.position, p.erased_at, \
               case when p.id is null then 0 else 1 end as personal \
               from journal j left join journal_private p on p.id = j.id where j.id = $1";
    let row = app.store.first(sql, &[id.into()]).await?.ok_or_else(|| Fault::not_found(&RECORD))?;
    // who erases what a person asks to be erased need not read what it was
    let erasing = Resource::new("journal", row.text("region")?).classified(access::INTERNAL);
    let administers = app.access.allows(&viewer.who, "administer", &erasing, app.now());
    let class = u8::try_from(row.int("classification")?).unwrap_or(u8::MAX);
    let reading = entry_resource(&row.text("region")?, &row.text("agency")?, class);
    let reads = app.access.allows(&viewer.who, "view", &reading, app.now());
    if !administers {
        app.access.check(&viewer.who, "view", &reading, app.now())?;
    }
    let (kind, subject) = (row.text("kind")?, row.text("subject")?);
    let canonical: Json = serde_json::from_str(&row.text("canonical")?).map_err(Fault::internal)?;
    let body = canonical.get("body").filter(|b| reads && !b.is_null());
    let body = body.map(serde_json::to_string_pretty).transpose().map_err(Fault::internal)?;
    let erased = row.opt_instant("erased_at")?;
    let title = words(&kind).get(lang).to_owned();
    let of_subject = format!("/desk/journal?subject={}", ui::encode(&subject));
    let personal = match (row.flag("personal")?, erased) {
        (false, _) => html! { (lang.pick("无", "none")) },
        (true, None) => {
            html! { (lang.pick("有，单独加密保管，存证中只有加盐承诺", "yes: kept apart and sealed, the journal holds a salted commitment")) }
        }
        (true, Some(at)) => {
            html! { (ui::badge(Tone::Idle, lang.pick("已删除", "erased"))) " " (at.china_minute()) }
        }
    };
    let position = row.opt_int("position")?;
    Ok(layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/desk/journal", lang.pick("存证记录", "Journal")), ("", &title)]))
            h1 { (title) }
            section.card {
                (ui::facts(lang, &[
                    (Text::of("时间", "When"), html! { (row.instant("at")?.china_minute()) }),
                    (Text::of("事项", "What"), html! { (title) " " code.soft { (kind) } }),
                    (Text::of("地区", "Region"), html! { (region_name(lang, &row.text("region")?)) }),
                    (Text::of("对象", "Subject"), html! { (record_link(&subject, &subject)) " · " a href=(of_subject) { (lang.pick("它的全部记录", "all its entries")) } }),
                    (Text::of("操作者", "Actor"), html! { (row.text("actor")?) }),
                    (Text::of("位置", "Position"), html! { @match position {
                        Some(p) => { "#" (p) " · " a href={ "/desk/journal/" (id) "/receipt.json" } { (lang.pick("下载回执", "Download the receipt")) } }
                        None => { (ui::badge(Tone::Idle, lang.pick("排队中", "waiting"))) }
                    } }),
                    (Text::of("存证校验码（叶散列）", "Check code (leaf hash)"), html! { code.break { (row.bytes("leaf")?.iter().map(|b| format!("{b:02x}")).collect::<String>()) } }),
                    (Text::of("个人信息", "Personal data"), personal),
                ]))
            }
            @if let Some(body) = body { section { h2 { (lang.pick("记录内容", "What was recorded")) } pre { (body) } } }
            @if administers && erased.is_none() && row.flag("personal")? { section.card {
                h2 { (lang.pick("删除个人信息", "Erase the personal data")) }
                p.soft { (lang.pick("依《个人信息保护法》第四十七条删除本条记录的个人信息部分；不可恢复，删除本身也会存证，原有回执仍可验证。",
                    "Erases the personal part of this entry (Personal Information Protection Law, article 47). It cannot be undone; the erasing is journalled, receipts stay good.")) }
                form method="post" action={ "/desk/journal/" (id) "/erase" } { (layout::csrf(viewer))
                    (ui::input(&Field { name: "reason", required: true, label: lang.pick("依据和申请文号", "Ground and number of the request"),
                        hint: lang.pick("将永久公开在存证中，不写个人信息", "stays in the journal for ever: nothing personal"), error: wrong.map(|t| t.get(lang)), ..Field::default() }))
                    button.danger { (lang.pick("删除", "Erase")) } }
            } }
        },
    ))
}
