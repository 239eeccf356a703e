import { z } from 'zod';
import { eachIdOnce, parseEntries, parseLists, strictEntry } from '../catalog/file-entries.ts';
import { currencyField, dayField, idField, parsedField, textField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { isRefusal } from '../domain/errors.ts';
import { formatAmount, parseAmount } from '../domain/nanos.ts';
import { checkTiers, formatShare, parseShare, type Tier } from '../domain/tiers.ts';
import type { PlanScope, PlanTerms } from './plan.ts';

/** A plan with its place in the file, for messages. */
export interface PlanInput {
  readonly place: string;
  readonly terms: PlanTerms;
}

/** Plans whose form is good. What they refer to, and whether they overlap, is checked by the import. */
export interface PlanFile {
  /** The file's name, for messages. */
  readonly source: string;
  readonly plans: readonly PlanInput[];
}

export const BAD_PLANS = 'bad_plans';

/** The usual band of shares, inclusive, in millionths; a plan beyond it must say why. */
const LOWEST_SHARE_PPM = 300_000n;
const HIGHEST_SHARE_PPM = 500_000n;

const MAX_TIERS = 100;
const SCOPE = 'write {"app": id}, {"developer": id}, {"category": name} or {"default": true}';
const BASIS = 'write "app_day" or "app_month"';
const MODE = 'write "marginal" or "whole"';
const TIERS = `write a list of 1 to ${MAX_TIERS} tiers, such as [{"share": "0.50"}]`;
const UP_TO = 'write a decimal string above 0 with at most 9 decimals, such as "100000.00"';
const SHARE = 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.50"';

const scopeEntry = z.union(
  [
    z.strictObject({ app: idField }),
    z.strictObject({ developer: idField }),
    z.strictObject({ category: textField(64) }),
    z.strictObject({ default: z.literal(true) }),
  ],
  SCOPE,
);

const tierEntry = strictEntry({
  up_to: parsedField(UP_TO, parseAmount).nullable().default(null),
  share: parsedField(SHARE, parseShare),
});

const planEntry = strictEntry({
  id: idField,
  scope: scopeEntry,
  currency: currencyField,
  effective_from: dayField,
  effective_to: dayField.nullable().default(null),
  basis: z.enum(['app_day', 'app_month'], BASIS),
  mode: z.enum(['marginal', 'whole'], MODE),
  tiers: z.array(tierEntry, TIERS).min(1, TIERS).max(MAX_TIERS, TIERS),
  outside_band: textField(500).nullable().default(null),
});

/**
 * Share plans from the text of a JSON file; `source` names the file in messages.
 * @throws Refusal `bad_plans` naming place, value and remedy of the first problem; its details list the first 20
 */
export function parsePlans(text: string, source: string): PlanFile {
  const { plans = [] } = parseLists(text, { source, code: BAD_PLANS, lists: ['plans'] });
  const problems = new FileProblems({ source, code: BAD_PLANS });
  const entries = parseEntries(plans, { list: 'plans', schema: planEntry, problems });
  const inputs = [...eachIdOnce(problems, entries)].map(({ place, value }) => ({ place, terms: termsOf(value) }));
  for (const input of inputs) checkTerms(problems, input);
  problems.refuseIfAny();
  return { source, plans: inputs };
}

function termsOf(entry: z.output<typeof planEntry>): PlanTerms {
  return {
    planId: entry.id,
    ...scopeOf(entry.scope),
    currency: entry.currency,
    effectiveFrom: entry.effective_from,
    effectiveTo: entry.effective_to,
    basis: entry.basis,
    mode: entry.mode,
    tiers: entry.tiers.map(({ up_to, share }): Tier => ({ upToNanos: up_to, sharePpm: share })),
    outsideBand: entry.outside_band,
  };
}

function scopeOf(entry: z.output<typeof scopeEntry>): { scope: PlanScope; scopeId: string } {
  if ('app' in entry) return { scope: 'app', scopeId: entry.app };
  if ('developer' in entry) return { scope: 'developer', scopeId: entry.developer };
  if ('category' in entry) return { scope: 'category', scopeId: entry.category };
  return { scope: 'default', scopeId: '' };
}

function checkTerms(problems: FileProblems, { place, terms }: PlanInput): void {
  const { effectiveFrom, effectiveTo, tiers, outsideBand } = terms;
  if (effectiveTo !== null && effectiveTo < effectiveFrom) {
    const fault = `before effective_from ${effectiveFrom}`;
    problems.add({ place: `${place}.effective_to`, value: effectiveTo, fault, remedy: 'put the last day there' });
  }
  checkOrder(problems, { place, terms });
  if (terms.basis === 'app_month' && terms.mode === 'whole') {
    const fault = 'which can\'t be paid day by day for basis "app_month"';
    const remedy = 'write mode "marginal", or basis "app_day"';
    problems.add({ place: `${place}.mode`, value: terms.mode, fault, remedy });
  }
  if (outsideBand !== null) return;
  for (const [index, { sharePpm }] of tiers.entries()) {
    if (sharePpm >= LOWEST_SHARE_PPM && sharePpm <= HIGHEST_SHARE_PPM) continue;
    const remedy = 'correct it, or give the plan the reason as "outside_band"';
    const fault = 'outside the band of 0.30 to 0.50';
    problems.add({ place: `${place}.tiers[${index}].share`, value: formatShare(sharePpm), fault, remedy });
  }
}

function checkOrder(problems: FileProblems, { place, terms: { currency, tiers } }: PlanInput): void {
  try {
    checkTiers(tiers);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const index = Number(error.details.tier) - 1;
    const upTo = tiers[index]?.upToNanos ?? null;
    const value = upTo === null ? undefined : formatAmount(upTo, currency);
    problems.add({ place: `${place}.tiers[${index}].up_to`, value, remedy: error.remedy ?? UP_TO });
  }
}
