//! How things come into being.

use super::{Access, Content, File, Folder, Hub, Node, Project, Tree, Version};

/// Folders may be nested so deep (the service's own limit).
pub(super) const MAX_DEPTH: usize = 25;

/// A file about to be added.
#[derive(Clone, Debug)]
pub(in crate::demo::autodesk) struct Seedling {
    pub(in crate::demo::autodesk) name: String,
    /// None for a text that says which version it is.
    pub(in crate::demo::autodesk) content: Option<Content>,
    pub(in crate::demo::autodesk) size_missing: bool,
}

impl Seedling {
    pub(super) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), content: None, size_missing: false }
    }

    pub(super) fn with(name: impl Into<String>, content: Content) -> Self {
        Self { content: Some(content), ..Self::named(name) }
    }
}

impl Tree {
    pub(super) fn add_hub(&mut self, name: &str, region: &'static str, personal: bool) -> usize {
        let id = if personal { self.ids.key() } else { self.ids.uuid() };
        let european = region == "EMEA";
        self.hubs.push(Hub {
            id: format!("{}.{id}", if personal { "a" } else { "b" }),
            name: name.to_owned(),
            region,
            personal,
            realm: if european { "wipemea" } else { "wipprod" },
            bucket: if european { "wip.dm.emea.2" } else { "wip.dm.prod" },
        });
        self.hubs.len() - 1
    }

    /// A project with the folders that the service makes for itself, and the
    /// empty ones that everybody works in.
    pub(super) fn add_project(&mut self, hub: usize, name: &str) -> usize {
        let (project, id) = (self.projects.len(), self.ids.uuid());
        let root = self.add_folder_unchecked(project, None, format!("{id}-root-folder"), hub);
        let container = self.ids.uuid();
        self.projects.push(Project {
            id: format!("b.{id}"),
            name: name.to_owned(),
            hub,
            root,
            active: true,
        });
        for (name, system) in [
            ("Project Files".to_owned(), false),
            ("Plans".to_owned(), false),
            (format!("issue_{container}"), true),
            ("ProjectTb".to_owned(), true),
        ] {
            let folder = self.add_folder_unchecked(project, Some(root), name, hub);
            self.folders[folder].system = system;
        }
        project
    }

    /// A folder in `parent`.
    pub(super) fn add_folder(&mut self, parent: usize, name: &str) -> usize {
        let project = self.folders[parent].project;
        let hub = self.projects[project].hub;
        let folder = self.add_folder_unchecked(project, Some(parent), name.to_owned(), hub);
        let at = self.folders[folder].created;
        self.roll_up(parent, at);
        folder
    }

    fn add_folder_unchecked(
        &mut self,
        project: usize,
        parent: Option<usize>,
        name: String,
        hub: usize,
    ) -> usize {
        let at = self.clock.tick();
        let id = format!("urn:adsk.{}:fs.folder:co.{}", self.hubs[hub].realm, self.ids.key());
        let folder = self.folders.len();
        self.nodes.insert(id.clone(), Node::Folder(folder));
        self.folders.push(Folder {
            id,
            project,
            parent,
            name,
            system: false,
            hidden: false,
            access: parent.is_none().then_some(Access::Allowed),
            created: at,
            modified: at,
            rollup: at,
            children: Vec::new(),
        });
        if let Some(parent) = parent {
            self.folders[parent].children.push(Node::Folder(folder));
        }
        folder
    }

    /// A file in `folder`, with its first version.
    pub(super) fn add_file(&mut self, folder: usize, seedling: Seedling) -> usize {
        let key = self.ids.key();
        let id = format!("urn:adsk.{}:dm.lineage:{key}", self.hub_of(folder).realm);
        let file = self.files.len();
        self.nodes.insert(id.clone(), Node::File(file));
        self.files.push(File {
            id,
            key,
            folder,
            hidden: false,
            view_only: false,
            versions: Vec::new(),
        });
        self.folders[folder].children.push(Node::File(file));
        self.add_version(file, seedling);
        file
    }

    /// The next version of `file`; it moves the rollup.
    pub(super) fn add_version(&mut self, file: usize, seedling: Seedling) {
        let Seedling { name, content, size_missing } = seedling;
        let number = self.files[file].versions.len() as u32 + 1;
        let content =
            content.unwrap_or_else(|| Content::Text(format!("{name}, version {number}\n")));
        let object = (!matches!(content, Content::Without { .. })).then(|| {
            let extension = super::type_of(&name).unwrap_or_else(|| "bin".to_owned());
            // Keys are made of letters, digits, `-`, `_` and `.` only.
            let plain = extension.chars().all(|c| c.is_ascii_alphanumeric());
            format!("{}.{}", self.ids.uuid(), if plain { &extension } else { "bin" })
        });
        if let Some(key) = &object {
            self.objects.insert(key.clone(), (file, number as usize - 1));
        }
        let created = self.clock.tick();
        self.files[file].versions.push(Version {
            number,
            name,
            created,
            deleted: false,
            object,
            content,
            size_missing,
        });
        self.roll_up(self.files[file].folder, created);
    }
}
