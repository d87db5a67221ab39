import type { StoryView } from '@countersign/contracts';
import { html } from '../report/html.ts';
import type { Html } from '../report/html.ts';

const width = 900, labels = 210, row = 26, top = 24, most = 60;

/** A run drawn: a row for each action, from proposal (dot) over waiting for people (light) and running (dark) to its outcome (sign). */
export const timeline = (story: StoryView): Html | false => {
  const actions = story.actions.slice(0, most);
  const times = [...story.steps.map(({ at }) => at), ...actions.flatMap(({ proposedAt, decidedAt, endedAt }) => [proposedAt, decidedAt, ...(endedAt === null ? [] : [endedAt])])];
  if (actions.length === 0 || times.length === 0) return false;
  const [from, to] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
  const x = (at: number): number => labels + Math.round((at - from) / Math.max(1, to - from) * (width - labels - 30));
  const rows = actions.map((action, i) => {
    const y = top + i * row + row / 2;
    const ended = action.endedAt ?? action.decidedAt;
    const said = `${action.tool ?? 'no tool'}: ${action.rounds.map(({ decision, tier }) => `${decision} tier ${tier}`).join(', then ')}; ${action.outcome ?? 'no outcome'}`;
    return html`<g><title>${said}</title><text x="0" y="${y + 4}">${short(action.tool ?? 'no tool')}</text>
<rect class="s0" x="${x(action.proposedAt)}" y="${y - 4}" width="${Math.max(1, x(action.decidedAt) - x(action.proposedAt))}" height="8" rx="2"/><rect class="s1" x="${x(action.decidedAt)}" y="${y - 4}" width="${Math.max(1, x(ended) - x(action.decidedAt))}" height="8" rx="2"/>
${action.votes.map(({ at }) => html`<rect class="s2" x="${x(at) - 2}" y="${y - 9}" width="4" height="18"/>`)}<circle class="s1" cx="${x(action.proposedAt)}" cy="${y}" r="4"/><text x="${x(ended) + 8}" y="${y + 4}">${signOf(action)}</text></g>`;
  });
  const marks = story.steps.filter(({ what }) => /^(?:halts|lifts|lets) /.test(what)).slice(0, 20).map(({ at, what }) => html`<line x1="${x(at)}" x2="${x(at)}" y1="${top - 6}" y2="${top + actions.length * row}" stroke="currentColor" stroke-dasharray="3 3"><title>${what}</title></line>`);
  return html`<figure><figcaption>Timeline <span class="soft"><span class="key k0"></span>being decided<span class="key k1"></span>allowed and running<span class="key k2"></span>a vote</span></figcaption>
<svg viewBox="0 0 ${width} ${top + actions.length * row + 20}" role="img" aria-label="${`Timeline of ${story.actions.length} actions`}"><text class="soft" x="${labels}" y="14">${new Date(from).toISOString().slice(11, 23)}</text><text class="soft" x="${width - 90}" y="14">${new Date(to).toISOString().slice(11, 23)}</text>${marks}${rows}</svg>
${story.actions.length > most && html`<p class="soft">${story.actions.length - most} more actions are listed below.</p>`}</figure>`;
};

/** How it came out, readable without colour. */
const signOf = ({ outcome, rounds }: StoryView['actions'][number]): string => {
  if (outcome?.startsWith('succeeded')) return outcome === 'succeeded' ? '✓' : '✓ ↩';
  if (outcome !== null) return `✗ ${outcome}`;
  return rounds.at(-1)?.decision === 'deny' ? '✗ denied' : rounds.at(-1)?.decision === 'step_up' || rounds.at(-1)?.decision === 'defer' ? '… waiting' : '?';
};

const short = (label: string): string => (label.length > 28 ? `${label.slice(0, 27)}…` : label);
