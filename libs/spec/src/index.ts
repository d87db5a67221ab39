export * from './hot-state-contract.ts';
