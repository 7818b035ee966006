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
    /// Chinese name of what leaves this stage.
    pub(crate) product: &'static str,
    /// English name of what leaves this stage.
    pub(crate) product_en: &'static str,
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

const fn s(tier: Tier, product: &'static str, product_en: &'static str, make: Make) -> Stage {
    Stage { tier, product, product_en, make }
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
            s(Farm, "小麦", "wheat", Grow(9000.0)),
            s(Collector, "小麦", "wheat, bulk", Mix(0.99)),
            s(Primary, "小麦粉", "wheat flour", Mix(0.75)),
            s(Secondary, "挂面", "dried noodles", Mix(0.97)),
            s(Packer, "挂面", "dried noodles, packed", Mix(1.0)),
            s(Wholesaler, "挂面", "dried noodles, packed", Pass),
            s(Distributor, "挂面", "dried noodles, packed", Pass),
            s(Retail, "挂面", "dried noodles, packed", Pass),
        ],
        tests: &[("铅", 0.05), ("总砷", 0.06)],
    },
    Line {
        code: "YC",
        class: "102",
        weight: 10,
        stages: &[
            s(Farm, "油菜籽", "rapeseed", Grow(5000.0)),
            s(Collector, "油菜籽", "rapeseed, bulk", Mix(0.98)),
            s(Primary, "菜籽油", "rapeseed oil", Mix(0.36)),
            s(Packer, "菜籽油", "rapeseed oil, bottled", Mix(0.99)),
            s(Wholesaler, "菜籽油", "rapeseed oil, bottled", Pass),
            s(Distributor, "菜籽油", "rapeseed oil, bottled", Pass),
            s(Retail, "菜籽油", "rapeseed oil, bottled", Pass),
        ],
        tests: &[("铅", 0.02), ("苯并[a]芘", 0.002)],
    },
    Line {
        code: "RN",
        class: "105",
        weight: 10,
        stages: &[
            s(Farm, "生乳", "raw milk", Grow(6000.0)),
            s(Collector, "生乳", "raw milk, bulk", Mix(1.0)),
            s(Primary, "巴氏杀菌乳", "pasteurised milk", Mix(0.98)),
            s(Distributor, "巴氏杀菌乳", "pasteurised milk", Pass),
            s(Retail, "巴氏杀菌乳", "pasteurised milk", Pass),
        ],
        tests: &[("铅", 0.006), ("总汞", 0.001)],
    },
    Line {
        code: "MS",
        class: "123",
        weight: 12,
        stages: &[
            s(Farm, "马铃薯", "potato", Grow(15000.0)),
            s(Collector, "马铃薯", "potato, bulk", Mix(0.97)),
            s(Primary, "马铃薯淀粉", "potato starch", Mix(0.16)),
            s(Secondary, "粉条", "starch noodles", Mix(0.95)),
            s(Wholesaler, "粉条", "starch noodles", Pass),
            s(Distributor, "粉条", "starch noodles", Pass),
            s(Retail, "粉条", "starch noodles", Pass),
        ],
        tests: &[("铅", 0.08)],
    },
    Line {
        code: "PG",
        class: "117",
        weight: 12,
        stages: &[
            s(Farm, "苹果", "apple", Grow(12000.0)),
            s(Packer, "苹果", "apple, graded", Mix(0.96)),
            s(Wholesaler, "苹果", "apple, graded", Pass),
            s(Distributor, "苹果", "apple, graded", Pass),
            s(Retail, "苹果", "apple, graded", Pass),
        ],
        tests: &[("铅", 0.02), ("镉", 0.01)],
    },
    Line {
        code: "SC",
        class: "116",
        weight: 16,
        stages: &[
            s(Farm, "大白菜", "Chinese cabbage", Grow(7000.0)),
            s(Collector, "大白菜", "Chinese cabbage", Pass),
            s(Wholesaler, "大白菜", "Chinese cabbage", Pass),
            s(Distributor, "大白菜", "Chinese cabbage", Pass),
            s(Retail, "大白菜", "Chinese cabbage", Pass),
        ],
        tests: &[("铅", 0.05), ("镉", 0.02)],
    },
    Line {
        code: "YR",
        class: "104",
        weight: 10,
        stages: &[
            s(Farm, "活羊", "live sheep", Grow(1800.0)),
            s(Primary, "羊肉", "mutton", Mix(0.48)),
            s(Wholesaler, "羊肉", "mutton", Pass),
            s(Distributor, "羊肉", "mutton", Pass),
            s(Retail, "羊肉", "mutton", Pass),
        ],
        tests: &[("铅", 0.03), ("镉", 0.01), ("铬", 0.1)],
    },
    Line {
        code: "HJ",
        class: "103",
        weight: 6,
        stages: &[
            s(Farm, "花椒", "Sichuan pepper", Grow(600.0)),
            s(Collector, "花椒", "Sichuan pepper, bulk", Mix(0.98)),
            s(Primary, "花椒粉", "Sichuan pepper powder", Mix(0.95)),
            s(Packer, "花椒粉", "Sichuan pepper powder, packed", Mix(1.0)),
            s(Wholesaler, "花椒粉", "Sichuan pepper powder, packed", Pass),
            s(Distributor, "花椒粉", "Sichuan pepper powder, packed", Pass),
            s(Retail, "花椒粉", "Sichuan pepper powder, packed", Pass),
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
