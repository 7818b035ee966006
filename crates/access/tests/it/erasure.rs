//! Personal data of the journal are erased by who administers it, with a reason, and leave a trace.

use crate::office::Office;
use access::{Error, erasure};
use base::Id;

#[tokio::test]
async fn erasing_personal_data_asks_for_the_right_and_a_reason_and_is_itself_on_record() {
    for office in Office::all().await {
        let name = office.name;
        let clerk = office.open("clerk.wu", "6201").await;
        let sql = "select id from journal where kind = 'account.created' and subject = $1";
        let row = office.store.first(sql, &[format!("account:{clerk}").into()]).await.unwrap().unwrap();
        let entry: Id = row.id("id").unwrap();
        assert!(
            ledger::private_body(&office.store, entry).await.unwrap().is_some(),
            "{name}: a name is kept"
        );

        let outsider = office.principal("clerk.wu", 5).await;
        let mut tx = office.store.begin().await.unwrap();
        let cx = office.cx(10);
        let asked =
            erasure::erase(&mut tx, &cx, &office.access, &outsider, entry, "request 2026-17, article 47")
                .await;
        assert!(matches!(asked, Err(Error::Denied(_))), "{name}: {asked:?}");
        let silent = erasure::erase(&mut tx, &cx, &office.access, &office.admin, entry, "  ok ").await;
        assert!(matches!(silent, Err(Error::Invalid { field: "reason", .. })), "{name}: {silent:?}");
        let reason = "request 2026-17, article 47";
        let first = erasure::erase(&mut tx, &cx, &office.access, &office.admin, entry, reason).await.unwrap();
        let second =
            erasure::erase(&mut tx, &cx, &office.access, &office.admin, entry, reason).await.unwrap();
        assert_eq!((first, second), (true, false), "{name}");
        tx.commit().await.unwrap();

        assert_eq!(ledger::private_body(&office.store, entry).await.unwrap(), None, "{name}");
        let sql =
            "select canonical, actor from journal where kind = 'journal.private_erased' and subject = $1";
        let rows = office.store.query(sql, &[format!("journal:{entry}").into()]).await.unwrap();
        assert_eq!(rows.len(), 1, "{name}");
        assert!(rows[0].text("canonical").unwrap().contains("request 2026-17"), "{name}");
        assert_eq!(rows[0].text("actor").unwrap(), "root.admin", "{name}");
    }
}
