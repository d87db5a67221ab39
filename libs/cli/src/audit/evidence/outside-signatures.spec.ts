import { beforeAll, describe, expect, it } from '@jest/globals';
import { payment, run, told } from '@countersign/audit/story.fixture';
import { encodings, generateKey, peekJws, signPersonStatement } from '@countersign/identity';
import { formatNote, parseCheckpoint } from '@countersign/tamper-log';
import { checkEvidence } from './check.ts';
import type { Collected } from './collect.ts';
import { logOf, signer, vkeyOf, witnessOf } from './evidence.fixture.ts';
import { filesOf } from './export.ts';

const key = vkeyOf(signer);
const asked = { by: 'ann', made: '2026-11-21T14:00:00.000Z', question: `--run ${run}`, run } as const;
const checked = (log: Collected, witnesses?: string) => checkEvidence(filesOf(log, key, { bundles: new Map(), jwks: { keys: [] }, missing: [] }, asked), key, witnesses);

type Witness = ReturnType<typeof witnessOf>;

describe('the cosignatures under an export', () => {
  const [basel, oslo, forger] = [witnessOf('basel'), witnessOf('oslo'), witnessOf('basel')];
  let log: Collected;
  beforeAll(async () => { log = await logOf(payment()); });
  /** The same log, its head cosigned over this body, and the policy that its operator serves. */
  const cosigned = (by: readonly Witness[], policy = '', over?: (body: string) => string): Collected => {
    const { body, signatures } = parseCheckpoint(encodings, log.note)!;
    const note = formatNote(encodings, body, [...signatures, ...by.map((one) => one.cosign(over?.(body) ?? body))]);
    return { ...log, note, witnesses: policy, entries: log.entries.map((entry) => ({ ...entry, proof: entry.proof.replace(log.note, note) })) };
  };
  const both = `${basel.line}${oslo.line}group two all basel oslo\nquorum two\n`;

  it('hold by the policy of whoever checks, where enough of its witnesses signed this very head', () => {
    expect(checked(cosigned([basel, oslo]), both)).toMatchObject({ ok: true, cosigned: { policy: 'given', by: ['basel', 'oslo'], enough: true, others: 0 } });
    expect(checked(cosigned([basel, oslo]), both).caveats.join()).not.toContain('cosign');
    expect(checked(cosigned([basel, oslo]), `${basel.line}quorum basel`)).toMatchObject({ ok: true, cosigned: { by: ['basel'], others: 1 }, caveats: expect.arrayContaining([expect.stringMatching(/^1 cosignatures were not checked/)]) });
  });

  it.each<readonly [string, () => Collected]>([
    ['one is missing', () => cosigned([basel])], ['none is there', () => log], ['one is by another key under its name', () => cosigned([forger, oslo])],
    ['one signed another head', () => cosigned([basel, oslo], '', (body) => body.replace('\n7\n', '\n6\n'))],
  ])('do not where %s', (_, made) => {
    expect(checked(made(), both)).toMatchObject({ ok: false, firstBad: { file: 'checkpoint', why: expect.stringContaining('not cosigned by enough') } });
  });

  it('by the policy that came along are held against it, and said to prove no more than whoever made it', () => {
    expect(checked(cosigned([basel, oslo], both))).toMatchObject({ ok: true, cosigned: { policy: 'enclosed', by: ['basel', 'oslo'] }, caveats: expect.arrayContaining([expect.stringContaining('came with the record')]) });
    expect(checked(cosigned([basel], both))).toMatchObject({ ok: false, firstBad: { file: 'checkpoint' } });
    expect(checked(cosigned([basel], 'quorum nobody'))).toMatchObject({ ok: false, firstBad: { file: 'witness-policy' } });
    // Nobody's own policy can be left out by leaving out the one that came along.
    expect(checked(cosigned([basel]), both).ok).toBe(false);
  });
});

describe('the votes in an export', () => {
  const [tess, eve] = [generateKey('tess-1'), generateKey('tess-1')];
  const digest = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
  const voted = (change: object = {}, by = tess) => signPersonStatement('vote', { sub: 'tess', approval: '7', digest, vote: 'approve', reason: 'the invoice is real', iat: 1_793_500_000, ...change }, by);
  /** The payment as it was, with this under its vote, and the registry's word on the voter's key. */
  const logWith = (jws: string, registered: object | undefined = { stream: 'person:tess', version: 2, type: 'person.enrolled', at: 1, by: 'tess', data: { key: tess.publicJwk } }) => logOf([
    ...payment().map((message) => ({ ...message, value: Buffer.from(message.value!.toString().replaceAll('"jws":"x"', `"jws":"${jws}"`)) })),
    ...registered === undefined ? [] : [told('registry.events.v1', 'registry.event', registered)],
  ]);

  it('hold under the key that the registry had of who cast them', async () => {
    expect(peekJws(voted())).toMatchObject({ vote: 'approve' });
    expect(checked(await logWith(voted()))).toMatchObject({ ok: true, votes: { verified: 2, unknown: 0, people: [] }, caveats: expect.arrayContaining([expect.stringMatching(/^the signatures of 2 votes hold/)]) });
  });

  it('are counted as not checked where that key is not among the entries', async () => {
    expect(checked(await logOf(payment()))).toMatchObject({ ok: true, votes: { verified: 0, unknown: 2, people: ['tess'] } });
  });

  it.each<readonly [string, () => string]>([
    ['is not by their key', () => voted({}, eve)], ['is another vote', () => voted({ vote: 'deny' })], ['is by somebody else', () => voted({ sub: 'eve' })], ['is on another question', () => voted({ digest: 'x'.repeat(43) })], ['is none', () => 'x'],
  ])('are refused, with the file, where the signature %s', async (_, jws) => {
    expect(checked(await logWith(jws()))).toMatchObject({ ok: false, firstBad: { file: expect.stringMatching(/^entries\/[34]\.payload$/), why: expect.stringContaining('vote') } });
  });

  it('are not held against a key that anybody but the registry spoke of', async () => {
    const forged = { stream: 'person:tess', version: 2, type: 'person.enrolled', at: 1, by: 'tess', data: { key: eve.publicJwk } };
    const log = await logOf([...payment().map((message) => ({ ...message, value: Buffer.from(message.value!.toString().replaceAll('"jws":"x"', `"jws":"${voted({}, eve)}"`)) })), { ...told('approvals.events.v1', 'registry.event', forged) }]);
    expect(checked(log)).toMatchObject({ ok: true, votes: { verified: 0, unknown: 2 } });
  });
});
