import { zstdCompressSync } from 'node:zlib';
import type { BatchEvent } from '../../src/events/batch-columns.ts';

/** These events, and no refused lines, as a program packed them that wrote the second format. */
export function packSecondFormat(events: readonly BatchEvent[]): Buffer {
  const written = secondFormat(events);
  const header = Buffer.from([2, 0, 0, 0, 0]);
  header.writeUInt32LE(written.length, 1);
  return Buffer.concat([header, zstdCompressSync(written)]);
}

/** What stands compressed in a batch of the second format, in plain terms and with nothing that batches are written with now. */
function secondFormat(events: readonly BatchEvent[]): Buffer {
  const parts: Buffer[] = [];
  const numbers = (values: readonly number[]) => {
    let width = 0;
    while (values.some(value => value >= 256 ** width)) width += 1;
    const ranks = Array.from({ length: width }, (_, rank) =>
      values.map(value => Math.floor(value / 256 ** rank) % 256),
    );
    parts.push(Buffer.from([width, ...ranks.flat()]));
  };
  const differences = (values: readonly number[]) => {
    const first = Buffer.alloc(8);
    first.writeDoubleLE(values[0] ?? 0);
    parts.push(first);
    const steps = values.map((value, index) => value - (values[Math.max(index - 1, 0)] as number));
    numbers(steps.map(step => (step < 0 ? -2 * step - 1 : 2 * step)));
  };
  const texts = (values: readonly string[]) => {
    const joined = Buffer.from(values.join('\0'));
    numbers([values.length, joined.length]);
    parts.push(joined);
  };
  const dictionary = (values: readonly (string | null)[]): string[] => {
    const distinct = [...new Set(values)].filter(value => value !== null);
    texts(distinct);
    numbers(values.map(value => (value === null ? 0 : distinct.indexOf(value) + 1)));
    return distinct;
  };
  const rowTexts = (values: readonly (string | null)[]) => {
    numbers(values.map(value => (value === null ? 0 : value.length + 1)));
    parts.push(Buffer.from(values.join(''), 'latin1'));
  };

  numbers([events.length, 0]);
  differences(events.map(({ lineNo }) => lineNo));
  differences(events.map(({ event }) => event.occurredAtMs));
  numbers(events.map(({ event }) => (event.type === 'click' ? 1 : 0)));
  const units = dictionary(events.map(({ event }) => event.adUnitId));
  const appsOfUnits = units.map(unit => events.findLast(({ event }) => event.adUnitId === unit)?.event.appId as string);
  const apps = [...new Set(appsOfUnits)];
  numbers(appsOfUnits.map(app => apps.indexOf(app)));
  texts(apps);
  const ownersOfApps = apps.map(app => events.findLast(({ event }) => event.appId === app)?.developerId as string);
  const owners = [...new Set(ownersOfApps)];
  numbers(ownersOfApps.map(owner => owners.indexOf(owner)));
  texts(owners);
  dictionary(events.map(({ event }) => event.currency));
  dictionary(events.map(({ event }) => event.price));
  dictionary(events.map(({ event }) => event.campaignId));
  dictionary(events.map(({ event }) => event.userAgent));
  rowTexts(events.map(({ event }) => event.id));
  rowTexts(events.map(({ event }) => event.impressionId));
  rowTexts(events.map(({ event }) => event.deviceId));
  rowTexts(events.map(({ event }) => event.ip));
  return Buffer.concat(parts);
}
