import { FileProblems } from '../catalog/file-problems.ts';
import { isId } from '../domain/ids.ts';
import { eventKey } from './invalidation.ts';

export const BAD_EVENT_LIST = 'bad_event_list';

const MOST_EVENTS = 100_000;
const FORM = 'write a type and an id such as "click e-1", or an event as JSON';

/** Events that a decision names, with the line of each for messages. */
export interface EventList {
  /** The file's name. */
  readonly source: string;
  /** Line by `eventKey`; the first one, of an event that is named twice. */
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * Events of a text file, one a line: the type and the id with a space between, or an event as in a log, of which type and id are
 * read. Blank lines are passed over.
 * @throws Refusal `bad_event_list` naming the line of what is no event, an empty list, or more than 100,000 events
 */
export function parseEventList(text: string, source: string): EventList {
  const problems = new FileProblems({ source, code: BAD_EVENT_LIST });
  const lines = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.replace(/\r$/, '');
    if (written.trim() === '') continue;
    const key = written.startsWith('{') ? keyOfJson(written) : keyOfText(written);
    if (key === null) problems.add({ place: `line ${index + 1}`, value: written, fault: 'no event', remedy: FORM });
    else if (!lines.has(key)) lines.set(key, index + 1);
  }
  if (lines.size > MOST_EVENTS) {
    const remedy = `name at most ${MOST_EVENTS} at a time, or a slice`;
    problems.add({ place: 'the list', value: lines.size, fault: 'too many events', remedy });
  }
  problems.refuseIfAny();
  if (lines.size === 0) {
    problems.add({ place: 'the list', value: 0, fault: 'no event at all', remedy: FORM });
    problems.refuseIfAny();
  }
  return { source, lines };
}

function keyOfText(line: string): string | null {
  const space = line.indexOf(' ');
  return keyOf(line.slice(0, space), line.slice(space + 1));
}

function keyOfJson(line: string): string | null {
  try {
    const { type, id } = JSON.parse(line) as { readonly type?: unknown; readonly id?: unknown };
    return keyOf(type, id);
  } catch {
    return null;
  }
}

function keyOf(type: unknown, id: unknown): string | null {
  if ((type !== 'impression' && type !== 'click') || typeof id !== 'string' || !isId(id)) return null;
  return eventKey({ type, id });
}
