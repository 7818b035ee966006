//! One proposal: its lines and why, the draw of its random share, the decision, and what came of it.

use super::proposals::{badge, instant};
use super::{
    Kinds, MODELS, PROPOSAL, PROPOSALS, between, in_short, percent, reasons_text, subject_path, tabs,
};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::sampling::draws::file;
use crate::plot::{self, Bar};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use flow::view::MatterFilter;
use maud::{Markup, html};
use std::sync::Arc;
use target::{Achieved, Aim, AuditRecord, Item, Part, Proposal, State as Stand, Why};

/// `GET /desk/targeting/proposals/{id}`. Right: view figure.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PROPOSAL))?;
    let now = app.now();
    let links = ListLinks::read(&format!("{PROPOSALS}/{id}"), raw.as_deref(), "");
    let (p, record, items, achieved) = app.target.proposal(&app.store, &viewer.who, now, id).await?;
    let kinds = Kinds::of(&app, lang);
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, p.aim, &kinds, &items));
    }
    let title = format!("{} · {}", p.aim.label().get(lang), region_name(lang, &p.region));
    let path = format!("{PROPOSALS}/{id}");
    let next = match p.state {
        Stand::Frozen => draw_form(&viewer, &p, &record, now, &path),
        Stand::Drawn => decision(&app, &viewer, &p, &items, &path).await?,
        _ => html! { (lines(lang, &p, &kinds, &items)) },
    };
    Ok(layout::page(&viewer, &title, &html! {
        (tabs(lang, ""))
        (layout::crumbs(&[(PROPOSALS, lang.pick("提案", "Proposals")), ("", &title)]))
        (layout::head(&title, &html! { (badge(lang, p.state)) }))
        section.card { (facts(lang, &p, &record, &kinds, &path)) (verdict(lang, &record)) }
        @if let Some(a) = &achieved { section { h2 { (lang.pick("实际成效：名单与随机", "What it found: targeted and random")) } (yields(lang, &p, a)) } }
        (next)
        @if p.state == Stand::Frozen { h2 { (lang.pick("按分值列入的对象", "Chosen by score")) } (lines(lang, &p, &kinds, &items)) }
        p { a href=(links.with(&[("format", "csv")])) { (lang.pick("导出名单 CSV", "Export the list as CSV")) } " · " a href=(links.with(&[("format", "xlsx")])) { "XLSX" } " · " a href=(links.with(&[("format", "parquet")])) { "Parquet" } }
    }).into_response())
}

fn facts(lang: Lang, p: &Proposal, record: &AuditRecord, kinds: &Kinds, path: &str) -> Markup {
    ui::facts(
        lang,
        &[
            (Text::of("类别", "Kind"), html! { (kinds.name(lang, p.aim, &p.kind)) }),
            (
                Text::of("数量", "Lines"),
                html! { (p.take) (lang.pick("，其中随机 ", ", of these at random ")) (p.audit) @if p.aim == Aim::Sample { (lang.pick("；每项批次 ", "; samples of each ")) (p.quota) } },
            ),
            (
                Text::of("预期发现问题的对象", "Lines expected to be found"),
                html! { strong { (format!("{:.1}", p.expected)) } " · " (lang.pick("若全部随机：", "if all were random: ")) (format!("{:.1}", p.by_chance)) },
            ),
            (
                Text::of("随机份额的入选机会", "Chance of everybody else to be drawn"),
                html! { (percent(record.inclusion())) " (" (record.take) " / " (record.rest.len()) ")" },
            ),
            (Text::of("模型", "Model"), html! { a href={ (MODELS) "/" (p.model) } { (p.model) } }),
            (
                Text::of("随机来源", "Source"),
                html! { (record.source) " · " (record.source_due.china_minute()) },
            ),
            (
                Text::of("名单根", "Root of the list"),
                html! { code.break { (record.root) } " " a href={ (path) "/record.json" } download { (lang.pick("完整记录", "the whole record")) } " " code { "shian targeting verify" } },
            ),
            (
                Text::of("决定", "Decision"),
                html! { @if let Some(at) = p.decided { (at.china_minute()) @if !p.reason.is_empty() { " · " (p.reason) } } @else { "—" } },
            ),
            (
                Text::of("进入", "Fed"),
                html! { @match (p.delivery, p.aim) {
                    (Some(d), Aim::Inspect) => { a href={ "/desk/inspections/draws/" (d) } { (lang.pick("检查人员抽取和下达", "Draw of the officers, and inspections")) } }
                    (Some(d), Aim::Sample) => { a href={ "/desk/sampling/plans/" (d) } { (lang.pick("抽检计划", "Sampling plan")) } }
                    (None, _) => "—"
                } },
            ),
        ],
    )
}

fn verdict(lang: Lang, record: &AuditRecord) -> Markup {
    let found = record.verify();
    match (found.is_empty(), &record.drawn) {
        (false, _) => ui::message(
            Tone::Bad,
            &html! { p { (lang.pick("记录不成立：", "The record does not hold: ")) (format!("{found:?}")) } },
        ),
        (true, None) => {
            html! { p.small.soft { (lang.pick("名单已固定并存证，随机份额尚未抽取。", "The list is frozen and journalled; the random share is not drawn yet.")) } }
        }
        (true, Some(d)) => {
            html! { p.small.soft { (lang.pick("随机份额已抽取，服务器已重算核对一致；公布值：", "The random share is drawn and was just repeated; public value: ")) code { (d.public) } } }
        }
    }
}

fn draw_form(viewer: &Viewer, p: &Proposal, record: &AuditRecord, now: base::Instant, path: &str) -> Markup {
    let lang = viewer.lang();
    html! { section.card { h2 { (lang.pick("下一步：抽取随机份额", "Next: draw the random share")) }
        @if now < p.source_due {
            p { (lang.pick("随机数将于 ", "The value is known at ")) b { (p.source_due.china_minute()) } (lang.pick(" 公布，届时再抽取。", "; draw then.")) }
            details { summary { (lang.pick("撤销（须说明理由，仍留存记录）", "Give it up (with a reason; it stays on record)")) }
                form method="post" action={ (path) "/cancel" } { (layout::csrf(viewer))
                    (ui::input(&Field { name: "reason", label: lang.pick("理由", "Reason"), required: true, ..Field::default() }))
                    button.plain { (lang.pick("撤销", "Give up")) } } }
        } @else {
            form method="post" action={ (path) "/draw" } { (layout::csrf(viewer))
                (ui::input(&Field { name: "public", label: lang.pick("公布的随机数", "The value announced"), hint: &record.source, required: true, ..Field::default() }))
                button { (lang.pick("抽取（仅此一次）", "Draw (once only)")) } }
        }
    } }
}

/// The plans an accepted proposal can feed.
async fn plans(app: &App, viewer: &Viewer, p: &Proposal) -> Answer<Vec<(String, String)>> {
    let (lang, now) = (viewer.lang(), app.now());
    match p.aim {
        Aim::Inspect => {
            let running = MatterFilter {
                procedure: Some("inspection_plan".to_owned()),
                state: Some("running".to_owned()),
                ..MatterFilter::default()
            };
            let found = flow::view::matters(
                &app.store,
                &app.engine,
                &app.access,
                &viewer.who,
                now,
                &running,
                None,
                50,
            );
            let fits = |r: &str| p.region.starts_with(r);
            let found = found.await?.rows;
            Ok(found
                .into_iter()
                .filter(|m| fits(&m.region))
                .map(|m| (m.id.to_string(), m.title.get(lang).to_owned()))
                .collect())
        }
        Aim::Sample => {
            let found = app.lab.plans(&app.store, &viewer.who, now, None).await?;
            let fits = |r: &str| p.region.starts_with(r) || r.starts_with(&p.region);
            let drafts =
                found.into_iter().filter(|x| x.state == ::lab::PlanState::Draft && fits(&x.plan.region));
            Ok(drafts.map(|x| (x.id.to_string(), x.plan.title)).collect())
        }
    }
}

async fn decision(app: &App, viewer: &Viewer, p: &Proposal, items: &[Item], path: &str) -> Answer<Markup> {
    let lang = viewer.lang();
    let plans = plans(app, viewer, p).await?;
    let due = app.now().plus_seconds(86_400).china_minute().replace(' ', "T");
    let line = |i: &Item| {
        vec![
            html! { @if i.why == Why::Audit { input type="checkbox" checked disabled aria-label=(i.name); }
            @else { input type="checkbox" name="keep" value=(i.subject) checked aria-label=(i.name); } },
            html! { a href=(subject_path(p.aim, &i.subject)) { (i.name) } },
            html! { (region_name(lang, &i.region)) },
            html! { (why(lang, i)) },
            html! { (percent(i.chance)) },
            html! { (in_short(lang, &i.reasons, 2)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = items.iter().map(line).collect();
    let columns = [
        Column::text("采纳", "Accept"),
        Column::text("对象", "Subject"),
        Column::text("地区", "Region"),
        Column::text("依据", "Because"),
        Column::num("可能性", "Chance"),
        Column::text("主要理由", "Main reasons"),
    ];
    let into = match p.aim {
        Aim::Inspect => {
            lang.pick("进入的年度检查计划（须在实施中）", "Yearly inspection plan it feeds (running)")
        }
        Aim::Sample => lang.pick("进入的抽检计划（草案）", "Sampling plan it feeds (a draft)"),
    };
    Ok(html! { section.card { h2 { (lang.pick("下一步：审批", "Next: decide")) }
        p { (lang.pick("由提出人以外的人审批。可去掉按分值列入的对象（须说明理由）；随机份额必须完整保留，经过挑选就不再随机。", "Somebody else than the proposer decides. Lines chosen by score may be dropped, with a reason; the random share stays whole: chosen from, it would be random no more.")) }
        form method="post" action={ (path) "/accept" } { (layout::csrf(viewer))
            (ui::table(lang, lang.pick("名单", "The list"), &columns, &rows, None))
            @if plans.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("没有可进入的计划，请先制定：", "There is no plan to feed; make one first: "))
                @match p.aim { Aim::Inspect => { a href="/desk/matters/new?procedure=inspection_plan" { (lang.pick("年度检查计划", "yearly inspection plan")) } }, Aim::Sample => { a href="/desk/sampling" { (lang.pick("抽检计划", "sampling plan")) } } } } })) }
            (ui::select(&Field { name: "plan", label: into, required: true, ..Field::default() }, &plans))
            @if p.aim == Aim::Inspect {
                (ui::input(&Field { name: "source", label: lang.pick("抽取检查人员的公开随机来源及期号", "Public source that draws the officers"), required: true, ..Field::default() }))
                (ui::input(&Field { name: "source_due", label: lang.pick("公布时间（北京时间）", "Known at (China time)"), value: &due, kind: "datetime-local", required: true, ..Field::default() }))
            }
            (ui::input(&Field { name: "reason", id: "accept-reason", label: lang.pick("理由（去掉对象时必填）", "Reason (needed when lines are dropped)"), ..Field::default() }))
            button { (lang.pick("采纳并进入计划", "Accept and feed the plan")) }
        }
        details { summary { (lang.pick("不采纳", "Decline")) }
            form method="post" action={ (path) "/decline" } { (layout::csrf(viewer))
                (ui::input(&Field { name: "reason", id: "decline-reason", label: lang.pick("理由", "Reason"), required: true, ..Field::default() }))
                button.plain { (lang.pick("不采纳", "Decline")) } } }
    } })
}

fn why(lang: Lang, i: &Item) -> Markup {
    let tone = if i.why == Why::Audit { Tone::Info } else { Tone::Warn };
    ui::badge(tone, i.why.label().get(lang))
}

fn lines(lang: Lang, p: &Proposal, kinds: &Kinds, items: &[Item]) -> Markup {
    let line = |i: &Item| {
        vec![
            html! { a href=(subject_path(p.aim, &i.subject)) { (i.name) } },
            html! { (region_name(lang, &i.region)) },
            html! { (kinds.name(lang, p.aim, &i.kind)) },
            html! { (why(lang, i)) @if i.accepted == Some(false) { " " (ui::badge(Tone::Idle, lang.pick("未采纳", "dropped"))) } },
            html! { (percent(i.chance)) },
            html! { (percent(i.inclusion)) },
            html! { @if p.delivery.is_some() { (i.results.1) " / " (i.results.0) } @else { "—" } },
            html! { (in_short(lang, &i.reasons, 2)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = items.iter().map(line).collect();
    let columns = [
        Column::text("对象", "Subject"),
        Column::text("地区", "Region"),
        Column::text("类别", "Kind"),
        Column::text("依据", "Because"),
        Column::num("可能性", "Chance"),
        Column::num("入选机会", "Chance to be listed"),
        Column::num("发现 / 结果", "Found / results"),
        Column::text("主要理由", "Main reasons"),
    ];
    ui::table(lang, lang.pick("名单", "The list"), &columns, &rows, None)
}

fn yields(lang: Lang, p: &Proposal, a: &Achieved) -> Markup {
    let share = |v: Option<f64>| v.map_or_else(|| "—".to_owned(), percent);
    let range = |v: Option<(f64, f64)>| v.map_or_else(|| "—".to_owned(), |(l, h)| between(l, h, percent));
    let part = |name: Text, x: &Part| {
        vec![
            html! { (name.get(lang)) },
            html! { (x.lines) },
            html! { (x.done) },
            html! { (x.found) },
            html! { (share(x.rate)) },
            html! { (range(x.interval)) },
        ]
    };
    let mut rows = vec![
        part(Text::of("按分值", "By score"), &a.targeted),
        part(Text::of("随机份额", "Random share"), &a.random),
    ];
    rows.push(vec![
        html! { strong { (lang.pick("全部对象的真实比率（无偏）", "True rate of all subjects (unbiased)")) } },
        html! { "—" },
        html! { "—" },
        html! { "—" },
        html! { strong { (share(a.whole)) } },
        html! { (range(a.whole_interval)) },
    ]);
    let columns = [
        Column::text("部分", "Part"),
        Column::num("对象", "Lines"),
        Column::num("结果", "Results"),
        Column::num("发现", "Found"),
        Column::num("比率", "Rate"),
        Column::num("95% 区间", "95 % interval"),
    ];
    let bar = |label: &str, rate: Option<f64>, ends: Option<(f64, f64)>| Bar {
        label: label.to_owned(),
        value: rate.unwrap_or(0.0) * 100.0,
        ends: ends.map(|(l, h)| (l * 100.0, h * 100.0)),
        before: None,
    };
    let bars = [
        bar(lang.pick("按分值", "by score"), a.targeted.rate, a.targeted.interval),
        bar(lang.pick("随机份额", "random share"), a.random.rate, a.random.interval),
        bar(lang.pick("全部（无偏）", "all (unbiased)"), a.whole, a.whole_interval),
    ];
    let title = lang.pick("发现率与 95% 区间", "share found with its 95 % interval");
    html! {
        p { @match a.lift {
            Some(l) => { (lang.pick("按分值的发现率是全部对象真实比率的 ", "By score the rate is ")) strong { (format!("{l:.1}")) } (lang.pick(" 倍；", " times the true rate of all; ")) }
            None => { (lang.pick("随机份额还没有结果，真实比率尚无法估计；", "The random share has no results yet: the true rate cannot be told; ")) }
        } (lang.pick("提出时预期 ", "expected when proposed ")) (format!("{:.1}", p.expected)) (lang.pick("，至今发现 ", ", found so far ")) (a.targeted.found + a.random.found) }
        (ui::table(lang, title, &columns, &rows, None))
        figure.card { (plot::bars(title, "%", &bars, None)) figcaption { (title) } }
        p.small.soft { (lang.pick("真实比率按各对象入选机会的倒数加权（Hájek），只有随机份额用于推断其余对象；同一对象多批样品按整体计。", "The true rate weighs each result by one over its chance to be listed (Hájek); only the random share speaks for all others.")) }
    }
}

fn sheet(lang: Lang, aim: Aim, kinds: &Kinds, items: &[Item]) -> paper::sheet::Sheet {
    let head = [
        "subject",
        "name",
        "region",
        "kind",
        "stage",
        "chance",
        "why",
        "inclusion",
        "accepted",
        "results",
        "found",
        "reasons",
    ];
    let mut sheet = crate::export::sheet("proposal", &head);
    for i in items {
        sheet.rows.push(crate::export::texts([
            i.subject.clone(),
            i.name.clone(),
            i.region.clone(),
            kinds.name(lang, aim, &i.kind),
            i.stage.clone(),
            format!("{:.4}", i.chance),
            i.why.word().to_owned(),
            format!("{:.6}", i.inclusion),
            i.accepted.map_or(String::new(), |a| a.to_string()),
            i.results.0.to_string(),
            i.results.1.to_string(),
            reasons_text(lang, &i.reasons),
        ]));
    }
    sheet
}

/// `GET /desk/targeting/proposals/{id}/record.json`. Right: view figure.
pub(super) async fn record(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PROPOSAL))?;
    let (_, record, ..) = app.target.proposal(&app.store, &viewer.who, app.now(), id).await?;
    Ok(file(id, &record))
}

/// `POST /desk/targeting/proposals/{id}/{action}`. Right: act or decide matter or sample.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer: &Viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PROPOSAL))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let (t, target, who) = (&mut tx, &app.target, &viewer.who);
    match action.as_str() {
        "draw" => target.draw_audit(t, &cx, who, id, posted.get("public")).await.map(drop)?,
        "cancel" => target.cancel(t, &cx, who, id, posted.get("reason")).await?,
        "decline" => target.decline(t, &cx, who, id, posted.get("reason")).await?,
        "accept" => {
            let keep: Vec<String> =
                posted.fields.iter().filter(|(k, _)| k == "keep").map(|(_, v)| v.clone()).collect();
            let plan: Id = posted.get("plan").parse().map_err(|_| {
                Fault::bad("plan", Text::of("请选择要进入的计划", "choose the plan it feeds"))
            })?;
            let source = (posted.get("source"), instant(posted.get("source_due")));
            target.decide(t, &cx, who, id, &keep, plan, source, posted.get("reason")).await.map(drop)?;
        }
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("{PROPOSALS}/{id}")).into_response())
}
