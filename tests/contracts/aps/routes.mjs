// Every route of the stand-in, by plain requests through Prism.

const encode = encodeURIComponent;
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export async function driveRoutes(sim, prism, judge) {
    const token = await driveAuthentication(sim.autodesk, prism.authentication, judge);
    const bearer = { headers: { Authorization: `Bearer ${token}` } };
    const object = await driveData(sim.autodesk, prism.datamanagement, bearer, judge);
    await driveOss(prism.oss, object, bearer, judge);
    await controls(sim, prism, bearer, judge);
}

/** The person's token, after every route of OAuth. */
async function driveAuthentication(access, base, judge) {
    const get = async (name, path, status, options = {}) => {
        const response = await fetch(base + path, options);
        judge.call(`GET ${name}`, response, status);
        return response;
    };
    const basic = Buffer.from(`${access.client_id}:${access.client_secret}`).toString('base64');
    const post = async (name, path, fields, status = 200) => {
        const headers = { ...FORM, Authorization: `Basic ${basic}` };
        const body = new URLSearchParams(fields).toString();
        const response = await fetch(base + path, { method: 'POST', headers, body });
        judge.call(`POST ${name}`, response, status);
        return response;
    };
    await get('openid-configuration', '/.well-known/openid-configuration', 200);
    await get('keys', '/authentication/v2/keys', 200);
    // Prism follows redirects itself: these two are asked without it.
    const redirected = async (name, path) => {
        const response = await fetch(access.base_url + path, { redirect: 'manual' });
        judge.equal(`GET ${name}`, response.status, 302);
        return response.headers.get('location');
    };
    await redirected('logout', '/authentication/v2/logout');

    const consent = async (scope) => {
        const query = new URLSearchParams({
            client_id: access.client_id,
            response_type: 'code',
            redirect_uri: access.callback_url,
            scope,
            state: 'a-state,1._',
        });
        const location = await redirected('authorize', `/authentication/v2/authorize?${query}`);
        const back = new URL(location);
        judge.equal('the state comes back', back.searchParams.get('state'), 'a-state,1._');
        return post('token by code', '/authentication/v2/token', {
            grant_type: 'authorization_code',
            code: back.searchParams.get('code'),
            redirect_uri: access.callback_url,
        });
    };
    const first = await (await consent('data:read')).json();
    const fields = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    const refreshed = await post('token by refresh', '/authentication/v2/token', fields);
    const { access_token: token } = await refreshed.json();

    const two_legged = { grant_type: 'client_credentials', scope: 'data:read' };
    const response = await post('token by credentials', '/authentication/v2/token', two_legged);
    const machine = (await response.json()).access_token;
    await post('introspect', '/authentication/v2/introspect', { token: machine });
    const revoked = { token: machine, token_type_hint: 'access_token' };
    await post('revoke', '/authentication/v2/revoke', revoked);

    const profile = await (await consent('user-profile:read')).json();
    const headers = { Authorization: `Bearer ${profile.access_token}` };
    await get('userinfo', '/userinfo', 200, { headers });
    return token;
}

/** An object of OSS, after every route of Data Management. */
async function driveData(access, base, bearer, judge) {
    const get = async (path, status = 200) => {
        const response = await fetch(base + path, bearer);
        judge.call(`GET ${path.replace(/urn[^/?]*/g, 'URN').slice(0, 110)}`, response, status);
        return response.json();
    };
    const hub = `/project/v1/hubs/${access.hub_id}`;
    const project = `${hub}/projects/${access.project_id}`;
    const data = `/data/v1/projects/${access.project_id}`;
    await get('/project/v1/hubs');
    await get(hub);
    await get(`${hub}/projects`);
    await get(`${hub}/projects?page%5Bnumber%5D=0&page%5Blimit%5D=1`);
    await get(project);
    await get(`${project}/hub`);
    await get(`${project}/topFolders`);
    const query = 'excludeDeleted=true&projectFilesOnly=true';
    const top = await get(`${project}/topFolders?${query}`);
    let object = null;
    const open = top.data.map((folder) => folder.id);
    while (open.length > 0) {
        const folder = `${data}/folders/${encode(open.pop())}`;
        const contents = await get(`${folder}/contents?page%5Blimit%5D=5&includeHidden=true`);
        for (const entry of contents.data) {
            if (entry.type === 'folders') open.push(entry.id);
        }
        const versions = contents.included ?? [];
        object ??= versions.find((v) => v.relationships.storage)?.relationships.storage.data.id;
        if (contents.links.next) {
            const next = new URL(contents.links.next.href);
            await get(next.pathname + next.search);
        }
        if (versions.length === 0) continue;
        const item = `${data}/items/${encode(versions[0].relationships.item.data.id)}`;
        const version = `${data}/versions/${encode(versions[0].id)}`;
        for (const path of [
            folder, `${folder}/parent`, `${folder}/contents?filter%5Btype%5D=items`,
            item, `${item}?includePathInProject=true`, `${item}/parent`, `${item}/tip`,
            `${item}/versions`, `${item}/versions?page%5Bnumber%5D=0&page%5Blimit%5D=1`,
            version, `${version}/item`,
        ]) {
            await get(path);
        }
    }
    const nothing = `${data}/folders/${encode('urn:adsk.wipprod:fs.folder:co.nothing')}`;
    await get(nothing, 404);
    await get(`${nothing}/contents`, 404);
    return object;
}

async function driveOss(base, object, bearer, judge) {
    const [bucket, key] = object.replace('urn:adsk.objects:os.object:', '').split('/');
    const path = `/oss/v2/buckets/${bucket}/objects/${encode(key)}`;
    for (const [rest, status] of [
        ['/signeds3download', 200],
        ['/signeds3download?minutesExpiration=60&public-resource-fallback=true', 200],
        ['/details', 200],
    ]) {
        judge.call(`GET oss ${rest}`, await fetch(base + path + rest, bearer), status);
    }
    const nothing = `/oss/v2/buckets/${bucket}/objects/nothing.pdf/signeds3download`;
    judge.call('GET oss nothing', await fetch(base + nothing, bearer), 404);
}

/** Replies that break the contract: Prism must notice, or it would notice nothing. */
async function controls(sim, prism, bearer, judge) {
    for (const [fault, spec, path] of [
        ['aps_html_502', 'datamanagement', '/project/v1/hubs'],
        ['aps_429', 'datamanagement', `/project/v1/hubs/${sim.autodesk.hub_id}/projects`],
    ]) {
        const body = JSON.stringify({ name: fault });
        const headers = { 'Content-Type': 'application/json' };
        await fetch(`${sim.control_url}/faults`, { method: 'POST', headers, body });
        const response = await fetch(prism[spec] + path, bearer);
        const noticed = response.headers.has('sl-violations');
        judge.equal(`Prism notices ${fault}`, noticed, true);
    }
    const unasked = await fetch(`${prism.datamanagement}/project/v1/hubs`);
    judge.equal('a call without a token is refused', unasked.status, 401);
}
