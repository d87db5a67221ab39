import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CannotRun } from '../errors.ts';
import { readLocal } from '../local.ts';
import { printJson, progress } from '../output.ts';
import { machine } from './machine.ts';
import { rounded, table } from './measured.ts';
import type { Results } from './measured.ts';

const names = ['bus', 'decide', 'audit', 'policy', 'authzen', 'registry', 'suspend', 'halt', 'approvals', 'anomaly'] as const;
type Name = (typeof names)[number];

const parse = (args: readonly string[]): { readonly wanted: readonly Name[]; readonly quick: boolean; readonly json: boolean; readonly profile?: string } => {
  const wanted: Name[] = [];
  let quick = false, json = false, profile: string | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i]!;
    if (arg === '--quick') quick = true;
    else if (arg === '--json') json = true;
    else if (arg === '--profile') {
      profile = args[i += 1];
      if (profile === undefined) throw new CannotRun('--profile needs a folder for the CPU profiles of policy, anomaly and audit on Kafka.');
    } else if ((names as readonly string[]).includes(arg)) wanted.push(arg as Name);
    else throw new CannotRun(`bench knows ${names.join(', ')}, --quick, --profile FOLDER and --json, not "${arg}".`);
  }
  return { wanted: wanted.length === 0 ? names : [...new Set(wanted)], quick, json, ...(profile === undefined ? {} : { profile }) };
};

/** `npm run bench`: measures what was named (default everything), each against a baseline of the same run. --quick: one short round, for a look only. */
export const bench = async (args: readonly string[]): Promise<number> => {
  const { wanted, quick, json, profile: asked } = parse(args);
  const profile = asked === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', asked);
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  const profiling = profile === undefined ? {} : { profile };
  const local = readLocal();
  const about = await machine(local);
  const tell = (line: string): void => progress(line);
  tell(`${about.cores} cores, ${about.memoryGb} GB, Node ${about.node}, Kafka ${about.kafka}, PostgreSQL ${about.postgres}; load before ${about.loadBefore}`);
  const results: Record<string, Results[string]> = {};
  if (wanted.includes('policy')) {
    const { policyPath } = await import('./policy-path.ts');
    const { policyPeers } = await import('./policy-peers.ts');
    const { policyBacktest } = await import('./policy-backtest.ts');
    Object.assign(results, await policyPath({ ...(quick ? { messages: 20_000, rounds: 1 } : {}), tell }), await policyPeers({ quick, tell }), await policyBacktest({ quick, tell }));
  }
  if (wanted.includes('anomaly')) {
    const { benchAnomaly } = await import('./anomaly.ts');
    Object.assign(results, benchAnomaly({ quick, tell }));
    if (local.bus === 'kafka') {
      const { benchAnomalyKafka } = await import('./anomaly-kafka.ts');
      Object.assign(results, await benchAnomalyKafka(local, { quick, tell, ...profiling }));
    }
  }
  if (wanted.includes('audit')) {
    const { benchAudit } = await import('./audit.ts');
    Object.assign(results, await benchAudit({ postgres: local.postgres['audit']!, quick, tell }));
    const { benchAuditVerify } = await import('./audit-verify.ts');
    Object.assign(results, await benchAuditVerify({ postgres: local.postgres['audit']!, quick, tell }));
    if (local.bus === 'kafka') {
      const { benchAuditKafka } = await import('./audit-kafka.ts');
      Object.assign(results, await benchAuditKafka(local, { quick, tell, ...profiling }));
    }
  }
  if (wanted.includes('registry')) {
    const { benchRegistry } = await import('./registry.ts');
    const { benchTokens } = await import('./registry-tokens.ts');
    const on = { postgres: local.postgres['registry']!, quick, tell };
    Object.assign(results, await benchRegistry(on), await benchTokens({ ...on, redis: local.redis }));
  }
  if (wanted.includes('authzen') && local.bus === 'kafka') {
    const { benchAuthzen } = await import('./authzen.ts');
    Object.assign(results, await benchAuthzen(local, { quick, tell }));
  } else if (args.includes('authzen')) throw new CannotRun('authzen is measured on Kafka, which cannot be had here: see `npm run doctor`.');
  if (wanted.includes('suspend') && local.bus === 'kafka') {
    const { benchSuspend } = await import('./suspend.ts');
    Object.assign(results, await benchSuspend(local, { quick, tell }));
  } else if (args.includes('suspend')) throw new CannotRun('suspend is measured on Kafka, which cannot be had here: see `npm run doctor`.');
  if (wanted.includes('approvals') && local.bus === 'kafka') {
    const { benchApprovals } = await import('./approvals.ts');
    Object.assign(results, await benchApprovals(local, { quick, tell }));
  } else if (args.includes('approvals')) throw new CannotRun('approvals is measured on Kafka, which cannot be had here: see `npm run doctor`.');
  if (wanted.includes('halt') && local.bus === 'kafka') {
    const { benchHalt } = await import('./halt.ts');
    Object.assign(results, await benchHalt(local, { quick, tell }));
  } else if (args.includes('halt')) throw new CannotRun('halt is measured on Kafka, which cannot be had here: see `npm run doctor`.');
  if (wanted.includes('bus') || wanted.includes('decide')) {
    if (local.bus !== 'kafka' || local.kafka === undefined) throw new CannotRun('bus and decide are measured on Kafka, which cannot be had here: see `npm run doctor`. `npm run bench -- audit policy` works without.');
    const { benchLoop } = await import('./loop.ts');
    Object.assign(results, await benchLoop(local, { bus: wanted.includes('bus'), decide: wanted.includes('decide'), quick, tell, ...profiling }));
  }
  const [taken, decided] = [results['audit.kafka.per_s'], results['decide.kafka.per_s']];
  // The record must never be what holds decisions up.
  if (taken && decided) results['audit.kafka.per_decision'] = { value: rounded(taken.value), unit: '1/s', baseline: decided.value, ratio: Number((taken.value / decided.value).toPrecision(3)), note: 'entries taken from Kafka against inbox messages decided (each makes a governed record), same run; 2 is wanted' };
  if (json) printJson({ machine: about, results });
  else process.stdout.write(`${table(results)}\n`);
  return 0;
};
