export { startMailbox } from './mailbox.ts';
export type { Mailbox } from './mailbox.ts';
export { cardFaults } from './posts.ts';
export { answerAs, startVendors } from './start-vendors.ts';
export type { Receiver, Vendors, Webhook } from './start-vendors.ts';
export { jiraDesk } from './tickets.ts';
