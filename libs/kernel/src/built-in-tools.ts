import { delegateTool, registryAudience } from './delegation.ts';
import { extendScopeTool } from './scope-extension.ts';

/** As the catalogue has tools (contracts: PutToolRequest). */
type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
interface BuiltInTool {
  readonly system: string; readonly title: string; readonly schema: { [name: string]: Json }; readonly consequential: boolean; readonly reversible: boolean; readonly compensator: null; readonly dataClasses: [];
  readonly enforcement: 'brokered'; readonly audience: string; readonly facts: Record<string, string>; readonly resultTrust: 'third_party' | 'record'; readonly resultFields: Record<string, never>;
}

const toolPatterns = '^[a-zA-Z0-9_.:*-]+( [a-zA-Z0-9_.:*-]+)*$';

/**
 * Tools that the registry itself executes. They stand in the catalogue like any other, so that permissions, rules, people and budgets decide on them;
 * nobody has them unless a permission and a rule say so.
 */
export const builtInTools = {
  [delegateTool]: {
    system: 'countersign', title: 'Has another agent act for this run', consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: registryAudience, resultTrust: 'third_party', resultFields: {},
    // The members of contracts/schemas/runs/Delegation.v1.schema.json.
    schema: {
      type: 'object', additionalProperties: false, required: ['agent', 'scope', 'instruction', 'calls', 'seconds'],
      properties: {
        agent: { type: 'string', maxLength: 128, pattern: '^[a-z0-9][a-z0-9._-]{0,127}$' }, scope: { type: 'string', minLength: 1, maxLength: 2000, pattern: toolPatterns }, instruction: { type: 'string', minLength: 1, maxLength: 8192 },
        calls: { type: 'integer', minimum: 1, maximum: 10_000 }, seconds: { type: 'integer', minimum: 1, maximum: 86_400 }, tokens: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        money: { type: 'object', additionalProperties: false, required: ['minor', 'currency'], properties: { minor: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, currency: { type: 'string', maxLength: 3, pattern: '^[A-Z]{3}$' } } },
        resultSchema: { type: 'object' },
      },
    },
    facts: { target: '[args.agent]', amount: 'has(args.money) ? dyn(args.money.minor) : dyn(null)', currency: 'has(args.money) ? dyn(args.money.currency) : dyn(null)', text: '[args.instruction]' },
  },
  // Irreversible, for what was done under it stays done: people are asked, and a claim is needed.
  [extendScopeTool]: {
    system: 'countersign', title: 'Asks for more tools for a time', consequential: true, reversible: false, compensator: null, dataClasses: [], enforcement: 'brokered', audience: registryAudience, resultTrust: 'record', resultFields: {}, facts: {},
    // The arguments of contracts/schemas/http/ExtendScopeRequest.v1.schema.json.
    schema: {
      type: 'object', additionalProperties: false, required: ['tools', 'minutes', 'reason'],
      properties: { tools: { type: 'array', minItems: 1, maxItems: 16, items: { type: 'string', maxLength: 128, pattern: '^[a-zA-Z0-9_.:-]{1,128}$' } }, minutes: { type: 'integer', minimum: 1, maximum: 60 }, reason: { type: 'string', minLength: 1, maxLength: 500 } },
    },
  },
} satisfies Readonly<Record<string, BuiltInTool>>;
