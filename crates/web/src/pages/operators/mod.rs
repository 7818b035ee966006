//! Operators as the authorities know them: list, everything known in time order, entry, import, and their sites.

mod credit;
mod edit;
mod import;
mod list;
mod own;
mod publication;
mod records;
mod show;
mod site;

pub(crate) use list::kinds_text;
pub(crate) use records::{licence_badge, licence_class};

use crate::fault::Fault;
use crate::state::App;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desk/credit/publication", get(publication::show))
        .route("/desk/operators", get(list::show))
        .route("/desk/operators/new", get(edit::show_new).post(edit::create))
        .route("/desk/operators/import", get(import::show))
        .route("/desk/operators/import/{what}", get(import::template).post(import::post))
        .route("/desk/operators/{id}", get(show::show))
        .route("/desk/operators/{id}/edit", get(edit::show).post(edit::change))
        .route("/desk/operators/{id}/{what}", post(edit::post))
        .route("/desk/sites/{id}", get(site::show))
        .route("/firm/licences", get(own::show_licences))
        .route("/firm/credit", get(own::show_credit))
}

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
