import type { RoleDefinition, RolePermission, TemplateDefinition } from '@countersign/contracts';

interface Demo { readonly role: { readonly id: string; readonly definition: RoleDefinition }; readonly template: { readonly id: string; readonly definition: TemplateDefinition } }

const demo = (id: string, title: string, permissions: readonly RolePermission[], more: Partial<TemplateDefinition> = {}) => (owner: string): Demo => ({
  role: { id, definition: { title, owner, permissions } },
  template: { id, definition: { title, roles: [id], ceiling: 2, environment: 'production', limits: { calls: 100, money: null }, fields: ['agent', 'name', 'owner', 'purpose'], ...more } },
});

const cold = { euAiAct: { category: 'minimal', annexIII: null }, baselinePlan: 'Its owner reads its findings each morning for two weeks.' } as const;

/** Of the demo company's tools (services/policy/packs/demo/tools.json): what comes out of them passes its review as soon as somebody answers for it. */
const templates = [
  demo('reader', 'Reads and reports, changes nothing', [{ permission: 'read', tools: ['*.read_*', '*.find_*', '*.get_*', '*.list_*'] }], { ceiling: 1, ...cold }),
  demo('supplier-payments', 'Pays approved supplier invoices', [
    { permission: 'look-up', tools: ['ledger.find_invoices', 'ledger.read_invoice', 'ledger.get_supplier'] },
    { permission: 'pay', tools: ['payments.transfer', 'payments.schedule'], limits: { moneyPerAction: { minor: 100_000, currency: 'EUR' }, moneyPerRun: { minor: 500_000, currency: 'EUR' }, callsPerRun: 50 } },
    { permission: 'withdraw', tools: ['payments.withdraw'], requestable: true },
  ], { limits: { calls: 100, money: { minor: 500_000, currency: 'EUR' } } }),
  demo('customer-service', 'Answers customers', [{ permission: 'look-up', tools: ['care.read_ticket', 'care.find_customer'] }, { permission: 'answer', tools: ['care.send_mail', 'care.update_ticket'], limits: { callsPerRun: 40 } }]),
];

/** Three roles with a template each, to begin with. @param owner who answers for the roles */
export const demoTemplates = (owner: string): readonly Demo[] => templates.map((one) => one(owner));
