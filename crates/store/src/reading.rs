//! A long file read off the async threads, piece by piece, no faster than the pieces are dealt with.

use crate::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Pieces that wait at most while one is dealt with.
const WAITING: usize = 2;

/// Pieces as a reader on its own thread gives them.
#[derive(Debug)]
pub struct Reading<T> {
    pieces: mpsc::Receiver<T>,
    reader: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Reading<T> {
    /// Starts `reader`. It is handed a function that gives a piece on and says whether anybody still wants more.
    pub fn start(reader: impl FnOnce(&dyn Fn(T) -> bool) + Send + 'static) -> Self {
        let (sender, pieces) = mpsc::channel(WAITING);
        let reader =
            tokio::task::spawn_blocking(move || reader(&|piece| sender.blocking_send(piece).is_ok()));
        Self { pieces, reader: Some(reader) }
    }

    /// The next piece; `None` when the reader came to its end.
    ///
    /// # Errors
    /// [`Error::Setup`] when the reader broke off (a defect of a parser): what came before is **not** all there is.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        if let Some(piece) = self.pieces.recv().await {
            return Ok(Some(piece));
        }
        match self.reader.take() {
            None => Ok(None),
            Some(reader) => reader
                .await
                .map(|()| None)
                .map_err(|e| Error::Setup(format!("the reader of a file broke off: {e}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_come_in_order_and_then_the_end() {
        let mut reading = Reading::start(|give| (0..5).for_each(|n| assert!(give(n))));
        for n in 0..5 {
            assert_eq!(reading.next().await.unwrap(), Some(n));
        }
        assert_eq!(reading.next().await.unwrap(), None);
        assert_eq!(reading.next().await.unwrap(), None, "and stays the end");
    }

    #[tokio::test]
    async fn a_reader_that_breaks_off_is_no_end_of_the_file() {
        let mut reading = Reading::start(|give| {
            give(1);
            panic!("a defect of a parser");
        });
        assert_eq!(reading.next().await.unwrap(), Some(1));
        assert!(matches!(reading.next().await, Err(Error::Setup(why)) if why.contains("broke off")));
    }

    #[tokio::test]
    async fn a_reader_nobody_listens_to_is_told() {
        let (told, heard) = std::sync::mpsc::channel();
        drop(Reading::start(move |give| {
            while give(0) {}
            told.send(()).unwrap();
        }));
        tokio::task::spawn_blocking(move || heard.recv().unwrap()).await.unwrap();
    }
}
