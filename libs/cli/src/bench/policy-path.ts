import { randomBytes, randomUUID } from 'node:crypto';
import type { Bus, BusMessage, ProcessOptions } from '@countersign/bus';
import type { AgentSnapshot, Json, TokenClaims, ToolSnapshot } from '@countersign/contracts';
import { createChain, createKeySet, generateKey, issueAgentToken, jwkThumbprint, proofKey } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import { composePolicy } from '@countersign/policy/compose';
import { compileBundle, compileTool } from '@countersign/policy/core/rules/compile';
import { checkArguments } from '@countersign/policy/inbound/check-arguments';

export interface PathOptions { readonly messages?: number; readonly rules?: number; readonly runs?: number; readonly batch?: number; readonly tell?: (line: string) => void }
export interface PathMeasured { readonly value: number; readonly unit: string; readonly note?: string }

const tools = 50;
const toolName = (n: number): string => `bench.tool${n % tools}`;
const id = (): string => uuidV7From(Date.now(), randomBytes(10));

const bundleOf = (rules: number) => compileBundle({
  version: 'bench-1', permit: ['bench.*'], facts: [],
  rules: Array.from({ length: rules }, (_, n) => ({ id: `r${n}`, owner: 'bench', rationale: 'a rule', tools: [toolName(n)], when: n % 3 === 0 ? `amount >= ${100_000 + n}` : n % 3 === 1 ? `target.count > ${n + 5} && !target.named` : `run.calls > ${100_000 + n} || (tool.consequential && agent.environment == "e${n}")`, tier: 3 })),
});

const toolOf = (n: number): ToolSnapshot => ({
  tool: toolName(n), tenant: 'acme', version: 1, system: 'bench', title: 'bench', consequential: n % 2 === 0, reversible: true, compensator: null, dataClasses: ['internal'], enforcement: 'brokered', audience: 'bench',
  schema: { type: 'object', additionalProperties: false, required: ['amount', 'recipient'], properties: { amount: { type: 'integer' }, recipient: { type: 'string' }, subject: { type: 'string' }, memo: { type: 'string', maxLength: 2000 } } },
  facts: { target: 'args.recipient', amount: 'args.amount', currency: '"EUR"' }, resultTrust: 'record', resultFields: {}, definition: 'd'.repeat(43),
});

/** Proved messages of many runs as the broker would hand them out: one start each, then proposals of about 1 KB and their outcomes in turn. */
const inboxOf = (count: number, runs: number, key: ReturnType<typeof generateKey>, proofSecret: Buffer): BusMessage[] => {
  const now = Math.floor(Date.now() / 1000);
  const senders = Array.from({ length: runs }, () => {
    const session = generateKey('session');
    const jkt = jwkThumbprint(session.publicJwk);
    const run = id();
    const claims: TokenClaims = { iss: 'registry', aud: 'countersign', sub: 'clerk', jti: randomUUID(), iat: now, exp: now + 3_000, tenant: 'acme', run, run_not_after: now + 3_600, scope: '', cnf: { jkt, jwk: session.publicJwk } };
    return { run, claims, jwt: issueAgentToken(claims, key), secret: proofKey(proofSecret, { tenant: 'acme', run, jkt }), chain: createChain(), open: '' };
  });
  return Array.from({ length: count }, (_, n) => {
    const s = senders[n % runs]!;
    const what = n < runs ? 'started' : s.open === '' ? 'proposed' : 'outcome';
    let body: Json;
    if (what === 'started') body = { instruction: { text: 'Pay the invoice of DE89370400440532013000 over 1234 EUR and tell the landlord.', attestation: null }, traceId: null };
    else if (what === 'proposed') body = { action: s.open = id(), tool: toolName(n * 7), arguments: { amount: 1234, recipient: 'DE89370400440532013000', subject: `invoice ${n}`, memo: 'x'.repeat(600) }, deadline: null, reason: 'the invoice is due', confidence: 0.9 };
    else {
      body = { action: s.open, status: 'succeeded', result: `{"status":"booked","reference":"${n}","balance":${n * 3}}`, error: null, cost: null, tokens: 420, durationMs: 31 };
      s.open = '';
    }
    const value = Buffer.from(JSON.stringify(body));
    const headers = { ce_specversion: '1.0', ce_id: randomUUID(), ce_type: `countersign.runs.${what}.v1`, ce_source: '/agents/clerk', ce_time: new Date().toISOString(), 'content-type': 'application/json', tenant: 'acme' };
    const link = s.chain.next({ tenant: 'acme', topic: 'runs.inbox.v1', key: s.run, ceId: headers.ce_id, ceType: headers.ce_type, ceSource: headers.ce_source, ceTime: headers.ce_time, run: s.run, token: s.claims.jti, value }, s.secret);
    return { topic: 'runs.inbox.v1', partition: 0, offset: BigInt(n), timestamp: Date.now(), key: s.run, value, headers: { ...headers, cs_token: s.jwt, ...link.headers } };
  });
};

/** Policy as composed for production, handed its batches directly: parse, proof, validation, facts, rules, fold, JSON, one signature per batch; no bus. */
export const policyPath = async (options: PathOptions = {}): Promise<Readonly<Record<'policy.path.p50_us' | 'policy.path.p99_us' | 'policy.path.per_s', PathMeasured>>> => {
  const { messages: count = 60_000, rules = 1_000, runs = 400, batch = 400, tell } = options;
  const registry = generateKey('registry-1'), key = generateKey('policy-1');
  const proofSecret = randomBytes(32);
  const agent: AgentSnapshot = { agent: 'clerk', tenant: 'acme', version: 1, name: 'Clerk', owner: 'olga', purpose: 'bench', roles: [], status: 'active', permissions: ['bench.*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1e9, money: null } };
  const catalogue = new Map(Array.from({ length: tools }, (_, n) => [toolName(n), { tool: compileTool(toolOf(n)), check: checkArguments(toolOf(n).schema) }]));
  let process: ProcessOptions | undefined;
  const bus = { kind: 'embedded', partitions: async () => 1, process: async (given: ProcessOptions) => { process = given; return { ready: Promise.resolve(), ended: new Promise<void>(() => undefined), stop: async () => undefined }; } } as unknown as Bus;
  await composePolicy({
    bus, bundle: bundleOf(rules), key, keys: createKeySet([registry.publicJwk, key.publicJwk]), jwks: [registry.publicJwk, key.publicJwk], proofSecret, tenant: 'acme', audience: 'countersign', anomalyEffect: 'raise',
    limits: { grantMs: 30_000, actionsPerRun: 10_000, denies: 3, clockSkewMs: 300_000 }, pace: { everyRecords: 1e9, everyMs: 1e9 }, owner: 'bench', now: Date.now, onError: (error) => { throw error; },
    checkpoints: { load: async () => undefined, save: async () => true, drop: async () => undefined },
    snapshots: {
      agent: () => agent, tool: (name) => catalogue.get(name)?.tool, argumentsFault: (tool, args) => catalogue.get(tool.name)!.check(args), person: () => undefined, halt: () => null, haltsVersion: () => 0, level: () => 'normal', notLive: () => null, ready: Promise.resolve(), stop: async () => undefined,
    },
  });
  const owner = await process!.own({ partition: 0, next: 0n, signal: new AbortController().signal, append: async () => [0n], read: async function* () { /* an empty log */ } });
  tell?.(`${count} messages of ${runs} runs, ${rules} rules`);
  const inbox = inboxOf(count, runs, registry, proofSecret);
  const perMessage: number[] = [];
  const codes = new Map<string, number>();
  const warm = Math.floor(count * 0.3 / batch) * batch;
  let begun = 0;
  let judging = 0;
  for (let at = 0; at < count; at += batch) {
    if (at === warm) begun = performance.now();
    const from = performance.now();
    const outputs = await owner.handle(inbox.slice(at, at + batch));
    if (at >= warm) perMessage.push((performance.now() - from) * 1_000 / Math.min(batch, count - at));
    // Judged between the batches, not in their time: a path that refuses everything is a fast one.
    judging -= performance.now();
    for (const output of outputs) {
      if (output.topic !== 'runs.replies.v1') continue;
      const { code, grant } = JSON.parse(output.value!.toString()) as { code: string; grant: string | null };
      const what = grant === null ? code : `${code} with grant`;
      codes.set(what, (codes.get(what) ?? 0) + 1);
    }
    judging += performance.now();
    if (at < warm) judging = 0;
  }
  const perSecond = (count - warm) / (performance.now() - begun - judging) * 1_000;
  const right = [...codes].every(([code]) => code === 'ok' || code === 'ok with grant');
  if (!right || [...codes.values()].reduce((sum, n) => sum + n, 0) !== count) throw new Error(`of ${count} messages were answered: ${[...codes].map(([code, n]) => `${code} ${n}`).join(', ') || 'none'}`);
  perMessage.sort((a, b) => a - b);
  const note = `per inbox message, in batches of ${batch}; ${rules} rules indexed by tool; replies: ${[...codes].map(([code, n]) => `${code} ${n}`).join(', ')}`;
  return {
    'policy.path.p50_us': { value: perMessage[perMessage.length >> 1]!, unit: 'us', note },
    'policy.path.p99_us': { value: perMessage[Math.floor(perMessage.length * 0.99)]!, unit: 'us' },
    'policy.path.per_s': { value: perSecond, unit: '1/s' },
  };
};

