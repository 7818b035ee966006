//! Two years of samples and results of supervision and risk monitoring, as a laboratory's spreadsheets, and the sample of the waiting
//! incident.

use super::incidents::Incident;
use super::lines::LINES;
use super::load::{Loader, line_of};
use super::people;
use crate::out;
use anyhow::{Context as _, Result, ensure};
use base::{Date, Id, Instant};
use jiff::ToSpan;
use paper::sheet::{Sheet, Value, Workbook, write_csv};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// One sample to take.
struct Plan {
    form: String,
    kind: &'static str,
    lot: usize,
    shop: usize,
    sampled: Date,
    results: Vec<(&'static str, String)>,
}

const SAMPLE_HEADER: &[&str] = &[
    "抽样单编号",
    "食品名称",
    "样品名称",
    "商品条码",
    "批号",
    "被抽样单位",
    "统一社会信用代码",
    "场所编码",
    "生产者",
    "生产者代码",
    "生产日期",
    "抽样日期",
    "收样日期",
    "包装分类",
    "抽样基数",
    "所在地",
    "任务来源",
    "食品大类",
    "抽样环节",
    "经费来源",
    "抽样类别",
];

/// The form number of the sample whose results the laboratory has yet to enter; those of the history begin after it.
const WAITING: usize = 9_999;
const HISTORY_FROM: usize = WAITING + 1;
/// The form numbers of risk monitoring begin here.
const MONITORING_FROM: usize = 500_000;
/// Firms from which on a province has a monitoring programme: one sample for every four, up to so many.
const LARGE: usize = 400;
const MOST_MONITORED: usize = 600;

const SUPERVISION: &str = "监督抽检";
const MONITORING: &str = "风险监测";

/// Loads the history and the waiting sample; gives back how many samples there are.
pub(crate) async fn load(loader: &Loader<'_>, incident: &Incident, now: Instant) -> Result<usize> {
    let plans = plan(loader, now);
    let lab =
        people::principal(&loader.app.store, &loader.access, "lab", &loader.context(&loader.exchange, now))
            .await?;
    let second =
        people::principal(&loader.app.store, &loader.access, "lab2", &loader.context(&loader.exchange, now))
            .await?;
    let total = plans.len();
    // by month, each month's sheet sent some days after its last sample
    let mut done = 0;
    for month in
        plans.chunk_by(|a, b| (a.sampled.year(), a.sampled.month()) == (b.sampled.year(), b.sampled.month()))
    {
        let last = month.last().context("an empty month")?.sampled;
        let sent = Instant::china(last.checked_add(12.days())?, 9, 0).min(now);
        let ids = import(loader, month, sent).await?;
        let results = result_sheet(month)?;
        let cx = loader.context(&lab, sent);
        let mut tx = loader.app.store.begin().await?;
        let imported = loader
            .app
            .lab
            .import_results(&mut tx, &cx, &lab, &Workbook::read(&results, "results.csv")?, None)
            .await?;
        tx.commit().await?;
        ensure!(imported.rows > 0, "no results were imported");
        let cx = loader.context(&second, sent.plus_seconds(3600).min(now));
        let mut tx = loader.app.store.begin().await?;
        for (id, p) in ids.iter().zip(month) {
            loader.app.lab.approve_report(&mut tx, &cx, &second, *id, &format!("R{}", p.form)).await?;
            loader.app.lab.submit_report(&mut tx, &cx, &second, *id).await?;
        }
        tx.commit().await?;
        done += month.len();
        out::progress(&format!("导入抽检 {done} / {total} samples"));
    }
    let waiting = Plan {
        form: format!("GC62{WAITING:015}"),
        kind: SUPERVISION,
        lot: incident.lot,
        shop: incident.shop,
        sampled: incident.sampled,
        results: Vec::new(),
    };
    import(loader, &[waiting], now).await?;
    Ok(total + 1)
}

/// Draws the samples of two years: one for every ten firms, at shops that had the lot on sale.
fn plan(loader: &Loader<'_>, now: Instant) -> Vec<Plan> {
    let history = loader.history;
    let mut rng = Pcg64Mcg::seed_from_u64(0x05a4_d1e5);
    let count = (loader.world.firms.len() / 10).max(20).min(history.on_sale.len());
    let until = now.plus_seconds(-20 * 86_400);
    let sold: Vec<_> = history.on_sale.iter().filter(|s| s.3 < until).collect();
    let mut plans = Vec::new();
    // three samples of the past failed: two cases are closed by now, one is under way
    let failing = [count * 3 / 5, count * 4 / 5, count - 1];
    for n in 0..count {
        let Some((_, lot, shop, at)) = sold.get(n * sold.len() / count) else { break };
        let line = line_of(loader.world, history.lots[*lot].product);
        let results = LINES[line]
            .tests
            .iter()
            .enumerate()
            .map(|(test, (analyte, level))| {
                let spread: f64 = rng.random_range(0.2..1.5);
                let value = if test == 0 && failing.contains(&n) { level * 60.0 } else { level * spread };
                let text = if value < 0.003 { "未检出".to_owned() } else { format!("{value:.3}") };
                (*analyte, text)
            })
            .collect();
        plans.push(Plan {
            form: format!("GC62{:015}", HISTORY_FROM + n),
            kind: SUPERVISION,
            lot: *lot,
            shop: *shop,
            sampled: at.china_date().checked_add(1.day()).unwrap_or(at.china_date()),
            results,
        });
    }
    plans.extend(monitoring(loader, &sold));
    plans.sort_by_key(|p| p.sampled);
    plans
}

/// The chance of a problem on the log-odds scale: what a line brings in a county, the same in all years, and what the shop's own hazard
/// adds, which its inspections follow too; so that what was found says something of what will be.
fn hazard(loader: &Loader<'_>, line: usize, shop: usize) -> f64 {
    let firm = &loader.world.firms[shop];
    let county: usize = firm.region.get(..6).and_then(|c| c.parse().ok()).unwrap_or(0);
    let place = county.wrapping_mul(31).wrapping_add(line);
    let part = |factor: usize| (place.wrapping_mul(factor) % 1000) as f64 / 1000.0;
    let own = 3.0 * (part(2_654_435_761) + part(7_919) + part(104_729) - 1.5);
    own - 2.6 + 0.4 * (super::targeting::hazard(firm, shop) + 2.0)
}

/// Two years of risk monitoring in a large province: problems found open no case.
fn monitoring(loader: &Loader<'_>, sold: &[&(usize, usize, usize, Instant)]) -> Vec<Plan> {
    let firms = loader.world.firms.len();
    let count = if firms < LARGE { 0 } else { (firms / 4).min(MOST_MONITORED) };
    let mut rng = Pcg64Mcg::seed_from_u64(0x0e15_c0de);
    let one = |n: usize| {
        // between those of supervision
        let (_, lot, shop, at) = sold.get((n * sold.len() + sold.len() / 2) / count)?;
        let line = line_of(loader.world, loader.history.lots[*lot].product);
        let bad = rng.random_range(0.0..1.0) < 1.0 / (1.0 + (-hazard(loader, line, *shop)).exp());
        let results = LINES[line].tests.iter().enumerate().map(|(test, (analyte, level))| {
            let factor = if test == 0 && bad { 12.0 } else { rng.random_range(0.2..1.5) };
            let value = level * factor;
            (*analyte, if value < 0.003 { "未检出".to_owned() } else { format!("{value:.3}") })
        });
        Some(Plan {
            form: format!("GC62{:015}", MONITORING_FROM + n),
            kind: MONITORING,
            lot: *lot,
            shop: *shop,
            results: results.collect(),
            sampled: at.china_date().checked_add(2.days()).unwrap_or(at.china_date()),
        })
    };
    (0..count).filter_map(one).collect()
}

async fn import(loader: &Loader<'_>, plans: &[Plan], now: Instant) -> Result<Vec<Id>> {
    let (world, history) = (loader.world, loader.history);
    let mut sheet = Sheet {
        name: "samples".to_owned(),
        header: SAMPLE_HEADER.iter().map(|h| (*h).to_owned()).collect(),
        rows: Vec::new(),
    };
    for p in plans {
        let lot = &history.lots[p.lot];
        let product = &world.products[lot.product];
        let (shop, maker) = (&world.firms[p.shop], &world.firms[product.firm]);
        let received = p.sampled.checked_add(2.days())?;
        let cell = |t: &str| Value::Text(t.to_owned());
        sheet.rows.push(vec![
            cell(&p.form),
            cell(product.name),
            cell(product.name),
            cell(&product.gtin),
            cell(&lot.number),
            cell(&shop.name),
            cell(&shop.uscc),
            cell(&shop.gln),
            cell(&maker.name),
            cell(&maker.uscc),
            Value::Date(lot.made),
            Value::Date(p.sampled),
            Value::Date(received),
            cell("预包装"),
            cell("20 kg"),
            cell(&shop.region),
            cell("market"),
            cell(super::sampling::class_of(LINES[line_of(world, lot.product)].code)),
            cell("流通"),
            cell("省级"),
            cell(p.kind),
        ]);
    }
    let bytes = write_csv(&sheet)?;
    let cx = loader.context(&loader.exchange, now);
    let mut tx = loader.app.store.begin().await?;
    let done = loader
        .app
        .lab
        .import_samples(
            &mut tx,
            &cx,
            &loader.exchange,
            &Workbook::read(&bytes, "samples.csv")?,
            Some(loader.laboratory),
        )
        .await
        .map_err(explain)?;
    tx.commit().await?;
    ensure!(done.lot_unknown.is_empty(), "the trace record does not know the lots of {:?}", done.lot_unknown);
    Ok(done.samples)
}

fn result_sheet(plans: &[Plan]) -> Result<Vec<u8>> {
    let header = ["抽样单编号", "检验项目", "检验结果", "结果单位", "检出限", "检验方法"];
    let mut sheet = Sheet {
        name: "results".to_owned(),
        header: header.map(ToOwned::to_owned).to_vec(),
        rows: Vec::new(),
    };
    for p in plans {
        for (analyte, value) in &p.results {
            let unit = if analyte.starts_with("苯并") { "μg/kg" } else { "mg/kg" };
            sheet.rows.push(
                [p.form.as_str(), analyte, value, unit, "0.001", "GB 5009"]
                    .map(|t| Value::Text(t.to_owned()))
                    .to_vec(),
            );
        }
    }
    Ok(write_csv(&sheet)?)
}

/// An import error with its first wrong cell, for the person who works on the demo.
fn explain(e: lab::Error) -> anyhow::Error {
    match &e {
        lab::Error::Rows(rows) => {
            let first = rows.first().map(|r| r.text().to_string()).unwrap_or_default();
            anyhow::Error::new(e).context(first)
        }
        _ => e.into(),
    }
}
