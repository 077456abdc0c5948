import { runService } from '@penstock/runtime'
import { loadConfig } from './config.ts'
import { startAudit } from './service.ts'

await runService('audit', process.env, loadConfig, startAudit)
