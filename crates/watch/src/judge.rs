//! The judgement of a night, and of the series that new counts touched.

use crate::{Error, Wanted, Watch};
use base::{Date, Id, Instant};
use ledger::{Context, Entry, Permit};
use serde::Serialize;
use serde_json::json;
use signal::watch::{Alarm, Null, Plan, Signal, Sitting, Verdict, bounds, night, rate, signals};
use std::collections::{BTreeMap, BTreeSet};
use store::{Row, Sql, Store, Tx, Value};

/// What a judgement brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Series judged.
    pub series: usize,
    /// Verdicts.
    pub verdicts: usize,
    /// Series and methods without a verdict.
    pub undecided: usize,
    /// Alarms.
    pub alarms: usize,
    /// Signals raised.
    pub raised: usize,
    /// Open signals that grew.
    pub grown: usize,
}

/// A signal as it stands.
struct Standing {
    id: Id,
    version: i64,
    status: String,
    signal: Signal,
}

impl Watch {
    /// Judges every series, learns what is usual, and raises signals. `threads` threads; the result does not depend on their number. The
    /// series are read and heard one hazard after the other: of those heard only what was said stays in memory.
    ///
    /// # Errors
    /// Storage or journal.
    pub async fn judge_all(&self, store: &Store, cx: &Context, threads: usize) -> Result<Judged, Error> {
        let (until, detectors) = (cx.now.china_date(), self.plan.detectors());
        let mut sitting = Sitting::new(&detectors, None);
        let mut heard = 0;
        for row in store.query("select distinct hazard from watch_cover order by hazard", &[]).await? {
            let portion = self.streams(store, Wanted::Hazard(&row.text("hazard")?), until).await?;
            heard += portion.len();
            sitting.hear(&portion, threads);
        }
        let done = sitting.close();
        let mut alarms =
            rate::raise(&done.verdicts, self.plan.control, self.plan.rate, |m| self.plan.least(m));
        // the bounds of what stands out need those few series once more
        let key = |a: &Alarm| (a.verdict.hazard.clone(), a.verdict.place.clone());
        let keys: BTreeSet<(String, String)> = alarms.iter().map(key).collect();
        bounds(&mut alarms, &self.streams(store, Wanted::Keys(&keys), until).await?, &detectors);
        let mut tx = store.begin().await?;
        tx.exec("delete from watch_verdict", &[]).await?;
        keep_verdicts(&mut tx, &done.verdicts).await?;
        for (method, null) in &done.nulls {
            let body = serde_json::to_string(null).unwrap_or_default();
            tx.exec(
                "insert into watch_null (method, body) values ($1, $2) on conflict (method) do update set body = excluded.body",
                &[method.into(), body.into()],
            )
            .await?;
        }
        let mut judged = Judged {
            series: heard,
            verdicts: done.verdicts.len(),
            undecided: done.undecided,
            alarms: alarms.len(),
            ..Judged::default()
        };
        let found = signals(&alarms, &self.plan, |a, b| self.neighbours.near(a, b));
        self.merge(&mut tx, cx, &found, &mut judged).await?;
        tx.exec(
            "insert into watch_night (day, at, series, verdicts, undecided, alarms, raised, grown) values ($1, $2, $3, $4, $5, $6, $7, $8) \
             on conflict (day) do update set at = excluded.at, series = excluded.series, verdicts = excluded.verdicts, \
             undecided = excluded.undecided, alarms = excluded.alarms, raised = watch_night.raised + excluded.raised, \
             grown = watch_night.grown + excluded.grown",
            &[
                cx.now.china_date().into(),
                cx.now.into(),
                whole(judged.series),
                whole(judged.verdicts),
                whole(judged.undecided),
                whole(judged.alarms),
                whole(judged.raised),
                whole(judged.grown),
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(judged)
    }

    /// Judges the series that new counts touched, against what the last night found usual, and sets them among the last verdicts
    /// of all others; before the first night it judges everything.
    ///
    /// # Errors
    /// Storage or journal.
    pub async fn judge_touched(
        &self,
        store: &Store,
        cx: &Context,
        touched: &BTreeSet<(String, String)>,
        threads: usize,
    ) -> Result<Judged, Error> {
        if touched.is_empty() {
            return Ok(Judged::default());
        }
        let mut nulls: BTreeMap<String, Null> = BTreeMap::new();
        for row in store.query("select method, body from watch_null", &[]).await? {
            nulls.insert(row.text("method")?, row.json("body")?);
        }
        if nulls.is_empty() || touched.len() > 2000 {
            return self.judge_all(store, cx, threads).await;
        }
        let streams = self.streams(store, Wanted::Keys(touched), cx.now.china_date()).await?;
        let detectors = self.plan.detectors();
        let done = night(&streams, &detectors, Some(&nulls), threads);
        let mut tx = store.begin().await?;
        keep_verdicts(&mut tx, &done.verdicts).await?;
        let all = verdicts(&mut tx, &self.plan).await?;
        let mut alarms = rate::raise(&all, self.plan.control, self.plan.rate, |m| self.plan.least(m));
        alarms.retain(|a| touched.contains(&(a.verdict.hazard.clone(), a.verdict.place.clone())));
        bounds(&mut alarms, &streams, &detectors);
        let mut judged = Judged {
            series: streams.len(),
            verdicts: done.verdicts.len(),
            undecided: done.undecided,
            alarms: alarms.len(),
            ..Judged::default()
        };
        let found = signals(&alarms, &self.plan, |a, b| self.neighbours.near(a, b));
        self.merge(&mut tx, cx, &found, &mut judged).await?;
        tx.commit().await?;
        Ok(judged)
    }

    /// Day of the last whole judgement.
    ///
    /// # Errors
    /// Storage.
    pub async fn last_night(&self, store: &Store) -> Result<Option<Date>, Error> {
        match store.first("select max(day) as day from watch_night", &[]).await? {
            Some(row) => Ok(row.opt_date("day")?),
            None => Ok(None),
        }
    }

    /// Joins what was found with the signals there are: an open one nearby grows; a closed one takes up what it already
    /// explained; anything else is new.
    async fn merge(
        &self,
        tx: &mut Tx,
        cx: &Context,
        found: &[Signal],
        judged: &mut Judged,
    ) -> Result<(), Error> {
        for new in found {
            let near = self.beside(tx, new).await?;
            let open = near.iter().find(|s| !matches!(s.status.as_str(), "verified" | "explained" | "false"));
            if let Some(open) = open {
                judged.grown += usize::from(self.grow(tx, cx, open, new).await?);
                continue;
            }
            let explained = near.iter().find(|s| {
                new.places.iter().all(|p| s.signal.places.contains(p))
                    && new.observed <= 1.5 * s.signal.observed
            });
            if let Some(closed) = explained {
                // the same excess seen again: it keeps the closed signal's time up, so that it stays quiet
                if new.to > closed.signal.to {
                    tx.exec(
                        "update watch_signal set to_day = $2 where id = $1",
                        &[closed.id.into(), new.to.into()],
                    )
                    .await?;
                }
                continue;
            }
            self.raise(tx, cx, new).await?;
            judged.raised += 1;
        }
        Ok(())
    }

    /// Signals of the hazard at these or neighbouring places that end at most a gap before the new one begins.
    async fn beside(&self, tx: &mut Tx, new: &Signal) -> Result<Vec<Standing>, Error> {
        let gap = jiff::Span::new().days(self.plan.gap);
        let since = new.from.checked_sub(gap).unwrap_or(new.from);
        let rows = tx
            .query(
                "select id, version, status, hazard, from_day, to_day, observed, expected, because_zh, because_en, alarms \
                 from watch_signal where hazard = $1 and to_day >= $2 order by id desc",
                &[new.hazard.as_str().into(), since.into()],
            )
            .await?;
        let mut out = Vec::new();
        for row in rows {
            let standing = standing(tx, &row, &self.plan).await?;
            let touches = standing
                .signal
                .places
                .iter()
                .any(|a| new.places.iter().any(|b| a == b || self.neighbours.near(a, b)));
            if touches {
                out.push(standing);
            }
        }
        Ok(out)
    }

    async fn raise(&self, tx: &mut Tx, cx: &Context, s: &Signal) -> Result<(), Error> {
        let id = cx.id();
        let region = common(&s.places);
        tx.exec_one(
            "insert into watch_signal (id, version, hazard, region, status, from_day, to_day, observed, expected, q_value, \
             because_zh, because_en, alarms, assigned, assigned_name, created_at, changed_at, closed_at) \
             values ($1, 1, $2, $3, 'new', $4, $5, $6, $7, $8, $9, $10, $11, null, '', $12, $12, null)",
            &[
                id.into(),
                s.hazard.as_str().into(),
                region.as_str().into(),
                s.from.into(),
                s.to.into(),
                s.observed.into(),
                s.expected.into(),
                s.urgency().into(),
                s.because.zh.as_ref().into(),
                s.because.en.as_ref().into(),
                serde_json::to_string(&s.alarms).unwrap_or_default().into(),
                cx.now.into(),
            ],
        )
        .await?;
        members(tx, id, s).await?;
        note(tx, cx, "signal.raised", &region, id, s).await
    }

    /// Adds what is new; `false` when nothing is.
    async fn grow(&self, tx: &mut Tx, cx: &Context, old: &Standing, new: &Signal) -> Result<bool, Error> {
        let mut alarms = old.signal.alarms.clone();
        let before = alarms.len();
        let key =
            |a: &signal::watch::Alarm| (a.verdict.place.clone(), a.verdict.method.clone(), a.verdict.to);
        for alarm in &new.alarms {
            if !alarms.iter().any(|a| key(a) == key(alarm)) {
                alarms.push(alarm.clone());
            }
        }
        if alarms.len() == before {
            return Ok(false);
        }
        // one signal of all its alarms, wherever and whenever: they are already known to belong together
        let whole =
            signals(&alarms, &signal::watch::Plan { gap: i32::MAX, ..(*self.plan).clone() }, |_, _| true);
        let Some(s) = whole.first() else { return Ok(false) };
        let region = common(&s.places);
        tx.exec_one(
            "update watch_signal set version = version + 1, region = $3, from_day = $4, to_day = $5, observed = $6, expected = $7, \
             q_value = $8, because_zh = $9, because_en = $10, alarms = $11, changed_at = $12 where id = $1 and version = $2",
            &[
                old.id.into(),
                old.version.into(),
                region.as_str().into(),
                s.from.into(),
                s.to.into(),
                s.observed.into(),
                s.expected.into(),
                s.urgency().into(),
                s.because.zh.as_ref().into(),
                s.because.en.as_ref().into(),
                serde_json::to_string(&s.alarms).unwrap_or_default().into(),
                cx.now.into(),
            ],
        )
        .await?;
        members(tx, old.id, s).await?;
        note(tx, cx, "signal.grown", &region, old.id, s).await?;
        Ok(true)
    }
}

fn whole(n: usize) -> Value {
    i64::try_from(n).unwrap_or(i64::MAX).into()
}

/// The longest beginning of a region code that all places share.
fn common(places: &[String]) -> String {
    let Some(first) = places.first() else { return String::new() };
    [6, 4, 2]
        .into_iter()
        .find(|n| places.iter().all(|p| p.get(..*n).is_some() && p.get(..*n) == first.get(..*n)))
        .map_or_else(String::new, |n| first[..n].to_owned())
}

async fn members(tx: &mut Tx, id: Id, s: &Signal) -> Result<(), Error> {
    let pairs = |list: &[String]| list.iter().flat_map(|p| [Value::from(id), p.into()]).collect::<Vec<_>>();
    tx.insert_many(
        "insert into watch_signal_place (signal, place)",
        2,
        pairs(&s.places),
        "on conflict (signal, place) do nothing",
    )
    .await?;
    tx.insert_many(
        "insert into watch_signal_method (signal, method)",
        2,
        pairs(&s.methods),
        "on conflict (signal, method) do nothing",
    )
    .await?;
    Ok(())
}

async fn note(
    tx: &mut Tx,
    cx: &Context,
    kind: &'static str,
    region: &str,
    id: Id,
    s: &Signal,
) -> Result<(), Error> {
    let body = json!({
        "hazard": s.hazard, "places": s.places, "methods": s.methods, "from": s.from, "to": s.to, "observed": s.observed,
        "expected": s.expected, "q_value": s.q_value,
    });
    let entry =
        Entry { kind, region: region.to_owned(), subject: format!("signal:{id}"), body, private: None };
    ledger::append(tx, cx, &Permit::system("watch:judgement"), entry).await?;
    Ok(())
}

async fn standing(tx: &mut Tx, row: &Row, plan: &Plan) -> Result<Standing, Error> {
    let id = row.id("id")?;
    let mut alarms: Vec<signal::watch::Alarm> = row.json("alarms")?;
    plan.without_claims(&mut alarms);
    let of = |rows: Vec<Row>| rows.iter().map(|r| r.text("name")).collect::<Result<Vec<_>, _>>();
    let places = of(tx
        .query("select place as name from watch_signal_place where signal = $1 order by place", &[id.into()])
        .await?)?;
    let methods = of(tx
        .query(
            "select method as name from watch_signal_method where signal = $1 order by method",
            &[id.into()],
        )
        .await?)?;
    Ok(Standing {
        id,
        version: row.int("version")?,
        status: row.text("status")?,
        signal: Signal {
            hazard: row.text("hazard")?,
            places,
            methods,
            from: row.date("from_day")?,
            to: row.date("to_day")?,
            observed: row.real("observed")?,
            expected: row.real("expected")?,
            q_value: alarms.iter().filter_map(|a| a.q_value).reduce(f64::min),
            because: base::Text::new(row.text("because_zh")?, row.text("because_en")?),
            alarms,
        },
    })
}

/// Verdicts written at a time.
const WRITTEN: usize = 4_000;

async fn keep_verdicts(tx: &mut Tx, verdicts: &[Verdict]) -> Result<(), Error> {
    for portion in verdicts.chunks(WRITTEN) {
        keep_portion(tx, portion).await?;
    }
    Ok(())
}

async fn keep_portion(tx: &mut Tx, verdicts: &[Verdict]) -> Result<(), Error> {
    let mut values: Vec<Value> = Vec::with_capacity(verdicts.len() * 9);
    for v in verdicts {
        values.extend([
            v.method.as_str().into(),
            v.hazard.as_str().into(),
            v.place.as_str().into(),
            v.from.into(),
            v.to.into(),
            v.observed.into(),
            v.expected.into(),
            v.statistic.into(),
            // a method that tests nothing; read back by the plan
            v.p_value.unwrap_or(0.0).into(),
        ]);
    }
    tx.insert_many(
        "insert into watch_verdict (method, hazard, place, from_day, to_day, observed, expected, statistic, p_value)",
        9,
        values,
        "on conflict (method, hazard, place) do update set from_day = excluded.from_day, to_day = excluded.to_day, \
         observed = excluded.observed, expected = excluded.expected, statistic = excluded.statistic, p_value = excluded.p_value",
    )
    .await?;
    Ok(())
}

async fn verdicts(tx: &mut Tx, plan: &Plan) -> Result<Vec<Verdict>, Error> {
    let sql = Sql::new("select * from watch_verdict order by method, hazard, place");
    let mut out = Vec::new();
    for row in tx.select(&sql).await? {
        let method = row.text("method")?;
        let p_value = row.real("p_value")?;
        out.push(Verdict {
            place: row.text("place")?,
            hazard: row.text("hazard")?,
            from: row.date("from_day")?,
            to: row.date("to_day")?,
            observed: row.real("observed")?,
            expected: row.real("expected")?,
            bound: None,
            statistic: row.real("statistic")?,
            p_value: (!plan.rings_by_count(&method)).then_some(p_value),
            method,
        });
    }
    Ok(out)
}

/// When a night is due: once a day, after 03:00 in China.
#[must_use]
pub(crate) fn due(last: Option<Date>, now: Instant) -> bool {
    let today = now.china_date();
    last.is_none_or(|d| d < today) && now >= Instant::china(today, 3, 0)
}

impl Watch {
    /// Whether the night's judgement is due: none today and it is past three in the morning.
    ///
    /// # Errors
    /// Storage.
    pub async fn is_due(&self, store: &Store, now: Instant) -> Result<bool, Error> {
        Ok(due(self.last_night(store).await?, now))
    }
}
