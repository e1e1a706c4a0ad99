//! Headless Chromium: opens a page and tells what it looks like there.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const DEADLINE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);

#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

pub(crate) struct Opened {
    /// The document after its scripts ran.
    pub(crate) dom: String,
    /// Every line that went to the console, security policy violations included.
    pub(crate) console: Vec<String>,
}

/// Opens a page in a fresh profile.
pub(crate) fn open(page: &Path, scheme: Scheme) -> Opened {
    let (dom, log) = chromium(page, scheme, "--dump-dom");
    let console = log
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(str::to_owned)
        .collect();
    Opened { dom, console }
}

/// Prints a page and gives the PDF.
pub(crate) fn print(page: &Path) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let pdf = directory.path().join("report.pdf");
    chromium(page, Scheme::Dark, &format!("--print-to-pdf={}", pdf.display()));
    std::fs::read(&pdf).unwrap()
}

/// Opens a copy of a report with a script of the test's own in it and gives what the script's function `measure`
/// returns. The copy's policy lets inline scripts run, so that a script smuggled into the report would run as well.
/// It is laid out in a frame, as a window of the browser cannot be as narrow as a phone.
pub(crate) fn measure(html: &str, width: u32, scheme: Scheme, script: &str) -> Value {
    let (before, policy) = html.split_once("script-src '").unwrap();
    let (_, after) = policy.split_once('\'').unwrap();
    let (body, end) = after.rsplit_once("</body>").unwrap();
    let copy = format!(
        "{before}script-src 'unsafe-inline'{body}<script>{script}\n\
         parent.document.documentElement.dataset.measured = encodeURIComponent(JSON.stringify(measure()));</script></body>{end}"
    );
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("copy.html");
    let frame = format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head>\
         <body><iframe width=\"{width}\" height=\"900\" frameborder=\"0\" srcdoc=\"{}\"></iframe></body></html>",
        copy.replace('&', "&amp;").replace('"', "&quot;")
    );
    std::fs::write(&page, frame).unwrap();
    let opened = open(&page, scheme);
    assert_eq!(opened.console, Vec::<String>::new(), "the copy's console");
    let (_, measured) = opened
        .dom
        .split_once("data-measured=\"")
        .expect("the measuring script ran to its end");
    let (measured, _) = measured.split_once('"').unwrap();
    serde_json::from_str(&percent_decoded(measured)).unwrap()
}

fn chromium(page: &Path, scheme: Scheme, action: &str) -> (String, String) {
    let directory = tempfile::tempdir().unwrap();
    let (out, log) = (directory.path().join("out"), directory.path().join("log"));
    // Blink's own numbering.
    let preferred = match scheme {
        Scheme::Dark => 0,
        Scheme::Light => 1,
    };
    let mut child = Running(start(|command| {
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args([
                "--enable-logging=stderr",
                "--v=0",
                "--hide-scrollbars",
                "--no-pdf-header-footer",
            ])
            .arg(format!(
                "--user-data-dir={}",
                directory.path().join("profile").display()
            ))
            .arg("--window-size=1280,900")
            .arg(format!("--blink-settings=preferredColorScheme={preferred}"))
            .arg(action)
            .arg(url(page))
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&log).unwrap());
    }));
    let text = |path: &PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let started = Instant::now();
    while child.0.try_wait().unwrap().is_none() {
        assert!(
            started.elapsed() < DEADLINE,
            "Chromium did not finish in {DEADLINE:?}:\n{}",
            text(&log)
        );
        std::thread::sleep(POLL);
    }
    (text(&out), text(&log))
}

/// A browser that does not outlive a failed test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(set_up: impl Fn(&mut Command)) -> Child {
    for name in NAMES {
        let mut command = Command::new(name);
        set_up(&mut command);
        match command.spawn() {
            Ok(child) => return child,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{name} could not be started: {error}"),
        }
    }
    panic!("the report's tests look at it in Chromium, which is not installed; get it with: apt-get install chromium");
}

fn url(page: &Path) -> String {
    format!("file://{}", page.display())
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().unwrap(), rest.next().unwrap()];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
    }
    String::from_utf8(bytes).unwrap()
}
