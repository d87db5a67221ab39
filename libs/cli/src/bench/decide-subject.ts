import { fileURLToPath } from 'node:url';
import type { Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { Reply } from '@countersign/contracts';
import { createKeySet, verifyGrant } from '@countersign/identity';
import { secretFile, serviceKeys } from '@countersign/service-host';
import type { Local } from '../local.ts';
import { faultOf, openRun } from './bench-run.ts';
import type { Expected as Answer } from './bench-run.ts';
import { answersReady, profiled, startNode } from './child.ts';
import type { Subject } from './flow.ts';
import { sessionOf } from './sessions.ts';
import type { StandIns } from './stand-ins.ts';

const tenant = process.env['CS_TENANT'] ?? 'acme';
const together = 100; // runs under way at a time

interface Expected extends Answer { readonly index: number; readonly jkt: string }

/** One policy process: inbox in, replies out, everything on. The bench process plays everybody else. */
export const decideSubject = (local: Local, standIns: StandIns, options: { readonly profile?: string } = {}): Subject & { readonly counts: () => Readonly<Record<string, number>> } => {
  const cast = { ...standIns, tenant, proofSecret: secretFile(local.secrets, 'proof-secret') };
  const keys = createKeySet(serviceKeys(local.secrets).jwks);
  const main = fileURLToPath(new URL('../../../../services/policy/dist/main.js', import.meta.url));
  const counts: Record<string, number> = {};
  let expected = new Map<string, Expected>();
  let opened = 0;
  const next = () => { const n = opened++; return openRun(n, sessionOf(n, standIns.pack.office), cast); };
  let grants = 0;
  return {
    name: 'decide', output: topic.runsReplies, counts: () => counts,
    messages: (count) => {
      expected = new Map();
      const open = Array.from({ length: together }, () => next());
      const made: Outgoing[] = [];
      for (let turn = 0; made.length < count; turn += 1) {
        const at = turn % together;
        const said = open[at]!.next();
        if (said === undefined) { open[at] = next(); continue; }
        const { run, jkt, seq } = open[at]!;
        expected.set(`${run}/${seq - 1}`, { index: made.length, jkt, ...(said.step && { step: said.step }), ...(said.action && { action: said.action }) });
        made.push(said.message);
      }
      return made;
    },
    start: () => startNode('policy', [main], {
      // As infra/local starts it.
      nodeOptions: ['--min-semi-space-size=128', '--max-semi-space-size=128', ...profiled(options.profile)],
      env: {
        CS_BUS: 'kafka', CS_KAFKA_BROKERS: local.kafka!, CS_POSTGRES_URL: local.postgres['policy']!, CS_HTTP_PORT: new URL(local.http.policy).port,
        CS_SECRETS_DIR: local.secrets, CS_TENANT: tenant, CS_POLICY_BUNDLE: standIns.bundleFolder, CS_POLICY_BUNDLE_NAME: 'bench', CS_LOG_LEVEL: 'warn',
      },
      ready: answersReady(local.http.policy),
    }),
    readAnswer: ({ value }) => {
      const reply = JSON.parse(value!.toString()) as Reply;
      const known = expected.get(`${reply.run}/${reply.seq}`);
      if (known === undefined) return undefined;
      const what = known.step === undefined ? 'noted' : `${reply.decision} ${reply.tier}`;
      counts[what] = (counts[what] ?? 0) + 1;
      let wrong = faultOf(reply, known);
      // Signatures of every hundredth grant are verified: all of them would take longer than the measurement.
      if (wrong === undefined && reply.grant !== null && (grants += 1) % 100 === 0) {
        const verified = verifyGrant(reply.grant, keys, { now: Date.now(), audience: 'demo-tools' });
        if (!verified.ok && verified.code !== 'expired') wrong = `a grant does not verify: ${verified.code}`;
      }
      return wrong === undefined ? { index: known.index } : { index: known.index, wrong };
    },
  };
};
