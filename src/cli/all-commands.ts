import type { Command } from 'commander';
import type { CommandRegistry } from './command.ts';

type Register = (program: Command, registry: CommandRegistry) => void;

/** Commands that one module registers. */
export interface Family {
  /** What a command line that is theirs begins with. */
  readonly words: readonly string[];
  load(): Promise<Register>;
}

/** Every command there is, in the order of the help. */
export const FAMILIES: readonly Family[] = [
  {
    words: ['up', 'down', 'migrate'],
    load: async () => (await import('./commands/services.ts')).registerServices,
  },
  { words: ['catalog'], load: async () => (await import('./commands/catalog.ts')).registerCatalog },
  { words: ['plans'], load: async () => (await import('./commands/plans.ts')).registerPlans },
  { words: ['traffic'], load: async () => (await import('./commands/traffic.ts')).registerTraffic },
  { words: ['providers'], load: async () => (await import('./commands/providers.ts')).registerProviders },
  { words: ['generate'], load: async () => (await import('./commands/generate.ts')).registerGenerate },
  { words: ['ingest'], load: async () => (await import('./commands/ingest.ts')).registerIngest },
  {
    words: ['invalidate', 'reinstate', 'invalidations'],
    load: async () => (await import('./commands/invalidate.ts')).registerInvalidate,
  },
  { words: ['settle'], load: async () => (await import('./commands/settle.ts')).registerSettle },
  { words: ['rejected'], load: async () => (await import('./commands/rejected.ts')).registerRejected },
  { words: ['runs'], load: async () => (await import('./commands/runs.ts')).registerRuns },
  { words: ['simulate'], load: async () => (await import('./commands/simulate.ts')).registerSimulate },
  { words: ['statement'], load: async () => (await import('./commands/statement.ts')).registerStatement },
  { words: ['statements'], load: async () => (await import('./commands/statements.ts')).registerStatements },
  { words: ['status'], load: async () => (await import('./commands/status.ts')).registerStatus },
  { words: ['ledger'], load: async () => (await import('./commands/ledger.ts')).registerLedger },
  { words: ['explain'], load: async () => (await import('./commands/explain.ts')).registerExplain },
  { words: ['verify'], load: async () => (await import('./commands/verify.ts')).registerVerify },
  { words: ['periods'], load: async () => (await import('./commands/periods.ts')).registerPeriods },
  { words: ['persons'], load: async () => (await import('./commands/persons.ts')).registerPersons },
  { words: ['decisions'], load: async () => (await import('./commands/decisions.ts')).registerDecisions },
  { words: ['holds'], load: async () => (await import('./commands/holds.ts')).registerHolds },
  { words: ['funds'], load: async () => (await import('./commands/funds.ts')).registerFunds },
  { words: ['payouts'], load: async () => (await import('./commands/payouts.ts')).registerPayouts },
  { words: ['audit'], load: async () => (await import('./commands/audit.ts')).registerAudit },
];

/** Those that a command line may be for: what others need is not loaded, for that is most of a command's start. */
export async function familiesFor(word: string | undefined): Promise<readonly Register[]> {
  const its = FAMILIES.find(({ words }) => word !== undefined && words.includes(word));
  return await Promise.all((its === undefined ? FAMILIES : [its]).map(family => family.load()));
}
