export type { ExecuteOptions, Execute, Permission, ProposedAction } from './action.ts';
export type { ActionDecision } from './decision.ts';
export * from './errors.ts';
export * from './kafka-transport.ts';
export type { OutcomeReport } from './outcome.ts';
export type { GuardOptions, Instruction, ProposeOptions, Run } from './run.ts';
export * from './runtime.ts';
export type { InboxMessage, RuntimeTransport } from './transport.ts';
export { outcomeMessage } from './outcome.ts';
