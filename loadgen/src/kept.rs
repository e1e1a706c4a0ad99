//! What is kept of an answer, whatever protocol brought it.

/// Bytes of a body, or of a `Location`, kept for error examples.
pub(crate) const EXCERPT: usize = 256;

/// A bounded excerpt of what was received; its buffer is reused.
#[derive(Debug)]
pub(crate) struct Excerpt {
    bytes: Vec<u8>,
    limit: usize,
}

impl Excerpt {
    fn new() -> Self {
        Self {
            bytes: Vec::new(),
            limit: EXCERPT,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What the answer to a request is needed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Bytes of the body of a 2xx answer to keep. Of other answers at least [`EXCERPT`] bytes are kept.
    pub(crate) body: usize,
    /// Keep the head.
    pub(crate) head: bool,
}

/// What a parser keeps of an answer.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The beginning of the body: of every unexpected answer, of others only as `wants` says.
    pub(crate) body: Excerpt,
    /// The `Location` of a redirect.
    pub(crate) location: Excerpt,
    /// The head as received, from the status line to the empty line, if wanted.
    pub(crate) head: Vec<u8>,
    /// What of the next answer is to be kept.
    pub(crate) wants: Wants,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self {
            body: Excerpt::new(),
            location: Excerpt::new(),
            head: Vec::new(),
            wants: Wants::default(),
        }
    }

    /// Forgets the last answer.
    pub(crate) fn start(&mut self) {
        self.body.clear();
        self.body.limit = self.wants.body.max(EXCERPT);
        self.location.clear();
        self.head.clear();
    }

    /// Whether the body of an answer with this status is kept.
    pub(crate) fn keeps_body(&self, status: u16) -> bool {
        self.wants.body > 0 || !(200..300).contains(&status)
    }

    /// What is worth reading, for an example of a failure: where a redirect points, how a body begins.
    pub(crate) fn describe(&self) -> String {
        let location = String::from_utf8_lossy(self.location.as_bytes());
        if !location.is_empty() {
            return format!(", Location: {}", printable(&location));
        }
        let body = self.body.as_bytes();
        let body = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
        let body = printable(body.trim());
        if body.is_empty() {
            String::new()
        } else {
            format!(", body: {body}")
        }
    }
}

/// The text on one line, without control characters that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// The values of all header fields of this name in a head.
pub(crate) fn fields<'a, 'b>(head: &'a [u8], name: &'b str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'b> {
    head.split(|byte| *byte == b'\n').filter_map(move |line| {
        let (given, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        given.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
    })
}
