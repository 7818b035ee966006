//! Outbreak cases: FoodChain-Lab JSON, its old form, the plain layout and UTX. What is accepted is scored, written and read again.

use chain::outbreak::{Keep, read, write_tables, write_utx};

/// One input.
pub(crate) fn check(bytes: &[u8]) {
    for keep in [Keep::Document, Keep::Network] {
        let Ok(file) = read(bytes, keep) else { continue };
        for case in &file.cases {
            let scores = chain::score::score(&case.network);
            assert_eq!(scores.deliveries.len(), case.network.deliveries.len());
            let mut document = case.document().into_owned();
            document.set_scores(&scores);
            std::hint::black_box((write_tables(&document), write_utx(&document)));
        }
    }
}
