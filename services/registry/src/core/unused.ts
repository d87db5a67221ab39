import type { RolePermission, UnusedView } from '@countersign/contracts';
import { covers } from '@countersign/kernel';

/** What one tool was used for on one day (days since the epoch, UTC). `targets` null: more than are kept. */
export interface Use { readonly tool: string; readonly day: number; readonly calls: number; readonly lastAt: number; readonly maxMinor: number | null; readonly currency: string | null; readonly targets: readonly string[] | null }

export const dayMs = 86_400_000;
/** How much a proposal rests on at least. */
export interface Enough { readonly days: number; readonly calls: number }

interface Holding { readonly source: string; readonly tools: readonly string[]; readonly permission?: RolePermission }
type Used = UnusedView['used'][number];

/**
 * What is held and was not used since `from`, and a role that would have been enough. What was used before the window and not in it may come with
 * the season: it stays in the proposal.
 */
export const unusedOf = (agent: { readonly agent: string; readonly owner: string; readonly held: readonly Holding[] }, uses: readonly Use[], window: { readonly from: number; readonly to: number; readonly days: number }, enough: Enough): UnusedView => {
  const firstDay = Math.floor(window.from / dayMs);
  const within = uses.filter(({ day }) => day >= firstDay);
  const used = usedIn(within, new Set()), seasonal = usedIn(uses.filter(({ tool }) => !within.some((one) => one.tool === tool)), new Set(uses.map(({ tool }) => tool)));
  const all = [...used, ...seasonal];
  const observedDays = uses.length === 0 ? 0 : Math.min(window.days, Math.floor(window.to / dayMs) - Math.min(...uses.map(({ day }) => day)) + 1);
  const calls = within.reduce((sum, one) => sum + one.calls, 0);
  const unused = agent.held.flatMap(({ source, tools }) => { const idle = tools.filter((pattern) => !all.some(({ tool }) => covers(pattern, tool))); return idle.length === 0 ? [] : [{ source, tools: idle }]; });
  const counted = { from: window.from, to: window.to, days: window.days, observedDays, calls };
  const none = (why: string): UnusedView => ({ agent: agent.agent, window: counted, unused, used: all, proposal: null, why });
  if (observedDays < enough.days) return none(`observed for ${observedDays} of at least ${enough.days} days: too short to say what is not needed`);
  if (calls < enough.calls) return none(`${calls} of at least ${enough.calls} calls in the window: too few to say what is not needed`);
  const permissions = all.flatMap((one) => { const permission = narrowed(one, agent.held); return permission === undefined ? [] : [permission]; });
  const kept = seasonal.length === 0 ? '' : `; ${seasonal.map(({ tool }) => tool).join(', ')} used before the window only and kept, for it may come with the season`;
  return {
    agent: agent.agent, window: counted, unused, used: all, proposal: { title: `What ${agent.agent} used`.slice(0, 200), owner: agent.owner, permissions: permissions.slice(0, 128) },
    why: `${calls} calls over ${observedDays} observed days${kept}`.slice(0, 2_000),
  };
};

/** What an agent holds and does not use, for the record. Nothing in `unused`: it uses all of it now, or was made narrower. `more`: patterns that are left out here; the report has them. */
export interface UnusedFound { readonly type: 'agent.permissions_unused'; readonly agent: string; readonly owner: string; readonly window: UnusedView['window']; readonly unused: UnusedView['unused']; readonly more: number; readonly by: string; readonly at: number }

/** An event has to fit its topic. */
const mostNamed = 200;

/**
 * What there is to say that was not said before; undefined where there is nothing, or too little was seen to say it.
 * @param before what was said last
 */
export const unusedFound = (view: UnusedView, owner: string, before: UnusedFound | undefined, said: { readonly by: string; readonly now: number }): UnusedFound | undefined => {
  if (view.proposal === null) return undefined;
  const all = view.unused.flatMap(({ source, tools }) => tools.map((tool) => ({ source, tool }))).sort((a, b) => (`${a.source} ${a.tool}` < `${b.source} ${b.tool}` ? -1 : 1));
  const named = all.slice(0, mostNamed);
  const unused = [...Map.groupBy(named, ({ source }) => source)].map(([source, of]) => ({ source, tools: of.map(({ tool }) => tool) }));
  const more = all.length - named.length;
  if (more === (before?.more ?? 0) && JSON.stringify(unused) === JSON.stringify(before?.unused ?? [])) return undefined;
  // Whoever is on the edge of the window comes and goes: once a day is enough.
  if (before !== undefined && Math.floor(before.at / dayMs) === Math.floor(said.now / dayMs)) return undefined;
  return { type: 'agent.permissions_unused', agent: view.agent, owner, window: view.window, unused, more, by: said.by, at: said.now };
};

const usedIn = (uses: readonly Use[], seasonal: ReadonlySet<string>): readonly Used[] => [...new Set(uses.map(({ tool }) => tool))].sort().map((tool) => {
  const days = uses.filter((one) => one.tool === tool);
  const currencies = new Set(days.flatMap(({ currency }) => currency ?? []));
  const amounts = days.flatMap(({ maxMinor }) => maxMinor ?? []);
  const targets = days.some((one) => one.targets === null) ? [] : [...new Set(days.flatMap((one) => one.targets!))].sort();
  return {
    tool, calls: days.reduce((sum, one) => sum + one.calls, 0), lastAt: Math.max(...days.map((one) => one.lastAt)), maxMinor: amounts.length === 0 || currencies.size !== 1 ? null : Math.max(...amounts),
    currency: currencies.size === 1 ? [...currencies][0]! : null, targets: targets.length > mostTargets ? [] : targets, ...(seasonal.has(tool) && { seasonal: true }),
  };
});

export const mostTargets = 20;

/** One tool alone, for the targets seen and up to half more than the largest amount seen; never more than what let it run before. */
const narrowed = ({ tool, maxMinor, currency = null, targets = [] }: Used, held: readonly Holding[]): RolePermission | undefined => {
  const covering = held.filter(({ tools }) => tools.some((pattern) => covers(pattern, tool)));
  const first = covering[0];
  if (first === undefined) return undefined;
  const { limits = {}, resources = [] } = covering.length === 1 ? first.permission ?? {} as Partial<RolePermission> : {} as Partial<RolePermission>;
  const seen = maxMinor === null || maxMinor === undefined || currency === null ? undefined : { minor: Math.ceil(maxMinor * 1.5), currency };
  const before = limits.moneyPerAction;
  const most = seen === undefined ? before : before === undefined || (before.currency === seen.currency && seen.minor < before.minor) ? seen : before;
  const narrow = targets.length === 0 || resources.some(({ fact }) => fact === 'target') ? resources : [...resources, { fact: 'target', patterns: targets }];
  const own = { ...limits, ...(most !== undefined && { moneyPerAction: most }) };
  return { permission: tool.toLowerCase().replace(/[^a-z0-9._-]/g, '-').replace(/^[^a-z0-9]+/, '').slice(0, 64) || 'tool', tools: [tool], ...(narrow.length > 0 && { resources: narrow }), ...(Object.keys(own).length > 0 && { limits: own }) };
};
