//! What was measured, for estimates: every result of a substance with how its sample was chosen.
//!
//! Only results of submitted reports that were not withdrawn, and only what the reader may see. Supervision looks where trouble is
//! expected; evaluation is drawn to represent: the kind stands on every row so that nobody mixes them unawares.

use crate::query::prefix;
use crate::{Error, Lab, SampleKind};
use access::Principal;
use base::{Date, Id, Instant};
use serde::Serialize;
use store::{Sql, Store};

/// Which results to take.
#[derive(Debug, Clone, Default)]
pub struct MeasuredFilter {
    /// Spellings of the analyte; what stands in brackets behind one does not matter. All analytes when empty.
    pub analytes: Vec<String>,
    /// Region code prefix.
    pub region: Option<String>,
    /// First sampling date.
    pub from: Option<Date>,
    /// Last sampling date.
    pub to: Option<Date>,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The sample; its results belong together.
    pub sample: Id,
    /// How it was chosen.
    pub kind: SampleKind,
    /// The food it is judged as.
    pub food: String,
    /// Region code.
    pub region: String,
    /// Date of sampling.
    pub sampled: Date,
    /// As reported.
    pub analyte: String,
    /// As reported: `0.20`, `ND`, `<0.01`.
    pub reported: String,
    /// Unit of it and of the limits.
    pub unit: String,
    /// Limit of detection.
    pub lod: Option<String>,
    /// Limit of quantification.
    pub loq: Option<String>,
}

/// Most results of one question.
pub const MOST_MEASURED: i64 = 200_000;

impl Lab {
    /// Results for an estimate, in the order of their entry; at most [`MOST_MEASURED`], the newest ones. Results with several
    /// sub-samples (microbial plans) are left out: they are no concentrations of one portion.
    ///
    /// # Errors
    /// Storage.
    pub async fn measured(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        f: &MeasuredFilter,
    ) -> Result<Vec<Measured>, Error> {
        let mut sql = Sql::new(
            "select s.id as sample, s.kind, s.food, s.region, s.sampled, r.analyte, r.reported, r.unit, r.lod, r.loq \
             from result r join sample s on s.id = r.sample where ",
        );
        let scope = self.access.scope(who, "view", "sample", now);
        sql.append(&scope.sql("s.region", None, Some("s.laboratory")));
        sql.push(" and s.state = 'submitted' and r.withdrawn = 0 and r.reported <> ''");
        if !f.analytes.is_empty() {
            sql.push(" and (");
            for (at, name) in f.analytes.iter().enumerate() {
                if at > 0 {
                    sql.push(" or ");
                }
                sql.push("r.analyte = ").bind(name.as_str());
                sql.push(" or r.analyte like ").bind(format!("{name}(%"));
                sql.push(" or r.analyte like ").bind(format!("{name}（%"));
            }
            sql.push(")");
        }
        if let Some(region) = f.region.as_deref() {
            prefix(&mut sql, " and s.region", region);
        }
        if let Some(from) = f.from {
            sql.push(" and s.sampled >= ").bind(from);
        }
        if let Some(to) = f.to {
            sql.push(" and s.sampled <= ").bind(to);
        }
        sql.push(" order by r.id desc limit ").bind(MOST_MEASURED);
        let mut out = Vec::new();
        for row in store.select(&sql).await? {
            out.push(Measured {
                sample: row.id("sample")?,
                kind: row.parsed("kind")?,
                food: row.text("food")?,
                region: row.text("region")?,
                sampled: row.date("sampled")?,
                analyte: row.text("analyte")?,
                reported: row.text("reported")?,
                unit: row.text("unit")?,
                lod: row.opt_text("lod")?,
                loq: row.opt_text("loq")?,
            });
        }
        out.reverse();
        Ok(out)
    }
}
