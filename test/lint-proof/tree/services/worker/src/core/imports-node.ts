import { readFile } from 'node:fs/promises' // fails: eslint(no-restricted-imports)

export const read = readFile
