//! What a citizen may bring without an account: every procedure whose opening says so (a complaint, a report, a banquet), with
//! who they are kept apart from what they say, and followed with a number and a code.

use crate::fault::{Answer, Fault};
use crate::forms;
use crate::layout::{self, Viewer};
use crate::pages::brought::{Who, code, guarded, keep, receipt};
use crate::pages::sent::Sent;
use crate::pages::show::clock_badge;
use crate::session::{Peer, Posted, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use access::throttle::{Limit, count_try, give_back};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use flow::view::Progress;
use flow::{Authority, Error, FieldError, Form, Procedure, Request, Side};
use maud::{Markup, PreEscaped, html};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const PETITION: Text = Text::of("办理事项", "service");
/// The system's reason in the journal.
const BY: &str = "public.petition";
/// What an address may send, and how often a code may be guessed: from an address, and at one number.
const SENT: Limit = Limit { what: "petition.sent", most: 20, seconds: 3600 };
const GUESSED: Limit = Limit { what: "petition.guessed", most: 10, seconds: 3600 };
const GUESSED_AT: Limit = Limit { what: "petition.guessed_at", most: 20, seconds: 86_400 };

/// The procedures a citizen may open.
fn offered(app: &App) -> impl Iterator<Item = &Arc<Procedure>> {
    app.engine.procedures().filter(|p| p.definition.opening.as_ref().is_some_and(|o| o.allows(Side::Citizen)))
}

fn procedure(app: &App, id: &str) -> Answer<Arc<Procedure>> {
    offered(app).find(|p| p.definition.id == id).cloned().ok_or_else(|| Fault::not_found(&PETITION))
}

fn opening_form(p: &Procedure) -> Answer<Form> {
    let d = &p.definition;
    let form = d.opening.as_ref().and_then(|o| o.form.as_deref()).and_then(|f| d.form(f)).cloned();
    form.ok_or_else(|| Fault::not_found(&PETITION))
}

/// `GET /petitions`
pub(super) async fn list(State(app): State<Arc<App>>, viewer: Viewer) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("我要办事", "What would you like to do");
    layout::narrow(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            ul.tasks { @for p in offered(&app) { li {
                h3 { a href={ "/petitions/" (p.definition.id) } { (p.definition.title.get(lang)) } }
                @if let Some(b) = p.definition.basis.first() { p.small.soft { (b.document) " " (b.clause) } }
            } } }
            p { a href="/follow" { (lang.pick("凭编号和查询码查进度", "Follow with number and code")) } }
        },
    )
}

/// `GET /petitions/{procedure}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let p = procedure(&app, &id)?;
    let form = opening_form(&p)?;
    // the form names itself, so that a browser that sends it again is shown the first receipt
    let typed = Typed { once: app.ids.next(app.now()).to_string(), entry: json!({}), who: Who::default() };
    Ok(page(&viewer, &p, &form, &typed, (&[], None)))
}

/// What was typed, to be shown again.
#[derive(Debug)]
struct Typed {
    /// The name of this very form.
    once: String,
    entry: Json,
    who: Who,
}

fn page(
    viewer: &Viewer,
    p: &Procedure,
    form: &Form,
    typed: &Typed,
    (faults, refusal): (&[FieldError], Option<&Text>),
) -> Markup {
    let lang = viewer.lang();
    let title = p.definition.title.get(lang);
    let Typed { once, entry, who } = typed;
    layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/petitions", lang.pick("我要办事", "Services")), ("", title)]))
            h1 { (title) }
            @if let Some(text) = refusal { (ui::message(Tone::Bad, &html! { p { (text.get(lang)) } })) }
            @if !faults.is_empty() { (ui::message(Tone::Bad, &html! {
                p { (lang.pick("有内容需要更正，尚未提交。", "Something needs correction; nothing was sent yet.")) }
                ul { @for f in faults { li { (f.title.get(lang)) "：" (f.text.get(lang)) } } }
            })) }
            form method="post" enctype="multipart/form-data" {
                (layout::csrf(viewer))
                input type="hidden" name="once" value=(once);
                section.card { h2 { (form.title.get(lang)) } (forms::fields(lang, "", form, entry, faults, "")) }
                section.card { h2 { (lang.pick("您是谁", "Who you are")) }
                    p.soft { @if guarded(p) {
                        (lang.pick("身份信息单独加密保存，办案人员看不到；查看须经两人批准并留痕。匿名举报可以不填。", "Kept sealed and apart: the officers of the case do not see it; opening it takes two persons and leaves a trace. Leave it empty to stay anonymous."))
                    } @else {
                        (lang.pick("供承办单位与您联系，不会公开，每次查看均留痕。", "So that the office can reach you; never published, and each look leaves a trace."))
                    } }
                    (who.fields(lang, faults, !guarded(p)))
                }
                button { (lang.pick("提交", "Send")) }
            }
        },
    )
}

/// `POST /petitions/{procedure}`
pub(super) async fn send(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Peer(peer): Peer,
    mut posted: Posted,
) -> Answer {
    let p = procedure(&app, &id)?;
    let form = opening_form(&p)?;
    // to know a file's hash is not to have sent it: only files of this very request count
    let files: Vec<&str> =
        form.leaves().into_iter().filter(|f| f.kind.is_file()).map(|f| f.id.as_str()).collect();
    posted.fields.retain(|(name, _)| !files.contains(&name.as_str()));
    posted.files.retain(|f| files.contains(&f.field.as_str()));
    let viewer = &posted.viewer;
    let cx = context(&app, viewer);
    // counted by itself, so that what is refused afterwards counts as well
    if let Some(peer) = &peer {
        let mut tx = app.store.begin().await?;
        let few = count_try(&mut tx, &app.access, &SENT, peer, cx.now).await?;
        tx.commit().await?;
        if !few {
            return Err(too_often());
        }
    }
    let who = Who::read(&posted);
    let (mut sent, mut hashes, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for file in &posted.files {
        match store::attachments::Attachments::examine(&file.bytes) {
            Ok(a) => {
                hashes.push((file.field.clone(), a.sha256.clone()));
                sent.push(a);
            }
            Err(store::Error::Refused(text)) => {
                let title = form.leaves().iter().find(|f| f.id == file.field).map(|f| f.title.clone());
                let title = title.unwrap_or_else(|| form.title.clone());
                faults.push(FieldError { field: file.field.clone(), title, text });
            }
            Err(e) => return Err(e.into()),
        }
    }
    let entry = forms::entry(&form, &posted, &hashes);
    let named = entry.get("named").and_then(Json::as_str).is_some_and(|v| v == "true");
    faults.extend(who.faults(named || !guarded(&p)));
    let typed = Typed { once: posted.get("once").to_owned(), entry, who };
    let key = once(&app, &p, &typed, &hashes);
    let again = |mut found: Vec<FieldError>, refusal: Option<&Text>| {
        found.extend(faults.iter().cloned());
        let page = page(viewer, &p, &form, &typed, (&found, refusal));
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    };
    let open = async |tx: &mut store::Tx| {
        let form = for_whom(&p, typed.entry.clone());
        let request = Request { form, key: key.clone(), ..Request::default() };
        flow::open_by_form(tx, &cx, &app.engine, Authority::System(BY), &p.definition.id, request).await
    };
    // nobody without an account makes the disk keep what the form then refuses: first the form, then the files
    if !sent.is_empty() || !faults.is_empty() {
        let mut tx = app.store.begin().await?;
        for a in &sent {
            app.attachments.rehearse(&mut tx, a, cx.now).await?;
        }
        let refused = open(&mut tx).await.err();
        tx.rollback().await?;
        match refused {
            Some(Error::Form { faults }) => return Ok(again(faults, None)),
            Some(Error::Refused(text)) => return Ok(again(Vec::new(), Some(&text))),
            _ if !faults.is_empty() => return Ok(again(Vec::new(), None)),
            Some(e) => return Err(e.into()),
            None => {}
        }
    }
    let kept = Sent::keep(&app, &posted, Some(&form)).await?;
    let mut tx = app.store.begin().await?;
    kept.record(&mut tx, &cx, &app).await?;
    let opened = match open(&mut tx).await {
        Ok(opened) => opened,
        Err(Error::Form { faults }) => {
            tx.rollback().await?;
            return Ok(again(faults, None));
        }
        Err(Error::Refused(text)) => {
            tx.rollback().await?;
            return Ok(again(Vec::new(), Some(&text)));
        }
        Err(e) => return Err(e.into()),
    };
    let matter = opened.matter;
    if !opened.created {
        tx.rollback().await?;
        app.store.settled().await?;
        return Ok(receipt(viewer, &p, matter, &code(&app, matter), None).into_response());
    }
    let code = keep(&mut tx, &cx, &app, (BY, &p), matter, typed.who).await?;
    tx.commit().await?;
    Ok(receipt(viewer, &p, matter, &code, None).into_response())
}

/// What makes a second sending of the same form the first one's: the name the form was given and everything in it, under a key
/// nobody else has. Forms that name nothing are each their own.
fn once(app: &App, p: &Procedure, typed: &Typed, hashes: &[(String, String)]) -> Option<String> {
    typed.once.parse::<Id>().ok()?;
    let w = &typed.who;
    let all =
        json!([p.definition.id, typed.once, typed.entry, hashes, [w.name, w.phone, w.number, w.address]]);
    let print = app.access.vault().fingerprint("petition.once", &all.to_string());
    Some(format!("petition:{}", hex::encode(print)))
}

/// The entry as it is opened: what concerns officials of a county goes to the level above from the first moment.
fn for_whom(p: &Procedure, mut entry: Json) -> Json {
    if entry.get("concerns_staff").and_then(Json::as_str) == Some("true")
        && let Some(field) = p.definition.opening.as_ref().and_then(|o| o.region.as_deref())
        && let Some(above) = entry.get(field).and_then(Json::as_str).and_then(|r| r.get(..4))
    {
        entry[field] = json!(above);
    }
    entry
}

/// Too many from one address, or too many guesses.
fn too_often() -> Fault {
    Fault::new(
        StatusCode::TOO_MANY_REQUESTS,
        Text::of(
            "操作过于频繁，请一小时后再试；急事请拨打 12315。",
            "Too many attempts; try again in an hour, or call 12315 when it is urgent.",
        ),
    )
}

/// `GET /follow`
pub(super) async fn follow_form(viewer: Viewer) -> Markup {
    ask(&viewer, "", None)
}

fn ask(viewer: &Viewer, number: &str, why: Option<&Text>) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("查办理进度", "Follow what you sent");
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            section.card { form method="post" action="/follow" {
                (layout::csrf(viewer))
                (ui::input(&Field { name: "number", label: lang.pick("编号", "Number"), value: number, required: true, error: why.map(|t| t.get(lang)), ..Field::default() }))
                (ui::input(&Field { name: "code", label: lang.pick("查询码", "Code"), required: true, autocomplete: Some("off"), ..Field::default() }))
                button { (lang.pick("查询", "Look")) }
            } }
        },
    )
}

/// `POST /follow`: posted, so that the code stands in no address and no log.
pub(super) async fn follow(State(app): State<Arc<App>>, Peer(peer): Peer, posted: Posted) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let number = posted.get("number");
    let wrong = Text::of("编号与查询码不符，请核对", "number and code do not belong together; check them");
    let matter = number.parse::<Id>().ok();
    let now = app.now();
    let counted: Vec<(&Limit, String)> =
        peer.map(|p| (&GUESSED, p)).into_iter().chain(matter.map(|m| (&GUESSED_AT, m.to_string()))).collect();
    // counted before it is looked up: guesses sent together do not all pass
    let mut tx = app.store.begin().await?;
    let mut few = true;
    for (limit, whom) in &counted {
        few &= count_try(&mut tx, &app.access, limit, whom, now).await?;
    }
    tx.commit().await?;
    if !few {
        return Err(too_often());
    }
    let known = match matter {
        Some(id) => registry::is_reporter(&app.store, &app.access, id, posted.get("code")).await?,
        None => false,
    };
    let Some(matter) = matter.filter(|_| known) else {
        let again = ask(viewer, number, Some(&wrong));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, again).into_response());
    };
    let mut tx = app.store.begin().await?;
    for (limit, whom) in &counted {
        give_back(&mut tx, &app.access, limit, whom).await?;
    }
    tx.commit().await?;
    let progress = flow::view::progress(&app.store, &app.engine, matter, now).await?;
    let title = progress.procedure.get(lang);
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            p { (lang.pick("编号 ", "Number ")) code { (matter) } }
            (stands(lang, &progress))
            @for more in &progress.followed { h2 { (more.procedure.get(lang)) } (stands(lang, more)) }
        },
    )
    .into_response())
}

/// Where something sent stands: what was done and when, what is next and by when, the answers, and what may be done about them.
fn stands(lang: Lang, progress: &Progress) -> Markup {
    let mut moments: Vec<(String, Markup)> =
        vec![(progress.opened_at.china_minute(), html! { (lang.pick("已收到", "Received")) })];
    moments.extend(progress.steps.iter().map(|(at, state)| (at.china_minute(), html! { (state.get(lang)) })));
    moments.extend(progress.papers.iter().map(|p| {
        (p.at.china_minute(), html! { (lang.pick("已向您发出：", "Sent to you: ")) (p.title.get(lang)) })
    }));
    moments.sort_by(|a, b| a.0.cmp(&b.0));
    let ended = progress.closed_at.is_some();
    html! {
        section.card {
            p { (ui::badge(if ended { Tone::Idle } else { Tone::Info }, progress.state.get(lang))) }
            @if ended { p { (lang.pick("已经办结，没有下一步。", "It is closed: nothing more is to come.")) } }
            @else {
                h2 { (lang.pick("下一步", "What is next")) }
                @for due in &progress.next { p { (due.title.get(lang)) " " (clock_badge(lang, due)) } }
                @if let Some(why) = &progress.waits { p { (why.get(lang)) } }
                @if progress.next.is_empty() && progress.waits.is_none() {
                    p { (lang.pick("承办单位正在办理，法律没有规定这一步的期限。", "The office is at work; the law sets no period for this step.")) }
                }
            }
        }
        section.card { h2 { (lang.pick("经过", "What happened")) } (ui::timeline(&moments)) }
        @for paper in &progress.papers { article.card {
            h2 { (paper.title.get(lang)) " " span.small.soft { (paper.at.china_date()) } }
            div.doc { (PreEscaped(paper.html.get(lang))) }
        } }
        @if !progress.remedies.is_empty() { section.card {
            h2 { (lang.pick("对结果有意见怎么办", "If you disagree")) }
            @for remedy in &progress.remedies {
                p { (remedy.title.get(lang)) }
                p.small.soft { @for (n, b) in remedy.basis.iter().enumerate() {
                    @if n > 0 { (lang.pick("；", "; ")) } "《" (b.document.trim_matches(['《', '》'])) "》" (b.clause)
                    @if b.status != base::clock::Status::Verified { (lang.pick("（条文待核）", " (wording unverified)")) }
                } }
            }
        } }
    }
}
