# What somebody must hear of even when the monitor host is away. Each alarm says what to do, and tells when it is over.
#
# balancer.tf: what users meet. service.tf: the tasks. table.tf: DynamoDB.
