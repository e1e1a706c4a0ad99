//! What a month costs: the design as it is, with every limit raised as far as its load asks for.

use super::Model;
use super::load::{Load, MONTH_HOURS};

/// Addresses of interface endpoints: four services in two zones and five in one (terraform/dev/vpc/variable.tf).
const ENDPOINTS: f64 = 13.0;
/// IPv4 addresses of the public balancer, one in each zone.
const ADDRESSES: f64 = 2.0;
/// Share of its vCPUs that a host is sized to use in the busiest hour.
const HOST_USE: f64 = 0.7;
/// What a unit of an application balancer serves: new connections a second, or gigabytes an hour. Of a network balancer
/// it is the same gigabyte. <https://aws.amazon.com/elasticloadbalancing/pricing/>
const UNIT_CONNECTIONS: f64 = 25.0;
const UNIT_GB_PER_HOUR: f64 = 1.0;
/// Share of provisioned units in use: `target_utilisation` of terraform/dev/storage/variable.tf.
const PROVISIONED_USE: f64 = 0.7;
/// Traces that a head sampler keeps where one is proposed.
const HEAD_SHARE: f64 = 0.1;

/// A line of the bill, US dollars a month.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    pub(super) name: &'static str,
    pub(super) dollars: f64,
}

impl Model {
    /// The bill of a month at a scale, always with the same lines.
    pub(super) fn costs(&self, scale: f64) -> Vec<Cost> {
        let load = Load::at(scale, &self.assumptions, &self.unit);
        let (conversion, design) = (&self.assumptions.conversion, &self.assumptions.design);
        let price = &self.assumptions.prices;
        let connections = load.month_requests / self.assumptions.workload.requests_per_connection;
        let flow_gb = self.flow_log_gb(&load);
        let access_gb = load.month_requests * conversion.access_log_bytes / 1e9 * design.access_log_days / 30.0;
        let in_gb = load.month_requests * self.unit.request_bytes / 1e9;
        let out_gb = self.out_gb(&load);
        let units = (connections / (MONTH_HOURS * 3600.0) / UNIT_CONNECTIONS)
            .max((in_gb + out_gb) / MONTH_HOURS / UNIT_GB_PER_HOUR);
        let generator = design.load_generator_cpu / 1024.0 * price.fargate_vcpu_hour
            + design.load_generator_memory / 1024.0 * price.fargate_gb_hour;

        [
            (
                "Endpoints, addresses",
                (ENDPOINTS * price.endpoint_hour + ADDRESSES * price.ipv4_hour) * MONTH_HOURS,
            ),
            (
                "Balancer",
                (price.balancer_hour + units * price.alb_unit_hour) * MONTH_HOURS,
            ),
            ("Firewall", price.waf_fixed_month + self.firewall_requests(&load)),
            ("Service on Fargate", self.fargate(load.mean_tasks)),
            ("Table: requests", self.table_requests(&load)),
            (
                "Table: storage, recovery",
                load.table_storage_gb * (price.table_gb_month + price.recovery_gb_month),
            ),
            ("Answers into the internet", self.internet(out_gb)),
            (
                "Logs: flows, accesses",
                flow_gb * (price.log_gb + price.log_gb_month) + access_gb * price.s3_gb_month,
            ),
            ("Monitor host", self.monitor_host(&load)),
            ("Load tests on Fargate", load.generator_hours * generator),
            ("Keys, alarms, small things", price.small_things_month),
        ]
        .map(|(name, dollars)| Cost { name, dollars })
        .into()
    }

    /// What changes would take off the bill at a scale, always the same ones; what would cost more saves nothing.
    pub(super) fn savings(&self, scale: f64) -> Vec<Cost> {
        let load = Load::at(scale, &self.assumptions, &self.unit);
        let (design, price) = (&self.assumptions.design, &self.assumptions.prices);
        let by_cpu = load.mean_requests * self.unit.service_cpu
            / (design.service_cpu / 1024.0 * design.scale_at_cpu_percent / 100.0);
        let mean = self.assumptions.workload.mean_of_peak;
        let provisioned = mean / PROVISIONED_USE
            * MONTH_HOURS
            * (load.write_units * price.write_unit_hour + load.read_units * price.read_unit_hour);
        let billions = load.month_requests / 1e9;
        let beyond = (billions - price.shield_billion_requests).max(0.0) * 1000.0 * price.waf_million_requests;
        let shield = price.shield_month + beyond + self.out_gb(&load) * price.shield_gb;
        let sampled = Load {
            host_cpu: load.host_cpu - (1.0 - HEAD_SHARE) * load.spans * self.unit.span_cpu,
            mean_host_cpu: load.mean_host_cpu - (1.0 - HEAD_SHARE) * load.spans * mean * self.unit.span_cpu,
            spans: load.spans * HEAD_SHARE,
            ..load
        };

        [
            (
                "Shield Advanced, which includes the firewall's requests",
                self.firewall_requests(&load) - shield,
            ),
            (
                "Provisioned units with autoscaling for the table (`billing_mode`)",
                self.table_requests(&load) - provisioned,
            ),
            (
                "Eventually consistent reads, on demand",
                load.month_requests * load.read_units / load.requests * price.read_million / 1e6 / 2.0,
            ),
            (
                "Scaling by CPU alone (`scale_at_requests_per_minute` out of the way)",
                self.fargate(load.mean_tasks) - self.fargate(by_cpu.max(design.min_count)),
            ),
            (
                "Flow logs into S3",
                self.flow_log_gb(&load) * (price.log_gb + price.log_gb_month - price.s3_log_gb),
            ),
            (
                "Head sampling of a tenth",
                self.monitor_host(&load) - self.monitor_host(&sampled),
            ),
        ]
        .map(|(name, dollars)| Cost {
            name,
            dollars: dollars.max(0.0),
        })
        .into()
    }

    fn firewall_requests(&self, load: &Load) -> f64 {
        load.month_requests / 1e6 * self.assumptions.prices.waf_million_requests
    }

    fn table_requests(&self, load: &Load) -> f64 {
        let price = &self.assumptions.prices;
        load.month_requests / load.requests
            * (load.write_units * price.write_million + load.read_units * price.read_million)
            / 1e6
    }

    fn fargate(&self, tasks: f64) -> f64 {
        let (design, price) = (&self.assumptions.design, &self.assumptions.prices);
        let hour = design.service_cpu / 1024.0 * price.fargate_vcpu_hour
            + design.service_memory / 1024.0 * price.fargate_gb_hour;
        tasks * hour * MONTH_HOURS
    }

    fn flow_log_gb(&self, load: &Load) -> f64 {
        let conversion = &self.assumptions.conversion;
        load.month_requests / self.assumptions.workload.requests_per_connection
            * conversion.flow_records_per_connection
            * conversion.flow_record_bytes
            / 1e9
    }

    fn out_gb(&self, load: &Load) -> f64 {
        load.month_requests * self.unit.answer_bytes / 1e9
    }

    fn internet(&self, gb: f64) -> f64 {
        let mut from = 0.0;
        let mut dollars = 0.0;
        for (up_to, each) in &self.assumptions.prices.internet_out {
            dollars += (gb.min(*up_to) - from).max(0.0) * each;
            from = *up_to;
        }
        dollars
    }

    /// Host, disks, snapshots, backups, the balancer in front of it, and spans that come from the other zone.
    fn monitor_host(&self, load: &Load) -> f64 {
        let (design, limits, price) = (
            &self.assumptions.design,
            &self.assumptions.limits,
            &self.assumptions.prices,
        );
        let conversion = &self.assumptions.conversion;
        let vcpus = load.host_cpu / HOST_USE;
        let instance = if vcpus <= limits.host_vcpus {
            let surplus = (load.mean_host_cpu - limits.host_vcpus * limits.host_baseline).max(0.0);
            price.host_hour + surplus * price.host_surplus_vcpu_hour
        } else {
            vcpus.log2().ceil().exp2() * price.large_host_vcpu_hour
        };
        let volume = design.data_volume_gib.max(load.volume_gb / limits.usable_volume_share);
        let span_gb = load.spans * self.assumptions.workload.mean_of_peak * conversion.span_wire_bytes * 3600.0 / 1e9;
        let hourly = instance + price.balancer_hour + span_gb / UNIT_GB_PER_HOUR * price.nlb_unit_hour
            // Tasks are spread over two zones, and the host is in one.
            + span_gb / 2.0 * price.cross_zone_gb;
        hourly * MONTH_HOURS
            + (volume + design.root_volume_gib) * price.volume_gb_month
            + load.volume_gb * conversion.snapshot_share * price.snapshot_gb_month
            + load.volume_gb * conversion.backup_copies * price.s3_gb_month
    }
}
