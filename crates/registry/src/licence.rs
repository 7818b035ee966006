//! Licences and registration certificates. A number with a wrong check digit is kept and flagged: misprinted genuine
//! licences exist, and a forged one is evidence.

use crate::{Error, LicenceStatus, Owner, owner};
use access::{Access, Principal, Resource};
use base::licence::CheckState;
use base::{Date, Id, LicenceNo, Text};
use ledger::{Context, Entry, append};
use serde_json::{Value as Json, json};
use store::{Row, Store, Tx, Value};

/// What a licence is entered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLicence {
    /// Whose it is.
    pub operator: Owner,
    /// The site it is for.
    pub site: Option<Id>,
    /// Number as printed: SC, JY or YB and 14 digits, or a local registration number.
    pub number: String,
    /// Class in words; empty takes what the number says.
    pub class: String,
    /// First day.
    pub issued: Option<Date>,
    /// Last day.
    pub expires: Option<Date>,
}

/// What the check digit of a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberCheck {
    /// Right.
    Ok,
    /// Wrong: mistyped, misprinted or forged.
    Failed,
    /// A local number without check digit.
    None,
}

impl NumberCheck {
    const fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::None => "none",
        }
    }

    /// The warning to show beside the number.
    #[must_use]
    pub const fn warning(self) -> Option<Text> {
        match self {
            Self::Failed => Some(Text::of(
                "许可证编号校验位不符，可能误录、误印或伪造，请核验原件",
                "the licence number fails its check digit: mistyped, misprinted or forged; verify against the original",
            )),
            Self::Ok | Self::None => None,
        }
    }
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Whose.
    pub operator: Id,
    /// The site it is for.
    pub site: Option<Id>,
    /// Number as printed, normalised.
    pub number: String,
    /// What its check digit says.
    pub check: NumberCheck,
    /// Class in words.
    pub class: String,
    /// First day.
    pub issued: Option<Date>,
    /// Last day.
    pub expires: Option<Date>,
    /// Its state; `Valid` still ends with [`Licence::expires`].
    pub status: LicenceStatus,
}

impl Licence {
    /// Whether it allows business on a day.
    #[must_use]
    pub fn in_force(&self, day: Date) -> bool {
        self.status == LicenceStatus::Valid
            && self.issued.is_none_or(|d| d <= day)
            && self.expires.is_none_or(|d| day <= d)
    }

    pub(crate) fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            version: row.int("version")?,
            operator: row.id("operator")?,
            site: row.opt_id("site")?,
            number: row.text("number")?,
            check: match row.text("check_state")?.as_str() {
                "ok" => NumberCheck::Ok,
                "failed" => NumberCheck::Failed,
                _ => NumberCheck::None,
            },
            class: row.text("class")?,
            issued: row.opt_date("issued")?,
            expires: row.opt_date("expires")?,
            status: row.parsed("status")?,
        })
    }
}

pub(crate) const INSERT: &str = "insert into licence (id, version, operator, site, number, check_state, class, issued, \
     expires, status, created_at)";
pub(crate) const WIDTH: usize = 11;

fn subject(id: Id) -> String {
    format!("licence:{id}")
}

/// A licence whose number was read.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    new: NewLicence,
    check: NumberCheck,
}

impl NewLicence {
    /// Checks and normalises.
    pub(crate) fn checked(mut self) -> Result<Checked, Error> {
        let given = base::text::halfwidth(&self.number).to_uppercase().replace(' ', "");
        let national = ["SC", "JY", "YB"].iter().any(|p| given.starts_with(p));
        let check = if national {
            let (number, state) =
                LicenceNo::parse(&given).map_err(|e| Error::Invalid { field: "number", text: e.text() })?;
            self.number = number.to_string();
            if self.class.trim().is_empty() {
                self.class = number.class();
            }
            if state == CheckState::Ok { NumberCheck::Ok } else { NumberCheck::Failed }
        } else {
            if !(4..=60).contains(&given.chars().count()) {
                return Err(Error::invalid(
                    "number",
                    "许可证编号应为 SC、JY 或 YB 加 14 位数字，或者 4–60 个字符的登记证编号",
                    "a licence number is SC, JY or YB and 14 digits, or a registration number of 4–60 characters",
                ));
            }
            self.number = given;
            NumberCheck::None
        };
        self.class = self.class.trim().to_owned();
        if self.issued.zip(self.expires).is_some_and(|(from, to)| to < from) {
            return Err(Error::invalid(
                "expires",
                "有效期截止日期早于发证日期",
                "the last day lies before the first",
            ));
        }
        Ok(Checked { new: self, check })
    }
}

impl Checked {
    pub(crate) const fn owner(&self) -> Owner {
        self.new.operator
    }

    pub(crate) fn is_flagged(&self) -> bool {
        self.check == NumberCheck::Failed
    }

    /// The values of one row, in the order of [`INSERT`].
    pub(crate) fn values(&self, id: Id, operator: Id, now: base::Instant) -> [Value; WIDTH] {
        [
            id.into(),
            1i64.into(),
            operator.into(),
            self.new.site.into(),
            self.new.number.as_str().into(),
            self.check.code().into(),
            self.new.class.as_str().into(),
            self.new.issued.into(),
            self.new.expires.into(),
            LicenceStatus::Valid.code().into(),
            now.into(),
        ]
    }

    /// The facts of the row for the journal.
    pub(crate) fn facts(&self, id: Id, operator: Id) -> Json {
        json!({
            "licence": id, "operator": operator, "site": self.new.site, "number": self.new.number,
            "check": self.check.code(), "class": self.new.class,
            "issued": self.new.issued.map(|d| d.to_string()), "expires": self.new.expires.map(|d| d.to_string()),
        })
    }
}

/// Enters a licence; gives its record and what the check digit says.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] for a number that is none.
pub async fn create_licence(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    new: NewLicence,
) -> Result<(Id, NumberCheck), Error> {
    let new = new.checked()?;
    let (operator, region) = owner::one(tx, new.owner()).await?;
    let resource = Resource::new("licence", &*region).of_operator(Some(operator));
    let permit = access.check(who, "create", &resource, cx.now)?;
    if let Some(site) = new.new.site {
        let row = tx.first("select operator from site where id = $1", &[site.into()]).await?;
        if row.ok_or_else(crate::site::missing)?.id("operator")? != operator {
            return Err(Error::invalid(
                "site",
                "该场所属于其他经营者",
                "this site belongs to another operator",
            ));
        }
    }
    let id = cx.id();
    tx.insert_many(INSERT, WIDTH, new.values(id, operator, cx.now).into(), "").await?;
    let body = new.facts(id, operator);
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "licence.created", region, subject: subject(id), body, private: None },
    )
    .await?;
    Ok((id, new.check))
}

/// Sets the state of a licence read at `version`.
///
/// # Errors
/// [`Error::Denied`] (revoking and suspending are decisions); [`Error::NotFound`]; [`store::Error::Stale`].
pub async fn set_licence_status(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    id: Id,
    version: i64,
    status: LicenceStatus,
) -> Result<(), Error> {
    let row = tx
        .first(
            "select l.*, o.region from licence l join operator o on o.id = l.operator where l.id = $1",
            &[id.into()],
        )
        .await?
        .ok_or_else(|| Error::not_found("没有这个许可证", "there is no such licence"))?;
    let (old, region) = (Licence::read(&row)?, row.text("region")?);
    let resource = Resource::new("licence", &*region).of_operator(Some(old.operator));
    let permit = access.check(who, "decide", &resource, cx.now)?;
    tx.exec_one(
        "update licence set version = version + 1, status = $3 where id = $1 and version = $2",
        &[id.into(), version.into(), status.code().into()],
    )
    .await?;
    let body = json!({ "licence": id, "operator": old.operator, "number": old.number, "status": status, "was": old.status });
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "licence.status", region, subject: subject(id), body, private: None },
    )
    .await?;
    Ok(())
}

/// The licences of an operator, newest first. No right is checked here.
///
/// # Errors
/// Storage.
pub async fn licences_of(store: &Store, operator: Id) -> Result<Vec<Licence>, Error> {
    let rows =
        store.query("select * from licence where operator = $1 order by id desc", &[operator.into()]).await?;
    Ok(rows.iter().map(Licence::read).collect::<Result<_, _>>()?)
}

/// Every licence entered under a number: more than one is worth a look. No right is checked here.
///
/// # Errors
/// Storage.
pub async fn licences_by_number(store: &Store, number: &str) -> Result<Vec<Licence>, Error> {
    let number = base::text::halfwidth(number).to_uppercase().replace(' ', "");
    let rows = store.query("select * from licence where number = $1 order by id", &[number.into()]).await?;
    Ok(rows.iter().map(Licence::read).collect::<Result<_, _>>()?)
}
