//! Requests this server makes itself: to the receivers of subscriptions, and by the conformance program.
//!
//! An address that a user gave is asked only when the configuration allows its host and every IP address it resolves to
//! is public; the connection goes to the very address that was checked, so that a name cannot change its mind between.

use axum::http::uri::Scheme;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use base::Text;
use futures::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Bytes of an answer that are read at most.
const ANSWER: usize = 64 << 20;
const CONNECT: Duration = Duration::from_secs(10);

/// Whom this server may ask, and how.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// Hosts that may be asked (`example.org`, `*.example.org`); empty: every one.
    pub hosts: Vec<String>,
    /// Also addresses of this machine and of private networks: for the demo, tests and closed networks.
    pub private: bool,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address is not one this server may ask.
    #[error("{}", .0.en)]
    Refused(Text),
    /// No answer in time.
    #[error("no answer within {0} s")]
    Late(u64),
    /// The connection failed.
    #[error("{0}")]
    Failed(String),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's text; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A WebSocket this server or program opened.
pub struct Socket(WebSocketStream<Box<dyn Wire>>);

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Socket")
    }
}

impl Socket {
    /// The next text message; `None` when the socket is closed.
    ///
    /// # Errors
    /// [`OutboundError::Late`] when none comes in time; a broken connection.
    pub async fn next(&mut self, wait: Duration) -> Result<Option<String>, OutboundError> {
        let text = async {
            while let Some(message) = self.0.next().await {
                match message.map_err(|e| OutboundError::Failed(e.to_string()))? {
                    Message::Text(text) => return Ok(Some(text.to_string())),
                    Message::Close(_) => return Ok(None),
                    _ => {}
                }
            }
            Ok(None)
        };
        tokio::time::timeout(wait, text).await.map_err(|_| OutboundError::Late(wait.as_secs()))?
    }

    /// Closes it.
    pub async fn close(mut self) {
        let _ = self.0.send(Message::Close(None)).await;
    }
}

impl Outbound {
    /// A client for these hosts.
    #[must_use]
    pub fn new(hosts: Vec<String>, private: bool) -> Self {
        Self { hosts, private, tls: Arc::default() }
    }

    /// Whether an address may be asked at all, before its name is resolved.
    ///
    /// # Errors
    /// [`OutboundError::Refused`] with the remedy.
    pub fn check(&self, url: &str) -> Result<Uri, OutboundError> {
        let uri: Uri = url.parse().map_err(|_| refused_url(url))?;
        let http = matches!(uri.scheme_str(), Some("http" | "https" | "ws" | "wss"));
        let Some(host) = uri.host().filter(|h| http && !h.is_empty()) else { return Err(refused_url(url)) };
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(refused_url(url));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let listed = |allowed: &String| match allowed.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.')),
            None => *allowed == host,
        };
        if !self.hosts.is_empty() && !self.hosts.iter().any(listed) {
            return Err(OutboundError::Refused(Text::new(
                format!("主机 {host} 不在允许的接收方之列。"),
                format!(
                    "The host {host} is not among the receivers this server may call; ask its administrator to add it."
                ),
            )));
        }
        let local = host == "localhost" || host.ends_with(".localhost") || host.ends_with(".internal");
        let address = host.parse::<IpAddr>().is_ok_and(|ip| !is_public(ip));
        if !self.private && (local || address) {
            return Err(refused_private(&host));
        }
        Ok(uri)
    }

    /// Sends one request and reads the answer.
    ///
    /// # Errors
    /// When the address may not be asked, nothing answers in time, or the connection breaks.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        wait: Duration,
    ) -> Result<Reply, OutboundError> {
        let uri = self.check(url)?;
        let work = async {
            let stream = self.connect(&uri).await?;
            let fail = |e: hyper::Error| OutboundError::Failed(chain(&e));
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(fail)?;
            let driver = tokio::spawn(connection);
            let path = uri.path_and_query().map_or("/", |p| p.as_str());
            let mut request = Request::builder().method(method).uri(path);
            if let Some(all) = request.headers_mut() {
                put(all, header::HOST.as_str(), uri.authority().map_or("", |a| a.as_str()))?;
                put(all, header::USER_AGENT.as_str(), concat!("shian/", env!("CARGO_PKG_VERSION")))?;
                for (name, value) in headers {
                    put(all, name, value)?;
                }
            }
            let request = request
                .body(Full::new(Bytes::from(body)))
                .map_err(|e| OutboundError::Failed(e.to_string()))?;
            let response = sender.send_request(request).await.map_err(fail)?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, ANSWER)
                .collect()
                .await
                .map_err(|e| OutboundError::Failed(e.to_string()))?
                .to_bytes();
            driver.abort();
            Ok(Reply { status: parts.status, headers: parts.headers, body: body.into() })
        };
        tokio::time::timeout(wait, work).await.map_err(|_| OutboundError::Late(wait.as_secs()))?
    }

    /// Opens a WebSocket (`ws:` or `wss:`); the second value is the status and headers of the answer.
    ///
    /// # Errors
    /// As [`Outbound::send`]; also when the server does not upgrade.
    pub async fn socket(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        wait: Duration,
    ) -> Result<(Socket, Reply), OutboundError> {
        let uri = self.check(url)?;
        let work = async {
            let stream: Box<dyn Wire> = self.connect(&uri).await?;
            let mut request = tokio_tungstenite::tungstenite::ClientRequestBuilder::new(uri.clone());
            for (name, value) in headers {
                request = request.with_header(*name, *value);
            }
            let (socket, response) = tokio_tungstenite::client_async(request, stream)
                .await
                .map_err(|e| OutboundError::Failed(e.to_string()))?;
            let (parts, _) = response.into_parts();
            Ok((Socket(socket), Reply { status: parts.status, headers: parts.headers, body: Vec::new() }))
        };
        tokio::time::timeout(wait, work).await.map_err(|_| OutboundError::Late(wait.as_secs()))?
    }

    async fn connect(&self, uri: &Uri) -> Result<Box<dyn Wire>, OutboundError> {
        let secure = uri.scheme() == Some(&Scheme::HTTPS) || uri.scheme_str() == Some("wss");
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let found = tokio::net::lookup_host((host, port))
            .await
            .map_err(|e| OutboundError::Failed(format!("{host} cannot be resolved: {e}")))?;
        let addresses: Vec<SocketAddr> = found.collect();
        if !self.private && addresses.iter().any(|a| !is_public(a.ip())) {
            return Err(refused_private(host));
        }
        let mut last = format!("{host} has no address");
        for address in addresses {
            match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    return if secure { self.encrypt(stream, host).await } else { Ok(Box::new(stream)) };
                }
                Ok(Err(e)) => last = format!("{address}: {e}"),
                Err(_) => last = format!("{address}: no connection within {} s", CONNECT.as_secs()),
            }
        }
        Err(OutboundError::Failed(last))
    }

    async fn encrypt(&self, stream: TcpStream, host: &str) -> Result<Box<dyn Wire>, OutboundError> {
        let config = self.tls.get_or_init(tls).clone();
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| OutboundError::Failed(format!("{host} is no name a certificate can have")))?;
        let stream = tokio_rustls::TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|e| OutboundError::Failed(format!("TLS with {host}: {e}")))?;
        Ok(Box::new(stream))
    }
}

/// Trusts what the system trusts.
fn tls() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(?error, "a certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), OutboundError> {
    let fail = || OutboundError::Failed(format!("the header {name} cannot be sent"));
    let name: HeaderName = name.parse().map_err(|_| fail())?;
    headers.insert(name, HeaderValue::from_str(value).map_err(|_| fail())?);
    Ok(())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

fn refused_url(url: &str) -> OutboundError {
    let url: String = url.chars().take(200).collect();
    OutboundError::Refused(Text::new(
        format!("“{url}”不是可用的接收地址，请填写 http(s)://主机/路径，且不含用户名密码。"),
        format!("'{url}' cannot be called; give http(s)://host/path without user or password."),
    ))
}

fn refused_private(host: &str) -> OutboundError {
    OutboundError::Refused(Text::new(
        format!("主机 {host} 位于本机或内部网络，不允许作为接收地址。"),
        format!("The host {host} is this machine or in a private network, which this server does not call."),
    ))
}

/// Whether an address belongs to the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_unspecified()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            let [first, second, ..] = v6.segments();
            // 6to4, NAT64 and Teredo carry an IPv4 address that nobody would check
            let carries =
                first == 0x2002 || (first == 0x64 && second == 0xff9b) || (first == 0x2001 && second == 0);
            (first & 0xe000) == 0x2000 && !carries && !(first == 0x2001 && second == 0xdb8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
        for (ip, public) in [
            ("8.8.8.8", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("::1", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("::ffff:127.0.0.1", false),
            ("2002:7f00:1::", false),
            ("64:ff9b::7f00:1", false),
            ("2606:4700:4700::1111", true),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
        }
    }

    #[test]
    fn an_address_is_checked_before_it_is_resolved() {
        let open = Outbound::default();
        let listed = Outbound::new(vec!["hooks.example.org".into(), "*.example.com".into()], false);
        for (client, url, fits) in [
            (&open, "https://example.org/hook", true),
            (&open, "ftp://example.org/hook", false),
            (&open, "/hook", false),
            (&open, "https://user:word@example.org/", false),
            (&open, "http://127.0.0.1/", false),
            (&open, "http://[::1]/", false),
            (&open, "http://localhost:8080/", false),
            (&listed, "https://hooks.example.org/x", true),
            (&listed, "https://a.example.com/x", true),
            (&listed, "https://example.com/x", false),
            (&listed, "https://badexample.com/x", false),
            (&listed, "https://example.net/x", false),
        ] {
            assert_eq!(client.check(url).is_ok(), fits, "{url}");
        }
        assert!(Outbound::new(Vec::new(), true).check("http://127.0.0.1:1/").is_ok());
    }
}
