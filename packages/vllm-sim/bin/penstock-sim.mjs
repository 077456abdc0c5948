#!/usr/bin/env node
// Any Node from 20 on: the entry hands over to the project's own.
process.argv.splice(2, 0, 'penstock-sim')
await import('../../../scripts/run.mjs')
