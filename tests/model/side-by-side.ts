import { expect } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import type { BucketOfRun } from '../../src/settlement/settle-bucket.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';
import type { Step } from './histories.ts';
import { PureModel } from './pure-model.ts';
import { booksOf, deductionsOf, invalidEarningsOf, modelText, unlikeGross } from './stored-ledger.ts';
import { EARLY, FIRST_CATALOG, FIRST_PLANS } from './world.ts';

const HOUR_MS = 3_600_000;

/** A history happens to the program and to the model; whatever both tell must agree. */
export class SideBySide {
  readonly system: SettlementSystem;
  readonly model: PureModel;
  readonly files: { readonly lines: readonly string[]; readonly clock: Date }[] = [];
  #runs: BucketOfRun[] = [];

  /** Empties the system. */
  static async begin(system: SettlementSystem): Promise<SideBySide> {
    await system.reset(EARLY);
    const both = new SideBySide(system);
    await both.take({ kind: 'import-catalog', catalog: FIRST_CATALOG });
    await both.take({ kind: 'import-plans', plans: FIRST_PLANS });
    return both;
  }

  private constructor(system: SettlementSystem) {
    this.system = system;
    const { bucketCount } = system;
    this.model = new PureModel({ timeZone: 'Asia/Shanghai', bucketOf: id => bucketOf(id, bucketCount) });
  }

  async take(step: Step): Promise<void> {
    const { system, model } = this;
    switch (step.kind) {
      case 'ingest':
        return await this.#ingest(step.lines, step.asOf === null ? system.now : new Date(step.asOf));
      case 'ingest-again': {
        const file = this.files[step.file % this.files.length];
        if (file === undefined) return;
        return await this.#ingest(file.lines, new Date(file.clock.getTime() + step.laterHours * HOUR_MS));
      }
      case 'process': {
        const { bucket, batchEvents } = step;
        await system.process({ batchEvents, ...(bucket === null ? {} : { buckets: new Set([bucket]) }) });
        return model.process(bucket === null ? undefined : [bucket]);
      }
      case 'import-catalog': {
        const code = await refusalCode(() => system.importCatalog(step.catalog));
        return expect(code ?? 'taken').toBe(model.importCatalog(step.catalog, system.now) ? 'taken' : 'bad_catalog');
      }
      case 'import-plans': {
        const code = await refusalCode(() => system.importPlans(...step.plans));
        return expect(code ?? 'taken').toBe(model.importPlans(step.plans) ? 'taken' : 'bad_plans');
      }
      case 'accept-plan': {
        const { planId, developerId } = step;
        const code = await refusalCode(() => system.acceptPlan(planId, developerId));
        return expect(code).toBe(model.acceptPlan(planId, developerId, system.now));
      }
      case 'confirm-terms': {
        const { providerId, appId } = step;
        const code = await refusalCode(() => system.confirmTerms(providerId, appId));
        return expect(code).toBe(model.confirmTerms(providerId, appId, system.now));
      }
      case 'import-traffic': {
        const { policies, networks } = step;
        const code = await refusalCode(() => system.importTrafficWith(networks, ...policies));
        return expect(code ?? 'taken').toBe(model.importTraffic(policies, networks) ? 'taken' : 'bad_traffic');
      }
      case 'invalidate': {
        const code = await refusalCode(() => system.invalidate(step.asked));
        return expect(code).toBe(model.invalidate(step.asked));
      }
      case 'reinstate': {
        const code = await refusalCode(() => system.reinstate(step.id));
        return expect(code).toBe(model.reinstate(step.id));
      }
      case 'settle': {
        const runs = step.twice ? [step.day, step.day] : [step.day];
        const codes = await Promise.all(runs.map(day => refusalCode(() => system.requestRun(day))));
        const jobs = system.settlementJobs.splice(0);
        await Promise.all(jobs.map(job => system.settleBucket(job)));
        const settled = model.settle(step.day, { now: system.now });
        return expect(codes).toEqual(runs.map(() => (settled ? null : 'day_not_over')));
      }
      case 'settle-due':
        await system.settleDue();
        return model.settleDue(system.now);
      case 'request-run':
        await refusalCode(() => system.requestRun(step.day));
        this.#runs.push(...system.settlementJobs.splice(0));
        return;
      case 'work-off-runs':
        for (const job of this.#runs.splice(0)) {
          await system.settleBucket(job);
          model.settle(job.businessDay, { now: system.now, buckets: [job.bucket] });
        }
        return;
      case 'wait':
        system.now = new Date(system.now.getTime() + step.hours * HOUR_MS);
        return;
      case 'wait-until':
        system.now = new Date(Math.max(system.now.getTime(), Date.parse(step.instant)));
    }
  }

  async #ingest(lines: readonly string[], clock: Date): Promise<void> {
    await this.system.ingest(lines, { asOf: clock });
    this.model.accept(lines, clock);
    this.files.push({ lines, clock });
  }

  /** Throws where program and model differ, and where the ledger breaks a law of its own. */
  async compare(): Promise<void> {
    const { system, model } = this;
    const { pending, ...counts } = await system.summary();
    expect(counts).toEqual(model.counts);
    expect(pending).toBe(model.waitingLines);
    expect(await system.earnings()).toEqual(model.earnings());
    const books = await booksOf(system.db);
    expect(books.transfers).toEqual(model.transfers.map(modelText).sort());
    expect(books.balances).toEqual(model.balances());
    expect(books.broken).toEqual([]);
    const due = new Set(await system.due());
    expect([...model.unsettled()].filter(day => !due.has(day))).toEqual([]);
    expect(await deductionsOf(system.db, due)).toEqual(model.deductions(due));
    expect(await unlikeGross(system.db, due)).toEqual([]);
  }

  async verify(): Promise<void> {
    const { differences, checked, pending } = await this.system.verify();
    expect(differences).toEqual([]);
    expect(checked.transfers).toBe(this.model.transfers.length);
    expect(pending.dueDays).toBe((await this.system.due()).length);
    expect(await invalidEarningsOf(this.system.db)).toEqual(this.model.earnings({ alone: true }));
    const { rows } = await this.system.db.query<{ kept: number }>('select count(*) as kept from conflicting_lines');
    expect(rows[0]?.kept).toBe(this.model.conflictingContents);
    expect((await this.system.trialBalance()).balanced).toBe(true);
  }
}

async function refusalCode(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
}
