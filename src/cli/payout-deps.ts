import type { App } from '../app.ts';
import type { PayoutDeps } from '../payouts/draw-up.ts';

export function payoutDeps({ db, installation, calendar, now }: App): PayoutDeps {
  return { db, bucketCount: installation.bucketCount, calendar, now };
}
