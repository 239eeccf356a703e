import type { App } from '../app.ts';
import type { AuditResult } from '../audit/audit-entry.ts';
import { beginDeed } from '../audit/audited.ts';

type End = Omit<AuditResult, 'endedAt'>;

/**
 * The record of one command in the audit log. It begins when the command opens the application, for before that there is nothing
 * that it could change, and it keeps the application open until the end is recorded.
 */
export class CommandRecord {
  readonly #command: string;
  readonly #parameters: object;
  readonly #actor: string | null;
  #app: App | null = null;
  #end: ((end: End) => Promise<void>) | null = null;

  /** `actor`: who the command says does it, if it does. */
  constructor({
    command,
    parameters,
    actor,
  }: { readonly command: string; readonly parameters: object; readonly actor: string | null }) {
    this.#command = command;
    this.#parameters = parameters;
    this.#actor = actor;
  }

  holds(app: App): boolean {
    return this.#app === app;
  }

  async begin(app: App): Promise<void> {
    if (this.#app !== null) return;
    this.#app = app;
    const deed = {
      actor: this.#actor ?? app.config.actor,
      command: this.#command,
      parameters: this.#parameters,
      program: 'apportion command',
    };
    this.#end = await beginDeed(app.db, deed, app.now);
  }

  /** Records the end of what was begun, and closes the application. */
  async end(end: End): Promise<void> {
    const [record, app] = [this.#end, this.#app];
    this.#end = null;
    this.#app = null;
    try {
      await record?.(end);
    } finally {
      await app?.close();
    }
  }
}
