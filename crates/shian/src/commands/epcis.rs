//! `shian epcis`: validate, hash and convert documents, without a province.

use super::Outcome;
use super::science::read;
use crate::cli::{EpcFormat, EpcisCommand, Syntax};
use crate::out;
use base::Lang;
use epcis::{Limits, Problems, Target, WriteOptions};
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// `shian epcis`
pub(crate) fn epcis(command: EpcisCommand) -> Outcome {
    match command {
        EpcisCommand::Validate { files } => Ok(validate(&files)),
        EpcisCommand::Hash { file } => match epcis::hash_report(&read(&file)?) {
            Ok(hashes) => {
                hashes.iter().for_each(|hash| out::line(hash));
                Ok(true)
            }
            Err(problems) => Ok(refused(&problems)),
        },
        EpcisCommand::Convert { to, epc_format, file } => convert(to, epc_format, &file),
        EpcisCommand::Prefixes { import, adopt, data } => {
            super::block(super::connector::prefixes(import, adopt, data))
        }
        EpcisCommand::Conformance { url, token, out } => {
            super::block(super::conformance::run(url, token, out))
        }
    }
}

fn validate(files: &[PathBuf]) -> bool {
    let limits = Limits { events: usize::MAX, ..Limits::default() };
    let mut all = true;
    for file in files {
        let name = file.display().to_string();
        // read twice and never held whole: a file may be larger than memory
        let checked = File::open(file)
            .and_then(|open| epcis::validate_stream(BufReader::with_capacity(1 << 18, open), &name, limits));
        let report = match checked {
            Ok(report) => report,
            Err(e) => {
                all = false;
                let problem = json!({ "type": "about:blank", "title": "unreadable", "detail": e.to_string(), "pointer": "" });
                out::json(&json!({ "file": name, "valid": false, "problems": [problem] }));
                continue;
            }
        };
        all &= report.valid;
        let problems: Vec<Json> = report.problems.iter().map(|p| p.to_json(Lang::En)).collect();
        out::json(
            &json!({ "file": name, "valid": report.valid, "events": report.events, "problems": problems }),
        );
    }
    all
}

fn convert(to: Syntax, epc_format: Option<EpcFormat>, file: &Path) -> Outcome {
    let target = match to {
        Syntax::Xml => Target::Xml,
        Syntax::Json => Target::Json,
    };
    let epc = match epc_format {
        None => epcis::ident::EpcFormat::Never,
        Some(EpcFormat::Uri) => epcis::ident::EpcFormat::DigitalLink,
        Some(EpcFormat::Urn) => epcis::ident::EpcFormat::Urn,
    };
    match epcis::convert(&read(file)?, target, &WriteOptions { epc, ..WriteOptions::default() }) {
        Ok(text) => {
            out::line(text.trim_end());
            Ok(true)
        }
        Err(problems) => Ok(refused(&problems)),
    }
}

/// Tells why on stderr.
fn refused(problems: &Problems) -> bool {
    for problem in &problems.0 {
        out::note(&problem.to_string());
    }
    false
}
