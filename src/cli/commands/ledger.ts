import type { Command } from 'commander';
import type { CommandRegistry } from '../command.ts';
import { registerAgeing } from './ledger-ageing.ts';
import { registerBalances } from './ledger-balances.ts';
import { registerRevenue } from './ledger-revenue.ts';
import { registerTransfers } from './ledger-transfers.ts';
import { registerTrialBalance } from './ledger-trial-balance.ts';

export function registerLedger(program: Command, registry: CommandRegistry): void {
  const ledger = program
    .command('ledger')
    .description("finance's queries")
    .addHelpText('after', '\nExample:\n  npx apportion ledger trial-balance');
  registerTransfers(ledger, registry);
  registerBalances(ledger, registry);
  registerTrialBalance(ledger, registry);
  registerAgeing(ledger, registry);
  registerRevenue(ledger, registry);
}
