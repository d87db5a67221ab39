import { afterAll, describe, expect, it } from '@jest/globals';
import { validateConnectScimRequest } from '@countersign/contracts';
import { terminalOf } from '../people/terminal.fixture.ts';
import { scim } from './command.ts';

describe('connections of identity providers', () => {
  const terminal = terminalOf([{ person: 'op', roles: ['operator'] }]);
  afterAll(() => { terminal.close(); });
  const asked: { readonly url: string; readonly body: unknown }[] = [];
  const run = async (...args: string[]) => {
    const ran = await terminal.typed(scim, args, { connection: 'okta', token: 'csscim.okta.x', url: 'http://r/scim/v2' });
    asked.push(...terminal.asked.map(({ url, body }) => ({ url, body })));
    return ran;
  };

  it('are made with what roles stand for, given another token, and ended', async () => {
    expect((await run('connect', 'okta', '--map', 'Finance=treasurer,senior', '--map=Desk=requester', '--reason', 'people')).out).toContain('Secret token  csscim.okta.x');
    expect(validateConnectScimRequest(asked[0]!.body)).toBe(true);
    expect(JSON.parse((await run('rotate', 'okta', '--reason', 'r', '--json')).out)).toMatchObject({ token: 'csscim.okta.x' });
    await run('remove', 'okta', '--reason', 'r');
    expect(asked).toEqual([
      { url: 'http://r/scim/connections', body: { connection: 'okta', roles: { Finance: ['treasurer', 'senior'], Desk: ['requester'] }, reason: 'people' } },
      { url: 'http://r/scim/connections/okta/rotate', body: { reason: 'r' } }, { url: 'http://r/scim/connections/okta/disconnect', body: { reason: 'r' } },
    ]);
  });

  it.each([['connect'], ['list', 'okta'], ['connect', 'okta', '--map', 'Finance'], ['connect', 'okta', '--map', 'A=a', '--map', 'A=b'], ['rotate', 'okta', '--map', 'A=a', '--reason', 'r']])('ask for nothing that is not understood (%#)', async (...args) => {
    await expect((async () => run(...args))()).rejects.toThrow(/Usage|--map/);
    expect(terminal.asked).toEqual([]);
  });
});
