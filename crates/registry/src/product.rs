//! Products: what an operator makes or sells under a name and number.

use crate::prefix::held_by_another;
use crate::{Error, Owner, operator, owner, search};
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text, gs1::Gtin};
use ledger::{Context, Entry, append};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use store::{Row, Sql, Store, Tx, Value};

/// What a product is entered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Whose it is.
    pub operator: Owner,
    /// Global trade item number, if it has one; unique.
    pub gtin: Option<Gtin>,
    /// Name on the label.
    pub name: String,
    /// Food category in words, as the standards name it where known.
    pub category: String,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Whose.
    pub operator: Id,
    /// Trade item number, 14 digits.
    pub gtin: Option<String>,
    /// Name.
    pub name: String,
    /// Food category in words.
    pub category: String,
    /// Whether it is still made.
    pub active: bool,
}

impl Product {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            version: row.int("version")?,
            operator: row.id("operator")?,
            gtin: row.opt_text("gtin")?,
            name: row.text("name")?,
            category: row.text("category")?,
            active: row.text("status")? == "active",
        })
    }
}

pub(crate) const INSERT: &str =
    "insert into product (id, version, operator, gtin, name, category, status, created_at)";
pub(crate) const WIDTH: usize = 8;

fn subject(id: Id) -> String {
    format!("product:{id}")
}

impl NewProduct {
    /// Checks and normalises.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        self.name = operator::name(&self.name)?;
        self.category = self.category.trim().to_owned();
        Ok(self)
    }

    /// The values of one row, in the order of [`INSERT`].
    pub(crate) fn values(&self, id: Id, operator: Id, now: base::Instant) -> [Value; WIDTH] {
        [
            id.into(),
            1i64.into(),
            operator.into(),
            self.gtin.map(|g| g.to_string()).into(),
            self.name.as_str().into(),
            self.category.as_str().into(),
            "active".into(),
            now.into(),
        ]
    }

    /// The facts of the row for the journal.
    pub(crate) fn facts(&self, id: Id, operator: Id) -> Json {
        json!({
            "product": id, "operator": operator, "gtin": self.gtin, "name": self.name, "category": self.category,
        })
    }
}

pub(crate) fn foreign_prefix(prefix: &str) -> Error {
    Error::Invalid {
        field: "gtin",
        text: Text::new(
            format!(
                "条码的厂商识别代码 {prefix} 属于另一单位，请核对；确属本单位的，请持中国商品条码系统成员证书到监管部门登记"
            ),
            format!(
                "the company prefix {prefix} of this barcode is another firm's; check it, or let the authority enter it on showing your GS1 certificate"
            ),
        ),
    }
}

pub(crate) fn gtin_taken() -> Error {
    Error::invalid(
        "gtin",
        "该商品条码已登记给其他产品",
        "this trade item number is registered for another product",
    )
}

/// Enters a product.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a bad field or a GTIN in use.
pub async fn create_product(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewProduct,
) -> Result<Id, Error> {
    let new = new.checked()?;
    let (operator, region) = owner::one(tx, new.operator).await?;
    let resource = Resource::new("product", &*region).of_operator(Some(operator));
    let permit = access.check(who, "create", &resource, cx.now)?;
    if let Some(gtin) = new.gtin
        && tx.first("select id from product where gtin = $1", &[gtin.to_string().into()]).await?.is_some()
    {
        return Err(gtin_taken());
    }
    if let Some(gtin) = new.gtin.filter(|_| who.operator.is_some())
        && let Some(prefix) = held_by_another(tx, operator, &gtin.to_string()[1..13]).await?
    {
        return Err(foreign_prefix(&prefix));
    }
    let id = cx.id();
    tx.insert_many(INSERT, WIDTH, new.values(id, operator, cx.now).into(), "").await?;
    let body = new.facts(id, operator);
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "product.created", region, subject: subject(id), body, private: None },
    )
    .await?;
    Ok(id)
}

/// Changes name, category and whether a product is still made, read at `version`.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`]; [`Error::NotFound`]; [`store::Error::Stale`] when somebody else was faster.
pub async fn update_product(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    changed: &Product,
) -> Result<(), Error> {
    let row = tx
        .first(
            "select p.*, o.region from product p join operator o on o.id = p.operator where p.id = $1",
            &[changed.id.into()],
        )
        .await?
        .ok_or_else(|| Error::not_found("没有这个产品", "there is no such product"))?;
    let (old, region) = (Product::read(&row)?, row.text("region")?);
    let resource = Resource::new("product", &*region).of_operator(Some(old.operator));
    let permit = access.check(who, "act", &resource, cx.now)?;
    let (name, category) = (operator::name(&changed.name)?, changed.category.trim());
    let status = if changed.active { "active" } else { "closed" };
    tx.exec_one(
        "update product set version = version + 1, name = $3, category = $4, status = $5 \
         where id = $1 and version = $2",
        &[changed.id.into(), changed.version.into(), name.as_str().into(), category.into(), status.into()],
    )
    .await?;
    let body = json!({
        "product": old.id, "operator": old.operator, "name": name, "category": category, "status": status,
        "was": { "name": old.name, "category": old.category },
    });
    let entry = Entry { kind: "product.changed", region, subject: subject(old.id), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// The products of an operator, by record. No right is checked here.
///
/// # Errors
/// Storage.
pub async fn products_of(store: &Store, operator: Id) -> Result<Vec<Product>, Error> {
    let rows =
        store.query("select * from product where operator = $1 order by id", &[operator.into()]).await?;
    Ok(rows.iter().map(Product::read).collect::<Result<_, _>>()?)
}

/// Products still made whose name has every word, or whose number begins with the text, of operators the principal may see; by name.
///
/// # Errors
/// Storage.
pub async fn products_named(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    text: &str,
    most: u32,
) -> Result<Vec<Product>, Error> {
    let scope = access.scope(who, "view", "product", now);
    let mut sql = Sql::new(
        "select p.* from product p join operator o on o.id = p.operator where p.status = 'active' and ",
    );
    sql.append(&scope.sql("o.region", None, Some("o.id"))).push(" and ((1 = 1");
    search::push_text(&mut sql, "lower(p.name)", text);
    let digits = format!("{:0>14}", text.trim());
    sql.push(") or p.gtin = ").bind(digits).push(") order by p.name, p.id limit ").bind(most);
    Ok(store.select(&sql).await?.iter().map(Product::read).collect::<Result<_, _>>()?)
}

/// The products behind many trade item numbers (14 digits) at once. Unknown numbers are absent. No right is checked here.
///
/// # Errors
/// Storage.
pub async fn products_by_gtin<S: AsRef<str>>(
    store: &Store,
    gtins: &[S],
) -> Result<HashMap<String, Product>, Error> {
    let mut out = HashMap::with_capacity(gtins.len());
    for part in gtins.chunks(800) {
        let mut sql = Sql::new("select * from product where gtin in ");
        sql.bind_list(part.iter().map(AsRef::as_ref));
        for row in store.select(&sql).await? {
            let product = Product::read(&row)?;
            if let Some(gtin) = product.gtin.clone() {
                out.insert(gtin, product);
            }
        }
    }
    Ok(out)
}
