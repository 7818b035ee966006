//! Small pieces several pages share: clocks, departments, exact amounts.

use crate::ui::{self, Tone};
use base::clock::State;
use base::{Lang, Text};
use flow::view::Due;
use maud::{Markup, html};

/// How urgent a clock is: overdue, within a fifth of common periods (two units), or calm.
pub(crate) fn tone_of(due: &Due) -> Tone {
    match due.state {
        State::Overdue | State::MetLate => Tone::Bad,
        State::Met => Tone::Ok,
        State::Suspended => Tone::Idle,
        State::Running if due.left.amount <= 2 => Tone::Warn,
        State::Running => Tone::Info,
    }
}

/// What stands above everything of an exercise.
pub(crate) fn drill(lang: Lang, is_drill: bool) -> Markup {
    html! { @if is_drill { p.drill role="alert" { strong { "演练 DRILL" } " "
    (lang.pick("本页内容为演练，不是真实事件；不公开、不计入统计。", "Everything here belongs to an exercise and is not real; it is not published and no statistic counts it.")) } } }
}

/// A clock as a badge: what is left in words, the date, and whether the year's calendar is provisional.
pub(crate) fn clock_badge(lang: Lang, due: &Due) -> Markup {
    html! {
        span class={ "badge clock " (tone_of(due).class()) } title=(due.title.get(lang)) { (due.text.get(lang)) }
        @if let Some(date) = &due.date { " " time.small.soft datetime=(date) { (date) } }
        @if due.provisional { " " (ui::badge(Tone::Idle, lang.pick("暂定", "provisional"))) }
    }
}

/// The organ that signs for a department in a region.
pub(crate) fn organ_name(agency: &str, region: &str) -> Text {
    match (agency.parse::<base::Department>(), region.parse::<base::RegionCode>()) {
        (Ok(department), Ok(code)) => department.organ(&code),
        _ => Text::new(agency_name(Lang::Zh, agency), agency_name(Lang::En, agency)),
    }
}

/// A department's name.
pub(crate) fn agency_name(lang: Lang, code: &str) -> String {
    code.parse::<base::department::Department>()
        .map_or_else(|_| code.to_owned(), |d| d.name().get(lang).to_owned())
}
