//! Sites: the places where business is done; trace events and licences hang here.

use crate::prefix::held_by_another;
use crate::{Error, Owner, Status, operator, owner, region, search};
use access::{Access, Principal, Resource};
use base::{Id, Instant, Text, gs1::Gln};
use ledger::{Context, Entry, append};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use store::{Row, Sql, Store, Tx, Value};

/// What a site is entered with.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSite {
    /// Whose it is.
    pub operator: Owner,
    /// Global location number, if it has one; unique.
    pub gln: Option<Gln>,
    /// Name on the sign or licence.
    pub name: String,
    /// Address.
    pub address: String,
    /// Region code of the place, at least the county.
    pub region: String,
    /// Latitude and longitude in degrees, WGS 84.
    pub position: Option<(f64, f64)>,
    /// Business form in words (`supermarket`, `school canteen`).
    pub form: String,
}

/// What may change of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteChange {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Region code.
    pub region: String,
    /// Latitude and longitude in degrees.
    pub position: Option<(f64, f64)>,
    /// Business form in words.
    pub form: String,
    /// Whether it is in business.
    pub status: Status,
}

/// A site.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Whose.
    pub operator: Id,
    /// Global location number.
    pub gln: Option<String>,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Region code.
    pub region: String,
    /// Latitude and longitude in degrees.
    pub position: Option<(f64, f64)>,
    /// Business form in words.
    pub form: String,
    /// Whether it is in business.
    pub status: Status,
    /// Entered at.
    pub created_at: Instant,
}

impl Site {
    /// The site as access sees it: internal; its public view has classification 0.
    #[must_use]
    pub fn resource(&self) -> Resource {
        Resource::new("site", &*self.region).of_operator(Some(self.operator))
    }

    pub(crate) fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            version: row.int("version")?,
            operator: row.id("operator")?,
            gln: row.opt_text("gln")?,
            name: row.text("name")?,
            address: row.text("address")?,
            region: row.text("region")?,
            position: row.opt_real("lat")?.zip(row.opt_real("lon")?),
            form: row.text("form")?,
            status: row.parsed("status")?,
            created_at: row.instant("created_at")?,
        })
    }
}

pub(crate) const INSERT: &str = "insert into site (id, version, operator, gln, name, address, region, lat, lon, form, \
     status, initials, search, created_at, updated_at)";
pub(crate) const WIDTH: usize = 15;

fn subject(id: Id) -> String {
    format!("site:{id}")
}

impl NewSite {
    /// Checks and normalises.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        self.name = operator::name(&self.name)?;
        self.address = self.address.trim().to_owned();
        self.form = self.form.trim().to_owned();
        self.region = place(&self.region)?;
        check_position(self.position)?;
        Ok(self)
    }

    /// The values of one row, in the order of [`INSERT`].
    pub(crate) fn values(&self, id: Id, operator: Id, now: Instant) -> [Value; WIDTH] {
        let gln = self.gln.map(|g| g.to_string());
        let more = [self.address.as_str(), gln.as_deref().unwrap_or_default()];
        [
            id.into(),
            1i64.into(),
            operator.into(),
            gln.clone().into(),
            self.name.as_str().into(),
            self.address.as_str().into(),
            self.region.as_str().into(),
            self.position.map(|p| p.0).into(),
            self.position.map(|p| p.1).into(),
            self.form.as_str().into(),
            Status::Active.code().into(),
            search::initials(&self.name).into(),
            search::search_text(&self.name, &more).into(),
            now.into(),
            now.into(),
        ]
    }

    /// The facts of the row for the journal.
    pub(crate) fn facts(&self, id: Id, operator: Id) -> Json {
        json!({
            "site": id, "operator": operator, "gln": self.gln, "name": self.name, "address": self.address,
            "region": self.region, "position": self.position.map(|(lat, lon)| [lat, lon]), "form": self.form,
        })
    }
}

/// A region code of a place: its county at least, except where a prefecture has none (嘉峪关, 东莞 …).
fn place(text: &str) -> Result<String, Error> {
    region::checked(text)
}

fn check_position(position: Option<(f64, f64)>) -> Result<(), Error> {
    let fine =
        position.is_none_or(|(lat, lon)| (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon));
    if fine {
        return Ok(());
    }
    Err(Error::invalid(
        "position",
        "纬度应在 -90 至 90 之间，经度应在 -180 至 180 之间",
        "the latitude lies between -90 and 90, the longitude between -180 and 180",
    ))
}

pub(crate) fn gln_taken() -> Error {
    Error::invalid(
        "gln",
        "该全球位置码已登记给其他场所",
        "this location number is registered for another site",
    )
}

pub(crate) fn foreign_prefix(prefix: &str) -> Error {
    Error::Invalid {
        field: "gln",
        text: Text::new(
            format!(
                "全球位置码的厂商识别代码 {prefix} 属于另一单位，请核对；确属本单位的，请持中国商品条码系统成员证书到监管部门登记"
            ),
            format!(
                "the company prefix {prefix} of this location number is another firm's; check it, or let the authority enter it on showing your GS1 certificate"
            ),
        ),
    }
}

/// Enters a site. A firm's own location number bears a prefix that is no other firm's.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a bad field, a GLN in use or of another's company prefix.
pub async fn create_site(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewSite,
) -> Result<Id, Error> {
    let new = new.checked()?;
    let (operator, _) = owner::one(tx, new.operator).await?;
    let resource = Resource::new("site", &*new.region).of_operator(Some(operator));
    let permit = access.check(who, "create", &resource, cx.now)?;
    if let Some(gln) = new.gln
        && tx.first("select id from site where gln = $1", &[gln.to_string().into()]).await?.is_some()
    {
        return Err(gln_taken());
    }
    if let Some(gln) = new.gln.filter(|_| who.operator.is_some())
        && let Some(prefix) = held_by_another(tx, operator, &gln.to_string()[..12]).await?
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
        Entry { kind: "site.created", region: new.region, subject: subject(id), body, private: None },
    )
    .await?;
    Ok(id)
}

/// Changes a site read at `version`.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`]; [`Error::NotFound`]; [`store::Error::Stale`] when somebody else was faster.
pub async fn update_site(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
    version: i64,
    change: SiteChange,
) -> Result<(), Error> {
    let row = tx.first("select * from site where id = $1", &[id.into()]).await?.ok_or_else(missing)?;
    let old = Site::read(&row)?;
    access.check(who, "act", &old.resource(), cx.now)?;
    let region = place(&change.region)?;
    let permit = access.check(who, "act", &Resource { region: region.clone(), ..old.resource() }, cx.now)?;
    let (name, address) = (operator::name(&change.name)?, change.address.trim());
    check_position(change.position)?;
    tx.exec_one(
        "update site set version = version + 1, name = $3, address = $4, region = $5, lat = $6, lon = $7, form = $8, \
         status = $9, initials = $10, search = $11, updated_at = $12 where id = $1 and version = $2",
        &[
            id.into(),
            version.into(),
            name.as_str().into(),
            address.into(),
            region.as_str().into(),
            change.position.map(|p| p.0).into(),
            change.position.map(|p| p.1).into(),
            change.form.trim().into(),
            change.status.code().into(),
            search::initials(&name).into(),
            search::search_text(&name, &[address, old.gln.as_deref().unwrap_or_default()]).into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({
        "site": id, "version": version + 1, "name": name, "address": address, "region": region,
        "form": change.form.trim(), "status": change.status,
        "was": { "name": old.name, "address": old.address, "region": old.region, "status": old.status },
    });
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "site.changed", region, subject: subject(id), body, private: None },
    )
    .await?;
    Ok(())
}

pub(crate) const fn missing() -> Error {
    Error::not_found("没有这个场所", "there is no such site")
}

/// A site by id. No right is checked here: show it only after a check on [`Site::resource`].
///
/// # Errors
/// Storage.
pub async fn site(store: &Store, id: Id) -> Result<Option<Site>, Error> {
    let row = store.first("select * from site where id = $1", &[id.into()]).await?;
    Ok(row.as_ref().map(Site::read).transpose()?)
}

/// The sites of an operator, by record. As [`site`].
///
/// # Errors
/// Storage.
pub async fn sites_of(store: &Store, operator: Id) -> Result<Vec<Site>, Error> {
    let rows = store.query("select * from site where operator = $1 order by id", &[operator.into()]).await?;
    Ok(rows.iter().map(Site::read).collect::<Result<_, _>>()?)
}

/// The sites behind many location numbers at once: for trace scopes. Unknown numbers are absent. As [`site`].
///
/// # Errors
/// Storage.
pub async fn sites_by_gln<S: AsRef<str>>(store: &Store, glns: &[S]) -> Result<HashMap<String, Site>, Error> {
    let mut out = HashMap::with_capacity(glns.len());
    for part in glns.chunks(800) {
        let mut sql = Sql::new("select * from site where gln in ");
        sql.bind_list(part.iter().map(AsRef::as_ref));
        for row in store.select(&sql).await? {
            let site = Site::read(&row)?;
            if let Some(gln) = site.gln.clone() {
                out.insert(gln, site);
            }
        }
    }
    Ok(out)
}
