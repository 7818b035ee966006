//! `case.manifest`: the list of what goes to the police, each paper by its SHA-256, and the digest of the list.

use async_trait::async_trait;
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft, NewLink};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

pub(crate) const NAME: &str = "case.manifest";

/// Gathers the documents and files of the matter and of the case it follows from, one line each (`sha256  kind  name`), sorted;
/// sets `manifest` (SHA-256 of the list) and `manifest_files`, and links each paper.
#[derive(Debug, Clone, Copy)]
pub struct Manifest;

#[async_trait]
impl Effect for Manifest {
    async fn run(
        &self,
        tx: &mut Tx,
        _cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let mut lines = BTreeSet::new();
        let mut out = EffectOut::default();
        for id in std::iter::once(matter.id).chain(matter.parent) {
            for row in tx.query("select name, sha256 from document where matter = $1", &[id.into()]).await? {
                lines.insert(format!("{}  document  {}", row.text("sha256")?, row.text("name")?));
            }
            for row in tx.query("select body from form_entry where matter = $1", &[id.into()]).await? {
                let body: Json = serde_json::from_str(&row.text("body")?).unwrap_or(Json::Null);
                for hash in hashes(&body) {
                    lines.insert(format!("{hash}  file  {id}"));
                }
            }
        }
        let list = lines.iter().fold(String::new(), |all, line| all + line + "\n");
        for line in &lines {
            let hash = line.split(' ').next().unwrap_or_default();
            out.links.push(NewLink {
                kind: "manifest".to_owned(),
                target: format!("sha256:{hash}"),
                label: line.clone(),
            });
        }
        matter.set("manifest", hex::encode(Sha256::digest(list.as_bytes())));
        matter.set("manifest_files", lines.len());
        Ok(out)
    }
}

/// Every content hash named in an entry.
fn hashes(value: &Json) -> Vec<String> {
    let is_hash = |s: &str| s.len() == 64 && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match value {
        Json::String(s) if is_hash(s) => vec![s.clone()],
        Json::Array(all) => all.iter().flat_map(hashes).collect(),
        Json::Object(all) => all.values().flat_map(hashes).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_are_found_at_any_depth_and_nothing_else_is() {
        let h = "ab".repeat(32);
        let entry = json!({ "files": [h], "rows": [{ "photo": h.clone(), "note": "abab" }], "n": 3 });
        assert_eq!(hashes(&entry), [h.clone(), h]);
    }
}
