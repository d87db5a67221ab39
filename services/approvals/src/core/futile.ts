import { moneyText } from '@countersign/kernel';
import type { Money, PreApprovalTerms } from '@countersign/kernel';
import type { AgentSnapshot, ToolSnapshot } from '@countersign/contracts';

/** What the registry says by now of what terms name; undefined where it knows neither. */
export interface Named { readonly tool: Pick<ToolSnapshot, 'reversible' | 'facts' | 'schema' | 'system'> | undefined; readonly agent: Pick<AgentSnapshot, 'status' | 'permissions' | 'scoped' | 'requestable'> | undefined }

/** An argument that an extractor reads as it is and that every call has, as the catalogue declares it; undefined of anything else. */
const argumentOf = ({ facts, schema }: NonNullable<Named['tool']>, fact: string): Readonly<Record<string, unknown>> | undefined => {
  const name = /^args\.(\w+)$/.exec(facts[fact] ?? '')?.[1];
  const { required, properties } = schema as { readonly required?: unknown; readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  return name !== undefined && Array.isArray(required) && required.includes(name) ? properties?.[name] : undefined;
};

const currenciesOf = (tool: NonNullable<Named['tool']>): readonly string[] | undefined => {
  const literal = /^['"]([A-Z]{3})['"]$/.exec(tool.facts['currency'] ?? '')?.[1];
  if (literal !== undefined) return [literal];
  const listed = argumentOf(tool, 'currency')?.['enum'];
  return Array.isArray(listed) && listed.every((one): one is string => typeof one === 'string') ? listed : undefined;
};

/**
 * Why terms can cover nothing, as the catalogue stands; null where they may. Said only where it is certain: what rules make of an action
 * (tier 4, who has to agree) is seen when it is asked. Somebody who signs what never counts would believe that it does.
 */
export const futile = (terms: PreApprovalTerms, { tool, agent }: Named): string | null => {
  if (agent === undefined) return `there is no agent ${terms.agent}`;
  if (agent.status === 'decommissioned') return `${terms.agent} was taken out of service for good`;
  if (tool === undefined) return `there is no tool ${terms.tool} in the catalogue`;
  const allowed = [...agent.permissions, ...[...agent.scoped ?? [], ...agent.requestable ?? []].flatMap(({ permission }) => permission.tools)];
  if (!allowed.some((one) => one === terms.tool || (one.endsWith('*') && terms.tool.startsWith(one.slice(0, -1))))) return `${terms.agent} may not use ${terms.tool} at all`;
  if (!tool.reversible) return `${terms.tool} cannot be taken back, and what cannot be is not approved beforehand`;
  if (terms.targets.length > 0 && tool.facts['target'] === undefined) return `${terms.tool} is aimed at nothing that the catalogue knows: leave the targets out`;
  return futileMoney(terms, tool);
};

const futileMoney = ({ tool: name, amount, sum }: PreApprovalTerms, tool: NonNullable<Named['tool']>): string | null => {
  const moved = argumentOf(tool, 'amount');
  if (amount === undefined || sum === undefined) return moved === undefined ? null : `${name} moves money: say how much at most`;
  const currencies = currenciesOf(tool);
  if (currencies !== undefined && !currencies.includes(amount.currency)) return `${name} moves ${currencies.join(' or ')}, and the cap is in ${amount.currency}`;
  const least = moved?.['minimum'];
  const below = (cap: Money): boolean => typeof least === 'number' && cap.minor < least;
  return below(amount) || below(sum) ? `${name} moves ${moneyText({ minor: least as number, currency: amount.currency })} at least, and the cap is below that` : null;
};
