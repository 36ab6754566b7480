//! What a register of each project must say.

use serde::Serialize;

use super::clock::stamp;
use super::{File, Node, Tree, type_of};

/// What a register of each project must say, as the caller may see it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Whether the application may see the account at all.
    pub provisioned: bool,
    /// Every project.
    pub projects: Vec<TrueProject>,
}

/// What a register of one project must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueProject {
    /// Its id, `b.…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its hub.
    pub hub_id: String,
    /// Whether it is not archived.
    pub active: bool,
    /// Folders that the caller may see, without the root.
    pub folders: usize,
    /// Files that the caller may see.
    pub files: Vec<TrueFile>,
    /// Files that are there and may not be seen: what was known of them stays.
    pub lost: Vec<TrueFile>,
}

/// What a register must say of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueFile {
    /// The lineage's URN.
    pub id: String,
    /// Its name, as it was given.
    pub name: String,
    /// Names from the top folder down, joined with `/`.
    pub path: String,
    /// The same, for names that hold a `/`. The last one is the file's.
    pub names: Vec<String>,
    /// The folder it lies in.
    pub folder_id: String,
    /// The tip's number.
    pub version: u32,
    /// The tip's URN.
    pub version_id: String,
    /// The tip's object.
    pub storage_id: Option<String>,
    /// The tip's size in bytes, where the service tells.
    pub size: Option<u64>,
    /// The extension in lower case.
    pub file_type: Option<String>,
    /// Where a person opens it.
    pub link: String,
    /// When the first version was made.
    pub created_at: String,
    /// When the tip was made.
    pub updated_at: String,
}

impl Truth {
    /// The project with this id.
    pub fn project(&self, id: &str) -> Option<&TrueProject> {
        self.projects.iter().find(|project| project.id == id)
    }
}

impl TrueProject {
    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<&TrueFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl Tree {
    /// What a register of each project must say now.
    pub(in crate::demo) fn truth(&self) -> Truth {
        let projects = self.projects.iter().enumerate().map(|(at, project)| {
            let mut truth = TrueProject {
                id: project.id.clone(),
                name: project.name.clone(),
                hub_id: self.hubs[project.hub].id.clone(),
                active: project.active,
                folders: 0,
                files: Vec::new(),
                lost: Vec::new(),
            };
            self.gather(self.projects[at].root, &mut truth);
            truth
        });
        Truth { provisioned: self.provisioned, projects: projects.collect() }
    }

    fn gather(&self, root: usize, truth: &mut TrueProject) {
        let mut open = vec![(root, Vec::new())];
        while let Some((at, names)) = open.pop() {
            let seen = self.allowed(at);
            for node in self.folders[at].children.iter().filter(|node| !self.hidden(**node)) {
                let mut names: Vec<String> = names.clone();
                names.push(self.name(*node).to_owned());
                match *node {
                    Node::Folder(folder) => {
                        truth.folders += usize::from(self.allowed(folder));
                        open.push((folder, names));
                    }
                    Node::File(file) if seen => truth.files.push(self.row(file, names)),
                    Node::File(file) => truth.lost.push(self.row(file, names)),
                }
            }
        }
    }

    fn row(&self, file: usize, names: Vec<String>) -> TrueFile {
        let file: &File = &self.files[file];
        let tip = file.tip();
        TrueFile {
            id: file.id.clone(),
            name: tip.name.clone(),
            path: names.join("/"),
            names,
            folder_id: self.folders[file.folder].id.clone(),
            version: tip.number,
            version_id: self.version_id(file, tip),
            storage_id: self.storage_id(file, tip),
            size: tip.size(),
            file_type: type_of(&tip.name),
            link: self.link(file),
            created_at: stamp(file.versions[0].created),
            updated_at: stamp(tip.created),
        }
    }
}
