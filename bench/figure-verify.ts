import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Bench, type Figure, Stage } from './bench.ts';
import { EventPieces } from './event-pieces.ts';
import { BenchHome } from './home.ts';
import { ingestAsUser, prepareAsUser, SAMPLE_DAY, settleAsUser, startUp, verifyAsUser } from './run-as-user.ts';
import { writeTrafficPolicy } from './traffic-policy.ts';

const SIZES = {
  'verify-events': { full: 500_000, quick: 20_000, help: 'lines of the day that is verified' },
};

interface VerifyRun {
  readonly ingestSeconds: number;
  readonly settleSeconds: number;
  readonly verifySeconds: number;
}

/** `verify` of a day, against ingesting it: in a fresh installation each time, because it checks all that there is. */
export const figure: Figure = {
  name: 'verify',
  stage: new Stage('verify', SIZES, async () => ({ close: async () => {} })),
  async measure(bench) {
    const runs: VerifyRun[] = [];
    for (let run = 1; run <= bench.runs; run += 1) {
      bench.progress(`run ${run} of ${bench.runs}: a day ingested, settled, verified`);
      runs.push(await verifyOnce(bench));
    }
    return [
      {
        figure: `verify of a day, ${bench.size('verify-events').toLocaleString('en-US')} events`,
        unit: 's',
        values: runs.map(run => run.verifySeconds),
        reference: { name: 'ingesting it', values: runs.map(run => run.ingestSeconds) },
        target: { limit: 1, aim: 0.5 },
      },
      {
        figure: 'settling that day',
        unit: 's',
        values: runs.map(run => run.settleSeconds),
        reference: { name: 'ingesting it', values: runs.map(run => run.ingestSeconds) },
      },
    ];
  },
};

async function verifyOnce(bench: Bench): Promise<VerifyRun> {
  const home = await BenchHome.open(bench);
  try {
    const folder = path.join(home.folder, 'sample');
    await mkdir(folder);
    const lines = bench.size('verify-events');
    const pieces = await EventPieces.open({ folder, apps: Math.ceil(lines / 20), lines });
    const traffic = await writeTrafficPolicy(folder);
    await prepareAsUser(home, { catalogs: [pieces.catalogFile], plans: pieces.plansFile, traffic });
    const piece = await pieces.next(lines);
    await startUp(home);
    await home.checkpoint();
    const ingest = await ingestAsUser(home, piece.file);
    const settle = await settleAsUser(home, { from: SAMPLE_DAY });
    await home.checkpoint();
    const verify = await verifyAsUser(home);
    if (verify.data.checked.lines !== lines)
      throw new Error(`verify checked ${verify.data.checked.lines} of ${lines} lines`);
    return { ingestSeconds: ingest.seconds, settleSeconds: settle.seconds, verifySeconds: verify.seconds };
  } finally {
    await home.close();
  }
}
