//! What a certificate may cover: a food that needs one, of who grows or collects it, and no more of a lot than there was.

use super::issue::{Covered, Faults};
use super::{CertificateRule, NewCertificate, amount};
use crate::{Error, PlaceInfo, Supply, site_key};
use base::quantity::{Quantity, Unit};
use base::{Decimal, Id, Text};
use std::collections::BTreeSet;

/// Digits of a telephone number: a landline without its area code, a mobile with its country code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl Supply {
    /// The certificate with the product of the lot on record it is for, which is not asked again.
    pub(super) async fn named_by_lot(&self, new: &NewCertificate) -> Result<NewCertificate, Error> {
        let mut new = new.clone();
        if let Some(item) = new.item.clone() {
            let mut found = self.lot_infos(BTreeSet::from([item.clone()])).await?;
            if let Some(name) = found.remove(&item).and_then(|l| l.name) {
                new.product = name;
            }
        }
        Ok(new)
    }

    /// Says what the certificate may not cover; gives back what could not be checked.
    pub(super) async fn coverable(
        &self,
        new: &NewCertificate,
        own: &PlaceInfo,
        covered: &Covered,
        faults: &mut Faults,
    ) -> Result<Vec<Text>, Error> {
        let rule = CertificateRule::builtin()?;
        let (product, foods) = (new.product.trim(), rule.foods());
        if !rule.issues(&own.form) {
            faults.say(
                "product",
                product,
                Text::of(
                    "餐饮单位不开具承诺达标合格证：由种植养殖者或收购者开具",
                    "places that serve food issue no commitment certificate: who grows, raises or collects the food does",
                ),
            );
        }
        let classes = self.directory.food_classes(product).await.map_err(Error::Directory)?;
        if rule.leaves_out(product, &classes) {
            let text = Text::new(
                format!("“{product}”不在开具范围内；应为：{}", foods.zh),
                format!("'{product}' is none of the foods certificates are for: {}", foods.en),
            );
            faults.say("product", product, text);
        }
        if !covered.known {
            return Ok(Vec::new());
        }
        let item = covered.item.as_str();
        let operator = own.operator.unwrap_or(Id(0));
        let (Some(there), Some(certified)) =
            (self.came(item, own, new.unit).await?, self.certified(item, operator, new.unit).await?)
        else {
            return Ok(vec![Text::of(
                "记录中没有这一批次的全部数量，无法核对合格证数量是否超出；请核对",
                "the records do not say how much of this lot there was, so the quantity could not be checked against it",
            )]);
        };
        let left = there - certified;
        if new.quantity > left {
            let words = |quantity| amount(quantity, new.unit.rec20().unwrap_or_else(|| new.unit.symbol()));
            let (there, certified, left) = (words(there), words(certified), words(left.max(Decimal::ZERO)));
            let text = Text::new(
                format!(
                    "超出这一批次：记录共 {there}，已开具 {certified}，还可开具 {left}；如为另一批，请另填批号"
                ),
                format!(
                    "more than there is of this lot: {there} on record, {certified} certified before, {left} left; \
                     if this is another lot, give it a number of its own"
                ),
            );
            faults.say("quantity", &new.quantity.to_string(), text);
        }
        Ok(Vec::new())
    }

    /// How much of a lot was made or received at a place; `None` where the records do not say it in a unit like this.
    async fn came(&self, item: &str, own: &PlaceInfo, unit: Unit) -> Result<Option<Decimal>, Error> {
        let report = match self.draw_scope(item, None, None, Default::default()).await {
            Ok(report) => report,
            Err(Error::NotFound(_)) => return Ok(None),
            Err(e) => return Err(e),
        };
        let site = site_key(&own.key);
        let Some(row) = report.rows.iter().find(|r| r.item == item && r.place == site) else {
            return Ok(None);
        };
        let mut all = row.opening.clone();
        all.add_all(&row.produced);
        all.add_all(&row.received);
        if all.quantity_unknown || all.sums.is_empty() {
            return Ok(None);
        }
        let sums =
            all.sums.iter().map(|q| Quantity::new(q.value, Unit::from_rec20(q.unit.as_str())?).to(unit).ok());
        Ok(sums.map(|q| q.map(|q| q.amount)).sum())
    }

    /// How much of a lot an issuer certified before, by certificates that stand.
    async fn certified(&self, item: &str, operator: Id, unit: Unit) -> Result<Option<Decimal>, Error> {
        let rows = self
            .store
            .query(
                "select quantity, unit from certificate where item = $1 and operator = $2 and state = 'valid'",
                &[item.into(), operator.into()],
            )
            .await?;
        let mut sum = Some(Decimal::ZERO);
        for row in rows {
            let held = Decimal::from_str_exact(&row.text("quantity")?).ok();
            let of = held.zip(Unit::from_rec20(&row.text("unit")?));
            let told = of.and_then(|(q, u)| Quantity::new(q, u).to(unit).ok());
            sum = sum.zip(told).map(|(s, q)| s + q.amount);
        }
        Ok(sum)
    }
}

/// Whether a contact holds a telephone number.
pub(super) fn has_telephone(contact: &str) -> bool {
    let text = base::text::halfwidth(contact);
    let parts = text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | ' ' | '(' | ')' | '+')));
    parts.map(|p| p.bytes().filter(u8::is_ascii_digit).count()).any(|n| DIGITS.contains(&n))
}

#[cfg(test)]
mod tests {
    use super::has_telephone;

    #[test]
    fn a_contact_is_a_telephone_number_with_or_without_a_name() {
        for good in
            ["13900000009", "张三 13800000000", "0931-0000009", "（0931）000 0009", "+86 139 0000 0009"]
        {
            assert!(has_telephone(good), "{good}");
        }
        for bad in ["abc", "", "12345", "某村 3 组 12 号"] {
            assert!(!has_telephone(bad), "{bad}");
        }
    }
}
