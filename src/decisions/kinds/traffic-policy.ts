import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { textField } from '../../catalog/file-fields.ts';
import { recordTraffic } from '../../settlement/import-traffic.ts';
import { MOST_NETWORKS, parseNetworks } from '../../traffic/network-file.ts';
import { MOST_POLICIES, parsePolicies } from '../../traffic/policy-file.ts';
import { fileNamed, referenceKind } from '../reference-kind.ts';

const POLICIES = `write a list of at most ${MOST_POLICIES} policies, or {"file": "a file beside this one"}, as "traffic import" takes it`;
const NETWORKS = `write a list of at most ${MOST_NETWORKS} networks, {"file": "a file beside this one"}, or leave it out`;

const parameters = strictEntry({
  traffic_policies: z.array(z.unknown(), POLICIES).max(MOST_POLICIES, POLICIES),
  data_centres: z.array(textField(64), NETWORKS).max(MOST_NETWORKS, NETWORKS).optional(),
});

/** What is asked of traffic before it counts, and the networks of data centres. Days that other events may be judged on become due. */
export const trafficPolicy = referenceKind<z.output<typeof parameters>>({
  name: 'traffic_policy',
  parameters,

  complete: async (_tx, given, beside) => {
    const { file: _, ...others } = given as Readonly<Record<string, unknown>>;
    const [policiesFile, networksFile] = [fileNamed(given), fileNamed(others.data_centres)];
    const policies = policiesFile === null ? null : await beside(policiesFile);
    const networks = networksFile === null ? null : await beside(networksFile);
    if (policies !== null) parsePolicies(policies.text, policies.source);
    return {
      parameters: {
        ...(policies === null ? (given as object) : { ...others, ...JSON.parse(policies.text) }),
        ...(networks === null ? {} : { data_centres: parseNetworks(networks.text, networks.source) }),
      },
      evidence: [policies, networks].flatMap(each => each?.evidence ?? []),
    };
  },

  record: async (tx, { traffic_policies, data_centres }, { at }) => {
    const policies = parsePolicies(JSON.stringify({ traffic_policies }), 'parameters');
    const networks =
      data_centres === undefined ? null : parseNetworks(data_centres.join('\n'), 'parameters.data_centres');
    return (await recordTraffic(tx, { policies, networks }, { recordedAt: at })).due;
  },
});
