//! Who brings a complaint, a report or a filing: the same fields on the citizen's form and at the counter, kept sealed and apart from
//! what was said (`registry::keep_reporter`), and the receipt with number and code.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::Posted;
use crate::state::App;
use crate::ui::{self, Field, Tone};
use base::{Id, Lang, Text};
use flow::{FieldError, Procedure};
use ledger::{Context, Permit};
use maud::{Markup, html};
use registry::{Identity, NewReporter};

/// Digits of the code on a receipt.
const CODE_DIGITS: usize = 10;

/// Whether who brings it is kept under two persons' guard: who reports a breach, not who has a dispute.
pub(crate) fn guarded(p: &Procedure) -> bool {
    p.definition.subject == "report"
}

/// Who brings it, as typed.
#[derive(Debug, Default)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) number: String,
    pub(crate) address: String,
}

impl Who {
    /// The fields `who_…` of a posted form.
    pub(crate) fn read(posted: &Posted) -> Self {
        let text = |name: &str| posted.get(name).chars().take(200).collect::<String>();
        Self {
            name: text("who_name"),
            phone: text("who_phone"),
            number: text("who_number"),
            address: text("who_address"),
        }
    }

    /// Whether nobody is named.
    pub(crate) fn is_empty(&self) -> bool {
        [&self.name, &self.phone, &self.number, &self.address].iter().all(|t| t.is_empty())
    }

    /// The fields to fill in; name and telephone are marked when they are `needed`.
    pub(crate) fn fields(&self, lang: Lang, faults: &[FieldError], needed: bool) -> Markup {
        let input = |name: &'static str, label: &Text, value: &str, hint, autocomplete, required| {
            let error = faults.iter().find(|f| f.field == name).map(|f| f.text.get(lang));
            let label = label.get(lang);
            let autocomplete = Some(autocomplete);
            ui::input(&Field { name, label, value, hint, autocomplete, required, error, ..Field::default() })
        };
        let optional = lang.pick("可以不填", "may be left empty");
        html! {
            (input("who_name", &Self::NAME, &self.name, "", "name", needed))
            (input("who_phone", &Self::PHONE, &self.phone, "", "tel", needed))
            (input("who_number", &Self::NUMBER, &self.number, optional, "off", false))
            (input("who_address", &Text::of("地址", "Address"), &self.address, optional, "street-address", false))
        }
    }

    const NAME: Text = Text::of("姓名", "Name");
    const PHONE: Text = Text::of("电话", "Telephone");
    const NUMBER: Text = Text::of("身份证件号码", "Identity number");

    /// What is missing when it is `needed`, and what cannot be right.
    pub(crate) fn faults(&self, needed: bool) -> Vec<FieldError> {
        let fault =
            |field: &str, title: Text, text: Text| FieldError { field: field.to_owned(), title, text };
        let mut faults = Vec::new();
        if needed && self.name.is_empty() {
            faults.push(fault("who_name", Self::NAME, Text::of("请填写", "fill this in")));
        }
        if needed && self.phone.is_empty() {
            faults.push(fault("who_phone", Self::PHONE, Text::of("请填写", "fill this in")));
        } else if !self.phone.is_empty() && !is_telephone(&self.phone) {
            let text = Text::of(
                "请填写 7 至 15 位数字的电话号码，可带区号",
                "a telephone number has 7 to 15 digits, with area code if need be",
            );
            faults.push(fault("who_phone", Self::PHONE, text));
        }
        if !self.number.is_empty() && !is_identity_number(&self.number) {
            let text = Text::of(
                "居民身份证为 18 位，护照等证件为 6 至 20 位字母数字；请核对",
                "a resident's card has 18 digits, a passport or the like 6 to 20 letters and digits; check it",
            );
            faults.push(fault("who_number", Self::NUMBER, text));
        }
        faults
    }
}

/// Digits with the signs people write between them.
fn is_telephone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '转'))
}

/// A resident's number with its check sign, or the number of another paper.
fn is_identity_number(text: &str) -> bool {
    let other = (6..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.len() == 18 && digits >= 17 { text.parse::<base::PersonId>().is_ok() } else { other }
}

/// The code of a receipt: a keyed fingerprint of the matter, so that nobody can guess it and nothing need be stored in clear.
pub(crate) fn code(app: &App, matter: Id) -> String {
    let print = app.access.vault().fingerprint("petition.receipt", &matter.to_string());
    let number = print.iter().take(8).fold(0u64, |n, b| n << 8 | u64::from(*b));
    format!("{:0width$}", number % 10u64.pow(10), width = CODE_DIGITS)
}

/// Keeps who brought a matter, in the transaction that opened it, and gives the code of the receipt. `by` is the system's reason in the
/// journal: a consequence of the opening, which was the caller's right.
pub(crate) async fn keep(
    tx: &mut store::Tx,
    cx: &Context,
    app: &App,
    (by, p): (&str, &Procedure),
    matter: Id,
    who: Who,
) -> Answer<String> {
    let code = code(app, matter);
    let row = tx.first("select region, agency from matter where id = $1", &[matter.into()]).await?;
    let row = row.ok_or_else(|| Fault::not_found(&Text::of("办理事项", "service")))?;
    let reporter = NewReporter {
        matter,
        region: row.text("region")?,
        agency: row.text("agency")?,
        guarded: guarded(p),
        code: code.clone(),
        identity: Identity { name: who.name, phone: who.phone, number: who.number, address: who.address },
    };
    registry::keep_reporter(tx, cx, &app.access, &Permit::system(by), reporter).await?;
    Ok(code)
}

/// The receipt; `desk` is the matter's page for the officer who hands it over.
pub(crate) fn receipt(viewer: &Viewer, p: &Procedure, matter: Id, code: &str, desk: Option<&str>) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("已提交", "Sent");
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            (ui::message(Tone::Ok, &html! { p { (p.definition.title.get(lang)) (lang.pick("已收到。请记下编号和查询码：查进度、领奖励都要用。", " was received. Note number and code: you need both to follow it and to claim a reward.")) } }))
            section.card { (ui::facts(lang, &[
                (Text::of("编号", "Number"), html! { code #number { (matter) } }),
                (Text::of("查询码", "Code"), html! { code #code { (code) } }),
            ]))
            p.soft { (lang.pick("查询码不会再次显示，也不会通过电话询问。", "The code is not shown again and nobody will ask for it on the telephone.")) } }
            @match desk {
                Some(page) => { p { (lang.pick("请将编号和查询码当面或电话告知提出人，然后", "Tell number and code to whoever brought it, then")) " " a.button href=(page) { (lang.pick("进入办件", "open the matter")) } } }
                None => { p { a.button href="/follow" { (lang.pick("查进度", "Follow it")) } } }
            }
        },
    )
}
