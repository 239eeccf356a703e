/** What docs/formats.md says of an iPinYou line; nothing here comes from the program. */
import { createHash } from 'node:crypto';
import { type LineReading, readFields } from './read-line.ts';

const COLUMNS = 24;
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/;

export function readIpinyouLine(line: string): LineReading {
  const columns = line.split('\t');
  if (columns.length !== COLUMNS) return { reason: 'bad_columns' };
  // As the page counts them, from 1.
  const at = (column: number) => (columns[column - 1] === 'null' ? null : columns[column - 1]);
  const [id, domain, slot] = [at(1), at(10), at(13)];
  const isClick = at(3) === '2';
  return readFields({
    id,
    type: { 1: 'impression', 2: 'click' }[at(3) ?? ''],
    occurred_at: (at(2) ?? '').replace(TIME, '$1-$2-$3T$4:$5:$6.$7+08:00'),
    app_id: domain,
    ad_unit_id: adUnitId(String(domain), String(slot)),
    currency: 'CNY',
    price: isClick ? '0' : yuan(at(21) ?? ''),
    impression_id: isClick ? id : null,
    device_id: at(4),
    user_agent: at(5),
    ip: at(6),
  });
}

function adUnitId(domain: string, slot: string): string {
  const plain = `${domain}/${slot}`;
  if (plain.length <= 64 && !domain.includes('/')) return plain;
  return createHash('sha256').update(`${domain}\t${slot}`).digest('hex');
}

/** Of fen, which are hundredths. */
function yuan(fen: string): string {
  return fen.padStart(3, '0').replace(/(\d\d)$/, '.$1');
}
