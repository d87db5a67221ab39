import { namespacedBus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { createKeySet, generateKey } from '@countersign/identity';
import { serviceKeys } from '@countersign/service-host';
import { createHaltView } from '@countersign/tool-guard';

/** Tool guards in a process of their own, as tools have them: what else the bench process does would count as theirs. Prints their public keys, then says when they watch. */
const [brokers, secrets, tenant, namespace, ...names] = process.argv.slice(2) as [string, string, string, string, ...string[]];
const keys = names.map((name) => generateKey(`${name}-1`));
process.stdout.write(`keys ${JSON.stringify(keys.map(({ publicJwk: { kty, crv, x, kid } }) => ({ kty, crv, x, kid })))}\n`);
const bus = namespacedBus(await createKafkaBus({ brokers: brokers.split(','), clientId: 'bench-guards' }), namespace);
const jwks = createKeySet(serviceKeys(secrets).jwks);
const guards = names.map((name, n) => createHaltView({ bus, jwks, now: Date.now, report: { point: `guard/${name}`, kind: 'guard', key: keys[n]!, tenant } }));
await Promise.all(guards.map(({ ready }) => ready));
process.stdout.write('watching\n');
const end = async (): Promise<void> => {
  await Promise.all(guards.map((guard) => guard.stop()));
  await bus.close();
  process.exit(0);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { void end(); });
