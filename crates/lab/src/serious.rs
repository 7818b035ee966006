//! Results that may gravely harm health: found the moment they are judged, told to the authority in the same transaction,
//! with a clock of 24 hours (SAM-25).

use crate::query::{Page, limit, page, prefix};
use crate::report::failure;
use crate::{Book, Error, Failure, JudgedResult, Lab, Sample, SampleClock, SampleKind, SeriousRule};
use access::Principal;
use base::{Id, Instant};
use ledger::{Context, Entry, Permit};
use serde::Serialize;
use store::{Row, Sql, Store, Tx};

/// The clock of the report.
const LAW: &str = "SAM-25";

/// A result that may gravely harm health, as the authority is told of it.
#[derive(Debug, Clone, Copy)]
pub struct NewSerious<'a> {
    /// The sample.
    pub sample: &'a Sample,
    /// Which rule of the rulebook it meets.
    pub rule: &'a SeriousRule,
    /// What was found.
    pub failure: &'a Failure,
}

/// A finding on record: one a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeriousFinding {
    /// The sample.
    pub sample: Id,
    /// 抽样单编号.
    pub form_no: String,
    /// What the sample is judged as.
    pub food: String,
    /// Why it was taken.
    pub kind: SampleKind,
    /// Region code.
    pub region: String,
    /// Id of the rule.
    pub rule: String,
    /// Analyte as reported.
    pub analyte: String,
    /// When it was found: the clock runs from here.
    pub found: Instant,
    /// The matter the authority deals with it in.
    pub matter: Option<Id>,
    /// When it was reported upwards, or found to be no danger.
    pub reported: Option<Instant>,
}

impl SeriousFinding {
    /// Its clock.
    #[must_use]
    pub fn clock(&self, now: Instant) -> Option<SampleClock> {
        crate::sampling::clock_of(LAW, self.found, self.reported, now)
    }
}

/// Which findings to list.
#[derive(Debug, Clone, Default)]
pub struct SeriousFilter {
    /// Region code prefix.
    pub region: Option<String>,
    /// Only those not yet reported.
    pub open: bool,
    /// Of this sample.
    pub sample: Option<Id>,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

impl Lab {
    /// Tells the authority of the first of these results that meets a rule, once a sample.
    pub(crate) async fn raise_serious(
        &self,
        tx: &mut Tx,
        cx: &Context,
        sample: &Sample,
        judged: &[JudgedResult],
    ) -> Result<(), Error> {
        let book = Book::builtin();
        let hit = judged.iter().filter(|r| !r.withdrawn).find_map(|r| {
            let verdict = &r.verdict()?.verdict;
            book.serious(&r.reported.analyte, &verdict.outcome).map(|rule| (r, rule))
        });
        let Some((result, rule)) = hit else { return Ok(()) };
        let known =
            tx.first("select sample from serious_finding where sample = $1", &[sample.id.into()]).await?;
        if known.is_some() {
            return Ok(());
        }
        tx.exec(
            "insert into serious_finding (sample, result, region, agency, rule, analyte, found) \
             values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                sample.id.into(),
                result.id.into(),
                sample.region.as_str().into(),
                sample.agency.as_str().into(),
                rule.id.as_str().into(),
                result.reported.analyte.as_str().into(),
                cx.now.into(),
            ],
        )
        .await?;
        let entry = Entry {
            kind: "sample.serious_found",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body: serde_json::json!({ "result": result.id, "analyte": result.reported.analyte, "rule": rule.id }),
            private: None,
        };
        ledger::append(tx, cx, &Permit::system("serious result"), entry).await?;
        let failure = failure(result);
        let new = NewSerious { sample, rule, failure: &failure };
        let matter = self.consequence.serious(tx, cx, &new).await.map_err(Error::Hook)?;
        if matter.is_some() {
            tx.exec(
                "update serious_finding set matter = $1 where sample = $2",
                &[matter.into(), sample.id.into()],
            )
            .await?;
        }
        Ok(())
    }

    /// The authority reported a finding upwards, or found it to be no danger: its clock stops. For the end of its matter.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage.
    pub async fn settle_serious(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        sample: Id,
    ) -> Result<(), Error> {
        let row = tx.first("select region from serious_finding where sample = $1", &[sample.into()]).await?;
        let row = row.ok_or_else(|| Error::NotFound(format!("serious finding of sample {sample}")))?;
        tx.exec(
            "update serious_finding set reported = $1 where sample = $2 and reported is null",
            &[cx.now.into(), sample.into()],
        )
        .await?;
        let entry = Entry {
            kind: "sample.serious_reported",
            region: row.text("region")?,
            subject: format!("sample:{sample}"),
            body: serde_json::json!({}),
            private: None,
        };
        ledger::append(tx, cx, permit, entry).await?;
        Ok(())
    }

    /// Findings the reader may see, the latest first; the laboratory sees its own, by blind number.
    ///
    /// # Errors
    /// Storage.
    pub async fn serious_findings(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &SeriousFilter,
    ) -> Result<Page<SeriousFinding>, Error> {
        let scope = self.access.scope(who, "view", "sample", now);
        let revealed = self.revealed(who, now);
        let mut sql = Sql::new(
            "select x.sample, x.rule, x.analyte, x.found, x.matter, x.reported, s.form_no, s.food, s.kind, s.region, case when ",
        );
        sql.append(&revealed).push(
            " then 1 else 0 end as revealed from serious_finding x join sample s on s.id = x.sample where ",
        );
        sql.append(&scope.sql("s.region", None, Some("s.laboratory")));
        if let Some(region) = f.region.as_deref().filter(|r| !r.is_empty()) {
            sql.push(" and ").append(&revealed);
            prefix(&mut sql, " and s.region", region);
        }
        if f.open {
            sql.push(" and x.reported is null");
        }
        if let Some(sample) = f.sample {
            sql.push(" and x.sample = ").bind(sample);
        }
        if let Some(after) = f.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
            sql.push(" and x.sample < ").bind(after);
        }
        let rows = limit(f.limit);
        sql.push(" order by x.sample desc limit ").bind(i64::from(rows) + 1);
        let found: Vec<SeriousFinding> =
            store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page(found, rows, |x| x.sample.to_string()))
    }
}

fn read(row: &Row) -> Result<SeriousFinding, store::Error> {
    let sample = row.id("sample")?;
    let revealed = row.flag("revealed")?;
    Ok(SeriousFinding {
        sample,
        form_no: if revealed { row.text("form_no")? } else { sample.to_string() },
        food: row.text("food")?,
        kind: row.parsed("kind")?,
        region: if revealed { row.text("region")? } else { String::new() },
        rule: row.text("rule")?,
        analyte: row.text("analyte")?,
        found: row.instant("found")?,
        matter: row.opt_id("matter")?.filter(|_| revealed),
        reported: row.opt_instant("reported")?,
    })
}
