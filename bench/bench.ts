import type { MachineNotes } from './machine.ts';
import type { Row } from './row.ts';

/** A number that the command line can change, such as `--known 1000000`. */
export interface Size {
  readonly full: number;
  readonly quick: number;
  readonly help: string;
}

export type Sizes = Readonly<Record<string, Size>>;

/** What every figure is given. */
export interface Bench {
  readonly quick: boolean;
  /** How often each interleaved measurement is repeated. */
  readonly runs: number;
  /** Of this process alone; removed at the end. */
  readonly folder: string;
  /** A checkout of pgr0ss/pgledger. */
  readonly pgledger: string | null;
  readonly machine: MachineNotes;
  size(name: string): number;
  selected(figure: string): boolean;
  /** Tells whoever watches what is going on. */
  progress(line: string): void;
  /** A line that belongs to the result. */
  note(line: string): void;
}

/**
 * One thing that is measured. To add one, write a file `figure-NAME.ts` that exports `figure`; `run.ts` finds it. Figures of the
 * same stage are measured one after the other, before the stage is closed.
 */
export interface Figure {
  readonly name: string;
  readonly stage: Stage<Closable>;
  readonly sizes?: Sizes;
  measure(bench: Bench): Promise<Row[]>;
}

export interface Closable {
  close(): Promise<void>;
}

/** What takes long to set up and serves several figures: set up when the first asks for it. */
export class Stage<State extends Closable> {
  readonly name: string;
  readonly sizes: Sizes;
  readonly #open: (bench: Bench) => Promise<State>;
  #state: Promise<State> | null = null;

  constructor(name: string, sizes: Sizes, open: (bench: Bench) => Promise<State>) {
    this.name = name;
    this.sizes = sizes;
    this.#open = open;
  }

  async state(bench: Bench): Promise<State> {
    this.#state ??= this.#open(bench);
    return await this.#state;
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = null;
    await (await state)?.close();
  }
}
