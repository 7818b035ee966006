//! `shian bench results`: a file of results worked off by its job, judged, journalled and signed in a province of its own, then
//! asked for; beside it the same rows put into a bare store.

use super::bench::{elapsed_ms, rate};
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use anyhow::{Context as _, ensure};
use base::{Id, Lang};
use ledger::Context;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant as Moment;
use store::{Store, Value};

/// Results of a sample; samples in one sheet; rows the bare store takes in one transaction.
const EACH: usize = 10;
const PORTION: usize = 1_000;
const ROWS: i64 = 4_000;
/// The laboratory of the bench.
const LABORATORY: Id = Id(900);

const FOODS: [&str; 8] = ["大米", "小麦粉", "菠菜", "韭菜", "豇豆", "猪肉", "苹果", "茶叶"];
const ANALYTES: [&str; EACH] =
    ["镉", "铅", "总汞", "毒死蜱", "噻虫嗪", "吡虫啉", "腐霉利", "克百威", "啶虫脒", "阿维菌素"];

/// What a result refers to: as much of a sample as a row must have.
const SAMPLE: &str = "insert into sample (id, version, form_no, kind, state, food, product_name, lot_unknown, place_name, \
    producer_name, sampled, governing_on, governing_rule, prepackaged, region, agency, facts, created)";
const RESULT: &str = "insert into result (id, sample, analyte, reported, unit, lod, loq, method, subsamples, value, \
    entered_by, entered, withdrawn)";
const VERDICT: &str = "insert into verdict (id, result, sample, outcome, standard, edition, clause, rule, limit_text, \
    near_limit, body, engine, judged, reason)";

/// Peak of the memory this process had, in megabytes, where the system tells.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb / 1024)
}

/// Processor seconds of this process, where the system tells (in ticks of a hundredth).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default().split(' ');
    let ticks: u32 = fields.skip(11).take(2).filter_map(|t| t.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}

/// Wall and processor seconds of a stretch of work.
struct Watch(Moment, f64);

impl Watch {
    fn start() -> Self {
        Self(Moment::now(), processor_seconds())
    }

    fn stop(&self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64(), processor_seconds() - self.1)
    }
}

pub(super) async fn run(mut config: Config, size: usize) -> anyhow::Result<Json> {
    let samples = size.div_ceil(EACH).max(1);
    let folder = std::env::temp_dir().join(format!("shian-bench-results-{}", std::process::id()));
    if config.database.sqlite_path().is_some() {
        config.database.url = format!("sqlite:{}", folder.join("shian.db").display());
    }
    config.data.clone_from(&folder);
    let province = Province::open(config.clone(), Purpose::Found).await?;
    let store = &province.app.store;
    let used = store.first("select id from account limit 1", &[]).await?.is_some();
    ensure!(!used, "this database holds a province; measure results in an empty one");
    let watch = Watch::start();
    register(&province, samples).await?;
    let (registering, _) = watch.stop();
    let bytes = write_file(&folder.join("year.csv"), samples)?;
    let (file, (importing, import_cpu)) = import(&province, &folder.join("year.csv")).await?;
    let watch = Watch::start();
    let signer = Arc::new(ledger::FileSigner::from_seed("bench/log", &[7; 32]));
    let sequencer = ledger::Sequencer::new(signer, "bench");
    while sequencer.run_once(store, now()).await?.more {}
    let (signing, signing_cpu) = watch.stop();
    let peak = peak_megabytes();
    let one = Moment::now();
    let text = format!("B{:07}", samples / 2);
    let filter = lab::SampleFilter { text: Some(text), ..lab::SampleFilter::default() };
    let desk = access::testing::desk("62");
    let found = province.app.lab.samples(store, &desk, now(), &filter).await?;
    let asked = elapsed_ms(one);
    ensure!(found.rows.len() == 1, "the sample is not found");
    let (bare, bare_cpu) = bare(store, &config, &folder).await?;
    let results = usize::try_from(file.stored).unwrap_or(0);
    province.close().await;
    std::fs::remove_dir_all(&folder).context("the temporary province stays behind")?;
    let ratio = |ours: f64, theirs: f64| (ours / theirs.max(1e-9) * 100.0).round() / 100.0;
    let tenth = |seconds: f64| (seconds * 10.0).round() / 10.0;
    Ok(json!({
        "bench": "results", "samples": samples, "results": results, "file_bytes": bytes, "outcomes": file.outcomes,
        "samples_per_second": rate(samples, registering), "results_per_second": rate(results, importing),
        "import_seconds": tenth(importing), "import_processor_seconds": tenth(import_cpu),
        "signing_seconds": tenth(signing), "signing_processor_seconds": tenth(signing_cpu),
        "bare_seconds": tenth(bare), "bare_processor_seconds": tenth(bare_cpu),
        "import_to_bare_processor": ratio(import_cpu, bare_cpu),
        "a_year_of_1500000_results_processor_seconds": (1_500_000.0 / rate(results, import_cpu + signing_cpu)).round(),
        "search_ms": asked.round(), "peak_megabytes": peak,
    }))
}

fn context(province: &Province, who: &access::Principal) -> Context {
    Context { now: now(), ids: province.app.ids.clone(), actor: who.actor(), lang: Lang::Zh }
}

/// Registers the samples of the year from sheets.
async fn register(province: &Province, samples: usize) -> anyhow::Result<()> {
    let (store, lab, desk) = (&province.app.store, &province.app.lab, access::testing::desk("62"));
    let day = now().china_date();
    for first in (0..samples).step_by(PORTION) {
        let mut sheet =
            String::from("抽样单编号,抽样类别,食品名称,被抽样单位,抽样日期,收样日期,所在地,任务来源\n");
        for n in first..samples.min(first + PORTION) {
            let food = FOODS[n % FOODS.len()];
            let _ =
                writeln!(sheet, "B{n:07},监督抽检,{food},虚构商店{},{day},{day},620102,市场监管", n % 997);
        }
        let mut tx = store.begin().await?;
        let cx = context(province, &desk);
        lab.import_samples(
            &mut tx,
            &cx,
            &desk,
            &paper::sheet::Workbook::read(sheet.as_bytes(), "样品.csv")?,
            Some(LABORATORY),
        )
        .await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Writes the year's results as a laboratory sends them; how many bytes.
fn write_file(path: &Path, samples: usize) -> anyhow::Result<u64> {
    use std::io::Write as _;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "抽样单编号,检验项目,检验结果,结果单位,检出限,检验方法")?;
    for n in 0..samples {
        for (k, analyte) in ANALYTES.iter().enumerate() {
            let value = match (n * EACH + k) * 7919 % 10 {
                0..=6 => "未检出".to_owned(),
                _ => format!("0.{:04}", (n * 31 + k * 17) % 2000 + 60),
            };
            writeln!(file, "B{n:07},{analyte},{value},mg/kg,0.005,GB 5009")?;
        }
    }
    file.flush()?;
    Ok(std::fs::metadata(path)?.len())
}

/// Sends the file and works its job off, as a server does.
async fn import(province: &Province, path: &Path) -> anyhow::Result<(lab::ResultFile, (f64, f64))> {
    use tokio::io::AsyncReadExt as _;
    // the laboratory's account must exist: the job acts in its right
    let app = &province.app;
    let who = analyst(province).await?;
    let watch = Watch::start();
    let mut spool = app.attachments.spool().await?;
    let mut file = tokio::fs::File::open(path).await?;
    loop {
        let mut chunk = vec![0; 256 << 10];
        let n = file.read(&mut chunk).await?;
        if n == 0 {
            break;
        }
        chunk.truncate(n);
        spool = spool.write(chunk).await?;
    }
    let kept = app.attachments.keep_spooled(spool, "text/csv").await?;
    let mut tx = app.store.begin().await?;
    let cx = context(province, &who);
    let id = app.lab.receive_results(&mut tx, &cx, &who, &app.attachments, &kept, "全年结果.csv").await?;
    tx.commit().await?;
    let runner = store::jobs::Runner::new(app.store.clone(), Arc::new(now), "bench");
    web::background(&province.app, runner).run_due().await?;
    let spent = watch.stop();
    let done = app.lab.result_file(&app.store, &who, id).await?;
    ensure!(done.state == "stored", "the file was not stored whole: {done:?}");
    Ok((done, spent))
}

/// A laboratory's account.
async fn analyst(province: &Province) -> anyhow::Result<access::Principal> {
    let app = &province.app;
    let cx =
        Context { now: now(), ids: app.ids.clone(), actor: ledger::Actor::system("bench"), lang: Lang::Zh };
    crate::demo::laboratory(&app.store, &app.access, &cx, LABORATORY).await
}

/// The rows of results and verdicts again, into the same tables and indexes of a store without checks, judgement and journal;
/// the time of reading them and of the samples they refer to is left out.
async fn bare(store: &Store, config: &Config, folder: &Path) -> anyhow::Result<(f64, f64)> {
    let mut database = config.database.clone();
    ensure!(database.sqlite_path().is_some(), "the bare store is measured on SQLite");
    database.url = format!("sqlite:{}", folder.join("bare.db").display());
    let bare = Store::open(&database).await?;
    bare.migrate(now()).await?;
    let (mut wall, mut cpu) = (0.0, 0.0);
    for (read, insert, counts) in [
        ("select * from sample where id > $1 order by id limit $2", SAMPLE, false),
        ("select * from result where id > $1 order by id limit $2", RESULT, true),
        ("select * from verdict where id > $1 order by id limit $2", VERDICT, true),
    ] {
        let mut after = Id(0);
        loop {
            let rows = store.query(read, &[after.into(), ROWS.into()]).await?;
            let Some(last) = rows.last() else { break };
            after = last.id("id")?;
            let columns = names(insert);
            let mut values: Vec<Value> = Vec::with_capacity(rows.len() * columns.len());
            for row in &rows {
                for column in &columns {
                    values.push(row.value(column)?.clone());
                }
            }
            let watch = Watch::start();
            let mut tx = bare.begin().await?;
            tx.insert_many(insert, columns.len(), values, "").await?;
            tx.commit().await?;
            let (w, c) = watch.stop();
            if counts {
                wall += w;
                cpu += c;
            }
        }
    }
    bare.close().await;
    Ok((wall, cpu))
}

/// The columns an insert names.
fn names(insert: &'static str) -> Vec<&'static str> {
    let inner = insert.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    inner.split(',').map(str::trim).collect()
}
