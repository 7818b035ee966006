//! The store through its public door, on every engine at hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attachments;
mod backup;
mod facade;
mod jobs;
mod lease;

use base::{IdGen, Instant};

/// Some time.
const NOW: Instant = Instant(1_788_220_800_000_000);

fn ids() -> IdGen {
    IdGen::new(1)
}
