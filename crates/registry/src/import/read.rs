//! Files into rows: which columns each template has and how its cells are read.

use super::{Batch, MAX_ERRORS, say};
use crate::licence::NewLicence;
use crate::operator::{Code, NewOperator};
use crate::owner::Owner;
use crate::product::NewProduct;
use crate::site::NewSite;
use crate::{Error, OperatorKind};
use base::Text;
use paper::sheet::{Column, Columns, Limits, Row, RowError, RowErrors};
use sha2::{Digest, Sha256};

/// The columns of the operator template.
#[must_use]
pub fn operator_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["code", "uscc", "信用代码", "社会信用代码", "证件号码"]),
        Column::required("名称", &["name", "企业名称", "单位名称", "经营者名称"]),
        Column::optional("英文名称", &["name_en", "english name"]),
        Column::required("经营类别", &["kinds", "kind", "主体类型", "类别"]),
        Column::required("行政区划", &["region", "行政区划代码", "区划代码"]),
    ])
}

/// The columns of the site template.
#[must_use]
pub fn site_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["operator", "code", "uscc", "信用代码"]),
        Column::optional("全球位置码", &["gln", "位置码"]),
        Column::required("名称", &["name", "场所名称"]),
        Column::required("地址", &["address", "经营地址"]),
        Column::required("行政区划", &["region", "行政区划代码", "区划代码"]),
        Column::optional("纬度", &["lat", "latitude"]),
        Column::optional("经度", &["lon", "longitude"]),
        Column::optional("业态", &["form", "经营业态"]),
    ])
}

/// The columns of the licence template.
#[must_use]
pub fn licence_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["operator", "code", "uscc", "信用代码"]),
        Column::required("许可证编号", &["number", "licence", "许可证号"]),
        Column::optional("类别", &["class", "许可类别"]),
        Column::optional("发证日期", &["issued"]),
        Column::optional("有效期至", &["expires", "有效期"]),
    ])
}

/// The columns of the product template.
#[must_use]
pub fn product_columns() -> Columns {
    Columns::new(vec![
        Column::required("统一社会信用代码", &["operator", "code", "uscc", "信用代码"]),
        Column::optional("商品条码", &["gtin", "条码"]),
        Column::required("产品名称", &["name", "名称"]),
        Column::required("食品类别", &["category", "食品分类"]),
    ])
}

/// Reads operators from a CSV or XLSX file. Needs no database; call it on a blocking thread.
///
/// # Errors
/// [`Error::Sheet`], [`Error::Header`], or [`Error::Rows`] with every wrong row.
pub fn read_operators(name: &str, bytes: &[u8]) -> Result<Batch<NewOperator>, Error> {
    read(name, bytes, &operator_columns(), |row| {
        Ok(NewOperator {
            code: row.with("统一社会信用代码", |t| Code::read(t).map_err(say))?,
            name: row.text("名称")?,
            name_en: row.opt_text("英文名称")?.unwrap_or_default(),
            kinds: row.with("经营类别", |t| {
                let parts = t.split(['、', ',', '，', ';', '；', '/']).filter(|p| !p.trim().is_empty());
                parts.map(|p| OperatorKind::read(p).map_err(say)).collect()
            })?,
            region: row.with("行政区划", |t| crate::region::checked(t).map_err(say))?,
        })
    })
}

/// Reads sites; as [`read_operators`].
///
/// # Errors
/// As [`read_operators`].
pub fn read_sites(name: &str, bytes: &[u8]) -> Result<Batch<NewSite>, Error> {
    let degrees = |t: &str| {
        t.parse::<f64>().map_err(|_| Text::of("应为以度为单位的小数", "must be a decimal number of degrees"))
    };
    read(name, bytes, &site_columns(), |row| {
        let (lat, lon) = (row.opt_with("纬度", degrees)?, row.opt_with("经度", degrees)?);
        Ok(NewSite {
            operator: row.with("统一社会信用代码", |t| Owner::read(t).map_err(say))?,
            gln: row.opt_with("全球位置码", |t| t.parse().map_err(|e: base::gs1::KeyError| e.text()))?,
            name: row.text("名称")?,
            address: row.text("地址")?,
            region: row.with("行政区划", |t| crate::region::checked(t).map_err(say))?,
            position: lat.zip(lon),
            form: row.opt_text("业态")?.unwrap_or_default(),
        })
    })
}

/// Reads licences; as [`read_operators`]. Numbers that fail their check digit are kept.
///
/// # Errors
/// As [`read_operators`].
pub fn read_licences(name: &str, bytes: &[u8]) -> Result<Batch<NewLicence>, Error> {
    read(name, bytes, &licence_columns(), |row| {
        Ok(NewLicence {
            operator: row.with("统一社会信用代码", |t| Owner::read(t).map_err(say))?,
            site: None,
            number: row.text("许可证编号")?,
            class: row.opt_text("类别")?.unwrap_or_default(),
            issued: row.opt_date("发证日期")?,
            expires: row.opt_end_date("有效期至")?,
        })
    })
}

/// Reads products; as [`read_operators`].
///
/// # Errors
/// As [`read_operators`].
pub fn read_products(name: &str, bytes: &[u8]) -> Result<Batch<NewProduct>, Error> {
    read(name, bytes, &product_columns(), |row| {
        Ok(NewProduct {
            operator: row.with("统一社会信用代码", |t| Owner::read(t).map_err(say))?,
            gtin: row.opt_with("商品条码", |t| t.parse().map_err(|e: base::gs1::KeyError| e.text()))?,
            name: row.text("产品名称")?,
            category: row.text("食品类别")?,
        })
    })
}

fn read<T>(
    name: &str,
    bytes: &[u8],
    columns: &Columns,
    one: impl Fn(Row<'_>) -> Result<T, RowError>,
) -> Result<Batch<T>, Error> {
    let tables = paper::sheet::read(bytes, name, &Limits::default())?;
    let Some(table) = tables.first() else {
        return Err(Error::invalid("file", "文件中没有数据", "the file holds no data"));
    };
    let mapped = columns.map(table)?;
    let (mut rows, mut errors) = (Vec::new(), RowErrors::default());
    for row in mapped.rows() {
        if errors.as_slice().len() >= MAX_ERRORS {
            break;
        }
        if let Some(value) = errors.keep(one(row)) {
            rows.push((row.line(), value));
        }
    }
    let rows = errors.into_result(rows).map_err(Error::Rows)?;
    if rows.is_empty() {
        return Err(Error::invalid("file", "文件中没有数据行", "the file holds no rows of data"));
    }
    Ok(Batch { rows, source: hex::encode(Sha256::digest(bytes)) })
}
