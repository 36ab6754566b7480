// The official SDK for TypeScript, unmodified, through Prism: what it sees is compared
// with what is true.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';

export async function driveSdk(work, sim, prism, judge) {
    const load = createRequire(path.join(work, 'node_modules', 'x.js'));
    const { SdkManagerBuilder, ApsConfiguration } = load('@aps_sdk/autodesk-sdkmanager');
    const { AuthenticationClient, Scopes } = load('@aps_sdk/authentication');
    const { DataManagementClient } = load('@aps_sdk/data-management');
    const { OssClient } = load('@aps_sdk/oss');
    const at = (base) => {
        const configuration = new ApsConfiguration({});
        configuration.baseAddress = base;
        return { sdkManager: SdkManagerBuilder.create().addApsConfiguration(configuration).build() };
    };
    const { client_id, client_secret, callback_url, public_client_id } = sim.autodesk;

    const signIn = new AuthenticationClient(at(prism.authentication));
    const scopes = [Scopes.DataRead];
    // Prism follows redirects itself: the browser goes to the stand-in without it.
    const browser = new AuthenticationClient(at(sim.autodesk.base_url));
    const consent = (id, options) =>
        threeLegged(browser, signIn, id, callback_url, scopes, options);
    const pair = await consent(client_id, { clientSecret: client_secret });
    const again = await signIn.refreshToken(pair.refresh_token, client_id, {
        clientSecret: client_secret,
    });
    judge.equal('the refresh token was rotated', again.refresh_token !== pair.refresh_token, true);
    const pkce = await consent(public_client_id, {});
    judge.equal('PKCE brings a token', typeof pkce.access_token, 'string');
    const machine = await signIn.getTwoLeggedToken(client_id, client_secret, scopes);

    const data = new DataManagementClient(at(prism.datamanagement));
    const oss = new OssClient(at(prism.oss));
    const truth = await (await fetch(`${sim.control_url}/autodesk/truth`)).json();
    for (const [name, accessToken] of [
        ['a person', again.access_token],
        ['a machine', machine.access_token],
    ]) {
        for (const project of truth.projects) {
            const seen = await register(data, project, { accessToken });
            const names = (files) => files.map((file) => JSON.stringify(file)).sort();
            const wanted = project.files.map(({ id, name, path, version, size }) => ({
                id, name, path, version, size,
            }));
            const what = `${name} sees the ${wanted.length} files of ${project.name}`;
            judge.equal(what, names(seen), names(wanted));
        }
    }
    await compareBytes(sim, oss, truth, again.access_token, judge);
    const offences = await (await fetch(`${sim.control_url}/offences`)).json();
    judge.equal('the SDK did nothing forbidden', offences, []);
}

/** The browser's part is one redirect here. */
async function threeLegged(browser, client, id, callback, scopes, options) {
    const verifier = createHash('sha256').update(`${Math.random()}`).digest('hex');
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const pkce = options.clientSecret
        ? {}
        : { codeChallenge: challenge, codeChallengeMethod: 'S256' };
    const url = browser.authorize(id, 'code', callback, scopes, { state: 's', ...pkce });
    const response = await fetch(url, { redirect: 'manual' });
    const code = new URL(response.headers.get('location')).searchParams.get('code');
    const proof = options.clientSecret ? {} : { code_verifier: verifier };
    return client.getThreeLeggedToken(id, code, callback, { ...options, ...proof });
}

/** A project's files, as the SDK finds them. */
async function register(data, project, options) {
    const top = await data.getProjectTopFolders(project.hub_id, project.id, {
        ...options, excludeDeleted: true, projectFilesOnly: true,
    });
    const open = top.data.map((folder) => [folder.id, folder.attributes.name]);
    const files = [];
    while (open.length > 0) {
        const [folder, way] = open.pop();
        for (let page = 0, more = true; more; page += 1) {
            const paging = { pageNumber: page, pageLimit: 7 };
            const contents = await data.getFolderContents(project.id, folder, { ...options, ...paging });
            const tips = new Map((contents.included ?? []).map((tip) => [tip.id, tip]));
            for (const entry of contents.data) {
                if (entry.type === 'folders') {
                    open.push([entry.id, `${way}/${entry.attributes.name}`]);
                    continue;
                }
                const { name, versionNumber, storageSize } =
                    tips.get(entry.relationships.tip.data.id).attributes;
                files.push({
                    id: entry.id,
                    name,
                    path: `${way}/${name}`,
                    version: versionNumber,
                    size: storageSize ?? null,
                });
            }
            more = contents.links.next !== undefined;
        }
    }
    return files;
}

/** Some files' bytes, downloaded by the SDK from where it is sent. */
async function compareBytes(sim, oss, truth, accessToken, judge) {
    const files = truth.projects.flatMap((project) => project.files);
    const wanted = files.filter((file) => file.storage_id && file.size > 0).slice(-3);
    const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
    for (const file of wanted) {
        const [bucket, key] = file.storage_id.replace('urn:adsk.objects:os.object:', '').split('/');
        const options = { accessToken };
        const details = await oss.signedS3Download(bucket, key, options);
        // The SDK's stream has no end: what was announced is read from it.
        let bytes = Buffer.alloc(0);
        for await (const piece of await oss.downloadObject(bucket, key, options)) {
            bytes = Buffer.concat([bytes, piece]);
            if (bytes.length >= details.size) break;
        }
        const url = `${sim.control_url}/autodesk/content/${encodeURIComponent(file.id)}`;
        const truth = Buffer.from(await (await fetch(url)).arrayBuffer());
        judge.equal(`the bytes of ${file.name}`, digest(bytes), digest(truth));
        judge.equal(
            `the checksum of ${file.name}`,
            details.sha1,
            createHash('sha1').update(truth).digest('hex'),
        );
    }
}
