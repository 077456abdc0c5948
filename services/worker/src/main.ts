import { runService } from '@penstock/runtime'
import { loadConfig } from './config.ts'
import { startWorker } from './service.ts'

await runService('worker', process.env, loadConfig, startWorker)
