//! The one binary: configuration, command line, wiring of the office crates, the demo province.
//!
//! Main types: [`config::Config`] (where everything is), [`province::Province`] (everything opened and wired into
//! [`web::App`]). The parts that join domains live here and nowhere else: [`wiring`] implements the traits the
//! domain crates declare, [`effects`] are the consequences procedures may name. Invariants: nothing but the module
//! `out` writes to stdout; a command of the science needs no province; what a command writes goes through the same
//! functions, rights and journal as the web.

mod cli;
mod commands;
pub mod config;
mod demo;
pub mod effects;
mod log;
mod out;
pub mod province;
mod serve;
pub mod wiring;

pub use cli::{DataArgs, Role, ServeArgs};

use clap::Parser;
use std::process::ExitCode;

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    commands::run(cli::Cli::parse().command)
}
