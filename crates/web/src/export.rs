//! Lists as files: CSV, XLSX and Parquet with the same rows the page shows.

use crate::fault::{Answer, Fault};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use base::Text;
use flow::view::Page;
use paper::sheet::{Sheet, Value};
use sha2::{Digest as _, Sha256};

/// A sheet with these columns and no rows yet.
pub(crate) fn sheet(name: &str, columns: &[&str]) -> Sheet {
    Sheet {
        name: name.to_owned(),
        header: columns.iter().map(|c| (*c).to_owned()).collect(),
        rows: Vec::new(),
    }
}

/// A row of texts.
pub(crate) fn texts<S: Into<String>>(cells: impl IntoIterator<Item = S>) -> Vec<Value> {
    cells.into_iter().map(|c| Value::Text(c.into())).collect()
}

/// The hash that stands on published figures: SHA-256 of this version, the settings they were made with and the figures themselves.
/// Who repeats them from the same settings and records gets the same hash.
pub(crate) fn recipe(settings: &[&str], figures: &Sheet) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    settings.iter().copied().for_each(&mut add);
    add(&figures.name);
    figures.header.iter().for_each(|column| add(column));
    figures.rows.iter().flatten().for_each(|cell| add(&format!("{cell:?}")));
    format!("sha256:{}", hex::encode(hash.finalize()))
}

/// The sheet with the recipe in the last column of every row.
pub(crate) fn stamped(mut sheet: Sheet, recipe: &str) -> Sheet {
    sheet.header.push("recipe".to_owned());
    sheet.rows.iter_mut().for_each(|row| row.extend(texts([recipe])));
    sheet
}

/// Every row of a list, page by page: an export is never cut short.
pub(crate) async fn every<T, F>(fetch: impl Fn(Option<String>) -> F) -> Answer<Vec<T>>
where
    F: Future<Output = Result<Page<T>, flow::Error>>,
{
    let mut page = fetch(None).await?;
    let mut rows = page.rows;
    while let Some(next) = page.next {
        page = fetch(Some(next)).await?;
        rows.append(&mut page.rows);
    }
    Ok(rows)
}

/// Rows of an export that is made in one piece. A list that is longer is refused rather than cut short: half a legal record
/// that looks whole would mislead.
pub(crate) const MOST: i64 = 200_000;

/// The refusal of an export of more than [`MOST`] rows.
pub(crate) fn too_many() -> Fault {
    Fault::bad(
        "format",
        Text::new(
            format!("结果超过 {MOST} 行，请缩小日期或地区范围分段导出"),
            format!("more than {MOST} rows; narrow the dates or the region and export part by part"),
        ),
    )
}

/// The sheet as a download; `format` is `csv`, `xlsx` or `parquet`.
pub(crate) fn download(format: &str, sheet: &Sheet) -> Answer {
    let (bytes, media) = match format {
        "csv" => (paper::sheet::write_csv(sheet), "text/csv; charset=utf-8"),
        "xlsx" => (
            paper::sheet::write_xlsx(std::slice::from_ref(sheet)),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        "parquet" => (paper::sheet::write_parquet(sheet), "application/vnd.apache.parquet"),
        _ => {
            let choose = Text::of("请选择 csv、xlsx 或 parquet", "choose csv, xlsx or parquet");
            return Err(Fault::bad("format", choose));
        }
    };
    let mut response = bytes.map_err(Fault::internal)?.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}.{format}\"", sheet.name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
