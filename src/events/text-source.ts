import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip, createZstdDecompress, type Gunzip, ZstdDecompress } from 'node:zlib';

/** Of a damaged file, what was unpacked into a whole chunk still counts. */
const UNPACKED_BYTES = 1 << 18;
const PACKED_BYTES = 1 << 20;

/** A file's bytes, unpacked where it is packed. */
export interface TextSource {
  /** Of the file as it lies on disk. */
  readonly bytesRead: number;
  /** Whether the file goes on behind the end of what is packed. */
  readonly goesOn: boolean;
  /** Puts the next bytes into the room, from `at` on. @returns how many; 0 behind the last */
  read(room: Buffer, at: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a plain, gzip or zstd file, which its first bytes tell. */
export async function openText(path: string): Promise<TextSource> {
  const file = await open(path);
  const magic = Buffer.alloc(4);
  try {
    await file.read(magic, 0, magic.length, 0);
  } catch (error) {
    await file.close();
    throw error;
  }
  const isGzip = magic[0] === 0x1f && magic[1] === 0x8b;
  const isZstd = magic.readUInt32LE(0) === 0xfd2f_b528;
  if (!isGzip && !isZstd) return new PlainText(file);
  await file.close();
  const options = { chunkSize: UNPACKED_BYTES };
  return new PackedText(path, isGzip ? createGunzip(options) : createZstdDecompress(options));
}

class PlainText implements TextSource {
  bytesRead = 0;
  readonly goesOn = false;
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async read(room: Buffer, at: number): Promise<number> {
    const { bytesRead } = await this.#file.read(room, at, room.length - at, this.bytesRead);
    this.bytesRead += bytesRead;
    return bytesRead;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

class PackedText implements TextSource {
  readonly #file: ReadStream;
  readonly #unpack: Gunzip | ZstdDecompress;
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(path: string, unpack: Gunzip | ZstdDecompress) {
    this.#file = createReadStream(path, { highWaterMark: PACKED_BYTES });
    this.#file.on('error', error => unpack.destroy(error));
    this.#unpack = this.#file.pipe(unpack);
    this.#chunks = this.#unpack[Symbol.asyncIterator]();
  }

  get bytesRead(): number {
    return this.#file.bytesRead;
  }

  // Node ends at the first bytes that are no zstd, and says nothing; for gzip that is an error, but for a padding of zeros.
  get goesOn(): boolean {
    return this.#unpack instanceof ZstdDecompress && this.#unpack.bytesWritten < this.#file.bytesRead;
  }

  async read(room: Buffer, at: number): Promise<number> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return 0;
      this.#chunk = value;
    }
    const count = this.#chunk.copy(room, at);
    this.#chunk = this.#chunk.subarray(count);
    return count;
  }

  async close(): Promise<void> {
    this.#file.destroy();
    this.#unpack.destroy();
  }
}
