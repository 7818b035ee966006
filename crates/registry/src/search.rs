//! Finding names by any fragment and by pinyin initials, with plain SQL on both engines.
//!
//! Every record keeps one lower-case text of its names, the pinyin initials of the Chinese name and its codes, in a
//! covering index behind the region. A search scans that narrow index with `like` and never touches the table until
//! it knows the rows: 300,000 operators are about 40 MB of index.

use base::text::halfwidth;
use pinyin::ToPinyin;
use store::Sql;

/// Texts of initials kept of a name with characters of several readings.
const MAX_VARIANTS: usize = 8;

/// Characters of names that are read in more than one way with different initials; the usual one in names first. Readings that
/// only dictionaries know are left out: they would find what nobody meant.
const READINGS: [(char, &str); 28] = [
    ('长', "cz"),
    ('重', "cz"),
    ('行', "hx"),
    ('乐', "ly"),
    ('调', "td"),
    ('朝', "cz"),
    ('藏', "cz"),
    ('厦', "xs"),
    ('参', "sc"),
    ('盛', "sc"),
    ('单', "ds"),
    ('会', "hk"),
    ('曾', "zc"),
    ('解', "jx"),
    ('仇', "cq"),
    ('便', "bp"),
    ('校', "xj"),
    ('宿', "sx"),
    ('传', "cz"),
    ('弹', "td"),
    ('尉', "wy"),
    ('石', "sd"),
    ('车', "cj"),
    ('奇', "qj"),
    ('降', "jx"),
    ('翟', "zd"),
    ('查', "zc"),
    ('万', "wm"),
];

/// The initials a character may have, the usual one first; empty for signs.
fn letters(c: char) -> impl Iterator<Item = char> {
    let several = READINGS.iter().find(|(known, _)| *known == c).map_or("", |(_, letters)| letters);
    let one = if several.is_empty() { letter(c) } else { None };
    several.chars().chain(one)
}

fn letter(c: char) -> Option<char> {
    match c.to_pinyin() {
        Some(p) => p.first_letter().chars().next(),
        None if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
        None => None,
    }
}

/// The pinyin initials of a name in lower case, its characters read as usual in names: `兰州牧星食品` → `lzmxsp`. Letters and
/// digits stay.
#[must_use]
pub fn initials(name: &str) -> String {
    halfwidth(name).chars().filter_map(|c| letters(c).next()).collect()
}

/// The initials under every reading of its characters (重庆 → `cq` and `zq`), the usual ones first.
fn variants(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    for c in halfwidth(name).chars() {
        let usual = out.len();
        for (i, letter) in letters(c).enumerate() {
            if i == 0 {
                continue;
            }
            for known in 0..usual {
                if out.len() < MAX_VARIANTS {
                    out.push(format!("{}{letter}", out[known]));
                }
            }
        }
        if let Some(letter) = letters(c).next() {
            out[..usual].iter_mut().for_each(|text| text.push(letter));
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
/// mean themselves. The first words count, as in every search.
pub(crate) fn push_text(sql: &mut Sql, column: &'static str, text: &str) {
    for word in store::words::words(&halfwidth(text).to_lowercase()) {
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
            ("长城商行", "ccsh"),
            ("", ""),
        ] {
            assert_eq!(initials(name), is, "{name}");
        }
    }

    #[test]
    fn other_readings_are_found_too() {
        let text = search_text("重庆长乐面馆", &["Chongqing Noodles", "", "92620102MA"]);
        for part in ["重庆", "cqclmg", "zqclmg", "cqzlmg", "noodles", "92620102ma"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(variants("重长乐行会").len() == MAX_VARIANTS);
    }

    #[test]
    fn what_the_user_types_is_no_pattern() {
        let mut sql = Sql::new("x");
        push_text(&mut sql, "search", " 50%_ ＬＺ ");
        assert_eq!(sql.text(), "x and search like $1 escape '\\' and search like $2 escape '\\'");
        assert_eq!(sql.params(), ["%50\\%\\_%".into(), "%lz%".into()]);
    }
}
