//! Commitment certificates of the demo's growers, and of packers who mixed what they collected.

use super::documents::item;
use super::flows::{Happening, Part};
use super::lines::LINES;
use super::load::Loader;
use anyhow::{Context as _, Result};
use base::quantity::Unit;
use base::region::Regions;
use base::{Decimal, Instant};
use std::collections::HashMap;
use supply::{CitedCertificate, NewCertificate};

/// Lines whose farms sell what needs a certificate: fruit and vegetables.
const PRODUCE: [&str; 3] = ["PG", "SC", "MS"];
/// Days back: a certificate is not dated further.
const DAYS: i64 = 28;
/// Certificates of growers, and of those who mixed.
const GROWERS: usize = 40;
const MIXED: usize = 8;

/// Issues certificates for the newest harvests and mixtures. Returns how many.
pub(crate) async fn issue(loader: &Loader<'_>, now: Instant) -> Result<usize> {
    let (world, history) = (loader.world, loader.history);
    let since = Instant(now.0 - DAYS * 86_400_000_000);
    let produce = |firm: usize| LINES.get(world.firms[firm].line).is_some_and(|l| PRODUCE.contains(&l.code));
    let recent: Vec<&Happening> =
        history.happenings.iter().filter(|h| h.at() >= since && h.at() <= now).collect();
    let mut numbers: HashMap<usize, String> = HashMap::new();
    for h in recent.iter().rev() {
        if let Happening::Harvest { at, firm, part } = h
            && produce(*firm)
            && numbers.len() < GROWERS
        {
            let number = one(loader, now, *at, *firm, part, &[]).await?;
            numbers.insert(part.lot, number);
        }
    }
    let mut mixed = 0;
    for h in recent.iter().rev() {
        let Happening::Make { at, firm, inputs, output } = h else { continue };
        // what left the field as produce and was mixed, not made into something else
        let same = |p: &Part| {
            let product = |lot: usize| world.products[history.lots[lot].product].name;
            product(p.lot) == product(output.lot)
        };
        let cited: Vec<(&String, i64)> =
            inputs.iter().filter(|p| same(p)).filter_map(|p| Some((numbers.get(&p.lot)?, p.kg))).collect();
        if mixed < MIXED && !cited.is_empty() && produce(*firm) {
            let cited: Vec<CitedCertificate> = cited
                .into_iter()
                .map(|(number, kg)| CitedCertificate {
                    number: number.clone(),
                    item: None,
                    quantity: Some(Decimal::from(kg)),
                })
                .collect();
            one(loader, now, *at, *firm, output, &cited).await?;
            mixed += 1;
        }
    }
    Ok(numbers.len() + mixed)
}

/// One certificate for a lot on record.
async fn one(
    loader: &Loader<'_>,
    now: Instant,
    at: Instant,
    firm: usize,
    part: &Part,
    cited: &[CitedCertificate],
) -> Result<String> {
    let who = &loader.exchange;
    let maker = &loader.world.firms[firm];
    let lot = &loader.history.lots[part.lot];
    let code = maker.region.parse().context("a region of the demo")?;
    let new = NewCertificate {
        operator: Some(loader.firm_ids[firm]),
        place: Some(maker.place()),
        item: Some(item(loader.world, loader.history, part.lot)),
        product: loader.world.products[lot.product].name.to_owned(),
        lot: None,
        gtin: None,
        quantity: Decimal::from(part.kg),
        unit: Unit::Kilogram,
        origin: Regions::builtin().full_name(&code).zh.to_string(),
        issued: Some(at.china_date()),
        basis: vec![if part.lot.is_multiple_of(3) { "own_test" } else { "control" }.to_owned()],
        contact: format!("示例联系人 1380000{:04}", firm % 10_000),
        cited: cited.to_vec(),
    };
    let cx = loader.context(who, now);
    let issued = loader.app.supply.issue_certificate(&cx, who, &new).await;
    let (certificate, _) = issued.with_context(|| format!("certificate of {}", maker.name))?;
    Ok(certificate.number)
}
