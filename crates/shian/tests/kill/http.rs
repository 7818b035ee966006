//! The least HTTP a client needs: one connection, kept open, and an error for every answer that did not come whole.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer that came whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// For a failure's message.
    pub(crate) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        format!("{} {}", self.status, text.chars().take(600).collect::<String>())
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// A client with one connection.
#[derive(Debug, Default)]
pub(crate) struct Client {
    open: Option<(SocketAddr, BufReader<TcpStream>)>,
}

impl Client {
    /// Sends and waits. After an error nobody knows whether the server did what was asked.
    pub(crate) fn send(&mut self, to: SocketAddr, ask: Ask<'_>) -> Result<Answer> {
        let mut stream = match self.open.take() {
            Some((address, stream)) if address == to => stream,
            _ => {
                let stream = TcpStream::connect_timeout(&to, Duration::from_secs(2))?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                BufReader::new(stream)
            }
        };
        let mut head = format!("{} {} HTTP/1.1\r\nhost: kill.test\r\n", ask.method, ask.path);
        for (name, value) in ask.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", ask.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(ask.body);
        stream.get_mut().write_all(&bytes)?;
        let answer = read(&mut stream)?;
        if !answer.header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close")) {
            self.open = Some((to, stream));
        }
        Ok(answer)
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Result<Answer> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| broken(&first))?;
    let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
    loop {
        let text = line(stream)?;
        let Some((name, value)) = text.split_once(':') else { break };
        answer.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if answer.header("transfer-encoding").is_some() {
        loop {
            let size = line(stream)?;
            let size = usize::from_str_radix(&size, 16).map_err(|_| broken(&size))?;
            let mut part = vec![0; size + 2];
            stream.read_exact(&mut part)?;
            if size == 0 {
                break;
            }
            answer.body.extend_from_slice(&part[..size]);
        }
    } else if let Some(length) = answer.header("content-length").and_then(|l| l.parse().ok()) {
        answer.body = vec![0; length];
        stream.read_exact(&mut answer.body)?;
    }
    Ok(answer)
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 || !text.ends_with('\n') {
        return Err(Error::from(ErrorKind::UnexpectedEof));
    }
    Ok(text.trim_end().to_owned())
}

fn broken(text: &str) -> Error {
    Error::new(ErrorKind::InvalidData, text.to_owned())
}
