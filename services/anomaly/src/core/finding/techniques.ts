import type { Contribution } from '@countersign/contracts';
import type { FeatureName } from '../score.ts';

/** Names of the MITRE ATLAS techniques (5.6.0) that findings use. */
export const techniqueNames = {
  'AML.T0012': 'Valid Accounts',
  'AML.T0029': 'Denial of AI Service',
  'AML.T0034.002': 'Cost Harvesting: Agentic Resource Consumption',
  'AML.T0051.001': 'LLM Prompt Injection: Indirect',
  'AML.T0053': 'AI Agent Tool Invocation',
  'AML.T0081': 'Modify AI Agent Configuration',
  'AML.T0086': 'Exfiltration via AI Agent Tool Invocation',
} as const;
export type Technique = keyof typeof techniqueNames;
export const atlasVersion = '5.6.0';

const hijacked = ['AML.T0051.001', 'AML.T0053'] as const;

/** What each oddity looks like when it is an attack. */
const looksLike: Readonly<Record<FeatureName, readonly Technique[]>> = {
  volume: ['AML.T0029'], silence: ['AML.T0012'], timing: ['AML.T0012'], sequence: hijacked, tool: ['AML.T0053'], content: ['AML.T0051.001'], target: ['AML.T0086'], provenance: hijacked, flow: hijacked, asked: hijacked,
  mix: ['AML.T0081'], tokens: ['AML.T0034.002'], cost: ['AML.T0034.002'], errors: ['AML.T0053'], refusals: ['AML.T0053'],
};

/** Features that carry less of the score than this, and less than two nats (a chance of one in seven) by themselves, do not name a technique. */
const leastPart = 0.2;
const leastNats = 2;

/** Techniques of what a score is made of, the largest part first. A new target of a tool that changes nothing moves no data out. */
export const techniquesOf = (contributions: readonly Contribution[], consequential: boolean): readonly Technique[] => {
  const total = contributions.reduce((sum, { nats }) => sum + Math.max(0, nats), 0);
  const named = contributions.filter(({ nats }) => nats > 0 && (nats >= leastPart * total || nats >= leastNats))
    .flatMap(({ feature }) => (feature === 'target' && !consequential ? [] : looksLike[feature]));
  return [...new Set(named)];
};
