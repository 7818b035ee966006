//! `shian export`: what an account may see, as CSV, XLSX or JSON lines.

use super::{Outcome, Usage, person};
use crate::cli::ExportArgs;
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use access::{Principal, Role};
use anyhow::Context as _;
use paper::sheet::{Sheet, Value};
use serde_json::{Map, Value as Json, json};
use std::fs::File;
use std::io::{BufWriter, Write};

const KINDS: [&str; 5] = ["operators", "samples", "events", "journal", "gain"];
const FORMATS: [&str; 3] = ["csv", "xlsx", "json"];

/// Where rows go.
enum Sink {
    /// JSON lines to stdout.
    Lines,
    /// JSON lines to a file.
    File(BufWriter<File>),
    /// Collected for a spreadsheet.
    Sheet(Sheet),
}

impl Sink {
    fn row(&mut self, columns: &[&str], cells: Vec<Json>) -> anyhow::Result<()> {
        match self {
            Self::Sheet(sheet) => sheet.rows.push(cells.into_iter().map(cell).collect()),
            Self::Lines | Self::File(_) => {
                let object: Map<String, Json> = columns.iter().map(|c| (*c).to_owned()).zip(cells).collect();
                let line = Json::Object(object).to_string();
                match self {
                    Self::File(file) => writeln!(file, "{line}")?,
                    _ => out::line(&line),
                }
            }
        }
        Ok(())
    }
}

fn cell(value: Json) -> Value {
    match value {
        Json::Null => Value::Empty,
        Json::String(text) => Value::Text(text),
        other => Value::Text(other.to_string()),
    }
}

/// Exports records as the account sees them.
pub(crate) async fn run(args: ExportArgs) -> Outcome {
    let wrong = |what: &str, known: &[&str]| Usage(format!("{what}; there are {}", known.join(", ")));
    if !KINDS.contains(&args.kind.as_str()) {
        return Err(wrong(&format!("`{}` cannot be exported", args.kind), &KINDS).into());
    }
    if !FORMATS.contains(&args.format.as_str()) {
        return Err(wrong(&format!("there is no format `{}`", args.format), &FORMATS).into());
    }
    if args.format == "xlsx" && args.out.is_none() {
        return Err(Usage("an XLSX file needs a name: --out FILE".to_owned()).into());
    }
    let config = Config::load(&args.data)?;
    log::init(config.log, true);
    let province = Province::open(config, Purpose::Look).await?;
    let who =
        person::acting(&province, args.login.as_deref(), &[Role::Desk, Role::Leader, Role::Officer]).await?;
    let columns = columns(&args.kind);
    let create = |path| File::create(path).with_context(|| "the file of --out cannot be created");
    let mut sink = match (args.format.as_str(), &args.out) {
        ("json", None) => Sink::Lines,
        ("json", Some(path)) => Sink::File(BufWriter::new(create(path)?)),
        _ => Sink::Sheet(Sheet {
            name: args.kind.clone(),
            header: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: Vec::new(),
        }),
    };
    let rows = match args.kind.as_str() {
        "operators" => operators(&province, &who, columns, &mut sink).await?,
        "samples" => samples(&province, &who, columns, &mut sink).await?,
        "events" => events(&province, &who, columns, &mut sink).await?,
        "gain" => {
            let plan = args.plan.ok_or_else(|| Usage("name the plan: --plan ID".to_owned()))?;
            gain(&province, &who, plan, columns, &mut sink).await?
        }
        _ => journal(&province, &who, columns, &mut sink).await?,
    };
    match sink {
        Sink::Lines => {}
        Sink::File(mut file) => file.flush()?,
        Sink::Sheet(sheet) => match &args.out {
            None => {
                let bytes = paper::sheet::write_csv(&sheet)?;
                out::line(String::from_utf8_lossy(&bytes).trim_end());
            }
            Some(path) => {
                let bytes = if args.format == "xlsx" {
                    paper::sheet::write_xlsx(std::slice::from_ref(&sheet))?
                } else {
                    paper::sheet::write_csv(&sheet)?
                };
                create(path)?.write_all(&bytes)?;
            }
        },
    }
    out::note(&format!("{rows} {} as {} sees them", args.kind, who.login));
    province.close().await;
    Ok(true)
}

/// The strata of a stored plan with what is known of each; the sharpness of the whole is told on stderr.
async fn gain(
    province: &Province,
    who: &Principal,
    plan: base::Id,
    columns: &[&str],
    sink: &mut Sink,
) -> anyhow::Result<usize> {
    let expected = province.app.lab.gain(&province.app.store, who, now(), plan).await?;
    for r in &expected.rows {
        let cells = vec![
            json!(r.class),
            json!(r.stage.word()),
            json!(r.part),
            json!(r.failed),
            json!(r.judged),
            json!(r.deviation),
            json!(r.proportional),
            json!(r.planned),
        ];
        sink.row(columns, cells)?;
    }
    let error = |v: Option<f64>| v.map_or_else(|| "none".to_owned(), |v| format!("{v:.6}"));
    out::note(&format!(
        "{} batches: standard error of the pass rate {} in proportion, {} under the plan, ratio of variances {}",
        expected.total,
        error(expected.proportional),
        error(expected.planned),
        error(expected.gain),
    ));
    Ok(expected.rows.len())
}

fn columns(kind: &str) -> &'static [&'static str] {
    match kind {
        "gain" => &["class", "stage", "part", "failed", "judged", "deviation", "proportional", "planned"],
        "operators" => &["id", "code", "name", "name_en", "kinds", "region", "status"],
        "samples" => &[
            "form_no",
            "report_no",
            "kind",
            "state",
            "food",
            "product",
            "lot",
            "item",
            "place",
            "place_name",
            "producer_name",
            "sampled",
            "governing_on",
            "region",
            "conclusion",
            "results",
            "failing",
        ],
        "events" => &[
            "id",
            "event_id",
            "hash",
            "type",
            "action",
            "biz_step",
            "time",
            "read_point",
            "biz_location",
            "region",
            "body",
        ],
        _ => &["position", "id", "at", "kind", "region", "subject", "actor", "canonical"],
    }
}

async fn operators(
    p: &Province,
    who: &Principal,
    columns: &[&str],
    sink: &mut Sink,
) -> anyhow::Result<usize> {
    let mut query = registry::Query { limit: 200, ..registry::Query::default() };
    let mut rows = 0;
    loop {
        let page = registry::list_operators(&p.app.store, &p.app.access, who, now(), &query).await?;
        for o in page.rows {
            rows += 1;
            sink.row(
                columns,
                vec![
                    json!(o.id),
                    json!(o.code),
                    json!(o.name),
                    json!(o.name_en),
                    json!(o.kinds.list().iter().map(|k| k.code()).collect::<Vec<_>>().join("|")),
                    json!(o.region),
                    json!(o.status.code()),
                ],
            )?;
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(rows);
        }
    }
}

async fn samples(p: &Province, who: &Principal, columns: &[&str], sink: &mut Sink) -> anyhow::Result<usize> {
    let mut filter = lab::SampleFilter { limit: 500, ..lab::SampleFilter::default() };
    let mut rows = 0;
    loop {
        let page = p.app.lab.samples(&p.app.store, who, now(), &filter).await?;
        for row in page.rows {
            rows += 1;
            let s = row.sample;
            sink.row(
                columns,
                vec![
                    json!(s.form_no),
                    json!(s.report_no),
                    json!(s.kind.word()),
                    json!(s.state.word()),
                    json!(s.food),
                    json!(s.product_name),
                    json!(s.lot_no),
                    json!(s.item),
                    json!(s.place),
                    json!(s.place_name),
                    json!(s.producer_name),
                    json!(s.sampled.to_string()),
                    json!(s.governing_on.to_string()),
                    json!(s.region),
                    json!(s.conclusion.map(lab::Conclusion::word)),
                    json!(row.results),
                    json!(row.failing),
                ],
            )?;
        }
        filter.after = page.next;
        if filter.after.is_none() {
            return Ok(rows);
        }
    }
}

async fn events(p: &Province, who: &Principal, columns: &[&str], sink: &mut Sink) -> anyhow::Result<usize> {
    let mut filter = supply::EventFilter { limit: 1000, ..supply::EventFilter::default() };
    let mut rows = 0;
    loop {
        let (page, next) = p.app.supply.event_bodies(who, now(), &filter).await?;
        for event in page {
            rows += 1;
            let r = &event.event;
            sink.row(
                columns,
                vec![
                    json!(r.id),
                    json!(r.event_id),
                    json!(r.hash),
                    json!(r.kind),
                    json!(r.action),
                    json!(r.biz_step),
                    json!(r.time.rfc3339()),
                    json!(r.read_point),
                    json!(r.biz_location),
                    json!(r.region),
                    event.body,
                ],
            )?;
        }
        filter.after = next;
        if filter.after.is_none() {
            return Ok(rows);
        }
    }
}

/// The journal as the account may export it: cut by region, department and classification like the page.
async fn journal(p: &Province, who: &Principal, columns: &[&str], sink: &mut Sink) -> anyhow::Result<usize> {
    let scope = p.app.access.scope(who, "export", "journal", now()).with_agency("agency");
    anyhow::ensure!(!scope.is_empty(), "the account {} may not export the journal of any region", who.login);
    let seen = scope.sql("region", Some("classification"), None);
    let mut rows = 0;
    let mut position = 0;
    loop {
        let page = ledger::feed_seen(&p.app.store, position, 1000, &seen).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        position = last.position + 1;
        rows += page.len();
        for e in page {
            sink.row(
                columns,
                vec![
                    json!(e.position),
                    json!(e.id),
                    json!(e.at.rfc3339()),
                    json!(e.kind),
                    json!(e.region),
                    json!(e.subject),
                    json!(e.actor),
                    json!(e.canonical),
                ],
            )?;
        }
    }
}
