import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { formatInstant } from '../domain/instant.ts';
import { type BatchContent, unpackBatch } from '../events/batch.ts';
import { digestOf } from '../events/inbox.ts';
import { acceptanceWindow } from '../events/judge-line.ts';
import type { StoredBatch } from '../events/stored-batches.ts';

type Report = (expected: string, found: string) => void;

/**
 * What a batch holds, if it is what was accepted: its payload has the recorded digest, and its events lie on the recorded days and
 * in the window that its clock allowed. Null when the payload can't be relied on. Adds whose lines they are to `owners`.
 */
export function checkBatch(
  batch: StoredBatch,
  {
    calendar,
    owners,
    differs,
  }: { readonly calendar: BusinessCalendar; readonly owners: Set<string>; readonly differs: Report },
): BatchContent | null {
  if (!digestOf(batch.payload).equals(batch.payloadDigest)) {
    differs('a payload as it was accepted', 'another payload');
    return null;
  }
  const content = unpacked(batch.payload);
  if (content === null) {
    differs('a payload that can be read', 'another payload, with its digest');
    return null;
  }
  for (const developerId of content.columns.developers) owners.add(developerId);
  for (const { ownerId } of content.refused) owners.add(ownerId);
  const lines = content.columns.count + content.refused.length;
  if (lines !== batch.lineCount) differs(`${lines} lines`, `${batch.lineCount} lines`);
  checkDays(content, batch, { calendar, differs });
  return content;
}

function unpacked(payload: Buffer): BatchContent | null {
  try {
    return unpackBatch(payload);
  } catch {
    return null;
  }
}

function checkDays(
  { columns }: BatchContent,
  batch: StoredBatch,
  { calendar, differs }: { readonly calendar: BusinessCalendar; readonly differs: Report },
): void {
  const found = tellDays(batch.firstDay, batch.lastDay);
  if (columns.count === 0) {
    if (found !== NO_DAYS) differs(NO_DAYS, found);
    return;
  }
  let [earliestMs, latestMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < columns.count; row += 1) {
    const occurredAtMs = columns.occurredAtMs[row] as number;
    if (occurredAtMs < earliestMs) earliestMs = occurredAtMs;
    if (occurredAtMs > latestMs) latestMs = occurredAtMs;
  }
  const [first, last] = [calendar.dayOf(earliestMs), calendar.dayOf(latestMs)];
  const expected = tellDays(first, last);
  if (found !== expected) differs(expected, found);
  const { oldestDay, newestMs } = acceptanceWindow(calendar, batch.clock);
  if (first < oldestDay || latestMs > newestMs) {
    const latest = formatInstant(latestMs);
    differs(`a clock that lets in events from ${first} to ${latest}`, formatInstant(batch.clock.getTime()));
  }
}

const NO_DAYS = 'no events';

function tellDays(first: BusinessDay | null, last: BusinessDay | null): string {
  return first === null && last === null ? NO_DAYS : `events from ${first} to ${last}`;
}
