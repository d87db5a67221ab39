export * from './in-transaction.ts';
export * from './migrate.ts';
export * from './pool.ts';
export * from './outbox-relay.ts';
export * from './store.ts';
