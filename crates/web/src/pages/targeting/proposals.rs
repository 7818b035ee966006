//! Proposals: the list, and the form that freezes a new one.

use super::{HOME, Kinds, PROPOSAL, PROPOSALS, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Instant, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use target::{Aim, NewProposal, Page, Proposal, ProposalFilter, State as Stand};

/// How a proposal's state is meant.
pub(super) fn badge(lang: Lang, state: Stand) -> Markup {
    let tone = match state {
        Stand::Frozen => Tone::Warn,
        Stand::Drawn => Tone::Info,
        Stand::Accepted => Tone::Ok,
        Stand::Declined | Stand::Cancelled => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

fn filter(links: &ListLinks) -> ProposalFilter {
    ProposalFilter {
        aim: links.get("of").and_then(|a| a.parse().ok()),
        state: links.get("state").and_then(|s| s.parse().ok()),
        region: links.get("region").map(ToOwned::to_owned),
        by_gain: links.sort == "gain",
        after: links.get("after").map(ToOwned::to_owned),
        limit: if links.get("format").is_some() { 500 } else { 50 },
    }
}

/// `GET /desk/targeting/proposals`. Right: view figure.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (lang, who, now) = (viewer.lang(), &viewer.who, app.now());
    let links = ListLinks::read(PROPOSALS, raw.as_deref(), "proposed");
    let mut asked = filter(&links);
    let mut page = app.target.proposals(&app.store, who, now, &asked).await?;
    let kinds = Kinds::of(&app, lang);
    if let Some(format) = links.get("format") {
        while page.next.is_some() {
            asked.after = page.next.take();
            let more = app.target.proposals(&app.store, who, now, &asked).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        return crate::export::download(format, &sheet(&page.rows));
    }
    let title = lang.pick("提案", "Proposals");
    let given = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let [a, s, r] = ["of", "state", "region"].map(given);
    let field = |name, label, value| Field { name, label, value, ..Field::default() };
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, PROPOSALS)) h1 { (title) }
        p.soft { (lang.pick("名单按分值列出最可能发现问题的对象，并在其余全部对象中以可核验的抽取保留随机份额；经他人审批后进入检查抽取或抽检计划。", "A list names those likeliest to be found, and keeps a random share of all others by a draw anybody can repeat; accepted by a second person it feeds the inspections or the sampling plan.")) }
        form.filters method="get" {
            @if links.sort != "proposed" { input type="hidden" name="sort" value=(links.sort); }
            (ui::select(&field("of", lang.pick("目的", "Aim"), &a), &choices::any(lang, &choices::ALL, Aim::ALL.iter().map(|x| (x.word(), x.label())))))
            (ui::select(&field("state", lang.pick("状态", "State"), &s), &choices::any(lang, &choices::ALL, Stand::ALL.iter().map(|x| (x.word(), x.label())))))
            (ui::select(&field("region", lang.pick("地区", "Region"), &r), &choices::regions(lang, who, &choices::ALL)))
            button { (lang.pick("筛选", "Filter")) }
        }
        (table(lang, &links, &kinds, &page))
        (form(&app, &viewer, &links, &kinds).await?)
    }).into_response())
}

fn table(lang: Lang, links: &ListLinks, kinds: &Kinds, page: &Page<Proposal>) -> Markup {
    if page.rows.is_empty() {
        return ui::empty(
            lang.pick("没有提案", "No proposal"),
            lang.pick("在下方提出名单。", "Propose a list below."),
        );
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|p| {
            vec![
                html! { a href={ (PROPOSALS) "/" (p.id) } { (p.aim.label().get(lang)) " · " (region_name(lang, &p.region)) } },
                html! { (kinds.name(lang, p.aim, &p.kind)) },
                html! { (p.take) " (" (p.audit) " " (lang.pick("随机", "random")) ")" },
                html! { (format!("{:.1}", p.expected)) },
                html! { (format!("{:.1}", p.by_chance)) },
                html! { (badge(lang, p.state)) },
                html! { (p.proposed.china_minute()) },
            ]
        })
        .collect();
    let columns = [
        Column::text("提案", "Proposal"),
        Column::text("类别", "Kind"),
        Column::num("数量", "Lines"),
        Column::num("预期发现", "Expected to find").by("gain"),
        Column::num("全随机预期", "If all were random"),
        Column::text("状态", "State"),
        Column::text("提出时间", "Proposed").by("proposed"),
    ];
    html! {
        (ui::table(lang, lang.pick("提案", "Proposals"), &columns, &rows, Some(links)))
        (ui::pager(lang, links, rows.len(), Some(page.total), page.next.as_deref(), true))
    }
}

async fn form(app: &App, viewer: &Viewer, links: &ListLinks, kinds: &Kinds) -> Answer<Markup> {
    let lang = viewer.lang();
    let aim = super::scores::aim(links);
    let mut options = vec![(String::new(), choices::ALL.get(lang).to_owned())];
    for kind in app.target.kinds(&app.store, aim).await? {
        let name = kinds.name(lang, aim, &kind);
        options.push((kind, name));
    }
    let due = app.now().plus_seconds(86_400).china_minute().replace(' ', "T");
    let number =
        |name, label, value| Field { name, label, value, kind: "number", required: true, ..Field::default() };
    Ok(
        html! { section.card id="new" { h2 { (lang.pick("提出名单：", "Propose a list: ")) (aim.label().get(lang)) }
            nav.tabs { @for a in Aim::ALL { a href={ (PROPOSALS) "?aim=" (a.word()) "#new" } aria-current=[(*a == aim).then_some("true")] { (a.label().get(lang)) } " " } }
            form method="post" action=(PROPOSALS) { (layout::csrf(viewer))
                input type="hidden" name="aim" value=(aim.word());
                (ui::select(&Field { name: "region", id: "new-region", label: lang.pick("地区", "Region"), required: true, ..Field::default() }, &choices::regions(lang, &viewer.who, &Text::of("请选择", "Choose"))))
                (ui::select(&Field { name: "kind", label: if aim == Aim::Inspect { lang.pick("业态", "Business") } else { lang.pick("食品类别", "Food class") }, ..Field::default() }, &options))
                (ui::input(&number("take", lang.pick("数量（含随机份额）", "Lines, the random share included"), "20")))
                (ui::input(&Field { hint: lang.pick("不低于 5；越高，真实比率估计得越准", "5 at least; the higher, the sharper the true rate"), ..number("share", lang.pick("随机份额（%）", "Random share (%)"), "10") }))
                @if aim == Aim::Sample { (ui::input(&number("quota", lang.pick("每项抽样批次", "Samples of each line"), "3"))) }
                (ui::input(&Field { name: "source", label: lang.pick("公开随机来源及期号", "Public source and its round"), hint: lang.pick("例如：福彩双色球第 2026136 期红球；drand quicknet 第 N 轮", "for example a numbered lottery draw, or a round of drand quicknet"), required: true, ..Field::default() }))
                (ui::input(&Field { name: "source_due", label: lang.pick("公布时间（北京时间）", "Known at (China time)"), value: &due, kind: "datetime-local", required: true, ..Field::default() }))
                button { (lang.pick("固定名单并存证", "Freeze and journal")) }
            }
            p { a href=(HOME) { (lang.pick("先看评分", "See the scores first")) } }
        } },
    )
}

/// An instant as a form of China time gives it.
pub(super) fn instant(text: &str) -> Instant {
    Instant::parse(&format!("{text}:00+08:00")).unwrap_or(Instant(0))
}

/// `POST /desk/targeting/proposals`. Right: create matter or sample.
pub(super) async fn propose(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let new = NewProposal {
        aim: posted.get("aim").parse().map_err(|_| Fault::not_found(&PROPOSAL))?,
        region: posted.get("region").to_owned(),
        kind: posted.get("kind").to_owned(),
        take: posted.get("take").parse().unwrap_or(0),
        share: posted.get("share").parse::<f64>().unwrap_or(0.0) / 100.0,
        quota: posted.get("quota").parse().unwrap_or(1),
        source: posted.get("source").to_owned(),
        source_due: instant(posted.get("source_due")),
    };
    let mut tx = app.store.begin().await?;
    let id = app.target.propose(&mut tx, &context(&app, viewer), &viewer.who, new).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{PROPOSALS}/{id}")).into_response())
}

fn sheet(rows: &[Proposal]) -> paper::sheet::Sheet {
    let head = [
        "id",
        "aim",
        "region",
        "kind",
        "state",
        "lines",
        "random",
        "samples_each",
        "expected",
        "by_chance",
        "model",
        "proposed",
        "decided",
        "plan",
        "delivery",
        "reason",
    ];
    let mut sheet = crate::export::sheet("proposals", &head);
    let id = |v: Option<base::Id>| v.map_or(String::new(), |v| v.to_string());
    for p in rows {
        sheet.rows.push(crate::export::texts([
            p.id.to_string(),
            p.aim.word().to_owned(),
            p.region.clone(),
            p.kind.clone(),
            p.state.word().to_owned(),
            p.take.to_string(),
            p.audit.to_string(),
            p.quota.to_string(),
            format!("{:.2}", p.expected),
            format!("{:.2}", p.by_chance),
            p.model.to_string(),
            p.proposed.rfc3339(),
            p.decided.map_or(String::new(), Instant::rfc3339),
            id(p.plan),
            id(p.delivery),
            p.reason.clone(),
        ]));
    }
    sheet
}
