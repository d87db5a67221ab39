import { randomBytes, randomUUID } from 'node:crypto';
import { migrateEventStore, openPool } from '@countersign/event-store/postgres';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { createClientAssertion, generateKey, jwkThumbprint } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import { issueToken } from '@countersign/registry/app/issue-token';
import { createCredentialBook } from '@countersign/registry/outbound/credential-book';
import { createInventory, openInventory } from '@countersign/registry/outbound/inventory';
import { createRevocationSet } from '@countersign/tool-guard';
import { importJWK, SignJWT } from 'jose';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';
import { withDatabase } from './registry.ts';

const agents = 50, inFlight = 64, rounds = 3, issuer = 'http://bench';

/** What runtimes send, made beforehand: that work is theirs. */
const requestsOf = (n: number, keys: readonly ReturnType<typeof generateKey>[]) => Array.from({ length: n }, (_, i) => {
  const key = keys[i % keys.length]!, { kty, crv, x } = generateKey('session').publicJwk;
  return {
    grant_type: 'client_credentials' as const, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' as const, session_key: JSON.stringify({ kty, crv, x, kid: 'session' }),
    client_assertion: createClientAssertion({ client: `agent-${i % keys.length}`, audience: `${issuer}/oauth2/token`, jti: randomUUID(), now: Date.now(), lifeS: 240 }, key),
  };
});

const perSecond = async (n: number, one: (i: number) => Promise<unknown>): Promise<number> => {
  let next = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, async () => { while (next < n) await one(next++); }));
  return n / ((performance.now() - began) / 1_000);
};

/** registry.tokens.per_s: runs opened with private_key_jwt through the registry's own handler, real PostgreSQL and Redis, beside bare jose signing the same claims. */
export const benchTokens = async (options: { readonly postgres: string; readonly redis: string | undefined; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const ours: number[] = [], bare: number[] = [];
  const n = options.quick ? 1_000 : 4_000;
  await withDatabase(options.postgres, async (url) => {
    const source = await openInventory(url);
    const pool = openPool({ connectionString: url, max: 4 });
    const hot = options.redis === undefined ? createMemoryHotState() : createRedisHotState({ url: options.redis, prefix: `bench:${randomBytes(4).toString('hex')}:` });
    try {
      await migrateEventStore(pool);
      const inventory = createInventory(source), book = createCredentialBook(source);
      const keys = Array.from({ length: agents }, (_, i) => generateKey(`agent-${i}-1`));
      for (const [i, key] of keys.entries()) {
        const agent = `agent-${i}`;
        await inventory.putAgent(agent, 1, { agent, tenant: 'bench', version: 1, name: agent, owner: 'olga', purpose: 'bench', roles: [], status: 'active', permissions: ['desk.*', 'ledger.read'], ceiling: 2, environment: 'bench', model: null, runtimeTrusted: false, limits: { calls: 100, money: null } }, key.publicJwk);
        await book.putKeys(agent, 1, [{ kid: key.kid, thumbprint: jwkThumbprint(key.publicJwk), key: key.publicJwk, notBefore: 0, notAfter: Date.now() + 86_400_000, addedBy: 'olga', replaced: false, announced: false }]);
      }
      const key = generateKey('registry-1'), signer = await importJWK({ ...key.privateJwk, alg: 'EdDSA' }, 'EdDSA');
      const deps = { inventory, revocations: { ...createRevocationSet(), isStale: () => false }, hot, key, proofSecret: randomBytes(32), tenant: 'bench', issuer, audience: 'countersign', perMinute: 10_000_000, ids: () => uuidV7From(Date.now(), randomBytes(10)), now: Date.now };
      for (let round = 0; round <= (options.quick ? 1 : rounds); round += 1) {
        const requests = requestsOf(n, keys);
        const jwk = JSON.parse(requests[0]!.session_key) as object;
        const signed = await perSecond(n, (i) => new SignJWT({ sub: `agent-${i % agents}`, jti: randomUUID(), tenant: 'bench', run: randomUUID(), scope: 'desk.* ledger.read', cnf: { jkt: 'j', jwk } }).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid }).setIssuedAt().setExpirationTime('10m').sign(signer));
        const issued = await perSecond(n, async (i) => {
          const answer = await issueToken(deps, requests[i]!);
          if (answer.status === 'refused') throw new Error(`${answer.code}: ${answer.detail}`);
        });
        // The first round warms up.
        if (round === 0) continue;
        ours.push(issued);
        bare.push(signed);
        options.tell(`registry tokens, round ${round}: ${Math.round(issued)}/s, jose signs ${Math.round(signed)}/s`);
      }
    } finally {
      await hot.close();
      await pool.end();
      await source.destroy();
    }
  });
  return { 'registry.tokens.per_s': ofRounds(ours, '1/s', { baseline: bare, note: `a run opened each (assertion verified, replay and rate looked up${options.redis === undefined ? ' in memory' : ' in Redis'}, agent read, run written), ${inFlight} in flight, without HTTP; baseline: jose signs the same claims with EdDSA` }) };
};
