//! Documents after their draft: publication and withdrawal by other eyes, with a journal entry that commits to every byte
//! published.

use crate::effect::Authority;
use crate::live::{Live, Step, html_hashes};
use crate::step::take_steps;
use crate::{Engine, Error, drill};
use access::{Access, Principal, Resource};
use base::{Id, Text};
use ledger::{Appended, Context};
use serde_json::json;
use store::{Row, Tx};

/// A document published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its address part: `/notices/SLUG`.
    pub slug: String,
    /// The journal entry that commits to its content.
    pub journal: Appended,
    /// The number it was given (文号).
    pub number: Option<String>,
    /// `public`, `party` or `internal`: only a public one has an address everybody may open.
    pub audience: String,
    /// Its version now.
    pub version: i64,
}

pub(crate) async fn lock(tx: &mut Tx, engine: &Engine, id: Id) -> Result<(Live, Row), Error> {
    let missing = || Error::missing(&Text::of("文书", "document"), id);
    let row =
        tx.first("select matter from document where id = $1", &[id.into()]).await?.ok_or_else(missing)?;
    let live = Live::lock(tx, engine, row.id("matter")?).await?;
    let row = tx
        .one(
            "select name, kind, region, agency, operator, classification, title_zh, title_en, html_zh, html_en, status, audience, \
             submitter, slug, version from document where id = $1",
            &[id.into()],
        )
        .await?;
    Ok((live, row))
}

pub(crate) fn resource(row: &Row) -> Result<Resource, Error> {
    let mut resource = Resource::new("document", row.text("region")?)
        .of_agency(row.text("agency")?)
        .of_operator(row.opt_id("operator")?)
        .classified(u8::try_from(row.int("classification")?).unwrap_or(2));
    resource.submitter = row.opt_id("submitter")?;
    Ok(resource)
}

/// Publishes a draft to its audience. Needs `publish` on the document; who drafted it cannot publish it. Clocks that
/// wait for it are met and the step its rule names is taken.
///
/// # Errors
/// [`Error::Conflict`] when it changed after `expected`; [`Error::Denied`]; [`Error::Refused`] when it is not a draft.
pub async fn publish_document(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    document: Id,
    expected: i64,
) -> Result<Published, Error> {
    let (mut live, row) = lock(tx, engine, document).await?;
    let right = ("publish", &resource(&row)?);
    let permit = live.permit(tx, engine, Authority::Person { access, who }, right, cx.now).await?;
    if row.int("version")? != expected {
        return Err(live.conflict(tx, who, Some(document), expected).await?);
    }
    if row.opt_id("submitter")?.is_some_and(|s| Some(s) == cx.actor.account) {
        return Err(Error::refused(
            "文书由您本人起草，请由他人审核发布（双人制约）",
            "you drafted the document; another person must publish it (four eyes)",
        ));
    }
    if live.drill {
        return Err(drill::refused());
    }
    if row.text("status")? != "draft" {
        return Err(Error::refused(
            "文书不是草稿，不能发布",
            "the document is not a draft; it cannot be published",
        ));
    }
    let (name, slug, audience) = (row.text("name")?, row.text("slug")?, row.text("audience")?);
    live.told_in_time(engine.calendar(), &name, cx.now)?;
    let html = Text::new(row.text("html_zh")?, row.text("html_en")?);
    let (zh, en) = html_hashes(&html);
    let procedure = live.procedure.clone();
    let until = procedure.definition.public_until(&name, cx.now, engine.calendar());
    let number = match procedure.definition.document(&name).and_then(|d| d.number.as_deref()) {
        Some(pattern) => {
            Some(crate::number::next(tx, cx.now, &live.draft.region, &live.draft.agency, pattern).await?)
        }
        None => None,
    };
    live.done.insert(
        "document".to_owned(),
        json!({
            "id": document, "slug": slug, "number": number, "until": until.map(|u| u.rfc3339()), "kind": row.text("kind")?, "audience": audience,
            "title": {"zh": row.text("title_zh")?, "en": row.text("title_en")?},
            "sha256": {"zh": zh, "en": en},
        }),
    );
    let version = expected + 1;
    let event = format!("document:{name}");
    live.meet_clocks(tx, cx, engine, std::slice::from_ref(&event), None).await?;
    live.serve_clocks(tx, cx, engine, &event).await?;
    live.version += 1;
    live.save(tx, engine).await?;
    let step = Step {
        kind: "document",
        name: &name,
        from: None,
        to: None,
        form: None,
        target: Some(document),
        note: None,
        version,
    };
    let journal = live.record(tx, cx, &permit, "document.published", step, None).await?;
    tx.exec_one(
        "update document set status = 'published', published_by = $2, published_at = $3, journal = $4, sha256 = $5, \
         classification = case when audience = 'public' then 0 else classification end, version = $6, public_until = $7, number = $8 \
         where id = $1",
        &[
            document.into(),
            cx.actor.account.into(),
            cx.now.into(),
            journal.id.into(),
            zh.into(),
            version.into(),
            until.into(),
            number.clone().into(),
        ],
    )
    .await?;
    let next = procedure.definition.document(&name).and_then(|d| d.on_published.as_deref());
    let next = next.and_then(|t| procedure.definition.transition(t));
    if let Some(t) = next.filter(|t| t.from.contains(&live.draft.state)) {
        let steps = vec![(live.draft.id, t.id.clone())];
        take_steps(tx, cx, engine, &format!("document:{name}"), steps, 0).await?;
    }
    Ok(Published { slug, journal, number, audience, version })
}

/// Withdraws a published document; it stays in the file and in the journal. Needs `publish` on the document.
///
/// # Errors
/// As [`publish_document`].
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus the reason
pub async fn withdraw_document(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    document: Id,
    expected: i64,
    reason: &str,
) -> Result<Appended, Error> {
    let (mut live, row) = lock(tx, engine, document).await?;
    let mut resource = resource(&row)?;
    resource.submitter = None; // taking back is not approving one's own work
    let right = ("publish", &resource);
    let permit = live.permit(tx, engine, Authority::Person { access, who }, right, cx.now).await?;
    if row.int("version")? != expected {
        return Err(live.conflict(tx, who, Some(document), expected).await?);
    }
    if row.text("status")? == "withdrawn" || row.text("status")? == "ended" {
        return Err(Error::refused("文书已撤回", "the document is withdrawn already"));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::refused("请填写撤回理由", "give the reason for the withdrawal"));
    }
    tx.exec_one(
        "update document set status = 'withdrawn', withdrawn_at = $2, version = version + 1 where id = $1",
        &[document.into(), cx.now.into()],
    )
    .await?;
    live.touch(tx).await?;
    let name = row.text("name")?;
    live.done.insert(
        "document".to_owned(),
        json!({"id": document, "slug": row.text("slug")?, "status": "withdrawn", "reason": reason}),
    );
    let step = Step {
        kind: "document",
        name: &name,
        from: None,
        to: None,
        form: None,
        target: Some(document),
        note: Some(reason),
        version: expected + 1,
    };
    live.record(tx, cx, &permit, "document.withdrawn", step, None).await
}
