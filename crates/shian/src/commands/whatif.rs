//! `shian rulebook whatif` and `shian rulebook xlsform`: a procedure changed on paper, and a form written elsewhere.

use super::{Outcome, Usage};
use crate::cli::WhatIfArgs;
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use anyhow::Context as _;
use base::{Date, Instant, Text};
use flow::SheetRow;
use serde_json::json;
use std::path::Path;

/// Replays a province's matters of a span under a changed file of their procedure: a line for each duty whose outcome differs, and a last line
/// with the sums.
pub(super) async fn whatif(args: WhatIfArgs) -> Outcome {
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("{} cannot be read", args.file.display()))?;
    let config = Config::load(&args.data)?;
    log::init(config.log, true);
    let province = Province::open(config, Purpose::Look).await?;
    let app = &province.app;
    let procedure =
        app.engine.procedure_in(&args.procedure, &args.region).map_err(|e| Usage(e.to_string()))?;
    let changed = flow::changed(&procedure.definition, &text)?;
    let words = crate::effects::vocabulary(&flow::shipped()?);
    // a clock that departs from the law's row is what is being tried: said, and replayed all the same
    let (departs, faults): (Vec<_>, Vec<_>) =
        flow::check(&changed, &words).into_iter().partition(flow::Finding::departs_from_law);
    for f in &departs {
        out::json(&json!({ "warning": f.problem, "place": f.place }));
    }
    for f in &faults {
        out::json(&json!({ "problem": f.problem, "place": f.place }));
    }
    if !faults.is_empty() {
        return Ok(false);
    }
    let today = now().china_date();
    let date = |given: &Option<String>, default: Date| -> anyhow::Result<Instant> {
        let date = match given {
            Some(text) => {
                text.parse().map_err(|_| Usage(format!("`{text}` is not a date like 2026-01-31")))?
            }
            None => default,
        };
        Ok(Instant::china(date, 0, 0))
    };
    let year_ago = today.saturating_sub(jiff::ToSpan::years(1));
    let span = flow::Span {
        region: args.region.clone(),
        from: date(&args.from, year_ago)?,
        to: date(&args.to, today.tomorrow().unwrap_or(today))?,
    };
    let what = flow::whatif(&app.store, &app.engine, &changed, &span, now()).await?;
    for c in &what.changed {
        out::json(&json!(c));
    }
    out::json(&json!({
        "procedure": args.procedure, "matters": what.matters, "clocks": what.clocks, "missing_steps": what.missing_steps,
        "newly_late": what.changed.iter().filter(|c| c.would_be_late).count(),
        "no_longer_late": what.changed.iter().filter(|c| c.late).count(),
    }));
    province.close().await;
    Ok(true)
}

/// Prints an XLSForm as `forms.toml`; what could not be taken goes to stderr, a line each.
pub(super) fn xlsform(file: &Path) -> Outcome {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let tables = paper::sheet::read(&bytes, &name, &paper::sheet::Limits::default())?;
    let rows = |sheet: &str| -> Vec<SheetRow> {
        let table = tables.iter().find(|t| t.name.eq_ignore_ascii_case(sheet));
        let rows = table.into_iter().flat_map(|t| t.rows.iter().map(move |r| (t, r)));
        rows.map(|(t, r)| {
            let cells = r.cells.iter().map(|c| c.text.clone());
            t.header.iter().map(|h| h.trim().to_owned()).zip(cells).collect()
        })
        .collect()
    };
    let survey = rows("survey");
    if survey.is_empty() {
        return Err(Usage(format!("{name} has no sheet `survey`; is it an XLSForm?")).into());
    }
    let settings = rows("settings");
    let setting = |key: &str| settings.first().and_then(|r| r.get(key)).filter(|v| !v.is_empty());
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let id = setting("form_id").cloned().unwrap_or(stem);
    let title = setting("form_title").cloned().unwrap_or_else(|| id.clone());
    let converted = flow::xlsform(&id, &Text::new(title.clone(), title), &survey, &rows("choices"));
    for line in &converted.left_out {
        out::note(&format!("left out: {line}"));
    }
    out::line(converted.toml().map_err(anyhow::Error::msg)?.trim_end());
    Ok(true)
}
