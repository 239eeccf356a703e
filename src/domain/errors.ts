export interface RefusalInit {
  readonly code: string;
  readonly message: string;
  readonly details?: Record<string, unknown>;
  readonly remedy?: string;
  readonly exitCode?: 1 | 2 | 3;
}

/**
 * An expected refusal: input, state or surroundings that the program answers with one line instead of a stack trace.
 * The message names place, value and remedy; a separate `remedy` is appended to it, so callers do not repeat it.
 * Exit codes: 1 something was refused or differs, 2 wrong use, 3 a service is missing. Broken invariants throw `Error`.
 */
export class Refusal extends Error {
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly remedy: string | undefined;
  readonly exitCode: 1 | 2 | 3;

  constructor({ code, message, details = {}, remedy, exitCode = 1 }: RefusalInit) {
    super(remedy === undefined ? message : `${message}; ${remedy}`);
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Refusal;
}
