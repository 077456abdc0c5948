import { defineConfig } from 'vitest/config'

/** Files that start a real broker, a store or the whole local stack. */
const OUTSIDE = ['redis', 'nats', 'stack'].map((what) => `{packages,services}/**/*.${what}.test.ts`)

export default defineConfig({
  // Node 24 runs `using` and every other ES2026 form as written.
  oxc: { target: 'esnext' },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services,deploy}/**/*.test.ts', 'test/{stack,load,faults,conformance}/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...OUTSIDE],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: [...OUTSIDE, 'test/lint-proof/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
