//! Tars that pass by: judged the same however they are split, and what is called whole another reader can read.

use crate::backup::tar_check::TarCheck;

pub(super) fn check(data: &[u8]) {
    let Some((&control, tar)) = data.split_first() else {
        return;
    };
    let judged = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut check = TarCheck::default();
        pieces.for_each(|piece| check.feed(piece));
        check.is_whole()
    };
    let is_whole = judged(&mut std::iter::once(tar));
    assert_eq!(is_whole, judged(&mut tar.chunks(usize::from(control) * 3 + 1)));
    if is_whole {
        assert!(tar.len() >= 1024 && tar.len().is_multiple_of(512));
        // Sizes alone are looked at here, and that what has been said is followed.
        let entries = tar::Archive::new(tar)
            .entries()
            .map(|entries| entries.flatten().map(|entry| entry.size()).sum::<u64>());
        assert!(entries.is_ok_and(|bytes| bytes <= tar.len() as u64));
    }
}
