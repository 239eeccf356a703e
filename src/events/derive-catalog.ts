import { type AdEvent, type BadForm, isBadForm } from '../domain/ad-event.ts';
import { Refusal } from '../domain/errors.ts';
import type { CatalogEntries } from './catalog-entries.ts';
import type { LineParser } from './line-formats.ts';
import { linesOf, readBlocks } from './line-reader.ts';

export interface DeriveOptions {
  readonly paths: readonly string[];
  readonly parse: LineParser;
  /** The format of the line's ad unit, for logs that tell it; null where a line does not. */
  readonly adUnitFormatOf?: (line: string) => string | null;
  /** Hears of every line whose ids did not come into the catalog. */
  readonly onSkipped?: (skipped: SkippedLine) => void;
}

export interface SkippedLine {
  readonly path: string;
  readonly lineNo: number;
  readonly detail: string;
}

/** Of a log that tells no formats. */
const USUAL_FORMAT = 'banner';

interface SeenAdUnit {
  readonly appId: string;
  readonly format: string | null;
}

/**
 * A catalog of what log files mention: an app per app id, owned by a developer of the same id, and an ad unit per ad unit id. It
 * is ordered by id and, as long as no ad unit stands under two apps, does not depend on the order of lines and files. Memory
 * grows with the distinct ids, not with the lines.
 * @throws Refusal `bad_file` when a file can't be read, `no_events` when no line of any file gives an event
 */
export async function deriveCatalog(options: DeriveOptions): Promise<CatalogEntries> {
  const seen = new SeenIds();
  for (const path of options.paths) await readIds(seen, path, options);
  if (seen.apps.size === 0) {
    throw new Refusal({
      code: 'no_events',
      message: `${options.paths.join(', ')}: no line holds an event of this format${seen.firstProblem}`,
      details: { files: options.paths },
      remedy: 'check --format',
    });
  }
  const appIds = [...seen.apps].sort();
  const adUnits = [...seen.adUnits].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    developers: appIds.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    apps: appIds.map(id => ({ id, developer_id: id, name: id, category: 'website' })),
    ad_units: adUnits.map(([id, { appId, format }]) => ({ id, app_id: appId, format: format ?? USUAL_FORMAT })),
    campaigns: [],
  };
}

async function readIds(
  seen: SeenIds,
  path: string,
  { parse, adUnitFormatOf, onSkipped }: DeriveOptions,
): Promise<void> {
  for await (const block of readBlocks(path)) {
    for (const line of linesOf(block)) {
      if ('problem' in line) {
        onSkipped?.({ path, lineNo: line.lineNo, detail: `the line is unreadable: ${line.problem}` });
        continue;
      }
      if (line.text.trim() === '') continue;
      const problem = seen.add(parse(line.text), adUnitFormatOf?.(line.text) ?? null);
      if (problem !== null) onSkipped?.({ path, lineNo: line.lineNo, detail: problem });
    }
  }
}

class SeenIds {
  readonly apps = new Set<string>();
  readonly adUnits = new Map<string, SeenAdUnit>();
  firstProblem = '';

  /** Why nothing could be taken from the line; null when it was. */
  add(event: AdEvent | BadForm, format: string | null): string | null {
    const problem = isBadForm(event) ? event.detail : this.#addIds(event, format);
    if (problem !== null && this.firstProblem === '') this.firstProblem = ` (${problem})`;
    return problem;
  }

  #addIds({ appId, adUnitId }: AdEvent, format: string | null): string | null {
    const unfit = [appId, adUnitId].find(id => id.startsWith('_') || id.trim() !== id);
    if (unfit !== undefined)
      return `no catalog takes the id "${unfit}"; begin and end ids with a character other than "_" and space`;
    const known = this.adUnits.get(adUnitId);
    if (known !== undefined && known.appId !== appId) {
      return `ad_unit_id "${adUnitId}" stands under app "${appId}" and app "${known.appId}"; an ad unit belongs to one app`;
    }
    this.apps.add(appId);
    if (known === undefined || (format !== null && (known.format === null || format < known.format))) {
      this.adUnits.set(adUnitId, { appId, format });
    }
    return null;
  }
}
