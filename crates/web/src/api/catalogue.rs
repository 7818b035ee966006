//! What is said of every endpoint for programs: what it does, the right it needs, an example.

use base::Text;

/// What an endpoint asks of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Anybody.
    Public,
    /// Any account.
    Account,
    /// This action on this kind of record, in the caller's grants.
    Needs(&'static str, &'static str),
}

impl Right {
    /// In words.
    pub(crate) fn text(self) -> Text {
        match self {
            Self::Public => Text::of("公开，无需登录", "public, no account needed"),
            Self::Account => Text::of("任何账号", "any account"),
            Self::Needs(action, kind) => {
                let (a, k) = (access::action_label(action), access::kind_label(kind));
                Text::new(
                    format!("{}{} ({action} {kind})", a.zh, k.zh),
                    format!("{} {} ({action} {kind})", a.en.to_lowercase(), k.en.to_lowercase()),
                )
            }
        }
    }
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    /// Name.
    pub(crate) name: &'static str,
    /// Must be given.
    pub(crate) required: bool,
    /// What it means.
    pub(crate) text: Text2,
}

/// Both languages, usable in a constant table.
pub(crate) type Text2 = (&'static str, &'static str);

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint {
    /// HTTP method.
    pub(crate) method: &'static str,
    /// Path with `{names}`.
    pub(crate) path: &'static str,
    /// Chapter.
    pub(crate) tag: &'static str,
    /// What it does.
    pub(crate) text: Text2,
    /// What it asks of the caller.
    pub(crate) right: Right,
    /// Query parameters.
    pub(crate) query: &'static [Param],
    /// Media type and example of the body; empty media type: no body.
    pub(crate) body: (&'static str, &'static str),
    /// Status and example of the answer; empty example: no body.
    pub(crate) answer: (u16, &'static str),
    /// Takes an `Idempotency-Key`.
    pub(crate) keyed: bool,
}

/// Names of the chapters.
pub(crate) fn chapter(tag: &str) -> Text {
    match tag {
        "EPCIS 2.0" => Text::of("EPCIS 2.0 追溯采集与查询", "EPCIS 2.0 capture and query"),
        "trace" => Text::of("追溯", "Trace"),
        "connectors" => Text::of("与其他追溯库的连接", "Connectors to other repositories"),
        "journal" => Text::of("存证", "Journal"),
        "laboratory" => Text::of("抽检与检验", "Samples and results"),
        "sampling" => {
            Text::of("抽检计划、抽取、公示、统计", "Plans, draws, publication and statistics of sampling")
        }
        "assessment" => Text::of("评估与设计", "Assessment and design"),
        "limits" => Text::of("限量判定", "Judgement by limits"),
        "work" => Text::of("任务与办件", "Tasks and matters"),
        "surveillance" => Text::of("监测预警", "Surveillance"),
        "targeting" => Text::of("风险导向", "Targeting"),
        "public" => Text::of("公开信息", "Public information"),
        "links" => {
            Text::of("扫码链接（GS1 Digital Link 解析）", "Links behind codes (GS1 Digital Link resolver)")
        }
        "files" => Text::of("附件", "Attachments"),
        _ => Text::of("访问令牌", "Access tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::endpoints::{CAPTURE, EVENT, RESULT, SAMPLE, endpoints};
    use crate::api::samples::Results;

    #[test]
    fn every_example_is_json_and_the_bodies_are_what_the_handlers_read() {
        for e in endpoints() {
            for text in [e.body.1, e.answer.1] {
                assert!(
                    text.is_empty() || serde_json::from_str::<serde_json::Value>(text).is_ok(),
                    "{} {text}",
                    e.path
                );
            }
        }
        serde_json::from_str::<lab::NewSample>(SAMPLE).unwrap();
        serde_json::from_str::<Results>(RESULT).unwrap();
        let limits = epcis::Limits::default();
        assert!(epcis::json::read_document(CAPTURE.as_bytes(), limits).is_ok());
        assert!(epcis::json::read_event(EVENT.as_bytes(), limits).is_ok());
    }

    #[test]
    fn rights_are_named_by_known_actions_and_kinds() {
        for e in endpoints() {
            if let Right::Needs(action, kind) = e.right {
                assert!(
                    access::ACTIONS.iter().any(|a| a.0 == action)
                        && access::KINDS.iter().any(|k| k.0 == kind),
                    "{}",
                    e.path
                );
            }
        }
    }
}
