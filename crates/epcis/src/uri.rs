//! Syntax of URIs (RFC 3986, absolute form) as the JSON schema's `format: uri` demands it.

/// Whether `text` is an absolute URI.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let Some(colon) = text.bytes().position(|b| b == b':') else { return false };
    let scheme = &text.as_bytes()[..colon];
    if !scheme.first().is_some_and(u8::is_ascii_alphabetic)
        || !scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    {
        return false;
    }
    let rest = &text[colon + 1..];
    let (hierarchy, tail) = rest.find(['?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    let (query, fragment) = tail.find('#').map_or((tail, ""), |at| tail.split_at(at));
    let path = match hierarchy.strip_prefix("//") {
        Some(after) => {
            let (authority, path) = after.find('/').map_or((after, ""), |at| after.split_at(at));
            if !is_authority(authority) {
                return false;
            }
            path
        }
        None => hierarchy,
    };
    all(path, b"/:@")
        && all(query.strip_prefix('?').unwrap_or(query), b"/:@?")
        && all(fragment.strip_prefix('#').unwrap_or(fragment), b"/:@?")
}

fn is_authority(authority: &str) -> bool {
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            if !all(user, b":") {
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
    all(name, b"") && port.bytes().all(|b| b.is_ascii_digit())
}

/// Unreserved characters and sub-delimiters.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut b: u8 = 0;
    while b < 128 {
        plain[b as usize] = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')')
            || matches!(b, b'*' | b'+' | b',' | b';' | b'=');
        b += 1;
    }
    plain
};

/// What is plain, percent escapes, and what is named in `more`.
fn all(part: &str, more: &[u8]) -> bool {
    let bytes = part.as_bytes();
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        if PLAIN[usize::from(*b)] || more.contains(b) {
            at += 1;
        } else if *b == b'%'
            && bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
        {
            at += 3;
        } else {
            return false;
        }
    }
    true
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
        ] {
            assert!(!is_uri(bad), "{bad}");
        }
    }
}
