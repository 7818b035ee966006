//! The one form of each name: prefixes expanded, identifiers canonical, CBV terms as bare words.

use crate::context::Context;
use crate::ident;
use crate::vocabulary::Vocabulary;
use std::borrow::Cow;

/// The form in which a URI of an event or query is compared: canonical Digital Link where it is a GS1 identifier, else
/// the full URI.
#[must_use]
pub fn key<'a>(context: &'a Context, value: &'a str) -> Cow<'a, str> {
    let full = context.expand_value(value);
    match ident::canonical(&full) {
        Some(canonical) => Cow::Owned(canonical),
        None => full,
    }
}

/// The form in which a vocabulary term is compared: the bare word of a standard term in any spelling, else the full URI.
#[must_use]
pub fn word<'a>(context: &'a Context, vocabulary: &Vocabulary, value: &'a str) -> Cow<'a, str> {
    match context.expand_value(value) {
        Cow::Borrowed(plain) => vocabulary.bare(plain),
        Cow::Owned(full) => Cow::Owned(vocabulary.bare(&full).into_owned()),
    }
}
