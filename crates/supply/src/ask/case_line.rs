//! A case of an outbreak as people type it or copy it from a table.

/// A case as typed: the parts between bars.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseLine {
    /// Lot in any spelling; empty: whatever was at the place then.
    pub lot: String,
    /// Place in any spelling; empty: anywhere.
    pub place: String,
    /// Date or time; empty: whenever.
    pub at: String,
    /// Evidence; empty: 1.
    pub weight: String,
    /// What the case is called; empty: a number.
    pub name: String,
}

impl CaseLine {
    /// The parts of a line: between bars, or as a spreadsheet copies or saves its cells, between tabs or commas.
    #[must_use]
    pub fn read(line: &str) -> Self {
        let line = line.replace('｜', "|");
        let cells = if line.contains('|') {
            line.split('|').map(ToOwned::to_owned).collect()
        } else if line.contains('\t') {
            line.split('\t').map(ToOwned::to_owned).collect()
        } else {
            commas(&line)
        };
        let mut parts = cells.into_iter().map(|part| part.trim().to_owned());
        let mut next = || parts.next().unwrap_or_default();
        Self { lot: next(), place: next(), at: next(), weight: next(), name: next() }
    }

    /// Whether it is the row of headings that a table brings along.
    pub(super) fn is_heading(&self) -> bool {
        let lot = matches!(self.lot.to_lowercase().as_str(), "批次" | "批号" | "lot" | "lot number" | "item");
        lot && matches!(self.place.to_lowercase().as_str(), "场所" | "地点" | "place" | "site")
    }

    /// The line again.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = [&self.lot, &self.place, &self.at, &self.weight, &self.name].map(String::as_str);
        let line = parts.join(" | ").trim_end_matches([' ', '|']).to_owned();
        // a single part with a comma in it stays one part
        if line.contains('|') || !line.contains([',', '\t']) { line } else { format!("{line} |") }
    }
}

/// The cells of a line of CSV; quotes hold a comma together, two of them are one.
fn commas(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        let Some(cell) = cells.last_mut() else { break };
        match sign {
            '"' if quoted && signs.peek() == Some(&'"') => {
                signs.next();
                cell.push('"');
            }
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_may_be_pasted_from_a_spreadsheet_or_a_csv_file() {
        let wanted = CaseLine::read("L1 | 便民超市 | 2026-11-01 | 2 | 病例甲");
        for pasted in [
            "L1\t便民超市\t2026-11-01\t2\t病例甲",
            "L1,便民超市,2026-11-01,2,病例甲",
            "\"L1\",\"便民超市\",2026-11-01,2,\"病例甲\"",
        ] {
            assert_eq!(CaseLine::read(pasted), wanted, "{pasted}");
        }
        let quoted = CaseLine::read("\"L,1\",\"店\"\"甲\"\"\",,,");
        assert_eq!((quoted.lot.as_str(), quoted.place.as_str()), ("L,1", "店\"甲\""));
        let alone = CaseLine { lot: "L,1".to_owned(), ..CaseLine::read("") };
        assert_eq!(CaseLine::read(&alone.line()), alone);
    }

    #[test]
    fn a_case_line_keeps_its_parts() {
        let line = CaseLine::read("A 1 ｜ 6900000000014 | 2026-11-01 || 餐厅甲");
        assert_eq!((line.lot.as_str(), line.weight.as_str(), line.name.as_str()), ("A 1", "", "餐厅甲"));
        assert_eq!(CaseLine::read(&line.line()), line);
        assert_eq!(CaseLine::read("A").line(), "A");
    }
}
