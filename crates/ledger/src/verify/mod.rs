//! Offline verification of a whole journal: every stored byte of a sequenced record against what was signed.
//!
//! Three witnesses are compared: the canonical bytes of the rows, the hash tiles, and the signed checkpoints. Where two
//! disagree the third says which one was changed, so a finding names the record and the column. Memory grows with the
//! number of checkpoints and findings, not with the records.

mod checkpoints;
mod record;
mod tree;

use crate::Error;
use crate::entry::at_text;
use crate::tiles::signed;
use base::{Id, Text};
use checkpoints::Heads;
use record::Record;
use serde::Serialize;
use store::{Store, Tx};
use tree::Tree;

/// Findings kept with their full text; beyond it they are only counted.
const KEPT: usize = 1000;

/// Something stored that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The entry, by the id in its signed bytes where those are intact.
    pub entry: Option<Id>,
    /// Its position in the tree.
    pub position: Option<i64>,
    /// Table and column, such as `journal.region` or `log_checkpoint.note`.
    pub column: String,
    /// What is wrong.
    pub text: Text,
}

/// The outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Sequenced entries read.
    pub entries: i64,
    /// Entries still waiting for a position.
    pub waiting: i64,
    /// Checkpoints read.
    pub checkpoints: i64,
    /// Origin of the last checkpoint.
    pub origin: Option<String>,
    /// Size of the last checkpoint that holds.
    pub size: u64,
    /// Everything wrong, in the order of positions; at most 1,000.
    pub findings: Vec<Finding>,
    /// How many there are.
    pub found: usize,
}

impl Report {
    /// Whether everything stored is what was recorded.
    #[must_use]
    pub const fn intact(&self) -> bool {
        self.found == 0
    }

    fn add(&mut self, entry: Option<Id>, position: Option<i64>, column: impl Into<String>, text: Text) {
        self.found += 1;
        if self.findings.len() < KEPT {
            self.findings.push(Finding { entry, position, column: column.into(), text });
        }
    }
}

/// Verifies the journal of a store in one consistent state of it. With `trusted`, every checkpoint must be signed by
/// that verifier key; without, by any key the store itself names, which a forger of the whole store could replace.
///
/// # Errors
/// When the store cannot be read; what it holds being wrong is a finding, not an error.
pub async fn verify_journal(store: &Store, trusted: Option<&str>) -> Result<Report, Error> {
    let mut tx = store.snapshot().await?;
    let mut report = Report::default();
    let heads = Heads::read(&mut tx, trusted, &mut report).await?;
    let mut tree = Tree::new(&heads);
    report.size = tree.signed_size();
    // positions up to a head whose signature is damaged are no news; the head itself is reported
    let positions = tx.one("select count(position) as n from journal", &[]).await?.int("n")?;
    let end = heads.unsigned.min(positions).max(signed(tree.signed_size()));
    let mut next = 0;
    loop {
        let records = record::sequenced(&mut tx, next, end).await?;
        let Some(last) = records.last() else { break };
        next = last.position.unwrap_or(next) + 1;
        for record in records {
            report.entries += 1;
            if tree.follow(&mut tx, &record, &mut report).await? {
                check_columns(&record, &mut report);
                check_private(&mut tx, &record, &mut report).await?;
            }
        }
    }
    let signed_size = tree.signed_size();
    tree.fill(&mut tx, signed_size, &mut report).await?;
    let mut after = Id(i64::MIN);
    loop {
        let records = record::others(&mut tx, after, end).await?;
        let Some(last) = records.last() else { break };
        after = last.id.unwrap_or(Id(i64::MAX));
        for record in records {
            report.waiting += i64::from(record.position.is_none());
            if tree.stray(&record, &mut report) {
                check_columns(&record, &mut report);
                check_private(&mut tx, &record, &mut report).await?;
            }
        }
    }
    tree.finish(&mut tx, &mut report).await?;
    orphans(&mut tx, &mut report).await?;
    report.findings.sort_by_key(|f| f.position.unwrap_or(i64::MAX));
    Ok(report)
}

/// Compares every column with the canonical bytes.
fn check_columns(record: &Record, report: &mut Report) {
    let entry = record.signed_id();
    let mut differs = |column: &str, stored: Option<String>, signed: &str| {
        if stored.as_deref() != Some(signed) {
            report.add(
                entry,
                record.position,
                format!("journal.{column}"),
                Text::new(
                    format!("字段与签名内容不一致：签名内容为“{signed}”。"),
                    format!("the column is not what was signed, which is `{signed}`"),
                ),
            );
        }
    };
    let Some(canonical) = &record.canonical else { return };
    let signed = |name: &str| canonical[name].as_str().unwrap_or_default().to_owned();
    differs("id", record.id.map(|id| id.to_string()), &signed("id"));
    differs("at", record.at.map(at_text), &signed("at"));
    differs("kind", record.kind.clone(), &signed("kind"));
    differs("region", record.region.clone(), &signed("region"));
    differs("subject", record.subject.clone(), &signed("subject"));
    differs("actor", record.actor.clone(), &signed("actor"));
}

/// Checks the private body against its commitment; a missing one must have been erased on record.
async fn check_private(tx: &mut Tx, record: &Record, report: &mut Report) -> Result<(), Error> {
    let Some(commitment) = record.canonical.as_ref().and_then(|c| c["private"].as_str()) else {
        return Ok(());
    };
    let Some(id) = record.signed_id() else { return Ok(()) };
    let row = tx.first("select salt, body, erased_at from journal_private where id = $1", &[id.into()]).await;
    let mut add = |column: &str, zh: &'static str, en: &'static str| {
        report.add(Some(id), record.position, format!("journal_private.{column}"), Text::of(zh, en));
    };
    let Ok(row) = row else {
        add("body", "个人信息内容无法读取。", "the private body cannot be read");
        return Ok(());
    };
    let Some(row) = row else {
        add("id", "个人信息记录缺失。", "the private record is missing");
        return Ok(());
    };
    let (salt, body, erased_at) =
        (row.opt_bytes("salt")?, row.opt_text("body")?, row.opt_instant("erased_at")?);
    match (salt, body, erased_at) {
        (Some(salt), Some(body), None) => {
            if crate::entry::commit(&salt, &body) != commitment {
                add(
                    "body",
                    "个人信息内容或盐值与签名承诺不符。",
                    "the private body or its salt is not what was committed to",
                );
            }
        }
        (None, None, Some(at)) => {
            // the record of the erasure says when
            let erasures = tx
                .query(
                    "select canonical from journal where subject = $1 and kind = $2",
                    &[format!("journal:{id}").into(), crate::ERASED.into()],
                )
                .await?;
            if erasures.is_empty() {
                add(
                    "body",
                    "个人信息被删除，但没有删除记录。",
                    "the private body is gone without a record of its erasure",
                );
            } else if !erasures
                .iter()
                .any(|e| e.json::<serde_json::Value>("canonical").is_ok_and(|c| c["at"] == at_text(at)))
            {
                add("erased_at", "删除时间与删除记录不符。", "the time of erasure is not the recorded one");
            }
        }
        _ => add(
            "body",
            "个人信息内容、盐值与删除时间互相矛盾。",
            "body, salt and time of erasure contradict each other",
        ),
    }
    Ok(())
}

/// Private bodies no entry speaks of.
async fn orphans(tx: &mut Tx, report: &mut Report) -> Result<(), Error> {
    let rows = tx
        .query(
            "select p.id from journal_private p left join journal j on j.id = p.id \
             where j.id is null order by p.id limit 1000",
            &[],
        )
        .await?;
    for row in rows {
        let id = row.id("id")?;
        let renamed = report.findings.iter().any(|f| f.entry == Some(id) && f.column == "journal.id");
        if !renamed {
            report.add(
                Some(id),
                None,
                "journal_private.id",
                Text::of("个人信息没有对应的记录。", "a private body belongs to no entry"),
            );
        }
    }
    Ok(())
}
