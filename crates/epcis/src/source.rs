//! Bytes that come from somewhere, with the place they have in the text; UTF-16 and GBK become UTF-8 on the way.

use crate::problem::Position;
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, GBK, UTF_16BE, UTF_16LE};
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

/// Bytes in which an XML declaration ends, as a rule long before.
const DECLARATION: usize = 400;

/// The order of bytes of UTF-16 and the length of its byte-order mark, as the first bytes of an XML text tell (XML 1.0, appendix
/// F); `None` for everything else.
fn utf16(start: &[u8]) -> Option<(&'static Encoding, usize)> {
    match start {
        [0xfe, 0xff, ..] => Some((UTF_16BE, 2)),
        [0xff, 0xfe, ..] => Some((UTF_16LE, 2)),
        [0, b'<', 0, ..] => Some((UTF_16BE, 0)),
        [b'<', 0, _, 0, ..] => Some((UTF_16LE, 0)),
        _ => None,
    }
}

/// GBK and GB 18030, whose first half it is, where the declaration of an XML text names one of them.
fn national(start: &[u8]) -> Option<&'static Encoding> {
    let declaration = start.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, _) = value[1..].split_once(quote)?;
    Encoding::for_label(name.as_bytes()).filter(|e| *e == GBK || *e == GB18030)
}

/// Whether a text is XML in UTF-16.
pub(crate) fn is_utf16_markup(start: &[u8]) -> bool {
    let Some((order, mark)) = utf16(start) else { return false };
    let units = start[mark..].chunks_exact(2).map(|pair| match order == UTF_16BE {
        true => u16::from_be_bytes([pair[0], pair[1]]),
        false => u16::from_le_bytes([pair[0], pair[1]]),
    });
    units.into_iter().find(|unit| !matches!(unit, 0x09 | 0x0a | 0x0d | 0x20)) == Some(u16::from(b'<'))
}

/// A reader of XML that gives UTF-8 whether the text is UTF-8 or UTF-16, as every XML processor must (XML 1.0 §4.3.3), or GBK or
/// GB 18030, in which systems here write.
pub(crate) struct Utf8<R> {
    inner: R,
    source: Source,
    /// What was looked at, or decoded, and not taken yet.
    text: Vec<u8>,
    taken: usize,
}

/// What the bytes are.
enum Source {
    /// Nobody has looked.
    Unknown,
    /// UTF-8, as far as it says.
    Plain,
    Coded(Decoder),
    /// Decoded to its end.
    Ended(&'static Encoding),
}

impl<R> Utf8<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self { inner, source: Source::Unknown, text: Vec::new(), taken: 0 }
    }

    /// What it is decoded from; none when it is taken for UTF-8.
    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        match &self.source {
            Source::Unknown | Source::Plain => None,
            Source::Coded(decoder) => Some(decoder.encoding()),
            Source::Ended(encoding) => Some(encoding),
        }
    }
}

impl<R: BufRead> Utf8<R> {
    /// Looks at the start of the text, as far as it tells what it is written in.
    fn begin(&mut self) -> io::Result<()> {
        let mut start = Vec::new();
        while start.len() < DECLARATION && !tells(&start) {
            let found = self.inner.fill_buf()?;
            let count = found.len().min(DECLARATION - start.len());
            if count == 0 {
                break;
            }
            start.extend_from_slice(&found[..count]);
            self.inner.consume(count);
        }
        let found = utf16(&start).or_else(|| national(&start).map(|encoding| (encoding, 0)));
        let Some((encoding, mark)) = found else {
            self.source = Source::Plain;
            self.text = start;
            return Ok(());
        };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        decode(&mut decoder, &start[mark..], false, &mut self.text)?;
        self.source = Source::Coded(decoder);
        Ok(())
    }

    /// More text, when all of what there was is taken.
    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.taken = 0;
        while self.text.is_empty() {
            let Source::Coded(decoder) = &mut self.source else { return Ok(()) };
            let found = self.inner.fill_buf()?;
            let (count, is_last) = (found.len(), found.is_empty());
            decode(decoder, found, is_last, &mut self.text)?;
            if is_last {
                self.source = Source::Ended(decoder.encoding());
            }
            self.inner.consume(count);
        }
        Ok(())
    }
}

/// Whether the start of a text is enough to tell what it is written in.
fn tells(start: &[u8]) -> bool {
    let known = start.len().min(5);
    start.len() >= 4
        && (utf16(start).is_some()
            || start[..known] != b"<?xml"[..known]
            || start.windows(2).any(|pair| pair == b"?>"))
}

/// Whether bytes that are said to be GBK are UTF-8, as when a file was saved anew and its first line left as it was: then two
/// Chinese characters read as three others, and nothing else would tell.
fn is_utf8(bytes: &[u8]) -> bool {
    let cut = bytes.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
    let bytes = &bytes[cut..];
    let whole = match std::str::from_utf8(bytes) {
        Ok(whole) => whole,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    whole.chars().filter(|c| c.len_utf8() == 3).nth(1).is_some()
}

/// Adds what bytes mean.
fn decode(decoder: &mut Decoder, mut bytes: &[u8], is_last: bool, text: &mut Vec<u8>) -> io::Result<()> {
    let mut part = [0; 4096];
    let name = decoder.encoding().name();
    if name.starts_with("GB") && is_utf8(bytes) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the text is UTF-8, though it says {name}"),
        ));
    }
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut part, is_last);
        text.extend_from_slice(&part[..written]);
        bytes = &bytes[read..];
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                let why = format!("the text is not {name}, as it begins");
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
    }
}

impl<R: BufRead> Read for Utf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, into)
    }
}

impl<R: BufRead> BufRead for Utf8<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if matches!(self.source, Source::Unknown) {
            self.begin()?;
        }
        if self.taken == self.text.len() {
            if matches!(self.source, Source::Plain) {
                return self.inner.fill_buf();
            }
            self.refill()?;
        }
        Ok(&self.text[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        if self.taken < self.text.len() {
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
            for order in [UTF_16BE, UTF_16LE] {
                let bytes: Vec<u8> = mark
                    .then_some(0xfeff)
                    .into_iter()
                    .chain(text.encode_utf16())
                    .flat_map(|unit| if order == UTF_16BE { unit.to_be_bytes() } else { unit.to_le_bytes() })
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
    fn gbk_and_gb18030_come_out_as_utf8_however_they_are_cut() {
        // 㐀 and 😀 have four bytes, which GBK proper lacks and decoders of its name know
        for (declared, text) in [
            ("<?xml version='1.0' encoding='GBK'?>", "<a>食安 百合</a>"),
            ("<?xml version=\"1.0\" encoding=\"gb2312\" standalone=\"yes\"?>", "<a>兰州</a>"),
            ("<?xml version=\"1.0\" encoding = \"GB18030\" ?>", "<a>㐀😀</a>"),
        ] {
            let whole = format!("{declared}{text}");
            let (bytes, ..) = GB18030.encode(&whole);
            for size in [1, 4, 7, 64] {
                let mut out = String::new();
                let mut reader = Utf8::new(BufReader::with_capacity(size, &*bytes));
                reader.read_to_string(&mut out).unwrap();
                assert_eq!(out, whole, "{size} bytes at a time");
                assert!(reader.encoding().is_some_and(|e| e == GBK || e == GB18030));
            }
        }
        let cut = [&b"<?xml version='1.0' encoding='GBK'?><a>"[..], &[0xc1]].concat();
        let read = Utf8::new(&*cut).read_to_string(&mut String::new());
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData, "half a character at the end");
    }

    #[test]
    fn utf8_goes_through_untouched() {
        for text in [
            "",
            "<",
            "<a/>",
            "\u{feff}<a/>",
            "{}",
            "<?xml version='1.0' encoding='UTF-8'?><a>食</a>",
            "<?xml",
        ] {
            let mut out = String::new();
            Utf8::new(text.as_bytes()).read_to_string(&mut out).unwrap();
            assert_eq!(out, text);
            assert!(!is_utf16_markup(text.as_bytes()));
        }
    }
}
