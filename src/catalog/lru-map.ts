/** Texts by key, the ones longest not asked for dropped first. A Map keeps the order of insertion, which is the order of use here. */
export class LruMap {
  readonly #limit: number;
  readonly #values = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Marks the keys as used now; tells how many distinct ones were asked for and which are not known. */
  touch(keys: Iterable<string>): { readonly asked: number; readonly missing: string[] } {
    const asked = new Set(keys);
    const missing: string[] = [];
    for (const key of asked) {
      const value = this.#values.get(key);
      if (value === undefined) missing.push(key);
      else this.#renew(key, value);
    }
    return { asked: asked.size, missing };
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setAll(values: Iterable<readonly [string, string]>): void {
    for (const [key, value] of values) this.#renew(key, value);
  }

  /** Drops the oldest down to the limit, never one of the `keep` used last. */
  trim({ keep }: { readonly keep: number }): void {
    let surplus = this.#values.size - Math.max(this.#limit, keep);
    for (const key of this.#values.keys()) {
      if (surplus <= 0) return;
      this.#values.delete(key);
      surplus -= 1;
    }
  }

  #renew(key: string, value: string): void {
    this.#values.delete(key);
    this.#values.set(key, value);
  }
}
