import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ListeningClient } from '../../src/queue/listening-client.ts';

/** A message of Postgres' protocol: its kind, its length, its body. */
function message(kind: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(kind), length, body]);
}

const WELCOME = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const FATAL = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'),
);

test('a server that goes away in the moment of connecting does not end the process', async () => {
  const server = createServer(socket => {
    socket.once('data', () => socket.end(Buffer.concat([WELCOME, READY, FATAL])));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new ListeningClient({ host: '127.0.0.1', port, user: 'any', database: 'any' });
  const ended = new Promise<void>(resolve => client.once('end', resolve));
  await client.connect();
  await ended;
  // Nothing was thrown meanwhile, which would fail this run.
  await expect(client.query('select 1')).rejects.toThrow();
});
