//! Syntax of URIs (RFC 3986, absolute form) as the JSON schema's `format: uri` demands it.

/// May stand in a host or user part: unreserved characters and sub-delimiters.
const HOST: u8 = 1;
/// May stand in a path.
const PATH: u8 = 2;
/// May stand behind `?` or `#`.
const TAIL: u8 = 4;
/// May stand in a scheme behind its first letter.
const SCHEME: u8 = 8;

/// Where each byte may stand.
const MAY: [u8; 256] = {
    let mut may = [0; 256];
    let mut b: u8 = 0;
    while b < 128 {
        let is_plain = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')')
            || matches!(b, b'*' | b'+' | b',' | b';' | b'=');
        if is_plain {
            may[b as usize] |= HOST | PATH | TAIL;
        }
        if matches!(b, b'/' | b':' | b'@') {
            may[b as usize] |= PATH | TAIL;
        }
        if b == b'?' {
            may[b as usize] |= TAIL;
        }
        if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.') {
            may[b as usize] |= SCHEME;
        }
        b += 1;
    }
    may
};

/// Whether `text` is an absolute URI.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let bytes = text.as_bytes();
    let scheme = bytes.iter().position(|b| MAY[usize::from(*b)] & SCHEME == 0).unwrap_or(bytes.len());
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) || bytes.get(scheme) != Some(&b':') {
        return false;
    }
    let mut at = scheme + 1;
    if bytes[at..].starts_with(b"//") {
        let start = at + 2;
        let rest = &bytes[start..];
        at = start + rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        if !is_authority(&text[start..at]) {
            return false;
        }
    }
    at = pass(bytes, at, PATH);
    for mark in [b'?', b'#'] {
        if bytes.get(at) == Some(&mark) {
            at = pass(bytes, at + 1, TAIL);
        }
    }
    at == bytes.len()
}

fn is_authority(authority: &str) -> bool {
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            if !user.split(':').all(is_host) {
                return false;
            }
            host
        }
        None => authority,
    };
    if let Some(literal) = host.strip_prefix('[') {
        let Some((address, port)) = literal.split_once(']') else { return false };
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && port.strip_prefix(':').unwrap_or(port).bytes().all(|b| b.is_ascii_digit());
    }
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    is_host(name) && port.bytes().all(|b| b.is_ascii_digit())
}

fn is_host(part: &str) -> bool {
    pass(part.as_bytes(), 0, HOST) == part.len()
}

/// Passes over what may stand there, percent escapes included, from `at` on.
fn pass(bytes: &[u8], mut at: usize, class: u8) -> usize {
    while let Some(b) = bytes.get(at) {
        if MAY[usize::from(*b)] & class != 0 {
            at += 1;
        } else if *b == b'%'
            && bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
        {
            at += 3;
        } else {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_uris_and_nothing_else() {
        for good in [
            "urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()",
            "urn:epc:idpat:sgtin:4012345.066666.*",
            "https://id.gs1.org/01/09780345418913?17=260101#x",
            "geo:47.506694,11.104301",
            "ni:///sha-256;36ab?ver=CBV2.0",
            "example:x",
            "http://[2001:db8::1]:8080/a",
            "a:",
            "http://u:p%20x@h:80?q/?:@#f?",
            "http://h",
            "x+y-1.z:?#",
        ] {
            assert!(is_uri(good), "{good}");
        }
        for bad in [
            "",
            "shipping",
            "1a:b",
            "http://a b/",
            "urn:a:%2",
            "http://ä.de",
            "x:{y}",
            ":a",
            "http://h:80a/",
            "a:b#c#d",
            "a",
            "a/b:c",
            "http://h@i@j/",
            "http://h:x/",
            "http://[::1/",
            "x:a%g0",
            "x:a?b#%0",
        ] {
            assert!(!is_uri(bad), "{bad}");
        }
    }
}
