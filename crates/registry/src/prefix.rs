//! How many digits GS1 company prefixes have: GS1's own list, the rulebook's, and what single firms say of theirs.

use crate::{Error, owner};
use access::{Access, Principal, Resource};
use base::{Id, Instant};
use ledger::{Context, Entry, append};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use store::{Row, Sql, Store, Tx};

/// Raised in this process when the table has changed.
pub const PREFIXES: &str = "company_prefixes";

/// Who says how long a prefix is; a later one in this order wins over an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PrefixSource {
    /// `rulebook/cn/codes/prefixes.csv`, adopted by an administrator.
    Rulebook,
    /// GS1's table of prefix lengths, imported by an administrator.
    List,
    /// Entered by an administrator.
    Admin,
    /// A firm for its own prefix.
    Firm,
}

impl PrefixSource {
    /// The word kept.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rulebook => "rulebook",
            Self::List => "list",
            Self::Admin => "admin",
            Self::Firm => "firm",
        }
    }

    fn read(word: &str) -> Self {
        [Self::Rulebook, Self::List, Self::Firm].into_iter().find(|s| s.word() == word).unwrap_or(Self::Admin)
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompanyPrefix {
    /// Leading digits.
    pub leading: String,
    /// Digits the company prefixes that begin so have.
    pub length: u8,
    /// Who says so.
    pub source: PrefixSource,
    /// The firm, when it is one firm's.
    pub operator: Option<Id>,
    /// Since when.
    pub at: Instant,
}

impl CompanyPrefix {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            leading: row.text("digits")?,
            length: u8::try_from(row.int("length")?).unwrap_or(0),
            source: PrefixSource::read(&row.text("source")?),
            operator: row.opt_id("operator")?,
            at: row.instant("at")?,
        })
    }
}

/// The table, by leading digits. Company prefixes are public facts: no right is checked.
///
/// # Errors
/// Storage.
pub async fn company_prefixes(store: &Store) -> Result<Vec<CompanyPrefix>, Error> {
    let rows = store.query("select * from company_prefix order by digits", &[]).await?;
    Ok(rows.iter().map(CompanyPrefix::read).collect::<Result<_, _>>()?)
}

/// The prefixes the rulebook proposes: leading digits, length, basis. All of them unverified.
pub fn proposed() -> impl Iterator<Item = (&'static str, u8, &'static str)> {
    let table = include_str!("../../../rulebook/cn/codes/prefixes.csv");
    table.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        Some((cells.next()?, cells.next()?.parse().ok()?, cells.next()?))
    })
}

fn checked(leading: &str, length: u8) -> Result<(), Error> {
    let digits = !leading.is_empty() && leading.len() <= 12 && leading.bytes().all(|b| b.is_ascii_digit());
    if digits && (6..=12).contains(&length) {
        return Ok(());
    }
    Err(Error::invalid(
        "leading",
        "前缀应为 1–12 位数字，厂商识别代码长度为 6–12 位",
        "a prefix has 1–12 digits, and company prefixes 6–12",
    ))
}

async fn put(
    tx: &mut Tx,
    now: Instant,
    rows: &[(String, u8)],
    source: PrefixSource,
    operator: Option<Id>,
) -> Result<(), Error> {
    for (leading, length) in rows {
        tx.exec("delete from company_prefix where digits = $1", &[leading.as_str().into()]).await?;
        tx.exec(
            "insert into company_prefix (digits, length, source, operator, at) values ($1, $2, $3, $4, $5)",
            &[
                leading.as_str().into(),
                i64::from(*length).into(),
                source.word().into(),
                operator.into(),
                now.into(),
            ],
        )
        .await?;
    }
    tx.raise(PREFIXES);
    Ok(())
}

/// How every key of the province is read is the province's business: its own administrator's, not one county's.
const EVERYWHERE: &str = "";

/// Digits two firms are taken to share by chance only, where no table tells how long the prefix is.
const USUAL: usize = 9;

/// The company prefix of a barcode or location number, when it is another operator's: one that said so, or the only one that has
/// products or sites under it. `number` is what of the key follows its indicator, without the check digit: 12 digits. A key decides
/// where its scanners are led and whose the events of a place are, so that a firm enters none of somebody else's numbers.
pub(crate) async fn held_by_another(
    tx: &mut Tx,
    operator: Id,
    number: &str,
) -> Result<Option<String>, Error> {
    let mut sql = Sql::new("select length, operator from company_prefix where digits in ");
    sql.bind_list((1..=number.len()).map(|n| &number[..n]));
    let row = tx.select(sql.push(" order by length(digits) desc limit 1")).await?.into_iter().next();
    let length = row.as_ref().map(|r| r.int("length")).transpose()?;
    let length = length.and_then(|n| usize::try_from(n).ok()).unwrap_or(USUAL);
    let prefix = number.get(..length).unwrap_or(number).to_owned();
    if let Some(owner) = row.map(|r| r.opt_id("operator")).transpose()?.flatten() {
        return Ok((owner != operator).then_some(prefix));
    }
    let row = tx
        .one(
            "select cast(coalesce(sum(case when operator = $1 then 1 else 0 end), 0) as bigint) as own, \
             cast(coalesce(sum(case when operator = $1 then 0 else 1 end), 0) as bigint) as others from \
             (select * from (select operator from product where gtin >= $2 and gtin < $3 limit 200) as a union all \
             select * from (select operator from site where gln >= $4 and gln < $5 limit 200) as b) as near",
            // the sign after the digits closes the range
            &[
                operator.into(),
                format!("0{prefix}").into(),
                format!("0{prefix}:").into(),
                prefix.as_str().into(),
                format!("{prefix}:").into(),
            ],
        )
        .await?;
    Ok((row.int("own")? == 0 && row.int("others")? > 0).then_some(prefix))
}

/// The operator whose company prefix begins a GTIN of 14 digits, where one said so; by GTIN.
///
/// # Errors
/// Storage.
pub async fn prefix_owners(store: &Store, gtins: &[&str]) -> Result<HashMap<String, Id>, Error> {
    let mut found = HashMap::new();
    for part in gtins.chunks(60) {
        let starts = |gtin: &str| {
            let number = gtin.get(1..13).unwrap_or_default().to_owned();
            (6..=number.len()).map(move |n| number[..n].to_owned())
        };
        let mut sql =
            Sql::new("select digits, operator from company_prefix where operator is not null and digits in ");
        sql.bind_list(part.iter().flat_map(|gtin| starts(gtin)));
        let mut owners: HashMap<String, Id> = HashMap::new();
        for row in store.select(&sql).await? {
            owners.insert(row.text("digits")?, row.id("operator")?);
        }
        for gtin in part {
            let longest = starts(gtin).rev().find_map(|digits| owners.get(&digits));
            found.extend(longest.map(|owner| ((*gtin).to_owned(), *owner)));
        }
    }
    Ok(found)
}

/// Takes over lengths from GS1's list or the rulebook, or single ones of an administrator; lines of the same digits are
/// replaced, and all earlier lines of GS1's list when it comes anew. Right: administer job.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] naming the first bad line.
pub async fn set_prefixes(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    source: PrefixSource,
    rows: &[(String, u8)],
) -> Result<(), Error> {
    let permit = access.check(who, "administer", &Resource::new("job", EVERYWHERE), cx.now)?;
    for (leading, length) in rows {
        checked(leading, *length)?;
    }
    if source == PrefixSource::List {
        tx.exec("delete from company_prefix where source = 'list'", &[]).await?;
    }
    put(tx, cx.now, rows, source, None).await?;
    let body = if rows.len() > 50 {
        json!({ "source": source.word(), "count": rows.len() })
    } else {
        json!({ "source": source.word(), "prefixes": rows })
    };
    let subject = "settings:company_prefixes".to_owned();
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "prefixes.set", region: EVERYWHERE.to_owned(), subject, body, private: None },
    )
    .await?;
    Ok(())
}

/// A firm says how long its own company prefix is: it must begin one of its registered barcodes or location numbers.
/// Right: act product.
///
/// # Errors
/// [`Error::Denied`]; [`Error::Invalid`] when the digits begin no number of the firm.
pub async fn set_own_prefix(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    operator: Id,
    prefix: &str,
) -> Result<(), Error> {
    let prefix = prefix.trim();
    checked(prefix, u8::try_from(prefix.len()).unwrap_or(0))?;
    let (operator, region) = owner::one(tx, operator.into()).await?;
    let resource = Resource::new("product", &*region).of_operator(Some(operator));
    let permit = access.check(who, "act", &resource, cx.now)?;
    let row = tx
        .one(
            "select (select count(*) from product where operator = $1 and gtin like $2) + \
             (select count(*) from site where operator = $1 and gln like $3) as n",
            &[operator.into(), format!("_{prefix}%").into(), format!("{prefix}%").into()],
        )
        .await?;
    if row.int("n")? == 0 {
        return Err(Error::invalid(
            "prefix",
            "厂商识别代码应是本单位已登记商品条码或位置码的开头几位",
            "the company prefix must begin a registered barcode or location number of the firm",
        ));
    }
    let said = tx.first("select operator from company_prefix where digits = $1", &[prefix.into()]).await?;
    if said.map(|r| r.opt_id("operator")).transpose()?.is_some_and(|by| by != Some(operator)) {
        return Err(Error::invalid(
            "prefix",
            "这个厂商识别代码已由他人登记或由监管部门设定，请联系监管部门核实",
            "this company prefix was entered by somebody else or set by the authority; ask the authority to look into it",
        ));
    }
    let length = u8::try_from(prefix.len()).unwrap_or(0);
    put(tx, cx.now, &[(prefix.to_owned(), length)], PrefixSource::Firm, Some(operator)).await?;
    let subject = format!("operator:{operator}");
    let body = json!({ "source": "firm", "prefix": prefix, "operator": operator });
    append(tx, cx, &permit, Entry { kind: "prefixes.set", region, subject, body, private: None }).await?;
    Ok(())
}

/// Takes one line away. Right: administer job.
///
/// # Errors
/// [`Error::Denied`]; [`Error::NotFound`].
pub async fn remove_prefix(
    tx: &mut Tx,
    cx: &Context,
    access: &Access,
    who: &Principal,
    leading: &str,
) -> Result<(), Error> {
    let permit = access.check(who, "administer", &Resource::new("job", EVERYWHERE), cx.now)?;
    let gone = tx.exec("delete from company_prefix where digits = $1", &[leading.into()]).await?;
    if gone == 0 {
        return Err(Error::not_found("没有这个前缀", "there is no such prefix"));
    }
    tx.raise(PREFIXES);
    let body = json!({ "removed": leading });
    let subject = "settings:company_prefixes".to_owned();
    append(
        tx,
        cx,
        &permit,
        Entry { kind: "prefixes.removed", region: EVERYWHERE.to_owned(), subject, body, private: None },
    )
    .await?;
    Ok(())
}
