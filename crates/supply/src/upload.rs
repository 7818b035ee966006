//! Ledgers of purchase and sale, as spreadsheets or row by row: checked, then captured as receiving and shipping events.
//!
//! Columns are those the law asks for (食品安全法 art. 50, 51, 53, 65, 98). A ledger is imported whole or not at all.

mod document;
mod mend;
mod row;

use crate::capture::Standing;
use crate::certificate;
use crate::outcome::{CaptureOutcome, ErrorBehaviour};
use crate::record::{RecordRule, record_rule};
use crate::{Error, Partner, PlaceInfo, Supply, prepare};
use access::Principal;
use base::{Id, Text};
pub(crate) use document::{Deal, escape, unescape};
use ledger::Context;
use paper::sheet::{Cell, Columns, RowError, RowErrors, SheetRow, SheetTable, Workbook};
use row::LedgerRow;
pub(crate) use row::{Side, in_code, unit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use store::Sql;

/// Namespace of the fields a ledger adds to its events.
pub const LEDGER_NAMESPACE: &str = "urn:shian:ledger:";

/// Which ledger: the records of purchase and sale the law knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// Art. 50: what a producer buys to make food from.
    Materials,
    /// Art. 51: what a producer tested and let go; to a consumer (消费者、散客) it is a sale that ends the chain.
    Release,
    /// Art. 53: what a seller or caterer buys.
    Purchase,
    /// Art. 53: what a wholesaler sells.
    Sales,
    /// Art. 65: agricultural produce bought for sale.
    Produce,
    /// Art. 98: imported food, from the exporter abroad and to the customer.
    Import,
}

impl LedgerKind {
    /// All of them, in the order of the law.
    pub const ALL: [Self; 6] =
        [Self::Materials, Self::Release, Self::Purchase, Self::Sales, Self::Produce, Self::Import];

    /// Its id in the rulebook, in addresses and in the format of its captures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Materials => "materials",
            Self::Release => "release",
            Self::Purchase => "purchase",
            Self::Sales => "sales",
            Self::Produce => "produce",
            Self::Import => "import",
        }
    }

    /// The ledger of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }

    /// What the law says of it.
    #[must_use]
    pub fn rule(self) -> &'static RecordRule {
        record_rule(self.word())
    }

    /// Whether its rows are goods that come; those of an importer's ledger come and may go on.
    #[must_use]
    pub const fn is_purchase(self) -> bool {
        matches!(self, Self::Materials | Self::Purchase | Self::Produce | Self::Import)
    }

    /// The name on screen.
    #[must_use]
    pub fn label(self) -> Text {
        self.rule().title()
    }

    /// The ledgers that places of these business forms keep, most likely first.
    #[must_use]
    pub fn of_forms<'a>(forms: impl IntoIterator<Item = &'a str> + Clone) -> Vec<Self> {
        let kept = |k: &Self| {
            let rule = k.rule();
            forms.clone().into_iter().any(|f| rule.forms.iter().any(|r| r == f))
        };
        let (mut first, rest): (Vec<Self>, Vec<Self>) = Self::ALL.into_iter().partition(kept);
        first.extend(rest);
        first
    }

    /// The columns, for a template and for reading.
    #[must_use]
    pub fn columns(self) -> Columns {
        row::columns(self)
    }

    const fn format(self) -> &'static str {
        match self {
            Self::Materials => "ledger.materials",
            Self::Release => "ledger.release",
            Self::Purchase => "ledger.purchase",
            Self::Sales => "ledger.sales",
            Self::Produce => "ledger.produce",
            Self::Import => "ledger.import",
        }
    }

    /// What marks the events of a ledger that the direction of the goods does not tell from another.
    pub(crate) const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Produce => Some("produce"),
            Self::Import => Some("import"),
            _ => None,
        }
    }
}

/// In whose name and for which place a ledger is uploaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerOptions {
    /// The operator; `None`: the caller's.
    pub operator: Option<Id>,
    /// Key of the operator's place the goods came to or left from; `None`: its main place.
    pub place: Option<String>,
    /// The event of a row recorded wrongly, which this one takes the place of.
    pub replaces: Option<Id>,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerOutcome {
    /// Rows read.
    pub rows: usize,
    /// The capture: events stored, and rows that were captured before.
    pub capture: CaptureOutcome,
    /// What the firm should know though the row was taken: a partner in no register, a lot without number.
    pub notes: Vec<RowError>,
}

/// The other side of a row, resolved.
#[derive(Debug, Clone)]
pub(crate) enum Other {
    /// A place: registered, or named by a number or name.
    Place { key: String },
    /// A consumer: the goods leave the chain.
    Consumer,
}

impl Other {
    /// Key of its place.
    pub(crate) fn key(&self) -> Option<&str> {
        if let Self::Place { key } = self { Some(key) } else { None }
    }
}

impl Supply {
    /// Uploads a ledger.
    ///
    /// # Errors
    /// [`Error::Sheet`] when the file or its header cannot be used; [`Error::Rows`] with every wrong cell, nothing is
    /// stored then; [`Error::Denied`].
    pub async fn upload_ledger(
        &self,
        cx: &Context,
        who: &Principal,
        kind: LedgerKind,
        book: &Workbook,
        options: &LedgerOptions,
    ) -> Result<LedgerOutcome, Error> {
        self.capture_tables(cx, who, kind, &book.tables, &book.sha256, options).await
    }

    /// Records one row of a ledger, named by its columns ([`LedgerKind::columns`]).
    ///
    /// # Errors
    /// As [`Supply::upload_ledger`]; a wrong cell is of line 1.
    pub async fn record_row(
        &self,
        cx: &Context,
        who: &Principal,
        kind: LedgerKind,
        cells: &[(&str, &str)],
        options: &LedgerOptions,
    ) -> Result<LedgerOutcome, Error> {
        let table = SheetTable {
            name: kind.word().to_owned(),
            header: cells.iter().map(|(name, _)| (*name).to_owned()).collect(),
            header_line: 1,
            rows: vec![SheetRow { line: 1, cells: cells.iter().map(|(_, text)| Cell::text(text)).collect() }],
        };
        let bytes = serde_json::json!(cells).to_string().into_bytes();
        self.capture_tables(cx, who, kind, &[table], &prepare::sha256(&bytes), options).await
    }

    async fn capture_tables(
        &self,
        cx: &Context,
        who: &Principal,
        kind: LedgerKind,
        tables: &[SheetTable],
        sha256: &str,
        options: &LedgerOptions,
    ) -> Result<LedgerOutcome, Error> {
        let standing = self.standing(cx, who, options.operator).await?;
        let own = self.own_place(standing.operator, options.place.as_deref()).await?;
        let columns = kind.columns();
        let (mut rows, mut errors) = (Vec::new(), RowErrors::default());
        for table in tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                rows.extend(LedgerRow::read(kind, row, cx.now.china_date(), &mut errors));
            }
        }
        let mut notes = Vec::new();
        let others = self.others(rows.iter().map(|r| &r.side), &mut errors, &mut notes).await?;
        let buyers = rows.iter().filter_map(|r| r.buyer.as_ref());
        let mut buyers = self.others(buyers, &mut errors, &mut notes).await?.into_iter();
        let errors = errors.into_result(()).err().unwrap_or_default();
        if !errors.is_empty() {
            return Err(Error::Rows(errors));
        }
        if rows.is_empty() {
            return Err(Error::Sheet(Text::of("台账没有数据行", "the ledger has no rows")));
        }
        let rows: Vec<Deal> = rows
            .into_iter()
            .zip(others)
            .map(|(row, other)| {
                let buyer = if row.buyer.is_some() { buyers.next() } else { None };
                Deal { row, other, buyer }
            })
            .collect();
        if kind.is_purchase() {
            self.check_certificates(&rows, &mut notes).await?;
        }
        let known = if kind.is_purchase() { HashMap::new() } else { self.lots_by_name(&own, &rows).await? };
        let mut document = document::build(kind, &own, &rows, &known, cx.now, &mut notes);
        if let Some(replaced) = options.replaces {
            self.replace_in(cx, &standing, replaced, &mut document).await?;
        }
        let contacts: Vec<_> = rows.iter().flat_map(Deal::contacts).collect();
        let private = (!contacts.is_empty()).then(|| serde_json::json!({ "contacts": contacts }));
        let capture =
            self.capture_made(cx, &standing, kind.format(), &document, sha256, private, None).await?;
        Ok(LedgerOutcome { rows: rows.len(), capture, notes })
    }

    /// Captures a document made here: what is wrong with it is refused as a whole.
    #[expect(clippy::too_many_arguments, reason = "what a capture is made of")]
    pub(crate) async fn capture_made(
        &self,
        cx: &Context,
        standing: &Standing,
        format: &'static str,
        document: &serde_json::Value,
        sha256: &str,
        private: Option<serde_json::Value>,
        certificate: Option<&certificate::Draft>,
    ) -> Result<CaptureOutcome, Error> {
        let reading = epcis::json::read_node(document.into(), self.limits);
        let mut load = prepare::load(sha256.to_owned(), format, reading, cx.now);
        load.private = private;
        let capture = self.store_load_with(cx, standing, load, ErrorBehaviour::Rollback, certificate).await?;
        if capture.problems.is_empty() { Ok(capture) } else { Err(Error::Refused(capture.problems)) }
    }

    pub(crate) async fn own_place(
        &self,
        operator: Option<Id>,
        asked: Option<&str>,
    ) -> Result<PlaceInfo, Error> {
        let none = || {
            Error::Sheet(Text::of(
                "本单位还没有登记经营场所，请先在登记信息中添加场所",
                "your operator has no registered place yet; add one to the register first",
            ))
        };
        let id = operator.ok_or_else(none)?;
        let found = self.directory.operator(id).await.map_err(Error::Directory)?.ok_or_else(none)?;
        let wanted = |p: &PlaceInfo| asked.is_none_or(|key| key == p.key);
        found.places.into_iter().find(wanted).ok_or_else(none)
    }

    /// The other side of every row; an ambiguous name is an error, an unknown one a note.
    pub(crate) async fn others(
        &self,
        sides: impl Iterator<Item = &Side> + Clone,
        errors: &mut RowErrors,
        notes: &mut Vec<RowError>,
    ) -> Result<Vec<Other>, Error> {
        let partners: BTreeSet<Partner> = sides.clone().flat_map(|s| s.partners.iter().cloned()).collect();
        let partners: Vec<Partner> = partners.into_iter().collect();
        let mut found: HashMap<&Partner, Vec<PlaceInfo>> = HashMap::new();
        for part in partners.chunks(500) {
            let answers = self.directory.partners(part).await.map_err(Error::Directory)?;
            found.extend(part.iter().zip(answers));
        }
        Ok(sides.map(|side| resolve(side, &found, errors, notes)).collect())
    }

    /// Lots that came to the place, by name and lot number: what a sales row without GTIN may mean.
    async fn lots_by_name(
        &self,
        own: &PlaceInfo,
        rows: &[Deal],
    ) -> Result<HashMap<(String, String), Vec<String>>, Error> {
        let names: BTreeSet<&str> =
            rows.iter().map(|d| &d.row).filter(|r| r.gtin.is_none()).map(|r| r.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut known: HashMap<(String, String), Vec<String>> = HashMap::new();
        for part in names.chunks(200) {
            let mut sql = Sql::new(
                "select l.name, coalesce(l.lot_no, '') as lot_no, l.item from lot l where l.name in ",
            );
            sql.bind_list(part.iter().copied());
            let rows = self.store.select(&sql).await?;
            let mut here = self.index.read(|index| {
                let place = index.names().find_place(crate::site_key(&own.key));
                let last = |item: &str| {
                    let places = index.places_of(index.names().find_item(item)?);
                    places.iter().filter(|h| Some(h.node.place) == place).map(|h| h.until).max()
                };
                let mut here = Vec::new();
                for row in &rows {
                    let item = row.text("item")?;
                    here.extend(last(&item).map(|last| (last, item, row)));
                }
                Ok::<_, store::Error>(here)
            })?;
            here.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
            for (_, item, row) in here {
                known.entry((row.text("name")?, row.text("lot_no")?)).or_default().push(item);
            }
        }
        Ok(known)
    }
}

fn resolve(
    side: &Side,
    found: &HashMap<&Partner, Vec<PlaceInfo>>,
    errors: &mut RowErrors,
    notes: &mut Vec<RowError>,
) -> Other {
    if side.consumer {
        return Other::Consumer;
    }
    for partner in &side.partners {
        match found.get(partner).map_or(&[][..], Vec::as_slice) {
            [] => {}
            [one] => return Other::Place { key: one.key.clone() },
            [first, rest @ ..] => {
                if rest.iter().all(|p| p.operator == first.operator) {
                    // several places of one operator: the first is its main one
                    return Other::Place { key: first.key.clone() };
                }
                errors.push(side.error(Text::new(
                    format!("有 {} 个经营者使用这一名称，请填写统一社会信用代码或场所编码(GLN)以便区分", rest.len() + 1),
                    format!("{} operators have this name; give the social credit code or the location number (GLN)", rest.len() + 1),
                )));
                return Other::Consumer;
            }
        }
    }
    notes.push(side.error(Text::of(
        "登记库中没有这一单位，已按所填内容记录；填写正确的统一社会信用代码或场所编码(GLN)可与对方记录衔接",
        "not in the register; recorded as written. With the right social credit code or location number (GLN) the record links up with theirs",
    )));
    let key = match side.partners.first() {
        Some(Partner::Gln(gln)) => format!("https://id.gs1.org/414/{gln}"),
        Some(Partner::Uscc(uscc)) => format!("urn:shian:uscc:{uscc}"),
        Some(Partner::Name(name)) => format!("urn:shian:name:{}", escape(name)),
        None => "urn:shian:name:-".to_owned(),
    };
    Other::Place { key }
}
