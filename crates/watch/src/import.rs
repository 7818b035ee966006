//! Counts from a file: reports of foodborne illness, cold-chain breaks, rumours – whatever is kept elsewhere.

use crate::count::{Cover, Key, NewCount};
use crate::{Error, Watch};
use access::Principal;
use base::region::{RegionCode, Regions};
use base::{Date, Text};
use ledger::{Context, Permit};
use paper::sheet::{Column, Columns, RowErrors, SheetTable, Workbook};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use store::Tx;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// First and last day they speak of.
    pub first: Date,
    /// Last day.
    pub last: Date,
    /// Series whose counts changed.
    #[serde(skip)]
    pub touched: BTreeSet<Key>,
}

/// A count as a program sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentCount {
    /// Day of the event.
    pub date: Date,
    /// County code or name.
    pub county: String,
    /// Hazard of the plan.
    pub hazard: String,
    /// Cases, all of that day.
    pub count: u32,
}

/// The columns of a sheet of counts.
#[must_use]
pub fn count_columns() -> Columns {
    Columns::new(vec![
        Column::required("日期", &["date", "day", "发病日期"]),
        Column::required("县区代码", &["county", "place", "region", "地区"]),
        Column::required("危害", &["hazard", "syndrome", "pathogen", "症候群", "病原体"]),
        Column::required("例数", &["count", "cases", "observed"]),
    ])
}

/// The first day a count may be of: series begin no earlier.
const FIRST_DAY: Date = Date::constant(1990, 1, 1);
/// Cases of one day and county at most.
const MOST_CASES: i64 = 1_000_000;

fn within(day: Date, today: Date) -> Result<(), Text> {
    match day {
        _ if day > today => Err(AFTER_TODAY),
        _ if day < FIRST_DAY => Err(Text::of("日期不得早于1990年1月1日", "no day before 1 January 1990")),
        _ => Ok(()),
    }
}

fn cases(n: i64) -> Result<i64, Text> {
    let text = Text::of("应为0至1000000的整数", "write a whole number from 0 to 1,000,000");
    (0..=MOST_CASES).contains(&n).then_some(n).ok_or(text)
}

impl Watch {
    /// Takes the counts of a file for the region of the person who sends it; whole or not at all. A later file for the same days
    /// corrects an earlier one: what it does not name any more counts zero.
    ///
    /// `region`: the part of the province the file speaks for. `source`: whose counts they are.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Rows`] with every wrong cell; [`Error::Sheet`] for the file; [`Error::Invalid`] for the region.
    #[allow(clippy::too_many_arguments)]
    pub async fn import_counts(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        region: &str,
        source: &str,
        book: &Workbook,
    ) -> Result<Imported, Error> {
        check_target(region, source)?;
        let permit = self.permit(who, "import", &[region.to_owned()], cx.now)?;
        let counts = self.read_counts(&book.tables, region, cx.now.china_date())?;
        let body = json!({ "file": book.sha256 });
        self.accept(tx, cx, &permit, region, source, &counts, body).await
    }

    /// Takes counts a program sends; whole or not at all, corrections as by file.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Invalid`] for the first count that is wrong, with its number.
    pub async fn send_counts(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        region: &str,
        source: &str,
        sent: &[SentCount],
    ) -> Result<Imported, Error> {
        check_target(region, source)?;
        let permit = self.permit(who, "import", &[region.to_owned()], cx.now)?;
        let today = cx.now.china_date();
        let mut counts = Vec::with_capacity(sent.len());
        for (i, c) in sent.iter().enumerate() {
            let at = |text: Text| {
                Error::invalid(
                    "counts",
                    format!("第 {} 条：{}", i + 1, text.zh),
                    format!("count {}: {}", i + 1, text.en),
                )
            };
            let place = county(&c.county, region).map_err(at)?;
            let hazard = self.hazard_of(&c.hazard).map_err(at)?;
            within(c.date, today).map_err(at)?;
            let cases = cases(i64::from(c.count)).map_err(at)?;
            counts.push(NewCount { place, hazard, day: c.date, cases });
        }
        let body = json!({ "program": who.login });
        self.accept(tx, cx, &permit, region, source, &counts, body).await
    }

    #[allow(clippy::too_many_arguments)]
    async fn accept(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        region: &str,
        source: &str,
        counts: &[NewCount],
        body: serde_json::Value,
    ) -> Result<Imported, Error> {
        let days = || counts.iter().map(|c| c.day);
        let (Some(first), Some(last)) = (days().min(), days().max()) else {
            return Err(Error::Sheet(Text::of("文件中没有数据行", "the file holds no rows")));
        };
        let hazards: BTreeSet<&str> = counts.iter().map(|c| c.hazard.as_str()).collect();
        let hazards: Vec<&str> = hazards.into_iter().collect();
        let cover = Cover { region: region.to_owned(), first, last };
        let touched = self.store_counts(tx, cx, permit, source, &hazards, &cover, counts, body).await?;
        Ok(Imported { rows: counts.len(), first, last, touched })
    }

    fn read_counts(&self, tables: &[SheetTable], region: &str, today: Date) -> Result<Vec<NewCount>, Error> {
        let columns = count_columns();
        let mut errors = RowErrors::default();
        let mut counts = Vec::new();
        for table in tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                let day = errors.keep(row.date("日期"));
                let place = errors.keep(row.with("县区代码", |t| county(t, region)));
                let hazard = errors.keep(row.with("危害", |t| self.hazard_of(t)));
                let cases = errors.keep(row.with("例数", |t| cases(t.parse().unwrap_or(-1))));
                let (Some(day), Some(place), Some(hazard), Some(cases)) = (day, place, hazard, cases) else {
                    continue;
                };
                if let Err(why) = within(day, today) {
                    errors.push(row.cell_error("日期", why));
                    continue;
                }
                counts.push(NewCount { place, hazard, day, cases });
            }
        }
        errors.into_result(counts).map_err(Error::Rows)
    }

    fn hazard_of(&self, text: &str) -> Result<String, Text> {
        let found = self
            .plan
            .hazards
            .iter()
            .find(|h| h.id == text || h.title.zh == text || h.title.en.eq_ignore_ascii_case(text));
        found.map(|h| h.id.clone()).ok_or_else(|| {
            let names: Vec<&str> = self.plan.hazards.iter().map(|h| h.id.as_str()).collect();
            Text::new(
                format!("没有这个危害；可用：{}", names.join("、")),
                format!("no such hazard; there are {}", names.join(", ")),
            )
        })
    }
}

pub(crate) const AFTER_TODAY: Text = Text::of("日期在今天之后", "the date lies after today");

fn check_target(region: &str, source: &str) -> Result<(), Error> {
    if region.parse::<RegionCode>().is_err() || !matches!(region.len(), 2 | 4 | 6) {
        return Err(Error::invalid("region", "请选择省、市或县", "choose a province, prefecture or county"));
    }
    if source.is_empty() || source.len() > 40 || source.chars().any(char::is_control) {
        return Err(Error::invalid(
            "source",
            "请写数据来源，不超过 40 字节",
            "name the source of the data in at most 40 bytes",
        ));
    }
    Ok(())
}

/// A county inside a region, by code or name.
pub(crate) fn county(text: &str, region: &str) -> Result<String, Text> {
    let table = Regions::builtin();
    // a name may stand for several counties of the nation: the one inside the region is meant
    let inside = || {
        let region = region.parse::<RegionCode>().ok()?;
        table.within(&region).find(|r| r.name.zh == text || r.name.en == text)
    };
    let found =
        text.parse::<RegionCode>().ok().and_then(|c| table.get(&c)).or_else(inside).ok_or_else(|| {
            Text::of("没有这个行政区划", "there is no such region; write the six-digit code or the name")
        })?;
    let code = found.code.as_str();
    // the two cities without counties are counties of their own
    let six = found.code.six();
    let whole = code.len() == 6 || (code.len() == 4 && table.children(&found.code).is_empty());
    if !whole {
        return Err(Text::of("应为县（市、区）", "a county is needed"));
    }
    if !six.starts_with(region) {
        return Err(Text::of("不在所选地区内", "it lies outside the region chosen"));
    }
    Ok(six)
}
