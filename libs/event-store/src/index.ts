export * from './port.ts';
export * from './decide-and-append.ts';
