import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { topic } from '@countersign/contracts';
import type { DrillResponse, PublicJwk } from '@countersign/contracts';
import { secretFile, serviceKey } from '@countersign/service-host';
import type { Local } from '../local.ts';
import { keyOf } from '../people/local-people.ts';
import type { Cast } from './bench-run.ts';
import { startNode } from './child.ts';
import type { Child } from './child.ts';
import { decideSubject } from './decide-subject.ts';
import { percentile, rounded } from './measured.ts';
import type { Results } from './measured.ts';
import { staff, startServices } from './own-services.ts';
import { person, register, startLoad } from './suspend.ts';
import { benchGraph, benchPack } from './thousand-rules.ts';

const tenant = 'acme', names = ['desk', 'bank', 'ledger'], workers = 20, warmMs = 2_000, mostSeconds = 25;
/**
 * Half of what policy answers at its peak where supervision, which reads all of it, the broker and the load share two cores with it: 3,800/s sent were
 * answered at 1,843/s. Policy alone takes more (README, Measured).
 */
const rate = 900, wantedMs = 250;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** halt.enforced.*: from issuing a halt to the last of policy's members, supervision's claims and tool guards that has confirmed it, beside half of policy's peak load. */
export const benchHalt = async (local: Local, { quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const place = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const pack = await benchPack();
  const { bus, namespace, stop } = await startServices(local, place, pack, { registry: {}, supervision: {}, policy: {} });
  let guards: Child | undefined;
  try {
    let printed = '';
    guards = await startNode('guards', [fileURLToPath(new URL('./guards.js', import.meta.url)), local.kafka!, local.secrets, tenant, namespace, ...names], { ready: async (output) => { printed = output; return output.includes('watching'); } });
    const guardKeys = JSON.parse(/^keys (.*)$/m.exec(printed)![1]!) as readonly PublicJwk[];
    const operator = await staff(local, place, [person]);
    await operator.request('registry', 'POST', '/tools', { tools: pack.tools });
    await operator.request('registry', 'POST', '/graph', { nodes: benchGraph.map(({ node, kind, title, owner, dependsOn, marks, paths }) => ({ node, kind, title, owner, dependsOn, marks, paths })) });
    const agents = Array.from({ length: workers }, (_, n) => `clerk-${n}`);
    await register(operator, agents);
    for (const [n, guard] of names.entries()) await operator.request('supervision', 'POST', '/enforcement/guards', { guard, key: guardKeys[n]!, reason: 'measured' });
    const cast: Cast = { tenant, registryKey: serviceKey(local.secrets, 'registry'), person: { id: person.person, key: keyOf(place, person.person) }, agents, proofSecret: secretFile(local.secrets, 'proof-secret') };
    const load = decideSubject(local, { ...cast, pack, bundleFolder: '', stop: async () => undefined });
    let answered = 0;
    const replies = await bus.follow({ topics: [topic.runsReplies], from: 'now', onBatch: (messages) => { answered += messages.length; } });
    await replies.ready;
    const taken: number[] = [], of = new Set<number>(), slow: DrillResponse[] = [];
    const messages = load.messages(rate * mostSeconds), loading = startLoad(bus, messages, rate), begun = performance.now(), begunAt = Date.now();
    try {
      await sleep(warmMs);
      // Not in step with anything that goes by the clock.
      for (let n = 0; n < (quick ? 50 : 100); n++) {
        await sleep(40 + n * 37 % 60);
        const drilled = await operator.request<DrillResponse>('supervision', 'POST', '/drills', { reason: 'measured' });
        if (drilled.lastMs === null) throw new Error(`not confirmed within 5 s by ${drilled.points.filter(({ ms }) => ms === null).map(({ point }) => point).join(', ')}`);
        taken.push(drilled.lastMs);
        if (drilled.lastMs > wantedMs) slow.push(drilled);
        of.add(drilled.of);
      }
    } finally {
      await loading.stop().catch((error: Error) => { tell(error.message); });
    }
    // Who was late tells where the time went: all of them, and the topic was; one of them, and it was that one.
    for (const { at, points } of slow) tell(`halt: ${Math.round(at - begunAt)} ms after the load began: ${points.map(({ point, ms }) => `${point} ${ms}`).join(', ')}`);
    const seconds = (performance.now() - begun) / 1_000, decided = answered / seconds;
    await replies.stop();
    const sorted = taken.sort((a, b) => a - b), at = (share: number): number => rounded(percentile(sorted, share));
    tell(`halt: ${taken.length} drills beside ${rate} messages/s sent (${Math.round(decided)}/s answered meanwhile): p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ${[...of].join(' or ')} points`);
    return {
      'halt.enforced.p50_ms': { value: at(0.5), unit: 'ms' },
      'halt.enforced.p99_ms': { value: at(0.99), unit: 'ms', note: `from issuing a halt to the last confirmation heard by supervision, by ${[...of].join(' or ')} points (members of policy, claims, three tool guards), ${taken.length} drills beside ${rate} messages/s through policy with 1,000 rules (${Math.round(decided)}/s answered)` },
    };
  } finally {
    await guards?.stop();
    await stop();
    await rm(place, { recursive: true, force: true });
  }
};
