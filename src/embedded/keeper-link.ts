import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { KEEPER_SOCKET } from './home-folder.ts';
import { shortPath } from './short-path.ts';

/** Exit code of a keeper that found another one serving its home. */
export const SERVED_BY_ANOTHER = 75;

/** What a command asks of the keeper: one JSON object a line. It is attached for as long as the connection stands. */
const request = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('attach'), redis: z.enum(['auto', 'off']), graceMs: z.number().int().min(0) }),
  z.object({ ask: z.literal('stop') }),
]);

const reply = z.discriminatedUnion('say', [
  z.object({
    say: z.literal('ready'),
    keeperPid: z.number().int(),
    postgresVersion: z.string(),
    redis: z.object({ version: z.string(), origin: z.string() }).nullable(),
  }),
  z.object({
    say: z.literal('refused'),
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
  /** To everybody attached: the servers are being stopped on request, so don't start them again. */
  z.object({ say: z.literal('ending') }),
]);

export type KeeperRequest = z.infer<typeof request>;
export type KeeperReply = z.infer<typeof reply>;

export function sendRequest(socket: net.Socket, message: KeeperRequest): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

export function sendReply(socket: net.Socket, message: KeeperReply): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

export function onRequests(socket: net.Socket, take: (message: KeeperRequest) => void): void {
  onLines(socket, line => take(request.parse(JSON.parse(line))));
}

export function onReplies(socket: net.Socket, take: (message: KeeperReply) => void): void {
  onLines(socket, line => take(reply.parse(JSON.parse(line))));
}

/** A connection to the keeper of this home; null where none listens. */
export async function connectToKeeper(keeperFolder: string): Promise<net.Socket | null> {
  const folder = shortPath(keeperFolder, KEEPER_SOCKET);
  const socket = net.connect({ path: path.join(folder.path, KEEPER_SOCKET) });
  const { promise, resolve } = Promise.withResolvers<net.Socket | null>();
  socket.once('connect', () => resolve(socket));
  // Also later, a keeper that is killed must not end its clients: 'close' tells them.
  socket.on('error', () => resolve(null));
  try {
    return await promise;
  } finally {
    folder.release();
  }
}

/** Resolves once the connection is closed, by whom or what ever; unlike events.once, an error is no reason to reject. */
export async function closeOf(socket: net.Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (socket.closed) resolve();
  socket.once('close', () => resolve());
  await promise;
}

function onLines(socket: net.Socket, take: (line: string) => void): void {
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
  // readline repeats the socket's errors.
  lines.on('error', () => {});
  lines.on('line', line => {
    try {
      take(line);
    } catch {
      // Only another program, or another version of this one, talks in a way that can't be read.
      socket.destroy();
    }
  });
}
