//! `monitor up`, `down`, `status`, `logs` and `secrets` from outside: the real binary on real servers, in Docker with
//! Grafana's stub in place of Grafana.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aws_double;
mod fitness;
mod grafana_key;
mod influxdb_set_up;
mod life;
mod published_token;
mod rotation;
mod secret_files;
mod secrets_from_aws;
mod test_host;
