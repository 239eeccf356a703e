-- What else is recorded under the one numbering of versions, so that a run's cutoff names all that it knew: who accepted a plan,
-- service providers with their ratios and the confirmations of these, traffic policies, and invalidations with their reinstatements.
alter table reference_versions
  drop constraint reference_versions_kind,
  add constraint reference_versions_kind
    check (kind in ('catalog', 'plans', 'acceptance', 'providers', 'confirmation', 'traffic', 'invalidation', 'reinstatement'));
