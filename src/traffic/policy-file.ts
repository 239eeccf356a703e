import { z } from 'zod';
import { parseEntries, parseLists, strictEntry } from '../catalog/file-entries.ts';
import { dayField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { MOST_LOOKBACK_DAYS, MOST_WINDOW_MS } from './checks.ts';
import { checksFromStored, type StoredChecks, type TrafficPolicy } from './policy.ts';

/** Policies whose form is good. */
export interface PolicyFile {
  /** The file's name, for messages. */
  readonly source: string;
  readonly policies: readonly TrafficPolicy[];
}

export const BAD_TRAFFIC = 'bad_traffic';

const MOST_AN_HOUR = 1_000_000;
export const MOST_POLICIES = 1_000;

const SWITCH = 'write true or false';
const LOOKBACK = `write a whole number from 0 to ${MOST_LOOKBACK_DAYS}`;

const rate = check({ max_impressions: whole(1, MOST_AN_HOUR, 3_600), max_clicks: whole(1, MOST_AN_HOUR, 100) });
const tooSoon = check({ min_ms: whole(1, MOST_WINDOW_MS, 500) });
const repeated = check({ window_ms: whole(1, MOST_WINDOW_MS, 10_000) });

const policyEntry = strictEntry({
  effective_from: dayField,
  checks: strictEntry({
    known_bot: z.boolean(SWITCH).default(true),
    data_centre: z.boolean(SWITCH).default(true),
    implausible_rate: rate,
    click_without_impression: z.boolean(SWITCH).default(false),
    click_too_soon: tooSoon,
    repeated_click: repeated,
  }).prefault({}),
  lookback_days: z.int(LOOKBACK).min(0, LOOKBACK).max(MOST_LOOKBACK_DAYS, LOOKBACK).default(1),
});

/**
 * Traffic policies from the text of a JSON file; `source` names the file in messages.
 * @throws Refusal `bad_traffic` naming place, value and remedy of the first problem; its details list the first 20
 */
export function parsePolicies(text: string, source: string): PolicyFile {
  const { traffic_policies: listed = [] } = parseLists(text, {
    source,
    code: BAD_TRAFFIC,
    lists: ['traffic_policies'],
  });
  const problems = new FileProblems({ source, code: BAD_TRAFFIC });
  if (listed.length > MOST_POLICIES) {
    const remedy = `hand in at most ${MOST_POLICIES}`;
    problems.add({ place: 'traffic_policies', value: listed, fault: `a list of ${listed.length}`, remedy });
    problems.refuseIfAny();
  }
  const policies: TrafficPolicy[] = [];
  const placeOf = new Map<string, string>();
  for (const { place, value } of parseEntries(listed, { list: 'traffic_policies', schema: policyEntry, problems })) {
    const { effective_from: effectiveFrom, checks, lookback_days: lookbackDays } = value;
    const other = placeOf.get(effectiveFrom);
    if (other !== undefined) {
      const fault = `which ${other} has too`;
      const remedy = 'begin them on different days, or leave one out';
      problems.add({ place: `${place}.effective_from`, value: effectiveFrom, fault, remedy });
    }
    placeOf.set(effectiveFrom, place);
    policies.push({ effectiveFrom, checks: checksFromStored(checks satisfies StoredChecks, lookbackDays) });
  }
  problems.refuseIfAny();
  return { source, policies };
}

/** A check with parameters: false, true for its defaults, or some of them. */
function check<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const parameters = strictEntry(shape);
  return z
    .unknown()
    .transform((value, context): false | z.output<typeof parameters> => {
      if (value === false) return false;
      const parsed = parameters.safeParse(value === true ? {} : value);
      if (parsed.success) return parsed.data;
      context.issues.push(...parsed.error.issues.map(issue => ({ ...issue, input: value }) as z.core.$ZodRawIssue));
      return z.NEVER;
    })
    .prefault(true);
}

function whole(least: number, most: number, usual: number) {
  const remedy = `write a whole number from ${least} to ${most}`;
  return z.int(remedy).min(least, remedy).max(most, remedy).default(usual);
}
