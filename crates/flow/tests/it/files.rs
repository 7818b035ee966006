//! A file is read by those who see the matter or task whose form names it; to know its hash is not enough.

use crate::support::{World, desk, officer};
use serde_json::json;

#[tokio::test]
async fn a_photo_is_shown_with_its_task_and_to_nobody_else() {
    for (name, w) in World::all().await {
        let folder = tempfile::tempdir().unwrap();
        let attachments = store::attachments::Attachments::new(folder.path());
        let (one, neighbour, elsewhere) = (officer(1, "620102"), officer(2, "620104"), officer(3, "620802"));
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let item = |region: &'static str| {
            let sql = "select id from task_item where matter = $1 and region = $2 order by id";
            let params = [matter.into(), region.into()];
            let store = &w.store;
            async move { store.first(sql, &params).await.unwrap().unwrap().id("id").unwrap() }
        };
        let kept = attachments.keep([b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 64]].concat()).await.unwrap();
        let hash = kept.attachment().sha256.clone();
        let mut tx = w.store.begin().await.unwrap();
        flow::record_file(&mut tx, &w.cx(&neighbour), &attachments, &kept).await.unwrap();
        tx.commit().await.unwrap();
        let reads = |who: &access::Principal| {
            let (who, w, hash) = (who.clone(), &w, hash.clone());
            async move { flow::may_read_file(&w.store, &w.access, &who, w.now, &hash).await.unwrap() }
        };
        assert!(!reads(&neighbour).await, "{name}: nothing names it yet");

        let entry = json!({"outcome": "closed", "photos": [hash]});
        // another's file cannot be taken into one's own form to read it
        let said = w.report(&elsewhere, item("620802").await, 1, entry.clone()).await.unwrap_err();
        let flow::Error::Form { faults } = &said else { panic!("{name}: {said}") };
        assert_eq!(faults[0].field, "photos", "{name}");

        w.report(&neighbour, item("620104").await, 1, entry).await.unwrap();
        for (who, sees, why) in [
            (&neighbour, true, "the task is theirs"),
            (&one, true, "the matter is theirs"),
            (&desk(4, "62"), true, "their province"),
            (&elsewhere, false, "another county's task of the same matter"),
            (&officer(5, "620902"), false, "nothing to do with it"),
            (&access::Principal::anonymous(), false, "a citizen"),
        ] {
            assert_eq!(reads(who).await, sees, "{name}: {why}");
        }
    }
}
