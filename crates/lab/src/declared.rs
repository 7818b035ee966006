//! Enterprise standards declared in public (企业标准自我声明公开): drafted by the firm, checked row by row against the national limits,
//! published with proof, withdrawn with the reason; and the second verdict of results whose form cites one.

use crate::declared_sheet::examine;
use crate::query::{Page, limit, page};
use crate::result::{JudgedResult, case_of};
use crate::sample::{Sample, words};
use crate::{Error, Lab, Problem};
use access::{Principal, Resource};
use base::{Date, Id, Instant, Text};
use ledger::{Context, Entry};
use limits::{Checked, DeclaredRow, Verdict};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use store::{Row, Sql, Store, Tx, Value};

words! {
    /// Where a declared standard stands.
    DeclaredState {
        /// Seen by the firm alone.
        Draft = "draft", "草稿", "Draft";
        /// Public and binding on the firm.
        Published = "published", "已公开", "Public";
        /// No longer binding; stays readable.
        Withdrawn = "withdrawn", "已废止", "Withdrawn";
    }
}

/// An enterprise standard to be drafted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDeclared {
    /// `Q/ABC 0001S-2026`.
    pub number: String,
    /// Title.
    pub title: String,
    /// First day it binds the firm.
    pub effective: Date,
    /// Its rows.
    pub rows: Vec<DeclaredRow>,
}

/// The firm that declares, as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declarer {
    /// The operator.
    pub operator: Id,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
}

/// A row with its check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredLine {
    /// The row as declared.
    pub declared: DeclaredRow,
    /// How it stands to the national limits on the day of the check.
    #[serde(flatten)]
    pub checked: Checked,
}

/// A declared standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// The firm.
    pub operator: Id,
    /// Its name when it declared.
    pub operator_name: String,
    /// Its region.
    pub region: String,
    /// Its number.
    pub number: String,
    /// Title.
    pub title: String,
    /// First day it binds the firm.
    pub effective: Date,
    /// Where it stands.
    pub state: DeclaredState,
    /// Rows with their check: of a draft as of today's rules, of a published one as published.
    pub rows: Vec<DeclaredLine>,
    /// SHA-256 of the rows as published, which stands in the journal.
    pub sha256: Option<String>,
    /// When it was drafted.
    pub created: Instant,
    /// When it was published.
    pub published: Option<Instant>,
    /// When it was withdrawn.
    pub withdrawn: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
    /// Journal entry of the publication.
    pub journal: Option<Id>,
}

/// Which declared standards to show.
#[derive(Debug, Clone, Default)]
pub struct DeclaredFilter {
    /// Words that must all occur in number, title, firm, foods or analytes.
    pub text: Option<String>,
    /// Of this firm, drafts too.
    pub operator: Option<Id>,
    /// In this state.
    pub state: Option<DeclaredState>,
    /// Region code prefix.
    pub region: Option<String>,
    /// Oldest first.
    pub oldest: bool,
    /// Cursor of the page before.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

/// The verdict of a result by the standard its form cites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeclaredVerdict {
    /// The result.
    pub result: Id,
    /// The declared standard.
    pub standard: Id,
    /// The verdict.
    pub verdict: Verdict,
    /// When it was judged.
    pub judged: Instant,
}

fn resource(region: &str, operator: Id) -> Resource {
    Resource::new("document", region).of_operator(Some(operator))
}

impl Lab {
    /// Drafts an enterprise standard of a firm; seen by nobody else until it is published.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming field and row; [`Error::Denied`].
    pub async fn draft_declared(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        firm: &Declarer,
        new: NewDeclared,
    ) -> Result<Id, Error> {
        let permit = self.access.check(who, "create", &resource(&firm.region, firm.operator), cx.now)?;
        examine(&new)?;
        let id = cx.id();
        let number = new.number.trim().to_owned();
        let lines = self.check_rows(&new.rows, new.effective.max(cx.now.china_date()));
        let words = words_of(&number, &new.title, &firm.name, &new.rows);
        tx.exec(
            "insert into declared_standard (id, version, operator, operator_name, region, number, title, effective, state, \
             rows, words, created, created_by) values ($1, 1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9, $10, $11)",
            &[
                id.into(),
                firm.operator.into(),
                firm.name.as_str().into(),
                firm.region.as_str().into(),
                number.as_str().into(),
                new.title.trim().into(),
                new.effective.into(),
                text_of(&lines)?.into(),
                words.into(),
                cx.now.into(),
                who.account.into(),
            ],
        )
        .await?;
        let entry = Entry {
            kind: "declared.drafted",
            region: firm.region.clone(),
            subject: format!("declared:{id}"),
            body: serde_json::json!({ "operator": firm.operator, "number": number, "rows": lines.len() }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(id)
    }

    /// Publishes a draft. Every row is checked once more; one that is looser than a national limit refuses the whole.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the rows that are looser; [`Error::State`] unless it is a draft, or while the firm has published another
    /// under this number; [`Error::Denied`].
    pub async fn publish_declared(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
    ) -> Result<(), Error> {
        let d = declared_in(tx, id).await?;
        let permit = self.access.check(who, "act", &resource(&d.region, d.operator), cx.now)?;
        if d.state != DeclaredState::Draft {
            return Err(Error::State(Text::of("该标准已经公开或废止", "it is public or withdrawn already")));
        }
        let twin = tx
            .first(
                "select id from declared_standard where number = $1 and operator = $2 and state = 'published'",
                &[d.number.as_str().into(), d.operator.into()],
            )
            .await?;
        if twin.is_some() {
            return Err(Error::State(Text::of(
                "本单位已公开同一编号的标准；请先废止旧的，或使用新的年号",
                "a standard of this number is public already: withdraw it first, or number the new one anew",
            )));
        }
        let rows: Vec<DeclaredRow> = d.rows.into_iter().map(|l| l.declared).collect();
        let lines = self.check_rows(&rows, d.effective.max(cx.now.china_date()));
        let looser: Vec<Problem> = lines
            .iter()
            .enumerate()
            .filter(|(_, l)| l.checked.standing.forbids())
            .map(|(i, l)| {
                let national = l.checked.against.iter().find(|a| a.relation == "looser");
                let (zh, en) = national.map_or_else(Default::default, |a| {
                    let words = format!("{} {} {} {}", a.standard, a.clause, a.limit, a.unit);
                    (words.clone(), words)
                });
                let label = Text::new(format!("第{}条 限量", i + 1), format!("row {}, limit", i + 1));
                Problem::new(
                    &format!("rows.{}.limit", i + 1),
                    label,
                    format!("{} {}", l.declared.limit, l.declared.unit),
                    Text::new(
                        format!("宽于国家标准（{zh}），不得低于强制性国家标准（标准化法第二十一条），请更正"),
                        format!("looser than the national standard ({en}): an enterprise standard may not be; correct it"),
                    ),
                )
            })
            .collect();
        if !looser.is_empty() {
            return Err(Error::Invalid(looser));
        }
        let text = text_of(&lines)?;
        let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
        let entry = Entry {
            kind: "declared.published",
            region: d.region.clone(),
            subject: format!("declared:{id}"),
            body: serde_json::json!({
                "operator": d.operator, "number": d.number, "title": d.title, "effective": d.effective.to_string(),
                "rows": lines.len(), "sha256": sha256,
            }),
            private: None,
        };
        let appended = ledger::append(tx, cx, &permit, entry).await?;
        tx.exec_one(
            "update declared_standard set state = 'published', rows = $1, sha256 = $2, published = $3, journal = $4, \
             version = version + 1 where id = $5 and version = $6",
            &[
                text.into(),
                sha256.into(),
                cx.now.into(),
                appended.id.into(),
                id.into(),
                d.version.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Withdraws a published standard, or drops a draft, with the reason; what was public stays readable.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason; [`Error::State`] when withdrawn before; [`Error::Denied`].
    pub async fn withdraw_declared(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let d = declared_in(tx, id).await?;
        let permit = self.access.check(who, "act", &resource(&d.region, d.operator), cx.now)?;
        if reason.trim().is_empty() {
            let text = Text::of("请写明废止理由", "say why it is withdrawn");
            return Err(Error::Invalid(vec![Problem::new("reason", Text::of("理由", "reason"), "", text)]));
        }
        if d.state == DeclaredState::Withdrawn {
            return Err(Error::State(Text::of("该标准已经废止", "it is withdrawn already")));
        }
        tx.exec_one(
            "update declared_standard set state = 'withdrawn', withdrawn = $1, reason = $2, version = version + 1 \
             where id = $3 and version = $4",
            &[cx.now.into(), reason.trim().into(), id.into(), d.version.into()],
        )
        .await?;
        let entry = Entry {
            kind: "declared.withdrawn",
            region: d.region.clone(),
            subject: format!("declared:{id}"),
            body: serde_json::json!({ "number": d.number, "reason": reason.trim() }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// A standard of a firm for the firm itself and who may see its papers; drafts are checked by today's rules.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`].
    pub async fn declared(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<Declared, Error> {
        let mut d = read_one(store, id).await?;
        self.access.check(who, "view", &resource(&d.region, d.operator), now)?;
        if d.state == DeclaredState::Draft {
            let rows: Vec<DeclaredRow> = d.rows.into_iter().map(|l| l.declared).collect();
            d.rows = self.check_rows(&rows, d.effective.max(now.china_date()));
        }
        Ok(d)
    }

    fn check_rows(&self, rows: &[DeclaredRow], date: Date) -> Vec<DeclaredLine> {
        rows.iter()
            .map(|row| DeclaredLine { declared: row.clone(), checked: self.rules.check_declared(row, date) })
            .collect()
    }

    /// Judges new results by the standards their forms cite, in the transaction that stores them.
    pub(crate) async fn judge_declared(
        &self,
        tx: &mut Tx,
        cx: &Context,
        all: &[(&Sample, &[JudgedResult])],
    ) -> Result<(), Error> {
        let mut cited: HashMap<Id, Id> = HashMap::new();
        for part in all.chunks(500) {
            let mut sql = Sql::new(
                "select sample, declared from sample_form where declared is not null and sample in ",
            );
            sql.bind_list(part.iter().map(|(s, _)| s.id));
            for row in tx.select(&sql).await? {
                cited.insert(row.id("sample")?, row.id("declared")?);
            }
        }
        let mut values: Vec<Value> = Vec::new();
        for (sample, results) in all {
            let Some(standard) = cited.get(&sample.id) else { continue };
            let d = declared_in(tx, *standard).await?;
            for result in *results {
                let analyte = &result.reported.analyte;
                let row = d.rows.iter().find(|l| self.rules.declares(&l.declared, &sample.food, analyte));
                let Some(line) = row else { continue };
                let case = case_of(sample, &result.reported);
                let verdict = self.rules.judge_declared(&case, &d.number, &line.declared);
                values.extend([
                    cx.id().into(),
                    result.id.into(),
                    sample.id.into(),
                    d.id.into(),
                    verdict.outcome.word().into(),
                    text_of(&verdict)?.into(),
                    cx.now.into(),
                ]);
            }
        }
        tx.insert_many(
            "insert into declared_verdict (id, result, sample, standard, outcome, body, judged)",
            7,
            values,
            "",
        )
        .await?;
        Ok(())
    }

    /// The verdicts of a sample's results by the standard its form cites; none of a blind sample, whose number names the firm.
    ///
    /// # Errors
    /// Storage.
    pub async fn declared_verdicts(
        &self,
        store: &Store,
        sample: &Sample,
    ) -> Result<Vec<DeclaredVerdict>, Error> {
        if sample.blind {
            return Ok(Vec::new());
        }
        let rows = store
            .query(
                "select result, standard, body, judged from declared_verdict where sample = $1 order by id",
                &[sample.id.into()],
            )
            .await?;
        let read = |row: &Row| {
            Ok::<_, store::Error>(DeclaredVerdict {
                result: row.id("result")?,
                standard: row.id("standard")?,
                verdict: row.json("body")?,
                judged: row.instant("judged")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

/// The public standard of this number that the producer or the firm sampled has declared and that binds it on a day.
pub(crate) async fn cited_in(
    tx: &mut Tx,
    number: &str,
    firms: [Option<Id>; 2],
    on: Date,
) -> Result<Option<Id>, Error> {
    for firm in firms.into_iter().flatten() {
        let row = tx
            .first(
                "select id from declared_standard where number = $1 and operator = $2 and state = 'published' \
                 and effective <= $3 order by id desc",
                &[number.trim().into(), firm.into(), on.into()],
            )
            .await?;
        if let Some(row) = row {
            return Ok(Some(row.id("id")?));
        }
    }
    Ok(None)
}

/// Declared standards, newest first: of one firm with its drafts, else what is or was public.
///
/// # Errors
/// Storage.
pub async fn declared_standards(store: &Store, f: &DeclaredFilter) -> Result<Page<Declared>, Error> {
    let mut sql = Sql::new(DECLARED);
    match f.operator {
        Some(operator) => sql.push(" where operator = ").bind(operator),
        None => sql.push(" where published is not null"),
    };
    if let Some(state) = f.state {
        sql.push(" and state = ").bind(state.word());
    }
    for word in f.text.as_deref().unwrap_or_default().to_lowercase().split_whitespace().take(6) {
        let like = format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        sql.push(" and words like ").bind(like).push(" escape '\\'");
    }
    if let Some(region) = f.region.as_deref() {
        crate::query::prefix(&mut sql, " and region", region);
    }
    if let Some(after) = f.after.as_deref().and_then(|t| t.parse::<Id>().ok()) {
        sql.push(if f.oldest { " and id > " } else { " and id < " }).bind(after);
    }
    let rows = limit(f.limit);
    sql.push(if f.oldest { " order by id limit " } else { " order by id desc limit " });
    sql.bind(i64::from(rows) + 1);
    let found: Vec<Declared> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(page(found, rows, |d| d.id.to_string()))
}

/// One standard that is or was public.
///
/// # Errors
/// [`Error::NotFound`] for unknown ones and drafts.
pub async fn public_declared(store: &Store, id: Id) -> Result<Declared, Error> {
    let d = read_one(store, id).await?;
    if d.published.is_none() {
        return Err(Error::NotFound(format!("declared standard {id}")));
    }
    Ok(d)
}

/// The rows of one standard that is or was public, byte for byte as their SHA-256 stands in the journal.
///
/// # Errors
/// [`Error::NotFound`] for unknown ones and drafts.
pub async fn declared_bytes(store: &Store, id: Id) -> Result<String, Error> {
    let row = store
        .first("select rows from declared_standard where published is not null and id = $1", &[id.into()])
        .await?;
    Ok(row.ok_or_else(|| Error::NotFound(format!("declared standard {id}")))?.text("rows")?)
}

const DECLARED: &str = "select id, version, operator, operator_name, region, number, title, effective, state, rows, sha256, created, \
    published, withdrawn, reason, journal from declared_standard";

async fn read_one(store: &Store, id: Id) -> Result<Declared, Error> {
    let mut sql = Sql::new(DECLARED);
    sql.push(" where id = ").bind(id);
    let row = store.select(&sql).await?.into_iter().next();
    let row = row.ok_or_else(|| Error::NotFound(format!("declared standard {id}")))?;
    Ok(read(&row)?)
}

async fn declared_in(tx: &mut Tx, id: Id) -> Result<Declared, Error> {
    let mut sql = Sql::new(DECLARED);
    sql.push(" where id = ").bind(id);
    let row = tx.select(&sql).await?.into_iter().next();
    let row = row.ok_or_else(|| Error::NotFound(format!("declared standard {id}")))?;
    Ok(read(&row)?)
}

fn read(row: &Row) -> Result<Declared, store::Error> {
    Ok(Declared {
        id: row.id("id")?,
        version: row.int("version")?,
        operator: row.id("operator")?,
        operator_name: row.text("operator_name")?,
        region: row.text("region")?,
        number: row.text("number")?,
        title: row.text("title")?,
        effective: row.date("effective")?,
        state: row.parsed("state")?,
        rows: row.json("rows")?,
        sha256: row.opt_text("sha256")?,
        created: row.instant("created")?,
        published: row.opt_instant("published")?,
        withdrawn: row.opt_instant("withdrawn")?,
        reason: row.opt_text("reason")?,
        journal: row.opt_id("journal")?,
    })
}

fn words_of(number: &str, title: &str, firm: &str, rows: &[DeclaredRow]) -> String {
    let mut words = vec![number.to_lowercase(), title.to_lowercase(), firm.to_lowercase()];
    for row in rows {
        for word in [row.food.to_lowercase(), row.analyte.to_lowercase()] {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words.join(" ")
}

fn text_of<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| {
        Error::Store(store::Error::Setup(format!("a declared standard does not serialise: {e}")))
    })
}
