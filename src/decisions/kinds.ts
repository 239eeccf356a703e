import type { DecisionKind } from './kind.ts';
import { adjust } from './kinds/adjust.ts';
import { forfeit } from './kinds/forfeit.ts';
import { hold } from './kinds/hold.ts';
import { keepForfeited } from './kinds/keep-forfeited.ts';
import { plan } from './kinds/plan.ts';
import { providerRatio } from './kinds/provider-ratio.ts';
import { release } from './kinds/release.ts';
import { writeOff } from './kinds/write-off.ts';

/** Every kind of decision there is: one line each. */
export const KINDS: readonly DecisionKind[] = [
  adjust,
  writeOff,
  plan,
  providerRatio,
  hold,
  release,
  forfeit,
  keepForfeited,
];

export function kindNamed(name: string): DecisionKind | null {
  return KINDS.find(kind => kind.name === name) ?? null;
}
