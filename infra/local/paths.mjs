// Where everything lives. A profile is one set of ports, data and secrets: `dev`, `test`, or a throw-away one.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const bin = (name) => join(root, 'node_modules/.bin', name);
export const cacheDir = () => process.env.CS_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'countersign');

export const serviceNames = ['registry', 'policy', 'approvals', 'supervision', 'anomaly', 'audit', 'gateway'];
export const databases = [...serviceNames, 'bus'].map((name) => `countersign_${name}`);

const http = (base) => ({ gateway: base, registry: base + 1, policy: base + 2, approvals: base + 3, supervision: base + 4, anomaly: base + 5, audit: base + 6, tools: base + 10, slack: base + 11 });
const ports = {
  dev: { kafka: 19092, controller: 19093, scram: 19094, postgres: 15432, redis: 16379, http: http(7100) },
  test: { kafka: 39092, controller: 39093, scram: 39094, postgres: 35432, redis: 36379, http: http(37100) },
};

/** A named profile, or with `ephemeral` one whose ports the system chooses and whose data goes when it closes. */
export function profile(name, { ephemeral = false } = {}) {
  const dir = join(root, '.countersign', name);
  return { name, dir, ephemeral, ports: ephemeral ? undefined : ports[name], secrets: join(dir, 'secrets'), logs: join(dir, 'logs'), state: join(dir, 'state.json') };
}
