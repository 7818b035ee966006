//! Files in forms: who sent one, which forms name it, and so who may read it.

use crate::effect::Authority;
use crate::{Error, Form};
use access::{Access, Principal};
use base::{Id, Instant};
use ledger::Context;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use store::attachments::{Attachments, Kept};
use store::{Sql, Store, Tx};

/// What is known of a file a form names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// Media type, found from its content.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
}

/// The files the forms of a matter name, by hash.
pub(crate) async fn named(tx: &mut Tx, matter: Id) -> Result<BTreeMap<String, FileView>, Error> {
    let rows = tx
        .query(
            "select distinct a.sha256, a.media_type, a.size from form_file f join attachment a on a.sha256 = f.sha256 where f.matter = $1",
            &[matter.into()],
        )
        .await?;
    let view = |row: store::Row| {
        let file = FileView { media_type: row.text("media_type")?, size: row.int("size")? };
        Ok((row.text("sha256")?, file))
    };
    rows.into_iter().map(view).collect()
}

/// Records a kept file and who sent it. Only its sender, and those who may read it already, can name it in a form.
///
/// # Errors
/// When the store fails.
pub async fn record_file(
    tx: &mut Tx,
    cx: &Context,
    attachments: &Attachments,
    kept: &Kept,
) -> Result<(), Error> {
    let attachment = attachments.record(tx, kept, cx.now).await?;
    if let Some(account) = cx.actor.account {
        tx.exec(
            "insert into file_upload (sha256, account, at) values ($1, $2, $3) on conflict (sha256, account) do nothing",
            &[attachment.sha256.as_str().into(), account.into(), cx.now.into()],
        )
        .await?;
    }
    Ok(())
}

/// Whether a person may read a file: it is named by a form of a matter they may see, or of a task they may see; the operator
/// concerned, by a form of its own. To know a hash is not enough.
///
/// # Errors
/// When the store fails.
pub async fn may_read_file(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    sha256: &str,
) -> Result<bool, Error> {
    Ok(!store.select(&readable(access, who, now, sha256)).await?.is_empty())
}

fn readable(access: &Access, who: &Principal, now: Instant, sha256: &str) -> Sql {
    let mut sql = Sql::new("select f.entry from form_file f join matter m on m.id = f.matter ");
    sql.push("left join task t on t.id = f.task where f.sha256 = ").bind(sha256);
    if let Some(party) = who.operator {
        // of the file of a matter a party reads what came from its side
        sql.push(" and exists (select 1 from form_entry e left join account a on a.id = e.account where e.id = f.entry and (e.account = ");
        sql.bind(who.account).push(" or a.operator = ").bind(party).push("))");
    }
    sql.push(" and ((");
    let matters = access.scope(who, "view", "matter", now).with_agency("m.agency");
    sql.append(&matters.sql("m.region", Some("m.classification"), Some("m.party")));
    sql.push(") or (t.id is not null and (");
    let tasks = access.scope(who, "view", "task", now).with_agency("t.agency");
    sql.append(&tasks.sql("t.region", Some("t.classification"), Some("t.operator")));
    sql.push(")) or exists (select 1 from matter_agency a where a.matter = m.id and ");
    let guests = access.scope(who, "view", "matter", now).with_agency("a.agency");
    sql.append(&guests.sql("m.region", Some("m.classification"), Some("m.party")));
    sql.push(")) limit 1");
    sql
}

/// Whether a file may be named in a form by whoever acts. The system's own steps name what a person sent before.
pub(crate) async fn may_name(
    tx: &mut Tx,
    authority: &Authority<'_>,
    now: Instant,
    sha256: &str,
) -> Result<bool, Error> {
    let Authority::Person { access, who } = authority else {
        let row = tx.first("select sha256 from attachment where sha256 = $1", &[sha256.into()]).await?;
        return Ok(row.is_some());
    };
    let own = tx
        .first(
            "select sha256 from file_upload where sha256 = $1 and account = $2",
            &[sha256.into(), who.account.into()],
        )
        .await?;
    Ok(own.is_some() || !tx.select(&readable(access, who, now, sha256)).await?.is_empty())
}

/// Notes which files a kept form names.
pub(crate) async fn name_files(
    tx: &mut Tx,
    form: &Form,
    body: &Map<String, Json>,
    (entry, matter, task): (Id, Id, Option<Id>),
) -> Result<(), Error> {
    for (_, sha256) in form.files(body) {
        tx.exec(
            "insert into form_file (sha256, entry, matter, task) values ($1, $2, $3, $4) on conflict (sha256, entry) do nothing",
            &[sha256.into(), entry.into(), matter.into(), task.into()],
        )
        .await?;
    }
    Ok(())
}
