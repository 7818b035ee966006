//! The worksheet of the bench: a line for each sample and analyte still without a result, ready to be filled in and
//! uploaded again.

use crate::fault::Answer;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::ListLinks;
use axum::extract::{RawQuery, State};
use std::sync::Arc;

/// `GET /lab/worksheet`. Right: view sample. The columns are those of the import; samples under way stand by their blind
/// numbers.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let links = ListLinks::read("/lab/worksheet", raw.as_deref(), "");
    let lines = app.lab.worksheet(&app.store, &viewer.who, app.now()).await?;
    let columns = lab::result_columns(false);
    let mut header = columns.template();
    header.extend(["食品", "状态"]);
    let mut sheet = crate::export::sheet("worksheet", &header);
    let blank = columns.template().len() - 2;
    for l in lines {
        let mut row = vec![l.number, l.analyte];
        row.extend(std::iter::repeat_n(String::new(), blank));
        row.extend([l.food, l.state.label().get(viewer.lang()).to_owned()]);
        sheet.rows.push(crate::export::texts(row));
    }
    crate::export::download(links.get("format").unwrap_or("xlsx"), &sheet)
}
