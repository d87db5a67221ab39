export { createKafkaBus } from './bus.ts';
export type { KafkaBusConfig, KafkaBusLog } from './config.ts';
export { rawEcho } from './echo-baseline.ts';
