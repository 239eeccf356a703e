import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from './machine.ts';
import type { ProductProcess } from './product-process.ts';
import { COMMAND_LIMIT_MS } from './site.ts';
import { AS_OF, type SentLine } from './traffic.ts';

const AT_ONCE = 2;
/** Failed attempts, of which each needs a crash, before something else must be wrong. */
const MOST_ATTEMPTS = 100;
const SERVICE_MISSING = 3;

export interface Ingest {
  readonly process: ProductProcess;
  readonly application: string;
  readonly source: string;
}

/** Hands files in with `ingest` commands, each file again until a command for it has succeeded, as an operator would. */
export class Intake {
  /** What a command that nobody killed said against the rules: another exit code than 0 and 3, or a stack trace. */
  readonly complaints: string[] = [];
  /** Commands that ended with 0, by file: each has promised that all lines of it are safe. */
  readonly succeeded = new Map<string, number>();
  readonly lines: ReadonlyMap<string, readonly SentLine[]>;
  readonly #machine: Machine;
  readonly #underWay = new Map<string, Promise<void>>();
  #waiting: string[];
  #attempts = 0;

  constructor(machine: Machine, files: readonly (readonly SentLine[])[]) {
    this.#machine = machine;
    this.lines = new Map(files.map((lines, index) => [path.join(machine.folder, `events-${index}.ndjson`), lines]));
    for (const [file, lines] of this.lines) writeFileSync(file, lines.map(line => `${line.text}\n`).join(''));
    this.#waiting = [...this.lines.keys()];
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Starts to ingest the next file; once all have been ingested, one of them again, which changes nothing. */
  begin(): Ingest {
    this.#attempts += 1;
    if (this.#attempts > this.lines.size + MOST_ATTEMPTS) throw new Error('ingest commands fail again and again');
    const source = this.#next();
    const ingest = { ...this.#machine.command(['ingest', '--no-wait', '--as-of', AS_OF, '--json', source]), source };
    const ended = this.#settle(ingest);
    this.#underWay.set(source, ended);
    return ingest;
  }

  /** Returns once every file has been ingested by a command that succeeded. */
  async finish(): Promise<void> {
    while (this.#waiting.length > 0 || this.#underWay.size > 0) {
      while (this.#waiting.length > 0 && this.#underWay.size < AT_ONCE) this.begin();
      await Promise.race(this.#underWay.values());
    }
  }

  #next(): string {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting;
    const again = [...this.lines.keys()].find(file => !this.#underWay.has(file));
    if (again === undefined) throw new Error('every file is being ingested');
    return again;
  }

  async #settle({ process, source }: Ingest): Promise<void> {
    try {
      const { code, signal } = await process.end(COMMAND_LIMIT_MS);
      const orderly = signal === 'SIGKILL' || code === 0 || code === SERVICE_MISSING;
      if (!orderly || /^ +at /m.test(process.stderr)) this.complaints.push(`exit code ${code}: ${process.stderr}`);
      if (code === 0) this.succeeded.set(source, (this.succeeded.get(source) ?? 0) + 1);
      else this.#waiting.push(source);
    } catch (error) {
      this.complaints.push(String(error));
    } finally {
      this.#underWay.delete(source);
    }
  }
}
