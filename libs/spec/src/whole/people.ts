import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, instructionDigest, signPersonStatement } from '@countersign/identity';
import type { SigningKey, VoteStatement } from '@countersign/identity';
import { bearer, call, patiently } from './http.ts';
import type { Answer, Caller } from './http.ts';
import type { Place, ServiceName } from './infrastructure.ts';
import type { Urls } from './services.ts';
import { until } from '../until.ts';

/** Somebody who holds their own key and signs what they say. */
export interface Human extends Caller {
  call(service: ServiceName, method: string, path: string, body?: unknown): Promise<Answer>;
  /** The signed vote, not yet cast. */
  sign(approval: { readonly approval: string; readonly digest: string }, vote: VoteStatement['vote'], reason?: string): string;
  vote(approval: { readonly approval: string; readonly digest: string }, vote: VoteStatement['vote']): Promise<Answer>;
  /** Approves a change request as it stands. */
  agree(change: string): Promise<Answer>;
  /** An attested instruction for a run of an agent. */
  instruct(agent: string, text: string): (run: string) => Promise<{ readonly text: string; readonly attestation: string }>;
}

export const human = (urls: Urls, person: string, key: SigningKey): Human => {
  const now = (): number => Math.floor(Date.now() / 1000);
  const sign: Human['sign'] = ({ approval, digest }, vote, reason = 'looked at it') => signPersonStatement('vote', { sub: person, approval, digest, vote, reason, iat: now() }, key);
  const ask: Human['call'] = (service, method, path, body) => patiently(() => call(method, `${urls[service]}${path}`, body, { authorization: bearer({ person, key }, service) }));
  return {
    person, key, sign, call: ask,
    agree: async (change) => {
      const { digest } = expectStatus(await ask('registry', 'GET', `/changes/${change}`), 200).body;
      return ask('registry', 'POST', `/changes/${change}/approve`, { jws: signPersonStatement('change-review', { sub: person, tenant: 'acme', change, digest: String(digest), reason: 'looked at it', iat: now() }, key) });
    },
    vote: (approval, vote) => patiently(() => call('POST', `${urls.approvals}/approvals/${approval.approval}/votes`, { jws: sign(approval, vote) })),
    instruct: (agent, text) => (run) => Promise.resolve({
      text, attestation: signPersonStatement('instruction', { sub: person, run, instruction: instructionDigest(text), agent, tenant: 'acme', iat: now() }, key),
    }),
  };
};

export const expectStatus = (answer: Answer, ...statuses: readonly number[]): Answer => {
  if (!statuses.includes(answer.status)) throw new Error(`HTTP ${answer.status} where ${statuses.join(' or ')} was expected: ${JSON.stringify(answer.body)}`);
  return answer;
};

/** The first operator enrols with the one-time code of the first start; everybody else is invited by them. */
export const enrolFirst = async (urls: Urls, place: Place): Promise<Human> => {
  const key = generateKey('operator-1');
  const code = readFileSync(join(place.secretsDir, 'operator-enrolment'), 'utf8').trim();
  expectStatus(await patiently(() => call('POST', `${urls.registry}/people/enrol`, { code, key: key.publicJwk })), 200, 201);
  return human(urls, 'operator', key);
};

/** @param second agrees, where two people are needed: once an operator and another operator or policy-reviewer are here */
export const enrol = async (urls: Urls, operator: Human, person: string, roles: readonly string[], second?: Human): Promise<Human> => {
  const invited = expectStatus(await operator.call('registry', 'POST', '/people/invite', { person, name: person, roles }), 200, 201);
  const key = generateKey(`${person}-1`);
  const { body } = expectStatus(await patiently(() => call('POST', `${urls.registry}/people/enrol`, { code: invited.body['code'], key: key.publicJwk })), 200, 201);
  if (body['status'] === 'waiting') {
    if (second === undefined) throw new Error(`${person} waits for a second person: say who agrees, or enrol whoever may agree last`);
    expectStatus(await second.agree(String(body['change'])), 200);
  }
  return human(urls, person, key);
};

/** Waits until a service other than the registry knows somebody. @param path anything that asks who is there, and may well not be for them */
export const knownAt = (who: Human, service: ServiceName, path: string): Promise<unknown> =>
  until(`${service} knows ${who.person}`, async () => (await who.call(service, 'GET', path)).status !== 401);
