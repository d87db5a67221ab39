// Who may import whom (DESIGN 5). Every rule has a fixture under test/architecture/fixtures/<rule name> that must fail.
// A path starts anywhere, so that the same rules judge the repository and the fixtures.
const at = (path) => `(^|/)${path}`;
const spec = '\\.spec\\.ts$';
const service = at('services/([^/]+)/src/');
const nest = '(^|/)node_modules/@nestjs/';
const code = { pathNot: [spec, at('dist/')] };

/** What a folder may import beside itself; anything else is an error. */
const only = (name, from, allowed, { typeOnly = [] } = {}) => [
  { name, severity: 'error', from: { ...code, path: from }, to: { pathNot: [...allowed, ...typeOnly] } },
  ...(typeOnly.length === 0 ? [] : [{ name: `${name}-by-type`, severity: 'error', from: { ...code, path: from }, to: { path: typeOnly, dependencyTypesNot: ['type-only'] } }]),
];

const kernel = at('libs/kernel/');
const contracts = at('contracts/');
const tamperLog = at('libs/tamper-log/');
const own = (folder) => `(^|/)services/$2/src/${folder}`;

export default {
  forbidden: [
    ...only('kernel-imports-nothing', at('libs/kernel/src/'), [kernel]),
    ...only('tamper-log-imports-nothing', at('libs/tamper-log/src/'), [tamperLog]),
    ...only('core-stays-pure', at('services/(?!policy/|audit/)([^/]+)/src/core/'), ['(^|/)services/$2/src/core/', kernel], { typeOnly: [contracts] }),
    ...only('policy-core-stays-pure', at('services/policy/src/core/'), [at('services/policy/src/core/'), kernel, '(^|/)node_modules/@bufbuild/'], { typeOnly: [contracts] }),
    ...only('audit-core-stays-pure', at('services/audit/src/core/'), [at('services/audit/src/core/'), kernel, tamperLog], { typeOnly: [contracts] }),
    { name: 'app-knows-no-edge', severity: 'error', from: { ...code, path: at('services/([^/]+)/src/app/') }, to: { path: [own('inbound/'), own('outbound/'), own('views/'), own('compose'), own('config'), own('main'), own('[^/]+\\.module'), nest, '(^|/)node_modules/(pg|kafkajs|ioredis|typeorm)/'] } },
    { name: 'no-service-imports-another', severity: 'error', from: { ...code, path: service }, to: { path: at('services/([^/]+)/'), pathNot: own('').replace('src/', '') } },
    { name: 'nest-stays-at-the-edge', severity: 'error', from: { ...code, path: at('(services|libs)/'), pathNot: [spec, at('dist/'), at('libs/service-host/'), '/inbound/', '\\.module\\.ts$', '/main\\.ts$'] }, to: { path: nest } },
    { name: 'kafka-client-in-its-adapter', severity: 'error', from: { ...code, pathNot: [spec, at('libs/bus/src/kafka/')] }, to: { path: '(^|/)node_modules/kafkajs/' } },
    { name: 'sql-driver-in-its-adapters', severity: 'error', from: { ...code, pathNot: [spec, '\\.fixture\\.ts$', at('libs/event-store/'), at('libs/bus/src/embedded/'), at('libs/service-host/'), at('libs/spec/'), at('libs/cli/'), '/outbound/', '/views/', '/compose[a-z-]*\\.ts$', '\\.module\\.ts$'] }, to: { path: '(^|/)node_modules/(pg|typeorm)/' } },
    { name: 'redis-client-in-its-adapter', severity: 'error', from: { ...code, pathNot: [spec, at('libs/hot-state/src/redis/')] }, to: { path: '(^|/)node_modules/ioredis/' } },
    { name: 'solver-in-its-own-process', severity: 'error', from: { ...code, pathNot: [spec, at('services/policy/src/checks/solver/child\\.ts$')] }, to: { path: '(^|/)node_modules/z3-solver/|(^|/)services/policy/src/checks/solver/child\\.ts$' } },
    { name: 'deciding-needs-no-checks', severity: 'error', from: { ...code, path: at('services/policy/src/(core|app|outbound)/') }, to: { path: at('services/policy/src/checks/') } },
    { name: 'spec-library-in-tests-only', severity: 'error', from: { ...code, pathNot: [spec, '\\.fixture\\.ts$', '\\.scenarios\\.ts$', at('libs/spec/'), at('test/(?!architecture/fixtures/)')] }, to: { path: at('libs/spec/') } },
    { name: 'fixtures-in-tests-only', severity: 'error', from: { ...code, pathNot: [spec, '\\.fixture\\.ts$', '\\.scenarios\\.ts$', at('test/(?!architecture/fixtures/)')] }, to: { path: '\\.(fixture|scenarios)\\.ts$' } },
    { name: 'contracts-hold-no-logic', severity: 'error', from: { path: at('contracts/generated/') }, to: { pathNot: [contracts, '(^|/)node_modules/(ajv|ajv-formats)/'] } },
    { name: 'no-circles', severity: 'error', from: code, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'import', 'node', 'default'], extensions: ['.ts', '.js', '.mjs', '.json'] },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
