//! What the register knows of every operator with the day since when: for the system's own learning.

use crate::{Error, Kinds, Status};
use base::{Date, Id};
use std::collections::HashMap;
use store::{Sql, Store, Tx};

/// An operator with the dated facts of its record.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The record.
    pub id: Id,
    /// Name.
    pub name: String,
    /// Region code.
    pub region: String,
    /// What it does.
    pub kinds: Kinds,
    /// In business.
    pub active: bool,
    /// Location numbers of its places.
    pub glns: Vec<String>,
    /// Degrees north and east of its first place that has them.
    pub at: Option<(f64, f64)>,
    /// First day of its first licence.
    pub licensed: Option<Date>,
    /// Grades by kind (`risk`, `credit`), with the day each began.
    pub grades: Vec<(String, Date, String)>,
    /// Days of penalties and severe violations.
    pub penalties: Vec<Date>,
}

/// Every operator whose region begins so, in order of record.
///
/// # Errors
/// Storage.
pub async fn known_operators(store: &Store, region: &str) -> Result<Vec<Known>, Error> {
    let end = format!("{region}:");
    let within = |text: &'static str, tail: &'static str| {
        let mut sql = Sql::new(text);
        sql.push(" o.region >= ").bind(region).push(" and o.region < ").bind(end.as_str()).push(tail);
        sql
    };
    let rows = store
        .select(&within(
            "select o.id, o.name, o.region, o.kinds, o.status from operator o where",
            " order by o.id",
        ))
        .await?;
    let mut out = rows
        .iter()
        .map(|r| {
            Ok(Known {
                id: r.id("id")?,
                name: r.text("name")?,
                region: r.text("region")?,
                kinds: Kinds::from_bits(r.int("kinds")?),
                active: r.parsed::<Status>("status")? == Status::Active,
                glns: Vec::new(),
                at: None,
                licensed: None,
                grades: Vec::new(),
                penalties: Vec::new(),
            })
        })
        .collect::<Result<Vec<_>, store::Error>>()?;
    let at: HashMap<Id, usize> = out.iter().enumerate().map(|(i, k)| (k.id, i)).collect();
    let sites = within(
        "select s.operator, s.gln, s.lat, s.lon from site s join operator o on o.id = s.operator where",
        " order by s.operator, s.id",
    );
    for row in store.select(&sites).await? {
        let Some(known) = at.get(&row.id("operator")?).map(|i| &mut out[*i]) else { continue };
        known.glns.extend(row.opt_text("gln")?);
        known.at = known.at.or(row.opt_real("lat")?.zip(row.opt_real("lon")?));
    }
    let licences = within(
        "select l.operator, min(l.issued) as issued from licence l join operator o on o.id = l.operator where l.issued is not null and",
        " group by l.operator",
    );
    for row in store.select(&licences).await? {
        if let Some(i) = at.get(&row.id("operator")?) {
            out[*i].licensed = row.opt_date("issued")?;
        }
    }
    let grades = within(
        "select g.operator, g.kind, g.grade, g.since from grade g join operator o on o.id = g.operator where",
        " order by g.id",
    );
    for row in store.select(&grades).await? {
        if let Some(i) = at.get(&row.id("operator")?) {
            out[*i].grades.push((row.text("kind")?, row.date("since")?, row.text("grade")?));
        }
    }
    let marks = within(
        "select c.operator, c.happened from credit_entry c join operator o on o.id = c.operator \
         where c.kind in ('penalty', 'severe') and",
        " order by c.id",
    );
    for row in store.select(&marks).await? {
        if let Some(i) = at.get(&row.id("operator")?) {
            out[*i].penalties.push(row.date("happened")?);
        }
    }
    Ok(out)
}

/// The operators of these codes (unified social credit codes) with their region; unknown ones are absent.
///
/// # Errors
/// Storage.
pub async fn operators_by_code(
    tx: &mut Tx,
    codes: &[String],
) -> Result<HashMap<String, (Id, String)>, Error> {
    let mut out = HashMap::new();
    for part in codes.chunks(500) {
        let mut sql = Sql::new("select code, id, region from operator where code in ");
        sql.bind_list(part.iter().map(String::as_str));
        for row in tx.select(&sql).await? {
            out.insert(row.text("code")?, (row.id("id")?, row.text("region")?));
        }
    }
    Ok(out)
}
