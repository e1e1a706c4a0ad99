//! Follows a tar that passes by, to tell a whole one from one that broke off or has something else behind it.

const BLOCK: usize = 512;

/// The state of following.
#[derive(Default)]
pub(crate) struct TarCheck {
    block: Vec<u8>,
    content_left: u64,
    empty_blocks: u32,
    malformed: bool,
}

impl TarCheck {
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.malformed {
            if self.content_left > 0 {
                let skipped = bytes
                    .len()
                    .min(usize::try_from(self.content_left).unwrap_or(usize::MAX));
                self.content_left -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(head);
            bytes = rest;
            if self.block.len() == BLOCK {
                self.head();
                self.block.clear();
            }
        }
    }

    /// Whether it is whole.
    pub(crate) fn is_whole(&self) -> bool {
        !self.malformed && self.content_left == 0 && self.block.is_empty() && self.empty_blocks >= 2
    }

    fn head(&mut self) {
        if self.block.iter().all(|byte| *byte == 0) {
            self.empty_blocks += 1;
            return;
        }
        let size = tar::Header::from_byte_slice(&self.block).entry_size().ok();
        match size.and_then(|size| size.checked_next_multiple_of(BLOCK as u64)) {
            Some(padded) if self.empty_blocks == 0 => self.content_left = padded,
            _ => self.malformed = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_tar_is_told_from_one_cut_short_or_with_an_error_behind_it() {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in [("one", &b"x"[..]), ("two", &[7; 1500]), ("three", &[])] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let is_whole = |pieces: &[&[u8]]| {
            let mut check = TarCheck::default();
            pieces.iter().for_each(|piece| check.feed(piece));
            check.is_whole()
        };
        assert!(is_whole(&tar.chunks(7).collect::<Vec<_>>()));
        for cut in [0, 511, 512, 600, 1024, tar.len() - 1024, tar.len() - 513] {
            assert!(!is_whole(&[&tar[..cut]]), "{cut}");
        }
        assert!(!is_whole(&[&tar[..1024], b"{\"code\":\"internal error\"}"]));
        assert!(!is_whole(&[&tar, b"{\"code\":\"internal error\"}"]));
    }
}
