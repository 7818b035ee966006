//! Results for the public: drafted, published by a second person, corrected and withdrawn with their reasons.

use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::public::results;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use access::{Resource, Role};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use lab::{Bulletin, BulletinState, PublicFilter, RowState};
use maud::{Markup, html};
use std::sync::Arc;

/// Rows of a page.
const PAGE: usize = 50;

const LIST: Text = Text::of("公示", "published list");

/// How a list's state is meant.
pub(crate) fn state_badge(lang: Lang, state: BulletinState) -> Markup {
    let tone = match state {
        BulletinState::Draft => Tone::Warn,
        BulletinState::Published => Tone::Ok,
        BulletinState::Withdrawn => Tone::Bad,
    };
    ui::badge(tone, state.label().get(lang))
}

/// `GET /desk/sampling/bulletins`. Right: view sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let mut links = ListLinks::read("/desk/sampling/bulletins", raw.as_deref(), "published");
    links.desc = links.get("dir") != Some("asc");
    let all = app.lab.bulletins(&app.store, &viewer.who, app.now()).await?;
    let shown = chosen(&all, &links);
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &shown));
    }
    let skip: usize = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let page: Vec<&Bulletin> = shown.iter().copied().skip(skip).take(PAGE).collect();
    let next = (skip + page.len() < shown.len()).then(|| (skip + page.len()).to_string());
    let rows: Vec<Vec<Markup>> = page.iter().map(|b| line(lang, b)).collect();
    let value = |name: &'static str, label: &'static str| Field {
        name,
        label,
        value: links.get(name).unwrap_or_default(),
        ..Field::default()
    };
    let title = lang.pick("抽检结果公示", "Publication of results");
    let own = viewer.who.grants.iter().find(|g| matches!(g.role, Role::Desk | Role::Officer));
    let today = app.now().china_date();
    let name = format!("食品安全抽样检验信息公告（{}年第{}期）", today.year(), all.len() + 1);
    let english = format!("Food sampling results, {} No. {}", today.year(), all.len() + 1);
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/desk/sampling/bulletins"))
            h1 { (title) }
            form.filters method="get" {
                (ui::input(&Field { kind: "search", ..value("q", lang.pick("标题", "Title")) }))
                (ui::select(&value("region", lang.pick("地区", "Region")), &choices::regions(lang, &viewer.who, &choices::ALL)))
                (ui::select(&value("state", lang.pick("状态", "State")), &choices::any(lang, &choices::ALL, BulletinState::ALL.iter().map(|s| (s.word(), s.label())))))
                button { (lang.pick("筛选", "Filter")) }
            }
            @if rows.is_empty() && !all.is_empty() { (ui::empty(lang.pick("没有符合条件的公示", "No list fits"), lang.pick("请放宽筛选条件。", "Widen the filter."))) }
            @else if rows.is_empty() { (ui::empty(lang.pick("还没有公示", "Nothing published yet"), lang.pick("在下面起草，由另一人发布。", "Draft one below; another person publishes it."))) }
            @else { (ui::table(lang, title, &[Column::text("标题", "Title"), Column::text("地区", "Region"), Column::num("合格", "Qualified"), Column::num("不合格", "Unqualified"), Column::text("状态", "State"), Column::text("发布", "Published").by("published")], &rows, Some(&links)))
                (ui::pager(lang, &links, rows.len(), i64::try_from(shown.len()).ok(), next.as_deref(), true)) }
            @if let Some(g) = own { section.card { h2 { (lang.pick("起草公示", "Draft a list")) }
                p.soft { (lang.pick("汇总本地区已报送、未公示的监督抽检和评价性抽检结果；风险监测以及复检、异议期间的结果不会列入。", "Every submitted result of the region not yet published; risk monitoring and what is under retest or objection never enter.")) }
                form method="post" action="/desk/sampling/bulletins" { (layout::csrf(&viewer))
                    input type="hidden" name="region" value=(g.region); input type="hidden" name="agency" value=(g.agency);
                    (ui::input(&Field { name: "title", label: lang.pick("标题", "Title"), value: &name, required: true, ..Field::default() }))
                    (ui::input(&Field { name: "title_en", label: lang.pick("英文标题", "English title"), value: &english, ..Field::default() }))
                    button { (lang.pick("起草", "Draft")) }
                }
            } }
        },
    )
    .into_response())
}

/// The lists the address asks for, newest first unless it says otherwise; drafts are the newest.
fn chosen<'a>(all: &'a [Bulletin], links: &ListLinks) -> Vec<&'a Bulletin> {
    let state = links.get("state").and_then(BulletinState::read);
    let (words, region) =
        (links.get("q").unwrap_or_default().trim(), links.get("region").unwrap_or_default());
    let named = |b: &Bulletin| b.title.zh.contains(words) || b.title.en.contains(words);
    let mut shown: Vec<&Bulletin> = all
        .iter()
        .filter(|b| named(b) && b.region.starts_with(region) && state.is_none_or(|s| s == b.state))
        .collect();
    shown.sort_by_key(|b| std::cmp::Reverse((b.published.is_none(), b.published, b.id)));
    if !links.desc {
        shown.reverse();
    }
    shown
}

fn sheet(lang: Lang, rows: &[&Bulletin]) -> paper::sheet::Sheet {
    let header = ["id", "title", "region", "qualified", "unqualified", "state", "published", "reason"];
    let mut sheet = crate::export::sheet("bulletins", &header);
    for b in rows {
        sheet.rows.push(crate::export::texts([
            b.id.to_string(),
            b.title.get(lang).to_owned(),
            b.region.clone(),
            b.qualified.to_string(),
            b.unqualified.to_string(),
            b.state.label().get(lang).to_owned(),
            b.published.map(|p| p.rfc3339()).unwrap_or_default(),
            b.reason.clone().unwrap_or_default(),
        ]));
    }
    sheet
}

fn line(lang: Lang, b: &Bulletin) -> Vec<Markup> {
    vec![
        html! { a href={ "/desk/sampling/bulletins/" (b.id) } { (b.title.get(lang)) } },
        html! { (region_name(lang, &b.region)) },
        counted(b, b.qualified, "qualified"),
        counted(b, b.unqualified, "unqualified"),
        state_badge(lang, b.state),
        html! { @if let Some(at) = b.published { (at.china_minute()) } @else { "—" } },
    ]
}

/// A count of a list that opens to the rows it counts.
fn counted(b: &Bulletin, n: i64, result: &str) -> Markup {
    html! { @if n == 0 { "0" } @else { a href={ "/desk/sampling/bulletins/" (b.id) "?result=" (result) } { (n) } } }
}

/// `POST /desk/sampling/bulletins`. Right: act sample.
pub(super) async fn draft(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let title = Text::new(posted.get("title").to_owned(), posted.get("title_en").to_owned());
    let mut tx = app.store.begin().await?;
    let cx = context(&app, viewer);
    let (region, agency) = (posted.get("region"), posted.get("agency"));
    let id = app.lab.draft_bulletin(&mut tx, &cx, &viewer.who, region, agency, &title).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/sampling/bulletins/{id}")).into_response())
}

/// `GET /desk/sampling/bulletins/{id}`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&LIST))?;
    let path = format!("/desk/sampling/bulletins/{id}");
    let links = ListLinks::read(&path, raw.as_deref(), "");
    let b = app.lab.bulletin(&app.store, &viewer.who, app.now(), id).await?;
    let filter = PublicFilter {
        bulletin: Some(id),
        all: true,
        drafts: true,
        qualified: results::qualified(&links),
        after: links.get("after").map(ToOwned::to_owned),
        ..PublicFilter::default()
    };
    let page = lab::published_rows(&app.store, &filter).await?;
    let mut resource = Resource::new("sample", b.region.as_str()).of_agency(b.agency.as_str());
    let may = app.access.allows(&viewer.who, "publish", &resource, app.now());
    resource.submitter = b.drafted_by;
    let may_publish = app.access.allows(&viewer.who, "publish", &resource, app.now());
    let amend = may && b.state == BulletinState::Published;
    Ok(layout::page(
        &viewer,
        b.title.get(lang),
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[("/desk/sampling/bulletins", lang.pick("结果公示", "Publication")), ("", b.title.get(lang))]))
            (layout::head(b.title.get(lang), &state_badge(lang, b.state)))
            p { (lang.pick("合格 ", "qualified ")) b { (counted(&b, b.qualified, "qualified")) } " · " (lang.pick("不合格 ", "unqualified ")) b { (counted(&b, b.unqualified, "unqualified")) }
                @if filter.qualified.is_some() { " · " a href=(path) { (lang.pick("全部", "all")) } }
                @if b.published.is_some() { " · " a href={ "/results/" (b.slug) } { (lang.pick("公众页面", "public page")) } } }
            @if let Some(why) = &b.reason { (ui::message(Tone::Warn, &html! { p { (lang.pick("撤回理由：", "Withdrawn: ")) (why) } })) }
            @if b.state == BulletinState::Draft { section.card { h2 { (lang.pick("发布", "Publish")) }
                @if may_publish { form method="post" action={ (path) "/publish" } { (layout::csrf(&viewer)) button { (lang.pick("核对无误，发布", "Checked: publish")) } } }
                @else { p { (lang.pick("须由起草人以外、有发布权限的人员发布。", "Somebody else with the right to publish does it.")) } }
            } }
            (results::rows(lang, &page.rows, |l| html! { @if amend && l.state == RowState::Standing { details { summary { (lang.pick("更正 / 撤回", "Correct / retract")) }
                form method="post" action={ (path) "/amend" } { (layout::csrf(&viewer))
                    input type="hidden" name="row" value=(l.id);
                    (ui::input(&Field { name: "reason", id: &format!("reason-{}", l.id), label: lang.pick("理由（公开）", "Reason (public)"), required: true, ..Field::default() }))
                    button.plain name="to" value="corrected" { (lang.pick("按现有记录更正", "Correct from the record")) }
                    button.plain name="to" value="retracted" { (lang.pick("撤回本条", "Retract")) }
                } } } }))
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), false))
            @if may && b.state != BulletinState::Withdrawn { (withdraw(&viewer, &path)) }
        },
    ))
}

fn withdraw(viewer: &Viewer, path: &str) -> Markup {
    let lang = viewer.lang();
    html! { details.card { summary { (lang.pick("撤回整份公示", "Withdraw the whole list")) }
    form method="post" action={ (path) "/withdraw" } { (layout::csrf(viewer))
        (ui::input(&Field { name: "reason", label: lang.pick("理由（公开）", "Reason (public)"), required: true, ..Field::default() }))
        button.plain { (lang.pick("撤回", "Withdraw")) } } } }
}

/// `POST /desk/sampling/bulletins/{id}/{action}`. Right: publish sample.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&LIST))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let (t, lab, who) = (&mut tx, &app.lab, &viewer.who);
    match action.as_str() {
        "publish" => lab.publish_bulletin(t, &cx, who, id).await?,
        "withdraw" => lab.withdraw_bulletin(t, &cx, who, id, posted.get("reason")).await?,
        "amend" => {
            let row = posted.get("row").parse().map_err(|_| Fault::not_found(&LIST))?;
            let to = RowState::read(posted.get("to")).unwrap_or(RowState::Corrected);
            lab.amend_row(t, &cx, who, row, to, posted.get("reason")).await?;
        }
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/sampling/bulletins/{id}")).into_response())
}
