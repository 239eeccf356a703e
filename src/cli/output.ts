import { SingleBar } from 'cli-progress';
import type { CommandRecord } from './command-record.ts';

/** Where a command's side remarks go: never into the data on standard output. */
export interface Output {
  readonly json: boolean;
  /** Of a command that changes anything: its record in the audit log. */
  readonly record: CommandRecord | null;
  /** A remark on standard error, one line. */
  note(line: string): void;
  /** A bar on standard error when that is a terminal; otherwise silent. */
  progress(options: { readonly label: string; readonly total: number }): Progress;
}

export interface Progress {
  update(done: number): void;
  stop(): void;
}

const INTERRUPTIONS = ['SIGINT', 'SIGTERM'] as const;

const SILENT: Progress = { update: () => {}, stop: () => {} };

export function openOutput({ json, record }: Pick<Output, 'json' | 'record'>): Output {
  return {
    json,
    record,
    note: line => {
      process.stderr.write(`${line}\n`);
    },
    progress: ({ label, total }) => {
      if (!process.stderr.isTTY || total === 0) return SILENT;
      const bar = new SingleBar({
        format: `${label} {bar} {percentage} % · {eta_formatted} left`,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      });
      // The bar hides the cursor and stops lines from wrapping; who interrupts it wants the terminal back as it was.
      const interrupt = (signal: NodeJS.Signals) => {
        stop();
        process.kill(process.pid, signal);
      };
      const stop = () => {
        for (const signal of INTERRUPTIONS) process.off(signal, interrupt);
        bar.stop();
      };
      for (const signal of INTERRUPTIONS) process.on(signal, interrupt);
      bar.start(total, 0);
      return { update: done => bar.update(done), stop };
    },
  };
}

export function noteStarted(output: Output, started: string | null): void {
  if (started !== null) output.note(started);
}
