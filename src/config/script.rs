//! The job of the Encoura script: six variables and no file.

use super::environment::Environment;

/// The job, in the same language as a file's.
pub(super) const JOB: &str = include_str!("script.yaml");

/// What the job is called in messages.
pub(super) const NAME: &str = "built-in Encoura to Slate job";

/// The six variables, and whether the job can do without.
const VARIABLES: [(&str, bool); 6] = [
    ("ENCOURA_API_KEY", true),
    ("ENCOURA_USERNAME", true),
    ("ENCOURA_PASSWORD", true),
    // The login names it, unless there are several.
    ("ENCOURA_ORGANIZATION_UID", false),
    ("SLATE_HALIA_SFTP_UN", true),
    ("SLATE_HALIA_SFTP_PW", true),
];

/// Whether the variables ask for the job; else what is missing.
pub(super) fn asked_for(environment: &Environment) -> Result<(), String> {
    let set = |name: &str| Ok::<_, String>(environment.lookup(name)?.is_some());
    let mut missing = Vec::new();
    let mut any = false;
    for (name, needed) in VARIABLES {
        let there = set(name)?;
        any |= there;
        // A key file signs in as well as a password does.
        let instead = name == "SLATE_HALIA_SFTP_PW" && set("SLATE_SFTP_KEY_PATH")?;
        if needed && !there && !instead {
            missing.push(name);
        }
    }
    match (any, missing.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(format!(
            "there is no configuration file, and of the variables that stand in for it these are \
             not set: {}; set them, or write a file with `transship init`",
            missing.join(", ")
        )),
        (false, _) => Err(format!(
            "there is no configuration: write one with `transship init`, or set {}; `transship \
             demo` shows everything without one",
            VARIABLES.map(|(name, _)| name).join(", ")
        )),
    }
}
