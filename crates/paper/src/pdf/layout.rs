//! Places the blocks of a document on A4 pages: lines, tables with their heads repeated, footers.

use crate::letter::{self, Kind};
use crate::qr::Modules;

/// A4 in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// Margins: left and right, top, bottom.
const MARGIN: (f32, f32, f32) = (68.0, 74.0, 70.0);
/// Sizes of title, headings, text and footer in points.
const TITLE: f32 = 19.0;
const HEADING: f32 = 13.5;
const BODY: f32 = 11.5;
const FOOT: f32 = 8.0;
/// Side of the QR code: 20 mm and more is read by every phone from paper.
const CODE: f32 = 62.0;
/// Height of a line, in sizes.
const LEADING: f32 = 1.6;
/// Height of a line in a cell, in sizes.
const TIGHT: f32 = 1.45;
/// Space within the cells of a table.
const PAD: f32 = 4.0;
/// Most lines of a cell on one page: they fit at every size used, below a head.
const CELL_LINES: usize = 36;
/// Signs that do not begin a line.
const NOT_FIRST: &str = "，。；：！？、）》」』】〕”’％℃,.;:!?)]}%";
/// Signs that do not end a line.
const NOT_LAST: &str = "（《「『【〔“‘([{";

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    /// A line of text from its left end on its base line.
    Text { x: f32, y: f32, size: f32, bold: bool, text: String },
    /// A thin line.
    Line { from: (f32, f32), to: (f32, f32) },
    /// A black rectangle.
    Block { x: f32, y: f32, width: f32, height: f32 },
}

/// A small count as a length.
pub(super) fn count(n: usize) -> f32 {
    f32::from(u16::try_from(n).unwrap_or(u16::MAX))
}

/// How a paragraph looks.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    bold: bool,
}

/// A Chinese paragraph begins two signs in (GB/T 9704, 7.3.3); whom it is addressed to stands at the edge.
fn indented(line: &str) -> String {
    let is_chinese = line.chars().next().is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if is_chinese && !line.ends_with('：') { format!("\u{3000}\u{3000}{line}") } else { line.to_owned() }
}

/// Measures and places.
pub(super) struct Layout<'f> {
    pub(super) face: ttf_parser::Face<'f>,
    pub(super) pages: Vec<Vec<Op>>,
    y: f32,
}

impl<'f> Layout<'f> {
    pub(super) const fn new(face: ttf_parser::Face<'f>) -> Self {
        Self { face, pages: Vec::new(), y: 0.0 }
    }

    /// The shape of a sign; a box for a sign the font does not have.
    pub(super) fn glyph(&self, c: char) -> ttf_parser::GlyphId {
        let found = |c: char| self.face.glyph_index(c).filter(|g| g.0 != 0);
        found(c).or_else(|| found('□')).or_else(|| found('?')).unwrap_or(ttf_parser::GlyphId(0))
    }

    /// Width of a sign in sizes.
    pub(super) fn advance(&self, c: char) -> f32 {
        let units = f32::from(self.face.units_per_em());
        f32::from(self.face.glyph_hor_advance(self.glyph(c)).unwrap_or(0)) / units
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size
    }

    /// Breaks a text into lines: between Chinese signs, else at spaces; a word wider than the line is cut.
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0_f32);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let word = if first.is_ascii_graphic() {
                rest.find(|c: char| !c.is_ascii_graphic()).unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (piece, after) = rest.split_at(word);
            rest = after;
            let wide = self.width(piece, size);
            let hangs = piece.chars().all(|c| NOT_FIRST.contains(c));
            if used + wide > width && !line.is_empty() && !hangs {
                // a bracket that opens goes to the next line with what it holds
                let kept = line.trim_end_matches(|c| NOT_LAST.contains(c)).len();
                let over = if kept > 0 { line.split_off(kept) } else { String::new() };
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = self.width(&over, size);
                line = over;
                if piece == " " {
                    continue;
                }
            }
            if wide <= width {
                line.push_str(piece);
                used += wide;
                continue;
            }
            for c in piece.chars() {
                let wide = self.advance(c) * size;
                if used + wide > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(c);
                used += wide;
            }
        }
        if !line.trim().is_empty() || lines.is_empty() {
            lines.push(line.trim_end().to_owned());
        }
        lines
    }

    /// Makes room for a piece of that height, on a new page when there is none; whether it is a new page.
    fn room(&mut self, height: f32) -> bool {
        let new = self.pages.is_empty() || self.y + height > PAGE.1 - MARGIN.2;
        if new {
            self.pages.push(Vec::new());
            self.y = MARGIN.1;
        }
        new
    }

    fn put(&mut self, op: Op) {
        if let Some(page) = self.pages.last_mut() {
            page.push(op);
        }
    }

    /// Lines of a paragraph; `place` gives the left edge of a line of that width.
    fn paragraph(&mut self, lines: &[String], style: Style, place: impl Fn(f32) -> f32) {
        let Style { size, bold } = style;
        for line in lines {
            self.room(size * LEADING);
            let x = place(self.width(line, size));
            let y = self.y + size * 1.15;
            self.put(Op::Text { x, y, size, bold, text: line.clone() });
            self.y += size * LEADING;
        }
    }

    /// The title in the middle, the QR code at the right.
    pub(super) fn head(&mut self, title: &str, code: Option<&Modules>) {
        self.room(CODE);
        let mut side = 0.0;
        if let Some(code) = code {
            let module = CODE / count(code.width);
            let (left, top) = (PAGE.0 - MARGIN.0 - CODE, MARGIN.1 - 24.0);
            for (x, y, run) in code.runs() {
                let (x, y) = (left + count(x) * module, top + count(y) * module);
                self.put(Op::Block { x, y, width: count(run) * module, height: module });
            }
            side = CODE + 10.0;
        }
        let lines = self.wrap(title, TITLE, PAGE.0 - 2.0 * (MARGIN.0 + side));
        self.paragraph(&lines, Style { size: TITLE, bold: true }, |w| (PAGE.0 - w) / 2.0);
        let below = MARGIN.1 - 24.0 + if code.is_some() { CODE } else { 0.0 };
        self.y = self.y.max(below) + TITLE * 0.6;
    }

    /// One block of the body.
    pub(super) fn block(&mut self, kind: Kind, lines: &[&str]) {
        let width = PAGE.0 - 2.0 * MARGIN.0;
        let text = Style { size: BODY, bold: false };
        match kind {
            Kind::Heading | Kind::Subheading => {
                let size = if kind == Kind::Heading { HEADING } else { BODY };
                self.y += size * 0.5;
                // never the last thing of a page
                self.room(size * LEADING * 3.0);
                let all: Vec<String> = lines.iter().flat_map(|l| self.wrap(l, size, width)).collect();
                self.paragraph(&all, Style { size, bold: true }, |_| MARGIN.0);
            }
            Kind::Seal => {
                self.y += BODY;
                self.room(BODY * LEADING * count(lines.len().min(12)));
                let all: Vec<String> = lines.iter().flat_map(|l| self.wrap(l, BODY, width)).collect();
                self.paragraph(&all, text, |w| PAGE.0 - MARGIN.0 - w);
            }
            Kind::Item => {
                for line in lines {
                    let all = self.wrap(&format!("· {line}"), BODY, width - BODY);
                    self.paragraph(&all, text, |_| MARGIN.0 + BODY);
                }
            }
            Kind::Plain => {
                let all: Vec<String> =
                    lines.iter().flat_map(|l| self.wrap(&indented(l), BODY, width)).collect();
                self.paragraph(&all, text, |_| MARGIN.0);
                self.y += BODY * 0.4;
            }
            Kind::Row => self.table(lines, width),
        }
    }

    fn table(&mut self, lines: &[&str], width: f32) {
        let rows: Vec<Vec<String>> = lines.iter().map(|l| letter::cells(l)).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let size = if columns > 4 { BODY * 0.8 } else { BODY * 0.92 };
        let widths = self.columns(&rows, columns, size, width);
        let wrapped: Vec<Vec<Vec<String>>> = rows
            .iter()
            .map(|row| {
                let cell = |(c, w): (usize, &f32)| {
                    row.get(c).map_or_else(Vec::new, |t| self.wrap(t, size, w - 2.0 * PAD))
                };
                widths.iter().enumerate().map(cell).collect()
            })
            .collect();
        // two columns are names and values; more have a head, repeated on each page
        let head = wrapped.first().filter(|_| columns > 2 && wrapped.len() > 1);
        for (n, cells) in wrapped.iter().enumerate() {
            let most = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
            // a row taller than a page goes on over the next one
            for part in 0..most.div_ceil(CELL_LINES) {
                let shown = (most - part * CELL_LINES).min(CELL_LINES);
                let new = self.room(count(shown) * size * TIGHT + 2.0 * PAD);
                if let Some(head) = head.filter(|_| new && n > 0) {
                    self.row(head, &widths, size, (0, CELL_LINES), true);
                }
                self.row(cells, &widths, size, (part * CELL_LINES, shown), head.is_some() && n == 0);
            }
        }
        self.y += BODY * 0.6;
    }

    /// Widths of columns: as wide as the longest cell, scaled to the page; where that is too much, what is left over after
    /// the narrow ones is shared by the wide ones.
    fn columns(&self, rows: &[Vec<String>], columns: usize, size: f32, width: f32) -> Vec<f32> {
        let natural: Vec<f32> = (0..columns)
            .map(|c| {
                let cells = rows.iter().filter_map(|r| r.get(c));
                cells.map(|t| self.width(t, size)).fold(size * 2.0, f32::max) + 2.0 * PAD + 1.0
            })
            .collect();
        let sum: f32 = natural.iter().sum();
        if sum <= width {
            return natural.iter().map(|w| w / sum * width).collect();
        }
        // a column narrower than its share keeps its width
        let mut widths = vec![0.0_f32; columns];
        let (mut left, mut open): (f32, Vec<usize>) = (width, (0..columns).collect());
        loop {
            let share = left / count(open.len().max(1));
            let (narrow, wide): (Vec<usize>, Vec<usize>) = open.iter().partition(|c| natural[**c] <= share);
            if narrow.is_empty() {
                // the wide ones by the root of what they hold: long texts get more, short ones stay readable
                let roots: f32 = wide.iter().map(|c| natural[*c].sqrt()).sum();
                for c in wide {
                    widths[c] = left * natural[c].sqrt() / roots;
                }
                return widths;
            }
            for c in narrow {
                widths[c] = natural[c];
                left -= natural[c];
            }
            if wide.is_empty() {
                return widths;
            }
            open = wide;
        }
    }

    /// One row, or the lines `from.0 ..` of it, `from.1` of them at most.
    fn row(&mut self, cells: &[Vec<String>], widths: &[f32], size: f32, from: (usize, usize), head: bool) {
        let (skip, most) = from;
        let tallest = cells.iter().map(|c| c.len().saturating_sub(skip)).max().unwrap_or(1).clamp(1, most);
        let height = count(tallest) * size * TIGHT + 2.0 * PAD;
        let width: f32 = widths.iter().sum();
        let (top, mut x) = (self.y, MARGIN.0);
        self.put(Op::Line { from: (x, top), to: (x + width, top) });
        self.put(Op::Line { from: (x, top + height), to: (x + width, top + height) });
        for (c, (w, lines)) in widths.iter().zip(cells).enumerate() {
            self.put(Op::Line { from: (x, top), to: (x, top + height) });
            let bold = head || (c == 0 && widths.len() == 2);
            for (n, line) in lines.iter().skip(skip).take(most).enumerate() {
                let y = top + PAD + (count(n) + 0.8) * size * TIGHT;
                self.put(Op::Text { x: x + PAD, y, size, bold, text: line.clone() });
            }
            x += w;
        }
        self.put(Op::Line { from: (x, top), to: (x, top + height) });
        self.y = top + height;
    }

    /// What stands below every page: the footer and the number of the page.
    pub(super) fn feet(&mut self, footer: &str) {
        let all = self.pages.len();
        for n in 0..all {
            let number = format!("{} / {all}", n + 1);
            let (left, right) = (MARGIN.0, PAGE.0 - MARGIN.0 - self.width(&number, FOOT));
            let y = PAGE.1 - 42.0;
            let foot = self.wrap(footer, FOOT, right - left - 20.0);
            let page = &mut self.pages[n];
            for (i, text) in foot.into_iter().take(3).enumerate() {
                page.push(Op::Text { x: left, y: y + count(i) * FOOT * 1.3, size: FOOT, bold: false, text });
            }
            page.push(Op::Text { x: right, y, size: FOOT, bold: false, text: number });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_paragraph_begins_two_signs_in_unless_it_addresses_somebody() {
        for (line, shown) in [
            ("对检验结论有异议的，可以申请复检。", "\u{3000}\u{3000}对检验结论有异议的，可以申请复检。"),
            ("崇信县清泉示例餐馆：", "崇信县清泉示例餐馆："),
            ("Judged by the standards in force.", "Judged by the standards in force."),
            ("", ""),
        ] {
            assert_eq!(indented(line), shown);
        }
    }
}
