//! The one form of each name: prefixes expanded, identifiers canonical, CBV terms as bare words.

use crate::context::Context;
use crate::ident;
use crate::vocabulary::Vocabulary;
use std::borrow::Cow;

/// The value with its prefix, if it has one, replaced by the namespace. The prefixes of an XML document count too, so that
/// an event compares alike before and after it was stored as JSON.
fn full<'a>(context: &Context, value: &'a str) -> Cow<'a, str> {
    match context.resolve(value) {
        Some((namespace, local)) => Cow::Owned(format!("{namespace}{local}")),
        None => Cow::Borrowed(value),
    }
}

/// The form in which a URI of an event or query is compared: canonical Digital Link where it is a GS1 identifier, else
/// the full URI.
#[must_use]
pub fn key<'a>(context: &Context, value: &'a str) -> Cow<'a, str> {
    let full = full(context, value);
    match full {
        Cow::Borrowed(full) => ident::canonical_form(full).unwrap_or(Cow::Borrowed(full)),
        Cow::Owned(full) => ident::canonical(&full).unwrap_or(full).into(),
    }
}

/// The form in which a vocabulary term is compared: the bare word of a standard term in any spelling, else the full URI.
#[must_use]
pub fn word<'a>(context: &Context, vocabulary: &Vocabulary, value: &'a str) -> Cow<'a, str> {
    match full(context, value) {
        Cow::Borrowed(plain) => vocabulary.bare(plain),
        Cow::Owned(full) => Cow::Owned(vocabulary.bare(&full).into_owned()),
    }
}
