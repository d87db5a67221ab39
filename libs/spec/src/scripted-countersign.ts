import type { Bus, BusMessage, Outgoing, Subscription } from '@countersign/bus';
import type { ActionProposed, ExtendScopeRequest, ExtendScopeResponse, GrantClaims, PublicJwk, Reply } from '@countersign/contracts';
import { argumentsDigest, chainHash, chainStart, createKeySet, createTokenCache, generateKey, issueAgentToken, issueClaim, jwkThumbprint, messageDigestInput, proofKey, provenFieldsOf, publicKeyOf, signGrants, verifyAttest, verifyClientAssertion, verifyProof } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';

/** One message as the scripted policy admitted it. */
export interface Admitted { readonly run: string; readonly seq: number; readonly kind: string; readonly body: Record<string, unknown>; readonly attested: boolean; readonly token: string }

export interface Script {
  /** Answers to a proposal, in order; undefined = silence. */
  readonly decide?: (proposal: ActionProposed, round: number) => (Partial<Reply> & { grantFor?: Partial<GrantClaims> })[] | undefined;
  /** What `POST /claims` answers; default a claim. */
  readonly claim?: (attempt: number) => { status: number; body: object } | undefined;
  /** Whether the nth publish (from 1) fails: before it was written, or after. */
  readonly publishFails?: (n: number) => 'before' | 'after' | undefined;
  /** Whether the inbox forgets the nth record it was given. */
  readonly loses?: (n: number) => boolean;
  readonly tokenLifeS?: number;
  /** Id of the runs opened; default `run-1`, `run-2` … */
  readonly run?: string;
  /** What `POST /oauth2/scope` refuses with; default it gives what was asked for. */
  readonly scopeRefused?: { readonly status: number; readonly body: object };
}

/**
 * A registry, a policy and supervision for tests of the runtime's side: proofs, chain and tokens are checked for real,
 * decisions come from a script. Not a service and nothing to learn policy from.
 */
export const createScriptedCountersign = (client: SigningKey, script: Script, now: () => number = Date.now) => {
  const registry = generateKey('registry-1'), policy = generateKey('policy-1'), supervision = generateKey('supervision-1');
  const keys = createKeySet([registry.publicJwk, policy.publicJwk, supervision.publicJwk]);
  const tokenCache = createTokenCache({ keys, audience: 'countersign' });
  const secret = Buffer.alloc(32, 9);
  const admitted: Admitted[] = [], problems: string[] = [];
  const chains = new Map<string, { next: number; head: Uint8Array; seen: Map<number, string> }>();
  let onReplies: ((messages: readonly BusMessage[]) => void | Promise<void>) | undefined;
  let publishes = 0, records = 0, tokens = 0, claims = 0, runs = 0, offset = 0n;

  const reply = (run: string, part: Partial<Reply>): void => {
    const body: Reply = { kind: 'noted', run, action: null, seq: null, code: 'ok', detail: null, decision: null, tier: null, round: null, grant: null, claim: false, arguments: null, expectedSeq: null, ...part };
    setImmediate(() => { void onReplies?.([{ topic: 'runs.replies.v1', partition: 0, offset: offset++, timestamp: now(), key: run, value: Buffer.from(JSON.stringify(body)), headers: {} }]); });
  };

  const answer = (run: string, jkt: string, agent: string, seq: number, proposal: ActionProposed): void => {
    const rounds = script.decide === undefined ? [{ decision: 'allow' as const }] : script.decide(proposal, 1) ?? [];
    rounds.forEach((part, i) => {
      const { grantFor, ...rest } = part as Partial<Reply> & { grantFor?: Partial<GrantClaims> };
      const allowed = rest.decision === 'allow' || rest.decision === 'modify';
      const iat = Math.floor(now() / 1000);
      const grant: GrantClaims = {
        jti: `g-${proposal.action}`, tenant: 'acme', run, action: proposal.action, agent, tool: proposal.tool, definition: 'd', args: argumentsDigest(rest.arguments ?? proposal.arguments), aud: 'tools',
        policy: 'p1', tier: 1, claim: rest.claim ?? false, jkt, iat, exp: iat + 20, ...grantFor,
      };
      reply(run, { kind: 'decided', action: proposal.action, seq, tier: 1, round: i + 1, ...rest, grant: allowed ? signGrants([grant], policy)[0]! : null });
    });
  };

  const admit = (record: Outgoing): void => {
    const token = tokenCache.verify(record.headers?.['cs_token'] ?? '', now());
    if (!token.ok) { problems.push(token.code); return; }
    const { run, cnf, jti, sub } = token.claims;
    const read = provenFieldsOf({ topic: record.topic, key: record.key, value: record.value === null ? null : Buffer.from(record.value), headers: record.headers ?? {} }, run, jti);
    if (!read.ok) { problems.push(read.code); return; }
    const input = messageDigestInput(read.fields), hash = chainHash(input);
    if (!verifyProof(proofKey(secret, { tenant: 'acme', run, jkt: cnf.jkt }), input, record.headers!['cs_proof']!)) { problems.push('bad_proof'); return; }
    const chain = chains.get(run) ?? { next: 0, head: chainStart, seen: new Map<number, string>() };
    chains.set(run, chain);
    const { seq } = read.fields;
    if (seq < chain.next) { if (chain.seen.get(seq) !== hash.toString('hex')) problems.push('other_bytes'); return; }
    if (seq > chain.next) { reply(run, { kind: 'refused', code: 'seq_gap', seq, expectedSeq: chain.next }); return; }
    if (!Buffer.from(chain.head).equals(Buffer.from(read.fields.prev))) problems.push('broken_chain');
    const attest = record.headers!['cs_attest'];
    if (attest !== undefined && !verifyAttest(hash, attest, publicKeyOf(cnf.jwk)!)) problems.push('bad_attest');
    chain.next = seq + 1;
    chain.head = hash;
    chain.seen.set(seq, hash.toString('hex'));
    const body = JSON.parse(record.value!.toString()) as Record<string, unknown>;
    const kind = record.headers!['ce_type']!.split('.')[2]!;
    admitted.push({ run, seq, kind, body, attested: attest !== undefined, token: jti });
    if (kind === 'proposed') answer(run, cnf.jkt, sub, seq, body as unknown as ActionProposed);
    else reply(run, { seq, action: (body['action'] as string | undefined) ?? null });
  };

  const publish = async (messages: readonly Outgoing[]): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    const fails = script.publishFails?.(++publishes);
    if (fails !== 'before') for (const message of messages) if (!script.loses?.(++records)) admit(message);
    if (fails !== undefined) throw new Error('connection lost');
  };
  const follow: Bus['follow'] = async (options) => {
    onReplies = options.onBatch;
    const subscription: Subscription = { ready: Promise.resolve(), ended: new Promise(() => undefined), stop: async () => { onReplies = undefined; } };
    return subscription;
  };

  const issueToken = (form: URLSearchParams, agent: string): object => {
    const jwk = JSON.parse(form.get('session_key')!) as PublicJwk;
    const run = form.get('run') ?? script.run ?? `run-${++runs}`, jkt = jwkThumbprint(jwk), iat = Math.floor(now() / 1000), life = script.tokenLifeS ?? 300;
    const token = issueAgentToken({ iss: 'registry', aud: 'countersign', sub: agent, jti: `t-${++tokens}`, iat, exp: iat + life, tenant: 'acme', run, run_not_after: iat + 3_600, scope: '', cnf: { jkt, jwk } }, registry);
    return { access_token: token, token_type: 'Bearer', expires_in: life, run, not_after: iat + 3_600, proof_key: proofKey(secret, { tenant: 'acme', run, jkt }).toString('base64url') };
  };
  const extended = ({ subject_token, grant, arguments: { tools, minutes } }: ExtendScopeRequest): ExtendScopeResponse => {
    const token = tokenCache.verify(subject_token, now());
    if (!token.ok) throw new Error(token.code);
    const iat = Math.floor(now() / 1000), extension = { tools, until: iat + minutes * 60, action: claimsIn(grant).action };
    return { access_token: issueAgentToken({ ...token.claims, jti: `t-${++tokens}`, iat, exp: iat + 300, extension }, registry), token_type: 'PoP', expires_in: 300, run: token.claims.run, scope: tools.join(' '), extension };
  };
  const http = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (String(url).endsWith('/oauth2/token')) {
      const form = new URLSearchParams(String(init?.body));
      const assertion = verifyClientAssertion(form.get('client_assertion')!, createKeySet([client.publicJwk]), { audience: 'http://registry/oauth2/token', now: now() });
      return assertion.ok ? Response.json(issueToken(form, assertion.claims.sub)) : Response.json({ error: 'invalid_client', error_description: assertion.detail }, { status: 401 });
    }
    if (String(url).endsWith('/oauth2/scope')) return script.scopeRefused === undefined ? Response.json(extended(JSON.parse(String(init?.body)) as ExtendScopeRequest)) : Response.json(script.scopeRefused.body, { status: script.scopeRefused.status });
    const scripted = script.claim?.(++claims);
    if (scripted !== undefined) return Response.json(scripted.body, { status: scripted.status });
    const { grant } = JSON.parse(String(init?.body)) as { grant: string };
    const g = claimsIn(grant);
    const iat = Math.floor(now() / 1000);
    return Response.json({ claim: issueClaim({ jti: 'c', grant: g.jti, tenant: g.tenant, run: g.run, action: g.action, aud: g.aud, iat, exp: iat + 5 }, supervision) });
  };
  return { bus: { kind: 'embedded', publish, follow } as unknown as Bus, fetch: http as typeof fetch, keys, admitted, problems, reply, counts: () => ({ publishes, tokens, claims }) };
};

const claimsIn = (grant: string): GrantClaims => JSON.parse(Buffer.from(grant.split('.')[1]!, 'base64url').toString()) as GrantClaims;
