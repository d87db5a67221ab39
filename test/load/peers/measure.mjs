// One engine on the task of `npm run bench -- policy`: node measure.mjs cedar|agt TASK.json. Prints {perSecond, decisions} as JSON.
// The task is {rules: [{id, tool, all: [{fact, op, value}], effect}], requests: [text], check, millis}: for each request, from its JSON text to allow, step_up or deny.
import { readFileSync } from 'node:fs';

const [engine, file] = process.argv.slice(2);
const { rules, requests, check, millis } = JSON.parse(readFileSync(file, 'utf8'));

/** Facts have dots in their names; both engines see records. */
const nested = (facts) => {
  const root = {};
  for (const [name, value] of Object.entries(facts)) {
    const parts = name.split('.');
    const last = parts.pop();
    let at = root;
    for (const part of parts) at = at[part] ??= {};
    at[last] = value;
  }
  return root;
};
/** A name may be a value and a record at once (`target`, `target.count`): the value gets a name of its own. */
const named = (fact) => (fact === 'target' || fact === 'amount' ? `${fact}.value` : fact);
const factsOf = (facts) => nested(Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null && !Array.isArray(value)).map(([name, value]) => [named(name), value])));

/** To its advantage one preparsed set per tool: it then looks at ten policies instead of a thousand. Strictest effect out of the policies that determined the answer. */
const cedar = async () => {
  const { preparsePolicySet, statefulIsAuthorized } = await import('@cedar-policy/cedar-wasm/nodejs');
  const condition = ({ fact, op, value }) => `context.${named(fact)} ${op} ${JSON.stringify(value)}`;
  for (const [name, own] of Map.groupBy(rules, ({ tool }) => tool)) {
    const staticPolicies = { all: 'permit(principal, action, resource);' };
    for (const { id, tool, all } of own) staticPolicies[id] = `forbid(principal, action == Action::"${tool}", resource) when { ${all.map(condition).join(' && ')} };`;
    const parsed = preparsePolicySet(name, { staticPolicies });
    if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed).slice(0, 500));
  }
  const denies = new Set(rules.filter(({ effect }) => effect === 'deny').map(({ id }) => id));
  return (text) => {
    const { tool, facts } = JSON.parse(text);
    const answer = statefulIsAuthorized({
      principal: { type: 'Agent', id: 'clerk' }, action: { type: 'Action', id: tool }, resource: { type: 'Tool', id: tool }, context: factsOf(facts), entities: [], preparsedPolicySetId: tool, validateRequest: false,
    });
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
    if (answer.response.diagnostics.errors.length > 0) throw new Error(JSON.stringify(answer.response.diagnostics.errors[0]));
    if (answer.response.decision === 'allow') return 'allow';
    return answer.response.diagnostics.reason.some((id) => denies.has(id)) ? 'deny' : 'step_up';
  };
};

/** One rich policy of all rules; it has no scope by tool, so each condition begins with it. Denies come first by priority. */
const agt = async () => {
  const { PolicyEngine } = await import('@microsoft/agent-governance-sdk');
  const condition = ({ fact, op, value }) => `${named(fact)} ${op} ${typeof value === 'string' ? `'${value}'` : value}`;
  const positive = ({ fact, op, value }) => (typeof value === 'boolean' && op === '!=' ? { fact, op: '==', value: !value } : { fact, op, value });
  const engine = new PolicyEngine();
  engine.loadPolicy({
    name: 'bench', apiVersion: 'governance.toolkit/v1', scope: 'global', default_action: 'allow',
    rules: rules.map(({ id, tool, all, effect }) => ({
      name: id, condition: [`tool.name == '${tool}'`, ...all.map(positive).map(condition)].join(' and '), ruleAction: effect === 'deny' ? 'deny' : 'require_approval', priority: effect === 'deny' ? 100 : 50, ...(effect === 'deny' ? {} : { approvers: ['person'] }),
    })),
  });
  return (text) => {
    const { tool, facts } = JSON.parse(text);
    const context = factsOf(facts);
    context.tool.name = tool;
    const { action } = engine.evaluatePolicy('clerk', context);
    return action === 'require_approval' ? 'step_up' : action;
  };
};

const decide = await { cedar, agt }[engine]();
const decisions = requests.slice(0, check[engine]).map(decide);
let done = 0;
const begun = performance.now();
while (performance.now() - begun < millis) for (let n = 0; n < 10; n += 1) decide(requests[done++ % requests.length]);
process.stdout.write(JSON.stringify({ perSecond: done / (performance.now() - begun) * 1_000, decisions }));
