//! QR codes as SVG.

use base::Text;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;

/// The text does not fit a QR code (about 2,300 bytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct TooLong {
    /// Bytes given.
    pub bytes: usize,
}

impl TooLong {
    /// The message for the person who asked for the code.
    #[must_use]
    pub fn text(&self) -> Text {
        Text::new(
            format!("内容过长（{} 字节），无法生成二维码，请缩短链接", self.bytes),
            format!("{} bytes do not fit a QR code; shorten the link", self.bytes),
        )
    }
}

/// The modules of a QR code, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modules {
    /// Modules of a side.
    pub(crate) width: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// Stretches of dark modules: column and row of the first, and how many.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.dark.chunks(self.width).enumerate().flat_map(|(y, row)| {
            let mut runs = Vec::new();
            let mut x = 0;
            while x < row.len() {
                let run = row[x..].iter().take_while(|d| **d).count();
                if run > 0 {
                    runs.push((x, y, run));
                }
                x += run.max(1);
            }
            runs
        })
    }
}

/// The QR code of a text, of medium error correction.
pub(crate) fn modules(text: &str) -> Result<Modules, TooLong> {
    let bytes = text.len();
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| TooLong { bytes })?;
    let dark = code.to_colors().into_iter().map(|c| c == Color::Dark).collect();
    Ok(Modules { width: code.width(), dark })
}

/// Draws a QR code of medium error correction with its quiet zone of four modules: one path, black on white in
/// light and dark pages alike, of no fixed size (the style sheet sets it).
///
/// # Errors
/// When the text is too long.
pub fn svg(text: &str) -> Result<String, TooLong> {
    let code = modules(text)?;
    let side = code.width + 8;
    let mut path = String::new();
    for (x, y, run) in code.runs() {
        // writing to a string cannot fail
        let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + 4, y + 4);
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" class=\"qr\" role=\"img\" \
         aria-label=\"QR\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_holds_exactly_the_dark_modules() {
        let text = "https://id.gs1.org/01/06901234567892/10/L2026-09";
        let drawn = svg(text).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let dark = code.to_colors().iter().filter(|c| **c == Color::Dark).count();
        let path = drawn.rsplit("d=\"").next().unwrap();
        let runs = path.split('h').skip(1).filter_map(|p| p.split('v').next()?.parse::<usize>().ok());
        assert_eq!(runs.sum::<usize>(), dark);
        assert!(drawn.contains(&format!("viewBox=\"0 0 {0} {0}\"", code.width() + 8)));
        assert!(!drawn.contains(text), "the text itself is not repeated in the page");
    }

    #[test]
    fn a_text_too_long_is_refused() {
        assert_eq!(svg(&"食".repeat(1000)), Err(TooLong { bytes: 3000 }));
    }
}
