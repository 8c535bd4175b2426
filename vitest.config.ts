import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Dependencies load GraphQL the way Node does; a second copy, vite's choice, would not accept their types.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    // Child processes run compiled code, so the sources are compiled before the first test.
    globalSetup: ['test/build-first.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
