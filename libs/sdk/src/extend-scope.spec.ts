import { describe, expect, it } from '@jest/globals';
import { generateKey } from '@countersign/identity';
import { createScriptedCountersign } from '@countersign/spec';
import type { Script } from '@countersign/spec';
import { createAgentRuntime, kafkaTransport } from './index.ts';

const run = '019aa000-0000-7000-8000-000000000001';
const wanted = { tools: ['desk.write'], minutes: 5, reason: 'The note has a mistake' } as const;
const world = async (script: Script = {}) => {
  const client = generateKey('agent');
  const countersign = createScriptedCountersign(client, { ...script, run, decide: script.decide ?? (({ tool }) => [{ decision: 'allow', ...(tool === 'countersign.extend_scope' && { claim: true, grantFor: { aud: 'countersign-registry' } }) }]) });
  const runtime = createAgentRuntime({ agent: 'clerk', tenant: 'acme', clientKey: client, registryUrl: 'http://registry', supervisionUrl: 'http://supervision', transport: kafkaTransport(countersign.bus), fetch: countersign.fetch, grantKeys: countersign.keys });
  return { ...countersign, run: await runtime.openRun({ instruction: { text: 'mend the note', attestation: null } }) };
};

describe('asking for extra scope', () => {
  it('presents the grant with its claim, and what comes after carries the token that was given', async () => {
    const w = await world();
    const extension = await w.run.extendScope({ ...wanted, tools: [...wanted.tools] });
    expect(extension).toMatchObject({ tools: ['desk.write'], action: w.admitted[1]!.body['action'] });
    await w.run.propose('desk.write', { note: 'n' }).decision;
    expect(w.problems).toEqual([]);
    expect(w.admitted.map(({ kind, token }) => [kind, token])).toEqual([['started', 't-1'], ['proposed', 't-1'], ['outcome', 't-2'], ['proposed', 't-2']]);
    expect(w.admitted[2]!.body).toMatchObject({ status: 'succeeded' });
  });

  it('what people or the registry refuse is denied, and the token stays as it was', async () => {
    const no = await world({ decide: () => [{ decision: 'deny', code: 'not_requestable' }] });
    await expect(no.run.extendScope({ ...wanted, tools: ['desk.wipe'] })).rejects.toMatchObject({ name: 'ActionDenied', code: 'not_requestable' });
    const used = await world({ scopeRefused: { status: 403, body: { code: 'grant_used', detail: 'used before' } } });
    await expect(used.run.extendScope({ ...wanted, tools: [...wanted.tools] })).rejects.toMatchObject({ name: 'ActionDenied', code: 'grant_used' });
    await used.run.propose('desk.read', {}).decision;
    expect(used.admitted.map(({ kind, token }) => [kind, token])).toEqual([['started', 't-1'], ['proposed', 't-1'], ['outcome', 't-1'], ['proposed', 't-1']]);
  });
});
