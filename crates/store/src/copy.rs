//! Many rows into PostgreSQL by `COPY`: the server takes them in a third less time than by `insert`.

use crate::Value;
use sqlx::PgConnection;
use std::fmt::Write;

/// Rows from which it is worth the second round trip.
pub(crate) const ROWS: usize = 64;
/// Bytes sent at once.
const PORTION: usize = 256 << 10;

/// Stores rows of `columns` values; `target` is the table with its columns.
pub(crate) async fn rows(
    connection: &mut PgConnection,
    target: &str,
    columns: usize,
    values: Vec<Value>,
) -> Result<u64, sqlx::Error> {
    let mut copy = connection.copy_in_raw(&format!("copy {target} from stdin")).await?;
    let mut text = String::with_capacity(PORTION + (16 << 10));
    for (n, value) in (1..).zip(values) {
        push(&mut text, &value);
        text.push(if n % columns == 0 { '\n' } else { '\t' });
        if text.len() >= PORTION {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await
}

/// A value in the text format: it is read by the type of its column, as a value of an `insert` is.
fn push(out: &mut String, value: &Value) {
    // writing to a String cannot fail
    let _ = match value {
        Value::Int(Some(n)) => write!(out, "{n}"),
        Value::Real(Some(n)) => write!(out, "{n}"),
        Value::Text(Some(text)) => {
            push_text(out, text);
            Ok(())
        }
        Value::Bytes(Some(bytes)) => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.push_str("\\\\x");
            for byte in bytes {
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
            Ok(())
        }
        _ => out.write_str("\\N"),
    };
}

fn push_text(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::testing::empty_stores;

    const ODD: [&str; 6] = ["", "\\N", "a\tb\nc\rd\\", "谷雨\u{1f}", "\\.", "\\x00"];

    #[tokio::test]
    async fn many_rows_are_stored_as_they_are_on_both_engines() {
        for (engine, store) in empty_stores().await {
            let mut tx = store.begin().await.unwrap();
            let table = "create table kind (id {int} primary key, t text, b {bytes}, r {real});";
            tx.script(&crate::migrate::for_engine(table, tx.engine())).await.unwrap();
            let row = |n: usize| -> [Value; 4] {
                let id = Value::Int(i64::try_from(n).ok());
                match n % 7 {
                    6 => [id, Value::Text(None), Value::Bytes(None), Value::Real(None)],
                    k => [id, ODD[k].into(), vec![0, b'\\', 255, 9].into(), (0.1 * n as f64 - 1e300).into()],
                }
            };
            let values: Vec<Value> = (0..2 * ROWS).flat_map(row).collect();
            let insert = "insert into kind (id, t, b, r)";
            assert_eq!(tx.insert_many(insert, 4, values.clone(), "").await.unwrap(), 2 * ROWS as u64);
            let found = tx.query("select id, t, b, r from kind order by id", &[]).await.unwrap();
            for (row, want) in found.iter().zip(values.chunks(4)) {
                let same = want[0] == row.int("id").unwrap().into()
                    && want[1] == row.opt_text("t").unwrap().into()
                    && want[2] == row.opt_bytes("b").unwrap().into()
                    && want[3] == row.opt_real("r").unwrap().into();
                assert!(same, "{engine}: {row:?} {want:?}");
            }
            assert_eq!(found.len(), 2 * ROWS);
            tx.commit().await.unwrap();
            let mut tx = store.begin().await.unwrap();
            let again = tx.insert_many(insert, 4, values, "").await;
            assert!(matches!(again, Err(Error::Conflict { .. })), "{engine}: {again:?}");
            tx.rollback().await.unwrap();
            let mut tx = store.begin().await.unwrap();
            let n = tx.one("select count(*) as n from kind", &[]).await.unwrap().int("n").unwrap();
            assert_eq!(usize::try_from(n), Ok(2 * ROWS), "{engine}: the connection is good for more");
        }
    }
}
