//! Numbers of papers and records (文号): a series for each pattern, without gaps or doubles, and the sign an organ puts before its numbers.

use crate::Error;
use access::{Access, Principal, Resource};
use base::{Department, Instant, RegionCode, Text};
use ledger::{Appended, Context, Entry};
use serde::Serialize;
use serde_json::json;
use store::{Store, Tx};

/// Most signs of an organ's sign.
const LONGEST: usize = 12;

/// The sign an organ has entered for its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrganSign {
    /// Region code.
    pub region: String,
    /// Department code.
    pub agency: String,
    /// What stands before its numbers: `兰市监`.
    pub sign: String,
    /// Since when.
    pub at: Instant,
}

/// The sign as long as none was entered.
fn usual(region: &str, agency: &str) -> String {
    match (agency.parse::<Department>(), region.parse::<RegionCode>()) {
        (Ok(department), Ok(code)) => department.sign(&code),
        _ => format!("{region}{agency}"),
    }
}

/// The sign an organ entered, else the usual one.
async fn sign_of(tx: &mut Tx, region: &str, agency: &str) -> Result<String, store::Error> {
    let sql = "select sign from organ_sign where region = $1 and agency = $2";
    let own = tx.first(sql, &[region.into(), agency.into()]).await?;
    Ok(own.map(|r| r.text("sign")).transpose()?.unwrap_or_else(|| usual(region, agency)))
}

/// The next number of the series a pattern makes for an organ and a year: `{organ}检告〔{year}〕{n}号`, also `{region}` and `{n:4}`. The
/// series is counted in the transaction that uses the number: who comes at the same time waits, and what is rolled back is counted anew.
pub(crate) async fn next(
    tx: &mut Tx,
    now: Instant,
    region: &str,
    agency: &str,
    pattern: &str,
) -> Result<String, store::Error> {
    let mut series =
        pattern.replace("{year}", &now.china_date().year().to_string()).replace("{region}", region);
    if series.contains("{organ}") {
        series = series.replace("{organ}", &sign_of(tx, region, agency).await?);
    }
    tx.exec(
        "insert into flow_series (series, last) values ($1, 1) on conflict (series) do update set last = flow_series.last + 1",
        &[series.as_str().into()],
    )
    .await?;
    let n = tx
        .one("select last from flow_series where series = $1", &[series.as_str().into()])
        .await?
        .int("last")?;
    let mut out = series.replace("{n}", &n.to_string());
    for width in 2..=8usize {
        out = out.replace(&format!("{{n:{width}}}"), &format!("{n:0width$}"));
    }
    Ok(out)
}

/// What is wrong with a pattern of numbers.
pub(crate) fn fault(pattern: &str) -> Option<&'static str> {
    (!pattern.contains("{n}") && !pattern.contains("{n:"))
        .then_some("the pattern of a number needs {n} or {n:4}")
}

/// The signs entered by organs of a region and below, by region.
///
/// # Errors
/// Storage.
pub async fn organ_signs(store: &Store, region: &str) -> Result<Vec<OrganSign>, Error> {
    let rows = store
        .query(
            "select region, agency, sign, at from organ_sign where region >= $1 and region < $2 order by region, agency",
            &[region.into(), format!("{region}:").into()],
        )
        .await?;
    let read = |r: &store::Row| {
        Ok(OrganSign {
            region: r.text("region")?,
            agency: r.text("agency")?,
            sign: r.text("sign")?,
            at: r.instant("at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The sign an organ's next number bears: the one it entered, else the usual one.
///
/// # Errors
/// Storage.
pub async fn organ_sign(store: &Store, region: &str, agency: &str) -> Result<String, Error> {
    let mut tx = store.snapshot().await?;
    Ok(sign_of(&mut tx, region, agency).await?)
}

/// Enters the sign of an organ; numbers given before stay as they are. Needs `administer` on the agency.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Refused`] for an unknown organ, a sign that is no one to twelve Chinese signs, letters or digits, or that
/// another organ bears.
pub async fn set_organ_sign(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    region: &str,
    agency: &str,
    sign: &str,
) -> Result<Appended, Error> {
    let department = agency.parse::<Department>().map_err(|e| {
        Error::Refused(Text::new("部门代码不存在，请从列表选择", format!("{e}; choose one of the list")))
    })?;
    let code = region.parse::<RegionCode>().map_err(|_| {
        Error::refused("行政区划代码不存在，请从列表选择", "no such region; choose one of the list")
    })?;
    let resource = Resource::new("agency", region).of_agency(agency);
    let permit = access.check(who, "administer", &resource, cx.now)?;
    let sign = sign.trim();
    let signs = sign.chars().count();
    if signs == 0 || signs > LONGEST || !sign.chars().all(char::is_alphanumeric) {
        return Err(Error::refused(
            "机关代字为 1 至 12 个汉字、字母或数字，不含标点，例如 兰市监",
            "the sign of an organ is 1 to 12 Chinese signs, letters or digits, without punctuation",
        ));
    }
    let other = tx
        .first(
            "select region from organ_sign where sign = $1 and not (region = $2 and agency = $3)",
            &[sign.into(), region.into(), agency.into()],
        )
        .await?;
    let province: RegionCode =
        region.chars().take(2).collect::<String>().parse().unwrap_or_else(|_| code.clone());
    let usual_of_another = base::Regions::builtin()
        .within(&province)
        .any(|r| r.code != code && department.sign(&r.code) == sign);
    if other.is_some() || usual_of_another {
        return Err(Error::refused(
            "该代字已由另一机关使用，请另取，以免文号重复",
            "another organ bears this sign; choose another so that numbers do not double",
        ));
    }
    tx.exec(
        "insert into organ_sign (region, agency, sign, at) values ($1, $2, $3, $4) \
         on conflict (region, agency) do update set sign = excluded.sign, at = excluded.at",
        &[region.into(), agency.into(), sign.into(), cx.now.into()],
    )
    .await?;
    let entry = Entry {
        kind: "agency.sign_set",
        region: region.to_owned(),
        subject: format!("agency:{region}:{agency}"),
        body: json!({ "sign": sign }),
        private: None,
    };
    Ok(ledger::append(tx, cx, &permit, entry).await?)
}
