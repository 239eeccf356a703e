import type { DecisionKind } from './kind.ts';
import { adjust } from './kinds/adjust.ts';
import { plan } from './kinds/plan.ts';
import { providerRatio } from './kinds/provider-ratio.ts';
import { writeOff } from './kinds/write-off.ts';

/** Every kind of decision there is: one line each. */
export const KINDS: readonly DecisionKind[] = [adjust, writeOff, plan, providerRatio];

export function kindNamed(name: string): DecisionKind | null {
  return KINDS.find(kind => kind.name === name) ?? null;
}
