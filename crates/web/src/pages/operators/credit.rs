//! An operator's grades and the lines of its credit file.

use crate::ui::{self, Tone};
use base::{Date, Lang, Text};
use maud::{Markup, html};
use registry::credit::{CREDIT, classify};
use registry::{Ban, CreditEntry};

/// What a kind of line is called.
fn kind(word: &str) -> Text {
    match word {
        "inspection" => Text::of("监督检查", "inspection"),
        "penalty" => Text::of("行政处罚", "penalty"),
        "severe" => Text::of("严重违法失信名单", "list of severe violations"),
        "interview" => Text::of("约谈", "interview"),
        "crime" => Text::of("刑事裁判", "criminal judgment"),
        "failed_sample" => Text::of("抽检不合格", "failed sample"),
        "recall" => Text::of("食品召回", "recall"),
        "complaint" => Text::of("投诉调解", "complaint settled"),
        "risk_grade" => Text::of("风险分级", "risk grading"),
        "risk" => Text::of("风险等级", "risk grade"),
        "credit" => Text::of("信用等级", "credit grade"),
        other => Text::new(other, other),
    }
}

/// The professional bans in force, on the operator or on somebody who works there; of a person only that there is one.
pub(super) fn bans(lang: Lang, bans: &[Ban]) -> Markup {
    html! { @for b in bans { (ui::message(Tone::Bad, &html! { p {
        strong { (lang.pick("从业禁止", "Professional ban")) } " "
        @if b.person { (lang.pick("（本单位有人员被禁止从业）", "(of a person who works here)")) " " }
        (b.from) " – " @match b.to { Some(d) => (d), None => (lang.pick("终身", "for life")) } " · " (b.basis)
    } })) } }
}

/// Grades first, then the lines, newest first; what no longer counts says so.
pub(super) fn file(
    lang: Lang,
    lines: &[CreditEntry],
    grades: &[(String, String, Date)],
    today: Date,
) -> Markup {
    html! {
        (class(lang, lines, today))
        @for (word, grade, since) in grades.iter().filter(|(word, ..)| word != CREDIT) { p { (kind(word).get(lang)) " " (ui::badge(Tone::Info, grade)) " " span.small.soft { (lang.pick("自 ", "since ")) (since) } } }
        @if lines.is_empty() { p.soft { (lang.pick("没有记录。", "Nothing entered.")) } }
        ul { @for e in lines { li {
            (e.happened) " " (kind(&e.kind).get(lang)) " "
            @if !e.counts(today) { (ui::badge(Tone::Idle, lang.pick("已结束", "ended"))) }
            div.small { (e.text) @if let Some(d) = e.until { " " span.soft { (lang.pick("至 ", "until ")) (d) } } }
            @if let Some(m) = e.matter { div.small { a href={ "/desk/matters/" (m) } { (lang.pick("来源办件", "the matter")) } } }
        } } }
    }
}

/// The class today, what made it and what it means.
fn class(lang: Lang, lines: &[CreditEntry], today: Date) -> Markup {
    let Some(s) = classify(lines, today) else { return html! {} };
    let tone = match s.class.grade.as_str() {
        "A" => Tone::Ok,
        "B" => Tone::Info,
        "C" => Tone::Warn,
        _ => Tone::Bad,
    };
    html! {
        p #credit-class { (lang.pick("信用等级", "Credit class")) " " (ui::badge(tone, &s.class.grade)) " " (s.class.title.get(lang)) " · " (s.points) " " (lang.pick("分", "points")) }
        @if !s.reasons.is_empty() { ul.small { @for r in &s.reasons { li { (r.happened) " " (r.title.get(lang)) " +" (r.points) " " span.soft { (lang.pick("计至 ", "counts until ")) (r.until) } } } } }
        p.small.soft {
            (lang.pick("检查频次为常规的 ", "Inspected ")) (s.class.times) (lang.pick(" 倍；", " times as often as usual; "))
            (if s.class.promise { lang.pick("可以适用告知承诺。", "licences on undertaking are open.") } else { lang.pick("不适用告知承诺。", "no licence on undertaking.") })
            " " (s.edition.document)
            @if s.edition.status == base::clock::Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
        }
    }
}
