//! Checking certificates: the public view with the chain of those cited, and what does not fit.

use super::issue::{too_much, used};
use super::{Certificate, certificate_number};
use crate::upload::Deal;
use crate::{Error, Supply};
use access::{PUBLIC, Principal, Resource};
use base::{Decimal, Id, Instant, Text};
use paper::sheet::RowError;
use serde::Serialize;
use std::collections::HashMap;
use store::Sql;

/// Certificates of one chain shown at most.
const CHAIN: usize = 200;
/// How far a chain is followed.
const DEPTH: u32 = 8;

/// A certificate in the chain of those cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateNode {
    /// 0 for the one asked for, 1 for those it cites …
    pub depth: u32,
    /// Its number.
    pub number: String,
    /// The record; `None` for a certificate on paper.
    pub certificate: Option<Certificate>,
    /// How much of it went on, in the unit of the one that cites it.
    pub quantity: Option<Decimal>,
}

/// What does not fit with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CertificateFault {
    /// It was declared void.
    Void,
    /// One it rests on was declared void.
    SourceVoid(String),
    /// More of it is cited than it covers.
    Overused(Text),
}

impl CertificateFault {
    /// In words.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Void => Text::of("该合格证已作废", "this certificate was declared void"),
            Self::SourceVoid(number) => Text::new(
                format!("所引用的合格证 {number} 已作废"),
                format!("the certificate {number} it rests on was declared void"),
            ),
            Self::Overused(text) => text.clone(),
        }
    }
}

impl Supply {
    /// A certificate with the chain of those it cites, as everybody may see it; `None` when there is none of this number.
    ///
    /// # Errors
    /// [`Error::Denied`] when the public view is closed; storage.
    pub async fn public_certificate(
        &self,
        who: &Principal,
        now: Instant,
        number: &str,
    ) -> Result<Option<(Vec<CertificateNode>, Vec<CertificateFault>)>, Error> {
        self.access.check(who, "view", &Resource::new("lot", "").classified(PUBLIC), now)?;
        let Some(first) = self.held(number).await? else { return Ok(None) };
        let mut chain = vec![CertificateNode {
            depth: 0,
            number: first.number.clone(),
            certificate: Some(first.clone()),
            quantity: None,
        }];
        let mut at = 0;
        while let Some(node) = chain.get(at).cloned() {
            if let Some(c) = node.certificate.filter(|c| c.reissued && node.depth < DEPTH) {
                let cited = self.cited(c.id, node.depth + 1).await?;
                // next to what cites them, so that the list reads as a tree
                let room = CHAIN.saturating_sub(chain.len());
                let new = cited.into_iter().filter(|n| chain.iter().all(|k| k.number != n.number));
                let new: Vec<_> = new.take(room).collect();
                chain.splice(at + 1..at + 1, new);
            }
            at += 1;
        }
        let mut faults = Vec::new();
        for node in &chain {
            match &node.certificate {
                Some(c) if !c.is_valid() && node.depth == 0 => faults.push(CertificateFault::Void),
                Some(c) if !c.is_valid() => faults.push(CertificateFault::SourceVoid(c.number.clone())),
                _ => {}
            }
        }
        for node in chain.iter().filter(|n| n.depth <= 1) {
            if let Some(c) = &node.certificate {
                faults.extend(self.overused(c).await?.map(CertificateFault::Overused));
            }
        }
        Ok(Some((chain, faults)))
    }

    async fn cited(&self, id: Id, depth: u32) -> Result<Vec<CertificateNode>, Error> {
        let rows = self
            .store
            .query(
                "select number, quantity from certificate_source where certificate = $1 order by n",
                &[id.into()],
            )
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            let number = row.text("number")?;
            out.push(CertificateNode {
                depth,
                certificate: self.held(&number).await?,
                quantity: row.opt_text("quantity")?.and_then(|q| Decimal::from_str_exact(&q).ok()),
                number,
            });
        }
        Ok(out)
    }

    /// The words for a certificate of which more is cited than it covers.
    async fn overused(&self, c: &Certificate) -> Result<Option<Text>, Error> {
        let rows = self
            .store
            .query(
                "select s.quantity, c.unit from certificate_source s join certificate c on c.id = s.certificate \
                 where s.number = $1 and c.state = 'valid' and s.quantity is not null",
                &[c.number.as_str().into()],
            )
            .await?;
        let mut cited = Vec::with_capacity(rows.len());
        for row in rows {
            cited.push((
                Decimal::from_str_exact(&row.text("quantity")?).unwrap_or_default(),
                row.text("unit")?,
            ));
        }
        let sum = used(&cited, &c.unit);
        Ok((sum > c.quantity).then(|| too_much(&c.number, sum, c)))
    }

    /// What an issuer should know of the certificates it just cited.
    pub(super) async fn beyond(&self, issued: &Certificate) -> Result<Vec<Text>, Error> {
        let mut notes = Vec::new();
        for node in self.cited(issued.id, 1).await? {
            if let Some(c) = &node.certificate {
                notes.extend(self.overused(c).await?);
            }
        }
        Ok(notes)
    }

    /// Certificates by number, of those that were issued here.
    pub(crate) async fn certificates_numbered(
        &self,
        numbers: impl IntoIterator<Item = String>,
    ) -> Result<HashMap<String, Certificate>, Error> {
        let numbers: Vec<String> = numbers.into_iter().collect();
        let mut found = HashMap::new();
        for part in numbers.chunks(500) {
            let mut sql = Sql::new(super::COLUMNS);
            sql.push("c.number in ").bind_list(part.iter().map(String::as_str));
            found.extend(self.read_certificates(&sql).await?.into_iter().map(|c| (c.number.clone(), c)));
        }
        Ok(found)
    }

    /// Notes on the certificates that rows of a purchase ledger name.
    pub(crate) async fn check_certificates(
        &self,
        deals: &[Deal],
        notes: &mut Vec<RowError>,
    ) -> Result<(), Error> {
        let numbers = deals.iter().filter_map(|d| certificate_number(d.row.certificate.as_deref()?));
        let found = self.certificates_numbered(numbers).await?;
        for deal in deals {
            let row = &deal.row;
            let Some(number) = row.certificate.as_deref().and_then(certificate_number) else { continue };
            let problem = match found.get(&number) {
                None => Some(Text::of(
                    "本系统没有这一编号的合格证，请核对编号或留存原件",
                    "no certificate here has this number; check it, or keep the original",
                )),
                Some(c) => misfit(c, &row.name, row.qty, row.uom),
            };
            notes.extend(problem.map(|message| RowError {
                line: row.line,
                column: "检验合格证号".to_owned(),
                value: number.clone(),
                message,
            }));
        }
        Ok(())
    }
}

/// Why a certificate does not cover goods of this name and amount.
pub(crate) fn misfit(c: &Certificate, name: &str, quantity: Decimal, unit: &str) -> Option<Text> {
    if !c.is_valid() {
        return Some(Text::of(
            "该合格证已作废：应向供货者索取有效的合格证，否则不得收购",
            "this certificate was declared void: ask the supplier for a valid one, or do not take the goods",
        ));
    }
    if !(name.contains(&c.product) || c.product.contains(name)) {
        return Some(Text::new(
            format!("合格证上的产品是“{}”，与本行不符", c.product),
            format!("the certificate is for {}, not for the goods of this row", c.product),
        ));
    }
    let taken = used(&[(quantity, unit.to_owned())], &c.unit);
    (taken > c.quantity).then(|| {
        Text::new(
            format!("合格证只覆盖 {}，少于本行数量", c.amount()),
            format!("the certificate covers {} only, less than this row", c.amount()),
        )
    })
}
