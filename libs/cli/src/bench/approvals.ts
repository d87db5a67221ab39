import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topic } from '@countersign/contracts';
import type { ApprovalList, ApprovalView, Reply, ServiceEvent } from '@countersign/contracts';
import { generateKey, signPersonStatement } from '@countersign/identity';
import { secretFile, serviceKey } from '@countersign/service-host';
import type { Local } from '../local.ts';
import { activate, governed } from '../people/activate.ts';
import { createClient } from '../people/client.ts';
import { keyOf } from '../people/local-people.ts';
import { openRun } from './bench-run.ts';
import type { Cast } from './bench-run.ts';
import { percentile, rounded } from './measured.ts';
import type { Results } from './measured.ts';
import { staff, startServices } from './own-services.ts';
import type { Script } from './sessions.ts';
import { benchGraph, benchPack } from './thousand-rules.ts';

const tenant = 'acme', perRun = 50;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
const owners = Array.from({ length: 10 }, (_, n) => ({ person: `uma-${n}`, name: `Uma ${n}`, roles: ['user', 'agent-owner'] }));
const voter = { person: 'rita', name: 'Rita', roles: ['release-manager'] };

/** Every step asks people: a release to production, each of another build. */
const asking = (n: number): Script => ({
  instruction: 'Release what passed its tests.',
  steps: Array.from({ length: perRun }, (_, i) => ({ tool: 'release.deploy', args: { service: 'web', build: `web-${n}-${i}`, environment: 'production' }, why: 'It passed.', result: '', pending: true as const, expect: { decision: 'step_up', tier: 3 } as const })),
});

const until = async (what: string, withinMs: number, done: () => boolean): Promise<void> => {
  for (const end = performance.now() + withinMs; !done(); await sleep(20)) if (performance.now() > end) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
};

/**
 * approvals.*: so many open approvals, each with a reminder; how late reminders are (the broker's time of the event against when it was due), how long it
 * takes from a vote to its grant beside them, and whether memory grows while they wait.
 */
export const benchApprovals = async (local: Local, { quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const open = quick ? 1_000 : 10_000, votes = quick ? 50 : 200, remindAfterMs = quick ? 30_000 : 75_000;
  const place = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const pack = await benchPack();
  // Every rule gives half an hour: the fraction of it after which people are reminded.
  const spec = { ...pack.spec, people: { clock: { remind: [remindAfterMs / 1_800_000] } } };
  const { bus, stop, memoryMb } = await startServices(local, place, { ...pack, spec }, {
    registry: {}, policy: {}, approvals: { CS_APPROVALS_OPEN_PER_OWNER: '1100', CS_APPROVALS_FRICTION: 'report' },
  });
  try {
    const operator = await staff(local, place, [...owners, voter]);
    await operator.request('registry', 'POST', '/tools', { tools: pack.tools });
    await operator.request('registry', 'POST', '/graph', { nodes: benchGraph.map(({ node, kind, title, owner: by, dependsOn, marks, paths }) => ({ node, kind, title, owner: by, dependsOn, marks, paths })) });
    // Ten agents of each owner: as many as may wait for people at once, and no more, of each.
    const agents = owners.flatMap((owner, o) => Array.from({ length: 10 }, (_, n) => ({ agent: `releaser-${o}-${n}`, owner: owner.person })));
    for (const { agent, owner } of agents) await operator.request('registry', 'POST', '/agents', { agent, name: agent, owner, ...governed(owner), purpose: 'bench', roles: ['clerk'], permissions: ['release.*'], ceiling: 2, environment: 'bench', runtimeTrusted: true, limits: { calls: 1_000, money: null }, key: generateKey(`${agent}-1`).publicJwk });
    await activate(operator, agents.map(({ agent }) => agent), 'bench');
    const cast: Cast = { tenant, registryKey: serviceKey(local.secrets, 'registry'), person: { id: owners[0]!.person, key: keyOf(place, owners[0]!.person) }, agents: agents.map(({ agent }) => agent), proofSecret: secretFile(local.secrets, 'proof-secret') };
    let requested = 0, wrong: string | undefined;
    const late: number[] = [], granted = new Map<string, number>();
    const following = await bus.follow({ topics: [topic.approvalsEvents, topic.runsReplies], from: 'now', onBatch: (messages) => {
      const at = performance.now();
      for (const message of messages) {
        const value = JSON.parse(message.value!.toString()) as unknown;
        if (message.topic.endsWith(topic.approvalsEvents)) {
          const { type, data } = value as ServiceEvent;
          if (type === 'requested') requested += 1;
          if (type === 'reminded') late.push(message.timestamp - (data as unknown as { due: number }).due);
        } else {
          const reply = value as Reply;
          if (reply.kind === 'refused') wrong ??= `${reply.code} ${reply.detail ?? ''}`;
          if (reply.kind === 'decided' && reply.grant !== null && reply.action !== null) granted.set(reply.action, at);
        }
      }
    } });
    await following.ready;
    const before = memoryMb('approvals');
    const begun = performance.now();
    for (let n = 0; n < open / perRun; n += 1) {
      const run = openRun(n, asking(n), cast);
      const messages = [];
      for (let said = run.next(); said !== undefined && messages.length <= perRun; said = run.next()) messages.push(said.message);
      await bus.publish(messages);
    }
    await until(`${open} approvals are open (${String(wrong)})`, 170_000, () => requested >= open || wrong !== undefined);
    if (wrong !== undefined) throw new Error(wrong);
    const filled = memoryMb('approvals'), openedIn = performance.now() - begun;
    tell(`approvals: ${open} open after ${rounded(openedIn / 1_000)} s; memory ${before} → ${filled} MB; ${late.length} reminders so far`);
    const person = createClient({ http: local.http, as: { person: voter.person, key: keyOf(place, voter.person) } });
    const { approvals } = await person.request<ApprovalList>('approvals', 'GET', '/approvals?status=open');
    const took: number[] = [];
    for (const one of approvals.slice(0, votes)) {
      const jws = signPersonStatement('vote', { sub: voter.person, approval: one.approval, digest: one.digest, vote: 'approve', reason: 'tests are green', iat: Math.floor(Date.now() / 1_000) }, keyOf(place, voter.person));
      const castAt = performance.now();
      await person.request<ApprovalView>('approvals', 'POST', `/approvals/${one.approval}/votes`, { jws });
      await until(`the grant for ${one.action}`, 10_000, () => granted.has(one.action));
      took.push(granted.get(one.action)! - castAt);
    }
    // Who was approved before its reminder is reminded of nothing.
    const expected = open - votes;
    await until(`${expected} reminders (${late.length})`, remindAfterMs + 60_000, () => late.length >= expected);
    await sleep(1_000);
    const sorted = late.toSorted((a, b) => a - b), times = took.toSorted((a, b) => a - b);
    await following.stop();
    const memory = `memory of the service ${before} MB empty, ${filled} MB with ${open} open, ${memoryMb('approvals')} MB at the end`;
    return {
      'approvals.timer.p99_ms': { value: rounded(percentile(sorted, 0.99)), unit: 'ms', note: `${late.length} reminders of ${open} open approvals, due over ${rounded(openedIn / 1_000)} s: p50 ${rounded(percentile(sorted, 0.5))}, longest ${rounded(sorted.at(-1)!)} ms after they were due, by the broker's time; ${late.length > open ? 'DOUBLED' : 'none twice'}; ${memory}` },
      'approvals.vote_to_grant.p99_ms': { value: rounded(percentile(times, 0.99)), unit: 'ms', note: `${votes} votes one after the other over HTTP until the grant is read, beside ${open} open approvals: p50 ${rounded(percentile(times, 0.5))} ms` },
    };
  } finally {
    await stop();
    await rm(place, { recursive: true, force: true });
  }
};
