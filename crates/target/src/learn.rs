//! A model is learnt from everything known before today, proven in time order, and kept as it was learnt.

use crate::model::{Body, Settings};
use crate::{Aim, Error, Facts, Reason, Target, tables};
use base::{Date, Id, Text};
use ledger::{Context, Entry, Permit};
use risk::target::{Options, Outcome, run};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use store::{Store, Tx};

/// Days of a window of the proof: how far ahead a proposal looks.
pub const HORIZON: i32 = 60;
/// A model older than this is learnt anew although no visit was added: what is known of the places has moved on.
const STALE_DAYS: i64 = 30;
/// Windows of the proof.
const WINDOWS: u32 = 4;
/// Forests averaged.
const FORESTS: u32 = 2;
/// Seed of everything random in a model.
const SEED: u64 = 1;

/// What a try to learn brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learnt {
    /// A new model.
    New(Id),
    /// The visits are those of the newest model.
    Same(Id),
    /// The science refuses: too little on record.
    Refused(Text),
}

/// The settings of the office's models.
fn options() -> Options {
    Options { seed: SEED, windows: WINDOWS, horizon: Some(HORIZON), forests: FORESTS, ..Options::default() }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

impl Target {
    /// Learns a model for an aim and keeps it, unless the newest was learnt from the same visits within 30 days. Takes seconds of
    /// computing: not for a thread that others wait for. Work of the system: no person's right is needed.
    ///
    /// # Errors
    /// Records that cannot be read; storage or journal. Too little to learn from is no error but [`Learnt::Refused`].
    pub async fn learn(&self, store: &Store, cx: &Context, aim: Aim) -> Result<Learnt, Error> {
        let today = cx.now.china_date();
        let mut facts = self.ground.facts(aim, &self.region, today).await.map_err(Error::of_hook)?;
        if aim == Aim::Inspect {
            facts.visits.extend(crate::history::past(store).await?);
        }
        let learnt = self.learn_from(store, cx, aim, &facts).await?;
        let said = match &learnt {
            Learnt::New(_) => Text::of("已训练新模型", "a new model was learnt"),
            Learnt::Same(_) => Text::of("没有新的结果，沿用现有模型", "no new results: the model stays"),
            Learnt::Refused(text) => text.clone(),
        };
        let mut tx = store.begin().await?;
        tx.exec(
            "insert into target_night (aim, day, at, said_zh, said_en) values ($1, $2, $3, $4, $5) on conflict (aim) do update set \
             day = excluded.day, at = excluded.at, said_zh = excluded.said_zh, said_en = excluded.said_en",
            &[aim.word().into(), today.into(), cx.now.into(), said.zh.as_ref().into(), said.en.as_ref().into()],
        )
        .await?;
        tx.commit().await?;
        Ok(learnt)
    }

    async fn learn_from(
        &self,
        store: &Store,
        cx: &Context,
        aim: Aim,
        facts: &Facts,
    ) -> Result<Learnt, Error> {
        let today = cx.now.china_date();
        let (train, score) = tables(aim, facts, today);
        let (train_csv, score_csv) = (train.to_csv(), score.to_csv());
        let learnt = digest(&[&train_csv]);
        let before = store
            .first(
                "select id, learnt, made from target_model where aim = $1 order by made desc, id desc limit 1",
                &[aim.word().into()],
            )
            .await?;
        if let Some(row) = &before
            && row.text("learnt")? == learnt
            && row.instant("made")? >= cx.now.plus_seconds(-STALE_DAYS * 86_400)
        {
            return Ok(Learnt::Same(row.id("id")?));
        }
        if score.is_empty() {
            return Ok(Learnt::Refused(Text::of("没有可评分的对象", "there is nothing to score")));
        }
        let options = options();
        let outcome = match run(&train, None, &score, &options) {
            Ok(outcome) => outcome,
            // without a single visit there is no outcome to read either
            Err(e @ (risk::target::Error::TooFew { .. } | risk::target::Error::NothingToScore { .. })) => {
                return Ok(Learnt::Refused(Error::Learn(e).text()));
            }
            Err(risk::target::Error::Table(risk::table::TableError::Heading(
                base::HeadingError::NoRows { .. },
            ))) => {
                let none = risk::target::Error::TooFew { found: 0, clean: 0 };
                return Ok(Learnt::Refused(Error::Learn(none).text()));
            }
            Err(e) => return Err(e.into()),
        };
        let settings = Settings {
            seed: options.seed,
            windows: options.windows,
            horizon: HORIZON,
            forests: options.forests,
            trees: options.growth.trees,
            depth: options.growth.depth,
            share_of_trees: options.share_of_trees,
            penalty: options.penalty,
        };
        let recipe = digest(&[&json!(settings).to_string(), &train_csv, &score_csv]);
        let days = || facts.visits.iter().map(|v| v.on).filter(|d| *d < today);
        let span = (days().min().unwrap_or(today), days().max().unwrap_or(today));
        let mut tx = store.begin().await?;
        let found = train.rows().filter(|r| r.text("outcome") == Ok("1")).count();
        let kept =
            Kept { aim, recipe, learnt, train: train_csv, score: score_csv, settings, span, found, outcome };
        let id = self.keep(&mut tx, cx, facts, kept).await?;
        tx.commit().await?;
        Ok(Learnt::New(id))
    }

    async fn keep(&self, tx: &mut Tx, cx: &Context, facts: &Facts, kept: Kept) -> Result<Id, Error> {
        let Kept { aim, recipe, learnt, train, score, settings, span, found, outcome } = kept;
        let id = cx.id();
        let subjects: HashMap<&str, &crate::Subject> =
            facts.subjects.iter().map(|s| (s.key.as_str(), s)).collect();
        let mut order: Vec<usize> = (0..outcome.scores.len()).collect();
        let chance = |i: usize| outcome.scores[i].chance;
        order.sort_by(|a, b| chance(*b).total_cmp(&chance(*a)).then(a.cmp(b)));
        let mut root = Sha256::new();
        let mut values = Vec::with_capacity(order.len() * 11);
        for (place, i) in (1_i64..).zip(order) {
            let s = &outcome.scores[i];
            let Some(subject) = subjects.get(s.id.as_str()) else { continue };
            root.update(format!("{}|{}\n", s.id, s.chance).as_bytes());
            let reasons: Vec<Reason> = s
                .reasons
                .iter()
                .map(|(feature, value, change)| Reason {
                    feature: feature.clone(),
                    value: value.is_finite().then_some(*value),
                    change: *change,
                })
                .collect();
            values.extend([
                id.into(),
                s.id.as_str().into(),
                subject.operator.into(),
                subject.name.as_str().into(),
                subject.name.to_lowercase().into(),
                subject.region.as_str().into(),
                subject.kind.as_str().into(),
                subject.stage.as_str().into(),
                s.chance.into(),
                place.into(),
                json!(reasons).to_string().into(),
            ]);
        }
        let visits = outcome.learnt_from.0;
        let body = Body {
            settings,
            features: outcome.features,
            left_out: outcome.roles.left_out.into_iter().map(|(c, why)| (c, why.to_owned())).collect(),
            windows: outcome.windows,
            reliability: outcome.reliability,
            fairness: outcome.fairness,
            scores: hex::encode(root.finalize()),
        };
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let candidates = number(outcome.scores.len());
        tx.exec(
            "insert into target_model (id, aim, region, made, from_day, to_day, visits, found, candidates, seed, recipe, learnt, body, \
             train, score) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                id.into(),
                aim.word().into(),
                self.region.as_str().into(),
                cx.now.into(),
                span.0.into(),
                span.1.into(),
                number(visits).into(),
                number(found).into(),
                candidates.into(),
                i64::try_from(body.settings.seed).unwrap_or(i64::MAX).into(),
                recipe.as_str().into(),
                learnt.into(),
                json!(body).to_string().into(),
                train.into(),
                score.into(),
            ],
        )
        .await?;
        tx.exec(
            "delete from target_score where model in (select id from target_model where aim = $1)",
            &[aim.word().into()],
        )
        .await?;
        tx.insert_many(
            "insert into target_score (model, subject, operator, name, search, region, kind, stage, chance, place, reasons)",
            11,
            values,
            "",
        )
        .await?;
        let newest = body.windows.last();
        let entry = Entry {
            kind: "targeting.model_learnt",
            region: self.region.clone(),
            subject: format!("model:{id}"),
            body: json!({
                "aim": aim.word(), "recipe": recipe, "from": span.0, "to": span.1, "visits": visits, "found": found,
                "candidates": candidates, "scores": body.scores, "seed": body.settings.seed,
                "days_earlier": newest.map(|w| w.averaged.days), "auc": newest.map(|w| w.averaged.auc),
            }),
            private: None,
        };
        ledger::append(tx, cx, &Permit::system("targeting.learn"), entry).await?;
        Ok(id)
    }

    /// Whether an aim was not tried yet today, and the night's hour has come.
    ///
    /// # Errors
    /// Storage.
    pub async fn is_due(&self, store: &Store, aim: Aim, now: base::Instant) -> Result<bool, Error> {
        let today = now.china_date();
        let four = base::Instant::china(today, 4, 0);
        let row = store.first("select day from target_night where aim = $1", &[aim.word().into()]).await?;
        let last: Option<Date> = row.map(|r| r.date("day")).transpose()?;
        // a province that never tried does not wait for the night
        Ok(last.is_none_or(|day| day < today && now >= four))
    }
}

/// What is kept of a run.
struct Kept {
    aim: Aim,
    recipe: String,
    learnt: String,
    train: String,
    score: String,
    settings: Settings,
    span: (Date, Date),
    found: usize,
    outcome: Outcome,
}
