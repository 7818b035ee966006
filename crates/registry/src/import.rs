//! Spreadsheets into the registry: read, checked row by row, and entered whole or not at all.

use crate::licence::{self, NewLicence};
use crate::operator::{self, Code, NewOperator};
use crate::owner::{self, Owner, Owners};
use crate::product::{self, NewProduct};
use crate::site::{self, NewSite};
use crate::{Error, OperatorKind};
use access::{Access, Principal, Resource};
use base::{Id, Text};
use ledger::{Context, Entry, Permit, append};
use paper::sheet::{Column, Columns, Limits, Row, RowError, RowErrors};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use store::{Tx, Value};

/// Errors reported of one file; the rest is more of the same.
const MAX_ERRORS: usize = 500;
/// Rows written with one call.
const CHUNK: usize = 5_000;

/// Rows to enter, with their place in the file they came from.
#[derive(Debug, Clone)]
pub struct Batch<T> {
    rows: Vec<(usize, T)>,
    source: String,
}

impl<T> Batch<T> {
    /// Rows made by a program; numbered from 1.
    #[must_use]
    pub fn of(rows: Vec<T>) -> Self {
        Self { rows: rows.into_iter().enumerate().map(|(i, r)| (i + 1, r)).collect(), source: String::new() }
    }

    /// How many rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The import, subject `import:ID` in the journal.
    pub id: Id,
    /// The records, in the order of the rows.
    pub records: Vec<Id>,
    /// Licences whose number fails its check digit.
    pub flagged: usize,
    /// SHA-256 of the file, hex; empty when there was none.
    pub file: String,
    /// Merkle root over the facts of the rows, as in the journal entry.
    pub root: String,
}

/// The columns of the operator template.
#[must_use]
pub fn operator_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["code", "uscc", "信用代码", "社会信用代码", "证件号码"]),
        Column::required("名称", &["name", "企业名称", "单位名称", "经营者名称"]),
        Column::optional("英文名称", &["name_en", "english name"]),
        Column::required("经营类别", &["kinds", "kind", "主体类型", "类别"]),
        Column::required("行政区划", &["region", "行政区划代码", "区划代码"]),
    ])
}

/// The columns of the site template.
#[must_use]
pub fn site_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["operator", "code", "uscc", "信用代码"]),
        Column::optional("全球位置码", &["gln", "位置码"]),
        Column::required("名称", &["name", "场所名称"]),
        Column::required("地址", &["address", "经营地址"]),
        Column::required("行政区划", &["region", "行政区划代码", "区划代码"]),
        Column::optional("纬度", &["lat", "latitude"]),
        Column::optional("经度", &["lon", "longitude"]),
        Column::optional("业态", &["form", "经营业态"]),
    ])
}

/// The columns of the licence template.
#[must_use]
pub fn licence_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["operator", "code", "uscc", "信用代码"]),
        Column::required("许可证编号", &["number", "licence", "许可证号"]),
        Column::optional("类别", &["class", "许可类别"]),
        Column::optional("发证日期", &["issued"]),
        Column::optional("有效期至", &["expires", "有效期"]),
    ])
}

/// The columns of the product template.
#[must_use]
pub fn product_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["operator", "code", "uscc", "信用代码"]),
        Column::optional("商品条码", &["gtin", "条码"]),
        Column::required("产品名称", &["name", "名称"]),
        Column::required("食品类别", &["category", "食品分类"]),
    ])
}

/// The message of an error in a cell.
fn say(e: Error) -> Text {
    e.user_text().unwrap_or_else(|| Text::of("无法读取", "cannot be read"))
}

/// Reads operators from a CSV or XLSX file. Needs no database; call it on a blocking thread.
///
/// # Errors
/// [`Error::Sheet`], [`Error::Header`], or [`Error::Rows`] with every wrong row.
pub fn read_operators(name: &str, bytes: &[u8]) -> Result<Batch<NewOperator>, Error> {
    read(name, bytes, &operator_columns(), |row| {
        Ok(NewOperator {
            code: row.with("统一社会信用代码", |t| Code::read(t).map_err(say))?,
            name: row.text("名称")?,
            name_en: row.opt_text("英文名称")?.unwrap_or_default(),
            kinds: row.with("经营类别", |t| {
                let parts = t.split(['、', ',', '，', ';', '；', '/']).filter(|p| !p.trim().is_empty());
                parts.map(|p| OperatorKind::read(p).map_err(say)).collect()
            })?,
            region: row.with("行政区划", |t| crate::region::checked(t).map_err(say))?,
        })
    })
}

/// Reads sites; as [`read_operators`].
///
/// # Errors
/// As [`read_operators`].
pub fn read_sites(name: &str, bytes: &[u8]) -> Result<Batch<NewSite>, Error> {
    let degrees = |t: &str| {
        t.parse::<f64>().map_err(|_| Text::of("应为以度为单位的小数", "must be a decimal number of degrees"))
    };
    read(name, bytes, &site_columns(), |row| {
        let (lat, lon) = (row.opt_with("纬度", degrees)?, row.opt_with("经度", degrees)?);
        Ok(NewSite {
            operator: row.with("统一社会信用代码", |t| Owner::read(t).map_err(say))?,
            gln: row.opt_with("全球位置码", |t| t.parse().map_err(|e: base::gs1::KeyError| e.text()))?,
            name: row.text("名称")?,
            address: row.text("地址")?,
            region: row.with("行政区划", |t| crate::region::checked(t).map_err(say))?,
            position: lat.zip(lon),
            form: row.opt_text("业态")?.unwrap_or_default(),
        })
    })
}

/// Reads licences; as [`read_operators`]. Numbers that fail their check digit are kept.
///
/// # Errors
/// As [`read_operators`].
pub fn read_licences(name: &str, bytes: &[u8]) -> Result<Batch<NewLicence>, Error> {
    let date = |t: &str| paper::sheet::parse_date(t);
    read(name, bytes, &licence_columns(), |row| {
        Ok(NewLicence {
            operator: row.with("统一社会信用代码", |t| Owner::read(t).map_err(say))?,
            site: None,
            number: row.text("许可证编号")?,
            class: row.opt_text("类别")?.unwrap_or_default(),
            issued: row.opt_with("发证日期", date)?,
            expires: row.opt_with("有效期至", date)?,
        })
    })
}

/// Reads products; as [`read_operators`].
///
/// # Errors
/// As [`read_operators`].
pub fn read_products(name: &str, bytes: &[u8]) -> Result<Batch<NewProduct>, Error> {
    read(name, bytes, &product_columns(), |row| {
        Ok(NewProduct {
            operator: row.with("统一社会信用代码", |t| Owner::read(t).map_err(say))?,
            gtin: row.opt_with("商品条码", |t| t.parse().map_err(|e: base::gs1::KeyError| e.text()))?,
            name: row.text("产品名称")?,
            category: row.text("食品类别")?,
        })
    })
}

fn read<T>(
    name: &str,
    bytes: &[u8],
    columns: &Columns,
    one: impl Fn(Row<'_>) -> Result<T, RowError>,
) -> Result<Batch<T>, Error> {
    let tables = paper::sheet::read(bytes, name, &Limits::default())?;
    let Some(table) = tables.first() else {
        return Err(Error::invalid("file", "文件中没有数据", "the file holds no data"));
    };
    let mapped = columns.map(table)?;
    let (mut rows, mut errors) = (Vec::new(), RowErrors::default());
    for row in mapped.rows() {
        if errors.as_slice().len() >= MAX_ERRORS {
            break;
        }
        if let Some(value) = errors.keep(one(row)) {
            rows.push((row.line(), value));
        }
    }
    let rows = errors.into_result(rows).map_err(Error::Rows)?;
    if rows.is_empty() {
        return Err(Error::invalid("file", "文件中没有数据行", "the file holds no rows of data"));
    }
    Ok(Batch { rows, source: hex::encode(Sha256::digest(bytes)) })
}

/// Collects what is wrong while rows are judged against the database.
struct Judge<'a> {
    access: &'a Access,
    who: &'a Principal,
    now: base::Instant,
    kind: &'static str,
    known: HashMap<(String, Option<Id>), Result<Permit, Text>>,
    policies: BTreeSet<String>,
    regions: BTreeSet<String>,
    errors: Vec<RowError>,
}

impl<'a> Judge<'a> {
    fn new(access: &'a Access, who: &'a Principal, now: base::Instant, kind: &'static str) -> Self {
        Self {
            access,
            who,
            now,
            kind,
            known: HashMap::new(),
            policies: BTreeSet::new(),
            regions: BTreeSet::new(),
            errors: Vec::new(),
        }
    }

    fn wrong(&mut self, line: usize, column: &str, value: &str, message: Text) {
        if self.errors.len() < MAX_ERRORS {
            let (column, value) = (column.to_owned(), value.to_owned());
            self.errors.push(RowError { line, column, value, message });
        }
    }

    /// Keeps a value or notes what is wrong with its row.
    fn keep<T>(&mut self, line: usize, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(e) => {
                let column = if let Error::Invalid { field, .. } = &e { *field } else { "" };
                self.wrong(line, column, "", say(e));
                None
            }
        }
    }

    /// Whether the row may be imported: first for the region, then for the operator.
    fn may(&mut self, line: usize, region: &str, operator: Option<Id>) -> bool {
        let mut answer = self.ask(region, None);
        if answer.is_err() && operator.is_some() {
            answer = self.ask(region, operator);
        }
        match answer {
            Ok(permit) => {
                self.policies.extend(permit.policies);
                self.regions.insert(region.to_owned());
                true
            }
            Err(text) => {
                self.wrong(line, "行政区划", region, text);
                false
            }
        }
    }

    fn ask(&mut self, region: &str, operator: Option<Id>) -> Result<Permit, Text> {
        let key = (region.to_owned(), operator);
        let (access, who, now, kind) = (self.access, self.who, self.now, self.kind);
        let answer = self.known.entry(key).or_insert_with(|| {
            let resource = Resource::new(kind, region).of_operator(operator);
            access.check(who, "import", &resource, now).map_err(|denied| denied.text)
        });
        answer.clone()
    }

    /// The region of the journal entry: what all rows have in common.
    fn region(&self) -> String {
        let (first, last) = (self.regions.first(), self.regions.last());
        let Some((first, last)) = first.zip(last) else { return String::new() };
        let common = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
        let level = [12, 9, 6, 4, 2, 0].into_iter().find(|n| *n <= common).unwrap_or(0);
        first[..level].to_owned()
    }
}

/// Accepted rows of an import.
struct Accepted {
    records: Vec<Id>,
    values: Vec<Value>,
    facts: Vec<String>,
    flagged: usize,
}

impl Accepted {
    fn with_capacity(rows: usize, width: usize) -> Self {
        Self {
            records: Vec::with_capacity(rows),
            values: Vec::with_capacity(rows * width),
            facts: Vec::with_capacity(rows),
            flagged: 0,
        }
    }

    fn push(&mut self, id: Id, values: impl IntoIterator<Item = Value>, facts: &Json) {
        self.records.push(id);
        self.values.extend(values);
        self.facts.push(facts.to_string());
    }
}

/// Writes the rows and the one journal entry.
async fn finish(
    tx: &mut Tx,
    cx: &Context,
    judge: Judge<'_>,
    accepted: Accepted,
    source: String,
    (journal_kind, insert, width): (&'static str, &'static str, usize),
) -> Result<Imported, Error> {
    if !judge.errors.is_empty() {
        return Err(Error::Rows(judge.errors));
    }
    let Accepted { records, values, facts, flagged } = accepted;
    let mut values = values.into_iter();
    loop {
        let part: Vec<Value> = values.by_ref().take(CHUNK * width).collect();
        if part.is_empty() {
            break;
        }
        tx.insert_many(insert, width, part, "").await?;
    }
    let id = cx.id();
    let root = ledger::events_root(&facts);
    let body = json!({
        "import": id, "rows": records.len(), "flagged": flagged,
        "file": (!source.is_empty()).then(|| format!("sha-256:{source}")), "rows_root": root,
    });
    let region = judge.region();
    let permit = Permit { action: "import".to_owned(), policies: judge.policies.into_iter().collect() };
    let entry = Entry { kind: journal_kind, region, subject: format!("import:{id}"), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(Imported { id, records, flagged, file: source, root })
}

/// Enters operators, all or none.
///
/// # Errors
/// [`Error::Rows`] with every row that is wrong, registered already, twice in the file, or outside the rights of the
/// principal; storage. Nothing was entered then; give the transaction up.
pub async fn import_operators(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewOperator>,
) -> Result<Imported, Error> {
    let registered = owner::registered(tx, access, batch.rows.iter().map(|(_, o)| &o.code)).await?;
    let mut judge = Judge::new(access, who, cx.now, "operator");
    let mut accepted = Accepted::with_capacity(batch.len(), operator::WIDTH);
    let mut seen = HashSet::new();
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let key = new.code.key(access);
        if registered.contains(&key) {
            judge.wrong(line, "统一社会信用代码", &new.code.shown(), say(operator::taken()));
        } else if !seen.insert(key) {
            judge.wrong(line, "统一社会信用代码", &new.code.shown(), twice());
        } else if judge.may(line, &new.region, None) {
            let id = cx.id();
            accepted.push(id, new.values(access, id, cx.now)?, &new.facts(id));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("operators.imported", operator::INSERT, operator::WIDTH))
        .await
}

/// Enters sites, all or none.
///
/// # Errors
/// As [`import_operators`]; also rows of operators that are not registered.
pub async fn import_sites(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewSite>,
) -> Result<Imported, Error> {
    let owners = Owners::find(tx, batch.rows.iter().map(|(_, s)| s.operator)).await?;
    let glns: Vec<String> = batch.rows.iter().filter_map(|(_, s)| s.gln).map(|g| g.to_string()).collect();
    let in_use = in_use(tx, "select gln as key from site where gln in ", &glns).await?;
    let mut judge = Judge::new(access, who, cx.now, "site");
    let mut accepted = Accepted::with_capacity(batch.len(), site::WIDTH);
    let mut seen = HashSet::new();
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let Some((operator, _)) = judge.keep(line, owners.get(new.operator)) else { continue };
        let gln = new.gln.map(|g| g.to_string()).unwrap_or_default();
        if in_use.contains(&gln) {
            judge.wrong(line, "全球位置码", &gln, say(site::gln_taken()));
        } else if !gln.is_empty() && !seen.insert(gln.clone()) {
            judge.wrong(line, "全球位置码", &gln, twice());
        } else if judge.may(line, &new.region, Some(operator)) {
            let id = cx.id();
            accepted.push(id, new.values(id, operator, cx.now), &new.facts(id, operator));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("sites.imported", site::INSERT, site::WIDTH)).await
}

/// Enters licences, all or none; numbers that fail their check digit are counted in [`Imported::flagged`].
///
/// # Errors
/// As [`import_sites`].
pub async fn import_licences(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewLicence>,
) -> Result<Imported, Error> {
    let owners = Owners::find(tx, batch.rows.iter().map(|(_, l)| l.operator)).await?;
    let mut judge = Judge::new(access, who, cx.now, "licence");
    let mut accepted = Accepted::with_capacity(batch.len(), licence::WIDTH);
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let Some((operator, region)) = judge.keep(line, owners.get(new.owner())) else { continue };
        if judge.may(line, region, Some(operator)) {
            let id = cx.id();
            accepted.flagged += usize::from(new.is_flagged());
            accepted.push(id, new.values(id, operator, cx.now), &new.facts(id, operator));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("licences.imported", licence::INSERT, licence::WIDTH))
        .await
}

/// Enters products, all or none.
///
/// # Errors
/// As [`import_sites`].
pub async fn import_products(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    batch: Batch<NewProduct>,
) -> Result<Imported, Error> {
    let owners = Owners::find(tx, batch.rows.iter().map(|(_, p)| p.operator)).await?;
    let gtins: Vec<String> = batch.rows.iter().filter_map(|(_, p)| p.gtin).map(|g| g.to_string()).collect();
    let in_use = in_use(tx, "select gtin as key from product where gtin in ", &gtins).await?;
    let mut judge = Judge::new(access, who, cx.now, "product");
    let mut accepted = Accepted::with_capacity(batch.len(), product::WIDTH);
    let mut seen = HashSet::new();
    for (line, new) in batch.rows {
        let Some(new) = judge.keep(line, new.checked()) else { continue };
        let Some((operator, region)) = judge.keep(line, owners.get(new.operator)) else { continue };
        let gtin = new.gtin.map(|g| g.to_string()).unwrap_or_default();
        if in_use.contains(&gtin) {
            judge.wrong(line, "商品条码", &gtin, say(product::gtin_taken()));
        } else if !gtin.is_empty() && !seen.insert(gtin.clone()) {
            judge.wrong(line, "商品条码", &gtin, twice());
        } else if judge.may(line, region, Some(operator)) {
            let id = cx.id();
            accepted.push(id, new.values(id, operator, cx.now), &new.facts(id, operator));
        }
    }
    finish(tx, cx, judge, accepted, batch.source, ("products.imported", product::INSERT, product::WIDTH))
        .await
}

fn twice() -> Text {
    Text::of("在文件中重复出现", "occurs twice in the file")
}

/// Which of the keys are stored already.
async fn in_use(tx: &mut Tx, select: &'static str, keys: &[String]) -> Result<HashSet<String>, Error> {
    let mut out = HashSet::new();
    for part in keys.chunks(800) {
        let mut sql = store::Sql::new(select);
        sql.bind_list(part.iter().cloned());
        for row in tx.select(&sql).await? {
            out.insert(row.text("key")?);
        }
    }
    Ok(out)
}
