//! Issuing a certificate for a lot, issuing anew after mixing or splitting, and declaring one void.

use super::cover::has_telephone;
use super::{CERTIFICATE_URI, Certificate, CertificateRule, amount, certificate_number, number};
use crate::batch::{NewLot, Part, commissioned, inspected, made_from};
use crate::capture::Standing;
use crate::outcome::CaptureOutcome;
use crate::{Error, PlaceInfo, Supply, prepare, site_key};
use access::{Principal, Resource};
use base::quantity::{Dimension, Quantity, Unit};
use base::{Date, Decimal, Gtin, Id, Text};
use ledger::{Context, Entry};
use paper::sheet::{RowError, RowErrors};
use std::collections::BTreeSet;
use store::{Tx, Value};

/// Certificates one may cite.
const CITED: usize = 100;
/// Days back a certificate may be dated.
const BACK: i64 = 31;

/// A certificate the new one cites.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CitedCertificate {
    /// Its number: one issued here, or as printed on paper.
    pub number: String,
    /// The lot that goes in; `None`: the lot of the certificate, when it was issued here.
    pub item: Option<String>,
    /// How much of it goes in, in the unit of the new certificate.
    pub quantity: Option<Decimal>,
}

/// A certificate to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// Who answers for it; `None`: the caller's operator.
    pub operator: Option<Id>,
    /// Key of the place; `None`: the main one.
    pub place: Option<String>,
    /// A lot on record; `None`: one named by product and lot number.
    pub item: Option<String>,
    /// Product name.
    pub product: String,
    /// Lot number; with certificates cited, the number of the lot they were mixed into.
    pub lot: Option<String>,
    /// Barcode of the product, where it has one.
    pub gtin: Option<Gtin>,
    /// How much.
    pub quantity: Decimal,
    /// Of what.
    pub unit: Unit,
    /// Where it was grown or raised.
    pub origin: String,
    /// Day of issue; `None`: today.
    pub issued: Option<Date>,
    /// Ids of the bases of the promise.
    pub basis: Vec<String>,
    /// How to reach who promises: personal data, sealed with the journal entry.
    pub contact: String,
    /// The certificates of the goods it was mixed or split from.
    pub cited: Vec<CitedCertificate>,
}

/// A cited certificate as it is kept.
#[derive(Debug, Clone)]
struct Source {
    number: String,
    held: Option<Certificate>,
    item: Option<String>,
    quantity: Option<Decimal>,
}

/// The lot a certificate is for.
#[derive(Debug, Clone)]
pub(super) struct Covered {
    /// Its key.
    pub(super) item: String,
    /// Whether it is one on record, so that there is no more of it than the records say; however it was named: chosen, cited, or
    /// written out with barcode and lot number.
    pub(super) known: bool,
    lot: NewLot,
}

/// A checked certificate, written in the transaction that captures its event.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    id: Id,
    number: String,
    operator: Id,
    issuer: String,
    place: String,
    item: String,
    product: String,
    lot: Option<String>,
    quantity: Decimal,
    unit: &'static str,
    origin: String,
    issued: Date,
    basis: String,
    contact: String,
    sources: Vec<Source>,
}

impl Draft {
    /// Writes the certificate and its journal entry.
    pub(crate) async fn write(
        &self,
        tx: &mut Tx,
        cx: &Context,
        standing: &Standing,
        outcome: &CaptureOutcome,
    ) -> Result<(), Error> {
        let cited: Vec<&str> = self.sources.iter().map(|s| s.number.as_str()).collect();
        let entry = Entry {
            kind: "certificate.issued",
            region: standing.region.clone(),
            subject: format!("certificate:{}", self.number),
            body: serde_json::json!({
                "operator": self.operator,
                "place": self.place,
                "item": self.item,
                "product": self.product,
                "quantity": self.quantity,
                "unit": self.unit,
                "origin": self.origin,
                "issued": self.issued,
                "basis": self.basis,
                "cited": cited,
                "capture": outcome.id,
                "event": outcome.stored.last().map(|e| &e.hash),
            }),
            private: Some(serde_json::json!({ "contact": self.contact })),
        };
        let journal = ledger::append(tx, cx, &standing.permit, entry).await?.id;
        tx.exec(
            "insert into certificate (id, number, operator, issuer, region, place, item, product, lot_no, quantity, \
             unit, origin, issued, basis, reissued, state, void_reason, voided, capture, created, journal) values \
             ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'valid', null, null, $16, $17, $18)",
            &[
                self.id.into(),
                self.number.as_str().into(),
                self.operator.into(),
                self.issuer.as_str().into(),
                standing.region.as_str().into(),
                self.place.as_str().into(),
                self.item.as_str().into(),
                self.product.as_str().into(),
                self.lot.clone().into(),
                self.quantity.to_string().into(),
                self.unit.into(),
                self.origin.as_str().into(),
                self.issued.into(),
                self.basis.as_str().into(),
                (!self.sources.is_empty()).into(),
                outcome.id.into(),
                cx.now.into(),
                journal.into(),
            ],
        )
        .await?;
        let mut values: Vec<Value> = Vec::new();
        for (n, s) in (0_i64..).zip(&self.sources) {
            values.extend([
                self.id.into(),
                n.into(),
                s.number.as_str().into(),
                s.held.as_ref().map(|h| h.id).into(),
                s.item.clone().into(),
                s.quantity.map(|q| q.to_string()).into(),
            ]);
        }
        let insert = "insert into certificate_source (certificate, n, number, held, item, quantity)";
        tx.insert_many(insert, 6, values, "").await?;
        Ok(())
    }
}

/// What is wrong with the form, by field.
#[derive(Default)]
pub(super) struct Faults(RowErrors);

impl Faults {
    pub(super) fn say(&mut self, field: &str, value: &str, message: Text) {
        let (column, value) = (field.to_owned(), value.to_owned());
        self.0.push(RowError { line: 1, column, value, message });
    }
}

impl Supply {
    /// Issues a certificate: it is captured as an event of the lot and journalled in one transaction. With certificates
    /// cited and a lot of its own it says that their lots were mixed into this one; with one cited and no lot of its
    /// own it covers a part of that lot. The texts say what the issuer should know though it was issued.
    ///
    /// # Errors
    /// [`Error::Rows`] with every wrong field; [`Error::Denied`].
    pub async fn issue_certificate(
        &self,
        cx: &Context,
        who: &Principal,
        new: &NewCertificate,
    ) -> Result<(Certificate, Vec<Text>), Error> {
        let standing = self.standing(cx, who, new.operator).await?;
        let own = self.own_place(standing.operator, new.place.as_deref()).await?;
        let operator = own.operator.ok_or_else(|| Error::NotFound(own.key.clone()))?;
        let new = &self.named_by_lot(new).await?;
        let mut faults = Faults::default();
        checked(new, cx.now.china_date(), &mut faults);
        let sources = self.sources(new, &mut faults).await?;
        self.index.catch_up(&self.store).await?;
        let issued = new.issued.unwrap_or_else(|| cx.now.china_date());
        let covered = self.covered(new, &own, &sources, issued).await?;
        let unchecked = self.coverable(new, &own, &covered, &mut faults).await?;
        faults.0.into_result(()).map_err(Error::Rows)?;
        let mut notes = self.notes(new, &own, &sources).await?;
        notes.extend(unchecked);
        let (draft, document) = self.drafted(cx, new, &own, operator, sources, covered).await?;
        let sha256 = prepare::sha256(document.to_string().as_bytes());
        let captured =
            self.capture_made(cx, &standing, "certificate", &document, &sha256, None, Some(&draft));
        captured.await?;
        let issued = self.certificate(who, cx.now, &draft.number).await?;
        notes.extend(self.beyond(&issued).await?);
        Ok((issued, notes))
    }

    /// Declares a certificate void, with the reason; everybody who looks it up sees it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Rows`] without a reason or when it is void already; [`Error::Denied`].
    pub async fn void_certificate(
        &self,
        cx: &Context,
        who: &Principal,
        number: &str,
        reason: &str,
    ) -> Result<Certificate, Error> {
        let found = self.certificate(who, cx.now, number).await?;
        let resource = Resource::new("event", found.region.clone()).of_operator(Some(found.operator));
        let permit = self.access.check(who, "capture", &resource, cx.now)?;
        let reason = reason.trim();
        let mut faults = Faults::default();
        if reason.chars().count() < 2 {
            let text = Text::of("请写明作废原因", "give the reason for which it is void");
            faults.say("reason", reason, text);
        }
        faults.0.into_result(()).map_err(Error::Rows)?;
        let mut tx = self.store.begin().await?;
        let changed = tx
            .exec(
                "update certificate set state = 'void', void_reason = $1, voided = $2 where id = $3 and state = 'valid'",
                &[reason.into(), cx.now.into(), found.id.into()],
            )
            .await?;
        if changed == 0 {
            let text = Text::of("该合格证此前已作废", "it was declared void before");
            return Err(Error::Rows(vec![RowError {
                line: 1,
                column: "number".to_owned(),
                value: number.to_owned(),
                message: text,
            }]));
        }
        let entry = Entry {
            kind: "certificate.voided",
            region: found.region.clone(),
            subject: format!("certificate:{number}"),
            body: serde_json::json!({ "operator": found.operator, "reason": reason, "issued": found.journal }),
            private: None,
        };
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        self.certificate(who, cx.now, number).await
    }

    /// The certificates cited, looked up.
    async fn sources(&self, new: &NewCertificate, faults: &mut Faults) -> Result<Vec<Source>, Error> {
        let mut sources: Vec<Source> = Vec::new();
        for cited in &new.cited {
            let given = cited.number.trim();
            let ours = certificate_number(given);
            let number = ours.clone().unwrap_or_else(|| given.to_owned());
            if sources.iter().any(|s| s.number == number) {
                faults.say(
                    "cited",
                    given,
                    Text::of("同一合格证引用了两次", "the certificate is cited twice"),
                );
            }
            let held = match &ours {
                Some(number) => self.held(number).await?,
                None => None,
            };
            if ours.is_some() && held.is_none() {
                faults.say(
                    "cited",
                    given,
                    Text::of(
                        "本系统没有这一编号的合格证，请核对；纸质合格证请填写其上的编号",
                        "no certificate here has this number; check it. For one on paper give the number printed on it",
                    ),
                );
            }
            if held.as_ref().is_some_and(|h| !h.is_valid()) {
                faults.say(
                    "cited",
                    given,
                    Text::of(
                        "该合格证已作废，不能引用",
                        "this certificate was declared void and cannot be cited",
                    ),
                );
            }
            let item = cited.item.clone().or_else(|| held.as_ref().map(|h| h.item.clone()));
            sources.push(Source { number, held, item, quantity: cited.quantity });
        }
        Ok(sources)
    }

    pub(super) async fn held(&self, number: &str) -> Result<Option<Certificate>, Error> {
        let mut sql = store::Sql::new(super::COLUMNS);
        sql.push("c.number = ").bind(number);
        Ok(self.read_certificates(&sql).await?.pop())
    }

    /// What does not stop it but should be known.
    async fn notes(
        &self,
        new: &NewCertificate,
        own: &PlaceInfo,
        sources: &[Source],
    ) -> Result<Vec<Text>, Error> {
        let mut notes = Vec::new();
        for s in sources {
            if s.held.is_none() {
                notes.push(Text::new(
                    format!("合格证 {} 不是在本系统开具的，按所填内容引用；请留存原件", s.number),
                    format!(
                        "certificate {} was not issued here; it is cited as written. Keep the original",
                        s.number
                    ),
                ));
            }
            let came = s.item.as_ref().is_none_or(|i| self.is_at(i, own));
            if !came {
                notes.push(Text::new(
                    format!("没有合格证 {} 所对应批次到达本场所的记录，请补记进货", s.number),
                    format!(
                        "nothing records that the lot of certificate {} came to this place; record the purchase",
                        s.number
                    ),
                ));
            }
        }
        let sums: Option<Decimal> = sources.iter().map(|s| s.quantity).sum();
        if let Some(sum) = sums.filter(|s| !sources.is_empty() && *s < new.quantity) {
            notes.push(Text::new(
                format!("开具数量 {} 大于引用合格证的数量之和 {sum}，请核对", new.quantity),
                format!(
                    "the quantity {} is more than the certificates cited sum up to, {sum}; check it",
                    new.quantity
                ),
            ));
        }
        Ok(notes)
    }

    /// Whether a lot has records at a place.
    fn is_at(&self, item: &str, own: &PlaceInfo) -> bool {
        self.places_with(item).iter().any(|p| p == site_key(&own.key))
    }

    /// The lot the certificate is for: one on record, the only one cited, or the one it names. One without a number gets the day of
    /// issue, and the next free one where that is taken.
    async fn covered(
        &self,
        new: &NewCertificate,
        own: &PlaceInfo,
        sources: &[Source],
        issued: Date,
    ) -> Result<Covered, Error> {
        let (quantity, unit) = crate::upload::in_code(new.quantity, new.unit);
        let stated = new.lot.as_deref().map(str::trim).filter(|l| !l.is_empty()).map(ToOwned::to_owned);
        let inputs: BTreeSet<&String> = sources.iter().filter_map(|s| s.item.as_ref()).collect();
        let one = if inputs.len() == 1 { inputs.first().map(|i| (*i).clone()) } else { None };
        let chosen = new.item.clone().or(if stated.is_none() { one } else { None });
        let day = issued.strftime("%Y%m%d").to_string();
        let mut lot = NewLot {
            product: new.product.trim().to_owned(),
            spec: None,
            number: stated.clone().unwrap_or_else(|| day.clone()),
            gtin: new.gtin,
            produced: Some(issued),
            expires: None,
            quantity,
            unit,
        };
        if let Some(item) = chosen {
            return Ok(Covered { item, known: true, lot });
        }
        let mut next = 2;
        while stated.is_none() && self.is_at(&lot.item(&own.key), own) {
            lot.number = format!("{day}-{next}");
            next += 1;
        }
        let item = lot.item(&own.key);
        if self.is_at(&item, own) {
            return Ok(Covered { item, known: true, lot });
        }
        let other = match &stated {
            Some(number) => self.lot_named(own, &lot.product, number).await?,
            None => None,
        };
        Ok(Covered { known: other.is_some(), item: other.unwrap_or(item), lot })
    }

    /// The lot on record at a place with this product and number, whether or not its key bears a barcode.
    async fn lot_named(&self, own: &PlaceInfo, product: &str, number: &str) -> Result<Option<String>, Error> {
        let mut sql = store::Sql::new("select item from lot where name = ");
        sql.bind(product).push(" and (lot_no = ").bind(number).push(" or item like ");
        sql.bind(format!("%/10/{}", crate::upload::escape(number))).push(")");
        let mut here = BTreeSet::new();
        for row in self.store.select(&sql).await? {
            let item = row.text("item")?;
            if self.is_at(&item, own) {
                here.insert(item);
            }
        }
        let found = self.lot_infos(here).await?;
        Ok(found.into_values().find(|l| l.lot.as_deref() == Some(number)).map(|l| l.item))
    }

    async fn drafted(
        &self,
        cx: &Context,
        new: &NewCertificate,
        own: &PlaceInfo,
        operator: Id,
        sources: Vec<Source>,
        covered: Covered,
    ) -> Result<(Draft, serde_json::Value), Error> {
        let issued = new.issued.unwrap_or_else(|| cx.now.china_date());
        let region: String = own.region.clone();
        let mut serial = cx.id().0.unsigned_abs();
        let mut name = number(&region, issued, serial);
        while self.held(&name).await?.is_some() {
            serial += 1;
            name = number(&region, issued, serial);
        }
        let Covered { item, known, lot } = covered;
        let (quantity, unit) = (lot.quantity, lot.unit);
        let uri = format!("{CERTIFICATE_URI}{name}");
        let mixed: Vec<Part> = sources
            .iter()
            .filter_map(|s| {
                let quantity = s.quantity.map(|q| crate::upload::in_code(q, new.unit).0);
                Some(Part { item: s.item.clone().filter(|i| *i != item)?, quantity, unit })
            })
            .collect();
        let event = if !mixed.is_empty() && !known {
            made_from(own, issued, &mixed, &lot, &item)
        } else if self.is_at(&item, own) {
            inspected(own, issued, &item, quantity, unit)
        } else {
            commissioned(own, issued, &lot, &item)
        };
        let cites: Vec<String> = sources.iter().map(|s| s.number.clone()).collect();
        let mut event = event
            .with("certificationInfo", uri.as_str())
            .with("bizTransactionList", serde_json::json!([{ "type": "cert", "bizTransaction": uri }]))
            .with("shian:certificate", name.as_str())
            .with("shian:origin", new.origin.trim());
        if !cites.is_empty() {
            event = event.with("shian:cites", cites.join(" "));
        }
        let document = crate::batch::document([event], cx.now);
        let draft = Draft {
            id: cx.id(),
            number: name,
            operator,
            issuer: own.operator_name.clone(),
            place: own.key.clone(),
            product: lot.product.clone(),
            lot: self.lot_number_of(&item, &lot, known).await?,
            item,
            quantity,
            unit,
            origin: new.origin.trim().to_owned(),
            issued,
            basis: new.basis.join(" "),
            contact: new.contact.trim().to_owned(),
            sources,
        };
        Ok((draft, document))
    }

    async fn lot_number_of(&self, item: &str, lot: &NewLot, exists: bool) -> Result<Option<String>, Error> {
        if !exists {
            return Ok(Some(lot.number.clone()));
        }
        let mut found = self.lot_infos(BTreeSet::from([item.to_owned()])).await?;
        Ok(found.remove(item).and_then(|l| l.lot))
    }
}

/// Checks the fields of a new certificate that need no look at what is stored.
fn checked(new: &NewCertificate, today: Date, faults: &mut Faults) {
    for (field, value, text) in [
        ("product", &new.product, Text::of("请填写产品名称", "give the name of the product")),
        ("origin", &new.origin, Text::of("请填写产地", "say where it was grown or raised")),
        ("contact", &new.contact, Text::of("请填写联系方式", "say how the issuer can be reached")),
    ] {
        if value.trim().is_empty() {
            faults.say(field, value, text);
        }
    }
    if !new.contact.trim().is_empty() && !has_telephone(&new.contact) {
        let text = Text::of(
            "请填写电话号码（含区号的座机或手机）",
            "give a telephone number (with its area code, or a mobile)",
        );
        faults.say("contact", &new.contact, text);
    }
    if new.quantity <= Decimal::ZERO {
        let text = Text::of("数量应大于 0", "the quantity must be more than 0");
        faults.say("quantity", &new.quantity.to_string(), text);
    }
    if !matches!(
        new.unit.dimension(),
        Dimension::Mass | Dimension::Volume | Dimension::Count | Dimension::Package
    ) {
        let text = Text::of(
            "不是数量单位，请用公斤、吨、个、箱等",
            "no unit of quantity; use kg, t, pieces, cases …",
        );
        faults.say("unit", new.unit.symbol(), text);
    }
    if let Some(day) = new.issued
        && (day > today || day.saturating_add(jiff::Span::new().days(BACK)) < today)
    {
        let text = Text::new(
            format!("开具日期应在最近 {BACK} 天内，且不晚于今天 {today}"),
            format!("the day of issue must lie within the last {BACK} days, today {today} at the latest"),
        );
        faults.say("issued", &day.to_string(), text);
    }
    let known = |id: &String| CertificateRule::builtin().is_ok_and(|r| r.basis(id).is_some());
    if new.basis.is_empty() || !new.basis.iter().all(known) {
        let text = Text::of("请至少选择一项承诺依据", "choose at least one basis of the promise");
        faults.say("basis", &new.basis.join(" "), text);
    }
    if new.cited.len() > CITED || new.cited.iter().any(|c| c.number.trim().is_empty()) {
        let text = Text::new(
            format!("引用的合格证应有编号，最多 {CITED} 张"),
            format!("a certificate cited needs its number; {CITED} at most"),
        );
        faults.say("cited", "", text);
    }
    for c in &new.cited {
        if c.quantity.is_some_and(|q| q <= Decimal::ZERO) {
            let text = Text::of("引用数量应大于 0", "the quantity that goes in must be more than 0");
            faults.say("cited", &c.number, text);
        }
    }
}

/// How much of a certificate others cite, in its unit; quantities of other kinds do not count.
pub(super) fn used(rows: &[(Decimal, String)], unit: &str) -> Decimal {
    let Some(wanted) = Unit::from_rec20(unit) else { return Decimal::ZERO };
    rows.iter()
        .filter_map(|(q, u)| Quantity::new(*q, Unit::from_rec20(u)?).to(wanted).ok())
        .map(|q| q.amount)
        .sum()
}

/// The words for a certificate used beyond its quantity.
pub(super) fn too_much(number: &str, used: Decimal, c: &Certificate) -> Text {
    let (used, stated) = (amount(used, &c.unit), c.amount());
    Text::new(
        format!("合格证 {number} 只覆盖 {stated}，已引用 {used}"),
        format!("certificate {number} covers {stated} only; {used} of it are cited"),
    )
}
