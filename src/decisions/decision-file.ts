import { hash, randomUUIDv7 } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { parseEntry, parseObject, strictEntry } from '../catalog/file-entries.ts';
import { idField, parsedField, textField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { type ReferenceFile, readDigestedFile } from '../catalog/reference-file.ts';
import { Refusal } from '../domain/errors.ts';
import { parseInstant } from '../domain/instant.ts';
import { shown } from '../domain/shown.ts';
import type { Evidence, Proposal } from './decision.ts';
import type { FileBeside, KindContext } from './kind.ts';
import { KINDS, kindNamed } from './kinds.ts';
import { BLANK } from './ready-decision.ts';

export const BAD_DECISION = 'bad_decision';

const MAX_EVIDENCE = 20;
const FORM = 'write {"kind": "adjust", "parameters": { … }, "reason": "…", "evidence": [ … ]}';
const INSTANT = 'write an instant with its offset, such as "2018-04-30T18:00:00+08:00"';
const EVIDENCE = `write a list of 1 to ${MAX_EVIDENCE} pieces, each {"text": "…"} or {"file": "…", "sha256": "…"}`;
const SHA256 = "write the 64 lower-case hexadecimal digits of the file's SHA-256";
const PARAMETERS = 'write an object, as the kind of the decision asks for';

/** Not the blank of a decision that the program has prepared. */
const wordsField = (maxLength: number) =>
  textField(maxLength).refine(text => text !== BLANK, `write your own words instead of ${BLANK}`);

const evidenceEntry = z.union(
  [
    z.strictObject({ text: wordsField(2000) }),
    z.strictObject({ file: textField(200), sha256: z.string(SHA256).regex(/^[0-9a-f]{64}$/, SHA256) }),
  ],
  EVIDENCE,
);

const decisionEntry = strictEntry({
  id: idField.optional(),
  kind: z.string(FORM),
  parameters: z.record(z.string(), z.unknown(), PARAMETERS),
  reason: wordsField(500),
  evidence: z.array(evidenceEntry, EVIDENCE).min(1, EVIDENCE).max(MAX_EVIDENCE, EVIDENCE),
  expires_at: parsedField(INSTANT, text => (Number.isNaN(parseInstant(text)) ? null : text))
    .nullable()
    .default(null),
});

/** A proposal from the text of a JSON file, whose parameters still name what lies beside it. */
export interface ProposalFile extends Omit<Proposal, 'parameters'> {
  readonly source: string;
  readonly parameters: Record<string, unknown>;
}

/**
 * `source` is the file's path: evidence that lies beside it is compared with the digest given.
 * @throws Refusal `bad_decision`, `evidence_differs`
 */
export async function parseProposal({ text, source }: ReferenceFile): Promise<ProposalFile> {
  const problems = new FileProblems({ source, code: BAD_DECISION });
  const entry = parseObject(text, { source, code: BAD_DECISION, form: FORM });
  const value = parseEntry(entry, { place: '', schema: decisionEntry, problems })?.value ?? null;
  const kind = value === null ? null : kindNamed(value.kind);
  if (value !== null && kind === null) {
    const remedy = `write one of ${KINDS.map(({ name }) => `"${name}"`).join(', ')}`;
    problems.add({ place: 'kind', value: value.kind, remedy });
  }
  problems.refuseIfAny();
  if (value === null) throw new Error('a decision without a problem has no value');
  await checkFiles(source, value.evidence);
  return {
    source,
    decisionId: value.id ?? randomUUIDv7(),
    kind: value.kind,
    parameters: value.parameters,
    reason: value.reason,
    evidence: value.evidence,
    expiresAt: value.expires_at === null ? null : new Date(parseInstant(value.expires_at)),
  };
}

/**
 * The proposal with its parameters as they are stored: complete and judged by the kind's schema.
 * @throws Refusal `bad_decision`, or what is wrong with a file beside it
 */
export async function completeProposal(
  tx: pg.ClientBase,
  { source, ...proposal }: ProposalFile,
  context: Pick<KindContext, 'at' | 'calendar'>,
): Promise<Proposal> {
  const kind = kindNamed(proposal.kind);
  if (kind === null) throw new Error(`there is no kind ${proposal.kind}`);
  const beside = async (name: string) => await readBeside(source, name);
  const complete =
    kind.complete === undefined
      ? { parameters: proposal.parameters, evidence: [] }
      : await kind.complete(tx, proposal.parameters, beside, context);
  const problems = new FileProblems({ source, code: BAD_DECISION });
  const parsed = parseEntry(complete.parameters, { place: 'parameters', schema: kind.parameters, problems });
  problems.refuseIfAny();
  return { ...proposal, parameters: parsed?.value, evidence: [...proposal.evidence, ...complete.evidence] };
}

/** @throws Refusal `bad_file` */
async function readBeside(source: string, name: string): Promise<FileBeside> {
  const place = placeBeside(source, name);
  if (place === null) {
    throw new Refusal({
      code: 'bad_file',
      message: `${source}: ${shown(name)} lies outside the folder of the proposal`,
      remedy: 'put the file beside the proposal, or in a folder below',
      details: { source, file: name },
    });
  }
  const { text, sha256 } = await readDigestedFile(place);
  return { text, source: name, evidence: { file: name, sha256 } };
}

/** Null where a name leaves the folder of the proposal: it may name what belongs to it, no other file of the machine. */
function placeBeside(source: string, name: string): string | null {
  const folder = path.resolve(path.dirname(source));
  const place = path.resolve(folder, name);
  return place.startsWith(path.join(folder, path.sep)) ? place : null;
}

/** Evidence may lie elsewhere; where it lies beside the proposal, it must be what is told. */
async function checkFiles(source: string, evidence: readonly Evidence[]): Promise<void> {
  for (const piece of evidence) {
    if (!('file' in piece)) continue;
    const place = placeBeside(source, piece.file);
    const bytes = place === null ? null : await readFile(place).catch(() => null);
    const found = bytes === null ? piece.sha256 : hash('sha256', bytes, 'hex');
    if (found === piece.sha256) continue;
    throw new Refusal({
      code: 'evidence_differs',
      message: `${source}: ${shown(piece.file)} lies beside it and has the SHA-256 ${found}, not ${piece.sha256}`,
      remedy: 'put the right file there, or correct the digest',
      details: { source, file: piece.file, found, given: piece.sha256 },
    });
  }
}
