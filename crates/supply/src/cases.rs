//! Cases kept with what they belong to, a matter or a signal: set by set as cases come, each with the ranking of its day.

use crate::{Answer, Choice, Error, Question, Reply, Supply};
use access::Principal;
use async_trait::async_trait;
use base::{Id, Instant, Text};
use ledger::{Context, Entry, Permit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use store::Row;

/// Suspects kept of a ranking.
const SUSPECTS: usize = 10;
/// Sets of one file shown.
const SHOWN: i64 = 50;

/// What cases are kept with: whoever keeps matters and signals says who may see and change them. `shian` implements it.
#[async_trait]
pub trait CaseFiles: Send + Sync {
    /// The right to `view` or `act` on `about` (`matter:ID`, `signal:ID`), and the region it belongs to.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::Wrong`] for one that takes no more; storage.
    async fn permit(
        &self,
        who: &Principal,
        action: &'static str,
        about: &str,
        now: Instant,
    ) -> Result<(Permit, String), Error>;
}

/// Where nothing keeps cases.
#[derive(Debug)]
pub(crate) struct NoFiles;

#[async_trait]
impl CaseFiles for NoFiles {
    async fn permit(
        &self,
        _: &Principal,
        _: &'static str,
        about: &str,
        _: Instant,
    ) -> Result<(Permit, String), Error> {
        Err(Error::NotFound(about.to_owned()))
    }
}

/// A suspect as it was ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptSuspect {
    /// Site key.
    pub place: String,
    /// Its name then.
    pub name: String,
    /// Likelihood among the suspects, 0 to 1.
    pub posterior: f64,
    /// FoodChain-Lab's score.
    pub score: f64,
    /// Cases it explains.
    pub cases: usize,
}

/// Cases kept, with what was found of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseSet {
    /// The record.
    pub id: Id,
    /// `matter:ID` or `signal:ID`.
    pub about: String,
    /// The cases, a line each as they are typed.
    pub lines: Vec<String>,
    /// What was found, in a sentence.
    pub summary: Text,
    /// The first of the ranking.
    pub suspects: Vec<KeptSuspect>,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
    /// Capture position the ranking stands on.
    pub position: i64,
    /// Who kept it.
    pub saved_by: String,
    /// When.
    pub saved_at: Instant,
}

/// What comes of keeping cases.
#[derive(Debug)]
pub enum KeptCases {
    /// They are kept under this id.
    Saved(Id),
    /// What was typed means nothing or more than one thing: choose.
    Choose(Vec<Choice>),
}

fn sealed(id: Id) -> String {
    format!("case_set:{id}")
}

impl Supply {
    /// The same with somebody who keeps matters and signals.
    #[must_use]
    pub fn with_case_files(mut self, files: Arc<dyn CaseFiles>) -> Self {
        self.case_files = files;
        self
    }

    /// Ranks cases ([`Question::Source`]) and keeps them with a matter or signal. Needs `act` on it, and the right to see
    /// every case's lot.
    ///
    /// # Errors
    /// As [`Supply::ask`] and [`CaseFiles::permit`].
    pub async fn save_cases(
        &self,
        cx: &Context,
        who: &Principal,
        about: &str,
        parameters: &[(String, String)],
    ) -> Result<KeptCases, Error> {
        let (permit, region) = self.case_files.permit(who, "act", about, cx.now).await?;
        let answer = match self.ask(cx, who, Question::Source, parameters).await? {
            Reply::Answer(answer) => answer,
            Reply::Choose(choices) => return Ok(KeptCases::Choose(choices)),
        };
        let given = parameters.iter().filter(|(name, _)| name == "case").flat_map(|(_, value)| value.lines());
        let lines: Vec<&str> = given.map(str::trim).filter(|line| !line.is_empty()).collect();
        let suspects = suspects(&answer);
        let id = cx.id();
        let text = lines.join("\n");
        let seal = self.access.vault().seal(&sealed(id), &text).map_err(|_| Error::Interrupted)?;
        let cases = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let kept = serde_json::to_string(&suspects)
            .map_err(|e| store::Error::Setup(format!("a ranking does not serialise: {e}")))?;
        let mut tx = self.store.begin().await?;
        tx.exec(
            "insert into case_set (id, about, lines, cases, zh, en, suspects, truncated, position, saved_by, saved_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                id.into(),
                about.into(),
                seal.into(),
                cases.into(),
                answer.summary.zh.as_ref().into(),
                answer.summary.en.as_ref().into(),
                kept.into(),
                answer.truncated.into(),
                answer.position.into(),
                cx.actor.login.as_str().into(),
                cx.now.into(),
            ],
        )
        .await?;
        let body = json!({ "set": id, "cases": cases, "position": answer.position,
            "suspects": suspects.iter().map(|s| &s.place).collect::<Vec<_>>() });
        let private = Some(json!({ "lines": lines }));
        let entry = Entry { kind: "cases.saved", region, subject: about.to_owned(), body, private };
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        Ok(KeptCases::Saved(id))
    }

    /// The sets kept with a matter or signal, newest first. Needs `view` on it.
    ///
    /// # Errors
    /// As [`CaseFiles::permit`]; storage.
    pub async fn case_sets(&self, who: &Principal, now: Instant, about: &str) -> Result<Vec<CaseSet>, Error> {
        self.case_files.permit(who, "view", about, now).await?;
        let rows = self
            .store
            .query(
                "select * from case_set where about = $1 order by id desc limit $2",
                &[about.into(), SHOWN.into()],
            )
            .await?;
        rows.iter().map(|row| self.read_set(row)).collect()
    }

    fn read_set(&self, row: &Row) -> Result<CaseSet, Error> {
        let id = row.id("id")?;
        let text = self
            .access
            .vault()
            .open_text(&sealed(id), &row.bytes("lines")?)
            .map_err(|_| Error::Interrupted)?;
        Ok(CaseSet {
            id,
            about: row.text("about")?,
            lines: text.lines().map(ToOwned::to_owned).collect(),
            summary: Text::new(row.text("zh")?, row.text("en")?),
            suspects: row.json("suspects")?,
            truncated: row.flag("truncated")?,
            position: row.int("position")?,
            saved_by: row.text("saved_by")?,
            saved_at: row.instant("saved_at")?,
        })
    }
}

/// The first of an answer's ranking.
fn suspects(answer: &Answer) -> Vec<KeptSuspect> {
    let Some(outbreak) = &answer.outbreak else { return Vec::new() };
    let score =
        |id: &str| outbreak.scores.stations.iter().find(|s| s.id == id).map_or(0.0, |s| s.score.score);
    (outbreak.ranking.stations.iter().take(SUSPECTS))
        .map(|s| KeptSuspect {
            place: s.id.clone(),
            name: answer.legend.place_name(&s.id),
            posterior: s.posterior,
            score: score(&s.id),
            cases: s.reasons.len(),
        })
        .collect()
}
