//! Complaints and reports that may be the same: the same respondent, the same day, nearly the same words. A suggestion; the desk
//! looks and merges, or does not.

use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::state::App;
use crate::ui;
use base::Lang;
use flow::view::{Candidate, MatterView};
use maud::{Markup, html};
use serde_json::{Map, Value as Json};
use signal::text::{grams, jaccard};

/// The procedures that are compared with each other.
const COMPARED: [&str; 2] = ["complaint", "report"];
/// Characters of an n-gram.
const GRAM: usize = 2;
/// Jaccard coefficient from which texts are near duplicates whoever they are about, and about the same respondent.
const NEAR: f64 = 0.5;
const SAME_RESPONDENT: f64 = 0.2;
/// Suggestions shown.
const SHOWN: usize = 8;

fn fact<'a>(facts: &'a Map<String, Json>, name: &str) -> &'a str {
    facts.get(name).and_then(Json::as_str).map_or("", str::trim)
}

/// Why two may be the same, and how near their words are; `None` when nothing speaks for it.
fn resemblance(lang: Lang, a: &Map<String, Json>, b: &Map<String, Json>) -> Option<(f64, Vec<String>)> {
    let words = jaccard(&grams(fact(a, "what"), GRAM), &grams(fact(b, "what"), GRAM));
    let same = |name: &str| !fact(a, name).is_empty() && fact(a, name) == fact(b, name);
    let (respondent, day) = (same("respondent"), same("happened_on"));
    if !(words >= NEAR || (respondent && (day || words >= SAME_RESPONDENT))) {
        return None;
    }
    let mut why = Vec::new();
    if respondent {
        why.push(lang.pick("同一被诉、被举报人", "same respondent").to_owned());
    }
    if day {
        why.push(lang.pick("同一天", "same day").to_owned());
    }
    why.push(format!("{} {:.0}%", lang.pick("文字相似", "words alike"), words * 100.0));
    Some((words, why))
}

/// The section of a matter page; nothing for other procedures or when nothing resembles it.
pub(super) async fn section(app: &App, viewer: &Viewer, m: &MatterView) -> Answer<Markup> {
    if !COMPARED.contains(&m.procedure.as_str()) {
        return Ok(html! {});
    }
    let lang = viewer.lang();
    let merges = m.actions.iter().any(|a| a.id == "merge" && a.refusal.is_none());
    let (who, now) = (&viewer.who, app.now());
    let all = flow::view::candidates(&app.store, &app.engine, &app.access, who, now, m.id, &COMPARED).await?;
    let mut near: Vec<(f64, Vec<String>, &Candidate)> = all
        .iter()
        .filter_map(|c| resemblance(lang, &m.all_facts, &c.facts).map(|(n, why)| (n, why, c)))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.2.id.cmp(&a.2.id)));
    near.truncate(SHOWN);
    Ok(html! { @if !near.is_empty() { section.card #alike {
        h2 { (lang.pick("可能是同一事项", "These may be the same")) }
        p.small.soft { (lang.pick("仅为提示，由承办人核对；确为同一事项的，可以合并办理，合并可以撤销。", "A hint only: compare them; what is the same can be merged, and a merge can be undone.")) }
        ul { @for (_, why, c) in &near { li {
            a href={ "/desk/matters/" (c.id) } { (c.title.get(lang)) } " " (ui::badge(ui::Tone::Info, c.state.get(lang))) " " (c.opened_at.china_date())
            div.small.soft { (why.join(lang.pick("；", "; "))) " · " (lang.pick("编号 ", "number ")) code { (c.id) } }
            @if merges && c.procedure == m.procedure { form.filters method="post" action={ "/desk/matters/" (m.id) "/merge" } { (layout::csrf(viewer))
                input type="hidden" name="version" value=(m.version);
                input type="hidden" name="same" value=(c.id);
                (ui::input(&ui::Field { name: "reason", id: &format!("merge-{}", c.id), label: lang.pick("合并理由", "Why merge"), required: true, ..Default::default() }))
                button.plain { (lang.pick("并入这一件", "Merge into this one")) } } }
        } } }
    } } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_words_or_the_same_respondent_on_the_same_day_are_suggested() {
        let lead = |respondent: &str, what: &str, day: &str| {
            json!({ "respondent": respondent, "what": what, "happened_on": day }).as_object().unwrap().clone()
        };
        let first = lead("虚构超市", "夜间更改产品生产日期", "2026-11-18");
        for (other, expected, why) in [
            (lead("另一店", "夜间更改产品的生产日期！", ""), true, "nearly the same words"),
            (lead("虚构超市", "销售过期饼干", "2026-11-18"), true, "same respondent, same day"),
            (lead("虚构超市", "缺斤短两", "2026-11-01"), false, "same respondent, another thing"),
            (lead("另一店", "缺斤短两", "2026-11-18"), false, "same day only"),
        ] {
            assert_eq!(resemblance(Lang::Zh, &first, &other).is_some(), expected, "{why}");
        }
    }
}
