//! Models as they were learnt, for reading.

use crate::{Aim, Error, Target};
use access::{Principal, Resource};
use base::{Date, Id, Instant, Text};
use risk::target::measure::Reliability;
use risk::target::{Fair, Window};
use serde::{Deserialize, Serialize};
use store::{Row, Sql, Store};

/// The settings a model was learnt with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Seed of everything random.
    pub seed: u64,
    /// Windows of the proof.
    pub windows: u32,
    /// Days of a window.
    pub horizon: i32,
    /// Forests averaged.
    pub forests: u32,
    /// Trees of a forest.
    pub trees: u32,
    /// Splits below one another at most.
    pub depth: u32,
    /// Weight of the trees against the ridge.
    pub share_of_trees: f64,
    /// Penalty of the ridge.
    pub penalty: f64,
}

/// What a model says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Settings.
    pub settings: Settings,
    /// Names of the features; [`crate::meaning`] tells what they say.
    pub features: Vec<String>,
    /// Columns left out, with the reason.
    pub left_out: Vec<(String, String)>,
    /// The windows of the proof, oldest first, with chance and perfect foresight beside.
    pub windows: Vec<Window>,
    /// Stated chance against share found over all windows.
    pub reliability: Vec<Reliability>,
    /// How groups fare.
    pub fairness: Vec<Fair>,
    /// SHA-256 over the scores in order, hex.
    pub scores: String,
}

/// A model in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRow {
    /// Record id.
    pub id: Id,
    /// What for.
    pub aim: Aim,
    /// Region.
    pub region: String,
    /// When it was learnt.
    pub made: Instant,
    /// First visit learnt from.
    pub from: Date,
    /// Last visit learnt from.
    pub to: Date,
    /// Visits learnt from.
    pub visits: i64,
    /// Of these, those that found something.
    pub found: i64,
    /// Subjects scored.
    pub candidates: i64,
    /// SHA-256 of settings and both tables, hex.
    pub recipe: String,
    /// The newest window of the proof; absent while the record is too short for one.
    pub newest: Option<Window>,
}

/// A model whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelDetail {
    /// As in a list.
    #[serde(flatten)]
    pub row: ModelRow,
    /// What it says of itself.
    pub body: Body,
}

/// The last try to learn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Night {
    /// What for.
    pub aim: Aim,
    /// When.
    pub at: Instant,
    /// What came of it.
    pub said: Text,
}

const MODEL: &str = "select id, aim, region, made, from_day, to_day, visits, found, candidates, recipe, body from target_model";

fn read(row: &Row) -> Result<ModelDetail, store::Error> {
    let body: Body = row.json("body")?;
    let head = ModelRow {
        id: row.id("id")?,
        aim: row.parsed("aim")?,
        region: row.text("region")?,
        made: row.instant("made")?,
        from: row.date("from_day")?,
        to: row.date("to_day")?,
        visits: row.int("visits")?,
        found: row.int("found")?,
        candidates: row.int("candidates")?,
        recipe: row.text("recipe")?,
        newest: body.windows.last().cloned(),
    };
    Ok(ModelDetail { row: head, body })
}

const NONE: Text = Text::of("模型", "model");

impl Target {
    /// Refuses whoever sees no figures at all: models speak of the whole province and name nobody.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub fn may_view(&self, who: &Principal, now: Instant) -> Result<(), Error> {
        if self.access.scope(who, "view", "figure", now).is_empty() {
            self.access.check(who, "view", &Resource::new("figure", self.region.as_str()), now)?;
        }
        Ok(())
    }

    /// Models, newest first. Needs `view` on figures.
    ///
    /// # Errors
    /// [`Error::Denied`]; storage.
    pub async fn models(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        aim: Option<Aim>,
        limit: i64,
    ) -> Result<Vec<ModelRow>, Error> {
        self.may_view(who, now)?;
        let mut sql = Sql::new(MODEL);
        if let Some(aim) = aim {
            sql.push(" where aim = ").bind(aim.word());
        }
        sql.push(" order by made desc, id desc limit ").bind(limit);
        store.select(&sql).await?.iter().map(|r| Ok(read(r)?.row)).collect()
    }

    /// One model. Needs `view` on figures.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`].
    pub async fn model(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<ModelDetail, Error> {
        self.may_view(who, now)?;
        let mut sql = Sql::new(MODEL);
        sql.push(" where id = ").bind(id);
        let rows = store.select(&sql).await?;
        Ok(read(rows.first().ok_or(Error::NotFound(NONE))?)?)
    }

    /// Whether somebody may take the tables of a model along.
    #[must_use]
    pub fn may_export(&self, who: &Principal, now: Instant) -> bool {
        self.access.allows(who, "export", &Resource::new("figure", self.region.as_str()), now)
    }

    /// One of the two tables of a model (`train` or `score`) as CSV: with the settings they repeat it anywhere. They name every
    /// subject of the province: needs `export` on figures of the whole region.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`].
    pub async fn table(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
        train: bool,
    ) -> Result<String, Error> {
        self.access.check(who, "export", &Resource::new("figure", self.region.as_str()), now)?;
        let row = store.first("select train, score from target_model where id = $1", &[id.into()]).await?;
        Ok(row.ok_or(Error::NotFound(NONE))?.text(if train { "train" } else { "score" })?)
    }

    /// The last try to learn for each aim.
    ///
    /// # Errors
    /// Storage.
    pub async fn nights(&self, store: &Store) -> Result<Vec<Night>, Error> {
        let rows =
            store.query("select aim, at, said_zh, said_en from target_night order by aim", &[]).await?;
        rows.iter()
            .map(|r| {
                Ok(Night {
                    aim: r.parsed("aim")?,
                    at: r.instant("at")?,
                    said: Text::new(r.text("said_zh")?, r.text("said_en")?),
                })
            })
            .collect::<Result<_, store::Error>>()
            .map_err(Into::into)
    }
}
