import type { ApprovalView, RunDetail, RunView } from '@countersign/contracts';
import { page } from './layout.ts';
import { markup, moneyText } from '@countersign/kernel';
import { time, word, words } from './words.ts';
import type { Markup } from '@countersign/kernel';

const halt = (label: string, kind: string, id: string): Markup => markup`<form data-halt="${kind}" data-id="${id}"><fieldset><legend>${label}</legend>
<label for="why-${kind}">Reason</label> <input id="why-${kind}" name="reason" maxlength="2000" required> <button type="submit" class="stop">${label}</button></fieldset></form>`;

export const runsPage = (person: string, runs: readonly RunView[]): string => page('Runs', person, markup`<div class="wide"><table>
<thead><tr><th scope="col">Run</th><th scope="col">Agent</th><th scope="col">Status</th><th scope="col">Actions</th><th scope="col">Waiting</th><th scope="col">Began</th></tr></thead>
<tbody>${runs.map((run) => markup`<tr><td><a href="/ui/runs/${run.run}">${run.run}</a></td><td>${word(run.agent)}</td><td>${word(run.status)}</td><td>${run.actions}</td><td>${run.waiting}</td><td>${time(run.startedAt)}</td></tr>`)}</tbody></table></div>
${halt('Halt everything', 'everything', '')}`);

type Tree = NonNullable<RunDetail['tree']>;

const branch = (tree: Tree, parent: string | null, here: string): Markup | null => {
  const children = tree.filter((one) => one.parent === parent);
  return children.length === 0 ? null : markup`<ul>${children.map((one) => markup`<li>${one.run === here ? markup`<b aria-current="page">${one.run}</b>` : markup`<a href="/ui/runs/${one.run}">${one.run}</a>`} ${word(one.agent)}, ${word(one.status)}${branch(tree, one.run, here)}</li>`)}</ul>`;
};

/** What waits for people in a run stands in its timeline, whoever of the services heard of it first. */
export const withWaiting = (run: RunDetail, approvals: readonly ApprovalView[]): RunDetail => {
  const missing = approvals.filter((one) => one.run === run.run && !run.timeline.some(({ action }) => action === one.action));
  const rows = missing.map(({ action, tool, tier, requestedAt, rules }): RunDetail['timeline'][number] => ({ action, tool, tier, status: 'open', decision: 'step_up', code: 'approval_required', at: requestedAt, rules }));
  return { ...run, timeline: [...run.timeline, ...rows].sort((a, b) => a.at - b.at) };
};

/** One run: what it was told, whom it hangs on, and every action with tier, rules, decision and outcome. */
export const runPage = (person: string, run: RunDetail): string => page(`Run of ${word(run.agent)}`, person, markup`
<section><dl><dt>Run</dt><dd>${run.run}</dd><dt>Status</dt><dd>${word(run.status)}</dd><dt>Began</dt><dd>${time(run.startedAt)}</dd><dt>Told to</dt><dd>${words(run.instruction)}</dd></dl></section>
${run.tree === undefined ? null : markup`<section><h2>Delegations</h2>${branch(run.tree, run.tree.find((one) => !run.tree!.some(({ run: id }) => id === one.parent))?.parent ?? null, run.run)}</section>`}
<section><h2>Timeline</h2><div class="wide"><table>
<thead><tr><th scope="col">When</th><th scope="col">Tool</th><th scope="col">Tier</th><th scope="col">Decision</th><th scope="col">Rules</th><th scope="col">Grant</th><th scope="col">Status</th><th scope="col">Outcome</th><th scope="col">Cost</th></tr></thead>
<tbody>${run.timeline.map((one) => markup`<tr><td>${time(one.at)}</td><td>${word(one.tool)}</td><td>${one.tier}</td><td>${one.decision}${one.code === null || one.decision === 'allow' || one.decision === 'modify' ? null : markup` (${word(one.code)})`}</td><td>${(one.rules ?? []).map(({ id }) => word(id)).join(', ')}</td><td>${one.grant === undefined ? null : markup`${word(one.grant.id)}${one.grant.claim ? one.grant.claimedAt === null ? ', not claimed' : ', claimed' : null}`}</td><td>${word(one.status)}</td><td>${one.outcome === undefined ? null : one.outcome.status}</td><td>${one.outcome?.cost == null ? null : word(moneyText(one.outcome.cost))}</td></tr>`)}</tbody></table></div></section>
${halt('Halt this run', 'run', run.run)} ${halt('Halt this agent', 'agent', run.agent)}`);
