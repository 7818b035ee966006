//! What a firm writes when it declares a standard: the sheet of rows, and what is wrong with it before it is a draft.

use crate::import::{at_line, finish};
use crate::{Error, NewDeclared, Problem};
use base::Text;
use limits::DeclaredRow;
use paper::sheet::{Column, Columns, RowErrors, Workbook};

/// Most rows of one standard.
const MOST: usize = 300;

/// The columns of a sheet of declared rows.
#[must_use]
pub fn declared_columns() -> Columns {
    Columns::new(vec![
        Column::required("食品", &["food", "食品名称"]),
        Column::required("项目", &["analyte", "检验项目"]),
        Column::required("限量", &["limit", "指标"]),
        Column::optional("单位", &["unit"]),
        Column::optional("检验方法", &["method", "方法"]),
    ])
}

/// Reads the rows of a sheet.
///
/// # Errors
/// [`Error::Sheet`] for the file; [`Error::Rows`] with every wrong cell.
pub fn declared_rows(book: &Workbook) -> Result<Vec<DeclaredRow>, Error> {
    let columns = declared_columns();
    let mut errors = RowErrors::default();
    let mut rows = Vec::new();
    for table in &book.tables {
        let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
        for row in mapped.rows() {
            let (food, analyte) = (errors.keep(row.text("食品")), errors.keep(row.text("项目")));
            let limit = errors.keep(row.text("限量"));
            let (unit, method) = (errors.keep(row.opt_text("单位")), errors.keep(row.opt_text("检验方法")));
            let (Some(food), Some(analyte), Some(limit), Some(unit), Some(method)) =
                (food, analyte, limit, unit, method)
            else {
                continue;
            };
            let new = DeclaredRow {
                food,
                analyte,
                limit,
                unit: unit.unwrap_or_default(),
                method: method.unwrap_or_default(),
            };
            if let Some((field, message)) = new.problem() {
                let (label, value) = labelled(field, &new);
                errors.push(at_line(row.line(), Problem::new(field, label, value, message)));
            }
            rows.push(new);
        }
    }
    finish(errors, !rows.is_empty(), rows)
}

fn labelled(field: &str, row: &DeclaredRow) -> (Text, String) {
    match field {
        "food" => (Text::of("食品", "food"), row.food.clone()),
        "analyte" => (Text::of("项目", "analyte"), row.analyte.clone()),
        "unit" => (Text::of("单位", "unit"), row.unit.clone()),
        _ => (Text::of("限量", "limit"), row.limit.clone()),
    }
}

/// What is wrong with a standard to be drafted.
pub(crate) fn examine(new: &NewDeclared) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut add = |field: &str, label: Text, value: &str, message: Text| {
        problems.push(Problem::new(field, label, value, message));
    };
    if !new.number.trim().starts_with("Q/") || new.number.trim().len() < 6 {
        let text = Text::of(
            "企业标准编号以 Q/ 开头，如 Q/ABC 0001S-2026",
            "the number begins with Q/, for example Q/ABC 0001S-2026",
        );
        add("number", Text::of("标准编号", "number"), &new.number, text);
    }
    if new.title.trim().is_empty() {
        add("title", Text::of("标准名称", "title"), "", Text::of("请填写标准名称", "state the title"));
    }
    if new.rows.is_empty() || new.rows.len() > MOST {
        let text = Text::of("请填写 1 至 300 条指标", "declare 1 to 300 rows");
        add("rows", Text::of("指标", "rows"), &new.rows.len().to_string(), text);
    }
    for (i, row) in new.rows.iter().enumerate() {
        if let Some((field, message)) = row.problem() {
            let (label, value) = labelled(field, row);
            let label =
                Text::new(format!("第{}条 {}", i + 1, label.zh), format!("row {}, {}", i + 1, label.en));
            add(&format!("rows.{}.{field}", i + 1), label, &value, message);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}
