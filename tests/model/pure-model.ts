/** Rules 1 to 10 as far as money can tell, written from the documents alone: nothing here comes from the program. */
import { type CatalogFile, ModelCatalog } from './catalog.ts';
import { type InvalidationFile, ModelInvalidations } from './invalidations.ts';
import { ModelPlans, type PlanFileEntry, shareOf } from './plans.ts';
import { ModelProviders, providerNanos } from './providers.ts';
import { grossNanos, type LineReading, type ModelEvent, readLine } from './read-line.ts';
import { type AcceptedEvent, ModelTraffic, type PolicyFile } from './traffic.ts';

export interface ModelTransfer {
  /** The owner of the book. */
  readonly owner: string;
  readonly appId: string;
  readonly businessDay: string;
  readonly period: string;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountNanos: bigint;
  readonly reason: string;
  readonly version: number;
  /** Whose part it moves, and between which two books. */
  readonly provider: { readonly id: string; readonly from: string } | null;
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
  readonly reason: string;
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

interface Part {
  readonly component: 'platform' | 'developer' | 'provider';
  readonly providerId: string | null;
  readonly worth: bigint;
}

interface Posted {
  readonly app: Omit<AppDay, 'gross'>;
  readonly component: Part['component'];
  readonly providerId: string | null;
  readonly nanos: bigint;
  readonly version: number;
}

const CREDITED = { platform: 'platform_share', developer: 'payable', provider: 'provider_share' };
const NOBODY = '_unassigned';
const WINDOW_DAYS = 35;
const SKEW_MS = 300_000;

export interface ModelOptions {
  readonly timeZone: string;
  /** The bucket of an owner; the rules leave the hash to the program. */
  readonly bucketOf: (ownerId: string) => number;
}

export class PureModel {
  readonly catalog = new ModelCatalog();
  readonly plans = new ModelPlans(this.catalog);
  readonly providers = new ModelProviders();
  readonly invalidations = new ModelInvalidations();
  readonly traffic = new ModelTraffic(epochMs => this.#local(epochMs).toString().slice(0, 13));
  readonly transfers: ModelTransfer[] = [];
  readonly counts = {
    ...{ received: 0, accepted: 0, duplicates: 0, conflicts: 0 },
    /** Of the accepted ones, by reason. */
    invalid: {} as Record<string, number>,
    rejected: {} as Record<string, number>,
  };
  readonly #options: ModelOptions;
  readonly #waiting = new Map<number, WaitingLine[]>();
  /** Content by identity. */
  readonly #claimed = new Map<string, string>();
  readonly #conflicts = new Set<string>();
  readonly #accepted = new Map<string, AcceptedEvent[]>();
  readonly #posted = new Map<string, Posted>();
  /** Everything that follows from the accepted events as it is known now; null once something has changed. */
  #known: { readonly deducted: UnitDay[]; readonly appDays: AppDay[] } | null = null;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  /** False, of any import: refused, and nothing of it taken. */
  importCatalog(file: CatalogFile, now: Date): boolean {
    const { developers = [], apps = [], providers = [] } = file;
    const lists: readonly { readonly id: string }[][] = Object.values(file);
    if (lists.some(list => new Set(list.map(({ id }) => id)).size < list.length)) return false;
    const hasApp = (id: string) => this.catalog.developerOf(id) !== null || apps.some(app => app.id === id);
    const isDeveloper = (id: string) => this.catalog.hasDeveloper(id) || developers.some(each => each.id === id);
    if (developers.some(({ id }) => this.providers.has(id)) || providers.some(({ id }) => isDeveloper(id)))
      return false;
    if (!this.catalog.isSound(file) || !this.providers.isSound(providers, hasApp)) return false;
    this.catalog.take(file, this.dayOf(now.getTime()));
    this.providers.take(providers);
    return true;
  }

  importPlans(plans: readonly PlanFileEntry[]): boolean {
    return this.plans.import(plans);
  }

  importTraffic(policies: readonly PolicyFile[], networks: string | null): boolean {
    this.#known = null;
    return this.traffic.import(policies, networks);
  }

  /** Why it is refused, or null. */
  acceptPlan(planId: string, developerId: string, now: Date): string | null {
    return this.plans.accept(planId, developerId, this.dayOf(now.getTime()));
  }

  /** Of a provider's terms for an app, or (null) of its default ratio. */
  confirmTerms(providerId: string, appId: string | null, now: Date): string | null {
    if (appId !== null && this.catalog.developerOf(appId) === null) return 'unknown_app';
    return this.providers.confirm(providerId, appId, this.dayOf(now.getTime()));
  }

  invalidate(file: InvalidationFile): string | null {
    const developerId = this.catalog.developerOf(file.appId);
    if (developerId === null) return 'unknown_app';
    const unit = file.slice?.adUnitId;
    if (unit !== undefined && this.catalog.appOfAdUnit(unit) !== file.appId) return 'unknown_ad_unit';
    this.#known = null;
    return this.invalidations.invalidate(file, developerId, this.#accepted.get(developerId) ?? []);
  }

  reinstate(id: string): string | null {
    this.#known = null;
    return this.invalidations.reinstate(id);
  }

  /** Lines of one file: what the line, the clock and the catalog decide is decided now, the rest when they are processed. */
  accept(lines: readonly string[], clock: Date, read: (line: string) => LineReading = readLine): void {
    for (const line of lines) {
      if (line.trim() === '') continue;
      this.counts.received += 1;
      const waiting = this.#judge(read(line), clock.getTime());
      const bucket = this.#options.bucketOf(waiting.developerId);
      const lines = this.#waiting.get(bucket);
      if (lines === undefined) this.#waiting.set(bucket, [waiting]);
      else lines.push(waiting);
    }
  }

  #judge(reading: LineReading, clockMs: number): WaitingLine {
    if ('reason' in reading) return { reason: reading.reason, event: null, developerId: NOBODY };
    const { event } = reading;
    const developerId = this.catalog.developerOf(event.appId) ?? NOBODY;
    return { reason: this.#refusal(event, clockMs), event, developerId };
  }

  #refusal(event: ModelEvent, clockMs: number): string | null {
    const clockDay = Temporal.PlainDate.from(this.dayOf(clockMs));
    const age = Temporal.PlainDate.from(this.dayOf(event.atMs)).until(clockDay, { largestUnit: 'day' }).days;
    if (age > WINDOW_DAYS) return 'too_late';
    if (event.atMs > clockMs + SKEW_MS) return 'in_future';
    if (this.catalog.developerOf(event.appId) === null) return 'unknown_app';
    return this.catalog.appOfAdUnit(event.adUnitId) === event.appId ? null : 'unknown_ad_unit';
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
    const card = event.priceMicros === null ? this.catalog.cardPrice(event, day) : event.priceMicros;
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
      const alone = this.traffic.judgeAlone(event, day);
      if (alone !== null) countOne(this.counts.invalid, alone);
      this.#keep({ event, developerId, day, grossNanos: grossNanos(event.type, card), alone });
    }
  }

  #reject(reason: string): void {
    countOne(this.counts.rejected, reason);
  }

  #keep(accepted: AcceptedEvent): void {
    this.#known = null;
    const known = this.#accepted.get(accepted.developerId);
    if (known === undefined) this.#accepted.set(accepted.developerId, [accepted]);
    else known.push(accepted);
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
      for (const part of this.#worth(app)) this.#post(app, part);
    }
    return true;
  }

  /** All days that are over, oldest first. */
  settleDue(now: Date): void {
    for (const day of [...new Set(this.#appDays().map(app => app.businessDay))].sort()) this.settle(day, { now });
  }

  #post(app: AppDay, { component, providerId, worth }: Part): void {
    const key = partKey(app, { component, providerId });
    const { nanos, version } = this.#posted.get(key) ?? { nanos: 0n, version: 0 };
    const difference = worth - nanos;
    if (difference === 0n) return;
    this.#posted.set(key, { app, component, providerId, nanos: worth, version: version + 1 });
    const { developerId, appId, businessDay, currency } = app;
    const half = Number(businessDay.slice(8)) <= 15 ? 'H1' : 'H2';
    const period = `${businessDay.slice(0, 7)}-${half}`;
    const provider = providerId === null ? null : { id: providerId, from: developerId };
    const move = (owner: string, reason: string, [debit, credit]: readonly [string, string]) =>
      this.transfers.push({
        ...{ owner, appId, businessDay, period, currency, reason, provider, version: version + 1 },
        ...(difference > 0n
          ? { debit, credit, amountNanos: difference }
          : { debit: credit, credit: debit, amountNanos: -difference }),
      });
    move(developerId, `${component}_share`, ['ad_revenue', CREDITED[component]]);
    if (providerId !== null) move(providerId, 'provider_income', ['provider_share', 'payable']);
  }

  /** Nothing where no plan is in force; a provider who has no part any more is worth nothing. */
  #worth(app: AppDay): Part[] {
    const { appId, currency, businessDay, gross } = app;
    const plan = this.plans.planFor(appId, currency, businessDay);
    if (plan === null) return [];
    const before = plan.basis === 'app_month' ? this.#monthBefore(app) : 0n;
    const total = shareOf(plan, before + gross) - shareOf(plan, before);
    const part = this.providers.on(appId, businessDay);
    const provider = part === null ? 0n : providerNanos(total, part);
    const former = [...this.#posted.values()].filter(
      posted =>
        posted.providerId !== null && posted.providerId !== part?.providerId && appKey(posted.app) === appKey(app),
    );
    return [
      { component: 'platform', providerId: null, worth: gross - total },
      { component: 'developer', providerId: null, worth: total - provider },
      ...(part === null ? [] : [{ component: 'provider', providerId: part.providerId, worth: provider } as const]),
      ...former.map(({ providerId }) => ({ component: 'provider', providerId, worth: 0n }) as const),
    ];
  }

  #monthBefore({ appId, currency, businessDay }: AppDay): bigint {
    const isEarlier = (day: string) => day.slice(0, 7) === businessDay.slice(0, 7) && day < businessDay;
    const days = this.#appDays().filter(app => app.appId === appId && app.currency === currency);
    return days.filter(app => isEarlier(app.businessDay)).reduce((sum, app) => sum + app.gross, 0n);
  }

  #appDays(): AppDay[] {
    return this.#derived().appDays;
  }

  /** Earnings of events that are valid by themselves; what is deducted from them; and what that leaves of each app's day. */
  #derived() {
    if (this.#known !== null) return this.#known;
    const deducted = new Map<string, UnitDay>();
    const apps = new Map<string, AppDay>();
    for (const events of this.#accepted.values()) {
      const checked = this.traffic.judge(events);
      for (const each of events) {
        if (each.alone !== null) continue;
        const decision = checked.has(each) ? null : this.invalidations.of(each);
        const reason = checked.get(each) ?? (decision === null ? null : `${decision.reason} by ${decision.id}`);
        if (reason !== null) addTo(deducted, each, reason);
        const { event, developerId, day: businessDay } = each;
        const { appId, currency } = event;
        const key = appKey({ businessDay, appId, currency });
        const gross = (apps.get(key)?.gross ?? 0n) + (reason === null ? each.grossNanos : 0n);
        apps.set(key, { businessDay, developerId, appId, currency, gross });
      }
    }
    this.#known = { deducted: [...deducted.values()], appDays: [...apps.values()] };
    return this.#known;
  }

  /** Days of developers whose worth is not what is posted, or not known, as `day developer`. */
  unsettled(): Set<string> {
    const found = this.#appDays().filter(app => {
      const worth = this.#worth(app);
      return (
        worth.length === 0 || worth.some(part => part.worth !== (this.#posted.get(partKey(app, part))?.nanos ?? 0n))
      );
    });
    return new Set(found.map(({ businessDay, developerId }) => `${businessDay} ${developerId}`));
  }

  /** What valid events by themselves come to; with `alone`, what those that are not would have. */
  earnings({ alone }: { readonly alone: boolean } = { alone: false }): string[] {
    const rows = new Map<string, UnitDay>();
    for (const each of [...this.#accepted.values()].flat()) {
      if ((each.alone !== null) === alone) addTo(rows, each, each.alone ?? '');
    }
    return [...rows.values()].map(textOf).sort();
  }

  /** What is to be deducted from the days of developers (`day developer`) but for the given ones. */
  deductions(except: ReadonlySet<string>): string[] {
    const rows = this.#derived().deducted.filter(row => !except.has(`${row.businessDay} ${row.developerId}`));
    return rows.map(textOf).sort();
  }

  /** The gross of every (app, day, currency) that counts. */
  grosses(): readonly AppDay[] {
    return this.#appDays();
  }

  /** Credits − debits of every account that ever moved, by `owner account currency`. */
  balances(): Map<string, bigint> {
    const balances = new Map<string, bigint>();
    const move = (key: string, nanos: bigint) => balances.set(key, (balances.get(key) ?? 0n) + nanos);
    for (const { owner, currency, debit, credit, amountNanos } of this.transfers) {
      move(`${owner} ${debit} ${currency}`, -amountNanos);
      move(`${owner} ${credit} ${currency}`, amountNanos);
    }
    return balances;
  }

  dayOf(epochMs: number): string {
    return this.#local(epochMs).toPlainDate().toString();
  }

  #local(epochMs: number): Temporal.PlainDateTime {
    return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(this.#options.timeZone).toPlainDateTime();
  }
}

function countOne(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

function addTo(
  rows: Map<string, UnitDay>,
  { event, developerId, day, grossNanos: gross }: AcceptedEvent,
  reason: string,
): void {
  const { appId, adUnitId, currency, type } = event;
  const key = `${day} ${adUnitId} ${currency} ${reason}`;
  const nothing = { impressions: 0n, clicks: 0n, gross: 0n };
  const row = rows.get(key) ?? { businessDay: day, developerId, appId, adUnitId, currency, reason, ...nothing };
  if (type === 'click') row.clicks += 1n;
  else row.impressions += 1n;
  row.gross += gross;
  rows.set(key, row);
}

function textOf({
  businessDay,
  developerId,
  appId,
  adUnitId,
  currency,
  reason,
  impressions,
  clicks,
  gross,
}: UnitDay): string {
  const of = [businessDay, developerId, appId, adUnitId, currency, ...(reason === '' ? [] : [reason])];
  return [...of, impressions, clicks, gross].join('|');
}

function appKey({ businessDay, appId, currency }: Pick<AppDay, 'businessDay' | 'appId' | 'currency'>): string {
  return `${businessDay} ${appId} ${currency}`;
}

function partKey(app: AppDay, { component, providerId }: Pick<Part, 'component' | 'providerId'>): string {
  return `${appKey(app)} ${component} ${providerId ?? ''}`;
}
