//! Official papers as files: what was issued is kept as it was first made, and its hash stands in the journal.

use crate::{Context, Entry, Error, Permit, append};
use serde_json::json;
use store::attachments::{Attachments, Kept};
use store::{Store, Tx};

/// Which paper: of one content there is one file for ever, whatever font or version of the program makes it later.
#[derive(Debug, Clone)]
pub struct IssuedPaper {
    /// The record it belongs to, as `kind:id`.
    pub subject: String,
    /// The region of the record.
    pub region: String,
    /// Which of its papers: `report`, `form`, `document`, `licence`.
    pub name: &'static str,
    /// `zh` or `en`.
    pub language: &'static str,
    /// Hex SHA-256 of heading and body.
    pub content: String,
}

const FIND: &str =
    "select sha256 from issued_paper where subject = $1 and name = $2 and language = $3 and content = $4";

impl IssuedPaper {
    fn key(&self) -> [store::Value; 4] {
        [self.subject.as_str().into(), self.name.into(), self.language.into(), self.content.as_str().into()]
    }

    /// The hash of the file, if the paper was issued before.
    ///
    /// # Errors
    /// Storage.
    pub async fn find(&self, store: &Store) -> Result<Option<String>, Error> {
        let row = store.first(FIND, &self.key()).await?;
        Ok(row.map(|r| r.text("sha256")).transpose()?)
    }

    /// Issues the paper: names the file and records its hash. Whoever comes second gets the hash of the first file.
    ///
    /// # Errors
    /// Storage; as [`append`].
    pub async fn issue(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        attachments: &Attachments,
        kept: &Kept,
    ) -> Result<String, Error> {
        if let Some(row) = tx.first(FIND, &self.key()).await? {
            return Ok(row.text("sha256")?);
        }
        let file = attachments.record(tx, kept, cx.now).await?;
        let entry = Entry {
            kind: "paper.issued",
            region: self.region.clone(),
            subject: self.subject.clone(),
            body: json!({
                "paper": self.name, "language": self.language, "content": self.content,
                "sha256": file.sha256, "media_type": file.media_type, "size": file.size,
            }),
            private: None,
        };
        let journal = append(tx, cx, permit, entry).await?.id;
        let [subject, name, language, content] = self.key();
        tx.exec_one(
            "insert into issued_paper (subject, name, language, content, sha256, at, journal) \
             values ($1, $2, $3, $4, $5, $6, $7)",
            &[subject, name, language, content, file.sha256.as_str().into(), cx.now.into(), journal.into()],
        )
        .await?;
        Ok(file.sha256)
    }
}
