import { errors } from '@countersign/contracts';
import { afterAll, describe, expect, it } from '@jest/globals';
import { commands } from '../commands.ts';
import { Refused } from './client.ts';
import { people } from './people-command.ts';
import { remedyOf } from './remedy.ts';
import { bulk } from './stops-command.ts';
import { terminalOf } from './terminal.fixture.ts';

const terminal = terminalOf([{ person: 'op', roles: ['operator', 'supervisor'] }]);
afterAll(() => { terminal.close(); });
const posted = () => terminal.asked.filter(({ method }) => method === 'POST').map(({ url, body }) => ({ url, body }));

describe('an invitation, as it is typed', () => {
  const invitation = { person: 'bob', code: 'bob.x', link: 'http://r/enrol#bob.x', expiresAt: 1_800_000_000_000 };
  /** Nobody can read the rules here. */
  const registry = (invited: { readonly status: number; readonly body: object } = { status: 201, body: invitation }) => ({ method, url }: { readonly method: string; readonly url: string }) =>
    (method === 'POST' ? invited : url.endsWith('/people') ? { status: 200, body: { people: [{ person: 'op', roles: ['operator', 'treasurer'] }] } } : url.endsWith('/grantors') ? { status: 200, body: { grantors: [{ grantor: 'team-lead' }] } } : { status: 503, body: { code: 'stale_snapshot', detail: 'ask again', retryable: true } });
  const invite = (...args: string[]) => terminal.typed(people as never, ['invite', ...args], registry());

  it('gives the link, and what its holder types', async () => {
    const { code, out } = await invite('bob', '--name', 'Bob', '--roles', 'treasurer, team-lead');
    expect([code, posted()]).toEqual([0, [{ url: 'http://r/people/invite', body: { person: 'bob', name: 'Bob', roles: ['treasurer', 'team-lead'] } }]]);
    expect(out).toContain('until 2027-01-15T08:00:00.000Z:\nhttp://r/enrol#bob.x\nOn their machine: countersign people enrol LINK --person bob');
  });

  it('asks before it makes up a role: what is known is named, and how to mean it', async () => {
    await expect(invite('bob', '--name', 'Bob', '--roles', 'tresurer')).rejects.toThrow(/^Nobody has the role tresurer, and the rules in force could not be read\. Roles known here: .*operator.*team-lead, treasurer\. If it is meant: --new-role\.$/);
    expect(posted()).toEqual([]);
    expect((await invite('bob', '--name', 'Bob', '--roles', 'tresurer', '--new-role')).code).toBe(0);
    expect(posted()).toHaveLength(1);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['an id that is none', ['Bob Smith', '--name', 'Bob', '--roles', 'operator'], /"Bob Smith" is no id of a person: lower-case letters/],
    ['an empty id', ['', '--name', 'Bob', '--roles', 'operator'], /An id is empty/], ['no name', ['bob', '--roles', 'treasurer'], /--name is missing\.\nUsage: countersign people/], ['no roles', ['bob', '--name', 'Bob'], /--roles is missing/],
    ['an unknown option', ['bob', '--rolls', 'operator'], /Unknown option '--rolls'[^]*Usage: countersign people/],
  ])('with %s asks nobody anything', async (_, args, text) => {
    await expect(invite(...args)).rejects.toThrow(text);
    expect(posted()).toEqual([]);
  });

  it.each<[string, number, string]>([
    ['conflict', 409, '→ countersign people shows who is here; who has left comes back by countersign people return PERSON --reason TEXT.'],
    ['forbidden', 403, '→ Somebody who may does it: --as PERSON, where their key lies on this machine. countersign people says who has which role.'],
    ['change_review_required', 403, '→ File it: countersign change file person PERSON --after FILE --reason TEXT; a second person approves it.'],
  ])('that is refused with %s says what to do', async (refusal, status, remedy) => {
    const { code, out, err } = await terminal.typed(people as never, ['invite', 'bob', '--name', 'Bob', '--roles', 'treasurer'], registry({ status, body: { code: refusal, detail: 'no', retryable: false } }));
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`${refusal}: no`);
    expect(err).toContain(remedy);
  });
});

describe('a remedy', () => {
  const paths = ['/people/invite', '/people/bob/leave', '/agents', '/agents/payer/activate', '/roles/clerk', '/templates/t', '/grantors/g', '/processes/p', '/changes/c', '/graph', '/tools/t', '/scim/connections', '/inventory/report', '/accountability?run=r', '/policy/bundles', '/approvals/a/votes', '/votes', '/pre-approvals', '/stand-ins', '/channels', '/reviews', '/seeds', '/runs/r', '/halts/h', '/actions/a', '/playbooks/p', '/enforcement', '/reconcile', '/findings/f', '/entries/1', '/approvals/a/glass-review', '/bulk', '/nowhere'];
  const all = [...Object.keys(errors), 'not_found', 'conflict', 'nothing_known'].flatMap((code) => paths.map((path) => ({ code, path, remedy: remedyOf(new Refused(code, 'it is so', 409, false, path)) })));

  it('names commands that there are, and none that is empty', () => {
    expect(all.length).toBeGreaterThan(1_000);
    const named = new Set(all.flatMap(({ remedy }) => [...(remedy ?? '').matchAll(/countersign ([a-z-]+)/g)].map(([, word]) => word!)));
    expect([...named].filter((word) => !Object.hasOwn(commands, word))).toEqual([]);
    expect(named.size).toBeGreaterThan(10);
    expect(all.filter(({ remedy }) => remedy !== undefined && /undefined|^\s|\s$|^$/.test(remedy))).toEqual([]);
  });

  it('stands in every command\'s own usage, where it says a step of one', () => {
    const steps = new Set(all.flatMap(({ remedy }) => [...(remedy ?? '').matchAll(/countersign (people|agent|change|role|policy) ([a-z]+)/g)].map(([, word, step]) => `${word} ${step}`)));
    const wrong = [...steps].filter((one) => { const [word, step] = one.split(' ') as [string, string]; return !['says', 'shows', 'lists', 'who'].includes(step) && !new RegExp(`\\b${step}\\b`).test(commands[word]!.usage); });
    expect(wrong).toEqual([]);
  });

  it('of an id that is not there is the list of those that are, and of a code that nobody knows is none', () => {
    expect(remedyOf(new Refused('not_found', 'no such agent', 404, false, '/agents/ghost'))).toBe('See which there are: countersign agents.');
    expect(remedyOf(new Refused('not_found', 'no such agent: countersign audit query has it', 404, false, '/agents/ghost'))).toBe('Check the id.');
    expect(remedyOf(new Refused('nothing_known', 'odd', 500, false, '/agents'))).toBeUndefined();
    expect(remedyOf(new Refused('change_review_required', 'it widens', 403, false, '/roles/clerk%20x'))).toContain('countersign change file role clerk x --after FILE');
  });
});

describe('a stop of many runs, as it is typed', () => {
  const answered = { verb: 'pause', dryRun: false, count: 2, items: [{ run: 'r1', agent: 'a', ok: true, code: null, detail: null }, { run: 'r2', agent: 'a', ok: false, code: 'conflict', detail: 'it has ended' }] };
  const typed = (...args: string[]) => terminal.typed(bulk as never, args, answered);

  it.each<[string, readonly string[], RegExp]>([
    ['nothing that says which', ['pause', '--reason', 'odd'], /^Say which runs: their ids, --agent, --status or --tool; --all for every run that is open\.$/],
    ['an empty id', ['terminate', '', '--reason', 'odd'], /An id is empty/], ['an empty agent', ['terminate', '--agent', '', '--reason', 'odd'], /--agent is empty/], ['a blank status', ['terminate', '--status', ' ', '--reason', 'odd'], /--status is empty/],
    ['runs and everything', ['terminate', 'r1', '--all', '--reason', 'odd'], /in one way/], ['runs and an agent', ['terminate', 'r1', '--agent', 'a', '--reason', 'odd'], /in one way/], ['an agent and everything', ['cancel', '--agent', 'a', '--all', '--reason', 'odd'], /in one way/],
    ['a number that is none', ['pause', '--all', '--expect', 'few', '--reason', 'odd'], /--expect "few" is no number of runs/], ['an empty number', ['pause', '--all', '--expect', '', '--reason', 'odd'], /--expect is empty/],
    ['no reason', ['pause', '--all'], /--reason is missing/], ['another verb', ['stop', '--all', '--reason', 'odd'], /bulk pause, resume, cancel or terminate/],
  ])('with %s stops nothing', async (_, args, text) => {
    await expect(typed(...args)).rejects.toThrow(text);
    expect(posted()).toEqual([]);
  });

  it('goes out as it was meant, says of each what came of it, and fails where one did', async () => {
    const { code, out } = await typed('pause', '--agent', 'a', '--expect', '2', '--reason', 'odd');
    expect(posted()).toEqual([{ url: 'http://s/bulk', body: { verb: 'pause', reason: 'odd', filter: { agent: 'a' }, dryRun: false, expect: 2 } }]);
    expect([code, out]).toEqual([1, '2 runs\n  r1  a  done\n  r2  a  conflict: "it has ended"\n']);
    await typed('terminate', 'r1', 'r2', '--dry-run', '--reason', 'odd');
    expect(posted()).toMatchObject([{ body: { runs: ['r1', 'r2'], dryRun: true } }]);
    await typed('terminate', '--all', '--reason', 'odd');
    expect(posted()).toMatchObject([{ body: { filter: {} } }]);
  });
});
