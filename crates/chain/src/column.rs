//! Columns of plain numbers: owned while they are built, views of mapped bytes once they are sealed.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes that never change while they are shared: a mapped file, or a buffer.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A fixed-width record whose every bit pattern is a value.
pub(crate) trait Plain: FromBytes + IntoBytes + Immutable + KnownLayout + Copy + 'static {}
impl<T: FromBytes + IntoBytes + Immutable + KnownLayout + Copy + 'static> Plain for T {}

/// An array of plain records, owned or mapped; read as a slice either way.
pub(crate) struct Column<T> {
    owned: Vec<T>,
    mapped: Option<(Bytes, Range<usize>)>,
    kind: PhantomData<T>,
}

impl<T: Plain> Column<T> {
    /// A view of a range of bytes; `None` when the range is outside, misaligned or holds no whole records.
    pub(crate) fn mapped(bytes: &Bytes, range: Range<usize>) -> Option<Self> {
        <[T]>::ref_from_bytes((**bytes).as_ref().get(range.clone())?).ok()?;
        Some(Self { owned: Vec::new(), mapped: Some((bytes.clone(), range)), kind: PhantomData })
    }

    /// Bytes held in memory of our own.
    pub(crate) fn owned_bytes(&self) -> usize {
        self.owned.capacity() * size_of::<T>()
    }

    /// The records as bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<T: Plain> Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let Some((bytes, range)) = &self.mapped else { return &self.owned };
        let bytes = (**bytes).as_ref().get(range.clone()).unwrap_or_default();
        <[T]>::ref_from_bytes(bytes).unwrap_or_default()
    }
}

impl<T> From<Vec<T>> for Column<T> {
    fn from(mut owned: Vec<T>) -> Self {
        owned.shrink_to_fit();
        Self { owned, mapped: None, kind: PhantomData }
    }
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { owned: Vec::new(), mapped: None, kind: PhantomData }
    }
}

impl<T: Clone> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self { owned: self.owned.clone(), mapped: self.mapped.clone(), kind: PhantomData }
    }
}

impl<T> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column")
            .field("owned", &self.owned.len())
            .field("mapped", &self.mapped.is_some())
            .finish()
    }
}
