//! Bounds on one input, so that no sender can exhaust the machine.

use crate::problem::{Problem, ProblemType};
use base::Text;

/// What one document may carry, and how strictly the rules beyond the schema are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document; for a [`crate::Stream`] bytes of the frame and of one event.
    pub bytes: usize,
    /// Events of one document.
    pub events: usize,
    /// Levels of nested objects, arrays or elements; the official examples need 12. At most 512 is sensible: the
    /// reader recurses.
    pub depth: usize,
    /// Problems collected before reading stops.
    pub problems: usize,
    /// Whether rules of the conformance tests that official example documents themselves break (TCR-53 step 29, M122)
    /// refuse an event; when false they give advice only.
    pub strict: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, events: 100_000, depth: 64, problems: 100, strict: false }
    }
}

impl Limits {
    /// Refuses an input that is too long.
    pub(crate) fn check_bytes(&self, bytes: usize) -> Result<(), Box<Problem>> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(Box::new(Problem::new(
            ProblemType::CaptureLimitExceeded,
            "",
            Text::new(
                format!("文件有 {bytes} 字节，上限为 {} 字节。", self.bytes),
                format!("The document has {bytes} bytes; the limit is {}.", self.bytes),
            ),
            Text::of("请分成几个较小的文件提交。", "Send it in several smaller documents."),
        )))
    }

    /// Refuses a document with too many events.
    pub(crate) fn check_events(&self, events: usize, pointer: String) -> Result<(), Box<Problem>> {
        if events <= self.events {
            return Ok(());
        }
        Err(Box::new(Problem::new(
            ProblemType::CaptureLimitExceeded,
            pointer,
            Text::new(
                format!("文件含 {events} 个事件，上限为 {} 个。", self.events),
                format!("The document has {events} events; the limit is {}.", self.events),
            ),
            Text::of("请分成几个较小的文件提交。", "Send it in several smaller documents."),
        )))
    }
}
