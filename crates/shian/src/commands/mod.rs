//! What each command does: 0 it was done, 1 it was refused or failed, 2 it was called wrongly.

mod admin;
mod bench;
mod bench_flow;
mod bench_journal;
mod bench_results;
mod conformance;
mod connector;
mod copies;
mod demo;
mod epcis;
mod export;
mod import;
mod journal;
mod page_times;
mod person;
mod rulebook;
mod sampling;
mod science;
mod server;
mod targeting;
mod trace;
mod transfer;
mod whatif;

use crate::cli::Command;
use crate::out;
use std::future::Future;
use std::process::ExitCode;

/// The command was called wrongly; the message says how to call it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// How a command ended.
pub(crate) type Outcome = anyhow::Result<bool>;

/// Runs a command. `Ok(false)` means refused: it has said on stdout why.
pub(crate) fn run(command: Command) -> ExitCode {
    match dispatch(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            out::note(&format!("shian: {error:#}"));
            ExitCode::from(if error.is::<Usage>() || error.is::<crate::config::ConfigError>() {
                2
            } else {
                1
            })
        }
    }
}

fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Demo(args) => block(demo::demo(args)),
        Command::Serve(args) => block(server::serve(args)),
        Command::Epcis(command) => epcis::epcis(command),
        Command::Chain(command) => science::chain(command),
        Command::Trace(args) => block(trace::run(args)),
        Command::Limits(command) => science::limits(command),
        Command::Journal(command) => journal::run(command),
        Command::Sampling(command) => sampling::run(&command),
        Command::Risk(command) => science::risk(command),
        Command::Signal(command) => science::signal(command),
        Command::Rulebook(command) => rulebook::run(command),
        Command::Transfer(command) => transfer::run(command),
        Command::Targeting(command) => block(targeting::run(command)),
        Command::Import(args) => block(import::run(args)),
        Command::Export(args) => block(export::run(args)),
        Command::Connector(command) => block(connector::run(command)),
        Command::Backup { dir, data } => block(copies::backup(dir, data)),
        Command::Restore { dir, data } => block(copies::restore(dir, data)),
        Command::Admin { login, confirm: false, data } => block(admin::create(login, data)),
        Command::Admin { login, confirm: true, data } => block(admin::confirm(login, data)),
        Command::Bench { name, size, data } => block(bench::run(name, size, data)),
    }
}

/// Runs a command that works on a province.
fn block(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
