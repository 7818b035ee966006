//! Counts as they become known.

use crate::{Error, Watch};
use base::Date;
use ledger::{Context, Entry, Permit};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::{Sql, Store, Tx, Value};

/// Cases of a hazard in a county on a day, as a source now says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCount {
    /// County code, six digits.
    pub place: String,
    /// Hazard of the plan.
    pub hazard: String,
    /// Day of the event (onset, complaint, report of the laboratory).
    pub day: Date,
    /// Cases, all of that day.
    pub cases: i64,
}

/// The days a source speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// Code prefix of the region.
    pub region: String,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

/// A series: hazard, place.
pub(crate) type Key = (String, String);

impl Watch {
    /// Takes counts that the platform's own records gave; those already known are passed over. Gives the series that changed.
    /// Hazards that are covered but have no count count zero.
    ///
    /// # Errors
    /// Storage.
    pub async fn note_counts(
        &self,
        tx: &mut Tx,
        cx: &Context,
        source: &str,
        hazards: &[&str],
        cover: &Cover,
        counts: &[NewCount],
    ) -> Result<BTreeSet<(String, String)>, Error> {
        let permit = Permit::system("watch:counts");
        self.store_counts(tx, cx, &permit, source, hazards, cover, counts, json!({})).await
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn store_counts(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        source: &str,
        hazards: &[&str],
        cover: &Cover,
        counts: &[NewCount],
        mut body: serde_json::Value,
    ) -> Result<BTreeSet<Key>, Error> {
        let known = known(tx, source, cover.first, cover.last).await?;
        let recorded = cx.now.china_date();
        let mut wanted: BTreeMap<(&str, &str, Date), i64> = BTreeMap::new();
        for c in counts {
            *wanted.entry((&c.hazard, &c.place, c.day)).or_default() += c.cases;
        }
        // what was counted before and is no more is now zero
        let in_cover = |h: &str, p: &str| hazards.contains(&h) && p.starts_with(&cover.region);
        for (h, p, d) in known.keys().filter(|(h, p, _)| in_cover(h, p)) {
            wanted.entry((h, p, *d)).or_insert(0);
        }
        let mut touched = BTreeSet::new();
        let mut values: Vec<Value> = Vec::new();
        for ((hazard, place, day), cases) in wanted {
            let before = known.get(&(hazard.to_owned(), place.to_owned(), day)).copied();
            if before.unwrap_or(0) == cases && (before.is_some() || cases == 0) {
                continue;
            }
            touched.insert((hazard.to_owned(), place.to_owned()));
            values.extend([
                hazard.into(),
                place.into(),
                day.into(),
                source.into(),
                recorded.into(),
                cases.into(),
            ]);
        }
        let rows = values.len() / 6;
        tx.insert_many(
            "insert into watch_count (hazard, place, day, source, recorded, cases)",
            6,
            values,
            "on conflict (hazard, place, day, source, recorded) do update set cases = excluded.cases",
        )
        .await?;
        for hazard in hazards {
            tx.exec(
                "insert into watch_cover (source, hazard, region, first_day, last_day) values ($1, $2, $3, $4, $5) \
                 on conflict (source, hazard, region) do update set \
                 first_day = case when excluded.first_day < watch_cover.first_day then excluded.first_day else watch_cover.first_day end, \
                 last_day = case when excluded.last_day > watch_cover.last_day then excluded.last_day else watch_cover.last_day end",
                &[
                    source.into(),
                    (*hazard).into(),
                    cover.region.as_str().into(),
                    cover.first.into(),
                    cover.last.into(),
                ],
            )
            .await?;
        }
        if rows > 0 {
            body["source"] = json!(source);
            body["rows"] = json!(rows);
            body["series"] = json!(touched.len());
            body["first"] = json!(cover.first);
            body["last"] = json!(cover.last);
            let entry = Entry {
                kind: "watch.counted",
                region: cover.region.clone(),
                subject: format!("watch:{source}"),
                body,
                private: None,
            };
            ledger::append(tx, cx, permit, entry).await?;
        }
        Ok(touched)
    }

    /// The last day a source has spoken of; `None` when it never did.
    ///
    /// # Errors
    /// Storage.
    pub async fn covered_until(&self, store: &Store, source: &str) -> Result<Option<Date>, Error> {
        let row = store
            .first("select max(last_day) as day from watch_cover where source = $1", &[source.into()])
            .await?;
        Ok(match row {
            Some(row) => row.opt_date("day")?,
            None => None,
        })
    }
}

/// What a source said last of each cell of a stretch of days.
async fn known(
    tx: &mut Tx,
    source: &str,
    first: Date,
    last: Date,
) -> Result<BTreeMap<(String, String, Date), i64>, Error> {
    let mut sql = Sql::new("select hazard, place, day, cases from watch_count where day >= ");
    sql.bind(first)
        .push(" and day <= ")
        .bind(last)
        .push(" and source = ")
        .bind(source)
        .push(" order by recorded");
    let mut out = BTreeMap::new();
    for row in tx.select(&sql).await? {
        out.insert((row.text("hazard")?, row.text("place")?, row.date("day")?), row.int("cases")?);
    }
    Ok(out)
}
