import { Command } from 'commander';
import { expect, test } from 'vitest';
import { FAMILIES } from '../../src/cli/all-commands.ts';

test.each(FAMILIES.map(family => [family.words.join(', '), family] as const))(
  'the module that is loaded for %s registers just that',
  async (_, { words, load }) => {
    const program = new Command('apportion');
    const register = await load();
    register(program, { on: () => {}, onRecord: () => {} });
    expect(program.commands.map(command => command.name())).toEqual(words);
  },
);
