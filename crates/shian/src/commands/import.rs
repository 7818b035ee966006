//! `shian import`: spreadsheets and trace documents, through the same functions as the pages.

use super::{Outcome, Usage, person, science};
use crate::cli::ImportArgs;
use crate::config::Config;
use crate::province::{Province, Purpose};
use crate::{log, out};
use access::{Principal, Role};
use anyhow::Context as _;
use base::{Lang, Uscc};
use paper::sheet::{RowError, Workbook};
use serde_json::{Value as Json, json};
use store::Tx;
use supply::{CaptureOptions, CaptureState, Format};

/// What can be imported and whose work it is.
const KINDS: &[(&str, &[Role])] = &[
    ("operators", &[Role::Desk, Role::Officer]),
    ("sites", &[Role::Desk, Role::Officer]),
    ("licences", &[Role::Desk, Role::Officer]),
    ("products", &[Role::Desk, Role::Officer]),
    ("samples", &[Role::Desk, Role::Officer]),
    ("results", &[Role::Laboratory]),
    ("events", &[Role::Desk, Role::Officer]),
];

/// Imports a file whole, or nothing of it: then one line a fault.
pub(crate) async fn run(args: ImportArgs) -> Outcome {
    let Some((kind, roles)) = KINDS.iter().find(|(kind, _)| *kind == args.kind) else {
        let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        return Err(
            Usage(format!("`{}` cannot be imported; kinds are {}", args.kind, known.join(", "))).into()
        );
    };
    let bytes = science::read(&args.file)?;
    let config = Config::load(&args.data)?;
    log::init(config.log, true);
    let province = Province::open(config, Purpose::Change).await?;
    let who = person::acting(&province, args.login.as_deref(), roles).await?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let done = match *kind {
        "events" => events(&province, &who, bytes).await,
        "samples" => samples(&province, &who, &name, &bytes, args.laboratory.as_deref()).await,
        "results" => results(&province, &who, &name, &bytes, args.sample.as_deref()).await,
        _ => register(&province, &who, kind, &name, &bytes).await,
    };
    let done = done?;
    province.sequence().await?;
    province.close().await;
    Ok(done)
}

/// Prints the faults of rows; nothing was imported.
fn refused(rows: &[RowError]) -> bool {
    for row in rows {
        out::json(
            &json!({ "line": row.line, "column": row.column, "value": row.value, "message": row.message }),
        );
    }
    out::note(&format!("{} cells are wrong; nothing was imported", rows.len()));
    false
}

async fn register(province: &Province, who: &Principal, kind: &str, name: &str, bytes: &[u8]) -> Outcome {
    use registry::import as i;
    let app = &province.app;
    let cx = person::context(province, who);
    let mut tx = app.store.begin().await?;
    let result = match kind {
        "operators" => match i::read_operators(name, bytes) {
            Ok(batch) => i::import_operators(&mut tx, &cx, &app.access, who, batch).await,
            Err(e) => Err(e),
        },
        "sites" => match i::read_sites(name, bytes) {
            Ok(batch) => i::import_sites(&mut tx, &cx, &app.access, who, batch).await,
            Err(e) => Err(e),
        },
        "licences" => match i::read_licences(name, bytes) {
            Ok(batch) => i::import_licences(&mut tx, &cx, &app.access, who, batch).await,
            Err(e) => Err(e),
        },
        _ => match i::read_products(name, bytes) {
            Ok(batch) => i::import_products(&mut tx, &cx, &app.access, who, batch).await,
            Err(e) => Err(e),
        },
    };
    match result {
        Ok(done) => {
            tx.commit().await?;
            out::json(&json!({
                "imported": done.records.len(), "kind": kind, "import": done.id, "flagged": done.flagged,
                "file_sha256": done.file, "root": done.root,
            }));
            Ok(true)
        }
        Err(registry::Error::Rows(rows)) => Ok(refused(&rows)),
        Err(e) => match e.user_text() {
            Some(text) => anyhow::bail!("{text}"),
            None => Err(e.into()),
        },
    }
}

async fn samples(
    province: &Province,
    who: &Principal,
    name: &str,
    bytes: &[u8],
    laboratory: Option<&str>,
) -> Outcome {
    let app = &province.app;
    let laboratory = match laboratory {
        None => None,
        Some(code) => {
            let uscc =
                code.parse::<Uscc>().map_err(|e| Usage(format!("--laboratory {code}: {}", e.text())))?;
            let found = registry::operator_by_uscc(&app.store, &uscc).await?;
            Some(found.with_context(|| format!("--laboratory {code}: no operator has this code"))?.id)
        }
    };
    let cx = person::context(province, who);
    let book = Workbook::read(bytes, name).map_err(|e| lab::Error::Sheet(e.text()));
    let mut tx = app.store.begin().await?;
    let done = match book {
        Ok(book) => app.lab.import_samples(&mut tx, &cx, who, &book, laboratory).await,
        Err(e) => Err(e),
    };
    let line =
        done.map(|d| json!({ "imported": d.samples.len(), "kind": "samples", "lot_unknown": d.lot_unknown }));
    judged(tx, line).await
}

async fn results(
    province: &Province,
    who: &Principal,
    name: &str,
    bytes: &[u8],
    sample: Option<&str>,
) -> Outcome {
    let app = &province.app;
    let cx = person::context(province, who);
    let one = match sample {
        Some(form) => {
            let found = app.lab.sample_by_form(&app.store, who, cx.now, form).await?;
            Some(found.with_context(|| format!("--sample {form}: there is no sample of this number"))?)
        }
        None => None,
    };
    let book = Workbook::read(bytes, name).map_err(|e| lab::Error::Sheet(e.text()));
    let mut tx = app.store.begin().await?;
    let done = match book {
        Ok(book) => app.lab.import_results(&mut tx, &cx, who, &book, one).await,
        Err(e) => Err(e),
    };
    let line = done.map(
        |d| json!({ "imported": d.rows, "kind": "results", "samples": d.samples, "outcomes": d.outcomes }),
    );
    judged(tx, line).await
}

/// Commits what the laboratory took, or says why it did not.
async fn judged(tx: Tx, result: Result<Json, lab::Error>) -> Outcome {
    match result {
        Ok(line) => {
            tx.commit().await?;
            out::json(&line);
            Ok(true)
        }
        Err(lab::Error::Rows(rows)) => Ok(refused(&rows)),
        Err(lab::Error::Store(e)) => Err(e.into()),
        Err(e) => anyhow::bail!("{}", e.text()),
    }
}

async fn events(province: &Province, who: &Principal, bytes: Vec<u8>) -> Outcome {
    let cx = person::context(province, who);
    let options = CaptureOptions::default();
    let done = province.app.supply.capture(&cx, who, bytes, Format::Detect, &options).await;
    let done = match done {
        Ok(done) => done,
        Err(supply::Error::Store(e)) => return Err(e.into()),
        Err(e) => anyhow::bail!("{}", e.text()),
    };
    let problems: Vec<Json> = done.problems.iter().map(|p| p.to_json(Lang::En)).collect();
    out::json(&json!({
        "imported": done.stored.len(), "kind": "events", "capture": done.id, "state": done.state.word(),
        "events": done.events, "duplicates": done.duplicates.len(), "events_root": done.events_root, "problems": problems,
    }));
    Ok(done.state == CaptureState::Stored)
}
