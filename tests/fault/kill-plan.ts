import type { Chance } from './chance.ts';
import type { QueueKind } from './machine.ts';

/** Who is killed, and in which moment: in the middle of a transaction, or at whatever it is doing then. */
export type Target =
  | 'event worker at work'
  | 'settlement worker at work'
  | 'ingest at work'
  | 'Postgres at work'
  | 'Redis at work'
  | 'event worker anyhow'
  | 'settlement worker anyhow'
  | 'maintenance worker anyhow'
  | 'Postgres anyhow'
  | 'queue wiped'
  | 'queue put back';

export interface PlannedKill {
  readonly target: Target;
  /** How many more batches must be processed before it comes. */
  readonly afterProgress: number;
}

export const DEFAULT_KILLS = 20;
/** So that the kills of a default run are spread over the whole intake. */
const MOST_PROGRESS = 60;

/** In the order in which they are drawn on; the first 20 hold everything that must happen. */
const TARGETS: Record<QueueKind, readonly Target[]> = {
  redis: [
    'queue wiped',
    'queue put back',
    ...times(2, 'ingest at work'),
    ...times(3, 'Postgres at work'),
    ...times(3, 'settlement worker at work'),
    ...times(6, 'event worker at work'),
    'event worker anyhow',
    'maintenance worker anyhow',
    'Postgres anyhow',
    'Redis at work',
    'settlement worker anyhow',
    ...times(3, 'event worker at work'),
  ],
  postgres: [
    ...times(2, 'ingest at work'),
    ...times(4, 'Postgres at work'),
    ...times(4, 'settlement worker at work'),
    ...times(7, 'event worker at work'),
    'event worker anyhow',
    'maintenance worker anyhow',
    'Postgres anyhow',
    'settlement worker anyhow',
    ...times(4, 'event worker at work'),
  ],
};

/** `kills` of them in an order of chance. */
export function planKills(
  chance: Chance,
  { queue, kills }: { readonly queue: QueueKind; readonly kills: number },
): PlannedKill[] {
  const targets = TARGETS[queue];
  const chosen = Array.from({ length: kills }, (_, index) => targets[index % targets.length] as Target);
  return chance.shuffled(chosen).map(target => ({ target, afterProgress: 1 + chance.below(MOST_PROGRESS) }));
}

function times(count: number, target: Target): Target[] {
  return Array.from({ length: count }, () => target);
}
