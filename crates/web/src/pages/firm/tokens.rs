//! Access tokens for the account's own software: made here, shown once, revoked here.

use crate::api::tokens::expiry;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, Tone};
use access::api_token::{ApiToken, create_api_token, list_api_tokens, revoke_api_token};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Instant, Text};
use maud::{Markup, html};
use std::sync::Arc;

const PATH: &str = "/firm/tokens";

/// `GET /firm/tokens`. Right: an account; its own tokens.
pub(super) async fn list(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let tokens = list_api_tokens(&app.store, &viewer.who).await?;
    Ok(page(&viewer, &tokens, app.now(), &html! {}))
}

/// Tokens with what has become of each, and a button to revoke those that still work.
pub(crate) fn table(
    viewer: &Viewer,
    title: &str,
    tokens: &[ApiToken],
    now: Instant,
    revoke: impl Fn(&ApiToken) -> String,
) -> Markup {
    let lang = viewer.lang();
    let rows: Vec<Vec<Markup>> = tokens
        .iter()
        .map(|t| {
            let over = t.expires_at.is_some_and(|end| now >= end);
            vec![
                html! { (t.name) },
                html! { (t.created_at.china_date()) },
                html! { @match t.expires_at { Some(end) => (end.china_date()), None => "—" } },
                html! {
                    @if t.revoked_at.is_some() { (ui::badge(Tone::Idle, lang.pick("已撤销", "revoked"))) }
                    @else if over { (ui::badge(Tone::Warn, lang.pick("已过期", "expired"))) }
                    @else { form method="post" action=(revoke(t)) { (layout::csrf(viewer)) input type="hidden" name="token" value=(t.id); button.plain { (lang.pick("撤销", "Revoke")) } } }
                },
            ]
        })
        .collect();
    let columns = [
        Column::text("用途", "What for"),
        Column::text("创建", "Made"),
        Column::text("到期", "Expires"),
        Column::text("状态", "State"),
    ];
    ui::table(lang, title, &columns, &rows, None)
}

fn page(viewer: &Viewer, tokens: &[ApiToken], now: Instant, outcome: &Markup) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("访问令牌", "Access tokens");
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            (outcome)
            p { (lang.pick("进销存或实验室系统用令牌报送，权限与您的账号相同。请妥善保管；泄露时立即撤销。", "Your own systems report with a token; it has the rights of your account. Keep it safe and revoke it when it leaks."))
                " " a href="/api" { (lang.pick("接口说明", "How to use it")) } }
            form.card method="post" action=(PATH) {
                (layout::csrf(viewer))
                (ui::input(&Field { name: "name", label: lang.pick("用途", "What for"), hint: lang.pick("如：进销存系统", "for example: stock system"), required: true, ..Field::default() }))
                (ui::input(&Field { name: "days", label: lang.pick("有效期（天）", "Days it is good for"), value: "365", required: true, kind: "number", ..Field::default() }))
                (ui::input(&Field { name: "old", label: lang.pick("账号密码", "Your password"), kind: "password", required: true, autocomplete: Some("current-password"), ..Field::default() }))
                button { (lang.pick("创建令牌", "Make a token")) }
            }
            @if tokens.is_empty() { (ui::empty(lang.pick("还没有令牌", "No tokens yet"), lang.pick("创建后即可让您的系统自动报送。", "Make one and let your systems report by themselves."))) }
            @else { (table(viewer, title, tokens, now, |t| format!("{PATH}/{}/revoke", t.id))) }
        },
    )
}

/// `POST /firm/tokens`: the answer shows the secret this once. Right: an account.
pub(super) async fn create(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let cx = context(&app, viewer);
    let days = posted
        .get("days")
        .parse()
        .map_err(|_| Fault::bad("days", Text::of("有效期应为整数天。", "The days are a whole number.")))?;
    let expires = expiry(cx.now, days)?;
    access::session::confirm(&app.store, &cx, &app.access, &viewer.who, posted.get("old")).await?;
    let mut tx = app.store.begin().await?;
    let (_, secret) = create_api_token(&mut tx, &cx, &viewer.who, posted.get("name"), Some(expires)).await?;
    tx.commit().await?;
    let tokens = list_api_tokens(&app.store, &viewer.who).await?;
    let shown = ui::message(
        Tone::Ok,
        &html! {
            p { (lang.pick("令牌已创建。请现在复制：离开此页后不再显示。", "The token is made. Copy it now: it is not shown again.")) }
            pre.break { (secret) }
        },
    );
    Ok(page(viewer, &tokens, cx.now, &shown).into_response())
}

/// `POST /firm/tokens/{id}/revoke`. Right: the own account, or administer account.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("令牌", "token")))?;
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    revoke_api_token(&mut tx, &cx, &app.access, &posted.viewer.who, id).await?;
    tx.commit().await?;
    Ok(Redirect::to(PATH).into_response())
}
