//! A plan's tasks as a spreadsheet, out and in again.

use super::book::{Book, Budget, Stage};
use super::plan::{NewTask, Task};
use super::season::{read_months, show_months};
use crate::{Error, Lab};
use access::Principal;
use base::{Id, Regions, Text};
use ledger::Context;
use paper::sheet::{Column, Columns, Row, RowErrors, Sheet, Value, Workbook};
use std::collections::BTreeMap;
use store::Tx;

/// The columns of a sheet of tasks.
#[must_use]
pub fn plan_columns() -> Columns {
    Columns::new(vec![
        Column::required("行政区划代码", &["region", "region code", "所在地"]),
        Column::required("食品大类", &["class", "food class"]),
        Column::required("抽样环节", &["stage"]),
        Column::required("经费来源", &["budget", "level"]),
        Column::required("批次", &["quota", "batches", "计划批次"]),
        Column::optional("检验项目", &["analytes", "items"]),
        Column::optional("承检机构", &["laboratory", "lab"]),
        Column::optional("完成期限", &["until", "deadline"]),
        Column::optional("抽样月份", &["months", "season"]),
    ])
}

/// Tasks as a sheet with the columns of [`plan_columns`] and what was taken; `laboratories` gives names.
#[must_use]
pub fn plan_sheet(tasks: &[Task], laboratories: &BTreeMap<Id, String>) -> Sheet {
    let mut header: Vec<String> = plan_columns().template().iter().map(|c| (*c).to_owned()).collect();
    header.push("已抽批次".to_owned());
    let rows = tasks
        .iter()
        .map(|t| {
            let class =
                Book::builtin().class(&t.task.class).map_or(t.task.class.clone(), |c| c.name.zh.to_string());
            let lab = t.task.laboratory.and_then(|l| laboratories.get(&l).cloned()).unwrap_or_default();
            [
                t.task.region.clone(),
                class,
                t.task.stage.label().zh.to_string(),
                t.task.budget.label().zh.to_string(),
                t.task.quota.to_string(),
                t.task.analytes.join("；"),
                lab,
                t.task.until.map(|d| d.to_string()).unwrap_or_default(),
                show_months(&t.task.months),
                t.taken.to_string(),
            ]
            .map(Value::Text)
            .to_vec()
        })
        .collect();
    Sheet { name: "plan".to_owned(), header, rows }
}

impl Lab {
    /// Replaces the tasks of a draft by those of a sheet; all or nothing. `laboratories` are those a name may mean.
    ///
    /// # Errors
    /// [`Error::Sheet`] for the file; [`Error::Rows`] with every wrong cell; as [`Lab::set_tasks`].
    pub async fn import_plan(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        plan: Id,
        book: &Workbook,
        laboratories: &BTreeMap<Id, String>,
    ) -> Result<u32, Error> {
        let columns = plan_columns();
        let mut errors = RowErrors::default();
        let mut tasks = Vec::new();
        for table in &book.tables {
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                tasks.extend(task_of(&row, &mut errors, laboratories));
            }
        }
        let tasks = errors.into_result(tasks).map_err(Error::Rows)?;
        self.set_tasks(tx, cx, who, plan, tasks).await
    }
}

fn task_of(row: &Row<'_>, errors: &mut RowErrors, laboratories: &BTreeMap<Id, String>) -> Option<NewTask> {
    let region = errors.keep(row.with("行政区划代码", |t| {
        let found = Regions::builtin().find(t);
        found.map(|r| r.code.as_str().to_owned()).map_err(|e| e.text())
    }));
    let class = errors.keep(row.with("食品大类", |t| {
        let none = || {
            Text::of(
                "没有这个食品大类，请用模板中的名称或两位代码",
                "no such food class: use a name or the two-digit code",
            )
        };
        Book::builtin().class(t).map(|c| c.code.clone()).ok_or_else(none)
    }));
    let stage = errors.keep(row.with("抽样环节", |t| {
        Stage::read(t)
            .ok_or_else(|| Text::of("请填 生产、流通 或 餐饮", "write production, circulation or catering"))
    }));
    let budget = errors.keep(row.with("经费来源", |t| {
        Budget::read(t).ok_or_else(|| {
            Text::of("请填 国家、省级、市级 或 县级", "write national, provincial, city or county")
        })
    }));
    let quota = errors.keep(row.with("批次", |t| {
        t.trim()
            .parse::<u32>()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| Text::of("请填大于 0 的整数", "write a whole number above nought"))
    }));
    let analytes = errors.keep(row.opt_text("检验项目"));
    let laboratory = errors.keep(row.opt_with("承检机构", |t| {
        let found =
            laboratories.iter().find(|(id, name)| name.as_str() == t.trim() || id.to_string() == t.trim());
        found
            .map(|(id, _)| *id)
            .ok_or_else(|| Text::of("登记库中没有这个承检机构", "the register has no such laboratory"))
    }));
    let until = errors.keep(row.opt_date("完成期限"));
    let months = errors.keep(row.opt_with("抽样月份", read_months));
    let split = |t: String| {
        t.split(['；', ';', '、', '|'])
            .map(str::trim)
            .filter(|a| !a.is_empty())
            .map(ToOwned::to_owned)
            .collect()
    };
    Some(NewTask {
        region: region?,
        class: class?,
        stage: stage?,
        budget: budget?,
        quota: quota?,
        analytes: analytes?.map(split).unwrap_or_default(),
        laboratory: laboratory?,
        until: until?,
        months: months?.unwrap_or_default(),
    })
}
