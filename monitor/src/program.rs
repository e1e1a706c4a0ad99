//! Running another program to its end, within a time limit and with nothing on its standard input.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::progress::without_controls;

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 300;

/// Why a program gave nothing to go by.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It cannot be started.
    #[error("{program} cannot be run ({reason})")]
    NotRun { program: String, reason: io::Error },
    /// It does not end.
    #[error("{program} gave no answer within {} s", .limit.as_secs())]
    Late { program: String, limit: Duration },
    /// It ended with another status than 0.
    #[error("{program} failed: {message}")]
    Failed { program: String, message: String },
}

/// Runs it; what it printed.
pub(crate) async fn output(mut command: Command, limit: Duration) -> Result<String, ProgramError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let Output { status, stdout, stderr } = match tokio::time::timeout(limit, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(reason)) => return Err(ProgramError::NotRun { program, reason }),
        Err(_) => return Err(ProgramError::Late { program, limit }),
    };
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let last = last_lines(&String::from_utf8_lossy(&stderr), 1).pop();
    let message = last.unwrap_or_else(|| status.to_string());
    Err(ProgramError::Failed { program, message })
}

/// The last lines that say something, cut and without what would steer a terminal.
pub(crate) fn last_lines(text: &str, count: usize) -> Vec<String> {
    let lines = text.lines().rev().map(without_controls);
    let lines = lines.map(|line| line.trim().chars().take(LONGEST_LINE).collect::<String>());
    let mut last: Vec<_> = lines.filter(|line| !line.is_empty()).take(count).collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_others_are_bounded_and_cannot_steer_a_terminal() {
        let text = format!("first\n\n\x1b[31mred\x07\n{}\n \n", "x".repeat(1000));
        let lines = last_lines(&text, 2);
        assert_eq!(lines[0], "[31mred");
        assert_eq!(lines[1].len(), LONGEST_LINE);
    }
}
