import type { DecisionKind } from './kind.ts';
import { adjust } from './kinds/adjust.ts';
import { writeOff } from './kinds/write-off.ts';

/** Every kind of decision there is: one line each. */
export const KINDS: readonly DecisionKind[] = [adjust, writeOff];

export function kindNamed(name: string): DecisionKind | null {
  return KINDS.find(kind => kind.name === name) ?? null;
}
