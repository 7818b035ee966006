//! The form of a question, the empty workbench with its guide, and the choice where what was typed is not clear.

use super::head;
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::state::App;
use crate::ui::{self, ListLinks, Tone};
use base::{Lang, Text};
use lab::NonconformityFilter;
use maud::{Markup, html};
use supply::{CaseLine, Choice, FoundKind, Need, Question};

/// Failed samples offered as cases.
const FAILURES: u32 = 12;

/// Whether anything the question is about was given.
pub(super) fn begun(question: Question, links: &ListLinks) -> bool {
    let given = |name: &str| links.get(name).is_some();
    match question.needs() {
        Need::Lots => given("lot"),
        Need::LotsAndTo => given("lot") && given("to"),
        Need::Cases => given("case"),
        Need::FirmOrRegion => given("operator") || given("place") || given("region"),
        Need::Firm => given("operator"),
        Need::LotsOrFirm => given("lot") || given("operator"),
    }
}

/// All values of a parameter, one a line.
pub(super) fn lines(links: &ListLinks, name: &str) -> String {
    links.query.iter().filter(|(k, _)| k == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>().join("\n")
}

fn plain(lang: Lang, links: &ListLinks, name: &'static str, label: &Text, kind: &'static str) -> Markup {
    let value = lines(links, name);
    ui::input(&ui::Field { name, label: label.get(lang), value: &value, kind, ..Default::default() })
}

fn field(
    lang: Lang,
    links: &ListLinks,
    name: &'static str,
    label: &Text,
    hint: &Text,
    kind: &'static str,
) -> Markup {
    let value = lines(links, name);
    ui::input(&ui::Field {
        name,
        label: label.get(lang),
        hint: hint.get(lang),
        value: &value,
        kind,
        ..Default::default()
    })
}

/// The fields a question takes.
fn fields(viewer: &Viewer, question: Question, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    let lots = Text::of("批次（可多个，一行一个）", "Lots (several, one a line)");
    let lots_hint = Text::of(
        "扫码内容、GS1 链接、“条码 批号”、批号或产品名都可以",
        "a scanned code, a GS1 link, 'GTIN lot', a lot number or a product name",
    );
    let firm = Text::of("单位（名称、统一社会信用代码）", "Firm (name or unified social credit code)");
    let place = Text::of("场所（GLN 或名称，可不填）", "Place (GLN or name, optional)");
    let need = question.needs();
    html! {
        @if matches!(need, Need::Lots | Need::LotsAndTo | Need::LotsOrFirm) { (field(lang, links, "lot", &lots, &lots_hint, "textarea")) }
        @if need == Need::LotsAndTo { (plain(lang, links, "to", &Text::of("到（批次或场所）", "To (lot or place)"), "text")) }
        @if need == Need::Cases { (field(lang, links, "case",
            &Text::of("病例，一行一个：批次 | 场所 | 日期 | 权重 | 名称", "Cases, one a line: lot | place | date | weight | name"),
            &Text::of("可直接粘贴电子表格的列或 CSV。不知批次时留空，取该场所当时的批次；查过没有问题的写负权重，如 -1", "columns of a spreadsheet or CSV can be pasted. Leave the lot empty when unknown: the lots at the place then; a negative weight such as -1 where nothing was found"), "textarea")) }
        @if matches!(need, Need::FirmOrRegion | Need::Firm | Need::LotsOrFirm) { (plain(lang, links, "operator", &firm, "text")) }
        @if need == Need::FirmOrRegion {
            (ui::select(&ui::Field { name: "region", label: lang.pick("或整个地区", "or a whole region"), value: links.get("region").unwrap_or_default(), ..Default::default() },
                &crate::pages::choices::regions(lang, &viewer.who, &Text::of("不按地区", "not by region"))))
        }
        @if question == Question::Gaps {
            (ui::select(&ui::Field { name: "kind", label: lang.pick("缺口种类", "Kind of gap"), value: links.get("kind").unwrap_or_default(), ..Default::default() },
                &crate::pages::choices::any(lang, &crate::pages::choices::ALL, supply::gap_kinds())))
        }
        @if matches!(need, Need::Lots | Need::FirmOrRegion) && question != Question::Changes { (plain(lang, links, "place", &place, "text")) }
        @if question == Question::Changes { (plain(lang, links, "since", &Text::of("自（日期、时间，或记录位置）", "Since (date, time or position)"), "text")) }
        @if !matches!(need, Need::Cases) && question != Question::Spread && question != Question::Changes && question != Question::Mixing {
            (plain(lang, links, "from", &Text::of("时间自", "From"), "date"))
            (plain(lang, links, "until", &Text::of("至", "Until"), "date"))
        }
        @if question == Question::Balance {
            (plain(lang, links, "yield", &Text::of("得率：原料条码>产品条码=0.75", "Yield: GTIN used>GTIN made=0.75"), "text"))
            (plain(lang, links, "tolerance", &Text::of("容差 %", "Tolerance %"), "text"))
        }
        @if matches!(question, Question::Scope | Question::Spread) {
            label.choice { input type="checkbox" name="siblings" value="1" checked[links.get("siblings") == Some("1")]; (lang.pick("包括同次加工的其他产出", "also the other outputs of its transformations")) }
        }
    }
}

fn form(viewer: &Viewer, question: Question, links: &ListLinks, extra: &Markup) -> Markup {
    let lang = viewer.lang();
    html! { form.ask method="get" action={ "/trace/" (question.key()) } {
        (fields(viewer, question, links))
        (extra)
        @for name in ["nodes", "depth", "at", "about"] { @if let Some(value) = links.get(name) { input type="hidden" name=(name) value=(value); } }
        p { button { (lang.pick("查询", "Ask")) " " (question.title().get(lang)) } }
    } }
}

/// The form above an answer, folded.
pub(super) fn again(viewer: &Viewer, question: Question, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    html! { details { summary { (lang.pick("更改查询", "Change the question")) } (form(viewer, question, links, &html! {})) } }
}

/// Failed samples to be ticked as cases.
async fn failures(app: &App, viewer: &Viewer) -> Answer<Markup> {
    let lang = viewer.lang();
    let filter = NonconformityFilter { limit: FAILURES, ..NonconformityFilter::default() };
    let page = app.lab.nonconformities(&app.store, &viewer.who, app.now(), &filter).await?;
    let known: Vec<_> = page.rows.iter().filter(|n| n.item.is_some()).collect();
    Ok(
        html! { @if !known.is_empty() { fieldset { legend { (lang.pick("或勾选不合格样品作为病例", "or tick failed samples as cases")) }
            @for n in known { label.choice { input type="checkbox" name="nc" value=(n.id); (n.product_name) " " (n.lot_no.as_deref().unwrap_or_default()) " · " (n.place_name) " · " (n.created.china_date()) } }
        } } },
    )
}

/// A question that lacks something, with what is wrong.
pub(super) async fn page(
    app: &App,
    viewer: &Viewer,
    question: Question,
    links: &ListLinks,
    wrong: Option<&supply::Error>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let extra = if question == Question::Source {
        failures(app, viewer).await?
    } else {
        html! {}
    };
    let field = match wrong {
        Some(supply::Error::Wrong { field, .. }) => crate::words::of_field(field),
        _ => None,
    };
    Ok(layout::page(
        viewer,
        question.title().get(lang),
        &html! {
            (head(viewer, Some(question), links))
            (super::cases::bar(viewer, links, question, false))
            p { (question.hint().get(lang)) (lang.pick("。", ".")) }
            @if let Some(e) = wrong { (ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) }
                @if let Some(field) = field { p.small { (lang.pick("栏目：", "Field: ")) (field.get(lang)) } } })) }
            (form(viewer, question, links, &extra))
        },
    ))
}

/// What was typed has several meanings, or none.
pub(super) async fn choose(
    app: &App,
    viewer: &Viewer,
    question: Question,
    links: &ListLinks,
    choices: &[Choice],
) -> Answer<Markup> {
    let lang = viewer.lang();
    let with = |c: &Choice, key: &str| {
        let mut links = links.clone();
        for (name, value) in &mut links.query {
            if name == c.field {
                *value = value.replacen(&c.typed, key, 1);
            }
        }
        links.with(&[("after", "")])
    };
    let extra = if question == Question::Source {
        failures(app, viewer).await?
    } else {
        html! {}
    };
    Ok(layout::page(
        viewer,
        question.title().get(lang),
        &html! {
            (head(viewer, Some(question), links))
            (super::cases::bar(viewer, links, question, false))
            @for c in choices {
                @if c.candidates.is_empty() { (ui::message(Tone::Warn, &html! {
                    p { strong { (c.typed) } " — " (lang.pick("没有找到，或您无权查看。", "nothing found, or you may not see it.")) }
                    p { (lang.pick("请核对编码；也可只输入批号，或产品名的一部分；场所和单位须写登记全名、统一社会信用代码或 GLN。", "Check the code; a lot number alone or part of the product name will do; places and firms need the registered name, credit code or GLN.")) }
                })) }
                @else { section { h2 { (lang.pick("请选择：", "Choose: ")) (c.typed) }
                    ul.choices { @for f in &c.candidates { li {
                        a href=(with(c, &f.key)) { (f.name) } " " span.soft { (f.detail) } " " @if f.kind != FoundKind::Firm { code.small.break { (f.key) } }
                    } } } } }
            }
            (form(viewer, question, links, &extra))
        },
    ))
}

/// The workbench before anything was asked: every question in words, and how an incident is worked.
pub(super) async fn empty(app: &App, viewer: &Viewer) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks { path: "/trace".to_owned(), ..ListLinks::default() };
    let filter = NonconformityFilter { limit: 1, ..NonconformityFilter::default() };
    // who may not see failed samples works with what they type
    let latest = match app.lab.nonconformities(&app.store, &viewer.who, app.now(), &filter).await {
        Ok(page) => page.rows.into_iter().find(|n| n.item.is_some()),
        Err(lab::Error::Denied(_)) => None,
        Err(e) => return Err(e.into()),
    };
    let options: Vec<(String, String)> = Question::ALL
        .iter()
        .filter(|q| matches!(q.needs(), Need::Lots))
        .map(|q| (q.key().to_owned(), format!("{}：{}", q.title().get(lang), q.hint().get(lang))))
        .collect();
    let hint = lang.pick(
        "扫码内容、GS1 链接、“条码 批号”、SSCC、批号或产品名；可粘贴多行",
        "a scanned code, a GS1 link, 'GTIN lot', SSCC, lot number or product name; several lines may be pasted",
    );
    Ok(layout::page(
        viewer,
        lang.pick("追溯工作台", "Trace workbench"),
        &html! {
            (head(viewer, None, &links))
            form.ask method="get" action="/trace" {
                (ui::input(&ui::Field { name: "lot", label: lang.pick("批次", "Lots"), hint, kind: "textarea", required: true, ..Default::default() }))
                (ui::select(&ui::Field { name: "ask", label: lang.pick("问什么", "Question"), value: "scope", ..Default::default() }, &options))
                p { button { (lang.pick("追溯", "Trace")) } }
            }
            @if let Some(n) = &latest { @if let Some(item) = &n.item {
                @let case = CaseLine { lot: item.clone(), place: n.place.clone().unwrap_or_default(), name: n.form_no.clone(), ..CaseLine::default() };
                section.card { h2 { (lang.pick("最近的不合格", "The latest failure")) }
                    p { (n.product_name) " " (n.lot_no.as_deref().unwrap_or_default()) " · " (n.place_name) }
                    p { a #latest-scope href=(super::lot_address(Question::Scope, item)) { (lang.pick("它的召回范围", "its recall scope")) } " · "
                        a href=(super::lot_address(Question::Origins, item)) { (lang.pick("它的来源", "its origins")) } " · "
                        a href={ "/trace/source?case=" (ui::encode(&case.line())) } { (lang.pick("作为病例", "as a case")) } }
                }
            } }
            section { h2 { (lang.pick("一起事件怎么查", "How an incident is worked")) }
                ol.guide { @for step in GUIDE { li { (step.get(lang)) } } }
            }
            section { h2 { (lang.pick("能问的问题", "What can be asked")) }
                dl.facts { @for q in Question::ALL { dt { a href={ "/trace/" (q.key()) } { (q.title().get(lang)) } } dd { (q.hint().get(lang)) } } }
            }
        },
    ))
}

/// The walk from a failed sample to the source and the shelves.
const GUIDE: [Text; 6] = [
    Text::of(
        "从不合格样品（或病人吃的东西）的批次开始：扫码、粘贴，或输入产品名后选择。",
        "Begin with the lot of the failed sample (or of what the ill ate): scan it, paste it, or type the product's name and choose.",
    ),
    Text::of(
        "先看“来源”：它由哪些批次做成。几个样品都不合格时，看“共同来源”：名次第一的场所最可能是源头，理由写在同一行。",
        "Look at Origins first: which lots it was made of. With several failures look at Common source: the first place is the most likely source, with the reason in its row.",
    ),
    Text::of(
        "“共同来源”的说明告诉你怎样区分前两名、下一步先调谁的记录；补到病例后在同一页加一行再查。",
        "The notes of Common source say what would separate the first two and whose records to fetch next; add a line when another case comes and ask again.",
    ),
    Text::of(
        "对源头批次看“召回范围”：可能仍有存货的场所、数量、所在县区；点地图上的县只看该县，导出给县里。",
        "For the source lot look at Recall scope: places that may still hold some, quantities, counties; click a county on the map to see it alone, and export it for the county.",
    ),
    Text::of(
        "“记录缺口”列出该向谁补要记录；“两点之间”给出每一步的证据事件，供案卷使用。",
        "Gaps lists whom to ask for missing records; Path gives the events that prove each step, for the file.",
    ),
    Text::of(
        "收藏答案的地址：“新增”只列上次之后的往来；“记录清单”把全部关键追溯事件导成一张可排序的表。",
        "Keep the address of an answer: What is new lists what came since; Record sheet exports every tracking event as one sortable table.",
    ),
];
