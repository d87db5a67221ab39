import { fileURLToPath } from 'node:url';
import type { GovernedDecided, GovernedRecord, PutToolRequest } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import type { ProposedAction, Run } from '@countersign/sdk';
import { deskTool, enrol, startSiem, startWithAgent, until } from '@countersign/spec/whole';
import type { Agent, Answer, Human, Siem, Whole } from '@countersign/spec/whole';

const text = { type: 'string', minLength: 1, maxLength: 200 };
const undone = { compensator: 'desk.write' } as const;
const read = (title: string, dataClasses: readonly string[]): PutToolRequest => deskTool(title, { note: text }, { consequential: false, dataClasses: [...dataClasses], facts: { target: '[args.note]' } });

/** What the tests need beside the desk; bundle/ has the rule of each. */
const tools: Readonly<Record<string, PutToolRequest>> = {
  'desk.notes': read('Reads what everybody may read', ['public']),
  'desk.customers': read('Reads a customer', ['customer']),
  'desk.unlabelled': read('Reads what nobody has classified', []),
  'desk.mail': deskTool('Sends something out', { to: text, text }, undone),
  'desk.close': deskTool('Closes a case', { note: text }, undone),
  'desk.pay': deskTool('Pays a supplier', { to: text, minor: { type: 'integer', minimum: 1, maximum: 10_000 }, purpose: { enum: ['goods', 'services'] }, invoice: { type: 'string', pattern: '^INV-[0-9]{4}$' } }, undone),
  'desk.hurry': deskTool('Waits a moment for a fact', { note: text }, undone),
  'desk.sure': deskTool('Changes what an agent should be sure of', { note: text }, undone),
  'desk.memo': deskTool('Writes to everybody', { text }, undone),
  'desk.plan': deskTool('Puts something on a plan', { what: text }, { ...undone, facts: { target: '[args.what]' } }),
};

export interface Stage {
  /** Gets what happened to actions, as OCSF. */
  readonly siem: Siem;
  readonly whole: Whole;
  readonly clerk: Agent;
  /** Owes the facts that wait for purchasing. */
  readonly pia: Human;
  open(instruction?: string): Promise<Run>;
  /** What the record says of an action, round by round, once that many rounds are on it. */
  decided(run: Run, action: ProposedAction, rounds?: number): Promise<readonly GovernedDecided[]>;
  record<K extends GovernedRecord['kind']>(run: Run, kind: K, action?: string): Promise<Extract<GovernedRecord, { kind: K }>>;
  /** The deferral stands at supervision. */
  waiting(run: Run, action: ProposedAction): Promise<unknown>;
  supply(by: Human, run: Run, action: ProposedAction, fact: string, value: unknown, signed?: unknown): Promise<Answer>;
  /** Executes at the tool server; throws where it refuses. */
  execute(action: ProposedAction): Promise<string>;
}

export const openStage = async (): Promise<Stage> => {
  const siem = await startSiem({ types: ['countersign.governed.action.'] });
  const { whole, agent: clerk } = await startWithAgent('clerk', { CS_SUBSCRIPTIONS: siem.file, CS_POLICY_BUNDLE: fileURLToPath(new URL('./bundle', import.meta.url)) }, tools);
  const pia = await enrol(whole.urls, whole.people.operator, 'pia', ['purchasing']);
  await until('supervision knows pia', async () => (await pia.call('supervision', 'GET', '/halts')).status === 200);
  const ofRun = (run: Run) => whole.seen.governed(run.id);
  return {
    whole, clerk, pia, siem,
    open: (instruction = 'do what is due') => clerk.open({ text: instruction, attestation: null }),
    decided: (run, { action }, rounds = 1) => until(`${rounds} rounds are on the record`, () => {
      const found = ofRun(run).filter((record): record is GovernedDecided => record.kind === 'action.decided' && record.action === action);
      return found.length >= rounds && found;
    }),
    record: (run, kind, action) => until(`${kind} is on the record`, () => ofRun(run).find((record) => record.kind === kind && (action === undefined || ('action' in record && record.action === action)))) as never,
    waiting: (run, { action }) => until('supervision shows what it waits for', async () => {
      const { body } = await whole.people.nobody.call('supervision', 'GET', `/runs/${run.id}`);
      return (body['timeline'] as { action: string; deferral?: unknown }[] | undefined)?.find((one) => one.action === action)?.deferral as object | undefined;
    }),
    supply: (by, run, { action }, fact, value, signed = value) => by.call('supervision', 'POST', `/runs/${run.id}/actions/${action}/facts`, {
      fact, value, jws: signPersonStatement('fact', { sub: by.person, tenant: 'acme', run: run.id, action, fact, value: argumentsDigest(signed), iat: Math.floor(Date.now() / 1000) }, by.key),
    }),
    execute: (action) => action.execute(whole.tools.execute(action.tool), { waitMs: 60_000 }),
  };
};
