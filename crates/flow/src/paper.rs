//! The papers a step asks for: which are on file, which are missing, and which steps bring them there.

use crate::definition::{Definition, PaperRule, Side, Transition};
use crate::live::Live;
use crate::{Basis, Error};
use base::{Id, Lang, Text};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use store::{Row, Tx};

/// A paper a step asks for, as the file stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperView {
    /// What it is.
    pub title: Text,
    /// Whether it must have been served or published, not only drafted.
    pub served: bool,
    /// The newest document of that name on file, served or not; `None` for forms and where there is none.
    pub document: Option<Id>,
    /// Whether the step may be taken as far as this paper goes.
    pub met: bool,
    /// Steps that bring it on file: name and words.
    pub steps: Vec<(String, Text)>,
    /// The clause that asks for it.
    pub basis: Basis,
}

impl PaperView {
    /// What is missing and what to do, in a line; for a paper on file, that it is.
    #[must_use]
    pub fn text(&self) -> Text {
        let say = |lang: Lang| {
            let title = self.title.get(lang);
            let steps: Vec<&str> = self.steps.iter().map(|(_, words)| words.get(lang)).collect();
            let steps = steps.join(lang.pick("”“", "\", \""));
            match (self.met, self.document.is_some(), lang) {
                (true, _, Lang::Zh) => format!("{title}：已在卷"),
                (true, _, Lang::En) => format!("{title}: on file"),
                (false, true, Lang::Zh) => {
                    format!("{title}：已起草，尚未送达或公开，须先由另一名有权限的人员在文书页发布")
                }
                (false, true, Lang::En) => {
                    format!(
                        "{title}: drafted, not yet served or published; another person with the right to publishes it first"
                    )
                }
                (false, false, Lang::Zh) if self.steps.is_empty() => format!("{title}：立项时未提交"),
                (false, false, Lang::En) if self.steps.is_empty() => {
                    format!("{title}: not handed in at the opening")
                }
                (false, false, Lang::Zh) => format!("{title}：尚无，由“{steps}”形成"),
                (false, false, Lang::En) => format!("{title}: missing; it comes with \"{steps}\""),
            }
        };
        Text::new(say(Lang::Zh), say(Lang::En))
    }
}

/// The refusal of a step some of whose papers are not on file; `None` when all are.
pub(crate) fn refusal(papers: &[PaperView]) -> Option<Text> {
    let missing: Vec<Text> = papers.iter().filter(|p| !p.met).map(PaperView::text).collect();
    if missing.is_empty() {
        return None;
    }
    let all = |lang: Lang| {
        let lines: Vec<&str> = missing.iter().map(|t| t.get(lang)).collect();
        lines.join(lang.pick("；", "; "))
    };
    Some(Text::new(
        format!("办理前须在卷的材料不齐。{}", all(Lang::Zh)),
        format!("papers that must be on file first are missing. {}", all(Lang::En)),
    ))
}

/// A heading without its template parts: `决定书：{{ facts.party }}` is 决定书.
pub(crate) fn plain(title: &Text, otherwise: &str) -> Text {
    let strip = |text: &str| {
        let mut rest = text;
        let mut out = String::new();
        while let Some(at) = rest.find("{{") {
            out.push_str(&rest[..at]);
            rest = rest[at..].find("}}").map_or("", |end| &rest[at + end + 2..]);
        }
        out.push_str(rest);
        let out = out.trim_matches(|c: char| c.is_whitespace() || matches!(c, '：' | ':' | '《' | '》'));
        if out.is_empty() { otherwise.to_owned() } else { out.to_owned() }
    };
    Text::new(strip(&title.zh), strip(&title.en))
}

impl Definition {
    /// What a paper is called.
    fn paper_title(&self, p: &PaperRule) -> Text {
        if let Some(document) = p.document.as_deref().and_then(|d| self.document(d)) {
            return plain(&document.title, &document.kind);
        }
        let Some(form) = p.form.as_deref().and_then(|f| self.form(f)) else {
            // `rulebook check` refuses a paper of a form there is not
            let name = p.form.as_deref().or(p.document.as_deref()).unwrap_or_default();
            return Text::new(name.to_owned(), name.to_owned());
        };
        match p.field.as_deref().and_then(|f| form.field(f)) {
            None => form.title.clone(),
            Some(field) => Text::new(
                format!("{}中的“{}”", form.title.zh, field.title.zh),
                format!("{} of {}", field.title.en, form.title.en),
            ),
        }
    }

    /// The steps that bring a paper on file.
    pub(crate) fn makers<'a>(&'a self, p: &'a PaperRule) -> impl Iterator<Item = &'a Transition> {
        let makes = move |t: &&Transition| match (&p.document, &p.form) {
            (Some(document), _) => t.documents.contains(document),
            (None, form) => form.is_some() && t.form == *form,
        };
        self.transitions.iter().filter(makes)
    }
}

/// Whether a field of a kept form holds something.
fn filled(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null) => false,
        Some(Json::String(text)) => !text.is_empty(),
        Some(Json::Array(all)) => !all.is_empty(),
        Some(_) => true,
    }
}

impl Live {
    /// The papers a step asks for as things stand; `scope` is what guards see.
    pub(crate) async fn papers(
        &self,
        tx: &mut Tx,
        t: &Transition,
        scope: &Json,
    ) -> Result<Vec<PaperView>, Error> {
        if t.papers.is_empty() {
            return Ok(Vec::new());
        }
        let d = &self.procedure.definition;
        let matter = [self.draft.id.into()];
        let documents = "select id, name, status from document where matter = $1 and status <> 'withdrawn' order by id desc";
        let documents = tx.query(documents, &matter).await?;
        let forms = tx.query("select form, body from form_entry where matter = $1", &matter).await?;
        let mut views = Vec::new();
        for (n, p) in t.papers.iter().enumerate() {
            if self.procedure.guards.holds(&format!("transition.{}.paper.{n}", t.id), scope)? == Some(false) {
                continue;
            }
            let (mut found, mut met) = (None, false);
            for row in &documents {
                if p.document.as_deref() == Some(row.text("name")?.as_str()) {
                    found = Some(row.id("id")?);
                    // a notice drafted anew is served anew; nothing of a drill is served, its papers are drafts
                    met = !p.served || self.drill || row.text("status")? != "draft";
                    break;
                }
            }
            for row in &forms {
                met |= p.form.as_deref() == Some(row.text("form")?.as_str()) && holds(row, p)?;
            }
            views.push(PaperView {
                title: d.paper_title(p),
                served: p.served,
                document: found,
                met,
                steps: d
                    .makers(p)
                    .filter(|t| t.by != Side::System)
                    .map(|t| (t.id.clone(), t.title.clone()))
                    .collect(),
                basis: p.basis.clone(),
            });
        }
        Ok(views)
    }
}

/// Whether a kept form is the paper asked for.
fn holds(row: &Row, p: &PaperRule) -> Result<bool, Error> {
    let Some(field) = &p.field else { return Ok(true) };
    let body: Map<String, Json> = row.json("body")?;
    Ok(filled(body.get(field)))
}
