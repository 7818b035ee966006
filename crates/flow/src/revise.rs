//! A draft put into better words by whoever drafted it, before another person publishes it.

use crate::effect::Authority;
use crate::form::FieldError;
use crate::live::{DocumentText, Step, html_hashes, keep_version};
use crate::publish::{lock, resource};
use crate::{Engine, Error, drill};
use access::{Access, Principal};
use base::{Id, Text};
use ledger::{Appended, Context};
use serde_json::json;
use store::Tx;

/// Most characters of a heading and of a body.
const HEADING: usize = 200;
const BODY: usize = 20_000;
const NOTE: usize = 500;

/// A draft as edited: plain text, which [`crate::Render::html`] turns into safe HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Heading.
    pub title: Text,
    /// Body as text.
    pub body: Text,
    /// Why it was changed; may be empty.
    pub note: String,
}

/// Writes a draft anew. Needs `act` on the document, and only who drafted it may; a draft nobody signed becomes the editor's.
/// Every version stays on record. Gives the journal entry and the version now.
///
/// # Errors
/// [`Error::Conflict`] when it changed after `expected`; [`Error::Denied`]; [`Error::Form`] with every fault;
/// [`Error::Refused`] when it is not a draft, another person's, or nothing changed.
#[allow(clippy::too_many_arguments)] // the house shape of a writing function plus document, version and text
pub async fn revise_document(
    tx: &mut Tx,
    cx: &Context,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    document: Id,
    expected: i64,
    new: &Revision,
) -> Result<(Appended, i64), Error> {
    let (mut live, row) = lock(tx, engine, document).await?;
    let right = ("act", &resource(&row)?);
    let permit = live.permit(tx, engine, Authority::Person { access, who }, right, cx.now).await?;
    if row.int("version")? != expected {
        return Err(live.conflict(tx, who, Some(document), expected).await?);
    }
    if row.text("status")? != "draft" {
        return Err(Error::refused(
            "文书已发布或撤回，不能再修改",
            "the document is published or withdrawn; it cannot be changed any more",
        ));
    }
    let drafter = row.opt_id("submitter")?;
    if drafter.is_some() && drafter != cx.actor.account {
        return Err(Error::refused(
            "草稿由他人起草，请由起草人修改",
            "another person drafted this document; ask them to change it",
        ));
    }
    let faults = faults(new);
    if !faults.is_empty() {
        return Err(Error::Form { faults });
    }
    let mut title = Text::new(new.title.zh.trim(), new.title.en.trim());
    let body = if live.drill { drill::unmarked(&new.body) } else { new.body.clone() };
    let mut html = Text::new(engine.render.html(&body.zh), engine.render.html(&body.en));
    if live.drill {
        // the mark is no part of what is edited: a paper of a drill says so whatever is written in it
        (title, html) = (drill::marked(&title), drill::marked_body(&html));
    }
    let before = (row.text("title_zh")?, row.text("title_en")?);
    let same = |html: &str, kept: &str| engine.render.text(html) == engine.render.text(kept);
    if (title.zh.as_ref(), title.en.as_ref()) == (&before.0, &before.1)
        && same(&html.zh, &row.text("html_zh")?)
        && same(&html.en, &row.text("html_en")?)
    {
        return Err(Error::refused("内容没有改动", "nothing was changed"));
    }
    let (zh, en) = html_hashes(&html);
    let version = expected + 1;
    tx.exec_one(
        "update document set title_zh = $2, title_en = $3, html_zh = $4, html_en = $5, sha256 = $6, submitter = $7, version = $8 \
         where id = $1",
        &[
            document.into(),
            title.zh.as_ref().into(),
            title.en.as_ref().into(),
            html.zh.as_ref().into(),
            html.en.as_ref().into(),
            zh.as_str().into(),
            cx.actor.account.into(),
            version.into(),
        ],
    )
    .await?;
    let note = Some(new.note.trim()).filter(|n| !n.is_empty());
    let text = DocumentText { title: &title, html: &html, sha256: &zh, note };
    keep_version(tx, cx, document, version, &text).await?;
    live.touch(tx).await?;
    let name = row.text("name")?;
    live.done.insert(
        "document".to_owned(),
        json!({"id": document, "slug": row.text("slug")?, "version": version, "sha256": {"zh": zh, "en": en}}),
    );
    let step = Step {
        kind: "document",
        name: &name,
        from: None,
        to: None,
        form: None,
        target: Some(document),
        note,
        version,
    };
    let journal = live.record(tx, cx, &permit, "document.revised", step, None).await?;
    Ok((journal, version))
}

/// What is wrong with a revision, field by field.
fn faults(new: &Revision) -> Vec<FieldError> {
    let heading = Text::of("标题", "Heading");
    let body = Text::of("正文", "Text");
    let fields = [
        ("title_zh", &new.title.zh, &heading, HEADING),
        ("title_en", &new.title.en, &heading, HEADING),
        ("body_zh", &new.body.zh, &body, BODY),
        ("body_en", &new.body.en, &body, BODY),
    ];
    let mut out = Vec::new();
    for (field, text, title, most) in fields {
        let mut say =
            |text: Text| out.push(FieldError { field: field.to_owned(), title: title.clone(), text });
        if text.trim().is_empty() {
            say(Text::of("必填，请填写", "required; please fill it in"));
        } else if text.chars().count() > most {
            say(Text::new(
                format!("最多 {most} 字，请缩短"),
                format!("at most {most} characters; shorten it"),
            ));
        } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            say(Text::of("含有不可见的控制字符，请重新输入", "contains control characters; type it again"));
        }
    }
    if new.note.chars().count() > NOTE {
        let text =
            Text::new(format!("最多 {NOTE} 字，请缩短"), format!("at most {NOTE} characters; shorten it"));
        out.push(FieldError { field: "note".to_owned(), title: Text::of("修改说明", "Why"), text });
    }
    out
}
