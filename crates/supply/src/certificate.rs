//! 承诺达标合格证: what a certificate states, its number, and who may read it.

mod check;
mod cover;
mod issue;

pub(crate) use check::misfit;
pub use check::{CertificateFault, CertificateNode};
pub(crate) use issue::Draft;
pub use issue::{CitedCertificate, NewCertificate};

use crate::{Error, Supply};
use access::Principal;
use base::{Date, Decimal, Id, Instant, Text};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use store::{Row, Sql};

const RULE: &str = include_str!("../../../rulebook/cn/ledgers/certificate.toml");

/// URIs of certificates in events begin with this.
pub const CERTIFICATE_URI: &str = "urn:shian:cert:";

/// What the rulebook says of the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CertificateRule {
    document: String,
    document_en: String,
    title_zh: String,
    title_en: String,
    foods_zh: String,
    foods_en: String,
    classes: Vec<String>,
    names: Vec<String>,
    not_issuers: Vec<String>,
    /// In force from.
    pub valid_from: String,
    /// `verified` or `unverified`.
    pub status: String,
    /// Months it is kept at least by who issued or collected it.
    pub keep_months: u32,
    promise: Vec<Words>,
    basis: Vec<Words>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Words {
    #[serde(default)]
    id: String,
    zh: String,
    en: String,
}

impl Words {
    fn text(&self) -> Text {
        Text::new(self.zh.clone(), self.en.clone())
    }
}

static LOADED: LazyLock<Option<CertificateRule>> = LazyLock::new(|| toml::from_str(RULE).ok());

impl CertificateRule {
    /// The shipped rule.
    ///
    /// # Errors
    /// When the shipped file cannot be read, which a test excludes.
    pub fn builtin() -> Result<&'static Self, Error> {
        LOADED.as_ref().ok_or_else(|| Error::NotFound("certificate.toml".to_owned()))
    }

    /// The order it rests on.
    #[must_use]
    pub fn document(&self) -> Text {
        Text::new(self.document.clone(), self.document_en.clone())
    }

    /// What is printed on top.
    #[must_use]
    pub fn title(&self) -> Text {
        Text::new(self.title_zh.clone(), self.title_en.clone())
    }

    /// Which foods need it.
    #[must_use]
    pub fn foods(&self) -> Text {
        Text::new(self.foods_zh.clone(), self.foods_en.clone())
    }

    /// Whether a product is none of these foods: it lies in classes of food, and in none of theirs. What is in no known
    /// class may be one of them.
    #[must_use]
    pub fn leaves_out(&self, product: &str, classes: &[String]) -> bool {
        let named = self.names.iter().any(|n| product.contains(n.as_str()));
        !named && !classes.is_empty() && !classes.iter().any(|c| self.classes.contains(c))
    }

    /// Whether a place of this form issues certificates: who grows, raises or collects the food for sale.
    #[must_use]
    pub fn issues(&self, form: &str) -> bool {
        !self.not_issuers.iter().any(|f| f == form)
    }

    /// What the issuer promises, line by line.
    pub fn promises(&self) -> impl Iterator<Item = Text> {
        self.promise.iter().map(Words::text)
    }

    /// What the promise may rest on: id and words.
    pub fn bases(&self) -> impl Iterator<Item = (&str, Text)> {
        self.basis.iter().map(|b| (b.id.as_str(), b.text()))
    }

    /// The words of a basis.
    #[must_use]
    pub fn basis(&self, id: &str) -> Option<Text> {
        self.basis.iter().find(|b| b.id == id).map(Words::text)
    }
}

/// A certificate, without its contact person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Record id.
    pub id: Id,
    /// 20 digits, the last two are check digits.
    pub number: String,
    /// Who answers for it.
    pub operator: Id,
    /// Its name when it issued.
    pub issuer: String,
    /// Region code of the issuer.
    pub region: String,
    /// Key of the place.
    pub place: String,
    /// Key of the lot.
    pub item: String,
    /// Product name.
    pub product: String,
    /// Lot number.
    pub lot: Option<String>,
    /// How much it covers.
    pub quantity: Decimal,
    /// UN/ECE Rec 20 code.
    pub unit: String,
    /// Where the produce comes from, as stated.
    pub origin: String,
    /// Day of issue.
    pub issued: Date,
    /// Ids of the bases.
    pub basis: Vec<String>,
    /// It cites others: goods were mixed or split.
    pub reissued: bool,
    /// Why it was declared void; `None` while it stands.
    pub void_reason: Option<String>,
    /// When it was declared void.
    pub voided: Option<Instant>,
    /// When it was recorded.
    pub created: Instant,
    /// The capture of its event.
    pub capture: Id,
    /// Its journal entry.
    pub journal: Id,
}

impl Certificate {
    /// Whether it stands.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.voided.is_none()
    }

    /// The quantity with its unit, as people read it.
    #[must_use]
    pub fn amount(&self) -> String {
        amount(self.quantity, &self.unit)
    }

    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            number: row.text("number")?,
            operator: row.id("operator")?,
            issuer: row.text("issuer")?,
            region: row.text("region")?,
            place: row.text("place")?,
            item: row.text("item")?,
            product: row.text("product")?,
            lot: row.opt_text("lot_no")?,
            quantity: decimal(&row.text("quantity")?),
            unit: row.text("unit")?,
            origin: row.text("origin")?,
            issued: row.date("issued")?,
            basis: row.text("basis")?.split_whitespace().map(ToOwned::to_owned).collect(),
            reissued: row.flag("reissued")?,
            void_reason: row.opt_text("void_reason")?,
            voided: row.opt_instant("voided")?,
            created: row.instant("created")?,
            capture: row.id("capture")?,
            journal: row.id("journal")?,
        })
    }
}

pub(crate) fn amount(quantity: Decimal, unit: &str) -> String {
    let symbol = base::quantity::Unit::from_rec20(unit).map_or(unit, |u| u.symbol());
    format!("{} {symbol}", quantity.normalize())
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap_or_default()
}

/// The number of a certificate: region, date, serial and two check digits (ISO 7064 MOD 97-10).
pub(crate) fn number(region: &str, day: Date, serial: u64) -> String {
    let region: String = region.chars().chain("000000".chars()).take(6).collect();
    let body = format!("{region}{}{:06}", day.strftime("%y%m%d"), serial % 1_000_000);
    let rest = body.parse::<u128>().unwrap_or_default() * 100 % 97;
    format!("{body}{:02}", 98 - rest)
}

/// Digits without spaces and strokes; `None` when they are no number of ours.
#[must_use]
pub fn certificate_number(text: &str) -> Option<String> {
    let text = base::text::halfwidth(text);
    let text = text.strip_prefix(CERTIFICATE_URI).unwrap_or(&text);
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let right = plain.len() == 20 && plain.bytes().all(|b| b.is_ascii_digit());
    (right && plain.parse::<u128>().ok()? % 97 == 1).then_some(plain)
}

/// Which certificates to list; empty fields do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateFilter {
    /// Issued by.
    pub operator: Option<Id>,
    /// Region code prefix of the issuer.
    pub region: String,
    /// Part of number, product or issuer.
    pub text: String,
    /// `valid` or `void`.
    pub state: Option<String>,
    /// First day of issue.
    pub from: Option<Date>,
    /// Last day of issue.
    pub to: Option<Date>,
    /// `number`, `product`, `issuer` or `issued`, else the newest first.
    pub sort: String,
    /// Descending.
    pub desc: bool,
    /// Rows left out.
    pub skip: i64,
    /// Rows at most.
    pub take: i64,
}

const COLUMNS: &str = "select c.id, c.number, c.operator, c.issuer, c.region, c.place, c.item, c.product, c.lot_no, \
    c.quantity, c.unit, c.origin, c.issued, c.basis, c.reissued, c.void_reason, c.voided, c.capture, c.created, \
    c.journal from certificate c where ";

impl Supply {
    /// Certificates the reader may see, and how many fit in all.
    ///
    /// # Errors
    /// Storage.
    pub async fn certificates(
        &self,
        who: &Principal,
        now: Instant,
        filter: &CertificateFilter,
    ) -> Result<(Vec<Certificate>, i64), Error> {
        let mut sql = self.seen(who, now);
        if let Some(operator) = filter.operator {
            sql.push(" and c.operator = ").bind(operator);
        }
        if !filter.region.is_empty() {
            sql.push(" and c.region >= ").bind(filter.region.as_str());
            sql.push(" and c.region < ").bind(format!("{}~", filter.region));
        }
        if !filter.text.is_empty() {
            let like = format!("%{}%", filter.text.replace(['%', '_', '\\'], ""));
            sql.push(" and (c.number like ").bind(like.as_str()).push(" or c.product like ");
            sql.bind(like.as_str()).push(" or c.issuer like ").bind(like).push(")");
        }
        if let Some(state) = filter.state.as_deref() {
            sql.push(" and c.state = ").bind(state);
        }
        if let Some(from) = filter.from {
            sql.push(" and c.issued >= ").bind(from);
        }
        if let Some(to) = filter.to {
            sql.push(" and c.issued <= ").bind(to);
        }
        let mut count = Sql::new("select count(*) as n from certificate c where ");
        count.append(&sql);
        let total = self.store.select(&count).await?.first().map_or(Ok(0), |r| r.int("n"))?;
        let mut page = Sql::new(COLUMNS);
        page.append(&sql).push(" order by ");
        let column = match filter.sort.as_str() {
            "number" => "c.number",
            "product" => "c.product",
            "issuer" => "c.issuer",
            "issued" => "c.issued",
            _ => "",
        };
        if !column.is_empty() {
            page.push(column).push(if filter.desc { " desc, " } else { ", " });
        }
        page.push("c.id desc limit ").bind(filter.take.max(1)).push(" offset ").bind(filter.skip.max(0));
        Ok((self.read_certificates(&page).await?, total))
    }

    /// One certificate by number.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn certificate(
        &self,
        who: &Principal,
        now: Instant,
        number: &str,
    ) -> Result<Certificate, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.append(&self.seen(who, now)).push(" and c.number = ").bind(number);
        let mut found = self.read_certificates(&sql).await?;
        found.pop().ok_or_else(|| Error::NotFound(number.to_owned()))
    }

    /// The contact on a certificate, for who issued it and for authorities; `None` when it was erased.
    ///
    /// # Errors
    /// As [`Supply::certificate`].
    pub async fn certificate_contact(
        &self,
        who: &Principal,
        now: Instant,
        number: &str,
    ) -> Result<Option<String>, Error> {
        let found = self.certificate(who, now, number).await?;
        let body = ledger::private_body(&self.store, found.journal).await?;
        Ok(body.and_then(|b| b["contact"].as_str().map(ToOwned::to_owned)))
    }

    /// The certificates of a lot, newest first: part of what everybody may know of it.
    ///
    /// # Errors
    /// Storage.
    pub async fn certificates_of_lot(&self, item: &str) -> Result<Vec<Certificate>, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.push("c.item = ").bind(item).push(" order by c.id desc limit 100");
        self.read_certificates(&sql).await
    }

    async fn read_certificates(&self, sql: &Sql) -> Result<Vec<Certificate>, Error> {
        let rows = self.store.select(sql).await?;
        Ok(rows.iter().map(Certificate::read).collect::<Result<_, _>>()?)
    }

    /// What the reader's grants reach, on a table `certificate c`.
    fn seen(&self, who: &Principal, now: Instant) -> Sql {
        self.access.scope(who, "view", "lot", now).sql("c.region", None, Some("c.operator"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rulebook_states_the_certificate() {
        let rule = toml::from_str::<CertificateRule>(RULE).unwrap();
        assert!(rule.promises().count() >= 3 && rule.bases().count() >= 3);
        assert!(rule.valid_from.parse::<Date>().is_ok());
        let classes = |codes: &[&str]| codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        assert!(rule.leaves_out("挂面", &classes(&["0", "04", "04.03"])));
        assert!(!rule.leaves_out("苹果", &classes(&["0", "01", "01.01"])));
        assert!(!rule.leaves_out("高山茶鲜叶", &classes(&["22.05"])));
        assert!(!rule.leaves_out("野菜", &[]), "what is in no class may be one of them");
        assert!(rule.issues("farm") && !rule.issues("caterer"));
    }

    #[test]
    fn a_number_holds_its_check_digits_and_a_slip_is_found() {
        let made = number("62010200", "2026-11-22".parse().unwrap(), 1_234_567);
        assert_eq!((made.len(), &made[..18]), (20, "620102261122234567"));
        assert_eq!(certificate_number(&format!("{} {}", &made[..6], &made[6..])), Some(made.clone()));
        for at in 0..20 {
            let mut digits = made.clone().into_bytes();
            digits[at] = if digits[at] == b'9' { b'0' } else { digits[at] + 1 };
            assert_eq!(certificate_number(std::str::from_utf8(&digits).unwrap()), None, "digit {at}");
        }
        assert_eq!(certificate_number("甘农0001"), None);
    }
}
