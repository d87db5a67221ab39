import type { RoleDefinition, RolePermission, TemplateDefinition } from '@countersign/contracts';

interface Demo { readonly role: { readonly id: string; readonly definition: RoleDefinition }; readonly template: { readonly id: string; readonly definition: TemplateDefinition } }

const demo = (id: string, title: string, permissions: readonly RolePermission[], more: Partial<TemplateDefinition> = {}) => (owner: string): Demo => ({
  role: { id, definition: { title, owner, permissions } },
  template: { id, definition: { title, roles: [id], ceiling: 2, environment: 'production', limits: { calls: 100, money: null }, fields: ['agent', 'name', 'owner', 'purpose'], ...more } },
});

const templates = [
  demo('reader', 'Reads and reports, changes nothing', [{ permission: 'read', tools: ['*.read', '*.list', '*.search', '*.get'] }], { ceiling: 1 }),
  demo('supplier-payments', 'Pays approved supplier invoices', [
    { permission: 'look-up', tools: ['invoices.read', 'payments.read'] },
    { permission: 'pay', tools: ['payments.transfer'], limits: { moneyPerAction: { minor: 100_000, currency: 'EUR' }, moneyPerRun: { minor: 500_000, currency: 'EUR' }, callsPerRun: 50 } },
    { permission: 'refund', tools: ['payments.refund'], requestable: true },
  ], { limits: { calls: 100, money: { minor: 500_000, currency: 'EUR' } } }),
  demo('customer-service', 'Answers customers', [{ permission: 'look-up', tools: ['crm.read', 'orders.read'] }, { permission: 'answer', tools: ['mail.send', 'tickets.update'], limits: { callsPerRun: 40 } }]),
];

/** Three roles with a template each, to begin with. @param owner who answers for the roles */
export const demoTemplates = (owner: string): readonly Demo[] => templates.map((one) => one(owner));
