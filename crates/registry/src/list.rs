//! Lists cut to what a person may see: filters, order, pages, totals, counts.

use crate::operator::Operator;
use crate::site::Site;
use crate::{Error, Kinds, OperatorKind, Status, operator, search};
use access::{Access, PUBLIC, Principal, Resource, Scope};
use base::{Id, Instant};
use store::{Row, Sql, Store};

/// Most rows of a page.
pub const MAX_PAGE: u32 = 200;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Last entered first.
    #[default]
    Newest,
    /// By pinyin initials.
    Name,
}

/// What a list is asked for. The default is the first page of everything.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Region code or prefix; empty for all that the principal may see.
    pub region: String,
    /// Only operators of this kind.
    pub kind: Option<OperatorKind>,
    /// Only in this state.
    pub status: Option<Status>,
    /// Words of the name, pinyin initials, code, address; all must occur. Or the beginning of a licence number.
    pub text: String,
    /// Order.
    pub sort: Sort,
    /// The last record of the page before.
    pub after: Option<Id>,
    /// Rows of a page, 1 to [`MAX_PAGE`]; 0 stands for 50.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Ask for the next page with this in [`Query::after`]; `None` on the last.
    pub next: Option<Id>,
    /// Rows of all pages together.
    pub total: i64,
}

impl Query {
    fn limit(&self) -> u32 {
        if self.limit == 0 { 50 } else { self.limit.min(MAX_PAGE) }
    }

    /// ` where …`: every filter but the page, the narrowest region first (an index serves one range). Without text and in
    /// a wide region a list by name walks the index of names instead of sorting: the region must then not tempt the planner.
    fn conditions(&self, scope: &Scope, own: &'static str, walk: bool, licensed: &[Id]) -> Sql {
        let region = if walk && self.walks_names() { "(region || '')" } else { "region" };
        let mut sql = Sql::new(" where 1 = 1");
        push_region(&mut sql, region, &self.region);
        sql.push(" and ").append(&scope.sql(region, None, Some(own)));
        if let Some(status) = self.status {
            sql.push(" and status = ").bind(status.code());
        }
        if let Some(kind) = self.kind.filter(|_| own == "id") {
            sql.push(" and (kinds & ").bind(Kinds::of(&[kind]).bits()).push(") <> 0");
        }
        if licensed.is_empty() {
            search::push_text(&mut sql, "search", &self.text);
        } else {
            sql.push(" and ((1 = 1");
            search::push_text(&mut sql, "search", &self.text);
            sql.push(") or ").push(own).push(" in ").bind_list(licensed.iter().copied()).push(")");
        }
        sql
    }

    fn walks_names(&self) -> bool {
        self.sort == Sort::Name && self.text.trim().is_empty() && self.region.len() < 6
    }

    fn order(&self) -> &'static str {
        match self.sort {
            Sort::Newest => " order by id desc limit ",
            Sort::Name => " order by initials, id limit ",
        }
    }
}

/// Appends `and column` lies below a region prefix.
pub(crate) fn push_region(sql: &mut Sql, column: &'static str, prefix: &str) {
    if !prefix.is_empty() {
        // ':' follows '9'
        sql.push(" and ").push(column).push(" >= ").bind(prefix);
        sql.push(" and ").push(column).push(" < ").bind(format!("{prefix}:"));
    }
}

/// Holders of licences whose number begins with the text, at most [`MAX_PAGE`]: `SC106…` typed from a label or a wall. Shorter
/// texts and such without a digit name no licence.
async fn holders_of(store: &Store, text: &str) -> Result<Vec<Id>, Error> {
    let number = base::text::halfwidth(text.trim()).to_ascii_uppercase();
    let plain =
        number.bytes().all(|b| b.is_ascii_alphanumeric()) && number.bytes().any(|b| b.is_ascii_digit());
    if number.len() < 4 || !plain {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("select distinct operator from licence where number >= ");
    sql.bind(number.as_str())
        .push(" and number < ")
        .bind(format!("{number}~"))
        .push(" limit ")
        .bind(MAX_PAGE);
    store.select(&sql).await?.iter().map(|r| Ok(r.id("operator")?)).collect()
}

/// The operators a text typed into a search of other things may mean, as far as the principal may see them: by words of the name,
/// initials, code or licence number. At most [`MAX_PAGE`]; none for a text of one sign.
///
/// # Errors
/// Storage.
pub async fn operators_meant(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    text: &str,
) -> Result<Vec<Id>, Error> {
    if text.trim().chars().count() < 2 {
        return Ok(Vec::new());
    }
    let query = Query { text: text.to_owned(), limit: MAX_PAGE, ..Query::default() };
    Ok(list_operators(store, access, who, now, &query).await?.rows.into_iter().map(|o| o.id).collect())
}

/// Operators that the principal may see.
///
/// # Errors
/// Storage.
pub async fn list_operators(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    query: &Query,
) -> Result<Page<Operator>, Error> {
    let scope = access.scope(who, "view", "operator", now);
    let (rows, next, total) = page(store, query, &scope, &Table::OPERATOR).await?;
    let rows = rows.iter().map(Operator::read).collect::<Result<_, _>>()?;
    Ok(Page { rows, next, total })
}

/// Sites that the principal may see; [`Query::kind`] plays no part.
///
/// # Errors
/// Storage.
pub async fn list_sites(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    query: &Query,
) -> Result<Page<Site>, Error> {
    let scope = access.scope(who, "view", "site", now);
    let (rows, next, total) = page(store, query, &scope, &Table::SITE).await?;
    let rows = rows.iter().map(Site::read).collect::<Result<_, _>>()?;
    Ok(Page { rows, next, total })
}

/// The statements of one table. They name ids and sort keys only, so that a covering index answers.
struct Table {
    /// The column of the operator a row belongs to.
    own: &'static str,
    count: &'static str,
    ids: &'static str,
    /// Ids with the total in one scan: for searches, which look at every row anyway.
    found: &'static str,
    rows: &'static str,
    /// The sort key of the last record.
    after_name: &'static str,
}

impl Table {
    const OPERATOR: Self = Self {
        own: "id",
        count: "select count(*) as n from operator",
        ids: "select id from operator",
        found: "select id, n from (select id, initials, count(*) over () as n from operator",
        rows: "select * from operator where id in ",
        after_name: "(initials, id) > ((select initials from operator where id = ",
    };
    const SITE: Self = Self {
        own: "operator",
        count: "select count(*) as n from site",
        ids: "select id from site",
        found: "select id, n from (select id, initials, count(*) over () as n from site",
        rows: "select * from site where id in ",
        after_name: "(initials, id) > ((select initials from site where id = ",
    };
}

async fn page(
    store: &Store,
    query: &Query,
    scope: &Scope,
    table: &Table,
) -> Result<(Vec<Row>, Option<Id>, i64), Error> {
    let limit = query.limit();
    let licensed = holders_of(store, &query.text).await?;
    let searching = !query.text.trim().is_empty();
    let mut sql = Sql::new(if searching { table.found } else { table.ids });
    sql.append(&query.conditions(scope, table.own, true, &licensed)).push(if searching {
        ") found where "
    } else {
        " and "
    });
    match (query.after, query.sort) {
        (None, _) => {
            sql.push("1 = 1");
        }
        (Some(after), Sort::Newest) => {
            sql.push("id < ").bind(after);
        }
        (Some(after), Sort::Name) => {
            sql.push(table.after_name).bind(after).push("), ").bind(after).push(")");
        }
    }
    sql.push(query.order()).bind(limit + 1);
    let hits = store.select(&sql).await?;
    let total = match hits.first() {
        Some(hit) if searching => hit.int("n")?,
        // nothing found, on the first page
        None if searching && query.after.is_none() => 0,
        _ => {
            let mut count = Sql::new(table.count);
            count.append(&query.conditions(scope, table.own, false, &licensed));
            store.select(&count).await?.first().map_or(Ok(0), |r| r.int("n"))?
        }
    };
    let mut found: Vec<Id> = hits.iter().map(|row| row.id("id")).collect::<Result<_, _>>()?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = if more { found.last().copied() } else { None };
    let mut sql = Sql::new(table.rows);
    sql.bind_list(found.iter().copied());
    let mut rows = store.select(&sql).await?;
    let place = |row: &Row| row.id("id").ok().and_then(|id| found.iter().position(|f| *f == id));
    rows.sort_by_key(|row| place(row).unwrap_or(usize::MAX));
    Ok((rows, next, total))
}

/// What everybody may know of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOperator {
    /// The record.
    pub id: Id,
    /// Name.
    pub name: String,
    /// English name, may be empty.
    pub name_en: String,
    /// USCC; `None` for natural persons.
    pub uscc: Option<String>,
    /// What it does.
    pub kinds: Kinds,
    /// Region code.
    pub region: String,
    /// Whether it is in business.
    pub status: Status,
}

/// Looks up shops and producers for the public: by fragment of the name, initials or USCC, at least two characters.
///
/// # Errors
/// [`Error::Denied`] when the public view is closed; [`Error::Invalid`] when the text is too short.
pub async fn public_search(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
    text: &str,
) -> Result<Vec<PublicOperator>, Error> {
    access.check(who, "view", &Resource::new("operator", region).classified(PUBLIC), now)?;
    if text.trim().chars().count() < 2 {
        return Err(Error::invalid("text", "请至少输入两个字", "type at least two characters"));
    }
    let mut sql = Sql::new("select * from operator where status <> 'closed'");
    push_region(&mut sql, "region", region);
    search::push_text(&mut sql, "search", text);
    sql.push(" order by id desc limit 20");
    let mut out = Vec::new();
    for row in store.select(&sql).await? {
        out.push(PublicOperator::of(Operator::read(&row)?));
    }
    Ok(out)
}

/// How many operators in business each county below a region prefix has, by county code.
///
/// # Errors
/// Storage.
pub async fn operators_in(store: &Store, prefix: &str) -> Result<Vec<(String, i64)>, Error> {
    let mut sql = Sql::new(
        "select substr(region, 1, 6) as county, count(*) as n from operator where status = 'active'",
    );
    push_region(&mut sql, "region", prefix);
    sql.push(" group by substr(region, 1, 6) order by 1");
    store.select(&sql).await?.iter().map(|r| Ok((r.text("county")?, r.int("n")?))).collect()
}

/// Names of many operators at once, for lists of other things. No right is checked: names of operators are public.
///
/// # Errors
/// Storage.
pub async fn operator_names(
    store: &Store,
    ids: &[Id],
) -> Result<std::collections::HashMap<Id, base::Text>, Error> {
    let mut out = std::collections::HashMap::with_capacity(ids.len());
    for part in ids.chunks(800) {
        let mut sql = Sql::new("select * from operator where id in ");
        sql.bind_list(part.iter().copied());
        for row in store.select(&sql).await? {
            let o = operator::Operator::read(&row)?;
            out.insert(o.id, o.title());
        }
    }
    Ok(out)
}

/// The regions of operators, any number at once; unknown ids are left out. For finding out what somebody may do: no right is
/// checked.
///
/// # Errors
/// Storage.
pub async fn operator_regions(
    store: &Store,
    ids: &[Id],
) -> Result<std::collections::HashMap<Id, String>, Error> {
    let mut out = std::collections::HashMap::with_capacity(ids.len());
    for part in ids.chunks(800) {
        let mut sql = Sql::new("select id, region from operator where id in ");
        sql.bind_list(part.iter().copied());
        for row in store.select(&sql).await? {
            out.insert(row.id("id")?, row.text("region")?);
        }
    }
    Ok(out)
}

/// Operators in business of one kind, by pinyin initials, at most [`MAX_PAGE`]: for choosing a laboratory or a market. No right
/// is checked: names of operators are public.
///
/// # Errors
/// Storage.
pub async fn operators_of_kind(store: &Store, kind: OperatorKind) -> Result<Vec<PublicOperator>, Error> {
    let mut sql = Sql::new("select * from operator where status = 'active' and (kinds & ");
    sql.bind(Kinds::of(&[kind]).bits()).push(") <> 0 order by initials, id limit ").bind(MAX_PAGE);
    store.select(&sql).await?.iter().map(|row| Ok(PublicOperator::of(Operator::read(row)?))).collect()
}

/// Somebody who can be visited: an operator with a place of business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// The operator.
    pub operator: Id,
    /// Its name.
    pub name: String,
    /// The place.
    pub site: Id,
    /// Location number of the place.
    pub gln: Option<String>,
    /// Region code of the place.
    pub region: String,
    /// Code of the first of the kinds asked for that it is.
    pub kind: &'static str,
}

/// Every operator in business of one of the kinds with its first open place in a region, in order of record: the roster of
/// a random draw. No right is checked: the caller decides who may draw.
///
/// # Errors
/// Storage.
pub async fn roster(store: &Store, kinds: &[OperatorKind], region: &str) -> Result<Vec<RosterEntry>, Error> {
    let mut sql = Sql::new(
        "select o.id, o.name, o.kinds, s.id as site, s.gln, s.region from site s join operator o on o.id = s.operator \
         where s.status = 'active' and o.status = 'active' and (o.kinds & ",
    );
    sql.bind(Kinds::of(kinds).bits()).push(") <> 0 and s.region >= ").bind(region);
    sql.push(" and s.region < ").bind(format!("{region}~")).push(" order by o.id, s.id");
    let mut out: Vec<RosterEntry> = Vec::new();
    for row in store.select(&sql).await? {
        let operator = row.id("id")?;
        if out.last().is_some_and(|o| o.operator == operator) {
            continue;
        }
        out.push(RosterEntry {
            operator,
            name: row.text("name")?,
            site: row.id("site")?,
            gln: row.opt_text("gln")?,
            region: row.text("region")?,
            kind: {
                let bits = row.int("kinds")?;
                kinds.iter().find(|k| Kinds::of(&[**k]).bits() & bits != 0).map_or("", |k| k.code())
            },
        });
    }
    Ok(out)
}

/// The public view of one operator; `None` when there is none.
///
/// # Errors
/// [`Error::Denied`] when the public view is closed; storage.
pub async fn public_operator(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    id: Id,
) -> Result<Option<PublicOperator>, Error> {
    let Some(found) = operator::operator(store, id).await? else { return Ok(None) };
    access.check(who, "view", &Resource::new("operator", &*found.region).classified(PUBLIC), now)?;
    Ok(Some(PublicOperator::of(found)))
}

impl PublicOperator {
    fn of(o: Operator) -> Self {
        Self {
            id: o.id,
            name: o.name,
            name_en: o.name_en,
            uscc: (!o.natural).then_some(o.code),
            kinds: o.kinds,
            region: o.region,
            status: o.status,
        }
    }
}
