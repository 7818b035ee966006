//! The accounts of the demo: one for every role, and an officer in every county.

use access::account::{
    add_grant, confirm_at_machine, confirm_grant, create_account, create_first_account, principal_by_login,
};
use access::{Access, Grant, NewAccount, Principal, Role};
use anyhow::{Context as _, Result};
use base::region::{RegionCode, Regions};
use base::{Date, Id};
use ledger::Context;
use std::collections::{HashMap, HashSet};
use store::Store;

/// One password for every demo account. The demo listens on the loopback address only unless told otherwise.
pub(crate) const PASSWORD: &str = "Shian-demo-2026";

/// The administrator who confirms what the first one grants.
const SECOND: &str = "admin2";

/// The accounts worth naming when the demo starts: login and what to do with it.
pub(crate) const GUIDE: &[(&str, &str)] = &[
    ("lab / lab2", "检验机构：录入结果、第二人审核 · laboratory: enters, second person approves"),
    ("chengguan …", "各县监管人员（县名拼音） · officer of each county (its name)"),
    ("desk", "省级业务主管：决定、发布 · provincial desk: decides, publishes"),
    ("leader", "省级领导：态势 · provincial leader: the situation"),
    ("firm", "被召回的生产者 · the producer under recall"),
    ("shop", "抽样所在商店 · the shop where the sample was taken"),
    ("police / jiancha", "公安、检察：只见移送的案件 · police, procuratorate: only what was sent to them"),
    ("admin / admin2", "系统管理员：授权、第二人确认 · administrators: one grants, the other confirms"),
];

/// Operators the accounts of firms and laboratories act for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seats {
    pub(crate) laboratory: Id,
    pub(crate) producer: Id,
    pub(crate) shop: Id,
}

struct Seat {
    login: String,
    name: String,
    role: Role,
    region: String,
    agency: &'static str,
    operator: Option<Id>,
}

/// The login of a county's officer: its English name without the word for its kind.
pub(crate) fn county_login(english: &str, code: &str, taken: &mut HashSet<String>) -> String {
    let word = english.split(' ').next().unwrap_or(english);
    let mut login: String =
        word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if login.len() < 3 || !taken.insert(login.clone()) {
        login = format!("{login}{code}");
        taken.insert(login.clone());
    }
    login
}

fn seats(at: Seats) -> Vec<Seat> {
    let gansu: RegionCode = "62".parse().expect("a constant code");
    let regions = Regions::builtin();
    let seat = |login: &str, name: &str, role, region: &str, agency, operator| Seat {
        login: login.to_owned(),
        name: name.to_owned(),
        role,
        region: region.to_owned(),
        agency,
        operator,
    };
    let mut taken: HashSet<String> = [
        "police", "jiancha", "lab", "lab2", "desk", "desk2", "leader", "firm", "shop", "admin", SECOND,
        "exchange",
    ]
    .map(String::from)
    .into();
    let mut all = vec![
        seat("desk", "演示·省局主管甲", Role::Desk, "62", "market", None),
        seat("desk2", "演示·省局主管乙", Role::Desk, "62", "market", None),
        seat("leader", "演示·省级领导", Role::Leader, "62", "", None),
        seat("exchange", "演示·数据交换", Role::Desk, "62", "market", None),
        seat("lab", "演示·检验员甲", Role::Laboratory, "62", "", Some(at.laboratory)),
        seat("lab2", "演示·检验员乙", Role::Laboratory, "62", "", Some(at.laboratory)),
        seat("firm", "演示·生产者", Role::Firm, "62", "", Some(at.producer)),
        seat("shop", "演示·店主", Role::Firm, "62", "", Some(at.shop)),
    ];
    // samples are taken by two: the county of the demo's draw has a second officer
    // who is sent cases of the demo's county, and the county's own desk that approves them
    all.push(seat("police", "演示·城关区公安", Role::Desk, "620102", "police", None));
    all.push(seat("jiancha", "演示·城关区检察院", Role::Desk, "620102", "procuratorate", None));
    all.push(seat("chengguan2", "演示·城关区监管员乙", Role::Officer, "620102", "market", None));
    for county in regions.leaf_units(&gansu) {
        let login = county_login(&county.name.en, county.code.as_str(), &mut taken);
        let name = format!("演示·{}监管员", county.name.zh);
        all.push(seat(&login, &name, Role::Officer, county.code.as_str(), "market", None));
    }
    for prefecture in regions.children(&gansu) {
        // 嘉峪关 has no counties and its officer above already carries its name
        let login = format!(
            "{}-desk",
            county_login(&prefecture.name.en, prefecture.code.as_str(), &mut HashSet::new())
        );
        if taken.insert(login.clone()) {
            let name = format!("演示·{}主管", prefecture.name.zh);
            all.push(seat(&login, &name, Role::Desk, prefecture.code.as_str(), "market", None));
        }
    }
    all
}

/// The login of each county's officer, by region code.
pub(crate) fn county_logins() -> HashMap<String, String> {
    let nobody = Seats { laboratory: Id(0), producer: Id(0), shop: Id(0) };
    let officers = seats(nobody).into_iter().filter(|s| s.role == Role::Officer);
    officers.map(|s| (s.region, s.login)).collect()
}

/// Opens the administrator, or finds them when a half-made demo is made anew.
pub(crate) async fn administrator(store: &Store, access: &Access, cx: &Context) -> Result<Principal> {
    let mut tx = store.begin().await?;
    let password = access.hash_password("admin", PASSWORD)?;
    let new = NewAccount {
        login: "admin".to_owned(),
        password,
        name: "演示·系统管理员".to_owned(),
        phone: None,
        region: String::new(),
        operator: None,
        must_change: false,
    };
    create_first_account(&mut tx, cx, access, new).await?;
    let second = NewAccount {
        login: SECOND.to_owned(),
        password: access.hash_password(SECOND, PASSWORD)?,
        name: "演示·安全管理员".to_owned(),
        phone: None,
        region: "62".to_owned(),
        operator: None,
        must_change: false,
    };
    tx.commit().await?;
    let first = principal(store, access, "admin", cx).await?;
    let mut tx = store.begin().await?;
    let account = create_account(&mut tx, cx, access, &first, second).await?;
    let grant = Grant {
        role: Role::Admin,
        region: "62".to_owned(),
        agency: String::new(),
        ceiling: access::INTERNAL,
        from: cx.now.china_date(),
        to: None,
    };
    let seat = add_grant(&mut tx, cx, access, &first, account, &grant).await?;
    confirm_at_machine(&mut tx, cx, seat).await?;
    tx.commit().await?;
    Ok(first)
}

/// An account's principal by login.
pub(crate) async fn principal(
    store: &Store,
    access: &Access,
    login: &str,
    cx: &Context,
) -> Result<Principal> {
    principal_by_login(store, access, login, cx.now)
        .await?
        .with_context(|| format!("no demo account {login}"))
}

/// Opens the two accounts that load the province before any firm exists.
pub(crate) async fn exchange(
    store: &Store,
    access: &Access,
    cx: &Context,
    admin: &Principal,
    from: Date,
) -> Result<Principal> {
    let seat = Seat {
        login: "exchange".to_owned(),
        name: "演示·数据交换".to_owned(),
        role: Role::Desk,
        region: "62".to_owned(),
        agency: "market",
        operator: None,
    };
    open(store, access, cx, admin, &[seat], from).await?;
    principal(store, access, "exchange", cx).await
}

/// An administrator and a laboratory's account in an empty installation: for measuring what works in the background, in a
/// person's right.
pub(crate) async fn laboratory(
    store: &Store,
    access: &Access,
    cx: &Context,
    operator: Id,
) -> Result<Principal> {
    let admin = administrator(store, access, cx).await?;
    let seat = Seat {
        login: "laboratory".to_owned(),
        name: "演示·检验机构".to_owned(),
        role: Role::Laboratory,
        region: "62".to_owned(),
        agency: "",
        operator: Some(operator),
    };
    open(store, access, cx, &admin, &[seat], cx.now.china_date()).await?;
    principal(store, access, "laboratory", cx).await
}

/// Opens all other accounts.
pub(crate) async fn everybody(
    store: &Store,
    access: &Access,
    cx: &Context,
    admin: &Principal,
    at: Seats,
    from: Date,
) -> Result<()> {
    let mut all = seats(at);
    all.retain(|s| s.login != "exchange");
    open(store, access, cx, admin, &all, from).await
}

async fn open(
    store: &Store,
    access: &Access,
    cx: &Context,
    admin: &Principal,
    seats: &[Seat],
    from: Date,
) -> Result<()> {
    let second = principal(store, access, SECOND, cx).await?;
    let mut tx = store.begin().await?;
    for s in seats {
        let password = access.hash_password(&s.login, PASSWORD)?;
        let new = NewAccount {
            login: s.login.clone(),
            password,
            name: s.name.clone(),
            phone: None,
            region: s.region.clone(),
            operator: s.operator,
            must_change: false,
        };
        let account = create_account(&mut tx, cx, access, admin, new).await?;
        let grant = Grant {
            role: s.role,
            region: s.region.clone(),
            agency: s.agency.to_owned(),
            // a desk may open what is confidential, with a second person where the law asks for two
            ceiling: if s.role == Role::Desk { access::CONFIDENTIAL } else { access::INTERNAL },
            from,
            to: None,
        };
        let seat = add_grant(&mut tx, cx, access, admin, account, &grant).await?;
        if grant.takes_two() {
            confirm_grant(&mut tx, cx, access, &second, seat).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_county_has_an_officer_and_no_login_is_given_twice() {
        let at = Seats { laboratory: Id(1), producer: Id(2), shop: Id(3) };
        let all = seats(at);
        let logins: HashSet<&str> = all.iter().map(|s| s.login.as_str()).collect();
        assert_eq!(logins.len(), all.len());
        assert_eq!(
            all.iter().filter(|s| s.role == Role::Officer).count(),
            89,
            "one for each county, and a second sampler"
        );
        assert!(logins.contains("chengguan"));
    }
}
