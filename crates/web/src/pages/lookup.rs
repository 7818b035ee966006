//! Things found by what people call them: operators, lots, products and colleagues. A field offers them while somebody types;
//! without script, what was typed is looked up when the form is sent and the reader chooses where it means several.

use super::absences::colleagues;
use crate::fault::{Answer, Fault};
use crate::layout::Viewer;
use crate::session::{Posted, SignedIn, context};
use crate::state::App;
use crate::ui::ListLinks;
use axum::extract::{Path, RawQuery, State};
use base::{Id, Lang, RegionCode, Regions, Text, Uscc};
use flow::{FieldError, FieldType, Form};
use maud::{Markup, html};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Most things offered at once.
const OFFERED: usize = 12;

/// A thing offered: what is stored when it is chosen (empty: its text), what stands in the field, what tells it from others.
pub(crate) struct Offered {
    value: String,
    text: String,
    detail: String,
}

impl Offered {
    fn label(&self) -> String {
        if self.detail.is_empty() { self.text.clone() } else { format!("{} · {}", self.text, self.detail) }
    }
}

fn operator(lang: Lang, o: &registry::Operator) -> Offered {
    let region = o.region.parse::<RegionCode>().map(|r| Regions::builtin().full_name(&r));
    let region = region.map(|r| r.get(lang).to_owned()).unwrap_or_default();
    Offered {
        value: o.id.to_string(),
        text: o.title().get(lang).to_owned(),
        detail: format!("{} {region}", o.code).trim().to_owned(),
    }
}

/// The operators a text may mean, by name.
async fn operators(app: &App, viewer: &Viewer, text: &str) -> Result<Vec<Offered>, registry::Error> {
    let query = registry::Query {
        text: text.to_owned(),
        sort: registry::Sort::Name,
        limit: u32::try_from(OFFERED).unwrap_or(12),
        ..registry::Query::default()
    };
    let page = registry::list_operators(&app.store, &app.access, &viewer.who, app.now(), &query).await?;
    Ok(page.rows.iter().map(|o| operator(viewer.lang(), o)).collect())
}

/// What a text may mean, among what the reader may see; nothing for less than two signs.
async fn find(app: &App, viewer: &Viewer, kind: &str, text: &str) -> Answer<Vec<Offered>> {
    let (now, who) = (app.now(), &viewer.who);
    if text.trim().chars().count() < 2 {
        return Ok(Vec::new());
    }
    let most = u32::try_from(OFFERED).unwrap_or(12);
    match kind {
        "operator" => Ok(operators(app, viewer, text).await?),
        "product" => {
            let found = registry::products_named(&app.store, &app.access, who, now, text, most).await?;
            let one = |p: registry::Product| Offered {
                value: String::new(),
                text: p.name,
                detail: p.gtin.map(|g| g.to_string()).unwrap_or_default(),
            };
            Ok(found.into_iter().map(one).collect())
        }
        "lot" => {
            let found = app.supply.lots_named(&context(app, viewer), who, text).await?;
            let one = |f: supply::Found| Offered { value: f.key, text: f.name, detail: f.detail };
            Ok(found.into_iter().take(OFFERED).map(one).collect())
        }
        "officer" => {
            let all = colleagues(app, viewer).await?.into_values().filter(|name| name.contains(text.trim()));
            let one = |text| Offered { value: String::new(), text, detail: String::new() };
            Ok(all.take(OFFERED).map(one).collect())
        }
        _ => Err(Fault::not_found(&Text::of("查找项", "lookup"))),
    }
}

/// `GET /lookup/{kind}?q=`: what a text may mean, as the options of a list. Right: own account; each kind is cut to what its
/// reader may see.
pub(crate) async fn offer(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(kind): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let links = ListLinks::read("/lookup", raw.as_deref(), "");
    let found = find(&app, &viewer, &kind, links.get("q").unwrap_or_default()).await?;
    Ok(html! { @for o in &found { li role="option" data-value=(o.value) data-text=(o.text) {
    (o.text) @if !o.detail.is_empty() { " " small.soft { (o.detail) } } } } })
}

/// An entry whose names were looked up.
pub(crate) struct Settled {
    /// As the engine takes it.
    pub(crate) entry: Json,
    /// As the form shows it again.
    pub(crate) again: Json,
    /// Names that mean nothing, or several things.
    pub(crate) faults: Vec<FieldError>,
}

impl Settled {
    /// An entry that names nothing to look up.
    pub(crate) fn plain(entry: Json) -> Self {
        Self { again: entry.clone(), entry, faults: Vec::new() }
    }
}

/// Looks up what was typed into the fields of an entry that name operators and lots.
pub(crate) async fn settle(
    app: &App,
    viewer: &Viewer,
    form: &Form,
    posted: &Posted,
    entry: Json,
) -> Answer<Settled> {
    let lang = viewer.lang();
    let mut out = Settled::plain(entry);
    for f in form.leaves() {
        let kind = match f.kind {
            FieldType::Operator => "operator",
            FieldType::Lot => "lot",
            _ => continue,
        };
        let Some(typed) = out.entry.get(&f.id).and_then(Json::as_str).map(|t| t.trim().to_owned()) else {
            continue;
        };
        let picked = picked(posted, &f.id, &typed);
        let known = match (f.kind, &picked) {
            (FieldType::Operator, Some(id)) => id.parse().ok(),
            (FieldType::Operator, None) => stated(app, &typed).await?,
            _ => None,
        };
        if let Some(id) = known {
            out.entry[&f.id] = json!(id);
            if let Some(found) = registry::operator(&app.store, id).await? {
                let one = operator(lang, &found);
                let typed = if picked.is_some() { typed } else { one.text.clone() };
                out.again[&f.id] = shown(&typed, &[one], &id.to_string());
            }
            continue;
        }
        if let Some(key) = picked {
            out.again[&f.id] = shown(
                &typed,
                &[Offered { value: key.clone(), text: typed.clone(), detail: String::new() }],
                &key,
            );
            out.entry[&f.id] = json!(key);
            continue;
        }
        // a code is told by the check of the form; the register may not know it yet
        if f.kind == FieldType::Operator && typed.parse::<Uscc>().is_ok() {
            continue;
        }
        let mut found = find(app, viewer, kind, &typed).await?;
        match (found.len(), f.kind) {
            (0, FieldType::Lot) => {}
            (1, _) => {
                out.again[&f.id] = shown(&typed, &found, &found[0].value);
                out.entry[&f.id] = json!(found[0].value);
            }
            (n, _) => {
                if f.kind == FieldType::Lot {
                    let detail = lang.pick("按所填内容", "as typed").to_owned();
                    found.push(Offered { value: typed.clone(), text: typed.clone(), detail });
                }
                out.faults.push(FieldError {
                    field: f.id.clone(),
                    title: f.title.clone(),
                    text: unclear(&typed, n),
                });
                out.again[&f.id] = shown(&typed, &found, "");
            }
        }
    }
    Ok(out)
}

fn unclear(typed: &str, found: usize) -> Text {
    if found == 0 {
        Text::new(
            format!("没有找到“{typed}”；可填名称中的一段、拼音首字母、统一社会信用代码或许可证编号。"),
            format!(
                "Nothing is called \"{typed}\"; give a part of the name, its pinyin initials, the social credit code or a licence number."
            ),
        )
    } else {
        Text::new(
            format!("“{typed}”可能指下列几项，请选择一项。"),
            format!("\"{typed}\" may mean these; choose one."),
        )
    }
}

/// What was chosen for the text as it stands; a choice made for another text does not count.
fn picked(posted: &Posted, field: &str, typed: &str) -> Option<String> {
    let pick = posted.get(&format!("{field}.pick"));
    (!pick.is_empty() && posted.get(&format!("{field}.for")) == typed).then(|| pick.to_owned())
}

/// A field's value with what it may mean, for showing it again.
fn shown(typed: &str, found: &[Offered], pick: &str) -> Json {
    let choices: Vec<Json> = found.iter().map(|o| json!({"value": o.value, "label": o.label()})).collect();
    json!({"typed": typed, "pick": pick, "choices": choices})
}

/// The operator whose number or social credit code is given in full.
async fn stated(app: &App, typed: &str) -> Result<Option<Id>, registry::Error> {
    if let Ok(id) = typed.parse::<Id>() {
        return Ok(Some(id));
    }
    match typed.parse::<Uscc>() {
        Ok(code) => Ok(registry::operator_by_uscc(&app.store, &code).await?.map(|o| o.id)),
        Err(_) => Ok(None),
    }
}

/// The one operator a field of a plain form means; a fault that names those it may mean when it is not clear.
pub(crate) async fn one_operator(
    app: &App,
    viewer: &Viewer,
    posted: &Posted,
    field: &'static str,
) -> Result<Id, registry::Error> {
    let typed = posted.get(field);
    if let Some(id) = picked(posted, field, typed).and_then(|p| p.parse().ok()) {
        return Ok(id);
    }
    if let Some(id) = stated(app, typed).await? {
        return Ok(id);
    }
    let found = operators(app, viewer, typed).await?;
    if let [one] = found.as_slice()
        && let Ok(id) = one.value.parse()
    {
        return Ok(id);
    }
    let names: Vec<String> = found.iter().map(Offered::label).collect();
    let said = unclear(typed, found.len());
    let text =
        Text::new(format!("{}{}", said.zh, names.join("；")), format!("{} {}", said.en, names.join("; ")));
    Err(registry::Error::Invalid { field, text })
}
