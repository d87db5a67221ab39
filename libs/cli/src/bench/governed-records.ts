import { topic } from '@countersign/contracts';
import type { BusMessage } from '@countersign/bus';
import { uuidV7From } from '@countersign/kernel';
import { randomBytes, randomUUID } from 'node:crypto';

const id = (now: number): string => uuidV7From(now, randomBytes(10));
const fact = (value: unknown, origin = 'derived', from = 'catalogue') => ({ value, origin, from });

/** As in recorded sessions: start, proposals, decisions and outcomes of some three calls, end. */
const recordsPerRun = 8;

/**
 * How records lie in runs. In a `storm` those of a run go round agents and partitions, all in one moment: whoever judges behaviour finds every one odd.
 * On `usual` days a run is one agent's and in one partition, and the next one begins a minute later.
 */
export type Days = 'storm' | 'usual';
const betweenRunsMs = 60_000, betweenActionsMs = 2_000, agents = 50;
const daysBack = 30 * 86_400_000;

/** Governed records of about 2 KB as policy writes them for an allowed proposal, spread over partitions, offsets and positions dense. @param generation the first of them */
export const governedRecords = (count: number, partitions: number, generation = 0, days: Days = 'storm'): BusMessage[] => {
  const made = Date.now(), runsBefore = generation * partitions / recordsPerRun;
  const grant = randomBytes(430).toString('base64url');
  let run = id(made);
  return Array.from({ length: count }, (_, n) => {
    const nth = runsBefore + Math.floor(n / recordsPerRun), within = n % recordsPerRun;
    const now = days === 'storm' ? made : made - daysBack + nth * betweenRunsMs + within * betweenActionsMs;
    if (within === 0) run = id(now);
    const partition = (days === 'storm' ? n : nth) % partitions;
    const offset = days === 'storm' ? Math.floor(n / partitions) : Math.floor(n / recordsPerRun / partitions) * recordsPerRun + within;
    const action = id(now);
    const reply = { kind: 'decided', run, action, seq: n % 40, code: 'ok', detail: null, decision: 'allow', tier: 2, round: 1, grant, claim: false, arguments: null, expectedSeq: null };
    const record = {
      position: offset + generation, tenant: 'acme', run, agent: `clerk-${(days === 'storm' ? n : nth) % agents}`, inbox: { offset: String(offset), at: now, hash: randomBytes(32).toString('base64url') }, now, seq: n % 40,
      traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`, kind: 'action.decided', action, tool: 'payments.schedule', round: 1,
      message: { action, tool: 'payments.schedule', arguments: { to: 'DE89370400440532013000', minor: 48_000 + n, currency: 'EUR', on: '2026-12-01', reference: `INV-${1_000 + n}` }, deadline: null, reason: 'the invoice is due this week', confidence: 0.9 },
      resolved: null, facts: { amount: fact(48_000 + n), currency: fact('EUR'), 'target.count': fact(1), 'target.trust': fact('directory', 'derived', 'run'), 'target.named': fact(false), 'act.asked': fact(true), 'run.calls': fact(n % 40) },
      decision: { decision: 'allow', tier: 2, code: null, rules: [], policyVersion: 'demo-1', approval: null, claim: false },
      snapshots: { agent: 1, tool: 1, halts: 0, level: 'normal' }, reserved: { calls: 1, money: null }, attested: false, reply,
    };
    return {
      topic: topic.runsGoverned, partition, offset: BigInt(offset + generation), timestamp: now, key: run, value: Buffer.from(JSON.stringify(record)),
      headers: { ce_specversion: '1.0', ce_id: randomUUID(), ce_type: 'countersign.governed.action.decided.v1', ce_source: '/policy', ce_time: new Date(now).toISOString(), 'content-type': 'application/json', tenant: 'acme', traceparent: record.traceparent },
    };
  });
};
