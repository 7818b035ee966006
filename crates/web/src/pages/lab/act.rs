//! What the laboratory posts: enter, correct, approve, return, submit, correct what was submitted.

use super::show::{Again, page};
use super::{Door, SAMPLE, correct, entry};
use crate::fault::{Answer, Fault};
use crate::session::{PostedSignedIn, context};
use crate::state::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use lab::{Error, NewResult};
use std::sync::Arc;

/// `POST /lab/samples/{id}/{action}`
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let sample: Id = id.parse().map_err(|_| Fault::not_found(&SAMPLE))?;
    let cx = context(&app, viewer);
    let entered = entry::read(&posted);
    let result: Option<Id> = posted.get("result").parse().ok();
    let correction: Option<Id> = posted.get("correction").parse().ok();
    let lines = if action == "propose_correction" { correct::read(&posted) } else { Vec::new() };
    let changes = if lines.is_empty() {
        Vec::new()
    } else {
        let d = app.lab.sample(&app.store, &viewer.who, app.now(), sample).await?;
        correct::changes(&lines, &d.results)
    };
    let mut tx = app.store.begin().await?;
    let (tx_ref, lab, who) = (&mut tx, &app.lab, &viewer.who);
    let done: Result<(), Error> = match action.as_str() {
        "results" if entered.is_empty() => Err(nothing_entered()),
        "results" => lab.enter_results(tx_ref, &cx, who, sample, entered.clone(), "create").await.map(drop),
        "correct" => match (result, entered.first()) {
            (Some(result), Some(new)) => {
                lab.correct_result(tx_ref, &cx, who, result, new.clone()).await.map(drop)
            }
            _ => Err(nothing_entered()),
        },
        "approve" => lab.approve_report(tx_ref, &cx, who, sample, posted.get("report_no")).await.map(drop),
        "return" => lab.return_report(tx_ref, &cx, who, sample, posted.get("reason")).await.map(drop),
        "submit" => lab.submit_report(tx_ref, &cx, who, sample).await.map(drop),
        "propose_correction" => {
            lab.propose_correction(tx_ref, &cx, who, sample, posted.get("reason"), changes).await.map(drop)
        }
        "issue_correction" => match correction {
            Some(c) => lab.issue_correction(tx_ref, &cx, who, c, posted.get("report_no")).await.map(drop),
            None => Err(Error::NotFound("correction".to_owned())),
        },
        "drop_correction" => match correction {
            Some(c) => lab.drop_correction(tx_ref, &cx, who, c, posted.get("reason")).await.map(drop),
            None => Err(Error::NotFound("correction".to_owned())),
        },
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    };
    match done {
        Ok(()) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("/lab/samples/{sample}")).into_response())
        }
        Err(e) => {
            tx.rollback().await?;
            let faults = faults(&e, &entered);
            let fault = Fault::from(e);
            if fault.status.is_server_error() || fault.status == StatusCode::NOT_FOUND {
                return Err(fault);
            }
            let reason = posted.get("reason").to_owned();
            let again = Again { action, faults, entered, result, lines, reason };
            let shown = page(&app, viewer, &id, Door::Bench, Some(&again)).await?;
            Ok((fault.status, shown).into_response())
        }
    }
}

fn nothing_entered() -> Error {
    Error::State(Text::of(
        "没有填写任何结果：请至少填写一项检验项目和结果。",
        "Nothing was entered: give at least one analyte and its result.",
    ))
}

/// What is wrong in words: the sentence, then each field with the value it was given.
fn faults(e: &Error, entered: &[NewResult]) -> Vec<Text> {
    let mut out = vec![e.text()];
    if let Error::Invalid(problems) = e {
        out.extend(problems.iter().map(|p| {
            // an analyte given twice is named by the second of the two
            let row = match p.field.as_str() {
                "analyte" => entered.iter().rposition(|n| n.analyte == p.value),
                "unit" => entered.iter().position(|n| n.unit.trim() == p.value),
                "lod" => entered.iter().position(|n| n.lod.as_deref() == Some(&p.value)),
                "loq" => entered.iter().position(|n| n.loq.as_deref() == Some(&p.value)),
                _ => entered.iter().position(|n| n.reported == p.value || n.subsamples.contains(&p.value)),
            };
            let (zh, en) = row.map_or_else(Default::default, |r| {
                (format!("结果 {}，", r + 1), format!("Result {}, ", r + 1))
            });
            Text::new(
                format!("{zh}{}“{}”：{}", p.label.zh, p.value, p.message.zh),
                format!("{en}{} '{}': {}", p.label.en, p.value, p.message.en),
            )
        }));
    }
    out
}
