import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accuracyPage } from './accuracy-page.ts'

writeFileSync(join(import.meta.dirname, '../../../docs/simulator-accuracy.md'), accuracyPage())
