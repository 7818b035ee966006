//! Accounts of a region: open one, give and end grants, reset a password, lift a lock, suspend.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::firm::tokens;
use crate::pages::show::agency_name;
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use access::account::{self, Account, NewAccount, Seat};
use access::api_token::{list_tokens_of, revoke_api_token};
use access::{Error, Grant, Resource, Role};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::department::Department;
use base::{Id, Instant, Lang, Text, Uscc};
use maud::{Markup, html};
use std::sync::Arc;

const ACCOUNT: Text = Text::of("账号", "account");
/// Rows of a page.
const PAGE: usize = 100;
/// Rows read at a time.
const READ: u32 = 500;

fn state_badge(lang: Lang, a: &Account, now: Instant) -> Markup {
    if !a.active {
        ui::badge(Tone::Idle, lang.pick("已停用", "suspended"))
    } else if a.locked_until.is_some_and(|t| t > now) {
        ui::badge(Tone::Bad, lang.pick("已锁定", "locked"))
    } else {
        ui::badge(Tone::Ok, lang.pick("正常", "active"))
    }
}

/// Only who may look after accounts opens these pages.
fn admin(viewer: &Viewer) -> Answer<()> {
    if viewer.is(Role::Admin) {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::FORBIDDEN,
        Text::of(
            "账号由系统管理员管理；请联系本地管理员。",
            "Accounts are looked after by administrators; ask the one of your region.",
        ),
    ))
}

/// `GET /desk/accounts`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    admin(&viewer)?;
    let links = ListLinks::read("/desk/accounts", raw.as_deref(), "login");
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(&listed(&app, &viewer, &links).await?));
    }
    Ok(list_page(&app, &viewer, &links, None, None).await?.into_response())
}

/// The accounts the viewer looks after, as chosen and ordered. Names are sealed at rest, so they are searched and sorted here.
async fn listed(app: &App, viewer: &Viewer, links: &ListLinks) -> Answer<Vec<Account>> {
    let mut all: Vec<Account> = Vec::new();
    loop {
        let after = all.last().map(|a| a.login.clone()).unwrap_or_default();
        let some =
            account::list_accounts(&app.store, &app.access, &viewer.who, app.now(), &after, READ).await?;
        let full = some.len() == READ as usize;
        all.extend(some);
        if !full {
            break;
        }
    }
    let text = links.get("q").unwrap_or_default().trim().to_lowercase();
    let region = links.get("region").unwrap_or_default();
    all.retain(|a| {
        a.region.starts_with(region) && (a.login.contains(&text) || a.name.to_lowercase().contains(&text))
    });
    match links.sort.as_str() {
        "name" => all.sort_by(|a, b| a.name.cmp(&b.name)),
        "region" => all.sort_by(|a, b| a.region.cmp(&b.region)),
        "opened" => all.sort_by_key(|a| a.created_at),
        _ => {}
    }
    if links.desc {
        all.reverse();
    }
    Ok(all)
}

fn sheet(accounts: &[Account]) -> paper::sheet::Sheet {
    let mut sheet =
        crate::export::sheet("accounts", &["login", "name", "region", "active", "one_time_codes", "opened"]);
    for a in accounts {
        sheet.rows.push(crate::export::texts([
            a.login.clone(),
            a.name.clone(),
            a.region.clone(),
            a.active.to_string(),
            a.totp.to_string(),
            a.created_at.rfc3339(),
        ]));
    }
    sheet
}

async fn list_page(
    app: &App,
    viewer: &Viewer,
    links: &ListLinks,
    posted: Option<&Posted>,
    wrong: Option<(&'static str, &Text)>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let now = app.now();
    let all = listed(app, viewer, links).await?;
    let skip = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let shown: Vec<&Account> = all.iter().skip(skip).take(PAGE).collect();
    let next = (skip + shown.len() < all.len()).then(|| (skip + shown.len()).to_string());
    let rows: Vec<Vec<Markup>> = shown
        .iter()
        .map(|&a| {
            vec![
                html! { a href={ "/desk/accounts/" (ui::encode(&a.login)) } { (a.login) } },
                html! { (a.name) },
                html! { (region_name(lang, &a.region)) },
                html! { (state_badge(lang, a, now)) @if a.totp { " " (ui::badge(Tone::Info, lang.pick("动态码", "one-time codes"))) } },
                html! { (a.created_at.china_minute()) },
            ]
        })
        .collect();
    let field = |name: &'static str, zh: &'static str, en: &'static str, required: bool| Field {
        name,
        label: lang.pick(zh, en),
        value: posted.map_or("", |p| p.get(name)),
        error: wrong.filter(|w| w.0 == name).map(|w| w.1.get(lang)),
        required,
        ..Field::default()
    };
    let regions = choices::regions(lang, &viewer.who, &Text::of("请选择", "choose"));
    let waiting = account::waiting_grants(&app.store, &app.access, &viewer.who, now).await?;
    let title = lang.pick("账号", "Accounts");
    Ok(layout::page(
        viewer,
        title,
        &html! {
            (layout::head(title, &html! { a.button.plain href="/desk/rulebook" { (lang.pick("规则与权限说明", "Rules and rights")) } }))
            @if !waiting.is_empty() { (ui::message(Tone::Warn, &html! {
                p { (lang.pick("待另一名管理员确认的授权：", "Grants that wait for another administrator:")) }
                ul { @for (login, seat) in &waiting { li {
                    a href={ "/desk/accounts/" (ui::encode(login)) } { (login) } " · " (grant_line(lang, &seat.grant))
                    @if seat.given_by == Some(viewer.who.account) { " · " (lang.pick("由您给出", "given by you")) }
                } } }
            })) }
            form.filters method="get" {
                (ui::input(&Field { name: "q", id: "find", label: lang.pick("账号或姓名", "Login or name"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
                (ui::select(&Field { name: "region", id: "within", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
                button { (lang.pick("筛选", "Filter")) }
            }
            @if rows.is_empty() { (ui::empty(lang.pick("没有账号", "No account"), lang.pick("没有符合条件的账号；可放宽条件，或在下面新建。", "No account fits; widen the filter, or open one below."))) }
            @else {
                (ui::table(lang, title, &[Column::text("账号", "Login").by("login"), Column::text("姓名", "Name").by("name"), Column::text("地区", "Region").by("region"),
                    Column::text("状态", "State"), Column::text("建立", "Opened").by("opened")], &rows, Some(links)))
                (ui::pager(lang, links, rows.len(), i64::try_from(all.len()).ok(), next.as_deref(), true))
            }
            details.card open[wrong.is_some() || rows.is_empty()] { summary { strong { (lang.pick("新建账号", "Open an account")) } }
                @if let Some((_, why)) = wrong { (ui::message(Tone::Bad, &html! { p { (why.get(lang)) } })) }
                form method="post" action="/desk/accounts" autocomplete="off" {
                    (layout::csrf(viewer))
                    (ui::input(&Field { hint: lang.pick("3–64 位小写字母、数字或 . _ - @", "3–64 lower-case letters, digits or . _ - @"), ..field("login", "账号", "Login", true) }))
                    (ui::input(&field("name", "姓名", "Name", true)))
                    (ui::input(&field("phone", "电话", "Phone", false)))
                    (ui::select(&field("region", "所属地区", "Region", true), &regions))
                    (ui::input(&Field { hint: lang.pick("企业或检验机构账号填其统一社会信用代码", "for a firm's or laboratory's account: its social credit code"), ..field("uscc", "代表的主体", "Acts for", false) }))
                    (ui::input(&Field { name: "password", label: lang.pick("初始密码", "First password"), kind: "password", required: true, autocomplete: Some("new-password"), error: wrong.filter(|w| w.0 == "password").map(|w| w.1.get(lang)), hint: lang.pick("本人首次登录时须更改", "to be changed at the first login"), ..Field::default() }))
                    button { (lang.pick("新建账号", "Open the account")) }
                }
            }
        },
    ))
}

/// `POST /desk/accounts`
pub(crate) async fn create(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    admin(viewer)?;
    match open(&app, &posted).await {
        Ok(()) => {
            let to = format!("/desk/accounts/{}", ui::encode(&posted.get("login").to_lowercase()));
            Ok(Redirect::to(&to).into_response())
        }
        Err(Error::Invalid { field, text }) => {
            let links = ListLinks::read("/desk/accounts", None, "login");
            let shown = list_page(&app, viewer, &links, Some(&posted), Some((field, &text))).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

async fn open(app: &App, posted: &Posted) -> Result<(), Error> {
    let viewer = &posted.viewer;
    let operator = match posted.get("uscc") {
        "" => None,
        text => {
            let uscc: Uscc = text
                .parse()
                .map_err(|e: base::uscc::UsccError| Error::Invalid { field: "uscc", text: e.text() })?;
            let found = registry::operator_by_uscc(&app.store, &uscc)
                .await
                .map_err(|e| Error::Setup(e.to_string()))?;
            let operator = found.ok_or(Error::Invalid {
                field: "uscc",
                text: Text::of(
                    "没有登记这个主体，请先登记",
                    "this operator is not registered; enter it first",
                ),
            })?;
            Some(operator.id)
        }
    };
    let password = hashed(app, posted.get("login"), posted.get("password")).await?;
    let new = NewAccount {
        login: posted.get("login").to_owned(),
        password,
        name: posted.get("name").to_owned(),
        phone: Some(posted.get("phone").to_owned()).filter(|p| !p.is_empty()),
        region: posted.get("region").to_owned(),
        operator,
        must_change: true,
    };
    let mut tx = app.store.begin().await?;
    account::create_account(&mut tx, &context(app, viewer), &app.access, &viewer.who, new).await?;
    tx.commit().await?;
    Ok(())
}

/// Hashes beside the event loop: it takes tens of milliseconds of processor time.
pub(crate) async fn hashed(app: &App, login: &str, password: &str) -> Result<access::Hashed, Error> {
    let (access, login, password) = (app.access.clone(), login.to_owned(), password.to_owned());
    tokio::task::spawn_blocking(move || access.hash_password(&login, &password))
        .await
        .map_err(|e| Error::Setup(e.to_string()))?
}

/// The account of a login, if the viewer may see it.
async fn find(app: &App, viewer: &Viewer, login: &str) -> Answer<Account> {
    let found = access::account_named(&app.store, &app.access, &viewer.who, app.now(), login).await?;
    found.ok_or_else(|| Fault::not_found(&ACCOUNT))
}

/// `GET /desk/accounts/{login}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(login): Path<String>,
) -> Answer<Markup> {
    admin(&viewer)?;
    page(&app, &viewer, &login, None).await
}

async fn page(app: &App, viewer: &Viewer, login: &str, wrong: Option<&Text>) -> Answer<Markup> {
    let lang = viewer.lang();
    let now = app.now();
    let a = find(app, viewer, login).await?;
    let grants = account::grants_of(&app.store, &app.access, &viewer.who, now, a.id).await?;
    let may = app.access.allows(&viewer.who, "administer", &Resource::new("account", &*a.region), now)
        && a.id != viewer.who.account;
    let tokens = match may {
        true => list_tokens_of(&app.store, &app.access, &viewer.who, now, a.id).await?,
        false => Vec::new(),
    };
    let post = |action: &str, plain: bool, label: &str, body: &Markup| {
        html! { form method="post" action={ "/desk/accounts/" (ui::encode(&a.login)) "/" (action) } {
            (layout::csrf(viewer)) (body) button class=[plain.then_some("plain")] { (label) }
        } }
    };
    let none = html! {};
    Ok(layout::narrow(
        viewer,
        &a.login,
        &html! {
            (layout::crumbs(&[("/desk/accounts", lang.pick("账号", "Accounts")), ("", &a.login)]))
            (layout::head(&a.login, &state_badge(lang, &a, now)))
            @if let Some(why) = wrong { (ui::message(Tone::Bad, &html! { p { (why.get(lang)) } })) }
            section.card { (ui::facts(lang, &[
                (Text::of("姓名", "Name"), html! { (a.name) }),
                (Text::of("电话", "Phone"), html! { (a.phone.as_deref().unwrap_or("—")) }),
                (Text::of("所属地区", "Region"), html! { (region_name(lang, &a.region)) }),
                (Text::of("代表的主体", "Acts for"), html! { @match a.operator { Some(o) => { a href={ "/desk/operators/" (o) } { (o) } } None => "—" } }),
                (Text::of("动态验证码", "One-time codes"), html! { (if a.totp { lang.pick("已启用", "on") } else { lang.pick("未启用", "off") }) }),
                (Text::of("建立时间", "Opened"), html! { (a.created_at.china_minute()) }),
            ])) }
            section.card { h2 { (lang.pick("授权", "Grants")) }
                @if grants.is_empty() { p.soft { (lang.pick("没有授权：登录后只能看公开内容。", "No grant: after login only public pages.")) } }
                ul { @for Seat { id, grant, given_by, waits, .. } in &grants { li { (grant_line(lang, grant)) " "
                    @let number = html! { input type="hidden" name="grant" value=(id); };
                    @let current = grant.is_current(now.china_date());
                    @if *waits { (ui::badge(Tone::Warn, lang.pick("待另一名管理员确认", "waits for another administrator"))) }
                    @else if current { (ui::badge(Tone::Ok, lang.pick("有效", "in force"))) }
                    @else { (ui::badge(Tone::Idle, lang.pick("不在有效期", "not in force"))) }
                    @if may && *waits && *given_by != Some(viewer.who.account) { (post("confirm", false, lang.pick("确认", "Confirm"), &number)) }
                    @if may && (*waits || current) { (post("end", true, lang.pick("终止", "End"), &number)) }
                } } }
                @if may { (grant_form(viewer, &a)) }
            }
            @if !tokens.is_empty() { section.card { h2 { (lang.pick("访问令牌", "Access tokens")) }
                (tokens::table(viewer, lang.pick("访问令牌", "Access tokens"), &tokens, now, |_| format!("/desk/accounts/{}/revoke", ui::encode(&a.login))))
            } }
            @if may { section.card { h2 { (lang.pick("管理", "Administration")) }
                (post("reset", false, lang.pick("重置密码", "Reset the password"), &ui::input(&Field { name: "password", label: lang.pick("临时密码", "Temporary password"), kind: "password", required: true, hint: lang.pick("本人下次登录须更改，现有会话和访问令牌立即失效", "to be changed at the next login; open sessions and access tokens end now"), autocomplete: Some("new-password"), ..Field::default() })))
                @if a.active { (post("suspend", true, lang.pick("停用账号", "Suspend"), &none)) }
                @if !a.active || a.locked_until.is_some_and(|t| t > now) { (post("activate", true, lang.pick("启用并解锁", "Activate and unlock"), &none)) }
                @if a.totp { (post("totp-off", true, lang.pick("关闭动态验证码（手机遗失）", "Switch one-time codes off (phone lost)"), &none)) }
            } } @else if a.id == viewer.who.account {
                p.soft { (lang.pick("本人的授权须由另一名管理员办理。", "Your own grants are another administrator's business.")) }
            }
        },
    ))
}

fn grant_line(lang: Lang, g: &Grant) -> Markup {
    html! {
        strong { (g.role.label().get(lang)) } " · "
        (if g.region.is_empty() { lang.pick("全国", "nation").to_owned() } else { region_name(lang, &g.region) })
        @if !g.agency.is_empty() { " · " (agency_name(lang, &g.agency)) }
        " · " (level_name(g.ceiling).get(lang)) " · "
        span.small.soft { (g.from) "–" @if let Some(to) = g.to { (to) } }
    }
}

const fn level_name(ceiling: u8) -> Text {
    match ceiling {
        0 => Text::of("公开", "public"),
        1 => Text::of("内部", "internal"),
        _ => Text::of("机密", "confidential"),
    }
}

fn grant_form(viewer: &Viewer, a: &Account) -> Markup {
    let lang = viewer.lang();
    let field = |name: &'static str, zh: &'static str, en: &'static str, value| Field {
        name,
        label: lang.pick(zh, en),
        value,
        ..Field::default()
    };
    let roles = choices::any(
        lang,
        &Text::of("请选择", "choose"),
        Role::ALL.iter().filter(|r| **r != Role::Citizen).map(|r| (r.code(), r.label())),
    );
    let regions = choices::regions(lang, &viewer.who, &Text::of("全国", "nation"));
    let agencies =
        choices::any(lang, &Text::of("无", "none"), Department::ALL.iter().map(|d| (d.code(), d.name())));
    let levels = choices::any(
        lang,
        &Text::of("—", "—"),
        [("0", level_name(0)), ("1", level_name(1)), ("2", level_name(2))],
    );
    html! { details { summary { (lang.pick("新增授权", "Add a grant")) }
        form method="post" action={ "/desk/accounts/" (ui::encode(&a.login)) "/grant" } {
            (layout::csrf(viewer))
            (ui::select(&Field { required: true, ..field("role", "角色", "Role", "") }, &roles))
            (ui::select(&field("region", "地区", "Region", &a.region), &regions))
            (ui::select(&field("agency", "部门", "Department", ""), &agencies))
            (ui::select(&Field { hint: lang.pick(
                "业务主管、领导、系统管理员以及机密级的授权，须由另一名管理员确认后生效",
                "desk, leader and administrator, and whatever is confidential, come into force when another administrator has confirmed them",
            ), ..field("ceiling", "最高密级", "Highest classification", "1") }, &levels))
            (ui::input(&Field { kind: "date", ..field("from", "自", "From", "") }))
            (ui::input(&Field { kind: "date", ..field("to", "至（可不填）", "To (optional)", "") }))
            button { (lang.pick("授权", "Grant")) }
        }
    } }
}

/// `POST /desk/accounts/{login}/{action}`
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Path((login, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    admin(viewer)?;
    let a = find(&app, viewer, &login).await?;
    match act(&app, &posted, &a, &action).await {
        Ok(()) => Ok(Redirect::to(&format!("/desk/accounts/{}", ui::encode(&a.login))).into_response()),
        Err(e) => match e.user_text().cloned() {
            Some(text) => {
                let status = Fault::from(e).status;
                Ok((status, page(&app, viewer, &login, Some(&text)).await?).into_response())
            }
            None => Err(e.into()),
        },
    }
}

async fn act(app: &App, posted: &Posted, a: &Account, action: &str) -> Result<(), Error> {
    let viewer = &posted.viewer;
    let (cx, who, access) = (context(app, viewer), &viewer.who, &app.access);
    let password = match action {
        "reset" => Some(hashed(app, &a.login, posted.get("password")).await?),
        _ => None,
    };
    let mut tx = app.store.begin().await?;
    match (action, password) {
        ("reset", Some(new)) => account::reset_password(&mut tx, &cx, access, who, a.id, new).await?,
        ("suspend", _) => account::set_active(&mut tx, &cx, access, who, a.id, false).await?,
        ("activate", _) => account::set_active(&mut tx, &cx, access, who, a.id, true).await?,
        ("totp-off", _) => access::one_time::remove_totp(&mut tx, &cx, access, who, a.id).await?,
        ("revoke", _) => {
            let token: Id = posted.get("token").parse().unwrap_or(access::Principal::NOBODY);
            revoke_api_token(&mut tx, &cx, access, who, token).await?;
        }
        ("confirm", _) => {
            let grant: Id = posted.get("grant").parse().unwrap_or(access::Principal::NOBODY);
            account::confirm_grant(&mut tx, &cx, access, who, grant).await?;
        }
        ("end", _) => {
            let grant: Id = posted.get("grant").parse().unwrap_or(access::Principal::NOBODY);
            account::end_grant(&mut tx, &cx, access, who, grant).await?;
        }
        ("grant", _) => {
            let day = |field: &'static str| {
                choices::date(posted.get(field)).map_err(|text| Error::Invalid { field, text })
            };
            let grant = Grant {
                role: posted.get("role").parse()?,
                region: posted.get("region").to_owned(),
                agency: posted.get("agency").to_owned(),
                ceiling: posted.get("ceiling").parse().unwrap_or(1),
                from: day("from")?.unwrap_or_else(|| cx.now.china_date()),
                to: day("to")?,
            };
            account::add_grant(&mut tx, &cx, access, who, a.id, &grant).await?;
        }
        _ => {
            return Err(Error::Invalid {
                field: "action",
                text: Text::of("没有这个操作", "there is no such action"),
            });
        }
    }
    tx.commit().await?;
    Ok(())
}
