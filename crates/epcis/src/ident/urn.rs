//! EPC URNs (Tag Data Standard §6 and §8) to canonical Digital Links and back.

use super::{DOMAIN, DigitalLink, canonical_text, check_digit, is_digits};
use base::Text;

/// The canonical Digital Link of what follows `urn:epc:`.
pub(super) fn to_link(rest: &str) -> Option<String> {
    let (space, rest) = rest.split_once(':')?;
    let (scheme, body) = rest.split_once(':')?;
    let (prefix, rest) = body.split_once('.')?;
    if !is_digits(prefix) || !(6..=12).contains(&prefix.len()) {
        return None;
    }
    match space {
        "id" => instance(scheme, prefix, rest),
        "class" if scheme == "lgtin" => {
            let (item, lot) = rest.split_once('.')?;
            Some(format!("{DOMAIN}/01/{}/10/{}", gtin(prefix, item)?, canonical_text(lot, 20)?))
        }
        "idpat" => pattern(scheme, prefix, rest.strip_suffix(".*")?),
        _ => None,
    }
}

/// What is wrong with what follows `urn:epc:`, when it names one thing or lot in a scheme that has a Digital Link.
pub(super) fn fault(rest: &str) -> Option<Text> {
    let (space, body) = rest.split_once(':')?;
    let (scheme, _) = body.split_once(':')?;
    if !matches!(space, "id" | "class") || to_link(rest).is_some() {
        return None;
    }
    let digits = match (space, scheme) {
        ("id", "sgtin" | "itip" | "upui") | ("class", "lgtin") => 13,
        ("id", "sscc" | "gsrn" | "gsrnp") => 17,
        ("id", "gsin") => 16,
        ("id", "sgln" | "pgln" | "grai" | "gdti" | "sgcn") => 12,
        ("id", "giai" | "cpi" | "ginc") => {
            return Some(Text::new(
                format!("不是完整的 {scheme} 标识：厂商识别代码应为 6 至 12 位数字，其后各段不可缺少。"),
                format!(
                    "This is no whole {scheme}: a company prefix has 6 to 12 digits, and no part may be missing."
                ),
            ));
        }
        _ => return None,
    };
    Some(Text::new(
        format!(
            "不是完整的 {scheme} 标识：厂商识别代码（6 至 12 位）与参考代码合计应为 {digits} 位数字，其后各段不可缺少或过长。"
        ),
        format!(
            "This is no whole {scheme}: company prefix (6 to 12 digits) and reference have {digits} digits together, and no part after them may be missing or too long."
        ),
    ))
}

fn instance(scheme: &str, prefix: &str, rest: &str) -> Option<String> {
    // everything after the last structural dot may itself contain dots
    let two = || rest.split_once('.');
    let text = canonical_text;
    let path = match scheme {
        "sgtin" => {
            let (item, serial) = two()?;
            format!("01/{}/21/{}", gtin(prefix, item)?, text(serial, 20)?)
        }
        "upui" => {
            let (item, serial) = two()?;
            format!("01/{}/235/{}", gtin(prefix, item)?, text(serial, 28)?)
        }
        "itip" => {
            let mut parts = rest.splitn(4, '.');
            let (item, piece, total, serial) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            format!("8006/{}{}/21/{}", gtin(prefix, item)?, pieces(piece, total)?, text(serial, 20)?)
        }
        "sscc" => {
            let (extension, serial) = rest.split_at_checked(1)?;
            format!("00/{}", checked(&[extension, prefix, serial], 17)?)
        }
        "sgln" => {
            let (location, extension) = two()?;
            let gln = checked(&[prefix, location], 12)?;
            if extension == "0" {
                format!("414/{gln}")
            } else {
                format!("414/{gln}/254/{}", text(extension, 20)?)
            }
        }
        "pgln" => format!("417/{}", checked(&[prefix, rest], 12)?),
        "grai" => {
            let (asset, serial) = two()?;
            format!("8003/{}{}", checked(&["0", prefix, asset], 13)?, text(serial, 16)?)
        }
        "giai" => format!("8004/{prefix}{}", text(rest, 30 - prefix.len())?),
        "ginc" => format!("401/{prefix}{}", text(rest, 30 - prefix.len())?),
        "gsin" => format!("402/{}", checked(&[prefix, rest], 16)?),
        "gsrn" => format!("8018/{}", checked(&[prefix, rest], 17)?),
        "gsrnp" => format!("8017/{}", checked(&[prefix, rest], 17)?),
        "gdti" => {
            let (kind, serial) = two()?;
            format!("253/{}{}", checked(&[prefix, kind], 12)?, text(serial, 17)?)
        }
        "sgcn" => {
            let (coupon, serial) = two()?;
            let fits = is_digits(serial) && serial.len() <= 12;
            fits.then(|| checked(&[prefix, coupon], 12).map(|key| format!("255/{key}{serial}")))??
        }
        "cpi" => {
            let (part, serial) = rest.rsplit_once('.')?;
            let fits = is_digits(serial) && serial.len() <= 12 && !part.contains('.');
            fits.then(|| {
                text(part, 30 - prefix.len()).map(|part| format!("8010/{prefix}{part}/8011/{serial}"))
            })??
        }
        _ => return None,
    };
    Some(format!("{DOMAIN}/{path}"))
}

/// Patterns whose last part is the wildcard: the class.
fn pattern(scheme: &str, prefix: &str, rest: &str) -> Option<String> {
    let path = match scheme {
        "sgtin" | "upui" => format!("01/{}", gtin(prefix, rest)?),
        "grai" => format!("8003/{}", checked(&["0", prefix, rest], 13)?),
        "gdti" => format!("253/{}", checked(&[prefix, rest], 12)?),
        "sgcn" => format!("255/{}", checked(&[prefix, rest], 12)?),
        "cpi" if !rest.contains('.') => format!("8010/{prefix}{}", canonical_text(rest, 30 - prefix.len())?),
        "itip" => {
            let mut parts = rest.splitn(3, '.');
            let (item, piece, total) = (parts.next()?, parts.next()?, parts.next()?);
            format!("8006/{}{}", gtin(prefix, item)?, pieces(piece, total)?)
        }
        _ => return None,
    };
    Some(format!("{DOMAIN}/{path}"))
}

/// GTIN-14: indicator digit, company prefix, item reference, check digit.
fn gtin(prefix: &str, item: &str) -> Option<String> {
    let (indicator, item) = item.split_at_checked(1)?;
    checked(&[indicator, prefix, item], 13)
}

/// The parts joined, `length` digits in all, with their check digit.
fn checked(parts: &[&str], length: usize) -> Option<String> {
    let mut digits = parts.concat();
    if digits.len() != length || !is_digits(&digits) {
        return None;
    }
    digits.push(check_digit(&digits)?);
    Some(digits)
}

fn pieces(piece: &str, total: &str) -> Option<String> {
    let fits = piece.len() == 2 && total.len() == 2 && is_digits(piece) && is_digits(total);
    fits.then(|| format!("{piece}{total}"))
}

/// The EPC URN of a Digital Link, given how many digits (6 to 12) the company prefix has; classes without lot become
/// patterns. `None` when the link has no URN form or its check digit is wrong.
#[must_use]
pub fn to_urn(link: &str, prefix_length: usize) -> Option<String> {
    if !(6..=12).contains(&prefix_length) {
        return None;
    }
    let link = DigitalLink::parse(link)?;
    link.canonical()?;
    let qualifier = |ai: &str| link.qualifier(ai).and_then(to_urn_text);
    let value = &*link.value;
    let split = |digits: &str| {
        let (prefix, rest) = digits.split_at_checked(prefix_length)?;
        Some((prefix.to_owned(), rest.to_owned()))
    };
    match link.key {
        "01" => {
            let item = split_gtin(value, prefix_length)?;
            Some(if let Some(serial) = qualifier("21") {
                format!("urn:epc:id:sgtin:{item}.{serial}")
            } else if let Some(serial) = qualifier("235") {
                format!("urn:epc:id:upui:{item}.{serial}")
            } else if let Some(lot) = qualifier("10") {
                format!("urn:epc:class:lgtin:{item}.{lot}")
            } else {
                format!("urn:epc:idpat:sgtin:{item}.*")
            })
        }
        "8006" if link.qualifier("10").is_none() => {
            let item = split_gtin(value.get(..14)?, prefix_length)?;
            let (piece, total) = (&value[14..16], &value[16..]);
            Some(match qualifier("21") {
                Some(serial) => format!("urn:epc:id:itip:{item}.{piece}.{total}.{serial}"),
                None => format!("urn:epc:idpat:itip:{item}.{piece}.{total}.*"),
            })
        }
        "00" => {
            let (prefix, rest) = split(unchecked(value)?.get(1..)?)?;
            Some(format!("urn:epc:id:sscc:{prefix}.{}{rest}", &value[..1]))
        }
        "414" => {
            let (prefix, rest) = split(unchecked(value)?)?;
            Some(format!(
                "urn:epc:id:sgln:{prefix}.{rest}.{}",
                qualifier("254").unwrap_or_else(|| "0".to_owned())
            ))
        }
        "417" => split(unchecked(value)?).map(|(prefix, rest)| format!("urn:epc:id:pgln:{prefix}.{rest}")),
        "402" => split(unchecked(value)?).map(|(prefix, rest)| format!("urn:epc:id:gsin:{prefix}.{rest}")),
        "8017" => split(unchecked(value)?).map(|(prefix, rest)| format!("urn:epc:id:gsrnp:{prefix}.{rest}")),
        "8018" => split(unchecked(value)?).map(|(prefix, rest)| format!("urn:epc:id:gsrn:{prefix}.{rest}")),
        "8003" => serialised(
            "grai",
            value.strip_prefix('0')?,
            prefix_length,
            unchecked(value.get(..14)?)?.get(1..)?,
        ),
        "253" => serialised("gdti", value, prefix_length, unchecked(value.get(..13)?)?),
        "255" => serialised("sgcn", value, prefix_length, unchecked(value.get(..13)?)?),
        "8004" => split(value)
            .and_then(|(prefix, rest)| Some(format!("urn:epc:id:giai:{prefix}.{}", to_urn_text(&rest)?))),
        "401" => split(value)
            .and_then(|(prefix, rest)| Some(format!("urn:epc:id:ginc:{prefix}.{}", to_urn_text(&rest)?))),
        "8010" => {
            let (prefix, rest) = split(value)?;
            let part = to_urn_text(&rest)?;
            Some(match link.qualifier("8011") {
                Some(serial) => format!("urn:epc:id:cpi:{prefix}.{part}.{serial}"),
                None => format!("urn:epc:idpat:cpi:{prefix}.{part}.*"),
            })
        }
        _ => None,
    }
}

/// Keys of 12 digits, check digit, serial.
fn serialised(scheme: &str, value: &str, prefix_length: usize, digits: &str) -> Option<String> {
    let (prefix, rest) = digits.split_at_checked(prefix_length)?;
    let serial = value.get(13..)?;
    if serial.is_empty() {
        return Some(format!("urn:epc:idpat:{scheme}:{prefix}.{rest}.*"));
    }
    Some(format!("urn:epc:id:{scheme}:{prefix}.{rest}.{}", to_urn_text(serial)?))
}

/// Company prefix and item reference (indicator first) of a GTIN-14.
fn split_gtin(gtin: &str, prefix_length: usize) -> Option<String> {
    let digits = unchecked(gtin)?;
    let (prefix, item) = digits.get(1..)?.split_at_checked(prefix_length)?;
    Some(format!("{prefix}.{}{item}", &gtin[..1]))
}

/// The digits without their check digit, when that is right.
fn unchecked(digits: &str) -> Option<&str> {
    let (body, check) = digits.split_at_checked(digits.len().checked_sub(1)?)?;
    check.starts_with(check_digit(body)?).then_some(body)
}

/// Canonical Digital Link text to URN text: only `" % & / < > ? #` stay escaped (Tag Data Standard, table 7-1).
fn to_urn_text(text: &str) -> Option<String> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for c in percent_encoding::percent_decode_str(text) {
        if b"\"%&/<>?#".contains(&c) {
            out.push('%');
            out.push(char::from(HEX[usize::from(c >> 4)]));
            out.push(char::from(HEX[usize::from(c & 15)]));
        } else {
            out.push(char::from(c));
        }
    }
    (!out.is_empty()).then_some(out)
}
