//! Official documents as PDF/A-2b: a body of [`crate::letter`] laid out on A4 pages in one font, only the signs used embedded.
//!
//! The same document, font and version of this program give the same bytes: no clock, no random number, no locale enters.
//! Without the feature `pdf` every font is refused with [`PdfError::NotBuilt`]; pages are not affected.

#[cfg(feature = "pdf")]
mod face;
#[cfg(feature = "pdf")]
mod layout;
#[cfg(feature = "pdf")]
mod write;

#[cfg(feature = "pdf")]
pub use face::Face;
#[cfg(feature = "pdf")]
pub use write::write;

use base::{Date, Text};
use std::path::PathBuf;

/// Why there is no PDF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// No font with Chinese signs is on this machine.
    #[error("no font with Chinese signs was found")]
    NoFont,
    /// The file named is no font that can be used.
    #[error("{} is no font with Chinese signs", .0.display())]
    NotAFont(PathBuf),
    /// This program was built without the feature `pdf`.
    #[error("this program was built without PDF")]
    NotBuilt,
    /// The document cannot be written.
    #[error("the document cannot be written as PDF: {0}")]
    Write(String),
}

impl PdfError {
    /// What to tell the user, with the remedy.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NoFont => Text::of(
                "本机没有中文字体，不能生成 PDF：请安装软件包 fonts-noto-cjk（Debian、Ubuntu）、google-noto-serif-cjk-fonts（Fedora、openEuler），或在配置中用 document_font 指明字体文件；网页版文书不受影响",
                "this machine has no font with Chinese signs, so there is no PDF: install the package fonts-noto-cjk (Debian, Ubuntu) or google-noto-serif-cjk-fonts (Fedora, openEuler), or name a font file by document_font in the configuration; the page of the document is not affected",
            ),
            Self::NotAFont(path) => Text::new(
                format!(
                    "配置项 document_font 指明的 {} 不是可用的中文字体文件；请更正或删去该项",
                    path.display()
                ),
                format!(
                    "{}, named by document_font in the configuration, is no usable font file with Chinese signs; correct or remove the line",
                    path.display()
                ),
            ),
            Self::NotBuilt => Text::of(
                "本程序编译时未启用 PDF；请使用网页版文书，或以 pdf 特性重新编译",
                "this program was built without PDF; use the page of the document, or build with the feature pdf",
            ),
            Self::Write(why) => Text::new(
                format!("不能生成 PDF：{why}；请使用网页版文书并告知管理员"),
                format!("no PDF: {why}; use the page of the document and tell the administrator"),
            ),
        }
    }
}

/// A document to be written.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// Heading, plain text.
    pub title: &'a str,
    /// Body, HTML as [`crate::document`] makes it.
    pub html: &'a str,
    /// Below every page: what the document is known by (number, hash, address).
    pub footer: &'a str,
    /// The address drawn as a QR code at the head of the first page; empty: none.
    pub link: &'a str,
    /// `zh-CN` or `en`.
    pub language: &'a str,
    /// The day the document bears.
    pub date: Date,
}

/// A font for documents: there is none without the feature `pdf`.
#[cfg(not(feature = "pdf"))]
#[derive(Debug, Clone)]
pub enum Face {}

#[cfg(not(feature = "pdf"))]
impl Face {
    /// No font is ever found.
    ///
    /// # Errors
    /// [`PdfError::NotBuilt`].
    pub const fn find(_: Option<&std::path::Path>) -> Result<Self, PdfError> {
        Err(PdfError::NotBuilt)
    }
}

/// Never called: there is no [`Face`].
///
/// # Errors
/// [`PdfError::NotBuilt`].
#[cfg(not(feature = "pdf"))]
pub const fn write(_: &Face, _: &Paper<'_>) -> Result<Vec<u8>, PdfError> {
    Err(PdfError::NotBuilt)
}
