//! Reports that tell of the same thing: near duplicates and topics of Chinese texts, tied to product, place and time.
//!
//! Texts become sets of character n-grams after a normalisation that drops what copies change (links, names after @,
//! punctuation, letter case, full-width forms). A MinHash signature with banding proposes pairs (Broder 1997; Leskovec,
//! Rajaraman, Ullman, *Mining of Massive Datasets*, ch. 3), the exact Jaccard coefficient decides, and product, place and
//! time each raise or lower what it must reach. Groups are the connected parts of the pairs kept; each keeps the pairs as
//! its evidence. Everything is deterministic: no random number is drawn anywhere.

use crate::table::{Problem, Table};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Identifier.
    pub id: String,
    /// The words.
    pub text: String,
    /// Product, when known.
    pub product: Option<String>,
    /// Place, when known.
    pub place: Option<String>,
    /// Day, when known: any count of days.
    pub day: Option<i64>,
}

/// What makes two reports one story.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Length of the n-grams in characters, at least 1.
    pub gram: usize,
    /// Jaccard coefficient from which two texts are near duplicates.
    pub duplicate: f64,
    /// Jaccard coefficient from which two texts share a topic.
    pub topic: f64,
    /// What each agreement (product, place, time) takes off the topic threshold, and each contradiction adds to it.
    pub bonus: f64,
    /// Days within which two reports agree in time.
    pub days: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self { gram: 2, duplicate: 0.5, topic: 0.08, bonus: 0.01, days: 14 }
    }
}

/// Why two reports stand in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Link {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// Jaccard coefficient of their n-grams.
    pub similarity: f64,
    /// Whether one is a near duplicate of the other.
    pub duplicate: bool,
    /// What agrees besides the words: `product`, `place`, `time`.
    pub agrees: Vec<&'static str>,
}

/// Reports that tell of the same thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Members in the order of the input.
    pub reports: Vec<String>,
    /// Members left when near duplicates count once.
    pub distinct: usize,
    /// Products named, most frequent first.
    pub products: Vec<String>,
    /// Places named, most frequent first.
    pub places: Vec<String>,
    /// First and last day known.
    pub days: Option<(i64, i64)>,
    /// N-grams that set the group apart from the other reports.
    pub words: Vec<String>,
    /// The pairs that hold it together.
    pub links: Vec<Link>,
}

/// Hash functions of a signature, and rows of a band: pairs of Jaccard 0.1 are proposed with probability 0.95.
const HASHES: usize = 128;
const ROWS: usize = 1;
/// FNV-1a over characters.
const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// Drops what copies of one text differ in.
#[must_use]
pub fn normalise(text: &str) -> Vec<char> {
    let mut out = Vec::new();
    let (mut skip, mut rest) = (false, text);
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("http://") || rest.starts_with("https://") {
            let end = rest.find(|c: char| !c.is_ascii_graphic()).unwrap_or(rest.len());
            rest = &rest[end..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        // full-width forms to ASCII
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        };
        match c {
            '@' | '[' => skip = true,
            ']' => skip = false,
            c if skip && (c.is_whitespace() || ",:;.!?。、".contains(c)) => skip = false,
            c if !skip && c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    out
}

fn hash(chars: &[char]) -> u64 {
    chars.iter().fold(OFFSET, |h, c| (h ^ u64::from(u32::from(*c))).wrapping_mul(PRIME))
}

/// Sorted distinct hashes of the n-grams.
#[must_use]
pub fn grams(text: &str, n: usize) -> Vec<u64> {
    let chars = normalise(text);
    let n = n.max(1);
    let mut list: Vec<u64> =
        if chars.len() < n { vec![hash(&chars)] } else { chars.windows(n).map(hash).collect() };
    if chars.is_empty() {
        list.clear();
    }
    list.sort_unstable();
    list.dedup();
    list
}

/// Jaccard coefficient of two sorted sets; 0 when both are empty.
#[must_use]
pub fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let all = a.len() + b.len() - both;
    #[expect(clippy::cast_precision_loss, reason = "lengths of texts")]
    let share = both as f64 / all.max(1) as f64;
    share
}

/// 64-bit SimHash (Charikar 2002): near duplicates differ in few bits.
#[must_use]
pub fn simhash(grams: &[u64]) -> u64 {
    let mut votes = [0_i32; 64];
    for g in grams {
        let mixed = mix(*g);
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += if mixed >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    votes.iter().enumerate().fold(0, |h, (bit, vote)| h | (u64::from(*vote > 0) << bit))
}

/// A bijection that spreads bits (the finaliser of SplitMix64).
const fn mix(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

fn signature(grams: &[u64]) -> Vec<u64> {
    (0..HASHES as u64)
        .map(|k| {
            let salt = mix(k.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1));
            grams.iter().map(|g| mix(g ^ salt)).min().unwrap_or(u64::MAX)
        })
        .collect()
}

/// Pairs that may be alike: those that share a band of their signatures.
fn candidates(sets: &[Vec<u64>]) -> Vec<(usize, usize)> {
    let signatures: Vec<Vec<u64>> = sets.iter().map(|s| signature(s)).collect();
    let mut pairs = Vec::new();
    for band in 0..HASHES / ROWS {
        let mut buckets: HashMap<&[u64], Vec<usize>> = HashMap::new();
        for (i, s) in signatures.iter().enumerate().filter(|(i, _)| !sets[*i].is_empty()) {
            buckets.entry(&s[band * ROWS..(band + 1) * ROWS]).or_default().push(i);
        }
        for list in buckets.values() {
            // a crowded bucket is chained, not squared: neighbours in it lead to one another
            let reach = if list.len() > 200 { 8 } else { list.len() };
            for (k, &i) in list.iter().enumerate() {
                pairs.extend(list[k + 1..].iter().take(reach).map(|&j| (i, j)));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Groups reports; single ones are left out. Groups are in the order of their first report.
#[must_use]
pub fn group(reports: &[Report], options: &Options) -> Vec<Group> {
    let sets: Vec<Vec<u64>> = reports.iter().map(|r| grams(&r.text, options.gram)).collect();
    let mut parent: Vec<usize> = (0..reports.len()).collect();
    let mut copies: Vec<usize> = (0..reports.len()).collect();
    let mut links: Vec<(usize, usize, Link)> = Vec::new();
    for (i, j) in candidates(&sets) {
        let similarity = jaccard(&sets[i], &sets[j]);
        let (agrees, against) = agreement(&reports[i], &reports[j], options);
        #[expect(clippy::cast_precision_loss, reason = "three at most")]
        let needed = options.topic - options.bonus * (agrees.len() as f64 - against as f64);
        if similarity >= needed && similarity > 0.0 {
            join(&mut parent, i, j);
            let duplicate = similarity >= options.duplicate;
            if duplicate {
                join(&mut copies, i, j);
            }
            links.push((
                i,
                j,
                Link { a: reports[i].id.clone(), b: reports[j].id.clone(), similarity, duplicate, agrees },
            ));
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..reports.len() {
        let root = root(&mut parent, i);
        members.entry(root).or_default().push(i);
    }
    let mut held: HashMap<usize, Vec<Link>> = HashMap::new();
    for (i, _, link) in links {
        let root = root(&mut parent, i);
        held.entry(root).or_default().push(link);
    }
    let mut common: HashMap<u64, usize> = HashMap::new();
    sets.iter().flatten().for_each(|g| *common.entry(*g).or_default() += 1);
    let mut groups: Vec<(usize, Group)> = members
        .into_iter()
        .filter(|(_, list)| list.len() > 1)
        .map(|(root_, list)| {
            let mut distinct: Vec<usize> = list.iter().map(|i| root(&mut copies, *i)).collect();
            distinct.sort_unstable();
            distinct.dedup();
            let days: Vec<i64> = list.iter().filter_map(|i| reports[*i].day).collect();
            let group = Group {
                reports: list.iter().map(|i| reports[*i].id.clone()).collect(),
                distinct: distinct.len(),
                products: frequent(list.iter().filter_map(|i| reports[*i].product.as_deref())),
                places: frequent(list.iter().filter_map(|i| reports[*i].place.as_deref())),
                days: days.iter().min().zip(days.iter().max()).map(|(a, b)| (*a, *b)),
                words: words(reports, &list, &common, options.gram),
                links: held.remove(&root_).unwrap_or_default(),
            };
            (list[0], group)
        })
        .collect();
    groups.sort_by_key(|g| g.0);
    groups.into_iter().map(|g| g.1).collect()
}

/// What two reports agree in besides the words, and in how many things they contradict each other.
fn agreement(a: &Report, b: &Report, options: &Options) -> (Vec<&'static str>, usize) {
    let (mut agrees, mut against) = (Vec::new(), 0);
    let mut judge = |name, same: Option<bool>| match same {
        Some(true) => agrees.push(name),
        Some(false) => against += 1,
        None => {}
    };
    judge("product", a.product.as_ref().zip(b.product.as_ref()).map(|(x, y)| x == y));
    judge("place", a.place.as_ref().zip(b.place.as_ref()).map(|(x, y)| x == y));
    judge("time", a.day.zip(b.day).map(|(x, y)| (x - y).abs() <= options.days));
    (agrees, against)
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

fn join(parent: &mut [usize], i: usize, j: usize) {
    let (a, b) = (root(parent, i), root(parent, j));
    parent[a.max(b)] = a.min(b);
}

/// Names by falling frequency, then by name.
fn frequent<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.for_each(|n| *counts.entry(n).or_default() += 1);
    let mut list: Vec<(&str, usize)> = counts.into_iter().collect();
    list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    list.into_iter().map(|(n, _)| n.to_owned()).collect()
}

/// Up to five n-grams of the group, those found in many of its reports and few others.
#[expect(clippy::cast_precision_loss, reason = "numbers of reports")]
fn words(reports: &[Report], list: &[usize], common: &HashMap<u64, usize>, n: usize) -> Vec<String> {
    let mut here: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for &i in list {
        let chars = normalise(&reports[i].text);
        let mut seen: Vec<&[char]> = chars.windows(n.max(1)).collect();
        seen.sort_unstable();
        seen.dedup();
        for gram in seen {
            here.entry(gram.iter().collect()).or_insert((0, hash(gram))).0 += 1;
        }
    }
    let mut scored: Vec<(f64, String)> = here
        .into_iter()
        .filter(|(_, (count, _))| *count > 1)
        .map(|(gram, (count, h))| {
            let all = common.get(&h).copied().unwrap_or(1) as f64;
            (count as f64 * (reports.len() as f64 / all).ln(), gram)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().take(5).map(|s| s.1).collect()
}

/// Reports from a table with the columns `text` and, when there, `id`, `product`, `place`, `date`.
///
/// # Errors
/// No column `text`, or a date that cannot be read; file and line are named.
pub fn read(name: &str, table: &Table) -> Result<Vec<Report>, Problem> {
    let [text] = table.need(name, [&["text", "content", "文本", "内容"]])?;
    let id = table.column(&["id", "编号"]);
    let product = table.column(&["product", "food", "产品"]);
    let place = table.column(&["place", "county", "region", "地点"]);
    let date = table.column(&["date", "日期"]);
    let mut out = Vec::with_capacity(table.rows.len());
    for (i, row) in table.rows.iter().enumerate() {
        let some = |column: Option<usize>| column.map(|c| row[c].clone()).filter(|v| !v.is_empty());
        let day = match some(date) {
            None => None,
            Some(written) => Some(crate::scan::day(&written).ok_or_else(|| {
                let line = i + 2;
                Problem::new(
                    format!("文件 {name} 第 {line} 行：“{written}”不是日期"),
                    format!("file {name}, line {line}: “{written}” is not a date"),
                )
            })?),
        };
        out.push(Report {
            id: some(id).unwrap_or_else(|| (i + 1).to_string()),
            text: row[text].clone(),
            product: some(product),
            place: some(place),
            day,
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: &str, text: &str, product: &str, day: i64) -> Report {
        Report {
            id: id.to_owned(),
            text: text.to_owned(),
            product: Some(product.to_owned()),
            place: None,
            day: Some(day),
        }
    }

    #[test]
    fn copies_with_other_names_links_and_punctuation_are_the_same_text() {
        let a = grams("转发@张三：某品牌奶粉喝了拉肚子！https://t.cn/abc ", 2);
        let b = grams("转发 @李四: 某品牌奶粉，喝了拉肚子。", 2);
        assert!((jaccard(&a, &b) - 1.0).abs() < 1e-12);
        assert_eq!(simhash(&a), simhash(&b));
    }

    #[test]
    fn stories_are_told_apart_and_their_evidence_is_kept() {
        let reports = [
            report("1", "昨天在学校门口买的烤肠，吃完一小时后呕吐腹泻", "烤肠", 1),
            report("2", "孩子吃了学校门口的烤肠，一小时后开始呕吐腹泻", "烤肠", 2),
            report("3", "网购的大米有霉味，包装上没有生产日期", "大米", 1),
            report("4", "网上买的大米发霉，包装没有标注生产日期", "大米", 3),
            report("5", "饭店的洗手间太脏", "餐饮", 2),
        ];
        let groups = group(&reports, &Options::default());
        let ids: Vec<Vec<String>> = groups.iter().map(|g| g.reports.clone()).collect();
        assert_eq!(ids, [["1", "2"], ["3", "4"]]);
        assert_eq!(groups[0].links[0].agrees, ["product", "time"]);
        assert_eq!(groups[1].days, Some((1, 3)));
        assert_eq!(groups, group(&reports, &Options::default()));
    }

    #[test]
    fn empty_texts_stand_alone() {
        assert!(
            group(&[report("1", "", "x", 1), report("2", "！！", "x", 1)], &Options::default()).is_empty()
        );
    }
}
