//! The figures beside the pass rates: batches per thousand people, kinds apart, foods by hazards, small counties steadied.

use super::{class_name, percent};
use crate::map::region_name;
use crate::ui::{self, Column, ListLinks, SortKey, Tone};
use base::Lang;
use lab::{Book, Hazard, PerThousand, Rate, SampleKind};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Batches per thousand people by county: numerator, denominator, rule and its version beside the figure.
pub(super) fn per_thousand(lang: Lang, per: &[PerThousand], year: i16, links: &ListLinks) -> Markup {
    let book = Book::builtin();
    let Some(rule) = book.target("batches_per_1000") else { return html! {} };
    let rows: Vec<Vec<Markup>> = per
        .iter()
        .map(|c| {
            let open = format!("/desk/samples?region={}&reported={year}", c.region);
            vec![
                html! { (region_name(lang, &c.region)) },
                html! { @if c.reported == 0 { "0" } @else { a href=(open) { (c.reported) } } },
                html! { (c.people) },
                html! { (c.rate) @if c.rate < rule.value { " " (ui::badge(Tone::Warn, lang.pick("未达", "below"))) } },
                html! { (c.planned) },
                html! { (c.rate_planned) },
            ]
        })
        .collect();
    let columns = [
        Column::text("县区", "County").by("per.region"),
        Column::num("分子：已报送批次", "Numerator: batches reported").by("per.reported"),
        Column::num("分母：常住人口", "Denominator: residents").by("per.people"),
        Column::num("每千人", "Per 1,000").by("per.rate"),
        Column::num("计划批次", "Planned").by("per.planned"),
        Column::num("计划每千人", "Planned per 1,000").by("per.rate_planned"),
    ];
    html! {
        h2 { (rule.title.get(lang)) " " span.soft { (year) } }
        p.small.soft { (rule.note.get(lang)) " · " (lang.pick("目标 ", "target ")) (rule.value) " · " (rule.basis) " · " (lang.pick("规则版本 ", "version of the rule ")) code { (book.version()) } }
        (ui::table(lang, rule.title.get(lang), &columns, &rows, Some(links)))
    }
}

/// What the batches per thousand people are sorted by.
pub(super) fn per_key(c: &PerThousand, column: &str) -> Option<SortKey> {
    let number = |n: base::Decimal| SortKey::Number(n.try_into().unwrap_or(-1.0));
    Some(match column {
        "per.region" => SortKey::Text(c.region.clone()),
        "per.reported" => SortKey::count(c.reported),
        "per.people" => number(c.people.into()),
        "per.rate" => number(c.rate),
        "per.planned" => SortKey::count(c.planned),
        "per.rate_planned" => number(c.rate_planned),
        _ => return None,
    })
}

/// Targeted and representative sampling side by side, never added up.
/// `basis`: the filter of the page without the kind, as parameters of the list of samples.
pub(super) fn apart(lang: Lang, kinds: &[(SampleKind, Option<Rate>)], basis: &str) -> Markup {
    let open = |kind: &SampleKind, what: &str, n: i64| html! { a href={ "/desk/samples?counted=1&kind=" (kind.word()) (basis) "&reached=" (what) } { (n) } };
    let rows: Vec<Vec<Markup>> = kinds
        .iter()
        .map(|(kind, rate)| match rate {
            Some(r) => vec![
                html! { (kind.label().get(lang)) },
                open(kind, "concluded", r.judged),
                open(kind, "failed", r.failed),
                html! { (percent(r.pass)) },
                html! { span.nowrap { (percent(r.low)) " – " (percent(r.high)) } },
            ],
            None => {
                vec![
                    html! { (kind.label().get(lang)) },
                    html! { "0" },
                    html! { "0" },
                    html! { "—" },
                    html! { "—" },
                ]
            }
        })
        .collect();
    let columns = [
        Column::text("类别", "Kind"),
        Column::num("有结论", "Concluded"),
        Column::num("不合格", "Failed"),
        Column::num("合格率", "Pass rate"),
        Column::num("95% 区间（威尔逊）", "95 % interval (Wilson)"),
    ];
    html! { h2 { (lang.pick("监督与评价分列", "Targeted and representative apart")) } (ui::table(lang, lang.pick("分列", "Apart"), &columns, &rows, None)) }
}

/// Analytes of the matrix that are shown; the file has all.
const SHOWN: usize = 12;

/// Which hazards failed in which foods, by the law and by what firms declare; each figure opens its samples. `basis`: the filter of the
/// page as parameters of that list.
pub(super) fn matrix(lang: Lang, cells: &[Hazard], basis: &str) -> Markup {
    if cells.is_empty() {
        return html! {};
    }
    let mut hazards: BTreeMap<&str, i64> = BTreeMap::new();
    let mut foods: BTreeMap<&str, BTreeMap<&str, &Hazard>> = BTreeMap::new();
    for c in cells {
        *hazards.entry(&c.analyte).or_default() += c.failing();
        foods.entry(&c.class).or_default().insert(&c.analyte, c);
    }
    let mut shown: Vec<(&str, i64)> = hazards.into_iter().collect();
    shown.sort_by_key(|(name, n)| (-n, *name));
    let left = shown.len().saturating_sub(SHOWN);
    shown.truncate(SHOWN);
    let cell = |c: &Hazard| {
        let to = format!(
            "/desk/samples?counted=1&class={}&analyte={}{basis}",
            ui::encode(&c.class),
            ui::encode(&c.analyte)
        );
        html! {
            @if c.failed > 0 || c.declared == 0 { a href={ (to) "&finding=law" } { (c.failed) } }
            @if c.declared > 0 {
                @if c.failed > 0 { " + " }
                a href={ (to) "&finding=declared" } title=(lang.pick("仅不符合企业明示标准", "fails only the declared standard")) { (c.declared) sup { (lang.pick("明", "d")) } }
            }
            " / " a href={ (to) "&finding=judged" } { (c.judged) }
        }
    };
    html! {
        h2 { (lang.pick("问题食品 × 危害", "Problem foods by hazards")) }
        p.small.soft {
            (lang.pick("不合格项次 / 可判定项次；带“明”的只不符合企业明示（声明公开）的标准，与不符合国家标准和规定的分开计。每个数字点开即是对应样品。", "failing / judged results; those marked d fail only the standard their firm declares and are counted apart from what fails the law. Every figure opens its samples."))
            @if left > 0 { " " (lang.pick(&format!("另有 {left} 个项目未列出，见导出文件。"), &format!("{left} more analytes are in the file."))) }
        }
        div.scroll { table { thead { tr { th { (lang.pick("食品大类", "Food class")) } @for (name, _) in &shown { th.num { (name) } } } }
            tbody { @for (class, row) in &foods { tr { th { (class_name(lang, class)) }
                @for (name, _) in &shown { td.num { @if let Some(c) = row.get(name) { (cell(c)) } @else { "·" } } } } } } } }
    }
}

/// A rate drawn towards what all share.
pub(super) type Steady = ::sampling::rates::Rate;

/// Each rate with its steadied one; none where too few regions have samples.
pub(super) fn steady(rates: &[Rate]) -> Vec<(Rate, Steady)> {
    let data: Vec<(f64, f64)> = rates.iter().map(|r| (r.failed as f64, r.judged as f64)).collect();
    let Ok((_, steady)) = ::sampling::rates::beta_binomial(&data, 1.0) else { return Vec::new() };
    rates.iter().cloned().zip(steady).collect()
}

/// What steadied rates are sorted by.
pub(super) fn steady_key((r, s): &(Rate, Steady), column: &str) -> Option<SortKey> {
    Some(match column {
        "steadied.region" => SortKey::Text(r.key.clone()),
        "steadied.judged" => SortKey::count(r.judged),
        "steadied.failed" => SortKey::share(r.failed, r.judged),
        "steadied.mean" => SortKey::Number(s.mean),
        "steadied.low" => SortKey::Number(s.low.unwrap_or(-1.0)),
        _ => return None,
    })
}

/// Failure rates of small regions drawn towards what all share, and a funnel plot: chance alone keeps the points between its
/// limits. Empirical Bayes (beta–binomial); nothing where too few regions have samples.
pub(super) fn steadied(lang: Lang, rates: &[Rate], steady: &[(Rate, Steady)], links: &ListLinks) -> Markup {
    if steady.is_empty() {
        return html! {};
    }
    let rows: Vec<Vec<Markup>> = steady
        .iter()
        .map(|(r, s)| {
            let interval = s
                .low
                .zip(s.high)
                .map_or_else(String::new, |(l, h)| format!("{} – {}", percent(l), percent(h)));
            vec![
                html! { (region_name(lang, &r.key)) },
                html! { (r.judged) },
                html! { (percent(1.0 - r.pass)) },
                html! { (percent(s.mean)) },
                html! { span.nowrap { (interval) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("地区", "Region").by("steadied.region"),
        Column::num("有结论", "Concluded").by("steadied.judged"),
        Column::num("不合格率", "Failed").by("steadied.failed"),
        Column::num("收缩后", "Steadied").by("steadied.mean"),
        Column::num("95% 可信区间", "95 % credible interval").by("steadied.low"),
    ];
    html! { details open[links.sort.starts_with("steadied.")] { summary { (lang.pick("小样本地区：收缩估计与漏斗图", "Small regions: steadied rates and a funnel plot")) }
        p.small.soft { (lang.pick("样本少的地区按经验贝叶斯（贝塔–二项）向总体靠拢，以免几批样品决定排名；原始率照列。", "Regions with few samples are drawn towards the whole by empirical Bayes (beta–binomial), so that a few batches decide no ranking; the raw rate stands beside it.")) }
        (funnel(lang, rates))
        (ui::table(lang, lang.pick("收缩估计", "Steadied rates"), &columns, &rows, Some(links)))
    } }
}

/// Each region's failure rate against its number of samples, within exact binomial limits of 95 and 99.8 %.
fn funnel(lang: Lang, rates: &[Rate]) -> Markup {
    let (failed, judged) = rates.iter().fold((0, 0), |a, r| (a.0 + r.failed, a.1 + r.judged));
    let most = rates.iter().map(|r| r.judged).max().unwrap_or(0);
    if judged == 0 || failed == 0 || most < 2 {
        return html! {};
    }
    let common = failed as f64 / judged as f64;
    let steps: Vec<f64> = (1..=40).map(|i| (most as f64 * f64::from(i) / 40.0).max(1.0)).collect();
    let limit = |level: f64, n: f64| {
        ::sampling::funnel::limits(::sampling::funnel::Kind::Binomial, n, common, level, 1.0).ok()
    };
    let top = rates
        .iter()
        .map(|r| 1.0 - r.pass)
        .chain(steps.iter().skip(3).filter_map(|n| limit(0.998, *n)).map(|l| l.high))
        .fold(common * 2.0, f64::max)
        .min(1.0);
    let x = |n: f64| 40.0 + n / most as f64 * 540.0;
    let y = |v: f64| 210.0 - (v / top).min(1.0) * 190.0;
    let path = |level: f64, high: bool| {
        let at = |n: &f64| limit(level, *n).map(|l| (x(*n), y(if high { l.high } else { l.low })));
        let points: Vec<String> =
            steps.iter().filter_map(at).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        points.join(" ")
    };
    html! { figure { svg viewBox="0 0 600 240" role="img" aria-label=(lang.pick("漏斗图：不合格率与样本数", "Funnel plot: failure rate by number of samples")) style="max-width:40rem;width:100%" {
        line x1="40" x2="580" y1=(y(common)) y2=(y(common)) stroke="currentColor" stroke-dasharray="2 3" {}
        @for (level, dash) in [(0.95, "4 3"), (0.998, "none")] { @for high in [true, false] {
            polyline points=(path(level, high)) fill="none" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray=(dash) {} } }
        @for r in rates.iter().filter(|r| r.judged > 0) { circle cx=(format!("{:.1}", x(r.judged as f64))) cy=(format!("{:.1}", y(1.0 - r.pass))) r="4" fill="currentColor" {
            title { (region_name(lang, &r.key)) " " (percent(1.0 - r.pass)) " (" (r.judged) ")" } } }
        text x="40" y="232" font-size="11" { "0" } text x="560" y="232" font-size="11" { (most) }
        text x="2" y="24" font-size="11" { (format!("{:.1}%", top * 100.0)) }
    } figcaption.small.soft { (lang.pick("虚线 95%、实线 99.8% 控制限（精确二项）；点线为总体不合格率。", "Dashed 95 %, solid 99.8 % limits (exact binomial); dotted: the rate of the whole.")) } } }
}
