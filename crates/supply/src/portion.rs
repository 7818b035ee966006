//! A kept document read in portions, event by event, off the async threads, no faster than they are stored.

use crate::capture::Load;
use crate::{Error, masterdata, prepare};
use base::Instant;
use epcis::{Limits, Problem, Severity, Stream};
use std::fs::File;
use std::io::BufReader;
use store::attachments::Attachments;
use store::reading::Reading;

/// Events a portion carries at most.
const EVENTS: usize = 2_000;
/// Bytes of events after which a portion is full.
const BYTES: usize = 8 << 20;
/// Bytes read at once.
const READ: usize = 256 << 10;

/// Some events of a document.
pub(crate) struct Portion {
    /// Them, as a load of their own.
    pub(crate) load: Load,
    /// Events of the document up to the last of these.
    pub(crate) reached: usize,
}

/// Portions as they are read; the last may be why reading ended.
pub(crate) type Portions = Reading<Result<Portion, Error>>;

/// Reads a document portion by portion, leaving out the first `skip` events.
pub(crate) async fn portions(
    attachments: &Attachments,
    document: &str,
    skip: usize,
    limits: Limits,
    now: Instant,
) -> Result<Portions, Error> {
    let file = attachments.open(document).await?;
    let hash = document.to_owned();
    Ok(Reading::start(move |send| {
        if let Err(source) = read(file, &hash, skip, limits, now, |portion| send(Ok(portion))) {
            send(Err(store::Error::File { path: format!("attachment {hash}"), source }.into()));
        }
    }))
}

fn read(
    file: File,
    hash: &str,
    skip: usize,
    limits: Limits,
    now: Instant,
    mut send: impl FnMut(Portion) -> bool,
) -> std::io::Result<()> {
    let stream = Stream::open(BufReader::with_capacity(READ, file), limits)?;
    let (mut context, mut vocabulary, mut list) = ("[]".to_owned(), Vec::new(), "");
    let is_usable = stream.document().is_some();
    if let Some(document) = stream.document() {
        context = document.context_node.to_json();
        list = prepare::list_of(document.kind);
        if skip == 0 {
            vocabulary = document.header.as_ref().map(masterdata::statements).unwrap_or_default();
        }
    }
    let errors = |problems: Vec<Problem>| problems.into_iter().filter(|p| p.severity == Severity::Error);
    let mut problems: Vec<Problem> =
        if skip == 0 { errors(stream.problems().to_vec()).collect() } else { Vec::new() };
    let (mut prepared, mut events, mut bytes, mut reached) = (Vec::new(), 0, 0, skip);
    let mut portion = |prepared, problems, events, reached| Portion {
        load: Load {
            format: "document",
            bytes_hash: hash.to_owned(),
            context: context.clone(),
            events,
            prepared,
            problems,
            private: None,
            vocabulary: std::mem::take(&mut vocabulary),
            unusable: !is_usable,
        },
        reached,
    };
    for checked in stream.skip(skip) {
        (events, reached) = (events + 1, checked.index + 1);
        match checked.event.filter(|_| is_usable) {
            Some(event) => {
                let pointer =
                    if list.is_empty() { String::new() } else { format!("{list}{}", checked.index) };
                let ready = prepare::prepare(&event, pointer, now);
                bytes += ready.body.len();
                prepared.push(ready);
            }
            None => problems.extend(errors(checked.problems)),
        }
        if events >= EVENTS || bytes >= BYTES {
            let full = portion(std::mem::take(&mut prepared), std::mem::take(&mut problems), events, reached);
            if !send(full) {
                return Ok(());
            }
            (events, bytes) = (0, 0);
        }
    }
    if events > 0 || !problems.is_empty() || reached == skip {
        send(portion(prepared, problems, events, reached));
    }
    Ok(())
}
