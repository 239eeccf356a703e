import type { BusinessDay } from '../domain/business-day.ts';
import { ALONE_REASONS, type AloneReason } from '../traffic/checks.ts';
import type { AloneChecks, AloneJudge } from '../traffic/judge-alone.ts';
import { type BatchColumns, textAt } from './batch-columns.ts';

/** Verdicts of rows by their place: 0 for an event with nothing against it alone, else 1 + the place of its reason. */
export type AloneVerdicts = Uint8Array;

const BOT = 1 + ALONE_REASONS.indexOf('known_bot');
const DATA_CENTRE = 1 + ALONE_REASONS.indexOf('data_centre');

export function reasonOfVerdict(verdict: number): AloneReason {
  const reason = ALONE_REASONS[verdict - 1];
  if (reason === undefined) throw new Error(`verdict ${verdict} has no reason`);
  return reason;
}

/**
 * `AloneJudge.reasonOf` of rows; each user agent of the batch is judged once. Null where no policy asks anything of the days.
 */
export function judgeRows(
  columns: BatchColumns,
  {
    rows,
    days,
    dayPlaces,
    judge,
  }: {
    readonly rows: Int32Array;
    /** The distinct business days, and the place of each row's. */
    readonly days: readonly BusinessDay[];
    readonly dayPlaces: Int32Array;
    readonly judge: AloneJudge;
  },
): AloneVerdicts | null {
  const asked = days.map(day => judge.askedOn(day));
  if (asked.every(checks => checks === null)) return null;
  const bots = judgeUserAgents(columns, asked);
  const verdicts = new Uint8Array(rows.length);
  for (let place = 0; place < rows.length; place += 1) {
    const checks = asked[dayPlaces[place] as number] as AloneChecks | null;
    if (checks === null) continue;
    const row = rows[place] as number;
    const userAgent = columns.userAgent.places[row] as number;
    if (checks.isBot !== null && userAgent >= 0 && bots[userAgent] === 1) {
      verdicts[place] = BOT;
    } else if (checks.isDataCentre !== null) {
      const ip = textAt(columns.ip, row);
      if (ip !== null && checks.isDataCentre(ip)) verdicts[place] = DATA_CENTRE;
    }
  }
  return verdicts;
}

/** 1 for a bot's. One reference version has one list, so the day does not matter. */
function judgeUserAgents({ userAgent }: BatchColumns, asked: readonly (AloneChecks | null)[]): Uint8Array {
  const bots = new Uint8Array(userAgent.values.length);
  const isBot = asked.find(checks => checks?.isBot)?.isBot ?? null;
  if (isBot === null) return bots;
  for (let place = 0; place < bots.length; place += 1) {
    if (isBot(userAgent.values[place] as string)) bots[place] = 1;
  }
  return bots;
}
