/** A small world of one developer: apps `app-1` …, each with the ad unit `unit-1` …. */
export function smallCatalog(apps = 1, { category = 'tools' }: { readonly category?: string } = {}): object {
  const numbers = Array.from({ length: apps }, (_, index) => index + 1);
  return {
    developers: [{ id: 'dev', name: 'Dev', type: 'company', country: 'CN' }],
    apps: numbers.map(number => ({ id: `app-${number}`, developer_id: 'dev', name: `App ${number}`, category })),
    ad_units: numbers.map(number => ({ id: `unit-${number}`, app_id: `app-${number}`, format: 'banner' })),
  };
}

/** A line of NDJSON: an impression of `app-1`, or whatever `fields` make of it. */
export function eventLine(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    id: 'e1',
    type: 'impression',
    occurred_at: '2018-04-15T10:00:00+08:00',
    app_id: 'app-1',
    ad_unit_id: 'unit-1',
    currency: 'CNY',
    price: '1.00',
    ...fields,
  });
}
