export * from './port.ts';
export * from './dead-letter.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './namespaced.ts';
export * from './partition.ts';
export * from './snapshot.ts';
export * from './snapshot-heartbeat.ts';
