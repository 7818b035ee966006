//! The exposure workbench: people × what they eat × what this province's laboratories found up to this morning.

use super::asked::{Asked, CONCENTRATIONS, OTHERS, SPREADS, USUAL};
use super::{exposure_parts as parts, tabs};
use crate::fault::Answer;
use crate::layout::{self, Fragment, Viewer};
use crate::pages::choices;
use crate::plot;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Stat, Tone};
use assess::Samples;
use assess::exposure::{self, GROUPS, Told};
use assess::foods::Foods;
use assess::live::Depth;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base::Lang;
use maud::{Markup, html};
use risk::exposure::concentration::Bound;
use std::sync::Arc;

fn asked(raw: Option<&str>) -> Answer<(ListLinks, Asked)> {
    let links = ListLinks::read("/desk/exposure", raw, "food");
    let asked = Asked::read(|name| links.get(name).unwrap_or_default().to_owned())?;
    Ok((links, asked))
}

/// `GET /desk/exposure`. Right: view sample (the results the viewer may see are the ones that count).
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let (links, asked) = asked(raw.as_deref())?;
    let survey = asked.survey(&app, &viewer.who).await?;
    let answer = asked.answer(&app, &viewer.who, Depth::Intervals).await?;
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &parts::sheet(&answer.told));
    }
    let others = assess::survey::uploaded(&app.store, &app.access, &viewer.who, app.now()).await?;
    let title = lang.pick("膳食暴露", "Dietary exposure");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/exposure"))
        (layout::head(title, &html! { a href="/desk/methods/exposure" { (lang.pick("方法说明", "About the method")) } }))
        (form(&viewer, &asked, &others))
        @if survey.generated { (ui::message(Tone::Warn, &html! { p { (lang.pick(
            "膳食数据为程序生成的演示调查，不代表真实人群；用于决策前请上传本省调查。",
            "The consumption data are a generated demonstration survey, of no real people; upload the province's own before deciding anything on it.")) " "
            a href="/desk/exposure/surveys" { (lang.pick("膳食调查", "Surveys")) } } })) }
        @if answer.told.results == 0 {
            (ui::empty(lang.pick("没有可用的检验结果", "No result to compute from"), lang.pick(
                "只统计已报送报告中该物质的定量结果和给出检出限的未检出。请放宽地区、日期或样品范围，或改选物质。",
                "Only submitted results of this substance count: values, and non-detects with a limit. Widen region, dates or samples, or choose another substance.")))
        } @else {
            div #figures aria-live="polite" { (figures(lang, &answer.told)) }
        }
        (parts::foods(lang, &asked, &answer))
        @if answer.told.results > 0 { (parts::protect(lang, &asked, &answer)?) }
        (exports(lang, &links, "/desk/exposure", &asked.query(), &answer.told))
    }).into_response())
}

/// What the figures say.
pub(super) fn figures(lang: Lang, told: &Told) -> Markup {
    html! {
        (ui::stats(&headline(lang, told)))
        (parts::percentiles(lang, told))
        (parts::shares(lang, told))
        (parts::contributions(lang, told))
        (parts::tail(lang, told))
    }
}

/// `GET /desk/exposure/figures`: the figures alone, without intervals, as the assumptions of the form are changed. Right: view sample.
pub(super) async fn moving(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    fragment: Fragment,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (_, asked) = asked(raw.as_deref())?;
    let answer = asked.answer(&app, &viewer.who, Depth::Figures).await?;
    let lang = viewer.lang();
    let title = lang.pick("暴露量（不含不确定区间）", "Exposure (without intervals)");
    let trail = [("/desk/exposure", lang.pick("膳食暴露", "Dietary exposure"))];
    let body = html! {
        p.small.soft { (lang.pick("假设已改变：以下为点值；按“计算”得到不确定区间。", "Assumptions changed: figures alone; press Compute for their intervals.")) }
        (figures(lang, &answer.told))
    };
    let mut response = fragment.answer(&viewer, title, &trail, &body);
    // a result that comes in moves them, too
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `GET /desk/exposure/model.json`: the one file that gives the figures elsewhere. Right: view sample.
pub(super) async fn model(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (_, asked) = asked(raw.as_deref())?;
    let answer = asked.answer(&app, &viewer.who, Depth::Figures).await?;
    Ok(file(answer.model().to_json(), "application/json", "exposure-model.json"))
}

/// `GET /desk/exposure/plot.svg`. Right: view sample.
pub(super) async fn plot(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (links, asked) = asked(raw.as_deref())?;
    let answer = asked.answer(&app, &viewer.who, Depth::Intervals).await?;
    Ok(drawn(viewer.lang(), links.get("plot"), &answer.told))
}

/// The picture of a word as a file.
pub(super) fn drawn(lang: Lang, which: Option<&str>, told: &Told) -> Response {
    let drawn = if which == Some("contributions") {
        parts::contribution_plot(lang, told)
    } else {
        parts::percentile_plot(lang, told)
    };
    file(plot::file(&drawn), "image/svg+xml", "exposure.svg")
}

pub(super) fn file(body: String, media: &'static str, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Foods as choices behind an open one.
pub(super) fn foods(lang: Lang, none: &str) -> Vec<(String, String)> {
    let all = Foods::builtin().all.iter().map(|f| (f.id.clone(), f.title.get(lang).to_owned()));
    std::iter::once((String::new(), none.to_owned())).chain(all).collect()
}

pub(super) fn substances(lang: Lang) -> Vec<(String, String)> {
    assess::substances::builtin().iter().map(|s| (s.id.clone(), s.title.get(lang).to_owned())).collect()
}

pub(super) fn groups(lang: Lang) -> Vec<(String, String)> {
    GROUPS.iter().map(|(word, _, _, name)| ((*word).to_owned(), name.get(lang).to_owned())).collect()
}

pub(super) fn surveys(lang: Lang, others: &[assess::survey::Uploaded]) -> Vec<(String, String)> {
    let demo = assess::survey::Survey::generated();
    std::iter::once(("demo".to_owned(), demo.title.get(lang).to_owned()))
        .chain(others.iter().map(|s| (s.id.to_string(), format!("{} ({})", s.title, s.persons))))
        .collect()
}

pub(super) fn samples(lang: Lang) -> Vec<(String, String)> {
    Samples::WORDS.iter().map(|(w, _, t)| ((*w).to_owned(), t.get(lang).to_owned())).collect()
}

/// Fields of assumptions that are tried.
const ASSUMED: [&str; 5] = ["limit", "processing", "consumption", "reference", "unit_food"];

/// Other substances as choices.
fn others_of(lang: Lang) -> Vec<(String, String)> {
    let none = (String::new(), lang.pick("不合并", "none").to_owned());
    std::iter::once(none).chain(substances(lang)).collect()
}

/// Foods eaten in units as choices.
fn unit_foods(lang: Lang) -> Vec<(String, String)> {
    let units = Foods::builtin().all.iter().filter(|f| !f.bulked);
    let all = units.map(|f| (f.id.clone(), f.title.get(lang).to_owned()));
    let first = [
        (String::new(), lang.pick("不考虑", "not considered").to_owned()),
        ("*".to_owned(), lang.pick("全部有单位重量的食品", "all with a weight on record").to_owned()),
    ];
    first.into_iter().chain(all).collect()
}

fn form(viewer: &Viewer, asked: &Asked, others: &[assess::survey::Uploaded]) -> Markup {
    let lang = viewer.lang();
    let (any, choose) = (lang.pick("全部食品", "all foods"), lang.pick("请选择", "choose"));
    let methods: Vec<(String, String)> =
        CONCENTRATIONS.iter().map(|(w, _, t)| ((*w).to_owned(), t.get(lang).to_owned())).collect();
    let modes = [
        ("enforced".to_owned(), lang.pick("超限者退出市场", "what is above leaves the market").to_owned()),
        ("at".to_owned(), lang.pick("全部恰好达到限量", "everything is at the limit").to_owned()),
    ];
    let f = |name: &'static str, label: &'static str| Field {
        name,
        label,
        value: asked.get(name),
        ..Field::default()
    };
    let chosen = Field { value: &asked.substance.id, ..f("substance", lang.pick("物质", "Substance")) };
    let number = |name: &'static str, label: &'static str, hint: &'static str| {
        ui::input(&Field { kind: "decimal", hint, ..f(name, label) })
    };
    let mut usual =
        vec![(String::new(), lang.pick("只看观察个体均值（OIM）", "observed means alone (OIM)").to_owned())];
    usual.extend(USUAL.iter().map(|(w, _, t)| ((*w).to_owned(), t.get(lang).to_owned())));
    html! { form.filters method="get" data-moves="#figures" data-from="/desk/exposure/figures" {
        (ui::select(&chosen, &substances(lang)))
        (ui::select(&f("group", lang.pick("人群", "People")), &groups(lang)))
        (ui::select(&f("survey", lang.pick("膳食调查", "Survey")), &surveys(lang, others)))
        (ui::select(&f("samples", lang.pick("样品", "Samples")), &samples(lang)))
        (ui::select(&f("region", lang.pick("采样地区", "Sampled in")), &choices::regions(lang, &viewer.who, &choices::ALL)))
        (ui::input(&Field { kind: "date", ..f("from", lang.pick("抽样自", "Sampled from")) }))
        (ui::input(&Field { kind: "date", ..f("to", lang.pick("至", "to")) }))
        details.card open[OTHERS.iter().any(|(with, _)| !asked.get(with).is_empty())] {
            summary { (lang.pick("合并其他物质（累积暴露）", "Other substances with it (cumulative exposure)")) }
            p.small { (lang.pick(
                "上面所选为指示物质（效能 1），其健康指导值用于合计；其余各填相对效能因子（RPF）。合计 = Σ 效能 × 暴露，单位为指示物质当量。",
                "The substance chosen above is the index substance (potency 1); its guidance value counts for the sum. Give the others their relative potency factors: the sum is Σ potency × exposure, in units of the index substance.")) }
            @for (n, (with, potency)) in OTHERS.into_iter().enumerate() {
                fieldset.part { legend { (lang.pick("物质", "Substance")) " " (n + 2) }
                    (ui::select(&f(with, lang.pick("物质", "Substance")), &others_of(lang)))
                    (number(potency, lang.pick("相对效能因子", "Relative potency"), lang.pick("如 0.5", "such as 0.5"))) }
            }
        }
        details.card open[ASSUMED.iter().any(|n| !asked.get(n).is_empty())] {
            summary { (lang.pick("改变假设，与现状并列比较", "Change an assumption, see it beside the present")) }
            fieldset.part { legend { (lang.pick("限量", "A limit")) }
                (ui::select(&f("limit_food", lang.pick("食品", "Food")), &foods(lang, any)))
                (number("limit", lang.pick("限量（mg/kg）", "Limit (mg/kg)"), ""))
                (ui::select(&f("limit_mode", lang.pick("如何起作用", "How it works")), &modes)) }
            fieldset.part { legend { (lang.pick("加工因子", "A processing factor")) }
                (ui::select(&f("processing_food", lang.pick("食品", "Food")), &foods(lang, choose)))
                (number("processing", lang.pick("因子", "Factor"), lang.pick("如去皮 0.5", "such as 0.5 for peeling")))
                (number("processing_upper", lang.pick("逐份不同：第 95 百分位", "From portion to portion: 95th percentile"), lang.pick("空：固定；填写时因子为中位数", "empty: fixed; with it the factor is the median"))) }
            fieldset.part { legend { (lang.pick("单位差异（混合样）", "Units of composite samples")) }
                (ui::select(&f("unit_food", lang.pick("按单位食用的食品", "Food eaten in units")), &unit_foods(lang)))
                (number("unit_grams", lang.pick("单位重量（g）", "Weight of a unit (g)"), lang.pick("空：目录中的重量", "empty: as on record")))
                (ui::select(&f("unit_spread", lang.pick("差异的量度", "How they differ, as")), &SPREADS.iter().map(|(w, t)| ((*w).to_owned(), t.get(lang).to_owned())).collect::<Vec<_>>()))
                (number("unit_value", lang.pick("数值", "Its value"), lang.pick("如变异因子 3", "such as a factor of 3"))) }
            fieldset.part { legend { (lang.pick("消费假设", "Another consumption")) }
                (ui::select(&f("consumption_food", lang.pick("食品", "Food")), &foods(lang, choose)))
                (number("consumption", lang.pick("倍数", "Times"), lang.pick("如增加一倍 2", "such as 2 for twice as much"))) }
            fieldset.part { legend { (lang.pick("健康指导值", "Guidance value")) }
                (number("reference", lang.pick("改用（µg/kg 体重·天）", "Instead (µg/kg bw and day)"), "")) }
        }
        details.card { summary { (lang.pick("计算设置", "Settings")) }
            (ui::select(&Field { hint: lang.pick("由每人多日推到长期；方法见说明", "from days to the long run; see the methods"), ..f("usual", lang.pick("通常摄入量模型", "Usual intake model")) }, &usual))
            (ui::select(&f("concentrations", lang.pick("抽取人日的浓度（截尾处理）", "Concentrations of drawn days (censoring)")), &methods))
            (number("draws", lang.pick("抽取人日数（0 不抽）", "Person-days drawn (0: none)"), lang.pick("至多 200000；单位差异、加工分布和高端食品只见于抽取的人日，留空时抽 10000", "at most 200,000; units, distributed processing and foods of the tail show in drawn days alone: 10,000 when left empty")))
            (number("tail", lang.pick("高端人日的食品：自第几百分位", "Foods of the highest days: from percentile"), lang.pick("如 97.5；空：不列", "such as 97.5; empty: not told")))
            (number("replicates", lang.pick("自助重抽次数（默认 100）", "Bootstrap replicates (100 unless said)"), lang.pick("至多 500；0 不给区间", "at most 500; 0: no interval")))
            (number("seed", lang.pick("随机种子", "Seed"), ""))
            (ui::select(&Field { name: "protect_food", label: lang.pick("反推哪种食品的限量", "Limit of which food would protect"), value: asked.get("protect_food"), ..Field::default() }, &foods(lang, any)))
        }
        button { (lang.pick("计算", "Compute")) }
        button.plain formaction="/desk/exposure/runs/new" { (lang.pick("作为任务运行…", "Run as a job…")) }
    } }
}

fn headline(lang: Lang, told: &Told) -> Vec<Stat> {
    let report = told.report();
    let of =
        |bound, quantity: &str| exposure::figure(report, told.of(), bound, "OIM", quantity).map(|f| f.value);
    let show = |v: Option<f64>| v.map_or_else(|| "—".to_owned(), plot::short);
    let mut out = vec![
        Stat {
            figure: show(of(Bound::Middle, "mean_weighted")),
            label: lang.pick("均值 MB，µg/kg 体重·天", "mean, MB, µg/kg bw and day").to_owned(),
            href: None,
            tone: Tone::Info,
        },
        Stat {
            figure: format!(
                "{} – {}",
                show(of(Bound::Lower, "p97.5_weighted_invcdf")),
                show(of(Bound::Upper, "p97.5_weighted_invcdf"))
            ),
            label: lang.pick("P97.5，LB – UB", "P97.5, LB – UB").to_owned(),
            href: None,
            tone: Tone::Info,
        },
    ];
    if let Some(share) = of(Bound::Upper, "share_above_reference") {
        let least = of(Bound::Lower, "share_above_reference").unwrap_or(0.0);
        out.push(Stat {
            figure: format!("{:.1} – {:.1} %", least * 100.0, share * 100.0),
            label: lang
                .pick("超过健康指导值的人口，LB – UB", "of people above the guidance value, LB – UB")
                .to_owned(),
            href: None,
            tone: if least > 0.0 {
                Tone::Bad
            } else if share > 0.0 {
                Tone::Warn
            } else {
                Tone::Ok
            },
        });
    }
    if let Some(margin) = of(Bound::Upper, "moe_p95") {
        let concern = assess::substances::find(told.index()).and_then(|s| s.concern);
        out.push(Stat {
            figure: show(Some(margin)),
            label: lang.pick("P95 的暴露边界比（MOE），UB", "margin of exposure at P95, UB").to_owned(),
            href: None,
            tone: concern.map_or(Tone::Info, |c| if margin < c { Tone::Bad } else { Tone::Ok }),
        });
    }
    out.push(Stat {
        figure: told.results.to_string(),
        label: lang.pick("检验结果", "results").to_owned(),
        href: Some("#foods".to_owned()),
        tone: Tone::Info,
    });
    out
}

/// Files of an answer: `base` is where its model file and pictures are, asked for with `query`.
pub(super) fn exports(lang: Lang, links: &ListLinks, base: &str, query: &str, told: &Told) -> Markup {
    let (asked_for, made) = told.replicates;
    html! { section.card { h2 { (lang.pick("导出与复算", "Export and repeat")) }
        p { a href={ (base) "/model.json?" (query) } download { (lang.pick("模型文件（模型+数据+种子）", "Model file (model, data, seed)")) } " · "
            a href=(links.with(&[("format", "csv")])) download { "CSV" } " · " a href=(links.with(&[("format", "xlsx")])) download { "XLSX" } " · "
            a href=(links.with(&[("format", "parquet")])) download { "Parquet" } " · "
            a href={ (base) "/plot.svg?" (query) } download { "SVG" } " · "
            a href={ (base) "/plot.svg?plot=contributions&" (query) } download { (lang.pick("贡献图 SVG", "contributions SVG")) } }
        p.small { (lang.pick("在任何机器上复算同样的图值：", "Repeats these figures on any machine: ")) code { "shian risk exposure --model exposure-model.json" } }
        (ui::recipe(lang, &told.report().recipe))
        p.small.soft { (lang.pick("随机种子 ", "Random seed ")) (told.report().seed)
            " · " (lang.pick("自助重抽 ", "bootstrap replicates ")) (made) @if made < asked_for { " " (lang.pick("（调查人数多，次数已减少）", "(fewer than asked for: many people)")) } }
    } }
}
