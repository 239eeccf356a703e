-- What else is recorded under the one numbering of versions, so that a run's cutoff names all that it knew: who accepted a plan, the
-- confirmations of providers' terms, traffic policies, invalidations with their reinstatements, holds and incentive funds.
alter table reference_versions
  drop constraint reference_versions_kind,
  add constraint reference_versions_kind
    check (kind in ('catalog', 'plans', 'acceptance', 'confirmation', 'traffic', 'invalidation', 'reinstatement', 'hold', 'fund'));
