//! Words of the command line and settings that name a place: what is taken is printed such that it is taken again as the
//! same.

use crate::backup::destination::Destination;
use crate::secret_source::SecretSource;

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(destination) = text.parse::<Destination>() {
        assert_eq!(destination.to_string().parse::<Destination>().ok(), Some(destination));
    }
    if let Ok(source) = text.parse::<SecretSource>() {
        assert_eq!(source.to_string().parse::<SecretSource>().ok(), Some(source));
    }
}
