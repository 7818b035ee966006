//! The font of documents: found, checked for Chinese signs, and of a collection the face for simplified Chinese.

use super::PdfError;
use krilla::text::Font;
use std::path::Path;
use std::sync::Arc;

/// Where systems keep a font with Chinese signs, in order of preference.
const USUAL: [&str; 8] = [
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-serif-cjk-fonts/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/adobe-source-han-serif/SourceHanSerifSC-Regular.otf",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
];

/// A font for documents.
#[derive(Clone)]
pub struct Face {
    pub(super) data: Arc<Vec<u8>>,
    pub(super) index: u32,
    pub(super) font: Font,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Face")
            .field("bytes", &self.data.len())
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl Face {
    /// The font named by the configuration, else the first usual one that is installed.
    ///
    /// # Errors
    /// [`PdfError::NotAFont`] for the one named; [`PdfError::NoFont`].
    pub fn find(configured: Option<&Path>) -> Result<Self, PdfError> {
        if let Some(path) = configured {
            return Self::load(path).ok_or_else(|| PdfError::NotAFont(path.to_owned()));
        }
        USUAL.iter().find_map(|path| Self::load(Path::new(path))).ok_or(PdfError::NoFont)
    }

    /// A font file; of a collection the face for simplified Chinese.
    fn load(path: &Path) -> Option<Self> {
        let data = std::fs::read(path).ok()?;
        let count = ttf_parser::fonts_in_collection(&data).unwrap_or(1);
        let faces: Vec<(u32, ttf_parser::Face<'_>)> =
            (0..count).filter_map(|i| Some((i, ttf_parser::Face::parse(&data, i).ok()?))).collect();
        let simplified = |face: &ttf_parser::Face<'_>| {
            face.names()
                .into_iter()
                .filter_map(|n| n.to_string())
                .any(|n| n.ends_with(" SC") || n.contains("SC-"))
        };
        let (index, _) = faces
            .iter()
            .find(|(_, f)| simplified(f))
            .or_else(|| faces.first())
            .filter(|(_, f)| f.glyph_index('检').is_some())?;
        let index = *index;
        drop(faces);
        let data = Arc::new(data);
        let font = Font::new(data.clone().into(), index)?;
        Some(Self { data, index, font })
    }
}
