//! Attachments by content hash.

use crate::NOW;
use store::Error;
use store::attachments::Attachments;
use store::testing::stores;

fn png() -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), b"picture"].concat()
}

#[tokio::test]
async fn what_is_kept_comes_back_and_the_same_content_is_kept_once() {
    for (name, store) in stores().await {
        let dir = tempfile::tempdir().unwrap();
        let files = Attachments::new(dir.path().join("attachments"));
        let mut tx = store.begin().await.unwrap();
        let first = files.put(&mut tx, png(), NOW).await.unwrap();
        assert_eq!(files.put(&mut tx, png(), NOW).await.unwrap(), first, "{name}");
        tx.commit().await.unwrap();
        assert_eq!(first.media_type, "image/png", "{name}");
        assert_eq!(files.get(&first.sha256).await.unwrap(), png(), "{name}");
        assert_eq!(files.find(&store, &first.sha256).await.unwrap(), Some(first.clone()), "{name}");
        let path = dir.path().join("attachments").join(&first.sha256[..2]).join(&first.sha256[2..]);
        std::fs::write(&path, "other").unwrap();
        assert!(matches!(files.get(&first.sha256).await, Err(Error::Corrupt { .. })), "{name}");
        files.keep(png()).await.unwrap();
        assert!(files.get(&first.sha256).await.is_ok(), "{name}: sending it again heals it");
        for odd in ["", "..", "../../etc/passwd", &first.sha256.to_uppercase()] {
            assert!(matches!(files.get(odd).await, Err(Error::Refused(_))), "{name}: {odd}");
        }
    }
}

/// A ZIP file of empty parts: its directory is what tells the kind.
fn package(names: &[&str]) -> Vec<u8> {
    let mut directory = Vec::new();
    for name in names {
        let mut entry = [0; 46];
        entry[..4].copy_from_slice(b"PK\x01\x02");
        entry[28] = u8::try_from(name.len()).unwrap();
        directory.extend(entry);
        directory.extend(name.as_bytes());
    }
    let mut end = [0; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    end[16] = 4;
    [b"PK\x03\x04".to_vec(), directory, end.to_vec()].concat()
}

#[tokio::test]
async fn a_refused_file_is_named_with_what_to_send_instead() {
    for (bytes, says) in [
        (b"\xd0\xcf\x11\xe0".to_vec(), "另存为 docx"),
        (package(&["word/document.xml", "word/vbaProject.bin"]), "宏"),
        (b"\0\0\0\x18ftypqt  ".to_vec(), "MP4"),
        (b"\0\0\0\x18ftypheic".to_vec(), "兼容性最佳"),
        (package(&["a.txt"]), "解压"),
    ] {
        let Err(Error::Refused(text)) = Attachments::examine(&bytes) else { panic!("{says}") };
        assert!(text.zh.contains(says), "{}", text.zh);
    }
}

#[tokio::test]
async fn a_file_is_known_by_its_bytes_and_others_are_refused_in_both_languages() {
    let dir = tempfile::tempdir().unwrap();
    let files = Attachments::new(dir.path());
    let gbk = b"\xc6\xb7\xc3\xfb,\xca\xfd\xc1\xbf\r\n\xc2\xf3\xb7\xdb,3\r\n".to_vec();
    let cases: Vec<(&str, Vec<u8>, Option<&str>)> = vec![
        ("jpeg", vec![0xff, 0xd8, 0xff, 0xe0], Some("image/jpeg")),
        ("png", png(), Some("image/png")),
        ("webp", b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), Some("image/webp")),
        ("pdf", b"%PDF-1.7\n".to_vec(), Some("application/pdf")),
        (
            "xlsx",
            package(&["[Content_Types].xml", "xl/workbook.xml"]),
            Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ),
        (
            "docx",
            package(&["[Content_Types].xml", "word/document.xml"]),
            Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ),
        ("mp4", b"\0\0\0\x18ftypmp42\0\0\0\0isom".to_vec(), Some("video/mp4")),
        ("docx with macros", package(&["word/document.xml", "word/vbaProject.bin"]), None),
        ("xlsx with macros of old Excel", package(&["xl/workbook.xml", "xl/macrosheets/sheet1.xml"]), None),
        ("a text that only names a workbook", b"PK\x03\x04....xl/workbook.xml....".to_vec(), None),
        ("doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), None),
        ("heic", b"\0\0\0\x18ftypheic\0\0\0\0".to_vec(), None),
        ("csv", "品名,数量\n面粉,3\n".into(), Some("text/csv")),
        ("csv in GBK", gbk, Some("text/csv")),
        ("empty", vec![], None),
        ("zip", b"PK\x03\x04....virus.exe".to_vec(), None),
        ("html", b"<html>,</html>".to_vec(), None),
        ("svg", b"\n <svg onload='a,b'>".to_vec(), None),
        ("program", b"\x7fELF\x02\x01,".to_vec(), None),
        ("prose", b"no columns here".to_vec(), None),
        ("too large", [b"%PDF-".to_vec(), vec![b'x'; 51 << 20]].concat(), None),
    ];
    for (what, bytes, expected) in cases {
        match (files.keep(bytes).await, expected) {
            (Ok(kept), Some(media_type)) => assert_eq!(kept.attachment().media_type, media_type, "{what}"),
            (Err(Error::Refused(text)), None) => {
                assert!(!text.zh.is_empty() && !text.en.is_empty(), "{what}")
            }
            (other, _) => panic!("{what}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_no_row_names_is_removed_after_a_day_and_nothing_else() {
    let day = std::time::Duration::from_secs(86_400);
    for (name, store) in stores().await {
        let dir = tempfile::tempdir().unwrap();
        let files = Attachments::new(dir.path().join("attachments"));
        let age = |sha256: &str| {
            let path = files.root().join(&sha256[..2]).join(&sha256[2..]);
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(std::time::SystemTime::now() - 2 * day).unwrap();
        };
        let csv = |n: u8| format!("a,b\n{n},2\n").into_bytes();
        let hash = |n| Attachments::examine(&csv(n)).unwrap().sha256;
        let mut tx = store.begin().await.unwrap();
        files.put(&mut tx, csv(1), NOW).await.unwrap();
        tx.commit().await.unwrap();
        for n in 2..=4 {
            files.keep(csv(n)).await.unwrap();
        }
        (1..=3).for_each(|n| age(&hash(n)));
        // sent once more today: whoever sent it is about to name it
        files.keep(csv(3)).await.unwrap();
        let rest = files.root().join("spool.1-1.part");
        std::fs::write(&rest, "half").unwrap();
        std::fs::File::options()
            .write(true)
            .open(&rest)
            .unwrap()
            .set_modified(std::time::SystemTime::now() - 2 * day)
            .unwrap();
        assert_eq!(files.sweep(&store, day).await.unwrap(), 2, "{name}");
        let there = |n| files.root().join(&hash(n)[..2]).join(&hash(n)[2..]).exists();
        assert_eq!([1, 2, 3, 4].map(there), [true, false, true, true], "{name}");
        assert!(!rest.exists(), "{name}: what a process left half-written");
        assert_eq!(files.sweep(&store, day).await.unwrap(), 0, "{name}");
    }
}
