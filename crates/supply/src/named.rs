//! Named queries: definitions kept under a name. A firm's are its own; authorities share theirs. What a query finds
//! is always cut to what the one who asks may see.

use crate::capture::exists_named;
use crate::{Error, Supply};
use access::Principal;
use base::{Id, Instant, Text};
use epcis::{Problem, ProblemType};
use ledger::{Context, Entry, Permit};
use serde::Serialize;
use serde_json::{Value, json};
use store::Row;

/// Raised when a query is deleted ([`store::Store::listen`]): its sockets close.
pub const QUERIES: &str = "supply.queries";
/// Characters of a name at most.
const NAME: usize = 200;

/// A query kept under a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedQuery {
    /// Record id.
    pub id: Id,
    /// Its name, unique among those of its owner.
    pub name: String,
    /// Who made it.
    pub account: Id,
    /// The parameters, as given.
    pub definition: Value,
    /// When.
    pub created: Instant,
}

/// Whose queries somebody sees: a firm's own, or those of all authorities.
fn owner(who: &Principal) -> i64 {
    who.operator.map_or(0, |o| o.0)
}

impl Supply {
    /// Keeps a query. Its definition must have been found valid.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Refused`] for an unusable name, or one that is taken (409).
    pub async fn create_query(
        &self,
        cx: &Context,
        who: &Principal,
        name: &str,
        definition: &Value,
    ) -> Result<NamedQuery, Error> {
        let permit = self.may_look(who, cx.now)?;
        if name.trim().is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(Error::Refused(vec![Problem::new(
                ProblemType::QueryValidation,
                "/name",
                Text::new(
                    format!("查询名称“{name}”不可用。"),
                    format!("The query cannot be named '{name}'."),
                ),
                Text::of("请用 1 至 200 个字符的名称。", "Give it a name of 1 to 200 characters."),
            )]));
        }
        let query = NamedQuery {
            id: cx.id(),
            name: name.to_owned(),
            account: who.account,
            definition: definition.clone(),
            created: cx.now,
        };
        let mut tx = self.store.begin().await?;
        let added = tx
            .exec(
                "insert into named_query (id, owner, name, account, definition, created) \
                 values ($1, $2, $3, $4, $5, $6) on conflict (owner, name) do nothing",
                &[
                    query.id.into(),
                    owner(who).into(),
                    name.into(),
                    who.account.into(),
                    definition.to_string().into(),
                    cx.now.into(),
                ],
            )
            .await?;
        if added == 0 {
            return Err(Error::Refused(vec![exists_named(name)]));
        }
        let entry = entry("query.created", who, &query, json!({ "name": name, "definition": definition }));
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        Ok(query)
    }

    /// Queries the reader sees, by name, after the one given, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Denied`]; storage.
    pub async fn queries(
        &self,
        who: &Principal,
        now: Instant,
        after: &str,
        limit: u32,
    ) -> Result<Vec<NamedQuery>, Error> {
        self.may_look(who, now)?;
        let rows = self
            .store
            .query(
                "select * from named_query where owner = $1 and name > $2 order by name limit $3",
                &[owner(who).into(), after.into(), i64::from(limit).into()],
            )
            .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One query.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`].
    pub async fn query(&self, who: &Principal, now: Instant, name: &str) -> Result<NamedQuery, Error> {
        self.may_look(who, now)?;
        self.query_of(who, name).await?.ok_or_else(|| Error::NotFound(format!("query {name}")))
    }

    /// The query, or nothing once it is deleted: what an open socket asks.
    ///
    /// # Errors
    /// Storage.
    pub async fn query_of(&self, who: &Principal, name: &str) -> Result<Option<NamedQuery>, Error> {
        let row = self
            .store
            .first(
                "select * from named_query where owner = $1 and name = $2",
                &[owner(who).into(), name.into()],
            )
            .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Deletes a query with its subscriptions; sockets on it close. A firm's queries belong to all of its people; an
    /// authority's to who made them and to administrators.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`].
    pub async fn delete_query(&self, cx: &Context, who: &Principal, name: &str) -> Result<(), Error> {
        let query = self.query(who, cx.now, name).await?;
        let permit = self.may_end(cx, who, query.account)?;
        let mut tx = self.store.begin().await?;
        let dropped = tx.exec("delete from subscription where query = $1", &[query.id.into()]).await?;
        tx.exec_one("delete from named_query where id = $1", &[query.id.into()]).await?;
        let entry = entry("query.deleted", who, &query, json!({ "name": name, "subscriptions": dropped }));
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.raise(QUERIES);
        tx.commit().await?;
        Ok(())
    }

    /// Whether somebody may end what an account began.
    pub(crate) fn may_end(&self, cx: &Context, who: &Principal, began: Id) -> Result<Permit, Error> {
        let permit = self.may_look(who, cx.now)?;
        if who.operator.is_some() || who.account == began {
            return Ok(permit);
        }
        Ok(self.access.check(who, "administer", &access::Resource::new("job", ""), cx.now)?)
    }
}

pub(crate) fn entry(kind: &'static str, who: &Principal, query: &NamedQuery, body: Value) -> Entry {
    let region = who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
    Entry { kind, region, subject: format!("query:{}", query.id), body, private: None }
}

pub(crate) fn read(row: &Row) -> Result<NamedQuery, store::Error> {
    Ok(NamedQuery {
        id: row.id("id")?,
        name: row.text("name")?,
        account: row.id("account")?,
        definition: row.json("definition")?,
        created: row.instant("created")?,
    })
}
