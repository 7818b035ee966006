//! Exchange with other EPCIS repositories: what is fetched from whom and given to whom, how far it has come, and what each
//! turn did. The turns themselves speak HTTP and belong to the doors; here they are claimed by lease and settled.

mod change;

pub use change::ConnectorChange;

use crate::{Error, Reach, Supply};
use access::{Principal, Resource};
use base::{Id, Instant, Text};
use change::{check, unused};
use epcis::{Problem, ProblemType};
use ledger::{Context, Entry, Permit};
use serde::Serialize;
use serde_json::json;
use store::{Row, Sql};

/// How long a process may be at work before another takes over; every page or message renews it.
const LEASE_SECONDS: i64 = 300;
/// The longest pause after failures in a row.
const LONGEST_PAUSE: i64 = 6 * 3600;
/// Turns kept of each connector.
const KEPT: i64 = 100;
/// Events a message or page at first.
const BATCH: i64 = 500;

/// Which way events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the other repository to here.
    Pull,
    /// From here to the other repository.
    Push,
}

impl Direction {
    /// The word kept.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
        }
    }
}

impl std::str::FromStr for Direction {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "pull" => Ok(Self::Pull),
            "push" => Ok(Self::Push),
            other => Err(format!("{other} is neither pull nor push")),
        }
    }
}

/// What a connector is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConnector {
    /// Its name, unique.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Base of the other's REST binding: `https://epcis.example.org/epcis`.
    pub url: String,
    /// Pull: a named query of the other; push: an own named query; empty: everything that may be seen.
    pub query: String,
    /// Bearer token for the other.
    pub secret: Option<String>,
    /// Seconds between turns, 10 to 86,400.
    pub every: i64,
    /// Only what was recorded from then on; everything when absent.
    pub since: Option<Instant>,
}

/// A connector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connector {
    /// The record.
    pub id: Id,
    /// For optimistic updates.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Base of the other's REST binding.
    pub url: String,
    /// Named query; empty: everything.
    pub query: String,
    /// With whose rights.
    pub account: Id,
    /// In whose name events are captured.
    pub operator: Option<Id>,
    /// Where it belongs.
    pub region: String,
    /// At work, or paused.
    pub active: bool,
    /// A token for the other is kept.
    pub has_secret: bool,
    /// Seconds between turns.
    pub every: i64,
    /// Pull: record time of the other up to which everything is here.
    pub since: Instant,
    /// Push: how far it has been told.
    pub reach: Reach,
    /// Events a message or page.
    pub batch: i64,
    /// Failures in a row.
    pub failures: i64,
    /// What the last failure was.
    pub problem: Option<String>,
    /// The next turn is not before.
    pub run_at: Instant,
    /// The last turn without failure.
    pub last_ok: Option<Instant>,
}

/// A connector claimed by this process.
#[derive(Debug, Clone)]
pub struct Turn {
    /// It.
    pub connector: Connector,
    /// With whose rights; `None` when the account is not active any more.
    pub who: Option<Principal>,
    /// Bearer token for the other.
    pub secret: Option<String>,
    /// Who holds the lease.
    pub holder: String,
    /// When the turn began.
    pub started: Instant,
}

/// What a turn did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Events read or sent.
    pub events: i64,
    /// Pull: new here.
    pub stored: i64,
    /// Pull: known already by their hash.
    pub duplicates: i64,
    /// Pull: not captured; push: refused by the other.
    pub refused: i64,
    /// Why the first of them was refused, or what the turn failed of.
    pub problem: Option<String>,
}

/// A turn as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastTurn {
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub finished: Instant,
    /// What it did.
    pub tally: Tally,
}

fn sealed(id: Id) -> String {
    format!("connector:{id}")
}

fn invalid(field: &str, zh: &'static str, en: &'static str, remedy: Text) -> Error {
    Error::Refused(vec![Problem::new(ProblemType::Validation, field, Text::of(zh, en), remedy)])
}

impl Supply {
    /// Makes a connector that works with the rights of its maker: to pull, the right to capture events; to push, to export
    /// them. The address must be one this server may call: that is for the caller to have checked.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Refused`] for a bad field or a name in use.
    pub async fn create_connector(
        &self,
        cx: &Context,
        who: &Principal,
        new: &NewConnector,
    ) -> Result<Connector, Error> {
        check(&new.name, &new.url, new.every)?;
        let (operator, region) = match who.operator {
            Some(id) => {
                let found = self.directory.operator(id).await.map_err(Error::Directory)?;
                (Some(id), found.map(|o| o.region))
            }
            None => (None, None),
        };
        let region = region.or_else(|| who.grants.first().map(|g| g.region.clone())).unwrap_or_default();
        let action = if new.direction == Direction::Pull { "capture" } else { "export" };
        let resource = Resource::new("event", region.clone()).of_operator(operator);
        let permit = self.access.check(who, action, &resource, cx.now)?;
        let id = cx.id();
        let secret = match new.secret.as_deref().filter(|s| !s.is_empty()) {
            Some(text) => Some(self.access.vault().seal(&sealed(id), text).map_err(|_| Error::Interrupted)?),
            None => None,
        };
        let position = match (new.direction, new.since) {
            (Direction::Push, Some(since)) => self.reach_at(since).await?.position,
            _ => 0,
        };
        let name = new.name.trim();
        let mut tx = self.store.begin().await?;
        unused(&mut tx, name, None).await?;
        tx.exec(
            "insert into connector (id, version, name, direction, url, query, account, operator, region, secret, state, \
             every, since, position, leaf, batch, failures, run_at, busy_until, created) \
             values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $11, $12, 0, $13, 0, $14, 0, $14)",
            &[
                id.into(),
                name.into(),
                new.direction.word().into(),
                new.url.trim_end_matches('/').into(),
                new.query.trim().into(),
                who.account.into(),
                operator.into(),
                region.as_str().into(),
                secret.into(),
                new.every.into(),
                new.since.unwrap_or(Instant(0)).into(),
                position.into(),
                BATCH.into(),
                cx.now.into(),
            ],
        )
        .await?;
        let body = json!({ "connector": id, "name": name, "direction": new.direction, "query": new.query,
            "every": new.every, "operator": operator });
        // an address may carry a person's name
        let private = Some(json!({ "url": new.url }));
        let entry =
            Entry { kind: "connector.created", region, subject: format!("connector:{id}"), body, private };
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        let row = self.store.one("select * from connector where id = $1", &[id.into()]).await?;
        Ok(read(&row)?)
    }

    /// The connectors somebody may see, by name: the own ones; those of the region for who administers jobs there.
    ///
    /// # Errors
    /// Storage.
    pub async fn connectors(&self, who: &Principal, now: Instant) -> Result<Vec<Connector>, Error> {
        let rows =
            self.store.query("select * from connector where state <> 'removed' order by name", &[]).await?;
        let all: Vec<Connector> = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|c| self.may_see(who, c, now)).collect())
    }

    fn may_see(&self, who: &Principal, c: &Connector, now: Instant) -> bool {
        let administers =
            || self.access.check(who, "administer", &Resource::new("job", &*c.region), now).is_ok();
        (who.account == c.account && !who.is_anonymous()) || administers()
    }

    /// One connector.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for those that may not be seen.
    pub async fn connector(&self, who: &Principal, now: Instant, id: Id) -> Result<Connector, Error> {
        let row = self
            .store
            .first("select * from connector where id = $1 and state <> 'removed'", &[id.into()])
            .await?;
        let found = row.as_ref().map(read).transpose()?;
        found.filter(|c| self.may_see(who, c, now)).ok_or_else(|| Error::NotFound(format!("connector {id}")))
    }

    /// The maker by the right it was made with, others as administrators.
    fn may_change(&self, who: &Principal, c: &Connector, now: Instant) -> Result<Permit, Error> {
        Ok(if who.account == c.account {
            let action = if c.direction == Direction::Pull { "capture" } else { "export" };
            let resource = Resource::new("event", c.region.clone()).of_operator(c.operator);
            self.access.check(who, action, &resource, now)?
        } else {
            self.access.check(who, "administer", &Resource::new("job", &*c.region), now)?
        })
    }

    /// Pauses, resumes or removes a connector, read at `version`: its maker, or who administers jobs of the region.
    /// A resumed one begins its turn at once; failures are forgotten.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`]; [`store::Error::Stale`].
    pub async fn set_connector(
        &self,
        cx: &Context,
        who: &Principal,
        id: Id,
        version: i64,
        state: &'static str,
    ) -> Result<(), Error> {
        let c = self.connector(who, cx.now, id).await?;
        let permit = self.may_change(who, &c, cx.now)?;
        let mut tx = self.store.begin().await?;
        tx.exec_one(
            "update connector set version = version + 1, state = $3, failures = 0, problem = null, run_at = $4, \
             secret = case when $3 = 'removed' then null else secret end where id = $1 and version = $2",
            &[id.into(), version.into(), state.into(), cx.now.into()],
        )
        .await?;
        let body = json!({ "connector": id, "name": c.name, "state": state });
        let subject = format!("connector:{id}");
        let entry = Entry { kind: "connector.changed", region: c.region, subject, body, private: None };
        ledger::append(&mut tx, cx, &permit, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The last turns of a connector, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn past_turns(&self, id: Id, limit: i64) -> Result<Vec<PastTurn>, Error> {
        let rows = self
            .store
            .query(
                "select * from connector_run where connector = $1 order by id desc limit $2",
                &[id.into(), limit.into()],
            )
            .await?;
        let one = |row: &Row| -> Result<PastTurn, store::Error> {
            Ok(PastTurn {
                started: row.instant("started")?,
                finished: row.instant("finished")?,
                tally: Tally {
                    events: row.int("events")?,
                    stored: row.int("stored")?,
                    duplicates: row.int("duplicates")?,
                    refused: row.int("refused")?,
                    problem: row.opt_text("problem")?,
                },
            })
        };
        Ok(rows.iter().map(one).collect::<Result<_, _>>()?)
    }

    /// Claims a connector whose turn has come, by a lease that other processes respect.
    ///
    /// # Errors
    /// Storage; a secret that cannot be opened.
    pub async fn claim_turn(&self, holder: &str, now: Instant) -> Result<Option<Turn>, Error> {
        let mut find = Sql::new("select id from connector where state = 'active' and run_at <= ");
        let longest = store::lease::longest(now, LEASE_SECONDS);
        find.bind(now).push(" and (busy_until <= ").bind(now).push(" or busy_until > ").bind(longest);
        find.push(") order by run_at, id limit 1");
        // look before writing: an idle process must not take the one writer of SQLite
        if self.store.select(&find).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.store.begin().await?;
        let row = tx
            .first(
                "update connector set busy_until = $2, holder = $3 where id = (select id from connector \
                 where state = 'active' and run_at <= $1 and (busy_until <= $1 or busy_until > $4) \
                 order by run_at, id limit 1) and (busy_until <= $1 or busy_until > $4) returning *",
                &[now.into(), now.plus_seconds(LEASE_SECONDS).into(), holder.into(), longest.into()],
            )
            .await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let connector = read(&row)?;
        let who = access::account::principal_by_id(&self.store, &self.access, connector.account, now)
            .await
            .map_err(|_| Error::Interrupted)?;
        let secret = match row.opt_bytes("secret")? {
            Some(bytes) => Some(
                self.access
                    .vault()
                    .open_text(&sealed(connector.id), &bytes)
                    .map_err(|_| Error::Interrupted)?,
            ),
            None => None,
        };
        Ok(Some(Turn { connector, who, secret, holder: holder.to_owned(), started: now }))
    }

    /// Notes how far a turn has come and renews its lease.
    ///
    /// # Errors
    /// [`store::Error::Stale`] when another process has taken over, or the connector was paused or removed.
    pub async fn advance_turn(
        &self,
        turn: &Turn,
        since: Instant,
        reach: Reach,
        batch: i64,
        now: Instant,
    ) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.exec_one(
            "update connector set since = $3, position = $4, leaf = $5, batch = $6, busy_until = $7 \
             where id = $1 and holder = $2 and state = 'active'",
            &[
                turn.connector.id.into(),
                turn.holder.as_str().into(),
                since.into(),
                reach.position.into(),
                reach.leaf.into(),
                batch.max(1).into(),
                now.plus_seconds(LEASE_SECONDS).into(),
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a turn. After a failure the pause doubles with every one in a row, up to six hours.
    ///
    /// # Errors
    /// Storage.
    pub async fn settle_turn(
        &self,
        cx: &Context,
        turn: &Turn,
        tally: &Tally,
        failed: bool,
    ) -> Result<(), Error> {
        let c = &turn.connector;
        let pause = if failed {
            (1i64 << c.failures.clamp(0, 20)).saturating_mul(c.every).min(LONGEST_PAUSE.max(c.every))
        } else {
            c.every
        };
        let problem: Option<String> = tally.problem.as_ref().map(|p| p.chars().take(500).collect());
        let mut tx = self.store.begin().await?;
        tx.exec(
            "update connector set busy_until = 0, holder = null, run_at = $3, \
             failures = case when $4 = 1 then failures + 1 else 0 end, problem = $5, \
             last_ok = case when $4 = 1 then last_ok else $6 end where id = $1 and holder = $2",
            &[
                c.id.into(),
                turn.holder.as_str().into(),
                cx.now.plus_seconds(pause).into(),
                failed.into(),
                problem.as_deref().into(),
                cx.now.into(),
            ],
        )
        .await?;
        // a turn that found nothing leaves no trace beside the time
        if failed || tally.events > 0 {
            tx.exec(
                "insert into connector_run (id, connector, started, finished, events, stored, duplicates, refused, problem) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[
                    cx.id().into(),
                    c.id.into(),
                    turn.started.into(),
                    cx.now.into(),
                    tally.events.into(),
                    tally.stored.into(),
                    tally.duplicates.into(),
                    tally.refused.into(),
                    problem.into(),
                ],
            )
            .await?;
            tx.exec(
                "delete from connector_run where connector = $1 and id not in \
                 (select id from connector_run where connector = $1 order by id desc limit $2)",
                &[c.id.into(), KEPT.into()],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<Connector, store::Error> {
    Ok(Connector {
        id: row.id("id")?,
        version: row.int("version")?,
        name: row.text("name")?,
        direction: row.parsed("direction")?,
        url: row.text("url")?,
        query: row.text("query")?,
        account: row.id("account")?,
        operator: row.opt_id("operator")?,
        region: row.text("region")?,
        active: row.text("state")? == "active",
        has_secret: row.opt_bytes("secret")?.is_some(),
        every: row.int("every")?,
        since: row.instant("since")?,
        reach: Reach { position: row.int("position")?, leaf: row.int("leaf")? },
        batch: row.int("batch")?,
        failures: row.int("failures")?,
        problem: row.opt_text("problem")?,
        run_at: row.instant("run_at")?,
        last_ok: row.opt_instant("last_ok")?,
    })
}
