//! What a file is, by its own bytes: the kinds kept as attachments, and what is said of the others.

use crate::Error;
use base::Text;

const MIB: usize = 1 << 20;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const ACCEPTED: Text = Text::of(
    "可上传 JPEG、PNG、WebP 图片，PDF，Word（docx），XLSX、CSV 表格，或 MP4 视频。",
    "Accepted are JPEG, PNG and WebP pictures, PDF, Word (docx), XLSX and CSV tables, and MP4 video.",
);

/// The media type of a file, if it is of a kind we keep, without macros and not too large.
///
/// # Errors
/// [`Error::Refused`], which names the kind where it is known, and says what to send instead.
pub(crate) fn of(bytes: &[u8]) -> Result<&'static str, Error> {
    let (media_type, limit) = match bytes {
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", 20),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => ("image/png", 20),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ("image/webp", 20),
        [b'%', b'P', b'D', b'F', b'-', ..] => ("application/pdf", 50),
        [b'P', b'K', 3, 4, ..] => (package(bytes)?, 20),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => (film(brand)?, 50),
        [] => {
            return Err(Error::Refused(Text::of(
                "附件是空文件，请重新选择。",
                "The attachment is empty; choose the file again.",
            )));
        }
        _ if is_table(bytes) => ("text/csv", 20),
        _ => return Err(refused(&named(bytes))),
    };
    if bytes.len() > limit * MIB {
        return Err(Error::Refused(Text::new(
            format!("附件超过 {limit} MB，请压缩或拆分后再上传。"),
            format!("The attachment is larger than {limit} MB; compress or split it."),
        )));
    }
    Ok(media_type)
}

fn refused(why: &Text) -> Error {
    Error::Refused(Text::new(format!("{}{}", why.zh, ACCEPTED.zh), format!("{} {}", why.en, ACCEPTED.en)))
}

/// What is said of kinds that are often sent and not kept.
fn named(bytes: &[u8]) -> Text {
    match bytes {
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Text::of(
            "旧版 Office 文件（.doc、.xls、.ppt）可能带宏，不接收：请另存为 docx、xlsx 或 PDF。",
            "Old Office files (.doc, .xls, .ppt) may carry macros and are not accepted: save it as docx, xlsx or PDF.",
        ),
        [b'M', b'Z', ..] | [0x7f, b'E', b'L', b'F', ..] => {
            Text::of("程序文件不接收。", "Programs are not accepted.")
        }
        [b'R', b'a', b'r', b'!', ..] | [b'7', b'z', 0xbc, 0xaf, ..] | [0x1f, 0x8b, ..] => Text::of(
            "压缩包不接收：请解压后逐个上传。",
            "Archives are not accepted: unpack it and send the files one by one.",
        ),
        [b'G', b'I', b'F', b'8', ..] => Text::of(
            "GIF 图片不接收：请另存为 PNG 或 JPEG。",
            "GIF pictures are not accepted: save it as PNG or JPEG.",
        ),
        _ => Text::of("附件类型不受支持。", "This kind of attachment is not accepted."),
    }
}

/// Kind of a file in the ISO container, by its brand.
fn film(brand: &[u8]) -> Result<&'static str, Error> {
    match brand.get(..4).unwrap_or_default() {
        b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"M4V " | b"M4VP"
        | b"3gp4" | b"3gp5" | b"mmp4" => Ok("video/mp4"),
        b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc" | b"avif" => Err(refused(&Text::of(
            "HEIC、AVIF 图片不接收：请在手机相机设置中选“兼容性最佳”，或另存为 JPEG。",
            "HEIC and AVIF pictures are not accepted: set the camera to 'most compatible', or save it as JPEG.",
        ))),
        b"qt  " => Err(refused(&Text::of(
            "MOV 视频不接收：请另存为 MP4。",
            "MOV video is not accepted: save it as MP4.",
        ))),
        _ => {
            Err(refused(&Text::of("这种视频或音频不接收。", "This kind of video or sound is not accepted.")))
        }
    }
}

/// Kind of a ZIP file, by the names of its parts.
fn package(bytes: &[u8]) -> Result<&'static str, Error> {
    let names = parts(bytes);
    let has = |wanted: &str| names.iter().any(|n| n == wanted);
    let kind = if has("xl/workbook.xml") {
        XLSX
    } else if has("word/document.xml") {
        DOCX
    } else {
        return Err(refused(&Text::of(
            "压缩包不接收：请解压后逐个上传。",
            "Archives are not accepted: unpack it and send the files one by one.",
        )));
    };
    // what runs when the document is opened: programs in Basic, sheets of macros of old Excel, controls
    let runs = ["vbaproject", "vbadata", "macrosheets/", "activex"];
    if names.iter().any(|n| runs.iter().any(|r| n.contains(r))) {
        return Err(Error::Refused(Text::of(
            "文件带有宏或控件，不接收：请另存为不带宏的 docx、xlsx 或 PDF。",
            "The file carries macros or controls and is not accepted: save it as docx or xlsx without macros, or as PDF.",
        )));
    }
    Ok(kind)
}

/// Names of the parts of a ZIP file in lower case, from its directory at the end; none when it has none.
fn parts(bytes: &[u8]) -> Vec<String> {
    const END: &[u8; 4] = b"PK\x05\x06";
    const ENTRY: &[u8; 4] = b"PK\x01\x02";
    let short = |at: usize| bytes.get(at..at + 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let mut names = Vec::new();
    // the directory ends with a record of 22 bytes and a remark of at most 65,535
    let tail = bytes.len().saturating_sub(22 + 65_535);
    let Some(end) = bytes[tail..].windows(4).rposition(|w| w == END).map(|n| tail + n) else { return names };
    let start = bytes.get(end + 16..end + 20).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let Some(mut at) = start.and_then(|s| usize::try_from(s).ok()) else { return names };
    while bytes.get(at..at + 4) == Some(ENTRY) {
        let (Some(name), Some(extra), Some(remark)) = (short(at + 28), short(at + 30), short(at + 32)) else {
            return names;
        };
        let Some(text) = bytes.get(at + 46..at + 46 + name) else { return names };
        names.push(String::from_utf8_lossy(text).to_lowercase());
        at += 46 + name + extra + remark;
    }
    names
}

/// Text with separators and without control characters, in UTF-8 or GBK; markup is not a table.
fn is_table(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\r' | b'\n') || *b == 0x7f;
    let markup = text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let columns = first.iter().any(|b| matches!(b, b',' | b';' | b'\t'));
    columns && !markup && !text.iter().any(control) && (std::str::from_utf8(text).is_ok() || is_gbk(text))
}

/// Whether every byte above ASCII is part of a two- or four-byte sequence of GB 18030.
fn is_gbk(mut text: &[u8]) -> bool {
    loop {
        text = match text {
            [] => return true,
            [0..=0x7f, rest @ ..] | [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..] => rest,
            [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, rest @ ..] => rest,
            _ => return false,
        };
    }
}
