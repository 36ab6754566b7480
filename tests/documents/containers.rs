//! Container files, as far as they can be looked at without a container engine: they say
//! what they promise, and every command in them is one that the program understands.

use clap::Parser as _;
use serde_json::Value as Json;
use transship::cli::Cli;
use transship::config::{Config, Environment};

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const DEVELOPMENT: &str = include_str!("../../compose.yaml");
const PRODUCTION: &str = include_str!("../../assets/compose.production.yaml");

fn compose(text: &str) -> Json {
    serde_saphyr::from_str(text).unwrap()
}

fn words(list: &Json) -> Vec<String> {
    let words = list.as_array().unwrap_or_else(|| panic!("{list} is no list"));
    words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn understood(arguments: &[String]) {
    let line = std::iter::once("transship").chain(arguments.iter().map(String::as_str));
    Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
}

/// The instruction's arguments, in the form that needs no shell.
fn instruction(name: &str) -> Vec<String> {
    let line = DOCKERFILE.lines().find(|line| line.starts_with(name)).unwrap();
    words(&serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap())
}

#[test]
fn the_image_runs_the_program_without_rights_and_without_a_shell() {
    let program = instruction("ENTRYPOINT");
    assert_eq!(program, ["/usr/local/bin/transship"]);
    understood(&instruction("CMD"));
    let health = instruction("HEALTHCHECK");
    assert_eq!(health[0], program[0]);
    understood(&health[1..]);
    let user = DOCKERFILE.lines().rfind(|line| line.starts_with("USER ")).unwrap();
    assert!(!user.contains("root:") || user.contains("nonroot"), "{user}");
    // The last stage begins anew: nothing of the build but what is copied.
    let last = DOCKERFILE.rfind("\nFROM ").unwrap();
    assert!(DOCKERFILE[..last].contains(" AS build"));
    assert!(DOCKERFILE[last..].contains("COPY --from=build"));
    assert!(!DOCKERFILE[last..].contains("\nRUN "), "there is no shell in it");
    assert!(DOCKERFILE.contains("--release --locked --features vendored-openssl"));
    let toolchain = DOCKERFILE.split("FROM rust:").nth(1).unwrap().split('-').next().unwrap();
    let manifest = include_str!("../../Cargo.toml");
    assert!(manifest.contains(&format!("rust-version = \"{toolchain}\"")), "{toolchain}");
}

/// What is not named cannot get into an image; what the build reads must be named.
#[test]
fn the_context_has_what_is_built_from_and_nothing_else() {
    let ignored = include_str!("../../.dockerignore");
    let mut lines = ignored.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("*"));
    let named: Vec<&str> = lines.map(|line| line.strip_prefix('!').unwrap()).collect();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in &named {
        assert!(root.join(name).exists(), "{name} is not there");
    }
    for needed in ["Cargo.toml", "Cargo.lock", ".cargo", "src", "assets", "benches"] {
        assert!(named.contains(&needed), "{needed}");
    }
    // Of every target that the manifest names cargo wants to see the file.
    let manifest = include_str!("../../Cargo.toml");
    let tests: Vec<&str> = manifest.split("[[test]]\nname = \"").skip(1).collect();
    assert!(!tests.is_empty());
    for test in tests {
        let file = format!("tests/{}.rs", test.split('"').next().unwrap());
        assert!(named.contains(&&*file), "{file}");
    }
}

#[test]
fn the_service_on_a_server_is_locked_in_and_its_secrets_are_files() {
    let file = compose(PRODUCTION);
    let service = &file["services"]["transship"];
    assert_eq!(service["read_only"], true);
    assert_eq!(words(&service["cap_drop"]), ["ALL"]);
    assert_eq!(words(&service["security_opt"]), ["no-new-privileges:true"]);
    assert_eq!(service["restart"], "unless-stopped");
    understood(&words(&service["command"]));
    let health = words(&service["healthcheck"]["test"]);
    assert_eq!(health[..2], ["CMD", "/usr/local/bin/transship"]);
    understood(&health[2..]);
    let secrets = words(&service["secrets"]);
    assert_eq!(secrets.len(), 5);
    for secret in &secrets {
        let path = service["environment"][format!("{secret}_FILE")].as_str();
        assert_eq!(path, Some(&*format!("/run/secrets/{secret}")));
        assert!(file["secrets"][secret]["file"].is_string(), "{secret}");
    }
    // A secret never stands in the environment itself.
    for (name, _) in service["environment"].as_object().unwrap() {
        let plain = name.strip_suffix("_FILE").is_none();
        assert!(!plain || name == "SLATE_SFTP_HOST_KEY", "{name}");
    }
}

#[test]
fn the_service_for_development_works_on_stand_ins_alone() {
    let file = compose(DEVELOPMENT);
    for service in ["stand-ins", "transship"] {
        understood(&words(&file["services"][service]["command"]));
    }
    let (stand_ins, job) = (&file["services"]["stand-ins"], &file["services"]["transship"]);
    assert_eq!(job["network_mode"], "service:stand-ins");
    let folder = words(&stand_ins["command"])[2].clone();
    for service in [stand_ins, job] {
        assert_eq!(service["environment"]["CREDENTIALS_DIRECTORY"], folder);
    }
}

/// The secrets of the production service are those that the example asks for.
#[test]
fn the_example_is_complete_with_the_secrets_of_the_service() {
    let file = compose(PRODUCTION);
    let folder = tempfile::tempdir().unwrap();
    let mut variables = vec![(
        "SLATE_SFTP_HOST_KEY".to_owned(),
        "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU".into(),
    )];
    for secret in words(&file["services"]["transship"]["secrets"]) {
        let path = folder.path().join(&secret);
        std::fs::write(&path, "x").unwrap();
        variables.push((format!("{secret}_FILE"), path.into_os_string()));
    }
    let environment = Environment {
        variables: variables.into_iter().collect(),
        current_dir: folder.path().to_owned(),
        ..Environment::default()
    };
    let example = include_str!("../../assets/connector.example.yaml");
    let path = std::path::Path::new("/var/lib/transship/config/connector.yaml");
    let config = Config::from_text(example, path, &environment);
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    for written in [&config.database, &config.data_dir, &config.log.file] {
        assert!(written.starts_with("/var/lib/transship"), "{}", written.display());
    }
}
