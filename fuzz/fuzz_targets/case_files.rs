//! Outbreak cases: FoodChain-Lab JSON, its old form, the plain layout and UTX. What is accepted is scored, written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = chain::outbreak::read(bytes) else { return };
    for case in &file.cases {
        let scores = chain::score::score(&case.network);
        assert_eq!(scores.deliveries.len(), case.network.deliveries.len());
        let mut document = case.document().into_owned();
        document.set_scores(&scores);
        std::hint::black_box((
            chain::outbreak::write_tables(&document),
            chain::outbreak::write_utx(&document),
        ));
    }
});
