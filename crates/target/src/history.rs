//! Past inspections from a file: what other systems kept before this platform, to learn from.

use crate::{Error, Seen, Target};
use access::{Principal, Resource};
use base::{Date, Text};
use ledger::{Context, Entry};
use paper::sheet::{Column, Columns, RowErrors, SheetTable, Workbook};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use store::{Store, Tx};

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// Visits that were not on record yet.
    pub new: u64,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

/// A row of the file.
struct Line {
    row: paper::sheet::RowError,
    code: String,
    on: Date,
    found: bool,
    key_points: Option<i64>,
    general_points: Option<i64>,
    inspector: String,
}

/// The columns of a sheet of past inspections.
#[must_use]
pub fn history_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["code", "uscc", "USCC", "社会信用代码"]),
        Column::required("检查日期", &["date", "checked_on", "日期"]),
        Column::required("发现问题", &["found", "outcome", "是否发现问题"]),
        Column::optional("重点项不合格数", &["key_points", "key"]),
        Column::optional("一般项不合格数", &["general_points", "general"]),
        Column::optional("检查组", &["inspector", "team", "检查人员"]),
    ])
}

fn yes_no(text: &str) -> Result<bool, Text> {
    match text.trim().to_lowercase().as_str() {
        "1" | "是" | "有" | "true" | "yes" => Ok(true),
        "0" | "否" | "无" | "false" | "no" => Ok(false),
        _ => Err(Text::of("请填 是/否 或 1/0", "write yes/no or 1/0")),
    }
}

fn points(text: &str) -> Result<i64, Text> {
    let read = text.parse::<i64>().ok().filter(|n| (0..=200).contains(n));
    read.ok_or_else(|| Text::of("应为 0 至 200 的整数", "write a whole number from 0 to 200"))
}

fn lines(tables: &[SheetTable], today: Date) -> Result<Vec<Line>, Error> {
    let columns = history_columns();
    let mut errors = RowErrors::default();
    let mut out = Vec::new();
    for table in tables {
        let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
        for row in mapped.rows() {
            let code = errors.keep(row.text("统一社会信用代码"));
            let on = errors.keep(row.date("检查日期"));
            let found = errors.keep(row.with("发现问题", yes_no));
            let key_points = errors.keep(row.opt_with("重点项不合格数", points));
            let general_points = errors.keep(row.opt_with("一般项不合格数", points));
            let inspector = errors.keep(row.opt_text("检查组"));
            let (Some(code), Some(on), Some(found), Some(key_points), Some(general_points), Some(inspector)) =
                (code, on, found, key_points, general_points, inspector)
            else {
                continue;
            };
            if on > today {
                errors.push(
                    row.cell_error("检查日期", Text::of("日期在今天之后", "the date lies after today")),
                );
                continue;
            }
            let unknown = Text::of(
                "登记库中没有这个代码；请先导入主体",
                "the register has no operator of this code; import the operators first",
            );
            out.push(Line {
                row: row.cell_error("统一社会信用代码", unknown),
                code: code.trim().to_uppercase(),
                on,
                found,
                key_points,
                general_points,
                inspector: inspector.unwrap_or_default(),
            });
        }
    }
    errors.into_result(out).map_err(Error::Rows)
}

impl Target {
    /// Takes past inspections of a region from a file, whole or not at all; what is on record already (operator, day, team) is
    /// passed over. Needs `import` on operators of the region.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Rows`] with every wrong cell; [`Error::Sheet`] for the file; [`Error::Invalid`] for the region.
    pub async fn import_history(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        region: &str,
        book: &Workbook,
    ) -> Result<Imported, Error> {
        if region.parse::<base::region::RegionCode>().is_err() {
            return Err(Error::invalid("region", "请选择地区", "choose a region"));
        }
        let permit = self.access.check(who, "import", &Resource::new("operator", region), cx.now)?;
        let lines = lines(&book.tables, cx.now.china_date())?;
        let codes: BTreeSet<String> = lines.iter().map(|l| l.code.clone()).collect();
        let codes: Vec<String> = codes.into_iter().collect();
        let known = self.ground.operators(tx, &codes).await.map_err(Error::of_hook)?;
        let mut errors = RowErrors::default();
        let batch = cx.id();
        let mut values = Vec::with_capacity(lines.len() * 9);
        for line in &lines {
            let Some((operator, at)) = known.get(&line.code).filter(|k| k.1.starts_with(region)) else {
                errors.push(line.row.clone());
                continue;
            };
            values.extend([
                cx.id().into(),
                (*operator).into(),
                at.as_str().into(),
                line.on.into(),
                i64::from(line.found).into(),
                line.key_points.into(),
                line.general_points.into(),
                line.inspector.as_str().into(),
                batch.into(),
            ]);
        }
        errors.into_result(()).map_err(Error::Rows)?;
        let days = || lines.iter().map(|l| l.on);
        let (Some(first), Some(last)) = (days().min(), days().max()) else {
            return Err(Error::Sheet(Text::of("文件中没有数据行", "the file holds no rows")));
        };
        let new = tx
            .insert_many(
                "insert into target_visit (id, operator, region, on_day, found, key_points, general_points, inspector, batch)",
                9,
                values,
                "on conflict (operator, on_day, inspector) do nothing",
            )
            .await?;
        let entry = Entry {
            kind: "targeting.history_imported",
            region: region.to_owned(),
            subject: format!("targeting:{batch}"),
            body: json!({
                "rows": lines.len(), "new": new, "first": first, "last": last, "file": book.sha256,
            }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(Imported { rows: lines.len(), new, first, last })
    }
}

/// All imported visits.
pub(crate) async fn past(store: &Store) -> Result<Vec<Seen>, Error> {
    let rows = store
        .query(
            "select id, operator, on_day, found, key_points, general_points, inspector from target_visit order by id",
            &[],
        )
        .await?;
    let small = |v: Option<i64>| v.and_then(|n| u32::try_from(n).ok());
    rows.iter()
        .map(|r| {
            Ok(Seen {
                id: format!("past:{}", r.id("id")?),
                subject: format!("operator:{}", r.id("operator")?),
                on: r.date("on_day")?,
                found: r.flag("found")?,
                key_points: small(r.opt_int("key_points")?),
                general_points: small(r.opt_int("general_points")?),
                who: r.text("inspector")?,
            })
        })
        .collect::<Result<_, store::Error>>()
        .map_err(Into::into)
}
