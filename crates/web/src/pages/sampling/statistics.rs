//! Pass rates with their intervals beside the targets, and how laboratories compare.

use super::progress::{key_name, key_query};
use super::{classes, figures, laboratories, percent, tables, tabs};
use crate::export::stamped;
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, SortKey, Stat, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Date, Id, Lang, Text};
use lab::{Book, By, Dimension, LabFigures, Rate, SampleKind, StatisticsFilter};
use maud::{Markup, html};
use paper::sheet::Sheet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the figures are made, as their recipe names it.
const METHOD: &str = "lab::rates, Wilson 95 %";

const CUTS: [(&str, By, Text); 8] = [
    ("class", By::Dimension(Dimension::Class), Text::of("食品大类", "Food class")),
    ("analyte", By::Analyte, Text::of("检验项目", "Analyte")),
    ("prefecture", By::Dimension(Dimension::Prefecture), Text::of("市州", "Prefecture")),
    ("region", By::Dimension(Dimension::Region), Text::of("县区", "County")),
    ("stage", By::Dimension(Dimension::Stage), Text::of("抽样环节", "Stage")),
    ("laboratory", By::Dimension(Dimension::Laboratory), Text::of("承检机构", "Laboratory")),
    ("budget", By::Dimension(Dimension::Budget), Text::of("经费来源", "Budget")),
    ("month", By::Month, Text::of("月份", "Month")),
];

fn name(lang: Lang, by: By, key: &str, labs: &BTreeMap<Id, String>) -> String {
    match by {
        By::Dimension(d) => key_name(lang, d, key, labs),
        By::Analyte | By::Month | By::All => key.to_owned(),
    }
}

/// The samples behind a figure: what its key and the filter of the page leave of those that count.
fn opened(by: By, key: &str, f: &StatisticsFilter) -> String {
    let mut narrowed = f.clone();
    let own = match by {
        By::Dimension(d) => {
            match d {
                Dimension::Region | Dimension::Prefecture => narrowed.region = None,
                Dimension::Class => narrowed.class = None,
                Dimension::Kind => narrowed.kind = None,
                _ => {}
            }
            format!("&{}", key_query(d, key))
        }
        By::Analyte => format!("&analyte={}", ui::encode(key)),
        By::Month => {
            let first = format!("{key}-01").parse().ok();
            narrowed.from = first.max(f.from);
            let last = first.map(Date::last_of_month);
            narrowed.to = match (last, f.to) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            String::new()
        }
        By::All => String::new(),
    };
    format!("/desk/samples?counted=1{own}{}", basis(&narrowed))
}

/// The filter of the page as parameters of the list of samples.
fn basis(f: &StatisticsFilter) -> String {
    let day = |d: Option<Date>| d.map(|d| d.to_string());
    [
        ("kind", f.kind.map(|k| k.word().to_owned())),
        ("region", f.region.clone()),
        ("class", f.class.clone()),
        ("produce", f.produce.map(|p| if p { "yes" } else { "no" }.to_owned())),
        ("from", day(f.from)),
        ("to", day(f.to)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("&{name}={}", ui::encode(&value?))))
    .collect()
}

/// `GET /desk/sampling/statistics`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/sampling/statistics", raw.as_deref(), "rate.key");
    let (word, by, title_by) =
        CUTS.iter().find(|(w, _, _)| links.get("by") == Some(w)).unwrap_or(&CUTS[0]).clone();
    let f = StatisticsFilter {
        kind: links.get("kind").and_then(SampleKind::read),
        region: links.get("region").map(ToOwned::to_owned),
        class: links.get("class").map(ToOwned::to_owned),
        produce: None,
        from: choices::day("from", links.get("from"))?,
        to: choices::day("to", links.get("to"))?,
    };
    let (store, who, now) = (&app.store, &viewer.who, app.now());
    let labs = laboratories(&app).await?;
    let mut rates = app.lab.rates(store, who, now, by, &f).await?;
    let year = links.get("year").and_then(|y| y.parse().ok()).unwrap_or_else(|| now.china_date().year());
    let value = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let (region, class, kind, from, to) =
        (value("region"), value("class"), value("kind"), value("from"), value("to"));
    let made_with =
        format!("{METHOD} by={word} kind={kind} region={region} class={class} {from}..{to} {year}");
    // of the same figures the same, whatever the language they are read in
    let version = Book::builtin().version();
    let recipe = |figures: &Sheet| crate::export::recipe(&[&made_with, &version], figures);
    // of the same figures the same, whatever they are sorted by
    let recipe_of_rates = recipe(&sheet(Lang::Zh, by, &rates, &labs));
    let unsorted = rates.clone();
    ui::sort_rows(&links, &mut rates, rate_key);
    if let (Some(format), None) = (links.get("format"), links.get("table")) {
        let recipe = recipe_of_rates;
        return crate::export::download(format, &stamped(sheet(lang, by, &rates, &labs), &recipe));
    }
    let of = |produce| StatisticsFilter { produce: Some(produce), ..f.clone() };
    let food = app.lab.rates(store, who, now, By::All, &of(false)).await?;
    let produce = app.lab.rates(store, who, now, By::All, &of(true)).await?;
    let mut per = app.lab.per_thousand(store, f.region.as_deref().unwrap_or("62"), year).await?;
    let hazards = app.lab.hazards(store, who, now, &f).await?;
    let mut kinds = Vec::new();
    for kind in [SampleKind::Supervision, SampleKind::Evaluation] {
        let of = StatisticsFilter { kind: Some(kind), ..f.clone() };
        let rate = app.lab.rates(store, who, now, By::All, &of).await?.into_iter().next();
        kinds.push((kind, rate));
    }
    let small = matches!(by, By::Dimension(Dimension::Region | Dimension::Prefecture));
    let mut compared = app.lab.laboratories(store, who, now, &f).await?;
    let recipes: BTreeMap<&str, String> = [
        ("steadied", tables::steadied(Lang::Zh, &figures::steady(&unsorted))),
        ("kinds", tables::kinds(Lang::Zh, &kinds)),
        ("hazards", tables::hazards(Lang::Zh, &hazards)),
        ("per_thousand", tables::per_thousand(Lang::Zh, &per, year)),
        ("laboratories", tables::laboratories(&compared, &labs)),
    ]
    .into_iter()
    .map(|(table, figures)| (table, recipe(&figures)))
    .collect();
    let recipe_of = |table: &str| recipes.get(table).cloned().unwrap_or_default();
    let mut steady = figures::steady(&unsorted);
    ui::sort_rows(&links, &mut steady, figures::steady_key);
    ui::sort_rows(&links, &mut per, figures::per_key);
    ui::sort_rows(&links, &mut compared, |l, column| laboratory_key(l, column, &labs));
    let further = |lang: Lang, table: &str| match table {
        "steadied" => Some(tables::steadied(lang, &steady)),
        "kinds" => Some(tables::kinds(lang, &kinds)),
        "hazards" => Some(tables::hazards(lang, &hazards)),
        "per_thousand" => Some(tables::per_thousand(lang, &per, year)),
        "laboratories" => Some(tables::laboratories(&compared, &labs)),
        _ => None,
    };
    if let (Some(format), Some(table)) = (links.get("format"), links.get("table")) {
        let found = further(lang, table).ok_or_else(|| Fault::not_found(&Text::of("统计表", "table")))?;
        return crate::export::download(format, &stamped(found, &recipe_of(table)));
    }
    let total =
        Rate::of(String::new(), sum(&food, &produce, |r| r.judged), sum(&food, &produce, |r| r.failed));
    let cuts: Vec<(String, String)> =
        CUTS.iter().map(|(w, _, t)| ((*w).to_owned(), t.get(lang).to_owned())).collect();
    let rows: Vec<Vec<Markup>> = rates.iter().map(|r| line(lang, by, r, &labs, &f)).collect();
    let title = lang.pick("抽检统计", "Statistics of sampling");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/sampling/statistics"))
        h1 { (title) }
        form.filters method="get" {
            (ui::select(&Field { name: "by", label: lang.pick("按", "By"), value: word, ..Field::default() }, &cuts))
            (ui::select(&Field { name: "kind", label: lang.pick("类别", "Kind"), value: &kind, ..Field::default() }, &choices::any(lang, &Text::of("监督和评价", "supervision and evaluation"), SampleKind::ALL.iter().map(|k| (k.word(), k.label())))))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: &region, ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "class", label: lang.pick("食品大类", "Class"), value: &class, ..Field::default() }, &classes(lang)))
            (ui::input(&Field { name: "from", label: lang.pick("抽样自", "Sampled from"), value: &from, kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "to"), value: &to, kind: "date", ..Field::default() }))
            button { (lang.pick("查看", "Show")) }
        }
        (ui::stats(&[
            against(lang, lang.pick("食品合格率", "pass rate of food"), food.first(), "pass_rate_food", &of(false)),
            against(lang, lang.pick("食用农产品合格率", "pass rate of farm produce"), produce.first(), "pass_rate_produce", &of(true)),
            Stat { figure: total.judged.to_string(), label: lang.pick("有结论批次", "batches concluded").to_owned(), href: Some(opened(By::All, "", &f)), tone: Tone::Info },
            Stat { figure: if total.judged == 0 { "—".to_owned() } else { percent(1.0 - total.pass) }, label: lang.pick("问题发现率", "problem-finding rate").to_owned(), href: Some(format!("{}&reached=failed", opened(By::All, "", &f))), tone: Tone::Info },
        ]))
        p.small.soft { (lang.pick("合格率=合格批次÷有结论批次；区间为威尔逊 95% 置信区间。监督抽检有针对性，不代表总体；代表性合格率请选评价性抽检。", "Pass rate = qualified ÷ concluded; the interval is Wilson's at 95 %. Supervision is targeted and does not stand for the whole; choose evaluation for a representative rate.")) }
        @if rows.is_empty() { (ui::empty(lang.pick("没有数据", "No data"), lang.pick("请放宽条件；只统计已报送且有结论的样品。", "Widen the filter; only submitted samples with a conclusion count."))) }
        @else {
            (ui::table(lang, title, &[Column { title: title_by, sort: Some("rate.key"), num: false }, Column::num("有结论", "Concluded").by("rate.judged"), Column::num("不合格", "Failed").by("rate.failed"), Column::num("合格率", "Pass rate").by("rate.pass"), Column::num("95% 区间", "95 % interval").by("rate.low")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, None, true))
            (ui::recipe(lang, &recipe_of_rates))
        }
        @if small { (figures::steadied(lang, &unsorted, &steady, &links)) (files(lang, &links, "steadied", &recipe_of("steadied"))) }
        (figures::apart(lang, &kinds, &basis(&StatisticsFilter { kind: None, ..f.clone() }))) (files(lang, &links, "kinds", &recipe_of("kinds")))
        @if !hazards.is_empty() { (figures::matrix(lang, &hazards, &basis(&StatisticsFilter { class: None, ..f.clone() }))) (files(lang, &links, "hazards", &recipe_of("hazards"))) }
        (figures::per_thousand(lang, &per, year, &links)) (files(lang, &links, "per_thousand", &recipe_of("per_thousand")))
        h2 { (lang.pick("承检机构比较", "Laboratories compared")) }
        (laboratories_table(lang, &compared, &labs, &basis(&f), &links)) (files(lang, &links, "laboratories", &recipe_of("laboratories")))
        details { summary { (lang.pick("目标与依据", "Targets and their basis")) } (super::plans::targets(lang)) }
    }).into_response())
}

/// One of the further tables as a file, with its recipe.
fn files(lang: Lang, links: &ListLinks, table: &str, recipe: &str) -> Markup {
    let to = |format| links.with(&[("table", table), ("format", format)]);
    html! { p.small {
        a href=(to("csv")) download { (lang.pick("导出 CSV", "Export CSV")) } " · "
        a href=(to("xlsx")) download { (lang.pick("导出 XLSX", "Export XLSX")) }
    } (ui::recipe(lang, recipe)) }
}

fn sum(a: &[Rate], b: &[Rate], pick: fn(&Rate) -> i64) -> i64 {
    a.iter().chain(b).map(pick).sum()
}

/// A pass rate beside its target. It is missed only when the whole interval lies below.
fn against(lang: Lang, label: &str, rate: Option<&Rate>, target: &str, of: &StatisticsFilter) -> Stat {
    let goal: f64 = Book::builtin().number(target).try_into().unwrap_or(0.0);
    let (figure, tone) = match rate {
        None => ("—".to_owned(), Tone::Idle),
        Some(r) if r.pass >= goal => (percent(r.pass), Tone::Ok),
        Some(r) if r.high >= goal => (percent(r.pass), Tone::Warn),
        Some(r) => (percent(r.pass), Tone::Bad),
    };
    let interval = rate.map(|r| format!(" [{} – {}]", percent(r.low), percent(r.high))).unwrap_or_default();
    Stat {
        figure,
        label: format!("{label}{interval}，{}{}", lang.pick("目标 ≥ ", "target ≥ "), percent(goal)),
        href: rate.map(|_| opened(By::All, "", of)),
        tone,
    }
}

fn line(lang: Lang, by: By, r: &Rate, labs: &BTreeMap<Id, String>, f: &StatisticsFilter) -> Vec<Markup> {
    let to = opened(by, &r.key, f);
    let open = |what: &str, n: i64| html! { @if n == 0 { "0" } @else { a href={ (to) "&" (what) } { (n) } } };
    // results are counted by analyte, samples else
    let (all, failed) = if by == By::Analyte {
        ("finding=judged", "finding=failed")
    } else {
        ("reached=concluded", "reached=failed")
    };
    vec![
        html! { (name(lang, by, &r.key, labs)) },
        open(all, r.judged),
        open(failed, r.failed),
        html! { (percent(r.pass)) },
        html! { span.nowrap { (percent(r.low)) " – " (percent(r.high)) } },
    ]
}

fn laboratories_table(
    lang: Lang,
    figures: &[LabFigures],
    labs: &BTreeMap<Id, String>,
    basis: &str,
    links: &ListLinks,
) -> Markup {
    if figures.is_empty() {
        return ui::empty(
            lang.pick("没有数据", "No data"),
            lang.pick("报告报送后才能比较。", "Laboratories compare once they report."),
        );
    }
    let share =
        |part: i64, of: i64| if of == 0 { "—".to_owned() } else { percent(part as f64 / of as f64) };
    let flag = |word: &str, z: f64| {
        let text = match word {
            "failures" => Text::of("不合格率偏离同行", "failures unlike its peers"),
            "non_detects" => Text::of("未检出率偏离同行", "non-detects unlike its peers"),
            _ => Text::of("接近限量的合格值偏多或偏少", "near-limit passes unlike its peers"),
        };
        ui::badge(Tone::Warn, &format!("{} ({z:+.1}σ)", text.get(lang)))
    };
    let rows: Vec<Vec<Markup>> = figures
        .iter()
        .map(|l| {
            let to = format!("/desk/samples?counted=1&laboratory={}{basis}", l.laboratory);
            vec![
                html! { (labs.get(&l.laboratory).map_or("—", String::as_str)) },
                html! { a href={ (to) } { (l.samples) } },
                html! { a href={ (to) "&reached=failed" } { (share(l.failed, l.samples)) } },
                html! { @if l.overturned == 0 { "0" } @else { a href={ (to) "&reached=overturned" } { (l.overturned) } } },
                html! { @match l.days { Some(d) => a href={ (to) "&timing=timed" } { (format!("{d:.1}")) }, None => "—" } },
                html! { @if l.late == 0 { "0" } @else { a href={ (to) "&timing=late" } { (l.late) } } },
                html! { a href={ (to) "&finding=not_detected" } { (share(l.not_detected, l.results)) } },
                html! { a href={ (to) "&finding=near" } { (share(l.near, l.results)) } },
                html! { @for (word, z) in &l.flags { (flag(word, *z)) " " } @if l.flags.is_empty() { "—" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("机构", "Laboratory").by("lab.name"),
        Column::num("样品", "Samples").by("lab.samples"),
        Column::num("不合格率", "Failed").by("lab.failed"),
        Column::num("被推翻", "Overturned").by("lab.overturned"),
        Column::num("收样到批准（天，中位）", "Arrival to approval, days (median)").by("lab.days"),
        Column::num("超期报告", "Late reports").by("lab.late"),
        Column::num("未检出率", "Not detected").by("lab.not_detected"),
        Column::num("近限合格", "Near the limit").by("lab.near"),
        Column::text("一致性提示", "What stands out").by("lab.flags"),
    ];
    ui::table(lang, lang.pick("承检机构比较", "Laboratories compared"), &columns, &rows, Some(links))
}

fn rate_key(r: &Rate, column: &str) -> Option<SortKey> {
    Some(match column {
        "rate.key" => SortKey::Text(r.key.clone()),
        "rate.judged" => SortKey::count(r.judged),
        "rate.failed" => SortKey::count(r.failed),
        "rate.pass" => SortKey::Number(r.pass),
        "rate.low" => SortKey::Number(r.low),
        _ => return None,
    })
}

fn laboratory_key(l: &LabFigures, column: &str, labs: &BTreeMap<Id, String>) -> Option<SortKey> {
    Some(match column {
        "lab.name" => SortKey::Text(labs.get(&l.laboratory).cloned().unwrap_or_default()),
        "lab.samples" => SortKey::count(l.samples),
        "lab.failed" => SortKey::share(l.failed, l.samples),
        "lab.overturned" => SortKey::count(l.overturned),
        "lab.days" => SortKey::Number(l.days.unwrap_or(-1.0)),
        "lab.late" => SortKey::count(l.late),
        "lab.not_detected" => SortKey::share(l.not_detected, l.results),
        "lab.near" => SortKey::share(l.near, l.results),
        "lab.flags" => SortKey::count(i64::try_from(l.flags.len()).unwrap_or(i64::MAX)),
        _ => return None,
    })
}

fn sheet(lang: Lang, by: By, rates: &[Rate], labs: &BTreeMap<Id, String>) -> Sheet {
    let header = ["key", "name", "concluded", "failed", "pass_rate", "low_95", "high_95"];
    let mut sheet = crate::export::sheet("statistics", &header);
    for r in rates {
        sheet.rows.push(crate::export::texts([
            r.key.clone(),
            name(lang, by, &r.key, labs),
            r.judged.to_string(),
            r.failed.to_string(),
            format!("{:.6}", r.pass),
            format!("{:.6}", r.low),
            format!("{:.6}", r.high),
        ]));
    }
    sheet
}
