//! Verification of certificates for delivery platforms: does this number stand, for this firm, today.

use super::sent::Params;
use crate::fault::Answer;
use crate::pages::public::licences_by_number;
use crate::state::App;
use access::Principal;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Text;
use serde_json::json;
use std::sync::Arc;

/// `GET /api/v1/licences/verify?number=&uscc=&name=&on=`. Public: the register of licences is (Food Safety Law, art. 113).
/// `matches` is false when the number is unknown, not in force on the day, or held by another than the firm named.
pub(super) async fn verify(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["number", "uscc", "name", "on"])?;
    let number = p.need("number")?;
    let on = p.read("on", "2026-11-22")?.unwrap_or_else(|| app.now().china_date());
    let found = licences_by_number(&app, &Principal::anonymous(), number).await?;
    let (uscc, name) = (p.get("uscc"), p.get("name"));
    let mut reasons: Vec<Text> = Vec::new();
    if found.is_empty() {
        reasons.push(Text::of("登记库中没有这个编号", "the register has no such number"));
    }
    let mut records = Vec::new();
    let mut matches = false;
    for h in &found {
        let in_force = h.licence.in_force(on);
        let same_code = uscc.is_none_or(|u| h.holder.uscc.as_deref() == Some(u.trim()));
        let same_name = name.is_none_or(|n| h.holder.name == n.trim());
        if !in_force {
            reasons.push(Text::of("该日不在有效状态", "not in force on that day"));
        }
        if !same_code {
            reasons.push(Text::of("持有人的统一社会信用代码不符", "held under another social credit code"));
        }
        if !same_name {
            reasons.push(Text::of("持有人名称不符", "held under another name"));
        }
        matches |= in_force && same_code && same_name;
        records.push(json!({
            "number": h.licence.number, "class": h.licence.class, "status": h.licence.status, "in_force": in_force,
            "issued": h.licence.issued.map(|d| d.to_string()), "expires": h.licence.expires.map(|d| d.to_string()),
            "check_digit_ok": h.licence.check.warning().is_none(),
            "holder": { "name": h.holder.name, "uscc": h.holder.uscc, "region": h.holder.region },
        }));
    }
    if matches {
        reasons.clear();
    }
    Ok(Json(json!({
        "number": number, "on": on.to_string(), "matches": matches, "reasons": reasons, "records": records,
        "checked_at": app.now().rfc3339(),
    }))
    .into_response())
}
