//! Writes laid-out pages as PDF/A-2b.

use super::layout::{Layout, Op, PAGE};
use super::{Face, Paper, PdfError};
use crate::{letter, qr};
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

/// Writes a document as PDF/A-2b.
///
/// # Errors
/// [`PdfError::Write`] when the font cannot be embedded or the address does not fit a QR code.
pub fn write(face: &Face, paper: &Paper<'_>) -> Result<Vec<u8>, PdfError> {
    let fail = |e: &dyn std::fmt::Debug| PdfError::Write(format!("{e:?}"));
    let parsed = ttf_parser::Face::parse(&face.data, face.index).map_err(|e| fail(&e))?;
    let mut layout = Layout::new(parsed);
    let code =
        if paper.link.is_empty() { None } else { Some(qr::modules(paper.link).map_err(|e| fail(&e))?) };
    layout.head(paper.title, code.as_ref());
    let text = letter::text(paper.html);
    for (kind, lines) in letter::blocks(&text) {
        layout.block(kind, &lines);
    }
    layout.feet(paper.footer);
    let configuration =
        ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish().map_err(|e| fail(&e))?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    for ops in &layout.pages {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| fail(&"page size"))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for op in ops {
            draw(&mut surface, &layout, face, op);
        }
        surface.finish();
        page.finish();
    }
    let [month, day] = [paper.date.month(), paper.date.day()].map(i8::unsigned_abs);
    let date = DateTime::new(paper.date.year().unsigned_abs()).month(month).day(day).utc_offset_hour(8);
    let metadata = Metadata::new()
        .creation_date(date)
        .title(paper.title.to_owned())
        .language(paper.language.to_owned())
        .description(paper.footer.to_owned())
        .document_id(paper.footer.to_owned())
        .producer("shian".to_owned());
    document.set_metadata(metadata);
    document.finish().map_err(|e| fail(&e))
}

fn draw(surface: &mut Surface<'_>, layout: &Layout<'_>, face: &Face, op: &Op) {
    match op {
        Op::Text { x, y, size, bold, text } => {
            // there is one font: a heavier line is drawn around its shapes
            let stroke = Stroke { width: size * 0.03, ..Stroke::default() };
            surface.set_stroke(bold.then_some(stroke));
            surface.set_fill(Some(Fill::default()));
            let mut glyphs = Vec::with_capacity(text.len() / 2);
            for (start, c) in text.char_indices() {
                let id = GlyphId::new(u32::from(layout.glyph(c).0));
                let of = start..start + c.len_utf8();
                glyphs.push(KrillaGlyph::new(id, layout.advance(c), 0.0, 0.0, 0.0, of, None));
            }
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, face.font.clone(), text, *size, false);
        }
        Op::Line { from, to } => {
            let mut path = PathBuilder::new();
            path.move_to(from.0, from.1);
            path.line_to(to.0, to.1);
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke { width: 0.6, ..Stroke::default() }));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Op::Block { x, y, width, height } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                path.push_rect(rect);
            }
            surface.set_stroke(None);
            surface.set_fill(Some(Fill::default()));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_line_breaks_between_chinese_signs_and_begins_with_no_full_stop_and_ends_with_no_open_bracket() {
        let Ok(face) = Face::find(None) else {
            println!("no font with Chinese signs here: nothing was measured");
            return;
        };
        let parsed = ttf_parser::Face::parse(&face.data, face.index).unwrap();
        let layout = Layout::new(parsed);
        let text = "经检验不合格（铅），请立即停止（全部门店）销售。GB 2762-2025 规定的限量为 0.2 mg/kg。";
        for width in [60.0, 70.0, 80.0, 95.0] {
            let lines = layout.wrap(text, 10.0, width);
            assert!(lines.len() > 3, "{lines:?}");
            assert!(
                lines.iter().all(|l| !l.starts_with(['，', '。', '）']) && !l.ends_with('（')),
                "{lines:?}"
            );
            assert!(lines.iter().any(|l| l.contains("2762-2025")), "a number is not cut: {lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn a_file_that_is_no_font_is_named() {
        let path = Path::new("no-such-font.otf");
        assert_eq!(Face::find(Some(path)).unwrap_err(), PdfError::NotAFont(path.to_owned()));
    }
}
