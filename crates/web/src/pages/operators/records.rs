//! What belongs to an operator, in short tables: licences with the check of their numbers, sites, products, people.

use super::list::status_badge;
use crate::map::region_name;
use crate::ui::{self, Tone};
use base::licence::class_name;
use base::{Date, Lang, LicenceNo};
use maud::{Markup, html};
use registry::licence::NumberCheck;
use registry::{Licence, LicenceStatus, Person, Product, Site};

fn none(lang: Lang) -> Markup {
    html! { p.soft { (lang.pick("没有登记。", "None entered.")) } }
}

/// Whether a licence allows business today, in a word.
pub(crate) fn licence_badge(lang: Lang, l: &Licence, today: Date) -> Markup {
    if l.status != LicenceStatus::Valid {
        return ui::badge(Tone::Bad, l.status.label().get(lang));
    }
    if l.in_force(today) {
        ui::badge(Tone::Ok, lang.pick("有效", "in force"))
    } else if l.expires.is_some_and(|d| d < today) {
        ui::badge(Tone::Bad, lang.pick("已过期", "expired"))
    } else {
        ui::badge(Tone::Warn, lang.pick("尚未生效", "not yet in force"))
    }
}

/// The class of a licence by its name, with the number it has in the catalogue.
pub(crate) fn licence_class(lang: Lang, l: &Licence) -> Markup {
    if l.class.is_empty() {
        return html! {};
    }
    // what the register says, else what the number itself says
    let named = LicenceNo::parse(&l.number).ok().and_then(|(n, _)| {
        let classes = [l.class.clone(), n.class()];
        classes.into_iter().find_map(|c| Some((class_name(n.kind(), &c)?, c)))
    });
    html! { " " span.small.soft { @match named {
        Some((name, class)) => { (name.get(lang)) " (" (class) ")" },
        None => { (lang.pick("类别 ", "class ")) (l.class) },
    } } }
}

/// Licences, a failed check digit shown beside its number.
pub(super) fn licences(lang: Lang, all: &[Licence], today: Date) -> Markup {
    html! { @if all.is_empty() { (none(lang)) } ul { @for l in all { li {
        code { (l.number) } " " (licence_badge(lang, l, today)) (licence_class(lang, l))
        div.small.soft {
            @if let Some(d) = l.issued { (lang.pick("发证 ", "issued ")) (d) " " }
            @if let Some(d) = l.expires { (lang.pick("有效期至 ", "until ")) (d) }
        }
        @if let Some(warning) = l.check.warning() { (ui::message(Tone::Warn, &html! { p { (warning.get(lang)) } })) }
        @if l.check == NumberCheck::None { div.small.soft { (lang.pick("地方编号，无校验位", "a local number without check digit")) } }
    } } } }
}

/// Sites as links.
pub(super) fn sites(lang: Lang, all: &[Site]) -> Markup {
    html! { @if all.is_empty() { (none(lang)) } ul { @for s in all { li {
        a href={ "/desk/sites/" (s.id) } { (s.name) } " " (status_badge(lang, s.status))
        div.small.soft { (region_name(lang, &s.region)) " " (s.address) @if let Some(gln) = &s.gln { " · GLN " (gln) } }
    } } } }
}

/// Products with their numbers.
pub(super) fn products(lang: Lang, all: &[Product]) -> Markup {
    html! { @if all.is_empty() { (none(lang)) } ul { @for p in all { li {
        (p.name) " " span.soft { (p.category) } @if !p.active { " " (ui::badge(Tone::Idle, lang.pick("停产", "no longer made"))) }
        @if let Some(gtin) = &p.gtin { div.small.soft { "GTIN " a href={ "/trace/scope?lot=" (ui::encode(&format!("https://id.gs1.org/01/{gtin}"))) } { (gtin) } } }
    } } } }
}

/// People, for those who may see them: names in part, identity numbers masked.
pub(super) fn people(lang: Lang, all: Option<&[Person]>) -> Markup {
    let Some(all) = all else {
        return html! { p.soft { (lang.pick("您无权查看人员信息。", "You may not see the people here.")) } };
    };
    html! { @if all.is_empty() { (none(lang)) } ul { @for p in all { li {
        (p.role.label().get(lang)) "：" (masked_name(&p.name)) " "
        @if let Some(number) = &p.number { code { (number) } " " }
        @if let Some(phone) = &p.phone { span.nowrap { (masked_phone(phone)) } " " }
        span.small.soft { (p.from) "–" @if let Some(to) = p.to { (to) } }
    } } } }
}

/// 王小明 → 王＊＊.
fn masked_name(name: &str) -> String {
    let mut chars = name.chars();
    let first: String = chars.next().into_iter().collect();
    first + &"＊".repeat(chars.count())
}

/// 13800001234 → 138****1234.
fn masked_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    if digits.len() < 8 {
        return "****".to_owned();
    }
    let (head, tail) = (&digits[..3], &digits[digits.len() - 4..]);
    format!("{}****{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Id;

    #[test]
    fn people_are_shown_masked() {
        assert_eq!(masked_name("王小明"), "王＊＊");
        assert_eq!(masked_phone("13800001234"), "138****1234");
        assert_eq!(masked_phone("12345"), "****");
    }

    #[test]
    fn a_licence_with_a_wrong_check_digit_is_shown_with_its_warning_and_an_expired_one_says_so() {
        let licence = Licence {
            id: Id(1),
            version: 1,
            operator: Id(2),
            site: None,
            number: "JY16201020000001".to_owned(),
            check: NumberCheck::Failed,
            class: "食品经营".to_owned(),
            issued: Some(Date::constant(2020, 1, 1)),
            expires: Some(Date::constant(2025, 1, 1)),
            status: LicenceStatus::Valid,
        };
        let shown = licences(Lang::Zh, &[licence], Date::constant(2026, 9, 1)).into_string();
        assert!(shown.contains("校验位不符") && shown.contains("已过期"), "{shown}");
    }
}
