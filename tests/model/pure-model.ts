/** Rules 1 to 10 as far as money can tell, written from the rules alone: nothing here comes from the program. */
import { grossNanos, type ModelEvent, readLine } from './read-line.ts';
import { type CatalogFile, ModelReference, type PlanFileEntry, shareOf } from './reference.ts';

export interface ModelTransfer {
  readonly developerId: string;
  readonly appId: string;
  readonly businessDay: string;
  readonly period: string;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountNanos: bigint;
  readonly reason: string;
  readonly version: number;
}

interface WaitingLine {
  readonly reason: string | null;
  readonly event: ModelEvent | null;
  readonly developerId: string;
}

interface UnitDay {
  readonly businessDay: string;
  readonly developerId: string;
  readonly appId: string;
  readonly adUnitId: string;
  readonly currency: string;
  impressions: bigint;
  clicks: bigint;
  gross: bigint;
}

interface AppDay {
  readonly businessDay: string;
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly gross: bigint;
}

type Component = 'platform' | 'developer';

const CREDITED: Record<Component, string> = { platform: 'platform_share', developer: 'payable' };
const NOBODY = '_unassigned';
const WINDOW_DAYS = 35;
const SKEW_MS = 300_000;

export interface ModelOptions {
  readonly timeZone: string;
  /** The bucket of an owner; the rules leave the hash to the program. */
  readonly bucketOf: (ownerId: string) => number;
}

export class PureModel {
  readonly reference = new ModelReference();
  readonly transfers: ModelTransfer[] = [];
  readonly counts = { received: 0, accepted: 0, duplicates: 0, conflicts: 0, rejected: {} as Record<string, number> };
  readonly #options: ModelOptions;
  readonly #waiting = new Map<number, WaitingLine[]>();
  /** Content by identity. */
  readonly #claimed = new Map<string, string>();
  readonly #conflicts = new Set<string>();
  readonly #earnings = new Map<string, UnitDay>();
  readonly #posted = new Map<string, { readonly nanos: bigint; readonly version: number }>();

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  importCatalog(file: CatalogFile, now: Date): boolean {
    return this.reference.importCatalog(file, this.dayOf(now.getTime()));
  }

  importPlans(plans: readonly PlanFileEntry[]): boolean {
    return this.reference.importPlans(plans);
  }

  acceptPlan(planId: string, developerId: string, now: Date): string | null {
    return this.reference.acceptPlan(planId, developerId, this.dayOf(now.getTime()));
  }

  /** Lines of one file: what the line, the clock and the catalog decide is decided now, the rest when they are processed. */
  accept(lines: readonly string[], clock: Date): void {
    for (const line of lines) {
      if (line.trim() === '') continue;
      this.counts.received += 1;
      const waiting = this.#judge(line, clock.getTime());
      const bucket = this.#options.bucketOf(waiting.developerId);
      this.#waiting.set(bucket, [...(this.#waiting.get(bucket) ?? []), waiting]);
    }
  }

  #judge(line: string, clockMs: number): WaitingLine {
    const reading = readLine(line);
    if ('reason' in reading) return { reason: reading.reason, event: null, developerId: NOBODY };
    const { event } = reading;
    const developerId = this.reference.developerOf(event.appId) ?? NOBODY;
    return { reason: this.#refusal(event, clockMs), event, developerId };
  }

  #refusal(event: ModelEvent, clockMs: number): string | null {
    const clockDay = Temporal.PlainDate.from(this.dayOf(clockMs));
    const age = Temporal.PlainDate.from(this.dayOf(event.atMs)).until(clockDay, { largestUnit: 'day' }).days;
    if (age > WINDOW_DAYS) return 'too_late';
    if (event.atMs > clockMs + SKEW_MS) return 'in_future';
    if (this.reference.developerOf(event.appId) === null) return 'unknown_app';
    return this.reference.appOfAdUnit(event.adUnitId) === event.appId ? null : 'unknown_ad_unit';
  }

  /** What waits in the buckets, in the order of acceptance. */
  process(buckets: Iterable<number> = this.#waiting.keys()): void {
    for (const bucket of [...buckets]) {
      for (const line of this.#waiting.get(bucket) ?? []) this.#count(line);
      this.#waiting.delete(bucket);
    }
  }

  get waitingLines(): number {
    return [...this.#waiting.values()].reduce((sum, lines) => sum + lines.length, 0);
  }

  get conflictingContents(): number {
    return this.#conflicts.size;
  }

  #count({ reason, event, developerId }: WaitingLine): void {
    if (reason !== null || event === null) this.#reject(reason ?? 'bad_json');
    else this.#countEvent(event, developerId);
  }

  #countEvent(event: ModelEvent, developerId: string): void {
    const day = this.dayOf(event.atMs);
    const card = event.priceMicros === null ? this.reference.cardPrice(event, day) : event.priceMicros;
    if (typeof card === 'string') {
      this.#reject(card === 'none' ? 'no_price' : 'currency_mismatch');
      return;
    }
    const identity = JSON.stringify([developerId, event.type, event.id]);
    const first = this.#claimed.get(identity);
    if (first === event.content) {
      this.counts.duplicates += 1;
    } else if (first !== undefined) {
      this.counts.conflicts += 1;
      this.#conflicts.add(identity + event.content);
    } else {
      this.counts.accepted += 1;
      this.#claimed.set(identity, event.content);
      this.#earn(event, { day, developerId, gross: grossNanos(event.type, card) });
    }
  }

  #reject(reason: string): void {
    this.counts.rejected[reason] = (this.counts.rejected[reason] ?? 0) + 1;
  }

  #earn(
    { type, appId, adUnitId, currency }: ModelEvent,
    { day, developerId, gross }: { readonly day: string; readonly developerId: string; readonly gross: bigint },
  ): void {
    const key = `${day} ${adUnitId} ${currency}`;
    const nothing = { impressions: 0n, clicks: 0n, gross: 0n };
    const row = this.#earnings.get(key) ?? { businessDay: day, developerId, appId, adUnitId, currency, ...nothing };
    if (type === 'click') row.clicks += 1n;
    else row.impressions += 1n;
    row.gross += gross;
    this.#earnings.set(key, row);
  }

  /** Posts worth − posted for a day, in the given buckets only. False: the day is not over, and nothing is posted. */
  settle(
    day: string,
    { now, buckets }: { readonly now: Date; readonly buckets?: readonly number[] | undefined },
  ): boolean {
    if (day >= this.dayOf(now.getTime())) return false;
    for (const app of this.#appDays()) {
      if (app.businessDay !== day) continue;
      if (buckets !== undefined && !buckets.includes(this.#options.bucketOf(app.developerId))) continue;
      for (const [component, worth] of this.#worth(app)) this.#post(app, component, worth);
    }
    return true;
  }

  /** All days that are over, oldest first. */
  settleDue(now: Date): void {
    for (const day of [...new Set(this.#appDays().map(app => app.businessDay))].sort()) this.settle(day, { now });
  }

  #post(app: AppDay, component: Component, worth: bigint): void {
    const key = partKey(app, component);
    const { nanos, version } = this.#posted.get(key) ?? { nanos: 0n, version: 0 };
    const difference = worth - nanos;
    if (difference === 0n) return;
    this.#posted.set(key, { nanos: worth, version: version + 1 });
    const { developerId, appId, businessDay, currency } = app;
    const sides =
      difference > 0n
        ? { debit: 'ad_revenue', credit: CREDITED[component], amountNanos: difference }
        : { debit: CREDITED[component], credit: 'ad_revenue', amountNanos: -difference };
    const half = Number(businessDay.slice(8)) <= 15 ? 'H1' : 'H2';
    const period = `${businessDay.slice(0, 7)}-${half}`;
    const reason = `${component}_share`;
    this.transfers.push({
      ...{ developerId, appId, businessDay, period, currency, ...sides, reason, version: version + 1 },
    });
  }

  /** Nothing where no plan is in force. */
  #worth({ appId, currency, businessDay, gross }: AppDay): [Component, bigint][] {
    const plan = this.reference.planFor(appId, currency, businessDay);
    if (plan === null) return [];
    const before = plan.basis === 'app_month' ? this.#monthBefore({ appId, currency, businessDay }) : 0n;
    const developer = shareOf(plan, before + gross) - shareOf(plan, before);
    return [
      ['platform', gross - developer],
      ['developer', developer],
    ];
  }

  #monthBefore({ appId, currency, businessDay }: Pick<AppDay, 'appId' | 'currency' | 'businessDay'>): bigint {
    const isEarlier = (day: string) => day.slice(0, 7) === businessDay.slice(0, 7) && day < businessDay;
    const days = this.#appDays().filter(app => app.appId === appId && app.currency === currency);
    return days.filter(app => isEarlier(app.businessDay)).reduce((sum, app) => sum + app.gross, 0n);
  }

  #appDays(): AppDay[] {
    const apps = new Map<string, AppDay>();
    for (const { businessDay, developerId, appId, currency, gross } of this.#earnings.values()) {
      const key = `${businessDay} ${appId} ${currency}`;
      const before = apps.get(key)?.gross ?? 0n;
      apps.set(key, { businessDay, developerId, appId, currency, gross: before + gross });
    }
    return [...apps.values()];
  }

  /** Days of developers whose worth is not what is posted, or not known, as `day developer`. */
  unsettled(): Set<string> {
    const found = this.#appDays().filter(app => {
      const worth = this.#worth(app);
      return (
        worth.length === 0 ||
        worth.some(([part, nanos]) => nanos !== (this.#posted.get(partKey(app, part))?.nanos ?? 0n))
      );
    });
    return new Set(found.map(({ businessDay, developerId }) => `${businessDay} ${developerId}`));
  }

  earnings(): string[] {
    const rows = [...this.#earnings.values()].map(row =>
      [
        ...[row.businessDay, row.developerId, row.appId, row.adUnitId, row.currency],
        ...[row.impressions, row.clicks, row.gross],
      ].join('|'),
    );
    return rows.sort();
  }

  /** Credits − debits of every account that ever moved, by `developer account currency`. */
  balances(): Map<string, bigint> {
    const balances = new Map<string, bigint>();
    const move = (key: string, nanos: bigint) => balances.set(key, (balances.get(key) ?? 0n) + nanos);
    for (const { developerId, currency, debit, credit, amountNanos } of this.transfers) {
      move(`${developerId} ${debit} ${currency}`, -amountNanos);
      move(`${developerId} ${credit} ${currency}`, amountNanos);
    }
    return balances;
  }

  dayOf(epochMs: number): string {
    const { timeZone } = this.#options;
    return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();
  }
}

function partKey({ businessDay, appId, currency }: AppDay, component: Component): string {
  return `${businessDay} ${appId} ${currency} ${component}`;
}
