import type { AgentReview, AgentSnapshot } from '@countersign/contracts';
import { nobody } from '@countersign/registry/core/care';
import { id } from './inert.ts';

type Seen = Pick<AgentSnapshot, 'agent' | 'status' | 'owner' | 'reviewedAt' | 'template' | 'origin'>;

/** What brings an agent on from where it is; empty where nothing has to. */
export const nextStep = ({ agent, status, owner, reviewedAt, origin }: Seen): readonly string[] => {
  const review = `countersign agent review ${id(agent)}`;
  switch (status) {
    case 'draft': return [owner === nobody ? `Next: countersign agent complete ${id(agent)} --owner PERSON` : reviewedAt === undefined ? `Next: ${review}${origin === undefined ? '' : `; countersign agent complete ${id(agent)} gives it a key, where it has none`}` : `Next: countersign agent activate ${id(agent)} --reason TEXT (or ${review} again, where something has changed since)`];
    case 'suspended': return [`Next: ${review}, then countersign agent resume ${id(agent)} --reason TEXT`];
    case 'active': return [`It may act. countersign propose --agent ${id(agent)} --tool TOOL --args JSON tries it; countersign agent suspend ${id(agent)} --reason TEXT stops it.`];
    case 'decommissioned': return [];
  }
};

const how: Readonly<Record<AgentReview['checks'][number]['check'], (agent: string, draft: boolean) => string>> = {
  owner: (agent, draft) => (draft ? '--owner PERSON' : `countersign agent reassign ${agent} --owner PERSON --reason TEXT`),
  raci: (agent) => `countersign agent raci ${agent} --set all=PERSON --reason TEXT`,
  tools: (agent) => `countersign change file agent ${agent} --after '{"permissions":["TOOL"]}' --reason TEXT (countersign agent permissions ${agent} shows what it holds)`,
  tiers: () => 'countersign policy status says what policy decides by',
  rule_tests: () => 'countersign policy test BUNDLE',
  baseline: () => '--baseline-plan TEXT',
  eu_ai_act: () => '--eu-ai-act minimal|limited|high',
};

/** What follows from a review: the command for each thing that is missing, or the step that it allows. */
export const afterReview = ({ agent, passed, checks, consequential }: AgentReview, { status, template, origin }: Seen): readonly string[] => {
  if (passed) return status === 'draft' || status === 'suspended' ? [`Next: countersign agent ${status === 'draft' ? 'activate' : 'resume'} ${id(agent)} --reason TEXT${consequential ? ', by somebody who does not own it: it may change things' : ''}`] : [];
  // What was registered out of a file is mended in that file.
  const byFile = status === 'draft' && template === undefined && origin === undefined;
  const steps = checks.filter((one) => !one.passed).map(({ check }) => (byFile && ['owner', 'baseline', 'eu_ai_act', 'tools'].includes(check) ? `mend FILE and countersign agent register ${id(agent)} --file FILE` : how[check](id(agent), status === 'draft')));
  const options = steps.filter((step) => step.startsWith('--')), others = [...new Set(steps.filter((step) => !step.startsWith('--')))];
  return ['Next:', ...others.map((step) => `  ${step}`), ...(options.length === 0 ? [] : [`  countersign agent complete ${id(agent)} ${options.join(' ')}`]), `  countersign agent review ${id(agent)}`];
};
