import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus, Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { AgentSnapshot, Reply } from '@countersign/contracts';
import { createKeySet, generateKey } from '@countersign/identity';
import { secretFile, serviceKey, serviceKeys } from '@countersign/service-host';
import { createHaltView } from '@countersign/tool-guard';
import type { Local } from '../local.ts';
import { activate, governed } from '../people/activate.ts';
import type { Client } from '../people/client.ts';
import { keyOf } from '../people/local-people.ts';
import type { Cast } from './bench-run.ts';
import { decideSubject } from './decide-subject.ts';
import { percentile, rounded } from './measured.ts';
import type { Results } from './measured.ts';
import { staff, startServices } from './own-services.ts';
import { createProbe } from './suspend-probe.ts';
import type { Probe, Stopped } from './suspend-probe.ts';
import { benchGraph, benchPack } from './thousand-rules.ts';

const tenant = 'acme', workers = 20, perRound = 10, rate = 1_000, warmMs = 2_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
export const person = { person: 'uma', name: 'Uma', roles: ['user', 'agent-owner'] };

export const register = async (operator: Client, agents: readonly string[]): Promise<void> => {
  for (const agent of agents) await operator.request('registry', 'POST', '/agents', { agent, name: agent, owner: person.person, ...governed(person.person), purpose: 'bench', roles: ['clerk'], permissions: ['ledger.*', 'payments.*', 'care.*', 'release.*', 'office.*'], ceiling: 2, environment: 'bench', runtimeTrusted: true, limits: { calls: 1_000, money: null }, key: generateKey(`${agent}-1`).publicJwk });
  await activate(operator, agents, 'bench');
};

/** Sends at a steady rate, whatever comes back, until told to stop. */
export const startLoad = (bus: Bus, messages: readonly Outgoing[], perSecond = rate): { readonly stop: () => Promise<number> } => {
  let over = false;
  const running = (async () => {
    const begun = performance.now();
    const sends: Promise<void>[] = [];
    let sent = 0;
    while (!over && sent < messages.length) {
      const due = Math.min(messages.length, Math.floor((performance.now() - begun) * perSecond / 1_000));
      if (due > sent) sends.push(bus.publish(messages.slice(sent, due)));
      sent = Math.max(sent, due);
      await sleep(1);
    }
    await Promise.all(sends);
    if (!over) throw new Error('the load ended before what is measured did');
    return sent;
  })();
  running.catch(() => undefined);
  return { stop: () => { over = true; return running; } };
};

/** suspend.enforced.*: from the command to the last of policy, claims and guards that refuses, for one agent after the other, beside other agents' work. */
export const benchSuspend = async (local: Local, { quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const place = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const pack = await benchPack();
  const { bus, stop, cpuSeconds } = await startServices(local, place, pack, { registry: {}, supervision: {}, policy: {} });
  const probes = new Map<string, Probe>(), byAgent = new Map<string, Probe>();
  const keys = createKeySet(serviceKeys(local.secrets).jwks);
  const guards = createHaltView({ bus, jwks: keys, now: Date.now, onNotice: (notice) => byAgent.get(notice.scope.id ?? '')?.noticed(notice) });
  try {
    const operator = await staff(local, place, [person]);
    await operator.request('registry', 'POST', '/tools', { tools: pack.tools });
    await operator.request('registry', 'POST', '/graph', { nodes: benchGraph.map(({ node, kind, title, owner, dependsOn, marks, paths }) => ({ node, kind, title, owner, dependsOn, marks, paths })) });
    const agents = Array.from({ length: workers }, (_, n) => `clerk-${n}`), watched = Array.from({ length: (quick ? 5 : 10) * perRound }, (_, n) => `stopped-${n}`);
    await register(operator, [...agents, ...watched]);
    const cast: Cast = { tenant, registryKey: serviceKey(local.secrets, 'registry'), person: { id: person.person, key: keyOf(place, person.person) }, agents, proofSecret: secretFile(local.secrets, 'proof-secret') };
    const load = decideSubject(local, { ...cast, pack, bundleFolder: '', stop: async () => undefined });
    let answered = 0, wrong: string | undefined;
    const replies = await bus.follow({ topics: [topic.runsReplies], from: 'now', onBatch: (messages) => {
      for (const message of messages) {
        const probe = probes.get(message.key ?? '');
        if (probe !== undefined) { probe.heard(JSON.parse(message.value!.toString()) as Reply); continue; }
        answered += 1;
        wrong ??= load.readAnswer(message)?.wrong;
      }
    } });
    const agentsTold = await bus.follow({ topics: [topic.registryAgents], from: 'now', onBatch: (messages) => {
      for (const { key, value } of messages) byAgent.get(key ?? '')?.told(JSON.parse(value!.toString()) as AgentSnapshot);
    } });
    await Promise.all([replies.ready, guards.ready, agentsTold.ready]);
    const used = (): ReadonlyMap<string, number> => new Map([['this', process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6], ...(['registry', 'supervision', 'policy'] as const).map((name) => [name, cpuSeconds(name)] as const)]);
    const taken: Stopped[] = [];
    for (let from = 0; from < watched.length; from += perRound) {
      const messages = load.messages(rate * 30);
      const round = watched.slice(from, from + perRound).map((agent) => createProbe({ agent, tool: pack.office[1]!, cast, bus, supervision: local.http.supervision }));
      round.forEach((probe, n) => { probes.set(probe.run, probe); byAgent.set(watched[from + n]!, probe); });
      for (const probe of round) await probe.open();
      answered = 0;
      const usedBefore = used(), roundBegun = performance.now();
      const loading = startLoad(bus, messages);
      try {
        await sleep(warmMs);
        // Not in step with anything that goes by the clock.
        for (const [n, probe] of round.entries()) { await sleep(80 + n * 37 % 100); taken.push(await probe.suspend(operator)); }
      } finally {
        await loading.stop();
      }
      const begun = performance.now(), sent = await loading.stop();
      while (answered < sent && performance.now() - begun < 10_000) await sleep(5);
      if (answered < sent || wrong !== undefined) throw new Error(wrong ?? `${answered} of ${sent} messages of the load were answered`);
      const all = shares(taken.slice(from), lastOf), seconds = (performance.now() - roundBegun) / 1_000, usedNow = used();
      tell(`suspend, ${perRound} agents beside ${rate} messages/s (the load's last answer ${Math.round(performance.now() - begun)} ms after its end): p50 ${rounded(all(0.5))} ms, longest ${rounded(all(1))} ms; ${points.map(([name, of]) => `${name} ${rounded(shares(taken.slice(from), of)(0.5))}/${rounded(shares(taken.slice(from), of)(1))}`).join(', ')}; processors: ${[...usedNow].map(([name, of]) => `${name} ${rounded((of - usedBefore.get(name)!) / seconds)}`).join(', ')}`);
    }
    await Promise.all([replies.stop(), agentsTold.stop()]);
    const note = `${taken.length} agents in turn, each proposing and claiming all the time, beside ${rate} messages/s through policy with 1,000 rules; p50/p99: ${points.map(([name, of]) => `${name} ${rounded(shares(taken, of)(0.5))}/${rounded(shares(taken, of)(0.99))}`).join(', ')} ms`;
    return {
      'suspend.enforced.p50_ms': { value: rounded(shares(taken, lastOf)(0.5)), unit: 'ms' },
      'suspend.enforced.p99_ms': { value: rounded(shares(taken, lastOf)(0.99)), unit: 'ms', note: `from sending the command to the last that refuses (a proposal's reply read, a claim's answer, a tool guard's view): ${note}` },
    };
  } finally {
    await guards.stop();
    await stop();
    await rm(place, { recursive: true, force: true });
  }
};

const lastOf = ({ policy, claims, guards }: Stopped): number => Math.max(policy, claims, guards);
const points: readonly (readonly [string, (one: Stopped) => number])[] = [['decided', ({ decided }) => decided], ['the registry\'s answer', ({ answered }) => answered], ['on the topic', ({ published }) => published], ['policy', ({ policy }) => policy], ['claims', ({ claims }) => claims], ['guards', ({ guards }) => guards], ['since decided', ({ sinceDecided }) => sinceDecided]];
const shares = (taken: readonly Stopped[], of: (one: Stopped) => number) => {
  const sorted = taken.map(of).sort((a, b) => a - b);
  return (share: number): number => percentile(sorted, share);
};
