//! From a document to rows: validation, event hash, and the facts lifted into columns. Pure; run off the async threads.

use crate::capture::Load;
use crate::fact::{EventFact, ItemFact, Role};
use crate::masterdata;
use crate::outcome::Format;
use base::{Id, Instant};
use epcis::query::{LinkList, key, word};
use epcis::vocabulary::{BIZ_STEP, DISPOSITION};
use epcis::{Context, DocumentType, Event, Limits, Node, Problem, Reading};
use sha2::{Digest, Sha256};

/// One event ready to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// JSON pointer of the event in its document.
    pub(crate) pointer: String,
    /// Lifted facts; the record id is given in the transaction.
    pub(crate) fact: EventFact,
    /// CBV 2.0 event hash.
    pub(crate) hash: [u8; 32],
    /// Time of the error declaration; empty for an event proper.
    pub(crate) declared: String,
    /// `eventID` as given.
    pub(crate) event_id: Option<String>,
    /// `eventTimeZoneOffset`.
    pub(crate) tz: String,
    /// The event as JSON.
    pub(crate) body: String,
    /// What it says of lots.
    pub(crate) lots: Vec<LotFact>,
    /// Business transactions, sources and destinations that no column holds: list and key.
    pub(crate) links: Vec<(LinkList, String)>,
}

impl Prepared {
    /// What the leaf of the event commits to.
    pub(crate) fn leaf_text(&self) -> String {
        leaf_text(&self.hash, &self.declared)
    }
}

/// The hash id; an error declaration, whose hash is that of its event, adds its time.
pub(crate) fn leaf_text(hash: &[u8; 32], declared: &str) -> String {
    let mut id = hash_id(hash);
    if !declared.is_empty() {
        id.push_str("&declared=");
        id.push_str(declared);
    }
    id
}

/// `ni:///sha-256;…?ver=CBV2.0`.
pub(crate) fn hash_id(hash: &[u8; 32]) -> String {
    let mut id = String::with_capacity(96);
    id.push_str("ni:///sha-256;");
    push_hex(&mut id, hash);
    id.push_str("?ver=CBV2.0");
    id
}

/// Appends bytes as hexadecimal digits.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
}

/// Facts of a lot stated by an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LotFact {
    pub(crate) item: String,
    /// Whether it is stated where the lot comes into being (its commissioning, the output of a transformation).
    pub(crate) made: bool,
    pub(crate) class: Option<String>,
    pub(crate) lot_no: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) spec: Option<String>,
    pub(crate) produced: Option<String>,
    pub(crate) expires: Option<String>,
}

impl LotFact {
    /// Fills what is not said here with what `other` says.
    pub(crate) fn fill(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.class, other.class),
            (&mut self.lot_no, other.lot_no),
            (&mut self.name, other.name),
            (&mut self.spec, other.spec),
            (&mut self.produced, other.produced),
            (&mut self.expires, other.expires),
        ] {
            if mine.is_none() {
                *mine = theirs;
            }
        }
    }

    fn says_something(&self) -> bool {
        self.name.is_some() || self.spec.is_some() || self.produced.is_some() || self.expires.is_some()
    }
}

/// Reads a document for capture.
pub(crate) fn document(bytes: &[u8], format: Format, limits: Limits, now: Instant) -> Load {
    let xml = match format {
        Format::Xml => true,
        Format::Json => false,
        Format::Detect => epcis::is_xml(bytes),
    };
    if xml {
        load(sha256(bytes), "xml", epcis::xml::read(bytes, limits), now)
    } else {
        load(sha256(bytes), "json", epcis::json::read(bytes, limits), now)
    }
}

/// Reads one bare event.
pub(crate) fn bare_event(bytes: &[u8], limits: Limits, now: Instant) -> Load {
    match epcis::json::read_event(bytes, limits) {
        Ok(event) => {
            let context = event.node().get("@context").map_or_else(|| "[]".to_owned(), Node::to_json);
            Load {
                format: "json",
                bytes_hash: sha256(bytes),
                context,
                events: 1,
                prepared: vec![prepare(&event, String::new(), now)],
                problems: Vec::new(),
                private: None,
                vocabulary: Vec::new(),
                unusable: false,
            }
        }
        Err(problems) => Load {
            format: "json",
            bytes_hash: sha256(bytes),
            context: "[]".to_owned(),
            events: 1,
            prepared: Vec::new(),
            problems: problems.errors().cloned().collect(),
            private: None,
            vocabulary: Vec::new(),
            unusable: true,
        },
    }
}

/// A reading with its valid events prepared.
pub(crate) fn load(bytes_hash: String, format: &'static str, reading: Reading, now: Instant) -> Load {
    let problems: Vec<Problem> = reading.problems.errors().cloned().collect();
    // a bare event is all there is: when it is wrong, so is the whole
    let unusable =
        reading.document.as_ref().is_none_or(|d| d.kind == DocumentType::Event && !problems.is_empty());
    let (context, events, vocabulary, list) = match reading.document {
        Some(document) => {
            let list = list_of(document.kind);
            let vocabulary = document.header.as_ref().map(masterdata::statements).unwrap_or_default();
            (document.context_node.to_json(), document.events, vocabulary, list)
        }
        None => ("[]".to_owned(), Vec::new(), Vec::new(), ""),
    };
    let prepared: Vec<Prepared> = events
        .iter()
        .zip(&reading.indices)
        .map(|(event, i)| {
            prepare(event, if list.is_empty() { String::new() } else { format!("{list}{i}") }, now)
        })
        .collect();
    Load {
        format,
        bytes_hash,
        context,
        events: reading.events,
        prepared,
        problems,
        private: None,
        vocabulary,
        unusable,
    }
}

/// Where the events of a document lie; its pointers begin so.
pub(crate) const fn list_of(kind: DocumentType) -> &'static str {
    match kind {
        DocumentType::Capture => "/epcisBody/eventList/",
        DocumentType::Query => "/epcisBody/queryResults/resultsBody/eventList/",
        DocumentType::Event | DocumentType::MasterData => "",
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// One valid event with everything lifted.
pub(crate) fn prepare(event: &Event, pointer: String, now: Instant) -> Prepared {
    let fact = fact(event, now);
    let declared = event.error_declaration().map(|d| d.time.utc_millis()).unwrap_or_default();
    Prepared {
        pointer,
        hash: epcis::hash::event_digest(event),
        declared,
        event_id: event.event_id().map(str::to_owned),
        tz: event.node().str("eventTimeZoneOffset").unwrap_or("+08:00").to_owned(),
        body: event.to_json(),
        lots: lots(event, &fact.kind, fact.action.as_deref(), &fact.items),
        links: links(event, &fact),
        fact,
    }
}

fn fact(event: &Event, now: Instant) -> EventFact {
    let context = &**event.context();
    let place = |value: &str| key(context, value).into_owned();
    let end = |links: Vec<epcis::Link<'_>>| {
        // a location says where the goods are; a party only whose they are
        let of = |wanted: &str| {
            links.iter().find(|l| l.kind.is_some_and(|k| tail(k) == wanted)).map(|l| place(l.id))
        };
        of("location").or_else(|| of("possessing_party").or_else(|| of("owning_party")).map(|k| of_party(&k)))
    };
    EventFact {
        id: Id(0),
        kind: event.event_type().name().to_owned(),
        action: event.node().str("action").map(str::to_owned),
        biz_step: event.biz_step().map(|v| word(context, &BIZ_STEP, v).into_owned()),
        disposition: event.disposition().map(|v| word(context, &DISPOSITION, v).into_owned()),
        time: event.event_time(),
        recorded: now,
        read_point: event.read_point().map(place),
        biz_location: event.biz_location().map(place),
        source: end(event.sources().collect()),
        destination: end(event.destinations().collect()),
        document: document_of(event),
        join: event.transformation_id().map(place),
        declaration: event.error_declaration().is_some(),
        withdrawn: false,
        withdraws: None,
        items: items(event),
    }
}

/// The key of a party's own location: the GLN that identifies the firm stands for its main place (AI 417 → 414).
pub(crate) fn of_party(key: &str) -> String {
    key.strip_prefix("https://id.gs1.org/417/")
        .map_or_else(|| key.to_owned(), |gln| format!("https://id.gs1.org/414/{gln}"))
}

/// The bare word of a source, destination or transaction type given as word, URI or URN.
fn tail(kind: &str) -> &str {
    let after = kind.rsplit([':', '/']).next().unwrap_or(kind);
    after.strip_prefix("SDT-").or_else(|| after.strip_prefix("BTT-")).unwrap_or(after)
}

/// The document that travels with goods: despatch advice before bill of lading, order or any other.
fn document_of(event: &Event) -> Option<String> {
    const ORDER: [&str; 5] = ["desadv", "bol", "recadv", "inv", "po"];
    let links: Vec<_> = event.biz_transactions().collect();
    let of = |wanted: &str| links.iter().find(|l| l.kind.is_some_and(|k| tail(k) == wanted));
    ORDER.iter().find_map(|kind| of(kind)).or_else(|| links.first()).map(|l| l.id.to_owned())
}

/// The links a query may ask for that the columns for document, source and destination do not hold.
pub(crate) fn links(event: &Event, fact: &EventFact) -> Vec<(LinkList, String)> {
    let context = &**event.context();
    let mut out = Vec::new();
    let mut add = |list: LinkList, column: &Option<String>, id: &str| {
        let value = key(context, id).into_owned();
        let is_held = column.as_ref().is_some_and(|held| {
            *held == value || list != LinkList::BizTransaction && *held == of_party(&value)
        });
        let link = (list, value);
        if !is_held && !out.contains(&link) {
            out.push(link);
        }
    };
    event.biz_transactions().for_each(|l| add(LinkList::BizTransaction, &fact.document, l.id));
    event.sources().for_each(|l| add(LinkList::Source, &fact.source, l.id));
    event.destinations().for_each(|l| add(LinkList::Destination, &fact.destination, l.id));
    out
}

fn items(event: &Event) -> Vec<ItemFact> {
    event.things().map(|t| item(event.context(), &t)).collect()
}

fn item(context: &Context, thing: &epcis::Thing<'_>) -> ItemFact {
    let role = match thing.role {
        epcis::Role::Subject => Role::Epc,
        epcis::Role::Parent => Role::Parent,
        epcis::Role::Child => Role::Child,
        epcis::Role::Input => Role::Input,
        epcis::Role::Output => Role::Output,
    };
    let key = epcis::query::key(context, thing.id).into_owned();
    let class = class_key(&key);
    if thing.is_class {
        let (qty, uom) = (thing.amount, thing.unit.map(str::to_owned));
        ItemFact { role, item: key, class, qty, uom }
    } else {
        ItemFact { role, item: key, class, qty: Some(base::Decimal::ONE), uom: None }
    }
}

/// The class of a lot or instance key: the part up to the GTIN.
pub(crate) fn class_key(item: &str) -> Option<String> {
    let rest = item.strip_prefix("https://id.gs1.org/01/")?;
    let gtin = rest.split('/').next()?;
    (gtin.len() == 14).then(|| format!("https://id.gs1.org/01/{gtin}"))
}

/// What an event's instance/lot master data say of the things it made or named.
pub(crate) fn lots(event: &Event, kind: &str, action: Option<&str>, items: &[ItemFact]) -> Vec<LotFact> {
    // a ledger row states the same facts beside the event (ilmd is for goods that come into being)
    let own: Vec<(String, &Node)> = event
        .extensions()
        .filter_map(|(name, value)| {
            let local = name.strip_prefix('{')?.strip_prefix(crate::LEDGER_NAMESPACE)?.strip_prefix('}')?;
            Some((local.to_owned(), value))
        })
        .collect();
    let ilmd = event.ilmd().map(Node::members).unwrap_or_default();
    let stated = ilmd.iter().map(|(name, value)| (&**name, value));
    let stated: Vec<(&str, &Node)> = stated.chain(own.iter().map(|(n, v)| (n.as_str(), *v))).collect();
    let text = |names: &[&str]| {
        names.iter().find_map(|wanted| {
            let local = |name: &str| name.rsplit([':', '/', '#']).next() == Some(*wanted);
            let (_, value) = stated.iter().find(|(name, _)| local(name))?;
            string(value).filter(|t| !t.trim().is_empty())
        })
    };
    let stated = LotFact {
        item: String::new(),
        made: match kind {
            "TransformationEvent" => true,
            "ObjectEvent" => action == Some("ADD"),
            _ => false,
        },
        class: None,
        lot_no: text(&["lotNumber"]),
        name: text(&["descriptionShort", "productName", "functionalName", "tradeItemDescription"]),
        spec: text(&["netContent", "specification", "packageSize"]),
        produced: text(&["productionDate", "harvestEndDate", "harvestDate", "packagingDate"]),
        expires: text(&["itemExpirationDate", "expirationDate", "bestBeforeDate", "sellByDate"]),
    };
    if !stated.says_something() {
        return Vec::new();
    }
    let about = |i: &&ItemFact| matches!(i.role, Role::Epc | Role::Output);
    items
        .iter()
        .filter(about)
        .map(|i| LotFact { item: i.item.clone(), class: i.class.clone(), ..stated.clone() })
        .collect()
}

/// A text, or the text of a value with language or type.
fn string(value: &Node) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    if let Some(first) = value.items().first() {
        return string(first);
    }
    value.str("@value").or_else(|| value.str("value")).map(str::to_owned)
}
