//! Structured log lines on stderr. What is logged names records and logins, never persons.

use crate::config::LogFormat;
use tracing_subscriber::EnvFilter;

/// Starts logging; `quiet` for commands whose output is for programs. `SHIAN_LOG` sets other levels
/// (`info,store=debug`).
pub(crate) fn init(format: LogFormat, quiet: bool) {
    let usual = if quiet { "warn" } else { "info,sqlx=warn,tower_http=warn" };
    let filter = EnvFilter::try_from_env("SHIAN_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    // a second start in one process (tests) keeps the first
    let _ = match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
