//! What was sent with a form: its files are kept before the step is tried, and what is refused comes back with all that was typed.

use super::matter_record::People;
use crate::fault::Answer;
use crate::layout::Viewer;
use crate::session::Posted;
use crate::state::App;
use crate::ui::{self, Tone};
use crate::uploads;
use axum::http::StatusCode;
use base::Text;
use flow::{Change, Error, FieldError, Form};
use ledger::Context;
use maud::{Markup, html};
use store::Tx;
use store::attachments::Kept;

/// The files sent with a form.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Those kept, by field.
    kept: Vec<(String, Kept)>,
    /// What is wrong with the others.
    pub(crate) faults: Vec<FieldError>,
}

impl Sent {
    /// Keeps what can be kept, before any transaction.
    pub(crate) async fn keep(app: &App, posted: &Posted, form: Option<&Form>) -> Answer<Self> {
        uploads::admit(app, &posted.viewer.who, posted.files.iter().map(|f| f.bytes.len()).sum()).await?;
        let (mut kept, mut faults) = (Vec::new(), Vec::new());
        for file in &posted.files {
            match app.attachments.keep(file.bytes.to_vec()).await {
                Ok(k) => kept.push((file.field.clone(), k)),
                Err(store::Error::Refused(text)) => {
                    let leaf = file.field.split('.').next().unwrap_or_default();
                    let known = form.and_then(|f| f.field(leaf)).map(|f| f.title.clone());
                    let title = known.unwrap_or_else(|| Text::of("附件", "File"));
                    faults.push(FieldError { field: file.field.clone(), title, text });
                }
                Err(e) => return Err(e.into()),
            }
        }
        Ok(Self { kept, faults })
    }

    /// Field and hash of each file kept.
    pub(crate) fn hashes(&self) -> Vec<(String, String)> {
        self.kept.iter().map(|(field, k)| (field.clone(), k.attachment().sha256.clone())).collect()
    }

    /// Records who sent them.
    pub(crate) async fn record(&self, tx: &mut Tx, cx: &Context, app: &App) -> Answer<()> {
        for (_, kept) in &self.kept {
            flow::record_file(tx, cx, &app.attachments, kept).await?;
        }
        Ok(())
    }

    /// Records them by themselves: the form they came with was refused, and names them when it comes again.
    pub(crate) async fn remain(&self, cx: &Context, app: &App) -> Answer<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let mut tx = app.store.begin().await?;
        self.record(&mut tx, cx, app).await?;
        Ok(tx.commit().await?)
    }
}

/// Why what was sent came back.
#[derive(Debug, Default)]
pub(crate) struct Why {
    /// What is wrong with single fields.
    pub(crate) faults: Vec<FieldError>,
    /// What is wrong with the whole.
    refusal: Option<Text>,
    /// What somebody else did meanwhile, as far as the sender sees it; `None` where nobody did anything.
    changes: Option<Vec<Change>>,
}

impl Why {
    /// Faults of single fields.
    pub(crate) fn faults(faults: Vec<FieldError>) -> Self {
        Self { faults, ..Self::default() }
    }

    /// A failure whoever sent it can mend; any other is handed back.
    pub(crate) fn of(e: Error) -> Result<Self, Error> {
        match e {
            Error::Form { faults } => Ok(Self::faults(faults)),
            Error::Conflict { changes } => Ok(Self { changes: Some(changes), ..Self::default() }),
            Error::Refused(text) => Ok(Self { refusal: Some(text), ..Self::default() }),
            Error::Effect { .. } => match e.user_text() {
                Some(text) => Ok(Self { refusal: Some(text), ..Self::default() }),
                None => Err(e),
            },
            other => Err(other),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        if self.changes.is_none() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CONFLICT }
    }

    /// Said above the form: nothing of it was written, and nothing typed is lost.
    pub(crate) async fn said(&self, app: &App, viewer: &Viewer) -> Answer<Markup> {
        let lang = viewer.lang();
        let changes = self.changes.as_deref().unwrap_or_default();
        let people = People::of(app, viewer, changes.iter().map(|c| c.login.as_str()), &[]).await?;
        Ok(ui::message(
            Tone::Bad,
            &html! {
                p { strong { (if self.changes.is_none() { lang.pick("尚未保存，填写的内容都在下面。", "Nothing was saved yet; all you typed stands below.") }
                    else { lang.pick("在您打开之后，他人已作更改；您的内容未写入。请核对下列变化，再决定是否提交。", "Somebody else changed this after you opened it; nothing of yours was written. Compare, then decide whether to submit again.") }) } }
                @if let Some(text) = &self.refusal { p { (text.get(lang)) } }
                @if !self.faults.is_empty() { ul { @for f in &self.faults { li { (f.title.get(lang)) (lang.pick("：", ": ")) (f.text.get(lang)) } } } }
                @if !changes.is_empty() { ul { @for c in changes { li { (c.at.china_minute()) " " (people.login(&c.login)) " — " (c.what.get(lang)) } } } }
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_one_also_for_whoever_sees_nothing_of_what_changed() {
        let unseen = Why::of(Error::Conflict { changes: Vec::new() }).unwrap();
        assert_eq!(unseen.status(), StatusCode::CONFLICT);
        let refused = Why::of(Error::refused("不可", "no")).unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
