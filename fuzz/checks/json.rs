//! EPCIS JSON: no bytes make a reader panic; reading whole and event by event agree; XML keeps every hash.

use epcis::{Limits, Target, WriteOptions, convert, hash_report, read, validate_report};

/// One input.
pub(crate) fn check(data: &[u8]) {
    let report = validate_report(data, "fuzz");
    let whole = read(data, Limits::default());
    assert_eq!(report.valid, whole.errors == 0);
    if let (Ok(hashes), Ok(xml)) = (hash_report(data), convert(data, Target::Xml, &WriteOptions::default())) {
        assert_eq!(hash_report(xml.as_bytes()), Ok(hashes), "{xml}");
    }
}
