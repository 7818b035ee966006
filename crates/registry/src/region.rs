//! Region codes as they come in from forms and files.

use crate::Error;
use base::{RegionCode, Regions};

/// A region code in its short form (`620100` → `6201`); the county must exist.
pub(crate) fn checked(text: &str) -> Result<String, Error> {
    let invalid = |e: base::region::RegionError| Error::Invalid { field: "region", text: e.text() };
    let code: RegionCode = text.parse().map_err(invalid)?;
    if code.as_str().is_empty() {
        return Err(Error::invalid("region", "请填写行政区划代码", "a region code is required"));
    }
    Regions::builtin().find(code.county().as_str()).map_err(invalid)?;
    Ok(code.as_str().to_owned())
}
