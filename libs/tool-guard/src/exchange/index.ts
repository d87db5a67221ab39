export * from './broker.ts';
export * from './exchange.ts';
