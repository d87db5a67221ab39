import type { RegisterAgentRequest } from '@countersign/contracts';
import { raciOf } from '../people/activate.ts';
import type { LocalPerson } from '../people/local-people.ts';

/** Everybody of the demo company. The first operator comes with the registry's own first link. */
export const operator: LocalPerson = { person: 'operator', name: 'Olga Ortega, operator', roles: ['operator', 'supervisor'] };
export const people: readonly LocalPerson[] = [
  { person: 'sam', name: 'Sam Sato, supervisor', roles: ['supervisor', 'senior', 'policy-reviewer'] },
  { person: 'tara', name: 'Tara Tan, treasurer', roles: ['treasurer', 'senior', 'policy-author', 'policy-reviewer'] },
  { person: 'ravi', name: 'Ravi Rao, release manager', roles: ['release-manager', 'policy-author'] },
  { person: 'pia', name: 'Pia Peeters, purchasing', roles: ['purchasing', 'reviewer'] },
  { person: 'uma', name: 'Uma Ude, accounts', roles: ['requester'] },
  { person: 'ben', name: 'Ben Berg, customer care', roles: ['requester'] },
  { person: 'noor', name: 'Noor Nasr, platform', roles: ['requester'] },
];

export type DemoAgent = Omit<RegisterAgentRequest, 'key'>;
/** Their runtimes are this process: their owners vouch for what they report. */
const common = {
  ceiling: 2, environment: 'local', model: 'scripted', runtimeTrusted: true, promptVersion: 'demo-1', euAiAct: { category: 'limited', annexIII: null },
  baselinePlan: 'Nobody like it runs here yet: its findings are read daily for two weeks.',
} as const;

export const agents: readonly DemoAgent[] = [
  { ...common, agent: 'accounts-payable', name: 'Accounts payable', owner: 'uma', raci: raciOf('uma'), purpose: 'Pays suppliers what they are owed', roles: ['accounting'], permissions: ['ledger.*', 'payments.*'], limits: { calls: 40, money: { minor: 2_000_000, currency: 'EUR' } } },
  { ...common, agent: 'customer-care', affects: ['customers'], name: 'Customer care', owner: 'ben', raci: raciOf('ben'), purpose: 'Answers customers and makes good', roles: ['care'], permissions: ['care.*'], limits: { calls: 40, money: { minor: 50_000, currency: 'EUR' } } },
  { ...common, agent: 'release', name: 'Release', owner: 'noor', raci: raciOf('noor'), purpose: 'Brings builds to where they belong', roles: ['engineering'], permissions: ['release.list_builds', 'release.deploy', 'release.rollback'], limits: { calls: 40, money: null } },
];

/** Supervision's own agent: it takes back what others did, with compensators and nothing else. */
export const reverser: DemoAgent = {
  ...common, agent: 'reversals', name: 'Reversals', owner: 'sam', raci: raciOf('sam'), affects: ['customers'], purpose: 'Takes back what people want taken back', roles: ['reversals'],
  permissions: ['payments.withdraw', 'care.withdraw_refund', 'care.update_ticket', 'ledger.remove_supplier', 'ledger.update_supplier', 'release.rollback'], limits: { calls: 40, money: null },
};

/** Grants for the demo's tools name this audience; it stands in the pack's catalogue. */
export const audience = 'demo-tools';
