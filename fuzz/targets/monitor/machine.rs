//! What the kernel and InfluxDB print about themselves.

use crate::doctor::memory::stalled;
use crate::doctor::series::prometheus::{Samples, label};
use crate::memory;

pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = memory::parse(&text);
    let _ = stalled(&text);
    let samples = Samples::new(text.into_owned());
    for metric in ["a", "http_api_requests_total", ""] {
        for (labels, value) in samples.of(metric) {
            let _ = (label(labels, "bucket"), value);
        }
    }
    // What is printed by the format's rules is read.
    let printed = Samples::new(format!(
        "# TYPE m gauge\nm{{bucket=\"b\",id=\"1\"}} {}\nm 2 1795598539000\n",
        data.len()
    ));
    let read: Vec<_> = printed.of("m").collect();
    assert_eq!(read, [("bucket=\"b\",id=\"1\"", data.len() as f64), ("", 2.0)]);
}
