//! The all-in-one spreadsheet template: sheets Stations, Deliveries, Deliveries2Deliveries.
//!
//! The sheet of deliveries has two rows of headings (dates and amounts in columns of their own); columns behind
//! "Additional Fields ->" are free and kept under their headings.

use super::fcl::{Columns, Row, text};
use super::{Fcl, FormatError, Problems};
use serde_json::{Value, json};

/// One sheet as text: its name, the heading row first, each row with the number a spreadsheet program shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Name of the sheet.
    pub name: String,
    /// Columns from the heading on.
    pub rows: Vec<(usize, Vec<String>)>,
}

const ADDITIONAL: &str = "Additional Fields ->";

/// A heading of the template and the other names people give the column.
type Heading = (&'static str, &'static [&'static str]);

const SHEETS: [Heading; 3] = [
    ("Stations", &["Station", "站点", "企业", "企业信息"]),
    ("Deliveries", &["Delivery", "交货", "交付", "发货", "交货信息"]),
    ("Deliveries2Deliveries", &["Relations", "Delivery Relations", "交货关系", "关系"]),
];
/// The first is needed.
const STATION: [Heading; 10] = [
    ("Company_ID", &["Company ID", "Station ID", "StationID", "ID", "企业编号", "站点编号", "编号"]),
    ("Name", &["企业名称", "站点名称", "名称"]),
    ("Street", &["街道", "地址", "Address"]),
    ("Street Number", &["门牌号"]),
    ("Postal Code", &["ZIP", "邮编", "邮政编码"]),
    ("City", &["城市", "市"]),
    ("District", &["区县", "县", "区"]),
    ("State", &["省", "省份", "Province"]),
    ("Country", &["国家", "国别"]),
    ("Type of business", &["业态", "企业类型", "经营类型"]),
];
const QUANTITY: Heading = ("Quantity", &["数量"]);
const UNIT: Heading = ("Type / Unit", &["Unit", "单位"]);
const DAY: Heading = ("Day", &["日"]);
const MONTH: Heading = ("Month", &["月"]);
const YEAR: Heading = ("Year", &["年"]);
const DELIVERY_ID: Heading = ("DeliveryID", &["Delivery ID", "ID", "交货编号", "交付编号", "编号"]);
const SENDER: Heading = ("Station", &["Sender", "From", "发货方", "供货方", "供货者", "发货站点"]);
const PRODUCT: Heading = ("Product Name", &["Product", "产品名称", "产品", "品名"]);
const LOT: Heading = ("Lot Number", &["Lot", "Batch", "批号", "批次", "批次号", "生产批号"]);
const LOT_SIZE: Heading = ("Lot size", &["批量", "批次数量"]);
const DEPARTURE: Heading =
    ("Delivery Date Departure", &["Delivery Date", "Departure", "发货日期", "交货日期", "出库日期"]);
const ARRIVAL: Heading = ("Delivery Date Arrival", &["Arrival", "到货日期", "收货日期", "入库日期"]);
const AMOUNT: Heading =
    ("Unit weigt/vol./pck.", &["Unit weight/vol./pck.", "Amount", "交货数量", "数量", "重量"]);
const RECIPIENT: Heading = ("Recipient", &["Receiver", "To", "收货方", "购货方", "购货者", "收货站点"]);
/// Headings of the sheet of deliveries: first row, second row.
const DELIVERY: [(Heading, Option<Heading>); 15] = [
    (DELIVERY_ID, None),
    (SENDER, None),
    (PRODUCT, None),
    (LOT, None),
    (LOT_SIZE, Some(QUANTITY)),
    (LOT_SIZE, Some(UNIT)),
    (DEPARTURE, Some(DAY)),
    (DEPARTURE, Some(MONTH)),
    (DEPARTURE, Some(YEAR)),
    (ARRIVAL, Some(DAY)),
    (ARRIVAL, Some(MONTH)),
    (ARRIVAL, Some(YEAR)),
    (AMOUNT, Some(QUANTITY)),
    (AMOUNT, Some(UNIT)),
    (RECIPIENT, None),
];
/// Deliveries a relation leads from and to.
const ENDS: [Heading; 2] = [
    ("From DeliveryID", &["From", "ID", "来源交货编号", "来源交货"]),
    ("Into DeliveryID", &["Into", "To", "Next", "去向交货编号", "去向交货"]),
];
/// Columns of the document a delivery's cells become, in the order they are written.
const DELIVERY_COLUMNS: [&str; 9] = [
    "ID",
    "from",
    "to",
    "Name",
    "Lot Number",
    "Lot size",
    "Date Delivery",
    "Date Delivery Arrival",
    "Amount",
];

fn is(text: &str, (name, others): Heading) -> bool {
    let text = text.trim();
    text.eq_ignore_ascii_case(name) || others.iter().any(|other| text.eq_ignore_ascii_case(other))
}

fn sheet(tables: &[Table], heading: Heading) -> Result<&Table, FormatError> {
    let name = heading.0;
    tables.iter().find(|t| is(&t.name, heading)).filter(|t| !t.rows.is_empty()).ok_or_else(|| {
        let found = tables.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        FormatError::one(
            name,
            format!("缺少工作表 {name}（现有：{found}）；请使用 FoodChain-Lab 一体化模板"),
            format!("the sheet {name} is missing (found: {found}); use the all-in-one template"),
        )
    })
}

/// Whether the second row holds the lower part of two-row headings.
fn has_two_rows(table: &Table) -> bool {
    let parts = [QUANTITY, UNIT, DAY, MONTH, YEAR];
    table.rows.get(1).is_some_and(|(_, row)| row.iter().any(|cell| parts.iter().any(|part| is(cell, *part))))
}

/// The two parts of each column's heading: the upper one spans the columns that have only a lower one.
fn headings(table: &Table, two_rows: bool) -> Vec<(String, String)> {
    let top = &table.rows[0].1;
    let below = if two_rows { table.rows.get(1).map(|r| r.1.as_slice()).unwrap_or_default() } else { &[] };
    let mut over = String::new();
    (0..top.len().max(below.len()))
        .map(|n| {
            let cell = |row: &[String]| row.get(n).map(|c| c.trim().to_owned()).unwrap_or_default();
            let (head, sub) = (cell(top), cell(below));
            if !head.is_empty() {
                over.clone_from(&head);
            }
            if sub.is_empty() { (head, sub) } else { (over.clone(), sub) }
        })
        .collect()
}

struct Reader {
    sheet: &'static str,
    headings: Vec<(String, String)>,
    /// Columns that are known.
    used: Vec<bool>,
    problems: Problems,
}

impl Reader {
    fn new(sheet: &'static str, table: &Table, two_rows: bool) -> Self {
        let headings = headings(table, two_rows);
        let used = vec![false; headings.len()];
        Self { sheet, headings, used, problems: Problems::default() }
    }

    /// The column of a heading; where there is only an upper row its whole content is in one column.
    fn column(&mut self, head: Heading, sub: Option<Heading>) -> Option<usize> {
        // the template's own name goes before what others call it
        let found = [(head.0, &[] as &[_]), head].into_iter().find_map(|head| {
            self.headings.iter().zip(&self.used).position(|((over, under), used)| {
                let fits = match sub {
                    Some(sub) => is(under, sub),
                    None => under.is_empty(),
                };
                !used && fits && is(over, head)
            })
        });
        if let Some(n) = found {
            self.used[n] = true;
        }
        found
    }

    fn needed(&mut self, head: Heading) -> Option<usize> {
        let found = self.column(head, None);
        if found.is_none() {
            self.problems.add(
                self.sheet,
                format!("缺少列“{}”，请按模板补上", head.0),
                format!("the column \"{}\" is missing; add it after the template", head.0),
            );
        }
        found
    }

    /// Every other column, under its heading; one that is called like a column of the document gets a number.
    fn free(&self, taken: &[&str]) -> Vec<(usize, String)> {
        let mut names: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
        let mut free = Vec::new();
        for (n, (over, under)) in self.headings.iter().enumerate() {
            let mut name = if under.is_empty() { over.clone() } else { format!("{over}/{under}") };
            if self.used[n] || name.is_empty() || name.replace("&gt;", ">") == ADDITIONAL {
                continue;
            }
            let plain = name.clone();
            let mut number = 2;
            while names.contains(&name) {
                name = format!("{plain} ({number})");
                number += 1;
            }
            names.push(name.clone());
            free.push((n, name));
        }
        free
    }

    /// A date in one cell.
    fn whole_date(&mut self, line: usize, what: &str, text: &str) -> Value {
        if text.is_empty() {
            return Value::Null;
        }
        if crate::score::date::Span::parse(text).is_none() {
            self.problems.add(
                format!("{}!{line}", self.sheet),
                format!("{what}“{text}”不是日期；请写成 2026-09-02、2026-09 或 2026"),
                format!("{what} \"{text}\" is no date; write it like 2026-09-02, 2026-09 or 2026"),
            );
        }
        json!(text)
    }

    fn date(&mut self, line: usize, what: &str, parts: [&str; 3]) -> Value {
        let [day, month, year] = parts.map(str::trim);
        let number = |text: &str, most: u16| {
            let whole = text.strip_suffix(".0").unwrap_or(text);
            whole.parse::<u16>().ok().filter(|n| (1..=most).contains(n))
        };
        let fits = match (year.is_empty(), month.is_empty(), day.is_empty()) {
            (true, true, true) => return Value::Null,
            (false, true, true) => number(year, 9999).map(|y| format!("{y:04}")),
            (false, false, true) => {
                number(year, 9999).zip(number(month, 12)).map(|(y, m)| format!("{y:04}-{m:02}"))
            }
            (false, false, false) => number(year, 9999)
                .zip(number(month, 12))
                .zip(number(day, 31))
                .map(|((y, m), d)| format!("{y:04}-{m:02}-{d:02}")),
            _ => None,
        };
        fits.map_or_else(
            || {
                self.problems.add(
                    format!("{}!{line}", self.sheet),
                    format!("{what}（日 {day}、月 {month}、年 {year}）不是日期；缺日可空，缺月则日也应空"),
                    format!("{what} (day {day}, month {month}, year {year}) is no date; the day may be empty, then the month too"),
                );
                Value::Null
            },
            |date| json!(date),
        )
    }
}

/// The three sheets as a document, and where its rows came from.
pub(super) struct Book {
    pub(super) document: Fcl,
    /// The number of the line of each row, by table.
    lines: [Vec<usize>; 3],
}

impl Book {
    /// The same problems with sheet and line in place of the document's pointers.
    pub(super) fn place(&self, error: FormatError) -> FormatError {
        let place = |at: String| -> String {
            let row = (["stations", "deliveries", "deliveryRelations"].iter().zip(SHEETS).zip(&self.lines))
                .find_map(|((table, (sheet, _)), lines)| {
                    let rest = at.strip_prefix(&format!("/data/{table}/data/"))?;
                    let row = rest.split('/').next()?.parse::<usize>().ok()?;
                    Some(format!("{sheet}!{}", lines.get(row)?))
                });
            row.unwrap_or(at)
        };
        FormatError(error.0.into_iter().map(|(at, text)| (place(at), text)).collect())
    }
}

/// Reads the three sheets; order of columns, further columns and missing ones but identifiers and ends do not matter.
pub(super) fn read(tables: &[Table]) -> Result<Book, FormatError> {
    let (stations, station_problems) = stations(sheet(tables, SHEETS[0])?);
    let table = sheet(tables, SHEETS[1])?;
    let head = if has_two_rows(table) { 2 } else { 1 };
    let (deliveries, delivery_problems) = deliveries(table, head);
    let mut all = station_problems;
    all.extend(delivery_problems);
    let mut pairs = Vec::new();
    // a case without relations leaves the sheet empty, and empty sheets are not read
    let links = sheet(tables, SHEETS[2]).ok();
    if let Some(links) = links {
        let mut reader = Reader::new(SHEETS[2].0, links, false);
        if let [Some(a), Some(b)] = ENDS.map(|end| reader.needed(end)) {
            let cell = |row: &[String], n: usize| row.get(n).map(|c| json!(c.trim())).unwrap_or_default();
            pairs.extend(links.rows[1..].iter().map(|(_, row)| vec![cell(row, a), cell(row, b)]));
        }
        all.extend(reader.problems.0);
    }
    if !all.is_empty() {
        return Err(FormatError(all));
    }
    let ends = vec![("from".to_owned(), "string"), ("to".to_owned(), "string")];
    let lines = |table: Option<&Table>, head: usize| -> Vec<usize> {
        table.map(|t| t.rows.iter().skip(head).map(|(line, _)| *line).collect()).unwrap_or_default()
    };
    let lines = [lines(sheet(tables, SHEETS[0]).ok(), 1), lines(Some(table), head), lines(links, 1)];
    Ok(Book { document: Fcl::from_tables([stations, deliveries, (ends, pairs)]), lines })
}

type Found = Vec<(String, base::Text)>;

fn stations(table: &Table) -> (Columns, Found) {
    let mut reader = Reader::new(SHEETS[0].0, table, false);
    let mut fixed = vec![reader.needed(STATION[0])];
    fixed.extend(STATION[1..].iter().map(|heading| reader.column(*heading, None)));
    let mut columns: Vec<(String, &'static str)> = vec![("ID".to_owned(), "string")];
    columns.extend(STATION[1..].iter().map(|(c, _)| ((*c).to_owned(), "string")));
    columns.push(("Address".to_owned(), "string"));
    columns.push(("type of business".to_owned(), "string"));
    let taken: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let free = reader.free(&taken);
    columns.extend(free.iter().map(|(_, name)| (name.clone(), "string")));
    let mut rows = Vec::new();
    for (_, row) in &table.rows[1..] {
        let cell = |n: Option<usize>| n.and_then(|n| row.get(n)).map(|c| c.trim()).unwrap_or_default();
        let value = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let mut values: Vec<Value> = fixed.iter().map(|n| value(cell(*n))).collect();
        let join = |parts: [usize; 2]| {
            let both: Vec<&str> = parts.iter().map(|&p| cell(fixed[p])).filter(|t| !t.is_empty()).collect();
            both.join(" ")
        };
        let address: Vec<String> =
            [join([2, 3]), join([4, 5])].into_iter().filter(|t| !t.is_empty()).collect();
        values.push(value(&address.join(", ")));
        values.push(value(cell(fixed[9])));
        values.extend(free.iter().map(|(n, _)| value(cell(Some(*n)))));
        rows.push(values);
    }
    ((columns, rows), reader.problems.0)
}

fn deliveries(table: &Table, head: usize) -> (Columns, Found) {
    let mut reader = Reader::new(SHEETS[1].0, table, head == 2);
    let needed = [DELIVERY_ID, SENDER, RECIPIENT].map(|heading| reader.needed(heading));
    let fixed: Vec<Option<usize>> = (DELIVERY.iter())
        .map(|(over, sub)| match over.0 {
            name if name == DELIVERY_ID.0 => needed[0],
            name if name == SENDER.0 => needed[1],
            name if name == RECIPIENT.0 => needed[2],
            _ => reader.column(*over, *sub),
        })
        .collect();
    let whole = [DEPARTURE, ARRIVAL, LOT_SIZE, AMOUNT].map(|heading| reader.column(heading, None));
    let free = reader.free(&DELIVERY_COLUMNS);
    let mut columns: Vec<(String, &'static str)> =
        DELIVERY_COLUMNS.iter().map(|c| ((*c).to_owned(), "string")).collect();
    columns.extend(free.iter().map(|(_, name)| (name.clone(), "string")));
    let mut rows = Vec::new();
    for (line, row) in table.rows.iter().skip(head) {
        let at = |n: Option<usize>| n.and_then(|n| row.get(n)).map(|c| c.trim()).unwrap_or_default();
        let cell = |n: usize| at(fixed[n]);
        let value = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let amount = |one: usize, number: usize, unit: usize| {
            let parts = [at(whole[one]), cell(number), cell(unit)];
            value(&parts.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" "))
        };
        let mut date = |one: usize, heading: Heading, parts: [usize; 3]| match at(whole[one]) {
            "" => reader.date(*line, heading.0, parts.map(cell)),
            text => reader.whole_date(*line, heading.0, text),
        };
        let (out, arrival) = (date(0, DEPARTURE, [6, 7, 8]), date(1, ARRIVAL, [9, 10, 11]));
        let mut values = vec![
            value(cell(0)),
            value(cell(1)),
            value(cell(14)),
            value(cell(2)),
            value(cell(3)),
            amount(2, 4, 5),
            out,
            arrival,
            amount(3, 12, 13),
        ];
        values.extend(free.iter().map(|(n, _)| value(row.get(*n).map(|c| c.trim()).unwrap_or_default())));
        rows.push(values);
    }
    ((columns, rows), reader.problems.0)
}

/// Writes the three sheets; columns the template does not have stand behind "Additional Fields ->".
pub(super) fn write(document: &Fcl) -> Vec<Table> {
    let cell = |row: &Row<'_>, columns: &[&str]| -> String {
        columns.iter().find_map(|c| row.get(c).and_then(|v| text(v))).unwrap_or_default()
    };
    let known_station: Vec<&str> =
        STATION[1..].iter().map(|(name, _)| *name).chain(["ID", "Address", "type of business"]).collect();
    let known_delivery: Vec<&str> = DELIVERY_COLUMNS.to_vec();
    let free = |table: &str, known: &[&str]| -> Vec<String> {
        document.columns(table).into_iter().filter(|c| !known.contains(&c.as_str())).collect()
    };
    let numbered = |rows: Vec<Vec<String>>| rows.into_iter().enumerate().map(|(n, r)| (n + 1, r)).collect();

    let extra = free("stations", &known_station);
    let mut rows = vec![STATION.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()];
    rows[0].push(ADDITIONAL.to_owned());
    rows[0].extend(extra.iter().cloned());
    for row in document.rows("stations") {
        let structured = STATION[2..8].iter().any(|(c, _)| row.contains_key(c));
        let mut cells = vec![cell(&row, &["ID"]), cell(&row, &["Name"])];
        // an address in one piece goes where the street is
        cells.push(if structured { cell(&row, &["Street"]) } else { cell(&row, &["Address"]) });
        cells.extend(STATION[3..9].iter().map(|(c, _)| cell(&row, &[c])));
        cells.push(cell(&row, &["Type of business", "type of business"]));
        cells.push(String::new());
        cells.extend(extra.iter().map(|c| cell(&row, &[c])));
        rows.push(cells);
    }
    let stations = Table { name: SHEETS[0].0.to_owned(), rows: numbered(rows) };

    let extra = free("deliveries", &known_delivery);
    // the upper heading stands over the first of its columns
    let first = |n: usize| n == 0 || DELIVERY[n - 1].0.0 != DELIVERY[n].0.0;
    let top = (0..DELIVERY.len()).map(|n| if first(n) { DELIVERY[n].0.0.to_owned() } else { String::new() });
    let top = top.chain([ADDITIONAL.to_owned()]);
    let mut rows = vec![top.chain(extra.iter().cloned()).collect::<Vec<_>>()];
    rows.push(DELIVERY.iter().map(|(_, sub)| sub.map(|s| s.0.to_owned()).unwrap_or_default()).collect());
    for row in document.rows("deliveries") {
        let lot = if row.contains_key("Lot Number") { "Lot Number" } else { "Lot ID" };
        let mut cells =
            vec![cell(&row, &["ID"]), cell(&row, &["from"]), cell(&row, &["Name"]), cell(&row, &[lot])];
        cells.extend(amount(&cell(&row, &["Lot size"])));
        for column in ["Date Delivery", "Date Delivery Arrival"] {
            let date = cell(&row, &[column]);
            cells.extend(date_parts(&date));
        }
        cells.extend(amount(&cell(&row, &["Amount"])));
        cells.push(cell(&row, &["to"]));
        cells.push(String::new());
        cells.extend(extra.iter().map(|c| cell(&row, &[c])));
        rows.push(cells);
    }
    let deliveries = Table { name: SHEETS[1].0.to_owned(), rows: numbered(rows) };

    let mut rows = vec![ENDS.map(|(name, _)| name.to_owned()).to_vec()];
    rows.extend(
        (document.rows("deliveryRelations").iter())
            .map(|r| vec![cell(r, &["from", "ID"]), cell(r, &["to", "Next"])]),
    );
    let links = Table { name: SHEETS[2].0.to_owned(), rows: numbered(rows) };
    vec![stations, deliveries, links]
}

/// Number and unit of an amount in one piece.
fn amount(text: &str) -> [String; 2] {
    match text.split_once(' ') {
        Some((number, unit)) if number.parse::<f64>().is_ok() => [number.to_owned(), unit.trim().to_owned()],
        _ if text.parse::<f64>().is_ok() => [text.to_owned(), String::new()],
        _ => [String::new(), text.to_owned()],
    }
}

/// Day, month, year of a date in any of the forms that are read.
fn date_parts(text: &str) -> [String; 3] {
    let Some(span) = crate::score::date::Span::parse(text) else { return Default::default() };
    let (year, month, day) = (span.earliest / 10_000, span.earliest / 100 % 100, span.earliest % 100);
    let known_month = span.earliest / 100 == span.latest / 100;
    let show = |known: bool, n: i64| if known { n.to_string() } else { String::new() };
    [show(span.earliest == span.latest, day), show(known_month, month), year.to_string()]
}
