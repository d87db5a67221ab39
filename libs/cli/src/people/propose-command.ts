import { readFile } from 'node:fs/promises';
import type { DsseEnvelope, JsonObject } from '@countersign/contracts';
import { createKeySet, instructionDigest, loadJwks, signPersonStatement } from '@countersign/identity';
import { ActionDenied, createAgentRuntime, kafkaTransport, RunFailed } from '@countersign/sdk';
import type { ActionDecision, Permission, Run } from '@countersign/sdk';
import { join } from 'node:path';
import { openBus, toolUrl } from '../demo/connect.ts';
import { agentKey } from '../demo/setup.ts';
import { callTool } from '../demo/tool-server.ts';
import { CannotRun } from '../errors.ts';
import { progress } from '../output.ts';
import { Refused } from './client.ts';
import { personCommand } from './command.ts';
import type { Session } from './command.ts';
import { id, inert } from './inert.ts';

const tenant = process.env['CS_TENANT'] ?? 'acme';

/** What came of it; `call` is the request that the grant allows for a few seconds, `result` what the tool answered. */
interface Proposed { readonly run: string; readonly action: string; readonly decision: ActionDecision; readonly call: string | null; readonly result: string | null }

export const propose = personCommand('countersign propose --agent AGENT --tool TOOL --args JSON [--instruction TEXT] [--evidence FILE] [--confidence 0..1] [--as PERSON] [--wait SECONDS] [--execute] [--json]', {
  agent: { type: 'string' }, tool: { type: 'string' }, args: { type: 'string' }, instruction: { type: 'string' }, evidence: { type: 'string' }, confidence: { type: 'string' }, wait: { type: 'string' }, execute: { type: 'boolean' },
}, async (session) => {
  const result = await proposeOne(session);
  const { decision } = result;
  session.show(result, [
    `${decision.decision}${decision.tier === null ? '' : `, tier ${decision.tier}`}  ${id(decision.code)}${decision.detail === null ? '' : `: ${inert(decision.detail)}`}   run ${id(result.run)}, action ${id(result.action)}`,
    ...(decision.decision === 'step_up' ? ['People have to decide: countersign approvals'] : []),
    ...(result.call === null ? [] : ['Allowed for some seconds, once, with exactly these arguments:', result.call]),
    ...(result.result === null ? [] : [`The tool answered: ${inert(result.result, 2_000)}`]),
  ]);
});

const proposeOne = async (session: Session): Promise<Proposed> => {
  const { local } = session;
  const agent = session.needed('agent'), tool = session.needed('tool'), args = argumentsOf(session.needed('args'));
  const waitMs = secondsOf(session.values['wait']) * 1000;
  const clientKey = agentKey(local, agent);
  const evidence = await evidenceIn(session.values['evidence']);
  const confidence = confidenceOf(session.values['confidence']);
  const user = session.as(['requester']);
  const text = typeof session.values['instruction'] === 'string' ? session.values['instruction'] : `Proposed by hand: ${tool}`;
  const bus = await openBus(local, 'propose');
  try {
    const runtime = createAgentRuntime({ agent, tenant, clientKey, registryUrl: local.http.registry, supervisionUrl: local.http.supervision, transport: kafkaTransport(bus), grantKeys: createKeySet(loadJwks(join(local.secrets, 'jwks.json'))) });
    const run = await runtime.openRun({
      purpose: 'proposed by hand',
      instruction: async (runId) => ({ text, attestation: signPersonStatement('instruction', { sub: user.person, run: runId, instruction: instructionDigest(text), agent, tenant, iat: Math.floor(Date.now() / 1000) }, user.key) }),
    });
    return await decide(session, run, { tool, args, evidence, confidence }, waitMs);
  } catch (error) {
    if (error instanceof RunFailed) throw new Refused(error.code, error.message, error.retryable ? 503 : 409, error.retryable);
    throw error;
  } finally {
    await bus.close();
  }
};

const decide = async (session: Session, run: Run, { tool, args, evidence, confidence }: { readonly tool: string; readonly args: JsonObject; readonly evidence: readonly DsseEnvelope[]; readonly confidence: number | null }, waitMs: number): Promise<Proposed> => {
  const action = run.propose(tool, args, { reason: 'proposed by hand', evidence, confidence });
  const first = await action.decision;
  if (first.decision === 'step_up' && waitMs > 0) progress(`Tier ${first.tier}: waiting up to ${waitMs / 1000} s for people (countersign approvals) …`);
  // Without waiting it stays open for people; the run ends by itself.
  if (first.decision === 'step_up' && waitMs === 0) return { run: run.id, action: action.action, decision: first, call: null, result: null };
  const decision = await action.settled(waitMs);
  const url = toolUrl(session.local);
  let call: string | null = null, result: string | null = null;
  try {
    result = await action.execute(async (allowed, permission) => {
      if (session.values['execute'] === true) return callTool(url, tool, allowed, permission.headers);
      call = curlOf(url, tool, allowed, permission);
      throw new Handed();
    });
  } catch (error) {
    if (!(error instanceof Handed) && !(error instanceof ActionDenied)) result = (error as Error).message;
  }
  await run.end().catch(() => undefined);
  return { run: run.id, action: action.action, decision, call, result };
};

/** The call went to a person as text: whether they make it, nobody here can know. The outcome is `unknown`. */
class Handed extends Error {
  readonly outcomeUnknown = true;
  constructor() { super('handed to a person as a command'); }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const curlOf = (url: string, tool: string, args: JsonObject, { headers }: Permission): string =>
  ['curl -s', quoted(`${url}/tools/${tool}`), `-H 'content-type: application/json'`, ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`), '-d', quoted(JSON.stringify(args))].join(' ');

const argumentsOf = (text: string): JsonObject => {
  let value: unknown;
  try { value = JSON.parse(text); } catch (error) { throw new CannotRun(`--args is no JSON: ${(error as Error).message}`); }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CannotRun('--args is an object: the arguments by name.');
  return value as JsonObject;
};

/** `countersign evidence` writes such a file; several envelopes stand in a list. */
const evidenceIn = async (file: string | boolean | undefined): Promise<readonly DsseEnvelope[]> => {
  if (typeof file !== 'string') return [];
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as DsseEnvelope | DsseEnvelope[];
    return Array.isArray(value) ? value : [value];
  } catch (error) { throw new CannotRun(`--evidence: ${(error as Error).message}`); }
};

/** How sure the agent says it is; null: it says nothing. */
const confidenceOf = (value: string | boolean | undefined): number | null => {
  if (value === undefined) return null;
  const confidence = value === '' ? Number.NaN : Number(value);
  if (!(confidence >= 0 && confidence <= 1)) throw new CannotRun('--confidence is a number from 0 to 1.');
  return confidence;
};

const secondsOf = (value: string | boolean | undefined): number => {
  const seconds = Number(value ?? 60);
  if (!(seconds >= 0 && seconds <= 86_400)) throw new CannotRun('--wait is a number of seconds from 0 to 86400.');
  return seconds;
};
