//! The file of the trace index: a good one with some bytes changed, cut or added is refused or opened, and what was checked
//! answers without a panic.

use chain::{Bounds, Index, ItemId, Names, synthetic};
use std::sync::OnceLock;

static GOOD: OnceLock<Vec<u8>> = OnceLock::new();

/// One input.
pub(crate) fn check(edits: &[u8]) {
    let good = GOOD.get_or_init(|| {
        let steps: Vec<_> = synthetic::network(300, 1).take(120).collect();
        Index::build(Names::default(), &steps).to_bytes()
    });
    let mut bytes = good.clone();
    for edit in edits.chunks(4) {
        let [a, b, how, value] = *edit else { break };
        let at = (usize::from(a) << 8 | usize::from(b)) * 3 % bytes.len().max(1);
        match how % 8 {
            0 => bytes.truncate(at),
            1 => bytes.extend(std::iter::repeat_n(value, usize::from(b))),
            2 => bytes[at] ^= 1 << (value & 7),
            // the head and the table are where most can go wrong
            3..6 => {
                let head = bytes.len().min(512);
                bytes[at % head] = value;
            }
            _ => bytes[at] = value,
        }
        if bytes.is_empty() {
            break;
        }
    }
    if let Ok(index) = Index::from_bytes(&bytes) {
        for item in 0..20 {
            let bounds = Bounds { max_nodes: 500, max_depth: 20 };
            std::hint::black_box(index.spread(&[ItemId(item)], &[], bounds));
            std::hint::black_box(index.trace_back(ItemId(item), None, None, bounds));
        }
    }
}
