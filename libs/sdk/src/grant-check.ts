import type { GrantClaims, JsonObject } from '@countersign/contracts';
import { argumentsDigest, parseStrictJson, verifyGrant } from '@countersign/identity';
import type { RuntimeContext } from './context.ts';

export type GrantReading = { readonly ok: true; readonly claims: GrantClaims } | { readonly ok: false; readonly code: string; readonly detail: string };

/** Reads a grant and checks that it is for exactly this action: who, which tool, which arguments, still alive. With `grantKeys` its signature too. */
export const readGrant = (context: RuntimeContext, grant: string, expected: { readonly run: string; readonly action: string; readonly tool: string; readonly jkt: string; readonly arguments: JsonObject; readonly audience: string | undefined }): GrantReading => {
  const payload = parseStrictJson(Buffer.from(grant.split('.')[1] ?? '', 'base64url'), { maxBytes: 8_192 });
  if (!payload.ok || typeof payload.value !== 'object' || payload.value === null) return { ok: false, code: 'bad_grant', detail: 'the grant cannot be read' };
  const claims = payload.value as GrantClaims;
  if (context.grantKeys !== undefined) {
    const verified = verifyGrant(grant, context.grantKeys, { now: context.now(), audience: claims.aud });
    if (!verified.ok) return verified;
  }
  const fits = claims.run === expected.run && claims.action === expected.action && claims.tool === expected.tool && claims.jkt === expected.jkt && claims.agent === context.agent && claims.tenant === context.tenant;
  if (!fits) return { ok: false, code: 'bad_grant', detail: 'the grant is for another action' };
  if (expected.audience !== undefined && claims.aud !== expected.audience) return { ok: false, code: 'wrong_audience', detail: `the grant is for ${claims.aud}` };
  if (claims.args !== argumentsDigest(expected.arguments)) return { ok: false, code: 'wrong_arguments', detail: 'the grant is for other arguments' };
  if (!(context.now() < claims.exp * 1_000)) return { ok: false, code: 'expired', detail: 'the grant expired before the tool was called' };
  return { ok: true, claims };
};
