//! Whether this user can write the data, and the containers' user can read it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use crate::folders;
use crate::layout::Layout;

pub(super) fn unusable(layout: &Layout, owner: (u32, u32)) -> Vec<String> {
    let data = layout.data();
    if !data.exists() {
        return cannot_be_made(data).into_iter().collect();
    }
    let mut faults = Vec::new();
    for folder in folders::all(layout) {
        match fs::symlink_metadata(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => faults.push(format!("{}: {error}; make it readable for this user", folder.display())),
            Ok(found) if !found.is_dir() && !folder.is_dir() => {
                faults.push(format!(
                    "{}: is a file where a folder should be; move it away",
                    folder.display()
                ));
            }
            Ok(_) => faults.extend(wrong_owner(&folder, owner)),
        }
    }
    if faults.is_empty() && access(data, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        faults.push(unwritable(data));
    }
    faults
}

fn cannot_be_made(data: &Path) -> Option<String> {
    let parent = data.ancestors().skip(1).find(|folder| folder.exists())?;
    if !parent.is_dir() {
        return Some(format!(
            "{}: cannot be made, because {} is a file; give `--data-dir` another folder",
            data.display(),
            parent.display()
        ));
    }
    access(parent, Access::WRITE_OK | Access::EXEC_OK)
        .is_err()
        .then(|| unwritable(data))
}

fn unwritable(data: &Path) -> String {
    format!(
        "{}: cannot be written by this user; give `--data-dir` another folder, or make it theirs (`sudo chown $(id -u) DIR`)",
        data.display()
    )
}

/// The folder itself is put right where that is allowed; what servers left in it is looked at, and left alone.
fn wrong_owner(folder: &Path, (user, group): (u32, u32)) -> Option<String> {
    let is_root = rustix::process::geteuid().is_root();
    let owned = |path: &Path| fs::symlink_metadata(path).map_or(user, |found| found.uid());
    let found = owned(folder);
    let mut entries = fs::read_dir(folder).ok().into_iter().flatten().flatten();
    let wrong = if found != user && !is_root {
        Some((folder.to_owned(), found))
    } else {
        entries
            .find_map(|entry| Some((entry.path(), owned(&entry.path()))).filter(|(_, found)| *found != user))
            // Backups and settings may be anybody's; servers read none of them.
            .filter(|_| !folder.ends_with("backups") && folder.join("secrets").symlink_metadata().is_err())
    };
    let (path, found) = wrong?;
    Some(format!(
        "{}: belongs to user {found}, and the containers run as {user}; `sudo chown -R {user}:{group} {}` puts it right",
        path.display(),
        folder.display()
    ))
}
