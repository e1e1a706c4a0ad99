//! Single requests, as a scenario would send them.

#[derive(Clone, Copy)]
pub(crate) struct Request {
    /// Seconds since the start.
    pub(crate) ended: f64,
    pub(crate) step: &'static str,
    pub(crate) latency_ms: f64,
    /// From the instant sent.
    pub(crate) uncorrected_ms: f64,
    pub(crate) status: &'static str,
    pub(crate) failed: bool,
}

pub(crate) fn request(ended: f64, step: &'static str, latency_ms: f64, status: &'static str, failed: bool) -> Request {
    Request {
        ended,
        step,
        latency_ms,
        uncorrected_ms: latency_ms,
        status,
        failed,
    }
}

/// The CRUD mix for some seconds. `mishap` changes the latency of a request in a second and may fail it with a status;
/// the status `""` means that the request never was.
pub(crate) fn requests(seconds: u32, mishap: impl Fn(u32, f64) -> (f64, Option<&'static str>)) -> Vec<Request> {
    const STEPS: [(&str, &str, f64, u64); 5] = [
        ("read", "200", 2.1, 60),
        ("update", "200", 4.8, 15),
        ("create", "201", 5.6, 12),
        ("list", "200", 8.9, 8),
        ("delete", "200", 4.1, 5),
    ];
    let mut random = Random(42);
    let mut requests = Vec::new();
    for second in 0..seconds {
        let count = 760.0 * (1.0 - (-f64::from(second + 1) / 2.0).exp()) + random.normal() * 14.0;
        for index in 0..count as u32 {
            let mut pick = random.below(100);
            let (step, status, usual, _) = STEPS
                .into_iter()
                .find(|(.., weight)| {
                    let hit = pick < *weight;
                    pick = pick.saturating_sub(*weight);
                    hit
                })
                .unwrap();
            let tail = if random.below(100) == 0 { 6.0 } else { 1.0 };
            let (latency, failure) = mishap(second, usual * tail * (random.normal() * 0.32).exp());
            if failure == Some("") {
                continue;
            }
            let ended = f64::from(second) + f64::from(index) / count;
            requests.push(request(
                ended,
                step,
                latency,
                failure.unwrap_or(status),
                failure.is_some(),
            ));
        }
    }
    requests
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Roughly normal: the sum of twelve uniform numbers less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next() as f64 / f64::from(u32::MAX)).sum::<f64>() - 6.0
    }
}
