//! Signing in and out, choosing a password, preferences.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Area, Viewer};
use crate::map::region_name;
use crate::pages::admin::accounts::hashed;
use crate::session::{COOKIE, Identity, Peer, PostedSignedIn, SignedIn, context, context_of};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use access::Error;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base::Text;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

/// What the login form posts.
#[derive(Debug, Deserialize, Default)]
pub(crate) struct Login {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
    /// Whether a form was sent after the session had ended.
    #[serde(skip)]
    lost: bool,
}

fn login_page(viewer: &Viewer, form: &Login, error: Option<&str>, ask_code: bool) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("登录", "Sign in");
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            @if let Some(error) = error { (ui::message(Tone::Bad, &html! { p { (error) } })) }
            @if form.lost { (ui::message(Tone::Warn, &html! { p {
                (lang.pick("登录已过期，刚才提交的内容没有保存。登录后会回到那一页，请重新填写；多数浏览器按“后退”可找回已填内容。", "Your session had ended and what you sent was not saved. After signing in you return to that page; in most browsers \"back\" brings back what you typed."))
            } })) }
            form.card method="post" action="/login" {
                input type="hidden" name="next" value=(form.next);
                (ui::input(&Field { name: "login", label: lang.pick("账号", "Login"), value: &form.login, required: true, autocomplete: Some("username"), ..Field::default() }))
                (ui::input(&Field { name: "password", kind: "password", label: lang.pick("密码", "Password"), required: true, autocomplete: Some("current-password"), ..Field::default() }))
                @if ask_code {
                    (ui::input(&Field { name: "code", label: lang.pick("动态验证码", "One-time code"), hint: lang.pick("身份验证器显示的六位数字", "The six digits your authenticator shows"), required: true, autocomplete: Some("one-time-code"), ..Field::default() }))
                }
                button { (title) }
            }
            p.soft { (lang.pick("公众无需登录：", "The public needs no account: ")) a href="/" { (lang.pick("公众查询", "public site")) } }
        },
    )
}

/// `GET /login`
pub(crate) async fn show_login(viewer: Viewer) -> Markup {
    let next = viewer.here.split_once("next=").map(|(_, n)| n.split('&').next().unwrap_or_default());
    let next =
        percent_encoding::percent_decode_str(next.unwrap_or_default()).decode_utf8_lossy().into_owned();
    let lost = viewer.here.split(['?', '&']).any(|part| part == "lost=1");
    login_page(&viewer, &Login { next, lost, ..Login::default() }, None, false)
}

/// Only paths of this site: never another host. Browsers drop tabs and line ends from an address, so that `/<tab>/host`
/// would be one.
fn local(path: &str) -> Option<&str> {
    let odd = |c: char| c == '\\' || c.is_control();
    (path.starts_with('/') && !path.starts_with("//") && !path.contains(odd)).then_some(path)
}

/// `POST /login`
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Peer(peer): Peer,
    Form(form): Form<Login>,
) -> Answer {
    let cx = context_of(&app, &viewer.who, viewer.lang(), app.now());
    let code = (!form.code.trim().is_empty()).then_some(form.code.trim());
    let (login, password) = (form.login.as_str(), form.password.as_str());
    match access::session::login(&app.store, &cx, &app.access, peer.as_deref(), login, password, code).await {
        Ok(session) => {
            let who = access::session::principal_for(&app.store, &app.access, &session.token, cx.now).await?;
            let home = who.map_or("/", |v| Viewer { who: v.principal, ..viewer.clone() }.home());
            let to = if session.must_change { "/password" } else { local(&form.next).unwrap_or(home) };
            let secure = if app.secure_cookies { "; Secure" } else { "" };
            let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax{secure}", session.token);
            Ok(with_cookies(Redirect::to(to).into_response(), &[cookie]))
        }
        Err(Error::NeedsCode(text)) => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            login_page(&viewer, &form, Some(text.get(viewer.lang())), true),
        )
            .into_response()),
        Err(e) => match e.user_text() {
            Some(text) => Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                login_page(&viewer, &form, Some(text.get(viewer.lang())), !form.code.is_empty()),
            )
                .into_response()),
            None => Err(Fault::internal(e)),
        },
    }
}

/// `POST /logout`
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    identity: Identity,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    if let Some(session) = identity.session {
        let mut tx = app.store.begin().await?;
        access::session::logout(&mut tx, &context(&app, &posted.viewer), &posted.viewer.who, session).await?;
        tx.commit().await?;
    }
    Ok(with_cookies(Redirect::to("/").into_response(), &[format!("{COOKIE}=; Path=/; Max-Age=0")]))
}

/// `POST /account/sessions/end`: signs the account out everywhere. Right: own account.
pub(crate) async fn end_sessions(
    State(app): State<Arc<App>>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let (viewer, who) = (&posted.viewer, &posted.viewer.who);
    let mut tx = app.store.begin().await?;
    access::session::end_sessions(&mut tx, &context(&app, viewer), &app.access, who, who.account).await?;
    tx.commit().await?;
    Ok(with_cookies(Redirect::to("/login").into_response(), &[format!("{COOKIE}=; Path=/; Max-Age=0")]))
}

/// `GET /account`: who is signed in, with which rights, and what one may change oneself. Right: own account.
pub(crate) async fn show(SignedIn(viewer): SignedIn) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("我的账号", "My account");
    let who = &viewer.who;
    layout::narrow(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            section.card { (ui::facts(lang, &[
                (Text::of("姓名", "Name"), html! { (who.name) }),
                (Text::of("账号", "Login"), html! { code { (who.login) } }),
                (Text::of("权限", "Rights"), html! { ul { @for g in &who.grants { li {
                    (g.role.label().get(lang))
                    @if !g.region.is_empty() { " · " (region_name(lang, &g.region)) }
                } } } }),
            ])) }
            ul.tasks {
                li { h3 { a href="/password" { (lang.pick("修改密码", "Change password")) } } }
                li { h3 { a href="/account/totp" { (lang.pick("动态验证码", "One-time codes")) } }
                    p.soft { (lang.pick("密码之外再加一道验证", "A second check beside the password")) } }
                li { h3 { (lang.pick("在所有设备上退出", "Sign out everywhere")) }
                    p.soft { (lang.pick("手机或电脑遗失、在公用电脑上忘了退出时使用；本机也会退出。访问令牌另行撤销。", "For a lost phone or a shared computer where you stayed signed in; here you are signed out, too. Access tokens are revoked on their own page.")) }
                    form method="post" action="/account/sessions/end" { (layout::csrf(&viewer)) button.plain { (lang.pick("全部退出", "Sign out everywhere")) } } }
                @if viewer.area() == Area::Desk { li { h3 { a href="/desk/absences" { (lang.pick("请假与代办", "Absence and deputies")) } } } }
            }
        },
    )
}

/// `GET /password`
pub(crate) async fn show_password(
    identity: Identity,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Answer<Markup> {
    let viewer = plain_viewer(&app, identity, &headers)?;
    Ok(password_page(&viewer, None))
}

/// The password page must open while everything else waits for it, so it does not use the `Viewer` extractor.
fn plain_viewer(_app: &App, identity: Identity, headers: &HeaderMap) -> Answer<Viewer> {
    if identity.who.is_anonymous() {
        return Err(Fault::sign_in());
    }
    let csrf = access::csrf_token(&identity.token);
    Ok(Viewer {
        prefs: crate::lang::Prefs::read(None, headers),
        who: identity.who,
        csrf,
        here: "/password".into(),
    })
}

fn password_page(viewer: &Viewer, error: Option<(&str, &Text)>) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("修改密码", "Change password");
    let why = |field: &str| error.filter(|(f, _)| *f == field).map(|(_, t)| t.get(lang));
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            @if let Some((field, text)) = error && field != "password" && field != "old" { (ui::message(Tone::Bad, &html! { p { (text.get(lang)) } })) }
            form.card method="post" action="/password" {
                (layout::csrf(viewer))
                (ui::input(&Field { name: "old", kind: "password", label: lang.pick("现在的密码", "Present password"), required: true, error: why("old"), autocomplete: Some("current-password"), ..Field::default() }))
                (ui::input(&Field { name: "password", kind: "password", label: lang.pick("新密码", "New password"), required: true, error: why("password"), autocomplete: Some("new-password"), ..Field::default() }))
                button { (title) }
            }
        },
    )
}

/// `POST /password`
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    identity: Identity,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let cx = context(&app, viewer);
    let done: Result<(), Error> = async {
        access::session::confirm(&app.store, &cx, &app.access, &viewer.who, posted.get("old")).await?;
        let hashed = hashed(&app, &viewer.who.login, posted.get("password")).await?;
        let mut tx = app.store.begin().await?;
        access::account::change_password(&mut tx, &cx, &viewer.who, identity.session, hashed).await?;
        tx.commit().await?;
        Ok(())
    }
    .await;
    match done {
        Ok(()) => Ok(Redirect::to(viewer.home()).into_response()),
        Err(Error::Invalid { field, text }) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, password_page(viewer, Some((field, &text))))
                .into_response())
        }
        Err(Error::Refused(text)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, password_page(viewer, Some(("old", &text))))
                .into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// What the preference buttons post.
#[derive(Debug, Deserialize)]
pub(crate) struct Preference {
    lang: Option<String>,
    size: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

/// `POST /preferences`: changes nothing but three cookies, so it needs no token.
pub(crate) async fn preferences(Form(p): Form<Preference>) -> Response {
    let mut cookies = Vec::new();
    for (name, value, allowed) in [
        ("lang", &p.lang, ["zh", "en"]),
        ("size", &p.size, ["normal", "large"]),
        ("theme", &p.theme, ["light", "dark"]),
    ] {
        if let Some(v) = value.as_deref().filter(|v| allowed.contains(v)) {
            cookies.push(format!("{name}={v}; Path=/; Max-Age=31536000; SameSite=Lax"));
        }
    }
    // `?lang=` in the address would win over the cookie just set
    let back = local(&p.back).unwrap_or("/");
    let back = match back.split_once('?') {
        Some((path, query)) => {
            let rest: Vec<&str> = query.split('&').filter(|q| !q.starts_with("lang=")).collect();
            if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
        }
        None => back.to_owned(),
    };
    with_cookies(Redirect::to(&back).into_response(), &cookies)
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for c in cookies {
        if let Ok(value) = HeaderValue::from_str(c) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn a_login_never_leads_to_another_host() {
        assert_eq!(local("/desk/tasks?x=1"), Some("/desk/tasks?x=1"));
        for bad in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "",
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
    }
}
