//! The conformance program against this server: nothing fails but what is known to.

use crate::province::{Province, running};
use std::sync::Arc;
use store::jobs::Runner;
use tokio::sync::watch;
use web::conformance::{KNOWN, OPERATIONS, walk};
use web::outbound::Outbound;

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_walked_and_every_requirement_met_but_those_known() {
    let p = Province::running().await;
    let token = p.token("firm1").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = p.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (_stopper, stop) = watch::channel(false);
    tokio::spawn(web::deliver(p.app.clone(), stop.clone()));
    let runner = web::background(&p.app, Runner::new(p.app.store.clone(), Arc::new(running), "test"));
    tokio::spawn(async move { runner.run(stop).await });
    let client = Outbound::new(Vec::new(), true);
    let report = walk(&client, &format!("http://{at}/epcis"), &token, "test1").await.unwrap();
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/epcis-conformance.md");
        std::fs::write(kept, report.markdown("URL", KNOWN)).unwrap();
    }
    assert_eq!(report.covered(), OPERATIONS.len());
    let failed: Vec<_> =
        report.failures().filter(|l| !KNOWN.iter().any(|(known, _)| *known == l.requirement)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(report.lines.len() > 150, "{} requirements", report.lines.len());
    assert!(report.markdown("URL", KNOWN).contains("63 of 63 operations"));
}
