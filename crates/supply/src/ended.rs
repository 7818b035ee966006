//! Page tokens a caller has given back: they lead nowhere any more.

use crate::{Error, Supply};
use base::Instant;
use sha2::{Digest, Sha256};

/// Seconds a token that was given back is remembered: as long as it would have lived.
const KEPT: i64 = 24 * 3600;

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

impl Supply {
    /// Ends a page token; ending it twice, or one that never was, changes nothing.
    ///
    /// # Errors
    /// Storage.
    pub async fn end_page(&self, token: &str, now: Instant) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.exec("delete from ended_page where until < $1", &[now.into()]).await?;
        tx.exec(
            "insert into ended_page (token, until) values ($1, $2) on conflict (token) do nothing",
            &[digest(token).into(), now.plus_seconds(KEPT).into()],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a page token was given back.
    pub(crate) async fn page_ended(&self, token: &str) -> Result<bool, Error> {
        let found = "select token from ended_page where token = $1";
        Ok(self.store.first(found, &[digest(token).into()]).await?.is_some())
    }
}
