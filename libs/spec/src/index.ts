export * from './hot-state-contract.ts';
export * from './bus-contract.ts';
export * from './memory-bus.ts';
export * from './scripted-countersign.ts';
export * from './event-store-contract.ts';
export * from './memory-event-store.ts';
export * from './kafka-proxy.ts';
export * from './tcp-gate.ts';
