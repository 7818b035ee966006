//! `shian serve`.

use super::Outcome;
use crate::cli::ServeArgs;
use crate::config::Config;
use crate::province::{Province, Purpose};
use crate::{log, out, serve};

/// Serves until asked to stop.
pub(crate) async fn serve(args: ServeArgs) -> Outcome {
    let config = Config::serve(&args)?;
    log::init(config.log, false);
    let province = Province::open(config, Purpose::Found).await?;
    let origin = province.config.origin.clone();
    if !access::any_account(&province.app.store).await? {
        out::note(
            "there is no account yet: create the first administrator with `shian admin LOGIN`, or try `shian demo`",
        );
    }
    serve::serve(province, |address| {
        out::note(&format!("listening on http://{address} (origin {origin})"));
    })
    .await?;
    Ok(true)
}
