//! What each key is for, and what it is where nothing is said.

use serde_json::Value as Json;

/// What is said about one key.
pub(super) struct Said {
    pub says: String,
    /// The value that is taken where nothing is said, if it is always the same.
    pub usual: Option<Json>,
}

/// What is known of `key` below `path`.
pub(super) fn of(path: &str, key: &str) -> Option<Said> {
    let found = find(path, key).or_else(|| find(path, "*"));
    if let Some((_, says, usual)) = found {
        let usual = (!usual.is_empty()).then(|| json(usual));
        return Some(Said { says: (*says).to_owned(), usual });
    }
    if is_ignored(path, key) {
        let says = "Of the file connector; accepted, and without a meaning here.".to_owned();
        return Some(Said { says, usual: None });
    }
    let secret = key.strip_suffix("_file").filter(|secret| find(path, secret).is_some())?;
    Some(Said { says: format!("A file that holds `{secret}`."), usual: None })
}

/// Whether `key` is one that the file connector had and that means nothing here.
pub(super) fn is_ignored(path: &str, key: &str) -> bool {
    IGNORED.iter().any(|(at, keys)| *at == path && keys.contains(&key))
}

fn find(path: &str, key: &str) -> Option<&'static Word> {
    let mut sections = WORDS.iter().filter(|(at, _)| at.contains(&path));
    sections.find_map(|(_, words)| words.iter().find(|(name, ..)| *name == key))
}

/// Text that is no JSON is itself.
fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Every key that has words, by its path.
#[cfg(test)]
pub(super) fn paths() -> Vec<String> {
    let sections = WORDS.iter().flat_map(|(at, words)| at.iter().map(move |at| (at, words)));
    let words = sections.flat_map(|(at, words)| words.iter().map(move |word| (at, word.0)));
    words.filter(|(_, key)| *key != "*").map(|(at, key)| super::tree::join(at, key)).collect()
}

/// Every usual value and the path of its key.
#[cfg(test)]
pub(super) fn usual_values() -> Vec<(String, Json)> {
    let split = |path: String| {
        let (at, key) = path.rsplit_once('.').unwrap_or(("", &path));
        of(at, key).and_then(|said| said.usual).map(|usual| (path.clone(), usual))
    };
    paths().into_iter().filter_map(split).collect()
}

/// A key, what it is for, and its usual value: JSON or a text, or nothing.
type Word = (&'static str, &'static str, &'static str);

const IGNORED: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "version",
            "environment",
            "created_at",
            "updated_at",
            "require_https",
            "webhook_timeout_seconds",
            "health_check_interval_minutes",
            "metrics_enabled",
        ],
    ),
    (
        "scheduling",
        &[
            "sync_timeout_minutes",
            "max_retries",
            "retry_delay_seconds",
            "rate_limit_backoff_seconds",
            "max_files_per_sync",
            "batch_size",
        ],
    ),
    ("endpoints[]", &["max_files_per_sync", "tags"]),
    ("endpoints[].schedule_config", &["webhook_secret"]),
    ("endpoints[].endpoint_details<autodesk_construction_cloud>", &["include_versions"]),
];

/// The words, by the sections that they are about.
const WORDS: &[(&[&str], &[Word])] = &[
    (
        &[""],
        &[
            ("database", "The ledger: what was listed, fetched and delivered.", ""),
            (
                "data_dir",
                "The folder of fetched files; left out: the ledger's. TRANSSHIP_DATA_DIR overrides it.",
                "",
            ),
            ("log", "The log of record, a file for every day.", ""),
            ("scheduling", "Defaults and limits of the schedules.", ""),
            ("limits", "When no list is asked for that takes exports out of the source's own.", ""),
            ("retention", "How long fetched files and raw lists are kept; left out: for ever.", ""),
            ("http", "Health, status, metrics and the datasets' rows over HTTP.", ""),
            ("console", "How the console looks, and its keys.", ""),
            (
                "clients",
                "The services to sign in to, by a name of your choice; one that is called as its type needs no `type`.",
                "",
            ),
            ("destinations", "The places where files go, by a name of your choice.", ""),
            (
                "datasets",
                "What partners' files hold, by the name of the table; endpoints name them.",
                "",
            ),
            ("endpoints", "What is synced.", ""),
            ("database_url", "Like `database.url`, as the file connector has it.", ""),
            ("log_level", "Like `log.level`, as the file connector has it.", ""),
            ("log_format", "Like `log.format`, as the file connector has it.", ""),
        ],
    ),
    (
        &["database"],
        &[
            (
                "url",
                "The ledger's SQLite file, as in `sqlite:///./data/connector.db`. CONNECTOR_DATABASE_URL and DATABASE_URL override it.",
                "",
            ),
            ("backups", "A checked copy of the ledger every night; left out: none.", ""),
        ],
    ),
    (
        &["database.backups"],
        &[
            ("directory", "The folder of the copies; left out: `backups` in the data folder.", ""),
            ("keep", "How many of them stay.", "7"),
        ],
    ),
    (
        &["log"],
        &[
            (
                "file",
                "Its file; the date goes before the extension. Left out: `logs/connector.log`.",
                "",
            ),
            (
                "format",
                "`json`: an object a line; `classic`: text. CONNECTOR_LOG_FORMAT overrides it.",
                "json",
            ),
            ("level", "From which level on. CONNECTOR_LOG_LEVEL overrides it.", "info"),
            ("keep_files", "How many files stay; the oldest are removed.", "60"),
            ("keep_days", "Files that are older are removed, however few there are.", ""),
            ("max_file_mb", "A day that is larger has several files.", "64"),
        ],
    ),
    (
        &["scheduling"],
        &[
            (
                "default_interval_minutes",
                "Minutes between the runs of an endpoint without a schedule. SYNC_INTERVAL_MINUTES overrides it.",
                "5",
            ),
            (
                "max_concurrent_syncs",
                "Endpoints at the same time. MAX_CONCURRENT_SYNCS overrides it.",
                "5",
            ),
            ("max_transfers", "Files at the same time, over all endpoints.", "256"),
            (
                "max_transfers_per_endpoint",
                "Files at the same time, of one endpoint; of those over 128 KiB never more than 32.",
                "128",
            ),
            (
                "jitter_seconds",
                "Starts are put off at random by up to so many seconds; left out: those by interval by up to 30, those by cron not at all.",
                "",
            ),
            (
                "default_schedule",
                "What an endpoint without a schedule does: run by the interval, or only when asked.",
                "interval",
            ),
        ],
    ),
    (
        &["limits"],
        &[
            ("min_free_mb", "Not with less free space on the data folder's disk.", "512"),
            ("max_backlog", "Not with more files waiting.", "5000"),
            ("ignore_clock", "Even if the ledger or the source says another time.", "false"),
        ],
    ),
    (&[""], &[("notifications", "Who is told when something is wrong; left out: nobody.", "")]),
    (
        &["notifications"],
        &[
            ("name", "Of this installation, in messages; left out: the machine's.", ""),
            ("webhooks", "Addresses that are sent JSON with a `text`, by a name of yours.", ""),
            ("smtp", "A mail server, and to whom.", ""),
            ("heartbeat", "A dead man's switch, such as healthchecks.io.", ""),
            ("digest", "What ran and how it ended, once a day; left out: none.", ""),
            (
                "remind_every",
                "What still is wrong is told again: from `5m` to `31d`, or `never`.",
                "24h",
            ),
            ("after_minutes", "What is tried again by itself is told if it lasts so long.", "0"),
        ],
    ),
    (&["notifications.webhooks.*"], &[("url", "Where; https, except on this machine.", "")]),
    (
        &["notifications.webhooks.*", "notifications.smtp"],
        &[("events", "Which of them; left out: all.", "")],
    ),
    (
        &["notifications.smtp"],
        &[
            ("host", "The mail server's name or address.", ""),
            ("port", "Left out: 587; 465 where tls is `implicit`.", ""),
            ("tls", "How it is kept secret; `none` on this machine alone.", "starttls"),
            ("username", "The user; left out, with the password: without signing in.", ""),
            ("password", "The user's password.", ""),
            ("from", "The sender's address.", ""),
            ("to", "One or several addresses.", ""),
        ],
    ),
    (
        &["notifications.heartbeat"],
        &[
            (
                "url",
                "`/start` when work begins, itself while all is well, `/0` or another exit code at the end; told to stop, it says `/0`.",
                "",
            ),
            ("every_minutes", "How often, while the program stays.", "15"),
        ],
    ),
    (
        &["notifications.digest"],
        &[
            ("at", "A time of day, as in `07:00`.", ""),
            ("timezone", "Of that time; left out: the machine's.", ""),
        ],
    ),
    (
        &["retention"],
        &[
            ("files_days", "Days after everything about a file has ended.", ""),
            ("lists_days", "Days after a list was booked; 0: for ever.", "90"),
        ],
    ),
    (
        &["http"],
        &[
            (
                "listen",
                "Addresses with ports; an empty list switches it off. Others than this machine's own need a login.",
                "[\"127.0.0.1:8080\"]",
            ),
            ("username", "The name for Basic authentication.", ""),
            ("password", "The password for it.", ""),
            ("rate_limit_per_minute", "Requests a minute and address; then 429.", "100"),
        ],
    ),
    (
        &["console"],
        &[
            ("theme", "Its colours; NO_COLOR switches them off too.", "dark"),
            ("symbols", "`ascii` for fonts without the others.", "unicode"),
            ("mouse", "Whether the mouse is on from the start.", "false"),
            ("keys", "Other keys for actions, by their names in the help, with _ for a space.", ""),
        ],
    ),
    (
        &["console.keys"],
        &[("*", "The keys of this action instead of its own, as in `[r, f5, ctrl-r]`.", "")],
    ),
    (
        &[
            "clients.*<encoura>",
            "clients.*<autodesk_construction_cloud>",
            "clients.*<google_drive>",
            "clients.*<sftp>",
        ],
        &[("type", "What it is; left out: what it is called.", "")],
    ),
    (&["destinations.*"], &[("type", "What it is.", "sftp")]),
    (
        &["clients.*<encoura>"],
        &[
            ("base_url", "The API's address.", "https://api-datalab.encoura.org/v1"),
            ("api_key", "The x-api-key that Encoura gave out.", ""),
            ("organization_uid", "Which of the account's organisations, if there are several.", ""),
            ("username", "The name to sign in with.", ""),
            ("password", "The password to sign in with.", ""),
            ("auth_scheme", "The word before the token in the Authorization header.", "JWT"),
        ],
    ),
    (
        &["clients.*<autodesk_construction_cloud>"],
        &[
            (
                "client_id",
                "The application's client id. CONNECTOR_AUTODESK_CLIENT_ID overrides it.",
                "",
            ),
            (
                "client_secret",
                "Its secret; none for a public application (PKCE). CONNECTOR_AUTODESK_CLIENT_SECRET overrides it.",
                "",
            ),
            ("base_url", "The API's address.", "https://developer.api.autodesk.com"),
            (
                "callback_url",
                "The callback as it is registered, to the letter.",
                "http://localhost:8081/oauth/callback",
            ),
            (
                "token_path",
                "Where the tokens are kept, for the owner alone.",
                "tokens/autodesk_tokens.json",
            ),
            ("scopes", "What the application may do.", "[\"data:read\"]"),
            (
                "grant",
                "How to sign in: a person in a browser, the application itself, or a service account.",
                "",
            ),
            ("user_id", "`two_legged`: for whom it acts.", ""),
            ("service_account_id", "`service_account`: its id.", ""),
            ("service_account_key_id", "`service_account`: the id of its key.", ""),
            ("private_key", "`service_account`: its private key (PEM).", ""),
        ],
    ),
    (
        &["clients.*<google_drive>"],
        &[
            ("credentials_path", "The service account's key file, as Google hands it out.", ""),
            ("application_name", "What it calls itself in requests.", ""),
            ("base_url", "The API's address.", "https://www.googleapis.com"),
            ("subject", "The user for whom it acts (domain-wide delegation).", ""),
            ("units_per_minute", "The quota that may be spent.", "325000"),
        ],
    ),
    (
        &["clients.*<sftp>", "destinations.*"],
        &[
            ("host", "The server's name or address.", ""),
            ("port", "Its port.", "22"),
            ("username", "The name to sign in with.", ""),
            ("password", "The password to sign in with.", ""),
            ("key_path", "A private key to sign in with.", ""),
            ("key_passphrase", "The passphrase of that key.", ""),
            ("agent", "Whether to sign in with the keys of the SSH agent.", "false"),
            (
                "host_key",
                "The server's fingerprint, SHA256:…; several while it is being changed. `transship test` shows what the server offers.",
                "",
            ),
            ("known_hosts", "A known_hosts file instead of host_key.", ""),
            ("connect_timeout_seconds", "How long connecting may take.", "30"),
            ("request_timeout_seconds", "How long one answer may take.", "60"),
        ],
    ),
    (
        &["destinations.*"],
        &[
            ("directory", "The folder that files are delivered into.", ""),
            ("processed", "The folder into which the receiver moves what it took.", ""),
            ("publish", "`direct` only for servers that refuse renames.", "rename"),
            (
                "on_doubt",
                "`direct` alone: hold what may have arrived for a person, or send it again and risk a double.",
                "hold",
            ),
            ("names", "`original` keeps the source's names and waits for clashes.", "unique"),
            ("retention_days", "How long the server keeps files.", "30"),
            (
                "bandwidth_limit",
                "How fast it may be sent to, as `10M` bytes a second, or by times: `08:00,512k 19:00,off`.",
                "",
            ),
            ("max_sessions", "SSH sessions at the same time.", "4"),
        ],
    ),
    (
        &["datasets.*"],
        &[
            (
                "files",
                "Patterns for the names of its files; a gzipped one counts without its .gz.",
                "",
            ),
            ("format", "What they are; left out: what their names say.", ""),
            ("encoding", "CSV: the encoding.", "utf-8"),
            ("delimiter", "CSV: one character, or `tab`.", ","),
            ("quote", "CSV: one character, or `none`.", "\""),
            ("header", "CSV: whether the first line names the columns.", "true"),
            ("skip_lines", "CSV: lines to pass over before everything.", "0"),
            (
                "key",
                "The columns that make a row one and the same; the last file wins. Without: every line is a row.",
                "",
            ),
            (
                "max_bad_percent",
                "The share of bad rows beyond which a file is refused whole.",
                "50",
            ),
            (
                "rollups",
                "Sums that are kept while files are taken in, by a name of your choice.",
                "",
            ),
            (
                "columns",
                "Its columns by name: a type (`text!`: required), or a mapping that says more.",
                "",
            ),
        ],
    ),
    (
        &["datasets.*.rollups.*"],
        &[
            ("by", "The columns that make a group.", ""),
            ("sum", "The columns that are summed up, integers and decimals.", ""),
        ],
    ),
    (
        &["datasets.*.columns.*"],
        &[
            ("type", "What its values are; with `!` behind, one is required.", "text"),
            ("required", "Whether a row without a value is bad.", "false"),
            ("from", "Its name in the file; left out: its own.", ""),
            ("trim", "Whether blanks around the value go.", "true"),
            ("default", "The value where there is none.", ""),
            ("nulls", "Values that mean none.", ""),
            ("references", "The dataset whose key it holds; rows wait for theirs.", ""),
            ("dictionary", "The table in which its values are kept once.", ""),
            ("indexed", "Whether rows can be asked for by it.", "false"),
            ("min", "Numbers: the least.", ""),
            ("max", "Numbers: the most.", ""),
            ("scale", "Decimals: places after the point.", "2"),
            ("max_length", "Texts: characters at the most.", ""),
            ("format", "Dates and timestamps: the form, as in `%d.%m.%Y` (strftime).", ""),
            ("formats", "The same, several.", ""),
            ("timezone", "Timestamps: the zone of those that name none.", ""),
            ("true_values", "Booleans: further words for true.", ""),
            ("false_values", "Booleans: further words for false.", ""),
            ("carried", "A value of the row that it references, as it was then.", ""),
        ],
    ),
    (
        &["datasets.*.columns.*.carried"],
        &[
            ("via", "The column of this dataset that references the other one.", ""),
            ("column", "The column of the other dataset.", ""),
        ],
    ),
    (
        &["endpoints[]"],
        &[
            ("name", "Its name everywhere; no two have the same.", ""),
            ("endpoint_type", "What is synced.", ""),
            ("project_id", "Whose project it is; goes into the books.", ""),
            ("user_id", "Who set it up; goes into the books.", ""),
            ("description", "Words for people.", ""),
            (
                "client",
                "Which entry of clients; left out: the usual one of its type, or the only one.",
                "",
            ),
            ("endpoint_details", "What it looks at; its keys depend on endpoint_type.", ""),
            ("quiet_days", "Nothing new for so many days is told; left out: never.", ""),
            ("deliver_to", "Which entry of destinations; left out: only the books are kept.", ""),
            (
                "bandwidth_limit",
                "How fast it may fetch, as `10M` bytes a second, or by times: `08:00,512k 19:00,off`.",
                "",
            ),
            ("schedule", "When it runs by itself; left out: by scheduling.default_schedule.", ""),
            ("schedule_config", "The rest of the schedule, where `schedule` is a word alone.", ""),
            ("is_active", "Whether it runs without being named.", "true"),
            ("datasets", "SFTP: names of datasets, or their definitions.", ""),
            ("file_types", "Like endpoint_details.file_types.", ""),
        ],
    ),
    (
        &["endpoints[].schedule", "endpoints[].schedule_config"],
        &[
            (
                "interval_minutes",
                "`interval`: minutes between runs; left out: scheduling.default_interval_minutes.",
                "",
            ),
            ("cron", "`cron`: an expression of five fields.", ""),
            ("cron_expression", "The same, as the file connector has it.", ""),
            (
                "timezone",
                "`cron`: the zone that it is meant in, as in America/Chicago; left out: this machine's.",
                "",
            ),
        ],
    ),
    (
        &["destinations.*.bandwidth_limit", "endpoints[].bandwidth_limit"],
        &[
            ("limits", "A limit, or several, each from a time on: `Mon-08:00,512k`.", ""),
            ("timezone", "Of the times; the schedule's, or the machine's.", ""),
        ],
    ),
    (
        &["endpoints[].schedule"],
        &[("type", "By an interval, by a cron expression, or only when asked.", "")],
    ),
    (
        &[
            "endpoints[].endpoint_details<encoura>",
            "endpoints[].endpoint_details<autodesk_construction_cloud>",
            "endpoints[].endpoint_details<google_drive>",
            "endpoints[].endpoint_details<sftp>",
        ],
        &[(
            "file_types",
            "The types that are taken or delivered, as in `[csv, pdf]`; empty: all.",
            "",
        )],
    ),
    (
        &["endpoints[].endpoint_details<encoura>"],
        &[("product_keys", "The products that are asked for; empty: all.", "")],
    ),
    (
        &[
            "endpoints[].endpoint_details<autodesk_construction_cloud>",
            "endpoints[].endpoint_details<google_drive>",
        ],
        &[
            ("folder_id", "Only what lies in this folder.", ""),
            ("include_subfolders", "Whether folders in it are entered.", "true"),
        ],
    ),
    (
        &[
            "endpoints[].endpoint_details<autodesk_construction_cloud>",
            "endpoints[].endpoint_details<google_drive>",
            "endpoints[].endpoint_details<sftp>",
        ],
        &[
            ("exclude_patterns", "Patterns for names that are passed over, as in `~$*`.", ""),
            ("max_file_size_mb", "Larger files are not fetched.", ""),
        ],
    ),
    (
        &[
            "endpoints[].endpoint_details<autodesk_construction_cloud>",
            "endpoints[].endpoint_details<google_drive>",
        ],
        &[("max_results", "Has no effect: a register holds every file.", "")],
    ),
    (
        &["endpoints[].endpoint_details<autodesk_construction_cloud>"],
        &[
            (
                "project_id",
                "The project, as in `b.6c2cffb0-…`; `transship test --list-projects` lists them.",
                "",
            ),
            ("hub_id", "The hub that it is in; left out: it is looked for.", ""),
            ("client_id", "The application, where there is no entry of clients.", ""),
            ("client_secret", "Its secret, where there is no entry of clients.", ""),
        ],
    ),
    (
        &["endpoints[].endpoint_details<google_drive>"],
        &[
            ("drive_id", "A whole shared drive.", ""),
            ("include_shared", "Whether files that others shared are looked for.", "false"),
            ("include_trashed", "Whether what lies in the trash counts.", "false"),
            ("follow_shortcuts", "Whether what shortcuts lead to counts.", "false"),
            ("modified_after", "Only what changed after this day or moment.", ""),
            ("modified_before", "Only what changed before this day or moment.", ""),
            ("export_as", "The forms in which native documents are exported.", ""),
            ("credentials_path", "The key file, where there is no entry of clients.", ""),
        ],
    ),
    (
        &["endpoints[].endpoint_details<google_drive>.export_as"],
        &[
            ("document", "Documents.", "docx"),
            ("spreadsheet", "Spreadsheets.", "xlsx"),
            ("presentation", "Presentations.", "pptx"),
            ("drawing", "Drawings.", "pdf"),
        ],
    ),
    (
        &["endpoints[].endpoint_details<sftp>"],
        &[
            ("directory", "The folder that is looked into.", "."),
            ("pattern", "A pattern for names, as in `*.{csv,json}`; left out: all.", ""),
            ("patterns", "The same, several.", ""),
            ("include_subfolders", "Whether folders in it are entered.", "false"),
            ("min_size_bytes", "Smaller files are passed over.", "0"),
            ("min_age_seconds", "Younger files are left to a later pass.", "0"),
            ("max_age_days", "Older files are passed over.", ""),
            ("settle_seconds", "A file counts when two looks so far apart find it the same.", "5"),
            (
                "after_fetch",
                "What becomes of a file over there once it is safe here: `leave`, `delete` or `{ move: FOLDER }`.",
                "leave",
            ),
        ],
    ),
    (
        &["endpoints[].endpoint_details<sftp>.after_fetch"],
        &[("move", "The folder that it is moved into; a relative one lies below directory.", "")],
    ),
];
