//! EPC URN and Digital Link spellings of every identifier of an event (`GS1-EPC-Format`).
//!
//! URN → Digital Link needs no knowledge. Digital Link → URN needs the length of the company prefix; it is known from
//! [`PrefixLengths`] and from the URNs in the same document. An identifier whose prefix length is not known stays as it is:
//! a guessed URN would name somebody else's thing.

use super::{DigitalLink, canonical, to_urn};
use crate::event::Event;
use crate::node::Node;
use crate::write::WriteOptions;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How identifiers are written (`GS1-EPC-Format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EpcFormat {
    /// As the sender wrote them.
    #[default]
    NoPreference,
    /// Canonical GS1 Digital Links.
    DigitalLink,
    /// EPC URNs, where the length of the company prefix is known.
    Urn,
    /// As the sender wrote them, and nothing else will do.
    Never,
}

impl EpcFormat {
    /// From the value of the header.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Some(match value {
            "No_Preference" => Self::NoPreference,
            "Always_GS1_Digital_Link" => Self::DigitalLink,
            "Always_EPC_URN" => Self::Urn,
            "Never_Translates" => Self::Never,
            _ => return None,
        })
    }

    /// The value of the header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPreference => "No_Preference",
            Self::DigitalLink => "Always_GS1_Digital_Link",
            Self::Urn => "Always_EPC_URN",
            Self::Never => "Never_Translates",
        }
    }
}

/// How many digits the company prefixes have: leading digits and length, the longest match decides. GS1's own list of
/// prefix lengths has this shape, and so has a list of single company prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrefixLengths {
    table: BTreeMap<Box<str>, u8>,
}

impl PrefixLengths {
    /// Says that company prefixes that begin with `leading` have `length` digits; false when that cannot be: `leading`
    /// is no digits or longer than 12, or `length` is not 6 to 12.
    pub fn insert(&mut self, leading: &str, length: u8) -> bool {
        let fits = leading.len() <= 12 && leading.bytes().all(|b| b.is_ascii_digit());
        let fits = fits && (6..=12).contains(&length);
        if fits {
            self.table.insert(leading.into(), length);
        }
        fits
    }

    /// The lines of GS1's table of company-prefix lengths (`GCPPrefixFormatList`, XML or JSON): leading digits and length.
    /// Digits that are not given out (length 0) are left out.
    ///
    /// # Errors
    /// What is wrong with the file, in English.
    pub fn read_list(bytes: &[u8]) -> Result<Vec<(String, u8)>, String> {
        let mut out = Vec::new();
        let mut add = |prefix: &str, length: &str| {
            let length: u8 =
                length.parse().map_err(|_| format!("the length '{length}' of {prefix} is no number"))?;
            if length == 0 {
                return Ok(());
            }
            if !Self::default().insert(prefix, length) {
                return Err(format!("{prefix} with length {length} is no company prefix"));
            }
            out.push((prefix.to_owned(), length));
            Ok(())
        };
        if crate::is_xml(bytes) {
            let mut reader = quick_xml::Reader::from_reader(bytes);
            loop {
                match reader.read_event().map_err(|e| e.to_string())? {
                    quick_xml::events::Event::Start(e) | quick_xml::events::Event::Empty(e)
                        if e.local_name().as_ref() == "entry" =>
                    {
                        let of = |name: &str| {
                            let found = e.try_get_attribute(name).map_err(|e| e.to_string())?;
                            let found = found.ok_or_else(|| format!("an entry has no {name}"))?;
                            Ok::<String, String>(found.value.into_owned())
                        };
                        add(&of("prefix")?, &of("gcpLength")?)?;
                    }
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
            }
        } else {
            let list: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
            let entries = list["GCPPrefixFormatList"]["entry"].as_array();
            for entry in entries.ok_or("there is no GCPPrefixFormatList with entries")? {
                let text = |name: &str| match &entry[name] {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                add(&text("prefix"), &text("gcpLength"))?;
            }
        }
        if out.is_empty() {
            return Err("the file lists no company prefix".to_owned());
        }
        Ok(out)
    }

    /// Takes the company prefix of an EPC URN; other URIs teach nothing.
    pub fn learn(&mut self, uri: &str) {
        let prefix = || {
            let body = uri.strip_prefix("urn:epc:")?.splitn(3, ':').nth(2)?;
            let (prefix, _) = body.split_once('.')?;
            canonical(uri).map(|_| prefix)
        };
        if let Some(prefix) = prefix()
            && let Ok(length) = u8::try_from(prefix.len())
        {
            self.insert(prefix, length);
        }
    }

    /// The length of the company prefix at the beginning of `digits`.
    #[must_use]
    pub fn length_of(&self, digits: &str) -> Option<usize> {
        (0..=digits.len().min(12))
            .rev()
            .find_map(|end| self.table.get(digits.get(..end)?))
            .map(|length| usize::from(*length))
    }

    /// The EPC URN of a Digital Link; `None` when its company prefix is not known or it has no URN form.
    #[must_use]
    pub fn to_urn(&self, link: &str) -> Option<String> {
        let parsed = DigitalLink::parse(link)?;
        let skipped = usize::from(matches!(parsed.key, "01" | "00" | "8006" | "8003"));
        to_urn(link, self.length_of(parsed.value.get(skipped..)?)?)
    }
}

/// Translates the identifiers of events as the options say.
pub(crate) struct Translator {
    format: EpcFormat,
    prefixes: PrefixLengths,
}

impl Translator {
    pub(crate) fn new(options: &WriteOptions<'_>, events: &[&Event]) -> Self {
        let mut prefixes = PrefixLengths::default();
        if options.epc == EpcFormat::Urn {
            prefixes = options.prefixes.cloned().unwrap_or_default();
            for event in events {
                let mut learn = |text: &str| {
                    prefixes.learn(text);
                    None
                };
                each(event.node(), &mut learn);
            }
        }
        Self { format: options.epc, prefixes }
    }

    pub(crate) fn event<'e>(&self, node: &'e Node) -> Cow<'e, Node> {
        match self.format {
            EpcFormat::NoPreference | EpcFormat::Never => Cow::Borrowed(node),
            EpcFormat::DigitalLink => each(node, &mut |text| canonical(text).filter(|link| link != text)),
            EpcFormat::Urn => each(node, &mut |text| self.prefixes.to_urn(text)),
        }
    }
}

/// Puts what `change` gives in the place of each identifier of an event; names and texts of extensions are no identifiers.
fn each<'e>(event: &'e Node, change: &mut dyn FnMut(&str) -> Option<String>) -> Cow<'e, Node> {
    map_members(event, &mut |name, value| match name {
        "parentID" | "transformationID" => text(value, change),
        "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
            map_items(value, &mut |item| text(item, change))
        }
        "readPoint" | "bizLocation" => member(value, "id", change),
        "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
            map_items(value, &mut |item| member(item, "epcClass", change))
        }
        "bizTransactionList" => map_items(value, &mut |item| member(item, "bizTransaction", change)),
        "sourceList" => map_items(value, &mut |item| member(item, "source", change)),
        "destinationList" => map_items(value, &mut |item| member(item, "destination", change)),
        "sensorElementList" => map_items(value, &mut |item| {
            map_members(item, &mut |name, part| match name {
                "sensorMetadata" => member(part, "deviceID", change),
                "sensorReport" => map_items(part, &mut |report| member(report, "deviceID", change)),
                _ => Cow::Borrowed(part),
            })
        }),
        _ => Cow::Borrowed(value),
    })
}

fn text<'n>(node: &'n Node, change: &mut dyn FnMut(&str) -> Option<String>) -> Cow<'n, Node> {
    match node.as_str().and_then(change) {
        Some(new) => Cow::Owned(Node::String(new.into())),
        None => Cow::Borrowed(node),
    }
}

fn member<'n>(node: &'n Node, wanted: &str, change: &mut dyn FnMut(&str) -> Option<String>) -> Cow<'n, Node> {
    map_members(node, &mut |name, value| {
        if name == wanted { text(value, change) } else { Cow::Borrowed(value) }
    })
}

type Change<'n, 'f> = &'f mut dyn FnMut(&str, &'n Node) -> Cow<'n, Node>;

/// Copies an object only when a member changes.
fn map_members<'n>(node: &'n Node, change: Change<'n, '_>) -> Cow<'n, Node> {
    let mut copy: Option<Vec<(Box<str>, Node)>> = None;
    for (i, (name, value)) in node.members().iter().enumerate() {
        if let Cow::Owned(new) = change(name, value) {
            copy.get_or_insert_with(|| node.members().to_vec())[i].1 = new;
        }
    }
    copy.map_or(Cow::Borrowed(node), |members| Cow::Owned(Node::Object(members)))
}

/// Copies an array only when an item changes.
fn map_items<'n>(node: &'n Node, change: &mut dyn FnMut(&'n Node) -> Cow<'n, Node>) -> Cow<'n, Node> {
    let mut copy: Option<Vec<Node>> = None;
    for (i, item) in node.items().iter().enumerate() {
        if let Cow::Owned(new) = change(item) {
            copy.get_or_insert_with(|| node.items().to_vec())[i] = new;
        }
    }
    copy.map_or(Cow::Borrowed(node), |items| Cow::Owned(Node::Array(items)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gs1s_table_is_read_in_both_its_layouts() {
        let xml = br#"<?xml version="1.0"?><GCPPrefixFormatList date="2026-01-01"><entry prefix="000" gcpLength="0"/>
            <entry prefix="690" gcpLength="7"/><entry prefix="6971" gcpLength="9"></entry></GCPPrefixFormatList>"#;
        let json = br#"{"GCPPrefixFormatList":{"date":"2026-01-01","entry":[{"prefix":"000","gcpLength":0},
            {"prefix":"690","gcpLength":7},{"prefix":"6971","gcpLength":"9"}]}}"#;
        let expected = vec![("690".to_owned(), 7), ("6971".to_owned(), 9)];
        assert_eq!(PrefixLengths::read_list(xml), Ok(expected.clone()));
        assert_eq!(PrefixLengths::read_list(json), Ok(expected));
        for wrong in
            [&b"{}"[..], b"", b"<a/>", br#"{"GCPPrefixFormatList":{"entry":[{"prefix":"x","gcpLength":7}]}}"#]
        {
            assert!(PrefixLengths::read_list(wrong).is_err());
        }
    }
}
