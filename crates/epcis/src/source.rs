//! Bytes that come from somewhere, with the place they have in the text; UTF-16 becomes UTF-8 on the way.

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

    /// Where the bytes come from.
    pub(crate) const fn inner(&self) -> &R {
        &self.inner
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

/// Reads what a source has in its buffer: the `Read` of whatever is a `BufRead` first.
fn read_buffered(source: &mut impl BufRead, into: &mut [u8]) -> io::Result<usize> {
    let from = source.fill_buf()?;
    let count = from.len().min(into.len());
    into[..count].copy_from_slice(&from[..count]);
    source.consume(count);
    Ok(count)
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, into)
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

/// Order of the two bytes of a unit of UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

/// What the first bytes of an XML text say of its encoding (XML 1.0, appendix F): the order of bytes and the length of
/// the byte-order mark; `None` for everything that is not UTF-16.
fn utf16(start: &[u8]) -> Option<(Order, usize)> {
    match start {
        [0xfe, 0xff, ..] => Some((Order::Big, 2)),
        [0xff, 0xfe, ..] => Some((Order::Little, 2)),
        [0, b'<', 0, ..] => Some((Order::Big, 0)),
        [b'<', 0, _, 0, ..] => Some((Order::Little, 0)),
        _ => None,
    }
}

/// Whether a text is XML in UTF-16.
pub(crate) fn is_utf16_markup(start: &[u8]) -> bool {
    let Some((order, mark)) = utf16(start) else { return false };
    let units = start[mark..].chunks_exact(2).map(|pair| match order {
        Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
        Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
    });
    units.into_iter().find(|unit| !matches!(unit, 0x09 | 0x0a | 0x0d | 0x20)) == Some(u16::from(b'<'))
}

/// A reader of XML that gives UTF-8 whether the text is UTF-8 or UTF-16, as every XML processor must (XML 1.0 §4.3.3).
pub(crate) struct Utf8<R> {
    inner: R,
    /// None before the first byte was looked at.
    encoding: Option<Option<Order>>,
    /// A byte, or the first half of a pair of surrogates, whose other half has not come.
    rest: Vec<u8>,
    text: Vec<u8>,
    taken: usize,
}

impl<R> Utf8<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self { inner, encoding: None, rest: Vec::new(), text: Vec::new(), taken: 0 }
    }

    /// Whether what was read is UTF-16.
    pub(crate) const fn is_utf16(&self) -> bool {
        matches!(self.encoding, Some(Some(_)))
    }
}

impl<R: BufRead> Utf8<R> {
    /// More text, when all of what there was is taken.
    fn refill(&mut self, order: Order) -> io::Result<()> {
        self.text.clear();
        self.taken = 0;
        while self.text.is_empty() {
            let found = self.inner.fill_buf()?;
            let count = found.len();
            if count == 0 {
                return if self.rest.is_empty() { Ok(()) } else { Err(no_utf16()) };
            }
            self.rest.extend_from_slice(found);
            self.inner.consume(count);
            let whole = self.rest.len() & !1;
            let mut units: Vec<u16> = self.rest[..whole]
                .chunks_exact(2)
                .map(|pair| match order {
                    Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
                    Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
                })
                .collect();
            if units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
                units.pop();
            }
            self.rest.drain(..units.len() * 2);
            for c in char::decode_utf16(units) {
                let c = c.map_err(|_| no_utf16())?;
                self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Ok(())
    }
}

fn no_utf16() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the text is not UTF-16, as it begins")
}

impl<R: BufRead> Read for Utf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, into)
    }
}

impl<R: BufRead> BufRead for Utf8<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => {
                let found = utf16(self.inner.fill_buf()?);
                self.inner.consume(found.map_or(0, |(_, mark)| mark));
                *self.encoding.insert(found.map(|(order, _)| order))
            }
        };
        let Some(order) = encoding else { return self.inner.fill_buf() };
        if self.taken == self.text.len() {
            self.refill(order)?;
        }
        Ok(&self.text[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        if self.is_utf16() {
            self.taken += count;
        } else {
            self.inner.consume(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn utf16_comes_out_as_utf8_however_it_is_cut() {
        let text = "<a>食安 é 😀</a>";
        for mark in [true, false] {
            for order in [Order::Big, Order::Little] {
                let bytes: Vec<u8> = mark
                    .then_some(0xfeff)
                    .into_iter()
                    .chain(text.encode_utf16())
                    .flat_map(
                        |unit| if order == Order::Big { unit.to_be_bytes() } else { unit.to_le_bytes() },
                    )
                    .collect();
                assert!(is_utf16_markup(&bytes));
                for size in [4, 5, 7, 8, 64] {
                    let mut out = String::new();
                    let mut reader = Utf8::new(BufReader::with_capacity(size, &*bytes));
                    reader.read_to_string(&mut out).unwrap();
                    assert_eq!(out, text, "{order:?}, {size} bytes at a time");
                }
                let broken = &bytes[..bytes.len() - 1];
                let read = Utf8::new(broken).read_to_string(&mut String::new());
                assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData);
            }
        }
    }

    #[test]
    fn utf8_goes_through_untouched() {
        for text in ["", "<", "<a/>", "\u{feff}<a/>", "{}"] {
            let mut out = String::new();
            Utf8::new(text.as_bytes()).read_to_string(&mut out).unwrap();
            assert_eq!(out, text);
            assert!(!is_utf16_markup(text.as_bytes()));
        }
    }
}
