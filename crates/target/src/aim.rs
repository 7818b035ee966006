//! What a model is for, where a proposal stands, and why a line stands in it.

use base::Text;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stored word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The word shown to people.
            #[must_use]
            pub const fn label(self) -> Text {
                match self { $(Self::$variant => Text::of($zh, $en),)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.word() == text).ok_or_else(|| format!("{text} is no {}", stringify!($name)))
            }
        }
    };
}

words! {
    /// What is proposed.
    Aim {
        /// Operators to inspect.
        Inspect = "inspect", "查谁", "whom to inspect";
        /// Foods to sample: a class of food at a stage in a county.
        Sample = "sample", "抽什么", "what to sample";
    }
}

words! {
    /// Where a proposal stands.
    State {
        /// The list is frozen; the public value that draws the random part is not known yet.
        Frozen = "frozen", "待抽随机份额", "random part to be drawn";
        /// The random part is drawn; nobody has decided.
        Drawn = "drawn", "待审批", "to be decided";
        /// Accepted in whole or in part; it fed a plan.
        Accepted = "accepted", "已采纳", "accepted";
        /// Declined with a reason.
        Declined = "declined", "未采纳", "declined";
        /// Given up before the draw, with a reason.
        Cancelled = "cancelled", "已撤销", "cancelled";
    }
}

words! {
    /// Why a line is proposed.
    Why {
        /// Its chance is among the highest.
        Score = "score", "分值", "score";
        /// Drawn at random among all others.
        Audit = "audit", "随机", "random";
    }
}
