//! Certificates as procedures issue, change and end them: numbers in series, one record, one journal entry.

use crate::{Error, Licence, LicenceStatus, NewLicence, Owner, licence, operator};
use base::{Date, Id, LicenceNo, RegionCode, licence::LicenceKind};
use ledger::{Context, Entry, Permit, append};
use serde_json::json;
use store::Tx;

/// A certificate to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// To whom.
    pub operator: Id,
    /// The national series it is numbered in; `None` for a certificate with a number of its own.
    pub kind: Option<LicenceKind>,
    /// Class within the series: `101` of SC, `1` of JY and YB.
    pub class: String,
    /// County whose code stands in the number, six digits.
    pub region: String,
    /// The number, where no national series gives it.
    pub number: Option<String>,
    /// First day.
    pub issued: Date,
    /// Last day; `None` for filings.
    pub expires: Option<Date>,
}

/// The next number of a series, from 1.
async fn next_in(tx: &mut Tx, series: &str) -> Result<i64, Error> {
    tx.exec(
        "insert into licence_series (series, next) values ($1, 1) \
         on conflict (series) do update set next = licence_series.next + 1",
        &[series.into()],
    )
    .await?;
    let row = tx.first("select next from licence_series where series = $1", &[series.into()]).await?;
    Ok(row.map(|r| r.int("next")).transpose()?.unwrap_or(1))
}

/// A free number of a national series: numbers already on the register are passed over.
async fn free_number(tx: &mut Tx, kind: LicenceKind, class: &str, region: &str) -> Result<String, Error> {
    let field = |zh, en| Error::invalid("class_code", zh, en);
    let code: u16 = class.parse().map_err(|_| field("类别代码应为数字", "the class code is a number"))?;
    let county = region.get(..6).unwrap_or(region);
    let place: RegionCode = county.parse().map_err(|_| {
        Error::invalid(
            "region",
            "发证机关应为县级以上行政区划",
            "the issuing region must be a county or above",
        )
    })?;
    let series = format!("{}{class}{county}", kind.prefix());
    loop {
        let n = next_in(tx, &series).await?;
        let n = u32::try_from(n)
            .map_err(|_| field("该类别编号已用尽", "the numbers of this class are used up"))?;
        let number = LicenceNo::issue(kind, code, &place, n).to_string();
        let taken = tx.first("select id from licence where number = $1", &[number.as_str().into()]).await?;
        if taken.is_none() {
            return Ok(number);
        }
    }
}

/// Issues a certificate; gives its record and number. The right was checked by the procedure whose step this is.
///
/// # Errors
/// [`Error::Invalid`] for a class or region no number can be made of; [`Error::NotFound`] without the operator.
pub async fn issue_licence(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    new: Issue,
) -> Result<(Id, String), Error> {
    let owner = operator::locked(tx, new.operator).await?;
    let number = match (new.kind, new.number) {
        (Some(kind), _) => free_number(tx, kind, &new.class, &new.region).await?,
        (None, Some(number)) => number,
        (None, None) => {
            return Err(Error::invalid("number", "请先编号", "give the certificate a number first"));
        }
    };
    let entered = NewLicence {
        operator: Owner::Id(new.operator),
        site: None,
        number: number.clone(),
        class: if new.kind.is_none() { new.class } else { String::new() },
        issued: Some(new.issued),
        expires: new.expires,
    };
    let checked = entered.checked()?;
    let id = cx.id();
    let values = checked.values(id, new.operator, cx.now);
    tx.insert_many(licence::INSERT, licence::WIDTH, values.into(), "").await?;
    let entry = Entry {
        kind: "licence.issued",
        region: owner.region,
        subject: format!("licence:{id}"),
        body: checked.facts(id, new.operator),
        private: None,
    };
    append(tx, cx, permit, entry).await?;
    Ok((id, number))
}

/// The certificate of a number held by an operator, read inside a step.
///
/// # Errors
/// Storage.
pub async fn licence_held(tx: &mut Tx, operator: Id, number: &str) -> Result<Option<Licence>, Error> {
    let number = base::text::halfwidth(number).to_uppercase().replace(' ', "");
    let sql = "select * from licence where operator = $1 and number = $2 order by id desc";
    let row = tx.first(sql, &[operator.into(), number.into()]).await?;
    Ok(row.as_ref().map(Licence::read).transpose()?)
}

/// Name and address of the place a certificate is for: its site; without one the only site of its operator that is not closed.
///
/// # Errors
/// Storage.
pub async fn place_of(tx: &mut Tx, held: &Licence) -> Result<Option<(String, String)>, Error> {
    let Some(site) = held.site else { return only_place(tx, held.operator).await };
    let row = tx.first("select name, address from site where id = $1", &[site.into()]).await?;
    Ok(row.map(|r| Ok::<_, store::Error>((r.text("name")?, r.text("address")?))).transpose()?)
}

/// Name and address of the only site of an operator that is not closed; `None` where there are several or none.
///
/// # Errors
/// Storage.
pub async fn only_place(tx: &mut Tx, operator: Id) -> Result<Option<(String, String)>, Error> {
    let sql = "select name, address from site where operator = $1 and status <> 'closed' order by id limit 2";
    let rows = tx.query(sql, &[operator.into()]).await?;
    match &rows[..] {
        [only] => Ok(Some((only.text("name")?, only.text("address")?))),
        _ => Ok(None),
    }
}

/// Gives a certificate a new last day (renewal) or a new state; what is `None` stays.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn amend_licence(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    id: Id,
    expires: Option<Date>,
    status: Option<LicenceStatus>,
) -> Result<Licence, Error> {
    let sql = "select l.*, o.region from licence l join operator o on o.id = l.operator where l.id = $1";
    let row = tx
        .first(sql, &[id.into()])
        .await?
        .ok_or_else(|| Error::not_found("没有这个许可证", "there is no such licence"))?;
    let (old, region) = (Licence::read(&row)?, row.text("region")?);
    let new = Licence {
        expires: expires.or(old.expires),
        status: status.unwrap_or(old.status),
        version: old.version + 1,
        ..old.clone()
    };
    tx.exec_one(
        "update licence set version = version + 1, expires = $3, status = $4 where id = $1 and version = $2",
        &[id.into(), old.version.into(), new.expires.into(), new.status.code().into()],
    )
    .await?;
    let body = json!({
        "licence": id, "operator": old.operator, "number": old.number, "status": new.status, "was": old.status,
        "expires": new.expires.map(|d| d.to_string()), "expired": old.expires.map(|d| d.to_string()),
    });
    let entry =
        Entry { kind: "licence.amended", region, subject: format!("licence:{id}"), body, private: None };
    append(tx, cx, permit, entry).await?;
    Ok(new)
}
