# ARGS is handed on to what is run: make run ARGS='--duration 10s'
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help build run ami-rehearsal up down images test faults tools lint audit bench bench-quick measured test-env

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the programs, optimised, into target/release
	@tools/packages cargo cc
	cargo build --release --locked --workspace

run: ## Run the service, a load run against it, and report: needs Rust and a C compiler only
	@tools/packages cargo cc
	cargo build --release --locked -p monitor
	target/release/monitor demo --report target/demo-report.html $(ARGS)

ami-rehearsal: ## Rehearse every loss of the monitor host that docs/recovery.md knows; some twenty minutes, as root
	@tools/stage 'Machines of the rehearsal' ami/rehearsal/test-machine
	@tools/stage 'Rehearsal of the monitor host' ami/rehearse

up: images ## Run everything in Docker: a service under load, and Grafana on port 3000
	@tools/packages cargo cc docker
	cargo build --release --locked -p monitor
	target/release/monitor up --local $(ARGS)

down: ## Stop what make up started; data stays
	@tools/packages cargo cc docker
	cargo build --release --locked -p monitor
	target/release/monitor down $(ARGS)

images: ## Build and pull the images that make up runs, where they are not there yet
	@tools/packages docker
	@tools/images

test: lint tools ## Run every check and every test, getting first what they need
	@tools/stage 'Scripts of the workflows' .github/tests/run
	@tools/stage 'Secrets of the monitor host' terraform/test-put-monitor-secrets
	@tools/stage 'Terraform rehearsal' terraform/rehearse
	@tools/stage 'Rehearsal of a lost monitor host' ami/rehearse --quick
	@environment=$$($(MAKE) -s test-env) && eval "$$environment" && \
		tools/stage 'Tests' cargo test --workspace --features loadgen/s3,monitor/aws --locked --no-fail-fast && \
		tools/stage 'Fault campaign, short' target/debug/faults --seconds 2
	@tools/stage 'The service against its description' tools/schemathesis/check
	@tools/stage 'Fuzzing' tools/fuzz

faults: tools ## Break what service and loadgen depend on, ten minutes of it, and write what came out to docs/faults.md
	@environment=$$($(MAKE) -s test-env) && eval "$$environment" && \
		cargo test --workspace --features loadgen/s3,monitor/aws --locked --no-run \
			--test command_line --test service --test run && \
		target/debug/faults --markdown docs/faults.md $(ARGS)

tools: ## Get the servers and the browser that the tests talk to; minutes the first time
	@tools/stage 'Programs the tests talk to' tools/packages java mvn chromium docker dockerd iptables ip busybox curl jq
	@tools/stage 'Double of the AWS provider' tools/terraform-provider/home
	@tools/stage 'DynamoDB Local' tools/dynamodb-local/home
	@tools/stage 'OpenTelemetry Collector' tools/otelcol/home
	@tools/stage 'InfluxDB' tools/influxd/home
	@tools/stage 'Jaeger' tools/jaeger/home
	@tools/stage 'Docker Compose' tools/compose/home
	@tools/stage 'Health check of containers' tools/healthcheck/home

lint: ## Run every check that needs no running program
	@tools/stage 'Programs the checks need' tools/packages cargo cc shellcheck yamllint node npm terraform jq
	@tools/stage 'Formatting' cargo fmt --all --check
	@tools/stage 'Shell scripts' tools/shellcheck
	@tools/stage 'Dockerfiles' tools/hadolint
	@tools/stage 'YAML' yamllint --strict .
	@tools/stage 'Workflows, actionlint' tools/actionlint
	@tools/stage 'Workflows, zizmor' tools/zizmor
	@tools/stage 'Secrets in the history' tools/gitleaks
	@tools/stage 'Dashboards' tools/grafana-schema/check
	@tools/stage 'Terraform, format' terraform fmt -check -diff -recursive terraform
	@tools/stage 'Terraform, tflint' tools/tflint
	@tools/stage 'Terraform, checkov' tools/checkov/check
	@tools/stage 'Image of the monitor host, Packer' tools/packer/check
	@tools/stage 'Settings of the monitor host' terraform/modules/monitor-host/check-environment
	@tools/stage 'Clippy' cargo clippy --workspace --all-targets --features loadgen/s3,monitor/aws --locked -- -D warnings
	@tools/stage 'Lock file of the fuzz targets' cargo tree --quiet --locked --depth 0 --manifest-path fuzz/Cargo.toml
	@tools/stage 'Documentation' env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --features loadgen/s3,monitor/aws --locked
	@tools/stage 'Licences, bans, sources' tools/cargo-deny --locked check --hide-inclusion-graph bans licenses sources

audit: ## Check the dependencies against the advisory database: needs GitHub
	for lock in $$(git ls-files 'Cargo.lock' '*/Cargo.lock'); do \
		tools/cargo-deny --manifest-path "$$(dirname "$$lock")/Cargo.toml" --config deny.toml --locked check advisories || exit; \
	done

bench: measured ## Measure the programs beside their peers and as work grows; writes docs/benchmarks.md, some 35 minutes
	@$(MEASURE) $(ARGS)

bench-quick: measured ## Measure the main figures, and fail when one got worse than the checked-in one by more than noise
	@$(MEASURE) --quick $(ARGS)

MEASURE = environment=$$($(MAKE) -s test-env) && eval "$$environment" && \
	oha=$$(tools/oha/home) k6=$$(tools/k6/home) && $${CARGO_TARGET_DIR:-target}/debug/bench --oha "$$oha" --k6 "$$k6"

# Of the whole workspace and its features, so that nothing is compiled for a third time beside build and test.
measured:
	@tools/packages cargo cc wrk nginx java node npm strace valgrind
	cargo build --release --locked --workspace --bin service --bin loadgen --bin axum-peer
	cargo build --locked --workspace --features loadgen/s3,monitor/aws --bin bench

test-env: ## Print what cargo test needs: eval "$(make -s test-env)"
	@dynamodb=$$(tools/dynamodb-local/home) otelcol=$$(tools/otelcol/home) && \
		influxd=$$(tools/influxd/home) jaeger=$$(tools/jaeger/home) && \
		compose=$$(tools/compose/home) healthcheck=$$(tools/healthcheck/home) \
		provider=$$(tools/terraform-provider/home) && \
		printf "export %s='%s'\n" DYNAMODB_LOCAL_HOME "$$dynamodb" \
			OTELCOL "$$otelcol/otelcol" INFLUXD "$$influxd/influxd" JAEGER "$$jaeger/jaeger" \
			COMPOSE "$$compose/docker-compose" HEALTHCHECK "$$healthcheck/healthcheck" \
			TERRAFORM_PROVIDER "$$provider"
