//! The plain case layout: settings, stations, deliveries, relations.

use super::{FormatError, Problems};
use crate::score::Network;
use serde_json::Value;
use std::collections::HashSet;

/// Reads a case and its name.
pub(super) fn read(value: Value) -> Result<(Option<String>, Network), FormatError> {
    let name = value.get("case").and_then(Value::as_str).map(str::to_owned);
    let mut value = value;
    if let Some(object) = value.as_object_mut() {
        object.entry("stations").or_insert_with(|| Value::Array(Vec::new()));
    }
    let network: Network = serde_json::from_value(value).map_err(|e| {
        FormatError::one(
            "",
            format!("病例内容有误：{e}；请按 stations、deliveries（id、from、to）、relations（成对的交货编号）填写"),
            format!("the case cannot be read: {e}; give stations, deliveries (id, from, to) and relations (pairs of delivery ids)"),
        )
    })?;
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
