//! Events that people enter by hand: cold-chain breaks and rumours. A report is never changed; a wrong one is withdrawn with a reason,
//! and the counts made from the reports follow.

use crate::import::{AFTER_TODAY, county};
use crate::{Error, NewCount, Watch};
use access::Principal;
use base::{Date, Id, Instant};
use ledger::{Context, Entry};
use serde::Serialize;
use serde_json::json;
use signal::watch::Hazard;
use store::{Sql, Store, Tx};

/// Kinds of hazards whose events are entered by hand; others are counted from files or from the platform's own records.
const KINDS: [&str; 2] = ["cold-chain", "rumour"];
/// Longest text, in characters.
const LONGEST: usize = 1000;
/// Oldest event taken, in days: what happened earlier belongs into a file of counts.
const OLDEST: i64 = 366;

/// An event as entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// Hazard of the plan, of a kind that is entered by hand.
    pub hazard: String,
    /// County, by code or name.
    pub county: String,
    /// Day of the event.
    pub day: Date,
    /// How many events it tells of; 1 to 1,000.
    pub cases: i64,
    /// What happened, without personal data.
    pub told: String,
    /// Where it was heard.
    pub heard: String,
}

/// An event that was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its id.
    pub id: Id,
    /// Hazard of the plan.
    pub hazard: String,
    /// County code.
    pub place: String,
    /// Day of the event.
    pub day: Date,
    /// How many events.
    pub cases: i64,
    /// What happened.
    pub told: String,
    /// Where it was heard.
    pub heard: String,
    /// When it was entered.
    pub entered: Instant,
    /// By whom.
    pub name: String,
    /// Why it was withdrawn; empty when it counts.
    pub withdrawn: String,
}

/// Which reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// Hazard.
    pub hazard: Option<String>,
    /// Region code prefix.
    pub region: Option<String>,
    /// The id after which the list goes on.
    pub after: Option<Id>,
    /// At most so many.
    pub limit: u32,
}

impl Watch {
    /// The hazards whose events are entered by hand.
    pub fn entered_hazards(&self) -> impl Iterator<Item = &Hazard> {
        self.plan.hazards.iter().filter(|h| KINDS.contains(&h.kind.as_str()))
    }

    /// Enters an event. Needs `import` on a signal of the county.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Invalid`] with the field.
    pub async fn enter_report(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: &NewReport,
    ) -> Result<Id, Error> {
        if !self.entered_hazards().any(|h| h.id == new.hazard) {
            return Err(Error::invalid(
                "hazard",
                "请选择由人工登记的危害",
                "choose a hazard that is entered by hand",
            ));
        }
        // several counties of the nation share a name: the one of the own regions is meant
        let own = who.grants.iter().find_map(|g| county(&new.county, &g.region).ok());
        let place = own.map_or_else(|| county(&new.county, ""), Ok);
        let place = place.map_err(|text| Error::Invalid { field: "county", text })?;
        let permit = self.permit(who, "import", std::slice::from_ref(&place), cx.now)?;
        let today = cx.now.china_date();
        if new.day > today {
            return Err(Error::Invalid { field: "day", text: AFTER_TODAY });
        }
        if today.checked_sub(jiff::Span::new().days(OLDEST)).is_ok_and(|oldest| new.day < oldest) {
            return Err(Error::invalid(
                "day",
                "一年以前的事件请用文件导入",
                "import events older than a year as a file of counts",
            ));
        }
        if !(1..=1000).contains(&new.cases) {
            return Err(Error::invalid("cases", "件数应为 1 至 1000", "write a number from 1 to 1,000"));
        }
        let (told, heard) = (text("told", &new.told)?, text("heard", &new.heard)?);
        let id = cx.id();
        tx.exec_one(
            "insert into watch_report (id, hazard, place, day, cases, told, heard, entered_at, account, name, withdrawn_why) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')",
            &[
                id.into(),
                new.hazard.as_str().into(),
                place.as_str().into(),
                new.day.into(),
                new.cases.into(),
                told.into(),
                heard.into(),
                cx.now.into(),
                who.account.into(),
                who.name.as_str().into(),
            ],
        )
        .await?;
        let body = json!({ "hazard": new.hazard, "day": new.day, "cases": new.cases });
        let entry = Entry {
            kind: "watch.reported",
            region: place,
            subject: format!("report:{id}"),
            body,
            private: Some(json!({ "told": told, "heard": heard })),
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(id)
    }

    /// Withdraws a report that was wrong: it stays readable and counts no more. Needs `import` on a signal of its county.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`]; [`Error::Invalid`] without a reason or when it is withdrawn already.
    pub async fn withdraw_report(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        why: &str,
    ) -> Result<(), Error> {
        let row = tx.first("select place from watch_report where id = $1", &[id.into()]).await?;
        let place = row.ok_or(Error::NotFound)?.text("place")?;
        let permit = self.permit(who, "import", std::slice::from_ref(&place), cx.now)?;
        let why = text("why", why)?;
        let changed = tx
            .exec(
                "update watch_report set withdrawn_at = $2, withdrawn_why = $3 where id = $1 and withdrawn_at is null",
                &[id.into(), cx.now.into(), why.into()],
            )
            .await?;
        if changed == 0 {
            return Err(Error::invalid("why", "该登记已撤回", "the report was withdrawn already"));
        }
        let entry = Entry {
            kind: "watch.withdrawn",
            region: place,
            subject: format!("report:{id}"),
            body: json!({}),
            private: Some(json!({ "why": why })),
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// Reports of places the reader may see, those entered last first, and the id to go on after.
    ///
    /// # Errors
    /// Storage.
    pub async fn reports(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &ReportFilter,
    ) -> Result<(Vec<Report>, Option<Id>), Error> {
        let mut sql = Sql::new(
            "select id, hazard, place, day, cases, told, heard, entered_at, name, withdrawn_why from watch_report where ",
        );
        sql.append(&self.access.scope(who, "view", "signal", now).sql("place", None, None));
        if let Some(hazard) = &filter.hazard {
            sql.push(" and hazard = ").bind(hazard);
        }
        if let Some(code) = filter.region.as_deref().and_then(|r| r.parse::<base::region::RegionCode>().ok())
        {
            let (low, high) = code.range();
            sql.push(" and place >= ").bind(low).push(" and place < ").bind(high);
        }
        if let Some(after) = filter.after {
            sql.push(" and id < ").bind(after);
        }
        let limit = filter.limit.clamp(1, 5000);
        sql.push(" order by id desc limit ").bind(i64::from(limit) + 1);
        let mut rows: Vec<Report> = store
            .select(&sql)
            .await?
            .iter()
            .map(|r| {
                Ok(Report {
                    id: r.id("id")?,
                    hazard: r.text("hazard")?,
                    place: r.text("place")?,
                    day: r.date("day")?,
                    cases: r.int("cases")?,
                    told: r.text("told")?,
                    heard: r.text("heard")?,
                    entered: r.instant("entered_at")?,
                    name: r.text("name")?,
                    withdrawn: r.text("withdrawn_why")?,
                })
            })
            .collect::<Result<_, store::Error>>()?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().map(|r| r.id).filter(|_| more);
        Ok((rows, next))
    }

    /// Counts made from the reports since a day, and the first day anything was ever reported of; `None` before the first report, when
    /// nothing is known rather than zero.
    ///
    /// # Errors
    /// Storage.
    pub async fn reported_since(
        &self,
        store: &Store,
        from: Date,
    ) -> Result<Option<(Date, Vec<NewCount>)>, Error> {
        let first = store.first("select min(day) as day from watch_report", &[]).await?;
        let Some(first) = first.and_then(|r| r.opt_date("day").transpose()).transpose()? else {
            return Ok(None);
        };
        let rows = store
            .query(
                "select hazard, place, day, cases from watch_report where withdrawn_at is null and day >= $1",
                &[from.into()],
            )
            .await?;
        let counts = rows
            .iter()
            .map(|r| {
                Ok(NewCount {
                    hazard: r.text("hazard")?,
                    place: r.text("place")?,
                    day: r.date("day")?,
                    cases: r.int("cases")?,
                })
            })
            .collect::<Result<_, store::Error>>()?;
        Ok(Some((first, counts)))
    }
}

fn text<'a>(field: &'static str, given: &'a str) -> Result<&'a str, Error> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > LONGEST {
        return Err(Error::invalid(
            field,
            "请填写，不超过 1000 字",
            "write something, at most 1,000 characters",
        ));
    }
    Ok(given)
}
