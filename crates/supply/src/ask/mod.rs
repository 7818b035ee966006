//! Questions put to the trace: one answer with a sentence, a table, a map and a graph, whichever door asked.
//!
//! [`Supply::ask`] is the one way in: pages, API and command line give the same parameters and show the same [`Answer`].
//! Every answer says where its bounds stopped it.

mod books;
mod case_line;
mod read;
mod records;
mod source;
mod spread;
mod subject;
mod table;
mod ways;

pub use books::{gap_kinds, gap_word};
pub use case_line::CaseLine;
pub use read::{Ask, PARAMETERS, Parameter, Since};
pub use source::{OutbreakAnswer, Separate};
pub(crate) use spread::Regions;
pub use subject::{Choice, Found, FoundKind};
pub use table::{Cell, Column, Table};

use crate::{Error, Legend, Supply, TraceView};
use access::Principal;
use base::Text;
use chain::{Amount, Bounds};
use ledger::Context;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Where lots came from: every lot behind them, back to the origins.
    Origins,
    /// Where lots went.
    Forward,
    /// Where lots and everything made of them went, summed by county.
    Spread,
    /// The same place by place, with every quantity.
    Scope,
    /// What several cases have in common.
    Source,
    /// The chain between two lots or places, with the events that prove it.
    Path,
    /// The neighbours of a lot.
    Hop,
    /// What came to a lot's chain since a time or a position.
    Changes,
    /// Records that do not fit, of a firm, a place or a region.
    Gaps,
    /// The share of a contaminated lot in everything made with it.
    Mixing,
    /// Whether a firm's books can be true.
    Balance,
    /// Every record of lots or a firm as one sortable sheet.
    Records,
}

impl Question {
    /// All, in the order the workbench shows them.
    pub const ALL: [Self; 12] = [
        Self::Origins,
        Self::Forward,
        Self::Spread,
        Self::Scope,
        Self::Source,
        Self::Path,
        Self::Hop,
        Self::Changes,
        Self::Gaps,
        Self::Mixing,
        Self::Balance,
        Self::Records,
    ];

    /// Its name in addresses and on the command line.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Origins => "origins",
            Self::Forward => "forward",
            Self::Spread => "spread",
            Self::Scope => "scope",
            Self::Source => "source",
            Self::Path => "path",
            Self::Hop => "hop",
            Self::Changes => "changes",
            Self::Gaps => "gaps",
            Self::Mixing => "mixing",
            Self::Balance => "balance",
            Self::Records => "records",
        }
    }

    /// The question of that name.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|q| q.key() == key)
    }

    /// Short title.
    #[must_use]
    pub const fn title(self) -> Text {
        match self {
            Self::Origins => Text::of("来源", "Origins"),
            Self::Forward => Text::of("去向", "Destinations"),
            Self::Spread => Text::of("按县汇总", "By county"),
            Self::Scope => Text::of("召回范围", "Recall scope"),
            Self::Source => Text::of("共同来源", "Common source"),
            Self::Path => Text::of("两点之间", "Path"),
            Self::Hop => Text::of("上下一步", "One step"),
            Self::Changes => Text::of("新增", "What is new"),
            Self::Gaps => Text::of("记录缺口", "Gaps"),
            Self::Mixing => Text::of("混入比例", "Shares"),
            Self::Balance => Text::of("物料平衡", "Mass balance"),
            Self::Records => Text::of("记录清单", "Record sheet"),
        }
    }

    /// What it answers, in a sentence.
    #[must_use]
    pub const fn hint(self) -> Text {
        match self {
            Self::Origins => Text::of(
                "这些批次由什么做成、从哪里来，一直查到源头",
                "what these lots were made of and where that came from, back to the origins",
            ),
            Self::Forward => {
                Text::of("这些批次及其制成品到过哪里", "where these lots and what was made of them went")
            }
            Self::Spread => Text::of(
                "去向按县区汇总：场所数、到货、应在库；范围再大也立即得出",
                "destinations summed by county: places, what came, what should be left; at once however wide",
            ),
            Self::Scope => Text::of(
                "逐场所列出：收货、转出、投料、售出、应在库",
                "place by place: received, passed on, made into, sold, on hand",
            ),
            Self::Source => Text::of(
                "多个病例或不合格样品的共同来源，按可能性排序并说明理由",
                "what several cases or failures have in common, ranked by likelihood, with reasons",
            ),
            Self::Path => Text::of(
                "从一个批次到另一批次或场所的链条，及每一步的证据事件",
                "the chain from one lot to another lot or place, each step with its events",
            ),
            Self::Hop => Text::of(
                "一个批次在各场所的上家与下家",
                "a lot's direct suppliers and customers at each place",
            ),
            Self::Changes => Text::of(
                "上次查看以后，链条上新增的场所与往来",
                "places and movements that came to the chain since the last look",
            ),
            Self::Gaps => Text::of(
                "收到而无人发货、发出而从未收到等对不上的记录",
                "received what nobody shipped, shipped what was never received, and the like",
            ),
            Self::Mixing => Text::of(
                "某问题批次在各制成品中所占比例（缺数量时给上下限）",
                "the share of a contaminated lot in what was made with it, with bounds where quantities are missing",
            ),
            Self::Balance => Text::of(
                "一家单位一段时间内进、产、出是否可能成立，不成立时指出差额",
                "whether a firm's purchases, production and sales can all be true, and by how much they cannot",
            ),
            Self::Records => Text::of(
                "批次或单位的全部关键追溯事件与数据要素，一行一批次一事件，可排序",
                "every critical tracking event of lots or a firm with its key data elements, one row a lot and event, sortable",
            ),
        }
    }

    /// What must be given.
    #[must_use]
    pub const fn needs(self) -> Need {
        match self {
            Self::Source => Need::Cases,
            Self::Gaps => Need::FirmOrRegion,
            Self::Balance => Need::Firm,
            Self::Records => Need::LotsOrFirm,
            Self::Path => Need::LotsAndTo,
            _ => Need::Lots,
        }
    }
}

/// What a question must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// One lot or several.
    Lots,
    /// A lot and where the path ends.
    LotsAndTo,
    /// Cases.
    Cases,
    /// A firm, a place or a region.
    FirmOrRegion,
    /// A firm.
    Firm,
    /// Lots or a firm.
    LotsOrFirm,
}

/// A county with figures, for the map.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct County {
    /// Six-digit code; empty for places in no register.
    pub region: String,
    /// Distinct places.
    pub places: usize,
    /// What came there, when the question counts it.
    pub came: Amount,
    /// On the way there.
    pub expected: Amount,
    /// What should still be there.
    pub on_hand: Amount,
}

/// An answer, the same whichever door asked.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// The answer in a sentence.
    pub summary: Text,
    /// What limits it, and what to do next.
    pub notes: Vec<Text>,
    /// The lots, places or cases asked about, as understood.
    pub about: Vec<Found>,
    /// The rows.
    pub table: Table,
    /// By county.
    pub counties: Vec<County>,
    /// What the graph draws.
    pub traces: Vec<TraceView>,
    /// The names.
    pub legend: Legend,
    /// The bounds of the search.
    pub bounds: Bounds,
    /// The bounds stopped it: there is more.
    pub truncated: bool,
    /// Capture position the answer stands on; give it back as `since` to learn what is new.
    pub position: i64,
    /// Time the engine took, in microseconds.
    pub engine: u128,
    /// Of a question for the common source: the network, scores and ranking.
    pub outbreak: Option<Box<OutbreakAnswer>>,
}

impl Answer {
    /// For programs: everything but the graph, rows from `skip` on, at most `take` of them.
    #[must_use]
    pub fn json(&self, lang: base::Lang, skip: usize, take: usize) -> Json {
        let rows: Vec<Json> = (self.table.rows.iter().skip(skip).take(take))
            .map(|row| Json::Object(self.table.object(lang, &self.legend, row)))
            .collect();
        let reached = skip + rows.len();
        let total = self.table.rows.len();
        let mut out = json!({
            "question": self.question.key(),
            "summary": self.summary,
            "notes": self.notes,
            "about": self.about,
            "bounds": self.bounds,
            "truncated": self.truncated,
            "position": self.position,
            "engine_us": u64::try_from(self.engine).unwrap_or(u64::MAX),
            "regions": self.counties,
            "total": total,
            "rows": rows,
            "next": (reached < total).then_some(reached),
        });
        if let Some(outbreak) = &self.outbreak {
            out["ranking"] = json!(outbreak.ranking);
            out["scores"] = json!(outbreak.scores);
            out["separate"] = json!(outbreak.separate);
        }
        out
    }
}

/// What comes of a question.
#[derive(Debug)]
pub enum Reply {
    /// The answer.
    Answer(Box<Answer>),
    /// What was typed means nothing or more than one thing: choose.
    Choose(Vec<Choice>),
}

impl Supply {
    /// Puts a question to the trace. Rights are asked of every lot, place or firm it is about.
    ///
    /// # Errors
    /// [`Error::Wrong`] names a parameter that cannot be used; [`Error::Denied`]; [`Error::NotFound`]; storage.
    pub async fn ask(
        &self,
        cx: &Context,
        who: &Principal,
        question: Question,
        parameters: &[(String, String)],
    ) -> Result<Reply, Error> {
        self.index.catch_up(&self.store).await?;
        let typed = read::Typed::read(question, parameters)?;
        let mut choices = Vec::new();
        let ask = self.understand(cx, who, question, &typed, &mut choices).await?;
        if !choices.is_empty() {
            return Ok(Reply::Choose(choices));
        }
        let mut answer = match question {
            Question::Origins => self.ask_origins(cx, who, &ask).await,
            Question::Forward => self.ask_forward(cx, who, &ask).await,
            Question::Spread => self.ask_spread(cx, who, &ask).await,
            Question::Scope => self.ask_scope(cx, who, &ask).await,
            Question::Source => self.ask_source(cx, who, &ask).await,
            Question::Path => self.ask_path(cx, who, &ask).await,
            Question::Hop => self.ask_hop(cx, who, &ask).await,
            Question::Changes => self.ask_changes(cx, who, &ask).await,
            Question::Gaps => self.ask_gaps(cx, who, &ask).await,
            Question::Mixing => self.ask_mixing(cx, who, &ask).await,
            Question::Balance => self.ask_balance(cx, who, &ask).await,
            Question::Records => self.ask_records(cx, who, &ask).await,
        }?;
        answer.table.filter(cx.lang, &answer.legend, &ask.words, &ask.within);
        if let Some((key, descending)) = &ask.sort
            && !answer.table.sort(cx.lang, &answer.legend, key, *descending)
        {
            let keys: Vec<&str> = answer.table.columns.iter().map(|c| c.key).collect();
            return Err(Error::wrong(
                "sort",
                Text::new(
                    format!("没有“{key}”这一列；可用：{}。", keys.join("、")),
                    format!("there is no column {key}; there are {}", keys.join(", ")),
                ),
            ));
        }
        if answer.truncated {
            answer.notes.insert(0, truncated(answer.bounds));
        }
        Ok(Reply::Answer(Box::new(answer)))
    }

    /// An answer with nothing in it yet.
    pub(super) fn blank(&self, question: Question, ask: &Ask) -> Answer {
        Answer {
            question,
            summary: question.hint(),
            notes: Vec::new(),
            about: ask.about.clone(),
            table: Table::default(),
            counties: Vec::new(),
            traces: Vec::new(),
            legend: Legend::default(),
            bounds: ask.bounds,
            truncated: false,
            position: self.index.position(),
            engine: 0,
            outbreak: None,
        }
    }
}

fn truncated(bounds: Bounds) -> Text {
    Text::new(
        format!(
            "答案在设定的上限处截断（{} 个节点、{} 步）：实际还有更多。可加大 nodes、depth，或从单个批次、较短时间段分别查询。",
            bounds.max_nodes, bounds.max_depth
        ),
        format!(
            "The answer was cut at its bounds ({} nodes, {} links): there is more. Raise `nodes` or `depth`, or ask for single lots or a shorter time.",
            bounds.max_nodes, bounds.max_depth
        ),
    )
}
