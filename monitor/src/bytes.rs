//! Numbers of bytes for people.

/// `1.2 GiB`
#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
pub fn text(bytes: u64) -> String {
    let mut scaled = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if scaled < 1024.0 {
            return if unit == "B" {
                format!("{bytes} B")
            } else {
                format!("{scaled:.1} {unit}")
            };
        }
        scaled /= 1024.0;
    }
    format!("{scaled:.1} TiB")
}
