/** Rule 6 and docs/traffic-quality.md, one event after another with no thought for time; nothing here comes from the program. */
import { list as BOT_PATTERNS } from 'isbot';
import { liesIn } from './networks.ts';
import type { ModelEvent } from './read-line.ts';

export interface PolicyFile {
  readonly effective_from: string;
  readonly checks?: {
    readonly known_bot?: boolean;
    readonly data_centre?: boolean;
    readonly implausible_rate?: boolean | { readonly max_impressions?: number; readonly max_clicks?: number };
    readonly click_without_impression?: boolean;
    readonly click_too_soon?: boolean | { readonly min_ms?: number };
    readonly repeated_click?: boolean | { readonly window_ms?: number };
  };
  readonly lookback_days?: number;
}

/** With its defaults written out; a limit that can't be reached stands for a check that is off. */
interface Policy {
  readonly from: string;
  readonly knownBot: boolean;
  readonly dataCentre: boolean;
  readonly most: { readonly impression: number; readonly click: number };
  readonly withoutImpression: boolean;
  readonly minMs: number;
  readonly windowMs: number;
  readonly lookbackDays: number;
}

export interface AcceptedEvent {
  readonly event: ModelEvent;
  readonly developerId: string;
  readonly day: string;
  readonly grossNanos: bigint;
  /** What a check of the event alone found when it was processed. */
  readonly alone: string | null;
}

const OFF = { most: Number.POSITIVE_INFINITY, ms: Number.NEGATIVE_INFINITY };
const BOTS = BOT_PATTERNS.map(pattern => new RegExp(pattern, 'i'));

export class ModelTraffic {
  readonly #hourOf: (epochMs: number) => string;
  readonly #policies = new Map<string, Policy>();
  #networks: readonly string[] = [];

  /** `hourOf` gives date and hour of the local clock. */
  constructor(hourOf: (epochMs: number) => string) {
    this.#hourOf = hourOf;
  }

  /** False: refused, and nothing of it taken. `networks`: the text file of data centres, if one is handed in. */
  import(files: readonly PolicyFile[], networks: string | null): boolean {
    if (new Set(files.map(file => file.effective_from)).size < files.length) return false;
    for (const file of files) this.#policies.set(file.effective_from, policyOf(file));
    if (networks !== null) this.#networks = linesOf(networks);
    return true;
  }

  #on(day: string): Policy | undefined {
    const begun = [...this.#policies.values()].filter(({ from }) => from <= day);
    return begun.sort((a, b) => (a.from < b.from ? -1 : 1)).at(-1);
  }

  /** By what is known now, for good. */
  judgeAlone({ userAgent, ip }: ModelEvent, day: string): string | null {
    const policy = this.#on(day);
    if (policy?.knownBot && userAgent !== null && userAgent !== '' && BOTS.some(bot => bot.test(userAgent)))
      return 'known_bot';
    if (policy?.dataCentre && ip !== null && this.#networks.some(network => liesIn(ip, network))) return 'data_centre';
    return null;
  }

  /** The reason of each invalid event among those of one developer, by the checks and by what is known now. */
  judge(accepted: readonly AcceptedEvent[]): Map<AcceptedEvent, string> {
    const reasons = new Map<AcceptedEvent, string>();
    const impressions = new Map(
      accepted.filter(({ event }) => event.type === 'impression').map(each => [each.event.id, each]),
    );
    /** How many of a type, device and hour came before. */
    const seen = new Map<string, number>();
    /** By device and ad unit. */
    const lastValidClick = new Map<string, number>();
    for (const each of accepted.toSorted(inOrder)) {
      const { event, day } = each;
      const { deviceId, atMs } = event;
      const ofHour = JSON.stringify([event.type, deviceId, this.#hourOf(atMs)]);
      const before = seen.get(ofHour) ?? 0;
      seen.set(ofHour, before + 1);
      const ofUnit = JSON.stringify([deviceId, event.adUnitId]);
      const reason =
        each.alone ??
        reasonOf(each, { policy: this.#on(day), impressions, before, lastMs: lastValidClick.get(ofUnit) });
      if (reason !== null) reasons.set(each, reason);
      else if (event.type === 'click') lastValidClick.set(ofUnit, atMs);
    }
    return reasons;
  }
}

interface Surroundings {
  readonly policy: Policy | undefined;
  /** By id. */
  readonly impressions: ReadonlyMap<string, AcceptedEvent>;
  readonly before: number;
  readonly lastMs: number | undefined;
}

function reasonOf(each: AcceptedEvent, { policy, impressions, before, lastMs }: Surroundings): string | null {
  const { event, day } = each;
  if (policy === undefined) return null;
  if (event.deviceId !== null && before >= policy.most[event.type]) return 'implausible_rate';
  if (event.type === 'impression') return null;
  const named = event.impressionId === null ? undefined : impressions.get(event.impressionId);
  const earliest = Temporal.PlainDate.from(day).subtract({ days: policy.lookbackDays }).toString();
  const isItsOwn =
    named?.event.appId === event.appId &&
    named.event.adUnitId === event.adUnitId &&
    earliest <= named.day &&
    named.day <= day;
  const impression = isItsOwn ? named : undefined;
  if (policy.withoutImpression && impression === undefined) return 'click_without_impression';
  if (impression !== undefined && event.atMs - impression.event.atMs < policy.minMs) return 'click_too_soon';
  const isRepeat = event.deviceId !== null && lastMs !== undefined && event.atMs - lastMs <= policy.windowMs;
  return isRepeat ? 'repeated_click' : null;
}

function policyOf({ effective_from: from, checks = {}, lookback_days: lookbackDays = 1 }: PolicyFile): Policy {
  const { implausible_rate: rate = true, click_too_soon: soon = true, repeated_click: repeated = true } = checks;
  const { max_impressions: impression = 3600, max_clicks: click = 100 } = typeof rate === 'object' ? rate : {};
  const { min_ms: minMs = 500 } = typeof soon === 'object' ? soon : {};
  const { window_ms: windowMs = 10_000 } = typeof repeated === 'object' ? repeated : {};
  return {
    from,
    knownBot: checks.known_bot ?? true,
    dataCentre: checks.data_centre ?? true,
    most: rate === false ? { impression: OFF.most, click: OFF.most } : { impression, click },
    withoutImpression: checks.click_without_impression ?? false,
    minMs: soon === false ? OFF.ms : minMs,
    windowMs: repeated === false ? OFF.ms : windowMs,
    lookbackDays,
  };
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map(line => line.replace(/#.*/, '').trim());
  return lines.filter(line => line !== '');
}

/** By business day, instant and id; ids are ASCII. */
function inOrder(a: AcceptedEvent, b: AcceptedEvent): number {
  if (a.day !== b.day) return a.day < b.day ? -1 : 1;
  return a.event.atMs - b.event.atMs || (a.event.id < b.event.id ? -1 : 1);
}
