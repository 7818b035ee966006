//! One-time codes of the own account: enrol an authenticator, confirm it, switch it off.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use access::one_time::{self, Enrolment};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::Text;
use maud::{Markup, PreEscaped, html};
use std::sync::Arc;

const PATH: &str = "/account/totp";

fn frame(viewer: &Viewer, wrong: Option<&Text>, body: &Markup) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("动态验证码", "One-time codes");
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            @if let Some(why) = wrong { (ui::message(Tone::Bad, &html! { p { (why.get(lang)) } })) }
            (body)
        },
    )
}

fn button(viewer: &Viewer, action: &str, plain: bool, label: &str, body: &Markup) -> Markup {
    html! { form method="post" action={ (PATH) "/" (action) } { (layout::csrf(viewer)) (body) button class=[plain.then_some("plain")] { (label) } } }
}

/// `GET /account/totp`
pub(crate) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let none = html! {};
    let body = match access::totp_state(&app.store, viewer.who.account).await?.as_str() {
        "on" => html! { section.card {
            p { (ui::badge(Tone::Ok, lang.pick("已启用", "on"))) " " (lang.pick("登录时除密码外还需验证器上的六位数字。", "A login needs the six digits of your authenticator beside the password.")) }
            (off(&viewer))
        } },
        state => html! { section.card {
            p { (lang.pick("启用后，即使密码泄露他人也无法登录。需要一部装有身份验证器的手机。", "With codes on, a stolen password alone does not open your account. You need an authenticator on a phone.")) }
            (button(&viewer, "enrol", false, lang.pick("绑定验证器", "Enrol an authenticator"), &none))
            @if state == "pending" { (confirm(&viewer)) }
        } },
    };
    Ok(frame(&viewer, None, &body))
}

/// Switching the codes off asks for the password: whoever finds an open session must not be able to.
fn off(viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    let field = Field {
        name: "old",
        label: lang.pick("当前密码", "Present password"),
        kind: "password",
        required: true,
        autocomplete: Some("current-password"),
        ..Field::default()
    };
    button(viewer, "off", true, lang.pick("关闭", "Switch off"), &ui::input(&field))
}

fn confirm(viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    let field = Field {
        name: "code",
        label: lang.pick("验证器显示的六位数字", "The six digits shown"),
        required: true,
        autocomplete: Some("one-time-code"),
        ..Field::default()
    };
    button(viewer, "confirm", false, lang.pick("确认启用", "Confirm"), &ui::input(&field))
}

fn enrolment(viewer: &Viewer, e: &Enrolment) -> Answer<Markup> {
    let lang = viewer.lang();
    let picture = paper::qr::svg(&e.uri).map_err(Fault::internal)?;
    Ok(html! { section.card {
        ol {
            li { (lang.pick("用身份验证器扫描二维码，或手工输入密钥。", "Scan the code with the authenticator, or type the secret.")) }
            li { (lang.pick("输入它显示的六位数字确认。", "Confirm with the six digits it shows.")) }
        }
        figure style="max-width:14rem;background:#fff;padding:.5rem" { (PreEscaped(picture)) }
        p { (lang.pick("密钥：", "Secret: ")) code.break { (e.secret) } }
        (confirm(viewer))
    } })
}

/// `POST /account/totp/{action}`
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Path(action): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    match action.as_str() {
        "enrol" => {
            let e = one_time::enrol_totp(&mut tx, &cx, &app.access, &viewer.who).await?;
            tx.commit().await?;
            Ok(frame(viewer, None, &enrolment(viewer, &e)?).into_response())
        }
        "confirm" => {
            match one_time::confirm_totp(&mut tx, &cx, &app.access, &viewer.who, posted.get("code")).await {
                Ok(codes) => {
                    tx.commit().await?;
                    let body = html! { section.card {
                        p { (ui::badge(Tone::Ok, lang.pick("已启用", "on"))) }
                        p { strong { (lang.pick("请抄下或打印恢复码，只显示这一次；手机遗失时每个可用一次。", "Write these recovery codes down or print them: they are shown only now, and each works once when the phone is lost.")) } }
                        ul.mono { @for c in &codes { li { (c) } } }
                        p { a href=(viewer.home()) { (lang.pick("完成", "Done")) } }
                    } };
                    Ok(frame(viewer, None, &body).into_response())
                }
                Err(e) => match e.user_text().cloned() {
                    Some(text) => Ok((
                        StatusCode::UNPROCESSABLE_ENTITY,
                        frame(viewer, Some(&text), &html! { section.card { (confirm(viewer)) } }),
                    )
                        .into_response()),
                    None => Err(e.into()),
                },
            }
        }
        "off" => {
            // the check keeps a count of wrong passwords of its own
            tx.rollback().await?;
            let sure =
                access::session::confirm(&app.store, &cx, &app.access, &viewer.who, posted.get("old")).await;
            if let Err(e) = sure {
                return match e.user_text() {
                    Some(text) => {
                        let again = frame(viewer, Some(text), &html! { section.card { (off(viewer)) } });
                        Ok((StatusCode::UNPROCESSABLE_ENTITY, again).into_response())
                    }
                    None => Err(e.into()),
                };
            }
            let mut tx = app.store.begin().await?;
            one_time::remove_totp(&mut tx, &cx, &app.access, &viewer.who, viewer.who.account).await?;
            tx.commit().await?;
            Ok(Redirect::to(PATH).into_response())
        }
        _ => Err(Fault::not_found(&Text::of("操作", "action"))),
    }
}
