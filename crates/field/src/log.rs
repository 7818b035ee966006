//! The log a phone keeps without signal: what an entry is, who signed it, and how entries become a record of the inspection.
//!
//! An entry is a text, signed as it stands; its hash is the SHA-256 of that text and the next entry of the device names it.
//! So an entry can be neither changed nor left out unnoticed. What the entries amount to ([`Visit`]) depends on the set of
//! them, never on the order in which they arrived.

use base::{Id, Instant, Text};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The format of an entry.
const VERSION: u8 = 1;
/// Longest text of an entry, bytes.
pub(crate) const MOST_BYTES: usize = 16 * 1024;
/// Longest note, characters.
const NOTE: usize = 1000;
/// Photos of one finding.
const PHOTOS: usize = 9;

/// Where a device was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// A position (WGS 84, degrees) with its accuracy in metres.
    At {
        /// Latitude.
        lat: String,
        /// Longitude.
        lon: String,
        /// Radius of 68 % confidence, metres.
        accuracy: u32,
    },
    /// Why there is none.
    None(NoPlace),
}

/// Why an entry has no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPlace {
    /// The officer did not allow it.
    Refused,
    /// The device could not tell.
    Unavailable,
}

/// An entry of a device's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
pub struct Cite {
    /// The device.
    pub device: Id,
    /// Its entry.
    pub seq: u32,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The officer arrived.
    Arrival,
    /// The officer left.
    Departure,
    /// A point of the checklist.
    Finding(Finding),
    /// A photo was taken; its bytes follow.
    Photo(Photo),
    /// What the firm said.
    Reply(Reply),
    /// Somebody signed.
    Signature(Signature),
    /// Anything else.
    Note(Note),
    /// The officer has finished.
    Finish,
}

/// A point of the checklist as one officer found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The point.
    pub item: String,
    /// `pass`, `minor`, `fail`, `na`.
    pub result: String,
    /// What was found.
    #[serde(default)]
    pub note: String,
    /// Photos by SHA-256, each an entry of its own before.
    #[serde(default)]
    pub photos: Vec<String>,
    /// The finding it corrects.
    #[serde(default)]
    pub corrects: Option<Cite>,
}

/// A photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Photo {
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// Bytes.
    pub size: u32,
}

/// What the firm said to the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// In its words.
    pub text: String,
}

/// A signature, or that it was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// `officer` or `firm`.
    pub side: String,
    /// Who signed; empty when refused.
    #[serde(default)]
    pub name: String,
    /// The strokes as a picture, by SHA-256.
    #[serde(default)]
    pub image: Option<String>,
    /// Why it was refused.
    #[serde(default)]
    pub refused: String,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The words.
    pub text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u8,
    device: Id,
    seq: u32,
    prev: String,
    matter: Id,
    kind: String,
    at: i64,
    place: Place,
    body: Json,
}

/// An entry as read from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The device.
    pub device: Id,
    /// Its number, from 1.
    pub seq: u32,
    /// Hash of the entry before, hex.
    pub prev: String,
    /// The inspection.
    pub matter: Id,
    /// Kind, as stored.
    pub kind: String,
    /// Time of the device.
    pub at: Instant,
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
    /// SHA-256 of the text, hex.
    pub hash: String,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// It cannot be read.
    Format,
    /// It says it is of another device.
    Device,
    /// Nobody with the device's key signed it.
    Signature,
    /// It does not follow the entry before, or the next does not follow it.
    Chain,
    /// Another entry of that number is known.
    Fork,
    /// The officer was not sent there, or had not taken it along.
    Unassigned,
    /// The officer had no right then.
    Denied,
    /// Its time cannot be.
    Time,
}

impl Wrong {
    /// In words, with the remedy.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Format => Text::of("记录格式无法识别", "the entry cannot be read"),
            Self::Device => Text::of("记录属于另一台设备", "the entry is of another device"),
            Self::Signature => {
                Text::of("签名不符，记录可能被改动", "the signature does not hold; it may have been changed")
            }
            Self::Chain => Text::of(
                "与前后记录不衔接",
                "it does not follow the entry before, or the next does not follow it",
            ),
            Self::Fork => Text::of("同一序号已有另一条记录", "another entry of that number is known"),
            Self::Unassigned => Text::of(
                "该检查未派给本人或未领取",
                "the officer was not sent there, or had not taken it along",
            ),
            Self::Denied => Text::of("当时没有办理权限", "the officer had no right then"),
            Self::Time => Text::of(
                "设备时间不对：请校准手机时钟；记录仍在手机中，稍后再同步",
                "its time cannot be: set the clock of the phone; the entry stays on it, synchronise again later",
            ),
        }
    }
}

/// The hash the first entry of a device names.
#[must_use]
pub fn genesis(device: Id) -> String {
    hex::encode(Sha256::digest(format!("shian-field-1|{device}").as_bytes()))
}

/// SHA-256 of a text, hex.
#[must_use]
pub fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Whether the key signed the text: ECDSA on P-256 with SHA-256, r and s of 32 bytes each.
#[must_use]
pub fn signed(key: &[u8], text: &str, signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(text.as_bytes(), signature).is_ok()
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn short(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`Wrong::Format`].
    pub fn read(text: &str) -> Result<Self, Wrong> {
        if text.len() > MOST_BYTES {
            return Err(Wrong::Format);
        }
        let w: Written = serde_json::from_str(text).map_err(|_| Wrong::Format)?;
        let placed = match &w.place {
            Place::At { lat, lon, .. } => {
                let degrees =
                    |t: &str, most: f64| t.len() <= 12 && t.parse::<f64>().is_ok_and(|d| d.abs() <= most);
                degrees(lat, 90.0) && degrees(lon, 180.0)
            }
            Place::None(_) => true,
        };
        if w.v != VERSION || w.seq == 0 || !is_hash(&w.prev) || w.at <= 0 || !placed {
            return Err(Wrong::Format);
        }
        let what = What::read(&w.kind, w.body).ok_or(Wrong::Format)?;
        Ok(Self {
            device: w.device,
            seq: w.seq,
            prev: w.prev,
            matter: w.matter,
            kind: w.kind,
            at: Instant(w.at.saturating_mul(1000)),
            place: w.place,
            what,
            hash: hash_of(text),
        })
    }
}

impl What {
    fn read(kind: &str, body: Json) -> Option<Self> {
        fn of<T: serde::de::DeserializeOwned>(body: Json) -> Option<T> {
            serde_json::from_value(body).ok()
        }
        let empty = body.as_object().is_some_and(serde_json::Map::is_empty);
        let what = match kind {
            "arrival" if empty => Self::Arrival,
            "departure" if empty => Self::Departure,
            "finish" if empty => Self::Finish,
            "finding" => Self::Finding(of(body)?),
            "photo" => Self::Photo(of(body)?),
            "reply" => Self::Reply(of(body)?),
            "signature" => Self::Signature(of(body)?),
            "note" => Self::Note(of(body)?),
            _ => return None,
        };
        what.sound().then_some(what)
    }

    fn sound(&self) -> bool {
        match self {
            Self::Arrival | Self::Departure | Self::Finish => true,
            Self::Finding(f) => {
                let result = matches!(f.result.as_str(), "pass" | "minor" | "fail" | "na");
                let explained = !matches!(f.result.as_str(), "minor" | "fail") || !f.note.trim().is_empty();
                result
                    && explained
                    && short(&f.item, 40)
                    && short(&f.note, NOTE)
                    && f.photos.len() <= PHOTOS
                    && f.photos.iter().all(|p| is_hash(p))
            }
            Self::Photo(p) => is_hash(&p.sha256) && p.size > 0,
            Self::Reply(Reply { text }) | Self::Note(Note { text }) => {
                !text.trim().is_empty() && short(text, NOTE)
            }
            Self::Signature(s) => {
                let one = s.name.trim().is_empty() != s.refused.trim().is_empty();
                one && matches!(s.side.as_str(), "officer" | "firm")
                    && short(&s.name, 60)
                    && short(&s.refused, 200)
                    && s.image.as_deref().is_none_or(is_hash)
            }
        }
    }
}

/// A finding that stands, with its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Its entry.
    pub cite: Cite,
    /// Time of the device.
    pub at: Instant,
    /// As found.
    pub finding: Finding,
    /// A later one corrects it: it stays on record and counts no more.
    pub corrected: bool,
}

/// What the entries of an inspection amount to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Visit {
    /// Findings by point, corrected ones among them.
    pub findings: BTreeMap<String, Vec<Standing>>,
    /// Photos named.
    pub photos: BTreeSet<String>,
    /// What the firm said.
    pub replies: Vec<String>,
    /// Signatures.
    pub signatures: Vec<Signature>,
    /// Notes.
    pub notes: Vec<String>,
    /// First arrival and last departure.
    pub arrived: Option<Instant>,
    /// Last departure.
    pub departed: Option<Instant>,
    /// First position.
    pub place: Option<Place>,
    /// Devices that have finished, with the time.
    pub finished: BTreeMap<Id, Instant>,
}

/// Whether a position lies in the rectangle of China, as the record asks; elsewhere it stays in the log alone.
fn in_china(place: &Place) -> bool {
    let Place::At { lat, lon, .. } = place else { return false };
    let inside = |t: &str, low: f64, high: f64| t.parse::<f64>().is_ok_and(|d| d >= low && d <= high);
    inside(lat, 3.0, 54.0) && inside(lon, 73.0, 136.0)
}

/// From better to worse.
const ORDER: [&str; 4] = ["na", "pass", "minor", "fail"];

impl Visit {
    /// Of the entries of one inspection; their order does not matter.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut all: Vec<&Entry> = entries.iter().collect();
        all.sort_by_key(|e| (e.device, e.seq));
        all.dedup_by_key(|e| (e.device, e.seq));
        let items: BTreeMap<Cite, &str> = all
            .iter()
            .filter_map(|e| match &e.what {
                What::Finding(f) => Some((Cite { device: e.device, seq: e.seq }, f.item.as_str())),
                _ => None,
            })
            .collect();
        // a correction counts where it cites an earlier finding on the same point by the same phone: what another officer found
        // is nobody else's to strike, and where two differ both stand
        let cited: BTreeSet<&Cite> = all
            .iter()
            .filter_map(|e| match &e.what {
                What::Finding(f) => f.corrects.as_ref().filter(|c| {
                    c.device == e.device && c.seq < e.seq && items.get(c) == Some(&f.item.as_str())
                }),
                _ => None,
            })
            .collect();
        let mut visit = Self::default();
        for e in &all {
            match &e.what {
                What::Arrival => {
                    visit.arrived = Some(visit.arrived.map_or(e.at, |t| t.min(e.at)));
                    if visit.place.is_none() && matches!(e.place, Place::At { .. }) {
                        visit.place = Some(e.place.clone());
                    }
                }
                What::Departure => visit.departed = Some(visit.departed.map_or(e.at, |t| t.max(e.at))),
                What::Finding(f) => {
                    let cite = Cite { device: e.device, seq: e.seq };
                    let corrected = cited.contains(&cite);
                    let standing = Standing { cite, at: e.at, finding: f.clone(), corrected };
                    visit.findings.entry(f.item.clone()).or_default().push(standing);
                }
                What::Photo(p) => {
                    visit.photos.insert(p.sha256.clone());
                }
                What::Reply(r) => visit.replies.push(r.text.trim().to_owned()),
                What::Signature(s) => visit.signatures.push(s.clone()),
                What::Note(n) => visit.notes.push(n.text.trim().to_owned()),
                What::Finish => {
                    visit.finished.insert(e.device, e.at);
                }
            }
        }
        visit
    }

    /// The answer to a point: the worst that stands, with every note; where officers differ, it says so. `None` when nothing
    /// stands.
    #[must_use]
    pub fn answer(&self, item: &str) -> Option<Json> {
        let standing: Vec<&Standing> =
            self.findings.get(item).into_iter().flatten().filter(|s| !s.corrected).collect();
        let rank = |s: &&&Standing| ORDER.iter().position(|r| *r == s.finding.result);
        let worst = standing.iter().max_by_key(rank)?;
        let results: BTreeSet<&str> = standing.iter().map(|s| s.finding.result.as_str()).collect();
        let mut notes: Vec<String> = Vec::new();
        if results.len() > 1 {
            notes.push("（检查人员记录不一致，均予保留）".to_owned());
        }
        for s in &standing {
            let note = s.finding.note.trim();
            if !note.is_empty() && !notes.iter().any(|n| n == note) {
                notes.push(note.to_owned());
            }
        }
        let mut photos: Vec<&str> =
            standing.iter().flat_map(|s| &s.finding.photos).map(String::as_str).collect();
        photos.dedup();
        photos.truncate(PHOTOS);
        let mut row = json!({"item": item, "result": worst.finding.result});
        if !notes.is_empty() {
            row["note"] = json!(notes.join("；").chars().take(NOTE).collect::<String>());
        }
        if !photos.is_empty() {
            row["photos"] = json!(photos);
        }
        Some(row)
    }

    /// The form that records the inspection, for a checklist of `business`.
    #[must_use]
    pub fn form(&self, business: &str) -> Json {
        let rows: Vec<Json> = self.findings.keys().filter_map(|item| self.answer(item)).collect();
        let in_rows: BTreeSet<&str> =
            rows.iter().filter_map(|r| r["photos"].as_array()).flatten().filter_map(Json::as_str).collect();
        let photos: Vec<&str> =
            self.photos.iter().map(String::as_str).filter(|p| !self.is_signature(p)).collect();
        // those shown beside a point first stand there; the form's own list takes what is left, or all when nothing is
        let mut own: Vec<&str> = photos.iter().copied().filter(|p| !in_rows.contains(p)).collect();
        if own.is_empty() {
            own = photos;
        }
        own.truncate(PHOTOS);
        let on = self.arrived.or_else(|| self.finished.values().min().copied());
        let mut form = json!({"business": business, business: rows});
        if let Some(on) = on {
            form["checked_on"] = json!(on.china_date().to_string());
        }
        let mut put = |name: &str, value: Json| form[name] = value;
        if !self.notes.is_empty() {
            put("problems", json!(self.notes.join("；")));
        }
        if !self.replies.is_empty() {
            put("reply", json!(self.replies.join("；")));
        }
        if !own.is_empty() {
            put("photos", json!(own));
        }
        if let Some(Place::At { lat, lon, .. }) = self.place.as_ref().filter(|p| in_china(p)) {
            put("position", json!({"lat": lat, "lon": lon}));
        }
        for (side, field) in [("officer", "officer_signature"), ("firm", "firm_signature")] {
            let all: Vec<&Signature> = self.signatures.iter().filter(|s| s.side == side).collect();
            let mut names: Vec<String> = Vec::new();
            for s in &all {
                let name = if s.refused.is_empty() {
                    s.name.trim().to_owned()
                } else {
                    format!("拒签：{}", s.refused.trim())
                };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            if names.is_empty() {
                continue;
            }
            let mut value = json!({"name": names.join("、").chars().take(60).collect::<String>()});
            if let Some(image) = all.iter().find_map(|s| s.image.as_deref()) {
                value["image"] = json!(image);
            }
            put(field, value);
        }
        form
    }

    fn is_signature(&self, sha256: &str) -> bool {
        self.signatures.iter().any(|s| s.image.as_deref() == Some(sha256))
    }
}
