//! `shian trace`: the questions of the trace workbench on a data directory, as an account sees them.

use super::{Outcome, Usage, person};
use crate::cli::TraceArgs;
use crate::config::Config;
use crate::province::{Province, Purpose};
use crate::{log, out};
use access::Role;
use anyhow::Context as _;
use serde_json::json;
use supply::{Answer, PARAMETERS, Question, Reply};

const FORMATS: [&str; 5] = ["json", "csv", "xlsx", "parquet", "fcl"];

/// Asks one question.
pub(crate) async fn run(args: TraceArgs) -> Outcome {
    let wrong = |what: String, known: Vec<&str>| Usage(format!("{what}; there are {}", known.join(", ")));
    let Some(question) = Question::of(&args.question) else {
        let known = Question::ALL.iter().map(|q| q.key()).collect();
        return Err(wrong(format!("there is no question `{}`", args.question), known).into());
    };
    if !FORMATS.contains(&args.format.as_str()) {
        return Err(wrong(format!("there is no format `{}`", args.format), FORMATS.to_vec()).into());
    }
    if matches!(args.format.as_str(), "xlsx" | "parquet") && args.out.is_none() {
        return Err(Usage(format!("a file of {} needs a name: --out FILE", args.format)).into());
    }
    let mut parameters: Vec<(String, String)> =
        args.lots.iter().map(|lot| ("lot".to_owned(), lot.clone())).collect();
    for pair in &args.with {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Usage(format!("--with {pair}: write NAME=VALUE")).into());
        };
        if PARAMETERS.iter().all(|p| p.name != name) {
            let known = PARAMETERS.iter().map(|p| p.name).collect();
            return Err(wrong(format!("there is no parameter `{name}`"), known).into());
        }
        parameters.push((name.to_owned(), value.to_owned()));
    }
    let config = Config::load(&args.data)?;
    log::init(config.log, true);
    let province = Province::open(config, Purpose::Look).await?;
    let roles = [Role::Desk, Role::Leader, Role::Officer];
    let who = person::acting(&province, args.login.as_deref(), &roles).await?;
    let cx = person::context(&province, &who);
    let reply = province.app.supply.ask(&cx, &who, question, &parameters).await;
    let done = match reply {
        Ok(Reply::Answer(answer)) => {
            out::note(&answer.summary.to_string());
            answer.notes.iter().for_each(|note| out::note(&note.to_string()));
            write(&args, cx.lang, &answer).map(|()| true)
        }
        Ok(Reply::Choose(choices)) => {
            out::line(&json!({ "choose": choices }).to_string());
            out::note("what was given means nothing, or several things: use one of the keys");
            Ok(false)
        }
        Err(e @ (supply::Error::Wrong { .. } | supply::Error::NotFound(_) | supply::Error::Denied(_))) => {
            out::note(&e.text().to_string());
            Ok(false)
        }
        Err(e) => Err(e.into()),
    };
    province.close().await;
    done
}

fn write(args: &TraceArgs, lang: base::Lang, answer: &Answer) -> anyhow::Result<()> {
    let sheet = || answer.table.sheet(answer.question.key(), lang, &answer.legend);
    let bytes = match args.format.as_str() {
        "csv" => paper::sheet::write_csv(&sheet())?,
        "xlsx" => paper::sheet::write_xlsx(&[sheet()])?,
        "parquet" => paper::sheet::write_parquet(&sheet())?,
        "fcl" => match &answer.outbreak {
            Some(outbreak) => outbreak.fcl()?,
            None => return Err(Usage("--format fcl is for the question source".to_owned()).into()),
        },
        _ => serde_json::to_vec(&answer.json(lang, 0, usize::MAX))?,
    };
    match &args.out {
        Some(path) => std::fs::write(path, bytes).context("the file of --out cannot be written")?,
        None => out::line(String::from_utf8_lossy(&bytes).trim_end()),
    }
    Ok(())
}
