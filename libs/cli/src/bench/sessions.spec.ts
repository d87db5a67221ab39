import { describe, expect, it } from '@jest/globals';
import { emptyContext, withInstruction, withResult } from '@countersign/policy/core/facts/context';
import { deriveFacts } from '@countersign/policy/core/facts/derive';
import { graphOf } from '@countersign/policy/core/graph';
import { compileBundle, compileTool } from '@countersign/policy/core/rules/compile';
import { evaluateRules } from '@countersign/policy/core/rules/evaluate';
import { script, sessionOf } from './sessions.ts';
import { benchGraph, benchPack } from './thousand-rules.ts';

const pack = await benchPack();
const bundle = compileBundle(pack.spec);
const tools = new Map(pack.tools.map((tool) => [tool.tool, compileTool({ ...tool, tenant: 'acme', version: 1, definition: '' })]));
const graph = graphOf(benchGraph, '1');
const agent = { agent: 'a', roles: [], environment: 'bench', ceiling: 2, runtimeTrusted: false } as never;

describe('the sessions of the bench', () => {
  it('are played against 1,000 rules over 100 tools, all compiled, each tool with its ten', () => {
    expect([bundle.rules.length, tools.size, bundle.interpreted]).toEqual([1_000, 100, []]);
    for (const name of tools.keys()) expect(bundle.index(name).rules.length).toBeGreaterThanOrEqual(9);
  });

  it('are decided by the demo pack and 988 generated rules as they say', () => {
    for (let n = 0; n < 120; n += 1) {
      const { instruction, steps } = sessionOf(n, pack.office);
      let context = withInstruction(emptyContext, instruction);
      const counts = new Map<string, number>();
      for (const step of steps) {
        const tool = tools.get(step.tool)!;
        const { facts, failed } = deriveFacts({ proposal: { arguments: step.args } as never, tool, agent, level: 'normal', approval: null, now: 0, context: bundle.index(tool.name).context, graph, run: { instruction: { text: instruction, attestedBy: 'uma' }, context, calls: 0, spend: null, denies: 0, dataTouched: [], counts } });
        const { decision, tier, rules } = evaluateRules(bundle, tool, facts, failed);
        expect([n, step.tool, decision, tier, rules.map(({ id }) => id).filter(() => decision !== step.expect.decision)]).toEqual([n, step.tool, step.expect.decision, step.expect.tier, []]);
        if (decision === 'allow') {
          counts.set(step.tool, (counts.get(step.tool) ?? 0) + 1);
          context = withResult(context, { tool, action: step.tool, resultText: step.result, trusted: true });
        }
      }
    }
  });

  it('are about as long as the messages of the echo', () => {
    const sizes = Array.from({ length: 60 }, (_, n) => script(n)).flatMap(({ steps }) => steps.flatMap((step) => [200 + JSON.stringify(step.args).length + step.why.length, 180 + step.result.length]));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(500);
    expect(mean).toBeLessThan(1_200);
  });
});
