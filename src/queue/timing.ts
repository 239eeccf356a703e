/** How patient the queue is, in milliseconds. */
export interface QueueTiming {
  /** A job belongs to its worker for this long and is renewed every half of it; after a SIGKILL it is stalled once this is over. */
  readonly lockDurationMs: number;
  /** How often each worker looks for stalled jobs. With the lock, this bounds how long a dead worker's job lies still. */
  readonly stalledIntervalMs: number;
  /** The longest that a call waits for the backend before it is refused as `queue_unavailable`. */
  readonly answerMs: number;
  /** A failed job is tried again after this, doubled at each attempt up to `retryMaxMs`. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** The longest that closing waits for running jobs; what still runs then is given up to another worker. */
  readonly closeMs: number;
}

export const DEFAULT_TIMING: QueueTiming = {
  lockDurationMs: 3_000,
  stalledIntervalMs: 1_000,
  answerMs: 3_000,
  retryMinMs: 200,
  retryMaxMs: 5_000,
  closeMs: 30_000,
};

/** Resolves to true when `work` has settled within the time; never rejects. */
export async function settlesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const { promise: deadline, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, milliseconds, false);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
