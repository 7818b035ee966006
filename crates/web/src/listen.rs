//! Connections: bounded in number, and closed when nothing is asked on them, so that somebody who opens a thousand and says
//! nothing takes neither the file descriptors of the database nor the place of others.

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::Service;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// How long nobody is let in after an error of accepting, which is want of files or memory.
const PAUSE: Duration = Duration::from_millis(100);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// Most connections at a time.
    pub places: usize,
    /// How long a connection may take to send the head of its next request, and be silent within the body of one.
    pub head: Duration,
}

/// Serves until told to stop; then requests at work are finished and nobody is let in.
pub async fn listen(listener: TcpListener, router: Router, door: Door, stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(door.places));
    // a body that never comes would hold its place for ever
    let router = router.layer(RequestBodyTimeoutLayer::new(door.head));
    let mut make = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut connections = JoinSet::new();
    let mut stopping = stop.clone();
    let mut stopped = pin!(stopping.wait_for(|stop| *stop));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            _ = &mut stopped => break,
            next = next => next,
        };
        match (accepted, place) {
            (Ok((stream, from)), Ok(place)) => {
                let connection = connection(stream, service(&mut make, from).await, door.head, stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            (Err(error), _) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
            (_, Err(_)) => break,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

type Make = IntoMakeServiceWithConnectInfo<Router, SocketAddr>;
type Served = <Make as Service<SocketAddr>>::Response;

async fn service(make: &mut Make, from: SocketAddr) -> Served {
    match make.call(from).await {
        Ok(service) => service,
        Err(never) => match never {},
    }
}

async fn connection(stream: TcpStream, service: Served, head: Duration, mut stop: watch::Receiver<bool>) {
    // answers are small: none waits for a full packet
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut served = pin!(served);
    // what ends a connection early (a client that went away, a head that never came) is the client's affair
    let ended = tokio::select! {
        ended = &mut served => Some(ended),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn answer(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn who_opens_connections_and_says_nothing_takes_nobodys_place_for_long() {
        let (stopper, stop) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let door = Door { places: 3, head: Duration::from_millis(300) };
        let served = tokio::spawn(listen(listener, router, door, stop));
        let mut silent = Vec::new();
        for _ in 0..3 {
            silent.push(TcpStream::connect(at).await.unwrap());
        }
        // half a head is no more than none
        silent[0].write_all(b"GET / HT").await.unwrap();
        let mut late = TcpStream::connect(at).await.unwrap();
        assert!(answer(&mut late).await.ends_with("here"));
        for mut one in silent {
            // an answer 408 or nothing, and the end
            let mut rest = Vec::new();
            one.read_to_end(&mut rest).await.unwrap();
            assert!(!rest.ends_with(b"here"));
        }
        stopper.send_replace(true);
        served.await.unwrap();
        assert!(TcpStream::connect(at).await.is_err(), "nobody is let in any more");
    }

    #[tokio::test]
    async fn a_body_that_never_comes_holds_nobodys_place() {
        let (stopper, stop) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }).post(|body: String| async { body }));
        let door = Door { places: 1, head: Duration::from_millis(300) };
        let served = tokio::spawn(listen(listener, router, door, stop));
        let mut stuck = TcpStream::connect(at).await.unwrap();
        stuck.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nab").await.unwrap();
        let mut late = TcpStream::connect(at).await.unwrap();
        let answered = tokio::time::timeout(Duration::from_secs(20), answer(&mut late)).await.unwrap();
        assert!(answered.ends_with("here"));
        stopper.send_replace(true);
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_request_at_work_is_finished_when_told_to_stop() {
        let (stopper, stop) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let door = Door { places: 3, head: Duration::from_secs(20) };
        let served = tokio::spawn(listen(listener, Router::new().route("/", get(slow)), door, stop));
        let idle = TcpStream::connect(at).await.unwrap();
        let mut one = TcpStream::connect(at).await.unwrap();
        let asked = tokio::spawn(async move { answer(&mut one).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        stopper.send_replace(true);
        assert!(asked.await.unwrap().ends_with("done"));
        tokio::time::timeout(Duration::from_secs(10), served).await.unwrap().unwrap();
        drop(idle);
    }
}
