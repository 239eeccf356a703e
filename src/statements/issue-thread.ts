import { parentPort, workerData } from 'node:worker_threads';
import { Database, type DatabaseAddress } from '../db/database.ts';
import { type BucketToIssue, issueBucket } from './issue-bucket.ts';

const { address, bucketCount } = workerData as { readonly address: DatabaseAddress; readonly bucketCount: number };
const db = new Database({ address, role: 'application', connections: 1 });

/** A failure ends the thread, and whoever started it does the bucket again. */
parentPort?.on('message', async (bucket: BucketToIssue) => {
  parentPort?.postMessage(await issueBucket({ db, bucketCount }, bucket));
});
