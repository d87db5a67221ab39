export * from './decider.ts';
export * from './effective.ts';
export * from './ids.ts';
export * from './money.ts';
export * from './time.ts';
export * from './reach.ts';
export * from './patterns.ts';
export * from './delegation.ts';
