//! `case.manifest` and `case.sign`: what goes to the police, each paper by its SHA-256, and what each agency signs of it.

use async_trait::async_trait;
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft, NewLink};
use ledger::Signer as _;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

pub(crate) const NAME: &str = "case.manifest";
pub(crate) const SIGN: &str = "case.sign";

/// Gathers the documents and files of the matter and of the case it follows from, one line each (`sha256  path in the package`, as
/// `sha256sum -c` reads it), sorted; sets `manifest` (SHA-256 of the list) and `manifest_files`, and links each paper.
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
        let (mut papers, mut files) = (BTreeMap::new(), BTreeSet::new());
        for id in std::iter::once(matter.id).chain(matter.parent) {
            for row in
                tx.query("select id, name, sha256 from document where matter = $1", &[id.into()]).await?
            {
                let path = format!("documents/{}-{}.html", row.text("name")?, row.id("id")?);
                papers.entry(row.text("sha256")?).or_insert(path);
            }
            for row in tx.query("select body from form_entry where matter = $1", &[id.into()]).await? {
                let body: Json = serde_json::from_str(&row.text("body")?).unwrap_or(Json::Null);
                files.extend(hashes(&body));
            }
        }
        for hash in files {
            let sql = "select media_type from attachment where sha256 = $1";
            let Some(row) = tx.first(sql, &[hash.as_str().into()]).await? else { continue };
            let path = format!("files/{hash}.{}", suffix(&row.text("media_type")?));
            papers.entry(hash).or_insert(path);
        }
        let lines: Vec<String> = papers.iter().map(|(hash, path)| format!("{hash}  {path}")).collect();
        let list = lines.iter().fold(String::new(), |all, line| all + line + "\n");
        let mut out = EffectOut::default();
        for (hash, line) in papers.keys().zip(&lines) {
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

/// The usual ending of a file of a media type attachments may have.
fn suffix(media_type: &str) -> &str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        "text/csv" => "csv",
        "video/mp4" => "mp4",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => "bin",
    }
}

/// An agency signs for the package: parameters `fact` (where the signed note is kept), `as` (`sent`, `received`, `copied`) and
/// `agency` (the department that signs; the matter's own when absent). The note names matter, digest of the manifest, agency, what
/// it says and when, and is signed with the agency's key.
#[derive(Debug)]
pub struct Sign {
    vault: access::Vault,
}

impl Sign {
    /// Signs with the agencies' keys of this vault.
    #[must_use]
    pub const fn new(vault: access::Vault) -> Self {
        Self { vault }
    }
}

#[async_trait]
impl Effect for Sign {
    async fn run(
        &self,
        _tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let department = params.get("agency").and_then(Json::as_str).unwrap_or(&matter.agency);
        let signer = self.vault.agency_signer(department, &matter.region);
        let text = format!(
            "shian.transfer\nmatter {}\nmanifest {}\npapers {}\nby {}\nas {}\nat {}\n",
            matter.id,
            matter.fact("manifest"),
            matter.facts.get("manifest_files").and_then(Json::as_u64).unwrap_or(0),
            signer.name(),
            super::text(params, SIGN, "as")?,
            cx.context.now.rfc3339(),
        );
        let line = signer.sign(&text).map_err(|e| flow::Error::Procedure(format!("{SIGN}: {e}")))?;
        matter.set(super::text(params, SIGN, "fact")?, format!("{text}\n{line}"));
        Ok(EffectOut::default())
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
