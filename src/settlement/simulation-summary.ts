import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import type { SimulatedDeveloper } from './simulate.ts';

/** Developers' shares of one currency, or of one developer, now and as simulated. */
export interface SimulatedShares {
  readonly gross: Money;
  readonly present: Money;
  readonly simulated: Money;
  /** simulated − present */
  readonly difference: Money;
}

export interface SimulatedDeveloperRow extends SimulatedShares {
  readonly developer_id: string;
}

export interface SimulatedCurrency extends SimulatedShares {
  readonly currency: string;
  readonly developers: number;
  /** Days of apps that no plan covers, counted as worth nothing. */
  readonly app_days_without_plan: { readonly present: number; readonly simulated: number };
  /** Who gains most and who loses most, those first. */
  readonly gains: readonly SimulatedDeveloperRow[];
  readonly losses: readonly SimulatedDeveloperRow[];
}

export function simulatedRow({ developerId, currency, ...sums }: SimulatedDeveloper): SimulatedDeveloperRow {
  return { developer_id: developerId, ...sharesOf(sums, currency) };
}

/** Adds up by currency; keeps `top` gains and losses of each. */
export async function summariseSimulation(
  developers: AsyncIterable<SimulatedDeveloper>,
  { top }: { readonly top: number },
): Promise<SimulatedCurrency[]> {
  const currencies = new Map<string, CurrencySum>();
  for await (const developer of developers) {
    const sum = currencies.get(developer.currency) ?? new CurrencySum(top);
    currencies.set(developer.currency, sum);
    sum.add(developer);
  }
  return [...currencies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, sum]) => sum.result(currency));
}

type Sums = Pick<SimulatedDeveloper, 'grossNanos' | 'presentNanos' | 'simulatedNanos'>;

function sharesOf({ grossNanos, presentNanos, simulatedNanos }: Sums, currency: string): SimulatedShares {
  return {
    gross: money(grossNanos, currency),
    present: money(presentNanos, currency),
    simulated: money(simulatedNanos, currency),
    difference: money(nanos(simulatedNanos - presentNanos), currency),
  };
}

class CurrencySum {
  readonly #top: number;
  #developers = 0;
  #gross = 0n;
  #present = 0n;
  #simulated = 0n;
  #presentWithoutPlan = 0;
  #simulatedWithoutPlan = 0;
  #gains: SimulatedDeveloper[] = [];
  #losses: SimulatedDeveloper[] = [];

  constructor(top: number) {
    this.#top = top;
  }

  add(developer: SimulatedDeveloper): void {
    const { grossNanos, presentNanos, simulatedNanos } = developer;
    this.#developers += 1;
    this.#gross += grossNanos;
    this.#present += presentNanos;
    this.#simulated += simulatedNanos;
    this.#presentWithoutPlan += developer.presentWithoutPlan;
    this.#simulatedWithoutPlan += developer.simulatedWithoutPlan;
    if (simulatedNanos > presentNanos) this.#gains = this.#kept(this.#gains, developer);
    if (simulatedNanos < presentNanos) this.#losses = this.#kept(this.#losses, developer);
  }

  /** Cut back only when it has doubled, so that a developer costs little. */
  #kept(list: SimulatedDeveloper[], developer: SimulatedDeveloper): SimulatedDeveloper[] {
    list.push(developer);
    return list.length < 2 * this.#top + 1_000 ? list : this.#first(list);
  }

  #first(list: readonly SimulatedDeveloper[]): SimulatedDeveloper[] {
    return list.toSorted(byChange).slice(0, this.#top);
  }

  result(currency: string): SimulatedCurrency {
    const sums = {
      grossNanos: nanos(this.#gross),
      presentNanos: nanos(this.#present),
      simulatedNanos: nanos(this.#simulated),
    };
    return {
      currency,
      developers: this.#developers,
      ...sharesOf(sums, currency),
      app_days_without_plan: { present: this.#presentWithoutPlan, simulated: this.#simulatedWithoutPlan },
      gains: this.#first(this.#gains).map(simulatedRow),
      losses: this.#first(this.#losses).map(simulatedRow),
    };
  }
}

/** The largest change first, whatever its sign; of equal ones in the order of the ids. */
function byChange(a: SimulatedDeveloper, b: SimulatedDeveloper): number {
  const [changeOfA, changeOfB] = [changeOf(a), changeOf(b)];
  if (changeOfA !== changeOfB) return changeOfA > changeOfB ? -1 : 1;
  return a.developerId < b.developerId ? -1 : 1;
}

function changeOf({ presentNanos, simulatedNanos }: SimulatedDeveloper): bigint {
  return simulatedNanos < presentNanos ? presentNanos - simulatedNanos : simulatedNanos - presentNanos;
}
