//! Test and dry run: signs in, looks around, says what it found. Changes nothing
//! anywhere, and needs no ledger.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::accounts::{Accounts, Sources};
use super::command::Tested;
use super::context::endpoints_called;
use super::lane::{Lane, Outlets};
use super::register;
use crate::config::Config;
use crate::destinations::Capabilities;
use crate::ledger::{DryWalk, Reader, WalkCounts};
use crate::model::{Endpoint, Failure, Known, Page, Shown};
use crate::sources::{RegisterSink, RegisterSource, Source};

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The endpoints' names; empty for all active ones.
    pub endpoints: Vec<String>,
    /// Names listed at the most.
    pub max_files: usize,
    /// Lists the projects that the accounts may see.
    pub list_projects: bool,
}

/// Takes each step in words, before it is done.
pub type Told<'t> = &'t (dyn Fn(&str) + Send + Sync);

/// [`look`] with the real sources, quietly.
pub async fn test(
    config: &Config,
    endpoints: &[String],
    max_files: usize,
) -> Result<Vec<Tested>, Failure> {
    let wanted = Look { endpoints: endpoints.to_vec(), max_files, list_projects: false };
    look(config, &wanted, &mut Accounts::default(), &|_| ()).await
}

/// Signs in and looks around for the named, or all active, endpoints of `config`.
///
/// Fails where an endpoint is not in the configuration; what goes wrong with one that
/// is, is among its checks.
pub async fn look(
    config: &Config,
    wanted: &Look,
    sources: &mut dyn Sources,
    told: Told<'_>,
) -> Result<Vec<Tested>, Failure> {
    let mut outlets = Outlets::default();
    let mut tested: Vec<Tested> = Vec::new();
    let mut projects_of: Vec<&str> = Vec::new();
    for endpoint in endpoints_called(config, &wanted.endpoints)? {
        let mut looking = Looking::at(endpoint, told);
        if let Some(lane) = looking.lane(config, sources, &mut outlets) {
            looking.source(&lane, wanted.max_files).await;
            // They are the account's: once is enough.
            let list = wanted.list_projects && !projects_of.contains(&endpoint.client.as_str());
            if let (true, Source::Register(source)) = (list, &lane.source) {
                projects_of.push(&endpoint.client);
                looking.projects(source.as_ref()).await;
            }
            looking.destination(&lane, wanted.max_files).await;
        }
        tested.push(looking.tested);
    }
    close(outlets).await;
    Ok(tested)
}

/// Signs in on both sides, and walks through registers without booking anything: what
/// a sync would find, compared with what `books` hold.
pub async fn dry_run(
    config: &Config,
    endpoints: &[String],
    full: bool,
    books: Option<&Reader>,
    sources: &mut dyn Sources,
    told: Told<'_>,
) -> Result<Vec<Tested>, Failure> {
    let mut outlets = Outlets::default();
    let mut tested = Vec::new();
    for endpoint in endpoints_called(config, endpoints)? {
        let mut looking = Looking::at(endpoint, told);
        if let Some(lane) = looking.lane(config, sources, &mut outlets) {
            let signed_in = looking.source(&lane, 0).await;
            if let (true, Source::Register(source)) = (signed_in, &lane.source) {
                looking.walk(source.as_ref(), endpoint, full, books).await;
            }
            looking.destination(&lane, 0).await;
        }
        tested.push(looking.tested);
    }
    close(outlets).await;
    Ok(tested)
}

pub(super) async fn close(outlets: Outlets) {
    for outlet in outlets.into_inner() {
        outlet.destination.close().await;
    }
}

/// One endpoint being looked at.
pub(super) struct Looking<'l> {
    pub(super) tested: Tested,
    told: Told<'l>,
}

impl<'l> Looking<'l> {
    pub(super) fn at(endpoint: &Endpoint, told: Told<'l>) -> Self {
        let endpoint = endpoint.name.clone();
        Self { tested: Tested { endpoint, checks: Vec::new(), projects: Vec::new() }, told }
    }

    fn step(&self, what: &str) {
        (self.told)(&format!("{}: {what}", self.tested.endpoint));
    }

    fn check(&mut self, what: String, result: Result<Shown, Failure>) -> bool {
        let well = result.is_ok();
        self.tested.checks.push((what, result));
        well
    }

    pub(super) fn lane(
        &mut self,
        config: &Config,
        sources: &mut dyn Sources,
        outlets: &mut Outlets,
    ) -> Option<Lane> {
        let endpoint = config.endpoints.iter().find(|e| e.name == self.tested.endpoint)?;
        match Lane::build(config, endpoint, 0, sources, outlets) {
            Ok(lane) => Some(lane),
            Err(failure) => {
                self.check(format!("{}: client", endpoint.endpoint_type), Err(failure));
                None
            }
        }
    }

    /// Signs in, and lists a few names where that takes nothing away. Whether it may
    /// go on.
    pub(super) async fn source(&mut self, lane: &Lane, max_files: usize) -> bool {
        let kind = lane.endpoint.endpoint_type;
        self.step(&format!("signing in to {}", lane.endpoint.client));
        let signed_in = lane.source.sign_in().await.map(|signed_in| signed_in.identity);
        if !self.check(format!("{kind}: sign in"), signed_in) {
            return false;
        }
        if let Source::Register(source) = &lane.source
            && max_files > 0
        {
            self.step(&format!("listing {max_files} files"));
            let names = source.peek(max_files).await.map(|names| names_shown(&names));
            self.check(format!("{kind}: list files"), names);
        }
        true
    }

    async fn projects(&mut self, source: &dyn RegisterSource) {
        self.step("listing projects");
        match source.projects().await {
            Ok(projects) => {
                let found = Shown::new(format!("{} found", projects.len()));
                self.check("projects".into(), Ok(found));
                self.tested.projects = projects;
            }
            Err(failure) => {
                self.check("projects".into(), Err(failure));
            }
        }
    }

    pub(super) async fn destination(&mut self, lane: &Lane, max_files: usize) {
        let Some(outlet) = &lane.outlet else { return };
        let name = &outlet.settings.name;
        self.step(&format!("signing in to {name}"));
        let probed = outlet.destination.probe().await;
        if self.check(format!("{name}: sign in"), probed.as_ref().map(words).map_err(Clone::clone))
        {
            let folder = &outlet.settings.directory;
            self.step(&format!("listing {folder}"));
            let listed = outlet.destination.peek(max_files).await;
            self.check(format!("{name}: list {folder}"), listed.map(|names| names_shown(&names)));
        }
    }

    async fn walk(
        &mut self,
        source: &dyn RegisterSource,
        endpoint: &Endpoint,
        full: bool,
        books: Option<&Reader>,
    ) {
        self.step("walking through it; nothing is booked");
        let calls = source.api_calls();
        let walked = dry_walk(source, endpoint, full, books).await;
        let calls = source.api_calls() - calls;
        let (found, failures) = match walked {
            Ok((counts, failures)) => (Ok(dry_words(counts, calls, failures.len())), failures),
            Err(failure) => (Err(failure), Vec::new()),
        };
        self.check(format!("{}: walk, not booked", endpoint.endpoint_type), found);
        for failure in failures {
            self.check(format!("{}: walk", endpoint.endpoint_type), Err(failure));
        }
    }
}

async fn dry_walk(
    source: &dyn RegisterSource,
    endpoint: &Endpoint,
    full: bool,
    books: Option<&Reader>,
) -> Result<(WalkCounts, Vec<Failure>), Failure> {
    let (walk, known) = match books {
        Some(books) => books.begin_dry_walk(&endpoint.name, &register::scope(endpoint))?,
        None => (DryWalk::of_nothing(), Known::default()),
    };
    let sink = Sink { books, walk };
    let walked = source.walk(&known, full, &sink, &CancellationToken::new()).await?;
    let counts = match books {
        Some(books) => books.finish_dry_walk(&sink.walk, &walked)?,
        None => sink.walk.counts(),
    };
    Ok((counts, walked.failures))
}

/// Compares pages with the books, where there are any.
struct Sink<'b> {
    books: Option<&'b Reader>,
    walk: DryWalk,
}

#[async_trait]
impl RegisterSink for Sink<'_> {
    async fn page(&self, page: Page) -> Result<(), Failure> {
        match self.books {
            Some(books) => books.weigh_page(&self.walk, page),
            None => {
                self.walk.count(page);
                Ok(())
            }
        }
    }
}

fn dry_words(counts: WalkCounts, calls: u64, failures: usize) -> Shown {
    let mut words = format!(
        "{} files seen: a sync would book {} new, {} changed, {} removed; {calls} calls",
        counts.found, counts.new, counts.updated, counts.removed
    );
    if failures > 0 {
        words += "; nothing is removed, since not all of it could be looked at";
    }
    Shown::new(words)
}

fn names_shown(names: &[String]) -> Shown {
    if names.is_empty() {
        // Not an empty column, which looks like a mistake.
        return Shown::new("no file seen");
    }
    Shown::new(names.join(", "))
}

fn words(capabilities: &Capabilities) -> Shown {
    let rename = if capabilities.posix_rename {
        "atomic rename: exactly once"
    } else {
        "rename not atomic: a lost reply may deliver twice"
    };
    match capabilities.free_bytes {
        Some(free) => Shown::new(format!("{rename}; {} MB free", free >> 20)),
        None => Shown::new(rename),
    }
}
