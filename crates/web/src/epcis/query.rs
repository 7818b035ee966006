//! Query parameters of the standard as a filter; a parameter nobody knows is refused, never ignored.

use super::refusal::Refused;
use base::{Instant, Text};
use epcis::ident::{item_key, place_key};
use epcis::vocabulary::{BIZ_STEP, DISPOSITION};
use epcis::{Problem, ProblemType};
use supply::EventFilter;

const KNOWN: &str = "eventType, GE_eventTime, LT_eventTime, EQ_action, EQ_bizStep, EQ_disposition, EQ_readPoint, \
    EQ_bizLocation, MATCH_anyEPC, MATCH_anyEPCClass, perPage, nextPageToken";
const TYPES: [&str; 5] =
    ["ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"];
const ACTIONS: [&str; 3] = ["ADD", "OBSERVE", "DELETE"];
/// Most rows a page gives.
pub(crate) const MOST: u32 = 1000;

fn wrong(name: &str, value: &str, remedy: Text) -> Refused {
    Problem::new(
        ProblemType::QueryParameter,
        name,
        Text::new(
            format!("参数 {name} 的值“{value}”不可用。"),
            format!("The parameter {name} cannot be '{value}'."),
        ),
        remedy,
    )
    .into()
}

fn one_of(name: &str, value: &str, words: &[&str]) -> Result<Option<String>, Refused> {
    if words.contains(&value) {
        return Ok(Some(value.to_owned()));
    }
    let list = words.join(", ");
    Err(wrong(name, value, Text::new(format!("请使用：{list}。"), format!("Use one of {list}."))))
}

fn time(name: &str, value: &str) -> Result<Option<Instant>, Refused> {
    // a plus sign that nobody encoded arrives as a space
    Instant::parse(&value.replace(' ', "+")).map(Some).map_err(|_| {
        wrong(
            name,
            value,
            Text::of(
                "请使用带时区的时间，如 2026-11-21T08:00:00+08:00（加号须编码为 %2B）。",
                "Use a time with its zone, like 2026-11-21T08:00:00+08:00 (encode the plus as %2B).",
            ),
        )
    })
}

/// Rows a page.
pub(crate) fn per_page(value: &str) -> Result<u32, Refused> {
    value.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(|| {
        wrong("perPage", value, Text::of("请填写 1 到 1000 的整数。", "Use a whole number from 1 to 1000."))
    })
}

/// The filter the parameters ask for.
pub(crate) fn filter(query: &[(String, String)]) -> Result<EventFilter, Refused> {
    let mut f = EventFilter::default();
    for (i, (name, value)) in query.iter().enumerate() {
        let list = value.contains(',') || value.contains('|') || query[..i].iter().any(|(n, _)| n == name);
        if list && name != "lang" {
            return Err(wrong(
                name,
                value,
                Text::of(
                    "目前每个参数只能给一个值；请分次查询。",
                    "One value each for now; ask once for every value.",
                ),
            ));
        }
        match name.as_str() {
            "eventType" => f.kind = one_of(name, value, &TYPES)?,
            "GE_eventTime" => f.from = time(name, value)?,
            "LT_eventTime" => f.until = time(name, value)?,
            "EQ_action" => f.action = one_of(name, value, &ACTIONS)?,
            "EQ_bizStep" => f.biz_step = Some(BIZ_STEP.bare(value).into_owned()),
            "EQ_disposition" => f.disposition = Some(DISPOSITION.bare(value).into_owned()),
            "EQ_readPoint" => f.read_point = Some(place_key(value)),
            "EQ_bizLocation" => f.biz_location = Some(place_key(value)),
            "MATCH_anyEPC" => f.item = Some(item_key(value).uri),
            "MATCH_anyEPCClass" => {
                let key = item_key(value);
                // a class with a lot is an item of its own; without, it is the product
                if key.lot().is_some() { f.item = Some(key.uri) } else { f.class = Some(key.uri) }
            }
            "perPage" => f.limit = per_page(value)?,
            "nextPageToken" => f.after = Some(value.clone()),
            "lang" => {}
            _ => {
                return Err(wrong(
                    name,
                    value,
                    Text::new(format!("可用的参数：{KNOWN}。"), format!("There are: {KNOWN}.")),
                ));
            }
        }
    }
    Ok(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &[(&str, &str)]) -> Result<EventFilter, Refused> {
        filter(&query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn names_of_the_standard_become_the_filter() {
        let f = ask(&[
            ("eventType", "ObjectEvent"),
            ("GE_eventTime", "2026-01-01T00:00:00 08:00"),
            ("EQ_bizStep", "https://ref.gs1.org/cbv/BizStep-shipping"),
            ("MATCH_anyEPCClass", "urn:epc:class:lgtin:4012345.012345.998877"),
            ("perPage", "7"),
        ])
        .unwrap();
        assert_eq!(f.kind.as_deref(), Some("ObjectEvent"));
        assert_eq!(f.biz_step.as_deref(), Some("shipping"));
        assert_eq!(f.item.as_deref(), Some("https://id.gs1.org/01/04012345123456/10/998877"));
        assert_eq!((f.limit, f.from.is_some()), (7, true));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (name, value) in [
            ("eventType", "Event"),
            ("EQ_color", "red"),
            ("GE_eventTime", "yesterday"),
            ("perPage", "0"),
            ("EQ_action", "ADD,DELETE"),
        ] {
            assert!(ask(&[(name, value)]).is_err(), "{name}={value}");
        }
        assert!(ask(&[("EQ_action", "ADD"), ("EQ_action", "ADD")]).is_err());
    }
}
