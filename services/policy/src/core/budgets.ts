import type { GovernedDecided, Money } from '@countersign/contracts';
import { actorsIn, delegateTool } from '@countersign/kernel';
import type { PolicyCommand } from './commands.ts';
import type { ActionState, PartitionState } from './state.ts';
import type { KnownTool, World } from './world.ts';

/** A budget wider than one run: of each agent, of each tool, or of the whole tenant, per window of UTC time. */
export interface WiderBudget {
  readonly id: string; readonly scope: 'agent' | 'tool' | 'tenant'; readonly windowMs: number;
  readonly calls: number | null; readonly money: Money | null;
  readonly covers: (tool: string) => boolean;
}

/** One budget's counter for one window, as far as this partition is concerned. `held`: leased from the ledger and on the record; `used`: reserved or settled. */
export interface Account { held: number; used: number; readonly until: number }

/** What one action takes from one account; `unit` is `calls` or a currency. */
export interface Share { readonly account: string; readonly budget: string; readonly unit: string; readonly amount: number; readonly limit: number; readonly until: number }

/** How wider budgets reach the decision: which there are, and what the ledger has leased to this partition in all, account by account. */
export interface Wider {
  readonly budgets: readonly WiderBudget[];
  leased(account: string): number;
  /** What a proposal would move, from its arguments alone. */
  money(tool: KnownTool, args: unknown): Money | null;
}

export type BudgetUse = NonNullable<GovernedDecided['budgets']>[number];
interface Act { readonly tenant: string; readonly agent: string; readonly tool: string; readonly money: Money | null; /** Agents for which this one acts: their budgets count it as well. */ readonly behind?: readonly string[] }

const none: readonly Share[] = [];

/** What an act takes from which accounts; a text where it cannot be counted against a budget it falls under. */
export const sharesOf = (budgets: readonly WiderBudget[], act: Act, now: number): readonly Share[] | string => {
  let shares: Share[] | undefined;
  for (const budget of budgets) {
    if (!budget.covers(act.tool)) continue;
    const period = Math.floor(now / budget.windowMs);
    const share = (key: string, unit: string, amount: number, limit: number): Share => ({
      account: `${act.tenant}|${budget.id}|${unit}|${key}|${period}`, budget: budget.id, unit, amount, limit, until: (period + 1) * budget.windowMs,
    });
    shares ??= [];
    const add = (key: string): void => {
      if (budget.calls !== null) shares!.push(share(key, 'calls', 1, budget.calls));
      // An amount nobody knows yet takes nothing now; what the outcome says it cost is counted then.
      if (budget.money !== null) shares!.push(share(key, budget.money.currency, act.money?.minor ?? 0, budget.money.minor));
    };
    if (budget.money !== null && act.money !== null && act.money.currency !== budget.money.currency) return `the budget ${budget.id} is in ${budget.money.currency}`;
    add(budget.scope === 'agent' ? act.agent : budget.scope === 'tool' ? act.tool : '');
    if (budget.scope === 'agent' && act.behind !== undefined) for (const agent of act.behind) add(agent);
  }
  return shares ?? none;
};

/** What an account still has for this partition; `action`'s own earlier reservation is free to it. */
const leftOf = (account: Account | undefined, leased: number, id: string, action: ActionState | undefined): number =>
  Math.max(account?.held ?? 0, leased) - (account?.used ?? 0) + (action?.shares?.find((own) => own.account === id)?.amount ?? 0);

/** Reserves shares: how they will stand on the record, or what is used up. */
export const reserveShares = (shares: readonly Share[], accounts: PartitionState['accounts'], wider: Wider, action: ActionState | undefined): readonly BudgetUse[] | string => {
  for (const { account, budget, amount, limit, until } of shares) {
    if (amount > 0 && leftOf(accounts.get(account), wider.leased(account), account, action) < amount) {
      return `the budget ${budget} (${limit} until ${new Date(until).toISOString()}) has not enough left`;
    }
  }
  return shares.map(({ account, budget, unit, amount, until }) => ({ account, budget, unit, amount, until, leased: Math.max(0, wider.leased(account) - (accounts.get(account)?.held ?? 0)) }));
};

/** What the messages of a batch may take at most, less what this partition has in hand: what it has to lease before it decides. */
export const shortfalls = (commands: readonly PolicyCommand[], state: PartitionState, world: World, wider: Wider): Map<string, Share> => {
  const wanted = new Map<string, Share>();
  for (const command of commands) {
    const act = actOf(command, state, world, wider);
    const shares = act === undefined ? none : sharesOf(wider.budgets, act, world.now);
    if (typeof shares === 'string') continue;
    for (const share of shares) {
      const before = wanted.get(share.account);
      wanted.set(share.account, { ...share, amount: share.amount - (act!.action?.shares?.find((own) => own.account === share.account)?.amount ?? 0) + (before?.amount ?? 0) });
    }
  }
  for (const [id, share] of wanted) {
    const short = share.amount - leftOf(state.accounts.get(id), wider.leased(id), id, undefined);
    if (short > 0) wanted.set(id, { ...share, amount: short });
    else wanted.delete(id);
  }
  return wanted;
};

/** What a command would have decided, as far as budgets go: a new proposal, or one more round of an action that waits. */
const actOf = (command: PolicyCommand, state: PartitionState, world: World, wider: Wider): (Act & { readonly action?: ActionState }) | undefined => {
  const { body, tenant } = command;
  if (body.kind === 'proposed' && command.from === 'runtime') {
    const { message } = body;
    const tool = world.tool(message.tool);
    if (tool === undefined || state.runs.get(command.run)?.actions.has(message.action) === true) return undefined;
    return { tenant, agent: command.token.sub, tool: message.tool, money: message.tool === delegateTool ? null : wider.money(tool, message.arguments), ...(command.token.act !== undefined && { behind: actorsIn(command.token.act) }) };
  }
  if (body.kind !== 'resolved' && body.kind !== 'supplied') return undefined;
  const run = state.runs.get(command.run);
  const action = run?.actions.get(body.message.action);
  return action?.status === 'open' ? { tenant, agent: run!.agent, tool: action.tool, money: action.tool === delegateTool ? null : action.reservedMoney, action, ...(run!.delegation !== null && { behind: run!.delegation.ancestors.map((one) => one.agent) }) } : undefined;
};

/** Folds what a decision took: the earlier round's share goes back, leases count as held. */
export const foldShares = (accounts: PartitionState['accounts'], action: ActionState, budgets: readonly BudgetUse[] | undefined): void => {
  releaseShares(accounts, action);
  if (budgets === undefined) return;
  for (const { account: id, leased, amount, until } of budgets) {
    let account = accounts.get(id);
    if (account === undefined) accounts.set(id, account = { held: 0, used: 0, until });
    account.held += leased;
    account.used += amount;
  }
  action.shares = budgets.map(({ account, unit, amount }) => ({ account, unit, amount }));
};

/** Gives back what an action had taken. An account whose window is long over is gone, and so is its share. */
export const releaseShares = (accounts: PartitionState['accounts'], action: ActionState): void => {
  for (const { account, amount } of action.shares ?? []) {
    const found = accounts.get(account);
    if (found !== undefined) found.used -= amount;
  }
  action.shares = null;
};

/** The outcome says what it cost: more than was reserved is used all the same. */
export const settleShares = (accounts: PartitionState['accounts'], action: ActionState, settled: { readonly calls: number; readonly money: Money | null }): void => {
  for (const share of action.shares ?? []) {
    const amount = share.unit === 'calls' ? settled.calls : share.unit === settled.money?.currency ? settled.money.minor : share.amount;
    const account = accounts.get(share.account);
    if (account !== undefined) account.used += amount - share.amount;
    share.amount = amount;
  }
};
