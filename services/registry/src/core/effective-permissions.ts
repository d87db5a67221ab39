import type { AgentSnapshot, RoleDefinition, RolePermission } from '@countersign/contracts';
import { moneyText, within, withinResources } from '@countersign/kernel';

/** What an agent holds altogether, as its snapshot carries it. */
export type Effective = Pick<AgentSnapshot, 'permissions' | 'scoped' | 'requestable'>;
export type Held = NonNullable<AgentSnapshot['scoped']>[number];

/** Most of each kind that a snapshot carries. */
export const mostPermissions = 512;

/** The union of an agent's own permissions and those of its roles. A role that nobody declared grants nothing. */
export const effectiveOf = (own: { readonly permissions: readonly string[]; readonly roles: readonly string[] }, roles: ReadonlyMap<string, RoleDefinition>): Effective => {
  const permissions = new Set(own.permissions);
  const scoped: Held[] = [], requestable: Held[] = [];
  for (const role of [...new Set(own.roles)].sort()) {
    for (const permission of roles.get(role)?.permissions ?? []) {
      if (permission.requestable === true) requestable.push({ role, permission });
      else if (permission.resources === undefined && permission.limits === undefined) for (const tool of permission.tools) permissions.add(tool);
      else scoped.push({ role, permission });
    }
  }
  return { permissions: [...permissions], ...(scoped.length > 0 && { scoped }), ...(requestable.length > 0 && { requestable }) };
};

export const tooMany = ({ permissions, scoped = [], requestable = [] }: Effective): boolean => [permissions, scoped, requestable].some((list) => list.length > mostPermissions);

/** In which ways `after` lets more happen than `before`, in words. What cannot be told to be less counts as more. */
export const moreThan = (before: Effective, after: Effective): readonly string[] => {
  const ways: string[] = [];
  for (const tool of after.permissions) if (!within(tool, before.permissions)) ways.push(`${tool}: every call`);
  const held = (before.scoped ?? []).map(({ permission }) => permission);
  for (const { role, permission } of after.scoped ?? []) {
    const exceeding = permission.tools.filter((tool) => !within(tool, before.permissions) && !held.some((one) => within(tool, one.tools) && noMore(permission, one)));
    if (exceeding.length > 0) ways.push(`${role}/${permission.permission}: ${exceeding.join(', ')}${conditionsOf(permission)}`);
  }
  const known = [...held, ...(before.requestable ?? []).map(({ permission }) => permission)];
  for (const { role, permission } of after.requestable ?? []) {
    const exceeding = permission.tools.filter((tool) => !within(tool, before.permissions) && !known.some((one) => within(tool, one.tools) && noMore(permission, one)));
    if (exceeding.length > 0) ways.push(`${role}/${permission.permission} on request: ${exceeding.join(', ')}${conditionsOf(permission)}`);
  }
  return ways.map((way) => way.slice(0, 500));
};

/** Whether every call that `inner` lets run on a tool of both, `outer` lets run as well. */
const noMore = (inner: RolePermission, outer: RolePermission): boolean => {
  for (const { fact, patterns } of outer.resources ?? []) {
    if (!(inner.resources ?? []).some((one) => one.fact === fact && one.patterns.every((pattern) => withinResources(pattern, patterns)))) return false;
  }
  for (const name of ['moneyPerAction', 'moneyPerRun'] as const) {
    const most = outer.limits?.[name], own = inner.limits?.[name];
    if (most !== undefined && (own === undefined || own.currency !== most.currency || own.minor > most.minor)) return false;
  }
  const calls = outer.limits?.callsPerRun;
  return calls === undefined || (inner.limits?.callsPerRun ?? Infinity) <= calls;
};

/** A permission's conditions, in words; empty where there are none. */
export const conditionsOf = ({ resources = [], limits = {} }: RolePermission): string => {
  const money = (name: string, value: { readonly minor: number; readonly currency: string } | undefined): string[] => (value === undefined ? [] : [`${name} ${moneyText(value)}`]);
  const all = [
    ...resources.map(({ fact, patterns }) => `${fact} in ${patterns.join(' | ')}`), ...money('an action moves at most', limits.moneyPerAction), ...money('a run moves at most', limits.moneyPerRun),
    ...(limits.callsPerRun === undefined ? [] : [`at most ${limits.callsPerRun} calls in a run`]),
  ];
  return all.length === 0 ? '' : ` where ${all.join('; ')}`;
};
