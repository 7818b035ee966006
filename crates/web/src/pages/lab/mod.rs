//! Samples and results: the laboratory's bench and, read only, the officers' view of the same records.

mod act;
pub(crate) mod correct;
mod entry;
mod import;
mod list;
mod register;
mod scope;
mod show;
pub(crate) mod verdict;
mod worksheet;

use crate::pages::choices;
use crate::session::Posted;
use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use base::{Date, Text};
use std::sync::Arc;

pub(super) use import::outcome_label;

pub(crate) const SAMPLE: Text = Text::of("样品", "sample");

/// Where a sample page hangs: it decides the links and whether the bench's forms are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// The laboratory.
    Bench,
    /// The officers' desk, read only.
    Desk,
}

impl Door {
    const fn path(self) -> &'static str {
        match self {
            Self::Bench => "/lab/samples",
            Self::Desk => "/desk/samples",
        }
    }
}

/// A day of a posted form; one that cannot be read is refused as a field of the sample.
pub(crate) fn day(posted: &Posted, field: &str, label: Text) -> Result<Option<Date>, lab::Error> {
    choices::date(posted.get(field))
        .map_err(|why| lab::Error::Invalid(vec![lab::Problem::new(field, label, posted.get(field), why)]))
}

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/lab/samples", get(list::bench))
        .route("/lab/samples/{id}", get(show::bench))
        .route("/lab/samples/{id}/{action}", post(act::post))
        .route("/lab/import", get(import::show_results).post(import::results))
        .route("/lab/worksheet", get(worksheet::show))
        .route("/lab/scope", get(scope::own))
        .route("/desk/samples", get(list::desk))
        .route("/desk/samples/new", get(register::show).post(register::post))
        .route("/desk/samples/import", get(import::show_samples).post(import::samples))
        .route("/desk/samples/{id}", get(show::desk))
        .route("/desk/laboratories", get(scope::list))
        .route("/desk/laboratories/{id}", get(scope::show).post(scope::replace))
}
