//! Words of the command line that name a place or a share: what is taken is printed such that it is taken again as the
//! same.

use std::net::IpAddr;

use crate::proxy::ProxySettings;
use crate::results::Location;
use crate::segment::Segment;
use crate::transport::ResolveEntry;

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(segment) = text.parse::<Segment>() {
        assert!(segment.index() < segment.count());
        assert_eq!(segment.to_string().parse::<Segment>().ok(), Some(segment));
        let shares = segment.share_of(1000);
        assert!(shares <= 1000 && (shares == 0 || segment.global(shares - 1) < 1000));
    }
    if let Ok(location) = text.parse::<Location>() {
        assert_eq!(location.to_string().parse::<Location>().ok(), Some(location));
    }
    if let Ok(entry) = text.parse::<ResolveEntry>() {
        let host = text.split(':').next().unwrap_or_default();
        // With a port it is for that one alone.
        let ports = (0..=u16::MAX).step_by(17).chain([80, 443]);
        let found: Vec<IpAddr> = ports.filter_map(|port| entry.address_of(host, port)).collect();
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(
            entry.address_of("-", 80).is_some() && host != "-",
            host == "*" && !found.is_empty() && entry.address_of("*", 80).is_some()
        );
    }
    if let Ok(proxy) = text.parse::<ProxySettings>() {
        let shown = proxy.to_string();
        assert!(!shown.contains('@'), "{shown}");
        assert!(shown.parse::<ProxySettings>().is_ok(), "{shown}");
    }
}
