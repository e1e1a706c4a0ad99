//! A monitor host as commands see it.

use crate::compose::Compose;
use crate::layout::Layout;
use crate::secrets::SecretFiles;
use crate::settings::Settings;

/// Everything that commands need to know of a host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where its files are.
    pub layout: Layout,
    /// What is set for it.
    pub settings: Settings,
    /// Its passwords and tokens.
    pub secrets: SecretFiles,
    /// Its containers.
    pub compose: Compose,
}
