import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { validateConnectScimRequest } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { savePerson } from '../people/local-people.ts';
import { scim } from './command.ts';

describe('connections of identity providers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'scim-'));
  const before = process.env['CS_LOCAL'];
  const asked: { readonly url: string; readonly body: unknown }[] = [];
  beforeAll(() => {
    savePerson(dir, { person: 'op', name: 'Op', roles: ['operator'] }, generateKey('op-1'));
    process.env['CS_LOCAL'] = JSON.stringify({ dir, http: { registry: 'http://r' } });
  });
  afterEach(() => { jest.restoreAllMocks(); asked.length = 0; });
  afterAll(() => { if (before === undefined) delete process.env['CS_LOCAL']; else process.env['CS_LOCAL'] = before; rmSync(dir, { recursive: true }); });
  const run = async (...args: string[]) => {
    const out: string[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => { out.push(String(text)); return true; });
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    jest.spyOn(globalThis, 'fetch').mockImplementation((async (url: string, init: RequestInit) => {
      asked.push({ url, body: JSON.parse(init.body as string) });
      return new Response(JSON.stringify({ connection: 'okta', token: 'csscim.okta.x', url: 'http://r/scim/v2' }), { status: 200, headers: { 'content-type': 'application/json' } });
    }) as never);
    return { code: await scim(args), out: out.join('') };
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
    expect(asked).toEqual([]);
  });
});
