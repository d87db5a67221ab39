import type { GovernedDecided } from '@countersign/contracts';
import type { Local } from '../local.ts';
import { id } from '../people/inert.ts';
import { toolUrl } from './connect.ts';

const command = 'npm run -s countersign --';

/** What to type next, with ids that exist. @param waiting decisions that wait for people and their approval ids @param deferred decisions that wait for facts @param told what agents did alone and people may take back */
export const hints = (local: Local, waiting: readonly { readonly record: GovernedDecided; readonly approval: string; readonly voters: readonly string[] }[], deferred: readonly GovernedDecided[] = [], told: readonly GovernedDecided[] = [], slack?: string): readonly string[] => {
  const lines = ['', "Now you. In another terminal, in this folder. Answers name commands in short; they work after: alias countersign='npm run -s countersign --'", ''];
  const say = (what: string, ...typed: readonly string[]): void => { lines.push(`  ${what}`, ...typed.map((one) => `    ${one}`), ''); };
  const payment = waiting.find(({ record }) => record.tool === 'payments.transfer') ?? waiting[0];
  if (payment !== undefined) say(`A person decides: ${id(payment.record.tool)} of ${id(payment.record.agent)} waits.`, `${command} approvals`, ...payment.voters.map((person) => `${command} approve ${payment.approval} --as ${person} --reason "checked with the supplier"`));
  if (slack !== undefined) say('Or in Slack, as far as its people let Slack: press Approve or Deny.', slack);
  say('Or on the page: make a key in your browser as tara, let it in with the command that it shows, log in, decide.', `${local.http.gateway}/ui`);
  const other = waiting.find((one) => one !== payment && one.record.decision.tier === 4) ?? waiting.find((one) => one !== payment);
  if (other !== undefined) say(`Or says no: ${id(other.record.tool)} of ${id(other.record.agent)} (tier ${other.record.decision.tier}).`, `${command} deny ${other.approval} --as ${other.voters[0] ?? 'sam'} --reason "not in the freeze"`);
  const owed = deferred.find(({ decision }) => (decision.deferral?.awaits.length ?? 0) > 0);
  if (owed !== undefined) say(`Somebody owes a fact: ${id(owed.tool)} of ${id(owed.agent)} waits for it, for a quarter of an hour.`, `${command} run ${id(owed.run)}`, `${command} supply ${id(owed.run)} ${id(owed.action)} ${id(owed.decision.deferral!.awaits[0]!.fact)} true`);
  // A refund is the one whose compensator needs nothing else than what it was called with.
  const refund = told.find(({ tool }) => tool === 'care.refund');
  if (refund !== undefined) say('Take back what an agent did alone: the refund.', `${command} notices`, `${command} reverse ${id(refund.run)} ${id(refund.action)} --as sam --reason "sent twice"`, `${command} run ${id(refund.run)}`);
  say('Stop an agent, see it refused, let it go on.', `${command} halt --agent accounts-payable --as sam --reason "looks odd"`, `${command} halts`);
  say('Rehearse an incident: what a playbook would do, step by step.', `${command} playbook rehearse services/supervision/playbooks/agent-gone-odd.yaml --agent accounts-payable --reason "drill"`);
  say('Go round Countersign: call the tool directly, and be refused.', `curl -si ${toolUrl(local)}/tools/payments.transfer -H 'content-type: application/json' -d '{"to":"DE89370400440532013000","minor":100,"currency":"EUR","reference":"mine"}'`);
  say('Propose something yourself.', `${command} propose --agent customer-care --tool care.delete_customers --args '{"customers":["C-1","C-2"]}' --wait 0`);
  say('Try a stricter rule (refunds above 10.00 EUR ask) on what has just happened, before anybody lives under it.',
    "cp -r services/policy/packs/demo /tmp/draft && sed -i.bak 's/^version:.*/version: draft-1/' /tmp/draft/bundle.yaml && sed -i.bak 's/^refundLimit:.*/refundLimit: 1000/' /tmp/draft/parameters.yaml",
    `${command} policy backtest --bundle /tmp/draft --html /tmp/report.html`);
  say('Look at the record, and prove that nothing in it was changed.', `${command} runs`, `${command} audit verify`);
  return lines;
};
