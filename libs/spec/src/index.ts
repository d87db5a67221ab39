export * from './hot-state-contract.ts';
export * from './bus-contract.ts';
export * from './memory-bus.ts';
export * from './scripted-countersign.ts';
