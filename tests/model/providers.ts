/** docs/providers.md: terms, confirmations, the provider's part; nothing here comes from the program. */
import type { ProviderFile, TermFile } from './catalog.ts';
import { Exact, halfEven } from './rounding.ts';

interface Term {
  readonly from: string;
  /** Inclusive; null: without end. */
  readonly to: string | null;
  /** Null: the default ratio holds. */
  readonly ratio: string | null;
}

interface Confirmed {
  readonly providerId: string;
  readonly appId: string | null;
  readonly terms: readonly Term[];
  /** The local date of recording. */
  readonly on: string;
}

export interface ProviderPart {
  readonly providerId: string;
  readonly ratio: string;
}

type Terms = Map<string | null, readonly Term[]>;

export class ModelProviders {
  /** As they stand, by provider and app; without an app (null) the default ratio. */
  #standing = new Map<string, Terms>();
  /** In the order of recording. */
  readonly #confirmed: Confirmed[] = [];
  confirmations = 0;

  has(id: string): boolean {
    return this.#standing.has(id);
  }

  /** Whether the file's providers may be taken, by what stands after it. */
  isSound(files: readonly ProviderFile[], hasApp: (appId: string) => boolean): boolean {
    const lists = files.flatMap(({ ratios, apps }) => [
      ratios.map(each => termOf(each)),
      ...Map.groupBy(apps, each => each.app_id)
        .values()
        .map(each => each.map(termOf)),
    ]);
    if (lists.some(list => !areApart(list))) return false;
    if (files.some(({ apps }) => apps.some(each => !hasApp(each.app_id)))) return false;
    if (files.some(({ ratios, apps }) => ratios.length === 0 && apps.some(each => (each.ratio ?? null) === null))) {
      return false;
    }
    const engagements = this.#after(files)
      .values()
      .flatMap(terms => [...terms].filter(([appId]) => appId !== null));
    return Map.groupBy(engagements, ([appId]) => appId)
      .values()
      .every(ofApp => areApart(ofApp.flatMap(([, terms]) => terms)));
  }

  take(files: readonly ProviderFile[]): void {
    this.#standing = this.#after(files);
  }

  #after(files: readonly ProviderFile[]): Map<string, Terms> {
    const after = new Map(this.#standing);
    for (const { id, ratios, apps } of files) {
      const ended = [...(this.#standing.get(id)?.keys() ?? [])].map(appId => [appId, []] as const);
      const named = Map.groupBy(apps, each => each.app_id)
        .entries()
        .map(([appId, each]) => [appId, inOrder(each.map(termOf))] as const);
      after.set(id, new Map<string | null, readonly Term[]>([...ended, ...named, [null, inOrder(ratios.map(termOf))]]));
    }
    return after;
  }

  /** Why it is refused, or null; to confirm again what was confirmed last changes nothing. */
  confirm(providerId: string, appId: string | null, today: string): string | null {
    const standing = this.#standing.get(providerId);
    if (standing === undefined) return 'unknown_provider';
    const terms = standing.get(appId) ?? [];
    const last = this.#confirmed.findLast(each => each.providerId === providerId && each.appId === appId);
    if (terms.length === 0 && last === undefined) return 'no_terms';
    if (last !== undefined && textOf(last.terms) === textOf(terms)) return null;
    this.#confirmed.push({ providerId, appId, terms, on: today });
    this.confirmations += 1;
    return null;
  }

  /** Who has a part of the app's day: of the providers whose confirmed terms cover it, the one that was confirmed last. */
  on(appId: string, day: string): ProviderPart | null {
    const seen = new Set<string>();
    for (const { providerId, terms } of this.#actingOn(day)
      .reverse()
      .filter(each => each.appId === appId)) {
      const term = seen.has(providerId) ? undefined : terms.find(each => covers(each, day));
      seen.add(providerId);
      if (term === undefined) continue;
      const ratio = term.ratio ?? this.#defaultRatio(providerId, day);
      return ratio === null ? null : { providerId, ratio };
    }
    return null;
  }

  #defaultRatio(providerId: string, day: string): string | null {
    const last = this.#actingOn(day).findLast(each => each.providerId === providerId && each.appId === null);
    return last?.terms.find(term => covers(term, day))?.ratio ?? null;
  }

  #actingOn(day: string): Confirmed[] {
    return this.#confirmed.filter(each => each.on <= day);
  }
}

/** Of the developer's total, rounded half-even to the nano. */
export function providerNanos(total: bigint, { ratio }: ProviderPart): bigint {
  return halfEven(new Exact(total.toString()).times(ratio));
}

function termOf({
  effective_from: from,
  effective_to: to = null,
  ratio = null,
}: TermFile & { readonly ratio?: string | null }): Term {
  return { from, to, ratio };
}

function inOrder(terms: readonly Term[]): Term[] {
  return terms.toSorted((a, b) => (a.from < b.from ? -1 : 1));
}

function areApart(terms: readonly Term[]): boolean {
  const sorted = inOrder(terms);
  return sorted.every(
    ({ from, to }, index) =>
      (to === null || from <= to) && (sorted[index - 1] === undefined || (sorted[index - 1]?.to ?? '9999') < from),
  );
}

function covers({ from, to }: Term, day: string): boolean {
  return from <= day && day <= (to ?? '9999');
}

/** The same however ratios are spelt. */
function textOf(terms: readonly Term[]): string {
  return JSON.stringify(terms.map(({ from, to, ratio }) => [from, to, ratio === null ? null : new Exact(ratio)]));
}
