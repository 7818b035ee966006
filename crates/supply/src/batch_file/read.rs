//! Rows of batch files, read and checked.

use crate::Error;
use crate::batch::NewLot;
use crate::upload::{Side, in_code, unit};
use base::{Date, Decimal, Gtin, Text};
use paper::sheet::{Column, Columns, Row, RowError, RowErrors, SheetTable};

/// The columns of a file of in-batches.
#[must_use]
pub fn in_columns() -> Columns {
    let mut all = vec![
        Column::required("入库批次号", &["in batch", "in-batch", "入库批次"]),
        Column::required("入库日期", &["date in", "入库时间"]),
    ];
    all.extend(goods());
    all.extend([
        Column::optional("环节", &["stage"]),
        Column::optional("来源主体名称", &["source", "来源主体", "来源名称"]),
        Column::optional("来源主体代码", &["source code", "来源主体统一社会信用代码"]),
        Column::optional("来源场所编码", &["source gln"]),
        Column::optional("来源批次号", &["source batch", "来源批次"]),
    ]);
    Columns::new(all)
}

/// The columns of a file of out-batches.
#[must_use]
pub fn out_columns() -> Columns {
    let mut all = vec![
        Column::required("出库批次号", &["out batch", "out-batch", "出库批次"]),
        Column::required("出库日期", &["date out", "出库时间"]),
    ];
    all.extend(goods());
    all.extend([
        Column::optional("入库批次号", &["in batch", "in-batch", "入库批次", "对应入库批次号"]),
        Column::optional("去向主体名称", &["destination", "去向主体", "去向名称"]),
        Column::optional("去向主体代码", &["destination code", "去向主体统一社会信用代码"]),
        Column::optional("去向场所编码", &["destination gln"]),
    ]);
    Columns::new(all)
}

fn goods() -> [Column; 6] {
    [
        Column::required("产品名称", &["product", "名称", "品名"]),
        Column::required("数量", &["quantity"]),
        Column::required("单位", &["unit", "计量单位"]),
        Column::optional("规格", &["spec", "specification"]),
        Column::optional("商品条码", &["gtin", "barcode"]),
        Column::optional("合格证编号", &["certificate", "承诺达标合格证号", "合格证号"]),
    ]
}

/// What both files say of the goods.
struct Goods {
    product: String,
    quantity: Decimal,
    unit: &'static str,
    spec: Option<String>,
    gtin: Option<String>,
    certificate: Option<String>,
}

impl Goods {
    fn read(row: &Row<'_>, errors: &mut RowErrors) -> Option<Self> {
        let product = errors.keep(row.text("产品名称"));
        let quantity = errors.keep(row.decimal("数量"));
        let measured = errors.keep(row.with("单位", unit));
        let gtin =
            errors.keep(row.opt_with("商品条码", |t| t.parse::<Gtin>().map_err(|e| e.text()))).flatten();
        if quantity.is_some_and(|q| q <= Decimal::ZERO) {
            let text = Text::of("数量应大于 0", "the quantity must be more than 0");
            errors.push(row.cell_error("数量", text));
        }
        let (quantity, unit) = in_code(quantity?, measured?);
        Some(Self {
            product: product?,
            quantity,
            unit,
            spec: errors.optional(row, "规格"),
            gtin: gtin.map(|g| g.to_string()),
            certificate: errors.optional(row, "合格证编号"),
        })
    }
}

/// A batch that came in.
#[derive(Debug, Clone)]
pub(super) struct InRow {
    pub(super) batch: String,
    pub(super) date: Date,
    pub(super) product: String,
    pub(super) quantity: Decimal,
    pub(super) unit: &'static str,
    pub(super) spec: Option<String>,
    pub(super) gtin: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) source_batch: Option<String>,
    source: Option<Side>,
}

impl InRow {
    /// Whom it came from; nobody when it began here.
    pub(super) const fn side(&self) -> Option<&Side> {
        self.source.as_ref()
    }

    pub(super) fn lot(&self) -> NewLot {
        let gtin = self.gtin.as_deref();
        let lot = NewLot::of_row(&self.product, self.spec.as_ref(), &self.batch, gtin, self.date);
        NewLot { quantity: self.quantity, unit: self.unit, ..lot }
    }
}

/// A batch that went out.
#[derive(Debug, Clone)]
pub(super) struct OutRow {
    line: usize,
    pub(super) batch: String,
    pub(super) date: Date,
    pub(super) product: String,
    pub(super) quantity: Decimal,
    pub(super) unit: &'static str,
    pub(super) spec: Option<String>,
    pub(super) gtin: Option<String>,
    pub(super) certificate: Option<String>,
    /// In-batches it was made from, with quantities where they are stated.
    pub(super) inputs: Vec<(String, Option<Decimal>)>,
    target: Option<Side>,
}

impl OutRow {
    pub(super) const fn side(&self) -> Option<&Side> {
        self.target.as_ref()
    }

    pub(super) fn lot(&self, quantity: Decimal) -> NewLot {
        let gtin = self.gtin.as_deref();
        let lot = NewLot::of_row(&self.product, self.spec.as_ref(), &self.batch, gtin, self.date);
        NewLot { quantity, unit: self.unit, ..lot }
    }

    /// An in-batch nobody recorded.
    pub(super) fn input_error(&self, number: &str) -> RowError {
        RowError {
            line: self.line,
            column: "入库批次号".to_owned(),
            value: number.to_owned(),
            message: Text::of(
                "没有这一入库批次的记录；请先导入入库批次，或放在同一文件的“入库批次”表中",
                "no in-batch of this number is recorded; import it first, or in the same workbook",
            ),
        }
    }
}

/// The rows of a workbook; a table with out-batch numbers is one of out-batches.
pub(super) fn rows(
    tables: &[SheetTable],
    today: Date,
) -> Result<(Vec<InRow>, Vec<OutRow>, RowErrors), Error> {
    let (mut came, mut left, mut errors) = (Vec::new(), Vec::new(), RowErrors::default());
    for table in tables {
        if let Ok(mapped) = out_columns().map(table) {
            for row in mapped.rows() {
                left.extend(out_row(&row, today, &mut errors));
            }
        } else {
            let columns = in_columns();
            let mapped = columns.map(table).map_err(|e| Error::Sheet(e.text()))?;
            for row in mapped.rows() {
                came.extend(in_row(&row, today, &mut errors));
            }
        }
    }
    Ok((came, left, errors))
}

fn day(row: &Row<'_>, column: &str, today: Date, errors: &mut RowErrors) -> Option<Date> {
    let date = errors.keep(row.date(column))?;
    if date > today {
        let text = Text::of("日期晚于今天，请核对", "the date is after today; check it");
        errors.push(row.cell_error(column, text));
        return None;
    }
    Some(date)
}

fn in_row(row: &Row<'_>, today: Date, errors: &mut RowErrors) -> Option<InRow> {
    let batch = errors.keep(row.text("入库批次号"));
    let date = day(row, "入库日期", today, errors);
    let goods = Goods::read(row, errors);
    let columns = ["来源主体名称", "来源主体代码", "来源场所编码", "", ""];
    let source = Side::read(row, columns, false, errors);
    let goods = goods?;
    Some(InRow {
        batch: batch?,
        date: date?,
        product: goods.product,
        quantity: goods.quantity,
        unit: goods.unit,
        spec: goods.spec,
        gtin: goods.gtin,
        certificate: goods.certificate,
        stage: errors.optional(row, "环节"),
        source_batch: errors.optional(row, "来源批次号"),
        source: Some(source).filter(|s| !s.partners.is_empty()),
    })
}

fn out_row(row: &Row<'_>, today: Date, errors: &mut RowErrors) -> Option<OutRow> {
    let batch = errors.keep(row.text("出库批次号"));
    let date = day(row, "出库日期", today, errors);
    let goods = Goods::read(row, errors);
    let columns = ["去向主体名称", "去向主体代码", "去向场所编码", "", ""];
    let target = Side::read(row, columns, true, errors);
    let inputs = errors.keep(row.opt_with("入库批次号", inputs)).flatten().unwrap_or_default();
    let goods = goods?;
    Some(OutRow {
        line: row.line(),
        batch: batch?,
        date: date?,
        product: goods.product,
        quantity: goods.quantity,
        unit: goods.unit,
        spec: goods.spec,
        gtin: goods.gtin,
        certificate: goods.certificate,
        inputs,
        target: Some(target).filter(|s| !s.partners.is_empty()),
    })
}

/// `R1=100;R2=50` or `R1、R2`.
fn inputs(text: &str) -> Result<Vec<(String, Option<Decimal>)>, Text> {
    let parts = text.split([';', '；', '、', '\n']).map(str::trim).filter(|p| !p.is_empty());
    parts
        .map(|part| match part.split_once(['=', '＝']) {
            None => Ok((part.to_owned(), None)),
            Some((number, amount)) => match Decimal::from_str_exact(amount.trim()) {
                Ok(n) if n > Decimal::ZERO => Ok((number.trim().to_owned(), Some(n))),
                _ => Err(Text::of(
                    "投入数量应为大于 0 的数字，写作“批次号=数量；批次号=数量”",
                    "write 'batch=quantity; batch=quantity' with numbers more than 0",
                )),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_batches_with_or_without_quantities() {
        let n = |x: i64| Some(Decimal::from(x));
        assert_eq!(inputs("R1=100；R2 = 50").unwrap(), [("R1".to_owned(), n(100)), ("R2".to_owned(), n(50))]);
        assert_eq!(inputs("R1、R2").unwrap(), [("R1".to_owned(), None), ("R2".to_owned(), None)]);
        assert!(inputs("R1=many").is_err() && inputs("R1=0").is_err());
    }
}
