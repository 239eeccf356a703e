import { hash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, unlink } from 'node:fs/promises';
import { Refusal } from '../domain/errors.ts';

/** A file that is to be written once what it holds is on record: that it can be is found out before. */
export interface OutFile {
  /** Hex, of what stands there; null: nothing does. */
  readonly existingSha256: string | null;
  /** Writes all of it or nothing; what stands there already is the same. */
  write(content: Buffer): Promise<void>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

/** For its owner alone: it names accounts. */
const MODE = 0o600;

/** @throws Refusal `bad_file` when no file can be written there */
export async function openOutFile(path: string): Promise<OutFile> {
  const draftPath = `${path}.${process.pid}.draft`;
  let draft: FileHandle | null = null;
  try {
    const existing = await readIfThere(path);
    draft = await open(draftPath, 'wx', MODE);
    return outFile({ path, draftPath, draft, existing });
  } catch (error) {
    await draft?.close();
    throw cannotWrite(path, error);
  }
}

function outFile({
  path,
  draftPath,
  draft,
  existing,
}: {
  readonly path: string;
  readonly draftPath: string;
  readonly draft: FileHandle;
  readonly existing: Buffer | null;
}): OutFile {
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await draft.close();
    await unlink(draftPath);
  };
  return {
    existingSha256: existing === null ? null : hash('sha256', existing, 'hex'),
    close,
    write: async content => {
      if (existing?.equals(content) === true) return await close();
      try {
        await draft.writeFile(content);
        await draft.sync();
        await draft.close();
        isOpen = false;
        await rename(draftPath, path);
      } catch (error) {
        isOpen = false;
        await unlink(draftPath).catch(() => {});
        throw cannotWrite(path, error);
      }
    },
  };
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function cannotWrite(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  return new Refusal({
    code: 'bad_file',
    message: `${path}: the file can't be written (${String(error.code)})`,
    remedy: 'check its folder and permissions',
    details: { source: path },
  });
}
