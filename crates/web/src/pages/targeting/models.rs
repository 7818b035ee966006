//! Models as they were learnt: the list, and one with its proof, reliability, fairness, and the tables that repeat it.

use super::{HOME, MODEL, MODELS, between, percent, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::plot::{self, Bar, Point};
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use base::{Date, Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use target::{Aim, ModelDetail, ModelRow};

/// Models a page shows.
const MOST: i64 = 200;

fn day(since: i32) -> String {
    let start = Date::constant(1970, 1, 1);
    start.checked_add(jiff::Span::new().days(since)).map_or_else(|_| since.to_string(), |d| d.to_string())
}

/// `GET /desk/targeting/models`. Right: view figure.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (lang, now) = (viewer.lang(), app.now());
    let links = ListLinks::read(MODELS, raw.as_deref(), "made");
    let aim: Option<Aim> = links.get("aim").and_then(|a| a.parse().ok());
    let mut rows = app.target.models(&app.store, &viewer.who, now, aim, MOST).await?;
    let worth = |m: &ModelRow| m.newest.as_ref().map_or(f64::MIN, |w| w.averaged.days.value);
    if links.sort == "days" {
        rows.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    }
    if links.desc {
        rows.reverse();
    }
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(&rows));
    }
    let title = lang.pick("模型", "Models");
    let lines: Vec<Vec<Markup>> = rows.iter().map(|m| line(lang, m)).collect();
    let columns = [
        Column::text("训练时间", "Learnt").by("made"),
        Column::text("目的", "Aim"),
        Column::num("所学记录", "Visits"),
        Column::num("其中发现问题", "Found"),
        Column::num("评分对象", "Scored"),
        Column::num("最近窗口提前天数", "Days earlier, newest window").by("days"),
        Column::num("同一检查人内 AUC", "AUC within inspector"),
        Column::text("复算校验码", "Code for repeating"),
    ];
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, MODELS)) h1 { (title) }
        p.soft { (lang.pick("每个模型连同所学的表、种子和成绩一起存证，不再改变；没有新结果时不重新训练（最长 30 天）。", "Every model is journalled with its tables, seed and proof and never changes; without new results none is learnt, for 30 days at most.")) }
        nav.tabs { a href=(MODELS) aria-current=[aim.is_none().then_some("true")] { (lang.pick("全部", "All")) } " "
            @for a in Aim::ALL { a href={ (MODELS) "?aim=" (a.word()) } aria-current=[(Some(*a) == aim).then_some("true")] { (a.label().get(lang)) } " " } }
        @if lines.is_empty() { (ui::empty(lang.pick("还没有模型", "No model yet"), lang.pick("记录足够后每夜自动训练。", "One is learnt at night once the record suffices."))) }
        @else { (ui::table(lang, title, &columns, &lines, Some(&links))) (ui::pager(lang, &links, lines.len(), None, None, true)) }
    }).into_response())
}

fn line(lang: Lang, m: &ModelRow) -> Vec<Markup> {
    let a = m.newest.as_ref().map(|w| &w.averaged);
    vec![
        html! { a href={ (MODELS) "/" (m.id) } { (m.made.china_minute()) } },
        html! { (m.aim.label().get(lang)) },
        html! { (m.visits) },
        html! { (m.found) },
        html! { (m.candidates) },
        html! { @if let Some(a) = a { (format!("{:.1}", a.days.value)) } @else { "—" } },
        html! { @if let Some(f) = a.and_then(|a| a.auc_within) { (format!("{:.3}", f.value)) } @else { "—" } },
        html! { code.small { (&m.recipe[..12.min(m.recipe.len())]) "…" } },
    ]
}

fn sheet(rows: &[ModelRow]) -> paper::sheet::Sheet {
    let head = [
        "id",
        "aim",
        "made",
        "from",
        "to",
        "visits",
        "found",
        "scored",
        "days_earlier",
        "low",
        "high",
        "auc",
        "recipe",
    ];
    let mut sheet = crate::export::sheet("models", &head);
    for m in rows {
        let a = m.newest.as_ref().map(|w| &w.averaged);
        let of = |f: Option<f64>| f.map_or(String::new(), |v| format!("{v:.4}"));
        sheet.rows.push(crate::export::texts([
            m.id.to_string(),
            m.aim.word().to_owned(),
            m.made.rfc3339(),
            m.from.to_string(),
            m.to.to_string(),
            m.visits.to_string(),
            m.found.to_string(),
            m.candidates.to_string(),
            of(a.map(|a| a.days.value)),
            of(a.map(|a| a.days.low)),
            of(a.map(|a| a.days.high)),
            of(a.map(|a| a.auc.value)),
            m.recipe.clone(),
        ]));
    }
    sheet
}

/// `GET /desk/targeting/models/{id}`. Right: view figure.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let (lang, now) = (viewer.lang(), app.now());
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MODEL))?;
    let m = app.target.model(&app.store, &viewer.who, now, id).await?;
    let may_export = app.target.may_export(&viewer.who, now);
    let r = &m.row;
    let title = format!("{} · {}", r.aim.label().get(lang), r.made.china_minute());
    let s = &m.body.settings;
    let repeat = format!(
        "shian risk target --train train.csv --score score.csv --no-history --seed {} --windows {} --horizon {} --forests {} --out scores.csv",
        s.seed, s.windows, s.horizon, s.forests
    );
    Ok(layout::page(
        &viewer,
        &title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[(HOME, lang.pick("风险导向", "Targeting")), (MODELS, lang.pick("模型", "Models")), ("", &title)]))
            h1 { (title) }
            section.card { (ui::facts(lang, &[
                (Text::of("所学记录", "Learnt from"), html! { (r.visits) " · " (r.from) " – " (r.to) }),
                (Text::of("其中发现问题", "Found something"), html! { (r.found) }),
                (Text::of("评分对象", "Scored"), html! { (r.candidates) }),
                (Text::of("复算校验码（设置与两张表的 SHA-256）", "Code for repeating (SHA-256 of settings and both tables)"), html! { code.break { (r.recipe) } }),
                (Text::of("分值摘要", "SHA-256 of the scores"), html! { code.break { (m.body.scores) } }),
                (Text::of("设置", "Settings"), html! { (s.forests) " × " (s.trees) (lang.pick(" 棵树，深 ", " trees, depth ")) (s.depth) (lang.pick("；窗口 ", "; windows ")) (s.windows) " × " (s.horizon) (lang.pick(" 天；种子 ", " days; seed ")) (s.seed) }),
                (Text::of("重复计算", "Repeat it"), html! { code.break { (repeat) } " "
                    @if may_export { a href={ (MODELS) "/" (id) "/train.csv" } download { "train.csv" } " · " a href={ (MODELS) "/" (id) "/score.csv" } download { "score.csv" } " · " }
                    a href="/desk/methods/targeting" { (lang.pick("方法说明", "The method")) } }),
            ])) }
            section { h2 { (lang.pick("在过去窗口上的成绩（按时间顺序，只用此前所知）", "Proof on past windows, in time order, from what was known before")) } (windows(lang, &m)) }
            section { h2 { (lang.pick("可靠性：说的可能性与实际比例", "Reliability: chance stated, share found")) } (reliability(lang, &m)) }
            section { h2 { (lang.pick("公平性：各组的被选率与命中率", "Fairness: how groups are chosen, and found")) } (fairness(lang, &m)) }
            section { h2 { (lang.pick("所用特征", "Features")) }
                p.soft { (lang.pick("检查人（或检验机构）和季节只作为已知偏移，不进入分值；下列以外的栏目没有使用。", "Inspector (or laboratory) and season are a known offset and no part of the score; nothing but these is used.")) }
                details { summary { (m.body.features.len()) " " (lang.pick("项", "features")) } ul { @for f in &m.body.features { li { (target::meaning(f).get(lang)) " " code.small { (f) } } } } }
                @if !m.body.left_out.is_empty() { p.small.soft { (lang.pick("未使用的栏目：", "Columns left out: ")) @for (c, why) in &m.body.left_out { code { (c) } " (" (why) ") " } } }
            }
        },
    ))
}

fn windows(lang: Lang, m: &ModelDetail) -> Markup {
    if m.body.windows.is_empty() {
        return ui::empty(
            lang.pick("记录太短，还不能检验", "The record is too short for a proof"),
            lang.pick("有半年以上的记录后才能留出窗口检验；此前的分值未经校准，请主要依靠随机份额。", "Windows can be held back after some months of records; until then scores are not calibrated: rely on the random share."),
        );
    }
    let days = |v: f64| format!("{v:.1}");
    let rows: Vec<Vec<Markup>> = m
        .body
        .windows
        .iter()
        .map(|w| {
            let a = &w.averaged;
            vec![
                html! { (day(w.from)) " – " (day(w.to)) },
                html! { (a.visits) " / " (a.found) },
                html! { strong { (days(a.days.value)) } div.small { (between(a.days.low, a.days.high, days)) } },
                html! { (days(a.random_days.value)) div.small { (between(a.random_days.low, a.random_days.high, days)) } },
                html! { (days(a.perfect_days)) },
                html! { (format!("{:.3}", a.auc.value)) div.small { (between(a.auc.low, a.auc.high, |v| format!("{v:.3}"))) } },
                html! { @if let Some(f) = a.auc_within { (format!("{:.3}", f.value)) } @else { "—" } },
                html! { (percent(a.first_half)) " / " (percent(a.happened_first_half)) },
            ]
        })
        .collect();
    let columns = [
        Column::text("窗口", "Window"),
        Column::num("次数 / 发现", "Visits / found"),
        Column::num("提前天数（95%）", "Days earlier (95 %)"),
        Column::num("随机线", "Line of chance"),
        Column::num("完美线", "Line of foresight"),
        Column::num("AUC", "AUC"),
        Column::num("同一检查人内 AUC", "AUC within inspector"),
        Column::num("前一半发现 / 实际顺序", "Found in the first half / as it happened"),
    ];
    let bars: Vec<Bar> = m
        .body
        .windows
        .iter()
        .map(|w| Bar {
            label: day(w.from),
            value: w.averaged.days.value.max(0.0),
            ends: Some((w.averaged.days.low.max(0.0), w.averaged.days.high.max(0.0))),
            before: Some(w.averaged.random_days.value.max(0.0)),
        })
        .collect();
    let title = lang.pick(
        "提前天数（条）、95% 区间（线）、随机线（圈）",
        "days earlier (bar), 95 % interval (line), chance (ring)",
    );
    html! {
        (ui::table(lang, lang.pick("过去窗口", "Past windows"), &columns, &rows, None))
        figure.card { (plot::bars(title, lang.pick("天", "days"), &bars, None)) figcaption { (title) } }
    }
}

fn reliability(lang: Lang, m: &ModelDetail) -> Markup {
    if m.body.reliability.is_empty() {
        return ui::empty(
            lang.pick("没有检验窗口", "No window to judge by"),
            lang.pick("见上。", "See above."),
        );
    }
    let rows: Vec<Vec<Markup>> = m
        .body
        .reliability
        .iter()
        .map(|r| {
            vec![
                html! { (r.visits) },
                html! { (percent(r.stated)) },
                html! { (percent(r.found)) },
                html! { "± " (percent(r.margin)) },
            ]
        })
        .collect();
    let columns = [
        Column::num("次数", "Visits"),
        Column::num("所说可能性", "Chance stated"),
        Column::num("实际比例", "Share found"),
        Column::num("95% 半宽", "95 % margin"),
    ];
    let points: Vec<Point> = m
        .body
        .reliability
        .iter()
        .map(|r| Point {
            label: percent(r.stated),
            x: r.stated,
            y: r.found,
            outside: (r.stated - r.found).abs() > r.margin,
        })
        .collect();
    let top = points.iter().map(|p| p.x.max(p.y)).fold(0.01, f64::max);
    let title = lang.pick("可靠性（虚线为完全可靠）", "reliability; dashed: perfectly reliable");
    html! {
        figure.card { (plot::scatter(title, (lang.pick("所说可能性", "chance stated"), lang.pick("实际比例", "share found")), &points, &[vec![(0.0, 0.0), (top, top)]])) figcaption { (title) } }
        (ui::table(lang, lang.pick("可靠性", "Reliability"), &columns, &rows, None))
    }
}

fn fairness(lang: Lang, m: &ModelDetail) -> Markup {
    // regions, kinds and sizes of business; inspectors are no group to be fair to
    let shown = m.body.fairness.iter().filter(|f| f.column != "inspector");
    let rows: Vec<Vec<Markup>> = shown
        .map(|f| {
            vec![
                html! { (target::meaning(&f.column).get(lang)) },
                html! { (f.group) },
                html! { (f.visits) },
                html! { (percent(f.stated)) },
                html! { (percent(f.found)) },
                html! { (percent(f.selected)) },
                html! { (percent(f.found_of_selected)) },
            ]
        })
        .collect();
    if rows.is_empty() {
        return ui::empty(
            lang.pick("各组记录都不足 20 次", "No group has 20 visits in the windows"),
            lang.pick("记录增加后会出现。", "Groups appear as the record grows."),
        );
    }
    let columns = [
        Column::text("分组", "By"),
        Column::text("组", "Group"),
        Column::num("次数", "Visits"),
        Column::num("所说可能性", "Chance stated"),
        Column::num("实际比例", "Share found"),
        Column::num("被选入前一半", "Chosen into the better half"),
        Column::num("被选中的命中率", "Found of the chosen"),
    ];
    html! {
        p.soft { (lang.pick("所说可能性应与实际比例相符；一组被选得多而命中率低，说明分值对它不公平。", "The chance stated should agree with the share found; a group chosen often but seldom found is treated unfairly by the score.")) }
        (ui::table(lang, lang.pick("公平性", "Fairness"), &columns, &rows, None))
    }
}

/// `GET /desk/targeting/models/{id}/{file}`: `train.csv` or `score.csv`. Right: export figure of the whole province.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((id, file)): Path<(String, String)>,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MODEL))?;
    let train = match file.as_str() {
        "train.csv" => true,
        "score.csv" => false,
        _ => return Err(Fault::not_found(&Text::of("文件", "file"))),
    };
    let text = app.target.table(&app.store, &viewer.who, app.now(), id, train).await?;
    let name = format!("attachment; filename=\"{file}\"");
    let head =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((head, text).into_response())
}
