import { defineConfig, type DummyRuleMap, type OxlintOverride } from 'oxlint'

/** What may not be imported, as oxlint's `no-restricted-imports` takes it. */
type Forbidden = { regex: string; message: string }

const SERVICES = ['audit', 'ingress', 'router', 'worker']

const ANYWHERE: Forbidden[] = [
  { regex: '^@penstock/[^/]+/.', message: 'Import the package by its name: what it offers is in its exports.' },
  {
    regex: '^\\.\\.?/(.*/)?(packages|services)/|^(\\.\\./)+[^./][^/]*/src(/|$)',
    message: 'No relative path into another workspace: import it by its name.',
  },
  { regex: '^node:process$', message: 'Use the global `process`: node/no-process-env sees only that one.' },
]

const ANY_SERVICE: Forbidden = {
  regex: `^@penstock/(${SERVICES.join('|')})(/|$)`,
  message: 'Packages never import a service.',
}

const servicesOtherThan = (own: string): Forbidden => ({
  regex: `^@penstock/(${SERVICES.filter((service) => service !== own).join('|')})(/|$)`,
  message: 'Services talk over the bus, never by import.',
})

const ANY_SIBLING: Forbidden = {
  regex: '^@penstock/',
  message: 'Every package may import contracts, so it imports none.',
}

/** Regular expressions, because the glob `node:*` misses `node:fs/promises`. */
const OUTSIDE_WORLD: Forbidden = {
  regex: '^(node:|@nats-io/|(ioredis|undici|fastify|bullmq)(/|$))',
  message: 'Decisions are pure: take the value as an argument and leave input and output to an adapter.',
}

const PURE_GLOBALS: DummyRuleMap = {
  'no-restricted-globals': [
    'error',
    {
      checkGlobalObject: true,
      globals: [
        ...['Date', 'performance'].map((name) => ({ name, message: 'Take the instant, or a clock, as an argument.' })),
        ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
          name,
          message: 'Return what is due and when: the caller waits.',
        })),
        ...['fetch', 'process', 'crypto'].map((name) => ({ name, message: 'Belongs in an adapter.' })),
      ],
    },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Take the randomness as an argument.' },
    { object: 'AbortSignal', property: 'timeout', message: 'Take the signal as an argument.' },
  ],
}

const noImportOf = (...forbidden: Forbidden[]): DummyRuleMap => ({
  'no-restricted-imports': ['error', { patterns: [...ANYWHERE, ...forbidden] }],
})

/** The rules of one area of the tree, and the stricter ones of the pure decisions inside it. The last override that
 *  matches a file replaces a rule's options whole, so each one lists everything that is forbidden there. */
const area = (files: string, pure: string[], ...forbidden: Forbidden[]): OxlintOverride[] => [
  { files: [files], rules: noImportOf(...forbidden) },
  {
    files: pure,
    excludeFiles: ['**/*.test.ts'],
    rules: { ...PURE_GLOBALS, ...noImportOf(...forbidden, OUTSIDE_WORLD) },
  },
]

export default defineConfig({
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error' },
  ignorePatterns: ['test/lint-proof/tree'],
  rules: {
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'import/no-cycle': 'error',
    'max-lines': ['error', { max: 400 }],
    'no-console': 'error',
    'no-empty': 'error',
    'node/no-process-env': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert', 'until*'] }],
    'vitest/no-conditional-expect': 'off',
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
    ...noImportOf(),
  },
  overrides: [
    ...area(
      'packages/**',
      ['packages/scheduling/src/**', 'packages/vllm-sim/src/engine/**', 'packages/**/core/**'],
      ANY_SERVICE,
    ),
    ...SERVICES.flatMap((name) =>
      area(`services/${name}/**`, [`services/${name}/**/core/**`], servicesOtherThan(name)),
    ),
    { files: ['packages/contracts/**'], rules: noImportOf(ANY_SIBLING) },
    {
      files: [
        '**/config.ts',
        '**/environment.ts',
        'scripts/**',
        'test/**',
        'packages/local-stack/**',
        '**/src/main.ts',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
    { files: ['scripts/**', 'test/**', 'packages/cli/**'], rules: { 'no-console': 'off' } },
  ],
})
