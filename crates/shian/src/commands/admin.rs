//! `shian admin`: the first administrator of a new province, and the second while there is nobody else to confirm them.

use super::Outcome;
use crate::cli::DataArgs;
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use access::NewAccount;
use anyhow::Context as _;
use base::Lang;
use ledger::{Actor, Context};
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// Creates the account with a password from `SHIAN_PASSWORD` or the first line of stdin. Nothing secret is printed.
pub(crate) async fn create(login: String, data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    log::init(config.log, true);
    let password = password()?;
    let province = Province::open(config, Purpose::Found).await?;
    let app = province.app.clone();
    let hashed = app.access.hash_password(&login, &password)?;
    let cx = Context { now: now(), ids: app.ids.clone(), actor: Actor::system("admin"), lang: Lang::Zh };
    let new = NewAccount {
        login: login.clone(),
        password: hashed,
        name: login.clone(),
        phone: None,
        region: String::new(),
        operator: None,
        must_change: false,
    };
    let mut tx = app.store.begin().await?;
    let id = access::account::create_first_account(&mut tx, &cx, &app.access, new).await?;
    tx.commit().await?;
    province.sequence().await?;
    out::json(&json!({ "account": id, "login": login, "role": "admin" }));
    drop(app);
    province.close().await;
    Ok(true)
}

/// Confirms the grants of an account that wait for a second administrator.
pub(crate) async fn confirm(login: String, data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    log::init(config.log, true);
    let province = Province::open(config, Purpose::Change).await?;
    let app = province.app.clone();
    let cx = Context { now: now(), ids: app.ids.clone(), actor: Actor::system("admin"), lang: Lang::Zh };
    let waiting = access::account::waiting_at_machine(&app.store, &login).await?;
    let mut tx = app.store.begin().await?;
    for seat in &waiting {
        access::account::confirm_at_machine(&mut tx, &cx, seat.id).await?;
    }
    tx.commit().await?;
    province.sequence().await?;
    let terms: Vec<_> = waiting.iter().map(|s| &s.grant).collect();
    out::json(&json!({ "login": login, "confirmed": terms }));
    if waiting.is_empty() {
        out::note("no grant of this account waits to be confirmed");
    }
    let some = !waiting.is_empty();
    drop(app);
    province.close().await;
    Ok(some)
}

fn password() -> anyhow::Result<String> {
    if let Ok(password) = std::env::var("SHIAN_PASSWORD") {
        return Ok(password);
    }
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        out::note("password (it is shown as you type; set SHIAN_PASSWORD to avoid that):");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("the password cannot be read from stdin")?;
    let password = line.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "no password: give it on stdin or in SHIAN_PASSWORD");
    Ok(password.to_owned())
}
