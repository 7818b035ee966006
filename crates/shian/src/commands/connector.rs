//! `shian connector` and `shian epcis prefixes`: settings of the exchange with others, for those at the machine.

use super::{Outcome, Usage};
use crate::cli::{ConnectorCommand, DataArgs};
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use access::Principal;
use anyhow::Context as _;
use base::{Date, Instant, Lang};
use epcis::ident::PrefixLengths;
use ledger::{Actor, Context};
use registry::PrefixSource;
use serde_json::json;
use std::path::PathBuf;
use supply::NewConnector;

async fn open(data: &DataArgs, purpose: Purpose) -> anyhow::Result<Province> {
    let config = Config::load(data)?;
    log::init(config.log, true);
    Province::open(config, purpose).await
}

fn context(province: &Province, part: &str) -> Context {
    Context { now: now(), ids: province.app.ids.clone(), actor: Actor::system(part), lang: Lang::Zh }
}

/// Who holds the machine holds the keys: the seat of an administrator of everything.
fn keeper() -> Principal {
    let grant = access::Grant {
        role: access::Role::Admin,
        region: String::new(),
        agency: String::new(),
        ceiling: 2,
        from: Date::constant(2020, 1, 1),
        to: None,
    };
    Principal { login: "machine".to_owned(), grants: vec![grant], ..Principal::anonymous() }
}

/// `shian connector`
pub(crate) async fn run(command: ConnectorCommand) -> Outcome {
    match command {
        ConnectorCommand::List { data } => {
            let province = open(&data, Purpose::Look).await?;
            for c in province.app.supply.connectors(&keeper(), now()).await? {
                out::json(&serde_json::to_value(&c)?);
            }
            province.close().await;
            Ok(true)
        }
        ConnectorCommand::Add { name, direction, url, login, query, every, since, token, data } => {
            let direction = direction.parse().map_err(Usage)?;
            let since = since.as_deref().map(Instant::parse).transpose();
            let since = since.map_err(|e| Usage(format!("--since is no RFC 3339 instant: {e}")))?;
            let province = open(&data, Purpose::Change).await?;
            let app = &province.app;
            app.outbound.check(&url)?;
            let row = app
                .store
                .first("select id from account where login = $1", &[login.as_str().into()])
                .await?
                .with_context(|| format!("there is no account {login}"))?;
            let who = access::account::principal_by_id(&app.store, &app.access, row.id("id")?, now())
                .await?
                .with_context(|| format!("the account {login} is not active"))?;
            let new = NewConnector { name, direction, url, query, secret: token, every, since };
            let cx = Context { actor: who.actor(), ..context(&province, "connector") };
            let made = app.supply.create_connector(&cx, &who, &new).await;
            let made = made.map_err(|e| anyhow::anyhow!(e.text().en.into_owned()))?;
            out::json(&serde_json::to_value(&made)?);
            province.sequence().await?;
            province.close().await;
            Ok(true)
        }
        ConnectorCommand::Pause { name, data } => change(&name, "paused", &data).await,
        ConnectorCommand::Resume { name, data } => change(&name, "active", &data).await,
        ConnectorCommand::Remove { name, data } => change(&name, "removed", &data).await,
        ConnectorCommand::Run { data } => {
            let province = open(&data, Purpose::Change).await?;
            let holder = format!("command-{}", std::process::id());
            let mut good = true;
            for (name, tally, failed) in web::connect_due(&province.app, &holder).await {
                good &= !failed;
                out::json(&json!({ "connector": name, "failed": failed, "tally": tally }));
            }
            province.sequence().await?;
            province.close().await;
            Ok(good)
        }
    }
}

async fn change(name: &str, state: &'static str, data: &DataArgs) -> Outcome {
    let province = open(data, Purpose::Change).await?;
    let (app, who) = (&province.app, keeper());
    let found = app.supply.connectors(&who, now()).await?.into_iter().find(|c| c.name == name);
    let c = found.with_context(|| format!("there is no connector {name}"))?;
    let cx = context(&province, "connector");
    app.supply.set_connector(&cx, &who, c.id, c.version, state).await?;
    out::json(&json!({ "connector": c.id, "name": name, "state": state }));
    province.sequence().await?;
    province.close().await;
    Ok(true)
}

/// `shian epcis prefixes`
pub(crate) async fn prefixes(import: Option<PathBuf>, adopt: bool, data: DataArgs) -> Outcome {
    let mut changes = Vec::new();
    if let Some(path) = &import {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let rows =
            PrefixLengths::read_list(&bytes).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
        changes.push((PrefixSource::List, rows));
    }
    if adopt {
        let rows = registry::prefix::proposed().map(|(leading, length, _)| (leading.to_owned(), length));
        changes.push((PrefixSource::Rulebook, rows.collect()));
    }
    let purpose = if changes.is_empty() { Purpose::Look } else { Purpose::Change };
    let province = open(&data, purpose).await?;
    let app = &province.app;
    for (source, rows) in &changes {
        let cx = context(&province, "prefixes");
        let mut tx = app.store.begin().await?;
        registry::set_prefixes(&mut tx, &cx, &app.access, &keeper(), *source, rows).await?;
        tx.commit().await?;
    }
    for line in registry::company_prefixes(&app.store).await? {
        out::json(&serde_json::to_value(&line)?);
    }
    if !changes.is_empty() {
        province.sequence().await?;
    }
    province.close().await;
    Ok(true)
}
