import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { envelope } from '@countersign/bus';
import type { Bus, Outgoing } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import type { BundleLineUp, PersonSnapshot } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { createKeySet, generateKey, signPersonStatement, signServiceMessage } from '@countersign/identity';
import type { BundleOrderStatement, SigningKey } from '@countersign/identity';
import type { BundleFile } from './app/bundles/ports.ts';
import { createBundleChecks } from './checks/bundle-checks.ts';
import { composeBundles } from './compose-bundles.ts';
import type { Bundles } from './compose-bundles.ts';
import { packBundle } from './inbound/bundle-archive.ts';
import { bundleDigest, parseBundle } from './inbound/bundle-files.ts';
import { openOwnDatabase, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';

/** A limit of pay.now; a lower limit asks people sooner. */
const bundle = (version: string, limit: number): readonly BundleFile[] => [
  { path: 'bundle.yaml', text: `version: ${version}\npermit: ['pay.*']\n` },
  { path: 'rules/pay.yaml', text: `- id: large\n  owner: olga\n  rationale: large\n  tools: [pay.now]\n  when: amount >= ${limit}\n  tier: 3\n` },
];
const limitOf = (files: readonly BundleFile[]): number => Number(/>= (\d+)/.exec(files[1]!.text)![1]);
const installed = bundle('v1', 1_000);
const digest = bundleDigest;

describe('rule bundles against people who may not, and against a stolen key of policy', () => {
  const suffix = randomBytes(4).toString('hex');
  const topics = { bundles: `policy.bundles-${suffix}.v1`, events: `policy.events-${suffix}.v1` };
  let database: OwnDatabase;
  const policyKey = generateKey('policy-1');
  const keys: Record<string, SigningKey> = Object.fromEntries(['ann', 'rob', 'cleo', 'olga'].map((person) => [person, generateKey(`${person}-1`)]));
  const roles: Record<string, readonly string[]> = { ann: ['policy-author'], rob: ['policy-reviewer'], cleo: ['policy-author', 'policy-reviewer'], olga: ['operator'] };
  const people = new Map<string, PersonSnapshot>(Object.keys(keys).map((person) => [person, { person, tenant: 'acme', version: 1, name: person, roles: roles[person]!, status: 'active', keys: [keys[person]!.publicJwk] }]));
  let bus: Bus;
  let pool: ReturnType<typeof openPool>;
  let policy: Bundles;
  const refused: string[] = [];

  const start = (publishers: ReadonlySet<string> | null = null): Promise<Bundles> => composeBundles({
    bus, pool, key: policyKey, keys: createKeySet([policyKey.publicJwk]), tenant: 'acme', name: 'pay', builtIn: { files: installed, ...parseBundle(installed) }, person: (id) => people.get(id), known: Promise.resolve(), publishers,
    checks: {
      check: createBundleChecks(() => [], { lint: null, diff: null }, () => undefined).check,
      test: async () => ({ passed: 1, failed: 0, first: null }),
      compare: async (old, next) => (limitOf(next) > limitOf(old) ? [{ what: `pay.now of ${limitOf(old)}`, rule: 'large', tool: 'pay.now', before: 'step_up, tier 3', after: 'allow, tier 2', facts: { amount: limitOf(old) } }] : []),
    },
    tool: () => undefined, catalogue: () => '', compile: async (files) => parseBundle(files), secret: Buffer.alloc(32, 3), evaluator: `policy-${randomUUID()}`, now: Date.now, topics,
    onError: (error, what) => { if (what === 'a bundle was refused') refused.push(error.message); },
  });
  beforeAll(async () => {
    database = await openOwnDatabase('bundles');
    pool = openPool({ connectionString: database.url });
    bus = await createKafkaBus({ brokers: process.env['CS_TEST_KAFKA']!.split(','), clientId: 'bundles' });
    await bus.ensureTopics([{ name: topics.bundles, partitions: 1, compacted: true, retentionMs: -1, maxMessageBytes: 262_144 }, { name: topics.events, partitions: 1, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 131_072 }]);
    policy = await start();
    await deciding('v1');
  });
  afterAll(async () => {
    await policy?.stop();
    await bus?.close();
    await pool?.end();
    await database.close();
  });

  const iat = (): number => Math.floor(Date.now() / 1000);
  const signed = (person: string, files: readonly BundleFile[], over: object = {}, key = keys[person]!): string => signPersonStatement('bundle', { sub: person, tenant: 'acme', bundle: 'pay', version: /version: (.*)/.exec(files[0]!.text)![1]!, digest: digest(files), iat: iat(), ...over }, key);
  const publish = (person: string, files: readonly BundleFile[], over: object = {}, key?: SigningKey) => policy.publish(packBundle(files), signed(person, files, over, key), person);
  const orderBy = (person: string, files: readonly BundleFile[], activation: number, base: readonly BundleFile[], over: Partial<BundleOrderStatement> = {}, key = keys[person]!): string =>
    signPersonStatement('bundle-order', { sub: person, tenant: 'acme', bundle: 'pay', version: /version: (.*)/.exec(files[0]!.text)![1]!, digest: digest(files), base: digest(base), activation, purpose: 'activate', percent: 0, iat: iat(), ...over }, key);
  const reviewBy = async (person: string, files: readonly BundleFile[], activation: number, base: readonly BundleFile[], over: object = {}): Promise<string> => {
    const version = /version: (.*)/.exec(files[0]!.text)![1]!;
    const { comparison } = await policy.version(version);
    return signPersonStatement('bundle-review', { sub: person, tenant: 'acme', bundle: 'pay', version, digest: digest(files), base: digest(base), activation, counterexample: comparison!.counterexample, reason: 'read it', iat: iat(), ...over }, keys[person]!);
  };
  const deciding = (version: string) => until(`${version} decides`, () => policy.current()?.version === version);
  const byPolicy = (lineUp: BundleLineUp): Outgoing => signServiceMessage({ topic: topics.bundles, key: 'pay', value: Buffer.from(JSON.stringify(lineUp)), headers: envelope({ id: randomUUID(), type: 'countersign.policy.lineup.v1', source: 'policy', time: Date.now(), tenant: 'acme' }) }, policyKey);
  const code = async (attempt: Promise<unknown>): Promise<string> => attempt.then(() => 'accepted', (error: { code?: string }) => error.code ?? 'no code');

  const strict = bundle('v2', 500), loose = bundle('v3', 9_000), stricter = bundle('v4', 100);

  it('publishes only what its author signed, with the role for it, as it was signed', async () => {
    expect(await code(publish('olga', strict))).toBe('forbidden');
    expect(await code(publish('ann', strict, {}, generateKey('ann-1')))).toBe('signature_invalid');
    expect(await code(publish('ann', strict, { tenant: 'other' }))).toBe('signature_invalid');
    expect(await code(policy.publish(packBundle(loose), signed('ann', strict), 'ann'))).toBe('signature_invalid');
    expect(await code(policy.publish(packBundle(strict), signed('ann', strict), 'rob'))).toBe('wrong_person');
    expect(await code(policy.publish('H4sIAAAA', signed('ann', strict), 'ann'))).toBe('bundle_invalid');
    expect(await code(publish('ann', strict))).toBe('accepted');
    expect(await code(publish('ann', bundle('v2', 400)))).toBe('already_exists');
    for (const files of [loose, stricter]) await publish('ann', files);
  });

  it('lets one person tighten, and two loosen', async () => {
    await policy.order(orderBy('ann', strict, 1, installed), 'ann');
    await deciding('v2');
    expect((await policy.order(orderBy('ann', loose, 2, strict), 'ann')).pending).toMatchObject({ version: 'v3', comparison: { loosened: [{ before: 'step_up, tier 3', after: 'allow, tier 2', facts: { amount: 500 } }] } });
    expect(await code(policy.review(await reviewBy('ann', loose, 2, strict), 'ann'))).toBe('forbidden');
    expect(await code(policy.review(await reviewBy('olga', loose, 2, strict), 'olga'))).toBe('forbidden');
    expect(await code(policy.review(await reviewBy('rob', loose, 2, strict, { counterexample: 'c'.repeat(43) }), 'rob'))).toBe('activation_stale');
    expect(policy.current()?.version).toBe('v2');
    await policy.review(await reviewBy('rob', loose, 2, strict), 'rob');
    await deciding('v3');
    expect(await policy.status()).toMatchObject({ activation: 2, active: { version: 'v3', by: 'ann', reviewedBy: 'rob' }, previous: { version: 'v2' } });
  });

  it('is not reviewed by its own author, whatever roles they have', async () => {
    const own = bundle('v5', 20_000);
    await publish('cleo', own);
    await policy.order(orderBy('ann', own, 3, loose), 'ann');
    expect(await code(policy.review(await reviewBy('cleo', own, 3, loose), 'cleo'))).toBe('self_approval');
  });

  it('takes no old order again', async () => {
    const first = orderBy('ann', strict, 1, installed);
    expect(await code(policy.order(first, 'ann'))).toBe('activation_stale');
    expect(await code(policy.order(orderBy('ann', strict, 3, installed), 'ann'))).toBe('activation_stale');
  });

  it('keeps what it has against whoever holds policy\'s key alone', async () => {
    const order = (over: Partial<BundleOrderStatement> = {}, key?: SigningKey) => orderBy('ann', stricter, 50, loose, over, key);
    const slot = (over: Partial<NonNullable<BundleLineUp['active']>> = {}) => ({ version: 'v4', digest: digest(stricter), author: signed('ann', stricter), order: order(), review: null, ...over });
    const lineUp = (activation: number, active: BundleLineUp['active'], over: Partial<BundleLineUp> = {}): BundleLineUp => ({ name: 'pay', tenant: 'acme', activation, at: Date.now(), order: active?.order ?? order(), active, beside: null, ...over });
    const now = await policy.status();
    const stolen = generateKey('ann-1');
    const attacks: readonly (readonly [string, BundleLineUp, RegExp])[] = [
      ['signed by a key that is not ann\'s', lineUp(50, slot({ order: order({}, stolen) })), /bad_signature/],
      ['by somebody without a role', lineUp(51, slot({ order: orderBy('olga', stricter, 51, loose) })), /no role/],
      ['without an author', lineUp(52, slot({ author: null, order: order({ activation: 52 }) })), /nobody has signed as author/],
      ['an author of other files', lineUp(53, slot({ author: signed('ann', strict), order: order({ activation: 53 }) })), /author signed other files/],
      ['an order of another activation', lineUp(54, slot()), /signed for activation 50/],
      ['a loosening that nobody reviewed', lineUp(55, { version: 'v5', digest: digest(bundle('v5', 20_000)), author: signed('cleo', bundle('v5', 20_000)), order: orderBy('ann', bundle('v5', 20_000), 55, loose), review: null }), /nobody has reviewed it, and it loosens/],
      ['an older version under the order of a shadow', lineUp(56, { version: 'v2', digest: digest(strict), author: signed('ann', strict), order: orderBy('ann', strict, 1, installed), review: null }, { order: orderBy('ann', stricter, 56, loose, { purpose: 'shadow' }), beside: { version: 'v4', digest: digest(stricter), author: signed('ann', stricter), order: orderBy('ann', stricter, 56, loose, { purpose: 'shadow' }), review: null } }), /signed on another active version/],
      ['files that nobody has', lineUp(57, slot({ digest: 'f'.repeat(43), author: signed('ann', stricter, { digest: 'f'.repeat(43) }), order: order({ activation: 57, digest: 'f'.repeat(43) }) })), /are not here/],
      ['an activation that is over', lineUp(1, slot({ version: 'v2', digest: digest(strict), author: signed('ann', strict), order: orderBy('ann', strict, 1, installed) })), /does not come back/],
    ];
    for (const [what, forged, why] of attacks) {
      const before = refused.length;
      await bus.publish([byPolicy(forged)]);
      await until(`refused: ${what}`, () => refused.length > before);
      expect([what, refused.at(-1)]).toEqual([what, expect.stringMatching(why)]);
      expect(policy.current()?.version).toBe('v3');
    }
    await until('the last refusal stands in the status', async () => (await policy.status()).evaluators.at(-1)?.refused?.includes('does not come back'));
    expect((await policy.status()).activation).toBe(now.activation);
  });

  it('begins again with what was in force, though an old line-up lies on the topic', async () => {
    await policy.stop();
    policy = await start();
    await deciding('v3');
    await until('it is live', () => policy.notLive() === null);
    expect(policy.current()?.version).toBe('v3');
  });

  it('goes back in one order where that tightens, and lets nobody in who is not pinned', async () => {
    await policy.order(orderBy('rob', strict, 3, loose, { purpose: 'rollback' }), 'rob');
    await deciding('v2');
    await policy.stop();
    policy = await start(new Set(['rob']));
    await deciding('v2');
    expect(await code(policy.order(orderBy('ann', stricter, 4, strict), 'ann'))).toBe('forbidden');
    people.set('rob', { ...people.get('rob')!, status: 'gone' });
    expect(await code(policy.order(orderBy('rob', stricter, 4, strict), 'rob'))).toBe('unauthenticated');
  });
});
