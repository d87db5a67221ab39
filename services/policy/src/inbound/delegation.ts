import type { DelegationContext, Json, JsonObject, RunStarted, TokenClaims } from '@countersign/contracts';
import { argumentsDigest, serviceOfKey, verifyGrant } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { actorsIn, delegateTool, registryAudience } from '@countersign/kernel';
import { checkArguments } from '@countersign/tool-guard/arguments';
import type { ResultCheck } from '../core/world.ts';

/** What a child run inherits, or why its start does not fit together; undefined where the run is no child. */
export type DelegationCheck = (message: RunStarted, token: TokenClaims) => { readonly ok: true; readonly context: DelegationContext } | { readonly ok: false; readonly why: string } | undefined;

/**
 * The grant that policy gave in the other partition is the only word on what a child run inherits: it names the run and the action that delegated, as
 * the token does, the arguments, and the instruction that the child has to start with. That it was alive and used once the registry has seen.
 */
export const createDelegationCheck = (keys: KeySet): DelegationCheck => (message, token) => {
  const { delegation, instruction } = message;
  const { parent } = token;
  if (delegation === undefined || parent === undefined) return delegation === undefined && parent === undefined ? undefined : { ok: false, why: 'a child run starts with the grant under which it was delegated, and no other run does' };
  const no = (why: string) => ({ ok: false, why }) as const;
  const grant = verifyGrant(delegation.grant, keys, { now: token.iat * 1000, audience: registryAudience });
  if (!grant.ok) return no(`the grant: ${grant.code}: ${grant.detail}`);
  const { claims } = grant;
  if (serviceOfKey(grant.kid) !== 'policy') return no('grants are signed by policy');
  if (claims.tool !== delegateTool || claims.delegation === undefined) return no('the grant is for something else');
  if (claims.tenant !== token.tenant || claims.run !== parent.run || claims.action !== parent.action) return no('the grant is of another run or action than the token');
  if (claims.args !== argumentsDigest(delegation.arguments) || delegation.arguments.agent !== token.sub) return no('the arguments are not those that were granted, or for another agent');
  if (claims.delegation.instruction !== argumentsDigest(instruction.text) || instruction.attestation !== null) return no('a child run is instructed with the words of the root run, whose attestation the grant carries');
  if (claims.delegation.ancestors.map((one) => one.agent).join() !== actorsIn(token.act).join()) return no('token and grant name other agents behind it');
  return { ok: true, context: claims.delegation };
};

const mostKept = 200;

/** Compiles result schemas when they are needed; the same schema once. */
export const createResultCheck = (): ResultCheck => {
  const known = new Map<string, ReturnType<typeof checkArguments> | string>();
  const checkOf = (schema: JsonObject): ReturnType<typeof checkArguments> | string => {
    const digest = argumentsDigest(schema);
    let check = known.get(digest);
    if (check === undefined) {
      if (known.size >= mostKept) known.clear();
      try {
        check = checkArguments(schema);
      } catch (error) {
        check = (error as Error).message.slice(0, 300);
      }
      known.set(digest, check);
    }
    return check;
  };
  return {
    schemaFault: (schema) => { const check = checkOf(schema); return typeof check === 'string' ? check : null; },
    fault: (schema, result: Json) => {
      const check = checkOf(schema);
      if (typeof check === 'string') return check;
      return check(result)?.replace(/^arguments/, 'result') ?? null;
    },
  };
};
