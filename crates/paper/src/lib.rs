//! Paper in and out: spreadsheets read and written, QR codes, official documents from templates, packages.
//!
//! Main types: [`sheet::SheetTable`] (a sheet as header and numbered rows), [`sheet::Columns`] (which columns are expected and
//! how their cells are read), [`document::Document`] (an official document in both languages), [`pdf::Paper`] (one as
//! PDF). Invariants: nothing here touches the network, nor files but the font of [`pdf::Face`] and the one given to
//! [`sheet::stream`]; a number is never changed on its way through; every refusal names the row, the column and the remedy in
//! both languages; HTML made here contains no unescaped data.

pub mod archive;
pub mod document;
pub mod letter;
pub mod pdf;
pub mod qr;
pub mod sheet;
