import { afterAll, describe, expect, it } from '@jest/globals';
import { argumentsDigest, createKeySet, verifyPersonStatement } from '@countersign/identity';
import type { ChangeView } from '@countersign/contracts';
import { contentOf } from '@countersign/registry/core/change-content';
import { keyOf } from '../people/local-people.ts';
import { terminalOf } from '../people/terminal.fixture.ts';
import { change } from './changes-command.ts';

const content = {
  subject: { kind: 'agent', id: 'payer' }, base: 'b', after: { ceiling: 2, purpose: 'pays' }, diff: [{ field: 'ceiling', before: '1', after: '2' }, { field: 'purpose', before: '"reads"', after: '"pays"' }],
  widens: ['it acts alone up to tier 2 instead of 1'], allows: ['desk.transfer'],
} as const;
const request: ChangeView = { change: '01970000-0000-7000-8000-000000000001', status: 'open', requester: 'op', reason: 'needed', filedAt: 1, expiresAt: 2_000_000_000_000, digest: argumentsDigest(content), ...content };

describe('who approves a change of permissions', () => {
  // Of two whose keys lie here, whoever filed it is not the one who approves.
  const terminal = terminalOf([{ person: 'op', roles: ['operator'] }, { person: 'rita', roles: ['policy-reviewer'] }]);
  afterAll(() => { terminal.close(); });
  const posted = () => terminal.asked.filter(({ method }) => method === 'POST').map(({ url, body }) => ({ url, jws: (body as { jws: string }).jws }));
  const approved = async (registryShows: ChangeView, ...more: string[]) => {
    const { code, out, err } = await terminal.typed(change, ['approve', request.change, '--reason', 'looked at it', ...more], registryShows);
    return { code, out: out + err, posted: posted() };
  };

  it('sees the request first, and signs what they saw with --yes', async () => {
    const looked = await approved(request);
    expect([looked.code, looked.posted]).toEqual([1, []]);
    expect(looked.out).toContain('newly allows: "desk.transfer"');
    const signed = await approved(request, '--yes');
    expect(signed.code).toBe(0);
    expect(signed.posted.map(({ url }) => url)).toEqual([`http://r/changes/${request.change}/approve`]);
    expect(verifyPersonStatement('change-review', signed.posted[0]!.jws, createKeySet([keyOf(terminal.dir, 'rita').publicJwk]), { now: Date.now(), person: 'rita' })).toMatchObject({ ok: true, statement: { change: request.change, digest: request.digest } });
  });

  it.each<[string, Partial<ChangeView>]>([
    ['another subject', { subject: { kind: 'agent', id: 'reader' } }], ['a harmless diff', { diff: [{ field: 'ceiling', before: '2', after: '1' }] }], ['that nothing widens', { widens: [] }], ['no new tools', { allows: [] }], ['another end', { after: { ceiling: 1 } }], ['another beginning', { base: 'c' }],
  ])('signs nothing for a registry that shows %s and digests something else', async (_, lie) => {
    const { code, out, posted: sent } = await approved({ ...request, ...lie }, '--yes');
    expect([code, sent]).toEqual([1, []]);
    expect(out).toContain('digest_mismatch');
  });

  it('sees what the diff leaves out as well', async () => {
    const silent: ChangeView = { ...request, diff: [] };
    expect((await approved({ ...silent, digest: argumentsDigest(contentOf(silent)) })).out).toContain('ceiling is given as "2"');
  });

  it('signs nothing where the digest is right and the diff tells something else than what would be put there', async () => {
    const lie: ChangeView = { ...request, diff: [{ field: 'ceiling', before: '2', after: '1' }] };
    for (const shown of [{ ...lie, digest: argumentsDigest(contentOf(lie)) }, { ...request, change: '01970000-0000-7000-8000-000000000002' }]) expect(await approved(shown, '--yes')).toMatchObject({ code: 1, posted: [] });
  });
});
