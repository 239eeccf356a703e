import { type AdEvent, type BadForm, parseAdEvent } from '../domain/ad-event.ts';
import { parseIpinyouLine } from './ipinyou.ts';

export type LineParser = (line: string) => AdEvent | BadForm;

/** How the lines of a file are read. */
export type LineFormat = 'ndjson' | 'ipinyou';

export const LINE_FORMATS: Readonly<Record<LineFormat, LineParser>> = {
  ndjson: parseAdEvent,
  ipinyou: parseIpinyouLine,
};
