//! The token that leads to the next page: where the last one ended, checked against the query it belongs to.

use super::NextPage;
use base::{Id, Instant, Text};
use epcis::{Problem, ProblemType};
use sha2::{Digest, Sha256};

/// Seconds a token is taken.
const LIFE: i64 = 24 * 3600;

/// What a token holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// The last capture the answer takes in.
    pub(super) bound: i64,
    /// Key in the order; when the order is an extension field, how many events were given.
    pub(super) key: i64,
    /// Record id of the last event.
    pub(super) id: Id,
    /// What `eventCountLimit` leaves.
    pub(super) left: Option<u64>,
    /// When it was made.
    pub(super) issued: Instant,
}

impl Token {
    /// The next page for `owner`, the account and query it belongs to.
    pub(super) fn page(&self, owner: &str) -> NextPage {
        let left = self.left.map_or_else(|| "-".to_owned(), |left| left.to_string());
        let text = format!("{}.{}.{}.{left}.{}", self.bound, self.key, self.id.0, self.issued.0);
        let token = format!("{text}.{}", check(&text, owner));
        NextPage { token, expires: self.issued.plus_seconds(LIFE) }
    }

    /// Reads a token.
    pub(super) fn read(text: &str, owner: &str, now: Instant) -> Result<Self, Box<Problem>> {
        let token = Self::parse(text, owner).ok_or_else(|| {
            problem(Text::of(
                "nextPageToken 不属于这个查询。",
                "The nextPageToken does not belong to this query.",
            ))
        })?;
        if token.issued.plus_seconds(LIFE) < now {
            return Err(problem(Text::of("nextPageToken 已过期。", "The nextPageToken has expired.")));
        }
        Ok(token)
    }

    fn parse(text: &str, owner: &str) -> Option<Self> {
        let (content, sum) = text.rsplit_once('.')?;
        if check(content, owner) != sum {
            return None;
        }
        let mut parts = content.split('.');
        let mut number = || parts.next()?.parse().ok();
        let (bound, key, id) = (number()?, number()?, Id(number()?));
        let left = match parts.next()? {
            "-" => None,
            left => Some(left.parse().ok()?),
        };
        Some(Self { bound, key, id, left, issued: Instant(parts.next()?.parse().ok()?) })
    }
}

/// Guards against tokens of other queries and slips of the pen; what may be seen is decided anew for every page, so a
/// forged one gains nothing.
fn check(text: &str, owner: &str) -> String {
    let digest = Sha256::new().chain_update(text).chain_update([0x1d]).chain_update(owner).finalize();
    hex::encode(&digest[..8])
}

/// The token was given back.
pub(super) fn ended() -> Box<Problem> {
    problem(Text::of("nextPageToken 已被释放。", "The nextPageToken was given back."))
}

fn problem(detail: Text) -> Box<Problem> {
    let remedy = Text::of("请从第一页重新查询。", "Ask for the first page again.");
    Box::new(Problem::new(ProblemType::QueryParameter, "nextPageToken", detail, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_query_for_a_day() {
        let now = Instant(1_788_307_200_000_000);
        for left in [None, Some(7)] {
            let token = Token { bound: 4, key: -12, id: Id(99), left, issued: now };
            let page = token.page("me, all");
            assert_eq!(page.expires, now.plus_seconds(86_400));
            assert_eq!(Token::read(&page.token, "me, all", page.expires), Ok(token));
            let late = Token::read(&page.token, "me, all", page.expires.plus_seconds(1)).unwrap_err();
            assert!(late.detail.en.contains("expired"));
            assert!(Token::read(&page.token, "me, some", now).is_err());
            assert!(Token::read(&page.token.replacen('4', "5", 1), "me, all", now).is_err());
        }
        for text in ["", "x", "1.2.3", "1.2.3.4.5.6"] {
            assert!(Token::read(text, "me, all", now).is_err(), "{text}");
        }
    }
}
