/**
 * Texts by key of which the ones used lately stay: a young and an old generation of at most about `limit` keys each. What is asked
 * for moves into the young one; when that is full it becomes the old one, and what nobody asked for since is gone.
 */
export class RecentMap {
  readonly #limit: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Which of the keys are not known. What is known stays known until the next call. */
  missing(keys: Iterable<string>): string[] {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const missing = new Set<string>();
    for (const key of keys) {
      if (this.#young.has(key)) continue;
      const value = this.#old.get(key);
      if (value === undefined) missing.add(key);
      else this.#young.set(key, value);
    }
    return [...missing];
  }

  get(key: string): string | null {
    return this.#young.get(key) ?? null;
  }

  setAll(values: Iterable<readonly [string, string]>): void {
    for (const [key, value] of values) this.#young.set(key, value);
  }
}
