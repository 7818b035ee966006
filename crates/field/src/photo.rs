//! Photos of a log, handed in piece by piece: kept only when their bytes are those the log names.

use crate::device::device_in;
use crate::{Error, Field, resource};
use access::Principal;
use base::{Id, Text};
use ledger::Context;
use sha2::{Digest, Sha256};
use store::{Store, Tx};

/// Largest piece, bytes.
pub const PIECE: usize = 256 * 1024;

/// A photo that has come whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The inspection.
    pub matter: Id,
    /// The officers sent there: each may name it in the record.
    pub officers: Vec<Id>,
}

impl Field {
    /// Takes a piece that begins at `start`; the same piece again changes nothing. Gives the photo once it is whole: the caller
    /// keeps it and closes it with [`Field::photo_kept`] in the same transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a photo no entry of this phone names; [`Error::Invalid`] for a piece that does not fit, or a whole
    /// whose hash is another: then its pieces are dropped and it is sent again.
    #[allow(clippy::too_many_arguments)] // the house shape of a writing function plus which piece of what
    pub async fn put_piece(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        device: Id,
        sha256: &str,
        start: i64,
        bytes: &[u8],
    ) -> Result<Option<Whole>, Error> {
        let d = device_in(tx, device).await?;
        let missing = || Error::NotFound(Text::of("照片", "photo"));
        if d.account != who.account || d.revoked.is_some() {
            return Err(missing());
        }
        self.access.check(who, "act", &resource(&d.region, &d.agency), cx.now)?;
        let row = tx
            .first(
                "select matter, size, done from field_photo where device = $1 and sha256 = $2",
                &[device.into(), sha256.into()],
            )
            .await?
            .ok_or_else(missing)?;
        if row.opt_instant("done")?.is_some() {
            return Ok(None);
        }
        let (size, length) = (row.int("size")?, i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        if bytes.is_empty() || bytes.len() > PIECE || start < 0 || start.saturating_add(length) > size {
            return Err(Error::invalid(
                "start",
                "分片超出照片大小",
                "the piece does not lie within the photo",
            ));
        }
        tx.exec(
            "insert into field_piece (device, sha256, start, bytes) values ($1, $2, $3, $4) \
             on conflict (device, sha256, start) do nothing",
            &[device.into(), sha256.into(), start.into(), bytes.to_vec().into()],
        )
        .await?;
        let rows = tx
            .query(
                "select start, bytes from field_piece where device = $1 and sha256 = $2 order by start",
                &[device.into(), sha256.into()],
            )
            .await?;
        let mut whole: Vec<u8> = Vec::new();
        for row in rows {
            let at = usize::try_from(row.int("start")?).unwrap_or(usize::MAX);
            if at != whole.len() {
                return Ok(None);
            }
            whole.extend(row.bytes("bytes")?);
        }
        if i64::try_from(whole.len()).unwrap_or(i64::MAX) < size {
            return Ok(None);
        }
        if hex::encode(Sha256::digest(&whole)) != sha256 {
            return Err(Error::invalid(
                "sha256",
                "照片内容与记录的散列不符，请重新上传",
                "the bytes are not those the log names; send the photo again from the beginning",
            ));
        }
        let matter = row.id("matter")?;
        let officers = tx
            .query(
                "select account from inspection_officer where matter = $1 and ended is null",
                &[matter.into()],
            )
            .await?;
        let officers = officers.iter().map(|r| r.id("account")).collect::<Result<_, _>>()?;
        Ok(Some(Whole { bytes: whole, matter, officers }))
    }

    /// Notes that a photo was kept.
    ///
    /// # Errors
    /// Storage.
    pub async fn photo_kept(&self, tx: &mut Tx, cx: &Context, device: Id, sha256: &str) -> Result<(), Error> {
        tx.exec("delete from field_piece where device = $1 and sha256 = $2", &[device.into(), sha256.into()])
            .await?;
        tx.exec_one(
            "update field_photo set done = $3 where device = $1 and sha256 = $2",
            &[device.into(), sha256.into(), cx.now.into()],
        )
        .await?;
        Ok(())
    }

    /// Whether a photo was kept for an inspection.
    ///
    /// # Errors
    /// Storage.
    pub async fn has_photo(&self, store: &Store, matter: Id, sha256: &str) -> Result<bool, Error> {
        let row = store
            .first(
                "select sha256 from field_photo where matter = $1 and sha256 = $2 and done is not null limit 1",
                &[matter.into(), sha256.into()],
            )
            .await?;
        Ok(row.is_some())
    }

    /// Drops the pieces of a photo whose bytes were others than its log names, so that it can be sent again.
    ///
    /// # Errors
    /// Storage.
    pub async fn drop_pieces(&self, tx: &mut Tx, device: Id, sha256: &str) -> Result<(), Error> {
        tx.exec(
            "delete from field_piece where device = $1 and sha256 = $2 and exists (select 1 from field_photo p \
             where p.device = field_piece.device and p.sha256 = field_piece.sha256 and p.done is null)",
            &[device.into(), sha256.into()],
        )
        .await?;
        Ok(())
    }
}
