//! Shops and producers as everybody may see them.

use super::lot_page::{NOTICES, full_region};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::operators::{kinds_text, licence_badge, licence_class};
use crate::pages::{choices, notices};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use base::{Id, Lang, Text};
use flow::view::About;
use maud::{Markup, html};
use registry::{PublicOperator, Status};
use std::sync::Arc;

const SHOP: Text = Text::of("店铺或企业", "shop or producer");

fn name_of(lang: Lang, o: &PublicOperator) -> &str {
    if o.name_en.is_empty() { &o.name } else { lang.pick(&o.name, &o.name_en) }
}

fn status_badge(lang: Lang, status: Status) -> Markup {
    let tone = if status == Status::Active { Tone::Ok } else { Tone::Warn };
    ui::badge(tone, status.label().get(lang))
}

/// `GET /shops?q=&region=`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/shops", raw.as_deref(), "");
    let (text, region) = (links.get("q").unwrap_or_default(), links.get("region").unwrap_or_default());
    let asked = links.get("q").is_some();
    let found = if asked {
        match registry::public_search(&app.store, &app.access, &viewer.who, app.now(), region, text).await {
            Ok(found) => Ok(found),
            Err(registry::Error::Invalid { text, .. }) => Err(text),
            Err(e) => return Err(e.into()),
        }
    } else {
        Ok(Vec::new())
    };
    let title = lang.pick("查店铺", "Look up a shop");
    let everywhere = access::Principal::anonymous();
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            form.filters method="get" {
                (ui::input(&Field { name: "q", label: lang.pick("名称或代码", "Name or code"), hint: lang.pick("可用拼音首字母", "pinyin initials do too"), value: text, kind: "search", required: true, error: found.as_ref().err().map(|t| t.get(lang)), ..Field::default() }))
                (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region, ..Field::default() }, &choices::regions(lang, &everywhere, &Text::of("全省", "whole province"))))
                button { (lang.pick("查找", "Search")) }
            }
            @match &found {
                Ok(found) if found.is_empty() && asked => (ui::empty(lang.pick("没有找到", "Nothing found"), lang.pick("试试店名中的两个字、拼音首字母，或换一个地区。", "Try two characters of the name, its pinyin initials, or another region."))),
                Ok(found) if !found.is_empty() => {
                    (table(lang, found))
                    @if found.len() == 20 { p.soft { (lang.pick("只列出前 20 家，请输入更完整的名称。", "The first 20 are listed; type more of the name.")) } }
                }
                _ => {}
            }
        },
    ))
}

fn table(lang: Lang, found: &[PublicOperator]) -> Markup {
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|o| {
            vec![
                html! { a href={ "/shops/" (o.id) } { (name_of(lang, o)) } },
                html! { (kinds_text(lang, o.kinds)) },
                html! { (region_name(lang, &o.region)) },
                status_badge(lang, o.status),
            ]
        })
        .collect();
    let columns = [
        Column::text("名称", "Name"),
        Column::text("类别", "Kind"),
        Column::text("县区", "County"),
        Column::text("状态", "State"),
    ];
    ui::table(lang, lang.pick("找到的店铺和企业", "Shops and producers found"), &columns, &rows, None)
}

/// `GET /shops/{id}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let missing = || Fault::not_found(&SHOP);
    let id: Id = id.parse().map_err(|_| missing())?;
    let now = app.now();
    let o = registry::public_operator(&app.store, &app.access, &viewer.who, now, id)
        .await?
        .ok_or_else(missing)?;
    let licences = registry::licences_of(&app.store, id).await?;
    let sites = registry::sites_of(&app.store, id).await?;
    let about = About { operator: Some(id), ..About::default() };
    let published = flow::view::notices_about(&app.store, &about, NOTICES).await?;
    let today = now.china_date();
    let title = name_of(lang, &o);
    let mut rows = vec![
        (Text::of("类别", "Kind"), html! { (kinds_text(lang, o.kinds)) }),
        (Text::of("地区", "Region"), html! { (full_region(lang, &o.region)) }),
        (Text::of("状态", "State"), status_badge(lang, o.status)),
    ];
    if let Some(uscc) = &o.uscc {
        rows.push((Text::of("统一社会信用代码", "Social credit code"), html! { code { (uscc) } }));
    }
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (layout::crumbs(&[("/shops", lang.pick("查店铺", "Look up a shop")), ("", title)]))
            h1 { (title) }
            section.card { (ui::facts(lang, &rows)) }
            section.card { h2 { (lang.pick("许可证", "Licences")) }
                @if licences.is_empty() { p.soft { (lang.pick("没有登记许可证。", "No licence entered.")) } }
                ul { @for l in &licences { li {
                    a href={ "/licences/" (ui::encode(&l.number)) } { code { (l.number) } } " " (licence_badge(lang, l, today)) (licence_class(lang, l))
                    @if let Some(d) = l.expires { div.small.soft { (lang.pick("有效期至 ", "valid until ")) (d) } }
                } } }
            }
            @if o.uscc.is_some() && !sites.is_empty() { section.card { h2 { (lang.pick("经营场所", "Places of business")) }
                ul { @for s in sites.iter().filter(|s| s.status != Status::Closed).take(50) { li { (s.name) div.small.soft { (region_name(lang, &s.region)) " " (s.address) } } } }
            } }
            h2 { (lang.pick("公告和公开的检验结果", "Notices and published results")) }
            @if published.is_empty() { (ui::message(Tone::Info, &html! { p { (lang.pick("没有涉及这家单位的公告。", "No notice concerns it.")) } })) }
            @else { (notices::lines(&viewer, &published)) }
        },
    ))
}
