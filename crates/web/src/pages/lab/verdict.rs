//! A verdict as people read it: the word, the limit and its clause, the reasons, and how far it may be relied on.

use crate::ui::{self, Tone};
use base::{Lang, Text};
use lab::{Conclusion, SampleState};
use limits::{Outcome, Status, Verdict};
use maud::{Markup, html};

/// How an outcome is meant.
pub(crate) const fn tone(outcome: &Outcome) -> Tone {
    match outcome {
        Outcome::Conform => Tone::Ok,
        Outcome::Nonconform | Outcome::Prohibited => Tone::Bad,
        Outcome::NotLimited | Outcome::Exempt => Tone::Idle,
        _ => Tone::Warn,
    }
}

/// The outcome with its marks: unverified basis, near the limit.
pub(crate) fn badges(lang: Lang, v: &Verdict) -> Markup {
    html! {
        (ui::badge(tone(&v.outcome), v.outcome.label().get(lang)))
        @if v.near_limit { " " (ui::badge(Tone::Warn, lang.pick("接近限量", "near the limit"))) }
        @if v.status == Status::Unverified && !v.standard.is_empty() { " " (ui::badge(Tone::Warn, lang.pick("依据待核", "basis unverified"))) }
    }
}

/// `GB 2762-2025 4.2 表2 大米 (gb2762-2025.31)`.
pub(crate) fn basis(v: &Verdict) -> String {
    if v.standard.is_empty() {
        return "—".to_owned();
    }
    let mut out = format!("{}-{} {}", v.standard, v.edition, v.clause);
    if !v.row_food.is_empty() {
        out.push(' ');
        out.push_str(&v.row_food);
    }
    if !v.rule.is_empty() {
        out.push_str(&format!(" ({})", v.rule));
    }
    out
}

/// The verdict whole: what was decided, by which row, and the steps that led there.
pub(crate) fn view(lang: Lang, v: &Verdict, open: bool) -> Markup {
    let mut rows = Vec::new();
    if let Some(limit) = &v.limit {
        rows.push((Text::of("限量", "Limit"), html! { strong { (limit.show(lang)) } }));
    }
    rows.push((Text::of("依据", "Basis"), html! { (basis(v)) }));
    if !v.position.is_empty() {
        rows.push((Text::of("食品归类", "Food class"), html! { (v.position) }));
    }
    if let Some(compared) = &v.compared {
        rows.push((Text::of("比较值", "Value compared"), html! { (compared) }));
    }
    html! {
        @match &v.outcome {
            Outcome::NeedsConfirmation { fact, question } => (ui::message(Tone::Warn, &html! { p { strong { (fact.label().get(lang)) } "：" (question.get(lang)) } })),
            Outcome::NotComparable { reason } | Outcome::DataError { reason } => (ui::message(Tone::Warn, &html! { p { (reason.get(lang)) } })),
            _ => {}
        }
        (ui::facts(lang, &rows))
        details open[open] { summary { (lang.pick("判定过程", "How it was decided")) }
            ol { @for step in &v.why { li { (step.text.get(lang)) } } }
            @for note in &v.footnotes { p.small { (lang.pick("注：", "Note: ")) (note) } }
            @if !v.losers.is_empty() {
                p.small { (lang.pick("考虑过但不适用的条款：", "Rows considered that do not apply:")) }
                ul.small { @for l in &v.losers { li { code { (l.rule) } " " (l.reason.get(lang)) } } }
            }
            p.small.soft { (lang.pick("判定程序 ", "Engine ")) (v.engine) " · " (lang.pick("规则 ", "rules ")) code { (v.rules) } }
        }
    }
}

/// A sample's state.
pub(crate) fn state_badge(lang: Lang, state: SampleState) -> Markup {
    let tone = match state {
        SampleState::Sealed | SampleState::Sent | SampleState::Received => Tone::Warn,
        SampleState::Refused => Tone::Bad,
        SampleState::Testing => Tone::Info,
        SampleState::Approved => Tone::Ok,
        SampleState::Submitted => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

/// What a report says.
pub(crate) fn conclusion_badge(lang: Lang, c: Conclusion) -> Markup {
    let tone = match c {
        Conclusion::Qualified | Conclusion::NoProblem => Tone::Ok,
        Conclusion::Unqualified | Conclusion::ProblemFound => Tone::Bad,
        Conclusion::Undecided => Tone::Warn,
    };
    ui::badge(tone, c.label().get(lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Date;
    use limits::{Case, Rules};

    #[test]
    fn a_failed_result_shows_limit_standard_edition_clause_row_and_reasons() {
        let case = Case::new("干面条", "铅", "0.36", "mg/kg", Date::constant(2026, 9, 10));
        let verdict = Rules::builtin().judge(&case);
        let shown = view(Lang::Zh, &verdict, true).into_string();
        let words = badges(Lang::Zh, &verdict).into_string();
        assert!(words.contains("不合格") && words.contains("badge bad"), "{words}");
        for part in ["0.2", "GB 2762-2025", &verdict.clause, &verdict.rule, "判定过程"] {
            assert!(shown.contains(part), "{part} is missing: {shown}");
        }
    }

    #[test]
    fn what_cannot_be_decided_is_never_shown_as_a_pass() {
        let case = Case::new("不存在的食品", "铅", "0.01", "mg/kg", Date::constant(2026, 9, 10));
        let verdict = Rules::builtin().judge(&case);
        assert_ne!(tone(&verdict.outcome), Tone::Ok, "{verdict:?}");
    }
}
