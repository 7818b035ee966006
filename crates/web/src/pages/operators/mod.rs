//! Operators as the authorities know them: list, everything known in time order, entry, import, and their sites.

use crate::fault::Fault;
use axum::http::StatusCode;

impl From<registry::Error> for Fault {
    fn from(e: registry::Error) -> Self {
        let text = e.user_text();
        match (e, text) {
            (registry::Error::Store(e), _) => e.into(),
            (registry::Error::Denied(denied), _) => denied.into(),
            (registry::Error::Access(e), _) => e.into(),
            (registry::Error::NotFound(_), Some(text)) => Self::new(StatusCode::NOT_FOUND, text),
            (registry::Error::Invalid { field, .. }, Some(text)) => Self::bad(field, text),
            (registry::Error::Rows(rows), Some(text)) => {
                Self::bad("file", text).with_details(rows.iter().map(paper::sheet::RowError::text).collect())
            }
            (registry::Error::Sheet(_) | registry::Error::Header(_), Some(text)) => Self::bad("file", text),
            (other, _) => Self::internal(other),
        }
    }
}
