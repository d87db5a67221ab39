import type { Bus } from '@countersign/bus';
import type { AgentSnapshot, HaltNotice, Reply } from '@countersign/contracts';
import type { Client } from '../people/client.ts';
import { openRun } from './bench-run.ts';
import type { Cast } from './bench-run.ts';
import type { Script } from './sessions.ts';

const everyMs = 10, beforeMs = 60, withinMs = 10_000, mostProbes = 150;
const stopCodes = ['agent_not_active', 'halted', 'run_halted'];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** When each of them refused for good, ms after the command was sent. */
export interface Stopped { readonly policy: number; readonly claims: number; readonly guards: number; readonly answered: number; /** The registry's own moment (`because.at`). */ readonly decided: number; /** The snapshot is read from its topic. */ readonly published: number; /** From `because.at`, the registry's own moment, to the last of the three. */ readonly sinceDecided: number }

/** Every proposal reads something at another place: nothing but the suspension denies one. */
const probing = (tool: string): Script => ({
  instruction: 'Look through the entries of the week, one after the other.',
  steps: Array.from({ length: mostProbes }, (_, n) => ({ tool, args: { amount: 1_200 + n, recipient: `desk-${n}`, subject: `entry ${n}` }, why: 'The next entry.', result: '', pending: true, expect: { decision: 'allow', tier: 1 } })),
});

export interface Probe {
  /** Opens its run. */
  open(): Promise<void>;
  /** Suspends the agent, which has a claimed action, while it proposes and claims as fast as it can, until everybody refuses. Throws where somebody does not, or for another reason. */
  suspend(operator: Client): Promise<Stopped>;
  heard(reply: Reply): void;
  noticed(notice: HaltNotice): void;
  /** Its snapshot, as the topic has it. */
  told(snapshot: AgentSnapshot): void;
  readonly run: string;
}

/** An agent at work that is about to be suspended, seen from its runtime and from a tool's guard. */
export const createProbe = ({ agent, tool, cast, bus, supervision }: { readonly agent: string; readonly tool: string; readonly cast: Cast; readonly bus: Bus; readonly supervision: string }): Probe => {
  const { run, next } = openRun(0, probing(tool), { ...cast, agents: [agent] });
  let grant: string | undefined, policyAt: number | undefined, guardsAt: number | undefined, publishedAt: number | undefined, trouble: string | undefined, replies = 0;
  const say = (): Promise<void> => {
    const said = next();
    if (said?.step === undefined && replies > 1) throw new Error(`${agent} was still not refused after ${mostProbes} proposals`);
    return bus.publish([said!.message]);
  };
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    for (const deadline = performance.now() + withinMs; !condition(); await sleep(1)) if (performance.now() > deadline || trouble !== undefined) throw new Error(`${agent}: ${trouble ?? `${what}: not within ${withinMs / 1_000} s`}`);
  };
  const claim = async (): Promise<string> => {
    const answer = await fetch(`${supervision}/claims`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ grant }) });
    const body = await answer.json() as { readonly code?: string };
    return answer.ok ? 'claimed' : String(body.code);
  };
  return {
    run,
    heard: (reply) => {
      replies += 1;
      if (reply.kind !== 'decided') { if (reply.code !== 'ok' && !stopCodes.includes(reply.code)) trouble = `a proposal was answered ${reply.code}`; return; }
      if (reply.decision === 'allow') {
        if (policyAt !== undefined) trouble = 'policy allowed again after it had refused';
        grant ??= reply.grant ?? undefined;
      } else if (!stopCodes.includes(reply.code)) trouble = `a proposal was denied with ${reply.code} (${reply.detail ?? ''})`;
      else policyAt ??= performance.now();
    },
    noticed: (notice) => { if (notice.op === 'halt' && notice.scope.kind === 'agent') guardsAt ??= performance.now(); },
    told: ({ status }) => { if (status === 'suspended') publishedAt ??= performance.now(); },
    open: async () => {
      await say();
      await until('its run is open', () => replies > 0);
    },
    suspend: async (operator) => {
      await say();
      await until('a grant', () => grant !== undefined);
      // Supervision follows the governed records: the first claim waits for them. A claim lives for ten seconds.
      for (let code = 'not_ready'; code !== 'claimed'; code = await claim()) { if (code !== 'not_ready') throw new Error(`${agent}: its claim is answered ${code}`); await sleep(20); }
      let over = false, sent = Infinity, claimsAt: number | undefined;
      const proposing = (async () => { while (!over && policyAt === undefined) { await say(); await sleep(everyMs); } })();
      const claiming = (async () => {
        for (;;) {
          const code = await claim();
          if (over || stopCodes.includes(code)) { claimsAt = performance.now(); return; }
          if (code !== 'claimed') throw new Error(`${agent}: its claim is answered ${code}`);
          await sleep(2);
        }
      })();
      const both = Promise.all([proposing, claiming]);
      both.catch((error: Error) => { trouble = error.message; });
      try {
        await sleep(beforeMs);
        if (policyAt !== undefined || claimsAt !== undefined) throw new Error(`${agent} was refused before it was suspended`);
        sent = performance.now();
        const { because } = await operator.request<AgentSnapshot>('registry', 'POST', `/agents/${agent}/suspend`, { reason: 'measured' });
        const answered = performance.now() - sent;
        await until('refused everywhere', () => policyAt !== undefined && claimsAt !== undefined && guardsAt !== undefined && publishedAt !== undefined);
        const last = Math.max(policyAt!, claimsAt!, guardsAt!);
        return { policy: policyAt! - sent, claims: claimsAt! - sent, guards: guardsAt! - sent, answered, decided: because!.at - performance.timeOrigin - sent, published: publishedAt! - sent, sinceDecided: performance.timeOrigin + last - because!.at };
      } finally {
        over = true;
        await both.catch(() => undefined);
      }
    },
  };
};
