/**
 * Accepts one file of NDJSON in a process of its own and says how much memory that took at most, in bytes.
 * Usage: accept-program.ts '{"address": …, "file": …, "clock": …}'
 */
import { Database } from '../../src/db/database.ts';
import { BusinessCalendar } from '../../src/domain/business-day.ts';
import { acceptFile } from '../../src/events/accept-file.ts';

const { address, file, clock } = JSON.parse(process.argv[2] ?? '');
const db = new Database({ address, role: 'application', connections: 2 });
const { received } = await acceptFile(
  {
    db,
    calendar: new BusinessCalendar('Asia/Shanghai'),
    bucketCount: 64,
    now: () => new Date(),
    enqueue: async () => {},
  },
  { path: file, format: 'ndjson', clock: new Date(clock), batchEvents: 20_000 },
);
await db.close();
console.log(JSON.stringify({ received, peakBytes: process.resourceUsage().maxRSS * 1024 }));
