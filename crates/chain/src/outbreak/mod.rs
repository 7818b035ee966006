//! Outbreak cases: the files they come in and go out as.
//!
//! Read: the plain case layout (one case, or a list of cases), FoodChain-Lab JSON (tables of columns and rows, and the
//! old flat form), its all-in-one spreadsheet, UTX core JSON. All but the plain layout become one model, [`Fcl`], which
//! keeps what it does not understand, so that a file leaves as it came.

mod fcl;
mod flat;
mod keys;
mod plain;
mod plot;
mod rank;
mod scored;
mod sheet;
mod simulate;
mod study;
mod utx;
mod walk;

pub use fcl::Fcl;
pub use rank::{Locator, NextFirm, Ranking, Reason, SEEN, SENSITIVITY, STRAY, Suspect, SuspectLot};
pub use sheet::Table;
pub use simulate::{Outbreak, simulate};
pub use study::{CASES, Method, Row, Study, Summary, study};

use crate::score::Network;
use crate::score::date::Span;
use crate::score::dictionary::Dictionary;
use base::Text;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The layout a file came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The plain case layout: settings, stations, deliveries, relations.
    Plain,
    /// FoodChain-Lab JSON 1.x: columns and rows.
    Fcl,
    /// FoodChain-Lab JSON before 1.0: flat lists.
    Flat,
    /// The all-in-one spreadsheet template.
    Sheets,
    /// UTX core JSON.
    Utx,
}

/// One outbreak case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, where the file gives one.
    pub name: Option<String>,
    /// What is scored.
    pub network: Network,
    /// The document it came in; none for the plain layout.
    given: Option<Fcl>,
    /// What the reader should know: contradictions that were kept, records that could not be used.
    pub notes: Vec<Text>,
}

impl Case {
    /// The whole document, view settings and unknown columns included; made from the network for the plain layout,
    /// which holds nothing else.
    #[must_use]
    pub fn document(&self) -> Cow<'_, Fcl> {
        self.given.as_ref().map_or_else(|| Cow::Owned(Fcl::of(&self.network)), Cow::Borrowed)
    }
}

/// What a file holds.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// Its layout.
    pub format: Format,
    /// The file is a list of cases: the answer is one a line, even for a list of one.
    pub list: bool,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Why a file cannot be used: each with the place (a JSON pointer, or sheet and row) and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.english())]
pub struct FormatError(
    /// The problems, at most twenty.
    pub Vec<(String, Text)>,
);

impl FormatError {
    pub(crate) fn one(at: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(vec![(at.into(), Text::new(zh, en))])
    }

    fn english(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(at, text)| format!("{at}: {}", text.en)).collect();
        lines.join("; ")
    }
}

/// Gathers problems and gives up when there are many.
#[derive(Default)]
pub(crate) struct Problems(Vec<(String, Text)>);

impl Problems {
    pub(crate) fn add(&mut self, at: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) {
        if self.0.len() < 20 {
            self.0.push((at.into(), Text::new(zh, en)));
        }
    }

    pub(crate) fn into_result(self) -> Result<(), FormatError> {
        if self.0.is_empty() { Ok(()) } else { Err(FormatError(self.0)) }
    }
}

/// What of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of it: it will be written again.
    Document,
    /// What is scored; [`Case::document`] is then made from the network, without the view settings and unknown columns.
    Network,
}

/// Reads a JSON file of any of the layouts.
///
/// # Errors
/// It is no JSON, no known layout, or breaks the rules of its layout.
pub fn read(bytes: &[u8], keep: Keep) -> Result<CaseFile, FormatError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // a case of a million deliveries is read without a tree of values
    let keys = serde_json::from_slice::<plain::Keys>(bytes).ok();
    if keys.as_ref().is_some_and(plain::Keys::plain) {
        let (name, network) = plain::read(&mut serde_json::Deserializer::from_slice(bytes))?;
        let notes = ignored(&keys::unknown(&mut serde_json::Deserializer::from_slice(bytes)));
        return finish(Format::Plain, name, (None, notes), Some(network));
    }
    // what cannot be read so is told with its place by way of the tree
    if keep == Keep::Network
        && keys.as_ref().is_some_and(plain::Keys::tables)
        && let Ok(scored) = serde_json::from_slice::<scored::Scored>(bytes)
    {
        return finish(Format::Fcl, None, (None, Vec::new()), Some(scored.network()?));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|e| {
        FormatError::one(
            format!("line {}, column {}", e.line(), e.column()),
            format!("不是 JSON 文件（{e}），请检查是否完整或改用 .xlsx 模板"),
            format!("this is no JSON ({e}); check that the file is complete, or use the .xlsx template"),
        )
    })?;
    read_value(value)
}

/// What is said of keys that mean nothing.
fn ignored(places: &[String]) -> Vec<Text> {
    if places.is_empty() {
        return Vec::new();
    }
    let shown = places.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let more = if places.len() > 5 { ", …" } else { "" };
    vec![Text::new(
        format!("不认识的键，已忽略（请检查拼写和大小写）：{} 处（{shown}{more}）", places.len()),
        format!(
            "keys that are not known and were ignored; check spelling and capitals: {} ({shown}{more})",
            places.len()
        ),
    )]
}

fn read_value(value: Value) -> Result<CaseFile, FormatError> {
    if let Value::Array(cases) = value {
        let mut all = Vec::with_capacity(cases.len());
        for (n, case) in cases.into_iter().enumerate() {
            let within = |e: FormatError| {
                FormatError(e.0.into_iter().map(|(at, text)| (format!("/{n}{at}"), text)).collect())
            };
            all.extend(read_value(case).map_err(within)?.cases);
        }
        return Ok(CaseFile { format: Format::Plain, list: true, cases: all });
    }
    let has = |key: &str| value.get(key).is_some();
    let (format, name, document, network) = if has("utxCore") {
        let (document, notes) = utx::read(&value)?;
        (Format::Utx, None, (Some(document), notes), None)
    } else if value.pointer("/data/stations").is_some() {
        (Format::Fcl, None, (Some(Fcl::parse(value)?), Vec::new()), None)
    } else if has("elements") || has("deliveriesRelations") {
        (Format::Flat, None, (Some(flat::read(&value)?), Vec::new()), None)
    } else if has("deliveries") {
        let (name, network) = plain::read(&value)?;
        (Format::Plain, name, (None, ignored(&keys::unknown(&value))), Some(network))
    } else {
        let schema = has("$schema") || has("$defs") || has("definitions");
        let (zh, en) = if schema {
            (
                "这是 JSON Schema（格式说明），不是病例文件",
                "this is a JSON schema, the description of a format, not a case",
            )
        } else {
            ("不是可识别的病例文件", "this is no case in a known layout")
        };
        return Err(FormatError::one(
            "/",
            format!(
                "{zh}；可用格式：病例（stations、deliveries、relations）、FoodChain-Lab JSON、UTX core JSON、.xlsx 模板"
            ),
            format!(
                "{en}; accepted are a case (stations, deliveries, relations), FoodChain-Lab JSON, UTX core JSON and the .xlsx template"
            ),
        ));
    };
    finish(format, name, document, network)
}

/// Reads the sheets of the all-in-one template.
///
/// # Errors
/// A sheet or a column is missing, an identifier is missing, given twice or unknown, a date is none.
pub fn read_tables(tables: &[Table]) -> Result<CaseFile, FormatError> {
    let book = sheet::read(tables)?;
    let network = book.document.network().map_err(|e| book.place(e))?;
    finish(Format::Sheets, None, (Some(book.document), Vec::new()), Some(network))
}

fn finish(
    format: Format,
    name: Option<String>,
    (given, mut notes): (Option<Fcl>, Vec<Text>),
    network: Option<Network>,
) -> Result<CaseFile, FormatError> {
    let network = match (network, &given) {
        (Some(network), _) => network,
        (None, Some(document)) => document.network()?,
        (None, None) => Network::default(),
    };
    if let Some(id) = network.settings.ring_of_merges() {
        let at = if format == Format::Plain { "/settings/mergedStations" } else { "/settings/metaNodes" };
        return Err(FormatError::one(
            at,
            format!("站点 {id} 经合并又并入自身，请只保留一个方向"),
            format!("the merges lead from station {id} back to itself; keep one direction only"),
        ));
    }
    notes.extend(check(&network));
    Ok(CaseFile { format, list: false, cases: vec![Case { name, network, given, notes }] })
}

/// A note on what was found, the first of it by name; none when nothing was.
fn note(found: &[String], zh: &str, en: &str) -> Option<Text> {
    let shown = found.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let more = if found.len() > 5 { ", …" } else { "" };
    let note = || {
        let count = found.len();
        Text::new(format!("{zh}：{count} 处（{shown}{more}）"), format!("{en}: {count} ({shown}{more})"))
    };
    (!found.is_empty()).then(note)
}

/// What contradicts itself in a network, kept as given: relations between deliveries that do not meet at one station, or that
/// run against time; evidence at elements that are not there.
#[must_use]
pub fn check(network: &Network) -> Vec<Text> {
    let mut by_id = Dictionary::with_capacity(network.deliveries.len());
    by_id.set_all(network.deliveries.iter().map(|d| d.id.as_str()));
    let mut notes = Vec::new();
    let mut say = |found: Vec<String>, zh: &str, en: &str| notes.extend(note(&found, zh, en));
    let dates = network.deliveries.iter().flat_map(|d| [(d, &d.date_out), (d, &d.date_in)]);
    let unread = dates.filter_map(|(d, date)| {
        let date = date.as_deref().filter(|text| !text.trim().is_empty() && Span::parse(text).is_none())?;
        Some(format!("{} {date}", d.id))
    });
    say(unread.collect(), "日期无法识别，按未知处理", "dates that cannot be read, taken as unknown");
    let settings = &network.settings;
    let (mut unknown, mut apart, mut early) = (Vec::new(), Vec::new(), Vec::new());
    let mut ends = Vec::with_capacity(2 * network.relations.len());
    let names = network.relations.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]);
    by_id.get_all(names, |number| ends.push(number));
    for ((a, b), ends) in network.relations.iter().zip(ends.chunks_exact(2)) {
        let delivery = |end: Option<u32>| end.and_then(|n| network.deliveries.get(n as usize));
        match (delivery(ends[0]), delivery(ends[1])) {
            (Some(x), Some(y)) => {
                if settings.station_of(&x.to) != settings.station_of(&y.from) {
                    apart.push(format!("{a} → {b}"));
                }
                if !x.arrival().not_after(y.departure()) {
                    early.push(format!("{a} → {b}"));
                }
            }
            _ => unknown.push(format!("{a} → {b}")),
        }
    }
    say(unknown, "关系指向不存在的交货，已忽略", "relations that name no delivery, ignored");
    say(
        apart,
        "关系两端不在同一站点，按原样使用",
        "relations whose deliveries do not meet at one station, used as given",
    );
    say(early, "关系与日期矛盾（先出后进），按原样使用", "relations that run against time, used as given");
    let stations: HashSet<&str> = network
        .stations
        .iter()
        .map(|s| &s.id)
        .chain(network.deliveries.iter().flat_map(|d| [&d.from, &d.to]))
        .map(|id| settings.station_of(id))
        .collect();
    let lost = (settings.station_weights.keys().filter(|id| !stations.contains(id.as_str())))
        .chain(settings.delivery_weights.keys().filter(|id| by_id.get(id).is_none()));
    say(
        lost.cloned().collect(),
        "权重所在的站点或交货不存在，仍计入分母",
        "evidence at elements that are not in the network; it still counts in the whole",
    );
    let listed: HashSet<&str> = network.stations.iter().map(|s| s.id.as_str()).collect();
    let bare: Vec<String> = network
        .deliveries
        .iter()
        .flat_map(|d| [&d.from, &d.to])
        .filter(|id| !listed.is_empty() && !listed.contains(id.as_str()))
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    say(
        bare,
        "交货指向未列出的站点，已补上",
        "deliveries name stations that are not listed; they were added",
    );
    notes
}

/// What the layouts other than the plain one cannot hold of a case, so that its scores differ when it is read back: lots of several
/// products (there a product is a part of the lot's name), and without `settings` (the spreadsheet, UTX) evidence and switches.
#[must_use]
pub fn not_held(network: &Network, settings: bool) -> Vec<Text> {
    let mut notes = Vec::new();
    let mut say = |found: Vec<String>, zh: &str, en: &str| notes.extend(note(&found, zh, en));
    let mut products: BTreeMap<(&str, &str), BTreeSet<Option<&str>>> = BTreeMap::new();
    for d in &network.deliveries {
        if let Some(lot) = &d.lot {
            products.entry((&d.from, lot)).or_default().insert(d.product.as_deref());
        }
    }
    let several = products.into_iter().filter(|(_, products)| products.len() > 1);
    say(
        several.map(|((from, lot), _)| format!("{from} {lot}")).collect(),
        "同一批号下有多种产品，此格式按产品分为不同批次，批次得分会变",
        "lots of several products, which this layout tells apart by product: their lot scores change",
    );
    if !settings {
        let s = &network.settings;
        let marked = [
            &s.cross_contamination_stations,
            &s.cross_contamination_deliveries,
            &s.kill_contamination_stations,
            &s.kill_contamination_deliveries,
            &s.observed_stations,
            &s.observed_deliveries,
        ];
        let weighted = s.station_weights.keys().chain(s.delivery_weights.keys());
        let all = weighted.chain(marked.into_iter().flatten()).chain(s.merged_stations.keys());
        say(
            all.cloned().collect(),
            "此格式不保存病例权重、污染、观察标记与合并，得分会变；要保留请写成 fcl",
            "evidence, contamination, marks and merges, which this layout does not hold: scores change; write fcl to keep them",
        );
    }
    notes
}

/// Writes a document as the sheets of the all-in-one template.
#[must_use]
pub fn write_tables(document: &Fcl) -> Vec<Table> {
    sheet::write(document)
}

/// Writes a document as UTX core JSON.
#[must_use]
pub fn write_utx(document: &Fcl) -> Value {
    utx::write(document)
}
