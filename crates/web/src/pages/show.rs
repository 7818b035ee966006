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

/// Steps and kinds of events in the words of people who know no standard; the names are those of CBV 2.0, business steps.
const STEPS: &[(&str, Text)] = &[
    ("accepting", Text::of("验收", "accepted")),
    ("arriving", Text::of("到达", "arrived")),
    ("commissioning", Text::of("赋码", "code given")),
    ("creating_class_instance", Text::of("赋批次", "lot begun")),
    ("decommissioning", Text::of("停用编码", "code retired")),
    ("departing", Text::of("发运", "departed")),
    ("destroying", Text::of("销毁", "destroyed")),
    ("dispensing", Text::of("配发", "dispensed")),
    ("holding", Text::of("暂存待查", "held back")),
    ("inspecting", Text::of("查验", "inspected")),
    ("loading", Text::of("装车", "loaded")),
    ("packing", Text::of("包装", "packed")),
    ("picking", Text::of("拣货", "picked")),
    ("receiving", Text::of("收货", "received")),
    ("retail_selling", Text::of("零售", "sold")),
    ("returning", Text::of("退货", "returned")),
    ("sampling", Text::of("取样", "sampled")),
    ("shipping", Text::of("发货", "shipped")),
    ("stocking", Text::of("上架", "put on the shelf")),
    ("storing", Text::of("入库", "stored")),
    ("transforming", Text::of("加工", "made into something else")),
    ("transporting", Text::of("运输", "transported")),
    ("unloading", Text::of("卸货", "unloaded")),
    ("unpacking", Text::of("拆包", "unpacked")),
    ("void_shipping", Text::of("撤销发货", "shipment withdrawn")),
    ("ObjectEvent", Text::of("记录", "observed")),
    ("AggregationEvent", Text::of("装箱、组托", "put together")),
    ("TransactionEvent", Text::of("交易", "transaction")),
    ("TransformationEvent", Text::of("加工", "made into something else")),
    ("AssociationEvent", Text::of("关联", "linked")),
];

/// What an event did: its step, or its kind when it names none. What the vocabulary has no word for is shown as it was sent.
pub(crate) fn step_name(lang: Lang, step: Option<&str>, kind: &str) -> String {
    let said = step.unwrap_or(kind);
    let word = said.rsplit([':', '/', '#', '-']).next().unwrap_or(said);
    let known = STEPS.iter().find(|(code, _)| *code == word);
    known.map_or_else(|| said.to_owned(), |(_, words)| words.get(lang).to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_said_in_words_and_one_without_words_as_it_was_sent() {
        assert_eq!(step_name(Lang::Zh, Some("retail_selling"), "ObjectEvent"), "零售");
        assert_eq!(step_name(Lang::En, Some("urn:epcglobal:cbv:bizstep:shipping"), "ObjectEvent"), "shipped");
        assert_eq!(
            step_name(Lang::En, Some("https://ref.gs1.org/cbv/BizStep-receiving"), "ObjectEvent"),
            "received"
        );
        assert_eq!(step_name(Lang::Zh, None, "TransformationEvent"), "加工");
        assert_eq!(
            step_name(Lang::Zh, Some("https://example.org/drying"), "ObjectEvent"),
            "https://example.org/drying"
        );
    }
}
