//! A small account: everything once that a walk may meet.

use super::{Content, Node, Seedling, Tree};

/// Names that break careless code. All of them are possible at the service.
pub const HOSTILE_NAMES: &[&str] = &[
    "..",
    "../../etc/passwd",
    "a/b\\c.pdf",
    "CON.txt",
    "line\nbreak\tand tab.pdf",
    "\u{1b}[31mred\u{1b}[0m.pdf",
    "right\u{202e}fdp.exe",
    "percent%2Fencoded%00.pdf",
    "'; DROP TABLE files; --.pdf",
    "=HYPERLINK(\"http://example.invalid\").xlsx",
    "<script>alert(1)</script>.pdf",
    " leading and trailing . ",
    "no extension",
    ".hidden",
    "e\u{301} decomposed.pdf",
    "é composed.pdf",
    "日本語の図面.DWG",
    "a name that is as long as the service allows, or a little longer: it goes on and on, \
     beyond what file systems take, because nobody ever told the architect who called it \
     so that two hundred and fifty-five bytes are the end of it everywhere else, and that \
     programs will cut it off.pdf",
];

impl Tree {
    /// The small account: a hub with a project that has everything, one that is
    /// empty, a European hub, and somebody's own.
    pub(in crate::demo) fn plant_samples(&mut self) {
        let hub = self.add_hub("Demo Construction", "US", false);
        let european = self.add_hub("Demo Bau Europa", "EMEA", false);
        self.add_hub("Testina's own hub", "US", true);
        let clinic = self.add_project(hub, "Riverside Clinic");
        self.plant_clinic(self.projects[clinic].root);
        self.add_project(hub, "Nothing Yet");
        let harbour = self.add_project(european, "Hafenlagerhaus");
        if let Some(files) = self.project_files(self.projects[harbour].root) {
            self.add_file(files, Seedling::named("Lageplan Hafen.pdf"));
        }
    }

    fn plant_clinic(&mut self, root: usize) {
        let Some(files) = self.project_files(root) else { return };
        let drawings = self.add_folder(files, "01 Drawings");
        let architecture = self.add_folder(drawings, "Architecture");
        let plan = self.add_file(architecture, Seedling::named("A-101 Floor plan.pdf"));
        self.add_version(plan, Seedling::named("A-101 Floor plan.pdf"));
        self.add_version(plan, Seedling::with("A-101 Floor plan.pdf", Content::noise(180_000)));
        self.add_file(architecture, Seedling::with("A-201 Elevations.dwg", Content::noise(64_000)));
        let structure = self.add_folder(drawings, "Structure");
        self.add_file(structure, Seedling::named("S-001 Foundations.PDF"));
        let deep = self.add_folder(structure, "Details");
        let deeper = self.add_folder(deep, "Stairs");
        self.add_file(deeper, Seedling::named("S-311 Stair 2.pdf"));

        let models = self.add_folder(files, "02 Models");
        self.add_file(models, Seedling::with("Clinic.rvt", Content::noise(3_000_000)));
        let lost = self.add_file(models, Seedling::with("Never uploaded.rvt", Content::NONE));
        self.add_version(lost, Seedling::with("Never uploaded.rvt", Content::NONE));
        let sizeless = Seedling { size_missing: true, ..Seedling::named("Size unknown.ifc") };
        self.add_file(models, sizeless);

        let specifications = self.add_folder(files, "03 Specifications / final");
        self.plant_hostile_names(specifications);
        let odd = self.add_folder(specifications, "..");
        self.add_file(odd, Seedling::named("below dots.txt"));

        self.add_folder(files, "04 Empty");
        let letters = self.add_folder(files, "05 Correspondence");
        self.add_file(letters, Seedling::named("Letter.docx"));
        self.add_file(letters, Seedling::with("Empty.txt", Content::Text(String::new())));
        let old = self.add_file(letters, Seedling::named("Withdrawn.docx"));
        self.delete(Node::File(old));
        let archive = self.add_folder(files, "99 Archive");
        self.add_file(archive, Seedling::named("Old plan.pdf"));
        self.delete(Node::Folder(archive));
    }

    /// The folder that everybody works in.
    pub(super) fn project_files(&self, root: usize) -> Option<usize> {
        self.folders[root].children.iter().find_map(|node| match *node {
            Node::Folder(folder) if self.folders[folder].name == "Project Files" => Some(folder),
            _ => None,
        })
    }
}
