import type { ActionProposed, Json, JsonObject, RewrittenArgument } from '@countersign/contracts';
import type { Judged } from '../modify.ts';

/** What people made of the arguments of a proposal, and who they were; rules see these. */
export interface Edit { readonly arguments: JsonObject; readonly by: readonly string[] }

/** The proposal as rules are to see it. */
export const withEdit = (message: ActionProposed, edit: Edit | null): ActionProposed => (edit === null ? message : { ...message, arguments: edit.arguments });

/** What was judged of edited arguments, told as a change of what the agent proposed: all three stand on the record. */
export const asEdited = (judged: Judged, proposed: JsonObject, edit: Edit | null, digest: (value: Json) => string): Judged => {
  if (edit === null) return judged;
  const { judgement, modified } = judged;
  const names = [...new Set([...Object.keys(proposed), ...Object.keys(judged.arguments)])].sort();
  const changes = names.flatMap((name): RewrittenArgument[] => {
    const [before, after] = [own(proposed, name), own(judged.arguments, name)];
    if (before !== undefined && after !== undefined && digest(before) === digest(after)) return [];
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const rules = (modified?.changes ?? []).filter((change) => change.path === path || change.path.startsWith(`${path}/`)).flatMap((change) => change.rules);
    const bywhom = before !== own(edit.arguments, name) ? edit.by.map((person) => `edited:${person}`) : [];
    return [{ path, rules: [...new Set([...bywhom, ...rules])], before: before === undefined ? null : digest(before), ...(after !== undefined && { after }) }];
  }).slice(0, 64);
  const verdict = judgement.verdict.decision === 'allow' ? { ...judgement.verdict, decision: 'modify' as const } : judgement.verdict;
  const facts = modified ?? { proposedFacts: judgement.facts, ...(judgement.failed.length > 0 && { proposedFailed: judgement.failed }) };
  return { ...judged, judgement: { ...judgement, verdict }, modified: { ...facts, arguments: judged.arguments, changes } };
};

const own = (args: JsonObject, name: string): Json | undefined => (Object.hasOwn(args, name) ? args[name] : undefined);
