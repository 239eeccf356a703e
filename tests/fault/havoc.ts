import { setTimeout as sleep } from 'node:timers/promises';
import { runDepsOf } from '../../src/app.ts';
import { importPlansFile } from '../../src/decisions/import-alone.ts';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import { settleDays } from '../../src/settlement/settle-days.ts';
import type { Chance } from './chance.ts';
import type { Intake } from './intake.ts';
import type { PlannedKill, Target } from './kill-plan.ts';
import type { Machine } from './machine.ts';
import { type OpenTransaction, openTransactions } from './open-transactions.ts';
import type { ProductProcess, WorkerKind } from './product-process.ts';
import { type Progress, progressOf, stuck } from './progress.ts';
import { plansText } from './reference-data.ts';
import { DAYS } from './traffic.ts';

const LOOK_MS = 3;
/** Nothing done for so long means that something is stuck, for every wait of the machine is far shorter. */
const STUCK_MS = 60_000;
const CATCH_SETTLEMENT_MS = 2_000;
const TRIES = 20;
const DAYS_AT_ONCE = 3;
/** Below so many pending batches the next file is handed in. */
const LOW_WATER = 40;
const MOST_INGESTS = 2;

export interface Death {
  readonly target: Target;
  /** What the killed process had open; of a killed server, what anybody had. */
  readonly open: readonly OpenTransaction[];
  /** A settlement run was under way. */
  readonly settling: boolean;
}

interface Victim {
  readonly process: ProductProcess;
  readonly application: string;
  kill(): Promise<void>;
}

/** Kills processes of a machine at moments that its progress brings about. */
export class Havoc {
  readonly deaths: Death[] = [];
  readonly #machine: Machine;
  readonly #intake: Intake;
  readonly #chance: Chance;

  constructor(machine: Machine, intake: Intake, chance: Chance) {
    this.#machine = machine;
    this.#intake = intake;
    this.#chance = chance;
  }

  /** Waits until so many more batches are processed, handing files in meanwhile. */
  async awaitProgress(steps: number): Promise<void> {
    const { done } = await progressOf(this.#machine);
    let last = done;
    let movedAt = performance.now();
    for (;;) {
      const now = await this.#feed();
      if (now.done >= done + steps) return;
      if (now.done > last) movedAt = performance.now();
      last = now.done;
      if (performance.now() - movedAt > STUCK_MS) throw await stuck(this.#machine);
      await sleep(LOOK_MS);
    }
  }

  async strike({ target, afterProgress }: PlannedKill): Promise<void> {
    await this.awaitProgress(afterProgress);
    if (this.#chance.happens(0.2)) await this.requestSettlement();
    switch (target) {
      case 'event worker at work':
        return await this.#killAtWork(target, () => this.#workers('event-worker'));
      case 'settlement worker at work':
        return await this.#killSettlementAtWork(target);
      case 'ingest at work':
        return await this.#killIngestAtWork(target);
      case 'Postgres at work':
        return await this.#crashAtWork(target, () => this.#machine.crashPostgres());
      case 'Redis at work':
        return await this.#crashAtWork(target, () => this.#machine.crashRedis());
      case 'queue wiped':
        return await this.#crashAtWork(target, () => this.#machine.wipeQueue());
      case 'queue put back':
        return await this.#crashAtWork(target, () => this.#machine.putQueueBack());
      case 'event worker anyhow':
        return await this.#killAnyhow(target, () => this.#workers('event-worker'));
      case 'settlement worker anyhow':
        return await this.#killAnyhow(target, () => this.#workers('settlement-worker'));
      case 'maintenance worker anyhow':
        return await this.#killAnyhow(target, () => this.#workers('maintenance-worker'));
      case 'Postgres anyhow':
        await this.#record(target, await this.#openTransactionsOf(this.#everybody()));
        return await this.#machine.crashPostgres();
    }
  }

  /**
   * Loses the jobs of batches after which nothing more comes, so that only the sweep can find them: event workers stop, a file is
   * handed in once more, the queue is wiped, event workers start.
   */
  async loseLastJobs(): Promise<void> {
    const stopped = this.#machine.workers.filter(worker => worker.kind === 'event-worker');
    await Promise.all(stopped.map(worker => worker.stop()));
    await this.#intake.begin().process.exited;
    const { pending } = await progressOf(this.#machine);
    if (pending === 0) throw new Error('no batch is pending, so no job can be lost');
    await this.#machine.wipeQueue();
    for (const _ of stopped) this.#machine.keep('event-worker');
  }

  /** Two runs of some days at once. Where a service is away, the sweep makes up for it. */
  async requestSettlement(): Promise<void> {
    const app = await this.#machine.app();
    const days = this.#chance.shuffled(DAYS).slice(0, DAYS_AT_ONCE).map(parseBusinessDay);
    const runs = [1, 2].map(() => settleDays(runDepsOf(app), days));
    for (const result of await Promise.allSettled(runs)) {
      if (result.status === 'rejected' && !(isRefusal(result.reason) && result.reason.exitCode === 3))
        throw result.reason;
    }
  }

  async importPlans(text: string): Promise<void> {
    await importPlansFile(await this.#machine.app(), { text, source: 'plans.json' });
  }

  async #killAtWork(target: Target, victims: () => Victim[]): Promise<void> {
    const caught = await this.#catchAtWork(victims, STUCK_MS);
    if (caught === null) throw await stuck(this.#machine);
    await this.#kill(target, caught);
  }

  async #killSettlementAtWork(target: Target): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      // A changed plan makes most of what was settled due again, so there is something to be caught at.
      await this.importPlans(plansText(400_000 + this.#chance.below(100_000)));
      await this.requestSettlement();
      const caught = await this.#catchAtWork(() => this.#workers('settlement-worker'), CATCH_SETTLEMENT_MS);
      if (caught !== null) return await this.#kill(target, caught);
      await this.awaitProgress(1);
    }
    throw new Error(`no settlement was caught in ${TRIES} attempts`);
  }

  async #killIngestAtWork(target: Target): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const { process, application, source } = this.#intake.begin();
      // Mostly after some of the file has been accepted, so that reading it again meets what is there already.
      const atLeast = (await this.#acceptedBatches(source)) + (this.#chance.happens(0.7) ? 1 : 0);
      const worthIt = async () => (await this.#acceptedBatches(source)) >= atLeast;
      const victim = { process, application, kill: () => process.kill() };
      while (process.running) {
        const caught = await this.#catchAtWork(() => [victim], LOOK_MS, worthIt);
        if (caught !== null) return await this.#kill(target, caught);
      }
    }
    throw new Error(`no ingest was caught in ${TRIES} attempts`);
  }

  async #killAnyhow(target: Target, victims: () => Victim[]): Promise<void> {
    const running = victims().filter(({ process }) => process.running);
    if (running.length === 0) {
      await this.awaitProgress(1);
      return await this.#killAnyhow(target, victims);
    }
    const victim = this.#chance.pick(running);
    await this.#kill(target, { victim, open: await this.#openTransactionsOf([victim]) });
  }

  /** Kills a server while somebody has a transaction open; nobody can go on between the look and the kill. */
  async #crashAtWork(target: Target, crash: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + STUCK_MS;
    while (performance.now() < deadline) {
      const everybody = this.#everybody();
      for (const { process } of everybody) process.freeze();
      try {
        const open = await this.#openTransactionsOf(everybody);
        if (open.length > 0) {
          await this.#record(target, open);
          return await crash();
        }
      } finally {
        for (const { process } of everybody) process.thaw();
      }
      await this.#feed();
      await sleep(LOOK_MS);
    }
    throw await stuck(this.#machine);
  }

  /** Freezes one after the other until one has a transaction open; that one stays frozen. */
  async #catchAtWork(
    victims: () => Victim[],
    limitMs: number,
    worthIt: () => Promise<boolean> = async () => true,
  ): Promise<{ victim: Victim; open: OpenTransaction[] } | null> {
    const deadline = performance.now() + limitMs;
    do {
      for (const victim of this.#chance.shuffled(victims())) {
        victim.process.freeze();
        let caught = false;
        try {
          const open = await this.#openTransactionsOf([victim]);
          caught = open.length > 0 && (await worthIt());
          if (caught) return { victim, open };
        } finally {
          if (!caught) victim.process.thaw();
        }
      }
      await this.#feed();
      await sleep(LOOK_MS);
    } while (performance.now() < deadline);
    return null;
  }

  async #kill(target: Target, { victim, open }: { victim: Victim; open: OpenTransaction[] }): Promise<void> {
    await this.#record(target, open);
    await victim.kill();
  }

  async #record(target: Target, open: readonly OpenTransaction[]): Promise<void> {
    const { settling } = await progressOf(this.#machine);
    this.deaths.push({ target, open, settling });
  }

  async #feed(): Promise<Progress> {
    const progress = await progressOf(this.#machine);
    if (progress.pending < LOW_WATER && this.#intake.underWay < MOST_INGESTS) this.#intake.begin();
    return progress;
  }

  #workers(kind: WorkerKind): Victim[] {
    return this.#machine.workers
      .filter(worker => worker.kind === kind && worker.process.running)
      .map(worker => ({ process: worker.process, application: worker.application, kill: () => worker.kill() }));
  }

  #everybody(): Victim[] {
    return [...this.#workers('event-worker'), ...this.#workers('settlement-worker')];
  }

  async #openTransactionsOf(victims: readonly Victim[]): Promise<OpenTransaction[]> {
    const applications = victims.map(victim => victim.application);
    return await this.#machine.look(client => openTransactions(client, applications));
  }

  async #acceptedBatches(source: string): Promise<number> {
    const { rows } = await this.#machine.look(client =>
      client.query<{ batches: number }>('select count(*)::int as batches from inbox_batches where source = $1', [
        source,
      ]),
    );
    return rows[0]?.batches ?? 0;
  }
}
