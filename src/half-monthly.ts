import { type App, closingDepsOf as depsOf } from './app.ts';
import { beginDeed, endOf, NIGHTLY_ACTOR } from './audit/audited.ts';
import { closeDuePeriods } from './close-due.ts';
import { namedPayoutBatches } from './decisions/named-batches.ts';
import { propose } from './decisions/propose.ts';
import { isRefusal } from './domain/errors.ts';
import { lastSeal } from './ledger/period-closings.ts';
import { payoutBatches } from './payouts/batches.ts';
import { drawUpPayouts } from './payouts/draw-up.ts';
import { storedBatches } from './payouts/stored-batches.ts';
import type { ErrorListener } from './queue/backend.ts';
import { issueStatements, unissuedPeriods } from './statements/issue-statements.ts';

/** One thing that half-months ask for; it does nothing where nothing is to be done, and may be done twice at once. */
type Step = (app: App, onError: ErrorListener) => Promise<void>;

const STEPS: readonly Step[] = [closeAndDrawUp, drawUp, issueAll, proposeBatches];

/**
 * Does what half-months ask for and is not done yet, missed ones included; on record as a command is. A step that goes wrong keeps
 * the others from nothing and is taken again the next time, at once where a service is missing.
 */
export async function runHalfMonthly(app: App, { onError }: { readonly onError: ErrorListener }): Promise<void> {
  const deed = {
    actor: NIGHTLY_ACTOR,
    command: 'half-monthly',
    parameters: {},
    program: 'apportion maintenance-worker',
  };
  const end = await beginDeed(app.db, deed, app.now);
  const faults = await triedAll(STEPS, step => step(app, onError));
  for (const fault of faults) onError(fault instanceof Error ? fault : new Error(String(fault)));
  await end(faults.length === 0 ? { result: 'done', exitCode: 0, refusalCode: null } : endOf(faults[0]));
  // The queue tries a job that throws again and again, which mends nothing else.
  const missing = faults.find(fault => isRefusal(fault) && fault.exitCode === 3);
  if (missing !== undefined) throw missing;
}

/** Does each, whatever comes of the others, and returns what was thrown. */
async function triedAll<Each>(all: readonly Each[], attempt: (each: Each) => Promise<void>): Promise<unknown[]> {
  const faults: unknown[] = [];
  for (const each of all) {
    try {
      await attempt(each);
    } catch (error) {
      faults.push(error);
    }
  }
  return faults;
}

/**
 * Whoever closes a period has drawn up the payouts of the one before, whatever became of the worker that closed that one: so a
 * half-month that was missed is paid as if it had not been.
 */
async function closeAndDrawUp(app: App, onError: ErrorListener): Promise<void> {
  const { refused } = await closeDuePeriods(app, { onError, beforeClosing: async () => await drawUp(app) });
  if (refused !== null) throw refused.refusal;
}

/** Also without a new period: a rate, an account or a table of tax may be there now that was missing. */
async function drawUp(app: App): Promise<void> {
  if ((await lastSeal(app.db)) === null) return;
  await drawUpPayouts(depsOf(app), { actor: app.config.scheduleActor ?? NIGHTLY_ACTOR });
}

async function issueAll({ db, installation, now }: App): Promise<void> {
  const { bucketCount } = installation;
  for (const period of await unissuedPeriods(db, bucketCount))
    await issueStatements({ db, bucketCount, now }, { period });
}

/** In the name of a person, who therefore can't approve them; once, for what people have decided of a batch is theirs. */
async function proposeBatches(app: App): Promise<void> {
  const { scheduleActor: actor } = app.config;
  if (actor === null) return;
  const drawn = (await storedBatches(app.db, {})).map(batch => batch.batchId);
  const named = await namedPayoutBatches(app.db, { batchIds: drawn, at: app.now() });
  const batchIds = drawn.filter(batchId => !named.has(batchId));
  const batches = await payoutBatches(app.db, { batchIds, proposed: named });
  const [fault] = await triedAll(batches, async ({ batchId, period, dueOn, byStatus }) => {
    // Each of them may have been cancelled by itself.
    if ((byStatus.due ?? 0) === 0) return;
    const decision = {
      id: `payouts-${batchId}`,
      kind: 'payouts',
      parameters: { batch: batchId },
      reason: `payouts of ${period}, due on ${dueOn}`,
      evidence: [{ text: `drawn up by the schedule; see: npx apportion payouts list --batch ${batchId}` }],
    };
    const file = { text: JSON.stringify(decision), source: 'the half-monthly schedule' };
    await propose(depsOf(app), { file, actor });
  });
  if (fault !== undefined) throw fault;
}
