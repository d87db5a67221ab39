// What one file may contain. Who may import whom is .dependency-cruiser.mjs; both have fixtures that must fail (test/architecture).
import tseslint from 'typescript-eslint';

// Whatever is not plainly harmless: `const { now } = Date`, `Date['now']()` and `Reflect.construct(Date, [])` are Date standing somewhere else.
const purity = [
  {
    selector: "Identifier[name='Date']:not(MemberExpression[computed=false][property.name=/^(parse|UTC)$/] > .object):not(NewExpression[arguments.length>0] > .callee):not(TSTypeReference > .typeName)",
    message: 'A core gets the time as data (`now`): here only Date.parse, Date.UTC and new Date(of something).',
  },
  { selector: "Identifier[name='Math']:not(MemberExpression[computed=false][property.name!='random'] > .object)", message: 'A core gets randomness and new ids as data.' },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.countersign/**', '.nx/**', 'contracts/generated/**', 'test/architecture/fixtures/**'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { ts: tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-debugger': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      'ts/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      'ts/no-explicit-any': 'error',
      'ts/no-non-null-assertion': 'off',
      'ts/ban-ts-comment': 'error',
    },
  },
  {
    files: ['**/src/core/**/*.ts', 'libs/kernel/src/**/*.ts', 'libs/tamper-log/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...purity],
      'no-restricted-globals': ['error', 'globalThis', 'process', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'crypto', 'performance', 'Buffer'],
    },
  },
  {
    files: ['**/services/*/src/**/*.ts'],
    ignores: ['**/services/*/src/config.ts', '**/*.spec.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'config.ts is the only reader of the environment.' }] },
  },
  { files: ['**/services/*/src/main.ts'], rules: { 'max-lines': ['error', { max: 25 }] } },
);
