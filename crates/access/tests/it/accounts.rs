//! Accounts and grants: who may open and change them, and what the record keeps.

use crate::office::{Office, PASSWORD, at, grant};
use access::{Error, Grant, NewAccount, Principal, Role, Vault, account, session};
use base::{Date, Id};

#[tokio::test]
async fn an_administrator_opens_accounts_in_the_own_region_only() {
    for office in Office::all().await {
        let id = office.open("Li.Wei", "6201").await;
        let mut tx = office.store.begin().await.unwrap();
        let cx = office.cx(1);
        let outside = office.new_account("wang", "63");
        let e =
            account::create_account(&mut tx, &cx, &office.access, &office.admin, outside).await.unwrap_err();
        assert!(matches!(&e, Error::Denied(d) if d.text.zh.contains("青海")), "{}: {e}", office.name);
        let again = office.new_account("li.wei", "6201");
        let e =
            account::create_account(&mut tx, &cx, &office.access, &office.admin, again).await.unwrap_err();
        assert!(e.user_text().unwrap().zh.contains("已被使用"), "{e}");
        let odd = office.new_account("李伟", "6201");
        let e = account::create_account(&mut tx, &cx, &office.access, &office.admin, odd).await.unwrap_err();
        assert!(matches!(e, Error::Invalid { field: "login", .. }));
        let second = office.new_account("second.root", "");
        assert!(account::create_first_account(&mut tx, &cx, &office.access, second).await.is_err());
        drop(tx);

        let seen = account::list_accounts(&office.store, &office.access, &office.admin, at(1), "", 10)
            .await
            .unwrap();
        let mine = seen.iter().find(|a| a.id == id).unwrap();
        assert_eq!((mine.login.as_str(), mine.name.as_str()), ("li.wei", "张三丰"));
        assert_eq!(mine.phone.as_deref(), Some("13800000000"));
        assert_eq!(office.journal("account.created").await.len(), 2);
    }
}

#[tokio::test]
async fn who_opens_an_account_for_a_firm_or_a_laboratory_looks_after_the_region_it_is_registered_in() {
    for office in Office::all().await {
        let (near, far, unknown) = (Id(7001), Id(7002), Id(7003));
        let mut tx = office.store.begin().await.unwrap();
        for (id, region) in [(near, "620102"), (far, "630102")] {
            tx.exec(
                "insert into operator (id, version, code, code_key, name, name_en, kinds, region, status, initials, search, \
                 created_at, updated_at) values ($1, 1, $2, $3, '虚构', '', 1, $4, 'active', 'XG', '虚构', 0, 0)",
                &[id.into(), id.to_string().into(), id.to_string().into(), region.into()],
            )
            .await
            .unwrap();
        }
        let (access, admin, cx) = (&office.access, &office.admin, office.cx(1));
        for (login, operator) in [("far.firm", far), ("no.firm", unknown)] {
            let new = NewAccount { operator: Some(operator), ..office.new_account(login, "620102") };
            let refused = account::create_account(&mut tx, &cx, access, admin, new).await;
            assert!(matches!(refused, Err(Error::Denied(_))), "{}: {login}", office.name);
        }
        let new = NewAccount { operator: Some(near), ..office.new_account("near.firm", "620102") };
        let id = account::create_account(&mut tx, &cx, access, admin, new).await.unwrap();
        for role in [Role::Firm, Role::Laboratory] {
            account::add_grant(&mut tx, &cx, access, admin, id, &grant(role, "620102", "")).await.unwrap();
        }
        // the firm moved away meanwhile: its grants are the business of where it is now
        tx.exec("update operator set region = '630102' where id = $1", &[near.into()]).await.unwrap();
        for role in [Role::Firm, Role::Laboratory] {
            let refused =
                account::add_grant(&mut tx, &cx, access, admin, id, &grant(role, "620102", "")).await;
            assert!(matches!(refused, Err(Error::Denied(_))), "{}: {role:?}", office.name);
        }
        // a password, an opened lock or codes switched off would let somebody act for it just as well
        let new = access.hash_password("near.firm", "Tianshui-2027-y").unwrap();
        for refused in [
            account::reset_password(&mut tx, &cx, access, admin, id, new).await,
            access::one_time::remove_totp(&mut tx, &cx, access, admin, id).await,
            account::set_active(&mut tx, &cx, access, admin, id, true).await,
        ] {
            assert!(matches!(refused, Err(Error::Denied(_))), "{}: {refused:?}", office.name);
        }
        let ended = tx.one("select must_change from account where id = $1", &[id.into()]).await.unwrap();
        assert_eq!(ended.int("must_change").unwrap(), 0, "{}: the password is the one it was", office.name);
        // to close it takes no more than the account's region
        account::set_active(&mut tx, &cx, access, admin, id, false).await.unwrap();
    }
}

#[tokio::test]
async fn names_phones_and_passwords_are_nowhere_in_the_clear() {
    for office in Office::all().await {
        let id = office.open("li.wei", "6201").await;
        let row = office.store.one("select * from account where id = $1", &[id.into()]).await.unwrap();
        let sealed = row.bytes("name").unwrap();
        assert!(!sealed.windows(3).any(|w| w == "张".as_bytes()));
        assert!(row.text("password").unwrap().starts_with("$argon2id$"));
        // a sealed name moved to another record does not open
        assert!(office.access.vault().open_text("account.name:other", &sealed).is_err());
        for entry in office.journal("account.created").await {
            assert!(!entry.contains("张三丰") && !entry.contains("1380000") && !entry.contains(PASSWORD));
        }
        let private = office.store.query("select body from journal_private", &[]).await.unwrap();
        assert_eq!(private.len(), 2);
        for row in private {
            let body = row.text("body").unwrap();
            assert!(!body.contains("张三丰") && !body.contains("13800000000"), "{body}");
        }
    }
}

#[tokio::test]
async fn a_grant_stays_within_the_region_of_who_gives_it_and_never_goes_to_oneself() {
    for office in Office::all().await {
        let id = office.open("li.wei", "6201").await;
        let cx = office.cx(1);
        let mut tx = office.store.begin().await.unwrap();
        let (access, admin) = (&office.access, &office.admin);
        let own =
            account::add_grant(&mut tx, &cx, access, admin, admin.account, &grant(Role::Leader, "62", ""))
                .await;
        assert!(matches!(own, Err(Error::Denied(d)) if d.text.en.contains("stand aside")));
        let wide =
            account::add_grant(&mut tx, &cx, access, admin, id, &grant(Role::Officer, "63", "market")).await;
        assert!(matches!(wide, Err(Error::Denied(_))));
        let vague =
            account::add_grant(&mut tx, &cx, access, admin, id, &grant(Role::Officer, "6201", "")).await;
        assert!(matches!(vague, Err(Error::Invalid { field: "agency", .. })));
        let mut past = grant(Role::Officer, "6201", "market");
        past.to = Some(Date::constant(2026, 8, 31));
        account::add_grant(&mut tx, &cx, access, admin, id, &past).await.unwrap();
        let good =
            account::add_grant(&mut tx, &cx, access, admin, id, &grant(Role::Officer, "620102", "market"))
                .await;
        let good = good.unwrap();
        tx.commit().await.unwrap();

        let who = office.principal("li.wei", 2).await;
        assert_eq!(who.grants, [grant(Role::Officer, "620102", "market")]);
        assert_eq!(account::grants_of(&office.store, access, admin, at(2), id).await.unwrap().len(), 2);

        let mut tx = office.store.begin().await.unwrap();
        account::end_grant(&mut tx, &cx, access, admin, good).await.unwrap();
        tx.commit().await.unwrap();
        assert!(office.principal("li.wei", 3).await.grants.is_empty());
        assert_eq!(office.journal("grant.ended").await.len(), 1);
        // the grant of the first account, and two here
        assert_eq!(office.journal("grant.added").await.len(), 3);
    }
}

#[tokio::test]
async fn what_decides_or_opens_what_is_confidential_is_given_by_two_administrators() {
    let confidential = || Grant { ceiling: access::CONFIDENTIAL, ..grant(Role::Officer, "6201", "market") };
    let takes_two = [
        grant(Role::Desk, "6201", "market"),
        grant(Role::Leader, "6201", ""),
        grant(Role::Admin, "6201", ""),
        confidential(),
    ];
    for office in Office::all().await {
        let (store, access, first) = (&office.store, &office.access, &office.admin);
        let id = office.open("li.wei", "6201").await;
        let (second, elsewhere) = (access::testing::admin("62"), access::testing::admin("63"));
        let own = Principal { account: id, ..access::testing::admin("62") };
        for terms in &takes_two {
            let mut tx = store.begin().await.unwrap();
            let cx = office.cx(1);
            let seat = account::add_grant(&mut tx, &cx, access, first, id, terms).await.unwrap();
            tx.commit().await.unwrap();
            assert!(office.principal("li.wei", 2).await.grants.is_empty(), "{}: {terms:?}", office.name);
            let waiting = account::waiting_grants(store, access, &second, at(2)).await.unwrap();
            assert_eq!(
                waiting.iter().map(|(login, s)| (login.as_str(), s.id)).collect::<Vec<_>>(),
                [("li.wei", seat)]
            );
            assert!(account::waiting_grants(store, access, &elsewhere, at(2)).await.unwrap().is_empty());

            let mut tx = store.begin().await.unwrap();
            for refused in [first, &elsewhere, &own] {
                let answer = account::confirm_grant(&mut tx, &cx, access, refused, seat).await;
                assert!(answer.is_err(), "{}: {terms:?} by {}", office.name, refused.login);
            }
            account::confirm_grant(&mut tx, &cx, access, &second, seat).await.unwrap();
            let again = account::confirm_grant(&mut tx, &cx, access, &second, seat).await;
            assert!(matches!(again, Err(Error::Invalid { field: "grant", .. })), "{}", office.name);
            tx.commit().await.unwrap();
            assert_eq!(
                office.principal("li.wei", 3).await.grants,
                std::slice::from_ref(terms),
                "{}",
                office.name
            );
            let mut tx = store.begin().await.unwrap();
            account::end_grant(&mut tx, &cx, access, first, seat).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(office.journal("grant.confirmed").await.len(), takes_two.len(), "{}", office.name);
    }
}

#[tokio::test]
async fn a_grant_that_ended_while_it_waited_is_not_confirmed_and_the_first_is_confirmed_at_the_machine() {
    for office in Office::all().await {
        let (store, access, admin, cx) = (&office.store, &office.access, &office.admin, office.cx(1));
        let id = office.open("li.wei", "6201").await;
        let mut tx = store.begin().await.unwrap();
        let ended =
            account::add_grant(&mut tx, &cx, access, admin, id, &grant(Role::Admin, "62", "")).await.unwrap();
        account::end_grant(&mut tx, &cx, access, admin, ended).await.unwrap();
        assert!(account::confirm_at_machine(&mut tx, &cx, ended).await.is_err(), "{}", office.name);
        let good =
            account::add_grant(&mut tx, &cx, access, admin, id, &grant(Role::Admin, "62", "")).await.unwrap();
        account::confirm_at_machine(&mut tx, &cx, good).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(office.principal("li.wei", 2).await.grants.len(), 1, "{}", office.name);
    }
}

#[tokio::test]
async fn suspending_ends_sessions_and_a_reset_asks_for_a_new_password() {
    for office in Office::all().await {
        let id = office.open("li.wei", "6201").await;
        let s = session::login(&office.store, &office.cx(1), &office.access, None, "li.wei", PASSWORD, None)
            .await
            .unwrap();
        let mut tx = office.store.begin().await.unwrap();
        let cx = office.cx(2);
        account::set_active(&mut tx, &cx, &office.access, &office.admin, id, false).await.unwrap();
        tx.commit().await.unwrap();
        assert!(
            session::principal_for(&office.store, &office.access, &s.token, at(3)).await.unwrap().is_none()
        );
        let e = session::login(&office.store, &office.cx(3), &office.access, None, "li.wei", PASSWORD, None)
            .await
            .unwrap_err();
        assert!(e.user_text().unwrap().zh.contains("停用"));

        let mut tx = office.store.begin().await.unwrap();
        account::set_active(&mut tx, &cx, &office.access, &office.admin, id, true).await.unwrap();
        let new = office.access.hash_password("li.wei", "Tianshui-2027-y").unwrap();
        account::reset_password(&mut tx, &cx, &office.access, &office.admin, id, new).await.unwrap();
        tx.commit().await.unwrap();
        let s = session::login(
            &office.store,
            &office.cx(4),
            &office.access,
            None,
            "li.wei",
            "Tianshui-2027-y",
            None,
        )
        .await;
        assert!(s.unwrap().must_change);
    }
}

#[test]
fn the_key_file_is_made_once_and_read_by_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = Vault::open(dir.path()).unwrap().seal("x", "张三丰").unwrap();
    let again = Vault::open(dir.path()).unwrap();
    assert_eq!(again.open_text("x", &sealed).unwrap(), "张三丰");
    assert!(Vault::from_key([0; 32]).open_text("x", &sealed).is_err());
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(again.open_text("x", &changed).is_err());
    assert!(again.open_text("x", &sealed[..10]).is_err());
    assert_eq!(
        again.fingerprint("id", "620102"),
        Vault::open(dir.path()).unwrap().fingerprint("id", "620102")
    );
    assert_ne!(again.fingerprint("id", "620102"), again.fingerprint("phone", "620102"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join("vault.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(dir.path().join("vault.key"), "short").unwrap();
    assert!(Vault::open(dir.path()).unwrap_err().to_string().contains("64 hexadecimal"));
}
