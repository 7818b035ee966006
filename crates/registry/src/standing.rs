//! What stands against or for an operator: professional bans, the credit file, grades. Written by the steps of
//! procedures, whose permit is kept in the journal.

use crate::{Error, OperatorKind, operator};
use base::{Date, Id};
use ledger::{Context, Entry, Permit, append};
use serde_json::json;
use store::{Row, Sql, Store, Tx};

/// A professional ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The record.
    pub id: Id,
    /// The operator banned, or at which the person banned worked.
    pub operator: Option<Id>,
    /// Whether a person is banned (known by fingerprint only).
    pub person: bool,
    /// Clause.
    pub basis: String,
    /// First day.
    pub from: Date,
    /// Last day; `None` for life.
    pub to: Option<Date>,
}

impl Ban {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            operator: row.opt_id("operator")?,
            person: row.opt_text("number_key")?.is_some(),
            basis: row.text("basis")?,
            from: row.date("valid_from")?,
            to: row.opt_date("valid_to")?,
        })
    }
}

/// Whom a ban is laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Banned {
    /// The operator itself.
    Operator,
    /// Its legal representatives and heads with a known identity number.
    Heads,
}

/// A ban to lay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBan {
    /// The operator.
    pub operator: Id,
    /// On whom.
    pub whom: Banned,
    /// Clause.
    pub basis: String,
    /// First day: that of the decision.
    pub from: Date,
    /// Last day; `None` for life.
    pub to: Option<Date>,
    /// The procedure that decided.
    pub matter: Option<Id>,
}

/// Lays a ban; gives how many records it made: one for an operator, one for each head whose identity number is known.
///
/// # Errors
/// [`Error::NotFound`] without the operator.
pub async fn lay_ban(tx: &mut Tx, cx: &Context, permit: &Permit, new: NewBan) -> Result<usize, Error> {
    let owner = operator::locked(tx, new.operator).await?;
    let mut keys: Vec<Option<String>> = Vec::new();
    match new.whom {
        Banned::Operator => keys.push(None),
        Banned::Heads => {
            let sql = "select distinct number_key from person where operator = $1 and number_key is not null \
                       and role in ('legal_representative', 'head')";
            for row in tx.query(sql, &[new.operator.into()]).await? {
                keys.push(row.opt_text("number_key")?);
            }
        }
    }
    for key in &keys {
        let id = cx.id();
        tx.exec(
            "insert into ban (id, operator, number_key, basis, valid_from, valid_to, matter, region, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                id.into(),
                new.operator.into(),
                key.as_deref().into(),
                new.basis.as_str().into(),
                new.from.into(),
                new.to.into(),
                new.matter.into(),
                owner.region.as_str().into(),
                cx.now.into(),
            ],
        )
        .await?;
        let body = json!({
            "ban": id, "operator": new.operator, "person": key.is_some(), "basis": new.basis,
            "from": new.from.to_string(), "to": new.to.map(|d| d.to_string()), "matter": new.matter,
        });
        let region = owner.region.clone();
        let entry = Entry { kind: "ban.laid", region, subject: format!("ban:{id}"), body, private: None };
        append(tx, cx, permit, entry).await?;
    }
    Ok(keys.len())
}

/// The bans in force on a day that touch an operator: on itself, or on a person who works there now. Persons are matched
/// by fingerprint; no number is opened.
///
/// # Errors
/// Storage.
pub async fn bans_on(tx: &mut Tx, operator: Id, day: Date) -> Result<Vec<Ban>, Error> {
    let rows = tx
        .query(
            "select b.* from ban b where b.valid_from <= $2 and (b.valid_to is null or b.valid_to >= $2) and \
             ((b.operator = $1 and b.number_key is null) or b.number_key in (select p.number_key from person p \
             where p.operator = $1 and p.number_key is not null and (p.valid_to is null or p.valid_to >= $2))) order by b.id",
            &[operator.into(), day.into()],
        )
        .await?;
    Ok(rows.iter().map(Ban::read).collect::<Result<_, _>>()?)
}

/// One line of a credit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditEntry {
    /// The record.
    pub id: Id,
    /// `inspection`, `penalty`, `severe`, `interview`, `crime`, ….
    pub kind: String,
    /// When.
    pub happened: Date,
    /// What, in words.
    pub text: String,
    /// Last day it counts.
    pub until: Option<Date>,
    /// Repaired or removed on.
    pub closed: Option<Date>,
    /// The procedure it came from.
    pub matter: Option<Id>,
}

impl CreditEntry {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.id("id")?,
            kind: row.text("kind")?,
            happened: row.date("happened")?,
            text: row.text("text")?,
            until: row.opt_date("until")?,
            closed: row.opt_date("closed")?,
            matter: row.opt_id("matter")?,
        })
    }

    /// Whether it counts on a day.
    #[must_use]
    pub fn counts(&self, day: Date) -> bool {
        self.closed.is_none() && self.until.is_none_or(|d| day <= d)
    }
}

/// A line to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCreditEntry {
    /// Whose.
    pub operator: Id,
    /// Kind.
    pub kind: String,
    /// When.
    pub happened: Date,
    /// What; no personal data.
    pub text: String,
    /// Last day it counts.
    pub until: Option<Date>,
    /// The procedure it comes from: one line a kind.
    pub matter: Option<Id>,
}

/// Writes a line of the credit file, or brings the line of the same procedure and kind up to date.
///
/// # Errors
/// [`Error::NotFound`] without the operator.
pub async fn note_credit(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    new: NewCreditEntry,
) -> Result<Id, Error> {
    let owner = operator::locked(tx, new.operator).await?;
    let id = cx.id();
    tx.exec(
        "insert into credit_entry (id, operator, kind, happened, text, until, closed, matter, region, created_at) \
         values ($1, $2, $3, $4, $5, $6, null, $7, $8, $9) \
         on conflict (matter, kind) do update set happened = excluded.happened, text = excluded.text, until = excluded.until",
        &[
            id.into(),
            new.operator.into(),
            new.kind.as_str().into(),
            new.happened.into(),
            new.text.as_str().into(),
            new.until.into(),
            new.matter.into(),
            owner.region.as_str().into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({
        "operator": new.operator, "kind": new.kind, "happened": new.happened.to_string(), "text": new.text,
        "until": new.until.map(|d| d.to_string()), "matter": new.matter,
    });
    let subject = operator::subject(new.operator);
    append(
        tx,
        cx,
        permit,
        Entry { kind: "credit.noted", region: owner.region, subject, body, private: None },
    )
    .await?;
    crate::credit::regrade(tx, cx, permit, new.operator).await?;
    Ok(id)
}

/// Closes the lines of a kind that still count: repair or removal. Gives how many.
///
/// # Errors
/// [`Error::NotFound`] without the operator.
pub async fn close_credit(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    operator: Id,
    kind: &str,
) -> Result<u64, Error> {
    let owner = operator::locked(tx, operator).await?;
    let day = cx.now.china_date();
    let closed = tx
        .exec(
            "update credit_entry set closed = $3 where operator = $1 and kind = $2 and closed is null",
            &[operator.into(), kind.into(), day.into()],
        )
        .await?;
    let body = json!({ "operator": operator, "kind": kind, "closed": closed, "on": day.to_string() });
    let subject = operator::subject(operator);
    append(
        tx,
        cx,
        permit,
        Entry { kind: "credit.closed", region: owner.region, subject, body, private: None },
    )
    .await?;
    crate::credit::regrade(tx, cx, permit, operator).await?;
    Ok(closed)
}

/// How many lines of a kind happened from a day on, closed ones included: a repaired penalty was still a penalty.
///
/// # Errors
/// Storage.
pub async fn credit_count(tx: &mut Tx, operator: Id, kind: &str, since: Date) -> Result<i64, Error> {
    let sql = "select count(*) as n from credit_entry where operator = $1 and kind = $2 and happened >= $3";
    let row = tx.first(sql, &[operator.into(), kind.into(), since.into()]).await?;
    Ok(row.map(|r| r.int("n")).transpose()?.unwrap_or(0))
}

/// The lines of a kind that count on a day, inside a step.
///
/// # Errors
/// Storage.
pub async fn credit_standing(
    tx: &mut Tx,
    operator: Id,
    kind: &str,
    day: Date,
) -> Result<Vec<CreditEntry>, Error> {
    let sql = "select * from credit_entry where operator = $1 and kind = $2 order by happened desc, id desc";
    let rows = tx.query(sql, &[operator.into(), kind.into()]).await?;
    let mut found = Vec::new();
    for row in &rows {
        let entry = CreditEntry::read(row)?;
        if entry.counts(day) {
            found.push(entry);
        }
    }
    Ok(found)
}

/// The credit file of an operator, newest first. No right is checked here: show it only after the operator itself was.
///
/// # Errors
/// Storage.
pub async fn credit_file(store: &Store, operator: Id) -> Result<Vec<CreditEntry>, Error> {
    let sql = "select * from credit_entry where operator = $1 order by happened desc, id desc limit 500";
    let rows = store.query(sql, &[operator.into()]).await?;
    Ok(rows.iter().map(CreditEntry::read).collect::<Result<_, _>>()?)
}

/// The whole file inside a step, newest first.
pub(crate) async fn entries(tx: &mut Tx, operator: Id) -> Result<Vec<CreditEntry>, Error> {
    let sql = "select * from credit_entry where operator = $1 order by happened desc, id desc";
    let rows = tx.query(sql, &[operator.into()]).await?;
    Ok(rows.iter().map(CreditEntry::read).collect::<Result<_, _>>()?)
}

/// The newest grade of a kind inside a step.
pub(crate) async fn latest_grade(tx: &mut Tx, operator: Id, kind: &str) -> Result<Option<String>, Error> {
    let sql = "select grade from grade where operator = $1 and kind = $2 order by id desc limit 1";
    let row = tx.first(sql, &[operator.into(), kind.into()]).await?;
    Ok(row.map(|r| r.text("grade")).transpose()?)
}

/// Gives an operator a grade of a kind (`risk`, `credit`) from today.
///
/// # Errors
/// [`Error::NotFound`] without the operator.
pub async fn set_grade(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    operator: Id,
    kind: &str,
    grade: &str,
    matter: Option<Id>,
) -> Result<(), Error> {
    let owner = operator::locked(tx, operator).await?;
    let day = cx.now.china_date();
    tx.exec(
        "insert into grade (id, operator, kind, grade, since, matter, region, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            cx.id().into(),
            operator.into(),
            kind.into(),
            grade.into(),
            day.into(),
            matter.into(),
            owner.region.as_str().into(),
            cx.now.into(),
        ],
    )
    .await?;
    let body = json!({ "operator": operator, "kind": kind, "grade": grade, "since": day.to_string(), "matter": matter });
    let subject = operator::subject(operator);
    append(
        tx,
        cx,
        permit,
        Entry { kind: "operator.graded", region: owner.region, subject, body, private: None },
    )
    .await?;
    Ok(())
}

/// The newest grade of each kind: kind, grade, since. No right is checked here.
///
/// # Errors
/// Storage.
pub async fn grades_of(store: &Store, operator: Id) -> Result<Vec<(String, String, Date)>, Error> {
    let sql = "select g.kind, g.grade, g.since from grade g where g.operator = $1 and g.id = \
               (select max(h.id) from grade h where h.operator = g.operator and h.kind = g.kind) order by g.kind";
    let rows = store.query(sql, &[operator.into()]).await?;
    rows.iter().map(|r| Ok((r.text("kind")?, r.text("grade")?, r.date("since")?))).collect()
}

/// An operator that is due for an inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueOperator {
    /// The record.
    pub id: Id,
    /// Name.
    pub name: String,
    /// Region code.
    pub region: String,
    /// What it does.
    pub kinds: crate::Kinds,
    /// Risk grade; empty when none was given.
    pub grade: String,
}

/// The operators of a region without an inspection since a day, worst grade first, at most `most`.
///
/// # Errors
/// Storage.
pub async fn due_for_inspection(
    tx: &mut Tx,
    region: &str,
    since: Date,
    most: u32,
) -> Result<Vec<DueOperator>, Error> {
    let mut sql = Sql::new(
        "select o.id, o.name, o.region, o.kinds, coalesce((select g.grade from grade g where g.operator = o.id and g.kind = 'risk' \
         order by g.id desc limit 1), '') as grade from operator o where o.status = 'active' and o.region >= ",
    );
    sql.bind(region).push(" and o.region < ").bind(format!("{region}:"));
    sql.push(" and not exists (select 1 from credit_entry c where c.operator = o.id and c.kind = 'inspection' and c.happened >= ");
    sql.bind(since).push(") order by grade desc, o.id limit ").bind(most);
    let rows = tx.select(&sql).await?;
    rows.iter()
        .map(|r| {
            Ok(DueOperator {
                id: r.id("id")?,
                name: r.text("name")?,
                region: r.text("region")?,
                kinds: crate::Kinds::from_bits(r.int("kinds")?),
                grade: r.text("grade")?,
            })
        })
        .collect()
}

/// An operator as the list of a random inspection needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspectable {
    /// The record.
    pub id: Id,
    /// Name.
    pub name: String,
    /// Region code.
    pub region: String,
    /// What it does.
    pub kinds: crate::Kinds,
    /// Risk grade; empty when not graded.
    pub grade: String,
    /// Credit class A–D; empty where none was reckoned yet.
    pub credit: String,
    /// A penalty or a severe violation since the day asked for.
    pub marked: bool,
    /// Day of the last inspection.
    pub inspected: Option<Date>,
}

/// Every food operator in business in a region, with grade, last inspection and whether the credit file has a penalty since a
/// day; in order of record. No right is checked: the caller decides who may draw.
///
/// # Errors
/// Storage.
pub async fn inspectable(tx: &mut Tx, region: &str, since: Date) -> Result<Vec<Inspectable>, Error> {
    let food = OperatorKind::ALL.iter().copied().filter(|k| {
        !matches!(
            k,
            OperatorKind::Farm | OperatorKind::Laboratory | OperatorKind::Carrier | OperatorKind::Platform
        )
    });
    let food: Vec<OperatorKind> = food.collect();
    let mut sql = Sql::new(
        "select o.id, o.name, o.region, o.kinds, coalesce((select g.grade from grade g where g.operator = o.id and g.kind = 'risk' \
         order by g.id desc limit 1), '') as grade, \
         coalesce((select g.grade from grade g where g.operator = o.id and g.kind = 'credit' order by g.id desc limit 1), '') as credit, \
         (select max(c.happened) from credit_entry c where c.operator = o.id and c.kind = 'inspection') as inspected, \
         (select count(*) from credit_entry c where c.operator = o.id and c.kind in ('penalty', 'severe') and c.happened >= ",
    );
    sql.bind(since).push(") as marks from operator o where o.status = 'active' and (o.kinds & ");
    sql.bind(crate::Kinds::of(&food).bits()).push(") <> 0 and o.region >= ").bind(region);
    sql.push(" and o.region < ").bind(format!("{region}:")).push(" order by o.id");
    let rows = tx.select(&sql).await?;
    rows.iter()
        .map(|r| {
            Ok(Inspectable {
                id: r.id("id")?,
                name: r.text("name")?,
                region: r.text("region")?,
                kinds: crate::Kinds::from_bits(r.int("kinds")?),
                grade: r.text("grade")?,
                credit: r.text("credit")?,
                marked: r.int("marks")? > 0,
                inspected: r.opt_date("inspected")?,
            })
        })
        .collect()
}
