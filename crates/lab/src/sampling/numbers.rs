//! Running numbers of sampling forms.

use super::book::{Book, Budget};
use crate::Error;
use base::Date;
use store::Tx;

/// The next form number of a level, year and region; the counter's row is held until the transaction ends.
pub(crate) async fn next_form(tx: &mut Tx, budget: Budget, on: Date, region: &str) -> Result<String, Error> {
    let book = Book::builtin();
    let prefix = book.prefix(budget, on, region);
    let row = tx
        .one(
            "insert into form_number (prefix, last) values ($1, 1) \
             on conflict (prefix) do update set last = form_number.last + 1 returning last",
            &[prefix.as_str().into()],
        )
        .await?;
    Ok(book.number_of(&prefix, row.int("last")?))
}
