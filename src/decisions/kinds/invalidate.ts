import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { dayField, idField } from '../../catalog/file-fields.ts';
import { isId } from '../../domain/ids.ts';
import { invalidateIn } from '../../settlement/invalidate-traffic.ts';
import { parseEventList } from '../../traffic/event-list-file.ts';
import { eventKey, eventNamed } from '../../traffic/invalidation.ts';
import { fileNamed, referenceKind } from '../reference-kind.ts';

const MAX_EVENTS = 100_000;
const CODE = 'write a short code of lower-case letters, digits and underscores of your own, such as click_farm';
const TYPE = 'write "impression" or "click"';
const SLICE = 'write {"from": day, "to": day}, with "ad_unit" and "type" if it is not all traffic of the app';
const EVENTS = `write a list of 1 to ${MAX_EVENTS} events, such as [{"type": "click", "id": "c-1"}]`;

const typeField = z.enum(['impression', 'click'], TYPE);
const slice = z.strictObject(
  { from: dayField, to: dayField, ad_unit: idField.optional(), type: typeField.optional() },
  SLICE,
);
/** As in a log, where an id may begin with any sign. */
const event = z.strictObject({ type: typeField, id: z.string(EVENTS).refine(isId, EVENTS) }, EVENTS);
const code = z.string(CODE).regex(/^[a-z][a-z0-9_]{0,63}$/, CODE);

const parameters = z.union(
  [
    strictEntry({ app: idField, code, slice }),
    strictEntry({ app: idField, code, events: z.array(event, EVENTS).min(1, EVENTS).max(MAX_EVENTS, EVENTS) }),
  ],
  'write an app, a code, and one of a slice, events, or a file of events beside this one',
);

/** Traffic that does not count; the next run takes back what it earned. */
export const invalidate = referenceKind<z.output<typeof parameters>>({
  name: 'invalidate',
  parameters,

  complete: async (_tx, given, beside) => {
    const name = fileNamed(given);
    if (name === null) return { parameters: given, evidence: [] };
    const { text, source, evidence } = await beside(name);
    const events = [...parseEventList(text, source).lines.keys()].map(eventNamed);
    const { file: _, ...others } = given as object & { readonly file: string };
    return { parameters: { ...others, events }, evidence: [evidence] };
  },

  record: async (tx, given, context) => {
    const { due } = await invalidateIn(tx, context, {
      invalidationId: context.decisionId,
      appId: given.app,
      reason: given.code,
      actor: context.proposedBy,
      note: null,
      of:
        'slice' in given
          ? {
              adUnitId: given.slice.ad_unit ?? null,
              eventType: given.slice.type ?? null,
              fromDay: given.slice.from,
              toDay: given.slice.to,
            }
          : {
              source: 'parameters.events',
              lines: new Map(given.events.map((each, index) => [eventKey(each), index + 1])),
            },
    });
    return due;
  },
});
