//! Random draws in public: of places to sample and of operators to inspect, with the record anybody can repeat.

use super::retests;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::sampling::draws;
use crate::pages::{choices, inspections};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use base::{Id, Instant, Lang, Text};
use lab::{DrawFilter, DrawRecord};
use maud::{Markup, html};
use std::sync::Arc;

/// What both lists say of the method.
const METHOD: Text = Text::of(
    "对象和人员由电脑随机抽取：名录先固定并存证，种子由事后公布的公开随机数产生，任何人都能用公开记录重新计算。没有重抽：每次固定的名录都能在这里看到结果或撤销理由。",
    "Who is visited and who goes there are drawn at random: the list is frozen and journalled first, the seed comes from a public value known only later, and anybody can work it out again from the record. There is no second throw: every frozen list ends here in a draw or in a reasoned cancellation.",
);

/// The lists of draws.
pub(super) fn tabs(lang: Lang, here: &str) -> Markup {
    let all = [
        ("/draws", "抽样", "Sampling"),
        ("/draws/inspections", "检查", "Inspections"),
        ("/draws/retests", "复检机构", "Retest laboratories"),
    ];
    html! { nav.tabs aria-label=(lang.pick("随机抽取", "Draws")) { @for (href, zh, en) in all {
        a href=(href) aria-current=[(href == here).then_some("page")] { (lang.pick(zh, en)) } " "
    } } }
}

/// `GET /draws/inspections`: every draw of inspections there was, cancelled ones too. Public.
pub(super) async fn inspections(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/draws/inspections", raw.as_deref(), "");
    let mut rows = field::public_draws(&app.store, &inspections::draws::filter(&links, 50)).await?;
    let next = inspections::draws::cut(&mut rows, 50);
    let title = lang.pick("检查的随机抽取", "Random draws of inspections");
    let region = links.get("region").unwrap_or_default();
    let everywhere = access::Principal::anonymous();
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/draws/inspections"))
            h1 { (title) }
            p { (METHOD.get(lang)) }
            form.filters method="get" {
                (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region, ..Field::default() }, &choices::regions(lang, &everywhere, &choices::ALL)))
                button { (lang.pick("查看", "Show")) }
            }
            (inspections::draws::table(lang, "/draws/", &rows))
            (ui::pager(lang, &links, rows.len(), None, next.as_deref(), false))
        },
    ))
}

/// A draw whose list is not public yet.
fn closed(
    lang: Lang,
    region: &str,
    frozen: Instant,
    root: &str,
    source: (&str, Instant),
    why: &Text,
) -> Markup {
    html! {
        section.card { (ui::facts(lang, &[
            (Text::of("地区", "Region"), html! { (region_name(lang, region)) }),
            (Text::of("固定时间", "Frozen"), html! { (frozen.china_minute()) }),
            (Text::of("名录校验码", "Check code of the list"), html! { code.break { (root) } }),
            (Text::of("公开随机来源", "Source"), html! { (source.0) " · " (source.1.china_minute()) }),
        ])) }
        (ui::message(Tone::Info, &html! { p { (why.get(lang)) } }))
    }
}

/// A draw as everybody may repeat it.
fn opened(app: &App, lang: Lang, r: &DrawRecord) -> Markup {
    let drawn = r.drawn.as_ref();
    html! {
        section.card { (draws::facts(app, lang, r)) (draws::verdict(lang, r, &format!("/draws/{}", r.draw))) (draws::chances(app, lang, r)) }
        (draws::replaced(lang, r, &|_| None))
        h2 { (lang.pick("抽取结果", "Outcome")) }
        p.small.soft { (lang.pick("名录以主体编号列出；点开可看公开档案。本页可直接打印。", "Operators stand by their record; open one for its public entry. The page prints as it is.")) }
        @if let Some(drawn) = drawn {
            @let lines: Vec<Vec<Markup>> = drawn.picks.iter().enumerate().map(|(i, p)| vec![html! { (i + 1) }, html! { a href={ "/shops/" (p.target) } { (p.target) } }, html! { code.small { (&p.ticket[..16]) "…" } }, html! { (p.samplers[0]) "、" (p.samplers[1]) }]).collect();
            (ui::table(lang, lang.pick("抽取结果", "Outcome"), &[Column::num("序号", "No."), Column::text("主体", "Operator"), Column::text("签号", "Ticket"), Column::text("人员", "Officers")], &lines, None))
        }
    }
}

/// `GET /draws/{id}`. Public; the list itself once it was opened.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&draws::DRAW))?;
    let title = lang.pick("抽取记录", "Draw");
    let (list, badge, body) = match lab::public_draw(&app.store, id).await {
        Ok((d, record)) => {
            let why = Text::of(
                "抽样完成前名单依法保密；名录的校验码已经存证，公开后可据此核对名录未被改动。",
                "Until the samples are taken the list is confidential; its check code is on record, so that anybody can later see it was not changed.",
            );
            let source = (d.source.as_str(), d.source_due);
            let body = record.as_ref().map_or_else(
                || closed(lang, &d.region, d.frozen, &d.root, source, &why),
                |r| opened(&app, lang, r),
            );
            ("/draws", draws::state_badge(lang, d.state), body)
        }
        Err(lab::Error::NotFound(_)) => {
            let (d, record) = match field::public_draw(&app.store, id).await {
                Ok(found) => found,
                // the draw of a retest laboratory has a record of its own kind
                Err(field::Error::NotFound(_)) => return retest(&app, &viewer, id).await,
                Err(other) => return Err(other.into()),
            };
            let why = Text::of(
                "名单尚未公开；名录的校验码已经存证，公开后可据此核对名录未被改动。",
                "The list is not public yet; its root is journalled, so that it can be checked then.",
            );
            let source = (d.source.as_str(), d.source_due);
            let body = record.as_ref().map_or_else(
                || closed(lang, &d.region, d.frozen, &d.root, source, &why),
                |r| opened(&app, lang, r),
            );
            ("/draws/inspections", inspections::draws::state_badge(lang, d.state), body)
        }
        Err(other) => return Err(other.into()),
    };
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (layout::crumbs(&[(list, lang.pick("随机抽取公开", "Draws")), ("", title)]))
            (layout::head(title, &badge))
            (body)
        },
    ))
}

/// The page of a draw of a retest laboratory.
async fn retest(app: &App, viewer: &Viewer, id: Id) -> Answer<Markup> {
    let lang = viewer.lang();
    let d = lab::retest_draw(&app.store, id).await?;
    let (badge, body) = retests::shown(app, lang, &d).await?;
    let title = lang.pick("复检机构抽取记录", "Draw of a retest laboratory");
    let all = lang.pick("随机抽取公开", "Draws");
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/draws/retests", all), ("", title)]))
            (layout::head(title, &badge))
            (body)
        },
    ))
}

/// `GET /draws/{id}/record.json`. Public once open.
pub(super) async fn record(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let missing = || Fault::not_found(&draws::DRAW);
    let id: Id = id.parse().map_err(|_| missing())?;
    match lab::public_draw(&app.store, id).await {
        Ok((_, record)) => return Ok(draws::file(id, &record.ok_or_else(missing)?)),
        Err(lab::Error::NotFound(_)) => {}
        Err(other) => return Err(other.into()),
    }
    match field::public_draw(&app.store, id).await {
        Ok((_, record)) => Ok(draws::file(id, &record.ok_or_else(missing)?)),
        Err(field::Error::NotFound(_)) => {
            let d = lab::retest_draw(&app.store, id).await?;
            if d.record.drawn.is_none() {
                return Err(missing());
            }
            Ok(draws::file(id, &d.record))
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /draws`: every draw there was, cancelled ones too. Public.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/draws", raw.as_deref(), "");
    let f = DrawFilter {
        region: links.get("region").map(ToOwned::to_owned),
        after: links.get("after").map(ToOwned::to_owned),
        ..DrawFilter::default()
    };
    let page = lab::public_draws(&app.store, &f).await?;
    let title = lang.pick("随机抽取公开", "Random draws, in public");
    let region = links.get("region").unwrap_or_default();
    let everywhere = access::Principal::anonymous();
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/draws"))
            h1 { (title) }
            p { (METHOD.get(lang)) }
            form.filters method="get" {
                (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region, ..Field::default() }, &choices::regions(lang, &everywhere, &choices::ALL)))
                button { (lang.pick("查看", "Show")) }
            }
            (draws::table(lang, "/draws/", &page.rows))
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), false))
        },
    ))
}
