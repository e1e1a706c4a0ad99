//! Which part of the design is full at which scale.

use super::Model;
use super::load::Load;

/// Beyond this scale a part counts as one that is never full.
const MOST_SCALE: f64 = 1e5;

/// What the firewall counts an address's requests over: `evaluation_window_sec` of terraform/modules/web-firewall.
const RATE_LIMIT_SECONDS: f64 = 300.0;

/// A part, what a scale asks of it, and what it has.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) asked: f64,
    pub(super) has: f64,
    pub(super) unit: &'static str,
    /// Where its limit is from, and what happens there.
    pub(super) why: &'static str,
    /// What to do about it; nothing where the limit is there to be reached.
    pub(super) change: Option<&'static str>,
}

impl Part {
    /// 1 is full.
    pub(super) fn utilisation(&self) -> f64 {
        self.asked / self.has
    }
}

impl Model {
    /// Every part at a scale, always in the same order.
    pub(super) fn parts(&self, scale: f64) -> Vec<Part> {
        let load = Load::at(scale, &self.assumptions, &self.unit);
        let (design, limits, unit) = (&self.assumptions.design, &self.assumptions.limits, &self.unit);
        let conversion = &self.assumptions.conversion;
        let gib_as_gb = f64::from(1 << 30) / 1e9;
        let mib_as_mb = f64::from(1 << 20) / 1e6;
        // The collector forgets the oldest trace when it has as many as it may.
        let remembered = load.pending_traces.min(design.max_pending_traces) * unit.spans_per_request;
        // Little: what is in a task is what arrives times how long it stays.
        let in_flight = load.requests / load.tasks * conversion.dynamodb_ms / 1000.0;

        let part = |name, asked, has, unit, why, change| Part {
            name,
            asked,
            has,
            unit,
            why,
            change: Some(change),
        };
        vec![
            part(
                "Firewall, requests",
                load.requests,
                limits.waf_requests_per_second,
                "1/s",
                "AWS's quota for a web ACL; what the balancer does beyond it is not promised",
                "ask AWS for more, and for reserved capacity of the balancer before a known peak",
            ),
            part(
                "Firewall, requests of one address",
                load.requests * self.assumptions.workload.busiest_address_share,
                design.rate_limit / RATE_LIMIT_SECONDS,
                "1/s",
                "`rate_limit`; the address is answered with 429 until it sends less",
                "put networks that are known into `rate_limit_exempt`; raise `rate_limit` no further than the table \
                 bears",
            ),
            part(
                "Service, tasks that scaling asks for",
                load.tasks_wanted,
                design.max_count,
                "tasks",
                "`max_count`; tasks beyond it are not started, and those there are take more than their target of 500 \
                 requests a second, which their CPU bears for long",
                "raise `scale_at_requests_per_minute` to what CPU allows, so that `scale_at_cpu_percent` decides; then \
                 `max_count`",
            ),
            part(
                "Service, CPU of all tasks",
                load.service_cpu,
                design.max_count * design.service_cpu / 1024.0,
                "vCPU",
                "`max_count` tasks of `service_cpu`; latency grows first, then requests are shed with 503",
                "raise `service_cpu` to a whole core, then `max_count`",
            ),
            part(
                "Service, requests in flight of a task",
                in_flight,
                design.max_in_flight,
                "requests",
                "`--max-in-flight`, by Little's law with DynamoDB's latency; more are shed with 503",
                "more tasks; the limit itself protects memory and is not the one to raise",
            ),
            part(
                "Account, vCPUs of Fargate",
                load.tasks * design.service_cpu / 1024.0 + load.generators * design.load_generator_cpu / 1024.0,
                limits.fargate_vcpu,
                "vCPU",
                "AWS's quota for a new account; tasks and generators beyond it do not start",
                "ask AWS for more before the first load test with several generators",
            ),
            part(
                "Table, writes",
                load.write_units,
                limits.dynamodb_table_units,
                "units/s",
                "AWS's quota of a table; throttled requests are retried, then answered with 503",
                "ask AWS for more; warm the table (warm throughput) before a peak of more than twice the last one",
            ),
            part(
                "Table, reads",
                load.read_units,
                limits.dynamodb_table_units,
                "units/s",
                "AWS's quota of a table; reads are strongly consistent, which costs twice the units",
                "ask AWS for more; offer eventually consistent reads where a client can bear them: half the units",
            ),
            part(
                "Table, the partition where lists begin",
                load.first_partition_reads,
                limits.dynamodb_partition_reads,
                "units/s",
                "`GET /items` without a cursor is a Scan, and every Scan begins in the same partition: no size of the \
                 table helps, and items that live there are throttled with it",
                "keep the first pages in a cache of the service for a second, or list by an index that spreads the \
                 beginning",
            ),
            part(
                "Table, the most wanted item",
                load.hottest_item,
                1.0,
                "of a partition",
                "An item lives in one partition, which gives 1000 writes or 3000 reads a second and cannot be split \
                 further",
                "cache reads of single items in the service or in DAX; an item written that often wants another data \
                 model",
            ),
            part(
                "Collector, traces that wait",
                load.pending_traces,
                design.max_pending_traces,
                "traces",
                "`TRACE_MAX_PENDING`; the oldest are forgotten undecided, slow and failed ones among them, and \
                 sampling is no longer what it promises",
                "sample at the head (`OTEL_TRACES_SAMPLER=parentbased_traceidratio`), or a gateway of collectors that \
                 spreads traces by id",
            ),
            part(
                "Collector, memory",
                unit.collector_rest_mb + remembered * unit.pending_span_bytes / 1e6,
                (design.memory_limit_mib - design.memory_spike_mib) * mib_as_mb,
                "MB",
                "`MEMORY_LIMIT_MIB` less `MEMORY_SPIKE_MIB`; beyond it senders are refused. `TRACE_MAX_PENDING` caps \
                 what waits",
                "raise both limits with `TRACE_MAX_PENDING`, on a larger host",
            ),
            Part {
                name: "Collector, share of ordinary traces",
                asked: load.share_spans,
                has: design.share_spans_per_second,
                unit: "spans/s",
                why: "`TRACE_SHARE_SPANS_PER_SECOND`",
                change: None,
            },
            part(
                "Monitor host, CPU",
                load.host_cpu,
                limits.host_vcpus,
                "vCPU",
                "Two vCPUs for collector, InfluxDB, Jaeger and Grafana; queues grow, then exports are refused and \
                 counted",
                "`instance_type` without credits (m7g) up to 16 vCPUs; then collectors of their own in front of it",
            ),
            part(
                "Monitor host, CPU of a whole day",
                load.mean_host_cpu,
                limits.host_vcpus * limits.host_baseline,
                "vCPU",
                "What a t4g.large's credits pay for without end; more is served, and charged by the hour",
                "an `instance_type` without credits as soon as the surplus costs more than it",
            ),
            part(
                "Monitor host, network",
                load.host_network_mb,
                limits.host_network_mb_per_second,
                "MB/s",
                "A t4g.large's baseline; more for minutes only",
                "`OTEL_EXPORTER_OTLP_COMPRESSION=gzip`, head sampling, a larger `instance_type`",
            ),
            part(
                "Monitor host, disk writes",
                load.host_disk_mb,
                limits.host_ebs_mb_per_second.min(design.data_volume_throughput),
                "MB/s",
                "A t4g.large's baseline to EBS, below the volume's own `data_volume_throughput`",
                "a larger `instance_type`, then `data_volume_throughput`",
            ),
            part(
                "Monitor host, data volume",
                load.volume_gb,
                design.data_volume_gib * limits.usable_volume_share * gib_as_gb,
                "GB",
                "`data_volume_gib`: traces of a week, metrics of a month, load tests of a year",
                "`data_volume_gib`, which grows without a stop; shorter retention of the bucket `loadgen`",
            ),
            part(
                "InfluxDB, series",
                load.series,
                design.series_limit,
                "series",
                "`monitor doctor` warns; memory and start time grow with series. Each release gives every task a new \
                 `service.instance.id`, each run every generator new ones",
                "fewer, larger tasks; fewer generators; shorter retention",
            ),
            part(
                "Load generator, CPU of one",
                load.generator_requests * unit.generator_cpu,
                design.load_generator_cpu / 1024.0,
                "vCPU",
                "`load_generator_cpu`; the run says that its generator was the bottleneck",
                "fewer generators do: one sends what many tasks can serve",
            ),
            part(
                "Load test, time to start",
                conversion.task_start_seconds + load.generators / limits.fargate_starts_per_second,
                design.lead_seconds,
                "s",
                "`LEAD` of the workflow; Fargate starts 20 tasks a second. Generators that are late give up",
                "fewer generators; a longer `LEAD`",
            ),
            part(
                "Load test, time to merge",
                load.generators * unit.merge_seconds,
                conversion.merge_patience_seconds,
                "s",
                "`loadgen merge` reads every second of every generator's folder, on one core",
                "fewer generators",
            ),
        ]
    }

    /// The scale at which each part of [`Self::parts`] is full; none if it never is. Halves an interval, since what is
    /// asked of a part only grows.
    pub(super) fn full_at(&self) -> Vec<Option<f64>> {
        let count = self.parts(1.0).len();
        (0..count)
            .map(|index| {
                let full = |scale: f64| self.parts(scale)[index].utilisation() >= 1.0;
                if !full(MOST_SCALE) {
                    return None;
                }
                let (mut below, mut above) = (1e-3, MOST_SCALE);
                for _ in 0..60 {
                    let middle = f64::sqrt(below * above);
                    if full(middle) { above = middle } else { below = middle }
                }
                Some(above)
            })
            .collect()
    }
}
