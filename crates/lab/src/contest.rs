//! What the firm may do against a failed sample: the conclusion served on it, retest (复检) and objection (异议), each within
//! its days; while one is open, and before the days are over, the failure is not published.

use crate::query::one_nonconformity;
use crate::sample::words;
use crate::sampling::Book;
use crate::{Error, Lab, Nonconformity, NonconformityState, Problem};
use access::Principal;
use base::clock::{Clock, Due, Rules};
use base::{Calendar, Date, Id, Instant, Text};
use ledger::{Context, Entry, Permit};
use serde::Serialize;
use store::{Sql, Store, Tx};

words! {
    /// Which of the two is asked for.
    ContestKind {
        /// The backup sample is tested again by another laboratory.
        Retest = "retest", "复检", "Retest";
        /// Sampling, identity of the sample, method or standard are contested.
        Objection = "objection", "异议", "Objection";
    }
}

words! {
    /// On whom the conclusion is served: each may contest it.
    Party {
        /// The firm where the sample was taken.
        Sampled = "sampled", "被抽样单位", "Sampled firm";
        /// The producer named on the label.
        Producer = "producer", "标称生产者", "Named producer";
    }
}

/// Days for a retest, from the receipt of the conclusion (食品安全法 88).
const RETEST: &str = "SAM-09";
/// Days for an objection to the sampling, from the sampling.
const PROCESS: &str = "SAM-16";
/// Days for any other objection, from the receipt of the conclusion.
const OTHER: &str = "SAM-17";

/// A party of a failed sample and its days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyStanding {
    /// Which.
    pub party: Party,
    /// The operator, where the register knows it.
    pub operator: Option<Id>,
    /// Its name.
    pub name: String,
    /// Day on which it received the conclusion.
    pub served_on: Option<Date>,
    /// Last day for a retest or an objection; absent before the service.
    pub until: Option<Due>,
}

impl PartyStanding {
    /// Whether its days are over.
    #[must_use]
    pub fn over(&self, today: Date) -> bool {
        self.until.as_ref().is_some_and(|d| d.date < today)
    }
}

/// A retest or an objection that was applied for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contest {
    /// The matter in which it runs.
    pub matter: Id,
    /// Which.
    pub kind: ContestKind,
    /// Who applied.
    pub operator: Option<Id>,
    /// When.
    pub filed: Instant,
    /// When it ended, whatever its outcome.
    pub ended: Option<Instant>,
}

/// How a failed sample stands towards its parties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContestStanding {
    /// Sampled firm, then the named producer where it is another.
    pub parties: Vec<PartyStanding>,
    /// What was applied for, oldest first.
    pub contests: Vec<Contest>,
    /// Microbes failed: there is no retest.
    pub microbial: bool,
}

impl ContestStanding {
    /// The party an operator is.
    #[must_use]
    pub fn party_of(&self, operator: Id) -> Option<&PartyStanding> {
        self.parties.iter().find(|p| p.operator == Some(operator))
    }
}

/// What is to be opened, with all the procedure needs to know.
#[derive(Debug, Clone)]
pub struct NewContest<'a> {
    /// The failure.
    pub nonconformity: &'a Nonconformity,
    /// Which.
    pub kind: ContestKind,
    /// Who asks.
    pub party: Party,
    /// The operator who asks, where the register knows it.
    pub applicant: Option<Id>,
    /// Its name.
    pub name: String,
    /// The laboratory of the first result.
    pub first_laboratory: Option<Id>,
    /// Microbes failed.
    pub microbial: bool,
    /// Last day, once the conclusion is served.
    pub until: Option<Date>,
}

/// The last day of a right that runs from a day.
fn until(law: &str, from: Date) -> Option<Due> {
    let rule = Rules::builtin().get(law)?;
    Clock::start(rule.rule.clone(), Instant::china(from, 12, 0)).due(Calendar::builtin())
}

/// The latest day of service whose days for retest and objection are over today.
fn served_and_over(today: Date) -> Date {
    let over = |day: Date| [RETEST, OTHER].iter().all(|l| until(l, day).is_some_and(|d| d.date < today));
    let mut day = today;
    while !over(day) {
        match day.yesterday() {
            Ok(before) => day = before,
            Err(_) => break,
        }
    }
    day
}

/// The condition over `sample s` that nothing stands against publishing it: no open contest, and the days of every party of an
/// open failure are over. An overturned failure is never published; a sample that passes by its corrected report is, once the disposal has
/// ended.
pub(crate) fn publishable(today: Date) -> Sql {
    let mut sql = Sql::new(
        "not exists (select 1 from nonconformity n where n.sample = s.id and ((n.state = 'overturned' and s.conclusion <> 'qualified') \
         or exists (select 1 from contest c where c.nonconformity = n.id and c.ended is null) \
         or (n.state = 'open' and (not exists (select 1 from conclusion_service v where v.nonconformity = n.id and v.party = 'sampled') \
         or (n.producer is not null and (n.operator is null or n.producer <> n.operator) and not exists \
         (select 1 from conclusion_service v where v.nonconformity = n.id and v.party = 'producer')) \
         or exists (select 1 from conclusion_service v where v.nonconformity = n.id and v.served_on > ",
    );
    sql.bind(served_and_over(today).to_string()).push(")))))");
    sql
}

impl Lab {
    /// How a failure stands towards its parties, for who may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see; storage.
    pub async fn contest_standing(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<ContestStanding, Error> {
        let mut tx = store.snapshot().await?;
        let n = one_nonconformity(&mut tx, &self.visible_nonconformity(who, now), id).await?;
        standing(&mut tx, &n).await
    }

    /// Opens a retest or an objection in the right of whoever asks: the firm concerned, within its days, or an officer who
    /// enters a paper application for `party`. The firm is whichever party it is; what it names is not looked at.
    ///
    /// # Errors
    /// [`Error::State`] for microbes, after the last day, or when the failure is settled; [`Error::Denied`];
    /// [`Error::NotFound`] for what the person may not see.
    pub async fn ask_contest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        kind: ContestKind,
        party: Party,
    ) -> Result<Id, Error> {
        let n = one_nonconformity(tx, &self.visible_nonconformity(who, cx.now), id).await?;
        let standing = standing(tx, &n).await?;
        if n.state != NonconformityState::Open {
            return Err(Error::State(Text::of(
                "该不合格记录已办结，不再受理复检和异议",
                "this failure is settled; retest and objection are closed",
            )));
        }
        let asked = match who.operator {
            Some(own) => {
                standing.party_of(own).ok_or_else(|| Error::NotFound(format!("nonconformity {id}")))?
            }
            None => {
                let named = standing.parties.iter().find(|p| p.party == party);
                named.ok_or_else(|| no_party(party))?
            }
        };
        let late = asked.over(cx.now.china_date());
        if who.operator.is_some() {
            // what an officer enters from paper may be late or excluded: it is then refused in writing
            if kind == ContestKind::Retest && standing.microbial {
                return Err(Error::State(Text::of(
                    "微生物项目不合格的，不予复检（食品安全抽样检验管理办法）；对抽样、样品真实性、检验方法或标准有疑问的，可提出异议",
                    "failures of microbes are not retested; if sampling, identity, method or standard are in doubt, object instead",
                )));
            }
            if late && let Some(due) = &asked.until {
                return Err(Error::State(Text::new(
                    format!("申请期限已于 {} 届满（收到检验结论之日起 7 个工作日）", due.date),
                    format!("the days ended on {} (7 working days from the receipt of the result)", due.date),
                )));
            }
        }
        let laboratory = tx
            .one("select laboratory from sample where id = $1", &[n.sample.into()])
            .await?
            .opt_id("laboratory")?;
        let new = NewContest {
            nonconformity: &n,
            kind,
            party: asked.party,
            applicant: asked.operator,
            name: asked.name.clone(),
            first_laboratory: laboratory,
            microbial: standing.microbial,
            until: asked.until.as_ref().map(|d| d.date),
        };
        self.consequence.contest(tx, cx, who, &new).await.map_err(Error::of_hook)
    }

    /// The application itself, a step of the matter: from now the failure is not published. Gives the last day that applied to
    /// it, where one did, and whether it came after.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage.
    #[allow(clippy::too_many_arguments)] // the house shape and what an application is
    pub async fn file_contest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        matter: Id,
        id: Id,
        kind: ContestKind,
        operator: Option<Id>,
        process: bool,
        on: Date,
    ) -> Result<(Option<Date>, bool), Error> {
        let n = nonconformity_to_change(tx, id).await?;
        let due = if process {
            let row = tx.one("select sampled from sample where id = $1", &[n.sample.into()]).await?;
            row.text("sampled")?.parse().ok().and_then(|day| until(PROCESS, day))
        } else {
            let standing = standing(tx, &n).await?;
            let party = operator.and_then(|o| standing.party_of(o)).or_else(|| standing.parties.first());
            party.and_then(|p| p.until)
        };
        tx.exec(
            "insert into contest (matter, nonconformity, kind, operator, filed) values ($1, $2, $3, $4, $5) \
             on conflict (matter) do nothing",
            &[matter.into(), id.into(), kind.word().into(), operator.into(), cx.now.into()],
        )
        .await?;
        let last = due.map(|d| d.date);
        let late = last.is_some_and(|l| on > l);
        let body = serde_json::json!({
            "matter": matter, "kind": kind.word(), "on": on.to_string(), "until": last.map(|d| d.to_string()), "late": late,
        });
        note(tx, cx, permit, &n.region, id, "nonconformity.contested", body).await?;
        Ok((last, late))
    }

    /// A retest or an objection ended: refused, withdrawn or decided. An ended one, and one never filed, stays as it is.
    ///
    /// # Errors
    /// Storage.
    pub async fn end_contest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        matter: Id,
        id: Id,
    ) -> Result<(), Error> {
        let n = nonconformity_to_change(tx, id).await?;
        let ended = tx
            .exec(
                "update contest set ended = $1 where matter = $2 and ended is null",
                &[cx.now.into(), matter.into()],
            )
            .await?;
        if ended == 0 {
            return Ok(());
        }
        note(
            tx,
            cx,
            permit,
            &n.region,
            id,
            "nonconformity.contest_ended",
            serde_json::json!({ "matter": matter }),
        )
        .await
    }

    /// The conclusion was served on a party, or on all of them: their days count from then. Served again, the later day
    /// counts.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a day in the future or before the failure was known.
    #[allow(clippy::too_many_arguments)] // the house shape and what a service is
    pub async fn record_service(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        id: Id,
        party: Option<Party>,
        on: Date,
    ) -> Result<(), Error> {
        let n = nonconformity_to_change(tx, id).await?;
        if on > cx.now.china_date() || on < n.created.china_date() {
            let text = Text::new(
                format!("送达日期应在报告日 {} 至今天之间", n.created.china_date()),
                format!("the day of service lies between the report, {}, and today", n.created.china_date()),
            );
            let label = Text::of("送达日期", "served on");
            return Err(Error::Invalid(vec![Problem::new("served_on", label, on.to_string(), text)]));
        }
        let all = standing(tx, &n).await?.parties;
        let mut named = Vec::new();
        for p in all.iter().filter(|p| party.is_none_or(|only| only == p.party)) {
            tx.exec(
                "insert into conclusion_service (nonconformity, party, served_on, recorded) values ($1, $2, $3, $4) \
                 on conflict (nonconformity, party) do update set recorded = excluded.recorded, served_on = \
                 case when excluded.served_on > conclusion_service.served_on then excluded.served_on else conclusion_service.served_on end",
                &[id.into(), p.party.word().into(), on.into(), cx.now.into()],
            )
            .await?;
            named.push(p.party.word());
        }
        if let (true, Some(party)) = (named.is_empty(), party) {
            return Err(no_party(party));
        }
        let body = serde_json::json!({ "parties": named, "served_on": on.to_string() });
        note(tx, cx, permit, &n.region, id, "nonconformity.served", body).await
    }
}

/// The failure, which nobody else changes or publishes until this transaction ends.
async fn nonconformity_to_change(tx: &mut Tx, id: Id) -> Result<Nonconformity, Error> {
    tx.lock("nonconformity", &[id]).await?;
    one_nonconformity(tx, &Sql::new("1 = 1"), id).await
}

fn no_party(party: Party) -> Error {
    let label = party.label();
    Error::State(Text::new(
        format!("该样品没有另外的{}", label.zh),
        format!("this sample has no separate {}", label.en.to_lowercase()),
    ))
}

async fn note(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    region: &str,
    id: Id,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let subject = format!("nonconformity:{id}");
    let entry = Entry { kind, region: region.to_owned(), subject, body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

async fn standing(tx: &mut Tx, n: &Nonconformity) -> Result<ContestStanding, Error> {
    let mut parties = vec![(Party::Sampled, n.operator, n.place_name.clone())];
    if n.producer.is_some() && n.producer != n.operator {
        parties.push((Party::Producer, n.producer, n.producer_name.clone()));
    }
    let served = tx
        .query("select party, served_on from conclusion_service where nonconformity = $1", &[n.id.into()])
        .await?;
    let mut days = Vec::new();
    for row in &served {
        days.push((row.text("party")?, row.date("served_on")?));
    }
    let parties = parties
        .into_iter()
        .map(|(party, operator, name)| {
            let served_on = days.iter().find(|(p, _)| p == party.word()).map(|(_, d)| *d);
            PartyStanding {
                party,
                operator,
                name,
                served_on,
                until: served_on.and_then(|d| until(RETEST, d)),
            }
        })
        .collect();
    let rows = tx
        .query(
            "select matter, kind, operator, filed, ended from contest where nonconformity = $1 order by filed, matter",
            &[n.id.into()],
        )
        .await?;
    let mut contests = Vec::with_capacity(rows.len());
    for row in &rows {
        contests.push(Contest {
            matter: row.id("matter")?,
            kind: row.parsed("kind")?,
            operator: row.opt_id("operator")?,
            filed: row.instant("filed")?,
            ended: row.opt_instant("ended")?,
        });
    }
    let microbial = n.failures.iter().any(|f| Book::builtin().no_retest(&f.analyte));
    Ok(ContestStanding { parties, contests, microbial })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_for_a_retest_are_seven_working_days_and_publication_waits_for_the_last_of_them() {
        // served on Tuesday 2026-11-03: Wednesday is the first day, Thursday 12 November the last
        let served = Date::constant(2026, 11, 3);
        assert_eq!(until(RETEST, served).map(|d| d.date), Some(Date::constant(2026, 11, 12)));
        assert!(served_and_over(Date::constant(2026, 11, 12)) < served);
        assert_eq!(served_and_over(Date::constant(2026, 11, 13)), served);
        // the National Day holiday does not count
        assert_eq!(until(RETEST, Date::constant(2026, 9, 28)).map(|d| d.date.month()), Some(10));
    }
}
