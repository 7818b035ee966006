//! Purchase and sales ledgers as spreadsheets: every row checked, then captured as receiving and shipping events.
//!
//! Columns are those the law asks for (食品安全法 art. 50, 51, 53, 65). A ledger is imported whole or not at all.

mod document;
mod row;

use crate::capture::{CaptureOutcome, ErrorBehaviour};
use crate::{Error, Partner, PlaceInfo, Supply, prepare};
use access::Principal;
use base::{Id, Text};
use ledger::Context;
use paper::sheet::{Columns, RowError, RowErrors, read};
use row::LedgerRow;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use store::Sql;

/// Namespace of the fields a ledger adds to its events.
pub const LEDGER_NAMESPACE: &str = "urn:shian:ledger:";

/// Which ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// 进货台账: goods received.
    Purchase,
    /// 销售台账: goods delivered; to a consumer (消费者、散客) it is a sale that ends the chain.
    Sales,
}

impl LedgerKind {
    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::Purchase => Text::of("进货台账", "purchase ledger"),
            Self::Sales => Text::of("销售台账", "sales ledger"),
        }
    }

    /// The columns, for a template and for reading.
    #[must_use]
    pub fn columns(self) -> Columns {
        row::columns(self)
    }

    const fn format(self) -> &'static str {
        match self {
            Self::Purchase => "ledger.purchase",
            Self::Sales => "ledger.sales",
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
        file_name: &str,
        bytes: Vec<u8>,
        options: &LedgerOptions,
    ) -> Result<LedgerOutcome, Error> {
        let standing = self.standing(cx, who, options.operator).await?;
        let own = self.own_place(standing.operator, options.place.as_deref()).await?;
        let tables =
            read(&bytes, file_name, &paper::sheet::Limits::default()).map_err(|e| Error::Sheet(e.text()))?;
        let columns = kind.columns();
        let (mut rows, mut errors) = (Vec::new(), RowErrors::default());
        for table in &tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                rows.extend(LedgerRow::read(kind, row, cx.now.china_date(), &mut errors));
            }
        }
        let mut notes = Vec::new();
        let others = self.others(&rows, &mut errors, &mut notes).await?;
        let errors = errors.into_result(()).err().unwrap_or_default();
        if !errors.is_empty() {
            return Err(Error::Rows(errors));
        }
        if rows.is_empty() {
            return Err(Error::Sheet(Text::of("台账没有数据行", "the ledger has no rows")));
        }
        let known = match kind {
            LedgerKind::Sales => self.lots_by_name(&own, &rows).await?,
            LedgerKind::Purchase => HashMap::new(),
        };
        let document = document::build(kind, &own, &rows, &others, &known, cx.now, &mut notes);
        let reading = epcis::json::read_node((&document).into(), self.limits);
        let mut load = prepare::load(&bytes, kind.format(), reading, cx.now);
        load.bytes_hash = hex::encode(Sha256::digest(&bytes));
        let contacts: Vec<_> = rows.iter().filter_map(LedgerRow::contact).collect();
        load.private = (!contacts.is_empty()).then(|| serde_json::json!({ "contacts": contacts }));
        let capture = self.store_load(cx, &standing, load, ErrorBehaviour::Rollback).await?;
        if !capture.problems.is_empty() {
            return Err(Error::Refused(capture.problems));
        }
        Ok(LedgerOutcome { rows: rows.len(), capture, notes })
    }

    async fn own_place(&self, operator: Option<Id>, asked: Option<&str>) -> Result<PlaceInfo, Error> {
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
    async fn others(
        &self,
        rows: &[LedgerRow],
        errors: &mut RowErrors,
        notes: &mut Vec<RowError>,
    ) -> Result<Vec<Other>, Error> {
        let partners: BTreeSet<Partner> = rows.iter().flat_map(|r| r.partners.iter().cloned()).collect();
        let partners: Vec<Partner> = partners.into_iter().collect();
        let mut found: HashMap<&Partner, Vec<PlaceInfo>> = HashMap::new();
        for part in partners.chunks(500) {
            let answers = self.directory.partners(part).await.map_err(Error::Directory)?;
            found.extend(part.iter().zip(answers));
        }
        let mut others = Vec::with_capacity(rows.len());
        for row in rows {
            others.push(resolve(row, &found, errors, notes));
        }
        Ok(others)
    }

    /// Lots that came to the place, by name and lot number: what a sales row without GTIN may mean.
    async fn lots_by_name(
        &self,
        own: &PlaceInfo,
        rows: &[LedgerRow],
    ) -> Result<HashMap<(String, String), Vec<String>>, Error> {
        let names: BTreeSet<&str> =
            rows.iter().filter(|r| r.gtin.is_none()).map(|r| r.name.as_str()).collect();
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
    row: &LedgerRow,
    found: &HashMap<&Partner, Vec<PlaceInfo>>,
    errors: &mut RowErrors,
    notes: &mut Vec<RowError>,
) -> Other {
    if row.consumer {
        return Other::Consumer;
    }
    for partner in &row.partners {
        match found.get(partner).map_or(&[][..], Vec::as_slice) {
            [] => {}
            [one] => return Other::Place { key: one.key.clone() },
            [first, rest @ ..] => {
                if rest.iter().all(|p| p.operator == first.operator) {
                    // several places of one operator: the first is its main one
                    return Other::Place { key: first.key.clone() };
                }
                errors.push(row.partner_error(Text::new(
                    format!("有 {} 个经营者使用这一名称，请填写统一社会信用代码或场所编码(GLN)以便区分", rest.len() + 1),
                    format!("{} operators have this name; give the social credit code or the location number (GLN)", rest.len() + 1),
                )));
                return Other::Consumer;
            }
        }
    }
    notes.push(row.partner_error(Text::of(
        "登记库中没有这一单位，已按所填内容记录；填写正确的统一社会信用代码或场所编码(GLN)可与对方记录衔接",
        "not in the register; recorded as written. With the right social credit code or location number (GLN) the record links up with theirs",
    )));
    let key = match row.partners.first() {
        Some(Partner::Gln(gln)) => format!("https://id.gs1.org/414/{gln}"),
        Some(Partner::Uscc(uscc)) => format!("urn:shian:uscc:{uscc}"),
        Some(Partner::Name(name)) => format!("urn:shian:name:{}", document::escape(name)),
        None => "urn:shian:name:-".to_owned(),
    };
    Other::Place { key }
}
