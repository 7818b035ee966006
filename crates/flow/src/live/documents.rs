//! Documents of a matter: drafted from templates.

use super::Live;
use crate::definition::Publication;
use crate::effect::{DocumentSource, NewDocument};
use crate::{Engine, Error, drill};
use base::{Department, Id, RegionCode, Regions, Text};
use ledger::Context;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use store::Tx;

/// Hex SHA-256 of the two bodies: what the journal entry of a publication commits to.
pub(crate) fn html_hashes(html: &Text) -> (String, String) {
    let hash = |s: &str| hex::encode(Sha256::digest(s.as_bytes()));
    (hash(&html.zh), hash(&html.en))
}

/// What a document says in one version.
pub(crate) struct DocumentText<'a> {
    pub(crate) title: &'a Text,
    pub(crate) html: &'a Text,
    /// Of the Chinese body.
    pub(crate) sha256: &'a str,
    /// Why it was changed.
    pub(crate) note: Option<&'a str>,
}

/// Keeps a version of a document.
pub(crate) async fn keep_version(
    tx: &mut Tx,
    cx: &Context,
    document: Id,
    version: i64,
    text: &DocumentText<'_>,
) -> Result<(), Error> {
    tx.exec(
        "insert into document_version (document, version, title_zh, title_en, html_zh, html_en, sha256, account, login, note, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            document.into(),
            version.into(),
            text.title.zh.as_ref().into(),
            text.title.en.as_ref().into(),
            text.html.zh.as_ref().into(),
            text.html.en.as_ref().into(),
            text.sha256.into(),
            cx.actor.account.into(),
            cx.actor.login.as_str().into(),
            text.note.into(),
            cx.now.into(),
        ],
    )
    .await?;
    Ok(())
}

impl Publication {
    /// The stored code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Party => "party",
            Self::Internal => "internal",
        }
    }
}

impl Live {
    /// Renders a declared document from its template and drafts it.
    pub(crate) async fn draft_template(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        engine: &Engine,
        name: &str,
    ) -> Result<Id, Error> {
        let procedure = self.procedure.clone();
        let d = &procedure.definition;
        let Some(rule) = d.document(name) else {
            return Err(Error::Procedure(format!("there is no document `{name}`")));
        };
        let template = |lang: &str| {
            let file = format!("{}.{lang}.html", rule.template);
            d.templates.get(&file).ok_or_else(|| {
                Error::Procedure(format!("the template templates/{file} of `{}` is missing", d.id))
            })
        };
        let source = DocumentSource { title: &rule.title, zh: template("zh")?, en: template("en")? };
        let (title, html) = engine
            .render
            .render(&source, &self.document_context(cx))
            .map_err(|source| Error::Effect { name: format!("document {name}"), source })?;
        self.insert_document(tx, cx, NewDocument { name: name.to_owned(), title: Some(title), html }).await
    }

    /// What templates see: every declared fact is there, null when absent.
    pub(crate) fn document_context(&self, cx: &Context) -> Json {
        let draft = &self.draft;
        let facts: Map<String, Json> = self
            .procedure
            .definition
            .facts
            .iter()
            .map(|f| (f.id.clone(), draft.facts.get(&f.id).cloned().unwrap_or(Json::Null)))
            .collect();
        let words: Map<String, Json> = self
            .procedure
            .definition
            .facts
            .iter()
            .map(|f| {
                (
                    f.id.clone(),
                    json!(draft.facts.get(&f.id).and_then(|v| self.procedure.definition.words(f, v))),
                )
            })
            .collect();
        let region = draft.region.parse::<RegionCode>().map_or_else(
            |_| Text::new(draft.region.as_str(), draft.region.as_str()),
            |code| Regions::builtin().full_name(&code),
        );
        let department = draft.agency.parse::<Department>();
        let office = match (&department, draft.region.parse::<RegionCode>()) {
            (Ok(department), Ok(code)) => department.organ(&code),
            _ => Text::new(
                format!("{}{}", region.zh, draft.agency),
                format!("{}, {}", draft.agency, region.en),
            ),
        };
        let agency = department
            .map_or_else(|_| Text::new(draft.agency.as_str(), draft.agency.as_str()), Department::name);
        json!({
            "matter": {
                "id": draft.id, "subject": draft.subject, "opened": self.opened_at.china_date().to_string(),
                "title_zh": draft.title.zh, "title_en": draft.title.en,
                "region_zh": region.zh, "region_en": region.en,
                "agency_zh": agency.zh, "agency_en": agency.en,
                "office_zh": office.zh, "office_en": office.en,
            },
            "facts": facts,
            "words": words,
            "today": cx.now.china_date().to_string(),
        })
    }

    /// Ends the publication of documents of these names: they leave the public lists and stay in the file.
    pub(crate) async fn end_publications(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        names: &[String],
    ) -> Result<(), Error> {
        for name in names {
            let rows = tx
                .query(
                    "select id, slug from document where matter = $1 and name = $2 and status = 'published' order by id",
                    &[self.draft.id.into(), name.as_str().into()],
                )
                .await?;
            for row in rows {
                let id = row.id("id")?;
                tx.exec(
                    "update document set status = 'ended', withdrawn_at = $2, version = version + 1 where id = $1",
                    &[id.into(), cx.now.into()],
                )
                .await?;
                let list = self.done.entry("ended").or_insert_with(|| json!([]));
                if let Json::Array(list) = list {
                    list.push(json!({"id": id, "name": name, "slug": row.text("slug")?}));
                }
            }
        }
        Ok(())
    }

    /// Drafts a document; an older draft of the same name is withdrawn in its favour.
    pub(crate) async fn insert_document(
        &mut self,
        tx: &mut Tx,
        cx: &Context,
        mut new: NewDocument,
    ) -> Result<Id, Error> {
        let Some(rule) = self.procedure.definition.document(&new.name) else {
            return Err(Error::Procedure(format!("there is no document `{}`", new.name)));
        };
        tx.exec(
            "update document set status = 'withdrawn', withdrawn_at = $3, version = version + 1 \
             where matter = $1 and name = $2 and status = 'draft'",
            &[self.draft.id.into(), new.name.as_str().into(), cx.now.into()],
        )
        .await?;
        let id = cx.id();
        let mut title = new.title.take().unwrap_or_else(|| rule.title.clone());
        let mut audience = rule.publication;
        if self.drill {
            (title, new.html) = (drill::marked(&title), drill::marked_body(&new.html));
            audience = Publication::Internal;
        }
        let (sha256, _) = html_hashes(&new.html);
        tx.exec(
            "insert into document (id, matter, name, kind, region, agency, operator, classification, title_zh, title_en, html_zh, \
             html_en, sha256, status, audience, submitter, slug, created_at, version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'draft', $14, $15, $16, $17, 1)",
            &[
                id.into(),
                self.draft.id.into(),
                new.name.as_str().into(),
                rule.kind.as_str().into(),
                self.draft.region.as_str().into(),
                self.draft.agency.as_str().into(),
                self.draft.operator.into(),
                i64::from(self.draft.classification).into(),
                title.zh.as_ref().into(),
                title.en.as_ref().into(),
                new.html.zh.as_ref().into(),
                new.html.en.as_ref().into(),
                sha256.as_str().into(),
                audience.code().into(),
                cx.actor.account.into(),
                format!("{}-{}", rule.kind.replace('_', "-"), id.to_string().to_lowercase()).into(),
                cx.now.into(),
            ],
        )
        .await?;
        let text = DocumentText { title: &title, html: &new.html, sha256: &sha256, note: None };
        keep_version(tx, cx, id, 1, &text).await?;
        let list = self.done.entry("documents").or_insert_with(|| json!([]));
        if let Json::Array(list) = list {
            list.push(json!({"id": id, "name": new.name, "sha256": sha256}));
        }
        Ok(id)
    }
}
