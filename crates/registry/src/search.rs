//! Finding names by any fragment and by pinyin initials, with plain SQL on both engines.
//!
//! Every record keeps one lower-case text of its names, the pinyin initials of the Chinese name and its codes, in a
//! covering index behind the region. A search scans that narrow index with `like` and never touches the table until
//! it knows the rows: 300,000 operators are about 40 MB of index.

use base::text::halfwidth;
use pinyin::{ToPinyin, ToPinyinMulti};
use store::Sql;

/// Readings kept of a name with characters of several readings.
const MAX_VARIANTS: usize = 4;

/// The pinyin initials of a name, most common readings, in lower case: `兰州牧星食品` → `lzmxsp`. Letters and digits stay.
#[must_use]
pub fn initials(name: &str) -> String {
    halfwidth(name).chars().filter_map(|c| letter(c, c.to_pinyin().map(|p| p.first_letter()))).collect()
}

fn letter(c: char, pinyin: Option<&str>) -> Option<char> {
    match pinyin {
        Some(p) => p.chars().next(),
        None if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
        None => None,
    }
}

/// The initials with other readings of its characters (重庆 → `cq` and `zq`), at most [`MAX_VARIANTS`].
fn variants(name: &str) -> Vec<String> {
    let mut out = vec![initials(name)];
    for (place, c) in
        halfwidth(name).chars().filter(|c| letter(*c, c.to_pinyin().map(|_| "a")).is_some()).enumerate()
    {
        let Some(readings) = c.to_pinyin_multi() else { continue };
        for reading in readings {
            let Some(first) = reading.first_letter().chars().next() else { continue };
            let mut other: Vec<char> = out[0].chars().collect();
            if other.get(place).is_some_and(|usual| *usual != first) && out.len() < MAX_VARIANTS {
                other[place] = first;
                let other: String = other.into_iter().collect();
                if !out.contains(&other) {
                    out.push(other);
                }
            }
        }
    }
    out
}

/// The text a record is found by: its name with initials, and further names and codes.
pub(crate) fn search_text(name: &str, more: &[&str]) -> String {
    let mut parts = vec![halfwidth(name).to_lowercase()];
    parts.extend(variants(name));
    parts.extend(more.iter().filter(|m| !m.is_empty()).map(|m| halfwidth(m).to_lowercase()));
    parts.join(" ")
}

/// Appends `and column like …` for every word of a query. What the user typed becomes a parameter, and its `%` and `_`
/// mean themselves.
pub(crate) fn push_text(sql: &mut Sql, column: &'static str, text: &str) {
    for word in halfwidth(text).to_lowercase().split_whitespace() {
        let mut pattern = String::from("%");
        for c in word.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        sql.push(" and ").push(column).push(" like ").bind(pattern).push(" escape '\\'");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_initials_people_type() {
        for (name, is) in [
            ("兰州牧星食品", "lzmxsp"),
            ("兰州牧星食品（集团）有限公司", "lzmxspjtyxgs"),
            ("Ａ8超市", "a8cs"),
            ("", ""),
        ] {
            assert_eq!(initials(name), is, "{name}");
        }
    }

    #[test]
    fn other_readings_are_found_too() {
        let text = search_text("重庆长乐面馆", &["Chongqing Noodles", "", "92620102MA"]);
        for part in ["重庆", "cqclmg", "zqclmg", "noodles", "92620102ma"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(variants("重长乐行会").len() <= MAX_VARIANTS);
    }

    #[test]
    fn what_the_user_types_is_no_pattern() {
        let mut sql = Sql::new("x");
        push_text(&mut sql, "search", " 50%_ ＬＺ ");
        assert_eq!(sql.text(), "x and search like $1 escape '\\' and search like $2 escape '\\'");
        assert_eq!(sql.params(), ["%50\\%\\_%".into(), "%lz%".into()]);
    }
}
