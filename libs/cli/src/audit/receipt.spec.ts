import { beforeAll, describe, expect, it } from '@jest/globals';
import { receiptOf } from '@countersign/audit/core/receipt';
import { action, run } from '@countersign/audit/story.fixture';
import type { Receipt } from '@countersign/contracts';
import { generateKey, signGrants } from '@countersign/identity';
import type { BatchClaims } from '@countersign/identity';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bodyOf } from './evidence/collect.ts';
import type { Collected } from './evidence/collect.ts';
import { paymentLog, signer, vkeyOf } from './evidence/evidence.fixture.ts';
import { leafIn } from './evidence/proven.ts';
import { receipt as command } from './receipt-command.ts';
import { checkReceipt } from './receipt.ts';

const key = vkeyOf(signer);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const made = (log: Collected, round?: number): Receipt => {
  const parts = receiptOf(run, action, log.entries.map((entry) => ({ index: entry.index, leaf: leafIn(entry.leaf)!, body: bodyOf(entry) })), round)!;
  return {
    format: 'countersign-receipt/v1', statement: JSON.parse(JSON.stringify(parts.statement)) as Receipt['statement'], checkpoint: log.note,
    entries: parts.entries.map((index) => { const { leaf, proof, opened } = log.entries[index]!; return { index, leaf: base64(leaf), proof, salt: base64(opened!.salt), payload: base64(opened!.payload) }; }),
  };
};

describe('the receipt of an action', () => {
  let log: Collected;
  let receipt: Receipt;
  beforeAll(async () => { receipt = made(log = await paymentLog()); });

  it('has what AARM R5 asks for, and holds offline', () => {
    expect(receipt.statement).toMatchObject({
      action: { id: action, tool: 'payments.transfer', arguments: { to: 'NL01PRNT', minor: 900 } }, context: { instruction: 'pay the printer', agentVersion: 3, toolVersion: 2 },
      identity: { human: 'ann', agent: 'payer', scope: 'payments.*' }, decision: { decision: 'allow', tier: 3, round: 2 }, policy: { version: 'p-1', rules: [{ id: 'money.large', reason: 'much' }] },
      approval: { resolution: 'approved', shown: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', votes: [{ person: 'tess', vote: 'approve', signature: 'x' }] }, deferral: null, outcome: { status: 'succeeded' }, follows: 1,
    });
    expect(checkReceipt(receipt, key)).toMatchObject({ ok: true, entries: 4, checkpointSize: 8, decision: 'allow' });
  });

  it('is there for each round: the answer of people is a follow-up', () => {
    const first = made(log, 1);
    expect(first.statement).toMatchObject({ decision: { decision: 'step_up', round: 1 }, approval: null, outcome: null, follows: null });
    expect(checkReceipt(first, key)).toMatchObject({ ok: true, decision: 'step_up' });
  });

  it.each<[string, (statement: Receipt['statement']) => object]>([
    ['requester', (s) => ({ identity: { ...s.identity, human: 'eve' } })], ['agent', (s) => ({ identity: { ...s.identity, agent: 'other' } })], ['version of the rules', (s) => ({ policy: { ...s.policy, version: 'p-2' } })],
    ['decision', (s) => ({ decision: { ...s.decision, tier: 1 } })], ['arguments', (s) => ({ action: { ...s.action, arguments: { to: 'EVIL' } } })], ['voter', () => ({ approval: null })], ['what they were shown', (s) => ({ approval: { ...s.approval!, shown: null } })], ['outcome', () => ({ outcome: null })],
  ])('breaks where the %s is changed', (_, change) => {
    expect(checkReceipt({ ...receipt, statement: { ...receipt.statement, ...change(receipt.statement) } }, key)).toMatchObject({ ok: false, why: 'its statement is not what its entries say' });
  });

  it('breaks where the words behind it are changed, with the statement or without', () => {
    const forged = JSON.parse(JSON.stringify(receipt).replaceAll('p-1', 'p-9')) as Receipt;
    const entries = receipt.entries.map((entry) => ({ ...entry, payload: base64(Buffer.from(Buffer.from(entry.payload, 'base64').toString().replaceAll('p-1', 'p-9'))) }));
    expect(checkReceipt({ ...forged, entries }, key)).toMatchObject({ ok: false, why: expect.stringContaining('payload') });
  });

  it('breaks under another key, with a flipped bit in any entry, and without one of its entries', () => {
    expect(checkReceipt(receipt, vkeyOf(generateKey('audit-1'))).ok).toBe(false);
    for (const part of ['leaf', 'salt', 'payload', 'proof'] as const) {
      receipt.entries.forEach((_, i) => {
        const entries = receipt.entries.map((entry, n) => (n === i ? { ...entry, [part]: `${entry[part].slice(0, 40)}${entry[part][40] === 'A' ? 'B' : 'A'}${entry[part].slice(41)}` } : entry));
        expect(checkReceipt({ ...receipt, entries }, key).ok).toBe(false);
      });
    }
    for (let i = 0; i < receipt.entries.length; i++) expect(checkReceipt({ ...receipt, entries: receipt.entries.filter((_, n) => n !== i) }, key).ok).toBe(false);
    for (const nothing of [null, {}, [], 'x', { ...receipt, format: 'v9' }]) expect(checkReceipt(nothing, key).ok).toBe(false);
  });
});

describe('what came with the reply', () => {
  const [policy, registry] = [generateKey('policy-1'), generateKey('registry-1')];
  const base = { tenant: 'acme', run: 'run-1', action, agent: 'payer', tool: 'payments.transfer', policy: 'p-1', tier: 3 as const };
  const denied: BatchClaims = { ...base, receipt: 1, round: 1, decision: 'deny', code: 'rule_denied', rules: ['money.large'], message: null, iat: 1_793_500_000_000 };
  const granted: BatchClaims = { ...base, jti: 'g', definition: 'd', args: 'x', aud: 'tools', claim: true, jkt: 'j', iat: 1_000, exp: 1_030 };

  it('holds offline under policy\'s key, long after a grant has expired, and under no other service\'s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'receipt-'));
    const put = (name: string, text: string): string => { writeFileSync(join(folder, name), text); return join(folder, name); };
    const jwks = put('jwks.json', JSON.stringify({ keys: [policy.publicJwk, registry.publicJwk] }));
    const verify = (text: string): Promise<number> => command(['verify', put('one', `${text}\n`), '--offline', '--key', jwks]);
    const texts = signGrants([denied, granted], policy);
    for (const text of texts) expect(await verify(text)).toBe(0);
    for (const text of [...signGrants([denied, granted], registry), texts[0]!.replace(/^csr1\../, 'csr1.f'), texts[0]!.replace('csr1', 'csg1')]) expect(await verify(text)).toBe(1);
    await expect(command(['verify', join(folder, 'one'), '--offline', '--key', 'nowhere'])).rejects.toThrow('jwks.json');
    rmSync(folder, { recursive: true });
  });
});
