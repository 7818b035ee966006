//! Operators: legal and natural persons in the food business.

use crate::{Error, Kinds, OperatorKind, Status, region, search};
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text, Uscc, person_id::PersonId};
use ledger::{Context, Entry, append};
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};
use store::{Row, Sql, Store, Tx, Value};

/// What identifies an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Unified social credit code of a legal person or other organisation.
    Uscc(Uscc),
    /// Identity number of a natural person (三小 without a business licence); stored sealed, shown masked.
    Person(PersonId),
}

impl Code {
    /// Reads either.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the position that is wrong. A text of 18 digits (or 17 and X) that fails as an identity
    /// number is judged as a USCC.
    pub fn read(text: &str) -> Result<Self, Error> {
        match text.parse::<Uscc>() {
            Ok(uscc) => Ok(Self::Uscc(uscc)),
            Err(e) => match text.parse::<PersonId>() {
                Ok(person) => Ok(Self::Person(person)),
                Err(_) => Err(Error::Invalid { field: "code", text: e.text() }),
            },
        }
    }

    /// What is shown: the USCC or the masked identity number.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Uscc(u) => u.as_str().to_owned(),
            Self::Person(p) => p.masked(),
        }
    }

    /// What makes it unique in storage.
    pub(crate) fn key(&self, access: &Access) -> String {
        match self {
            Self::Uscc(u) => u.as_str().to_owned(),
            Self::Person(p) => person_key(access, p),
        }
    }
}

/// The keyed fingerprint of an identity number, as text.
pub(crate) fn person_key(access: &Access, number: &PersonId) -> String {
    let print = access.vault().fingerprint("identity", number.expose());
    print.iter().fold(String::from("p:"), |out, byte| out + &format!("{byte:02x}"))
}

/// What an operator is entered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOperator {
    /// USCC or identity number.
    pub code: Code,
    /// Name as on the business licence.
    pub name: String,
    /// English name, may be empty.
    pub name_en: String,
    /// What it does; at least one.
    pub kinds: Vec<OperatorKind>,
    /// Region code of its seat.
    pub region: String,
}

/// What may change of an operator; the code may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorChange {
    /// Name.
    pub name: String,
    /// English name, may be empty.
    pub name_en: String,
    /// What it does; at least one.
    pub kinds: Vec<OperatorKind>,
    /// Region code of its seat.
    pub region: String,
    /// Whether it is in business.
    pub status: Status,
}

/// An operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// USCC, or the masked identity number.
    pub code: String,
    /// Whether it is a natural person without USCC.
    pub natural: bool,
    /// Name.
    pub name: String,
    /// English name, may be empty.
    pub name_en: String,
    /// What it does.
    pub kinds: Kinds,
    /// Region code.
    pub region: String,
    /// Whether it is in business.
    pub status: Status,
    /// Entered at.
    pub created_at: Instant,
    /// Last changed at.
    pub updated_at: Instant,
}

impl Operator {
    /// The operator as access sees it: internal; its public view has classification 0.
    #[must_use]
    pub fn resource(&self) -> Resource {
        Resource::new("operator", &*self.region).of_operator(Some(self.id))
    }

    /// The name in both languages.
    #[must_use]
    pub fn title(&self) -> Text {
        let en = if self.name_en.is_empty() { &self.name } else { &self.name_en };
        Text::new(self.name.clone(), en.clone())
    }

    pub(crate) fn read(row: &Row) -> Result<Self, store::Error> {
        let code_key = row.text("code_key")?;
        Ok(Self {
            id: row.id("id")?,
            version: row.int("version")?,
            code: row.text("code")?,
            natural: code_key.starts_with("p:"),
            name: row.text("name")?,
            name_en: row.text("name_en")?,
            kinds: Kinds::from_bits(row.int("kinds")?),
            region: row.text("region")?,
            status: row.parsed("status")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
        })
    }
}

pub(crate) const INSERT: &str = "insert into operator (id, version, code, code_key, person, name, name_en, kinds, \
     region, status, initials, search, created_at, updated_at)";
pub(crate) const WIDTH: usize = 14;

pub(crate) fn subject(id: Id) -> String {
    format!("operator:{id}")
}

impl NewOperator {
    /// Checks and normalises.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        self.name = name(&self.name)?;
        self.name_en = self.name_en.trim().to_owned();
        self.region = region::checked(&self.region)?;
        if self.kinds.is_empty() {
            return Err(Error::invalid(
                "kinds",
                "请至少选择一种经营类别",
                "choose at least one kind of business",
            ));
        }
        Ok(self)
    }

    /// The values of one row, in the order of [`INSERT`].
    pub(crate) fn values(&self, access: &Access, id: Id, now: Instant) -> Result<[Value; WIDTH], Error> {
        let shown = self.code.shown();
        // part of an identity number is no search key
        let findable = if matches!(self.code, Code::Uscc(_)) { shown.as_str() } else { "" };
        let person = match &self.code {
            Code::Uscc(_) => None,
            Code::Person(p) => Some(access.vault().seal(&format!("operator.person:{id}"), p.expose())?),
        };
        Ok([
            id.into(),
            1i64.into(),
            shown.as_str().into(),
            self.code.key(access).into(),
            person.into(),
            self.name.as_str().into(),
            self.name_en.as_str().into(),
            Kinds::of(&self.kinds).bits().into(),
            self.region.as_str().into(),
            Status::Active.code().into(),
            search::initials(&self.name).into(),
            search::search_text(&self.name, &[&self.name_en, findable]).into(),
            now.into(),
            now.into(),
        ])
    }

    /// The facts of the row for the journal. The masked number of a natural person stays out of it.
    pub(crate) fn facts(&self, id: Id) -> Json {
        let code = matches!(self.code, Code::Uscc(_)).then(|| self.code.shown());
        json!({
            "operator": id, "code": code, "name": self.name, "kinds": Kinds::of(&self.kinds).codes(),
            "region": self.region,
        })
    }
}

/// A name trimmed; 1–200 characters.
pub(crate) fn name(text: &str) -> Result<String, Error> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Error::invalid("name", "名称应为 1–200 个字符", "a name has 1–200 characters"));
    }
    Ok(name.to_owned())
}

/// Enters an operator.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a bad field or a code that is registered already.
pub async fn create_operator(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewOperator,
) -> Result<Id, Error> {
    let new = new.checked()?;
    let permit = access.check(who, "create", &Resource::new("operator", &*new.region), cx.now)?;
    let key = new.code.key(access);
    if tx.first("select id from operator where code_key = $1", &[key.into()]).await?.is_some() {
        return Err(taken());
    }
    let id = cx.id();
    tx.insert_many(INSERT, WIDTH, new.values(access, id, cx.now)?.into(), "").await?;
    let facts = new.facts(id);
    let entry = Entry {
        kind: "operator.created",
        region: new.region,
        subject: subject(id),
        body: facts,
        private: None,
    };
    append(tx, cx, &permit, entry).await?;
    Ok(id)
}

pub(crate) fn taken() -> Error {
    Error::invalid(
        "code",
        "该统一社会信用代码或证件号码已登记，请查找后修改",
        "an operator with this code is registered already; find it and change it there",
    )
}

/// Changes an operator read at `version`. Moving it needs the right in both regions.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`]; [`Error::NotFound`]; [`store::Error::Stale`] when somebody else was faster.
pub async fn update_operator(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
    version: i64,
    change: OperatorChange,
) -> Result<(), Error> {
    let old = locked(tx, id).await?;
    access.check(who, "act", &old.resource(), cx.now)?;
    let region = region::checked(&change.region)?;
    let permit = access.check(who, "act", &Resource { region: region.clone(), ..old.resource() }, cx.now)?;
    let name = name(&change.name)?;
    let name_en = change.name_en.trim();
    let kinds = Kinds::of(&change.kinds);
    if kinds == Kinds::default() {
        return Err(Error::invalid(
            "kinds",
            "请至少选择一种经营类别",
            "choose at least one kind of business",
        ));
    }
    tx.exec_one(
        "update operator set version = version + 1, name = $3, name_en = $4, kinds = $5, region = $6, status = $7, \
         initials = $8, search = $9, updated_at = $10 where id = $1 and version = $2",
        &[
            id.into(),
            version.into(),
            name.as_str().into(),
            name_en.into(),
            kinds.bits().into(),
            region.as_str().into(),
            change.status.code().into(),
            search::initials(&name).into(),
            search::search_text(&name, &[name_en, if old.natural { "" } else { &old.code }]).into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({
        "operator": id, "version": version + 1, "name": name, "kinds": kinds.codes(), "region": region,
        "status": change.status,
        "was": { "name": old.name, "kinds": old.kinds.codes(), "region": old.region, "status": old.status },
    });
    let entry = Entry { kind: "operator.changed", region, subject: subject(id), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// The operator, which nobody else changes until this transaction ends. Who needs two takes both with [`Tx::lock`] first.
pub(crate) async fn locked(tx: &mut Tx, id: Id) -> Result<Operator, Error> {
    tx.lock("operator", &[id]).await?;
    let row = tx.first("select * from operator where id = $1", &[id.into()]).await?;
    Ok(Operator::read(&row.ok_or_else(missing)?)?)
}

pub(crate) const fn missing() -> Error {
    Error::not_found("没有这个生产经营者", "there is no such operator")
}

/// An operator by id. No right is checked here: show it only after [`Access::check`] on [`Operator::resource`].
///
/// # Errors
/// Storage.
pub async fn operator(store: &Store, id: Id) -> Result<Option<Operator>, Error> {
    let row = store.first("select * from operator where id = $1", &[id.into()]).await?;
    Ok(row.as_ref().map(Operator::read).transpose()?)
}

/// An operator by its id within a transaction; no right is asked.
///
/// # Errors
/// Storage.
pub async fn operator_in(tx: &mut Tx, id: Id) -> Result<Option<Operator>, Error> {
    let row = tx.first("select * from operator where id = $1", &[id.into()]).await?;
    Ok(row.as_ref().map(Operator::read).transpose()?)
}

/// An operator by USCC. As [`operator`].
///
/// # Errors
/// Storage.
pub async fn operator_by_uscc(store: &Store, uscc: &Uscc) -> Result<Option<Operator>, Error> {
    let row = store.first("select * from operator where code_key = $1", &[uscc.as_str().into()]).await?;
    Ok(row.as_ref().map(Operator::read).transpose()?)
}

/// Operators of exactly these names, by name. Found by the index on initials.
///
/// # Errors
/// Storage.
pub async fn operators_named(store: &Store, names: &[&str]) -> Result<HashMap<String, Vec<Id>>, Error> {
    let mut found: HashMap<String, Vec<Id>> = HashMap::new();
    for part in names.chunks(300) {
        let initials: BTreeSet<String> = part.iter().map(|n| crate::search::initials(n)).collect();
        let mut sql = Sql::new("select id, name from operator where initials in ");
        sql.bind_list(initials.iter().map(String::as_str)).push(" and name in ");
        sql.bind_list(part.iter().copied()).push(" order by id");
        for row in store.select(&sql).await? {
            found.entry(row.text("name")?).or_default().push(row.id("id")?);
        }
    }
    Ok(found)
}

/// The full identity number of a natural person, for a document that must carry it; the look is journalled.
///
/// # Errors
/// [`Error::Denied`] without the right to act on persons of the region; [`Error::NotFound`].
pub async fn reveal_identity(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
) -> Result<Option<String>, Error> {
    let row = tx.first("select * from operator where id = $1", &[id.into()]).await?.ok_or_else(missing)?;
    let operator = Operator::read(&row)?;
    let person = Resource::new("person", &*operator.region).of_operator(Some(id));
    let permit = access.check(who, "act", &person, cx.now)?;
    let Some(sealed) = row.opt_bytes("person")? else { return Ok(None) };
    let number = access.vault().open_text(&format!("operator.person:{id}"), &sealed)?;
    let entry = Entry {
        kind: "operator.identity_seen",
        region: operator.region,
        subject: subject(id),
        body: json!({ "operator": id }),
        private: None,
    };
    append(tx, cx, &permit, entry).await?;
    Ok(Some(number))
}
