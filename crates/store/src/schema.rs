//! The full schema as text, for review and for the test that the steps give it.

mod tests {
    use crate::testing::stores;
    use crate::{Engine, Store, catalogue};
    use std::path::Path;

    /// Every statement that makes the schema, as SQLite keeps it.
    async fn statements(store: &Store) -> String {
        let rows = store
            .query(
                "select sql from sqlite_schema where sql is not null and name not like 'sqlite_%' \
                 order by tbl_name, case type when 'table' then 0 else 1 end, name",
                &[],
            )
            .await
            .unwrap();
        let mut text = String::from(
            "-- The full schema on SQLite, as all steps of `migrations/` give it. Written by\n\
             -- `UPDATE_SCHEMA=1 cargo nextest run -p store schema`; never edited by hand.\n",
        );
        for row in rows {
            text.push('\n');
            text.push_str(&row.text("sql").unwrap());
            text.push_str(";\n");
        }
        text
    }

    #[tokio::test]
    async fn all_steps_give_the_schema_that_is_kept() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.sql");
        for (_, store) in stores().await {
            if store.engine() != Engine::Sqlite {
                continue;
            }
            let now = statements(&store).await;
            if std::env::var_os("UPDATE_SCHEMA").is_some() {
                std::fs::write(&kept, &now).unwrap();
            }
            let text = std::fs::read_to_string(&kept).unwrap();
            assert!(
                text == now,
                "schema.sql is out of date: run the command in its first lines and look at the change"
            );
        }
    }

    /// Tables, columns and kinds; indexes with their columns.
    async fn shape(store: &Store) -> String {
        let mut tx = store.snapshot().await.unwrap();
        let mut text = String::new();
        for table in catalogue::tables(&mut tx).await.unwrap() {
            text.push_str(&format!("{table:#?}\n"));
        }
        let indexes = match store.engine() {
            Engine::Sqlite => {
                "select m.name as name, m.tbl_name as t, l.[unique] as u, l.partial as p, \
                 (select group_concat(name, ',') from (select name from pragma_index_info(m.name) order by seqno)) as c \
                 from sqlite_schema m, pragma_index_list(m.tbl_name) l \
                 where m.type = 'index' and l.name = m.name and l.origin = 'c' order by 1"
            }
            Engine::Postgres => {
                "select cast(i.relname as text) as name, cast(t.relname as text) as t, x.indisunique as u, \
                 x.indpred is not null as p, \
                 (select string_agg(cast(a.attname as text), ',' order by k.n) \
                  from unnest(x.indkey) with ordinality k(attnum, n) \
                  join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum) as c \
                 from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid \
                 where i.relnamespace = current_schema()::regnamespace \
                 and not exists (select 1 from pg_constraint where conindid = i.oid and contype in ('p', 'u')) \
                 order by 1"
            }
        };
        for row in tx.query(indexes, &[]).await.unwrap() {
            let field = |name| row.opt_text(name).unwrap().unwrap_or_default();
            let (unique, partial) = (row.int("u").unwrap(), row.int("p").unwrap());
            text.push_str(&format!(
                "{} on {} ({}) unique {unique} partial {partial}\n",
                field("name"),
                field("t"),
                field("c")
            ));
        }
        text
    }

    #[tokio::test]
    async fn both_engines_have_the_same_tables_columns_and_indexes() {
        let mut shapes = Vec::new();
        for (_, store) in stores().await {
            shapes.push(shape(&store).await);
        }
        assert!(shapes[0].contains("journal_position on journal (position) unique 1 partial 0"));
        assert!(shapes[0].contains("job_due on job (run_at,id) unique 0 partial 1"));
        for other in &shapes[1..] {
            assert_eq!(*other, shapes[0]);
        }
    }
}
