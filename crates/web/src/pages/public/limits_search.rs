//! The limits as people read them: food, analyte, date; the rows with their clauses; and a value judged.

use super::abroad;
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::pages::choices;
use crate::pages::lab::verdict;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use base::{Date, Lang, Text};
use limits::rule::{Basis, Condition, Kind};
use limits::{Case, Edition, Rule, Rules, Status};
use maud::{Markup, html};
use std::sync::Arc;

/// Rows of limits on a page.
const SHOWN: usize = 60;
/// Classes named in a row before the rest is counted.
const CLASSES: usize = 20;

/// `GET /limits?food=&analyte=&date=&value=&unit=`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/limits", raw.as_deref(), "");
    let get = |name: &str| links.get(name).unwrap_or_default();
    let today = app.now().china_date();
    let date = choices::day("date", links.get("date"))?.unwrap_or(today);
    let shown_date = date.to_string();
    let (food, analyte, value) = (get("food"), get("analyte"), get("value"));
    let unit = links.get("unit").unwrap_or("mg/kg");
    let field = |name: &'static str, zh: &'static str, en: &'static str, value, required| Field {
        name,
        label: lang.pick(zh, en),
        value,
        required,
        ..Field::default()
    };
    let title = lang.pick("查限量", "Limits in food");
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            p.soft { (lang.pick("国家标准中的污染物、农药残留和致病菌限量；食品可写全名，括号中可注明事实，如 干香菇(鲜干比10:1)。", "Limits of contaminants, pesticide residues and pathogens in the national standards; facts may stand in brackets: 干香菇(鲜干比10:1).")) }
            form.filters method="get" {
                (ui::input(&field("food", "食品", "Food", food, true)))
                (ui::input(&field("analyte", "项目（可不填）", "Analyte (optional)", analyte, false)))
                (ui::input(&Field { kind: "date", ..field("date", "适用日期", "Date", &shown_date, false) }))
                (ui::input(&field("value", "检验值（可不填）", "Value to judge (optional)", value, false)))
                (ui::input(&field("unit", "单位", "Unit", unit, false)))
                button { (lang.pick("查询", "Look up")) }
            }
            @if food.is_empty() { (ui::empty(lang.pick("输入一种食品", "Enter a food"), lang.pick("例如：大米、干面条、猪肝、蜂蜜。", "For example 大米 (rice), 干面条 (noodles), 猪肝 (pig liver), 蜂蜜 (honey)."))) }
            @else {
                @if !value.is_empty() { (judged(lang, app.rules, (food, analyte, value, unit), date)) }
                (found(lang, app.rules, food, analyte, date))
                (abroad::section(lang, app.rules, food, analyte, date, &ListLinks::read("/limits/compare", raw.as_deref(), "")))
            }
            (coverage(lang, app.rules, date))
        },
    ))
}

fn judged(lang: Lang, rules: &Rules, case: (&str, &str, &str, &str), date: Date) -> Markup {
    let (food, analyte, value, unit) = case;
    if analyte.is_empty() {
        return ui::message(
            Tone::Warn,
            &html! { p { (lang.pick("判定检验值需要填写项目。", "Name the analyte to have a value judged.")) } },
        );
    }
    let v = rules.judge(&Case::new(food, analyte, value, unit, date));
    html! { section.card {
        h2 { (food) " · " (v.analyte) " " (value) " " (unit) " " (verdict::badges(lang, &v)) }
        (verdict::view(lang, &v, true))
    } }
}

/// Where the food stands in each tree, and the rows that hold it.
fn found(lang: Lang, rules: &Rules, food: &str, analyte: &str, date: Date) -> Markup {
    let placed = rules.foods().resolve(food, rules.trees());
    let mut all = rules.show(food, (!analyte.is_empty()).then_some(analyte), date);
    all.sort_by(|a, b| (&a.0.id, &a.1.analyte, &a.1.id).cmp(&(&b.0.id, &b.1.analyte, &b.1.id)));
    let classes: Vec<(String, String)> = placed
        .positions
        .iter()
        .zip(rules.trees())
        .filter_map(|(position, tree)| {
            let p = position.as_ref()?;
            let names: Vec<String> = p.nodes.iter().map(|n| tree.label(*n)).collect();
            Some((names.join(lang.pick("、", ", ")), p.evidence.get(lang).to_owned()))
        })
        .collect();
    html! {
        @if classes.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("这个名称不在食品分类中，请换一个更通用的名称。", "This name is in no food class; try a more common one.")) } })) }
        @else { section.card { h2 { (lang.pick("归入的食品类别", "Food classes")) }
            ul { @for (name, evidence) in &classes { li { strong { (name) } " " span.small.soft { (evidence) } } } } } }
        h2 { (lang.pick("适用的限量", "Limits that apply")) " " span.soft { (all.len()) } }
        @if all.is_empty() && !classes.is_empty() {
            (ui::empty(lang.pick("已载入的标准中没有这一限量", "No loaded standard sets this limit"), lang.pick("这不等于可以含有：请看下面的标准载入情况。", "That does not mean it may be there: see below which standards are loaded.")))
        }
        div.grid.wide { @for (edition, rule) in all.iter().take(SHOWN) { (row(lang, rules, edition, rule)) } }
        @if all.len() > SHOWN { p.soft { (lang.pick("只列出前 60 条，请填写项目。", "The first 60 are listed; name an analyte.")) } }
    }
}

fn row(lang: Lang, rules: &Rules, edition: &Edition, rule: &Rule) -> Markup {
    let tree = &rules.trees()[edition.tree];
    let names = |nodes: &[usize]| {
        let shown: Vec<String> = nodes.iter().take(CLASSES).map(|n| tree.label(*n)).collect();
        let more = nodes.len().saturating_sub(CLASSES);
        let rest = if more == 0 { String::new() } else { format!(" … +{more}") };
        shown.join(lang.pick("、", ", ")) + &rest
    };
    let mut rows = vec![
        (
            Text::of("依据", "Basis"),
            html! { (edition.standard) "-" (edition.edition) " " (rule.clause) " " code.small { (rule.id) }
            @if edition.status == Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) } },
        ),
        (Text::of("条款中的食品", "Food as printed"), html! { (rule.food) }),
        (Text::of("包括", "Covers"), html! { (names(&rule.include)) }),
    ];
    if !rule.exclude.is_empty() {
        rows.push((Text::of("不包括", "Leaves out"), html! { (names(&rule.exclude)) }));
    }
    if !rule.conditions.is_empty() {
        let text: Vec<String> = rule.conditions.iter().map(|c| condition(lang, c)).collect();
        rows.push((Text::of("条件", "Conditions"), html! { (text.join(lang.pick("；", "; "))) }));
    }
    if rule.basis != Basis::AsIs {
        rows.push((Text::of("计量基准", "Measured on"), html! { (rule.basis.label().get(lang)) }));
    }
    if !rule.notes.is_empty() {
        rows.push((Text::of("注", "Note"), html! { (rule.notes) }));
    }
    html! { section.card {
        h3 { (rule.analyte) " " b { (rule.printed) " " (rule.unit) } " "
            @if let Kind::Plan(p) = &rule.kind { (ui::badge(Tone::Info, &format!("n={} c={}", p.n, p.c))) }
            @if rule.flag == "temporary" { (ui::badge(Tone::Warn, lang.pick("临时限量", "temporary limit"))) } }
        (ui::facts(lang, &rows))
    } }
}

fn condition(lang: Lang, c: &Condition) -> String {
    match c {
        Condition::Is(fact, values) => format!("{} = {}", fact.label().get(lang), values.join(" / ")),
        Condition::Fat { below, percent } => {
            format!("{} {} {percent}%", c.fact().label().get(lang), if *below { "<" } else { "≥" })
        }
    }
}

/// Which editions are loaded and in force on the date, and how far they may be relied on.
pub(crate) fn coverage(lang: Lang, rules: &Rules, date: Date) -> Markup {
    html! { details { summary { (lang.pick("已载入的标准", "Standards loaded")) }
        p.small { (lang.pick("没有载入的项目和食品一律答“未载入”，从不当作合格；“部分”的项目只有所列食品的条款。", "What is not loaded answers “not loaded” and never passes; of an analyte in part only the foods named are loaded.")) }
        ul { @for e in rules.editions() { @let c = e.coverage(); li {
            strong { (e.standard) "-" (e.edition) } " " (e.title.get(lang)) " "
            @if e.jurisdiction != limits::HOME { (ui::badge(Tone::Idle, lang.pick("仅供对照", "comparison only"))) " " }
            @if e.in_force(date) { (ui::badge(Tone::Ok, lang.pick("当日有效", "in force that day"))) } @else { (ui::badge(Tone::Idle, lang.pick("当日无效", "not in force that day"))) }
            @if e.status == Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
            div.small.soft { (e.from) "–" @if let Some(to) = e.to { (to) } " · " (e.rules.len()) (lang.pick(" 条", " rows")) " · " (lang.pick("项目：整表 ", "analytes: whole ")) (c.whole) (lang.pick("，部分 ", ", in part ")) (c.part) " · " (e.basis) }
        } } }
        p.small.soft { (lang.pick("规则版本 ", "Rules ")) code { (rules.hash()) } }
    } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_shown_with_clause_edition_and_scope_and_a_page_stays_small() {
        let day = Date::constant(2026, 9, 10);
        let rules = Rules::builtin();
        let shown = found(Lang::Zh, rules, "大米", "镉", day).into_string();
        for part in ["GB 2762-2025", "0.2", "包括", "归入的食品类别"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let all = found(Lang::Zh, rules, "大米", "", day).into_string();
        assert!(all.len() < 95_000, "{} bytes", all.len());
    }

    #[test]
    fn a_value_is_judged_with_its_reasons_and_without_an_analyte_it_is_not() {
        let day = Date::constant(2026, 9, 10);
        let shown = judged(Lang::Zh, Rules::builtin(), ("干面条", "铅", "0.36", "mg/kg"), day).into_string();
        assert!(shown.contains("不合格") && shown.contains("判定过程"), "{shown}");
        let without = judged(Lang::En, Rules::builtin(), ("干面条", "", "0.36", "mg/kg"), day).into_string();
        assert!(without.contains("Name the analyte"), "{without}");
    }
}
