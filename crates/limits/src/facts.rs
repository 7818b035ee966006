//! Facts about a product that decide which rule applies or how a value is compared.

use base::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A question about the sample whose answer a rule may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Which class of the standard's food tree the food belongs to.
    FoodClass,
    /// Which substance was measured.
    Analyte,
    /// The unit the result is in.
    Unit,
    /// `fresh` or `dried`.
    State,
    /// Fresh weight per dried weight, a decimal (10:1 is `10`).
    DryingRatio,
    /// How many times a powder or concentrate is diluted before it is consumed, a decimal.
    Dilution,
    /// Water content in percent, a decimal.
    Moisture,
    /// `tinplate` or `other`.
    Package,
    /// Acid-hydrolysed vegetable protein added: `yes` or `no`.
    AcidHvp,
    /// Milk-based: `yes` or `no`.
    MilkBased,
    /// Soy or pulses added: `yes` or `no`.
    SoyAdded,
    /// Vegetables or fruit added: `yes` or `no`.
    ProduceAdded,
    /// Algae added: `yes` or `no`.
    AlgaeAdded,
    /// Aquatic products or animal liver as an ingredient: `yes` or `no`.
    AquaticOrLiver,
    /// Age band of a medical food: `1-10` or `10+`.
    Age,
    /// `liquid` or `solid`.
    Form,
    /// Viscera of the animal: `removed` or `included`.
    Viscera,
    /// Basis of the reported value: `dry`, `wet`, `fat`.
    Basis,
    /// Tissue tested (veterinary drugs): muscle, liver, …, as printed.
    Tissue,
    /// Fat content in percent, a decimal.
    Fat,
    /// The species of the element measured: methylmercury, inorganic arsenic.
    Speciation,
    /// All sub-samples of a microbiological plan.
    Subsamples,
    /// All components of a sum.
    Components,
    /// A method whose detection limit does not exceed the limit.
    DetectionLimit,
    /// The exact value of a result given as "less than" or "greater than".
    ExactValue,
    /// Evidence of carry-over, natural background or fermentation.
    CarryOver,
    /// The kind of water, drink or product the row names (free condition printed in the row).
    PrintedCondition,
}

impl Fact {
    /// What the fact is called on screen.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::FoodClass => Text::of("食品类别", "food class"),
            Self::Analyte => Text::of("检验项目", "analyte"),
            Self::Unit => Text::of("结果的单位", "unit of the result"),
            Self::State => Text::of("鲜品或干制品", "fresh or dried"),
            Self::DryingRatio => Text::of("脱水率或浓缩率(鲜干比)", "dehydration rate (fresh to dried)"),
            Self::Dilution => Text::of("冲调(稀释)倍数", "dilution before consumption"),
            Self::Moisture => Text::of("水分含量", "water content"),
            Self::Package => Text::of("是否采用镀锡薄钢板容器包装", "whether packed in a tinplate container"),
            Self::AcidHvp => {
                Text::of("是否添加酸水解植物蛋白", "whether acid-hydrolysed vegetable protein is added")
            }
            Self::MilkBased => Text::of("是否为乳基产品", "whether the product is milk-based"),
            Self::SoyAdded => Text::of("是否添加豆类", "whether pulses are added"),
            Self::ProduceAdded => Text::of("是否添加蔬菜和水果", "whether vegetables or fruit are added"),
            Self::AlgaeAdded => Text::of("是否添加藻类", "whether algae are added"),
            Self::AquaticOrLiver => {
                Text::of("是否以水产及动物肝脏为原料", "whether made from aquatic products or animal liver")
            }
            Self::Age => Text::of("适用人群年龄", "age band of the product"),
            Self::Form => Text::of("液态或固态", "liquid or solid"),
            Self::Viscera => Text::of("检验时是否去除内脏", "whether viscera were removed"),
            Self::Basis => {
                Text::of("结果的计量基准(干重、鲜重或脂肪)", "basis of the result (dry, fresh or fat)")
            }
            Self::Tissue => Text::of("检验部位", "tissue tested"),
            Self::Fat => Text::of("脂肪含量", "fat content"),
            Self::Speciation => {
                Text::of("甲基汞或无机砷的含量", "methylmercury or inorganic arsenic content")
            }
            Self::Subsamples => Text::of("全部样本单位的结果", "results of all sub-samples"),
            Self::Components => Text::of("全部组分的含量", "content of every component"),
            Self::DetectionLimit => {
                Text::of("检出限不高于限量的检验结果", "a result with a detection limit not above the limit")
            }
            Self::ExactValue => Text::of("准确的检验数值", "the exact measured value"),
            Self::CarryOver => {
                Text::of("带入、本底或发酵产生的证据", "evidence of carry-over or natural background")
            }
            Self::PrintedCondition => Text::of("该条款注明的适用条件", "the condition printed in the row"),
        }
    }

    /// The answers a yes/no-like fact can have, tried in turn when it is unknown; empty when it is a number or free text.
    #[must_use]
    pub const fn answers(self) -> &'static [&'static str] {
        match self {
            Self::State => &["fresh", "dried"],
            Self::Package => &["tinplate", "other"],
            Self::AcidHvp
            | Self::MilkBased
            | Self::SoyAdded
            | Self::ProduceAdded
            | Self::AlgaeAdded
            | Self::AquaticOrLiver => &["yes", "no"],
            Self::Age => &["1-10", "10+"],
            Self::Form => &["liquid", "solid"],
            Self::Viscera => &["removed", "included"],
            _ => &[],
        }
    }
}

/// What is known of a product. Absent means unknown, never "no".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(pub BTreeMap<Fact, String>);

impl Facts {
    /// The known value of a fact.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).map(String::as_str)
    }

    /// Adds a fact unless it is known already: what the caller stated outweighs what a name suggests.
    pub fn learn(&mut self, fact: Fact, value: impl Into<String>) {
        self.0.entry(fact).or_insert_with(|| value.into());
    }

    /// The same facts with one more.
    #[must_use]
    pub fn with(&self, fact: Fact, value: impl Into<String>) -> Self {
        let mut next = self.clone();
        next.0.insert(fact, value.into());
        next
    }
}
