//! The output to InfluxDB on the command line.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use loadgen::influxdb::{self, Destination, InfluxSettings, PushProgress, PushSettings, Pushed, SettingsError, Token};
use loadgen::tls::TlsSettings;

use super::{COULD_NOT_RUN, DONE, Failure, INTERRUPTED, interrupt_on_signal};

/// The one secret among the settings, which is why it is no flag.
const TOKEN_VARIABLE: &str = "INFLUX_TOKEN";
/// Bytes of a token file: enough for any token, and no device is read without end.
const LARGEST_TOKEN_FILE: u64 = 64 << 10;
/// How often progress of a push is shown.
const PROGRESS: Duration = Duration::from_secs(1);
/// The folder below `--out` for what InfluxDB has not taken yet.
const SPOOL_IN_OUT: &str = "influxdb";
/// The folder below the user's state directory for the same.
const SPOOL_IN_STATE: &str = "loadgen-spool";

/// Settings of `loadgen run`.
#[derive(Debug, Args)]
#[command(next_help_heading = "InfluxDB")]
pub(crate) struct InfluxArgs {
    /// Write the figures of every second to InfluxDB 2 at this URL, e.g. http://influxdb:8086. It is checked before the
    /// load starts; during the run it may be slow or away without the load noticing.
    #[arg(long, value_name = "URL", env = "INFLUX_URL", hide_env_values = true)]
    influx_url: Option<String>,

    /// Organisation in InfluxDB.
    #[arg(long, value_name = "NAME", env = "INFLUX_ORG", default_value = Destination::DEFAULT_ORG)]
    influx_org: String,

    /// Bucket in InfluxDB; it must exist.
    #[arg(long, value_name = "NAME", env = "INFLUX_BUCKET", default_value = Destination::DEFAULT_BUCKET)]
    influx_bucket: String,

    #[command(flatten)]
    token: TokenArgs,

    /// Where what InfluxDB does not take in time is kept, up to 512 MiB, for `loadgen push` [default: influxdb in the
    /// folder of --out, otherwise loadgen-spool in the user's state directory].
    #[arg(long, value_name = "DIR")]
    influx_spool: Option<PathBuf>,
}

/// Settings of `loadgen push`.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// Folders that a run named, or that --out wrote.
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,

    /// InfluxDB's URL [default: as it was in the run].
    #[arg(long, value_name = "URL", env = "INFLUX_URL", hide_env_values = true)]
    influx_url: Option<String>,

    /// Organisation in InfluxDB [default: as it was in the run].
    #[arg(long, value_name = "NAME", env = "INFLUX_ORG")]
    influx_org: Option<String>,

    /// Bucket in InfluxDB [default: as it was in the run].
    #[arg(long, value_name = "NAME", env = "INFLUX_BUCKET")]
    influx_bucket: Option<String>,

    #[command(flatten)]
    token: TokenArgs,

    /// Trust the certificates in a PEM file besides the system's.
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct TokenArgs {
    /// File with the token for InfluxDB, which may write to the bucket. The variable INFLUX_TOKEN holds the token itself;
    /// the flag goes before it, and there is no flag for the token, which others could see in the process list.
    #[arg(long, value_name = "FILE", env = "INFLUX_TOKEN_FILE")]
    influx_token_file: Option<PathBuf>,
}

impl InfluxArgs {
    /// The settings, if the figures are to go to InfluxDB; reads the token's file.
    ///
    /// `tls` is the run's own, whose `--cacert` holds for InfluxDB too; `out` is the folder of `--out`.
    pub(crate) fn settings(
        &self,
        tls: &TlsSettings,
        out: Option<&Path>,
    ) -> Result<Option<InfluxSettings>, SettingsError> {
        let Some(url) = self.influx_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let spool = match (&self.influx_spool, out) {
            (Some(folder), _) => folder.clone(),
            (None, Some(out)) => out.join(SPOOL_IN_OUT),
            (None, None) => state_folder().join(SPOOL_IN_STATE),
        };
        Ok(Some(InfluxSettings {
            destination: Destination::new(url, &self.influx_org, &self.influx_bucket)?,
            token: self.token.read()?,
            tls: tls.clone(),
            spool,
        }))
    }
}

pub(crate) const PUSH_HELP: &str = "\
Sending the same twice changes nothing. What InfluxDB has acknowledged is removed from the folder, all else stays.

Exit status:
  0    everything was sent
  1    something was not
  2    the command line is wrong
  130  interrupted

Examples:
  loadgen push results/influxdb
  INFLUX_TOKEN=… loadgen push ~/.local/state/loadgen-spool";

impl PushArgs {
    /// Sends what the folders hold; gives the exit status.
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let settings = self.settings().map_err(Failure::usage)?;
        let interrupt = interrupt_on_signal()?;
        let mut shown = Instant::now();
        let mut show = |progress: &PushProgress| {
            if !self.quiet && shown.elapsed() >= PROGRESS {
                shown = Instant::now();
                let PushProgress { folder, sent, points } = progress;
                // Progress that nobody can read is no reason to stop.
                let _ = writeln!(std::io::stderr(), "{}: {sent} of {points} points", folder.display());
            }
        };
        let Pushed { spools, points } = influxdb::push(&settings, &interrupt, &mut show).map_err(|error| {
            let status = if interrupt.is_requested() {
                INTERRUPTED
            } else {
                COULD_NOT_RUN
            };
            Failure::new(status, error)
        })?;
        let _ = writeln!(std::io::stdout(), "{points} points sent from {spools} folders");
        Ok(DONE)
    }

    /// The settings; reads the token's file.
    fn settings(&self) -> Result<PushSettings, SettingsError> {
        let given = |setting: &Option<String>| setting.clone().filter(|text| !text.is_empty());
        Ok(PushSettings {
            folders: self.folders.clone(),
            url: given(&self.influx_url),
            org: given(&self.influx_org),
            bucket: given(&self.influx_bucket),
            token: self.token.read()?,
            tls: TlsSettings {
                ca_file: self.cacert.clone(),
                insecure: false,
            },
        })
    }
}

impl TokenArgs {
    fn read(&self) -> Result<Token, SettingsError> {
        match &self.influx_token_file {
            Some(path) => read_token(path),
            None => {
                let token = variable(TOKEN_VARIABLE).ok_or(SettingsError::NoToken)?;
                Token::new(&token.into_string().map_err(|_| SettingsError::Token)?)
            }
        }
    }
}

fn read_token(path: &Path) -> Result<Token, SettingsError> {
    use std::io::Read;

    let wrong = |reason: String| SettingsError::TokenFile {
        path: path.display().to_string(),
        reason,
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_TOKEN_FILE).read_to_string(&mut text))
        .map_err(|error| wrong(error.to_string()))?;
    Token::new(&text).map_err(|_| wrong("it holds no token".to_owned()))
}

/// The user's directory for what programs keep, as the XDG Base Directory Specification has it.
fn state_folder() -> PathBuf {
    let given = variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    given
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))
        .unwrap_or_else(std::env::temp_dir)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a setting that is a secret cannot be a flag, and clap reads variables for flags alone"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        influx: InfluxArgs,
    }

    #[test]
    fn the_output_is_off_without_a_url_and_spools_into_the_folder_of_out() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "secret\n").unwrap();
        let settings = |arguments: &[&str]| {
            let token = token.to_str().unwrap();
            let line = [&["loadgen", "--influx-token-file", token], arguments].concat();
            Line::parse_from(line)
                .influx
                .settings(&TlsSettings::default(), Some(Path::new("out")))
        };
        assert!(settings(&["--influx-url", ""]).unwrap().is_none());
        let given = settings(&["--influx-url", "influxdb:8086"]).unwrap().unwrap();
        assert_eq!(given.spool, Path::new("out/influxdb"));
        assert_eq!(
            (
                given.destination.url(),
                given.destination.org(),
                given.destination.bucket()
            ),
            ("http://influxdb:8086", "marketboro", "loadgen")
        );
        assert!(!format!("{given:?}").contains("secret"));
        std::fs::write(&token, "\n").unwrap();
        let error = settings(&["--influx-url", "influxdb:8086"]).unwrap_err().to_string();
        assert!(error.contains("holds no token"), "{error}");
    }
}
