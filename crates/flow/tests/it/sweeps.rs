//! The sweep: what cannot be brought forward stops nothing else.

use crate::features::{file, filled, worlds};
use crate::support::{World, officer};
use base::Instant;

#[tokio::test]
async fn a_clock_that_cannot_be_brought_forward_stops_no_other_and_is_shown_until_it_is_mended() {
    for (name, mut w) in worlds().await {
        let one = officer(1, "620102");
        let broken = file(&w, &one, filled(), None).await.unwrap().matter;
        file(&w, &one, filled(), None).await.unwrap();
        let set = async |w: &World, extensions: &'static str| {
            let mut tx = w.store.begin().await.unwrap();
            let sql = "update clock set extensions = $2 where matter = $1";
            tx.exec(sql, &[broken.into(), extensions.into()]).await.unwrap();
            tx.commit().await.unwrap();
        };
        set(&w, "{").await;
        w.now = Instant::china(base::Date::constant(2026, 10, 8), 9, 0);
        for tries in 1..=2 {
            let swept = flow::sweep(&w.store, &w.engine, &w.ids, w.now).await.unwrap();
            assert_eq!((swept.reminders, swept.faults), (2 - tries, 1), "{name}: the other is reminded once");
            let faults = flow::sweep_faults(&w.store, 10).await.unwrap();
            assert_eq!(faults.len(), 1, "{name}");
            let told = (faults[0].matter, faults[0].tries, faults[0].what.as_str());
            assert_eq!(told, (Some(broken), i64::try_from(tries).unwrap(), "clock"), "{name}");
        }
        set(&w, "[]").await;
        let swept = flow::sweep(&w.store, &w.engine, &w.ids, w.now).await.unwrap();
        assert_eq!((swept.reminders, swept.faults), (1, 0), "{name}: mended");
        assert_eq!(flow::sweep_faults_counted(&w.store).await.unwrap(), 0, "{name}");
    }
}
