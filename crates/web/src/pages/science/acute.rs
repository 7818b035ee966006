//! Short-term exposure: the IESTI table of one substance, food by food, from the survey's portions and the province's results.

use super::asked::Asked;
use super::exposure::{groups, samples, substances, surveys};
use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::plot;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use access::Principal;
use assess::acute::{ENOUGH_EATERS, Line, Variability, table};
use assess::foods::Foods;
use assess::{Gathered, Samples};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;

/// The lines of a question, with the dose they are held against. `variability`: `jmpr` or `primo`.
pub(crate) async fn lines(
    app: &App,
    who: &Principal,
    asked: &Asked,
    variability: &str,
    dose: &str,
) -> Answer<(Vec<Line>, Option<f64>)> {
    let dose = match dose.trim() {
        "" => asked.substance.acute,
        text => Some(text.parse::<f64>().ok().filter(|v| *v > 0.0 && v.is_finite()).ok_or_else(|| {
            Fault::bad(
                "dose",
                Text::of(
                    "急性参考剂量须大于 0（µg/kg 体重）",
                    "the acute reference dose must be above 0 (µg/kg bw)",
                ),
            )
        })?),
    };
    let variability = if variability == "primo" { Variability::Primo } else { Variability::Jmpr };
    let (survey, rows) = (asked.survey(app, who).await?, asked.rows(app, who).await?);
    let (group, which) = (asked.get("group").to_owned(), Samples::of(asked.get("samples")));
    let work = tokio::task::spawn_blocking(move || {
        table(&survey, &group, &Gathered::of(&rows, which), variability, dose)
    });
    Ok((work.await.map_err(Fault::internal)?.map_err(Fault::internal)?, dose))
}

/// `GET /desk/exposure/acute`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/exposure/acute", raw.as_deref(), "intake");
    let value = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let asked = Asked::read(value)?;
    let (factor, given) = (value("variability"), value("dose"));
    let (lines, dose) = lines(&app, &viewer.who, &asked, &factor, &given).await?;
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(&lines));
    }
    let survey = asked.survey(&app, &viewer.who).await?;
    let others = assess::survey::uploaded(&app.store, &app.access, &viewer.who, app.now()).await?;
    let factors = [
        ("jmpr".to_owned(), lang.pick("JMPR：3", "JMPR: 3").to_owned()),
        (
            "primo".to_owned(),
            lang.pick("PRIMo：7（25–250 g）、5（>250 g）", "PRIMo: 7 (25–250 g), 5 above").to_owned(),
        ),
    ];
    let rows: Vec<Vec<Markup>> = lines.iter().map(|l| row(lang, l)).collect();
    let columns = [
        Column::text("食物", "Food"),
        Column::text("情形", "Case"),
        Column::num("大份额（g）", "Large portion (g)"),
        Column::num("食用人日", "Eating days"),
        Column::num("变异因子", "Variability"),
        Column::num("残留（mg/kg）", "Residue (mg/kg)"),
        Column::num("摄入（µg/kg 体重）", "Intake (µg/kg bw)"),
        Column::num("占急性参考剂量", "Of the acute dose"),
        Column::num("阈值残留（mg/kg）", "Threshold (mg/kg)"),
    ];
    let title = lang.pick("短期暴露（IESTI）", "Short-term exposure (IESTI)");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/exposure/acute"))
        (layout::head(title, &html! { a href="/desk/methods/acute" { (lang.pick("方法说明", "About the method")) } }))
        form.filters method="get" {
            (ui::select(&Field { name: "substance", label: lang.pick("物质", "Substance"), value: &asked.substance.id, ..Field::default() }, &substances(lang)))
            (ui::select(&Field { name: "group", label: lang.pick("人群", "People"), value: asked.get("group"), ..Field::default() }, &groups(lang)))
            (ui::select(&Field { name: "survey", label: lang.pick("膳食调查", "Survey"), value: asked.get("survey"), ..Field::default() }, &surveys(lang, &others)))
            (ui::select(&Field { name: "samples", label: lang.pick("样品", "Samples"), value: asked.get("samples"), ..Field::default() }, &samples(lang)))
            (ui::select(&Field { name: "variability", label: lang.pick("变异因子", "Variability"), value: &factor, ..Field::default() }, &factors))
            (ui::input(&Field { name: "dose", label: lang.pick("急性参考剂量（µg/kg 体重）", "Acute reference dose (µg/kg bw)"), value: &given, kind: "decimal", ..Field::default() }))
            button { (lang.pick("计算", "Compute")) }
        }
        @if survey.generated { (ui::message(Tone::Warn, &html! { p { (lang.pick("膳食数据为程序生成的演示调查，不代表真实人群。", "The consumption data are a generated demonstration survey, of no real people.")) } })) }
        @if dose.is_none() { p.small { (lang.pick("该物质没有急性参考剂量；填写后给出百分比和阈值残留。", "This substance has no acute reference dose; give one for percentages and thresholds.")) } }
        @if rows.is_empty() { (ui::empty(lang.pick("没有可算的食物", "No food to compute"), lang.pick("调查里这个人群没有食用记录，请改选人群。", "Nobody of this group ate anything in the survey; choose another group."))) }
        @else {
            figure { (plot(lang, &lines, dose)) }
            (ui::table(lang, title, &columns, &rows, None))
            (ui::pager(lang, &links, rows.len(), None, None, true))
        }
        p.small.soft { (lang.pick(
            "情形 1、2a、2b 用最高残留，情形 3 用中位数；未检出按检出限。残留为空：有人食用但没有结果，是缺口，不是零。",
            "Cases 1, 2a, 2b take the highest residue, case 3 the median; what was not detected counts at its limit. No residue: eaten without a result, a gap and not zero.")) }
        p.small { "CLI: " code { "shian risk iesti FILE.csv" } " · " (lang.pick("导出的 CSV 即为其输入格式", "the exported CSV is its input")) }
    }).into_response())
}

fn plot(lang: Lang, lines: &[Line], dose: Option<f64>) -> Markup {
    let bars: Vec<plot::Bar> = lines
        .iter()
        .filter_map(|l| Some((l, l.intake?)))
        .take(12)
        .map(|(l, value)| plot::Bar { label: name(lang, &l.food), value, ends: None, before: None })
        .collect();
    plot::bars(lang.pick("短期摄入", "short-term intake"), "µg/kg bw", &bars, dose.map(|d| (d, "ARfD")))
}

fn name(lang: Lang, id: &str) -> String {
    Foods::builtin().named(id).map_or_else(|| id.to_owned(), |f| f.title.get(lang).to_owned())
}

fn row(lang: Lang, l: &Line) -> Vec<Markup> {
    let number = |v: Option<f64>| html! { @match v { Some(v) => (plot::short(v)), None => "—" } };
    vec![
        html! { (name(lang, &l.food)) },
        html! { (l.case) },
        html! { (plot::short(l.portion)) " " span.small.soft { "P" (l.percentile) } },
        html! { (l.eaters) @if l.eaters < ENOUGH_EATERS { " " (ui::badge(Tone::Warn, lang.pick("偏少", "few"))) } },
        html! { (l.variability) },
        number(l.residue),
        number(l.intake),
        html! { @match l.percent { Some(p) => { @if p > 100.0 { (ui::badge(Tone::Bad, &format!("{p:.0} %"))) } @else { (format!("{p:.0} %")) } } None => "—" } },
        number(l.threshold),
    ]
}

/// The table in the columns that `shian risk iesti` reads, with the answers behind them.
fn sheet(lines: &[Line]) -> paper::sheet::Sheet {
    let header = [
        "food",
        "bulked",
        "lp_g",
        "unit_weight_rac_g",
        "unit_weight_edible_g",
        "variability_factor",
        "hr_mg_per_kg",
        "stmr_mg_per_kg",
        "processing_factor",
        "body_weight_kg",
        "case",
        "iesti_ug_per_kg_bw",
        "pct_arfd",
    ];
    let mut sheet = crate::export::sheet("iesti", &header);
    let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
    for l in lines {
        let Some(food) = Foods::builtin().named(&l.food) else { continue };
        let unit = (food.unit > 0.0).then_some(food.unit);
        sheet.rows.push(crate::export::texts([
            l.food.clone(),
            u8::from(food.bulked).to_string(),
            l.portion.to_string(),
            number(unit),
            number(unit),
            l.variability.to_string(),
            number(l.highest),
            number(l.median),
            "1".to_owned(),
            l.body_weight.to_string(),
            l.case.to_string(),
            number(l.intake),
            number(l.percent),
        ]));
    }
    sheet
}
