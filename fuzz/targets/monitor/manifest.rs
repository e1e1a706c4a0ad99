//! What backups say of themselves, keys to read them and names of their folders.

use age::x25519::{Identity, Recipient};

use crate::backup::catalogue::{lacking, read};
use crate::backup::encryption::keys;
use crate::backup::stamp;

pub(super) fn check(data: &[u8]) {
    const ID: &str = "20261125T092219Z";
    if let Ok(manifest) = read(ID, data) {
        let _ = (manifest.bytes(), manifest.is_encrypted());
        for part in &manifest.parts {
            assert!(
                !part.file.is_empty() && !part.file.contains(['/', '\\']) && !part.file.starts_with('.'),
                "{:?} leads out of the backup's folder",
                part.file
            );
        }
        let _ = lacking(&manifest, &Default::default());
        let written = serde_json::to_vec(&manifest).unwrap_or_default();
        assert_eq!(read(ID, &written).as_ref(), Ok(&manifest));
    }
    let text = String::from_utf8_lossy(data);
    if let Some(keys) = keys::<Recipient>(&text) {
        assert!(keys.iter().all(|key| key.to_string().starts_with("age1")));
    }
    let _ = keys::<Identity>(&text);
    if let Some(time) = stamp::of_id(&text) {
        assert_eq!(stamp::of_id(&stamp::id(time)), Some(time));
    }
    if let Some(time) = stamp::time(&text) {
        let written = stamp::precise(time);
        assert_eq!(stamp::time(&written), Some(time), "{written}");
    }
}
