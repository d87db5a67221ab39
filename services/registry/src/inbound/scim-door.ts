import type { HotState } from '@countersign/hot-state';
import { CodedError } from '@countersign/service-host';
import type { People } from '../app/people.ts';
import type { Scim } from '../app/scim.ts';
import type { ScimAgents } from '../app/scim-agents.ts';

/** Requests of one connection. */
const scimPerMinute = 1_200;

/** What the SCIM controllers call: everything that changes people is heard of here at once. */
export const scimDoor = ({ scim, agents, people, hot, tenant, publicUrl }: { readonly scim: Scim; readonly agents: ScimAgents; readonly people: People; readonly hot: HotState; readonly tenant: string; readonly publicUrl: string }) => {
  const heard = async <T>(answer: T): Promise<T> => {
    await people.refresh();
    return answer;
  };
  const scimBase = `${publicUrl}/scim/v2`;
  return {
    scim: {
      ...scim,
      create: async (...told: Parameters<Scim['create']>) => heard(await scim.create(...told)), replace: async (...told: Parameters<Scim['replace']>) => heard(await scim.replace(...told)), remove: async (...told: Parameters<Scim['remove']>) => heard(await scim.remove(...told)),
    },
    scimAgents: {
      ...agents,
      create: async (...told: Parameters<ScimAgents['create']>) => heard(await agents.create(...told)), replace: async (...told: Parameters<ScimAgents['replace']>) => heard(await agents.replace(...told)), remove: async (...told: Parameters<ScimAgents['remove']>) => heard(await agents.remove(...told)),
    },
    scimBase,
    scimConnections: scim.connections,
    scimConnection: async (token: string) => {
      const by = await scim.authenticate(token);
      return by !== undefined && await hot.increment(`scim:${tenant}:${by.connection}`, 60_000) > scimPerMinute ? 'too_many' as const : by;
    },
    connectScim: async (what: 'connect' | 'rotate', connection: string, roles: Readonly<Record<string, readonly string[]>>, by: string, reason: string) => {
      const given = await (what === 'connect' ? scim.connect(connection, roles, by, reason) : scim.rotate(connection, by, reason));
      if (!('token' in given)) throw new CodedError(given.code, given.detail);
      return { ...given, url: scimBase };
    },
    disconnectScim: async (connection: string, by: string, reason: string) => {
      const outcome = await scim.disconnect(connection, by, reason);
      if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail ?? 'refused');
      return { connection };
    },
  };
};
