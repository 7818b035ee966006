//! `shian admin`: the first administrator of a new province.

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
