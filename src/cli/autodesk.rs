//! `sim`'s flags for the Autodesk stand-in.

use std::time::Duration;

use clap::Args;

use crate::demo::{AutodeskOptions, Limits};

/// `sim`, as far as Autodesk goes.
#[derive(Clone, Debug, Args)]
pub struct AutodeskSimArgs {
    /// Autodesk's port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub autodesk_port: u16,
    /// The port of the store behind Autodesk's signed URLs; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub autodesk_store_port: u16,
    /// Where the browser may be sent back to after the sign-in.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8081/oauth/callback")]
    pub autodesk_callback: String,
    /// Seconds that an Autodesk access token is good.
    #[arg(long, value_name = "SECONDS", default_value_t = 3599)]
    pub autodesk_access_life: u64,
    /// The vendor's limits on calls, times this; 0 switches them off.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub autodesk_limits: f64,
    /// A large project beside the samples, e.g. 5000x20.
    #[arg(long, value_name = "FOLDERSxFILES", value_parser = size)]
    pub autodesk_large: Option<(usize, usize)>,
}

fn size(text: &str) -> Result<(usize, usize), String> {
    let (folders, files) = text.split_once('x').ok_or("write e.g. 5000x20")?;
    match (folders.parse(), files.parse()) {
        (Ok(folders), Ok(files)) => Ok((folders, files)),
        _ => Err("write e.g. 5000x20".to_owned()),
    }
}

impl AutodeskSimArgs {
    /// As the stand-in understands it.
    pub fn options(&self) -> AutodeskOptions {
        AutodeskOptions {
            port: self.autodesk_port,
            store_port: self.autodesk_store_port,
            callback_url: self.autodesk_callback.clone(),
            access_life: Duration::from_secs(self.autodesk_access_life),
            limits: if self.autodesk_limits > 0.0 {
                Limits::Times(self.autodesk_limits)
            } else {
                Limits::Off
            },
            large: self.autodesk_large,
            ..AutodeskOptions::default()
        }
    }
}
