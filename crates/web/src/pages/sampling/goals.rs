//! The targets the policy papers set for a region, with what they are reckoned from: every figure opens to its samples.

use super::percent;
use crate::fault::Answer;
use crate::layout::Viewer;
use crate::state::App;
use crate::ui::{self, Column, Tone};
use base::{Date, Decimal, Lang};
use lab::{Book, By, StatisticsFilter, Target};
use maud::{Markup, html};
use paper::sheet::Sheet;

/// A target with what has been reached of it.
pub(crate) struct Goal {
    rule: &'static Target,
    /// Reached, in words; `None` where nothing was counted yet.
    figure: Option<String>,
    /// Whether it is met; `None` where that cannot be said: nothing counted, or its interval holds the target.
    met: Option<bool>,
    numerator: i64,
    denominator: u64,
    /// The records of the numerator.
    counted: String,
    /// The records of the denominator; residents are none of ours.
    of: Option<String>,
}

/// The targets of a region in the year that runs, from the samples the viewer may see.
pub(crate) async fn goals(app: &App, viewer: &Viewer, region: &str) -> Answer<Vec<Goal>> {
    let book = Book::builtin();
    let (store, who, now) = (&app.store, &viewer.who, app.now());
    let year = now.china_date().year();
    let mut goals = Vec::new();
    if let Some(rule) = book.target("batches_per_1000") {
        let per = app.lab.per_thousand(store, region, year).await?;
        let (reported, people) = per.iter().fold((0, 0), |(n, p), c| (n + c.reported, p + c.people));
        let rate = (people > 0)
            .then(|| (Decimal::from(reported) * Decimal::from(1000) / Decimal::from(people)).round_dp(2));
        goals.push(Goal {
            rule,
            figure: rate.map(|r| r.to_string()),
            met: rate.map(|r| r >= rule.value),
            numerator: reported,
            denominator: people,
            counted: format!("/desk/samples?region={region}&reported={year}"),
            of: None,
        });
    }
    for (id, produce) in [("pass_rate_produce", true), ("pass_rate_food", false)] {
        let Some(rule) = book.target(id) else { continue };
        let from = Date::new(year, 1, 1).ok();
        let filter = StatisticsFilter {
            region: Some(region.to_owned()),
            produce: Some(produce),
            from,
            ..StatisticsFilter::default()
        };
        let rate = app.lab.rates(store, who, now, By::All, &filter).await?.into_iter().next();
        let goal: f64 = rule.value.try_into().unwrap_or(0.0);
        let word = if produce { "yes" } else { "no" };
        let open = format!("/desk/samples?counted=1&region={region}&produce={word}&from={year}-01-01");
        goals.push(Goal {
            rule,
            figure: rate.as_ref().map(|r| percent(r.pass)),
            met: rate.as_ref().and_then(|r| {
                if r.pass >= goal {
                    Some(true)
                } else if r.high < goal {
                    Some(false)
                } else {
                    None
                }
            }),
            numerator: rate.as_ref().map_or(0, |r| r.judged - r.failed),
            denominator: rate.as_ref().map_or(0, |r| r.judged.unsigned_abs()),
            counted: format!("{open}&reached=passed"),
            of: Some(format!("{open}&reached=concluded")),
        });
    }
    Ok(goals)
}

/// The target as a number people know.
fn wanted(rule: &Target) -> String {
    if rule.value < Decimal::ONE {
        format!("≥ {} %", (rule.value * Decimal::from(100)).normalize())
    } else {
        format!("≥ {}", rule.value.normalize())
    }
}

fn standing(lang: Lang, goal: &Goal) -> (Tone, &'static str) {
    match (goal.met, &goal.figure) {
        (Some(true), _) => (Tone::Ok, lang.pick("已达到", "met")),
        (Some(false), _) => (Tone::Bad, lang.pick("未达到", "not met")),
        (None, Some(_)) => (Tone::Warn, lang.pick("略低，尚不能断定", "just below, not certain")),
        (None, None) => (Tone::Idle, lang.pick("尚无数据", "no data yet")),
    }
}

/// The targets as a table.
pub(crate) fn table(lang: Lang, goals: &[Goal], year: i16) -> Markup {
    let version = Book::builtin().version();
    let rows: Vec<Vec<Markup>> = goals
        .iter()
        .map(|g| {
            let (tone, words) = standing(lang, g);
            let part = |n: String, to: Option<&String>| html! { @match to { Some(to) => a href=(to) { (n) }, None => (n) } };
            vec![
                html! { strong { (g.rule.title.get(lang)) } br; span.small.soft { (g.rule.note.get(lang)) } },
                html! { strong { (g.figure.as_deref().unwrap_or("—")) } },
                html! { (wanted(g.rule)) },
                html! { (ui::badge(tone, words)) },
                part(g.numerator.to_string(), Some(&g.counted).filter(|_| g.numerator > 0)),
                part(g.denominator.to_string(), g.of.as_ref().filter(|_| g.denominator > 0)),
                html! { span.small { (g.rule.basis) } @if g.rule.status != base::clock::Status::Verified { " " (ui::badge(Tone::Idle, lang.pick("条文待核", "wording unverified"))) } },
            ]
        })
        .collect();
    let title = lang.pick("目标完成情况", "Where the targets stand");
    html! { section {
        h2 { (title) " " span.soft { (year) } }
        (ui::table(lang, title, &[
            Column::text("指标", "Target"),
            Column::num("实绩", "Reached"),
            Column::num("目标", "Wanted"),
            Column::text("状态", "Standing"),
            Column::num("分子", "Numerator"),
            Column::num("分母", "Denominator"),
            Column::text("依据", "Basis"),
        ], &rows, None))
        p.small.soft {
            (lang.pick("合格率按当年抽取、已有结论的样品计算；95% 置信区间整个低于目标时才算未达到。规则版本 ", "Pass rates count samples taken this year that concluded; a target is missed only when the whole 95 % interval lies below it. Version of the rule "))
            code { (version) }
        }
    } }
}

/// The targets as a file.
pub(crate) fn sheet(lang: Lang, goals: &[Goal]) -> Sheet {
    let header =
        ["id", "title", "reached", "target", "standing", "numerator", "denominator", "basis", "rule_version"];
    let mut sheet = crate::export::sheet("targets", &header);
    for g in goals {
        sheet.rows.push(crate::export::texts([
            g.rule.id.clone(),
            g.rule.title.get(lang).to_owned(),
            g.figure.clone().unwrap_or_default(),
            g.rule.value.to_string(),
            standing(lang, g).1.to_owned(),
            g.numerator.to_string(),
            g.denominator.to_string(),
            g.rule.basis.clone(),
            Book::builtin().version(),
        ]));
    }
    sheet
}
