//! `sim`'s flags for the Autodesk stand-in.

use std::time::Duration;

use clap::Args;

use crate::demo::{AutodeskLimits, AutodeskOptions};

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
                AutodeskLimits::Times(self.autodesk_limits)
            } else {
                AutodeskLimits::Off
            },
            large: self.autodesk_large,
            ..AutodeskOptions::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(flags: &[&str]) -> Result<AutodeskOptions, clap::Error> {
        let line = ["transship", "sim"].iter().chain(flags);
        match Cli::try_parse_from(line)?.command {
            Some(Command::Sim(args)) => Ok(args.autodesk.options()),
            other => panic!("not sim: {other:?}"),
        }
    }

    #[test]
    fn the_stand_in_is_as_the_vendor_unless_it_is_told_otherwise() {
        let usual = parsed(&[]).unwrap();
        let default = AutodeskOptions::default();
        assert_eq!(format!("{usual:?}"), format!("{default:?}"));
        let other = parsed(&[
            "--autodesk-port=4010",
            "--autodesk-limits=0.5",
            "--autodesk-large=50x2",
            "--autodesk-access-life=5",
            "--autodesk-callback=http://localhost:9/back",
        ])
        .unwrap();
        assert_eq!((other.port, other.large), (4010, Some((50, 2))));
        assert_eq!(other.limits, AutodeskLimits::Times(0.5));
        assert_eq!(other.access_life, Duration::from_secs(5));
        assert_eq!(other.callback_url, "http://localhost:9/back");
        assert_eq!(parsed(&["--autodesk-limits=0"]).unwrap().limits, AutodeskLimits::Off);
        for wrong in ["50", "x2", "50x", "50xtwo"] {
            assert!(parsed(&["--autodesk-large", wrong]).is_err(), "{wrong}");
        }
    }
}
