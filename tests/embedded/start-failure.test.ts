import { expect, test } from 'vitest';
import { explainStartFailure } from '../../src/embedded/start-failure.ts';

const place = { folder: '/nowhere/data', logFile: '/nowhere/log/postgres.log' };

test.each([
  {
    lines: [
      'initdb: error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file',
    ],
    code: 'missing_library',
    message:
      "Postgres can't start: the library libatomic.so.1 is missing; install it (Debian and Ubuntu: apt-get install libatomic1)",
  },
  {
    lines: [
      'copying files ... ',
      'initdb: error: could not write to file "/nowhere/data/postgresql.conf": No space left on device',
      'initdb: removing contents of data directory "/nowhere/data"',
    ],
    code: 'disk_full',
    message: "Postgres can't start: the disk that holds /nowhere/data is full; free some space",
  },
  {
    lines: ['2026-11-22 12:00:00.000 UTC [7] FATAL:  could not open file "global/pg_control": Permission denied'],
    code: 'home_not_usable',
    message:
      'Postgres can\'t start in /nowhere/data: could not open file "global/pg_control": Permission denied; make it writable; log: /nowhere/log/postgres.log',
  },
  {
    lines: [
      '2026-11-22 12:00:00.000 UTC [7] LOG:  starting PostgreSQL 18.4',
      '2026-11-22 12:00:00.000 UTC [7] PANIC:  could not locate a valid checkpoint record at 0/1B81128',
      '2026-11-22 12:00:00.000 UTC [7] LOG:  database system is shut down',
    ],
    code: 'server_not_started',
    message:
      "Postgres can't start in /nowhere/data: could not locate a valid checkpoint record at 0/1B81128; log: /nowhere/log/postgres.log",
  },
  {
    lines: [],
    code: 'server_not_started',
    message: "Postgres can't start in /nowhere/data: it ended without a word; log: /nowhere/log/postgres.log",
  },
])('$code is told in one line: $message', ({ lines, code, message }) => {
  const refusal = explainStartFailure({ server: 'Postgres', ...place, lines });
  expect(refusal).toMatchObject({ code, message, exitCode: 3, details: { ...place, lastLines: lines } });
});
