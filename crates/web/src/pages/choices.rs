//! Lists of choices that several pages offer: regions within a person's grants, words of the domain, dates.

use crate::fault::{Answer, Fault};
use access::Principal;
use base::region::{RegionCode, Regions};
use base::{Date, Lang, Text};

/// An open choice (`""`) followed by the given ones.
pub(crate) fn any(
    lang: Lang,
    none: &Text,
    choices: impl IntoIterator<Item = (&'static str, Text)>,
) -> Vec<(String, String)> {
    let mut out = vec![(String::new(), none.get(lang).to_owned())];
    out.extend(choices.into_iter().map(|(code, label)| (code.to_owned(), label.get(lang).to_owned())));
    out
}

/// "All".
pub(crate) const ALL: Text = Text::of("全部", "All");

/// The regions down to the counties within a person's grants, or of the whole province for everybody else.
pub(crate) fn regions(lang: Lang, who: &Principal, none: &Text) -> Vec<(String, String)> {
    let table = Regions::builtin();
    let mut tops: Vec<&str> = who.grants.iter().map(|g| g.region.as_str()).collect();
    if tops.is_empty() || tops.contains(&"") {
        // the nation has one province here
        tops = vec!["62"];
    }
    tops.sort_unstable();
    tops.dedup();
    let mut out = vec![(String::new(), none.get(lang).to_owned())];
    for top in tops {
        let Ok(code) = top.chars().take(6).collect::<String>().parse::<RegionCode>() else { continue };
        for region in table.within(&code).filter(|r| r.code.as_str().len() <= 6) {
            let indent = match region.code.as_str().len() {
                6 => "　",
                _ => "",
            };
            out.push((region.code.as_str().to_owned(), format!("{indent}{}", region.name.get(lang))));
        }
    }
    out
}

/// A date as a form or an address gives it; `None` when it was left empty. What is no date is said, never passed over.
pub(crate) fn date<'a>(given: impl Into<Option<&'a str>>) -> Result<Option<Date>, Text> {
    match given.into().map_or("", str::trim) {
        "" => Ok(None),
        text => paper::sheet::parse_date(text).map(Some),
    }
}

/// [`date`] of a field, by whose name a refusal is told.
pub(crate) fn day<'a>(field: &str, given: impl Into<Option<&'a str>>) -> Answer<Option<Date>> {
    date(given).map_err(|why| Fault::bad(field, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use access::{Grant, Role};

    #[test]
    fn an_officer_chooses_among_the_regions_of_the_own_grants_only() {
        let grant = Grant {
            role: Role::Officer,
            region: "6201".to_owned(),
            agency: "market".to_owned(),
            ceiling: 1,
            from: Date::constant(2026, 1, 1),
            to: None,
        };
        let who = Principal { grants: vec![grant], ..Principal::anonymous() };
        let all = regions(Lang::Zh, &who, &ALL);
        assert_eq!(all[0].0, "");
        assert!(all.len() > 5 && all.iter().skip(1).all(|(code, _)| code.starts_with("6201")), "{all:?}");
        assert!(regions(Lang::Zh, &Principal::anonymous(), &ALL).len() > 86);
    }

    #[test]
    fn a_date_is_read_as_people_write_it_and_nothing_else_is_guessed() {
        let first = Date::constant(2026, 9, 1);
        assert_eq!(date("2026-09-01"), Ok(Some(first)));
        assert_eq!(date(" 2026年9月1日 "), Ok(Some(first)));
        assert_eq!((date(""), date(None)), (Ok(None), Ok(None)));
        let fault = day("from", "soon").unwrap_err();
        assert_eq!(fault.field.as_deref(), Some("from"));
        assert!(fault.text.zh.contains("soon") && fault.text.en.contains("2026-09-02"), "{fault:?}");
    }
}
