//! The signed heads: each must be signed and say what its columns say.

use super::Report;
use crate::Error;
use crate::merkle::Hash;
use crate::note;
use base::Text;
use std::collections::BTreeMap;
use store::Tx;

/// The heads of the tree.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Root by size of every checkpoint whose signature holds.
    pub(super) roots: BTreeMap<u64, Hash>,
    /// Largest size among the others.
    pub(super) unsigned: i64,
}

impl Heads {
    /// Reads and checks every checkpoint.
    pub(super) async fn read(tx: &mut Tx, trusted: Option<&str>, report: &mut Report) -> Result<Self, Error> {
        let mut keys: Vec<String> = trusted.map(str::to_owned).into_iter().collect();
        for row in tx.query("select vkey from log_key order by at, vkey", &[]).await? {
            let key = row.text("vkey").unwrap_or_default();
            if note::parse_key(&key).is_err() {
                report.add(
                    None,
                    None,
                    "log_key.vkey",
                    Text::of("验证公钥已被改动。", "a verifier key was changed"),
                );
            } else if trusted.is_none() {
                keys.push(key);
            }
        }
        let mut heads = Self::default();
        let mut from = -1;
        loop {
            let sql = "select size from log_checkpoint where size > $1 order by size limit 500";
            let sizes = tx.query(sql, &[from.into()]).await?;
            if sizes.is_empty() {
                return Ok(heads);
            }
            for row in sizes {
                from = row.int("size")?;
                report.checkpoints += 1;
                heads.check(tx, from, &keys, report).await?;
            }
        }
    }

    async fn check(
        &mut self,
        tx: &mut Tx,
        size: i64,
        keys: &[String],
        report: &mut Report,
    ) -> Result<(), Error> {
        let sql = "select root, at, note from log_checkpoint where size = $1";
        let row = tx.first(sql, &[size.into()]).await;
        let mut add = |column: &str, zh: String, en: String| {
            report.add(None, None, format!("log_checkpoint.{column} (size {size})"), Text::new(zh, en));
        };
        let Ok(Some(row)) = row else {
            self.unsigned = self.unsigned.max(size);
            add("note", "检查点无法读取。".into(), "the checkpoint cannot be read".into());
            return Ok(());
        };
        let text = row.text("note").unwrap_or_default();
        let opened: Vec<_> = keys.iter().map(|key| note::open(&text, key)).collect();
        let Some(head) = opened.iter().find_map(|r| r.as_ref().ok()) else {
            self.unsigned = self.unsigned.max(size);
            let why = opened.into_iter().find_map(Result::err);
            let why = why.map_or_else(|| "there is no key".to_owned(), |e| e.to_string());
            add("note", format!("检查点签名无效（{why}）。"), format!("the checkpoint does not hold: {why}"));
            return Ok(());
        };
        if i64::try_from(head.size).ok() != Some(size) {
            let signed = head.size;
            add(
                "size",
                format!("检查点大小与签名不符，签名为 {signed}。"),
                format!("the size is not the signed {signed}"),
            );
        }
        if row.bytes("root").ok().as_deref() != Some(head.root.as_slice()) {
            add("root", "检查点根哈希与签名不符。".into(), "the root is not the signed one".into());
        }
        if row.instant("at").ok() != Some(head.at) {
            add("at", "检查点时间与签名不符。".into(), "the time is not the signed one".into());
        }
        report.origin = Some(head.origin.clone());
        self.roots.insert(head.size, head.root);
        Ok(())
    }
}
