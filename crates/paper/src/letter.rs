//! The body of a document as plain text that a person can edit, and back to safe HTML.
//!
//! | text | HTML |
//! |---|---|
//! | a line `# …`, `## …` | `h2`, `h3` |
//! | lines of text between blank lines | `p`, its lines parted by `br` |
//! | lines `> …` | `p` of class `seal`: who signs, and the date |
//! | lines `\| a \| b \|` | a table, the first cell of a row its heading |
//! | lines `- …` | `ul` |
//!
//! Whatever else is typed is text: nothing typed can become markup.

use std::fmt::Write as _;

/// The text of a body made by a template or by [`html`].
#[must_use]
pub fn text(html: &str) -> String {
    let mut reader = Reader::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        reader.words(&rest[..at]);
        let Some(end) = rest[at..].find('>') else { break };
        reader.tag(&rest[at + 1..at + end]);
        rest = &rest[at + end + 1..];
    }
    reader.words(rest);
    reader.end_block();
    reader.out.trim().to_owned()
}

/// A body as it is read, tag by tag.
#[derive(Default)]
struct Reader {
    out: String,
    /// What the lines of the block begin with.
    mark: &'static str,
    line: String,
    /// Whether the line stands in a cell.
    cell: bool,
}

impl Reader {
    fn words(&mut self, raw: &str) {
        let words = unescape(raw);
        let mut parts = words.split_whitespace().peekable();
        if parts.peek().is_none() {
            if !words.is_empty() && !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
            return;
        }
        if words.starts_with(char::is_whitespace) && !self.line.is_empty() && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
        let text = parts.collect::<Vec<_>>().join(" ");
        self.line.push_str(&if self.cell { text.replace('|', "\\|") } else { text });
        if words.ends_with(char::is_whitespace) {
            self.line.push(' ');
        }
    }

    fn tag(&mut self, tag: &str) {
        let name: String = tag
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect::<String>()
            .to_lowercase();
        match name.as_str() {
            "p" | "h2" | "h3" | "table" | "ul" | "ol" => {
                self.end_block();
                self.mark = match name.as_str() {
                    "h2" | "h1" => "# ",
                    "h3" => "## ",
                    "p" if tag.contains("seal") => "> ",
                    "ul" | "ol" => "- ",
                    _ => "",
                };
            }
            "br" | "br/" | "/li" => self.end_line(),
            "tr" => {
                self.line.clear();
                self.line.push('|');
            }
            "th" | "td" => {
                self.cell = true;
                self.line.push(' ');
            }
            "/th" | "/td" => {
                self.cell = false;
                let trimmed = self.line.trim_end().len();
                self.line.truncate(trimmed);
                self.line.push_str(" |");
            }
            "/tr" => self.end_line(),
            "/p" | "/h2" | "/h3" | "/table" | "/ul" | "/ol" => {
                self.end_block();
                self.mark = "";
            }
            _ => {}
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        // a plain line that looks like another kind says that it is none
        let plain = self.mark.is_empty() && !(line.starts_with("| ") && line.ends_with(" |"));
        let guard = if plain && line.starts_with(['#', '>', '|', '-', '\\']) { "\\" } else { "" };
        let _ = writeln!(self.out, "{}{guard}{line}", self.mark);
    }

    fn end_block(&mut self) {
        self.end_line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }
}

/// The kinds of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Heading,
    Subheading,
    Seal,
    Row,
    Item,
    Plain,
}

fn kind(line: &str) -> (Kind, &str) {
    if let Some(rest) = line.strip_prefix("## ") {
        return (Kind::Subheading, rest);
    }
    for (mark, kind) in [("# ", Kind::Heading), ("> ", Kind::Seal), ("- ", Kind::Item)] {
        if let Some(rest) = line.strip_prefix(mark) {
            return (kind, rest);
        }
    }
    if let Some(row) =
        line.strip_prefix('|').and_then(|l| l.strip_suffix('|')).filter(|r| !r.trim().is_empty())
    {
        return (Kind::Row, row);
    }
    (Kind::Plain, line.strip_prefix('\\').unwrap_or(line))
}

/// The blocks of a text: neighbouring lines of one kind, each without its mark.
pub(crate) fn blocks(text: &str) -> Vec<(Kind, Vec<&str>)> {
    let mut out: Vec<(Kind, Vec<&str>)> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            open = false;
            continue;
        }
        let (next, rest) = kind(line);
        match out.last_mut() {
            Some((of, lines)) if open && *of == next && !matches!(of, Kind::Heading | Kind::Subheading) => {
                lines.push(rest);
            }
            _ => out.push((next, vec![rest])),
        }
        open = true;
    }
    out
}

/// A body from text. Everything typed is escaped.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = String::new();
    for (kind, lines) in blocks(text) {
        write_block(&mut out, kind, &lines);
    }
    out
}

fn write_block(out: &mut String, kind: Kind, lines: &[&str]) {
    let joined = |lines: &[&str]| lines.iter().map(|l| escape(l.trim())).collect::<Vec<_>>().join("<br>");
    let _ = match kind {
        Kind::Heading => writeln!(out, "<h2>{}</h2>", joined(lines)),
        Kind::Subheading => writeln!(out, "<h3>{}</h3>", joined(lines)),
        Kind::Seal => writeln!(out, "<p class=\"seal\">{}</p>", joined(lines)),
        Kind::Plain => writeln!(out, "<p>{}</p>", joined(lines)),
        Kind::Item => {
            let items: String = lines.iter().map(|l| format!("<li>{}</li>", escape(l.trim()))).collect();
            writeln!(out, "<ul>{items}</ul>")
        }
        Kind::Row => {
            let rows: Vec<String> = lines.iter().map(|l| row(l)).collect();
            writeln!(out, "<table>\n{}\n</table>", rows.join("\n"))
        }
    };
}

/// The cells of a row.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\u{0}");
    line.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

fn row(line: &str) -> String {
    let cells = cells(line).into_iter().enumerate().map(|(n, cell)| {
        let tag = if n == 0 { "th" } else { "td" };
        format!("<{tag}>{}</{tag}>", escape(&cell))
    });
    format!("<tr>{}</tr>", cells.collect::<String>())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|e| *e <= 8);
        let sign = end.and_then(|e| {
            let name = &rest[1..e];
            match name {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                "nbsp" => Some(' '),
                _ => {
                    let code = name.strip_prefix("#x").map_or_else(
                        || name.strip_prefix('#').and_then(|d| d.parse().ok()),
                        |hex| u32::from_str_radix(hex, 16).ok(),
                    );
                    code.and_then(char::from_u32)
                }
            }
        });
        match (sign, end) {
            (Some(c), Some(e)) => {
                out.push(c);
                rest = &rest[e + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICE: &str = "<p>经监督抽检，下列食品不合格。</p>\n<table>\n<tr><th>食品名称</th><td>挂面 &amp; 面片</td></tr>\n\
        <tr><th>不合格项目</th><td>铅 &lt; 0.2 | 0.36</td></tr>\n</table>\n<h2>一、说明</h2>\n<ul><li>停售</li><li>退货</li></ul>\n\
        <p class=\"seal\">市场监督管理局（城关区）<br>2026年9月28日</p>\n";

    #[test]
    fn a_notice_becomes_text_and_the_same_notice_again() {
        let plain = text(NOTICE);
        assert_eq!(
            plain,
            "经监督抽检，下列食品不合格。\n\n| 食品名称 | 挂面 & 面片 |\n| 不合格项目 | 铅 < 0.2 \\| 0.36 |\n\n# 一、说明\n\n- 停售\n- 退货\n\n\
             > 市场监督管理局（城关区）\n> 2026年9月28日"
        );
        assert_eq!(html(&plain), NOTICE);
    }

    #[test]
    fn nothing_typed_becomes_markup() {
        for typed in [
            "<script>alert(1)</script>",
            "<p onclick=x>",
            "| <b> | \"><img src=x> |",
            "# <i>",
            "> </p><p>",
            "- <a href=x>",
        ] {
            let made = html(typed);
            let tags: Vec<&str> =
                made.split('<').skip(1).map(|t| t.split('>').next().unwrap_or_default()).collect();
            let plain = [
                "p",
                "/p",
                "p class=\"seal\"",
                "table",
                "/table",
                "tr",
                "/tr",
                "th",
                "/th",
                "td",
                "/td",
                "h2",
                "/h2",
                "ul",
                "/ul",
                "li",
                "/li",
            ];
            assert!(tags.iter().all(|t| plain.contains(t)), "{typed}: {made}");
        }
    }

    #[test]
    fn lines_that_look_like_marks_stay_text() {
        for line in ["# 5 号", "- 3 ℃", "> 10 kg", "|x", "\\n"] {
            let made = html(&format!("\\{line}"));
            assert_eq!(text(&made), format!("\\{line}"), "{line}");
            assert!(made.starts_with("<p>"), "{made}");
        }
        assert_eq!(html("  \n\n"), "");
    }
}
