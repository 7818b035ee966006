//! Parameters of the SimpleEventQuery, as an address has them and as a named query.

use epcis::query::Query;
use epcis::{Context, Limits, Syntax};

/// One input.
pub(crate) fn check(text: &str) {
    let context = Context::standard(Syntax::Json);
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    if let Ok(query) = Query::from_pairs(pairs, &context) {
        std::hint::black_box(query.identity());
    }
    if let Ok(node) = epcis::parse(text.as_bytes(), &Limits::default())
        && let Ok(query) = Query::from_json(&node, &context)
    {
        std::hint::black_box(query.identity());
    }
}
