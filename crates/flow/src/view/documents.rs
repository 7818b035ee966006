//! Published documents for everybody, and one document for those who work on it.

use super::matter::{DocumentView, document_view};
use super::{Page, cursor, inside, limited, page};
use crate::Error;
use access::{Access, Principal};
use base::{Id, Instant, Text};
use serde::Serialize;
use store::words::like;
use store::{Row, Sql, Store};

/// Which public documents.
#[derive(Debug, Clone, Default)]
pub struct NoticeFilter {
    /// Kind.
    pub kind: Option<String>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Part of the heading, the number or the text.
    pub text: Option<String>,
}

/// A public document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Document.
    pub id: Id,
    /// Address part.
    pub slug: String,
    /// Kind.
    pub kind: String,
    /// Region code.
    pub region: String,
    /// The operator it concerns.
    pub operator: Option<Id>,
    /// Heading.
    pub title: Text,
    /// Body, HTML; empty in lists.
    pub html: Text,
    /// Hex SHA-256 of the Chinese body, as in the journal entry.
    pub sha256: String,
    /// The number it bears (文号).
    pub number: Option<String>,
    /// When it was published.
    pub published_at: Instant,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Instant>,
    /// Its journal entry, for the proof.
    pub journal: Id,
}

/// Public documents in force, newest first. No login needed: only documents published for everybody are in it.
///
/// # Errors
/// A bad page mark, or storage.
pub async fn notices(
    store: &Store,
    filter: &NoticeFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Notice>, Error> {
    let limit = limited(limit);
    let mut sql = Sql::new(
        "select d.id, d.slug, d.kind, d.region, d.operator, d.title_zh, d.title_en, '' as html_zh, '' as html_en, d.sha256, d.number, d.published_at, \
         d.withdrawn_at, d.journal from document d where d.audience = 'public' and d.status = 'published'",
    );
    if let Some(kind) = &filter.kind {
        sql.push(" and d.kind = ").bind(kind);
    }
    if let Some(region) = &filter.region {
        inside(&mut sql, "d.region", region);
    }
    if let Some(text) = filter.text.as_deref().filter(|t| !t.trim().is_empty()) {
        let pattern = like(text);
        sql.push(" and (lower(d.title_zh) like ")
            .bind(pattern.as_str())
            .push(" escape '\\' or lower(d.title_en) like ");
        sql.bind(pattern.as_str())
            .push(" escape '\\' or lower(coalesce(d.number, '')) like ")
            .bind(pattern.as_str())
            .push(" escape '\\' or lower(d.html_zh) like ")
            .bind(pattern)
            .push(" escape '\\')");
    }
    if let Some((at, id)) = cursor(after)? {
        sql.push(" and (d.published_at, d.id) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" order by d.published_at desc, d.id desc limit ").bind(i64::try_from(limit).unwrap_or(0) + 1);
    let rows = store.select(&sql).await?;
    let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(page(rows, limit, |n| (n.published_at.0, n.id)))
}

/// Which published documents concern something.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// A fact of the document's matter and its exact value.
    pub fact: Option<(String, String)>,
    /// What the document's matter is linked to, as `kind:id`.
    pub target: Option<String>,
    /// The operator the document concerns.
    pub operator: Option<Id>,
}

/// Public documents in force that concern something, newest first; any of the conditions suffices. No login needed.
///
/// # Errors
/// Storage.
pub async fn notices_about(store: &Store, about: &About, limit: usize) -> Result<Vec<Notice>, Error> {
    let mut certain = Sql::new("1 = 0");
    if let Some(operator) = about.operator {
        certain.push(" or d.operator = ").bind(operator);
    }
    if let Some(target) = &about.target {
        certain.push(" or exists (select 1 from matter_link l where l.matter = m.id and l.target = ");
        certain.bind(target.as_str()).push(")");
    }
    let mut sql = Sql::new(
        "select d.id, d.slug, d.kind, d.region, d.operator, d.title_zh, d.title_en, '' as html_zh, '' as html_en, d.sha256, d.number, d.published_at, \
         d.withdrawn_at, d.journal, m.facts, case when ",
    );
    sql.append(&certain);
    sql.push(
        " then 1 else 0 end as certain from document d join matter m on m.id = d.matter \
         where d.audience = 'public' and d.status = 'published' and (",
    );
    sql.append(&certain);
    if let Some((_, value)) = &about.fact {
        let text = value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        sql.push(" or m.facts like ").bind(format!("%{text}%")).push(" escape '\\'");
    }
    sql.push(") order by d.published_at desc, d.id desc");
    let mut out = Vec::new();
    for row in store.select(&sql).await? {
        let stated = || -> Result<bool, Error> {
            let Some((name, value)) = &about.fact else { return Ok(false) };
            let facts: serde_json::Value = row.json("facts")?;
            Ok(facts.get(name).and_then(serde_json::Value::as_str) == Some(value))
        };
        if row.int("certain")? == 1 || stated()? {
            out.push(read(&row)?);
            if out.len() == limit {
                break;
            }
        }
    }
    Ok(out)
}

/// A public document by its address part; a withdrawn one is given too, and says so.
///
/// # Errors
/// [`Error::NotFound`] when there is none for the public; storage.
pub async fn notice(store: &Store, slug: &str) -> Result<Notice, Error> {
    let row = store
        .first(
            "select id, slug, kind, region, operator, title_zh, title_en, html_zh, html_en, sha256, number, published_at, withdrawn_at, journal \
             from document where slug = $1 and audience = 'public' and published_at is not null and status <> 'ended'",
            &[slug.into()],
        )
        .await?;
    row.as_ref().map(read).transpose()?.ok_or_else(|| {
        Error::NotFound(Text::of(
            "没有这份公告，请从公告列表打开",
            "there is no such notice; open it from the list",
        ))
    })
}

fn read(row: &Row) -> Result<Notice, Error> {
    Ok(Notice {
        id: row.id("id")?,
        slug: row.text("slug")?,
        kind: row.text("kind")?,
        region: row.text("region")?,
        operator: row.opt_id("operator")?,
        title: Text::new(row.text("title_zh")?, row.text("title_en")?),
        html: Text::new(row.text("html_zh")?, row.text("html_en")?),
        sha256: row.text("sha256")?,
        number: row.opt_text("number")?,
        published_at: row.instant("published_at")?,
        withdrawn_at: row.opt_instant("withdrawn_at")?,
        journal: row.id("journal")?,
    })
}

/// A document as it stood in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentVersion {
    /// Number, from 1.
    pub version: i64,
    /// Heading.
    pub title: Text,
    /// Body, HTML.
    pub html: Text,
    /// Hex SHA-256 of the Chinese body.
    pub sha256: String,
    /// Login of who wrote it.
    pub login: String,
    /// Why it was changed.
    pub note: Option<String>,
    /// When.
    pub at: Instant,
}

/// Every version of a document, newest first, for those who may see it.
///
/// # Errors
/// As [`document`].
pub async fn document_versions(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    id: Id,
) -> Result<Vec<DocumentVersion>, Error> {
    document(store, access, who, now, id).await?;
    let rows = store
        .query(
            "select version, title_zh, title_en, html_zh, html_en, sha256, login, note, at from document_version \
             where document = $1 order by version desc",
            &[id.into()],
        )
        .await?;
    let read = |row: Row| -> Result<DocumentVersion, Error> {
        Ok(DocumentVersion {
            version: row.int("version")?,
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            html: Text::new(row.text("html_zh")?, row.text("html_en")?),
            sha256: row.text("sha256")?,
            login: row.text("login")?,
            note: row.opt_text("note")?,
            at: row.instant("at")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// What a public document is about: the subject of its matter and every record the matter is linked to, as `kind:id`. No
/// login needed: the caller shows those that are public themselves.
///
/// # Errors
/// Storage.
pub async fn notice_targets(store: &Store, id: Id) -> Result<Vec<String>, Error> {
    let rows = store
        .query(
            "select m.subject as target from document d join matter m on m.id = d.matter \
             where d.id = $1 and d.audience = 'public' and d.published_at is not null and d.status <> 'ended' \
             union select l.target from document d join matter_link l on l.matter = d.matter \
             where d.id = $1 and d.audience = 'public' and d.published_at is not null and d.status <> 'ended' order by target",
            &[id.into()],
        )
        .await?;
    rows.iter().map(|r| Ok(r.text("target")?)).collect()
}

/// A document in any state, for those who may see it.
///
/// # Errors
/// [`Error::NotFound`] when there is none or it is not the person's to see; storage.
pub async fn document(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    id: Id,
) -> Result<DocumentView, Error> {
    let row = store
        .first(
            "select d.id, d.matter, d.name, d.kind, d.region, d.agency, d.operator, d.classification, d.title_zh, d.title_en, d.html_zh, \
             d.html_en, d.status, d.audience, d.submitter, d.slug, d.number, d.published_at, d.public_until, d.journal, d.version, d.served_on, m.drill \
             from document d join matter m on m.id = d.matter where d.id = $1",
            &[id.into()],
        )
        .await?;
    let view =
        row.map(|r| document_view(&r, access, who, now, None, r.flag("drill")?)).transpose()?.flatten();
    view.ok_or_else(|| Error::missing(&Text::of("文书", "document"), id))
}
