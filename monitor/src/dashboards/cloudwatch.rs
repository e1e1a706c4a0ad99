//! Metrics that AWS publishes to CloudWatch, as far as dashboards use them, with their dimensions.
//!
//! From AWS's lists of metrics for ECS, Container Insights, Application Load Balancers, DynamoDB and CloudWatch Logs.

/// Metrics of a namespace that come with the same dimensions.
#[derive(Debug, Clone, Copy)]
pub struct Metrics {
    /// Namespace, such as `AWS/ECS`.
    pub namespace: &'static str,
    /// Names of the metrics.
    pub names: &'static [&'static str],
    /// The sets of dimensions under which each is published, every set sorted.
    pub dimensions: &'static [&'static [&'static str]],
}

/// What is known.
pub const METRICS: &[Metrics] = &[
    Metrics {
        namespace: "AWS/ECS",
        names: &["CPUUtilization", "MemoryUtilization"],
        dimensions: &[&["ClusterName"], &["ClusterName", "ServiceName"]],
    },
    Metrics {
        namespace: "ECS/ContainerInsights",
        names: &["CpuReserved", "CpuUtilized", "MemoryReserved", "MemoryUtilized"],
        dimensions: &[&["ClusterName"], &["ClusterName", "ServiceName"]],
    },
    Metrics {
        namespace: "ECS/ContainerInsights",
        names: &["DesiredTaskCount", "PendingTaskCount", "RunningTaskCount"],
        dimensions: &[&["ClusterName", "ServiceName"]],
    },
    Metrics {
        namespace: "AWS/ApplicationELB",
        names: &[
            "HTTPCode_Target_2XX_Count",
            "HTTPCode_Target_3XX_Count",
            "HTTPCode_Target_4XX_Count",
            "HTTPCode_Target_5XX_Count",
            "RequestCount",
            "TargetConnectionErrorCount",
            "TargetResponseTime",
        ],
        dimensions: &[
            &["LoadBalancer"],
            &["AvailabilityZone", "LoadBalancer"],
            &["LoadBalancer", "TargetGroup"],
            &["AvailabilityZone", "LoadBalancer", "TargetGroup"],
        ],
    },
    Metrics {
        namespace: "AWS/ApplicationELB",
        names: &[
            "HTTPCode_ELB_4XX_Count",
            "HTTPCode_ELB_5XX_Count",
            "RejectedConnectionCount",
        ],
        dimensions: &[&["LoadBalancer"], &["AvailabilityZone", "LoadBalancer"]],
    },
    Metrics {
        namespace: "AWS/ApplicationELB",
        names: &[
            "ActiveConnectionCount",
            "ConsumedLCUs",
            "NewConnectionCount",
            "ProcessedBytes",
        ],
        dimensions: &[&["LoadBalancer"]],
    },
    Metrics {
        namespace: "AWS/ApplicationELB",
        names: &["HealthyHostCount", "UnHealthyHostCount"],
        dimensions: &[
            &["LoadBalancer", "TargetGroup"],
            &["AvailabilityZone", "LoadBalancer", "TargetGroup"],
        ],
    },
    Metrics {
        namespace: "AWS/DynamoDB",
        names: &[
            "ConditionalCheckFailedRequests",
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ProvisionedReadCapacityUnits",
            "ProvisionedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        ],
        dimensions: &[&["TableName"], &["GlobalSecondaryIndexName", "TableName"]],
    },
    Metrics {
        namespace: "AWS/DynamoDB",
        names: &[
            "ReturnedItemCount",
            "SuccessfulRequestLatency",
            "SystemErrors",
            "ThrottledRequests",
        ],
        dimensions: &[&["Operation", "TableName"]],
    },
    // Of the account and region as a whole: a request that is refused need not name a table.
    Metrics {
        namespace: "AWS/DynamoDB",
        names: &["UserErrors"],
        dimensions: &[&[]],
    },
    Metrics {
        namespace: "AWS/Logs",
        names: &["IncomingBytes", "IncomingLogEvents"],
        dimensions: &[&[], &["LogGroupName"]],
    },
    Metrics {
        namespace: "AWS/Logs",
        names: &[
            "DeliveryErrors",
            "DeliveryThrottling",
            "ForwardedBytes",
            "ForwardedLogEvents",
        ],
        dimensions: &[&["LogGroupName"], &["DestinationType", "FilterName", "LogGroupName"]],
    },
];

/// What is wrong with a query for a metric, if anything.
///
/// `exact` says whether the metric must have these dimensions and no others, which is `matchExact` in Grafana.
pub fn fault(namespace: &str, metric: &str, dimensions: &[&str], exact: bool) -> Option<String> {
    let of_namespace: Vec<_> = METRICS.iter().filter(|known| known.namespace == namespace).collect();
    if of_namespace.is_empty() {
        return Some(format!("CloudWatch has no namespace {namespace:?}"));
    }
    let Some(known) = of_namespace.iter().find(|known| known.names.contains(&metric)) else {
        return Some(format!("{namespace} has no metric {metric:?}"));
    };
    let mut dimensions = dimensions.to_vec();
    dimensions.sort_unstable();
    let fits = |set: &&[&str]| match exact {
        true => *set == dimensions,
        false => dimensions.iter().all(|dimension| set.contains(dimension)),
    };
    if known.dimensions.iter().any(fits) {
        return None;
    }
    let sets: Vec<_> = known
        .dimensions
        .iter()
        .map(|set| format!("{{{}}}", set.join(", ")))
        .collect();
    Some(format!(
        "{namespace} {metric} has the dimensions {}, not {{{}}}",
        sets.join(" or "),
        dimensions.join(", ")
    ))
}

/// Whether CloudWatch knows the statistic.
pub fn is_statistic(name: &str) -> bool {
    const PLAIN: [&str; 6] = ["Average", "IQM", "Maximum", "Minimum", "SampleCount", "Sum"];
    // Percentiles and trimmed means: p99, p99.9, tm90
    let number = name.strip_prefix("tm").or_else(|| name.strip_prefix('p'));
    PLAIN.contains(&name)
        || number.is_some_and(|number| {
            number
                .parse()
                .is_ok_and(|percent: f64| (0.0..=100.0).contains(&percent))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_dimensions_are_sorted() {
        for set in METRICS.iter().flat_map(|metrics| metrics.dimensions) {
            assert!(set.is_sorted(), "{set:?}");
        }
    }

    #[test]
    fn a_query_is_held_against_the_table() {
        let table = ["TableName"];
        for (namespace, metric, dimensions, exact, fits) in [
            ("AWS/DynamoDB", "ConsumedReadCapacityUnits", &table[..], true, true),
            ("AWS/DynamoDB", "SuccessfulRequestLatency", &table[..], true, false),
            ("AWS/DynamoDB", "SuccessfulRequestLatency", &table[..], false, true),
            ("AWS/DynamoDB", "UserErrors", &table[..], true, false),
            ("AWS/DynamoDB", "UserErrors", &[], true, true),
            ("AWS/DynamoDB", "Consumed", &table[..], true, false),
            ("AWS/Dynamo", "UserErrors", &[], true, false),
            (
                "AWS/ApplicationELB",
                "HealthyHostCount",
                &["TargetGroup", "LoadBalancer"],
                true,
                true,
            ),
        ] {
            assert_eq!(
                fault(namespace, metric, dimensions, exact).is_none(),
                fits,
                "{namespace} {metric}"
            );
        }
        for (name, known) in [
            ("p99", true),
            ("p99.9", true),
            ("tm90", true),
            ("Sum", true),
            ("p", false),
            ("sum", false),
        ] {
            assert_eq!(is_statistic(name), known, "{name}");
        }
    }
}
