import { runService } from '@penstock/runtime'
import { loadConfig } from './config.ts'
import { startIngress } from './service.ts'

await runService('ingress', process.env, loadConfig, startIngress)
