//! The sampling designer: how many, where, and what counts as chance; each answer with its formula, source and command line.

use super::design_tables as tables;
use super::tabs;
use crate::aside::aside;
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, html};
use sampling::size;
use std::sync::Arc;

/// What can be designed: word, Chinese, English.
pub(super) const AIMS: [(&str, &str, &str); 7] = [
    ("detect", "检出至少一个阳性", "Detect at least one positive"),
    ("freedom", "证明无（检验不完美）", "Show freedom with an imperfect test"),
    ("estimate", "估计比例到给定精度", "Estimate a proportion to a margin"),
    ("two_stage", "两阶段（市场/单位）", "Two stages (markets, units)"),
    ("risk", "风险导向设计", "Risk-based design"),
    ("allocate", "样本分配", "Allocation"),
    ("rates", "小地区比率与漏斗图", "Rates of small areas, funnel plot"),
];

/// A finished answer.
#[derive(Debug)]
pub(crate) struct Designed {
    /// Name and value of everything found.
    pub(crate) facts: Vec<(Text, String)>,
    /// How it was worked out.
    pub(crate) formula: Text,
    /// Paper.
    pub(crate) source: &'static str,
    /// The command that gives the same.
    pub(crate) command: String,
}

struct Given<'a>(&'a dyn Fn(&str) -> String);

impl Given<'_> {
    fn number(&self, name: &'static str, other: Option<f64>) -> Answer<f64> {
        let text = (self.0)(name);
        let missing = || Fault::bad(name, Text::new(format!("请填写 {name}"), format!("give {name}")));
        if text.trim().is_empty() {
            return other.ok_or_else(missing);
        }
        text.trim().parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| {
            Fault::bad(
                name,
                Text::new(
                    format!("“{text}”不是数，请填写如 0.05"),
                    format!("{text:?} is no number; write such as 0.05"),
                ),
            )
        })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded first")]
    fn whole(&self, name: &'static str) -> Answer<Option<u64>> {
        if (self.0)(name).trim().is_empty() {
            return Ok(None);
        }
        let value = self.number(name, None)?;
        if (1.0..=1e8).contains(&value) && value.fract().abs() < 1e-9 {
            return Ok(Some(value as u64));
        }
        Err(Fault::bad(
            name,
            Text::of("请填写 1 到 1 亿之间的整数", "write a whole number from 1 to 100 million"),
        ))
    }

    fn list(&self, name: &'static str) -> Answer<Vec<f64>> {
        let text = (self.0)(name);
        let words = text.split([' ', ',', '，', '、', ';']).filter(|w| !w.is_empty());
        words.map(|w| w.parse::<f64>()).collect::<Result<_, _>>().map_err(|_| {
            Fault::bad(
                name,
                Text::of(
                    "请填写以空格分隔的数，如 0.8 0.2",
                    "write numbers with spaces between, such as 0.8 0.2",
                ),
            )
        })
    }
}

impl From<sampling::Error> for Fault {
    fn from(e: sampling::Error) -> Self {
        Self::bad(e.field, e.text)
    }
}

/// Works out a design from named values; `None` when nothing was filled in.
pub(crate) fn design(aim: &str, get: &dyn Fn(&str) -> String) -> Answer<Option<Designed>> {
    let needed = match aim {
        "risk" => "population_share",
        _ => "prevalence",
    };
    if get(needed).trim().is_empty() {
        return Ok(None);
    }
    let g = Given(get);
    let confidence = g.number("confidence", Some(0.95))?;
    let sensitivity = g.number("sensitivity", Some(1.0))?;
    let population = g.whole("population")?;
    let option = |name: &str, v: Option<u64>| v.map(|v| format!(" --{name} {v}")).unwrap_or_default();
    let n = Text::of("样本量", "samples");
    Ok(Some(match aim {
        "freedom" => {
            let (p, specificity) = (g.number("prevalence", None)?, g.number("specificity", Some(1.0))?);
            let power = g.number("power", Some(0.95))?;
            if population.is_some_and(|all| all > 20_000) {
                return Err(Fault::bad(
                    "population",
                    Text::of(
                        "总体超过 2 万时请留空（视为很大）",
                        "leave a population above 20,000 empty: it counts as very large",
                    ),
                ));
            }
            let found = size::freedom(population, p, (sensitivity, specificity), confidence, power)?;
            Designed {
                facts: vec![
                    (n, found.n.to_string()),
                    (
                        Text::of(
                            "判定点：阳性不超过此数即视为无",
                            "cut-point: free while positives do not exceed",
                        ),
                        found.cut.to_string(),
                    ),
                    (Text::of("群体灵敏度", "herd sensitivity"), format!("{:.4}", found.herd_sensitivity)),
                    (Text::of("群体特异度", "herd specificity"), format!("{:.4}", found.herd_specificity)),
                ],
                formula: Text::of(
                    "最小的 n 与判定点 c：P(阳性≤c | 流行率) ≤ 1−置信度，且 P(阳性≤c | 无) ≥ 把握度",
                    "smallest n and c with P(positives ≤ c | prevalence) ≤ 1 − confidence and P(positives ≤ c | free) ≥ power",
                ),
                source: "Cameron & Baldock 1998, Prev. Vet. Med. 34:1",
                command: format!(
                    "shian sampling size --prevalence {p} --confidence {confidence} --sensitivity {sensitivity} --specificity {specificity} --power {power}{}",
                    option("population", population)
                ),
            }
        }
        "estimate" => {
            let (p, margin) = (g.number("prevalence", None)?, g.number("margin", Some(0.05))?);
            let effect = g.number("design_effect", Some(1.0))?;
            let found = size::estimation(p, margin, confidence, population, effect)?;
            Designed {
                facts: vec![
                    (n, found.n.to_string()),
                    (Text::of("精确解", "exact solution"), format!("{:.2}", found.real)),
                ],
                formula: Text::of(
                    "n = 设计效应·z²·p(1−p)/d²，有限总体再除以 1+(n−1)/N",
                    "n = effect·z²·p(1−p)/d², for a finite population over 1 + (n−1)/N",
                ),
                source: "Cochran 1977, Sampling Techniques, chapter 4",
                command: format!(
                    "shian sampling size --prevalence {p} --margin {margin} --confidence {confidence} --design-effect {effect}{}",
                    option("population", population)
                ),
            }
        }
        "two_stage" => {
            let (within, between) = (g.number("prevalence", None)?, g.number("between", Some(0.05))?);
            let (visit, clusters) = (g.number("visit", Some(10.0))?, g.whole("clusters")?);
            let found = size::two_stage(size::Stages {
                clusters,
                units: population,
                between,
                within,
                sensitivity,
                confidence,
                visit,
                test: 1.0,
            })?;
            Designed {
                facts: vec![
                    (Text::of("市场（群）数", "clusters to visit"), found.clusters.to_string()),
                    (Text::of("每个取样数", "units in each"), found.units.to_string()),
                    (Text::of("总灵敏度", "sensitivity"), format!("{:.4}", found.sensitivity)),
                    (Text::of("费用（以一次检验为 1）", "cost, in tests"), format!("{:.1}", found.cost)),
                ],
                formula: Text::of(
                    "逐一试每群取样数，取达到置信度的最少群数，选费用最低者",
                    "for every number of units the fewest clusters that reach the confidence; the cheapest of these",
                ),
                source: "Cameron & Baldock 1998; Cannon 2001",
                command: format!(
                    "shian sampling size --prevalence {within} --between {between} --confidence {confidence} --sensitivity {sensitivity} --visit {visit}{}{}",
                    option("population", population),
                    option("clusters", clusters)
                ),
            }
        }
        "risk" => {
            let (people, relative, share) =
                (g.list("population_share")?, g.list("relative_risk")?, g.list("sampling_share")?);
            let p = g.number("risk_prevalence", Some(0.01))?;
            if people.len() != relative.len() || share.len() != relative.len() {
                return Err(Fault::bad(
                    "relative_risk",
                    Text::of("三列的个数须相同", "the three lists must be equally long"),
                ));
            }
            let groups: Vec<size::RiskGroup> = (0..people.len())
                .map(|i| size::RiskGroup { population: people[i], relative: relative[i], sampling: share[i] })
                .collect();
            let found = size::risk_based(&groups, p, sensitivity, confidence)?;
            let show = |v: &[f64]| v.iter().map(|x| format!("{x:.4}")).collect::<Vec<_>>().join(" ");
            Designed {
                facts: vec![
                    (n, found.size.n.to_string()),
                    (Text::of("代表性设计所需", "a representative design needs"), found.representative.to_string()),
                    (Text::of("调整风险", "adjusted risks"), show(&found.adjusted)),
                    (Text::of("各组有效感染概率", "effective probability of infection"), show(&found.epi)),
                    (Text::of("达到的灵敏度", "sensitivity reached"), format!("{:.4}", found.reached)),
                ],
                formula: Text::of("AR = RR/Σ(RR·人口比例)；EPI = P*·AR；n = ln(1−目标)/Σ 抽样比例·ln(1−EPI·Se)", "AR = RR / Σ(RR·share); EPI = P*·AR; n = ln(1 − target) / Σ sampling share·ln(1 − EPI·Se)"),
                source: "Martin, Cameron & Greiner 2007, Prev. Vet. Med. 79:71",
                command: "shian sampling size FILE.csv  # population_share,relative_risk,sampling_share,design_prevalence,test_sensitivity,target_sse".to_owned(),
            }
        }
        _ => {
            let p = g.number("prevalence", None)?;
            let mut facts = Vec::new();
            let command = format!(
                "shian sampling size --prevalence {p} --confidence {confidence} --sensitivity {sensitivity}{}",
                option("population", population)
            );
            if let Some(all) = population {
                let found = size::detection_finite(all, size::diseased(all, p), confidence, sensitivity)?;
                let whole = || "—".to_owned();
                facts.push((n, found.n.map_or_else(whole, |n| n.to_string())));
                facts.push((
                    Text::of("设计流行率下的阳性单位", "positive units at the design prevalence"),
                    found.diseased.to_string(),
                ));
                facts.push((
                    Text::of("达到的置信度", "confidence reached"),
                    format!("{:.4}", found.confidence),
                ));
                if let Some(cannon) = found.cannon {
                    facts.push((Text::of("Cannon 近似", "Cannon's approximation"), format!("{cannon:.2}")));
                }
            } else {
                let found = size::detection(p, confidence, sensitivity)?;
                facts.push((n, found.n.to_string()));
                facts.push((Text::of("精确解", "exact solution"), format!("{:.2}", found.real)));
            }
            Designed {
                facts,
                formula: Text::of(
                    "大总体 n = ln(1−置信度)/ln(1−Se·P*)；有限总体用超几何分布精确求解",
                    "large population: n = ln(1 − confidence) / ln(1 − Se·P*); finite: exact hypergeometric",
                ),
                source: "Cannon 2001, Prev. Vet. Med. 49:141",
                command,
            }
        }
    }))
}

/// `GET /desk/design`. Right: view sample (the register's counts are the viewer's own).
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/design", raw.as_deref(), "aim");
    let aim = links.get("aim").filter(|a| AIMS.iter().any(|(w, ..)| w == a)).unwrap_or("detect").to_owned();
    let value = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let body = if matches!(aim.as_str(), "allocate" | "rates") {
        let strata = tables::of_register(&app, &viewer.who).await?;
        let (asked, given) = (aim.clone(), links.clone());
        let worked = aside(move || {
            tables::work(&asked, &|name| given.get(name).unwrap_or_default().to_owned(), &strata)
        });
        let worked = worked.await??;
        if let Some(format) = links.get("format") {
            return crate::export::download(format, &worked.sheet());
        }
        html! { (tables::form(&viewer, &aim, &value)) (worked.show(lang, &links)) }
    } else {
        let (asked, given) = (aim.clone(), links.clone());
        let found =
            aside(move || design(&asked, &|name| given.get(name).unwrap_or_default().to_owned())).await??;
        if let (Some(format), Some(found)) = (links.get("format"), &found) {
            let mut sheet = found.sheet();
            sheet.rows.push(crate::export::texts(["recipe".to_owned(), found.recipe()]));
            return crate::export::download(format, &sheet);
        }
        html! { (form(lang, &aim, &value)) @if let Some(found) = &found { (answer(lang, found, &links)) } }
    };
    let title = lang.pick("抽样设计", "Sampling design");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/design"))
        (layout::head(title, &html! { a href=(help(&aim)) { (lang.pick("方法说明", "About the method")) } }))
        nav.tabs aria-label=(lang.pick("设计目的", "Aim")) { @for (word, zh, en) in AIMS {
            a href={ "/desk/design?aim=" (word) } aria-current=[(word == aim).then_some("page")] { (lang.pick(zh, en)) } " "
        } }
        (body)
    }).into_response())
}

impl Designed {
    fn sheet(&self) -> paper::sheet::Sheet {
        let mut sheet = crate::export::sheet("design", &["quantity", "value"]);
        for (name, value) in &self.facts {
            sheet.rows.push(crate::export::texts([name.en.to_string(), value.clone()]));
        }
        sheet.rows.push(crate::export::texts(["command".to_owned(), self.command.clone()]));
        sheet
    }

    /// Hash of the settings and the figures.
    fn recipe(&self) -> String {
        crate::export::recipe(&[&self.command], &self.sheet())
    }
}

fn help(aim: &str) -> &'static str {
    match aim {
        "allocate" => "/desk/methods/allocation",
        "rates" => "/desk/methods/rates",
        _ => "/desk/methods/sample-size",
    }
}

fn form(lang: Lang, aim: &str, value: &dyn Fn(&str) -> String) -> Markup {
    let number = |name: &'static str, zh: &'static str, en: &'static str, hint: &'static str, other: &str| {
        let given = value(name);
        let shown = if given.is_empty() { other } else { &given };
        ui::input(&Field {
            name,
            label: lang.pick(zh, en),
            hint,
            value: shown,
            kind: "decimal",
            ..Field::default()
        })
    };
    let text = |name: &'static str, zh: &'static str, en: &'static str, other: &str| {
        let given = value(name);
        let shown = if given.is_empty() { other } else { &given };
        ui::input(&Field { name, label: lang.pick(zh, en), value: shown, ..Field::default() })
    };
    html! { form.filters method="get" {
        input type="hidden" name="aim" value=(aim);
        @if aim == "risk" {
            (text("population_share", "各组占总体比例", "Share of the population", "0.9 0.1"))
            (text("relative_risk", "各组相对风险", "Relative risk", "1 3"))
            (text("sampling_share", "各组占样本比例", "Share of the samples", "0.5 0.5"))
            (number("risk_prevalence", "设计流行率", "Design prevalence", "", "0.01"))
        } @else {
            (number("prevalence", if aim == "estimate" { "预期比例" } else { "设计流行率" }, if aim == "estimate" { "Expected proportion" } else { "Design prevalence" }, "", if aim == "estimate" { "0.03" } else { "0.01" }))
        }
        (number("confidence", "置信度", "Confidence", "", "0.95"))
        @if aim != "estimate" { (number("sensitivity", "检验灵敏度", "Sensitivity of the test", "", "1")) }
        @if aim == "freedom" { (number("specificity", "检验特异度", "Specificity", "", "0.99")) (number("power", "无病群体通过的把握", "Chance a free population passes", "", "0.95")) }
        @if aim == "estimate" { (number("margin", "允许误差", "Margin", "", "0.01")) (number("design_effect", "设计效应", "Design effect", "", "1")) }
        @if aim == "two_stage" { (number("between", "有问题市场的比例", "Share of clusters infected", "", "0.05")) (number("clusters", "市场总数（可空）", "Clusters in all (may be empty)", "", "")) (number("visit", "到一个市场的费用（检验为 1）", "Cost of a visit, in tests", "", "10")) }
        @if aim != "risk" { (number("population", if aim == "two_stage" { "每个市场的单位数（可空）" } else { "总体单位数（可空）" }, if aim == "two_stage" { "Units of a cluster (may be empty)" } else { "Units in all (may be empty)" }, "", "")) }
        button { (lang.pick("计算", "Compute")) }
    } }
}

fn answer(lang: Lang, found: &Designed, links: &ListLinks) -> Markup {
    let rows: Vec<(Text, Markup)> =
        found.facts.iter().map(|(t, v)| (t.clone(), html! { strong { (v) } })).collect();
    html! { section.card { h2 { (lang.pick("结果", "Result")) }
        (ui::facts(lang, &rows))
        (ui::message(Tone::Info, &html! { p { (found.formula.get(lang)) } p.small { (found.source) } }))
        p.small { (lang.pick("命令行得同样结果：", "The command line gives the same: ")) code { (found.command) } }
        (ui::recipe(lang, &found.recipe()))
        (ui::pager(lang, links, rows.len(), None, None, true))
    } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_design_answers_with_formula_and_command_and_names_what_is_wrong() {
        let given = |pairs: &'static [(&'static str, &'static str)]| {
            move |name: &str| {
                pairs.iter().find(|(n, _)| *n == name).map_or(String::new(), |(_, v)| (*v).to_owned())
            }
        };
        for (aim, pairs, n) in [
            ("detect", &[("prevalence", "0.01")][..], "299"),
            ("detect", &[("prevalence", "0.05"), ("population", "100")], "45"),
            ("estimate", &[("prevalence", "0.5"), ("margin", "0.05")], "385"),
        ] {
            let found = design(aim, &given(pairs)).unwrap().unwrap();
            assert_eq!(found.facts[0].1, n, "{aim}");
            assert!(found.command.starts_with("shian sampling size"));
        }
        assert!(
            design("freedom", &given(&[("prevalence", "0.05"), ("specificity", "0.99")])).unwrap().is_some()
        );
        assert!(design("two_stage", &given(&[("prevalence", "0.2")])).unwrap().is_some());
        let risk: &[(&str, &str)] =
            &[("population_share", "0.9 0.1"), ("relative_risk", "1 3"), ("sampling_share", "0.5 0.5")];
        let found = design("risk", &given(risk)).unwrap().unwrap();
        assert!(found.facts[0].1.parse::<u64>().unwrap() < found.facts[1].1.parse::<u64>().unwrap());
        assert_eq!(
            design("detect", &given(&[("prevalence", "x")])).unwrap_err().field.as_deref(),
            Some("prevalence")
        );
        assert!(design("detect", &given(&[])).unwrap().is_none());
    }
}
