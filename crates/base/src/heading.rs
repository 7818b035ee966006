//! The heading of a table that came as a file: the columns its reader needs against those that stand there.

use crate::Text;

/// Why a table cannot be read at all. Each says what to do, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum HeadingError {
    /// The file is no CSV.
    Unreadable {
        /// What messages call the file.
        file: String,
        /// What the reader says.
        reason: String,
    },
    /// Nothing stands in the file.
    Empty {
        /// What messages call the file.
        file: String,
    },
    /// A heading and no row below it.
    NoRows {
        /// What messages call the file.
        file: String,
    },
    /// Columns are missing.
    Missing {
        /// What messages call the file.
        file: String,
        /// The columns wanted and not found; `a|b`: one of the two.
        missing: Vec<String>,
        /// The columns there are.
        found: Vec<String>,
        /// The columns the reader needs.
        expected: Vec<String>,
    },
}

impl HeadingError {
    /// [`HeadingError::Missing`] of these names.
    #[must_use]
    pub fn missing<S: AsRef<str>>(file: &str, missing: &[&str], found: &[S], expected: &[&str]) -> Self {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self::Missing {
            file: file.to_owned(),
            missing: own(missing),
            found: found.iter().map(|name| name.as_ref().to_owned()).collect(),
            expected: own(expected),
        }
    }

    /// What is wrong and what helps.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Unreadable { file, reason } => Text::new(
                format!("文件 {file} 无法按 CSV 读取（{reason}）：请另存为 UTF-8 编码的 CSV，首行为列名"),
                format!(
                    "file {file} is not readable as CSV ({reason}): save it as CSV in UTF-8 with the names of the columns in the first line"
                ),
            ),
            Self::Empty { file } => Text::new(
                format!("文件 {file} 是空的：请另存为 UTF-8 编码的 CSV，首行为列名"),
                format!(
                    "file {file} is empty: save it as CSV in UTF-8 with the names of the columns in the first line"
                ),
            ),
            Self::NoRows { file } => Text::new(
                format!("文件 {file} 只有列名，没有数据行"),
                format!("file {file} has a heading and no row of data"),
            ),
            Self::Missing { file, missing, found, expected } => Text::new(
                format!(
                    "文件 {file} 缺少列 {}；现有列：{}；需要列：{}",
                    missing.join("、"),
                    found.join("、"),
                    expected.join("、")
                ),
                format!(
                    "file {file} lacks the column {}; it has: {}; needed: {}",
                    missing.join(", "),
                    found.join(", "),
                    expected.join(", ")
                ),
            ),
        }
    }
}

/// Whether a heading holds the columns a reader needs. In `expected` `a|b` stands for one of the two; `same` says whether a name found is the
/// one wanted (readers differ in whether case matters).
///
/// # Errors
/// [`HeadingError::Empty`] when no column has a name, [`HeadingError::Missing`] with every column that is not there.
pub fn require<S: AsRef<str>>(
    file: &str,
    found: &[S],
    expected: &[&str],
    same: fn(&str, &str) -> bool,
) -> Result<(), HeadingError> {
    if found.iter().all(|name| name.as_ref().is_empty()) {
        return Err(HeadingError::Empty { file: file.to_owned() });
    }
    let there = |names: &str| names.split('|').any(|name| found.iter().any(|f| same(f.as_ref(), name)));
    let missing: Vec<&str> = expected.iter().copied().filter(|names| !there(names)).collect();
    if missing.is_empty() { Ok(()) } else { Err(HeadingError::missing(file, &missing, found, expected)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_column_is_named_beside_those_found_and_those_needed() {
        let wanted = ["id", "value", "lod|loq"];
        let cases: [(&[&str], Option<&[&str]>); 5] = [
            (&["id", "value", "loq", "more"], None),
            (&["lod", "value", "id"], None),
            (&["id", "Value", "lod"], Some(&["value"])),
            (&["other"], Some(&["id", "value", "lod|loq"])),
            (&["value", "id"], Some(&["lod|loq"])),
        ];
        for (found, want) in cases {
            let said = require("f.csv", found, &wanted, |a, b| a == b);
            match (said, want) {
                (Ok(()), None) => {}
                (Err(HeadingError::Missing { missing, expected, .. }), Some(want)) => {
                    assert_eq!(missing, want);
                    assert_eq!(expected, wanted);
                }
                (said, want) => panic!("{found:?}: {said:?}, wanted {want:?}"),
            }
        }
        assert_eq!(require("f.csv", &["Value"], &["value"], str::eq_ignore_ascii_case), Ok(()));
        let none: [&str; 1] = [""];
        let empty = require("f.csv", &none, &wanted, |a, b| a == b).unwrap_err();
        assert!(empty.to_string().contains("是空的") && empty.to_string().contains("is empty"));
    }
}
