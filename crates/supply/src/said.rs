//! What lots are, by what is said of them.
//!
//! The firm whose product it is says it before anybody else, then whoever brings the lot into being; whoever said it first may say
//! it anew, everybody else only fills what was left open: a shop that receives a lot does not change the date on it. What is
//! declared wrong is not said: the lot is then what the other events say, as if it had never come.

use crate::prepare::{self, LotFact};
use crate::recorded::Reader;
use crate::term::{self, Kind, Wanted};
use crate::{Error, PlaceInfo, Role, index};
use base::Id;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;
use store::{Row, Sql, Tx};

/// Events of one lot, the oldest, that are read when one of them is withdrawn.
const EVENTS: usize = 10_000;
/// Parameters of one `in (…)` list.
const CHUNK: usize = 400;

/// Who says something of lots, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub(crate) operator: Option<Id>,
    pub(crate) event: Id,
    pub(crate) region: &'a str,
}

/// What somebody says of a lot.
struct Said<'a> {
    fact: LotFact,
    /// 2 for the firm whose product it is, and 1 where the lot comes into being.
    weight: i64,
    by: Speaker<'a>,
}

impl Said<'_> {
    /// Takes a later statement in. [`Sayings::insert`] does the same with what is stored.
    fn hear(&mut self, mut later: Self) {
        if later.weight > self.weight
            || (later.weight == self.weight && later.by.operator == self.by.operator)
        {
            std::mem::swap(&mut self.fact, &mut later.fact);
            self.weight = later.weight;
            self.by.operator = later.by.operator;
        }
        self.fact.fill(later.fact);
    }
}

/// What is said of lots, each by its key.
#[derive(Default)]
pub(crate) struct Sayings<'a>(BTreeMap<String, Said<'a>>);

/// [`Said::hear`] for the database.
static HEARD: LazyLock<String> = LazyLock::new(|| {
    let stronger = "(excluded.weight > lot.weight or (excluded.weight = lot.weight and excluded.stated_by is not distinct from lot.stated_by))";
    let words = ["class", "lot_no", "name", "spec", "produced", "expires"].map(|column| {
        let (new, old) = (format!("excluded.{column}"), format!("lot.{column}"));
        format!("{column} = case when {stronger} then coalesce({new}, {old}) else coalesce({old}, {new}) end")
    });
    let whose = ["stated_by", "weight"].map(|column| {
        format!("{column} = case when {stronger} then excluded.{column} else lot.{column} end")
    });
    format!("on conflict (item) do update set {}, {}", words.join(", "), whose.join(", "))
});

impl<'a> Sayings<'a> {
    /// Hears what an event says of one lot; `owners` knows whose its product is, by its class.
    pub(crate) fn add(&mut self, fact: LotFact, by: Speaker<'a>, owners: &HashMap<String, PlaceInfo>) {
        let owner = fact.class.as_ref().and_then(|class| owners.get(class)).and_then(|p| p.operator);
        let is_owner = owner.is_some() && owner == by.operator;
        let weight = 2 * i64::from(is_owner) + i64::from(fact.made);
        let key = fact.item.clone();
        let said = Said { fact, weight, by };
        match self.0.entry(key) {
            Entry::Vacant(place) => _ = place.insert(said),
            Entry::Occupied(mut held) => held.get_mut().hear(said),
        }
    }

    /// Stores it beside what was said before.
    pub(crate) async fn insert(self, tx: &mut Tx) -> Result<(), Error> {
        let mut values = Vec::with_capacity(self.0.len() * 11);
        for Said { fact: lot, weight, by } in self.0.into_values() {
            values.extend([
                lot.item.into(),
                lot.class.into(),
                lot.lot_no.into(),
                lot.name.into(),
                lot.spec.into(),
                lot.produced.into(),
                lot.expires.into(),
                by.event.into(),
                by.region.into(),
                by.operator.into(),
                weight.into(),
            ]);
        }
        tx.insert_many(
            "insert into lot (item, class, lot_no, name, spec, produced, expires, first_event, region, stated_by, weight)",
            11,
            values,
            &HEARD,
        )
        .await?;
        Ok(())
    }
}

/// A stored event that is not withdrawn, and what it says of lots.
struct Heard {
    event: Id,
    operator: Option<Id>,
    region: String,
    facts: Vec<LotFact>,
}

/// What events withdrawn in this transaction said of lots goes with them.
pub(crate) async fn take_back(
    tx: &mut Tx,
    withdrawn: &[Id],
    owners: &HashMap<String, PlaceInfo>,
) -> Result<(), Error> {
    let mut reader = Reader::default();
    let mut items = BTreeSet::new();
    for part in withdrawn.chunks(CHUNK) {
        for row in stated(tx, part, "").await? {
            items.extend(heard(&row, &mut reader)?.facts.into_iter().map(|f| f.item));
        }
    }
    for item in items {
        let parts = Role::Epc.bit() | Role::Output.bit();
        let mut events = term::events_in(tx, &[Wanted::one(Kind::Item, &item, parts)]).await?;
        events.truncate(EVENTS);
        let mut said: Vec<Heard> = Vec::new();
        for part in events.chunks(CHUNK) {
            for row in stated(tx, part, " and e.withdrawn = 0 and e.declared = ''").await? {
                said.push(heard(&row, &mut reader)?);
            }
        }
        let mut sayings = Sayings::default();
        for Heard { event, operator, region, facts } in &said {
            let by = Speaker { operator: *operator, event: *event, region };
            for fact in facts.iter().filter(|f| f.item == item) {
                sayings.add(fact.clone(), by, owners);
            }
        }
        tx.exec("delete from lot where item = $1", &[item.into()]).await?;
        sayings.insert(tx).await?;
    }
    Ok(())
}

/// The rows of events in the order they were stored, for [`heard`].
async fn stated(tx: &mut Tx, ids: &[Id], condition: &'static str) -> Result<Vec<Row>, Error> {
    let mut sql = Sql::new(
        "select e.id, e.event_id, e.hash, e.record_time, e.body, e.type, e.action, e.items, e.operator, e.region, \
         c.context from event e join capture c on c.id = e.capture where e.id in ",
    );
    sql.bind_ids(ids).push(condition).push(" order by e.id");
    Ok(tx.select(&sql).await?)
}

fn heard(row: &Row, reader: &mut Reader) -> Result<Heard, Error> {
    let (kind, action) = (row.text("type")?, row.opt_text("action")?);
    let facts = prepare::lots(&reader.event(row)?, &kind, action.as_deref(), &index::items(row)?);
    Ok(Heard { event: row.id("id")?, operator: row.opt_id("operator")?, region: row.text("region")?, facts })
}
