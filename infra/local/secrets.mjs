// Random at first start, readable by their owner only. One Ed25519 key per service that signs.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from './paths.mjs';

const write = (file, text) => writeFileSync(file, text, { mode: 0o600 });

/** Makes what is missing in the profile's secrets directory. Returns {dir, postgres, redis}. */
export function secretsOf(profile) {
  const dir = profile.secrets;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const name of ['proof-secret', 'postgres-password', 'redis-password']) {
    if (!existsSync(join(dir, name))) write(join(dir, name), randomBytes(32).toString('base64url'));
  }
  let made = !existsSync(join(dir, 'jwks.json'));
  const keys = serviceNames.map((service) => {
    const file = join(dir, `${service}.key.json`);
    if (!existsSync(file)) {
      made = true;
      const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
      write(file, JSON.stringify({ ...jwk, kid: `${service}-1`, alg: 'EdDSA', use: 'sig' }));
    }
    const { d: _private, ...open } = JSON.parse(readFileSync(file, 'utf8'));
    return open;
  });
  if (made) write(join(dir, 'jwks.json'), JSON.stringify({ keys }));
  const read = (name) => readFileSync(join(dir, name), 'utf8').trim();
  return { dir, postgres: read('postgres-password'), redis: read('redis-password') };
}
