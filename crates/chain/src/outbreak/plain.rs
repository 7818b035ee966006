//! The plain case layout: settings, stations, deliveries, relations.

use super::{FormatError, Problems};
use crate::score::{Delivery, Network, Settings, Station};
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use std::collections::HashSet;

/// What tells the layouts apart, without keeping anything.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Keys {
    deliveries: Option<IgnoredAny>,
    data: Option<IgnoredAny>,
    elements: Option<IgnoredAny>,
    deliveries_relations: Option<IgnoredAny>,
    utx_core: Option<IgnoredAny>,
}

impl Keys {
    /// Whether this is the plain layout and none of the others.
    pub(super) const fn plain(&self) -> bool {
        let others = [&self.data, &self.elements, &self.deliveries_relations, &self.utx_core];
        let [a, b, c, d] = others;
        self.deliveries.is_some() && a.is_none() && b.is_none() && c.is_none() && d.is_none()
    }

    /// Whether this is FoodChain-Lab JSON 1.x.
    pub(super) const fn tables(&self) -> bool {
        self.data.is_some() && self.utx_core.is_none()
    }
}

/// A case as it stands in the file.
#[derive(Debug, serde::Deserialize)]
struct Given {
    #[serde(default)]
    case: Option<String>,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    stations: Vec<Station>,
    deliveries: Vec<Delivery>,
    #[serde(default)]
    relations: Vec<(String, String)>,
}

/// Reads a case and its name.
pub(super) fn read<'a, D: Deserializer<'a>>(input: D) -> Result<(Option<String>, Network), FormatError> {
    let Given { case: name, settings, stations, deliveries, relations } =
        Given::deserialize(input).map_err(|e| {
            FormatError::one(
                "",
                format!("病例内容有误：{e}；请按 stations、deliveries（id、from、to）、relations（成对的交货编号）填写"),
                format!("the case cannot be read: {e}; give stations, deliveries (id, from, to) and relations (pairs of delivery ids)"),
            )
        })?;
    let network = Network { settings, stations, deliveries, relations };
    let mut problems = Problems::default();
    let mut seen = HashSet::new();
    for (n, d) in network.deliveries.iter().enumerate() {
        if !seen.insert(d.id.as_str()) {
            problems.add(
                format!("/deliveries/{n}/id"),
                format!("交货编号 {} 重复，请改为唯一编号", d.id),
                format!("delivery {} is given twice; give each its own id", d.id),
            );
        }
    }
    let mut seen = HashSet::new();
    for (n, s) in network.stations.iter().enumerate() {
        if !seen.insert(s.id.as_str()) {
            problems.add(
                format!("/stations/{n}/id"),
                format!("站点编号 {} 重复，请改为唯一编号", s.id),
                format!("station {} is given twice; give each its own id", s.id),
            );
        }
    }
    let weights = network.settings.station_weights.iter().chain(&network.settings.delivery_weights);
    for (id, weight) in weights {
        if !weight.is_finite() {
            problems.add(
                "/settings",
                format!("{id} 的权重不是有限的数"),
                format!("the weight of {id} is not a finite number"),
            );
        }
    }
    problems.into_result()?;
    Ok((name, network))
}
