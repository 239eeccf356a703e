import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Refusal } from '../domain/errors.ts';

/** A text is one string, and Node's longest string is a little under 512 MiB. */
const MAX_FILE_BYTES = 500 * 1024 * 1024;

/** A file's text and its name for messages. */
export interface ReferenceFile {
  readonly text: string;
  readonly source: string;
}

/**
 * A file of reference data as text; a byte order mark is dropped.
 * @throws Refusal `bad_file` when there is no such file, it is longer than 500 MiB or what is given, or is not UTF-8
 */
export async function readReferenceFile(
  path: string,
  { maxBytes = MAX_FILE_BYTES }: { readonly maxBytes?: number } = {},
): Promise<ReferenceFile> {
  return { text: textOf(path, await readBytes(path, maxBytes)), source: path };
}

/**
 * As above, with the SHA-256 of the very bytes that were read, in hexadecimal: the file may be another one a moment later.
 * @throws Refusal `bad_file`
 */
export async function readDigestedFile(path: string): Promise<ReferenceFile & { readonly sha256: string }> {
  const bytes = await readBytes(path, MAX_FILE_BYTES);
  return { text: textOf(path, bytes), source: path, sha256: hash('sha256', bytes, 'hex') };
}

function textOf(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badFile(
      path,
      'the file is not UTF-8 text',
      'hand in the text itself, neither packed nor in another encoding',
    );
  }
}

async function readBytes(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw badFile(
        path,
        `the file has ${size} bytes, more than ${maxBytes}`,
        'split it; parts can be imported one by one',
      );
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const said = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw badFile(path, `the file can't be read (${said})`, 'check its path and permissions');
  }
}

function badFile(path: string, fault: string, remedy: string): Refusal {
  return new Refusal({ code: 'bad_file', message: `${path}: ${fault}`, remedy, details: { source: path } });
}
