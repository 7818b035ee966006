//! Spreadsheets in and out, QR codes, official documents.
