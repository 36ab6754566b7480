"""Unmodified rclone against the stand-in, through a proxy that says it is the vendor.

    rclone.py ACCESS.json FOLDER

What rclone lists must be what is true, with its grouped queries (ListR) and without;
and with partial group loss it must lose files, which shows that the fault is real.
FOLDER is for the certificate and rclone's configuration.
"""

import collections
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

with open(sys.argv[1], encoding="utf-8") as file:
    access = json.load(file)
drive, control = access["google_drive"], access["control_url"]
folder = os.path.abspath(sys.argv[2])
here = os.path.dirname(os.path.abspath(__file__))
SHORTCUT = "application/vnd.google-apps.shortcut"
FORM = "application/vnd.google-apps.form"


def expect(what, got, expected):
    if got != expected:
        sys.exit(f"FAILED {what}:\n  got      {got!r}\n  expected {expected!r}")
    print(f"ok     {what}")


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(control + path, data, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def start_proxy():
    certificate, key = (os.path.join(folder, name) for name in ("proxy.pem", "proxy.key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=www.googleapis.com", "-addext", "subjectAltName=DNS:*.googleapis.com",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    port = urllib.parse.urlsplit(drive["base_url"]).port
    process = subprocess.Popen(
        [sys.executable, os.path.join(here, "proxy.py"), str(port), certificate, key],
        stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def listed(*options):
    """What rclone lists, by id."""
    environment = {**os.environ, "HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}",
                   "RCLONE_CONFIG": os.path.join(folder, "rclone.conf")}
    command = [
        "rclone", "lsjson", "-R", "drive:", "--no-check-certificate", "--drive-skip-shortcuts",
        "--drive-scope", "drive.readonly", "--drive-service-account-file",
        drive["credentials_path"], "--drive-pacer-min-sleep", "1ms", "--fast-list",
        "--retries", "1", *options]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"FAILED {' '.join(command)}\n{run.stderr}")
    return {entry["ID"]: entry for entry in json.loads(run.stdout)}


def told(root):
    """What is true, as far as rclone shows it: no shortcuts (it would follow them, in
    circles), no documents without an export, not the content of sizeless ones."""
    truth = ask("GET", "/google_drive/truth?root=" + urllib.parse.quote(root))
    shown = [row for row in truth["files"] if row["mime_type"] not in (SHORTCUT, FORM)]
    return {row["id"]: row for row in truth["folders"] + shown}


def compare(what, root, *options, blind=()):
    """`blind`: paths of which rclone is known to see one too few."""
    rows, entries = told(root), listed(*options)
    missing = [rows[i]["path"] for i in rows.keys() - entries.keys()]
    surplus = [entries[i]["Path"] for i in entries.keys() - rows.keys()]
    expect(f"{what}: {len(entries)} entries", (missing, surplus),
           (list(blind), []))
    with_bytes = {i for i, row in rows.items() if row["md5"] is not None and i in entries}
    sizes = {i: entries[i]["Size"] for i in with_bytes}
    expect(f"{what}: sizes", sizes, {i: rows[i]["size"] for i in with_bytes})


def grouped_queries():
    """How many parents each list of rclone's named, as the journal has it."""
    counts = collections.Counter()
    for call in ask("GET", "/journal"):
        # Each of its lists is a GET, however long.
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(call["path"]).query).get("q", [""])[0]
        counts[query.count(" in parents")] += 1
    return counts


with open(os.path.join(folder, "rclone.conf"), "w", encoding="utf-8") as file:
    file.write("[drive]\ntype = drive\n")
proxy, proxy_port = start_proxy()
try:
    root = drive["root_folder_id"]
    shared = drive["shared_drive_id"]
    compare("samples, grouped", root, "--drive-root-folder-id", root)
    # It goes by paths: of two folders with one name it enters one.
    compare("samples, one by one", root, "--drive-root-folder-id", root, "--disable", "ListR",
            blind=["Letters/Letter.txt"])
    compare("shared drive, grouped", shared, "--drive-team-drive", shared)
    compare("shared drive, one by one", shared, "--drive-team-drive", shared,
            "--disable", "ListR")

    top = ask("POST", "/google_drive/tree", {
        "op": "add_folder", "parent": root, "name": "Forest", "id": "forest"})["ids"][0]
    ask("POST", "/google_drive/tree",
        {"op": "grow", "parent": top, "seed": 4, "folders": 601, "files": 2404})
    compare("forest, grouped", top, "--drive-root-folder-id", top)
    compare("forest, one by one", top, "--drive-root-folder-id", top, "--disable", "ListR")
    most = max(grouped_queries())
    expect(f"rclone grouped up to {most} parents", most > 1, True)

    # The negative control: what a client loses that trusts a group.
    ask("POST", "/faults", {"name": "drive_group_loss", "value": 1})
    rows = told(top)
    single = listed("--drive-root-folder-id", top, "--disable", "ListR")
    expect("group loss: one by one nothing is lost", len(single), len(rows))
    grouped = listed("--drive-root-folder-id", top)
    expect(f"group loss: grouped, rclone lists {len(grouped)} of {len(rows)}, and says nothing",
           len(grouped) < len(rows), True)
    ask("DELETE", "/faults")
    compare("afterwards, grouped", top, "--drive-root-folder-id", top)
finally:
    proxy.terminate()
    proxy.wait()
