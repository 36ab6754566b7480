"""The vendor's own Python client against the stand-in: what it sees must be what is
true, and what it is told must follow the discovery document.

    client.py ACCESS.json

ACCESS.json is what `transship sim --json` printed. Ends with 1 at the first thing that
is wrong.
"""

import hashlib
import io
import json
import os
import sys
import urllib.parse
import urllib.request

import googleapiclient
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload

from schemas import Schemas

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
READ = "https://www.googleapis.com/auth/drive.readonly"
METADATA = "https://www.googleapis.com/auth/drive.metadata.readonly"
EVERY_DRIVE = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}

with open(sys.argv[1], encoding="utf-8") as file:
    access = json.load(file)
drive_access, control = access["google_drive"], access["control_url"]


def discovery_document():
    """The vendor's, from $DISCOVERY_DOCUMENT or as the client brings it along."""
    path = os.environ.get("DISCOVERY_DOCUMENT")
    if not path or not os.path.exists(path):
        package = os.path.dirname(googleapiclient.__file__)
        path = os.path.join(package, "discovery_cache", "documents", "drive.v3.json")
    with open(path, encoding="utf-8") as document:
        document = json.load(document)
    print(f"discovery document: revision {document['revision']}")
    return document


def expect(what, got, expected):
    if got != expected:
        sys.exit(f"FAILED {what}:\n  got      {got!r}\n  expected {expected!r}")
    print(f"ok     {what}")


def ask(method, path, body=None):
    """The control URL."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(control + path, data, headers, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def truth(root):
    return ask("GET", "/google_drive/truth?root=" + urllib.parse.quote(root))


def change(*operations):
    return ask("POST", "/google_drive/tree", list(operations))["ids"]


def connect(document, scope, **changes):
    base = drive_access["base_url"] + "/"
    document = {**document, "rootUrl": base, "baseUrl": base + document["servicePath"]}
    with open(drive_access["credentials_path"], encoding="utf-8") as file:
        info = {**json.load(file), **changes.pop("info", {})}
    credentials = service_account.Credentials.from_service_account_info(
        info, scopes=[scope], **changes
    )
    return build_from_document(document, credentials=credentials)


def refused(call):
    """Status and reason of a call that must be refused."""
    try:
        call()
    except HttpError as error:
        return error.resp.status, error.error_details[0]["reason"]
    return None


document = discovery_document()
schemas = Schemas(document)
service = connect(document, READ)
root, shared = drive_access["root_folder_id"], drive_access["shared_drive_id"]


def pages(resource, method, schema, **parameters):
    """Every page of a list, each held against its schema."""
    request = getattr(resource, method)(**parameters)
    while request is not None:
        reply = request.execute()
        schemas.check(schema, reply)
        yield reply
        request = getattr(resource, method + "_next")(request, reply)


def walk(top, **parameters):
    """Everything below a folder, folder by folder."""
    found, open_ones = {}, [top]
    while open_ones:
        query = f"'{open_ones.pop()}' in parents and trashed = false"
        for page in pages(service.files(), "list", "FileList", q=query, fields="*",
                          pageSize=7, **EVERY_DRIVE, **parameters):
            for item in page["files"]:
                found[item["id"]] = item
                if item["mimeType"] == FOLDER:
                    open_ones.append(item["id"])
    return found


def rows(found):
    """What a register keeps of items, to compare."""
    return {
        item["id"]: (item["name"], item["mimeType"], item.get("md5Checksum"),
                     item.get("size"), item["webViewLink"])
        for item in found
    }


def expected_rows(told):
    return {
        row["id"]: (row["name"], row["mime_type"], row["md5"],
                    None if row["size"] is None else str(row["size"]), row["link"])
        for row in told["files"] + told["folders"]
    }


def the_lists_are_the_truth():
    for name, top in (("folder", root), ("shared drive", shared)):
        found = walk(top)
        expect(f"{name}: {len(found)} items, walked", rows(found.values()),
               expected_rows(truth(top)))
    flat = [item for page in pages(
        service.files(), "list", "FileList", corpora="drive", driveId=shared,
        q="trashed=false", fields="*", pageSize=2, **EVERY_DRIVE) for item in page["files"]]
    expect("shared drive, flat", rows(flat), expected_rows(truth(shared)))
    # Files that lie nowhere are found by no walk.
    alone = service.files().list(q="sharedWithMe and mimeType != '" + FOLDER + "'",
                                 fields="files(name,parents)").execute()
    expect("shared alone", alone["files"], [{"name": "Shared alone.pdf"}])


def a_long_query_goes_by_post():
    ids = [row["id"] for row in truth(root)["folders"]]
    folders = [ids[i % len(ids)] for i in range(60)]
    query = " or ".join(f"'{folder}' in parents" for folder in folders)
    request = service.files().list(q=f"({query}) and trashed = false", pageSize=1000,
                                   fields="nextPageToken,files(id)")
    url = len(request.uri)
    reply = request.execute()
    expected = {row["id"] for row in truth(root)["files"] + truth(root)["folders"]
                if row["folder"] in ids}
    expect(f"a URL of {url} characters, as POST", {f["id"] for f in reply["files"]}, expected)
    journal = [call for call in ask("GET", "/journal") if call["method"] == "POST"
               and call["path"].startswith("/drive/v3/files")]
    expect("it was a POST", len(journal), 1)


def the_contents_are_the_truth():
    for row in truth(root)["files"] + truth(shared)["files"]:
        if row["md5"] is None:
            continue
        request = service.files().get_media(fileId=row["id"], supportsAllDrives=True)
        if not row["can_download"]:
            expect(f"{row['name']!r} is view only", refused(request.execute),
                   (403, "cannotDownloadFile"))
            continue
        target, done = io.BytesIO(), False
        download = MediaIoBaseDownload(target, request, chunksize=100_000)
        while not done:
            _, done = download.next_chunk()
        got = hashlib.md5(target.getvalue()).hexdigest()
        expect(f"{row['name']!r}, {row['size']} bytes", got, row["md5"])


def documents_are_exported():
    for row in truth(root)["files"]:
        kind = row["mime_type"].removeprefix("application/vnd.google-apps.")
        if kind == row["mime_type"] or row["mime_type"] == SHORTCUT:
            continue
        meta = service.files().get(fileId=row["id"], fields="*").execute()
        schemas.check("File", meta)
        links = meta.get("exportLinks", {})
        expect(f"{row['name']}: no bytes of its own",
               refused(service.files().get_media(fileId=row["id"]).execute),
               (403, "fileNotDownloadable"))
        if kind == "form":
            call = service.files().export(fileId=row["id"], mimeType="application/pdf")
            expect("a form has no export", refused(call.execute), (403, "fileNotExportable"))
            continue
        pdf = service.files().export(fileId=row["id"], mimeType="application/pdf")
        if row["name"] == "Yearbook":
            expect("10 MB are the most", refused(pdf.execute), (403, "exportSizeLimitExceeded"))
            request = urllib.request.Request(links["application/pdf"], headers={
                "Authorization": "Bearer " + service._http.credentials.token})
            with urllib.request.urlopen(request) as reply:
                expect("the link has no limit", len(reply.read()), 11 * 1024 * 1024)
            continue
        expect(f"{row['name']} as PDF", pdf.execute()[:5], b"%PDF-")
        wrong = service.files().export(fileId=row["id"], mimeType="video/mp4")
        expect(f"{row['name']} as a film", refused(wrong.execute), (400, "badRequest"))


def the_changes_are_what_happened():
    start = service.changes().getStartPageToken().execute()
    schemas.check("StartPageToken", start)
    drive_start = service.changes().getStartPageToken(
        driveId=shared, supportsAllDrives=True).execute()
    folder, file, gone, plan = change(
        {"op": "add_folder", "parent": root, "name": "New"},
        {"op": "add_file", "parent": root, "name": "new.csv", "content": "1"},
        {"op": "add_file", "parent": root, "name": "soon gone.csv", "content": "2"},
        {"op": "add_file", "parent": shared, "name": "plan.pdf", "content": "3"},
    )
    change({"op": "set_content", "id": file, "content": "1, again"},
           {"op": "move", "id": file, "parent": folder},
           {"op": "delete", "id": gone},
           {"op": "trash", "id": folder})

    def read(token, **parameters):
        changes = []
        for page in pages(service.changes(), "list", "ChangeList", pageToken=token,
                          pageSize=1, fields="*", **parameters):
            changes += page["changes"]
        return changes, page["newStartPageToken"]

    seen, after = read(start["startPageToken"])
    told = [(c["fileId"], c["removed"], c.get("file", {}).get("trashed")) for c in seen]
    expect("changes of the user, in order",
           told, [(file, False, True), (gone, True, None), (folder, False, True)])
    expect("what is gone has only an id", sorted(seen[1]),
           ["changeType", "fileId", "kind", "removed", "time", "type"])
    expect("nothing after that", read(after)[0], [])
    expect("the old token is good still", read(start["startPageToken"])[0], seen)
    seen, _ = read(drive_start["startPageToken"], driveId=shared, **EVERY_DRIVE)
    expect("changes of the shared drive", [c["fileId"] for c in seen], [plan])
    change({"op": "delete", "id": folder}, {"op": "delete", "id": plan})


def what_is_refused():
    files = service.files()
    strict = connect(document, METADATA)
    for what, call, expected in (
        ("a page of 1001", files.list(pageSize=1001), (400, "invalidParameter")),
        ("an unknown field", files.list(fields="files(nonsense)"), (400, "invalidParameter")),
        ("a wrong query", files.list(q="title = 'a'"), (400, "invalid")),
        ("a made-up page token", files.list(pageToken="made up"), (400, "invalid")),
        ("an unknown file", files.get(fileId="nothing"), (404, "notFound")),
        ("a drive's file without the flag", files.get(fileId=shared), (404, "notFound")),
        ("contents with the scope for metadata",
         strict.files().get_media(fileId=truth(root)["files"][0]["id"]),
         (403, "insufficientPermissions")),
        ("shared drives with the scope for metadata", strict.drives().list(),
         (403, "insufficientPermissions")),
        ("about without fields", service.about().get(), (400, "required")),
    ):
        expect(f"refused: {what}", refused(call.execute), expected)


def signing_in():
    def fails(**changes):
        try:
            connect(document, changes.pop("scope", METADATA), **changes).files().list().execute()
        except RefreshError as error:
            return error.args[1]["error"]
        return None

    subject = drive_access["subject"]
    found = connect(document, METADATA, subject=subject).about().get(fields="user").execute()
    expect("acting for a user", found["user"]["emailAddress"], subject)
    expect("acting for another", fails(subject="bursar@school.example"), "unauthorized_client")
    expect("acting for nobody", fails(subject="nobody@school.example"), "invalid_grant")
    expect("another account", fails(info={"client_email": "x@y.example"}), "invalid_grant")
    expect("a scope that is none", fails(scope="https://www.googleapis.com/auth/dive"),
           "invalid_scope")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()).decode()
    expect("another key", fails(info={"private_key": other}), "invalid_grant")


def the_rest_of_the_document():
    for reply, schema in (
        (service.about().get(fields="*").execute(), "About"),
        (service.drives().list(fields="*").execute(), "DriveList"),
        (service.drives().get(driveId=shared, fields="*").execute(), "Drive"),
        (service.files().get(fileId="root", fields="*").execute(), "File"),
        (service.files().get(fileId=shared, fields="*", supportsAllDrives=True).execute(), "File"),
        (service.files().list().execute(), "FileList"),
    ):
        schemas.check(schema, reply)
    # Every field that the document knows can be asked for, and every parameter said.
    asked = 0
    for field in schemas.fields_of("File", depth=1):
        if not field.startswith(("permissions/", "contentHints/", "imageMediaMetadata/",
                                 "labelInfo/", "clientEncryptionDetails/",
                                 "contentRestrictions/", "downloadRestrictions/")):
            service.files().get(fileId=root, fields=field).execute()
            asked += 1
    for field in schemas.fields_of("Drive", depth=1):
        if not field.startswith("backgroundImageFile/"):
            service.drives().get(driveId=shared, fields=field).execute()
            asked += 1
    for field in schemas.fields_of("About", depth=1):
        service.about().get(fields=field).execute()
        asked += 1
    start = service.changes().getStartPageToken().execute()["startPageToken"]
    for field in schemas.fields_of("ChangeList", depth=1):
        service.changes().list(pageToken=start, fields=field).execute()
        asked += 1
    print(f"ok     {asked} fields asked for, one by one")
    values = {"boolean": True, "integer": 5}
    special = {"corpora": "user", "orderBy": "name desc", "spaces": "drive", "q": "",
               "corpus": None, "driveId": None, "teamDriveId": None, "pageToken": None,
               "includeLabels": "", "includePermissionsForView": "published",
               "includeTeamDriveItems": True, "supportsTeamDrives": True}
    parameters = schemas.methods["drive.files.list"]["parameters"]
    said = {name: special.get(name, values.get(p["type"])) for name, p in parameters.items()}
    service.files().list(**{n: v for n, v in said.items() if v is not None}).execute()
    print("ok     every parameter of files.list said at once")


def the_schemas_can_fail():
    """The negative control: what the checks below would have to find."""
    other = Schemas(document)
    for wrong in ({"id": 7}, {"size": 12}, {"size": "12 B"}, {"nonsense": ""}, {"parents": "x"},
                  {"trashed": "false"}, {"modifiedTime": "yesterday"}, {"owners": [{"me": 1}]},
                  {"capabilities": {"canFly": True}}, {"exportLinks": {"a/b": 1}}):
        before = len(other.complaints)
        other.check("File", wrong)
        expect(f"the schemas refuse {wrong}", len(other.complaints), before + 1)


the_schemas_can_fail()
the_lists_are_the_truth()
a_long_query_goes_by_post()
the_contents_are_the_truth()
documents_are_exported()
the_changes_are_what_happened()
the_lists_are_the_truth()
what_is_refused()
signing_in()
the_rest_of_the_document()
expect(f"{schemas.checked} objects held against their schemas", schemas.complaints, [])
