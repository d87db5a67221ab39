export * from './guard.ts';
export * from './halt-set.ts';
export * from './halt-view.ts';
export * from './http-hooks.ts';
export * from './refusal.ts';
export * from './remote-jwks.ts';
export * from './revocation-set.ts';
export * from './revocation-view.ts';
