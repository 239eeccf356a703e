import { parentPort, workerData } from 'node:worker_threads';
import { Database } from '../db/database.ts';
import { BusinessCalendar } from '../domain/business-day.ts';
import { EventReferences } from './event-references.ts';
import { verifyBucket } from './verify-bucket.ts';
import type { HelperData } from './verify-helper.ts';

const { address, timeZone, ...of } = workerData as HelperData;
const db = new Database({ address, role: 'application', connections: 1 });
const calendar = new BusinessCalendar(timeZone);
const references = new EventReferences();

/** A failure ends the thread, and whoever started it checks the bucket again. */
parentPort?.on('message', async (bucket: number) => {
  parentPort?.postMessage(await verifyBucket(db, { ...of, calendar, bucket, references }));
});
