import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';

const LISTED_PROBLEMS = 20;

/** One thing wrong with a file of reference data; its text reads `${place} is ${value}, ${fault}; ${remedy}`. */
export interface Problem {
  /** As in `apps[3].developer_id`. */
  readonly place: string;
  /** What stands there; undefined where nothing does. */
  readonly value: unknown;
  readonly fault?: string;
  readonly remedy: string;
}

/** Collects what is wrong with a file, so that one refusal tells of it all; lists the first 20 and counts the others. */
export class FileProblems {
  readonly #file: { readonly source: string; readonly code: string };
  readonly #listed: Problem[] = [];
  #count = 0;

  /** `source` is the file's name for the reader, `code` that of the refusal. */
  constructor(file: { readonly source: string; readonly code: string }) {
    this.#file = file;
  }

  add(problem: Problem): void {
    this.#count += 1;
    if (this.#listed.length < LISTED_PROBLEMS) this.#listed.push(problem);
  }

  /** For problems found by a query with a limit: `count` is how many there are in all. */
  addAll(problems: readonly Problem[], count: number): void {
    for (const problem of problems) this.add(problem);
    this.#count += Math.max(0, count - problems.length);
  }

  refuseIfAny(): void {
    const [first] = this.#listed;
    if (first === undefined) return;
    const others = this.#count - 1;
    const more = others === 0 ? '' : ` (and ${others} more ${others === 1 ? 'problem' : 'problems'})`;
    throw new Refusal({
      code: this.#file.code,
      message: `${this.#file.source}: ${faultOf(first)}`,
      remedy: `${first.remedy}${more}`,
      details: { source: this.#file.source, count: this.#count, problems: this.#listed.map(toDetail) },
    });
  }
}

function faultOf({ place, value, fault }: Problem): string {
  const stated = value === undefined ? `${place} is missing` : `${place} is ${shown(value)}`;
  return fault === undefined ? stated : `${stated}, ${fault}`;
}

function toDetail(problem: Problem): Record<string, string> {
  return {
    place: problem.place,
    ...(problem.value === undefined ? {} : { value: shown(problem.value) }),
    message: `${faultOf(problem)}; ${problem.remedy}`,
  };
}
