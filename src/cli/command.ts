import type { Command } from 'commander';
import { type App, openApp } from '../app.ts';
import { readConfig } from '../config.ts';
import { noteStarted, type Output } from './output.ts';

/** What a command came to: data for `--json`, text for people. */
export interface Result {
  readonly data: object;
  readonly text: string;
  /** 1 when something was refused or differs. */
  readonly exitCode?: 0 | 1;
  /** The command has printed it already, as it came. */
  readonly isPrinted?: true;
}

export type Action = (args: readonly string[], options: Record<string, unknown>, output: Output) => Promise<Result>;

/** Collects what the chosen command does; `main` runs it and shows its result. */
export interface CommandRegistry {
  /** A command that changes nothing that is stored. */
  on(command: Command, action: Action): void;
  /** A command that may change something: it is put on record in the audit log. */
  onRecord(command: Command, action: Action): void;
}

/** Runs `work` with the application open; it is closed whatever happens, of a command on record once its end is recorded. */
export async function withApp<Value>(output: Output, work: (app: App) => Promise<Value>): Promise<Value> {
  const app = await openApp(readConfig(process.env, process.cwd()));
  try {
    noteStarted(output, app.started);
    await output.record?.begin(app);
    return await work(app);
  } finally {
    if (output.record?.holds(app) !== true) await app.close();
  }
}
