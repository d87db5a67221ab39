// Suites are told apart by file name, so that a test sits beside its source:
//   *.spec.ts      pure or in-memory, no infrastructure
//   *.int.spec.ts  one adapter against the real Kafka, PostgreSQL or Redis
//   test/**        the whole product
const base = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  // They publish their TypeScript under our condition `source` (libs/cli/src/catalogue/mcp/published.ts).
  moduleNameMapper: { '^eventsource-parser/stream$': '<rootDir>/node_modules/eventsource-parser/dist/stream.js', '^(eventsource|eventsource-parser)$': '<rootDir>/node_modules/$1/dist/index.js' },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: { target: 'es2024', parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true } },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    }],
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/test/architecture/fixtures/', '<rootDir>/.countersign/'],
};
const unit = '<rootDir>/{libs,services,contracts}/**/*.spec.ts';
export default {
  testTimeout: 120_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: [unit, '<rootDir>/test/{architecture,contracts,histories}/**/*.spec.ts'], testPathIgnorePatterns: ['\\.int\\.spec\\.ts$', '/node_modules/'] },
    { ...base, displayName: 'integration', testMatch: ['<rootDir>/{libs,services}/**/*.int.spec.ts'] },
    { ...base, displayName: 'journeys', testMatch: ['<rootDir>/test/journeys/**/*.spec.ts'] },
    { ...base, displayName: 'faults', testMatch: ['<rootDir>/test/{faults,verifiers}/**/*.spec.ts'] },
  ],
};
