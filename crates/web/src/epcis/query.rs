//! What the parameters of an address ask for: the query of the standard, and the page wanted of its answer.

use super::message;
use super::refusal::{Refusal, Refused};
use crate::session::urlencoded;
use axum::http::HeaderMap;
use base::Text;
use epcis::query::{Query, extensions};
use epcis::{Context, Problem, ProblemType, Problems, Syntax};

/// Most rows a page gives.
pub(crate) const MOST: u32 = 1000;
/// Rows a page unless said: the default of the standard.
const PAGE: u32 = 30;

/// A query and its page.
pub(super) struct Asked {
    pub(super) query: Query,
    pub(super) per_page: u32,
    pub(super) token: Option<String>,
    /// The parameters as given, for the link to the next page.
    pub(super) pairs: Vec<(String, String)>,
}

pub(super) fn wrong(name: &str, value: &str, remedy: Text) -> Refused {
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

/// Rows a page.
pub(crate) fn per_page(value: &str) -> Result<u32, Refused> {
    value.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(|| {
        wrong("perPage", value, Text::of("请填写 1 到 1000 的整数。", "Use a whole number from 1 to 1000."))
    })
}

/// Every problem, as one refusal.
pub(super) fn refused(problems: Problems) -> Refused {
    Refusal::new(problems.0).into()
}

/// The prefixes the caller declares in `GS1-Extensions`.
pub(super) fn prefixes(headers: &HeaderMap) -> Result<Context, Refused> {
    match message::text(headers, "gs1-extensions") {
        None => Ok(Context::standard(Syntax::Json)),
        Some(value) => extensions(value).map_err(|p| Refused::from(*p)),
    }
}

/// Reads the parameters of an address.
pub(super) fn read(raw: Option<&str>, headers: &HeaderMap) -> Result<Asked, Refused> {
    let pairs = urlencoded(raw.unwrap_or_default().as_bytes());
    let (mut rows, mut token) = (PAGE, None);
    let mut rest: Vec<(&str, String)> = Vec::new();
    for (name, value) in &pairs {
        match name.as_str() {
            "perPage" => rows = per_page(value)?,
            "nextPageToken" => token = Some(value.clone()),
            "lang" => {}
            // a plus sign that nobody encoded arrives as a space
            _ if name.ends_with("Time") => rest.push((name, value.replace(' ', "+"))),
            _ => rest.push((name, value.clone())),
        }
    }
    let context = prefixes(headers)?;
    let query = Query::from_pairs(rest.iter().map(|(n, v)| (*n, v.as_str())), &context).map_err(refused)?;
    Ok(Asked { query, per_page: rows, token, pairs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_is_taken_out_and_the_rest_is_the_query() {
        let asked = read(
            Some("eventType=ObjectEvent&GE_eventTime=2026-01-01T00:00:00+08:00&perPage=7&nextPageToken=x&lang=en"),
            &HeaderMap::new(),
        )
        .unwrap_or_else(|_| panic!("a good query"));
        assert_eq!((asked.per_page, asked.token.as_deref()), (7, Some("x")));
        assert_eq!(asked.query.conditions().len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for raw in ["EQ_color=red", "GE_eventTime=yesterday", "perPage=0", "perPage=1001", "EQ_action=EAT"] {
            assert!(read(Some(raw), &HeaderMap::new()).is_err(), "{raw}");
        }
    }

    #[test]
    fn prefixes_of_extension_fields_come_with_the_header() {
        assert!(read(Some("EQ_ex:shift=night"), &HeaderMap::new()).is_err());
        let mut headers = HeaderMap::new();
        headers.insert("gs1-extensions", "ex=https://example.org/".parse().unwrap());
        assert!(read(Some("EQ_ex:shift=night"), &headers).is_ok());
    }
}
