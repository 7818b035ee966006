//! Logging in: refusals that tell nothing, locks that grow, codes that work once, sessions that end.

use crate::office::{Office, PASSWORD, at};
use access::session::{IDLE_SECONDS, LIFE_SECONDS};
use access::{Error, Recent, Session, account, api_token, one_time, session};
use totp_rs::{Builder, Secret};

async fn login(
    office: &Office,
    seconds: i64,
    login: &str,
    password: &str,
    code: Option<&str>,
) -> Result<Session, Error> {
    session::login(&office.store, &office.cx(seconds), &office.access, None, login, password, code).await
}

/// From an address.
async fn login_from(
    office: &Office,
    peer: &str,
    seconds: i64,
    login: &str,
    password: &str,
) -> Result<Session, Error> {
    let (store, access) = (&office.store, &office.access);
    session::login(store, &office.cx(seconds), access, Some(peer), login, password, None).await
}

const WRONG: &str = "Wrong-2026-xx";

#[tokio::test]
async fn a_wrong_guess_now_and_then_locks_nobody_out() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        for hour in 0..20 {
            let guess = login(&office, hour * 3600, "li.wei", WRONG, None).await.unwrap_err();
            assert!(guess.to_string().contains("不正确"), "{}: {hour}", office.name);
        }
        assert!(office.journal("account.locked").await.is_empty());
        login(&office, 20 * 3600, "li.wei", PASSWORD, None).await.unwrap();
    }
}

#[tokio::test]
async fn the_lock_others_brought_about_does_not_hold_where_the_login_succeeded_lately() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        login_from(&office, "10.0.0.1", 0, "li.wei", PASSWORD).await.unwrap();
        for second in 1..=5 {
            assert!(login_from(&office, "192.0.2.9", second, "li.wei", WRONG).await.is_err());
        }
        let elsewhere = login_from(&office, "10.0.0.2", 10, "li.wei", PASSWORD).await.unwrap_err();
        assert!(elsewhere.to_string().contains("锁定"), "{}: {elsewhere}", office.name);
        login_from(&office, "10.0.0.1", 10, "li.wei", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn an_address_tries_so_many_passwords_on_one_login_and_on_all_of_them_together() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        let refused = |e: Error| e.to_string().contains("15 分钟");
        // ten at a login that does not exist are as many as at one that does
        for _ in 0..10 {
            assert!(!refused(login_from(&office, "192.0.2.9", 1, "nobody", WRONG).await.unwrap_err()));
        }
        assert!(refused(login_from(&office, "192.0.2.9", 2, "nobody", WRONG).await.unwrap_err()));
        for n in 0..90 {
            let login = format!("clerk{n}");
            assert!(!refused(login_from(&office, "192.0.2.9", 3, &login, WRONG).await.unwrap_err()));
        }
        let spent = login_from(&office, "192.0.2.9", 4, "li.wei", PASSWORD).await.unwrap_err();
        assert!(refused(spent), "{}: the right password as well", office.name);
        login_from(&office, "10.0.0.1", 4, "li.wei", PASSWORD).await.unwrap();
        login_from(&office, "192.0.2.9", 1000, "li.wei", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_login_and_a_wrong_password_are_told_the_same() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        let a = login(&office, 1, "li.wei", "Wrong-2026-xx", None).await.unwrap_err();
        let b = login(&office, 1, "nobody", PASSWORD, None).await.unwrap_err();
        assert_eq!(a.to_string(), b.to_string());
        assert!(matches!(a, Error::Refused(_)));
        let s = login(&office, 2, " LI.Wei ", PASSWORD, None).await.unwrap();
        let visit =
            session::principal_for(&office.store, &office.access, &s.token, at(3)).await.unwrap().unwrap();
        assert_eq!((visit.principal.login.as_str(), visit.principal.name.as_str()), ("li.wei", "张三丰"));
        assert_eq!(visit.session, s.id);
        assert!(
            session::principal_for(&office.store, &office.access, "guess", at(3)).await.unwrap().is_none()
        );
        let opened = office.journal("session.opened").await;
        assert_eq!(opened.len(), 1);
        assert!(opened[0].contains("\"actor\":\"li.wei\"") && !opened[0].contains(&s.token));
    }
}

#[tokio::test]
async fn five_failures_lock_and_every_further_one_locks_longer() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        for i in 0..5 {
            assert!(login(&office, i, "li.wei", "Wrong-2026-xx", None).await.is_err());
        }
        let e = login(&office, 10, "li.wei", PASSWORD, None).await.unwrap_err();
        assert!(e.user_text().unwrap().zh.contains("锁定"), "{e}");
        // while locked nothing is counted; after a minute one more failure locks for two
        assert!(login(&office, 70, "li.wei", "Wrong-2026-xx", None).await.is_err());
        assert!(login(&office, 150, "li.wei", PASSWORD, None).await.is_err());
        assert!(login(&office, 200, "li.wei", PASSWORD, None).await.is_ok());
        assert!(
            login(&office, 201, "li.wei", "Wrong-2026-xx", None)
                .await
                .unwrap_err()
                .to_string()
                .contains("不正确")
        );
        let locks = office.journal("account.locked").await;
        assert_eq!(locks.len(), 2, "{}", office.name);
        assert!(locks.iter().all(|l| !l.contains("Wrong-2026")));
    }
}

#[tokio::test]
async fn a_one_time_code_works_once_and_a_recovery_code_too() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        let who = office.principal("li.wei", 0).await;
        let cx = office.cx(0);
        let mut tx = office.store.begin().await.unwrap();
        let enrolment = one_time::enrol_totp(&mut tx, &cx, &office.access, &who).await.unwrap();
        assert!(enrolment.uri.starts_with("otpauth://totp/Shian:li.wei?secret="));
        tx.commit().await.unwrap();
        // enrolled but not confirmed: the password is still enough
        login(&office, 1, "li.wei", PASSWORD, None).await.unwrap();

        let totp =
            Builder::new().with_secret(Secret::try_from_base32(&enrolment.secret).unwrap()).build().unwrap();
        let code = |s: i64| totp.generate(u64::try_from(at(s).0 / 1_000_000).unwrap()).to_string();
        let mut tx = office.store.begin().await.unwrap();
        let wrong = one_time::confirm_totp(&mut tx, &cx, &office.access, &who, "000000x").await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "code", .. })));
        let recovery = one_time::confirm_totp(&mut tx, &cx, &office.access, &who, &code(0)).await.unwrap();
        assert_eq!(recovery.len(), 10);
        assert!(one_time::enrol_totp(&mut tx, &cx, &office.access, &who).await.is_err());
        tx.commit().await.unwrap();

        assert!(matches!(login(&office, 60, "li.wei", PASSWORD, None).await, Err(Error::NeedsCode(_))));
        assert!(matches!(login(&office, 60, "li.wei", PASSWORD, Some("123")).await, Err(Error::Refused(_))));
        login(&office, 60, "li.wei", PASSWORD, Some(&code(60))).await.unwrap();
        assert!(login(&office, 61, "li.wei", PASSWORD, Some(&code(60))).await.is_err(), "a code used twice");
        let written_small = recovery[3].to_lowercase();
        login(&office, 62, "li.wei", PASSWORD, Some(&written_small)).await.unwrap();
        assert!(
            login(&office, 63, "li.wei", PASSWORD, Some(&recovery[3])).await.is_err(),
            "a recovery code used twice"
        );

        let mut tx = office.store.begin().await.unwrap();
        one_time::remove_totp(&mut tx, &office.cx(64), &office.access, &office.admin, who.account)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        login(&office, 65, "li.wei", PASSWORD, None).await.unwrap();
        assert_eq!(office.journal("totp.recovery_used").await.len(), 1);
    }
}

#[tokio::test]
async fn a_session_ends_when_idle_when_old_and_when_told() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        let (store, access) = (&office.store, &office.access);
        let alive = async |token: &str, s: i64| {
            session::principal_for(store, access, token, at(s)).await.unwrap().is_some()
        };

        let s = login(&office, 0, "li.wei", PASSWORD, None).await.unwrap();
        assert!(alive(&s.token, IDLE_SECONDS - 1).await);
        assert!(alive(&s.token, 2 * IDLE_SECONDS - 2).await, "a request keeps it alive");
        assert!(!alive(&s.token, 3 * IDLE_SECONDS).await, "idle too long");

        let s = login(&office, 0, "li.wei", PASSWORD, None).await.unwrap();
        let mut t = 0;
        while t < LIFE_SECONDS {
            assert!(alive(&s.token, t).await);
            t += IDLE_SECONDS / 2;
        }
        assert!(!alive(&s.token, LIFE_SECONDS).await, "older than its life");

        let s = login(&office, 0, "li.wei", PASSWORD, None).await.unwrap();
        let other = login(&office, 0, "li.wei", PASSWORD, None).await.unwrap();
        let who = office.principal("li.wei", 0).await;
        let mut tx = store.begin().await.unwrap();
        session::logout(&mut tx, &office.cx(1), &who, s.id).await.unwrap();
        session::logout(&mut tx, &office.cx(1), &office.admin, other.id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!alive(&s.token, 2).await);
        assert!(alive(&other.token, 2).await, "nobody logs another out by its session id");
        let mut tx = store.begin().await.unwrap();
        let ended =
            session::end_sessions(&mut tx, &office.cx(3), access, &office.admin, who.account).await.unwrap();
        tx.commit().await.unwrap();
        assert!(ended >= 1);
        assert!(!alive(&other.token, 4).await);
    }
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    for office in Office::all().await {
        office.open("li.wei", "6201").await;
        let here = login(&office, 0, "li.wei", PASSWORD, None).await.unwrap();
        let there = login(&office, 0, "li.wei", PASSWORD, None).await.unwrap();
        let who = office.principal("li.wei", 0).await;
        let cx = office.cx(1);
        assert!(session::confirm(&office.store, &cx, &office.access, &who, "Wrong-2026-xx").await.is_err());
        session::confirm(&office.store, &cx, &office.access, &who, PASSWORD).await.unwrap();
        let new = office.access.hash_password("li.wei", "Tianshui-2027-y").unwrap();
        let mut tx = office.store.begin().await.unwrap();
        account::change_password(&mut tx, &cx, &who, Some(here.id), new).await.unwrap();
        tx.commit().await.unwrap();
        let visit =
            async |t: &str| session::principal_for(&office.store, &office.access, t, at(2)).await.unwrap();
        assert!(visit(&here.token).await.is_some());
        assert!(visit(&there.token).await.is_none());
        assert!(login(&office, 3, "li.wei", PASSWORD, None).await.is_err());
    }
}

#[tokio::test]
async fn a_software_token_works_until_revoked_or_past_its_date() {
    for office in Office::all().await {
        office.open("firm.erp", "6201").await;
        let who = office.principal("firm.erp", 0).await;
        let (store, access) = (&office.store, &office.access);
        let mut tx = store.begin().await.unwrap();
        let (id, token) =
            api_token::create_api_token(&mut tx, &office.cx(0), &who, "ERP", None).await.unwrap();
        let (_, short) =
            api_token::create_api_token(&mut tx, &office.cx(0), &who, "trial", Some(at(100))).await.unwrap();
        assert!(api_token::create_api_token(&mut tx, &office.cx(0), &who, " ", None).await.is_err());
        tx.commit().await.unwrap();
        assert!(token.starts_with("shian_"));
        let recent = Recent::of(store);
        let works = async |t: &str, s: i64| {
            recent.principal_for_api(store, access, t, at(s)).await.unwrap().is_some()
        };
        assert!(works(&token, 1).await && works(&short, 99).await);
        assert!(!works(&short, 100).await);
        assert!(!works("shian_guess", 1).await && !works("guess", 1).await);
        let mut tx = store.begin().await.unwrap();
        api_token::revoke_api_token(&mut tx, &office.cx(2), access, &who, id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!works(&token, 3).await);
        assert_eq!(api_token::list_api_tokens(store, &who).await.unwrap().len(), 2);
        assert!(office.journal("token.created").await.iter().all(|e| !e.contains(&token)));
    }
}

/// The answer of a moment ago is not used again once anything it rests on has changed.
#[tokio::test]
async fn what_is_taken_from_a_token_s_owner_is_gone_with_the_next_request() {
    for office in Office::all().await {
        let id = office.open("firm.erp", "6201").await;
        let who = office.principal("firm.erp", 0).await;
        let (store, access, admin, cx) = (&office.store, &office.access, &office.admin, office.cx(1));
        let recent = Recent::of(store);
        let mut tx = store.begin().await.unwrap();
        let (_, token) = api_token::create_api_token(&mut tx, &cx, &who, "ERP", None).await.unwrap();
        tx.commit().await.unwrap();
        let grants = async || {
            let found = recent.principal_for_api(store, access, &token, at(2)).await.unwrap();
            found.map(|who| who.grants.len())
        };
        assert_eq!(grants().await, Some(0), "{}", office.name);

        let mut tx = store.begin().await.unwrap();
        let seat = crate::office::grant(access::Role::Officer, "6201", "market");
        let seat = account::add_grant(&mut tx, &cx, access, admin, id, &seat).await.unwrap();
        assert_eq!(grants().await, Some(0), "nothing is committed");
        tx.commit().await.unwrap();
        assert_eq!(grants().await, Some(1), "{}", office.name);

        let mut tx = store.begin().await.unwrap();
        account::end_grant(&mut tx, &cx, access, admin, seat).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(grants().await, Some(0), "{}", office.name);

        for active in [false, true] {
            let mut tx = store.begin().await.unwrap();
            account::set_active(&mut tx, &cx, access, admin, id, active).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(grants().await, None, "{}: an account opened again has no old token", office.name);
        }
        let said = office.journal("account.suspended").await;
        assert!(said[0].contains(r#""tokens":1"#), "{}: {said:?}", office.name);
    }
}

#[tokio::test]
async fn who_gets_a_password_from_the_administrator_has_no_old_token() {
    for office in Office::all().await {
        let id = office.open("firm.erp", "6201").await;
        let who = office.principal("firm.erp", 0).await;
        let (store, access, admin, cx) = (&office.store, &office.access, &office.admin, office.cx(1));
        let mut tx = store.begin().await.unwrap();
        let (_, token) = api_token::create_api_token(&mut tx, &cx, &who, "ERP", None).await.unwrap();
        tx.commit().await.unwrap();
        let listed = api_token::list_tokens_of(store, access, admin, at(2), id).await.unwrap();
        assert_eq!(listed.len(), 1, "{}: the administrator sees that there is one", office.name);
        let stranger = api_token::list_tokens_of(store, access, &who, at(2), id).await;
        assert!(stranger.is_err(), "{}: only who administers the account", office.name);
        let new = access.hash_password("firm.erp", "another phrase of words").unwrap();
        let mut tx = store.begin().await.unwrap();
        account::reset_password(&mut tx, &cx, access, admin, id, new).await.unwrap();
        tx.commit().await.unwrap();
        let found = Recent::of(store).principal_for_api(store, access, &token, at(3)).await.unwrap();
        assert!(found.is_none(), "{}", office.name);
    }
}
