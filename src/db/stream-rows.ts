import type pg from 'pg';
import QueryStream from 'pg-query-stream';

const ROWS_AT_A_TIME = 1_000;

/** The rows of a query one by one through a cursor, however many there are; the client belongs to the loop until it ends. */
export async function* streamRows<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  text: string,
  values: unknown[],
  rowsAtATime = ROWS_AT_A_TIME,
): AsyncGenerator<Row> {
  const stream = client.query(new QueryStream(text, values, { batchSize: rowsAtATime }));
  for await (const row of stream) yield row as Row;
}
