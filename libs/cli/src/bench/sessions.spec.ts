import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { ToolSnapshot } from '@countersign/contracts';
import { emptyContext, withInstruction, withResult } from '@countersign/policy/core/facts/context';
import { deriveFacts } from '@countersign/policy/core/facts/derive';
import { compileTool } from '@countersign/policy/core/rules/compile';
import { evaluateRules } from '@countersign/policy/core/rules/evaluate';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { script } from './sessions.ts';

const pack = new URL('../../../../services/policy/packs/demo/', import.meta.url);
const { bundle } = await loadBundle(fileURLToPath(pack));
const tools = new Map((JSON.parse(readFileSync(new URL('tools.json', pack), 'utf8')) as ToolSnapshot[]).map((tool) => [tool.tool, compileTool({ ...tool, tenant: 'acme', version: 1, definition: '' })]));
const agent = { agent: 'a', roles: [], environment: 'bench', ceiling: 2, runtimeTrusted: false } as never;

describe('the sessions of the bench', () => {
  it('are decided by the demo pack as they say', () => {
    for (let n = 0; n < 60; n += 1) {
      const { instruction, steps } = script(n);
      let context = withInstruction(emptyContext, instruction);
      const counts = new Map<string, number>();
      for (const step of steps) {
        const tool = tools.get(step.tool)!;
        const { facts, failed } = deriveFacts({ proposal: { arguments: step.args } as never, tool, agent, level: 'normal', approval: null, now: 0, run: { instruction: { text: instruction, attestedBy: 'uma' }, context, calls: 0, spend: null, denies: 0, dataTouched: [], counts } });
        const { decision, tier, rules } = evaluateRules(bundle, tool, facts, failed);
        expect([n, step.tool, decision, tier, rules.map(({ id }) => id).filter(() => decision !== step.expect.decision)]).toEqual([n, step.tool, step.expect.decision, step.expect.tier, []]);
        if (decision === 'allow') {
          counts.set(step.tool, (counts.get(step.tool) ?? 0) + 1);
          context = withResult(context, { tool, action: step.tool, resultText: step.result });
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
