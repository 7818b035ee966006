//! The demo's happenings as the documents a firm's software would send: EPCIS 2.0 JSON and registry spreadsheets.

use super::flows::{Happening, History, Part};
use super::lines::{LINES, Tier};
use super::world::{Firm, Kind, Product, World, kind_code};
use base::{Decimal, Instant};
use epcis::build::{Deal, Draft, Frame, Lot, commission, document, receive, sell, ship, transform};
use paper::sheet::{Sheet, Value, WriteError, write_csv};
use std::borrow::Cow;

/// China Standard Time, minutes east of UTC.
const ZONE: i16 = 480;

/// The item key of a lot.
pub(crate) fn item(world: &World, history: &History, lot: usize) -> String {
    let lot = &history.lots[lot];
    let product = &world.products[lot.product];
    format!("https://id.gs1.org/01/{}/10/{}", product.gtin, lot.number)
}

/// One EPCIS document of consecutive happenings.
pub(crate) fn capture(
    world: &World,
    history: &History,
    happenings: &[Happening],
    created: Instant,
) -> Vec<u8> {
    document(happenings.iter().map(|h| event(world, history, h)), created).to_string().into_bytes()
}

fn event(world: &World, history: &History, happening: &Happening) -> Draft {
    let place = |firm: usize| world.firms[firm].place();
    let keys = |parts: &[Part]| -> Vec<(String, i64)> {
        parts.iter().map(|p| (item(world, history, p.lot), p.kg)).collect()
    };
    fn lots(keys: &[(String, i64)]) -> Vec<Lot<'_>> {
        keys.iter().map(|(k, kg)| Lot::new(k, Decimal::from(*kg), Some("KGM"))).collect()
    }
    let named = |draft: Draft, lot: usize| {
        let lot = &history.lots[lot];
        let product = &world.products[lot.product];
        draft
            .with_lot_number(&lot.number)
            .with_production_date(&lot.made.to_string())
            .with_ilmd("cbvmda:descriptionShort", product.name)
    };
    match happening {
        Happening::Harvest { at, firm, part } => {
            let place = place(*firm);
            let keys = keys(std::slice::from_ref(part));
            let frame = Frame { time: *at, zone_minutes: ZONE, place: &place };
            named(commission(&frame, &lots(&keys)[0]), part.lot)
        }
        Happening::Make { at, firm, inputs, output } => {
            let place = place(*firm);
            let (ins, out) = (keys(inputs), keys(std::slice::from_ref(output)));
            let frame = Frame { time: *at, zone_minutes: ZONE, place: &place };
            named(transform(&frame, &lots(&ins), &lots(&out)), output.lot)
        }
        Happening::Ship { at, from, to, parts, document } => {
            let (a, b, keys) = (place(*from), place(*to), keys(parts));
            let paper = format!("urn:epc:id:gdti:699000000.000.{document}");
            let frame = Frame { time: *at, zone_minutes: ZONE, place: &a };
            ship(
                &frame,
                &lots(&keys),
                &Deal { from: Some(&a), to: Some(&b), paper: Some(("desadv", &paper)) },
            )
        }
        Happening::Receive { at, from, to, parts, document } => {
            let (a, b, keys) = (place(*from), place(*to), keys(parts));
            let paper = format!("urn:epc:id:gdti:699000000.000.{document}");
            let frame = Frame { time: *at, zone_minutes: ZONE, place: &b };
            receive(
                &frame,
                &lots(&keys),
                &Deal { from: Some(&a), to: Some(&b), paper: Some(("desadv", &paper)) },
            )
        }
        Happening::Sell { at, firm, parts } => {
            let (place, keys) = (place(*firm), keys(parts));
            sell(&Frame { time: *at, zone_minutes: ZONE, place: &place }, &lots(&keys))
        }
    }
}

fn sheet(name: &str, header: &[&str]) -> Sheet {
    Sheet {
        name: name.to_owned(),
        header: header.iter().map(|h| (*h).to_owned()).collect(),
        rows: Vec::new(),
    }
}

fn text(value: impl Into<Cow<'static, str>>) -> Value {
    Value::Text(value.into().into_owned())
}

/// The operators, as the registry's own template.
pub(crate) fn operators(firms: &[Firm]) -> Result<Vec<u8>, WriteError> {
    let mut out = sheet("operators", &["统一社会信用代码", "名称", "英文名称", "经营类别", "行政区划"]);
    for f in firms {
        let kind = text(kind_code(f.kind));
        out.rows.push(vec![
            text(f.uscc.clone()),
            text(f.name.clone()),
            text(f.name_en.clone()),
            kind,
            text(f.region.clone()),
        ]);
    }
    write_csv(&out)
}

/// Their sites.
pub(crate) fn sites(firms: &[Firm]) -> Result<Vec<u8>, WriteError> {
    let mut out = sheet(
        "sites",
        &["统一社会信用代码", "全球位置码", "名称", "地址", "行政区划", "纬度", "经度", "业态"],
    );
    for f in firms {
        out.rows.push(vec![
            text(f.uscc.clone()),
            text(f.gln.clone()),
            text(f.name.clone()),
            text(f.address.clone()),
            text(f.region.clone()),
            text(format!("{:.4}", f.lat)),
            text(format!("{:.4}", f.lon)),
            text(kind_code(f.kind)),
        ]);
    }
    write_csv(&out)
}

/// Their licences; none when no firm holds one, for a sheet without rows is refused.
pub(crate) fn licences(firms: &[Firm]) -> Result<Option<Vec<u8>>, WriteError> {
    let mut out = sheet("licences", &["统一社会信用代码", "许可证编号", "类别", "发证日期", "有效期至"]);
    for f in firms {
        if let Some(number) = &f.licence {
            let class = match f.kind {
                Kind::Line(Tier::Primary | Tier::Secondary | Tier::Packer) => LINES[f.line].class,
                // the number of a business licence says its class
                _ => "",
            };
            out.rows.push(vec![
                text(f.uscc.clone()),
                text(number.clone()),
                text(class),
                text("2024-06-01"),
                text("2029-05-31"),
            ]);
        }
    }
    if out.rows.is_empty() { Ok(None) } else { write_csv(&out).map(Some) }
}

/// Some of the products of a world.
pub(crate) fn products(world: &World, some: &[Product]) -> Result<Vec<u8>, WriteError> {
    let mut out = sheet("products", &["统一社会信用代码", "商品条码", "产品名称", "食品类别"]);
    for p in some {
        let f = &world.firms[p.firm];
        out.rows.push(vec![text(f.uscc.clone()), text(p.gtin.clone()), text(p.name), text(p.name)]);
    }
    write_csv(&out)
}

#[cfg(test)]
mod tests {
    use super::super::{flows, world};
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_part_of_the_register_without_licences_makes_no_sheet() {
        let world = world::build(1, 400, &HashMap::new());
        let (with, without): (Vec<Firm>, Vec<Firm>) =
            world.firms.iter().cloned().partition(|f| f.licence.is_some());
        assert!(licences(&without).unwrap().is_none());
        let sheet = String::from_utf8(licences(&with).unwrap().unwrap()).unwrap();
        assert_eq!(sheet.lines().count(), with.len() + 1);
    }

    #[test]
    fn every_demo_document_is_valid_epcis() {
        let w = world::build(9, 400, &HashMap::new());
        let h = flows::run(&w, 9, jiff::civil::date(2026, 11, 20), 120);
        let bytes =
            capture(&w, &h, &h.happenings[..h.happenings.len().min(300)], Instant(1_800_000_000_000_000));
        let report = epcis::validate_report(&bytes, "demo.json");
        assert!(report.valid, "{:?}", report.problems.first());
    }
}
