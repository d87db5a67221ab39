import { describe, expect, it } from '@jest/globals';
import type { Disposition, Finding, FindingView } from '@countersign/contracts';
import { argumentsDigest, createKeySet, generateKey, signPersonStatement } from '@countersign/identity';
import { openDisposing } from './dispose.ts';

const finding: Finding = {
  finding: 's-0-7', tenant: 'acme', agent: 'payer', run: null, kind: 'spread', severity: 'medium', impact: 'medium', confidence: 0.8, pValue: 0.001, score: 0, contributions: [],
  explanation: 'several did it', techniques: [], events: ['a-1'], repeats: 0, since: 1, at: 1_000, spread: { agents: ['payer', 'clerk'], count: 2, what: 'the same target' },
};
const keys = new Map(['uma', 'ana', 'olga'].map((person) => [person, generateKey(person)]));
const owners: Readonly<Record<string, string>> = { payer: 'olga', clerk: 'uma' };
const judge = (person: string, of: Finding) => {
  const said: Disposition[] = [];
  const dispose = openDisposing({
    tenant: 'acme', now: () => 1_700_000_000_000, owner: (agent) => owners[agent], publish: async (one) => { said.push(one); },
    people: { person: (id) => ({ person: id, tenant: 'acme', version: 1, status: 'active', roles: ['analyst'], keys: createKeySet([keys.get(id)!.publicJwk]) }) as never },
    show: async () => ({ finding: of, digest: argumentsDigest(of as never), dispositions: [], detection: {} }) as unknown as FindingView,
  });
  const jws = signPersonStatement('disposition', { sub: person, tenant: 'acme', finding: of.finding, digest: argumentsDigest(of as never), verdict: 'false', reason: 'looked', iat: 1_700_000_000 }, keys.get(person)!);
  return dispose(of.finding, jws).then(() => said.map((one) => one.person), (error: { readonly code?: string; readonly message: string }) => error.code ?? error.message);
};

describe('who may judge a finding', () => {
  it('is nobody who owns an agent that it concerns, be it the one it was told of or another that did the same', async () => {
    expect(await judge('ana', finding)).toEqual(['ana']);
    expect(await judge('olga', finding)).toBe('self_approval');
    expect(await judge('uma', finding)).toBe('self_approval');
    // Of what only the other agent did she may speak.
    const { spread: _, ...alone } = finding;
    expect(await judge('uma', { ...alone, kind: 'behaviour' })).toEqual(['uma']);
    expect(await judge('uma', { ...alone, kind: 'overflow', withheld: { runs: 2, agents: ['payer', 'clerk'], since: 1 } })).toBe('self_approval');
  });
});
