//! Standing queries: who is told of new events, how far they have been told, and what is still to be told.
//!
//! A subscription follows the captures in the order they were committed; how far it has come is stored after each
//! message the receiver took, so that a message may come twice after a crash and none is left out or out of order.

use crate::named::entry;
use crate::{Error, NamedQuery, Supply};
use access::Principal;
use base::{Id, Instant};
use epcis::Event;
use ledger::Context;
use serde_json::{Value, json};
use store::{Row, Sql, Tx};

/// Events looked at in one step.
const STEP: i64 = 1_000;
/// Captures looked at in one step.
const CAPTURES: i64 = 1_000;
/// How long a process may deliver before another takes over.
/// Turns of one account's subscriptions at once: slow receivers of one must leave places for those of others.
const AT_ONCE: i64 = 2;
const BUSY_SECONDS: i64 = 120;
/// Events of one message, unless the receiver asks for fewer.
const BATCH: i64 = 500;
/// The longest pause after failures in a row.
const LONGEST_PAUSE: i64 = 6 * 3600;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSubscription {
    /// Address of the receiver.
    pub dest: String,
    /// `signatureToken`.
    pub secret: Option<String>,
    /// `schedule`; `None`: a stream.
    pub schedule: Option<Value>,
    /// When the schedule first calls.
    pub first: Option<Instant>,
    /// Tell also that there is nothing to tell.
    pub report_if_empty: bool,
    /// Events recorded from then on; `None`: from now on.
    pub initial: Option<Instant>,
    /// `GS1-EPC-Format` of the messages.
    pub epc_format: String,
    /// Messages in XML.
    pub xml: bool,
}

/// A standing query.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// `subscriptionID`.
    pub id: Id,
    /// The query.
    pub query: Id,
    /// With whose rights.
    pub account: Id,
    /// Address of the receiver.
    pub dest: String,
    /// `None`: a stream.
    pub schedule: Option<Value>,
    /// Tell also that there is nothing to tell.
    pub report_if_empty: bool,
    /// `GS1-EPC-Format` of the messages.
    pub epc_format: String,
    /// Messages in XML.
    pub xml: bool,
    /// When it was made.
    pub created: Instant,
    /// `initialRecordTime`
    pub initial: Instant,
    /// `minRecordTime`: when it last ran, at first `initialRecordTime`.
    pub floor: Instant,
    /// How far it has been told.
    pub reach: Reach,
    /// When the receiver last answered 2xx.
    pub last_notified: Option<Instant>,
    /// Events a message.
    pub batch: usize,
    /// Failures in a row.
    pub failures: i64,
    /// What the last failure was.
    pub problem: Option<String>,
}

/// A place in the order of everything captured: all captures up to `position`, and the first `leaf` events of the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Reach {
    /// Position of the last capture told in full.
    pub position: i64,
    /// Events told of the capture after it.
    pub leaf: i64,
}

/// A subscription claimed by this process.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// It.
    pub subscription: Subscription,
    /// What it asks.
    pub query: NamedQuery,
    /// With whose rights; `None` when the account is not active any more.
    pub who: Option<Principal>,
    /// `signatureToken`
    pub secret: Option<String>,
}

fn sealed(id: Id) -> String {
    format!("subscription:{id}")
}

impl Supply {
    /// Subscribes to a query.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`].
    pub async fn subscribe(
        &self,
        cx: &Context,
        who: &Principal,
        query: &str,
        new: &NewSubscription,
    ) -> Result<Subscription, Error> {
        let query = self.query(who, cx.now, query).await?;
        let permit = self.may_look(who, cx.now)?;
        let id = cx.id();
        let initial = new.initial.unwrap_or(cx.now);
        let secret = match &new.secret {
            Some(text) => Some(self.access.vault().seal(&sealed(id), text).map_err(|_| Error::Interrupted)?),
            None => None,
        };
        let mut tx = self.store.begin().await?;
        let from = position_at(&mut tx, initial).await?;
        tx.exec(
            "insert into subscription (id, query, account, dest, secret, schedule, report_if_empty, epc_format, xml, \
             created, initial, floor, position, leaf, run_at, batch, failures, busy_until) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, 0, $13, $14, 0, 0)",
            &[
                id.into(),
                query.id.into(),
                who.account.into(),
                new.dest.as_str().into(),
                secret.into(),
                new.schedule.as_ref().map(Value::to_string).into(),
                new.report_if_empty.into(),
                new.epc_format.as_str().into(),
                new.xml.into(),
                cx.now.into(),
                initial.into(),
                from.into(),
                new.first.unwrap_or(cx.now).into(),
                BATCH.into(),
            ],
        )
        .await?;
        let body = json!({ "subscription": id, "schedule": new.schedule, "stream": new.schedule.is_none() });
        let mut entry = entry("subscription.created", who, &query, body);
        // an address may carry a person's name or key
        entry.private = Some(json!({ "dest": new.dest }));
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.raise(crate::CAPTURED);
        tx.commit().await?;
        self.subscription(who, cx.now, &query.name, id).await
    }

    /// Subscriptions to a query, in order, after the one given, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`].
    pub async fn subscriptions(
        &self,
        who: &Principal,
        now: Instant,
        query: &str,
        after: Option<Id>,
        limit: u32,
    ) -> Result<Vec<Subscription>, Error> {
        let query = self.query(who, now, query).await?;
        let rows = self
            .store
            .query(
                "select * from subscription where query = $1 and id > $2 order by id limit $3",
                &[query.id.into(), after.map_or(0, |id| id.0).into(), i64::from(limit).into()],
            )
            .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One subscription.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`].
    pub async fn subscription(
        &self,
        who: &Principal,
        now: Instant,
        query: &str,
        id: Id,
    ) -> Result<Subscription, Error> {
        let query = self.query(who, now, query).await?;
        let row = self
            .store
            .first("select * from subscription where query = $1 and id = $2", &[query.id.into(), id.into()])
            .await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("subscription {id}")))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`].
    pub async fn unsubscribe(&self, cx: &Context, who: &Principal, query: &str, id: Id) -> Result<(), Error> {
        let found = self.subscription(who, cx.now, query, id).await?;
        let query = self.query(who, cx.now, query).await?;
        let permit = self.may_end(cx, who, found.account)?;
        let mut tx = self.store.begin().await?;
        tx.exec_one("delete from subscription where id = $1", &[id.into()]).await?;
        let entry = entry("subscription.deleted", who, &query, json!({ "subscription": id }));
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the next subscription that is due for this process, at most one; call again until there is none.
    ///
    /// # Errors
    /// Storage.
    pub async fn claim_delivery(&self, now: Instant) -> Result<Option<Delivery>, Error> {
        let last = self.last_position().await?;
        let longest = store::lease::longest(now, BUSY_SECONDS);
        let mut free = Sql::new("(busy_until <= ");
        free.bind(now).push(" or busy_until > ").bind(longest).push(")");
        let mut due = Sql::new("select s.id from subscription s where s.run_at <= ");
        due.bind(now)
            .push(" and ")
            .append(&free)
            .push(" and (s.schedule is not null or s.position < ")
            .bind(last);
        due.push(
            ") and (select count(*) from subscription o where o.account = s.account and o.busy_until > ",
        );
        due.bind(now).push(" and o.busy_until <= ").bind(longest).push(") < ").bind(AT_ONCE);
        due.push(" order by s.run_at, s.id limit 1");
        // look before writing: an idle process must not take the one writer of SQLite
        if self.store.select(&due).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.store.begin().await?;
        let mut claim = Sql::new("update subscription set busy_until = ");
        claim
            .bind(now.plus_seconds(BUSY_SECONDS))
            .push(" where id = (")
            .append(&due)
            .push(") and ")
            .append(&free);
        claim.push(" returning *");
        let rows = tx.select(&claim).await?;
        tx.commit().await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let subscription = read(&row)?;
        let query =
            self.store.one("select * from named_query where id = $1", &[subscription.query.into()]).await?;
        let account = subscription.account;
        let who = access::account::principal_by_id(&self.store, &self.access, account, now)
            .await
            .map_err(|_| Error::Interrupted)?;
        let secret = match row.opt_bytes("secret")? {
            Some(bytes) => Some(
                self.access
                    .vault()
                    .open_text(&sealed(subscription.id), &bytes)
                    .map_err(|_| Error::Interrupted)?,
            ),
            None => None,
        };
        Ok(Some(Delivery { query: crate::named::read(&query)?, subscription, who, secret }))
    }

    /// The next stretch of events after a place in the order: those the reader may see, recorded at or after `floor`, each
    /// with the place after it; and the place up to which this was everything.
    ///
    /// # Errors
    /// Storage.
    pub async fn events_since(
        &self,
        who: &Principal,
        now: Instant,
        from: Reach,
        floor: Instant,
    ) -> Result<(Vec<(Reach, Event)>, Reach), Error> {
        let last = self.last_position().await?.min(from.position + CAPTURES);
        if last <= from.position {
            return Ok((Vec::new(), from));
        }
        let mut sql = Sql::new(
            "select c.position, e.leaf, e.id from capture c join event e on e.capture = c.id where c.position > ",
        );
        sql.bind(from.position).push(" and c.position <= ").bind(last);
        sql.push(" and (c.position > ").bind(from.position + 1).push(" or e.leaf >= ").bind(from.leaf);
        sql.push(") and e.record_time >= ").bind(floor).push(" and ").append(&self.visible(who, now));
        sql.push(" order by c.position, e.leaf limit ").bind(STEP);
        let rows = self.store.select(&sql).await?;
        let mut places = Vec::with_capacity(rows.len());
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            places.push(Reach { position: row.int("position")? - 1, leaf: row.int("leaf")? + 1 });
            ids.push(row.id("id")?);
        }
        let end = match places.last() {
            Some(place) if i64::try_from(places.len()).unwrap_or(i64::MAX) == STEP => *place,
            _ => Reach { position: last, leaf: 0 },
        };
        let events = self.recorded(&ids).await?;
        Ok((places.into_iter().zip(events).collect(), end))
    }

    /// The position of the last capture.
    ///
    /// # Errors
    /// Storage.
    pub async fn last_position(&self) -> Result<i64, Error> {
        Ok(self.store.one("select last from capture_position where id = 1", &[]).await?.int("last")?)
    }

    /// Where a follower begins who wants what was recorded from a time on.
    ///
    /// # Errors
    /// Storage.
    pub async fn reach_at(&self, time: Instant) -> Result<Reach, Error> {
        let mut tx = self.store.snapshot().await?;
        let position = position_at(&mut tx, time).await?;
        tx.rollback().await?;
        Ok(Reach { position, leaf: 0 })
    }

    /// Notes that a message was taken, or that there was nothing to tell up to here; keeps the claim.
    ///
    /// # Errors
    /// Storage; [`store::Error::Stale`] when the subscription has ended.
    pub async fn delivered(
        &self,
        id: Id,
        reach: Reach,
        notified: bool,
        batch: usize,
        now: Instant,
    ) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.exec_one(
            "update subscription set position = $2, leaf = $3, batch = $4, busy_until = $5, \
             last_notified = case when $6 = 1 then $7 else last_notified end, failures = 0, problem = null \
             where id = $1",
            &[
                id.into(),
                reach.position.into(),
                reach.leaf.into(),
                crate::capture::count(batch.max(1)),
                now.plus_seconds(BUSY_SECONDS).into(),
                notified.into(),
                now.into(),
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends this process's turn: everything was told; `next` is when the schedule calls again.
    ///
    /// # Errors
    /// Storage.
    pub async fn settle_delivery(&self, id: Id, next: Option<Instant>, now: Instant) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.exec(
            "update subscription set busy_until = 0, run_at = $2, floor = $3 where id = $1",
            &[id.into(), next.unwrap_or(now).into(), now.into()],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends this process's turn before everything was told, so that others have theirs: it comes again behind them.
    ///
    /// # Errors
    /// Storage.
    pub async fn yield_delivery(&self, id: Id, now: Instant) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.exec(
            "update subscription set busy_until = 0, run_at = $2 where id = $1",
            &[id.into(), now.into()],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends this process's turn after a failure; the pause doubles with every one in a row, up to six hours.
    ///
    /// # Errors
    /// Storage.
    pub async fn fail_delivery(
        &self,
        subscription: &Subscription,
        problem: &str,
        now: Instant,
    ) -> Result<(), Error> {
        let doublings = subscription.failures.clamp(0, 20);
        let pause = (1i64 << doublings).saturating_mul(2).min(LONGEST_PAUSE);
        let problem: String = problem.chars().take(500).collect();
        let mut tx = self.store.begin().await?;
        tx.exec(
            "update subscription set busy_until = 0, failures = failures + 1, problem = $2, run_at = $3 where id = $1",
            &[subscription.id.into(), problem.into(), now.plus_seconds(pause).into()],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The position after which everything recorded from a time on lies.
async fn position_at(tx: &mut Tx, time: Instant) -> Result<i64, Error> {
    let row = tx
        .one(
            "select coalesce((select min(position) - 1 from capture where created >= $1 and position is not null), \
             (select last from capture_position where id = 1)) as position",
            &[time.into()],
        )
        .await?;
    Ok(row.int("position")?)
}

fn read(row: &Row) -> Result<Subscription, store::Error> {
    Ok(Subscription {
        id: row.id("id")?,
        query: row.id("query")?,
        account: row.id("account")?,
        dest: row.text("dest")?,
        schedule: row.opt_text("schedule")?.and_then(|t| serde_json::from_str(&t).ok()),
        report_if_empty: row.flag("report_if_empty")?,
        epc_format: row.text("epc_format")?,
        xml: row.flag("xml")?,
        created: row.instant("created")?,
        initial: row.instant("initial")?,
        floor: row.instant("floor")?,
        reach: Reach { position: row.int("position")?, leaf: row.int("leaf")? },
        last_notified: row.opt_instant("last_notified")?,
        batch: usize::try_from(row.int("batch")?).unwrap_or(1).max(1),
        failures: row.int("failures")?,
        problem: row.opt_text("problem")?,
    })
}
