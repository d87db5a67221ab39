import type { DocumentKind } from './document.ts';

const role: DocumentKind = {
  schema: 'registry/RoleDefinition',
  example: `title: Pays approved supplier invoices
owner: tara
permissions:
  - permission: look-up
    tools: [ledger.read_invoice]
  - permission: pay
    tools: [payments.transfer]
    # Facts of the call that must fit: derived by the tool's extractors, or an argument (args.currency).
    resources:
      - fact: args.currency
        patterns: [EUR]
    # Amounts in minor units: 100000 is 1,000.00 EUR.
    limits:
      moneyPerAction: { minor: 100000, currency: EUR }
      moneyPerRun: { minor: 500000, currency: EUR }
      callsPerRun: 50
  - permission: refund
    tools: [care.refund]
    # Not held: the agent may ask for it when it needs it, and somebody approves.
    requestable: true
`,
};

const template: DocumentKind = {
  schema: 'registry/TemplateDefinition',
  example: `title: Reads and reports, changes nothing
roles: [reader]
# Highest tier at which its agents act without a person: 1 or 2.
ceiling: 1
environment: production
limits: { calls: 100, money: null }
# What whoever registers one has to fill in.
fields: [agent, name, owner, purpose]
euAiAct: { category: minimal, annexIII: null }
baselinePlan: Its owner reads its findings each morning for two weeks.
`,
  notes: '  Its roles must be declared first (countersign role); a process as well (countersign process).',
};

const grantor: DocumentKind = {
  schema: 'registry/GrantorDefinition',
  example: `roles: [reader, supplier-*]
tools: []
ceiling: 2
environments: [production]
limits: { calls: 100, money: { minor: 500000, currency: EUR } }
runtimeTrusted: false
`,
  notes: '  ID is the role of the people who may give this. The first bound of a role is a request that a second person signs: countersign change file grantor ID --after FILE.',
};

const stage = (person: string): string => `{ accountable: ${person} }`;
const process: DocumentKind = {
  schema: 'registry/ProcessDefinition',
  example: `title: Payments to suppliers
owner: tara
raci:
  trigger: ${stage('uma')}
  context: ${stage('uma')}
  generation: ${stage('uma')}
  validation: { accountable: tara, consulted: [pia] }
  execution: ${stage('tara')}
  logging: ${stage('operator')}
  escalation: ${stage('sam')}
  incident: { accountable: sam, informed: [tara] }
`,
  notes: '  Every stage needs somebody accountable who is active here: countersign people.',
};

const agentChange: DocumentKind = { schema: 'registry/AgentChange', example: `ceiling: 1
purpose: Reads invoices and reports on them
roles: [reader]
`, notes: '  Only what is to become otherwise; the rest stays. Lists are given whole.' };
const personChange: DocumentKind = { schema: 'registry/PersonChange', example: `roles: [treasurer, policy-reviewer]
`, notes: '  Roles are given whole.' };

const registration: DocumentKind = {
  schema: 'http/RegisterAgentRequest',
  only: {
    needed: ['name', 'owner', 'purpose', 'roles', 'permissions', 'ceiling', 'environment', 'limits'],
    also: ['principals', 'model', 'promptVersion', 'runtimeTrusted', 'euAiAct', 'affects', 'decidesOnPersons', 'peerGroup', 'baselinePlan', 'raci', 'process'],
  },
  example: `name: Invoice reader
owner: uma
purpose: Reads invoices and reports on them
roles: []
permissions: [ledger.read_invoice]
ceiling: 1
environment: production
limits: { calls: 100, money: null }
model: null
euAiAct: { category: minimal, annexIII: null }
baselinePlan: Its owner reads its findings each morning for two weeks.
raci:
${['trigger', 'context', 'generation', 'validation', 'execution', 'logging', 'escalation', 'incident'].map((one) => `  ${one}: ${stage('uma')}`).join('\n')}
`,
  notes: '  Its key is no part of the file: it is made in --key-file, or read from there. Without raci name a process.',
};

/** What a person says of an imported tool; its arguments are the source's to say. */
export const toolDeclaration: DocumentKind = {
  schema: 'http/PutToolRequest',
  only: { needed: ['consequential', 'reversible', 'compensator', 'dataClasses', 'resultTrust', 'enforcement', 'facts'], also: ['tests', 'resultFields', 'audience', 'title'] },
  example: `title: Writes a file
# Whether it changes something or sends something out; whether that can be taken back, and by which tool.
consequential: true
reversible: false
compensator: null
dataClasses: [internal]
resultTrust: third_party
enforcement: brokered
# Facts for rules, in CEL over args: name and expression.
facts:
  target: args.path
# Run before anything is changed.
tests:
  - arguments: { path: /srv/notes.txt, content: hello }
    facts: { target: /srv/notes.txt }
`,
};

export const documents = { role, template, grantor, process, agent: agentChange, person: personChange, registration } as const;
