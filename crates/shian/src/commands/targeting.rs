//! `shian targeting …`: learning from the record now, and draws of random shares repeated.

use super::{Outcome, Usage};
use crate::cli::TargetingCommand;
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use anyhow::Context as _;
use serde_json::json;
use std::path::Path;
use target::{Aim, AuditRecord, Learnt};

/// Runs a command on targeting.
pub(crate) async fn run(command: TargetingCommand) -> Outcome {
    match command {
        TargetingCommand::Verify { file } => verify(&file),
        TargetingCommand::Learn { aim, data } => {
            let aims = match aim {
                None => Aim::ALL.to_vec(),
                Some(word) => vec![word.parse().map_err(|_| Usage("--aim is `inspect` or `sample`".into()))?],
            };
            let config = Config::load(&data)?;
            log::init(config.log, true);
            let province = Province::open(config, Purpose::Change).await?;
            let mut all = true;
            for aim in aims {
                let learnt = crate::wiring::learn(&province.app, aim, now()).await?;
                let (id, said) = match &learnt {
                    Learnt::New(id) => (Some(*id), "a new model".to_owned()),
                    Learnt::Same(id) => (Some(*id), "no new results: the model stays".to_owned()),
                    Learnt::Refused(text) => (None, text.en.to_string()),
                };
                all &= id.is_some();
                out::json(&json!({ "aim": aim.word(), "model": id, "said": said }));
            }
            province.sequence().await?;
            province.close().await;
            Ok(all)
        }
    }
}

fn verify(file: &Path) -> Outcome {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let record: AuditRecord =
        serde_json::from_str(&text).with_context(|| format!("{} is no record of a draw", file.display()))?;
    let found = record.verify();
    out::json(&json!({
        "proposal": record.proposal, "root": record.root, "chosen": record.chosen.len(), "drawn_from": record.rest.len(),
        "take": record.take, "inclusion": record.inclusion(), "picked": record.drawn.as_ref().map(|d| d.picks.len()),
        "holds": found.is_empty(), "findings": found.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>(),
    }));
    Ok(found.is_empty())
}
