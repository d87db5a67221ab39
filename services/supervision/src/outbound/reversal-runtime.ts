import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Bus } from '@countersign/bus';
import type { JsonObject } from '@countersign/contracts';
import { signingKeyOf } from '@countersign/identity';
import type { KeySet, PrivateJwk, SigningKey } from '@countersign/identity';
import { ActionDenied, createAgentRuntime, kafkaTransport } from '@countersign/sdk';
import type { Permission, Run } from '@countersign/sdk';
import type { Compensate, Taken } from '../app/reversals.ts';

export interface ReversalRuntimeOptions {
  readonly bus: Bus;
  readonly keys: KeySet;
  readonly tenant: string;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  /** `{"agent": …, "key": private JWK, "tools": {audience: base address}}`, mode 0600; read anew each time, so that it may come later. */
  readonly file: string;
  /** How long people may take to decide about a compensator, ms. */
  readonly waitMs: number;
  /** How long a tool may take, ms. */
  readonly timeoutMs?: number;
}

interface Settings { readonly agent: string; readonly key: SigningKey; readonly tools: Readonly<Record<string, string>> }
const failed = (code: string, detail: string): Taken => ({ status: 'failed', code, detail });

/** Who supervision is when it takes something back, and where the tools are. Throws with what to do. */
const readSettings = (file: string): Settings => {
  if (!existsSync(file)) throw new Error(`no agent for reversals: register one and write ${file} with agent, key and the addresses of the tools`);
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`${file} can be read by others: run chmod 600 on it`);
  const { agent, key, tools } = JSON.parse(readFileSync(file, 'utf8')) as { agent?: unknown; key?: PrivateJwk; tools?: unknown };
  if (typeof agent !== 'string' || key === undefined || typeof tools !== 'object' || tools === null) throw new Error(`${file} names no agent, key and tools`);
  for (const [audience, url] of Object.entries(tools)) if (typeof url !== 'string' || !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) throw new Error(`${file}: the address of ${audience} is no http address`);
  return { agent, key: signingKeyOf(key), tools: tools as Record<string, string> };
};

/** Codes of tool guards and doors that refuse before anything is done. */
const notDone = new Set([400, 401, 403, 404, 409, 413, 422, 429]);
/** Codes of guards that cannot see what stops an action at this moment: nothing was done, and the same call may pass in a moment. */
const notSeen = new Set(['halts_stale', 'revocations_stale']);
const againMs = 250;
const maxAnswer = 65_536;

const codeOf = (text: string): unknown => {
  try { return (JSON.parse(text) as { code?: unknown } | null)?.code; } catch { return undefined; }
};

interface Called { readonly taken: Taken; readonly text: string | null }

/** Calls the tool, again for as long as its guard does not see; one that does not see to the end has done nothing. */
const call = async (base: string, tool: string, args: JsonObject, permission: Permission, action: string, timeoutMs: number): Promise<Called> => {
  for (const end = Date.now() + timeoutMs; ; await new Promise((resolve) => { setTimeout(resolve, againMs); })) {
    const once = await callOnce(base, tool, args, permission, action, timeoutMs);
    if (!once.again || Date.now() >= end) return once;
  }
};

/** Anything but a clear yes or a clear no is unknown: it may have been done. */
const callOnce = async (base: string, tool: string, args: JsonObject, permission: Permission, action: string, timeoutMs: number): Promise<Called & { readonly again: boolean }> => {
  let answer: Response;
  try {
    answer = await fetch(`${base.replace(/\/+$/, '')}/${encodeURIComponent(tool)}`, {
      method: 'POST', redirect: 'error', signal: AbortSignal.timeout(timeoutMs), body: JSON.stringify(args),
      headers: { 'content-type': 'application/json', 'idempotency-key': action, ...permission.headers },
    });
  } catch (error) {
    return { taken: { status: 'unknown', code: 'tool_unanswered', detail: `the tool gave no answer: ${(error as Error).message}` }, text: null, again: false };
  }
  const text = (await answer.text().catch(() => '')).slice(0, maxAnswer);
  if (answer.ok) return { taken: { status: 'reversed' }, text, again: false };
  const again = answer.status === 503 && notSeen.has(String(codeOf(text)));
  return { again, taken: { status: again || notDone.has(answer.status) ? 'failed' : 'unknown', code: 'tool_refused', detail: `the tool answered ${answer.status}: ${text.slice(0, 200)}` }, text: null };
};

/** Proposes the compensator as supervision's own agent, through the same door as everybody: decided by the rules, granted, claimed, on the record. */
export const createReversalRuntime = ({ bus, keys, tenant, registryUrl, supervisionUrl, file, waitMs, timeoutMs = 15_000 }: ReversalRuntimeOptions): { readonly compensate: Compensate; stop(): Promise<void> } => {
  const transport = kafkaTransport(bus);
  const compensate: Compensate = async (order) => {
    let settings: Settings, run: Run;
    try {
      settings = readSettings(file);
    } catch (error) {
      return failed('reversals_unconfigured', (error as Error).message);
    }
    const base = settings.tools[order.audience];
    if (base === undefined) return failed('reversals_unconfigured', `${file} has no address for tools of ${order.audience}`);
    try {
      const runtime = createAgentRuntime({ agent: settings.agent, tenant, clientKey: settings.key, registryUrl, supervisionUrl, transport, grantKeys: keys });
      // A person asked for exactly this call: its arguments are in the instruction, as theirs would be who asks an agent for one.
      run = await runtime.openRun({ instruction: { text: `Take back with ${order.tool} ${JSON.stringify(order.arguments)}: ${order.reason}`.slice(0, 2_000).toWellFormed(), attestation: null } });
    } catch (error) {
      return failed('reversals_unconfigured', `supervision's agent cannot open a run: ${(error as Error).message}`);
    }
    try {
      await order.onRun(run.id);
      const action = run.propose(order.tool, order.arguments, { action: order.action, reason: 'reversal' });
      const decided = await action.settled(waitMs);
      if (decided.decision !== 'allow' && decided.decision !== 'modify') return failed(decided.code, decided.detail ?? 'the reversal was denied');
      let permission: Permission;
      try {
        permission = await action.permit(order.audience);
      } catch (error) {
        return error instanceof ActionDenied ? failed(error.code, error.message) : failed('internal', (error as Error).message);
      }
      // From here on it may have been done, whoever dies.
      if (!await order.executing()) {
        await action.outcome({ status: 'not_executed', error: 'another instance has it' });
        return failed('conflict', 'another instance has it');
      }
      const { taken, text } = await call(base, order.tool, decided.arguments, permission, order.action, timeoutMs);
      await action.outcome(taken.status === 'reversed' ? { status: 'succeeded', result: text } : { status: taken.status === 'unknown' ? 'unknown' : 'not_executed', error: taken.detail });
      return taken;
    } finally {
      await run.end().catch(() => undefined);
    }
  };
  return { compensate, stop: () => transport.close() };
};
