//! EPCIS XML: no bytes make a reader panic; reading whole and event by event agree; JSON keeps every hash.

use epcis::{Limits, Target, WriteOptions, convert, hash_report, read, validate_report};

/// One input.
pub(crate) fn check(data: &[u8]) {
    // the first character decides which reader is used
    let data = &*[b"<", data].concat();
    let report = validate_report(data, "fuzz");
    let whole = read(data, Limits::default());
    assert_eq!(report.valid, whole.errors == 0);
    if let (Ok(hashes), Ok(json)) = (hash_report(data), convert(data, Target::Json, &WriteOptions::default()))
    {
        assert_eq!(hash_report(json.as_bytes()), Ok(hashes), "{json}");
    }
}
