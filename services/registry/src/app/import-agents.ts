import type { AgentSnapshot, ImportAgentsRequest, ImportAgentsResponse } from '@countersign/contracts';
import { nobody } from '../core/agent.ts';
import type { Manage } from './manage.ts';
import type { Inventory } from './ports.ts';

type Row = ImportAgentsRequest['agents'][number];
type Result = ImportAgentsResponse['results'][number];

/** What a draft may use in a run before somebody says otherwise. */
const callsOfADraft = 100;

/**
 * Agents found elsewhere as drafts. The source and the id there say whether it is the same agent; a name is taken once in a tenant. Each row is for
 * itself: a refusal names its code and stops no other.
 */
export const importAgents = async (manage: Manage, inventory: Inventory, { source, dryRun, agents: rows }: ImportAgentsRequest, by: string, now: number): Promise<ImportAgentsResponse> => {
  const known = (await inventory.agents()).map(({ snapshot }) => snapshot);
  const people = new Set((await inventory.people()).flatMap(({ person, snapshot }) => (snapshot?.status === 'active' ? [person] : [])));
  const byOrigin = new Map(known.flatMap((one) => (one.origin === undefined ? [] : [[keyOf(one.origin.source, one.origin.externalId), one] as const])));
  const byName = new Map(known.map((one) => [plain(one.name), one.agent]));
  const ids = new Set(known.map(({ agent }) => agent));
  const seen = new Set<string>();

  const one = async (row: Row): Promise<Result> => {
    const before = byOrigin.get(keyOf(source, row.externalId));
    const agent = before?.agent ?? row.agent ?? idOf(row.name);
    const ownerless = row.owner === undefined || !people.has(row.owner);
    const result = (status: Result['status'], code: string | null = null, detail: string | null = null): Result => ({ externalId: row.externalId, agent, status, code, detail, ownerless });
    if (seen.has(row.externalId)) return result('refused', 'already_exists', `the external id ${row.externalId} stands twice in the import: the first was taken`);
    if (agent === '') return result('refused', 'invalid_request', 'no id can be made of this name: give one in the column agent');
    const namesake = byName.get(plain(row.name));
    if (namesake !== undefined && namesake !== before?.agent) return result('refused', 'already_exists', `${namesake} has this name already: give one of them another name`);
    if (before === undefined && ids.has(agent)) return result('refused', 'already_exists', `there is an agent ${agent} already: give another id in the column agent`);
    seen.add(row.externalId);
    byName.set(plain(row.name), agent);
    ids.add(agent);
    if (dryRun === true) return result(before === undefined ? 'imported' : 'unchanged');
    const outcome = await manage.agent(agent, { type: 'import', profile: profileOf(row, agent, source), by, now }, by);
    return outcome.status === 'refused' ? result('refused', outcome.code, outcome.detail ?? null) : result(outcome.status === 'accepted' ? 'imported' : 'unchanged');
  };

  const results: Result[] = [];
  for (const row of rows) results.push(await one(row));
  return { results };
};

const keyOf = (source: string, externalId: string): string => JSON.stringify([source, externalId]);
const plain = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

/** Letters, digits and hyphens of a name, as an id; empty where nothing is left. */
const idOf = (name: string): string => name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 128);

const profileOf = ({ externalId, name, owner, purpose, roles, permissions, ceiling, environment, model }: Row, agent: string, source: string): Omit<AgentSnapshot, 'tenant' | 'version' | 'status' | 'origin' | 'observe'> & Required<Pick<AgentSnapshot, 'origin'>> => ({
  agent, name, owner: owner ?? nobody, purpose: purpose ?? `imported from ${source}; nobody has said yet what it is for`, roles: roles ?? [], permissions: permissions ?? [], ceiling: ceiling ?? 1,
  environment: environment ?? 'unknown', model: model ?? null, runtimeTrusted: false, limits: { calls: callsOfADraft, money: null }, origin: { source, externalId },
});
