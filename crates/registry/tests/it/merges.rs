//! A duplicate goes into the record that stays and comes back whole.

use crate::office::Office;
use access::{Role, testing};
use base::Id;
use ledger::Permit;
use registry::{Error, NewCreditEntry, NewSite, Status};

#[tokio::test]
async fn a_merge_moves_what_belongs_to_the_duplicate_and_undoing_it_moves_it_back() {
    for office in Office::all().await {
        let name = office.name;
        let (keep, drop) = (
            office.enter(1, "兰州牧星食品有限公司", "620102").await,
            office.enter(2, "兰州牧星食品", "620102").await,
        );
        let (officer, desk) =
            (testing::officer("6201"), testing::principal(9, Role::Desk, "6201", "market", None));
        let elsewhere = testing::principal(10, Role::Desk, "6203", "market", None);
        let (cx, access) = (office.cx(&officer), &office.access);
        let mut tx = office.store.begin().await.unwrap();
        let site = NewSite {
            operator: drop.into(),
            gln: None,
            name: "牧星门市".to_owned(),
            address: "虚构路1号".to_owned(),
            region: "620102".to_owned(),
            position: None,
            form: String::new(),
        };
        let site = registry::create_site(&mut tx, &cx, access, &officer, site).await.unwrap();
        let entry = NewCreditEntry {
            operator: drop,
            kind: "penalty".to_owned(),
            happened: cx.now.china_date(),
            text: "罚款".to_owned(),
            until: None,
            matter: Some(Id(77)),
        };
        registry::note_credit(&mut tx, &cx, &Permit::system("test"), entry).await.unwrap();
        tx.commit().await.unwrap();

        let merge = |who: &access::Principal, reason: &'static str| {
            let (who, cx, office) = (who.clone(), office.cx(who), &office);
            async move {
                let mut tx = office.store.begin().await.unwrap();
                let done =
                    registry::merge_operators(&mut tx, &cx, &office.access, &who, (keep, drop), reason)
                        .await?;
                tx.commit().await.unwrap();
                Ok::<Id, Error>(done)
            }
        };
        assert!(
            matches!(merge(&officer, "同一家").await, Err(Error::Denied(_))),
            "{name}: an officer does not"
        );
        assert!(matches!(merge(&elsewhere, "同一家").await, Err(Error::Denied(_))), "{name}");
        assert!(matches!(merge(&desk, " ").await, Err(Error::Invalid { field: "reason", .. })), "{name}");
        let id = merge(&desk, "同一营业执照").await.unwrap();
        assert!(
            matches!(merge(&desk, "再来").await, Err(Error::Invalid { field: "other", .. })),
            "{name}: once"
        );

        let belongs = |to: Id| {
            let office = &office;
            async move {
                let file = registry::credit_file(&office.store, to).await.unwrap().len();
                let sites = registry::sites_of(&office.store, to).await.unwrap();
                let o = registry::operator(&office.store, to).await.unwrap().unwrap();
                let grades = registry::grades_of(&office.store, to).await.unwrap();
                let grade = grades.iter().find(|g| g.0 == "credit").map(|g| g.1.clone());
                (file, sites.iter().map(|s| s.id).collect::<Vec<_>>(), o.status, grade)
            }
        };
        let b = Some("B".to_owned());
        assert_eq!(belongs(keep).await, (1, vec![site], Status::Active, b.clone()), "{name}");
        assert_eq!(
            belongs(drop).await,
            (0, vec![], Status::Closed, None),
            "{name}: resolvable, and says where"
        );
        let merges = registry::merge::merges_of(&office.store, drop).await.unwrap();
        assert_eq!((merges[0].kept, merges[0].dropped), (keep, drop), "{name}");

        let mut tx = office.store.begin().await.unwrap();
        let cx = office.cx(&desk);
        registry::undo_merge(&mut tx, &cx, access, &desk, id).await.unwrap();
        assert!(registry::undo_merge(&mut tx, &cx, access, &desk, id).await.is_err(), "{name}: once");
        tx.commit().await.unwrap();
        assert_eq!(belongs(drop).await, (1, vec![site], Status::Active, b), "{name}: as it was");
        let kept = belongs(keep).await;
        assert_eq!((kept.0, kept.1.len(), kept.2), (0, 0, Status::Active), "{name}");
        let told = "select count(*) as n from journal where kind in ('operator.merged', 'operator.unmerged')";
        assert_eq!(office.count(told).await, 2, "{name}");
    }
}

#[tokio::test]
async fn of_two_merges_at_once_that_share_an_operator_one_is_refused() {
    for office in Office::all().await {
        let name = office.name;
        let mut ids = Vec::new();
        for n in 1..=3 {
            ids.push(office.enter(n, &format!("兰州牧星食品{n}"), "620102").await);
        }
        let desk = testing::principal(9, Role::Desk, "6201", "market", None);
        let (access, cx) = (&office.access, office.cx(&desk));
        let mut tx = office.store.begin().await.unwrap();
        registry::merge_operators(&mut tx, &cx, access, &desk, (ids[0], ids[1]), "同一家").await.unwrap();
        let first = async {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            tx.commit().await.unwrap();
        };
        let second = async {
            let mut tx = office.store.begin().await.unwrap();
            let done =
                registry::merge_operators(&mut tx, &cx, access, &desk, (ids[1], ids[2]), "同一家").await?;
            tx.commit().await.unwrap();
            Ok::<Id, Error>(done)
        };
        // on PostgreSQL both are under way together; SQLite lets one writer in after the other
        let ((), second) = tokio::join!(first, second);
        assert!(matches!(second, Err(Error::Invalid { field: "other", .. })), "{name}: {second:?}");
    }
}
