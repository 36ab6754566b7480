// The processes of a run: the stand-ins and one validator for each document.

import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';

const PATIENCE = 60_000;

export class Processes {
    #started = [];

    /** `transship sim`, and how to reach it. */
    async sim(transship) {
        const child = this.#start(transship, ['sim', '--json'], 'transship sim');
        return JSON.parse(await line(child.stdout, (text) => text.startsWith('{')));
    }

    /** Prism in front of `upstream`; its address. */
    async prism(work, spec, upstream) {
        const port = await freePort();
        const program = path.join(work, 'node_modules', '.bin', 'prism');
        const options = ['proxy', '-h', '127.0.0.1', '-p', String(port)];
        const file = path.join(work, `${spec}.yaml`);
        const child = this.#start(program, [...options, file, upstream], `prism for ${spec}`);
        await line(child.stdout, (text) => text.includes('Prism is listening'));
        return `http://127.0.0.1:${port}`;
    }

    async stop() {
        for (const child of this.#started.reverse()) {
            if (child.exitCode !== null) continue;
            const ended = new Promise((resolve) => child.once('exit', resolve));
            child.kill('SIGTERM');
            await Promise.race([ended, new Promise((r) => setTimeout(r, 5_000).unref())]);
        }
    }

    #start(program, args, name) {
        const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        child.once('error', (error) => console.error(`${name}: ${error.message}`));
        this.#started.push(child);
        return child;
    }
}

/** The first line that is wanted; everything behind it is read and thrown away. */
function line(stream, wanted) {
    return new Promise((resolve, reject) => {
        let rest = '';
        const give_up = setTimeout(() => reject(new Error('it does not start')), PATIENCE);
        stream.setEncoding('utf8');
        stream.on('data', (text) => {
            rest += text;
            const lines = rest.split('\n');
            rest = lines.pop();
            const found = lines.find(wanted);
            if (found === undefined) return;
            clearTimeout(give_up);
            resolve(found);
        });
        stream.on('end', () => reject(new Error('it ended at once')));
    });
}

function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}
