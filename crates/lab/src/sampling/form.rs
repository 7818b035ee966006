//! The sampling form (抽样单): the fields the law asks for beside those of the sample, and the sealed contact.

use super::custody::{Leg, insert as custody};
use super::freeze::json;
use crate::blind::blind_form;
use crate::declared::cited_in;
use crate::{Error, Lab, Problem, Sample, SampleKind};
use access::Principal;
use base::{Date, Decimal, Id, Instant, Text};
use ledger::{Context, Entry};
use serde::{Deserialize, Serialize};
use store::{Store, Tx};

/// What a form says beside the sample itself; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormFields {
    /// 单位地址.
    pub address: String,
    /// 许可证号.
    pub licence_no: String,
    /// 区域类型: 城市, 乡镇, 景点.
    pub area: String,
    /// 商标.
    pub trademark: String,
    /// 规格型号.
    pub spec: String,
    /// 样品来源: 加工自制, 委托生产, 外购, 其他.
    pub origin: String,
    /// 执行标准; the number of a standard the producer or the firm sampled has declared cites it.
    pub standard: String,
    /// 保质期至: last day of the shelf life, as labelled or reckoned from it; the backup is kept no longer.
    pub expires: Option<Date>,
    /// 储存条件.
    pub storage: String,
    /// 抽样数量 without the backup.
    pub quantity: String,
    /// 备份样品数量.
    pub backup: String,
    /// 数量单位.
    pub unit: String,
    /// 单价, yuan.
    pub unit_price: String,
    /// Paid for the sample, yuan: samples are bought.
    pub paid: String,
    /// How it was paid.
    pub pay_method: String,
    /// 封条编号.
    pub seal_no: String,
    /// The notice of sampling and identity papers were shown.
    pub notice_shown: bool,
    /// The sampled unit signed; otherwise the note names the witness.
    pub signed: bool,
    /// Bought on line: account, platform and order.
    pub online: String,
    /// Degrees north and east, as the phone gave them.
    pub position: Option<(String, String)>,
    /// Photos by SHA-256.
    pub photos: Vec<String>,
    /// 备注.
    pub note: String,
    /// The two samplers.
    pub samplers: Vec<Id>,
}

/// A form to be filled at a place drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewForm {
    /// What the food is judged as.
    pub food: String,
    /// Name on the label.
    pub product_name: String,
    /// GTIN.
    pub gtin: Option<String>,
    /// Lot number.
    pub lot_no: Option<String>,
    /// Trace key of the lot, as scanned.
    pub item: Option<String>,
    /// Producer as labelled.
    pub producer_name: String,
    /// Its social credit code.
    pub producer_uscc: Option<String>,
    /// Production date.
    pub produced: Option<Date>,
    /// Prepackaged food.
    pub prepackaged: bool,
    /// 抽样基数 with unit.
    pub base_qty: Option<String>,
    /// The rest.
    pub fields: FormFields,
    /// Contact of the sampled unit: name and telephone.
    pub contact: String,
}

/// A form as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormDetail {
    /// The fields.
    #[serde(flatten)]
    pub fields: FormFields,
    /// The contact, for those who may act on the sample.
    pub contact: Option<String>,
}

impl NewForm {
    /// What is wrong with the form in itself; the sample's own fields are checked when it is registered.
    #[must_use]
    pub fn check(&self, kind: SampleKind) -> Vec<Problem> {
        let f = &self.fields;
        let mut problems = Vec::new();
        let mut add = |field: &str, label: Text, value: &str, zh: &'static str, en: &'static str| {
            problems.push(Problem::new(field, label, value, Text::of(zh, en)));
        };
        let number = |t: &str| t.trim().parse::<Decimal>().ok();
        if number(&f.quantity).is_none_or(|n| n <= Decimal::ZERO) {
            add(
                "quantity",
                Text::of("抽样数量", "quantity"),
                &f.quantity,
                "请填写大于 0 的抽样数量",
                "state a quantity above nought",
            );
        }
        let backup = number(&f.backup);
        if backup.is_none_or(|n| n.is_sign_negative()) {
            add(
                "backup",
                Text::of("备份样品数量", "backup quantity"),
                &f.backup,
                "请填写备份样品数量；无备份填 0 并在备注说明",
                "state the backup quantity; 0 with a note when there is none",
            );
        } else if kind == SampleKind::Supervision && backup == Some(Decimal::ZERO) && f.note.trim().is_empty()
        {
            add(
                "note",
                Text::of("备注", "note"),
                "",
                "监督抽检无备份样品的，须在备注说明理由（复检需要备份样品）",
                "supervision sampling without a backup needs its reason in the note: a retest uses the backup",
            );
        }
        if f.unit.trim().is_empty() {
            add(
                "unit",
                Text::of("数量单位", "unit"),
                "",
                "请填写数量单位",
                "state the unit of the quantities",
            );
        }
        if number(&f.paid).is_none_or(|n| n.is_sign_negative()) {
            add(
                "paid",
                Text::of("样品费用", "paid"),
                &f.paid,
                "样品应当购买，请填写支付金额（元）",
                "samples are bought: state what was paid, in yuan",
            );
        }
        if f.seal_no.trim().is_empty() {
            add(
                "seal_no",
                Text::of("封条编号", "seal number"),
                "",
                "请填写封条编号",
                "state the number of the seal",
            );
        }
        if !f.notice_shown {
            add(
                "notice_shown",
                Text::of("告知", "notice"),
                "",
                "抽样前应出示抽样通知书和有效证件",
                "show the notice of sampling and identity papers first",
            );
        }
        if !f.signed && f.note.trim().is_empty() {
            add(
                "note",
                Text::of("备注", "note"),
                "",
                "被抽样单位拒绝签字的，请在备注写明情况和见证人",
                "when the form is not signed, the note says why and who witnessed it",
            );
        }
        problems
    }
}

fn sealed(sample: Id) -> String {
    format!("sample_form.private:{sample}")
}

pub(crate) async fn store_form(
    lab: &Lab,
    tx: &mut Tx,
    cx: &Context,
    who: &Principal,
    sample: &Sample,
    fields: &FormFields,
    contact: String,
) -> Result<(), Error> {
    let permit = lab.access.check(
        who,
        "create",
        &super::plan::resource(&sample.region, &sample.agency, None),
        cx.now,
    )?;
    let secret = match contact.trim() {
        "" => None,
        text => Some(
            lab.access
                .vault()
                .seal(&sealed(sample.id), text)
                .map_err(|e| Error::Store(store::Error::Setup(format!("a sealed value: {e}"))))?,
        ),
    };
    let cited =
        cited_in(tx, &fields.standard, [sample.producer, sample.operator], sample.governing_on).await?;
    tx.exec(
        "insert into sample_form (sample, body, private, declared) values ($1, $2, $3, $4)",
        &[sample.id.into(), json(fields)?.into(), secret.into(), cited.into()],
    )
    .await?;
    custody(tx, cx, sample.id, Leg::Sealed, &sample.place_name, Some(&fields.seal_no), None, None, None, "")
        .await?;
    let entry = Entry {
        kind: "sample.form",
        region: sample.region.clone(),
        subject: format!("sample:{}", sample.id),
        body: serde_json::json!({ "form_no": sample.form_no, "form": fields }),
        private: (!contact.trim().is_empty()).then(|| serde_json::json!({ "contact": contact.trim() })),
    };
    ledger::append(tx, cx, &permit, entry).await?;
    Ok(())
}

impl Lab {
    /// The form of a sample the reader sees; `None` for samples registered without one. The contact is shown to those who
    /// may act on the sample; of a blind sample only amounts, storage and seal.
    ///
    /// # Errors
    /// Storage.
    pub async fn form(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        sample: &Sample,
    ) -> Result<Option<FormDetail>, Error> {
        let Some(row) = store
            .first("select body, private from sample_form where sample = $1", &[sample.id.into()])
            .await?
        else {
            return Ok(None);
        };
        let may = self.access.allows(
            who,
            "create",
            &super::plan::resource(&sample.region, &sample.agency, None),
            now,
        );
        let contact = match row.opt_bytes("private")? {
            Some(bytes) if may => self.access.vault().open_text(&sealed(sample.id), &bytes).ok(),
            _ => None,
        };
        let fields = row.json("body")?;
        Ok(Some(if sample.blind {
            FormDetail { fields: blind_form(fields), contact: None }
        } else {
            FormDetail { fields, contact }
        }))
    }
}
