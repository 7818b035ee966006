//! An operator's grades and the lines of its credit file.

use crate::ui::{self, Tone};
use base::{Date, Lang, Text};
use maud::{Markup, html};
use registry::CreditEntry;

/// What a kind of line is called.
fn kind(word: &str) -> Text {
    match word {
        "inspection" => Text::of("监督检查", "inspection"),
        "penalty" => Text::of("行政处罚", "penalty"),
        "severe" => Text::of("严重违法失信名单", "list of severe violations"),
        "interview" => Text::of("约谈", "interview"),
        "crime" => Text::of("刑事裁判", "criminal judgment"),
        "risk_grade" => Text::of("风险分级", "risk grading"),
        "risk" => Text::of("风险等级", "risk grade"),
        "credit" => Text::of("信用等级", "credit grade"),
        other => Text::new(other, other),
    }
}

/// Grades first, then the lines, newest first; what no longer counts says so.
pub(super) fn file(
    lang: Lang,
    lines: &[CreditEntry],
    grades: &[(String, String, Date)],
    today: Date,
) -> Markup {
    html! {
        @for (word, grade, since) in grades { p { (kind(word).get(lang)) " " (ui::badge(Tone::Info, grade)) " " span.small.soft { (lang.pick("自 ", "since ")) (since) } } }
        @if lines.is_empty() { p.soft { (lang.pick("没有记录。", "Nothing entered.")) } }
        ul { @for e in lines { li {
            (e.happened) " " (kind(&e.kind).get(lang)) " "
            @if !e.counts(today) { (ui::badge(Tone::Idle, lang.pick("已结束", "ended"))) }
            div.small { (e.text) @if let Some(d) = e.until { " " span.soft { (lang.pick("至 ", "until ")) (d) } } }
            @if let Some(m) = e.matter { div.small { a href={ "/desk/matters/" (m) } { (lang.pick("来源办件", "the matter")) } } }
        } } }
    }
}
