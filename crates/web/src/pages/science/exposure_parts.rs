//! The parts of the exposure page: percentiles with their intervals, contributions, foods and gaps, the limit that protects.

use super::asked::Asked;
use crate::fault::Answer;
use crate::plot::{self, Bar};
use crate::ui::{self, Column, Tone};
use assess::Gathered;
use assess::exposure::{self, FEW, MOSTLY_CENSORED, PERCENTILES, TOGETHER, Told};
use assess::foods::Foods;
use assess::substances::Substance;
use base::Lang;
use maud::{Markup, html};
use risk::exposure::concentration::Bound;
use risk::exposure::model::{Figure, LimitMode, Report};

fn substance_name(lang: Lang, id: &str) -> String {
    assess::substances::find(id).map_or_else(|| id.to_owned(), |s| s.title.get(lang).to_owned())
}

fn food_name(lang: Lang, id: &str) -> String {
    Foods::builtin().named(id).map_or_else(|| id.to_owned(), |f| f.title.get(lang).to_owned())
}

/// Quantities of the table: model, quantity, label.
fn rows(report: &Report) -> Vec<(&'static str, String, String)> {
    let mut out = vec![("OIM", "mean_weighted".to_owned(), "mean".to_owned())];
    out.extend(PERCENTILES.iter().map(|p| ("OIM", format!("p{p}_weighted_invcdf"), format!("P{p}"))));
    for (model, _, _) in super::asked::USUAL {
        if report.figures.iter().any(|f| f.model == model) {
            out.push((model, "mean".to_owned(), format!("mean ({model})")));
            out.extend(PERCENTILES.iter().map(|p| (model, format!("p{p}"), format!("P{p} ({model})"))));
        }
    }
    if report.figures.iter().any(|f| f.model == "acute") {
        out.push(("acute", "mean".to_owned(), "mean (1 d)".to_owned()));
        out.extend(PERCENTILES.iter().map(|p| ("acute", format!("p{p}"), format!("P{p} (1 d)"))));
    }
    out
}

fn with_interval(f: Option<&Figure>) -> Markup {
    html! { @match f {
        Some(f) => { (plot::short(f.value)) @if let (Some(low), Some(high)) = (f.low, f.high) { br; span.small.soft.nowrap { "[" (plot::short(low)) " – " (plot::short(high)) "]" } } }
        None => "—"
    } }
}

/// The percentiles: variability down the table, uncertainty in brackets; the former value beside the new.
pub(super) fn percentiles(lang: Lang, told: &Told) -> Markup {
    let report = told.report();
    let cells = |model: &str, quantity: &str| -> Vec<Markup> {
        Bound::ALL
            .iter()
            .map(|&bound| {
                let now = exposure::figure(report, told.of(), bound, model, quantity);
                let before = told.after.as_ref().and_then(|_| exposure::figure(&told.before, told.of(), bound, model, quantity));
                html! { @if let Some(before) = before { span.soft { (plot::short(before.value)) " → " } } (with_interval(now)) }
            })
            .collect()
    };
    let table: Vec<Vec<Markup>> = rows(report)
        .iter()
        .map(|(model, quantity, label)| {
            let mut row = vec![html! { (label.replace("mean", lang.pick("均值", "mean")).replace("1 d", lang.pick("单日", "one day"))) }];
            row.extend(cells(model, quantity));
            row
        })
        .collect();
    let title = if told.of() == TOGETHER {
        lang.pick(
            "累积暴露量（指示物质当量，µg/kg 体重·天）",
            "Cumulative exposure (as the index substance, µg per kg body weight and day)",
        )
    } else {
        lang.pick("暴露量（µg/kg 体重·天）", "Exposure (µg per kg body weight and day)")
    };
    html! { section { h2 { (title) }
        figure { (percentile_plot(lang, told)) figcaption { (lang.pick(
            "中界（MB）百分位数；横须为 95% 不确定区间（对人和样品自助重抽）；空心圆为改变假设之前；虚线为健康指导值。",
            "Percentiles of the middle bound; whiskers are the 95 % interval of uncertainty (people and samples drawn again); hollow circles: before the change; dashed: guidance value.")) } }
        (ui::table(lang, title, &[Column::text("统计量", "Quantity"), Column::num("LB（未检出=0）", "LB (non-detects 0)"), Column::num("MB（一半）", "MB (half)"), Column::num("UB（检出限）", "UB (the limit)")], &table, None))
        p.small.soft { (lang.pick(
            "行：人群差异（百分位数）；方括号：不确定度。观察个体均值（OIM）高估上端百分位数。",
            "Rows: differences between people; brackets: uncertainty. Observed individual means overestimate the upper percentiles.")) }
        @if !report.notes.is_empty() { ul.small { @for note in &report.notes { li { (note) } } } }
    } }
}

/// Percentiles of the middle bound.
pub(super) fn percentile_plot(lang: Lang, told: &Told) -> Markup {
    let report = told.report();
    let bars: Vec<Bar> = rows(report)
        .iter()
        .filter(|(model, ..)| *model == "OIM")
        .filter_map(|(model, quantity, label)| {
            let f = exposure::figure(report, told.of(), Bound::Middle, model, quantity)?;
            let before = told
                .after
                .as_ref()
                .and_then(|_| exposure::figure(&told.before, told.of(), Bound::Middle, model, quantity));
            Some(Bar {
                label: label.replace("mean", lang.pick("均值", "mean")),
                value: f.value,
                ends: f.low.zip(f.high),
                before: before.map(|b| b.value),
            })
        })
        .collect();
    let mark = told.reference.map(|value| (value, lang.pick("指导值", "guidance value")));
    plot::bars(lang.pick("暴露百分位数", "percentiles of exposure"), "µg/kg bw/d", &bars, mark)
}

/// Shares of foods in the mean.
pub(super) fn contribution_plot(lang: Lang, told: &Told) -> Markup {
    let before = told.contributions(&told.before, Bound::Middle);
    let bars: Vec<Bar> = told
        .contributions(told.report(), Bound::Middle)
        .into_iter()
        .map(|(food, value)| Bar {
            label: food_name(lang, &food),
            value,
            ends: None,
            before: told
                .after
                .as_ref()
                .and_then(|_| before.iter().find(|(f, _)| *f == food).map(|(_, v)| *v)),
        })
        .collect();
    plot::bars(lang.pick("食物贡献", "contributions of foods"), "%", &bars, None)
}

pub(super) fn contributions(lang: Lang, told: &Told) -> Markup {
    let title = lang.pick("各食物对均值的贡献（MB）", "Contribution of foods to the mean (MB)");
    let rows: Vec<Vec<Markup>> = told
        .contributions(told.report(), Bound::Middle)
        .into_iter()
        .map(|(food, share)| vec![html! { (food_name(lang, &food)) }, html! { (format!("{share:.1} %")) }])
        .collect();
    html! { section { h2 { (title) }
        figure { (contribution_plot(lang, told)) }
        (ui::table(lang, title, &[Column::text("食物", "Food"), Column::num("占比", "Share")], &rows, None))
    } }
}

/// What each of several substances brings to the sum.
pub(super) fn shares(lang: Lang, told: &Told) -> Markup {
    let found = told.shares(Bound::Middle);
    if found.is_empty() {
        return html! {};
    }
    let title = lang
        .pick("各物质对累积暴露均值的贡献（MB）", "What each substance brings to the cumulative mean (MB)");
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|(id, potency, mean, share)| {
            vec![
                html! { (substance_name(lang, id)) },
                html! { (plot::short(*potency)) },
                html! { (plot::short(*mean)) },
                html! { (format!("{share:.1} %")) },
            ]
        })
        .collect();
    let columns = [
        Column::text("物质", "Substance"),
        Column::num("相对效能", "Potency"),
        Column::num("自身均值（µg/kg 体重·天）", "Own mean (µg/kg bw and day)"),
        Column::num("占比", "Share"),
    ];
    html! { section { h2 { (title) } (ui::table(lang, title, &columns, &rows, None)) } }
}

/// The foods that the highest of the drawn days come from.
pub(super) fn tail(lang: Lang, told: &Told) -> Markup {
    let Some(from) = told.tail else { return html! {} };
    let found = told.tail_foods(Bound::Middle);
    let title = lang.pick("高端人日的食物来源（MB）", "Foods of the highest days (MB)");
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|(food, share)| vec![html! { (food_name(lang, food)) }, html! { (format!("{share:.1} %")) }])
        .collect();
    html! { section { h2 { (title) }
        p.small { (lang.pick("抽取的人日中暴露量不低于第 ", "Of the drawn days at or above percentile ")) (from) (lang.pick(" 百分位者，其暴露来自：", " their exposure comes from:")) }
        @if rows.is_empty() { (ui::empty(lang.pick("没有抽取人日", "No day was drawn"), lang.pick("请在“计算设置”中填写抽取人日数。", "Give a number of person-days under Settings."))) }
        @else { (ui::table(lang, title, &[Column::text("食物", "Food"), Column::num("占比", "Share")], &rows, None)) }
    } }
}

/// What the figures rest on, and what they lack.
pub(super) fn foods(lang: Lang, asked: &Asked, answer: &exposure::Answer) -> Markup {
    let title = lang.pick("依据：各食物的检验结果", "What it rests on: results by food");
    html! { section #foods { h2 { (title) }
        @for (substance, gathered) in &answer.gathered {
            @if answer.gathered.len() > 1 { h3 { (substance.title.get(lang)) } }
            (foods_of(lang, title, substance, gathered, answer.told.report()))
        }
        (value(lang, asked))
    } }
}

/// The same for one substance.
fn foods_of(lang: Lang, title: &str, substance: &Substance, gathered: &Gathered, report: &Report) -> Markup {
    let rows: Vec<Vec<Markup>> = gathered
        .foods
        .iter()
        .map(|f| {
            vec![
                html! { (f.title.get(lang)) },
                html! { (f.results) @if f.left_out > 0 { br; span.small.soft { (lang.pick("另有风险导向样品未用：", "risk-based left out: ")) (f.left_out) } } },
                html! { (f.representative) },
                html! { (format!("{:.0} %", f.not_detected * 100.0)) },
                html! { @for (i, mean) in f.means.iter().enumerate() { @if i > 0 { " / " } (plot::short(*mean)) } },
                html! { @if f.highest > 0.0 { (plot::short(f.highest)) } @else { "—" } },
                html! {
                    @if f.risk_based() { (ui::badge(Tone::Warn, lang.pick("含风险导向样品", "risk-based samples"))) " " }
                    @if f.results < FEW { (ui::badge(Tone::Warn, lang.pick("结果少", "few results"))) " " }
                    @if f.not_detected > MOSTLY_CENSORED { (ui::badge(Tone::Idle, lang.pick("多为未检出", "mostly not detected"))) }
                },
            ]
        })
        .collect();
    let columns = [
        Column::text("食物", "Food"),
        Column::num("结果", "Results"),
        Column::num("其中评价性", "of these evaluation"),
        Column::num("未检出", "Not detected"),
        Column::num("均值 LB/MB/UB（mg/kg）", "Mean LB/MB/UB (mg/kg)"),
        Column::num("最高（mg/kg）", "Highest (mg/kg)"),
        Column::text("提示", "Remarks"),
    ];
    let gaps: Vec<String> = report
        .gaps
        .iter()
        .filter(|g| g.substance == substance.id)
        .flat_map(|g| &g.foods)
        .map(|f| food_name(lang, f))
        .collect();
    let dash = lang.pick("、", ", ");
    html! {
        @if rows.is_empty() { (ui::empty(lang.pick("没有结果", "No results"), lang.pick("见上方说明。", "See above."))) } @else { (ui::table(lang, title, &columns, &rows, None)) }
        @if gathered.foods.iter().any(assess::OfFood::risk_based) { p.small { (lang.pick(
            "监督抽检按风险选点，其均值通常高于市场平均；评价性抽检足够的食品只用评价性结果。",
            "Supervision samples look where trouble is expected, their mean is usually above that of the market; foods with enough evaluation samples use those alone.")) } }
        @if !gaps.is_empty() { (ui::message(Tone::Warn, &html! { p { strong { (lang.pick("缺口：", "Gaps: ")) }
            (lang.pick("有人食用但没有结果，未计入（不等于零）：", "eaten but without a result, not counted (and not zero): ")) (gaps.join(dash)) } })) }
        ul.small {
            @if gathered.without_limit > 0 { li { (lang.pick("未检出且未给检出限，无法使用：", "not detected without a limit, unusable: ")) (gathered.without_limit) } }
            @if gathered.unreadable > 0 { li { (lang.pick("无法读作浓度（单位或写法）：", "not readable as a concentration: ")) (gathered.unreadable) } }
            @if !gathered.unplaced.is_empty() { li { (lang.pick("食品目录未能归类的样品：", "samples whose food is in no class of the survey: "))
                (gathered.unplaced.iter().map(|(food, n)| format!("{food} ({n})")).collect::<Vec<_>>().join(dash)) } }
            li { a href={ "/desk/samples?analyte=" (ui::encode(&substance.names[0])) } { (lang.pick("打开这些样品", "Open the samples")) } }
        }
    }
}

/// The guidance value with where it comes from.
fn value(lang: Lang, asked: &Asked) -> Markup {
    let s = asked.substance;
    html! { p.small { strong { (s.title.get(lang)) "：" }
        @if let Some(g) = s.reference { (g.value) " µg/kg bw/" (match g.period { risk::exposure::model::Period::Day => lang.pick("天", "day"), risk::exposure::model::Period::Week => lang.pick("周", "week"), risk::exposure::model::Period::Month => lang.pick("月", "month") }) "，" }
        @if let Some(p) = s.point { (p) " µg/kg bw/" (lang.pick("天", "day")) "，" }
        @if let Some(kind) = &s.kind { (kind.get(lang)) "，" (s.authority) " " (s.year) "，" (s.basis) " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
        @if let Some(note) = &s.note { " " (note.get(lang)) }
    } }
}

/// Which limit would protect P97.5.
pub(super) fn protect(lang: Lang, asked: &Asked, answer: &exposure::Answer) -> Answer<Markup> {
    let title = lang.pick("多严的限量能保护 P97.5？", "Which limit would protect P97.5?");
    if answer.told.reference.is_none() {
        return Ok(html! { section.card { h2 { (title) } p { (lang.pick(
        "该物质没有健康指导值（看暴露边界比）；在“改变假设”中填写一个值即可反推限量。",
        "This substance has no guidance value (read the margin of exposure); give one under \"Change an assumption\" to ask.")) } } });
    }
    let food = asked.protect.as_deref();
    let mut rows = Vec::new();
    for (mode, name) in [
        (
            LimitMode::Enforced,
            lang.pick(
                "超限者退出市场：可保留的最高结果",
                "what is above leaves the market: the highest result that may stay",
            ),
        ),
        (LimitMode::AtLimit, lang.pick("全部恰好达到限量", "everything at the limit")),
    ] {
        let mut row = vec![html! { (name) }];
        for (_, limit) in answer.protecting(food, 97.5, mode)? {
            row.push(html! { @match limit {
            None => (lang.pick("仅其他食品已超出", "other foods alone exceed it")),
            Some(l) if l.is_infinite() => (lang.pick("无需限量", "none needed")),
            Some(l) => (plot::short(l)) } });
        }
        rows.push(row);
    }
    let of = food.map_or_else(|| lang.pick("全部食品", "all foods").to_owned(), |f| food_name(lang, f));
    Ok(html! { section.card { h2 { (title) }
        @if answer.told.of() == TOGETHER { p.small { (lang.pick(
            "合并计算：限量是指示物质的，其余物质按现状计入。",
            "Together: the limit is that of the index substance, the others count as they are.")) } }
        p { (lang.pick("食品：", "Food: ")) (of) " · " (lang.pick("使 P97.5 不超过 ", "keeps P97.5 at or below ")) (plot::short(answer.told.reference.unwrap_or(0.0))) " µg/kg bw/d" }
        (ui::table(lang, title, &[Column::text("方式", "How"), Column::num("LB (mg/kg)", "LB (mg/kg)"), Column::num("MB (mg/kg)", "MB (mg/kg)"), Column::num("UB (mg/kg)", "UB (mg/kg)")], &rows, None))
    } })
}

/// The figures as a sheet, each with the recipe.
pub(super) fn sheet(told: &Told) -> paper::sheet::Sheet {
    let header =
        ["assumptions", "substance", "bound", "group", "model", "quantity", "value", "low", "high", "recipe"];
    let mut sheet = crate::export::sheet("exposure", &header);
    let mut add = |which: &str, report: &Report| {
        let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
        for f in &report.figures {
            sheet.rows.push(crate::export::texts([
                which.to_owned(),
                f.substance.clone(),
                f.bound.name().to_owned(),
                f.group.clone(),
                f.model.clone(),
                f.quantity.clone(),
                f.value.to_string(),
                number(f.low),
                number(f.high),
                report.recipe.clone(),
            ]));
        }
    };
    add("as is", &told.before);
    if let Some(after) = &told.after {
        add("tried", after);
    }
    sheet
}
