import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Rooms whose files take longest, since they start servers and programs. */
const LONG = ['fault', 'embedded', 'cli', 'model'];

/** So that no worker is left with a long file when all others are through; the times of earlier runs are not known in a fresh clone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const [, room = ''] = relative(this.ctx.config.root, moduleId).split('/');
      return LONG.includes(room) ? LONG.indexOf(room) : LONG.length;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
