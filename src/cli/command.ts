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
}

export type Action = (args: readonly string[], options: Record<string, unknown>, output: Output) => Promise<Result>;

/** Collects what the chosen command does; `main` runs it and shows its result. */
export interface CommandRegistry {
  on(command: Command, action: Action): void;
}

/** Runs `work` with the application open, and closes it whatever happens. */
export async function withApp<Value>(output: Output, work: (app: App) => Promise<Value>): Promise<Value> {
  const app = await openApp(readConfig(process.env, process.cwd()));
  try {
    noteStarted(output, app.started);
    return await work(app);
  } finally {
    await app.close();
  }
}
