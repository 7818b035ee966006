//! Changing a connector, and what its fields must be.

use super::{Connector, invalid, sealed};
use crate::{Error, Supply};
use access::Principal;
use base::{Id, Text};
use ledger::{Context, Entry};
use serde_json::json;
use store::Tx;

/// What may be changed of a connector; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectorChange {
    /// Its name.
    pub name: Option<String>,
    /// Base of the other's REST binding. A token kept for another address is not sent to the new one: give it again.
    pub url: Option<String>,
    /// Named query; empty for everything.
    pub query: Option<String>,
    /// Bearer token for the other; empty takes it away.
    pub secret: Option<String>,
    /// Seconds between turns, 10 to 86,400.
    pub every: Option<i64>,
}

pub(super) fn check(name: &str, url: &str, every: i64) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > 60 {
        return Err(invalid(
            "name",
            "名称应为 1–60 个字。",
            "The name has 1–60 characters.",
            Text::of("请填写简短的名称。", "Give a short name."),
        ));
    }
    if !(10..=86_400).contains(&every) {
        return Err(invalid(
            "every",
            "间隔应为 10–86400 秒。",
            "The interval is 10–86,400 seconds.",
            Text::of("例如 300。", "For example 300."),
        ));
    }
    if url.contains(['?', '#', ' ']) || url.len() > 500 || !url.contains("://") {
        return Err(invalid(
            "url",
            "请填写对方 EPCIS 接口的网址，不含 ? 和 #。",
            "Give the address of the other's EPCIS binding, without ? and #.",
            Text::of("例如 https://epcis.example.org/epcis", "For example https://epcis.example.org/epcis"),
        ));
    }
    Ok(())
}

/// Refuses a name another connector has.
pub(super) async fn unused(tx: &mut Tx, name: &str, own: Option<Id>) -> Result<(), Error> {
    let taken = tx
        .first(
            "select id from connector where name = $1 and state <> 'removed' and id <> $2",
            &[name.into(), own.unwrap_or(Id(0)).into()],
        )
        .await?;
    match taken {
        None => Ok(()),
        Some(_) => Err(invalid(
            "name",
            "已有同名的连接。",
            "There is a connector of this name.",
            Text::of("请换一个名称。", "Choose another name."),
        )),
    }
}

impl Supply {
    /// Changes a connector, read at `version`: its maker, or who administers jobs of the region. How far it has come stays.
    /// The address must be one this server may call: that is for the caller to have checked.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`]; [`Error::Refused`] for a bad field, a name in use, or a new address while the
    /// token for the old one is kept; [`store::Error::Stale`].
    pub async fn change_connector(
        &self,
        cx: &Context,
        who: &Principal,
        id: Id,
        version: i64,
        change: &ConnectorChange,
    ) -> Result<Connector, Error> {
        let c = self.connector(who, cx.now, id).await?;
        let permit = self.may_change(who, &c, cx.now)?;
        let name = change.name.as_deref().unwrap_or(&c.name).trim().to_owned();
        let url = change.url.as_deref().unwrap_or(&c.url).trim_end_matches('/').to_owned();
        let every = change.every.unwrap_or(c.every);
        check(&name, &url, every)?;
        if url != c.url && c.has_secret && change.secret.is_none() {
            return Err(invalid(
                "secret",
                "更改网址时须重新给出令牌（或留空表示不用令牌）。",
                "With another address the token must be given again, or empty for none.",
                Text::of("旧令牌不会发往新网址。", "The old token is not sent to a new address."),
            ));
        }
        let secret = match change.secret.as_deref() {
            Some("") | None => None,
            Some(text) => Some(self.access.vault().seal(&sealed(id), text).map_err(|_| Error::Interrupted)?),
        };
        let query = change.query.as_deref().unwrap_or(&c.query).trim().to_owned();
        let mut tx = self.store.begin().await?;
        unused(&mut tx, &name, Some(id)).await?;
        tx.exec_one(
            "update connector set version = version + 1, name = $3, url = $4, query = $5, every = $6, \
             secret = case when $7 = 1 then $8 else secret end where id = $1 and version = $2",
            &[
                id.into(),
                version.into(),
                name.as_str().into(),
                url.as_str().into(),
                query.as_str().into(),
                every.into(),
                change.secret.is_some().into(),
                secret.into(),
            ],
        )
        .await?;
        let body = json!({ "connector": id, "name": name, "query": query, "every": every,
            "secret_changed": change.secret.is_some() });
        let private = Some(json!({ "url": url }));
        let subject = format!("connector:{id}");
        let entry = Entry { kind: "connector.changed", region: c.region, subject, body, private };
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        self.connector(who, cx.now, id).await
    }
}
