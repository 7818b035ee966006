//! Names of events kept free for a document of which all is stored or nothing.
//!
//! Such a document is judged from end to end before its first event is stored. Between the two nobody may give one of its
//! `eventID`s to something else: so the judging claims them, row by row, and the verdict, one short transaction, makes the claims
//! hold. Who stores events reads the claims that hold and refuses what goes against them; on PostgreSQL, where two can write at once, a
//! capture that read them before a verdict and would be numbered after it begins again ([`crate::capture::number`]). What was stored
//! while the document was judged is compared with its claims at the verdict. Events without `eventID` claim nothing: the same content
//! stored by another meanwhile is a duplicate, and refuses nothing.

use crate::Error;
use crate::capture::exists;
use crate::prepare::Prepared;
use base::Id;
use epcis::Problem;
use std::collections::HashMap;
use store::{Row, Sql, Store, Tx};

/// Parameters of one `in (…)` list.
const CHUNK: usize = 400;
/// Claims given up, and captures compared, by one statement.
const PAGE: i64 = 2_000;
/// Problems told of one verdict.
const MOST: i64 = 1_000;

/// Where the order of captures stands, and how many verdicts there were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// The last position taken.
    pub(crate) last: i64,
    /// Verdicts so far.
    pub(crate) verdicts: i64,
    /// Documents found good and not yet stored to the end.
    pub(crate) holding: i64,
}

impl Order {
    /// As it is now.
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self, Error> {
        let row = tx.one(ORDER, &[]).await?;
        Ok(Self { last: row.int("last")?, verdicts: row.int("verdicts")?, holding: row.int("holding")? })
    }
}

const ORDER: &str = "select last, verdicts, \
    (select count(*) from capture where judged is not null and finished = 0) as holding \
    from capture_position where id = 1";

/// Names of events, each with the times of declaration it is taken for and the hash of what it stands for.
#[derive(Debug, Default)]
pub(crate) struct Claims(HashMap<String, Vec<(String, Vec<u8>)>>);

impl Claims {
    /// Reads claims on some names: those of one document, or those that hold against it.
    async fn read(tx: &mut Tx, names: &[&str], start: impl Fn() -> Sql) -> Result<Self, Error> {
        let mut claims = Self::default();
        for part in names.chunks(CHUNK) {
            let mut sql = start();
            sql.push(" and k.event_id in ").bind_list(part.iter().copied());
            for row in tx.select(&sql).await? {
                let claim = (row.text("declared")?, row.bytes("hash")?);
                claims.0.entry(row.text("event_id")?).or_default().push(claim);
            }
        }
        Ok(claims)
    }

    /// The claims of others that hold, on the names of some events.
    pub(crate) async fn of_others(tx: &mut Tx, names: &[&str], own: Option<Id>) -> Result<Self, Error> {
        let start = || {
            let mut sql = Sql::new(
                "select k.event_id, k.declared, k.hash from capture c cross join event_claim k \
                 where c.judged is not null and c.finished = 0 and k.capture = c.id and c.id <> ",
            );
            sql.bind(own.unwrap_or(Id(0)));
            sql
        };
        Self::read(tx, names, start).await
    }

    /// Whether the name of an event is claimed for something else.
    pub(crate) fn refuse(&self, p: &Prepared) -> bool {
        let mut claims = p.event_id.as_ref().and_then(|name| self.0.get(name)).into_iter().flatten();
        claims.any(|(declared, hash)| *declared == p.declared && *hash != p.hash)
    }
}

/// Claims the names of a portion's events for their document. Gives the events whose name stands for something else further up in
/// it.
pub(crate) async fn take(tx: &mut Tx, document: Id, prepared: &[Prepared]) -> Result<Vec<Problem>, Error> {
    let names: Vec<&str> = prepared.iter().filter_map(|p| p.event_id.as_deref()).collect();
    let start = || {
        let mut sql = Sql::new("select k.event_id, k.declared, k.hash from event_claim k where k.capture = ");
        sql.bind(document);
        sql
    };
    // those of an earlier attempt too: the first with a name always comes first
    let mut own = Claims::read(tx, &names, start).await?;
    let (mut problems, mut values) = (Vec::new(), Vec::with_capacity(names.len() * 5));
    for p in prepared {
        let Some(name) = &p.event_id else { continue };
        if own.refuse(p) {
            problems.push(exists(p.pointer.clone(), name));
            continue;
        }
        let claims = own.0.entry(name.clone()).or_default();
        if claims.iter().any(|(declared, _)| *declared == p.declared) {
            continue;
        }
        claims.push((p.declared.clone(), p.hash.to_vec()));
        values.extend([
            document.into(),
            name.as_str().into(),
            p.declared.as_str().into(),
            p.hash.into(),
            p.pointer.as_str().into(),
        ]);
    }
    // another runner of the same document may have been quicker
    tx.insert_many(
        "insert into event_claim (capture, event_id, declared, hash, pointer)",
        5,
        values,
        "on conflict (capture, event_id, declared) do nothing",
    )
    .await?;
    Ok(problems)
}

/// Gives up the claims on the names of events that are stored now.
pub(crate) async fn free(tx: &mut Tx, document: Id, prepared: &[Prepared]) -> Result<(), Error> {
    let names: Vec<&str> = prepared.iter().filter_map(|p| p.event_id.as_deref()).collect();
    for part in names.chunks(CHUNK) {
        let mut sql = Sql::new("delete from event_claim where capture = ");
        sql.bind(document).push(" and event_id in ").bind_list(part.iter().copied());
        tx.execute(&sql).await?;
    }
    Ok(())
}

/// Gives up all claims of a document that is refused, some at a time.
pub(crate) async fn free_all(store: &Store, document: Id) -> Result<(), Error> {
    loop {
        let mut tx = store.begin().await?;
        let freed = tx
            .exec(
                "delete from event_claim where capture = $1 and event_id in \
                 (select event_id from event_claim where capture = $1 order by event_id limit $2)",
                &[document.into(), PAGE.into()],
            )
            .await?;
        tx.commit().await?;
        if freed == 0 {
            return Ok(());
        }
    }
}

/// What others stored behind a position under a name claimed for something else, while much is left to compare: up to the position it
/// gives back.
pub(crate) async fn compare(
    store: &Store,
    document: Id,
    mut since: i64,
) -> Result<(Vec<Problem>, i64), Error> {
    let mut problems = Vec::new();
    loop {
        let last = store.one(ORDER, &[]).await?.int("last")?;
        if last - since < PAGE / 10 {
            return Ok((problems, since));
        }
        let until = last.min(since + PAGE);
        let rows = store.query(STORED, &[document.into(), since.into(), until.into(), MOST.into()]).await?;
        problems.extend(told(&rows)?);
        since = until;
    }
}

const STORED: &str = "select k.event_id, k.pointer from capture c cross join event e cross join event_claim k \
    where c.position > $2 and c.position <= $3 and e.capture = c.id and e.event_id is not null and k.capture = $1 \
    and k.event_id = e.event_id and k.declared = e.declared and k.hash <> e.hash limit $4";

/// The last comparison, and the verdict: nobody is numbered until the transaction ends, and whoever read the claims before
/// begins again. `read` is what stood when the judging began, `since` up to where was compared.
pub(crate) async fn hold(tx: &mut Tx, document: Id, read: Order, since: i64) -> Result<Vec<Problem>, Error> {
    let sql = "update capture_position set verdicts = verdicts + 1 where id = 1 returning last, verdicts";
    let row = tx.one(sql, &[]).await?;
    let span = [document.into(), since.into(), row.int("last")?.into(), MOST.into()];
    let mut problems = told(&tx.query(STORED, &span).await?)?;
    if row.int("verdicts")? != read.verdicts + 1 {
        // another document was found good meanwhile
        let rows = tx
            .query(
                "select k.event_id, k.pointer from capture c cross join event_claim k cross join event_claim other \
                 where c.judged is not null and c.finished = 0 and c.id <> $1 and k.capture = $1 \
                 and other.capture = c.id and other.event_id = k.event_id and other.declared = k.declared \
                 and other.hash <> k.hash limit $2",
                &[document.into(), MOST.into()],
            )
            .await?;
        problems.extend(told(&rows)?);
    }
    Ok(problems)
}

fn told(rows: &[Row]) -> Result<Vec<Problem>, Error> {
    rows.iter().map(|row| Ok(exists(row.text("pointer")?, &row.text("event_id")?))).collect()
}
