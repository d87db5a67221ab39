import { auditUsage, receiptUsage } from './audit/usage.ts';
import { toolsUsage } from './catalogue/usage.ts';
import { channelsUsage } from './channels/usage.ts';
import { graphUsage } from './graph/usage.ts';
import { usage as inventoryUsage } from './inventory/usage.ts';
import { changesUsage, usageOf } from './permissions/usage.ts';
import { policyUsage } from './policy/command.ts';
import { playbookUsage, quarantineUsage, recoverUsage } from './people/incident-usage.ts';
import { agentUsage } from './people/agent-usage.ts';
import { findingsUsage } from './people/findings-usage.ts';
import { peopleUsage } from './people/people-usage.ts';
import { scimUsage } from './scim/usage.ts';

/** A command gets its arguments and answers with its exit code. */
export type Command = (args: readonly string[]) => Promise<number>;

interface Entry { readonly summary: string; readonly usage: string; readonly load: () => Promise<Command> }

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: 'the demonstration that `npm start` shows',
    usage: 'npm start -- [--once]\n  Runs the demo company against a running Countersign until Ctrl-C; --once ends after the first round.',
    load: async () => (await import('./demo/start.ts')).start,
  },
  replay: {
    summary: 'plays recorded agent sessions through Countersign',
    usage: 'npm run replay -- [FILE] [--limit N] [--bus kafka|embedded] [--approver none|approve|deny] [--parallel N] [--keep FILE] [--json]\n  FILE: sessions as JSON Lines (.gz allowed); without it a few sample sessions.\n  --approver none leaves requests pending without waiting; approve and deny vote on each.\n  --keep writes the governed stream to a file, as JSON Lines.',
    load: async () => (await import('./replay/replay.ts')).replay,
  },
  people: {
    summary: 'people, their roles, and enrolment by a one-time link',
    usage: peopleUsage,
    load: async () => (await import('./people/people-command.ts')).people,
  },
  approvals: {
    summary: 'what waits for people: who, what, why',
    usage: 'countersign approvals [APPROVAL | --all] [--as PERSON] [--json]\n  With an id: that one whole, with its evidence: the facts and where they are from, what would change, how the agent fared.',
    load: async () => (await import('./people/approvals-command.ts')).approvals,
  },
  approve: {
    summary: 'votes for a request, signed with your key',
    usage: 'countersign approve APPROVAL… --reason TEXT [--until 10m] [--cap 210.00EUR] [--uses N [--this-run]] [--as PERSON] [--json]\n  Shows it whole, with its evidence, and signs the digest of exactly that; several are looked at one by one and sent in one call. Without --as: a person of this machine who may vote on it.\n  --uses N: this one and N-1 more like it (same agent, tool and targets, moving no more), for an hour or --until; --this-run: in this run only.\n  Amounts are as people write them: 210.00EUR, or 5000EUR for five thousand euros.',
    load: async () => (await import('./people/approvals-command.ts')).approve,
  },
  deny: {
    summary: 'votes against a request',
    usage: 'countersign deny APPROVAL… --reason TEXT [--as PERSON] [--json]',
    load: async () => (await import('./people/approvals-command.ts')).deny,
  },
  edit: {
    summary: 'wants other arguments instead; policy judges them anew and asks others',
    usage: 'countersign edit APPROVAL --set JSON|@FILE --reason TEXT [--as PERSON] [--json]\n  Members of the JSON object replace those of the arguments.',
    load: async () => (await import('./people/desk-command.ts')).edit,
  },
  ask: {
    summary: 'asks something about a request; the clock goes on',
    usage: 'countersign ask APPROVAL --text TEXT [--as PERSON] [--json]',
    load: async () => (await import('./people/desk-command.ts')).askBack,
  },
  'break-glass': {
    summary: 'goes ahead without the quorum: two people, for minutes, reviewed afterwards',
    usage: 'countersign break-glass APPROVAL --reason TEXT [--as PERSON] [--json]',
    load: async () => (await import('./people/approvals-command.ts')).breakGlass,
  },
  'review-glass': {
    summary: 'says whether breaking the glass was right; until then nobody breaks it again',
    usage: 'countersign review-glass APPROVAL --verdict right|wrong --reason TEXT [--as PERSON] [--json]\n  Signed with your key, and final. Needs the role reviewer or approver, and nobody who broke it or asked for what it was broken for; in the demo pia.',
    load: async () => (await import('./people/desk-command.ts')).reviewGlass,
  },
  'pre-approve': {
    summary: 'agrees beforehand, for hours: one agent, one tool, named targets, capped',
    usage: 'countersign pre-approve --agent AGENT --tool TOOL [--targets A,B] [--amount 50.00EUR [--sum 200.00EUR]] [--uses N] [--for 1h] [--run RUN] --reason TEXT --as PERSON [--json]\ncountersign pre-approve PRE --reason TEXT --as PERSON [--json]\ncountersign pre-approve PRE --revoke --as PERSON [--json]\n  An hour unless --for says otherwise, 8h at most. Amounts are as people write them: 50.00EUR, or 5000EUR for five thousand euros. The second form signs terms that somebody else signed: an action that needs two people needs two signatures. Never for tier 4, for what cannot be taken back, or where a target does not stand in the instruction.',
    load: async () => (await import('./people/pre-approvals-command.ts')).preApprove,
  },
  'pre-approvals': { summary: 'what people agreed to beforehand, and what it was used for', usage: 'countersign pre-approvals [--as PERSON] [--json]', load: async () => (await import('./people/pre-approvals-command.ts')).preApprovals },
  'stand-in': {
    summary: 'names who stands in while you are away, or lists who does',
    usage: 'countersign stand-in [--as PERSON] [--json]\ncountersign stand-in PERSON --for 7d --reason TEXT --as YOU [--json]\ncountersign stand-in --end --as YOU [--json]\n  PERSON is active and has one of your roles (countersign people); they decide in your place, and nobody stands in for them in turn.',
    load: async () => (await import('./people/desk-command.ts')).standIn,
  },
  reviewers: {
    summary: 'how people decide: time, what they opened, seeded bad requests caught',
    usage: 'countersign reviewers [--as PERSON] [--json]',
    load: async () => (await import('./people/desk-command.ts')).reviewers,
  },
  seed: {
    summary: 'puts a bad request that nobody made among the others, to see who looks',
    usage: 'countersign seed --agent AGENT --tool TOOL --args JSON|@FILE [--says TEXT] [--as PERSON] [--json]',
    load: async () => (await import('./people/desk-command.ts')).seed,
  },
  reviews: {
    summary: 'what agents did alone and was drawn for a blind review',
    usage: 'countersign reviews [--as PERSON] [--json]\n  Shows what was asked and what was done; not what was decided, how sure the agent was, or what came of it.',
    load: async () => (await import('./people/reviews-command.ts')).reviews,
  },
  review: {
    summary: 'your verdict on something an agent did alone',
    usage: 'countersign review RUN ACTION --verdict right|wrong --reason TEXT [--as PERSON] [--json]\n  Signed with your key, and final. Needs the role reviewer or approver.',
    load: async () => (await import('./people/reviews-command.ts')).review,
  },
  runs: {
    summary: 'runs, newest first',
    usage: 'countersign runs [--agent AGENT] [--status STATUS] [--tool TOOL] [--tier N] [--action STATUS] [--as PERSON] [--json]\n  --tool, --tier (at least) and --action (a status: open, granted, claimed, unknown, finished, cancelled, denied): runs that have an action that fits.',
    load: async () => (await import('./people/runs-command.ts')).runs,
  },
  run: {
    summary: 'one run with its actions',
    usage: 'countersign run RUN [--tree] [--tool TOOL] [--tier N] [--action STATUS] [--as PERSON] [--json]\n  --tree: with every run of its delegations.',
    load: async () => (await import('./people/runs-command.ts')).run,
  },
  watch: {
    summary: 'what happens to runs, live',
    usage: 'countersign watch [--run RUN [--tree]] [--agent AGENT] [--tool TOOL] [--kind KIND] [--tier N] [--after ID] [--as PERSON] [--json]\n  Until Ctrl-C; goes on behind the last event by itself. --json: one event per line, whose id --after takes.',
    load: async () => (await import('./people/runs-command.ts')).watch,
  },
  supply: {
    summary: 'supplies a fact that a deferred action waits for, signed with your key',
    usage: 'countersign supply RUN ACTION FACT VALUE [--as PERSON] [--json]\n  `countersign run RUN` shows what waits and who owes it. VALUE is JSON (true, 710, "text") or a text. Without --as: a person of this machine who owes it.',
    load: async () => (await import('./people/runs-command.ts')).supply,
  },
  cancel: {
    summary: 'cancels an action that has not begun, or a whole run, taking back what it did',
    usage: 'countersign cancel RUN [ACTION] --reason TEXT [--as PERSON] [--json]\n  Without ACTION: ends the run for good, cancels what waits in it and has compensators take back what ran, the last first.',
    load: async () => async (args) => (await (args.filter((one, i) => !one.startsWith('--') && !['--reason', '--as'].includes(args[i - 1] ?? '')).length === 1 ? (await import('./people/stops-command.ts')).runVerb('cancel') : (await import('./people/runs-command.ts')).cancel)(args)),
  },
  pause: { summary: 'pauses a run: what was granted finishes, what is new waits', usage: 'countersign pause RUN --reason TEXT [--as PERSON] [--json]', load: async () => (await import('./people/stops-command.ts')).runVerb('pause') },
  resume: { summary: 'lifts what stops or pauses a run', usage: 'countersign resume RUN --reason TEXT [--as PERSON] [--json]\n  After a tier 4 halt only the senior route may.', load: async () => (await import('./people/stops-command.ts')).runVerb('resume') },
  terminate: { summary: 'ends a run for good and leaves what it did', usage: 'countersign terminate RUN --reason TEXT [--as PERSON] [--json]\n  Of a tier 4 halt the senior route may as well (abort).', load: async () => (await import('./people/stops-command.ts')).runVerb('terminate') },
  bulk: { summary: 'one verb for many runs', usage: 'countersign bulk pause|resume|cancel|terminate [RUN …] [--agent AGENT] [--status STATUS] [--tool TOOL] [--all] --reason TEXT [--dry-run] [--expect N] [--as PERSON] [--json]\n  Look first with --dry-run; --expect refuses where it would be another number by now.', load: async () => (await import('./people/stops-command.ts')).bulk },
  notices: { summary: 'what agents did alone and can still be taken back', usage: 'countersign notices [--as PERSON] [--json]', load: async () => (await import('./people/stops-command.ts')).notices },
  reverse: { summary: 'takes back what an agent did, with the compensator of its tool', usage: 'countersign reverse RUN ACTION --reason TEXT [--args JSON] [--as PERSON] [--json]\n  --args: of the compensator, where nothing else says them.', load: async () => (await import('./people/stops-command.ts')).reverse },
  attention: { summary: 'what waits for people to find out or decide', usage: 'countersign attention [--as PERSON] [--json]', load: async () => (await import('./people/stops-command.ts')).attention },
  reconcile: { summary: 'says what came of an action of which nobody knew', usage: 'countersign reconcile RUN ACTION --outcome succeeded|failed|partial|not_executed --reason TEXT [--as PERSON] [--json]', load: async () => (await import('./people/stops-command.ts')).reconcile },
  enforcement: { summary: 'everybody who enforces halts, and what they have confirmed', usage: 'countersign enforcement [enrol GUARD --key FILE --reason TEXT | remove GUARD --reason TEXT] [--as PERSON] [--json]', load: async () => (await import('./people/stops-command.ts')).enforcement },
  halt: {
    summary: 'stops an agent, a tool, a run, a tenant or everything',
    usage: 'countersign halt --agent ID|--tool NAME|--run ID|--tenant ID|--everything --reason TEXT [--pause] [--as PERSON] [--json]\ncountersign halt drill [--reason TEXT] [--as PERSON] [--json]\n  drill measures how long a halt takes to everybody who enforces it, and stops nothing: exit code 1 where one did not confirm it within 5 s.',
    load: async () => async (args) => (args[0] === 'drill' ? (await import('./people/stops-command.ts')).drill(args.slice(1)) : (await import('./people/halts-command.ts')).halt(args)),
  },
  halts: {
    summary: 'what is halted now',
    usage: 'countersign halts [--as PERSON] [--json]',
    load: async () => (await import('./people/halts-command.ts')).halts,
  },
  lift: {
    summary: 'lifts a halt',
    usage: 'countersign lift HALT --reason TEXT [--as PERSON] [--json]',
    load: async () => (await import('./people/halts-command.ts')).lift,
  },
  recover: { summary: 'takes a halt back in stages', usage: recoverUsage, load: async () => (await import('./people/incident-commands.ts')).recover },
  quarantine: { summary: 'takes an agent or a run out until somebody else lets it back', usage: quarantineUsage, load: async () => (await import('./people/incident-commands.ts')).quarantine },
  breakers: { summary: 'breakers of agents and tools that are not closed, and their limits', usage: 'countersign breakers [--as PERSON] [--json]', load: async () => (await import('./people/incident-commands.ts')).breakers },
  budgets: { summary: 'what is used of budgets wider than a run', usage: 'countersign budgets [--as PERSON] [--json]', load: async () => (await import('./people/incident-commands.ts')).budgets },
  leases: { summary: 'runs that a runtime holds, and who has gone silent', usage: 'countersign leases [--as PERSON] [--json]', load: async () => (await import('./people/incident-commands.ts')).leases },
  playbook: { summary: 'steps for an incident: halt, look, take away, let back in stages', usage: playbookUsage, load: async () => (await import('./people/incident-commands.ts')).playbook },
  agents: {
    summary: 'agents with owner, status and what they may use',
    usage: 'countersign agents [--owner PERSON] [--status STATUS] [--role ROLE] [--environment NAME] [--model NAME] [--category minimal|limited|high] [--tool NAME] [--text TEXT] [--after AGENT] [--limit N] [--as PERSON] [--json]',
    load: async () => (await import('./people/agents-command.ts')).agents,
  },
  agent: {
    summary: 'registers, explains, activates, suspends or ends an agent; who answers for it',
    usage: agentUsage,
    load: async () => (await import('./people/agent-command.ts')).agent,
  },
  change: { summary: 'requests to change what agents may do: file, review, approve', usage: changesUsage, load: async () => (await import('./permissions/changes-command.ts')).change },
  role: { summary: 'roles: what agents that have them may do', usage: usageOf('role'), load: async () => (await import('./permissions/roles-command.ts')).declaredCommand('role') },
  template: { summary: 'templates out of which business teams register agents', usage: usageOf('template'), load: async () => (await import('./permissions/roles-command.ts')).declaredCommand('template') },
  process: { summary: 'processes in which agents work, and who answers in them', usage: usageOf('process'), load: async () => (await import('./permissions/roles-command.ts')).declaredCommand('process') },
  grantor: { summary: 'what people may give to agents, by their roles', usage: usageOf('grantor'), load: async () => (await import('./permissions/roles-command.ts')).declaredCommand('grantor') },
  'who-answers': {
    summary: 'who was accountable for an action, as it was then',
    usage: 'countersign who-answers RUN ACTION [--stage STAGE] [--as PERSON] [--json]\n  Who was accountable for an action when it was decided, stage by stage, and whom to ask today where they have left.',
    load: async () => (await import('./people/who-answers-command.ts')).whoAnswers,
  },
  findings: { summary: 'odd behaviour of agents: what was found, why, and what analysts say of it', usage: findingsUsage, load: async () => (await import('./people/findings-command.ts')).findings },
  channels: { summary: 'Slack, tickets, mail and webhooks: who speaks for whom there, and what did not arrive', usage: channelsUsage, load: async () => (await import('./channels/command.ts')).channels },
  scim: { summary: 'identity providers that provision people by SCIM 2.0', usage: scimUsage, load: async () => (await import('./scim/command.ts')).scim },
  inventory: {
    summary: 'brings in agents that run already, flags how they sign in, and says what enforcement would have done',
    usage: inventoryUsage,
    load: async () => (await import('./inventory/command.ts')).inventory,
  },
  graph: {
    summary: 'the system graph: what depends on what, and which files belong to it',
    usage: graphUsage,
    load: async () => (await import('./graph/command.ts')).graph,
  },
  propose: {
    summary: 'proposes one action as a demo agent and prints the decision',
    usage: 'countersign propose --agent AGENT --tool TOOL --args JSON [--instruction TEXT] [--evidence FILE] [--confidence 0..1] [--as PERSON] [--wait SECONDS] [--execute] [--json]\n  Opens a run, waits for the decision (default 60 s for people), prints the call that the grant allows; --execute makes it. --confidence: how sure the agent says it is.',
    load: async () => (await import('./people/propose-command.ts')).propose,
  },
  evidence: {
    summary: 'signs evidence for an action: what was tested, found and fixed',
    usage: 'countersign evidence --tool TOOL --args JSON | --artefact NAME --sha256 HEX\n  [--tested A,B] [--found A,B] [--fixed A,B] [--failed] [--as PERSON] [--json]\n  Prints a DSSE envelope around an in-toto statement, about exactly this call or about an artefact that the tool names; give it to propose --evidence FILE.',
    load: async () => (await import('./people/evidence-command.ts')).evidence,
  },
  assertion: {
    summary: 'signs a client assertion as a demo agent, for trying the gateway with curl',
    usage: 'countersign assertion AGENT [--json]\n  Good for one request within a minute.',
    load: async () => (await import('./people/assertion-command.ts')).assertion,
  },
  tools: {
    summary: 'the tool catalogue: import from MCP servers, review, check against the source',
    usage: toolsUsage,
    load: async () => (await import('./catalogue/command.ts')).tools,
  },
  policy: {
    summary: 'tests and checks rules, and what follows from changing them',
    usage: policyUsage,
    load: async () => (await import('./policy/command.ts')).policy,
  },
  audit: {
    summary: 'asks, tells, exports and verifies the record',
    usage: auditUsage,
    load: async () => (await import('./audit/command.ts')).audit,
  },
  'eval:anomaly': {
    summary: 'how well hijacked sessions are told apart by behaviour',
    usage: 'npm run eval:anomaly -- FILE [--split recurring|unseen] [--catalogue none] [--json]\n  FILE: labelled sessions as JSON Lines (.gz allowed). Baselines of sessions without attack; recurring: a new model at tasks that its peers have done; unseen: five folds over tasks. --catalogue none: every tool is inferred, as for a workplace that nobody knows.',
    load: async () => (await import('./anomaly/command.ts')).evalAnomaly,
  },
  receipt: { summary: 'the receipt of an action, and whether one holds', usage: receiptUsage, load: async () => (await import('./audit/receipt-command.ts')).receipt },
  'eval:nab': {
    summary: 'the volume detector on the Numenta benchmark',
    usage: 'npm run eval:nab -- DIR [--out DIR] [--json]\n  DIR: a clone of the Numenta benchmark (data, labels/combined_windows.json). Writes results/countersign in its format there, or to --out.',
    load: async () => (await import('./anomaly/nab/command.ts')).evalNab,
  },
  bench: {
    summary: 'measures, each against a baseline of the same run',
    usage: 'npm run bench -- [bus] [decide] [audit] [policy] [authzen] [registry] [suspend] [halt] [anomaly] [--quick] [--json]',
    load: async () => (await import('./bench/bench.ts')).bench,
  },
};
