//! Where ledgers have gaps: firm by firm of a region, for the officer who checks.

use crate::{Error, Supply};
use access::Principal;
use base::{Date, Id, Instant};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Row, Sql};

/// A field that rows may lack, and the column that counts them.
pub(super) struct Field {
    /// Id, as in the rulebook's records.
    pub(super) id: &'static str,
    /// Column of `record_event`.
    column: &'static str,
}

/// Every field whose lack is counted, in the order of the columns.
pub(super) const FIELDS: [Field; 11] = [
    Field { id: "name", column: "no_name" },
    Field { id: "spec", column: "no_spec" },
    Field { id: "quantity", column: "no_quantity" },
    Field { id: "lot", column: "no_lot" },
    Field { id: "shelf_life", column: "no_shelf_life" },
    Field { id: "partner", column: "no_partner" },
    Field { id: "address", column: "no_address" },
    Field { id: "contact", column: "no_contact" },
    Field { id: "licence", column: "no_licence" },
    Field { id: "certificate", column: "no_certificate" },
    Field { id: "document", column: "no_document" },
];

/// Sums over the rows of a firm.
const SUMS: [&str; 6] = ["total", "incomplete", "misfit", "received", "shipped", "other"];

/// How the firms are put in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GapOrder {
    /// By what is to be mended.
    #[default]
    Gaps,
    /// By name.
    Name,
    /// By region.
    Region,
    /// By rows.
    Rows,
}

/// What is lacking, for a list of those that lack it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// A field, by its id.
    Field(String),
    /// The other side of a link.
    Link,
}

/// Which firms of which period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapQuery {
    /// Region code prefix; empty for all.
    pub region: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Part of the name; empty for all.
    pub name: String,
    /// Only firms that lack this.
    pub lack: Option<Lack>,
    /// Order.
    pub order: GapOrder,
    /// The other way round: by figures least first, by texts last first.
    pub reversed: bool,
    /// Firms passed over.
    pub skip: u32,
    /// Firms in the answer at most.
    pub take: u32,
}

/// What is missing in the ledgers of one firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirmGaps {
    /// The firm.
    pub operator: Id,
    /// Its name.
    pub name: String,
    /// Region code of its place; the first of several.
    pub region: String,
    /// Rows of goods that came or left.
    pub rows: i64,
    /// Rows that lack something.
    pub incomplete: i64,
    /// Rows without each field the law asks for; fields no row lacks are left out.
    pub missing: BTreeMap<String, i64>,
    /// Rows whose certificate does not cover them.
    pub certificate: i64,
    /// Lots it says it received from a registered sender who never shipped them.
    pub received_unshipped: i64,
    /// Lots it shipped that it never received or made.
    pub shipped_unreceived: i64,
    /// Other records that do not fit.
    pub other: i64,
}

/// The gaps of a region: one page of firms, and figures of all that fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RegionGaps {
    /// Firms with records in the period, in the order asked for.
    pub firms: Vec<FirmGaps>,
    /// How many firms fit in all.
    pub count: i64,
    /// Rows of them that lack something.
    pub incomplete: i64,
    /// Rows of them whose certificate does not cover them.
    pub certificate: i64,
    /// Lots received that nobody shipped.
    pub received_unshipped: i64,
    /// Lots shipped that were never received or made.
    pub shipped_unreceived: i64,
    /// When the journal was last followed; none while the figures are made for the first time.
    pub as_of: Option<Instant>,
}

impl Supply {
    /// What the ledgers of a region's firms lack, for a period: fields the law asks for by the business form of each
    /// place, certificates that do not cover their goods, and links that one side only records. The figures follow the
    /// journal ([`Supply::follow_records`]) and say how far.
    ///
    /// # Errors
    /// Storage; a reader without rights sees nothing.
    pub async fn record_gaps(
        &self,
        who: &Principal,
        now: Instant,
        query: &GapQuery,
    ) -> Result<RegionGaps, Error> {
        let firms = self.firms(who, now, query);
        let mut sql = Sql::new("select count(*) as n");
        for name in SUMS {
            sql.push(", cast(coalesce(sum(g.").push(name).push("), 0) as bigint) as ").push(name);
        }
        sql.push(" from (").append(&firms).push(") g");
        let Some(all) = self.store.select(&sql).await?.pop() else { return Ok(RegionGaps::default()) };
        let mut sql = firms;
        let down = |reversed: bool| if reversed { " desc" } else { "" };
        match query.order {
            GapOrder::Gaps => sql.push(" order by gaps").push(down(!query.reversed)).push(", name, operator"),
            GapOrder::Rows => {
                sql.push(" order by total").push(down(!query.reversed)).push(", name, operator")
            }
            GapOrder::Name => sql.push(" order by name").push(down(query.reversed)).push(", operator"),
            GapOrder::Region => {
                sql.push(" order by region").push(down(query.reversed)).push(", name, operator")
            }
        };
        sql.push(" limit ").bind(i64::from(query.take)).push(" offset ").bind(i64::from(query.skip));
        let firms = self.store.select(&sql).await?.iter().map(firm).collect::<Result<_, _>>()?;
        Ok(RegionGaps {
            firms,
            count: all.int("n")?,
            incomplete: all.int("incomplete")?,
            certificate: all.int("misfit")?,
            received_unshipped: all.int("received")?,
            shipped_unreceived: all.int("shipped")?,
            as_of: ledger::projection::followed(&self.store, super::kept::NAME).await?,
        })
    }

    /// The firms a query means, one row each.
    fn firms(&self, who: &Principal, now: Instant, query: &GapQuery) -> Sql {
        let scope = self.access.scope(who, "view", "event", now).sql("r.region", None, Some("r.operator"));
        let rows = |sql: &mut Sql, table: &'static str| {
            sql.push(" from ").push(table).push(" r where r.day >= ").bind(query.from.to_string());
            sql.push(" and r.day <= ").bind(query.to.to_string()).push(" and ").append(&scope);
            if !query.region.is_empty() {
                sql.push(" and r.region >= ").bind(query.region.as_str());
                sql.push(" and r.region < ").bind(format!("{}~", query.region));
            }
        };
        let mut sql = Sql::new("select p.operator as operator, f.name as name, min(p.region) as region");
        for name in SUMS.into_iter().chain(FIELDS.iter().map(|f| f.column)) {
            sql.push(", cast(sum(p.").push(name).push(") as bigint) as ").push(name);
        }
        sql.push(", cast(sum(p.incomplete + p.received + p.shipped + p.other) as bigint) as gaps");
        sql.push(" from (select r.operator, r.region, r.total, r.incomplete, r.misfit");
        sql.push(", 0 as received, 0 as shipped, 0 as other");
        for field in &FIELDS {
            sql.push(", r.").push(field.column);
        }
        rows(&mut sql, "record_event");
        sql.push(" union all select r.operator, r.region, 0, 0, 0, r.received, r.shipped, r.other");
        for _ in &FIELDS {
            sql.push(", 0");
        }
        rows(&mut sql, "record_link");
        sql.push(") p join record_firm f on f.operator = p.operator");
        let name = query.name.trim();
        if !name.is_empty() {
            let plain = name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            sql.push(" where f.name like ").bind(format!("%{plain}%")).push(" escape '\\'");
        }
        sql.push(" group by p.operator, f.name");
        match &query.lack {
            None => &mut sql,
            Some(Lack::Link) => sql.push(" having sum(p.received + p.shipped) > 0"),
            Some(Lack::Field(id)) => match FIELDS.iter().find(|f| f.id == id) {
                Some(f) => sql.push(" having sum(p.").push(f.column).push(") > 0"),
                // nothing lacks what no record asks for
                None => sql.push(" having 1 = 0"),
            },
        };
        sql
    }
}

fn firm(row: &Row) -> Result<FirmGaps, store::Error> {
    let mut missing = BTreeMap::new();
    for field in &FIELDS {
        let n = row.int(field.column)?;
        if n > 0 {
            missing.insert(field.id.to_owned(), n);
        }
    }
    Ok(FirmGaps {
        operator: row.id("operator")?,
        name: row.text("name")?,
        region: row.text("region")?,
        rows: row.int("total")?,
        incomplete: row.int("incomplete")?,
        missing,
        certificate: row.int("misfit")?,
        received_unshipped: row.int("received")?,
        shipped_unreceived: row.int("shipped")?,
        other: row.int("other")?,
    })
}
