import { SingleBar } from 'cli-progress';

/** Where a command's side remarks go: never into the data on standard output. */
export interface Output {
  readonly json: boolean;
  /** A remark on standard error, one line. */
  note(line: string): void;
  /** A bar on standard error when that is a terminal; otherwise silent. */
  progress(options: { readonly label: string; readonly total: number }): Progress;
}

export interface Progress {
  update(done: number): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

export function openOutput({ json }: { readonly json: boolean }): Output {
  return {
    json,
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
      bar.start(total, 0);
      return { update: done => bar.update(done), stop: () => bar.stop() };
    },
  };
}

export function noteStarted(output: Output, started: string | null): void {
  if (started !== null) output.note(started);
}
