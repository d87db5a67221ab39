export * from './hot-state-contract.ts';
export * from './bus-contract.ts';
