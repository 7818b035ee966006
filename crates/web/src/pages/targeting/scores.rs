//! The scores of the newest model: a list that filters, sorts, pages and exports, and one subject with its reasons.

use super::{HOME, Kinds, MODELS, PROPOSALS, in_short, percent, reasons_text, subject_path, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::plot::{self, Bar};
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Stat, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use target::{Aim, ModelRow, Page, Score, ScoreFilter, ScoreSort};

/// The aim a query names.
pub(super) fn aim(links: &ListLinks) -> Aim {
    links.get("aim").and_then(|a| a.parse().ok()).unwrap_or(Aim::Inspect)
}

fn filter(links: &ListLinks) -> ScoreFilter {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    ScoreFilter {
        region: text("region"),
        kind: text("kind"),
        name: text("q"),
        least: links.get("least").and_then(|l| l.parse::<f64>().ok()).map(|l| l / 100.0),
        sort: match (links.sort.as_str(), links.desc) {
            ("region", _) => ScoreSort::Region,
            ("name", _) => ScoreSort::Name,
            (_, true) => ScoreSort::Least,
            _ => ScoreSort::Chance,
        },
        after: text("after"),
        limit: if links.get("format").is_some() { 500 } else { 50 },
    }
}

/// `GET /desk/targeting`. Right: view figure.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (lang, who, now) = (viewer.lang(), &viewer.who, app.now());
    let links = ListLinks::read(HOME, raw.as_deref(), "chance");
    let aim = aim(&links);
    let mut asked = filter(&links);
    let mut page = app.target.scores(&app.store, who, now, aim, &asked).await?;
    let kinds = Kinds::of(&app, lang);
    if let Some(format) = links.get("format") {
        while page.next.is_some() {
            asked.after = page.next.take();
            let more = app.target.scores(&app.store, who, now, aim, &asked).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        return crate::export::download(format, &sheet(lang, aim, &kinds, &page.rows));
    }
    let newest = app.target.models(&app.store, who, now, Some(aim), 1).await?.into_iter().next();
    let nights = app.target.nights(&app.store).await?;
    let said = nights.iter().find(|n| n.aim == aim);
    let title = lang.pick("风险导向：查谁、抽什么", "Targeting: whom to inspect, what to sample");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HOME))
        (layout::head(title, &html! { a.button href={ (PROPOSALS) "?aim=" (aim.word()) "#new" } { (lang.pick("提出名单", "Propose a list")) } }))
        p.soft { (lang.pick(
            "从平台自己的记录按时间顺序学习，给出下一个窗口内发现问题的可能性和理由。分值只是安排先后的依据，不是指控，不得单独作为处罚依据；每份名单都保留至少 5% 的随机份额。",
            "Learnt from the platform's own record in time order: how likely a visit in the window to come finds something, and why. A score sets priorities; it accuses nobody and is never by itself ground for a penalty. Every list keeps at least 5 % drawn at random.")) }
        nav.tabs aria-label=(lang.pick("目的", "Aim")) { @for a in Aim::ALL { a href={ (HOME) "?aim=" (a.word()) } aria-current=[(*a == aim).then_some("true")] { (a.label().get(lang)) } " " } }
        @match &newest {
            Some(m) => { (head(lang, m)) }
            None => { (ui::message(Tone::Info, &html! { p { (lang.pick("还没有模型。", "There is no model yet. "))
                @if let Some(n) = said { (n.at.china_minute()) " · " (n.said.get(lang)) } @else { (lang.pick("每夜自动训练。", "One is learnt each night.")) }
                " " a href="/desk/targeting/history" { (lang.pick("导入历史检查结果", "Import past results")) } } })) }
        }
        @if newest.is_some() {
            (filters(&app, &viewer, &links, aim, &kinds).await?)
            (table(lang, &links, aim, &kinds, &page))
        }
    }).into_response())
}

fn head(lang: Lang, m: &ModelRow) -> Markup {
    let link = Some(format!("{MODELS}/{}", m.id));
    let stat = |figure: String, label: &str| Stat {
        figure,
        label: label.to_owned(),
        href: link.clone(),
        tone: Tone::Info,
    };
    let mut stats = vec![
        stat(m.made.china_minute(), lang.pick("模型训练于", "model learnt at")),
        stat(m.visits.to_string(), lang.pick("所学记录", "visits learnt from")),
    ];
    if let Some(w) = &m.newest {
        let a = &w.averaged;
        let days = format!("{:.1} ({:.1} … {:.1})", a.days.value, a.days.low, a.days.high);
        stats.push(stat(
            days,
            lang.pick("最近窗口提前天数（95% 区间）", "days earlier, newest window (95 %)"),
        ));
        let chance = format!("{:.1} / {:.1}", a.random_days.value, a.perfect_days);
        stats.push(stat(chance, lang.pick("随机线 / 完美线", "lines of chance / of foresight")));
    }
    ui::stats(&stats)
}

async fn filters(app: &App, viewer: &Viewer, links: &ListLinks, aim: Aim, kinds: &Kinds) -> Answer<Markup> {
    let lang = viewer.lang();
    let given = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let mut options = vec![(String::new(), choices::ALL.get(lang).to_owned())];
    for kind in app.target.kinds(&app.store, aim).await? {
        let name = kinds.name(lang, aim, &kind);
        options.push((kind, name));
    }
    let field = |name, label, value| Field { name, label, value, ..Field::default() };
    let [r, k, q, l] = ["region", "kind", "q", "least"].map(given);
    let kind = match aim {
        Aim::Inspect => lang.pick("业态", "Business"),
        Aim::Sample => lang.pick("食品类别", "Food class"),
    };
    Ok(html! { form.filters method="get" {
        input type="hidden" name="aim" value=(aim.word());
        @if links.sort != "chance" { input type="hidden" name="sort" value=(links.sort); }
        (ui::select(&field("region", lang.pick("地区", "Region"), &r), &choices::regions(lang, &viewer.who, &choices::ALL)))
        (ui::select(&field("kind", kind, &k), &options))
        (ui::input(&field("q", lang.pick("名称", "Name"), &q)))
        (ui::input(&Field { kind: "number", ..field("least", lang.pick("可能性不低于（%）", "Chance at least (%)"), &l) }))
        button { (lang.pick("筛选", "Filter")) }
    } })
}

fn table(lang: Lang, links: &ListLinks, aim: Aim, kinds: &Kinds, page: &Page<Score>) -> Markup {
    if page.rows.is_empty() {
        return ui::empty(
            lang.pick("没有符合条件的对象", "Nothing of this kind"),
            lang.pick("请放宽筛选条件。", "Widen the filters."),
        );
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|s| {
            vec![
                html! { (s.place) },
                html! { a href=(subject_path(aim, &s.subject)) { (s.name) } },
                html! { (region_name(lang, &s.region)) },
                html! { (kinds.name(lang, aim, &s.kind)) },
                html! { (percent(s.chance)) },
                html! { (in_short(lang, &s.reasons, 3)) },
            ]
        })
        .collect();
    let columns = [
        Column::num("名次", "Place"),
        Column::text("对象", "Subject").by("name"),
        Column::text("地区", "Region").by("region"),
        Column::text("类别", "Kind"),
        Column::num("发现问题的可能性", "Chance to find something").by("chance"),
        Column::text("主要理由", "Main reasons"),
    ];
    html! {
        (ui::table(lang, lang.pick("评分", "Scores"), &columns, &rows, Some(links)))
        (ui::pager(lang, links, rows.len(), Some(page.total), page.next.as_deref(), true))
    }
}

fn sheet(lang: Lang, aim: Aim, kinds: &Kinds, rows: &[Score]) -> paper::sheet::Sheet {
    let head = ["place", "subject", "name", "region", "kind", "stage", "chance", "reasons", "model"];
    let mut sheet = crate::export::sheet("scores", &head);
    for s in rows {
        sheet.rows.push(crate::export::texts([
            s.place.to_string(),
            s.subject.clone(),
            s.name.clone(),
            s.region.clone(),
            kinds.name(lang, aim, &s.kind),
            s.stage.clone(),
            format!("{:.4}", s.chance),
            reasons_text(lang, &s.reasons),
            s.model.to_string(),
        ]));
    }
    sheet
}

/// `GET /desk/targeting/of/{aim}/{subject}`. Right: view figure.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((aim, subject)): Path<(String, String)>,
) -> Answer {
    let (lang, who, now) = (viewer.lang(), &viewer.who, app.now());
    let aim: Aim = aim.parse().map_err(|_| Fault::not_found(&Text::of("评分", "score")))?;
    let s = app.target.score(&app.store, who, now, aim, &subject).await?;
    let before = app.target.proposed_before(&app.store, who, now, &subject).await?;
    let kinds = Kinds::of(&app, lang);
    let reasons: Vec<Vec<Markup>> = s
        .reasons
        .iter()
        .map(|r| {
            vec![
                html! { (target::meaning(&r.feature).get(lang)) },
                html! { (target::value(r.value)) },
                html! { (format!("{:+.2}", r.change)) },
                html! { @if r.change > 0.0 { (ui::badge(Tone::Warn, lang.pick("提高", "raises"))) } @else { (ui::badge(Tone::Ok, lang.pick("降低", "lowers"))) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("理由", "Reason"),
        Column::num("取值", "Value"),
        Column::num("对数几率变化", "Change of the log-odds"),
        Column::text("方向", "Direction"),
    ];
    let bars: Vec<Bar> = s
        .reasons
        .iter()
        .map(|r| Bar {
            label: target::meaning(&r.feature).get(lang).chars().take(14).collect(),
            value: r.change.abs(),
            ends: None,
            before: None,
        })
        .collect();
    let plot_title = lang.pick("各理由的影响大小", "How much each reason moves the score");
    Ok(layout::page(&viewer, &s.name, &html! {
        (tabs(lang, ""))
        (layout::crumbs(&[(HOME, lang.pick("评分", "Scores")), ("", &s.name)]))
        h1 { (s.name) }
        section.card { (ui::facts(lang, &[
            (Text::of("发现问题的可能性", "Chance to find something"), html! { strong { (percent(s.chance)) } }),
            (Text::of("名次", "Place"), html! { (s.place) }),
            (Text::of("地区", "Region"), html! { (region_name(lang, &s.region)) }),
            (Text::of("类别", "Kind"), html! { (kinds.name(lang, aim, &s.kind)) }),
            (Text::of("模型", "Model"), html! { a href={ (MODELS) "/" (s.model) } { (s.model) } }),
            (Text::of("登记信息", "Register"), html! { @if let Some(o) = s.operator { a href={ "/desk/operators/" (o) } { (lang.pick("打开主体", "Open the operator")) } } @else { "—" } }),
        ])) }
        section { h2 { (lang.pick("为什么是这个分值", "Why this score")) }
            @if reasons.is_empty() { p.soft { (lang.pick("没有明显偏离平均的理由。", "Nothing sets it apart from the mean.")) } }
            @else { (ui::table(lang, lang.pick("理由", "Reasons"), &columns, &reasons, None))
                figure.card { (plot::bars(plot_title, lang.pick("对数几率的绝对变化", "absolute change of the log-odds"), &bars, None)) figcaption { (plot_title) } } }
            p.small.soft { (lang.pick("理由说明分值从何而来，不是事实认定；记录有误请更正原记录，次日评分随之更新。", "Reasons say where a score comes from; they establish nothing. Where a record is wrong, correct it there: the next night's scores follow.")) }
        }
        section.card { h2 { (lang.pick("曾列入的名单", "Lists it stood in")) }
            @if before.is_empty() { p.soft { (lang.pick("没有。", "None.")) } }
            ul { @for p in &before { li { a href={ (PROPOSALS) "/" (p.id) } { (p.proposed.china_minute()) } " · " (p.state.label().get(lang)) } } }
        }
    }).into_response())
}
