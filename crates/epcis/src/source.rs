//! Bytes that come from somewhere, with the place they have in the text.

use crate::problem::Position;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// A reader that knows line and column, and stops when one part of the text grows too long.
pub(crate) struct Counted<R> {
    inner: R,
    /// The place of the next byte.
    pub(crate) at: Position,
    /// Bytes that may still be read.
    pub(crate) allowance: u64,
}

impl<R> Counted<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self { inner, at: Position::START, allowance: u64::MAX }
    }
}

impl<R: Seek> Counted<R> {
    /// Goes to a byte whose place is known.
    pub(crate) fn go_to(&mut self, offset: u64, at: Position) -> io::Result<()> {
        self.inner.seek(SeekFrom::Start(offset))?;
        self.at = at;
        Ok(())
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(into.len());
        into[..count].copy_from_slice(&from[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.allowance == 0 && !self.inner.fill_buf()?.is_empty() {
            return Err(io::Error::other("one part of the text is too long"));
        }
        let most = usize::try_from(self.allowance).unwrap_or(usize::MAX);
        let found = self.inner.fill_buf()?;
        Ok(&found[..found.len().min(most)])
    }

    fn consume(&mut self, count: usize) {
        if let Ok(found) = self.inner.fill_buf() {
            self.at = self.at.after(&found[..count.min(found.len())]);
        }
        self.allowance = self.allowance.saturating_sub(count as u64);
        self.inner.consume(count);
    }
}
