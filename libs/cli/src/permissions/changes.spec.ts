import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { argumentsDigest, createKeySet, generateKey, verifyPersonStatement } from '@countersign/identity';
import type { ChangeView } from '@countersign/contracts';
import { contentOf } from '@countersign/registry/core/change-content';
import { keyOf, savePerson } from '../people/local-people.ts';
import { change } from './changes-command.ts';

const content = {
  subject: { kind: 'agent', id: 'payer' }, base: 'b', after: { ceiling: 2, purpose: 'pays' }, diff: [{ field: 'ceiling', before: '1', after: '2' }, { field: 'purpose', before: '"reads"', after: '"pays"' }],
  widens: ['it acts alone up to tier 2 instead of 1'], allows: ['desk.transfer'],
} as const;
const request: ChangeView = { change: '01970000-0000-7000-8000-000000000001', status: 'open', requester: 'op', reason: 'needed', filedAt: 1, expiresAt: 2_000_000_000_000, digest: argumentsDigest(content), ...content };

describe('who approves a change of permissions', () => {
  const dir = mkdtempSync(join(tmpdir(), 'changes-'));
  const before = process.env['CS_LOCAL'];
  const posted: { readonly url: string; readonly jws: string }[] = [];
  beforeAll(() => {
    // Of two whose keys lie here, whoever filed it is not the one who approves.
    savePerson(dir, { person: 'op', name: 'Op', roles: ['operator'] }, generateKey('op-1'));
    savePerson(dir, { person: 'rita', name: 'Rita', roles: ['policy-reviewer'] }, generateKey('rita-1'));
    process.env['CS_LOCAL'] = JSON.stringify({ dir, http: { registry: 'http://r' } });
  });
  afterEach(() => { jest.restoreAllMocks(); posted.length = 0; });
  afterAll(() => { if (before === undefined) delete process.env['CS_LOCAL']; else process.env['CS_LOCAL'] = before; rmSync(dir, { recursive: true }); });
  const approved = async (registryShows: ChangeView, ...more: string[]) => {
    const out: string[] = [];
    const keep = (text: unknown) => { out.push(String(text)); return true; };
    jest.spyOn(process.stdout, 'write').mockImplementation(keep);
    jest.spyOn(process.stderr, 'write').mockImplementation(keep);
    jest.spyOn(globalThis, 'fetch').mockImplementation((async (url: string, init: RequestInit) => {
      if (init.method === 'POST') posted.push({ url, jws: (JSON.parse(init.body as string) as { jws: string }).jws });
      return new Response(JSON.stringify(registryShows), { status: 200, headers: { 'content-type': 'application/json' } });
    }) as never);
    return { code: await change(['approve', request.change, '--reason', 'looked at it', ...more]), out: out.join('') };
  };

  it('sees the request first, and signs what they saw with --yes', async () => {
    const looked = await approved(request);
    expect([looked.code, posted]).toEqual([1, []]);
    expect(looked.out).toContain('newly allows: "desk.transfer"');
    expect((await approved(request, '--yes')).code).toBe(0);
    expect(posted.map(({ url }) => url)).toEqual([`http://r/changes/${request.change}/approve`]);
    expect(verifyPersonStatement('change-review', posted[0]!.jws, createKeySet([keyOf(dir, 'rita').publicJwk]), { now: Date.now(), person: 'rita' })).toMatchObject({ ok: true, statement: { change: request.change, digest: request.digest } });
  });

  it.each<[string, Partial<ChangeView>]>([
    ['another subject', { subject: { kind: 'agent', id: 'reader' } }], ['a harmless diff', { diff: [{ field: 'ceiling', before: '2', after: '1' }] }], ['that nothing widens', { widens: [] }], ['no new tools', { allows: [] }], ['another end', { after: { ceiling: 1 } }], ['another beginning', { base: 'c' }],
  ])('signs nothing for a registry that shows %s and digests something else', async (_, lie) => {
    const { code, out } = await approved({ ...request, ...lie }, '--yes');
    expect([code, posted]).toEqual([1, []]);
    expect(out).toContain('digest_mismatch');
  });

  it('sees what the diff leaves out as well', async () => {
    const silent: ChangeView = { ...request, diff: [] };
    expect((await approved({ ...silent, digest: argumentsDigest(contentOf(silent)) })).out).toContain('ceiling is given as "2"');
  });

  it('signs nothing where the digest is right and the diff tells something else than what would be put there', async () => {
    const lie: ChangeView = { ...request, diff: [{ field: 'ceiling', before: '2', after: '1' }] };
    expect((await approved({ ...lie, digest: argumentsDigest(contentOf(lie)) }, '--yes')).code).toBe(1);
    expect((await approved({ ...request, change: '01970000-0000-7000-8000-000000000002' }, '--yes')).code).toBe(1);
    expect(posted).toEqual([]);
  });
});
