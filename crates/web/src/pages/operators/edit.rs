//! Entering and changing an operator, and adding what belongs to it.

use super::show::visible;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::{choices, lookup};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use maud::{Markup, html};
use registry::{
    Code, Error, NewLicence, NewOperator, NewPerson, NewProduct, NewSite, Operator, OperatorChange,
    OperatorKind, PersonRole, Status,
};
use std::sync::Arc;

/// A field of a form that was refused, or nothing yet.
struct Form<'a> {
    viewer: &'a Viewer,
    /// What was posted, when the form comes back.
    posted: Option<&'a Posted>,
    /// The field at fault and why.
    wrong: Option<(&'static str, Text)>,
}

impl<'a> Form<'a> {
    const fn fresh(viewer: &'a Viewer) -> Self {
        Self { viewer, posted: None, wrong: None }
    }

    fn field(&'a self, name: &'a str, zh: &'a str, en: &'a str, now: &'a str, required: bool) -> Field<'a> {
        Field {
            name,
            label: self.viewer.lang().pick(zh, en),
            value: self.posted.map_or(now, |p| p.get(name)),
            error: self.wrong.as_ref().filter(|w| w.0 == name).map(|w| w.1.get(self.viewer.lang())),
            required,
            ..Field::default()
        }
    }

    fn kinds(&self, now: &[OperatorKind]) -> Markup {
        let lang = self.viewer.lang();
        let chosen =
            |k: OperatorKind| self.posted.map_or_else(|| now.contains(&k), |p| read_kinds(p).contains(&k));
        html! { fieldset { legend.req { (lang.pick("经营类别", "Kinds")) }
            @if let Some((_, why)) = self.wrong.as_ref().filter(|w| w.0 == "kinds") { p.why { (why.get(lang)) } }
            @for k in OperatorKind::ALL { label.choice { input type="checkbox" name="kinds" value=(k.code()) checked[chosen(*k)]; (k.label().get(lang)) } }
        } }
    }

    fn head(&self) -> Markup {
        let lang = self.viewer.lang();
        html! { @if let Some((_, why)) = &self.wrong { (ui::message(Tone::Bad, &html! { p { (why.get(lang)) } })) } }
    }
}

fn read_kinds(posted: &Posted) -> Vec<OperatorKind> {
    let given = posted.fields.iter().filter(|(name, _)| name == "kinds");
    given.filter_map(|(_, code)| OperatorKind::read(code).ok()).collect()
}

/// `GET /desk/operators/new`
pub(crate) async fn show_new(SignedIn(viewer): SignedIn) -> Markup {
    new_page(&Form::fresh(&viewer))
}

fn new_page(form: &Form<'_>) -> Markup {
    let viewer = form.viewer;
    let lang = viewer.lang();
    let title = lang.pick("登记主体", "Enter an operator");
    let regions = choices::regions(lang, &viewer.who, &Text::of("请选择", "choose"));
    layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/operators", lang.pick("主体", "Operators")), ("", title)]))
            h1 { (title) }
            (form.head())
            form.card method="post" action="/desk/operators/new" {
                (layout::csrf(viewer))
                (ui::input(&Field { hint: lang.pick("统一社会信用代码 18 位；没有的自然人填身份证号（加密保存，只显示首尾）", "18-character social credit code; a natural person without one: identity number (stored sealed, shown masked)"), ..form.field("code", "代码", "Code", "", true) }))
                (ui::input(&form.field("name", "名称", "Name", "", true)))
                (ui::input(&form.field("name_en", "英文名称", "English name", "", false)))
                (ui::select(&form.field("region", "县区", "County", "", true), &regions))
                (form.kinds(&[]))
                button { (title) }
            }
        },
    )
}

/// `POST /desk/operators/new`
pub(crate) async fn create(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let done = match Code::read(posted.get("code")) {
        Ok(code) => {
            let new = NewOperator {
                code,
                name: posted.get("name").to_owned(),
                name_en: posted.get("name_en").to_owned(),
                kinds: read_kinds(&posted),
                region: posted.get("region").to_owned(),
            };
            registry::create_operator(&mut tx, &cx, &app.access, &viewer.who, new).await
        }
        Err(e) => Err(e),
    };
    match done {
        Ok(id) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("/desk/operators/{id}")).into_response())
        }
        Err(Error::Invalid { field, text }) => {
            let form = Form { viewer, posted: Some(&posted), wrong: Some((field, text)) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, new_page(&form)).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// `GET /desk/operators/{id}/edit`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let o = visible(&app, &viewer, &id).await?;
    app.access.check(&viewer.who, "act", &o.resource(), app.now())?;
    Ok(edit_page(&Form::fresh(&viewer), &o, "edit"))
}

fn edit_page(form: &Form<'_>, o: &Operator, open: &str) -> Markup {
    let viewer = form.viewer;
    let lang = viewer.lang();
    let blank = Form::fresh(viewer);
    // only the part that was refused keeps what was typed
    let of = |what: &str| if what == open { form } else { &blank };
    let title = format!("{} · {}", lang.pick("编辑", "Edit"), o.title().get(lang));
    let regions = choices::regions(lang, &viewer.who, &Text::of("请选择", "choose"));
    let statuses = choices::any(lang, &Text::of("—", "—"), Status::ALL.iter().map(|s| (s.code(), s.label())));
    let roles = choices::any(
        lang,
        &Text::of("请选择", "choose"),
        PersonRole::ALL.iter().map(|r| (r.code(), r.label())),
    );
    let part = |what: &str, zh: &str, en: &str, body: &Markup| {
        html! { details.card open[what == open] { summary { strong { (lang.pick(zh, en)) } }
            form method="post" action={ "/desk/operators/" (o.id) "/" (what) } { (layout::csrf(viewer)) input type="hidden" name="version" value=(o.version); (body) button { (lang.pick("保存", "Save")) } }
        } }
    };
    let (e, s, l, p, h) = (of("edit"), of("site"), of("licence"), of("product"), of("person"));
    let g = of("merge");
    let back = format!("/desk/operators/{}", o.id);
    layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/desk/operators", lang.pick("主体", "Operators")), (&back, o.title().get(lang)), ("", lang.pick("编辑", "Edit"))]))
            h1 { (title) }
            (form.head())
            (part("edit", "基本信息", "The operator", &html! {
                (ui::input(&e.field("name", "名称", "Name", &o.name, true)))
                (ui::input(&e.field("name_en", "英文名称", "English name", &o.name_en, false)))
                (ui::select(&e.field("region", "县区", "County", &o.region, true), &regions))
                (ui::select(&e.field("status", "状态", "State", o.status.code(), true), &statuses))
                (e.kinds(&o.kinds.list()))
            }))
            (part("site", "新增场所", "Add a site", &html! {
                (ui::input(&s.field("name", "场所名称", "Name", "", true)))
                (ui::input(&s.field("address", "地址", "Address", "", true)))
                (ui::select(&s.field("region", "县区", "County", &o.region, true), &regions))
                (ui::input(&s.field("gln", "全球位置码（GLN）", "Location number (GLN)", "", false)))
                (ui::input(&s.field("form", "业态", "Business form", "", false)))
            }))
            (part("licence", "新增许可证", "Add a licence", &html! {
                (ui::input(&Field { hint: lang.pick("SC、JY 或 YB 加 14 位，或地方登记证编号；校验位不符会保存并标注", "SC, JY or YB and 14 digits, or a local number; one that fails its check digit is kept and flagged"), ..l.field("number", "许可证编号", "Number", "", true) }))
                (ui::input(&l.field("class", "类别", "Class", "", false)))
                (ui::input(&Field { kind: "date", ..l.field("issued", "发证日期", "Issued", "", false) }))
                (ui::input(&Field { kind: "date", ..l.field("expires", "有效期至", "Until", "", false) }))
            }))
            (part("product", "新增产品", "Add a product", &html! {
                (ui::input(&p.field("name", "产品名称", "Name", "", true)))
                (ui::input(&p.field("category", "食品类别", "Food category", "", true)))
                (ui::input(&p.field("gtin", "商品条码（GTIN）", "Trade item number (GTIN)", "", false)))
            }))
            (part("person", "新增人员", "Add a person", &html! {
                p.hint { (lang.pick("姓名、证件号码、电话加密保存，列表中只显示部分。", "Name, identity number and phone are stored sealed and shown in part.")) }
                (ui::select(&h.field("role", "职务", "Role", "", true), &roles))
                (ui::input(&h.field("name", "姓名", "Name", "", true)))
                (ui::input(&h.field("number", "身份证号", "Identity number", "", false)))
                (ui::input(&h.field("phone", "电话", "Phone", "", false)))
                (ui::input(&Field { kind: "date", ..h.field("from", "任职起始", "From", "", true) }))
            }))
            (part("merge", "合并重复主体", "Merge a duplicate", &html! {
                p.hint { (lang.pick("另一主体的场所、许可证、产品、人员、信用档案并入本主体，另一主体置为停业并指向本主体；可以撤销。须有审批权限。", "Sites, licences, products, people and credit file of the other record go over to this one; the other is closed and points here. It can be undone. Needs the right to decide.")) }
                (crate::forms::lookup(lang, &g.field("other", "重复主体（名称、代码或许可证编号）", "The duplicate (name, code or licence number)", "", true), "operator", None))
                (ui::input(&g.field("reason", "理由", "Reason", "", true)))
            }))
        },
    )
}

/// `POST /desk/operators/{id}/edit`
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    apply(&app, &posted, &id, "edit").await
}

/// `POST /desk/operators/{id}/{what}`: something that belongs to it.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Path((id, what)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    apply(&app, &posted, &id, &what).await
}

async fn apply(app: &App, posted: &Posted, id: &str, what: &str) -> Answer {
    let viewer = &posted.viewer;
    let o = visible(app, viewer, id).await?;
    match write(app, posted, (o.id, &o.region), what).await {
        Ok(()) => Ok(Redirect::to(&format!("/desk/operators/{}", o.id)).into_response()),
        Err(Unwritten::Form(Error::Invalid { field, text })) => {
            let form = Form { viewer, posted: Some(posted), wrong: Some((field, text)) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, edit_page(&form, &o, what)).into_response())
        }
        Err(Unwritten::Form(e)) => Err(Fault::from(e)),
        Err(Unwritten::Work(e)) => Err(Fault::from(e)),
    }
}

/// Why nothing was written: by the register, or by the matters that follow it.
enum Unwritten {
    Form(Error),
    Work(flow::Error),
}

impl<E: Into<Error>> From<E> for Unwritten {
    fn from(e: E) -> Self {
        Self::Form(e.into())
    }
}

/// An optional field read by its type; empty is absent.
fn optional<T: std::str::FromStr>(
    posted: &Posted,
    field: &'static str,
    say: impl Fn(T::Err) -> Text,
) -> Result<Option<T>, Error> {
    match posted.get(field) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|e| Error::Invalid { field, text: say(e) }),
    }
}

fn day(posted: &Posted, field: &'static str) -> Result<Option<base::Date>, Error> {
    choices::date(posted.get(field)).map_err(|text| Error::Invalid { field, text })
}

async fn write(app: &App, posted: &Posted, (id, region): (Id, &str), what: &str) -> Result<(), Unwritten> {
    let viewer = &posted.viewer;
    let (cx, who, access) = (context(app, viewer), &viewer.who, &app.access);
    let text = |name: &str| posted.get(name).to_owned();
    let mut tx = app.store.begin().await?;
    match what {
        "edit" => {
            let change = OperatorChange {
                name: text("name"),
                name_en: text("name_en"),
                kinds: read_kinds(posted),
                region: text("region"),
                status: Status::read(posted.get("status"))?,
            };
            let version = posted.get("version").parse().unwrap_or(0);
            registry::update_operator(&mut tx, &cx, access, who, id, version, change).await?;
        }
        "site" => {
            let new = NewSite {
                operator: id.into(),
                gln: optional(posted, "gln", |e: base::gs1::KeyError| e.text())?,
                name: text("name"),
                address: text("address"),
                region: text("region"),
                position: None,
                form: text("form"),
            };
            registry::create_site(&mut tx, &cx, access, who, new).await?;
        }
        "licence" => {
            let new = NewLicence {
                operator: id.into(),
                site: None,
                number: text("number"),
                class: text("class"),
                issued: day(posted, "issued")?,
                expires: day(posted, "expires")?,
            };
            registry::create_licence(&mut tx, &cx, access, who, new).await?;
        }
        "product" => {
            let new = NewProduct {
                operator: id.into(),
                gtin: optional(posted, "gtin", |e: base::gs1::KeyError| e.text())?,
                name: text("name"),
                category: text("category"),
            };
            registry::create_product(&mut tx, &cx, access, who, new).await?;
        }
        "person" => {
            let from = day(posted, "from")?.unwrap_or_else(|| cx.now.china_date());
            let new = NewPerson {
                operator: id,
                role: PersonRole::read(posted.get("role"))?,
                name: text("name"),
                number: optional(posted, "number", |e: base::person_id::PersonIdError| e.text())?,
                phone: Some(text("phone")).filter(|t| !t.is_empty()),
                from,
            };
            registry::create_person(&mut tx, &cx, access, who, new).await?;
        }
        "merge" => {
            let other = lookup::one_operator(app, viewer, posted, "other").await?;
            let reason = posted.get("reason");
            let merge = registry::merge_operators(&mut tx, &cx, access, who, (id, other), reason).await?;
            flow::follow_merge(&mut tx, &cx, access, who, region, merge, (id, other))
                .await
                .map_err(Unwritten::Work)?;
        }
        "unmerge" => {
            let merge = posted.get("merge").parse().unwrap_or(Id(0));
            let of = registry::merges_of(&app.store, id).await?.into_iter().find(|m| m.id == merge);
            let none =
                || Error::NotFound(Text::of("没有这次合并", "there is no such merge of this operator"));
            let of = of.ok_or_else(none)?;
            registry::undo_merge(&mut tx, &cx, access, who, merge).await?;
            let both = (of.kept, of.dropped);
            flow::undo_follow_merge(&mut tx, &cx, access, who, region, merge, both)
                .await
                .map_err(Unwritten::Work)?;
        }
        _ => return Err(Error::NotFound(Text::of("没有这个操作", "there is no such action")).into()),
    }
    tx.commit().await?;
    Ok(())
}
