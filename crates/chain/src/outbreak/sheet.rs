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
const STATION: [&str; 10] = [
    "Company_ID",
    "Name",
    "Street",
    "Street Number",
    "Postal Code",
    "City",
    "District",
    "State",
    "Country",
    "Type of business",
];
/// Headings of the sheet of deliveries: first row, second row.
const DELIVERY: [(&str, &str); 15] = [
    ("DeliveryID", ""),
    ("Station", ""),
    ("Product Name", ""),
    ("Lot Number", ""),
    ("Lot size", "Quantity"),
    ("", "Type / Unit"),
    ("Delivery Date Departure", "Day"),
    ("", "Month"),
    ("", "Year"),
    ("Delivery Date Arrival", "Day"),
    ("", "Month"),
    ("", "Year"),
    ("Unit weigt/vol./pck.", "Quantity"),
    ("", "Type / Unit"),
    ("Recipient", ""),
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

fn sheet<'a>(tables: &'a [Table], name: &str) -> Result<&'a Table, FormatError> {
    let same = |t: &&Table| t.name.trim().eq_ignore_ascii_case(name);
    tables.iter().find(same).filter(|t| !t.rows.is_empty()).ok_or_else(|| {
        let found = tables.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        FormatError::one(
            name,
            format!("缺少工作表 {name}（现有：{found}）；请使用 FoodChain-Lab 一体化模板"),
            format!("the sheet {name} is missing (found: {found}); use the all-in-one template"),
        )
    })
}

/// Headings with the position of their columns: `Delivery Date Departure/Day` where there are two rows.
fn headings(table: &Table, two_rows: bool) -> Vec<String> {
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
            match (head.is_empty(), sub.is_empty()) {
                (_, false) => format!("{over}/{sub}"),
                _ => head,
            }
        })
        .collect()
}

struct Reader<'a> {
    sheet: &'a str,
    headings: Vec<String>,
    problems: Problems,
}

impl<'a> Reader<'a> {
    fn column(&mut self, names: &[&str]) -> Option<usize> {
        let found = self.headings.iter().position(|h| names.iter().any(|n| h.eq_ignore_ascii_case(n)));
        if found.is_none() {
            self.problems.add(
                self.sheet,
                format!("缺少列“{}”，请按模板补上", names[0]),
                format!("the column \"{}\" is missing; add it after the template", names[0]),
            );
        }
        found
    }

    /// The columns behind "Additional Fields ->".
    fn free(&self) -> Vec<(usize, String)> {
        let from = self.headings.iter().position(|h| h.replace("&gt;", ">") == ADDITIONAL);
        let from = from.map_or(self.headings.len(), |n| n + 1);
        (from..self.headings.len())
            .map(|n| (n, self.headings[n].clone()))
            .filter(|(_, h)| !h.is_empty())
            .collect()
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

/// Reads the three sheets.
pub(super) fn read(tables: &[Table]) -> Result<Fcl, FormatError> {
    let (stations, station_problems) = stations(sheet(tables, "Stations")?);
    let (deliveries, delivery_problems) = deliveries(sheet(tables, "Deliveries")?);
    let links = sheet(tables, "Deliveries2Deliveries").or_else(|e| {
        // a case without relations leaves the sheet empty, and empty sheets are not read
        let empty = tables.iter().find(|t| t.name.eq_ignore_ascii_case("Deliveries2Deliveries"));
        empty.ok_or(e)
    });
    let mut reader =
        Reader { sheet: "Deliveries2Deliveries", headings: Vec::new(), problems: Problems::default() };
    let mut pairs = Vec::new();
    if let Ok(links) = links
        && !links.rows.is_empty()
    {
        reader.headings = headings(links, false);
        let (a, b) = (reader.column(&["From DeliveryID"]), reader.column(&["Into DeliveryID"]));
        if let (Some(a), Some(b)) = (a, b) {
            let cell = |row: &[String], n: usize| row.get(n).map(|c| json!(c.trim())).unwrap_or_default();
            pairs.extend(links.rows[1..].iter().map(|(_, row)| vec![cell(row, a), cell(row, b)]));
        }
    }
    let mut all = station_problems;
    all.extend(delivery_problems);
    all.extend(reader.problems.0);
    if !all.is_empty() {
        return Err(FormatError(all));
    }
    let ends = vec![("from".to_owned(), "string"), ("to".to_owned(), "string")];
    Ok(Fcl::from_tables([stations, deliveries, (ends, pairs)]))
}

type Found = Vec<(String, base::Text)>;

fn stations(table: &Table) -> (Columns, Found) {
    let headings = headings(table, false);
    let mut reader = Reader { sheet: "Stations", headings, problems: Problems::default() };
    let fixed: Vec<Option<usize>> = STATION.iter().map(|name| reader.column(&[name])).collect();
    let free = reader.free();
    let mut columns: Vec<(String, &'static str)> = vec![("ID".to_owned(), "string")];
    columns.extend(STATION[1..].iter().map(|c| ((*c).to_owned(), "string")));
    columns.push(("Address".to_owned(), "string"));
    columns.push(("type of business".to_owned(), "string"));
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

fn deliveries(table: &Table) -> (Columns, Found) {
    let headings = headings(table, true);
    let mut reader = Reader { sheet: "Deliveries", headings, problems: Problems::default() };
    let fixed: Vec<Option<usize>> = {
        let mut over = "";
        DELIVERY
            .iter()
            .map(|(head, sub)| {
                if !head.is_empty() {
                    over = head;
                }
                let name = if sub.is_empty() { over.to_owned() } else { format!("{over}/{sub}") };
                if over == "Station" {
                    return reader.column(&["Station", "Sender"]);
                }
                reader.column(&[&name])
            })
            .collect()
    };
    let free = reader.free();
    let mut columns: Vec<(String, &'static str)> =
        DELIVERY_COLUMNS.iter().map(|c| ((*c).to_owned(), "string")).collect();
    columns.extend(free.iter().map(|(_, name)| (name.clone(), "string")));
    let mut rows = Vec::new();
    for (line, row) in table.rows.iter().skip(2) {
        let cell = |n: usize| fixed[n].and_then(|n| row.get(n)).map(|c| c.trim()).unwrap_or_default();
        let value = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let amount = |number: usize, unit: usize| {
            let both: Vec<&str> = [cell(number), cell(unit)].into_iter().filter(|t| !t.is_empty()).collect();
            value(&both.join(" "))
        };
        let out = reader.date(*line, "Delivery Date Departure", [cell(6), cell(7), cell(8)]);
        let arrival = reader.date(*line, "Delivery Date Arrival", [cell(9), cell(10), cell(11)]);
        let mut values = vec![
            value(cell(0)),
            value(cell(1)),
            value(cell(14)),
            value(cell(2)),
            value(cell(3)),
            amount(4, 5),
            out,
            arrival,
            amount(12, 13),
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
        STATION[1..].iter().copied().chain(["ID", "Address", "type of business"]).collect();
    let known_delivery: Vec<&str> = DELIVERY_COLUMNS.to_vec();
    let free = |table: &str, known: &[&str]| -> Vec<String> {
        document.columns(table).into_iter().filter(|c| !known.contains(&c.as_str())).collect()
    };
    let numbered = |rows: Vec<Vec<String>>| rows.into_iter().enumerate().map(|(n, r)| (n + 1, r)).collect();

    let extra = free("stations", &known_station);
    let mut rows = vec![STATION.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()];
    rows[0].push(ADDITIONAL.to_owned());
    rows[0].extend(extra.iter().cloned());
    for row in document.rows("stations") {
        let structured = STATION[2..8].iter().any(|c| row.contains_key(c));
        let mut cells = vec![cell(&row, &["ID"]), cell(&row, &["Name"])];
        // an address in one piece goes where the street is
        cells.push(if structured { cell(&row, &["Street"]) } else { cell(&row, &["Address"]) });
        cells.extend(STATION[3..9].iter().map(|c| cell(&row, &[c])));
        cells.push(cell(&row, &["Type of business", "type of business"]));
        cells.push(String::new());
        cells.extend(extra.iter().map(|c| cell(&row, &[c])));
        rows.push(cells);
    }
    let stations = Table { name: "Stations".to_owned(), rows: numbered(rows) };

    let extra = free("deliveries", &known_delivery);
    let top = DELIVERY.iter().map(|(h, _)| (*h).to_owned()).chain([ADDITIONAL.to_owned()]);
    let mut rows = vec![top.chain(extra.iter().cloned()).collect::<Vec<_>>()];
    rows.push(DELIVERY.iter().map(|(_, s)| (*s).to_owned()).collect());
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
    let deliveries = Table { name: "Deliveries".to_owned(), rows: numbered(rows) };

    let mut rows = vec![vec!["From DeliveryID".to_owned(), "Into DeliveryID".to_owned()]];
    rows.extend(
        (document.rows("deliveryRelations").iter())
            .map(|r| vec![cell(r, &["from", "ID"]), cell(r, &["to", "Next"])]),
    );
    let links = Table { name: "Deliveries2Deliveries".to_owned(), rows: numbered(rows) };
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
