//! A sampling form entered by an officer: the place is looked up first by name, code or location number.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::department::Department;
use base::{Date, Lang, Text};
use lab::{Error, NewSample, SampleKind};
use limits::{Fact, Facts};
use maud::{Markup, html};
use registry::OperatorKind;
use std::sync::Arc;

/// Facts a form asks for by name; the rest stands in brackets behind the food.
const FACTS: [(Fact, &str); 3] =
    [(Fact::DryingRatio, "drying_ratio"), (Fact::Moisture, "moisture"), (Fact::Fat, "fat")];

/// The laboratories to choose from, with an open choice.
pub(super) async fn laboratories(app: &App, lang: Lang) -> Answer<Vec<(String, String)>> {
    let found = registry::operators_of_kind(&app.store, OperatorKind::Laboratory).await?;
    let mut out = vec![(String::new(), lang.pick("暂不指定", "not assigned yet").to_owned())];
    out.extend(found.into_iter().map(|o| {
        let name = if o.name_en.is_empty() { &o.name } else { lang.pick(&o.name, &o.name_en) };
        (o.id.to_string(), name.to_owned())
    }));
    Ok(out)
}

/// A place that fits what was typed.
#[derive(Debug)]
struct Candidate {
    /// `place|uscc|region|name`, as the form posts it back.
    value: String,
    label: String,
}

/// Places and operators the viewer may see that fit a name, code or location number.
async fn candidates(app: &App, viewer: &Viewer, text: &str) -> Answer<Vec<Candidate>> {
    let lang = viewer.lang();
    let mut out = Vec::new();
    let query = registry::Query { text: text.to_owned(), limit: 20, ..registry::Query::default() };
    let sites = registry::list_sites(&app.store, &app.access, &viewer.who, app.now(), &query).await?.rows;
    let mut sites = sites;
    if sites.is_empty() {
        let found = registry::sites_by_gln(&app.store, &[text.trim()]).await?;
        sites.extend(found.into_values());
    }
    for s in sites {
        let place = s.gln.as_deref().map(|g| format!("https://id.gs1.org/414/{g}")).unwrap_or_default();
        out.push(Candidate {
            value: format!("{place}||{}|{}", s.region, s.name),
            label: format!("{} · {} · {}", s.name, region_name(lang, &s.region), s.address),
        });
    }
    let operators =
        registry::list_operators(&app.store, &app.access, &viewer.who, app.now(), &query).await?.rows;
    for o in operators {
        let uscc = if o.natural { "" } else { o.code.as_str() };
        out.push(Candidate {
            value: format!("|{uscc}|{}|{}", o.region, o.name),
            label: format!("{} · {} · {}", o.name, o.code, region_name(lang, &o.region)),
        });
    }
    Ok(out)
}

/// `GET /desk/samples/new`
pub(crate) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let today = app.now().china_date().to_string();
    let fields = vec![("sampled".to_owned(), today), ("prepackaged".to_owned(), "1".to_owned())];
    let posted = Posted { viewer, fields, files: Vec::new() };
    page(&app, &posted, &[], None).await
}

async fn page(app: &App, posted: &Posted, found: &[Candidate], error: Option<&Error>) -> Answer<Markup> {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let title = lang.pick("登记样品", "Register a sample");
    let why = |name: &str| match error {
        Some(Error::Invalid(problems)) => {
            problems.iter().find(|p| p.field == name).map(|p| p.message.get(lang))
        }
        _ => None,
    };
    let field =
        |name: &'static str, zh: &'static str, en: &'static str, kind: &'static str, required: bool| Field {
            name,
            label: lang.pick(zh, en),
            value: posted.get(name),
            error: why(name),
            required,
            kind,
            ..Field::default()
        };
    let kinds: Vec<(String, String)> =
        SampleKind::ALL.iter().map(|k| (k.word().to_owned(), k.label().get(lang).to_owned())).collect();
    let agencies: Vec<(String, String)> =
        Department::ALL.iter().map(|d| (d.code().to_owned(), d.name().get(lang).to_owned())).collect();
    let laboratories = laboratories(app, lang).await?;
    let regions = choices::regions(lang, &viewer.who, &Text::of("按被抽样场所", "as the place"));
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/samples", lang.pick("抽检样品", "Samples")), ("", title)]))
            h1 { (title) }
            @if let Some(e) = error { (ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) }
                @if let Error::Invalid(problems) = e { ul { @for p in problems { li { (p.label.get(lang)) "：" (p.message.get(lang)) } } } } })) }
            form method="post" action="/desk/samples/new" {
                (layout::csrf(viewer))
                fieldset { legend { (lang.pick("抽样单", "Form")) }
                    (ui::input(&field("form_no", "抽样单编号", "Form number", "", true)))
                    (ui::select(&field("kind", "抽检类别", "Kind", "", true), &kinds))
                    (ui::select(&field("agency", "任务来源", "Ordered by", "", true), &agencies))
                    (ui::select(&field("laboratory", "承检机构", "Laboratory", "", false), &laboratories))
                }
                fieldset { legend { (lang.pick("被抽样场所", "Place sampled")) }
                    (ui::input(&Field { hint: lang.pick("输入名称、拼音首字母、统一社会信用代码或全球位置码后查找；查不到可直接按名称登记", "A name, pinyin initials, social credit code or location number; what is not found is registered by its name"), ..field("place_name", "名称或编码", "Name or code", "", true) }))
                    button.plain name="do" value="look" formnovalidate { (lang.pick("查找", "Look up")) }
                    @if !found.is_empty() {
                        @for (i, c) in found.iter().enumerate() { label.choice {
                            input type="radio" name="chosen" value=(c.value) checked[posted.get("chosen") == c.value || i == 0]; (c.label) } }
                        label.choice { input type="radio" name="chosen" value=""; (lang.pick("都不是，按所填名称登记", "none of these: by the name as typed")) }
                    } @else if posted.get("do") == "look" {
                        p.soft { (lang.pick("没有找到，将按所填名称登记；请在下面选择县区。", "Nothing found: it is registered by the name; choose the county below.")) }
                    }
                    (ui::select(&field("region", "县区", "County", "", false), &regions))
                }
                fieldset { legend { (lang.pick("食品", "Food")) }
                    (ui::input(&Field { hint: lang.pick("按此名称归类判定，可在括号中注明事实，如 干香菇(鲜干比10:1)", "Classified by this name; facts may stand in brackets: 干香菇(鲜干比10:1)"), ..field("food", "判定名称", "Judged as", "", true) }))
                    (ui::input(&field("product_name", "标签名称", "Name on the label", "", false)))
                    (ui::input(&Field { hint: lang.pick("8–14 位数字", "8–14 digits"), ..field("gtin", "商品条码", "GTIN", "", false) }))
                    (ui::input(&field("lot_no", "批号", "Lot number", "", false)))
                    (ui::input(&field("producer_name", "标称生产者", "Producer as labelled", "", false)))
                    (ui::input(&field("producer_uscc", "生产者信用代码", "Producer's social credit code", "", false)))
                    label.choice { input type="checkbox" name="prepackaged" value="1" checked[posted.get("prepackaged") == "1"]; (lang.pick("预包装食品（按生产日期适用标准版本）", "Prepackaged (the production date selects the edition)")) }
                    (ui::input(&field("produced", "生产日期", "Produced", "date", false)))
                    (ui::input(&field("drying_ratio", "鲜干比", "Fresh to dried ratio", "decimal", false)))
                    (ui::input(&field("moisture", "水分（%）", "Moisture (%)", "decimal", false)))
                    (ui::input(&field("fat", "脂肪（%）", "Fat (%)", "decimal", false)))
                }
                fieldset { legend { (lang.pick("抽样", "Sampling")) }
                    (ui::select(&field("class", "食品大类", "Food class", "", false), &crate::pages::sampling::classes(lang)))
                    (ui::select(&field("stage", "抽样环节", "Stage", "", false), &choices::any(lang, &choices::ALL, lab::Stage::ALL.iter().map(|s| (s.word(), s.label())))))
                    (ui::select(&field("budget", "经费来源", "Budget", "", false), &choices::any(lang, &choices::ALL, lab::Budget::ALL.iter().map(|s| (s.word(), s.label())))))
                    (ui::input(&field("sampled", "抽样日期", "Sampled", "date", true)))
                    (ui::input(&field("base_qty", "抽样基数（含单位）", "Quantity there, with unit", "", false)))
                }
                button name="do" value="save" { (title) }
            }
        },
    ))
}

/// The form as a sample; a field that cannot be read stays empty and is named by the check, but a day is not guessed.
fn sample(posted: &Posted, today: Date) -> Result<NewSample, Error> {
    let some = |name: &str| Some(posted.get(name).to_owned()).filter(|t| !t.is_empty());
    let mut facts = Facts::default();
    for (fact, name) in FACTS {
        if let Some(value) = some(name) {
            facts.learn(fact, value);
        }
    }
    let mut new = NewSample {
        form_no: posted.get("form_no").to_owned(),
        kind: SampleKind::read(posted.get("kind")).unwrap_or(SampleKind::Supervision),
        food: posted.get("food").to_owned(),
        product_name: posted.get("product_name").to_owned(),
        gtin: some("gtin"),
        lot_no: some("lot_no"),
        item: None,
        place: None,
        place_name: posted.get("place_name").to_owned(),
        uscc: None,
        producer_name: posted.get("producer_name").to_owned(),
        producer_uscc: some("producer_uscc"),
        produced: super::day(posted, "produced", Text::of("生产日期", "Produced"))?,
        sampled: super::day(posted, "sampled", Text::of("抽样日期", "Sampled"))?.unwrap_or(today),
        received: None,
        arrival: None,
        prepackaged: posted.get("prepackaged") == "1",
        base_qty: some("base_qty"),
        region: some("region"),
        agency: posted.get("agency").to_owned(),
        laboratory: posted.get("laboratory").parse().ok(),
        facts,
        placing: lab::Placing {
            task: None,
            class: some("class"),
            stage: lab::Stage::read(posted.get("stage")),
            budget: lab::Budget::read(posted.get("budget")),
        },
    };
    let parts: Vec<&str> = posted.get("chosen").splitn(4, '|').collect();
    if let [place, uscc, region, name] = parts[..] {
        new.place = Some(place.to_owned()).filter(|t| !t.is_empty());
        new.uscc = Some(uscc.to_owned()).filter(|t| !t.is_empty());
        new.region = Some(region.to_owned()).filter(|t| !t.is_empty()).or(new.region);
        name.clone_into(&mut new.place_name);
    }
    Ok(new)
}

/// `POST /desk/samples/new`: look up, or register.
pub(crate) async fn post(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    if posted.get("do") == "look" {
        let found = candidates(&app, viewer, posted.get("place_name")).await?;
        return Ok(page(&app, &posted, &found, None).await?.into_response());
    }
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let done = match sample(&posted, cx.now.china_date()) {
        Ok(new) => app.lab.register_sample(&mut tx, &cx, &viewer.who, new).await,
        Err(e) => Err(e),
    };
    match done {
        Ok(sample) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("/desk/samples/{}", sample.id)).into_response())
        }
        Err(e @ Error::Invalid(_)) => {
            tx.rollback().await?;
            let found = candidates(&app, viewer, posted.get("place_name")).await?;
            let shown = page(&app, &posted, &found, Some(&e)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e) => Err(Fault::from(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Prefs;
    use access::Principal;

    #[test]
    fn the_place_chosen_from_the_register_outweighs_what_was_typed() {
        let viewer = Viewer {
            prefs: Prefs::default(),
            who: Principal::anonymous(),
            csrf: String::new(),
            here: "/".into(),
        };
        let fields = [
            ("place_name", "lzmx"),
            ("chosen", "https://id.gs1.org/414/6990000000019||620102|虚构超市"),
            ("sampled", "2026-09-10"),
            ("moisture", "12.5"),
        ];
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut posted = Posted { viewer, fields, files: Vec::new() };
        let today = Date::constant(2026, 11, 21);
        let new = sample(&posted, today).unwrap();
        assert_eq!(new.place.as_deref(), Some("https://id.gs1.org/414/6990000000019"));
        assert_eq!((new.place_name.as_str(), new.region.as_deref()), ("虚构超市", Some("620102")));
        assert_eq!(new.sampled, Date::constant(2026, 9, 10));
        assert_eq!(new.facts.get(Fact::Moisture), Some("12.5"));
        assert_eq!(new.uscc, None);
        posted.fields.push(("produced".to_owned(), "上周".to_owned()));
        let refused = sample(&posted, today).unwrap_err();
        let Error::Invalid(problems) = refused else { panic!("{refused}") };
        assert_eq!((problems.len(), problems[0].field.as_str()), (1, "produced"));
    }
}
