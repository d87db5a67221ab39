import type { AgentReview, StandingResponse, ToolSnapshot } from '@countersign/contracts';
import { covers } from '@countersign/kernel';
import type { AgentProfile } from './agent.ts';
import type { Effective } from './effective-permissions.ts';
import { answering, raciGaps, stages } from './raci.ts';

/** What the rules in force say of the tools of one agent, as policy signed it. */
export type Standing = Pick<StandingResponse, 'bundle' | 'tests'> & { readonly tools: StandingResponse['agents'][number]['tools'] };

export interface Reviewed {
  /** With what its roles let it do, under conditions and on request too. */
  readonly profile: AgentProfile & Partial<Effective>;
  /** Whether a person of this id is active. */
  readonly isActive: (person: string) => boolean;
  /** Tools that its permissions cover (`permitted`). */
  readonly tools: readonly Pick<ToolSnapshot, 'tool' | 'definition' | 'consequential'>[];
  readonly standing: Standing;
  /** Other active agents of its peer group. */
  readonly peers: number;
}

type Check = AgentReview['checks'][number];
/** Nothing wrong passes; else what is wrong, bounded, and what to do about it. */
const check = (name: Check['check'], fine: string, wrong: readonly string[], remedy: string): Check =>
  (wrong.length === 0 ? { check: name, passed: true, why: fine.slice(0, 2_000), remedy: null } : { check: name, passed: false, why: listed(wrong), remedy });
const mostListed = 10;
const listed = (wrong: readonly string[]): string => `${wrong.slice(0, mostListed).join('; ')}${wrong.length > mostListed ? `; and ${wrong.length - mostListed} more` : ''}`.slice(0, 2_000);

/** Most tools that one agent may have. */
export const mostTools = 1_000;

/** Patterns of tools that an agent may use, whatever conditions there are. */
const heldPatterns = ({ permissions, scoped = [] }: Effective): readonly string[] => [...new Set([...permissions, ...scoped.flatMap(({ permission }) => permission.tools)])];

/** The tools that an agent may use, always, under conditions, or once it has asked: all of them are what it may come to do. */
export const permitted = <T extends { readonly tool: string }>(profile: Effective, tools: readonly T[]): readonly T[] => {
  const patterns = [...heldPatterns(profile), ...(profile.requestable ?? []).flatMap(({ permission }) => permission.tools)];
  return tools.filter(({ tool }) => patterns.some((pattern) => covers(pattern, tool)));
};

/** Everybody whom a profile names as answerable. */
export const namedIn = (profile: Pick<AgentProfile, 'owner' | 'raci' | 'process'>): readonly string[] => {
  const raci = answering(profile);
  return [...new Set([profile.owner, ...stages.flatMap((stage) => raci[stage]?.accountable ?? [])])].sort();
};

/** What a review rests on: whatever of it changes, the review does not carry any more. Since when its habits are learned is none of it. */
export const basisOf = ({ profile: { key: _key, baseline: _baseline, ...profile }, isActive, tools, standing }: Omit<Reviewed, 'peers'>): object => ({
  profile, people: namedIn(profile).map((person) => ({ person, active: isActive(person) })), bundle: standing.bundle.digest,
  tools: tools.map(({ tool, definition }) => ({ tool, definition })), standing: standing.tools,
});

/** The governance review: what has to be true for an agent to be active, each with why not and what to do. Pure; `basis` is the digest of `basisOf`. */
export const reviewAgent = (reviewed: Reviewed, basis: string): AgentReview => {
  const { profile, standing, tools } = reviewed;
  const checks = [owner(reviewed), raci(reviewed), scope(reviewed), tiers(reviewed), ruleTests(standing), baseline(reviewed), euAiAct(reviewed)];
  return { agent: profile.agent, passed: checks.every(({ passed }) => passed), basis, bundle: standing.bundle, consequential: tools.some((tool) => tool.consequential), checks };
};

const owner = ({ profile, isActive }: Reviewed): Check =>
  check('owner', `${profile.owner} is an active person`, isActive(profile.owner) ? [] : [`its owner ${profile.owner} is not an active person`], 'Give it an owner who is.');

const raci = ({ profile, isActive }: Reviewed): Check => check('raci', 'every stage has an accountable person',
  raciGaps(answering(profile), isActive).map((gap) => (gap.why === 'nobody' ? `nobody is accountable for ${gap.stage}` : `${gap.person}, accountable for ${gap.stage}, is not an active person`)),
  'Name an active person as accountable for each stage, in raci or in its process.');

const scope = ({ profile, tools }: Reviewed): Check => check('tools', `${tools.length} tools of the catalogue`, [
  ...(heldPatterns(profile).length === 0 ? ['it has no permissions'] : []),
  ...(tools.length > mostTools ? [`its permissions cover ${tools.length} tools: more than ${mostTools} is no job for one agent`] : []),
  ...heldPatterns(profile).filter((pattern) => !tools.some(({ tool }) => covers(pattern, tool))).map((pattern) => `no tool of the catalogue matches ${pattern}`),
], 'Catalogue the tools, or take the pattern out of its permissions.');

const tiers = ({ tools, standing }: Reviewed): Check => {
  const said = new Map(standing.tools.map((one) => [one.tool, one]));
  return check('tiers', standing.tools.map(({ tool, denied, atLeast, atMost }) => `${tool} ${denied ? 'denied' : atLeast === atMost ? `tier ${atLeast}` : `tier ${atLeast} to ${atMost}`}`).join(', ') || 'no tools',
    tools.flatMap(({ tool }) => (said.get(tool)?.known === true ? [] : [`policy does not decide by the catalogued definition of ${tool}`])), 'See that policy runs and that the tool\'s extractors compile: its log says why not.');
};

const ruleTests = ({ tests, bundle }: Standing): Check => check('rule_tests', `${tests.passed} tests of ${bundle.version} are green`, [
  ...(tests.failed > 0 ? [`${tests.failed} tests of ${bundle.version} fail, the first: ${tests.first ?? ''}`] : []),
  ...(tests.passed + tests.failed === 0 ? [`${bundle.version} has no tests`] : []),
], 'Run countersign policy test, and publish a version whose tests are green against this catalogue.');

const baseline = ({ profile: { peerGroup, baselinePlan }, peers }: Reviewed): Check => {
  const plan = baselinePlan?.trim();
  const fine = plan ? `plan: ${plan}` : `${peers} active peers in ${peerGroup}`;
  return check('baseline', fine, plan || (peerGroup !== undefined && peers > 0) ? [] : [peerGroup === undefined ? 'it has neither a peer group nor a plan for its cold start' : `nobody else in its peer group ${peerGroup} is active, and it has no plan for its cold start`],
    'State a peerGroup with active agents, or in baselinePlan how it is watched until it has a baseline of its own.');
};

const euAiAct = ({ profile: { euAiAct: act, affects, decidesOnPersons }, tools, standing }: Reviewed): Check => {
  const fine = `category ${act?.category ?? ''}`;
  const remedy = 'State euAiAct, and for a high-risk agent affects and decidesOnPersons; have a rule or the never-automate list hold what it decides on persons at tier 3 or more.';
  if (act === undefined) return check('eu_ai_act', '', ['its EU AI Act category is not stated'], remedy);
  if (act.category !== 'high') return check('eu_ai_act', fine, [], remedy);
  const low = standing.tools.filter(({ denied, atLeast }) => !denied && atLeast < 3);
  const onPersons = (tool: string): boolean => (decidesOnPersons ?? []).some((pattern) => covers(pattern, tool));
  return check('eu_ai_act', `${fine}: what it decides on persons waits for people`, [
    ...(affects === undefined || affects.length === 0 ? ['a high-risk agent says whom it affects'] : []),
    ...(decidesOnPersons === undefined ? ['a high-risk agent says by which tools it decides on persons, or that it decides on nobody'] : []),
    ...(decidesOnPersons ?? []).filter((pattern) => !tools.some(({ tool }) => covers(pattern, tool))).map((pattern) => `decidesOnPersons names ${pattern}, which is none of its tools`),
    ...low.filter(({ tool }) => onPersons(tool)).map(({ tool, atLeast }) => `${tool} decides on persons and may run at tier ${atLeast}`),
  ], remedy);
};
