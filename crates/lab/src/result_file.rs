//! Files of results of any length (a year of a province): kept, answered with a job, worked off portion by portion.
//!
//! Each portion is one transaction that also notes how many rows were dealt with, so that a process that dies is followed
//! by one that goes on from there. The key of a row is its sample and analyte: a row that was stored before with the same
//! value counts as repeated, so that the same file may be sent again; one with another value is wrong. Wrong rows are
//! listed, the others stored: unlike a sheet of [`Lab::import_results`], which is taken whole or not at all.

use crate::import::{ResultRow, at_line, result_of};
use crate::reported::{known_already, open_for_results, same_analyte};
use crate::result::Batch;
use crate::{Error, Lab, NewResult, Sample, result_columns};
use access::{Principal, Resource};
use base::{Id, IdGen, Instant, Lang, Text};
use ledger::{Context, Entry, Permit};
use paper::sheet::{Limits, RowError, RowErrors, SheetError, SheetTable};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use store::attachments::{Attachments, Kept};
use store::jobs::{Failure, Job, NewJob};
use store::reading::Reading;
use store::{Row, Sql, Store, Tx, Value};

/// The kind of job that works a file off.
pub const RESULT_FILE_JOB: &str = "results.import";
/// Rows of a portion.
const PORTION: usize = 4_000;
/// Wrong cells kept with a file; further ones are counted.
const KEPT: i64 = 100_000;
/// What a file may measure: the columns and cells of a sheet, and 4 GB once unpacked.
const LIMITS: Limits = Limits {
    bytes: usize::MAX,
    unpacked: 4_000_000_000,
    rows: 1_100_000,
    columns: 200,
    cells: usize::MAX,
    cell: 32_768,
};

/// How far the work on a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultFile {
    /// Record id.
    pub id: Id,
    /// The laboratory it belongs to.
    pub laboratory: Option<Id>,
    /// Name the sender gave it.
    pub file_name: String,
    /// Hex SHA-256 of the file.
    pub document: String,
    /// `running`, `stored` (every row is), `part` (some rows are wrong), `refused` (the file cannot be read, or no row is right).
    pub state: String,
    /// Rows dealt with.
    pub reached: i64,
    /// Results stored.
    pub stored: i64,
    /// Rows stored before with the same value.
    pub repeated: i64,
    /// Rows refused.
    pub wrong: i64,
    /// How many of the results stored have each outcome word.
    pub outcomes: BTreeMap<String, u64>,
    /// Why reading ended early.
    pub problem: Option<Text>,
    /// When it came.
    pub created: Instant,
    /// When the work ended.
    pub finished: Option<Instant>,
}

/// What one portion did.
#[derive(Default)]
struct Done {
    rows: i64,
    stored: i64,
    repeated: i64,
    /// Lines refused.
    wrong: i64,
    outcomes: BTreeMap<String, u64>,
}

impl Lab {
    /// Whether somebody may send files of results, and for which region: asked before the first byte is taken in.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub fn may_send_results(&self, who: &Principal, now: Instant) -> Result<(String, Permit), Error> {
        let region = who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
        let resource = Resource::new("result", region.clone()).of_operator(who.operator);
        let permit = self.access.check(who, "import", &resource, now)?;
        Ok((region, permit))
    }

    /// Takes a kept file in as a job.
    ///
    /// # Errors
    /// [`Error::Denied`] unless the person imports results of their laboratory.
    pub async fn receive_results(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        attachments: &Attachments,
        kept: &Kept,
        file_name: &str,
    ) -> Result<Id, Error> {
        let (region, permit) = self.may_send_results(who, cx.now)?;
        let id = cx.id();
        let document = attachments.record(tx, kept, cx.now).await?;
        let entry = Entry {
            kind: "results.received",
            region: region.clone(),
            subject: format!("result_import:{id}"),
            body: json!({ "laboratory": who.operator, "bytes": document.sha256, "size": document.size }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        tx.exec(
            "insert into result_import (id, account, laboratory, region, file_name, document, state, reached, stored, \
             repeated, wrong, outcomes, created) values ($1, $2, $3, $4, $5, $6, 'running', 0, 0, 0, 0, '{}', $7)",
            &[
                id.into(),
                who.account.into(),
                who.operator.into(),
                region.into(),
                file_name.chars().take(200).collect::<String>().into(),
                document.sha256.into(),
                cx.now.into(),
            ],
        )
        .await?;
        let mut job = NewJob::new(RESULT_FILE_JOB, json!({ "import": id }), cx.now);
        // a process that is killed in the middle takes its lease with it each time
        job.max_attempts = 20;
        store::jobs::enqueue(tx, cx.id(), cx.now, job).await?;
        Ok(id)
    }

    /// Works a file off: the handler of [`RESULT_FILE_JOB`].
    ///
    /// # Errors
    /// Whatever is worth another attempt; what is wrong with the file is written into its record.
    pub async fn work_off_results(
        &self,
        store: &Store,
        attachments: &Attachments,
        ids: &Arc<IdGen>,
        clock: fn() -> Instant,
        job: &Job,
    ) -> Result<(), Failure> {
        let id: Id = serde_json::from_value(job.payload["import"].clone())
            .map_err(|e| Failure::Fatal(format!("the payload names no file: {e}")))?;
        let Some(row) = store.first("select * from result_import where id = $1", &[id.into()]).await? else {
            return Err(Failure::Fatal(format!("there is no file of results {id}")));
        };
        let account = row.id("account")?;
        let mut file = read(&row)?;
        if file.state != "running" {
            return Ok(());
        }
        let found = access::account::principal_by_id(store, &self.access, account, clock()).await?;
        let who = found.unwrap_or_else(Principal::anonymous);
        let cx = Context { now: clock(), ids: ids.clone(), actor: who.actor(), lang: Lang::Zh };
        let skip = usize::try_from(file.reached).unwrap_or(0);
        let mut portions = portions(attachments, &file, skip).await?;
        let mut problem = None;
        while let Some(portion) = portions.next().await? {
            let table = match portion {
                Ok(table) => table,
                Err(e) => {
                    problem = Some(e.text());
                    break;
                }
            };
            let cx = Context { now: clock(), ..cx.clone() };
            let mut tx = store.begin().await?;
            match self.place_portion(&mut tx, &cx, &who, &mut file, &table).await {
                Ok(()) => tx.commit().await?,
                Err(Error::Sheet(text)) => {
                    tx.rollback().await?;
                    problem = Some(text);
                    break;
                }
                Err(e) => return Err(e.into()),
            }
        }
        let cx = Context { now: clock(), ..cx };
        let mut tx = store.begin().await?;
        finish(&mut tx, &cx, &row, &file, problem).await?;
        tx.commit().await?;
        Ok(())
    }

    /// One portion: rows read, looked up, judged, stored, and the place noted, all in the caller's transaction.
    async fn place_portion(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        file: &mut ResultFile,
        table: &SheetTable,
    ) -> Result<(), Error> {
        let columns = result_columns(false);
        let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
        let mut errors = RowErrors::default();
        let rows: Vec<ResultRow> = mapped.rows().filter_map(|row| result_of(&row, &mut errors)).collect();
        let mut done = Done { rows: count(table.rows.len()), ..Done::default() };
        let named = self.samples_named(tx, cx, who, "import", &rows).await?;
        let had = had(tx, &named).await?;
        let (mut batches, mut lines): (Vec<Batch<'_>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        let mut places: HashMap<Id, usize> = HashMap::new();
        for row in rows {
            let form_no = row.form_no.clone().unwrap_or_default();
            let Some(sample) = named.get(&form_no) else {
                errors.push(no_sample(row.line, form_no));
                continue;
            };
            if let Err(why) = open_for_results(sample) {
                errors.push(form_error(row.line, form_no, why.text()));
                continue;
            }
            let before = had.get(&sample.id).map_or(&[][..], Vec::as_slice);
            match before.iter().find(|h| same_analyte(&h.analyte, &row.new.analyte)) {
                Some(old) if same_value(old, &row.new) => done.repeated += 1,
                Some(_) => errors.push(at_line(row.line, known_already(&row.new.analyte))),
                None => {
                    let place = *places.entry(sample.id).or_insert_with(|| {
                        batches.push(Batch { sample, new: Vec::new() });
                        lines.push(Vec::new());
                        batches.len() - 1
                    });
                    // the same row twice in one portion is repeated as well
                    let batch = &mut batches[place].new;
                    if batch.iter().any(|n| n == &row.new) {
                        done.repeated += 1;
                    } else {
                        batch.push(row.new);
                        lines[place].push(row.line);
                    }
                }
            }
        }
        let (wrong, mut verdicts) = self.examine_all(tx, cx, &batches).await?;
        if !wrong.is_empty() {
            let mut out: HashMap<usize, Vec<usize>> = HashMap::new();
            for w in wrong {
                out.entry(w.batch).or_default().push(w.result);
                errors.push(at_line(lines[w.batch][w.result], w.problem));
            }
            for (at, batch) in batches.iter_mut().enumerate() {
                let gone = out.get(&at).map_or(&[][..], Vec::as_slice);
                let mut n = 0..;
                batch.new.retain(|_| n.next().is_none_or(|n| !gone.contains(&n)));
            }
            batches.retain(|b| !b.new.is_empty());
            (_, verdicts) = self.examine_all(tx, cx, &batches).await?;
        }
        for verdict in verdicts.iter().flatten() {
            *done.outcomes.entry(verdict.outcome.word().to_owned()).or_default() += 1;
            done.stored += 1;
        }
        self.store_all(tx, cx, who, batches, verdicts, "import").await?;
        note(tx, file, &mut done, errors.as_slice()).await
    }

    /// The files of the person and their laboratory, newest first; at most `take`.
    ///
    /// # Errors
    /// Storage.
    pub async fn result_files(
        &self,
        store: &Store,
        who: &Principal,
        take: i64,
    ) -> Result<Vec<ResultFile>, Error> {
        let mut sql = Sql::new("select * from result_import where ");
        own(&mut sql, who);
        sql.push(" order by id desc limit ").bind(take);
        store.select(&sql).await?.iter().map(read).collect()
    }

    /// One file. It is there for who sent it and for their laboratory.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn result_file(&self, store: &Store, who: &Principal, id: Id) -> Result<ResultFile, Error> {
        let mut sql = Sql::new("select * from result_import where id = ");
        sql.bind(id).push(" and ");
        own(&mut sql, who);
        let row = store.select(&sql).await?.into_iter().next();
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("file of results {id}")))
    }

    /// What is wrong with a file, by row, from a line on; at most `take` cells.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn result_file_errors(
        &self,
        store: &Store,
        who: &Principal,
        id: Id,
        after: usize,
        take: i64,
    ) -> Result<Vec<RowError>, Error> {
        self.result_file(store, who, id).await?;
        let rows = store
            .query(
                "select line, field, value, zh, en from result_import_error where import = $1 and line > $2 \
                 order by line, n limit $3",
                &[id.into(), count(after).into(), take.into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(RowError {
                    line: usize::try_from(row.int("line")?).unwrap_or(0),
                    column: row.text("field")?,
                    value: row.text("value")?,
                    message: Text::new(row.text("zh")?, row.text("en")?),
                })
            })
            .collect()
    }
}

/// Whose files a person sees.
fn own(sql: &mut Sql, who: &Principal) {
    sql.push("(account = ").bind(who.account);
    if let Some(laboratory) = who.operator {
        sql.push(" or laboratory = ").bind(laboratory);
    }
    sql.push(")");
}

/// Reads a file portion by portion off the async threads, leaving out the rows dealt with.
async fn portions(
    attachments: &Attachments,
    file: &ResultFile,
    skip: usize,
) -> Result<Reading<Result<SheetTable, SheetError>>, Error> {
    let opened = attachments.open(&file.document).await?;
    let name = file.file_name.clone();
    Ok(Reading::start(move |send| {
        let mut left = skip;
        let mut give = |mut table: SheetTable| {
            let gone = left.min(table.rows.len());
            left -= gone;
            table.rows.drain(..gone);
            table.rows.is_empty() || send(Ok(table))
        };
        if let Err(e) = paper::sheet::stream(opened, &name, &LIMITS, PORTION, &mut give) {
            // nobody listens any more when the work was cut off
            send(Err(e));
        }
    }))
}

/// Results the samples have already.
async fn had(tx: &mut Tx, named: &HashMap<String, Sample>) -> Result<HashMap<Id, Vec<NewResult>>, Error> {
    let mut known: HashMap<Id, Vec<NewResult>> = HashMap::new();
    let ids: Vec<Id> = named.values().map(|s| s.id).collect();
    for part in ids.chunks(500) {
        let mut sql = Sql::new(
            "select sample, analyte, reported, unit, lod, loq, method, subsamples from result where withdrawn = 0 and sample in ",
        );
        sql.bind_list(part.iter().copied());
        for row in tx.select(&sql).await? {
            let result = NewResult {
                analyte: row.text("analyte")?,
                reported: row.text("reported")?,
                unit: row.text("unit")?,
                subsamples: row.json("subsamples")?,
                ..NewResult::default()
            };
            known.entry(row.id("sample")?).or_default().push(result);
        }
    }
    Ok(known)
}

/// Whether two results of one analyte say the same.
fn same_value(a: &NewResult, b: &NewResult) -> bool {
    (a.reported.as_str(), a.unit.as_str(), &a.subsamples)
        == (b.reported.as_str(), b.unit.as_str(), &b.subsamples)
}

/// Notes how far the work is, and what is wrong.
async fn note(tx: &mut Tx, file: &mut ResultFile, done: &mut Done, errors: &[RowError]) -> Result<(), Error> {
    let mut values: Vec<Value> = Vec::new();
    let mut per_line: HashMap<usize, i64> = HashMap::new();
    for e in errors {
        let n = per_line.entry(e.line).or_default();
        if file.wrong < KEPT {
            values.extend([
                file.id.into(),
                count(e.line).into(),
                (*n).into(),
                e.column.as_str().into(),
                e.value.as_str().into(),
                e.message.zh.as_ref().into(),
                e.message.en.as_ref().into(),
            ]);
        }
        *n += 1;
    }
    done.wrong = count(per_line.len());
    let into = "insert into result_import_error (import, line, n, field, value, zh, en)";
    tx.insert_many(into, 7, values, "").await?;
    let before = file.reached;
    file.reached += done.rows;
    file.stored += done.stored;
    file.repeated += done.repeated;
    file.wrong += done.wrong;
    for (word, n) in &done.outcomes {
        *file.outcomes.entry(word.clone()).or_default() += n;
    }
    // another runner that took the job over has gone on from the same place: one of the two gives up
    tx.exec_one(
        "update result_import set reached = $2, stored = $3, repeated = $4, wrong = $5, outcomes = $6 \
         where id = $1 and reached = $7 and state = 'running'",
        &[
            file.id.into(),
            file.reached.into(),
            file.stored.into(),
            file.repeated.into(),
            file.wrong.into(),
            json!(file.outcomes).to_string().into(),
            before.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The end of the work: its state and its journal entry.
async fn finish(
    tx: &mut Tx,
    cx: &Context,
    row: &Row,
    file: &ResultFile,
    problem: Option<Text>,
) -> Result<(), Error> {
    let kept = file.stored + file.repeated;
    let state = match (problem.is_none() && file.wrong == 0, kept) {
        (true, 1..) => "stored",
        (_, 0) => "refused",
        _ => "part",
    };
    let entry = Entry {
        kind: "results.imported",
        region: row.text("region")?,
        subject: format!("result_import:{}", file.id),
        body: json!({
            "bytes": file.document, "state": state, "rows": file.reached, "stored": file.stored,
            "repeated": file.repeated, "wrong": file.wrong, "outcomes": file.outcomes,
        }),
        private: None,
    };
    let permit = Permit::system("a file of results taken in before is worked off");
    ledger::append(tx, cx, &permit, entry).await?;
    let (zh, en) = problem.map(|p| (p.zh.into_owned(), p.en.into_owned())).unzip();
    tx.exec_one(
        "update result_import set state = $2, problem_zh = $3, problem_en = $4, finished = $5 where id = $1 and state = 'running'",
        &[file.id.into(), state.into(), zh.into(), en.into(), cx.now.into()],
    )
    .await?;
    Ok(())
}

fn read(row: &Row) -> Result<ResultFile, Error> {
    let problem = row.opt_text("problem_zh")?.zip(row.opt_text("problem_en")?);
    Ok(ResultFile {
        id: row.id("id")?,
        laboratory: row.opt_id("laboratory")?,
        file_name: row.text("file_name")?,
        document: row.text("document")?,
        state: row.text("state")?,
        reached: row.int("reached")?,
        stored: row.int("stored")?,
        repeated: row.int("repeated")?,
        wrong: row.int("wrong")?,
        outcomes: row.json("outcomes")?,
        problem: problem.map(|(zh, en)| Text::new(zh, en)),
        created: row.instant("created")?,
        finished: row.opt_instant("finished")?,
    })
}

/// Said of a form number nobody has.
pub(crate) fn no_sample(line: usize, form_no: String) -> RowError {
    form_error(
        line,
        form_no,
        Text::of(
            "没有这一编号的样品，或不由本机构检验；请核对编号，或先登记抽样单",
            "there is no sample of this number, or it is not yours to test; check it, or register the sampling form first",
        ),
    )
}

fn form_error(line: usize, value: String, message: Text) -> RowError {
    RowError { line, column: "抽样单编号".to_owned(), value, message }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
