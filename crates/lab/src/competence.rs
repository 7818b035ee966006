//! What is known of a laboratory beside its annex: results of proficiency tests (能力验证), and the decision by name to take
//! its results while no annex is loaded.

use crate::import::{at_line, finish};
use crate::reported::same_analyte;
use crate::sample::words;
use crate::{Error, Lab, Problem};
use access::{Principal, Resource};
use base::{Date, Decimal, Id, Instant, Text};
use ledger::{Context, Entry};
use paper::sheet::{Column, Columns, RowErrors, Workbook};
use serde::Serialize;
use store::{Row, Store, Tx};

words! {
    /// How a laboratory did in a round.
    Proficient {
        /// |z| up to 2.
        Satisfactory = "satisfactory", "满意", "Satisfactory";
        /// |z| above 2 and below 3.
        Questionable = "questionable", "有问题", "Questionable";
        /// |z| of 3 or more.
        Unsatisfactory = "unsatisfactory", "不满意", "Unsatisfactory";
    }
}

impl Proficient {
    /// From a z-score, after ISO 13528:2022, 9.4.2 (GB/T 28043).
    #[must_use]
    pub fn of_z(z: Decimal) -> Self {
        let z = z.abs();
        if z <= Decimal::TWO {
            Self::Satisfactory
        } else if z < Decimal::from(3) {
            Self::Questionable
        } else {
            Self::Unsatisfactory
        }
    }
}

/// One result of a proficiency test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proficiency {
    /// The scheme: who ran it and its name.
    pub scheme: String,
    /// The round.
    pub round: String,
    /// Analyte as reported.
    pub item: String,
    /// z-score as reported; absent for schemes that only grade.
    pub z: Option<String>,
    /// The grade.
    pub outcome: Proficient,
    /// Day of the report.
    pub held: Date,
}

/// A decision to take the results of a laboratory whose annex is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    /// Account that decided.
    pub by: Id,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

/// The columns of a sheet of proficiency results.
#[must_use]
pub fn proficiency_columns() -> Columns {
    Columns::new(vec![
        Column::required("能力验证计划", &["scheme", "计划名称"]),
        Column::required("轮次", &["round", "计划编号"]),
        Column::required("检验项目", &["item", "analyte"]),
        Column::optional("z值", &["z", "z-score", "Z值"]),
        Column::optional("结果评价", &["outcome", "result", "结果"]),
        Column::required("报告日期", &["date", "held"]),
    ])
}

impl Lab {
    /// Adds the results of a sheet; those of the same scheme, round and item replace what was there. Gives the number of rows.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless it is a laboratory of the register; [`Error::Rows`] with every wrong cell; [`Error::Denied`].
    pub async fn import_proficiency(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        laboratory: Id,
        book: &Workbook,
    ) -> Result<usize, Error> {
        let region = self.laboratory_in(tx, laboratory).await?.region;
        let resource = Resource::new("operator", region.clone()).of_operator(Some(laboratory));
        let permit = self.access.check(who, "act", &resource, cx.now)?;
        let columns = proficiency_columns();
        let mut errors = RowErrors::default();
        let mut rows = Vec::new();
        for table in &book.tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                let scheme = errors.keep(row.text("能力验证计划"));
                let round = errors.keep(row.text("轮次"));
                let item = errors.keep(row.text("检验项目"));
                let z = errors.keep(row.opt_decimal("z值"));
                let graded = errors.keep(row.opt_with("结果评价", |t| {
                    let known = || {
                        Text::of(
                            "应为“满意”“有问题”或“不满意”",
                            "write satisfactory, questionable or unsatisfactory",
                        )
                    };
                    Proficient::read(t).ok_or_else(known)
                }));
                let held = errors.keep(row.date("报告日期"));
                let (Some(scheme), Some(round), Some(item), Some(z), Some(graded), Some(held)) =
                    (scheme, round, item, z, graded, held)
                else {
                    continue;
                };
                let computed = z.map(Proficient::of_z);
                let Some(outcome) = graded.or(computed) else {
                    let text = Text::of("z 值和结果评价至少填一项", "state the z-score or the grade");
                    let label = Text::of("结果评价", "grade");
                    errors.push(at_line(row.line(), Problem::new("outcome", label, "", text)));
                    continue;
                };
                let z = z.map(|z| z.to_string());
                rows.push(Proficiency { scheme, round, item, z, outcome, held });
            }
        }
        let count = finish(errors, !rows.is_empty(), rows.len())?;
        for r in rows {
            tx.exec(
                "delete from proficiency where laboratory = $1 and scheme = $2 and round = $3 and item = $4",
                &[
                    laboratory.into(),
                    r.scheme.as_str().into(),
                    r.round.as_str().into(),
                    r.item.as_str().into(),
                ],
            )
            .await?;
            tx.exec(
                "insert into proficiency (id, laboratory, scheme, round, item, z, outcome, held) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    cx.id().into(),
                    laboratory.into(),
                    r.scheme.into(),
                    r.round.into(),
                    r.item.into(),
                    r.z.into(),
                    r.outcome.word().into(),
                    r.held.into(),
                ],
            )
            .await?;
        }
        let entry = Entry {
            kind: "laboratory.proficiency_added",
            region,
            subject: format!("operator:{laboratory}"),
            body: serde_json::json!({ "rows": count, "file": book.sha256 }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(count)
    }

    /// Decides by name that results of a laboratory without a loaded annex count: without it they are not published.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason; [`Error::State`] when it stands already, or the annex is loaded; [`Error::Denied`].
    pub async fn accept_laboratory(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        laboratory: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let region = self.laboratory_in(tx, laboratory).await?.region;
        let resource = Resource::new("operator", region.clone()).of_operator(Some(laboratory));
        let permit = self.access.check(who, "decide", &resource, cx.now)?;
        if reason.trim().is_empty() {
            let text = Text::of(
                "请写明采信理由（如资质证书编号、核对方式）",
                "say why, such as the certificate seen and how it was checked",
            );
            return Err(Error::Invalid(vec![Problem::new("reason", Text::of("理由", "reason"), "", text)]));
        }
        let annex =
            tx.first("select id from accreditation where laboratory = $1", &[laboratory.into()]).await?;
        let stands = tx
            .first(
                "select id from laboratory_acceptance where laboratory = $1 and ended is null",
                &[laboratory.into()],
            )
            .await?;
        if annex.is_some() || stands.is_some() {
            return Err(Error::State(Text::of(
                "能力附表已载入，或已有采信决定，无需再作决定",
                "the annex is loaded, or a decision stands; none is needed",
            )));
        }
        tx.exec(
            "insert into laboratory_acceptance (id, laboratory, accepted_by, accepted, reason) values ($1, $2, $3, $4, $5)",
            &[cx.id().into(), laboratory.into(), who.account.into(), cx.now.into(), reason.trim().into()],
        )
        .await?;
        let entry = Entry {
            kind: "laboratory.accepted",
            region,
            subject: format!("operator:{laboratory}"),
            body: serde_json::json!({ "by": who.account, "reason": reason.trim() }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// Ends the decision: from now on its results wait again.
    ///
    /// # Errors
    /// [`Error::State`] when none stands; [`Error::Denied`].
    pub async fn end_acceptance(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        laboratory: Id,
    ) -> Result<(), Error> {
        let region = self.laboratory_in(tx, laboratory).await?.region;
        let resource = Resource::new("operator", region.clone()).of_operator(Some(laboratory));
        let permit = self.access.check(who, "decide", &resource, cx.now)?;
        let ended = tx
            .exec(
                "update laboratory_acceptance set ended = $1 where laboratory = $2 and ended is null",
                &[cx.now.into(), laboratory.into()],
            )
            .await?;
        if ended == 0 {
            return Err(Error::State(Text::of("没有现行的采信决定", "no decision stands")));
        }
        let entry = Entry {
            kind: "laboratory.acceptance_ended",
            region,
            subject: format!("operator:{laboratory}"),
            body: serde_json::json!({}),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }
}

/// Results of a laboratory's proficiency tests, the latest first.
///
/// # Errors
/// Storage.
pub async fn proficiency(store: &Store, laboratory: Id) -> Result<Vec<Proficiency>, Error> {
    let rows = store
        .query(
            "select scheme, round, item, z, outcome, held from proficiency where laboratory = $1 \
             order by held desc, scheme, round, item limit 2000",
            &[laboratory.into()],
        )
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Items in which a laboratory did not do well the last time it was tested: a warning where results are assigned to it.
#[must_use]
pub fn weak_items(latest_first: &[Proficiency]) -> Vec<&Proficiency> {
    let mut seen: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for p in latest_first {
        if seen.iter().any(|s| same_analyte(s, &p.item)) {
            continue;
        }
        seen.push(&p.item);
        if p.outcome != Proficient::Satisfactory {
            out.push(p);
        }
    }
    out
}

/// The decision in force to take a laboratory's results without its annex.
///
/// # Errors
/// Storage.
pub async fn acceptance(store: &Store, laboratory: Id) -> Result<Option<Acceptance>, Error> {
    let row = store
        .first(
            "select accepted_by, accepted, reason from laboratory_acceptance where laboratory = $1 and ended is null",
            &[laboratory.into()],
        )
        .await?;
    let read = |r: Row| {
        Ok::<_, store::Error>(Acceptance {
            by: r.id("accepted_by")?,
            at: r.instant("accepted")?,
            reason: r.text("reason")?,
        })
    };
    Ok(row.map(read).transpose()?)
}

fn read(row: &Row) -> Result<Proficiency, store::Error> {
    Ok(Proficiency {
        scheme: row.text("scheme")?,
        round: row.text("round")?,
        item: row.text("item")?,
        z: row.opt_text("z")?,
        outcome: row.parsed("outcome")?,
        held: row.date("held")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_z_score_is_graded_at_two_and_three() {
        for (z, grade) in [
            ("0", Proficient::Satisfactory),
            ("-2", Proficient::Satisfactory),
            ("2.01", Proficient::Questionable),
            ("-2.99", Proficient::Questionable),
            ("3", Proficient::Unsatisfactory),
            ("-4.2", Proficient::Unsatisfactory),
        ] {
            assert_eq!(Proficient::of_z(z.parse().unwrap()), grade, "{z}");
        }
    }

    #[test]
    fn an_item_is_weak_by_its_latest_round() {
        let one = |item: &str, outcome, held| Proficiency {
            scheme: "CNAS".to_owned(),
            round: "1".to_owned(),
            item: item.to_owned(),
            z: None,
            outcome,
            held: Date::constant(2026, held, 1),
        };
        let all = [
            one("铅", Proficient::Satisfactory, 9),
            one("镉", Proficient::Unsatisfactory, 8),
            one("铅", Proficient::Unsatisfactory, 3),
        ];
        assert_eq!(weak_items(&all).iter().map(|p| p.item.as_str()).collect::<Vec<_>>(), ["镉"]);
    }
}
