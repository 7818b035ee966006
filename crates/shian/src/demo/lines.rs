//! The product lines of the demo province: what is grown, made, packed and sold in Gansu, and through which tiers.
//! Names of foods are real; every firm, code and quantity is fictitious.

/// A tier of the supply chain; the index orders the chain from field to table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Tier {
    Farm,
    Collector,
    Primary,
    Secondary,
    Packer,
    Wholesaler,
    Distributor,
    Retail,
}

/// What a stage does with what it receives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Make {
    /// A new lot from the field; kilograms typical of one harvest.
    Grow(f64),
    /// Several lots become one new lot of the named product; share of mass kept.
    Mix(f64),
    /// The lots are passed on unchanged.
    Pass,
}

/// One step of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) tier: Tier,
    /// What leaves this stage.
    pub(crate) product: &'static str,
    pub(crate) make: Make,
}

/// A product line: its stages in order and the months in which fields give.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// Short code, part of lot numbers.
    pub(crate) code: &'static str,
    /// Licence class of its processors (three digits of an SC number).
    pub(crate) class: &'static str,
    /// Relative number of firms in the line.
    pub(crate) weight: u32,
    pub(crate) stages: &'static [Stage],
    /// What a laboratory looks for in the final product: analyte and a usual level in mg/kg.
    pub(crate) tests: &'static [(&'static str, f64)],
}

const fn s(tier: Tier, product: &'static str, make: Make) -> Stage {
    Stage { tier, product, make }
}

use Make::{Grow, Mix, Pass};
use Tier::{Collector, Distributor, Farm, Packer, Primary, Retail, Secondary, Wholesaler};

/// All lines. The first is the one of the waiting incident.
pub(crate) const LINES: &[Line] = &[
    Line {
        code: "GM",
        class: "101",
        weight: 18,
        stages: &[
            s(Farm, "小麦", Grow(9000.0)),
            s(Collector, "小麦", Mix(0.99)),
            s(Primary, "小麦粉", Mix(0.75)),
            s(Secondary, "挂面", Mix(0.97)),
            s(Packer, "挂面", Mix(1.0)),
            s(Wholesaler, "挂面", Pass),
            s(Distributor, "挂面", Pass),
            s(Retail, "挂面", Pass),
        ],
        tests: &[("铅", 0.05), ("总砷", 0.06)],
    },
    Line {
        code: "YC",
        class: "102",
        weight: 10,
        stages: &[
            s(Farm, "油菜籽", Grow(5000.0)),
            s(Collector, "油菜籽", Mix(0.98)),
            s(Primary, "菜籽油", Mix(0.36)),
            s(Packer, "菜籽油", Mix(0.99)),
            s(Wholesaler, "菜籽油", Pass),
            s(Distributor, "菜籽油", Pass),
            s(Retail, "菜籽油", Pass),
        ],
        tests: &[("铅", 0.02), ("苯并[a]芘", 0.002)],
    },
    Line {
        code: "RN",
        class: "105",
        weight: 10,
        stages: &[
            s(Farm, "生乳", Grow(6000.0)),
            s(Collector, "生乳", Mix(1.0)),
            s(Primary, "巴氏杀菌乳", Mix(0.98)),
            s(Distributor, "巴氏杀菌乳", Pass),
            s(Retail, "巴氏杀菌乳", Pass),
        ],
        tests: &[("铅", 0.006), ("总汞", 0.001)],
    },
    Line {
        code: "MS",
        class: "123",
        weight: 12,
        stages: &[
            s(Farm, "马铃薯", Grow(15000.0)),
            s(Collector, "马铃薯", Mix(0.97)),
            s(Primary, "马铃薯淀粉", Mix(0.16)),
            s(Secondary, "粉条", Mix(0.95)),
            s(Wholesaler, "粉条", Pass),
            s(Distributor, "粉条", Pass),
            s(Retail, "粉条", Pass),
        ],
        tests: &[("铅", 0.08)],
    },
    Line {
        code: "PG",
        class: "117",
        weight: 12,
        stages: &[
            s(Farm, "苹果", Grow(12000.0)),
            s(Packer, "苹果", Mix(0.96)),
            s(Wholesaler, "苹果", Pass),
            s(Distributor, "苹果", Pass),
            s(Retail, "苹果", Pass),
        ],
        tests: &[("铅", 0.02), ("镉", 0.01)],
    },
    Line {
        code: "SC",
        class: "116",
        weight: 16,
        stages: &[
            s(Farm, "大白菜", Grow(7000.0)),
            s(Collector, "大白菜", Pass),
            s(Wholesaler, "大白菜", Pass),
            s(Distributor, "大白菜", Pass),
            s(Retail, "大白菜", Pass),
        ],
        tests: &[("铅", 0.05), ("镉", 0.02)],
    },
    Line {
        code: "YR",
        class: "104",
        weight: 10,
        stages: &[
            s(Farm, "活羊", Grow(1800.0)),
            s(Primary, "羊肉", Mix(0.48)),
            s(Wholesaler, "羊肉", Pass),
            s(Distributor, "羊肉", Pass),
            s(Retail, "羊肉", Pass),
        ],
        tests: &[("铅", 0.03), ("镉", 0.01), ("铬", 0.1)],
    },
    Line {
        code: "HJ",
        class: "103",
        weight: 6,
        stages: &[
            s(Farm, "花椒", Grow(600.0)),
            s(Collector, "花椒", Mix(0.98)),
            s(Primary, "花椒粉", Mix(0.95)),
            s(Packer, "花椒粉", Mix(1.0)),
            s(Wholesaler, "花椒粉", Pass),
            s(Distributor, "花椒粉", Pass),
            s(Retail, "花椒粉", Pass),
        ],
        tests: &[("铅", 0.6)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_runs_from_field_to_shop_in_five_to_eight_tiers() {
        for line in LINES {
            let tiers: Vec<Tier> = line.stages.iter().map(|s| s.tier).collect();
            assert!((5..=8).contains(&tiers.len()), "{}", line.code);
            assert!(tiers.is_sorted(), "{}", line.code);
            assert_eq!((tiers[0], tiers[tiers.len() - 1]), (Tier::Farm, Tier::Retail), "{}", line.code);
            assert!(matches!(line.stages[0].make, Make::Grow(_)), "{}", line.code);
        }
    }
}
