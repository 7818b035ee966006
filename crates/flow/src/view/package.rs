//! The papers handed to another agency with a matter, as the manifest frozen at the approval lists them.

use crate::live::Live;
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Id, Instant};
use store::Store;

/// A paper of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagePaper {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Where it lies in the package.
    pub path: String,
    /// Its text when it is a document of the case; `None` for an attachment, whose bytes are kept under the hash.
    pub text: Option<String>,
}

/// What a matter hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The list as signed: a line `sha256  path` for each paper, as `sha256sum -c` reads it.
    pub manifest: String,
    /// The papers in the order of the list.
    pub papers: Vec<PackagePaper>,
}

/// The package of a matter, for whoever may see the matter: to have been sent the package is to may read its papers, those of the
/// case behind it too.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`] (needs `view`), storage.
pub async fn package(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    matter: Id,
) -> Result<Package, Error> {
    let mut tx = store.snapshot().await?;
    let live = Live::read(&mut tx, engine, matter).await?;
    live.seen_as(&mut tx, access, who, now).await?;
    let sql = "select label from matter_link where matter = $1 and kind = 'manifest' order by target";
    let (mut manifest, mut papers) = (String::new(), Vec::new());
    for row in tx.query(sql, &[matter.into()]).await? {
        let line = row.text("label")?;
        manifest.push_str(&line);
        manifest.push('\n');
        let Some((sha256, path)) = line.split_once("  ") else { continue };
        let sql = "select v.html_zh from document_version v join document d on d.id = v.document \
                   where v.sha256 = $1 and (d.matter = $2 or d.matter = $3) limit 1";
        let parent = live.draft.parent.unwrap_or(matter);
        let text = tx.first(sql, &[sha256.into(), matter.into(), parent.into()]).await?;
        let text = text.map(|r| r.text("html_zh")).transpose()?;
        papers.push(PackagePaper { sha256: sha256.to_owned(), path: path.to_owned(), text });
    }
    Ok(Package { manifest, papers })
}
