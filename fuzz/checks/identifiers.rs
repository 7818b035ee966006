//! Identifiers: no panic, and a canonical form is its own canonical form.

use epcis::ident::{DigitalLink, canonical, decompress, item_key, place_key, scan};

/// One input.
pub(crate) fn check(text: &str) {
    if let Some(link) = canonical(text) {
        assert_eq!(canonical(&link).as_deref(), Some(&*link), "{text:?}");
    }
    std::hint::black_box((item_key(text), place_key(text)));
    if let Some(found) = scan(text) {
        std::hint::black_box(found.link());
    }
    if let Ok(link) = DigitalLink::read(text) {
        let path = link.path();
        let again = DigitalLink::read(&path).unwrap_or_else(|e| panic!("{text:?} became {path:?}: {e}"));
        assert_eq!(again.path(), path, "{text:?}");
        std::hint::black_box(link.levels());
    }
    if let Some(plain) = decompress(text) {
        let path = plain.split('?').next().unwrap_or_default();
        assert!(DigitalLink::read(path).is_ok(), "{text:?} became {plain:?}");
    }
    for length in 6..=12 {
        std::hint::black_box(epcis::ident::to_urn(text, length));
    }
}
