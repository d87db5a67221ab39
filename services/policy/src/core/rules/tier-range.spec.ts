import { describe, expect, it } from '@jest/globals';
import type { ToolSnapshot } from '@countersign/contracts';
import { compileBundle, compileTool } from './compile.ts';
import type { RuleSpec } from './bundle.ts';
import { tierRange } from './tier-range.ts';
import type { StandingAgent } from './tier-range.ts';

const agent: StandingAgent = { roles: ['clerk'], environment: 'test', ceiling: 2, runtimeTrusted: false };
const tool = (over: Partial<ToolSnapshot> = {}) => compileTool({
  tool: 'pay.now', tenant: 'acme', version: 1, definition: 'd'.repeat(43), system: 'pay', title: 'Pays', schema: { type: 'object' }, consequential: true, reversible: true, compensator: 'pay.now', dataClasses: [],
  enforcement: 'brokered', audience: 'a', facts: {}, resultTrust: 'record', resultFields: {}, ...over,
});
const rule = (when: string, over: Partial<RuleSpec> = { tier: 3 }): RuleSpec => ({ id: `r${when.length}.${Object.keys(over).join('-')}`, owner: 'o', rationale: 'r', tools: ['pay.*'], when, ...over });
const range = (rules: readonly RuleSpec[], over: { readonly tool?: Partial<ToolSnapshot>; readonly agent?: Partial<StandingAgent>; readonly bundle?: object } = {}) =>
  tierRange(compileBundle({ version: 'v', permit: ['pay.*'], rules, ...over.bundle }), tool(over.tool), { ...agent, ...over.agent });

describe('what the rules say of a tool whatever is proposed', () => {
  it.each<[string, ReturnType<typeof range>, object]>([
    ['nothing but that it changes something', range([]), { denied: false, atLeast: 2, atMost: 2 }],
    ['it only reads', range([], { tool: { consequential: false } }), { atLeast: 1, atMost: 1 }],
    ['an agent that may do nothing alone', range([], { agent: { ceiling: 1 } }), { atLeast: 3, atMost: 3 }],
    ['nothing permits it', range([], { bundle: { permit: ['other.*'] } }), { denied: true }],
    ['never automated', range([], { bundle: { neverAutomate: ['pay.now'] } }), { atLeast: 3 }],
    ['for good: an attested instruction may take the third tier away', range([], { tool: { reversible: false, compensator: null } }), { atLeast: 2, atMost: 3 }],
    ['a rule that depends on the amount', range([rule('amount > 5')]), { atLeast: 2, atMost: 3 }],
    ['a rule that holds for every proposal', range([rule('tool.consequential || amount > 5')]), { atLeast: 3, atMost: 3 }],
    ['a rule that holds for this agent', range([rule('"clerk" in agent.roles')]), { atLeast: 3 }],
    ['a rule that never holds for this agent', range([rule('"boss" in agent.roles && amount > 5', { tier: 4 })]), { atLeast: 2, atMost: 2 }],
    ['a rule that always forbids', range([rule('tool.consequential', { decision: 'deny' })]), { denied: true }],
    ['a rule that sometimes forbids', range([rule('amount > 5', { decision: 'deny' })]), { denied: false }],
  ])('%s', (_, said, expected) => expect(said).toMatchObject(expected));
});
