//! Single records: rights inside the functions, optimistic updates, sealed persons, flagged licences.

use crate::office::{Office, new_operator, now, uscc};
use access::testing;
use base::{Date, Department, Id};
use registry::import;
use registry::{
    Code, Error, LicenceStatus, NewAgency, NewLicence, NewPerson, NewProduct, NewSite, NumberCheck,
    OperatorChange, OperatorKind, Owner, PersonRole, SiteChange, Status,
};

#[tokio::test]
async fn an_operator_is_entered_once_and_only_where_the_officer_works() {
    for office in Office::all().await {
        let id = office.enter(1, " 兰州牧星食品有限公司 ", "620102").await;
        let who = testing::officer("6201");
        let cx = office.cx(&who);
        let mut tx = office.store.begin().await.unwrap();
        let e = registry::create_operator(
            &mut tx,
            &cx,
            &office.access,
            &who,
            new_operator(1, "又一家", "620102"),
        )
        .await;
        assert!(e.unwrap_err().user_text().unwrap().zh.contains("已登记"), "{}", office.name);
        let e = registry::create_operator(
            &mut tx,
            &cx,
            &office.access,
            &who,
            new_operator(2, "金昌店", "620302"),
        )
        .await;
        assert!(matches!(e, Err(Error::Denied(d)) if d.text.zh.contains("金川区")));
        let e =
            registry::create_operator(&mut tx, &cx, &office.access, &who, new_operator(2, "某店", "620199"))
                .await;
        assert!(matches!(e, Err(Error::Invalid { field: "region", .. })));
        drop(tx);
        let o = registry::operator(&office.store, id).await.unwrap().unwrap();
        assert_eq!((o.name.as_str(), o.version, o.status), ("兰州牧星食品有限公司", 1, Status::Active));
        assert_eq!(registry::operator_by_uscc(&office.store, &uscc(1)).await.unwrap(), Some(o));
        assert_eq!(
            office.count("select count(*) as n from journal where kind = 'operator.created'").await,
            1
        );
    }
}

#[test]
fn a_bad_code_is_refused_with_the_place_that_is_wrong() {
    let good = uscc(7).as_str().to_owned();
    let mut wrong = good.clone();
    wrong.replace_range(9..10, "O");
    let e = Code::read(&wrong).unwrap_err().user_text().unwrap();
    assert!(e.zh.contains("10") && e.en.contains("10"), "{e}");
    assert!(Code::read(&good[..17]).unwrap_err().user_text().unwrap().zh.contains("17"));
    assert_eq!(Code::read(&good.to_lowercase()).unwrap(), Code::Uscc(uscc(7)));
    assert!(matches!(Code::read("11010519491231002X").unwrap(), Code::Person(_)));
}

#[tokio::test]
async fn of_two_who_change_the_same_operator_the_second_must_reload() {
    for office in Office::all().await {
        let id = office.enter(1, "兰州牧星食品", "620102").await;
        let who = testing::officer("6201");
        let cx = office.cx(&who);
        let change = |name: &str, region: &str| OperatorChange {
            name: name.to_owned(),
            name_en: "Muxing".to_owned(),
            kinds: vec![OperatorKind::Producer, OperatorKind::Retailer],
            region: region.to_owned(),
            status: Status::Suspended,
        };
        let mut tx = office.store.begin().await.unwrap();
        registry::update_operator(&mut tx, &cx, &office.access, &who, id, 1, change("兰州新牧星", "620103"))
            .await
            .unwrap();
        let e =
            registry::update_operator(&mut tx, &cx, &office.access, &who, id, 1, change("别名", "620103"))
                .await;
        assert!(e.unwrap_err().user_text().unwrap().zh.contains("刷新"));
        let e =
            registry::update_operator(&mut tx, &cx, &office.access, &who, id, 2, change("外迁", "620302"))
                .await;
        assert!(matches!(e, Err(Error::Denied(_))), "moving out needs the right there, too");
        tx.commit().await.unwrap();
        let o = registry::operator(&office.store, id).await.unwrap().unwrap();
        assert_eq!((o.name.as_str(), o.version, o.region.as_str()), ("兰州新牧星", 2, "620103"));
        assert_eq!(o.kinds.list(), [OperatorKind::Producer, OperatorKind::Retailer]);
    }
}

#[tokio::test]
async fn a_natural_person_is_shown_masked_and_opened_only_on_the_record() {
    for office in Office::all().await {
        let who = testing::officer("6201");
        let cx = office.cx(&who);
        let number = "11010519491231002X";
        let mut new = new_operator(1, "老张牛肉面摊", "620102");
        new.code = Code::read(number).unwrap();
        let mut tx = office.store.begin().await.unwrap();
        let id = registry::create_operator(&mut tx, &cx, &office.access, &who, new.clone()).await.unwrap();
        assert!(
            registry::create_operator(&mut tx, &cx, &office.access, &who, new).await.is_err(),
            "entered twice"
        );
        let seen = registry::reveal_identity(&mut tx, &cx, &office.access, &who, id).await.unwrap();
        assert_eq!(seen.as_deref(), Some(number));
        let other = testing::firm(Id(99));
        assert!(registry::reveal_identity(&mut tx, &cx, &office.access, &other, id).await.is_err());
        tx.commit().await.unwrap();
        let o = registry::operator(&office.store, id).await.unwrap().unwrap();
        assert!(o.natural && o.code.contains("****"), "{}", o.code);
        let row = office.store.one("select * from operator where id = $1", &[id.into()]).await.unwrap();
        assert!(
            !row.text("search").unwrap().contains(number) && !row.text("code_key").unwrap().contains(number)
        );
        for row in office.store.query("select canonical from journal", &[]).await.unwrap() {
            let entry = row.text("canonical").unwrap();
            assert!(!entry.contains(number) && !entry.contains("1101051949"), "{entry}");
        }
        assert_eq!(
            office.count("select count(*) as n from journal where kind = 'operator.identity_seen'").await,
            1
        );
    }
}

#[tokio::test]
async fn a_forged_licence_number_is_kept_and_flagged() {
    for office in Office::all().await {
        let id = office.enter(1, "兰州牧星食品", "620102").await;
        let who = testing::officer("6201");
        let cx = office.cx(&who);
        let good = base::LicenceNo::issue(
            base::licence::LicenceKind::Production,
            106,
            &"620102".parse().unwrap(),
            7,
        )
        .to_string();
        let last = good.chars().last().unwrap();
        let forged = format!("{}{}", &good[..15], if last == '0' { '1' } else { '0' });
        let new = |number: &str| NewLicence {
            operator: Owner::Id(id),
            site: None,
            number: number.to_owned(),
            class: String::new(),
            issued: Some(Date::constant(2024, 1, 1)),
            expires: Some(Date::constant(2028, 12, 31)),
        };
        let mut tx = office.store.begin().await.unwrap();
        let access = &office.access;
        let (first, check) = registry::create_licence(&mut tx, &cx, access, &who, new(&good)).await.unwrap();
        assert_eq!(check, NumberCheck::Ok);
        let (_, check) = registry::create_licence(&mut tx, &cx, access, &who, new(&forged)).await.unwrap();
        assert!(check.warning().unwrap().zh.contains("伪造"));
        let (_, check) =
            registry::create_licence(&mut tx, &cx, access, &who, new("甘小作坊登字00123")).await.unwrap();
        assert_eq!(check, NumberCheck::None);
        for bad in ["SC123", "SC1234567890123A", "x"] {
            let e = registry::create_licence(&mut tx, &cx, access, &who, new(bad)).await;
            assert!(matches!(e, Err(Error::Invalid { field: "number", .. })), "{bad}");
        }
        let e =
            registry::set_licence_status(&mut tx, &cx, access, &who, first, 1, LicenceStatus::Revoked).await;
        assert!(matches!(e, Err(Error::Denied(_))), "an officer does not revoke");
        let desk = testing::desk("6201");
        registry::set_licence_status(&mut tx, &cx, access, &desk, first, 1, LicenceStatus::Revoked)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let all = registry::licences_of(&office.store, id).await.unwrap();
        assert_eq!(all.len(), 3);
        let revoked = all.iter().find(|l| l.id == first).unwrap();
        assert!(!revoked.in_force(Date::constant(2026, 9, 1)) && !revoked.class.is_empty());
        let forged = registry::licences_by_number(&office.store, &forged.to_lowercase()).await.unwrap();
        assert_eq!(forged[0].check, NumberCheck::Failed);
        assert!(
            forged[0].in_force(Date::constant(2028, 12, 31))
                && !forged[0].in_force(Date::constant(2029, 1, 1))
        );
    }
}

#[tokio::test]
async fn sites_and_products_are_found_by_their_keys_and_a_firm_keeps_its_own() {
    for office in Office::all().await {
        let id = office.enter(1, "兰州牧星食品", "620102").await;
        let other = office.enter(2, "别家", "620102").await;
        let who = testing::firm(id);
        let cx = office.cx(&who);
        let access = &office.access;
        let site = |operator: Id, gln: &str| NewSite {
            operator: Owner::Id(operator),
            gln: Some(gln.parse().unwrap()),
            name: "牧星一厂".to_owned(),
            address: "城关区某路 1 号".to_owned(),
            region: "620102".to_owned(),
            position: Some((36.06, 103.83)),
            form: "工厂".to_owned(),
        };
        let gln = base::gs1::Gln::with_check("690123400001").unwrap().to_string();
        let gln2 = base::gs1::Gln::with_check("690123400002").unwrap().to_string();
        let mut tx = office.store.begin().await.unwrap();
        let first = registry::create_site(&mut tx, &cx, access, &who, site(id, &gln)).await.unwrap();
        let e = registry::create_site(&mut tx, &cx, access, &who, site(id, &gln)).await;
        assert!(e.unwrap_err().user_text().unwrap().zh.contains("位置码"));
        let e = registry::create_site(&mut tx, &cx, access, &who, site(other, &gln2)).await;
        assert!(matches!(e, Err(Error::Denied(_))));
        let mut far = site(id, &gln2);
        far.position = Some((136.0, 36.0));
        assert!(registry::create_site(&mut tx, &cx, access, &who, far).await.is_err());
        let change = SiteChange {
            name: "牧星总厂".to_owned(),
            address: "新址".to_owned(),
            region: "620103".to_owned(),
            position: None,
            form: "工厂".to_owned(),
            status: Status::Active,
        };
        registry::update_site(&mut tx, &cx, access, &who, first, 1, change.clone()).await.unwrap();
        let e = registry::update_site(&mut tx, &cx, access, &who, first, 1, change).await.unwrap_err();
        assert!(matches!(e, Error::Store(store::Error::Stale)));
        let product = NewProduct {
            operator: Owner::Uscc(uscc(1)),
            gtin: Some("06901234567892".parse().unwrap()),
            name: "酸奶".to_owned(),
            category: "发酵乳".to_owned(),
        };
        registry::create_product(&mut tx, &cx, access, &who, product.clone()).await.unwrap();
        assert!(
            registry::create_product(&mut tx, &cx, access, &who, product).await.is_err(),
            "the same GTIN again"
        );
        tx.commit().await.unwrap();

        let found = registry::sites_by_gln(&office.store, &[gln.as_str(), gln2.as_str()]).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[&gln].id, found[&gln].name.as_str(), found[&gln].version), (first, "牧星总厂", 2));
        assert_eq!(registry::sites_of(&office.store, id).await.unwrap().len(), 1);
        let mut product = registry::products_of(&office.store, id).await.unwrap().remove(0);
        product.category = "风味发酵乳".to_owned();
        let mut tx = office.store.begin().await.unwrap();
        registry::update_product(&mut tx, &cx, access, &who, &product).await.unwrap();
        tx.commit().await.unwrap();
        let found = registry::products_by_gtin(&office.store, &["06901234567892"]).await.unwrap();
        assert_eq!(found["06901234567892"].category, "风味发酵乳");
    }
}

/// A barcode decides where whoever scans it is led.
#[tokio::test]
async fn a_firm_enters_no_barcode_under_the_prefix_of_another() {
    let gtin = |n: u32| base::gs1::Gtin::with_check(&format!("0699000426{n:03}")).unwrap();
    for office in Office::all().await {
        let (own, shop) =
            (office.enter(1, "兰州牧星食品", "620102").await, office.enter(2, "某超市", "620102").await);
        let access = &office.access;
        let enter = async |who: &access::Principal, operator: Id, n: u32| {
            let cx = office.cx(who);
            let name = "酸奶".to_owned();
            let new = NewProduct {
                operator: Owner::Id(operator),
                gtin: Some(gtin(n)),
                name,
                category: String::new(),
            };
            let mut tx = office.store.begin().await.unwrap();
            let entered = registry::create_product(&mut tx, &cx, access, who, new).await;
            tx.commit().await.unwrap();
            entered.map_err(|e| e.user_text().unwrap().zh.into_owned())
        };
        enter(&testing::firm(shop), shop, 1).await.unwrap();
        let late = enter(&testing::firm(own), own, 2).await.unwrap_err();
        assert!(late.contains("699000426") && late.contains("监管部门"), "{}: {late}", office.name);
        // the authority has seen the certificate; from then on the firm goes on by itself
        enter(&testing::officer("620102"), own, 2).await.unwrap();
        enter(&testing::firm(own), own, 3).await.unwrap();
        let cx = office.cx(&testing::firm(own));
        let mut tx = office.store.begin().await.unwrap();
        let who = testing::firm(own);
        registry::set_own_prefix(&mut tx, &cx, access, &who, own, "699000426").await.unwrap();
        tx.commit().await.unwrap();
        assert!(
            enter(&testing::firm(shop), shop, 4).await.is_err(),
            "{}: the prefix has an owner now",
            office.name
        );
        let who = testing::firm(shop);
        let cx = office.cx(&who);
        let mut tx = office.store.begin().await.unwrap();
        let taken = registry::set_own_prefix(&mut tx, &cx, access, &who, shop, "699000426").await;
        assert!(taken.is_err(), "{}: nor is it taken over", office.name);
    }
}

/// A location number decides whose the events of a place are.
#[tokio::test]
async fn a_firm_enters_no_location_number_under_the_prefix_of_another() {
    let gln = |n: u32| base::gs1::Gln::with_check(&format!("699000427{n:03}")).unwrap();
    for office in Office::all().await {
        let (own, shop) =
            (office.enter(1, "兰州牧星食品", "620102").await, office.enter(2, "某超市", "620102").await);
        let access = &office.access;
        let new = |operator: Id, n: u32| NewSite {
            operator: Owner::Id(operator),
            gln: Some(gln(n)),
            name: "一店".to_owned(),
            address: "城关区某路 1 号".to_owned(),
            region: "620102".to_owned(),
            position: None,
            form: "超市".to_owned(),
        };
        let enter = async |who: &access::Principal, operator: Id, n: u32| {
            let cx = office.cx(who);
            let mut tx = office.store.begin().await.unwrap();
            let entered = registry::create_site(&mut tx, &cx, access, who, new(operator, n)).await;
            tx.commit().await.unwrap();
            entered.map_err(|e| e.user_text().unwrap().zh.into_owned())
        };
        let name = office.name;
        enter(&testing::firm(own), own, 1).await.unwrap();
        let foreign = enter(&testing::firm(shop), shop, 2).await.unwrap_err();
        assert!(foreign.contains("699000427") && foreign.contains("监管部门"), "{name}: {foreign}");
        let who = testing::firm(shop);
        let batch = import::Batch::of(vec![new(shop, 3)]);
        let mut tx = office.store.begin().await.unwrap();
        let imported = import::import_sites(&mut tx, &office.cx(&who), access, &who, batch).await;
        assert!(imported.is_err(), "{name}: nor from a file");
        drop(tx);
        // a barcode under the prefix of somebody's places is not free either
        let product = NewProduct {
            operator: Owner::Id(shop),
            gtin: Some(base::gs1::Gtin::with_check("0699000427004").unwrap()),
            name: "酸奶".to_owned(),
            category: String::new(),
        };
        let cx = office.cx(&who);
        let mut tx = office.store.begin().await.unwrap();
        assert!(registry::create_product(&mut tx, &cx, access, &who, product).await.is_err(), "{name}");
        drop(tx);
        enter(&testing::firm(own), own, 4).await.unwrap();
        // the authority has seen the certificate
        enter(&testing::officer("620102"), shop, 5).await.unwrap();
    }
}

#[tokio::test]
async fn persons_are_sealed_and_found_again_by_their_number() {
    for office in Office::all().await {
        let id = office.enter(1, "兰州牧星食品", "620102").await;
        let who = testing::officer("620102");
        let (cx, access) = (office.cx(&who), &office.access);
        let number: base::person_id::PersonId = "11010519491231002X".parse().unwrap();
        let new = NewPerson {
            operator: id,
            role: PersonRole::SafetyDirector,
            name: "李安全".to_owned(),
            number: Some(number.clone()),
            phone: Some("13900000000".to_owned()),
            from: Date::constant(2026, 1, 1),
        };
        let mut tx = office.store.begin().await.unwrap();
        let person = registry::create_person(&mut tx, &cx, access, &who, new).await.unwrap();
        registry::end_person(&mut tx, &cx, access, &who, person, 1, Date::constant(2026, 8, 1))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let seen = registry::persons_of(&office.store, access, &who, now(), id).await.unwrap();
        assert_eq!((seen[0].name.as_str(), seen[0].to), ("李安全", Some(Date::constant(2026, 8, 1))));
        assert_eq!(seen[0].number.as_deref(), Some(number.masked().as_str()));
        let outside = testing::officer("620302");
        assert!(registry::persons_of(&office.store, access, &outside, now(), id).await.is_err());
        let parts = registry::operators_of_person(&office.store, access, &who, now(), "620102", &number)
            .await
            .unwrap();
        assert_eq!(parts, [(id, PersonRole::SafetyDirector)]);
        let none =
            registry::operators_of_person(&office.store, access, &outside, now(), "620302", &number).await;
        assert!(none.unwrap().is_empty(), "other regions' persons stay closed");
        // a row from before names had fingerprints gets its own, once
        let mut tx = office.store.begin().await.unwrap();
        tx.exec("update person set name_key = null", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(registry::fill_name_keys(&office.store, access).await.unwrap(), 1);
        assert_eq!(registry::fill_name_keys(&office.store, access).await.unwrap(), 0);
        let staff = [(Id(41), "李 安全".to_owned()), (Id(42), "王五".to_owned())];
        for (since, found) in [("2026-01-01", vec![(Id(41), person, id)]), ("2026-09-01", vec![])] {
            let day = since.parse().unwrap();
            let same = registry::namesakes(&office.store, access, &who, now(), "6201", &staff, day).await;
            assert!(same.is_err(), "{since}: only of the own region");
            let same =
                registry::namesakes(&office.store, access, &who, now(), "620102", &staff, day).await.unwrap();
            let same: Vec<_> = same.iter().map(|n| (n.account, n.person, n.operator)).collect();
            assert_eq!(same, found, "{since}: there, or there since");
            let at = async |who, operators: &[Id]| {
                let same = registry::namesakes_at(&office.store, access, who, now(), operators, &staff, day);
                same.await.unwrap().iter().map(|n| (n.account, n.person, n.operator)).collect::<Vec<_>>()
            };
            assert_eq!(at(&who, &[id]).await, found, "{since}: of one operator the same");
            assert_eq!(at(&who, &[Id(1)]).await, [], "{since}: nobody there");
            assert_eq!(at(&outside, &[id]).await, [], "{since}: persons of another region stay closed");
        }
        for row in office.store.query("select body from journal_private", &[]).await.unwrap() {
            assert!(!row.text("body").unwrap().contains("李安全"));
        }
    }
}

#[tokio::test]
async fn a_successor_closes_the_agency_before_it() {
    for office in Office::all().await {
        let who = testing::admin("62");
        let (cx, access) = (office.cx(&who), &office.access);
        let new = |name: &str, predecessor| NewAgency {
            region: "620102".to_owned(),
            department: Department::Market,
            name: name.to_owned(),
            name_en: String::new(),
            predecessor,
        };
        let mut tx = office.store.begin().await.unwrap();
        let old =
            registry::create_agency(&mut tx, &cx, access, &who, new("城关区食药监局", None)).await.unwrap();
        let e =
            registry::create_agency(&mut tx, &cx, access, &testing::officer("62"), new("无权", None)).await;
        assert!(matches!(e, Err(Error::Denied(_))));
        let id = registry::create_agency(&mut tx, &cx, access, &who, new("城关区市场监管局", Some(old)))
            .await
            .unwrap();
        let e = registry::create_agency(&mut tx, &cx, access, &who, new("再来", Some(old))).await;
        assert!(matches!(e, Err(Error::NotFound(_))), "one successor only");
        tx.commit().await.unwrap();
        let all = registry::agencies_in(&office.store, "6201").await.unwrap();
        assert_eq!(all.len(), 2);
        assert!(!all[0].active && all[0].successor == Some(id) && all[1].predecessor == Some(old));
    }
}
