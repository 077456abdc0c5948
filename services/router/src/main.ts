import { runService } from '@penstock/runtime'
import { loadConfig } from './config.ts'
import { startRouter } from './service.ts'

await runService('router', process.env, loadConfig, startRouter)
