import type { ApprovalList, ApprovalView, GovernedDecided } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import type { Local } from '../local.ts';
import { progress } from '../output.ts';
import { createClient, Refused } from '../people/client.ts';
import type { Client } from '../people/client.ts';
import { keyOf } from '../people/local-people.ts';
import { hints } from './hints.ts';
import { people } from './roster.ts';
import { firstRound, later } from './scenes.ts';
import { playScene } from './traffic.ts';
import { accounts } from './slack/demo-slack.ts';
import type { SlackServer } from './slack/slack-server.ts';
import type { Played, Stage } from './traffic.ts';
import type { Seen } from './watch.ts';

export interface DemoRun {
  readonly local: Local;
  readonly once: boolean;
  readonly signal: AbortSignal;
  readonly seen: Seen;
  readonly stage: Stage;
  readonly pause: (ms: number) => Promise<void>;
  /** The demo's Slack, where it is configured. */
  readonly slack?: SlackServer;
}

/** Most actions left waiting for people before the traffic stops adding to them. */
const mostWaiting = 4;
const calmMs = 8_000;

/** The first round, then what to type, then one scene every few seconds until stopped. False where --once could not have its payment approved and made. */
export const runDemo = async (run: DemoRun): Promise<boolean> => {
  const { stage, seen, signal, pause } = run;
  const going = new Set<Played>();
  const play = async (scene: Parameters<typeof playScene>[1]): Promise<void> => {
    const played = playScene(stage, scene);
    going.add(played);
    void played.over.finally(() => going.delete(played));
    await played.decided;
  };
  const finish = async (): Promise<void> => {
    for (const played of going) played.abandon();
    await Promise.all([...going].map((played) => played.over));
  };

  for (const scene of firstRound()) {
    if (signal.aborted) break;
    await play(scene);
  }
  if (run.once) {
    const treasurer = asPerson(run.local, 'tara');
    const payment = (await waitingFor(seen, treasurer, 10_000, pause)).find(({ record }) => record.tool === 'payments.transfer');
    if (payment !== undefined) {
      const post = await inSlack(run, payment.approval);
      progress(`--once: the treasurer approves ${payment.approval} ${post === undefined ? 'here' : 'in Slack'}; with a plain npm start that is yours to do.`);
      if (post === undefined) await vote(run.local, treasurer, payment.view); else await run.slack!.click(accounts.tara, post, 'approve');
      for (let waited = 0; waited < 15_000 && seen.waiting().includes(payment.record); waited += 50) await pause(50);
      await pause(1_000);
    }
    const left = payment !== undefined && seen.waiting().some((one) => one.run === payment.record.run && one.action === payment.record.action);
    await finish();
    const { byTier, byDecision } = seen.counts();
    progress(`Shown: tiers ${JSON.stringify(byTier)}, decisions ${JSON.stringify(byDecision)}.`);
    return payment !== undefined && !left;
  }

  if (!signal.aborted) progress(hints(run.local, await waitingFor(seen, asPerson(run.local, 'tara'), 5_000, pause), seen.deferred(), seen.told(), run.slack?.url).join('\n'));
  for (let n = 0; !signal.aborted; n++) {
    await pause(calmMs);
    const scene = later(n);
    if (!signal.aborted && !(scene.asks && seen.waiting().length >= mostWaiting)) await play(scene);
  }
  await finish();
  return true;
};

/** The treasurer's message about an approval, if she can approve it there. */
const inSlack = async ({ slack, pause }: DemoRun, approval: string) => {
  for (let waited = 0; slack !== undefined && waited < 5_000; waited += 50) {
    const post = slack.messagesOf(accounts.tara).find(({ blocks }) => JSON.stringify(blocks).includes(`"${approval}.`));
    if (post !== undefined) return JSON.stringify(post.blocks).includes('"action_id":"approve"') ? post : undefined;
    await pause(50);
  }
  return undefined;
};

const asPerson = (local: Local, person: string): { readonly person: string; readonly client: Client } =>
  ({ person, client: createClient({ http: local.http, as: { person, key: keyOf(local.dir, person) } }) });

interface Waiting { readonly record: GovernedDecided; readonly approval: string; readonly view: ApprovalView; readonly voters: readonly string[] }

/** What waits, with the approval that each decision opened; approvals may be a moment behind. */
const waitingFor = async (seen: Seen, { client }: { readonly client: Client }, withinMs: number, pause: (ms: number) => Promise<void>): Promise<readonly Waiting[]> => {
  for (let waited = 0; ; waited += 200) {
    const { approvals } = await client.request<ApprovalList>('approvals', 'GET', '/approvals?status=open').catch((error: unknown) => { if (error instanceof Refused) return { approvals: [] }; throw error; });
    const found = seen.waiting().flatMap((record): Waiting[] => {
      const view = approvals.find((one) => one.run === record.run && one.action === record.action);
      return view === undefined ? [] : [{ record, view, approval: view.approval, voters: votersOf(view) }];
    });
    if (found.length === seen.waiting().length || waited >= withinMs) return found;
    await pause(200);
  }
};

/** Demo people who may vote on it, as many as it takes. */
const votersOf = (view: ApprovalView): readonly string[] =>
  people.filter(({ person, roles }) => !view.requesters.includes(person) && roles.some((role) => view.route.includes(role))).map(({ person }) => person).slice(0, view.quorum);

const vote = async (local: Local, { person, client }: { readonly person: string; readonly client: Client }, view: ApprovalView): Promise<void> => {
  const jws = signPersonStatement('vote', { sub: person, approval: view.approval, digest: view.digest, vote: 'approve', reason: 'demo: checked with the supplier', iat: Math.floor(Date.now() / 1000) }, keyOf(local.dir, person));
  await client.request('approvals', 'POST', `/approvals/${view.approval}/votes`, { jws });
};
