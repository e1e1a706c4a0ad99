//! Progress in a terminal.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::target_server::{Reply, TargetServer};

const CTRL_C: u8 = 0x03;
const CTRL_Q: u8 = 0x11;
const CTRL_S: u8 = 0x13;

/// A run in a pseudo-terminal, with standard output in a file. `script` of util-linux stands in for the terminal's user.
struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl Terminal {
    fn run(arguments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The shell outlives Ctrl-C; the modes are noted before and after the run.
        let line = format!(
            "trap : INT; stty rows 30 cols 100; stty -g > modes-before; {} run {arguments} > stdout; \
             echo $? > status; stty -g > modes-after; mv status done",
            env!("CARGO_BIN_EXE_loadgen")
        );
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .current_dir(folder.path())
            .env("TERM", "xterm-256color")
            .env("SHELL", "/bin/sh")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("script of util-linux is needed (bsdutils on Debian): {error}"));
        let shown = Arc::new(Mutex::new(Vec::new()));
        let mut stdout = script.stdout.take().unwrap();
        let screen = Arc::clone(&shown);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                screen.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self {
            keyboard: script.stdin.take().unwrap(),
            script,
            shown,
            reader: Some(reader),
            folder,
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn press(&mut self, key: u8) {
        self.keyboard.write_all(&[key]).unwrap();
    }

    fn wait_for(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !condition(self) {
            let is_late = begin.elapsed() > Duration::from_secs(60);
            assert!(!is_late, "{what} does not happen: {}", self.shown());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_for_the_run_to_end(&self) {
        self.wait_for("the run's end", |terminal| terminal.path("done").exists());
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ends the terminal, and with it what runs there.
        let _ = self.script.kill();
        let _ = self.script.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The escape sequences in a text, without their introducer.
fn sequences(text: &str) -> impl Iterator<Item = &str> {
    text.split('\x1b').skip(1).map(|rest| {
        let end = rest.find(|character: char| character.is_ascii_alphabetic());
        &rest[..end.map_or(rest.len(), |end| end + 1)]
    })
}

#[test]
fn ctrl_c_in_a_pseudo_terminal_leaves_modes_and_cursor_as_they_were_and_a_clean_summary_on_stdout() {
    let server = TargetServer::start(|_, _| Reply::status(200, "").after(Duration::from_millis(10)));
    let mut terminal = Terminal::run(&format!("{} --vus 2 --duration 10m", server.url("/")));
    terminal.wait_for("the view", |terminal| {
        let shown = terminal.shown();
        ["Requests", "Latency", "of 10m00s", "Generator"]
            .iter()
            .all(|part| shown.contains(part))
    });
    terminal.press(CTRL_C);
    terminal.wait_for_the_run_to_end();

    assert_eq!(terminal.file("done").trim(), "130");
    assert_eq!(terminal.file("modes-before"), terminal.file("modes-after"));
    let summary = terminal.file("stdout");
    assert!(
        summary.contains("interrupted") && !summary.contains('\x1b'),
        "{summary}"
    );

    let shown = terminal.shown();
    assert!(shown.contains("waiting for requests in flight"), "{shown}");
    for sequence in sequences(&shown) {
        // Colours, movements, clearing; the one mode is that of a frame shown at once, which is left with each frame.
        let last = sequence.chars().last();
        let is_harmless = matches!(last, Some('m' | 'A' | 'J' | 'K')) || sequence.starts_with("[?2026");
        assert!(is_harmless, "{sequence:?}");
    }
    assert_eq!(shown.matches("[?2026h").count(), shown.matches("[?2026l").count());
    let end = shown.rsplit("[?2026h").next().unwrap();
    assert!(!end.contains("Requests") && !end.contains("Generator"), "{end:?}");
}

#[test]
fn a_terminal_stopped_with_ctrl_s_does_not_hold_up_the_run() {
    let server = TargetServer::start(|_, _| Reply::status(200, "").after(Duration::from_millis(10)));
    let mut terminal = Terminal::run(&format!("{} --vus 2 --duration 3s", server.url("/")));
    terminal.wait_for("the view", |terminal| terminal.shown().contains("Requests"));
    terminal.press(CTRL_S);
    terminal.wait_for_the_run_to_end();
    terminal.press(CTRL_Q);
    assert_eq!(terminal.file("done").trim(), "0");
    assert!(terminal.file("stdout").contains("requests"));
}
