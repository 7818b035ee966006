//! What computes for more than some milliseconds runs beside the async threads, two at a time: on them it would hold up every
//! other request of the process.

use crate::fault::{Answer, Fault};
use tokio::sync::Semaphore;

/// Computations at once: each takes a processor, and a file being read some hundred megabytes.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Runs a computation when its turn has come.
///
/// # Errors
/// [`Fault::internal`] when it broke off.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    let turn = TURNS.acquire().await.map_err(Fault::internal)?;
    // the place is held by the computation, not by who asked: somebody who goes away does not make room for a third
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(Fault::internal)
}
