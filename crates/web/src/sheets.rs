//! Spreadsheets that people send: read beside the async threads and before a transaction begins. A file of half a megabyte may
//! unpack to two hundred.

use crate::aside::aside;
use crate::fault::Answer;
use crate::session::Upload;
use base::Text;
use paper::sheet::Workbook;

/// Reads what was sent; `Err` is the message for the person who sent it.
///
/// # Errors
/// As [`aside`].
pub(crate) async fn read(file: &Upload) -> Answer<Result<Workbook, Text>> {
    let (name, bytes) = (file.name.clone(), file.bytes.clone());
    aside(move || Workbook::read(&bytes, &name).map_err(|e| e.text())).await
}
