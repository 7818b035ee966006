//! The page frame: four layouts (desk, firm, laboratory, public) share one shell and differ in navigation.

use crate::assets;
use crate::lang::Prefs;
use crate::menu::{here, menu};
use access::{Principal, Role};
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use base::Lang;
use maud::{DOCTYPE, Markup, html};
use std::convert::Infallible;

/// Which layout a page wears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// Officers, desks, leaders, administrators.
    Desk,
    /// Producers, sellers, caterers.
    Firm,
    /// Laboratories.
    Laboratory,
    /// Everyone, without login.
    Public,
}

/// Who looks, how they like it, and where they are.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Language, theme, size.
    pub(crate) prefs: Prefs,
    /// The account; the anonymous principal for citizens.
    pub(crate) who: Principal,
    /// Token every form of this session carries; empty without a session.
    pub(crate) csrf: String,
    /// Path and query of this page, to return to after changing preferences.
    pub(crate) here: String,
}

impl Viewer {
    /// Shorthand.
    pub(crate) const fn lang(&self) -> Lang {
        self.prefs.lang
    }

    /// True when the account holds the role anywhere.
    pub(crate) fn is(&self, role: Role) -> bool {
        self.who.grants.iter().any(|g| g.role == role)
    }

    /// The layout an account works in.
    pub(crate) fn area(&self) -> Area {
        if self.is(Role::Firm) {
            Area::Firm
        } else if self.is(Role::Laboratory) {
            Area::Laboratory
        } else if self.who.grants.is_empty() {
            Area::Public
        } else {
            Area::Desk
        }
    }

    /// True for the police and the procuratorate, who see what was brought before them and nothing else.
    pub(crate) fn is_guest(&self) -> bool {
        !self.who.grants.is_empty()
            && self.who.grants.iter().all(|g| matches!(g.agency.as_str(), "police" | "procuratorate"))
    }

    /// Where the account lands after login.
    pub(crate) fn home(&self) -> &'static str {
        match self.area() {
            Area::Desk if self.is_guest() => "/transfers",
            Area::Desk if self.is(Role::Leader) => "/desk/situation",
            Area::Desk if self.is(Role::Admin) && self.who.grants.len() == 1 => "/desk/accounts",
            Area::Desk => "/desk/inbox",
            Area::Firm => "/firm",
            Area::Laboratory => "/lab/samples",
            Area::Public => "/",
        }
    }
}

/// A whole page. `title` is the document title and should also be the page's `h1`.
pub(crate) fn page(viewer: &Viewer, title: &str, body: &Markup) -> Markup {
    shell(viewer, title, false, body)
}

/// A page with a narrow reading column: forms, notices.
pub(crate) fn narrow(viewer: &Viewer, title: &str, body: &Markup) -> Markup {
    shell(viewer, title, true, body)
}

fn shell(viewer: &Viewer, title: &str, slim: bool, body: &Markup) -> Markup {
    let lang = viewer.lang();
    let theme = viewer.prefs.dark.map(|d| if d { "dark" } else { "light" });
    let size = viewer.prefs.large.then_some("large");
    let signed_in = viewer.who.account.0 != 0;
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-theme=[theme] data-size=[size] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (lang.pick("食安", "Shian")) }
                link rel="stylesheet" href=(assets::CSS_URL.as_str());
                link rel="icon" href="/favicon.ico" type="image/svg+xml";
                script src=(assets::JS_URL.as_str()) defer {}
            }
            body {
                a.skip href="#main" { (lang.pick("跳到正文", "Skip to content")) }
                header.top { div.in {
                    a.brand href=(if signed_in { viewer.home() } else { "/" }) { "食安" small { "Shian" } }
                    (menu(viewer))
                    div.end {
                        (prefs(viewer))
                        @if signed_in {
                            a href="/account" aria-current=[here(viewer, "/account").then_some("page")] { (viewer.who.name) }
                            form method="post" action="/logout" { input type="hidden" name="csrf" value=(viewer.csrf); button { (lang.pick("退出", "Sign out")) } }
                        } @else { a href="/login" { (lang.pick("登录", "Sign in")) } }
                    }
                } }
                main #main class=[slim.then_some("narrow")] { (body) }
                footer.foot {
                    (lang.pick("演示与试用数据均为虚构", "Demo data are fictitious")) " · "
                    a href="/verify" { (lang.pick("每条记录均可离线验证", "Every record can be verified offline")) } " · "
                    a href="/api" { "API" }
                }
            }
        }
    }
}

/// Language, type size and theme: plain forms, so they work without script.
fn prefs(viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    let other = lang.pick("en", "zh");
    html! {
        form method="post" action="/preferences" {
            input type="hidden" name="back" value=(viewer.here);
            button name="lang" value=(other) lang=(lang.pick("en", "zh-CN")) { (lang.pick("English", "中文")) }
            button name="size" value=(if viewer.prefs.large { "normal" } else { "large" }) {
                (if viewer.prefs.large { lang.pick("标准字号", "Normal type") } else { lang.pick("大字", "Large type") })
            }
            button name="theme" value=(if viewer.prefs.dark == Some(true) { "light" } else { "dark" }) {
                (if viewer.prefs.dark == Some(true) { lang.pick("浅色", "Light") } else { lang.pick("深色", "Dark") })
            }
        }
    }
}

/// The trail above a heading.
pub(crate) fn crumbs(trail: &[(&str, &str)]) -> Markup {
    html! { nav.crumbs aria-label="breadcrumb" { ol { @for (href, label) in trail { li {
        @if href.is_empty() { (label) } @else { a href=(href) { (label) } }
    } } } } }
}

/// Whether the browser asks for a part of a page: an island fetches it into place; opened by itself it is a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment(pub(crate) bool);

impl<S: Send + Sync> FromRequestParts<S> for Fragment {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.contains_key("x-fragment")))
    }
}

impl Fragment {
    /// The part alone, or as a page under its trail. The browser may keep it for a minute.
    pub(crate) fn answer(
        self,
        viewer: &Viewer,
        title: &str,
        trail: &[(&str, &str)],
        body: &Markup,
    ) -> Response {
        let keep = [(header::CACHE_CONTROL, "private, max-age=60"), (header::VARY, "x-fragment, cookie")];
        if self.0 {
            return (keep, html! { (body) }).into_response();
        }
        let trail: Vec<(&str, &str)> = trail.iter().copied().chain([("", title)]).collect();
        let whole = html! { (crumbs(&trail)) h1 { (title) } (body) };
        (keep, page(viewer, title, &whole)).into_response()
    }
}

/// Heading with actions to its right.
pub(crate) fn head(title: &str, actions: &Markup) -> Markup {
    html! { div.head { h1 { (title) } div.actions { (actions) } } }
}

/// The hidden field every form that changes something carries.
pub(crate) fn csrf(viewer: &Viewer) -> Markup {
    html! { input type="hidden" name="csrf" value=(viewer.csrf); }
}
