//! Persons: who represents, manages and works for an operator. Everything that names them is sealed.

use crate::{Error, PersonRole, operator};
use access::{Access, Principal, Resource};
use base::{Date, Id, Instant, person_id::PersonId};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{Context, Entry, append};
use serde_json::json;
use std::collections::HashMap;
use store::{Row, Store, Tx};

/// What a person is entered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// At which operator.
    pub operator: Id,
    /// As what.
    pub role: PersonRole,
    /// Name: personal data.
    pub name: String,
    /// Identity number: personal data.
    pub number: Option<PersonId>,
    /// Phone: personal data.
    pub phone: Option<String>,
    /// First day.
    pub from: Date,
}

/// A person at an operator, opened for somebody with the right to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// At which operator.
    pub operator: Id,
    /// As what.
    pub role: PersonRole,
    /// Name.
    pub name: String,
    /// Identity number, masked.
    pub number: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Option<Date>,
}

fn seal(access: &Access, field: &str, id: Id, text: &str) -> Result<Vec<u8>, Error> {
    Ok(access.vault().seal(&format!("person.{field}:{id}"), text)?)
}

impl Person {
    fn read(access: &Access, row: &Row) -> Result<Self, Error> {
        let id = row.id("id")?;
        let open =
            |field: &str, sealed: &[u8]| access.vault().open_text(&format!("person.{field}:{id}"), sealed);
        let number = row.opt_bytes("number")?.map(|b| open("number", &b)).transpose()?;
        Ok(Self {
            id,
            version: row.int("version")?,
            operator: row.id("operator")?,
            role: row.parsed("role")?,
            name: open("name", &row.bytes("name")?)?,
            number: number.and_then(|n| n.parse::<PersonId>().ok()).map(|n| n.masked()),
            phone: row.opt_bytes("phone")?.map(|b| open("phone", &b)).transpose()?,
            from: row.date("valid_from")?,
            to: row.opt_date("valid_to")?,
        })
    }
}

/// Enters a person.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`]; [`Error::NotFound`] without the operator.
pub async fn create_person(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewPerson,
) -> Result<Id, Error> {
    let owner = operator::locked(tx, new.operator).await?;
    let resource = Resource::new("person", &*owner.region).of_operator(Some(owner.id));
    let permit = access.check(who, "create", &resource, cx.now)?;
    let name = operator::name(&new.name)?;
    let id = cx.id();
    let sealed_name = seal(access, "name", id, &name)?;
    let number = new.number.as_ref().map(|n| seal(access, "number", id, n.expose())).transpose()?;
    let phone = new.phone.as_deref().map(|p| seal(access, "phone", id, p.trim())).transpose()?;
    let private = json!({
        "name": STANDARD.encode(&sealed_name),
        "number": number.as_ref().map(|b| STANDARD.encode(b)),
        "phone": phone.as_ref().map(|b| STANDARD.encode(b)),
    });
    tx.exec(
        "insert into person (id, version, operator, role, name, name_key, number, number_key, phone, valid_from, valid_to, \
         created_at) values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, null, $10)",
        &[
            id.into(),
            owner.id.into(),
            new.role.code().into(),
            sealed_name.into(),
            name_key(access, &name).into(),
            number.into(),
            new.number.as_ref().map(|n| operator::person_key(access, n)).into(),
            phone.into(),
            new.from.into(),
            cx.now.into(),
        ],
    )
    .await?;
    let entry = Entry {
        kind: "person.created",
        region: owner.region,
        subject: format!("person:{id}"),
        body: json!({ "person": id, "operator": owner.id, "role": new.role, "from": new.from.to_string() }),
        private: Some(private),
    };
    append(tx, cx, &permit, entry).await?;
    Ok(id)
}

/// Ends a person's part at an operator.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`]; [`store::Error::Stale`] when somebody else was faster.
pub async fn end_person(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
    version: i64,
    last: Date,
) -> Result<(), Error> {
    let row = tx
        .first(
            "select p.operator, o.region from person p join operator o on o.id = p.operator where p.id = $1",
            &[id.into()],
        )
        .await?
        .ok_or_else(|| Error::not_found("没有这个人员", "there is no such person"))?;
    let (operator, region) = (row.id("operator")?, row.text("region")?);
    let resource = Resource::new("person", &*region).of_operator(Some(operator));
    let permit = access.check(who, "act", &resource, cx.now)?;
    tx.exec_one(
        "update person set version = version + 1, valid_to = $3 where id = $1 and version = $2",
        &[id.into(), version.into(), last.into()],
    )
    .await?;
    let body = json!({ "person": id, "operator": operator, "last": last.to_string() });
    let entry = Entry { kind: "person.ended", region, subject: format!("person:{id}"), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(())
}

/// The persons of an operator, opened.
///
/// # Errors
/// [`Error::Denied`] without the right to see persons there; [`Error::NotFound`] without the operator.
pub async fn persons_of(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    operator: Id,
) -> Result<Vec<Person>, Error> {
    let owner = operator::operator(store, operator).await?.ok_or_else(operator::missing)?;
    let resource = Resource::new("person", &*owner.region).of_operator(Some(owner.id));
    access.check(who, "view", &resource, now)?;
    let rows =
        store.query("select * from person where operator = $1 order by id", &[operator.into()]).await?;
    rows.iter().map(|row| Person::read(access, row)).collect()
}

/// The operators at which somebody with this identity number has a part: for professional bans. The search runs on keyed
/// fingerprints; no number is opened.
///
/// # Errors
/// [`Error::Denied`] without the right to see persons of `region`, where the search is asked for.
pub async fn operators_of_person(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
    number: &PersonId,
) -> Result<Vec<(Id, PersonRole)>, Error> {
    access.check(who, "view", &Resource::new("person", region), now)?;
    let scope = access.scope(who, "view", "person", now);
    let mut sql = store::Sql::new(
        "select p.operator, p.role from person p join operator o on o.id = p.operator where p.number_key = ",
    );
    sql.bind(operator::person_key(access, number)).push(" and ");
    sql.append(&scope.sql("o.region", None, Some("p.operator"))).push(" order by p.id");
    store.select(&sql).await?.iter().map(|r| Ok((r.id("operator")?, r.parsed("role")?))).collect()
}

/// Somebody of the register who bears the name of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesake {
    /// Account of the member of staff.
    pub account: Id,
    /// The person of the register.
    pub person: Id,
    /// At which operator.
    pub operator: Id,
    /// Its name.
    pub operator_name: String,
    /// Its region.
    pub region: String,
    /// As what.
    pub role: PersonRole,
    /// Last day there; `None`: still there.
    pub to: Option<Date>,
}

/// Names are compared without blanks and the dot between parts of a name.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '．'))
        .collect::<String>()
        .to_lowercase()
}

/// The keyed fingerprint of a name as names are compared.
fn name_key(access: &Access, name: &str) -> String {
    let print = access.vault().fingerprint("person.name", &plain(name));
    print.iter().fold(String::from("n:"), |out, byte| out + &format!("{byte:02x}"))
}

/// Rows filled in one transaction.
const PORTION: i64 = 500;

/// Gives the persons entered before names had fingerprints theirs; tells how many. Repeatable; nothing is left to do once every row has one.
///
/// # Errors
/// Storage.
pub async fn fill_name_keys(store: &Store, access: &Access) -> Result<usize, Error> {
    let mut filled = 0;
    loop {
        let mut tx = store.begin().await?;
        let sql = "select id, name from person where name_key is null order by id limit $1";
        let rows = tx.query(sql, &[PORTION.into()]).await?;
        for row in &rows {
            let id = row.id("id")?;
            let name = access.vault().open_text(&format!("person.name:{id}"), &row.bytes("name")?);
            let key = name.map(|name| name_key(access, &name)).unwrap_or_default();
            tx.exec("update person set name_key = $2 where id = $1", &[id.into(), key.into()]).await?;
        }
        tx.commit().await?;
        filled += rows.len();
        if rows.is_empty() {
            return Ok(filled);
        }
    }
}

/// Persons of operators in a region who are there, or were on or after `since`, and bear the name of one of `staff` (account and name): they
/// may be the same person, whom nobody should send there. Names are compared by keyed fingerprint: none is opened, none is given back.
///
/// # Errors
/// [`Error::Denied`] without the right to see persons of the region; storage.
pub async fn namesakes(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
    staff: &[(Id, String)],
    since: Date,
) -> Result<Vec<Namesake>, Error> {
    access.check(who, "view", &Resource::new("person", region), now)?;
    let mut within = store::Sql::new("o.region >= ");
    within.bind(region).push(" and o.region < ").bind(format!("{region}~"));
    alike(store, access, who, now, &within, staff, since).await
}

/// As [`namesakes`], of some operators wherever they are: those whose persons the reader may not see give none.
///
/// # Errors
/// A name sealed with another key; storage.
pub async fn namesakes_at(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    operators: &[Id],
    staff: &[(Id, String)],
    since: Date,
) -> Result<Vec<Namesake>, Error> {
    if operators.is_empty() || staff.is_empty() {
        return Ok(Vec::new());
    }
    let mut within = store::Sql::new("p.operator in ");
    within.bind_list(operators.iter().copied());
    alike(store, access, who, now, &within, staff, since).await
}

/// `within`: a condition on the person `p` and its operator `o`.
async fn alike(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    within: &store::Sql,
    staff: &[(Id, String)],
    since: Date,
) -> Result<Vec<Namesake>, Error> {
    let scope = access.scope(who, "view", "person", now);
    let mut names: HashMap<String, Vec<Id>> = HashMap::new();
    for (account, name) in staff {
        names.entry(name_key(access, name)).or_default().push(*account);
    }
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = store::Sql::new(
        "select p.id, p.operator, p.role, p.name_key, p.valid_to, o.name as operator_name, o.region from person p \
         join operator o on o.id = p.operator where p.name_key in ",
    );
    sql.bind_list(names.keys().map(String::as_str)).push(" and ");
    sql.append(within).push(" and (p.valid_to is null or p.valid_to >= ").bind(since).push(") and ");
    sql.append(&scope.sql("o.region", None, Some("p.operator"))).push(" order by p.id");
    let mut out = Vec::new();
    for row in store.select(&sql).await? {
        for account in names.get(&row.text("name_key")?).into_iter().flatten() {
            out.push(Namesake {
                account: *account,
                person: row.id("id")?,
                operator: row.id("operator")?,
                operator_name: row.text("operator_name")?,
                region: row.text("region")?,
                role: row.parsed("role")?,
                to: row.opt_date("valid_to")?,
            });
        }
    }
    Ok(out)
}
