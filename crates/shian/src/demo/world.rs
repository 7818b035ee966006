//! The firms of the demo province: how many of each tier stand in each county, their codes, sites and products.
//! A pure function of the seed.

use super::lines::{LINES, Make, Tier};
use base::gs1::{Gln, Gtin};
use base::licence::{LicenceKind, LicenceNo};
use base::region::{RegionCode, Regions};
use base::uscc::Uscc;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::HashMap;

/// What a firm is, in the registry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Somebody in a supply line.
    Line(Tier),
    Caterer,
    Canteen,
    /// Tests samples; holds no goods.
    Laboratory,
}

/// One fictitious firm with its one site.
#[derive(Debug, Clone)]
pub(crate) struct Firm {
    pub(crate) name: String,
    pub(crate) name_en: String,
    pub(crate) uscc: String,
    pub(crate) kind: Kind,
    /// Index into [`LINES`]; firms at the end of the chain take goods of every line.
    pub(crate) line: usize,
    /// County-level region code in normal form.
    pub(crate) region: String,
    pub(crate) gln: String,
    pub(crate) address: String,
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    pub(crate) licence: Option<String>,
    /// Pareto weight: how much of the trade goes through it.
    pub(crate) weight: f64,
}

impl Firm {
    /// The place key of its site.
    pub(crate) fn place(&self) -> String {
        format!("https://id.gs1.org/414/{}", self.gln)
    }
}

/// A trade item of a firm.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) firm: usize,
    pub(crate) gtin: String,
    pub(crate) name: &'static str,
}

/// The province before anything happened in it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) firms: Vec<Firm>,
    pub(crate) products: Vec<Product>,
    /// (firm, stage index) → product.
    pub(crate) product_of: HashMap<(usize, usize), usize>,
}

/// Shares of the tiers among all firms, in thousandths; the rest are shops.
const SHARES: &[(Kind, u32)] = &[
    (Kind::Line(Tier::Farm), 260),
    (Kind::Line(Tier::Collector), 15),
    (Kind::Line(Tier::Primary), 16),
    (Kind::Line(Tier::Secondary), 9),
    (Kind::Line(Tier::Packer), 8),
    (Kind::Line(Tier::Wholesaler), 20),
    (Kind::Line(Tier::Distributor), 30),
    (Kind::Caterer, 170),
    (Kind::Canteen, 22),
];

const STYLE: &[(&str, &str)] = &[
    ("青禾", "Qinghe"),
    ("陇丰", "Longfeng"),
    ("祁润", "Qirun"),
    ("渭源春", "Weiyuanchun"),
    ("金穗", "Jinsui"),
    ("河岸", "Hean"),
    ("白杨", "Baiyang"),
    ("朝露", "Zhaolu"),
    ("远山", "Yuanshan"),
    ("百合", "Baihe"),
    ("驼铃", "Tuoling"),
    ("雪峰", "Xuefeng"),
    ("绿洲", "Lvzhou"),
    ("麦浪", "Mailang"),
    ("石榴", "Shiliu"),
    ("清泉", "Qingquan"),
    ("晨光", "Chenguang"),
    ("和顺", "Heshun"),
    ("福田", "Futian"),
    ("云台", "Yuntai"),
];

fn trade(kind: Kind, product: &str) -> (String, &'static str) {
    match kind {
        Kind::Line(Tier::Farm) => (format!("{product}种养合作社"), "farm cooperative"),
        Kind::Line(Tier::Collector) => (format!("{product}收购站"), "collector"),
        Kind::Line(Tier::Primary | Tier::Secondary) => (format!("{product}加工厂"), "works"),
        Kind::Line(Tier::Packer) => (format!("{product}分装厂"), "packer"),
        Kind::Line(Tier::Wholesaler) => (format!("{product}批发部"), "wholesale"),
        Kind::Line(Tier::Distributor) => ("食品配送公司".to_owned(), "distribution"),
        Kind::Line(Tier::Retail) => ("便民超市".to_owned(), "grocery"),
        Kind::Caterer => ("餐馆".to_owned(), "restaurant"),
        Kind::Canteen => ("学校食堂".to_owned(), "school canteen"),
        Kind::Laboratory => ("食品检验中心".to_owned(), "food laboratory"),
    }
}

/// The registry's code of a kind.
pub(crate) const fn kind_code(kind: Kind) -> &'static str {
    match kind {
        Kind::Line(Tier::Farm) => "farm",
        Kind::Line(Tier::Collector) => "storage",
        Kind::Line(Tier::Primary | Tier::Secondary | Tier::Packer) => "producer",
        Kind::Line(Tier::Wholesaler | Tier::Distributor) => "wholesaler",
        Kind::Line(Tier::Retail) => "retailer",
        Kind::Caterer => "caterer",
        Kind::Canteen => "canteen",
        Kind::Laboratory => "laboratory",
    }
}

/// Builds the firms. `centres` gives a longitude and latitude for a six-digit county code.
pub(crate) fn build(seed: u64, operators: usize, centres: &HashMap<String, (f64, f64)>) -> World {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let regions = Regions::builtin();
    let gansu: RegionCode = "62".parse().expect("a constant code");
    let counties = regions.leaf_units(&gansu);
    let population: u64 = counties.iter().filter_map(|c| c.pop2020).sum();
    let mut firms = Vec::with_capacity(operators);
    let mut given = 0usize;
    let mut counted = 0u64;
    for county in &counties {
        counted += county.pop2020.unwrap_or(0);
        // running total, so that the counties sum to exactly `operators`
        let until = usize::try_from(counted * operators as u64 / population.max(1)).unwrap_or(operators);
        let here = until - given;
        given = until;
        let (lon, lat) = centres.get(&county.code.six()).copied().unwrap_or((103.8, 36.0));
        for n in 0..here {
            let index = firms.len();
            let mut pick = rng.random_range(0..1000u32);
            let mut kind = Kind::Line(Tier::Retail);
            for (k, share) in SHARES {
                if pick < *share {
                    kind = *k;
                    break;
                }
                pick -= share;
            }
            firms.push(firm(&mut rng, index, n, kind, county, lon, lat));
        }
    }
    place_every_tier(&mut firms);
    let (products, product_of) = products(&firms);
    World { firms, products, product_of }
}

fn firm(
    rng: &mut Pcg64Mcg,
    index: usize,
    n: usize,
    kind: Kind,
    county: &base::region::Region,
    lon: f64,
    lat: f64,
) -> Firm {
    let line = choose_line(rng, kind);
    let (style, style_en) = STYLE[rng.random_range(0..STYLE.len())];
    let product = match kind {
        Kind::Line(tier) => stage_of(line, tier).map_or("", |s| LINES[line].stages[s].product),
        _ => "",
    };
    let (trade, trade_en) = trade(kind, product);
    let county_zh = county.name.zh.as_ref();
    let prefix = format!("699{index:06}");
    let licence = licence(kind, line, &county.code, index);
    let u: f64 = rng.random_range(0.02..1.0);
    Firm {
        name: format!("{county_zh}{style}示例{trade}{:04}", n + 1),
        name_en: format!("{style_en} Demo {trade_en} {:04}, {}", n + 1, county.name.en),
        uscc: Uscc::issue(&county.code, u32::try_from(index).unwrap_or(0)).to_string(),
        kind,
        line,
        region: county.code.to_string(),
        gln: Gln::with_check(&format!("{prefix}000")).map(|g| g.to_string()).unwrap_or_default(),
        address: format!("{county_zh}示例路{}号", rng.random_range(1..900)),
        lat: lat + rng.random_range(-0.08..0.08),
        lon: lon + rng.random_range(-0.1..0.1),
        licence,
        weight: u.powf(-0.8), // Pareto tail with exponent 1.25
    }
}

fn choose_line(rng: &mut Pcg64Mcg, kind: Kind) -> usize {
    let fits = |i: &usize| match kind {
        Kind::Line(Tier::Retail) | Kind::Caterer | Kind::Canteen | Kind::Laboratory => true,
        Kind::Line(tier) => stage_of(*i, tier).is_some(),
    };
    let lines: Vec<usize> = (0..LINES.len()).filter(fits).collect();
    let total: u32 = lines.iter().map(|l| LINES[*l].weight).sum();
    let mut pick = rng.random_range(0..total.max(1));
    for l in &lines {
        if pick < LINES[*l].weight {
            return *l;
        }
        pick -= LINES[*l].weight;
    }
    0
}

/// The stage of a line that stands at a tier.
pub(crate) fn stage_of(line: usize, tier: Tier) -> Option<usize> {
    LINES[line].stages.iter().position(|s| s.tier == tier)
}

fn licence(kind: Kind, line: usize, region: &RegionCode, index: usize) -> Option<String> {
    let seq = u32::try_from(index).unwrap_or(0);
    let class: u16 = LINES[line].class.parse().unwrap_or(101);
    let number = match kind {
        Kind::Line(Tier::Farm | Tier::Collector) | Kind::Laboratory => return None,
        Kind::Line(Tier::Primary | Tier::Secondary | Tier::Packer) => {
            LicenceNo::issue(LicenceKind::Production, class, region, seq % 10_000)
        }
        Kind::Line(_) => LicenceNo::issue(LicenceKind::Business, 1, region, seq % 1_000_000),
        Kind::Caterer => LicenceNo::issue(LicenceKind::Business, 2, region, seq % 1_000_000),
        Kind::Canteen => LicenceNo::issue(LicenceKind::Business, 3, region, seq % 1_000_000),
    };
    Some(number.to_string())
}

/// A small province may have drawn no firm for some stage of a line: turn shops into them, so that every line runs.
fn place_every_tier(firms: &mut [Firm]) {
    for (l, line) in LINES.iter().enumerate() {
        for stage in line.stages {
            let has = firms.iter().any(|f| serves(f, l, stage.tier));
            if !has && let Some(shop) = firms.iter_mut().rev().find(|f| f.kind == Kind::Line(Tier::Retail)) {
                shop.kind = Kind::Line(stage.tier);
                shop.line = l;
                shop.name = shop.name.replace("便民超市", &trade(shop.kind, stage.product).0);
                shop.name_en = shop.name_en.replace("grocery", trade(shop.kind, stage.product).1);
            }
        }
    }
}

/// Whether a firm takes goods of a line at a tier.
pub(crate) fn serves(f: &Firm, line: usize, tier: Tier) -> bool {
    match f.kind {
        Kind::Line(Tier::Retail) | Kind::Caterer | Kind::Canteen => tier == Tier::Retail,
        Kind::Line(Tier::Distributor) => tier == Tier::Distributor && stage_of(line, tier).is_some(),
        Kind::Line(t) => t == tier && f.line == line,
        Kind::Laboratory => false,
    }
}

fn products(firms: &[Firm]) -> (Vec<Product>, HashMap<(usize, usize), usize>) {
    let mut products = Vec::new();
    let mut of = HashMap::new();
    for (i, f) in firms.iter().enumerate() {
        let Kind::Line(tier) = f.kind else { continue };
        let Some(stage) = stage_of(f.line, tier) else { continue };
        if LINES[f.line].stages[stage].make == Make::Pass {
            continue;
        }
        let gtin = Gtin::with_check(&format!("0699{i:06}001")).map(|g| g.to_string()).unwrap_or_default();
        of.insert((i, stage), products.len());
        let s = &LINES[f.line].stages[stage];
        products.push(Product { firm: i, gtin, name: s.product });
    }
    (products, of)
}

/// Picks an index with probability proportional to its weight.
pub(crate) fn weighted<R: Rng>(rng: &mut R, cumulative: &[f64]) -> usize {
    let Some(total) = cumulative.last() else { return 0 };
    let at = rng.random_range(0.0..*total);
    cumulative.partition_point(|c| *c <= at).min(cumulative.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firms_stand_in_every_county_in_proportion_to_population_and_codes_are_valid() {
        let world = build(1, 2000, &HashMap::new());
        assert_eq!(world.firms.len(), 2000);
        let in_county = |code: &str| world.firms.iter().filter(|f| f.region == code).count();
        // Chengguan has 1,484,016 of 25,019,831 people
        assert_eq!(in_county("620102") / 10, 2000 * 1_484_016 / 25_019_831 / 10);
        for f in &world.firms {
            assert!(f.uscc.parse::<Uscc>().is_ok(), "{}", f.uscc);
            assert!(f.gln.parse::<Gln>().is_ok(), "{}", f.gln);
            assert!(f.name.contains("示例"), "plainly fictitious: {}", f.name);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_province() {
        let names =
            |seed| build(seed, 500, &HashMap::new()).firms.into_iter().map(|f| f.name).collect::<Vec<_>>();
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
    }

    #[test]
    fn every_stage_of_every_line_has_a_firm_even_in_a_small_province() {
        let world = build(3, 300, &HashMap::new());
        for (l, line) in LINES.iter().enumerate() {
            for stage in line.stages {
                assert!(
                    world.firms.iter().any(|f| serves(f, l, stage.tier)),
                    "{} {:?}",
                    line.code,
                    stage.tier
                );
            }
        }
    }
}
