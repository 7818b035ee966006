//! The loaded rule book: every edition with its rows, trees and names.

use crate::abroad::HOME;
use crate::analytes::Analytes;
use crate::dates::{DATES, Dates};
use crate::error::LoadError;
use crate::foods::Foods;
use crate::load::{self, Files};
use crate::rule::{Edition, Rule};
use crate::sums::Sums;
use crate::tree::Tree;
use base::Date;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Version of the engine, part of every verdict.
pub const ENGINE: &str = concat!("limits ", env!("CARGO_PKG_VERSION"));

/// Trees in the order positions are kept: contaminants first.
const TREES: [&str; 6] = ["gb2762", "gb2763", "gb29921", "gb2760", "gb31650", "bulletins"];

macro_rules! embed {
    ($($dir:literal / $name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../rulebook/", $dir, "/", $name)))),*]
    };
}

/// The rule files embedded in this program.
pub const FILES: [(&str, &str); 79] = embed![
    "cn/foods" / "bridges.csv",
    "cn/foods" / "bulletins.csv",
    "cn/foods" / "bulletins.names.csv",
    "cn/foods" / "english.csv",
    "cn/foods" / "forms.csv",
    "cn/foods" / "gb2760.csv",
    "cn/foods" / "gb2760.names.csv",
    "cn/foods" / "gb2762.csv",
    "cn/foods" / "gb2763.csv",
    "cn/foods" / "gb2763.names.csv",
    "cn/foods" / "gb29921.csv",
    "cn/foods" / "gb29921.names.csv",
    "cn/foods" / "gb31650.csv",
    "cn/foods" / "gb31650.names.csv",
    "cn/foods" / "names.csv",
    "cn/limits" / "analytes.csv",
    "cn/limits" / "ban2292-2015.csv",
    "cn/limits" / "ban2292-2015.toml",
    "cn/limits" / "ban235-2002.csv",
    "cn/limits" / "ban235-2002.toml",
    "cn/limits" / "ban250-2019.csv",
    "cn/limits" / "ban250-2019.toml",
    "cn/limits" / "ban31650-2019.csv",
    "cn/limits" / "ban31650-2019.toml",
    "cn/limits" / "ban560-2005.csv",
    "cn/limits" / "ban560-2005.toml",
    "cn/limits" / "dates.toml",
    "cn/limits" / "gb14934-2016-printed.csv",
    "cn/limits" / "gb14934-2016-printed.toml",
    "cn/limits" / "gb2760-2014-printed.csv",
    "cn/limits" / "gb2760-2014-printed.toml",
    "cn/limits" / "gb2760-2024-printed.csv",
    "cn/limits" / "gb2760-2024-printed.toml",
    "cn/limits" / "gb2760-2024.analytes.csv",
    "cn/limits" / "gb2760-2024.csv",
    "cn/limits" / "gb2760-2024.toml",
    "cn/limits" / "gb2761-2017-printed.csv",
    "cn/limits" / "gb2761-2017-printed.toml",
    "cn/limits" / "gb2762-2022.csv",
    "cn/limits" / "gb2762-2022.toml",
    "cn/limits" / "gb2762-2025.csv",
    "cn/limits" / "gb2762-2025.toml",
    "cn/limits" / "gb2762.terms.csv",
    "cn/limits" / "gb2763-2014.csv",
    "cn/limits" / "gb2763-2014.toml",
    "cn/limits" / "gb2763-2016.csv",
    "cn/limits" / "gb2763-2016.toml",
    "cn/limits" / "gb2763-2019.csv",
    "cn/limits" / "gb2763-2019.toml",
    "cn/limits" / "gb2763-2021.csv",
    "cn/limits" / "gb2763-2021.toml",
    "cn/limits" / "gb2763-2026-printed.csv",
    "cn/limits" / "gb2763-2026-printed.toml",
    "cn/limits" / "gb2763-2026.analytes.csv",
    "cn/limits" / "gb2763-2026.csv",
    "cn/limits" / "gb2763-2026.toml",
    "cn/limits" / "gb2763.terms.csv",
    "cn/limits" / "gb29921-2021.csv",
    "cn/limits" / "gb29921-2021.toml",
    "cn/limits" / "gb31650-2019.csv",
    "cn/limits" / "gb31650-2019.toml",
    "cn/limits" / "products-printed.csv",
    "cn/limits" / "products-printed.toml",
    "cn/limits" / "sprouts-2011-printed.csv",
    "cn/limits" / "sprouts-2011-printed.toml",
    "cn/limits" / "sums.csv",
    "cn/limits" / "vet235-2002.csv",
    "cn/limits" / "vet235-2002.toml",
    "codex/limits" / "codex-mrl.csv",
    "codex/limits" / "codex-mrl.toml",
    "codex/limits" / "cxs193.csv",
    "codex/limits" / "cxs193.toml",
    "codex/limits" / "spot-mrl.analytes.csv",
    "eu/limits" / "eu2023-915.csv",
    "eu/limits" / "eu2023-915.toml",
    "eu/limits" / "eu396-2005.csv",
    "eu/limits" / "eu396-2005.toml",
    "jp/limits" / "jp-mrl.csv",
    "jp/limits" / "jp-mrl.toml",
];

/// The rules in force and in history, with the trees and names they use.
#[derive(Debug)]
pub struct Rules {
    pub(crate) trees: Vec<Tree>,
    pub(crate) foods: Foods,
    pub(crate) analytes: Analytes,
    pub(crate) editions: Vec<Edition>,
    pub(crate) sums: Sums,
    pub(crate) dates: Dates,
    /// Days on which some rule begins or ends to apply, in order.
    changes: Vec<Date>,
    hash: String,
}

impl Rules {
    /// Loads a rule book from its files (name, text). Every header `*.toml` is one edition.
    ///
    /// # Errors
    /// When a file is missing or malformed, or a printed term is in no tree: nothing is loaded then.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, LoadError> {
        let map: Files<'_> = files.iter().copied().collect();
        let trees = TREES
            .iter()
            .map(|name| {
                let source = format!("{name}.csv");
                Tree::read(name, &source, load::file(&map, &source)?)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let foods = Foods::read(&trees, &map)?;
        let mut analytes = Analytes::read("analytes.csv", load::file(&map, "analytes.csv")?)?;
        let mut headers: Vec<&str> =
            map.keys().copied().filter(|n| n.ends_with(".toml") && *n != DATES).collect();
        headers.sort_unstable();
        let editions = headers
            .iter()
            .map(|h| load::edition(h, &trees, &mut analytes, &map))
            .collect::<Result<Vec<_>, _>>()?;
        let sums = Sums::read("sums.csv", load::file(&map, "sums.csv")?)?;
        for edition in &editions {
            let functions = edition.combined.iter().flat_map(|c| c.functions.iter().flatten());
            if let Some(term) = functions.into_iter().find(|n| analytes.canonical(n).is_none()) {
                let (file, row) = (format!("{}.toml", edition.id), "functions".to_owned());
                return Err(LoadError::Term { file, row, term: term.clone() });
            }
        }
        for (sum, component) in sums.components() {
            analytes.learn_component(component, sum);
        }
        let dates = Dates::read(load::file(&map, DATES)?)?;
        let mut changes: Vec<Date> = editions
            .iter()
            .flat_map(|e| {
                let ends = e.to.and_then(|d| d.tomorrow().ok());
                [Some(e.from), ends].into_iter().chain(e.amendments.iter().map(|a| Some(a.from)))
            })
            .flatten()
            .collect();
        changes.sort_unstable();
        changes.dedup();
        let mut names: Vec<&(&str, &str)> = files.iter().collect();
        names.sort_unstable();
        let mut digest = Sha256::new();
        for (name, text) in names {
            digest.update(name.as_bytes());
            digest.update([0]);
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let hash = hex::encode(digest.finalize())[..16].to_owned();
        Ok(Self { trees, foods, analytes, editions, sums, dates, changes, hash })
    }

    /// The rules embedded in this program (`rulebook/*/limits`, `rulebook/cn/foods`).
    ///
    /// # Panics
    /// Never in a released build: a test loads the embedded files.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the embedded files are proved to load by a test")]
    pub fn builtin() -> &'static Self {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(|| Self::load(&FILES).expect("the embedded rule book loads"))
    }

    /// SHA-256 over the rule files, first 16 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The period of law a date lies in: within one, no rule changes.
    pub(crate) fn period(&self, date: Date) -> u32 {
        u32::try_from(self.changes.partition_point(|change| *change <= date)).unwrap_or(u32::MAX)
    }

    /// The edition with this id, e.g. `gb2762-2025`.
    #[must_use]
    pub fn edition(&self, id: &str) -> Option<&Edition> {
        self.editions.iter().find(|e| e.id == id)
    }

    /// The sums limits are set on.
    #[must_use]
    pub const fn sums(&self) -> &Sums {
        &self.sums
    }

    /// The loaded editions.
    #[must_use]
    pub fn editions(&self) -> &[Edition] {
        &self.editions
    }

    /// The food trees.
    #[must_use]
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The names of foods.
    #[must_use]
    pub const fn foods(&self) -> &Foods {
        &self.foods
    }

    /// The names of analytes.
    #[must_use]
    pub const fn analytes(&self) -> &Analytes {
        &self.analytes
    }

    /// The rows at home that may apply to a food, of one analyte or of all, on a date.
    #[must_use]
    pub fn show(&self, food: &str, analyte: Option<&str>, date: Date) -> Vec<(&Edition, &Rule)> {
        let resolution = self.foods.resolve(food, &self.trees);
        let wanted = analyte.map(|a| self.analytes.resolve(a).name);
        let mut out = Vec::new();
        for edition in self.editions.iter().filter(|e| e.jurisdiction == HOME && e.in_force(date)) {
            let Some(position) = &resolution.positions[edition.tree] else { continue };
            out.extend(
                edition
                    .rules
                    .iter()
                    .filter(|r| r.stands(date))
                    .filter(|r| wanted.as_ref().is_none_or(|w| *w == r.analyte))
                    .filter(|r| r.include.iter().any(|n| position.closure.contains(n)))
                    .filter(|r| !r.exclude.iter().any(|n| position.closure.contains(n)))
                    .map(|r| (edition, r)),
            );
        }
        out
    }
}
