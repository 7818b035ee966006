//! Spreadsheets that come in: ledgers, registers, cases. Read, and as a case where it looks like one.

use paper::sheet::{Limits, read};

/// One input.
pub(crate) fn check(bytes: &[u8]) {
    for name in ["ledger.csv", "ledger.xlsx"] {
        let Ok(tables) = read(bytes, name, &Limits::default()) else { continue };
        let tables: Vec<chain::outbreak::Table> = tables
            .iter()
            .map(|from| {
                let mut rows = vec![(from.header_line, from.header.clone())];
                rows.extend(
                    from.rows.iter().map(|r| (r.line, r.cells.iter().map(|c| c.text.clone()).collect())),
                );
                chain::outbreak::Table { name: from.name.clone(), rows }
            })
            .collect();
        std::hint::black_box(chain::outbreak::read_tables(&tables).is_ok());
    }
}
