//! Agencies: one department in one region, with those before and after it in reorganisations.

use crate::{Error, operator, region};
use access::{Access, Principal, Resource};
use base::{Department, Id};
use ledger::{Context, Entry, append};
use serde_json::json;
use store::{Row, Store, Tx};

/// What an agency is entered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAgency {
    /// Its region.
    pub region: String,
    /// Its department.
    pub department: Department,
    /// Full name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// The agency it takes over from, which then closes.
    pub predecessor: Option<Id>,
}

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Its region.
    pub region: String,
    /// Its department code.
    pub department: String,
    /// Full name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// Whether it still exists.
    pub active: bool,
    /// The agency before it.
    pub predecessor: Option<Id>,
    /// The agency after it.
    pub successor: Option<Id>,
}

impl Agency {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            version: row.int("version")?,
            region: row.text("region")?,
            department: row.text("department")?,
            name: row.text("name")?,
            name_en: row.text("name_en")?,
            active: row.text("status")? == "active",
            predecessor: row.opt_id("predecessor")?,
            successor: row.opt_id("successor")?,
        })
    }
}

/// Enters an agency; its predecessor closes and points to it.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`]; [`Error::NotFound`] without the predecessor.
pub async fn create_agency(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewAgency,
) -> Result<Id, Error> {
    let region = region::checked(&new.region)?;
    let resource = Resource::new("agency", &*region).of_agency(new.department.code());
    let permit = access.check(who, "create", &resource, cx.now)?;
    let (id, name) = (cx.id(), operator::name(&new.name)?);
    if let Some(before) = new.predecessor {
        let changed = tx
            .exec(
                "update agency set status = 'closed', successor = $2, version = version + 1 \
                 where id = $1 and status = 'active'",
                &[before.into(), id.into()],
            )
            .await?;
        if changed == 0 {
            return Err(Error::not_found(
                "没有这个在设的前身机构",
                "there is no such agency still in being to take over from",
            ));
        }
    }
    tx.exec(
        "insert into agency (id, version, region, department, name, name_en, status, predecessor, successor, \
         created_at) values ($1, 1, $2, $3, $4, $5, 'active', $6, null, $7)",
        &[
            id.into(),
            region.as_str().into(),
            new.department.code().into(),
            name.as_str().into(),
            new.name_en.trim().into(),
            new.predecessor.into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({
        "agency": id, "department": new.department, "name": name, "predecessor": new.predecessor,
    });
    let entry =
        Entry { kind: "agency.created", region, subject: format!("agency:{id}"), body, private: None };
    append(tx, cx, &permit, entry).await?;
    Ok(id)
}

/// The agencies of a region and below, by region and department. Their names are public.
///
/// # Errors
/// Storage.
pub async fn agencies_in(store: &Store, prefix: &str) -> Result<Vec<Agency>, Error> {
    let mut sql = store::Sql::new("select * from agency where 1 = 1");
    crate::list::push_region(&mut sql, "region", prefix);
    sql.push(" order by region, department, id");
    Ok(store.select(&sql).await?.iter().map(Agency::read).collect::<Result<_, _>>()?)
}
