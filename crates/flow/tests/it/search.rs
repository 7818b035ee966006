//! What a search finds, and where the matters of a merged operator go.

use crate::support::{World, desk, officer};
use access::Principal;
use base::{Id, Text};
use flow::NewMatter;
use flow::view::{self, MatterFilter};

async fn found(w: &World, who: &Principal, text: &str, meant: &[i64]) -> Vec<Id> {
    let filter = MatterFilter {
        text: Some(text.to_owned()),
        meant: meant.iter().copied().map(Id).collect(),
        ..MatterFilter::default()
    };
    let page = view::matters(&w.store, &w.engine, &w.access, who, w.now, &filter, None, 50).await.unwrap();
    page.rows.into_iter().map(|m| m.id).collect()
}

async fn noodles(w: &World, who: &Principal) -> Id {
    let title = Text::of("虚构A8挂面铝超标", "Aluminium in fictitious noodles");
    let new =
        NewMatter::new("620102", "nonconformity:7", title).of_operator(Some(Id(77))).fact("harm", "general");
    w.open(who, "disposal", new).await.unwrap()
}

#[tokio::test]
async fn a_search_finds_words_of_both_titles_the_number_the_subject_and_the_operators_meant() {
    for (name, w) in World::all().await {
        let (one, elsewhere) = (officer(1, "620102"), officer(2, "620802"));
        let (flour, noodles) = (w.disposal(&one).await, noodles(&w, &one).await);
        for (text, meant, finds) in [
            ("面粉", &[][..], vec![flour]),
            ("超标", &[], vec![flour, noodles]),
            ("虚构 挂面", &[], vec![noodles]),
            ("a8挂", &[], vec![noodles]),
            ("NOODLES alu", &[], vec![noodles]),
            ("粉面", &[], vec![]),
            ("粉", &[], vec![flour]),
            ("50%", &[], vec![]),
            ("nonconformity:7", &[], vec![noodles]),
            ("某某商行", &[77], vec![noodles]),
            ("某某商行", &[78], vec![]),
        ] {
            let mut all = found(&w, &one, text, meant).await;
            all.sort();
            assert_eq!(all, finds, "{name}: {text} {meant:?}");
        }
        assert_eq!(found(&w, &one, &flour.to_string(), &[]).await, [flour], "{name}: by its number");
        assert_eq!(found(&w, &elsewhere, "面粉", &[]).await, [], "{name}: a search shows nothing new");
    }
}

#[tokio::test]
async fn matters_follow_the_operator_that_stays_and_go_back_when_the_merge_is_undone() {
    for (name, w) in World::all().await {
        let (one, chief) = (officer(1, "620102"), desk(3, "620102"));
        let matter = noodles(&w, &one).await;
        let of = async |matter: Id| {
            let row = w.store.one("select operator from matter where id = $1", &[matter.into()]).await;
            row.unwrap().id("operator").unwrap()
        };
        let (merge, both) = (Id(500), (Id(88), Id(77)));
        let mut tx = w.store.begin().await.unwrap();
        let cx = w.cx(&one);
        let denied = flow::follow_merge(&mut tx, &cx, &w.access, &one, "620102", merge, both).await;
        assert!(matches!(denied, Err(flow::Error::Denied(_))), "{name}");
        let cx = w.cx(&chief);
        flow::follow_merge(&mut tx, &cx, &w.access, &chief, "620102", merge, both).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(of(matter).await, Id(88), "{name}");
        let since = noodles(&w, &one).await;
        let mut tx = w.store.begin().await.unwrap();
        flow::undo_follow_merge(&mut tx, &cx, &w.access, &chief, "620102", merge, both).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((of(matter).await, of(since).await), (Id(77), Id(77)), "{name}");
        let said = "select count(*) as n from journal where kind in ('matter.merged', 'matter.unmerged')";
        assert_eq!(w.store.one(said, &[]).await.unwrap().int("n").unwrap(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_task_is_found_by_its_title_the_names_of_its_places_their_keys_and_the_operators_meant() {
    for (name, w) in World::all().await {
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", serde_json::json!({})).await.unwrap();
        let province = desk(9, "62");
        let found = async |who: &Principal, text: &str, meant: &[i64]| {
            let filter = view::TaskFilter {
                text: Some(text.to_owned()),
                meant: meant.iter().copied().map(Id).collect(),
                ..view::TaskFilter::default()
            };
            let page = view::tasks_for(&w.store, &w.engine, &w.access, who, w.now, &filter, None, 50).await;
            page.unwrap().rows.len()
        };
        let all = found(&province, "面粉", &[]).await;
        assert!(all >= 5, "{name}: {all}");
        for (text, meant, few) in [
            ("虚构mill", &[][..], 1),
            ("MILL", &[], 1),
            ("面粉 mill", &[], 1),
            ("https://id.gs1.org/414/mill", &[], 1),
            ("某某商行", &[], 0),
            ("50%", &[], 0),
        ] {
            assert_eq!(found(&province, text, meant).await, few, "{name}: {text}");
        }
        // one sign is no term: the titles are walked
        assert_eq!(found(&province, "粉", &[]).await, all, "{name}");
        // nobody finds what is not theirs
        assert_eq!(found(&officer(3, "620802"), "mill", &[]).await, 0, "{name}");
    }
}
