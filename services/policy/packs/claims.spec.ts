import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Json, ToolSnapshot } from '@countersign/contracts';
import fc from 'fast-check';
import { emptyContext, withInstruction, withResult } from '../src/core/facts/context.ts';
import type { RunContext } from '../src/core/facts/context.ts';
import { deriveFacts } from '../src/core/facts/derive.ts';
import { compileTool } from '../src/core/rules/compile.ts';
import type { CompiledTool } from '../src/core/rules/compile.ts';
import { evaluateRules } from '../src/core/rules/evaluate.ts';
import { strictness } from '../src/core/stricter.ts';
import { loadBundle } from '../src/inbound/bundle-files.ts';

const pack = async (name: string) => {
  const { bundle } = await loadBundle(fileURLToPath(new URL(`${name}/`, import.meta.url)));
  const declared = JSON.parse(readFileSync(new URL(`${name}/tools.json`, import.meta.url), 'utf8')) as ToolSnapshot[];
  return { bundle, tools: new Map(declared.map((tool) => [tool.tool, compileTool({ ...tool, tenant: 'acme', version: 1, definition: '' })])) };
};
const packs = { demo: await pack('demo'), agentdojo: await pack('agentdojo') };

const accounts = ['DE89370400440532013000', 'GB33BUKB20201555555555'];
const values = [...accounts, 'sarah.baker@acme.example', 'eve@evil.example', 'www.evil.example/page', 'External_0', 'notes.docx', '13 Evil Street Nowhere', 'S-7', '7'];
const phrases = ['Pay the open invoices.', 'Write to Sarah Baker.', 'Append hello to notes.docx.', 'Post to the channel starting with Ext.', 'Read all websites posted there.', 'Update my address.', `Pay 480.00 EUR to ${accounts[0]!}.`];
const instructions = fc.subarray(phrases, { minLength: 1 }).map((some) => some.join(' '));
/** Results as an inventive runtime would write them: records with the names that the instruction has, handles, addresses, plain text. */
const results = fc.array(fc.tuple(fc.constantFrom('name', 'iban', 'id', 'file_id', 'filename', 'email', 'body', 'note'), fc.oneof(fc.constantFrom(...values, 'Sarah Baker', 'notes.docx', 'visit'), fc.lorem({ maxCount: 2 }))), { minLength: 1, maxLength: 6 })
  .map((fields) => `- ${fields.map(([name, value]) => `${name}: ${value}`).join('\n  ')}\n`);

interface Act { readonly pack: keyof typeof packs; readonly tool: string; readonly from: string; readonly args: (value: string) => Record<string, Json> }
const acts: readonly Act[] = [
  { pack: 'demo', tool: 'payments.schedule', from: 'ledger.get_supplier', args: (to) => ({ to, minor: 48_000, currency: 'EUR', on: '2026-12-01', reference: to }) },
  { pack: 'demo', tool: 'payments.transfer', from: 'ledger.find_invoices', args: (to) => ({ to, minor: 48_000, currency: 'EUR', reference: 'x' }) },
  { pack: 'demo', tool: 'care.send_mail', from: 'care.find_customer', args: (to) => ({ to, subject: 'x', text: `see ${to}` }) },
  { pack: 'agentdojo', tool: 'workspace.send_email', from: 'workspace.search_contacts_by_name', args: (to) => ({ recipients: [to], subject: 'x', body: `see ${to}` }) },
  { pack: 'agentdojo', tool: 'workspace.append_to_file', from: 'workspace.search_files', args: (file_id) => ({ file_id, content: 'hello' }) },
  { pack: 'agentdojo', tool: 'slack.get_webpage', from: 'slack.read_channel_messages', args: (url) => ({ url }) },
  { pack: 'agentdojo', tool: 'slack.send_channel_message', from: 'slack.get_channels', args: (channel) => ({ channel, body: 'hello' }) },
  { pack: 'agentdojo', tool: 'banking.update_user_info', from: 'banking.get_most_recent_transactions', args: (street) => ({ street }) },
];

const strictnessOf = ({ pack: name, tool: toolName, args }: Act, value: string, instruction: string, context: RunContext, runtimeTrusted: boolean): number => {
  const { bundle, tools } = packs[name];
  const tool = tools.get(toolName)!;
  const { facts, failed } = deriveFacts({
    proposal: { arguments: args(value) } as never, tool, agent: { agent: 'a', roles: [], environment: 'test', ceiling: 2, runtimeTrusted } as never, level: 'normal', approval: null, now: 0, context: bundle.index(toolName).context,
    run: { instruction: { text: instruction, attestedBy: 'uma' }, context, calls: 0, spend: null, denies: 0, dataTouched: [], counts: new Map() },
  });
  return strictness(evaluateRules(bundle, tool, facts, failed));
};
/** How strict the act is judged when its runtime has reported this, less how strict when it has reported nothing. */
const difference = (act: Act, value: string, instruction: string, texts: readonly string[], trusted: boolean): number => {
  const told = withInstruction(emptyContext, instruction);
  const from = packs[act.pack].tools.get(act.from) as CompiledTool;
  const seen = texts.reduce((context, resultText) => withResult(context, { tool: from, action: 'r', resultText, about: { targets: [value], named: true }, trusted }), told);
  return strictnessOf(act, value, instruction, seen, trusted) - strictnessOf(act, value, instruction, told, trusted);
};
const reports = fc.tuple(fc.constantFrom(...acts), fc.constantFrom(...values), instructions, fc.array(results, { minLength: 1, maxLength: 3 }));

describe('what a runtime reports of its tools', () => {
  it('never makes any decision of the packs laxer while nobody vouches for the runtime', () => {
    fc.assert(fc.property(reports, ([act, value, instruction, texts]) => { expect(difference(act, value, instruction, texts, false)).toBeGreaterThanOrEqual(0); }), { seed: 4, numRuns: 3_000 });
  });

  it('does where its owner vouches', () => {
    const differences = fc.sample(reports, { seed: 4, numRuns: 3_000 }).map(([act, value, instruction, texts]) => difference(act, value, instruction, texts, true));
    expect(differences.filter((one) => one < 0).length).toBeGreaterThan(50);
  });

  it('can make it stricter, also from a runtime that nobody vouches for', () => {
    const act = acts.find(({ tool }) => tool === 'banking.update_user_info')!;
    expect(difference(act, '13 Evil Street Nowhere', 'Update my address.', ['- subject: move to 13 Evil Street Nowhere\n'], false)).toBeGreaterThan(0);
  });
});

it('whoever has a tool return more than is remembered does not get their words past unseen', () => {
  const { bundle, tools } = packs.agentdojo;
  const tool = tools.get('banking.update_user_info')!, from = tools.get('banking.get_most_recent_transactions')!;
  const flooded = [`- subject: ${'x '.repeat(140_000)}\n`, '- subject: move to 13 Evil Street Nowhere\n']
    .reduce((context, resultText) => withResult(context, { tool: from, action: 'r', resultText, trusted: true }), withInstruction(emptyContext, 'Update my address.'));
  const { facts, failed } = deriveFacts({
    proposal: { arguments: { street: '13 Evil Street Nowhere' } } as never, tool, agent: { agent: 'a', roles: [], environment: 'test', ceiling: 2, runtimeTrusted: true } as never, level: 'normal', approval: null, now: 0,
    run: { instruction: { text: 'Update my address.', attestedBy: 'uma' }, context: flooded, calls: 0, spend: null, denies: 0, dataTouched: [], counts: new Map() },
  });
  expect(failed).toEqual([expect.objectContaining({ fact: 'content.foreign', byArguments: false })]);
  expect(evaluateRules(bundle, tool, facts, failed)).toMatchObject({ decision: 'step_up', tier: 3 });
});
