//! Loads the demo province through the public interfaces: registry imports, EPCIS capture, laboratory imports.

use super::flows::{self, History};
use super::lines::LINES;
use super::people::{self, Seats};
use super::samples;
use super::world::{self, Firm, Kind, World};
use super::{documents, illness, incidents, inspections, matters, papers, past, sampling, targeting};
use crate::out;
use access::{Access, Hashing, Principal};
use anyhow::{Context as _, Result, ensure};
use base::{Id, Instant, Lang};
use ledger::{Actor, Context};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Instant as Moment;
use supply::{CaptureOptions, CaptureState, Format};
use web::App;

/// Days of history.
const DAYS: i32 = 730;
/// Rows in one spreadsheet of the register: within the limits of an upload.
const PART: usize = 20_000;
/// Events in one document.
const BATCH: usize = 1500;

/// What the demo was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Firms in the province.
    pub(crate) operators: usize,
    /// Seed.
    pub(crate) seed: u64,
}

/// What was made.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Made {
    /// Firms.
    pub(crate) operators: usize,
    /// Trace events.
    pub(crate) events: usize,
    /// Samples.
    pub(crate) samples: usize,
    /// Seconds it took.
    pub(crate) seconds: f64,
    /// Events captured a second.
    pub(crate) events_per_second: f64,
}

/// Everything a loading step needs.
pub(crate) struct Loader<'a> {
    pub(crate) app: &'a App,
    pub(crate) access: Access,
    pub(crate) world: &'a World,
    pub(crate) history: &'a History,
    pub(crate) exchange: Principal,
    /// Registry ids of the firms, in the order of the world.
    pub(crate) firm_ids: Vec<Id>,
    pub(crate) laboratory: Id,
}

impl Loader<'_> {
    /// A context for work of `who` at a moment of the past. Nothing is recorded in the future: what is made next, by people, would
    /// stand before it in every list by time.
    pub(crate) fn context(&self, who: &Principal, at: Instant) -> Context {
        let now = at.min(self.app.now());
        Context { now, ids: self.app.ids.clone(), actor: who.actor(), lang: Lang::Zh }
    }
}

#[derive(Deserialize)]
struct Outlines {
    features: Vec<Outline>,
}
#[derive(Deserialize)]
struct Outline {
    id: String,
    geometry: serde_json::Value,
}

/// The middle of each county's bounding box, from the map the product ships.
fn centres() -> HashMap<String, (f64, f64)> {
    const MAP: &str = include_str!("../../../../assets/map/gansu_counties.geojson");
    fn walk(v: &serde_json::Value, b: &mut [f64; 4]) {
        match v.as_array().map(Vec::as_slice) {
            Some([lon, lat]) if lon.is_number() => {
                let (x, y) = (lon.as_f64().unwrap_or(0.0), lat.as_f64().unwrap_or(0.0));
                *b = [b[0].min(x), b[1].max(x), b[2].min(y), b[3].max(y)];
            }
            Some(inner) => inner.iter().for_each(|i| walk(i, b)),
            None => {}
        }
    }
    let outlines = serde_json::from_str::<Outlines>(MAP).map(|o| o.features).unwrap_or_default();
    outlines
        .into_iter()
        .map(|o| {
            let mut b = [f64::MAX, f64::MIN, f64::MAX, f64::MIN];
            walk(&o.geometry["coordinates"], &mut b);
            (o.id, (f64::midpoint(b[0], b[1]), f64::midpoint(b[2], b[3])))
        })
        .collect()
}

/// The one laboratory of the demo.
fn laboratory() -> Firm {
    let region: base::region::RegionCode = "620102".parse().expect("a constant code");
    Firm {
        name: "甘肃示例食品检验中心".to_owned(),
        name_en: "Gansu Demo Food Testing Centre".to_owned(),
        uscc: base::uscc::Uscc::issue(&region, 999_999).to_string(),
        kind: Kind::Laboratory,
        line: 0,
        region: region.to_string(),
        gln: base::gs1::Gln::with_check("699999999000").map(|g| g.to_string()).unwrap_or_default(),
        address: "城关区示例路1号".to_owned(),
        lat: 36.06,
        lon: 103.84,
        licence: None,
        weight: 1.0,
    }
}

/// Creates the demo province in an empty database.
///
/// # Errors
/// When a part refuses; nothing later is done then, and the next start begins anew.
pub(crate) async fn create(app: &App, wanted: Wanted) -> Result<Made> {
    let started = Moment::now();
    let now = app.now();
    let today = now.china_date();
    out::progress("构造示例主体与流向… planning firms and flows…");
    let world = world::build(wanted.seed, wanted.operators, &centres());
    let history = flows::run(&world, wanted.seed, today, DAYS);
    let access = app.access.clone().with_hashing(Hashing::DEMO);
    let system = Context { now, ids: app.ids.clone(), actor: Actor::system("demo"), lang: Lang::Zh };
    let from = Instant(now.0 - i64::from(DAYS + 40) * 86_400_000_000).china_date();
    let admin = people::administrator(&app.store, &access, &system).await?;
    let exchange = people::exchange(&app.store, &access, &system, &admin, from).await?;
    let mut loader = Loader {
        app,
        access,
        world: &world,
        history: &history,
        exchange,
        firm_ids: Vec::new(),
        laboratory: Id(0),
    };
    loader.registry(now).await.context("registry import")?;
    let incident =
        incidents::choose(&world, &history, now).context("the demo is too small for an incident")?;
    let seats = Seats {
        laboratory: loader.laboratory,
        producer: loader.firm_ids[world.products[history.lots[incident.lot].product].firm],
        shop: loader.firm_ids[incident.shop],
    };
    people::everybody(&app.store, &loader.access, &system, &admin, seats, from).await?;
    let captured = Moment::now();
    loader.events(now).await.context("event capture")?;
    let capture_seconds = captured.elapsed().as_secs_f64();
    sampling::plan(&loader, now).await.context("sampling plan")?;
    let samples = samples::load(&loader, &incident, now).await.context("samples")?;
    papers::issue(&loader, now).await.context("certificates")?;
    past::settle(&loader, now).await.context("past incidents")?;
    sampling::life(&loader, now).await.context("sampling")?;
    let plan = inspections::run(&loader, now).await.context("inspections")?;
    targeting::run(&loader, plan, now).await.context("targeting")?;
    matters::run(&loader, seats.shop, now).await.context("matters")?;
    illness::load(&loader, wanted.seed, now).await.context("surveillance")?;
    out::progress("");
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    Ok(Made {
        operators: world.firms.len(),
        events: history.happenings.len(),
        samples,
        seconds: started.elapsed().as_secs_f64(),
        events_per_second: history.happenings.len() as f64 / capture_seconds.max(1e-9),
    })
}

impl Loader<'_> {
    /// Operators, sites, licences and products through the import of spreadsheets.
    async fn registry(&mut self, now: Instant) -> Result<()> {
        let cx = self.context(&self.exchange.clone(), now);
        let (access, exchange, store) = (self.access.clone(), self.exchange.clone(), &self.app.store);
        let mut firms = self.world.firms.clone();
        firms.push(laboratory());
        let total = firms.len();
        for part in firms.chunks(PART) {
            out::progress(&format!("导入主体 {} / {total} firms", self.firm_ids.len()));
            let mut tx = store.begin().await?;
            let batch = registry::import::read_operators("operators.csv", &documents::operators(part)?)?;
            let done = registry::import::import_operators(&mut tx, &cx, &access, &exchange, batch).await?;
            self.firm_ids.extend(done.records);
            let batch = registry::import::read_sites("sites.csv", &documents::sites(part)?)?;
            registry::import::import_sites(&mut tx, &cx, &access, &exchange, batch).await?;
            if let Some(sheet) = documents::licences(part)? {
                let batch = registry::import::read_licences("licences.csv", &sheet)?;
                registry::import::import_licences(&mut tx, &cx, &access, &exchange, batch).await?;
            }
            tx.commit().await?;
        }
        self.laboratory = self.firm_ids.pop().context("the laboratory was not imported")?;
        for part in self.world.products.chunks(PART) {
            let mut tx = store.begin().await?;
            let sheet = documents::products(self.world, part)?;
            let batch = registry::import::read_products("products.csv", &sheet)?;
            registry::import::import_products(&mut tx, &cx, &access, &exchange, batch).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// All events, in documents of [`BATCH`], as a data exchange would send them.
    async fn events(&self, now: Instant) -> Result<()> {
        let total = self.history.happenings.len();
        let options = CaptureOptions::default();
        for (n, part) in self.history.happenings.chunks(BATCH).enumerate() {
            let sent = part.last().map_or(now, flows::Happening::at).plus_seconds(3600);
            let cx = self.context(&self.exchange, sent.min(now));
            let bytes = documents::capture(self.world, self.history, part, cx.now);
            let outcome = self.app.supply.capture(&cx, &self.exchange, bytes, Format::Json, &options).await?;
            ensure!(
                outcome.state == CaptureState::Stored,
                "capture {n} was refused: {:?}",
                outcome.problems.first().map(epcis::Problem::message)
            );
            let done = (n * BATCH + part.len()) * 100 / total.max(1);
            out::progress(&format!("采集追溯事件 {done}% · {} / {total} events", n * BATCH + part.len()));
        }
        Ok(())
    }
}

/// The licence class a line's makers hold; for the samples' food class.
pub(crate) fn line_of(world: &World, product: usize) -> usize {
    let firm = world.products[product].firm;
    world.firms[firm].line.min(LINES.len() - 1)
}
