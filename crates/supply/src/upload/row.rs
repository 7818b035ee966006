//! One row of a ledger: the legal columns, read and checked.

use super::LedgerKind;
use crate::Partner;
use base::gs1::{Gln, Gtin};
use base::quantity::{Dimension, Quantity, Unit};
use base::uscc::Uscc;
use base::{Date, Decimal, Text};
use paper::sheet::{Column, Columns, Row, RowError, RowErrors};

/// The columns of a ledger: name as in the law, with the usual other headings.
pub(crate) fn columns(kind: LedgerKind) -> Columns {
    let mut all = vec![
        Column::required(
            "名称",
            &["name", "product", "product name", "食品名称", "产品名称", "商品名称", "品名"],
        ),
        Column::optional("规格", &["spec", "specification", "规格型号", "size"]),
        Column::required("数量", &["quantity", "qty", "amount"]),
        Column::required("单位", &["unit", "uom", "计量单位", "数量单位"]),
        Column::optional("数量属实说明", &["quantity confirmed", "reason for the quantity"]),
        Column::optional("生产日期", &["production date", "produced", "date of production"]),
        Column::optional(
            "批号",
            &["lot", "lot number", "batch", "batch number", "生产批号", "批次号", "批次"],
        ),
        Column::optional("生产日期或批号", &["production date or lot"]),
        Column::optional("保质期", &["shelf life", "expiry", "expiry date", "有效期", "保质期至"]),
        Column::optional("商品条码", &["gtin", "barcode", "条码"]),
        Column::optional(
            "检验合格证号",
            &[
                "certificate",
                "inspection certificate",
                "合格证号",
                "合格证编号",
                "合格证明",
                "承诺达标合格证号",
            ],
        ),
        Column::optional(
            "单据号",
            &["document", "document number", "despatch advice", "凭证号", "送货单号", "票据号"],
        ),
        // an importer's ledger has the customer's beside the exporter's
        if kind == LedgerKind::Import {
            Column::optional("地址", &["address", "境外出口商地址"])
        } else {
            Column::optional("地址", &["address", "供货者地址", "购货者地址"])
        },
        Column::optional(
            "联系方式",
            &["contact", "phone", "telephone", "联系电话", "电话", "供货者联系方式", "境外出口商联系方式"],
        ),
    ];
    match kind {
        LedgerKind::Materials | LedgerKind::Purchase | LedgerKind::Produce => all.extend([
            Column::required("进货日期", &["purchase date", "date received", "received", "date", "日期"]),
            Column::optional("供货者名称", &["supplier", "supplier name", "供货者", "供应商", "供货单位"]),
            Column::optional("供货者代码", &["supplier code", "supplier uscc", "统一社会信用代码", "uscc"]),
            Column::optional("供货者GLN", &["supplier gln", "gln", "场所编码"]),
            Column::optional(
                "供货者许可证号",
                &["licence", "license", "supplier licence", "许可证号", "许可证编号"],
            ),
        ]),
        LedgerKind::Release | LedgerKind::Sales => all.extend([
            Column::required("销售日期", &["sales date", "delivery date", "date shipped", "date", "日期"]),
            Column::optional("购货者名称", &["customer", "customer name", "购货者", "客户", "购货单位"]),
            Column::optional("购货者代码", &["customer code", "customer uscc", "统一社会信用代码", "uscc"]),
            Column::optional("购货者GLN", &["customer gln", "gln", "场所编码"]),
        ]),
        LedgerKind::Import => {
            all.extend([
                Column::required("交货日期", &["delivery date", "import date", "date", "日期"]),
                Column::optional(
                    "境外出口商名称",
                    &["exporter", "exporter name", "境外出口商", "出口商", "供货者名称"],
                ),
                Column::optional("境外出口商GLN", &["exporter gln", "供货者gln"]),
            ]);
            all.extend([
                Column::optional("购货者名称", &["customer", "customer name", "购货者", "客户", "购货单位"]),
                Column::optional(
                    "购货者代码",
                    &["customer code", "customer uscc", "统一社会信用代码", "uscc"],
                ),
                Column::optional("购货者GLN", &["customer gln"]),
                Column::optional("购货者地址", &["customer address"]),
                Column::optional("购货者联系方式", &["customer contact", "customer phone"]),
            ]);
        }
    }
    Columns::new(all)
}

/// A row that can be captured.
#[derive(Debug, Clone)]
pub(crate) struct LedgerRow {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) spec: Option<String>,
    pub(crate) qty: Decimal,
    /// UN/ECE Rec 20 code.
    pub(crate) uom: &'static str,
    /// Why a quantity beyond what one delivery holds is true.
    pub(crate) quantity_reason: Option<String>,
    pub(crate) produced: Option<Date>,
    pub(crate) lot: Option<String>,
    pub(crate) shelf_life: Option<String>,
    pub(crate) gtin: Option<String>,
    pub(crate) certificate: Option<String>,
    pub(crate) document: Option<String>,
    pub(crate) date: Date,
    /// The supplier's licence, as seen on its paper.
    pub(crate) licence: Option<String>,
    /// Whom the goods came from or went to.
    pub(crate) side: Side,
    /// Whom imported goods went on to.
    pub(crate) buyer: Option<Side>,
}

/// The other side of a row.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    line: usize,
    /// How the row names it, most certain first.
    pub(crate) partners: Vec<Partner>,
    pub(crate) consumer: bool,
    column: &'static str,
    value: String,
    pub(crate) address: Option<String>,
    pub(crate) contact: Option<String>,
}

/// The columns that name a side: name, code, GLN, address, contact.
type SideColumns = [&'static str; 5];

impl Side {
    pub(crate) fn read(row: &Row<'_>, columns: SideColumns, sells: bool, errors: &mut RowErrors) -> Self {
        let [name, code, gln, address, contact] = columns;
        let gln = errors.keep(row.opt_with(gln, |t| t.parse::<Gln>().map_err(|e| e.text()))).flatten();
        let uscc = errors.keep(row.opt_with(code, |t| t.parse::<Uscc>().map_err(|e| e.text()))).flatten();
        let named = errors.keep(row.opt_text(name)).flatten();
        let mut partners = Vec::new();
        partners.extend(gln.map(|g| Partner::Gln(g.to_string())));
        partners.extend(uscc.map(|u| Partner::Uscc(u.as_str().to_owned())));
        partners.extend(named.clone().map(Partner::Name));
        Self {
            line: row.line(),
            partners,
            consumer: sells && named.as_deref().is_some_and(is_consumer),
            column: name,
            value: named.unwrap_or_default(),
            address: errors.optional(row, address),
            contact: errors.optional(row, contact),
        }
    }

    /// A message about its cell.
    pub(crate) fn error(&self, message: Text) -> RowError {
        RowError { line: self.line, column: self.column.to_owned(), value: self.value.clone(), message }
    }

    /// How to reach it: personal data.
    pub(crate) fn sealed(&self, place: Option<&str>) -> Option<serde_json::Value> {
        (self.address.is_some() || self.contact.is_some()).then(|| {
            serde_json::json!({
                "row": self.line,
                "party": self.value,
                "place": place,
                "address": self.address,
                "contact": self.contact,
            })
        })
    }
}

impl LedgerRow {
    /// Reads a row; what is wrong goes to `errors`, every cell of it.
    pub(crate) fn read(kind: LedgerKind, row: Row<'_>, today: Date, errors: &mut RowErrors) -> Option<Self> {
        let (date_column, columns) = match kind {
            LedgerKind::Materials | LedgerKind::Purchase | LedgerKind::Produce => {
                ("进货日期", ["供货者名称", "供货者代码", "供货者GLN", "地址", "联系方式"])
            }
            LedgerKind::Release | LedgerKind::Sales => {
                ("销售日期", ["购货者名称", "购货者代码", "购货者GLN", "地址", "联系方式"])
            }
            LedgerKind::Import => ("交货日期", ["境外出口商名称", "", "境外出口商GLN", "地址", "联系方式"]),
        };
        let slipped = errors.keep(row.no_overhang());
        let name = errors.keep(row.text("名称"));
        let amount = errors.keep(row.decimal("数量").and_then(|n| positive(&row, n)));
        let unit = errors.keep(row.with("单位", unit));
        let date = errors.keep(row.date(date_column).and_then(|d| not_after(&row, date_column, d, today)));
        let produced = errors.keep(row.opt_date("生产日期")).flatten();
        let either = errors.keep(row.opt_text("生产日期或批号")).flatten();
        let (produced, mut lot) = match either.as_deref().map(paper::sheet::parse_date) {
            Some(Ok(date)) => (produced.or(Some(date)), None),
            Some(Err(_)) => (produced, either),
            None => (produced, None),
        };
        if let (Some(produced), Some(date)) = (produced, date)
            && produced > date
        {
            errors.push(row.cell_error(
                "生产日期",
                Text::new(
                    format!("生产日期 {produced} 晚于{date_column} {date}，请核对"),
                    format!("the production date {produced} is after the date {date}; check both"),
                ),
            ));
        }
        lot = errors.keep(row.opt_text("批号")).flatten().or(lot);
        let gtin =
            errors.keep(row.opt_with("商品条码", |t| t.parse::<Gtin>().map_err(|e| e.text()))).flatten();
        let side = Side::read(&row, columns, !kind.is_purchase(), errors);
        let buyer = (kind == LedgerKind::Import).then(|| {
            let columns = ["购货者名称", "购货者代码", "购货者GLN", "购货者地址", "购货者联系方式"];
            Side::read(&row, columns, true, errors)
        });
        if side.partners.is_empty() {
            errors.push(row.cell_error(
                side.column,
                Text::of(
                    "请填写对方名称、统一社会信用代码或场所编码(GLN)；零售给个人请填“消费者”",
                    "state the other party by name, social credit code or location number (GLN); for sales to persons write 消费者",
                ),
            ));
        }
        let quantity_reason = errors.optional(&row, "数量属实说明");
        if let (Some(amount), Some(unit), None) = (amount, unit, &quantity_reason)
            && let Some(text) = beyond_a_delivery(amount, unit)
        {
            errors.push(row.cell_error("数量", text));
        }
        slipped?;
        let (qty, uom) = in_code(amount?, unit?);
        Some(Self {
            line: row.line(),
            name: name?,
            spec: errors.optional(&row, "规格"),
            qty,
            uom,
            quantity_reason,
            produced,
            lot,
            shelf_life: errors.optional(&row, "保质期"),
            gtin: gtin.map(|g| g.to_string()),
            certificate: errors.optional(&row, "检验合格证号"),
            document: errors.optional(&row, "单据号"),
            date: date?,
            licence: errors.optional(&row, "供货者许可证号"),
            side,
            buyer: buyer.filter(|b| !b.partners.is_empty()),
        })
    }

    /// The lot number used: as stated, else the production date.
    pub(crate) fn lot_number(&self) -> Option<String> {
        self.lot.clone().or_else(|| self.produced.map(|d| d.strftime("%Y%m%d").to_string()))
    }
}

fn is_consumer(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    ["消费者", "散客", "零售", "个人", "consumer", "consumers", "retail", "walk-in"].contains(&name.as_str())
}

fn positive(row: &Row<'_>, n: Decimal) -> Result<Decimal, RowError> {
    if n > Decimal::ZERO {
        return Ok(n);
    }
    Err(row.cell_error("数量", Text::of("数量应大于 0", "the quantity must be more than 0")))
}

/// The most one row says without a reason, in the base unit of what it measures: ten thousand tonnes, as many cubic metres,
/// a hundred million pieces or packages. A judgement of this project: a slip of the pen lies beyond, a shipload does not.
fn beyond_a_delivery(amount: Decimal, unit: Unit) -> Option<Text> {
    let (most, base) = match unit.dimension() {
        Dimension::Mass => (Decimal::from(10_000_000), Unit::Kilogram),
        Dimension::Volume => (Decimal::from(10_000_000), Unit::Litre),
        _ => (Decimal::from(100_000_000), unit),
    };
    let told = Quantity::new(amount, unit).to(base).map_or(Decimal::MAX, |q| q.amount);
    (told > most).then(|| {
        Text::new(
            format!("一笔超过 {most} {base}，请核对数量和单位；确属实的，请在“数量属实说明”中写明原因"),
            format!("more than {most} {base} in one row: check quantity and unit; if it is true, say why under 数量属实说明"),
        )
    })
}

fn not_after(row: &Row<'_>, column: &str, date: Date, today: Date) -> Result<Date, RowError> {
    if date <= today {
        return Ok(date);
    }
    Err(row.cell_error(
        column,
        Text::new(
            format!("日期晚于今天 {today}，请核对"),
            format!("the date is after today, {today}; check it"),
        ),
    ))
}

pub(crate) fn unit(text: &str) -> Result<Unit, Text> {
    let unit = Unit::parse(text).map_err(|e| e.text())?;
    match unit.dimension() {
        Dimension::Mass | Dimension::Volume | Dimension::Count | Dimension::Package => Ok(unit),
        _ => Err(Text::of(
            "不是数量单位；请用公斤、克、吨、升、个、箱、袋、瓶等",
            "no unit of quantity; use kg, g, t, L, pieces, cases, bags, bottles …",
        )),
    }
}

/// Quantity and code for the event; units without an international code become kilograms.
pub(crate) fn in_code(amount: Decimal, unit: Unit) -> (Decimal, &'static str) {
    if let Some(code) = unit.rec20() {
        return (amount, code);
    }
    match Quantity::new(amount, unit).to(Unit::Kilogram) {
        Ok(kg) => (kg.amount.normalize(), "KGM"),
        Err(_) => (amount, "C62"),
    }
}
