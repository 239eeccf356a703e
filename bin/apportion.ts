#!/usr/bin/env node
import { keepCompiled } from '../src/embedded/compile-cache.ts';

keepCompiled();
const { main } = await import('../src/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
