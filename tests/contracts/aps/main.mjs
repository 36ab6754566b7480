// Starts the stand-ins and the validators, drives them, and judges.

import path from 'node:path';
import { Processes } from './processes.mjs';
import { Judge } from './judge.mjs';
import { driveRoutes } from './routes.mjs';
import { driveSdk } from './sdk.mjs';

const [work, transship] = process.argv.slice(2).map((file) => path.resolve(file));
const processes = new Processes();
const judge = new Judge();
const PATIENCE = 300_000;
setTimeout(async () => {
    judge.failed('the run itself', 'it does not end');
    await processes.stop();
    process.exit(judge.conclude());
}, PATIENCE).unref();
try {
    const sim = await processes.sim(transship);
    const prism = {};
    for (const spec of ['authentication', 'datamanagement', 'oss']) {
        prism[spec] = await processes.prism(work, spec, sim.autodesk.base_url);
    }
    await driveRoutes(sim, prism, judge);
    await driveSdk(work, sim, prism, judge);
} catch (error) {
    judge.failed('the run itself', error.stack ?? String(error));
} finally {
    await processes.stop();
}
process.exit(judge.conclude());
